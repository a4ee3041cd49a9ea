/*
 * faults.h: the n-th thing the library asks the system for fails.
 *
 * The functions below stand in for those of the C library, because the program's come first when
 * names are looked up. They look who calls: only what the library itself asks for is counted, and
 * fails when its turn comes; everybody else gets what was asked for. So the library that is tested is the one
 * that is shipped. Include in one file only; link with -rdynamic.
 */
#ifndef GORT_TEST_FAULTS_H
#define GORT_TEST_FAULTS_H

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { ALLOC, MAP, ADVISE, THREAD, POLL, PIPE, KEY, SLEEP, NEW, KINDS };

/* SLEEP: a sleep of a thread is interrupted. NEW: the system is too old for the call. */
static const char *const kind_names[KINDS] = {"alloc", "map", "advise", "thread", "poll", "pipe", "key", "sleep", "new"};

/* What fails: the fault_left-th call of this kind from now on, and as many after it as a burst has. */
static int fault_kind;
static long fault_left, fault_burst;
static bool fault_armed, fault_came;

/* What the library holds. */
static long live_blocks, live_bytes_mapped;

static uintptr_t library_start, library_end;

static int find_library_in(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    if (strstr(info->dlpi_name, "libgort.so") != NULL) {
        for (int i = 0; i < info->dlpi_phnum; i++) {
            const ElfW(Phdr) *h = &info->dlpi_phdr[i];
            if (h->p_type == PT_LOAD && (h->p_flags & PF_X) != 0) {
                library_start = info->dlpi_addr + h->p_vaddr;
                library_end = library_start + h->p_memsz;
            }
        }
    }
    return 0;
}

__attribute__((constructor)) static void find_library(void)
{
    dl_iterate_phdr(find_library_in, NULL);
}

static inline bool from_library(void *caller)
{
    return (uintptr_t)caller >= library_start && (uintptr_t)caller < library_end;
}

/* It is its turn to fail. */
static bool fails(enum kind kind, void *caller)
{
    if (!from_library(caller) || (int)kind != __atomic_load_n(&fault_kind, __ATOMIC_RELAXED)) {
        return false;
    }
    if (!__atomic_load_n(&fault_armed, __ATOMIC_SEQ_CST)) {
        return false;
    }
    long left = __atomic_sub_fetch(&fault_left, 1, __ATOMIC_SEQ_CST);
    if (left > 0 || left <= -fault_burst) {
        return false;
    }
    __atomic_store_n(&fault_came, true, __ATOMIC_SEQ_CST);
    return true;
}

static inline void arm(enum kind kind, long n, long burst)
{
    fault_came = false;
    fault_kind = (int)kind;
    fault_burst = burst;
    fault_left = n;
    __atomic_store_n(&fault_armed, true, __ATOMIC_SEQ_CST);
}

static inline bool disarm(void)
{
    __atomic_store_n(&fault_armed, false, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&fault_came, __ATOMIC_SEQ_CST);
}

#define CALLER __builtin_return_address(0)
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

/* The blocks the library has, in a table hashed by address: a function that ends with a call of free is not
 * its caller, so whose a block was is known only from here. */
enum { SLOTS = 1 << 20 };
static void *block_table[SLOTS];
static int block_lock;
static void *const GONE = (void *)1;

