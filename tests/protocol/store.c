#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

enum { LINE_BYTES = 84 }; /* four numbers of up to 20 digits, each with a blank or the line's end behind it */

static void die(const char *what) {
    perror(what);
    exit(1);
}

/* The file, locked; negative when another process has it. Closing unlocks. */
static int open_locked(const char *folder, int partition) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%d", folder, partition);
    int file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0) die(path);
    if (flock(file, LOCK_EX | LOCK_NB) == 0) return file;
    if (errno != EWOULDBLOCK) die("flock");
    close(file);
    return -1;
}

static struct store_row last_row(int file) {
    char line[LINE_BYTES + 1] = "";
    struct store_row row = {0};
    off_t end = lseek(file, 0, SEEK_END);
    if (end < LINE_BYTES) return row;
    if (pread(file, line, LINE_BYTES, end - LINE_BYTES) != LINE_BYTES) die("read");
    if (sscanf(line, "%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &row.epoch, &row.sequence, &row.next[0],
               &row.next[1]) != 4)
        die("a broken line");
    return row;
}

/* One write, which no signal divides. */
static void append(int file, const struct store_row *row) {
    char line[LINE_BYTES + 1];
    snprintf(line, sizeof line, "%20" PRId64 " %20" PRId64 " %20" PRId64 " %20" PRId64 "\n", row->epoch,
             row->sequence, row->next[0], row->next[1]);
    if (write(file, line, LINE_BYTES) != LINE_BYTES) die("write");
}

enum store_result store_claim(const char *folder, int partition, struct store_row *before,
                              struct store_row *row) {
    int file = open_locked(folder, partition);
    if (file < 0) return STORE_BUSY;
    *before = *row = last_row(file);
    row->epoch++;
    append(file, row);
    close(file);
    return STORE_DONE;
}

enum store_result store_commit(const char *folder, int partition, struct store_row *row,
                               const int64_t next[2]) {
    int file = open_locked(folder, partition);
    if (file < 0) return STORE_BUSY;
    struct store_row stored = last_row(file);
    bool ours = stored.epoch == row->epoch && stored.sequence == row->sequence;
    if (ours) {
        *row = (struct store_row){row->epoch, row->sequence + 1, {next[0], next[1]}};
        append(file, row);
    }
    close(file);
    return ours ? STORE_DONE : STORE_FENCED;
}
