#include "base/cgroup.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../suite.h"

static char root[] = "/tmp/tributary-cgroup-XXXXXX";

static void set_up(void) {
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

static void tear_down(void) {
    nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A file below the root, with the folders on its way. */
static void put(const char *path, const char *text) {
    char full[PATH_MAX];
    int len = snprintf(full, sizeof full, "%s%s", root, path);
    ck_assert_int_lt(len, (int)sizeof full);
    for (char *slash = strchr(full + sizeof root, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(none_where_there_are_no_groups) {
    ck_assert_int_eq(cgroup_memory_limit(root), 0);
    put("/proc/self/cgroup", "no line of that kind\n");
    ck_assert_int_eq(cgroup_memory_limit(root), 0);
}
END_TEST

START_TEST(version_2) {
    put("/proc/self/cgroup", "0::/kubepods/pod1\n");
    put("/sys/fs/cgroup/kubepods/pod1/memory.max", "268435456\n");
    ck_assert_int_eq(cgroup_memory_limit(root), 268435456);
    put("/sys/fs/cgroup/kubepods/pod1/memory.max", "max\n");
    ck_assert_int_eq(cgroup_memory_limit(root), 0);
}
END_TEST

START_TEST(the_tightest_on_the_way_up) {
    put("/proc/self/cgroup", "0::/a/b/c\n");
    put("/sys/fs/cgroup/a/b/c/memory.max", "3000\n");
    put("/sys/fs/cgroup/a/b/memory.max", "1000\n");
    put("/sys/fs/cgroup/a/memory.max", "2000\n");
    ck_assert_int_eq(cgroup_memory_limit(root), 1000);
}
END_TEST

/* In a container of its own namespace the group is "/", and its limit lies at the mount. */
START_TEST(version_2_in_a_container) {
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/memory.max", "5000\n");
    ck_assert_int_eq(cgroup_memory_limit(root), 5000);
}
END_TEST

START_TEST(version_1) {
    put("/proc/self/cgroup", "9:name=systemd:/x\n8:cpu,cpuacct:/y\n5:memory:/docker/0f\n0::/z\n");
    put("/sys/fs/cgroup/memory/docker/0f/memory.limit_in_bytes", "104857600\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    ck_assert_int_eq(cgroup_memory_limit(root), 104857600);
    put("/sys/fs/cgroup/memory/docker/0f/memory.limit_in_bytes", "9223372036854771712\n");
    ck_assert_int_eq(cgroup_memory_limit(root), 0);
}
END_TEST

/* The path is the host's, and what is mounted is the container's own group. */
START_TEST(version_1_in_a_container) {
    put("/proc/self/cgroup", "4:hugetlb,memory:/docker/0f\n3:memory_other:/wrong\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "7000\n");
    put("/sys/fs/cgroup/memory/wrong/memory.limit_in_bytes", "1\n");
    ck_assert_int_eq(cgroup_memory_limit(root), 7000);
}
END_TEST

START_TEST(knows_the_machine) {
    ck_assert_int_gt(machine_memory(), 64 << 20);
    ck_assert_int_gt(process_memory(), 1 << 20);
    ck_assert_int_lt(process_memory(), machine_memory());
    ck_assert_int_ge(cgroup_memory_limit(""), 0);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("cgroup");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, none_where_there_are_no_groups);
    tcase_add_test(tests, version_2);
    tcase_add_test(tests, the_tightest_on_the_way_up);
    tcase_add_test(tests, version_2_in_a_container);
    tcase_add_test(tests, version_1);
    tcase_add_test(tests, version_1_in_a_container);
    tcase_add_test(tests, knows_the_machine);
    return suite_run("cgroup", tests);
}