static void **slot_of(void *block, void *empty)
{
    size_t i = ((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u >> 44;
    while (block_table[i] != block && block_table[i] != NULL && (empty == NULL || block_table[i] != empty)) {
        i = (i + 1) % SLOTS;
    }
    return &block_table[i];
}

static void lock_blocks(void)
{
    while (__atomic_exchange_n(&block_lock, 1, __ATOMIC_ACQUIRE) != 0) {
    }
}

static void *made(void *block, void *caller)
{
    if (block != NULL && from_library(caller)) {
        lock_blocks();
        *slot_of(block, GONE) = block;
        live_blocks++;
        __atomic_store_n(&block_lock, 0, __ATOMIC_RELEASE);
    }
    return block;
}

static bool unmade(void *block)
{
    lock_blocks();
    void **slot = slot_of(block, NULL);
    bool was = block != NULL && *slot == block;
    if (was) {
        *slot = GONE;
        live_blocks--;
    }
    __atomic_store_n(&block_lock, 0, __ATOMIC_RELEASE);
    return was;
}

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return fails(ALLOC, CALLER) ? no_memory() : made(__libc_malloc(size), CALLER);
}

void *calloc(size_t n, size_t size)
{
    return fails(ALLOC, CALLER) ? no_memory() : made(__libc_calloc(n, size), CALLER);
}

void *realloc(void *block, size_t size)
{
    if (fails(ALLOC, CALLER)) {
        return no_memory();
    }
    bool was = unmade(block);
    void *larger = __libc_realloc(block, size);
    if (block == NULL || was) {
        made(larger, CALLER);
    }
    return larger;
}

void free(void *block)
{
    unmade(block);
    __libc_free(block);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *block = fails(ALLOC, CALLER) ? NULL : made(__libc_memalign(alignment, size), CALLER);
    if (block == NULL) {
        return ENOMEM;
    }
    *out = block;
    return 0;
}

char *strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = fails(ALLOC, CALLER) ? no_memory() : made(__libc_malloc(size), CALLER);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fails(MAP, CALLER)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void *p = (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
    if (p != MAP_FAILED && from_library(CALLER) && (flags & MAP_FIXED) == 0) {
        __atomic_add_fetch(&live_bytes_mapped, (long)size, __ATOMIC_RELAXED);
    }
    return p;
}

int munmap(void *at, size_t size)
{
    if (from_library(CALLER)) {
        __atomic_sub_fetch(&live_bytes_mapped, (long)size, __ATOMIC_RELAXED);
    }
    return (int)syscall(SYS_munmap, at, size);
}

static int refuse(int error)
{
    errno = error;
    return -1;
}

int madvise(void *at, size_t size, int advice)
{
    return fails(ADVISE, CALLER) ? refuse(ENOMEM) : (int)syscall(SYS_madvise, at, size, advice);
}

int mprotect(void *at, size_t size, int protection)
{
    return fails(ADVISE, CALLER) ? refuse(ENOMEM) : (int)syscall(SYS_mprotect, at, size, protection);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *arg)
{
    return fails(THREAD, CALLER) ? EAGAIN : NEXT(pthread_create)(thread, attributes, start, arg);
}

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    return fails(KEY, CALLER) ? EAGAIN : NEXT(pthread_key_create)(key, destructor);
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    return fails(KEY, CALLER) ? ENOMEM : NEXT(pthread_setspecific)(key, value);
}

int epoll_create1(int flags)
{
    return fails(POLL, CALLER) ? refuse(EMFILE) : (int)syscall(SYS_epoll_create1, flags);
}

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    return fails(POLL, CALLER) ? refuse(ENOMEM) : (int)syscall(SYS_epoll_ctl, epfd, op, fd, event);
}

int eventfd(unsigned int count, int flags)
{
    return fails(POLL, CALLER) ? refuse(ENFILE) : (int)syscall(SYS_eventfd2, count, flags);
}

int pipe2(int ends[2], int flags)
{
    return fails(PIPE, CALLER) ? refuse(EMFILE) : (int)syscall(SYS_pipe2, ends, flags);
}

static bool sleeps(long number, const long arguments[6])
{
    return number == SYS_epoll_pwait2 ||
           (number == SYS_futex && ((int)arguments[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET);
}

/* With a fallback. A process that was registered for memory barriers is not refused one. */
static bool is_new(long number, const long arguments[6])
{
    enum { REGISTER = 1 << 4 };
    return number == SYS_epoll_pwait2 || (number == SYS_membarrier && (int)arguments[0] == REGISTER);
}

long syscall(long number, ...)
{
    static long (*next)(long, ...);
    if (next == NULL) {
        next = NEXT(syscall);
    }
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) {
        a[i] = va_arg(list, long);
    }
    va_end(list);
    if (sleeps(number, a) && fails(SLEEP, CALLER)) {
        return refuse(EINTR);
    }
    if (is_new(number, a) && fails(NEW, CALLER)) {
        return refuse(ENOSYS);
    }
    return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#endif
