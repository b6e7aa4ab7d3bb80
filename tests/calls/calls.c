/* calls.c: counts a program's allocations and locks, those that its own code asks for apart from those of its
 * libraries. To be preloaded; writes its counts to the file that TRIBUTARY_CALLS names when the program
 * exits:
 *
 *   allocations ours 12
 *   allocations others 3456
 *   locks ours 7
 *   locks others 89
 *   allocations at 3 0x1a2b 0x3c4d     three times, from this place in the program, called from that one
 *
 * A call is ours when the first caller outside the C library lies in the program: strdup and printf do not
 * hide who wanted memory. Any thread. */
#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { ALLOCATIONS, LOCKS, KINDS };
enum { FRAMES = 6, DEPTH = 32, SITES = 1024 };

static const char *const kind_names[KINDS] = {"allocations", "locks"};

struct module {
    uintptr_t base, from, to; /* where its code is loaded */
};

/* One way to a call; the frames of ours, the innermost first, as addresses in the file. */
struct site {
    enum kind kind;
    uintptr_t frames[FRAMES];
    uint64_t count; /* 0: free */
};

static struct module program, c_library;
static atomic_uint_fast64_t ours[KINDS], others[KINDS];
static struct site sites[SITES];
static atomic_flag sites_taken = ATOMIC_FLAG_INIT; /* over `sites` */
static __thread bool inside __attribute__((tls_model("initial-exec")));

/* What is behind the C library's names for these. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static bool lies_in(const struct module *module, const void *address) {
    return (uintptr_t)address >= module->from && (uintptr_t)address < module->to;
}

/* --- where calls come from --- */

static void keep(enum kind kind, const uintptr_t *frames) {
    struct site *site = NULL;
    while (atomic_flag_test_and_set(&sites_taken)) continue;
    for (int i = 0; i < SITES && !site; i++)
        if (!sites[i].count ||
            (sites[i].kind == kind && memcmp(sites[i].frames, frames, sizeof sites[i].frames) == 0))
            site = &sites[i];
    if (site) {
        site->kind = kind;
        memcpy(site->frames, frames, sizeof site->frames);
        site->count++;
    }
    atomic_flag_clear(&sites_taken);
}

/* Whether the call is ours, and which way it came. */
static bool trace(enum kind kind) {
    void *stack[DEPTH];
    uintptr_t frames[FRAMES] = {0};
    int depth = backtrace(stack, DEPTH), at = 0, count = 0;
    struct module self = {0, (uintptr_t)stack[0] & ~UINT64_C(0xfff),
                          ((uintptr_t)stack[0] | UINT64_C(0xfff)) + 1};
    while (at < depth && (lies_in(&self, stack[at]) || lies_in(&c_library, stack[at]))) at++;
    if (at == depth || !lies_in(&program, stack[at])) return false;
    for (; at < depth && count < FRAMES; at++)
        if (lies_in(&program, stack[at])) frames[count++] = (uintptr_t)stack[at] - program.base - 1;
    keep(kind, frames);
    return true;
}

static void count(enum kind kind, const void *caller) {
    if (inside) return;
    inside = true;
    bool may_be_ours = program.to && (lies_in(&program, caller) || lies_in(&c_library, caller));
    atomic_fetch_add_explicit(may_be_ours && trace(kind) ? &ours[kind] : &others[kind], 1,
                              memory_order_relaxed);
    inside = false;
}

/* --- the program's life --- */

static struct module code_of(const struct dl_phdr_info *info) {
    struct module module = {.base = info->dlpi_addr};
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD || !(header->p_flags & PF_X)) continue;
        module.from = info->dlpi_addr + header->p_vaddr;
        module.to = module.from + header->p_memsz;
    }
    return module;
}

/* The first one is the program itself. */
static int note(struct dl_phdr_info *info, size_t size, void *first) {
    (void)size;
    if (*(bool *)first) program = code_of(info);
    if (strstr(info->dlpi_name, "/libc.so")) c_library = code_of(info);
    *(bool *)first = false;
    return 0;
}

__attribute__((constructor)) static void begin(void) {
    void *stack[1];
    bool first = true;
    inside = true;
    backtrace(stack, 1); /* loads what it needs */
    dl_iterate_phdr(note, &first);
    inside = false;
}

static void print(FILE *file) {
    for (int kind = 0; kind < KINDS; kind++) {
        fprintf(file, "%s ours %llu\n", kind_names[kind], (unsigned long long)ours[kind]);
        fprintf(file, "%s others %llu\n", kind_names[kind], (unsigned long long)others[kind]);
    }
    for (const struct site *site = sites; site < sites + SITES && site->count; site++) {
        fprintf(file, "%s at %llu", kind_names[site->kind], (unsigned long long)site->count);
        for (int i = 0; i < FRAMES && site->frames[i]; i++)
            fprintf(file, " %#lx", (unsigned long)site->frames[i]);
        fputc('\n', file);
    }
}

__attribute__((destructor)) static void end(void) {
    const char *name = getenv("TRIBUTARY_CALLS");
    inside = true;
    FILE *file = name ? fopen(name, "w") : NULL;
    if (!file) return;
    print(file);
    fclose(file);
}

/* --- what is counted --- */

void *malloc(size_t size) {
    count(ALLOCATIONS, __builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(ALLOCATIONS, __builtin_return_address(0));
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    count(ALLOCATIONS, __builtin_return_address(0));
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count(ALLOCATIONS, __builtin_return_address(0));
    return __libc_memalign(alignment, size);
}

/* The function that this one stands before. */
static void *next_of(_Atomic(void *) *known, const char *name) {
    void *next = atomic_load_explicit(known, memory_order_relaxed);
    if (next) return next;
    next = dlsym(RTLD_NEXT, name);
    atomic_store_explicit(known, next, memory_order_relaxed);
    return next;
}

#define COUNTED_LOCK(name, type)                                                                             \
    int name(type *lock) {                                                                                   \
        static _Atomic(void *) known;                                                                        \
        int (*next)(type *);                                                                                 \
        void *found = next_of(&known, #name);                                                                \
        memcpy(&next, &found, sizeof next);                                                                  \
        count(LOCKS, __builtin_return_address(0));                                                           \
        return next(lock);                                                                                   \
    }

COUNTED_LOCK(pthread_mutex_lock, pthread_mutex_t)
COUNTED_LOCK(pthread_rwlock_rdlock, pthread_rwlock_t)
COUNTED_LOCK(pthread_rwlock_wrlock, pthread_rwlock_t)
