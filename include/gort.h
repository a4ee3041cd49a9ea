/*
 * gort: Go-style concurrency for every language that can call C.
 *
 * Rules that hold everywhere:
 *  - Every function may be called from a goroutine and from any other OS thread, as the very first
 *    call too, unless its comment says otherwise. A blocking call parks a goroutine and blocks a plain
 *    thread; nothing has to be attached or registered. The runtime starts itself on first use.
 *  - Sync types are plain structs in the caller's memory. All-zero bytes are ready to use; they must
 *    not be moved or copied after first use and need no destroy call. Their memory is the caller's
 *    again as soon as the last use has returned.
 *  - Handles (channels, timers, tickers, contexts, groups, pools, maps) are reference counted. Whoever
 *    calls with one keeps it alive until the call returns; only while the call is blocked does the library hold
 *    a reference itself. *_release(NULL) is a no-op.
 *  - What would panic in Go is returned as a status, changes nothing, and leaves a sentence in
 *    gort_last_error(). Only a detected deadlock, a stack overflow and gort_panic end the process.
 *  - NULL for a sync object is undefined in functions that return nothing; every other NULL without a
 *    meaning of its own gives GORT_INVALID, 0, NULL or false. A NULL context is the background.
 *  - Durations are signed nanoseconds; times are those of gort_now(). One that is not above zero has
 *    passed already, except where a comment says that a negative timeout waits without end. What is
 *    ready wins over a timeout that has passed.
 *  - A goroutine may be on another thread after any call into the library: keep no address of a
 *    thread-local over one, and no pthread mutex locked; gort_lock_os_thread helps where that cannot
 *    be. errno, MXCSR and the x87 control word are per goroutine.
 *  - Callbacks run with no lock of the library held and may call everything. A C++ exception that
 *    leaves one ends the process; longjmp and pthread_exit out of one are undefined.
 *  - SIGSEGV and SIGBUS are handled, on stacks of the library's own threads, to tell a goroutine's
 *    stack overflow; any other fault goes to the handler that was there before. Goroutines and
 *    callbacks on the library's threads run with the signal mask of the thread that started the runtime, and
 *    with SIGPIPE blocked; signals of faults, SIGABRT, SIGTRAP, SIGSYS and SIGPROF are never blocked there.
 *  - GORTDEBUG in the environment is read when the runtime starts: "schedtrace=1000" writes the
 *    scheduler's state to stderr every 1000 ms, "dumpsig=SIGQUIT" all goroutines on that signal, whose
 *    handler is given back at shutdown, "trace=FILE" and "flight=FILE" traces (see gort_trace_start and
 *    gort_trace_flight), "lockowners=1" lets gort_leaks and dumps tell who holds which mutex,
 *    "pthreadlock=1" warns of goroutines that take a pthread mutex along, if libgort_pthreadlock.so is
 *    preloaded. With commas between; what is not known is named on stderr.
 *  - After fork(2) the child starts with an empty runtime: handles made before may be released there,
 *    and everything new works.
 *
 * Generated from rt-ffi by cbindgen; `make header` makes it anew.
 */
#ifndef GORT_H
#define GORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#if defined(__GNUC__) || defined(__clang__)
#define GORT_NORETURN __attribute__((noreturn))
#else
#define GORT_NORETURN
#endif

/* ---------------------------------------------------------------- status */

typedef enum gort_status {
  GORT_OK = 0,
  GORT_CLOSED = 1,            /* receive: closed and drained. send, close: closed already */
  GORT_WOULD_BLOCK = 2,       /* a call that may not wait found nothing ready */
  GORT_CANCELED = 3,          /* the context was canceled */
  GORT_DEADLINE_EXCEEDED = 4, /* the context's deadline, or the call's timeout, passed */
  GORT_DEADLOCK = 5,          /* all goroutines are asleep */
  GORT_MISUSE = 6,            /* a rule was broken that panics in Go */
  GORT_INVALID = 7,           /* an argument is NULL or out of range */
  GORT_NO_MEMORY = 8,         /* memory or address space ran out */
  GORT_OS_ERROR = 9,          /* errno says why */
  GORT_SHUTDOWN = 10          /* the runtime is shutting down and takes no new goroutine */
} gort_status;

#define GORT_VERSION_MAJOR 0
#define GORT_VERSION_MINOR 1
#define GORT_VERSION_PATCH 0

/* ------------------------------------------------------------- durations */

typedef int64_t gort_duration; /* nanoseconds */
#define GORT_NANOSECOND ((gort_duration)1)
#define GORT_MICROSECOND (1000 * GORT_NANOSECOND)
#define GORT_MILLISECOND (1000 * GORT_MICROSECOND)
#define GORT_SECOND (1000 * GORT_MILLISECOND)
#define GORT_MINUTE (60 * GORT_SECOND)
#define GORT_HOUR (60 * GORT_MINUTE)

/* ------------------------------------------------------------ goroutines */

typedef void (*gort_func)(void *arg);
typedef void (*gort_drop_func)(void *value);

typedef struct gort_go_options {
  size_t struct_size;      /* sizeof(gort_go_options); later versions append fields */
  const char *name;        /* shown in dumps; copied; may be NULL */
  size_t stack_size;       /* bytes of address space; 0: 256 KiB; memory is committed as it is touched */
  void (*drop)(void *arg); /* may be NULL; runs exactly once: see gort_go_with */
} gort_go_options;

typedef void (*gort_deadlock_handler)(const char *report, void *user);

/* --------------------------------------------------------------- runtime */

typedef struct gort_stats {
  size_t struct_size;             /* set by the caller to sizeof(gort_stats) */
  uint64_t goroutines;            /* started and not over */
  uint64_t goroutines_created;    /* ever started */
  uint64_t threads;               /* OS threads of the runtime */
  uint64_t procs;                 /* Ps */
  uint64_t context_switches;      /* times a goroutine was switched to */
  uint64_t steals;                /* times a P took work from another's queue */
  uint64_t handoffs;              /* times a P went on with another thread because its own was blocked */
  uint64_t preemptions;           /* times a P was taken from a goroutine that kept it too long */
  uint64_t stacks_in_use;         /* of goroutines, or kept by a P for the next one */
  uint64_t stacks_cached;         /* unused */
  uint64_t stack_bytes_committed; /* as far as the runtime knows: a page for each that may hold memory */
  uint64_t timers;                /* armed */
  uint64_t descriptors;           /* waits for a descriptor */
} gort_stats;

/* ------------------------------------------------------------- embedding */

typedef uint64_t gort_local; /* a key of goroutine-local storage; 0 is none */

typedef struct gort_hooks {
  size_t struct_size; /* sizeof(gort_hooks); later versions append fields */
  void *user;         /* given to each of them; any may be NULL */
  void (*start)(void *user, uint64_t goroutine);  /* before it runs for the first time */
  void (*park)(void *user, uint64_t goroutine);   /* it has left the thread and will go on later */
  void (*resume)(void *user, uint64_t goroutine); /* before it goes on, maybe on another thread */
  void (*end)(void *user, uint64_t goroutine);    /* it is over and has left the thread */
} gort_hooks;

typedef struct gort_limits {
  size_t struct_size; /* sizeof(gort_limits); later versions append fields */
  size_t threads;     /* OS threads of the runtime, at least 2; 0 here and below: no limit */
  size_t stack_bytes; /* address space for stacks, those kept for the next goroutines included */
  size_t goroutines;  /* at a time */
} gort_limits;

/* -------------------------------------------------------------- channels */

typedef struct gort_chan gort_chan;

/* ---------------------------------------------------------------- select */

typedef enum gort_op { GORT_OP_RECV = 0, GORT_OP_SEND = 1 } gort_op;

typedef struct gort_case {
  gort_chan *chan;    /* NULL: never ready */
  void *elem;         /* receive: where to put the value; send: where to take it; may be NULL */
  gort_op op;
  gort_status status; /* set for the chosen case: GORT_OK or GORT_CLOSED */
} gort_case;
#define GORT_RECV_CASE(c, out) {(c), (out), GORT_OP_RECV, GORT_OK}
#define GORT_SEND_CASE(c, in) {(c), (void *)(in), GORT_OP_SEND, GORT_OK}

#define GORT_NONE (-1)

/* ----------------------------------------------------------- event loops */

typedef struct gort_async gort_async; /* an operation that was begun */
typedef void (*gort_async_func)(void *user, int index, gort_status status);

typedef struct gort_completion_queue gort_completion_queue;
typedef struct gort_completion {
  void *user;         /* what the operation was begun with */
  int index;          /* the case that was chosen; 0 for one channel */
  gort_status status; /* GORT_OK or GORT_CLOSED */
} gort_completion;

/* ------------------------------------------------------------------ time */

typedef struct gort_timer gort_timer;
typedef struct gort_ticker gort_ticker;

/* ------------------------------------------------------------------ sync */

typedef struct gort_mutex { uint64_t opaque[1]; } gort_mutex;
typedef struct gort_rwmutex { uint64_t opaque[4]; } gort_rwmutex;
typedef struct gort_waitgroup { uint64_t opaque[2]; } gort_waitgroup;
typedef struct gort_once { uint64_t opaque[1]; } gort_once;
typedef struct gort_cond { uint64_t opaque[2]; } gort_cond;
typedef struct gort_sem { uint64_t opaque[6]; } gort_sem;
typedef struct gort_flight { uint64_t opaque[1]; } gort_flight;
typedef struct gort_pool gort_pool;
typedef struct gort_map gort_map;
typedef void *(*gort_value_func)(void *arg);
typedef bool (*gort_map_func)(const void *key, size_t size, void *value, void *arg);
typedef struct gort_group gort_group;
typedef int (*gort_group_func)(void *arg);

/* --------------------------------------------------------------- context */

typedef struct gort_ctx gort_ctx;
typedef struct gort_ctx_after gort_ctx_after;

/* ------------------------------------------------------------------- I/O */

#define GORT_READABLE 1u
#define GORT_WRITABLE 2u

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 Begin *elem = <-c, and return at once. callback(user, 0, status) tells of the end, once: GORT_OK, or
 GORT_CLOSED. What elem points to must stay until then. The operation keeps the channel alive; one on
 a NULL channel ends only by gort_async_cancel.

 The callback runs on the thread that completes the operation: that of a goroutine or thread that
 sends or closes, the caller's own if the operation can be done now (so maybe before this returns), a
 thread of the runtime after a timer or a signal. No lock of the library is held, and it may call everything that
 does not block; it must return soon, because who completed the operation waits for it. In it
 gort_goroutine_id() is 0. Callbacks on one thread run one after the other, never inside each other.

 The caller owns the handle that is returned: gort_async_release. NULL: nothing was begun, and the
 callback will not be called: callback is NULL, or out of memory; gort_last_error says it.
 */
gort_async *gort_chan_recv_async(gort_chan *c,
                                 void *elem,
                                 gort_async_func callback,
                                 void *user);

/*
 Begin c <- *elem; all else as gort_chan_recv_async. GORT_CLOSED: the element was not sent.
 */
gort_async *gort_chan_send_async(gort_chan *c, const void *elem, gort_async_func callback, void *user);

/*
 Begin a gort_select over the n cases, which are copied; callback(user, index, status) gets the index
 and the status of the chosen one. All else as gort_chan_recv_async. With a channel of gort_after
 among the cases it has a timeout.

 NULL also when cases is NULL and n is not 0, and for an op that is none.
 */
gort_async *gort_select_async(const gort_case *cases, size_t n, gort_async_func callback, void *user);

/*
 Take an operation back. true: it has not happened, no value was sent or received, and it will not be
 told of. false: it has happened, and the callback was called, is running or is about to be called (or
 the queue has the completion, or is about to); or it was canceled before; or op is NULL. In either
 case what elem points to is not read or written any more.
 */
bool gort_async_cancel(gort_async *op);

/*
 End the handle; an operation that is pending goes on. NULL is a no-op.
 */
void gort_async_release(gort_async *op);

/*
 Make a completion queue: any number of operations, one descriptor for the event loop to poll.
 While it lives no deadlock is declared. gort_completion_queue_release ends it.

 NULL: no descriptor (gort_last_error says it, errno why), or no memory.
 */
gort_completion_queue *gort_completion_queue_new(void);

/*
 The queue's descriptor, readable exactly while there is something to drain, for poll, epoll, libuv,
 asyncio, GLib. It stays the queue's: do not read, write or close it. -1 for NULL.
 */
int gort_completion_queue_fd(const gort_completion_queue *q);

/*
 Begin *elem = <-c; its end becomes an entry in q with this user pointer. What elem points to must
 stay until it is drained. The handle is for gort_async_cancel, and the caller's to release, at once
 if nobody will cancel.

 NULL: nothing was begun; q is NULL or closed, or out of memory.
 */
gort_async *gort_completion_queue_recv(gort_completion_queue *q, gort_chan *c, void *elem, void *user);

/*
 Begin c <- *elem; all else as gort_completion_queue_recv.
 */
gort_async *gort_completion_queue_send(gort_completion_queue *q, gort_chan *c, const void *elem, void *user);

/*
 Begin a gort_select over the n cases, which are copied; all else as gort_completion_queue_recv.
 */
gort_async *gort_completion_queue_select(gort_completion_queue *q,
                                         const gort_case *cases,
                                         size_t n,
                                         void *user);

/*
 Take up to n completions out, in the order they came, without waiting; how many. 0 for NULL, and in
 a child of fork, to which the queue is of no use.
 */
size_t gort_completion_queue_drain(gort_completion_queue *q, gort_completion *out, size_t n);

/*
 Take no operation any more, and cancel those that are pending: none of them happens now. How many
 have happened and are still to be drained; the last of them may be about to arrive. 0 for NULL.
 */
size_t gort_completion_queue_close(gort_completion_queue *q);

/*
 Close the queue as gort_completion_queue_close does, drop the completions that were not drained, and
 close the descriptor. No elem is touched any more. Handles stay valid until they are released. NULL
 is a no-op.
 */
void gort_completion_queue_release(gort_completion_queue *q);

/*
 make(chan T, capacity) for elements of elem_size bytes, which may be 0. The caller owns one
 reference. NULL: out of memory, or the sizes overflow.
 */
gort_chan *gort_chan_new(size_t elem_size, size_t capacity);

/*
 As gort_chan_new; drop(elem), if not NULL, runs for each element that is still in the buffer when the
 channel is freed, with the element's place there. What was received is the receiver's.
 */
gort_chan *gort_chan_new_with_drop(size_t elem_size, size_t capacity, gort_drop_func drop);

/*
 One more reference to the channel, which is returned. NULL stays NULL.
 */
gort_chan *gort_chan_retain(gort_chan *c);

/*
 End one reference; with the last one the channel is freed. Calls that are blocked on it hold one of
 their own. NULL is a no-op.
 */
void gort_chan_release(gort_chan *c);

/*
 c <- *elem: blocks until a receiver takes the element or the buffer has room. elem NULL sends zero
 bytes. A NULL channel blocks for ever.

 GORT_CLOSED: the channel is closed, or was while this waited; the element was not sent.
 */
gort_status gort_chan_send(gort_chan *c, const void *elem);

/*
 *elem = <-c: blocks until there is an element or the channel is closed. elem NULL drops the value.
 A NULL channel blocks for ever.

 GORT_CLOSED: closed and drained; *elem is zeroed.
 */
gort_status gort_chan_recv(gort_chan *c, void *elem);

/*
 As gort_chan_send, without waiting. GORT_WOULD_BLOCK: nobody could take the element now.
 */
gort_status gort_chan_try_send(gort_chan *c, const void *elem);

/*
 As gort_chan_recv, without waiting. GORT_WOULD_BLOCK: there is nothing to receive now.
 */
gort_status gort_chan_try_recv(gort_chan *c, void *elem);

/*
 As gort_chan_send, for at most timeout nanoseconds. GORT_DEADLINE_EXCEEDED: they passed, and the
 element was not sent. A timeout of 0 or less has passed already, but what is ready wins.
 */
gort_status gort_chan_send_timeout(gort_chan *c, const void *elem, gort_duration timeout);

/*
 As gort_chan_recv, for at most timeout nanoseconds. GORT_DEADLINE_EXCEEDED: they passed, and nothing
 was received. A timeout of 0 or less has passed already, but what is ready wins.
 */
gort_status gort_chan_recv_timeout(gort_chan *c, void *elem, gort_duration timeout);

/*
 close(c): whoever waits to receive gets GORT_CLOSED, whoever waits to send too. What lies in the
 buffer can still be received.

 GORT_CLOSED: it is closed already. GORT_INVALID: c is NULL.
 */
gort_status gort_chan_close(gort_chan *c);

/*
 len(c): elements in the buffer; 0 for NULL.
 */
size_t gort_chan_len(const gort_chan *c);

/*
 cap(c): room of the buffer; 0 for NULL.
 */
size_t gort_chan_cap(const gort_chan *c);

/*
 The root of all contexts: never ends, carries nothing. Static: retain and release do nothing.
 */
gort_ctx *gort_ctx_background(void);

/*
 As gort_ctx_background, where it is not clear yet which context to use.
 */
gort_ctx *gort_ctx_todo(void);

/*
 A new reference to a context that ends with its parent, or by gort_ctx_cancel. It holds a reference
 to its parent; releasing its last one ends it too, as GORT_CANCELED. NULL: no memory, or the parent
 is NULL.
 */
gort_ctx *gort_ctx_with_cancel(gort_ctx *parent);

/*
 As gort_ctx_with_cancel; it also ends, as GORT_DEADLINE_EXCEEDED, after timeout nanoseconds.
 */
gort_ctx *gort_ctx_with_timeout(gort_ctx *parent, gort_duration timeout);

/*
 As gort_ctx_with_timeout, at the time when of gort_now(). The earlier of the parent's deadline and
 this one counts.
 */
gort_ctx *gort_ctx_with_deadline(gort_ctx *parent, int64_t when);

/*
 A new reference to a context in which key has value. drop(value), if not NULL, runs with the last
 reference; when this returns NULL it does not.
 */
gort_ctx *gort_ctx_with_value(gort_ctx *parent, const void *key, void *value, gort_drop_func drop);

/*
 A new reference to a context with the parent's values that does not end with it.
 */
gort_ctx *gort_ctx_without_cancel(gort_ctx *parent);

/*
 End the context and all below it. Any number of times; nothing on background, todo, with_value,
 without_cancel.
 */
void gort_ctx_cancel(gort_ctx *ctx);

/*
 As gort_ctx_cancel, with a cause that is copied. The first cause stays.
 */
void gort_ctx_cancel_cause(gort_ctx *ctx, const char *cause);

/*
 The channel that is closed when the context ends; borrowed. NULL when it can never end.
 */
gort_chan *gort_ctx_done(gort_ctx *ctx);

/*
 GORT_OK while the context has not ended, then GORT_CANCELED or GORT_DEADLINE_EXCEEDED.
 */
gort_status gort_ctx_err(gort_ctx *ctx);

/*
 Why the context has ended: the cause, else the message of gort_ctx_err; NULL while it has not. Lives
 as long as the context.
 */
const char *gort_ctx_cause(gort_ctx *ctx);

/*
 When the context will end by itself, to *when, if not NULL. False: it has no deadline.
 */
bool gort_ctx_deadline(gort_ctx *ctx, int64_t *when);

/*
 The value of key in the nearest context that has it; keys are compared as pointers. NULL: in none.
 */
void *gort_ctx_value(gort_ctx *ctx, const void *key);

/*
 Run fn(arg) in a new goroutine once ctx is over; at once, if it is. NULL: no memory, or fn is NULL.
 */
gort_ctx_after *gort_ctx_after_func(gort_ctx *ctx, gort_func fn, void *arg);

/*
 True when this kept the function from running. False for NULL.
 */
bool gort_ctx_after_stop(gort_ctx_after *a);

/*
 Give the handle up; does not stop it. NULL is a no-op.
 */
void gort_ctx_after_release(gort_ctx_after *a);

/*
 One more reference to the context, which is returned. NULL stays NULL.
 */
gort_ctx *gort_ctx_retain(gort_ctx *ctx);

/*
 End one reference. The last one ends the context and drops its value. NULL is a no-op.
 */
void gort_ctx_release(gort_ctx *ctx);

/*
 As gort_chan_send, until the context ends: GORT_CANCELED or GORT_DEADLINE_EXCEEDED then, and the
 element was not sent. A NULL context is the background.
 */
gort_status gort_chan_send_ctx(gort_chan *c, const void *elem, gort_ctx *ctx);

/*
 As gort_chan_recv, until the context ends: GORT_CANCELED or GORT_DEADLINE_EXCEEDED then, and nothing
 was received.
 */
gort_status gort_chan_recv_ctx(gort_chan *c, void *elem, gort_ctx *ctx);

/*
 As gort_sleep, until the context ends: GORT_CANCELED or GORT_DEADLINE_EXCEEDED then.
 */
gort_status gort_sleep_ctx(gort_duration d, gort_ctx *ctx);

/*
 Make a key of goroutine-local storage: each goroutine, and each plain thread, has a value of its own
 under it, NULL at first. destructor(value), if given, is called for each value that is not NULL: at
 the end of its goroutine, after the deferred calls, or of its plain thread. At most 256 keys.

 GORT_INVALID: key is NULL. GORT_NO_MEMORY: there are too many.
 */
gort_status gort_local_create(gort_local *key, gort_drop_func destructor);

/*
 Delete the key. Values under it are forgotten, without a call of the destructor. GORT_INVALID: there
 is no such key.
 */
gort_status gort_local_delete(gort_local key);

/*
 The caller's value; NULL when it has set none, or there is no such key.
 */
void *gort_local_get(gort_local key);

/*
 Set the caller's value; the one before is not given to the destructor. A plain thread's values are
 forgotten by gort_shutdown. GORT_INVALID: there is no such key. GORT_NO_MEMORY: it is not set.
 */
gort_status gort_local_set(gort_local key, void *value);

/*
 Have hooks called around each goroutine's time on a thread, on that thread, for state that must be
 swapped with it; the struct is copied. NULL: none, as at first. A goroutine's calls come in order:
 start, then park and resume in turn, then end. A hook runs on the thread's own stack, where
 gort_goroutine_id() is 0; it must return soon, and neither block nor throw. It should not call gort
 but for gort_local_*, which mean the thread's values there.

 GORT_MISUSE: the runtime is running; set them before the first goroutine, or after gort_shutdown.
 GORT_INVALID: struct_size is 0 or larger than the library knows.
 */
gort_status gort_set_hooks(const gort_hooks *hooks);

/*
 Limit what the runtime takes; the struct is copied. NULL: no limits, as at first. Beyond the limit of
 goroutines or stacks gort_go and its kin fail with GORT_NO_MEMORY, and gort_last_error says which it
 is; threads that start goroutines at the same moment may exceed the first by one each. Beyond the
 limit of threads no more are made: what goroutines block outside the library is then not replaced.

 GORT_MISUSE: the runtime is running; set them before the first goroutine, or after gort_shutdown.
 GORT_INVALID: struct_size is 0 or larger than the library knows, or threads is 1.
 */
gort_status gort_set_limits(const gort_limits *limits);

/*
 go fn(arg): run fn(arg) in a new goroutine. It waits for nothing; but a goroutine that has started over a
 hundred in one go, while a thousand wait to run, lets those run first, as gort_yield does.

 GORT_INVALID: fn is NULL. GORT_NO_MEMORY: no memory or address space for it. GORT_SHUTDOWN: the
 runtime is shutting down. GORT_OS_ERROR: the runtime's first thread could not be made.
 */
gort_status gort_go(gort_func fn, void *arg);

/*
 go fn(&copy): the size bytes at arg are copied now, so that each iteration of a loop can pass its
 own value. The copy is aligned to 16 bytes and lives until fn returns; small ones cost nothing.

 Errors as gort_go; GORT_INVALID also when arg is NULL and size is not 0.
 */
gort_status gort_go_copy(gort_func fn, const void *arg, size_t size);

/*
 go fn(arg) with options; NULL: all defaults. The options are read before the call returns.

 options->drop(arg), if set, runs exactly once: when fn is over, and also when this call fails.

 Errors as gort_go; GORT_INVALID also when struct_size is 0 or larger than the library knows.
 stack_size is rounded up, and at least 16 KiB.
 */
gort_status gort_go_with(const gort_go_options *options, gort_func fn, void *arg);

/*
 Run fn(arg) as the main goroutine and return once it is over; the calling thread waits. Deferred
 calls have run by then; gort_exit in fn makes it return GORT_OK. Other goroutines keep running.
 Several threads may be in gort_run at once.

 While a gort_run is active and every goroutine is asleep with nothing left that could wake one (no
 timer, no descriptor, no plain thread that has called the library, has not ended and is not itself
 blocked in it), that is a deadlock: see gort_on_deadlock.

 GORT_DEADLOCK: the handler has returned; the goroutine is still there, and goes on with fn(arg)
 if something wakes it after all. GORT_MISUSE: called from a goroutine. Else as gort_go.
 */
gort_status gort_run(gort_func fn, void *arg);

/*
 Call handler(report, user) when a deadlock is found; the report is valid during the call. It runs
 on the thread of a gort_run, which returns GORT_DEADLOCK after it. NULL restores the default: the
 report goes to stderr, "fatal error: all goroutines are asleep - deadlock!" with a dump of the
 goroutines, and the process exits with status 2.
 */
void gort_on_deadlock(gort_deadlock_handler handler, void *user);

/*
 Let other goroutines run first: Go's runtime.Gosched. On a plain thread sched_yield.
 */
void gort_yield(void);

/*
 End this goroutine after its deferred calls: Go's runtime.Goexit. Does not return. A once it was
 in is done, a waitgroup_go is counted done, a group_go counts as 0. On a plain thread it is a
 gort_panic.
 */
void gort_exit(void) GORT_NORETURN;

/*
 Run fn(arg) when this goroutine ends, last deferred first.

 GORT_MISUSE: not a goroutine. GORT_INVALID: fn is NULL. GORT_NO_MEMORY: it will not run.
 */
gort_status gort_defer(gort_func fn, void *arg);

/*
 Run this goroutine's deferred calls, print "panic: " and the message and the goroutine's trace to
 stderr, and exit with status 2. Does not return. message may be NULL.
 */
void gort_panic(const char *message) GORT_NORETURN;

/*
 The id of the calling goroutine, from 1 on and never used twice; 0 on a plain thread.
 */
uint64_t gort_goroutine_id(void);

/*
 Park until fd is ready for one of events (GORT_READABLE, GORT_WRITABLE or both), for at most timeout
 nanoseconds; a negative timeout waits without end. Those it is ready for go to *ready, if not NULL;
 an error or hang-up makes it ready for all. Changes no flag of the descriptor.

 GORT_DEADLINE_EXCEEDED: the timeout passed. GORT_OS_ERROR: errno, EBADF for one that is or was
 closed. GORT_INVALID: no events.
 */
gort_status gort_fd_wait(int fd, uint32_t events, gort_duration timeout, uint32_t *ready);

/*
 read(2), which parks the goroutine and not the thread. Sockets and pipes are set non-blocking on
 first use; for regular files the P goes to another thread meanwhile. -1 and errno on failure.
 */
ssize_t gort_read(int fd, void *buf, size_t n);

/*
 write(2), as gort_read. It may write less than n.
 */
ssize_t gort_write(int fd, const void *buf, size_t n);

/*
 accept(2), as gort_read. The new descriptor is non-blocking and closed on exec.
 */
int gort_accept(int fd, struct sockaddr *addr, socklen_t *len);

/*
 connect(2), as gort_read: returns when it is connected, or with the reason why not. 0, or -1.
 */
int gort_connect(int fd, const struct sockaddr *addr, socklen_t len);

/*
 close(2); whoever waits on fd gets EBADF. 0, or -1.
 */
int gort_close(int fd);

/*
 errno of the caller's last failed call of this section, or of its last GORT_OS_ERROR, kept per
 goroutine; 0 before any.
 */
int gort_errno(void);

/*
 Set the number of Ps, the goroutines that run at the same time, if n >= 1; the number before, in
 any case. It starts as GORT_MAXPROCS, else GOMAXPROCS of the environment, else the CPUs this
 process may use (affinity and cgroup quota). At most 1024.
 */
int gort_gomaxprocs(int n);

/*
 CPUs this process may run on.
 */
int gort_num_cpu(void);

/*
 Goroutines started and not over, gort_run's included.
 */
size_t gort_num_goroutine(void);

/*
 Keep this goroutine on its OS thread, and all others off it, until as many calls of
 gort_unlock_os_thread. GORT_MISUSE: not a goroutine.
 */
gort_status gort_lock_os_thread(void);

/*
 Undo one gort_lock_os_thread; nothing when there is none. GORT_MISUSE: not a goroutine.
 */
gort_status gort_unlock_os_thread(void);

/*
 The caller is about to block, or to compute for long, outside the runtime: its P goes to another
 thread meanwhile. Undone by gort_block_exit; they nest; any other call into the library ends the
 section. No-op on a plain thread. Without it a goroutine that keeps its P for over 10 ms while
 others wait loses it all the same.
 */
void gort_block_enter(void);

/*
 The end of the section that gort_block_enter began: waits for a P.
 */
void gort_block_exit(void);

/*
 Wait until every goroutine is over, then stop every thread of the runtime and free all it holds,
 so that the library may be unloaded or started again. From the call on gort_go fails with
 GORT_SHUTDOWN; pending timers are dropped and their functions do not run. Handles made before may
 only be released after it. A negative timeout waits without end.

 GORT_DEADLINE_EXCEEDED: the timeout passed, and the runtime runs on as before. GORT_MISUSE: called
 from a goroutine, or from a callback on a thread of the runtime.
 */
gort_status gort_shutdown(gort_duration timeout);

/*
 Write the runtime's numbers to *out, as many of them as out->struct_size has room for.

 GORT_INVALID: out is NULL, or struct_size is 0 or larger than the library knows.
 */
gort_status gort_stats_read(gort_stats *out);

/*
 Write every goroutine to the descriptor: id, name, state, what it waits for and how long, its call stack
 unless it runs, and where it was created, by which goroutine. Functions are named as far as the program
 and its libraries have symbols, with file and line where they have debugging information. Others run on
 meanwhile. GORT_OS_ERROR: it could not be written.
 */
gort_status gort_dump(int fd);

/*
 How many goroutines can never wake, as far as that is certain: they wait, without a deadline, for
 channels to which nobody has a reference any more but calls that wait as well, or for the NULL
 channel. They are written to the descriptor as by gort_dump, in which they are "leaked" too; -1
 writes nothing. A channel that somebody could still use but never will is not found out.

 With GORTDEBUG=lockowners=1 also those that wait for a mutex or rwmutex whose holder is over, can never
 wake, or waits, over others perhaps, for them: unless somebody else unlocks it in the holder's place.
 Dumps then say who holds what is waited for, a plain thread by its number in the system, and show each
 circle of those who wait for each other once. What was locked before the runtime started has no known holder.

 -1: it could not be written; gort_errno says why.
 */
ssize_t gort_leaks(int fd);

/*
 Wait until one case can go on, do it, and return its index; of several that can, each is chosen
 with the same probability. The chosen case's status is GORT_OK or GORT_CLOSED: a receive from a
 closed channel zeroes the element, a send on one is chosen and fails. A case with a NULL channel is
 never ready; n == 0 blocks for ever.

 Returns -2 when cases is NULL and n is not 0, for an op that is none, and without memory for many
 cases.
 */
int gort_select(gort_case *cases, size_t n);

/*
 As gort_select, without waiting. GORT_NONE: there was a moment at which no case was ready.
 */
int gort_select_default(gort_case *cases, size_t n);

/*
 As gort_select, for at most timeout nanoseconds. GORT_NONE: they passed and nothing was done.
 */
int gort_select_timeout(gort_case *cases, size_t n, gort_duration timeout);

/*
 Send signum on c, a channel of int, each time the signal comes: Go's os/signal.Notify. Nobody waits
 for a slow receiver: a full channel misses it. The signal's handler is taken now and given back when
 the last channel stops. The channel is kept alive until gort_signal_stop.

 GORT_INVALID: c is NULL or carries no ints, or the signal cannot be listened to. GORT_OS_ERROR: no
 thread or descriptor could be had.
 */
gort_status gort_signal_notify(gort_chan *c, int signum);

/*
 Send no signal on c any more; nothing is sent once this has returned. GORT_INVALID: c is NULL.
 */
gort_status gort_signal_stop(gort_chan *c);

/*
 The name of a status, "GORT_CLOSED" for instance; "GORT_UNKNOWN" for other numbers. Never NULL,
 lives for ever.
 */
const char *gort_status_name(gort_status status);

/*
 One English sentence about a status, without a newline. Never NULL, lives for ever.
 */
const char *gort_status_message(gort_status status);

/*
 What went wrong in the caller's last failed call, as a sentence: kept per goroutine, per thread
 outside one. "" before any failure; a success leaves it as it is. Never NULL; valid until the
 caller's next gort call.
 */
const char *gort_last_error(void);

/*
 The library's version, "0.1.0" for instance: that of the library, where GORT_VERSION_* are those
 of the header.
 */
const char *gort_version(void);

/*
 Unlock m, which the caller holds, wait for a signal, and lock m again. No signal given after the
 unlock is missed. Waiters are woken in the order of their waits.
 */
void gort_cond_wait(gort_cond *cond, gort_mutex *m);

/*
 Wake the one that waits longest, if any.
 */
void gort_cond_signal(gort_cond *cond);

/*
 Wake all that wait.
 */
void gort_cond_broadcast(gort_cond *cond);

/*
 The value of fn(arg) in *value; but while a call for the same key, the size bytes at key, is under
 way in this flight, wait for that one and share its value: golang.org/x/sync/singleflight. *shared
 tells whether others got the same value, and so may use it as well. value and shared may be NULL. A
 call for its own key from within fn waits for itself.

 GORT_CANCELED: the call that was waited for has ended its goroutine by gort_exit. GORT_NO_MEMORY:
 fn was not called. GORT_INVALID: flight or fn is NULL, or key is and size is not 0.
 */
gort_status gort_flight_do(gort_flight *flight,
                           const void *key,
                           size_t size,
                           gort_value_func fn,
                           void *arg,
                           void **value,
                           bool *shared);

/*
 Let the next call for a key be made, also while one is under way, whose value goes to those who wait
 for it already. Errors as gort_flight_do.
 */
gort_status gort_flight_forget(gort_flight *flight, const void *key, size_t size);

/*
 Make a group whose context is a child of parent; NULL: of the background. The context ends at the
 first error or when gort_group_wait returns. The caller owns it. NULL: no memory.
 */
gort_group *gort_group_new(gort_ctx *parent);

/*
 The group's context, borrowed. NULL for NULL.
 */
gort_ctx *gort_group_ctx(gort_group *g);

/*
 Let at most n goroutines be active; negative: any number. GORT_MISUSE: some are active.
 */
gort_status gort_group_set_limit(gort_group *g, int64_t n);

/*
 Run fn(arg) in a goroutine, which returns 0 or an error. Blocks while the limit is reached. Errors as
 gort_go.
 */
gort_status gort_group_go(gort_group *g, gort_group_func fn, void *arg);

/*
 As gort_group_go, without waiting. GORT_WOULD_BLOCK: the limit is reached.
 */
gort_status gort_group_try_go(gort_group *g, gort_group_func fn, void *arg);

/*
 Wait until all goroutines of the group are over, end its context, and return the first error that was
 returned, or 0. 0 for NULL.
 */
int gort_group_wait(gort_group *g);

/*
 Give the group up; goroutines that run go on. NULL is a no-op.
 */
void gort_group_release(gort_group *g);

/*
 Make an empty map of byte strings to pointers that many may use at once: Go's sync.Map. Keys are
 copied. What the values point to stays the program's: before it frees that, nobody may be using it
 who has loaded it. The caller owns the map. NULL: no memory.
 */
gort_map *gort_map_new(void);

/*
 The value of a key, the size bytes at key, in *out. False, and NULL in *out: it is not there. out
 may be NULL.
 */
bool gort_map_load(gort_map *m, const void *key, size_t size, void **out);

/*
 Set the value of a key, and give the one it had before in *before, NULL when there was none: Go's
 Store and Swap. before may be NULL.

 GORT_NO_MEMORY: the map is unchanged. GORT_INVALID: m is NULL, or key is and size is not 0.
 */
gort_status gort_map_store(gort_map *m, const void *key, size_t size, void *value, void **before);

/*
 Give the value of a key in *out and true in *loaded; or, when it is not there, set it to value, and
 give that and false. out and loaded may be NULL. Errors as gort_map_store.
 */
gort_status gort_map_load_or_store(gort_map *m,
                                   const void *key,
                                   size_t size,
                                   void *value,
                                   void **out,
                                   bool *loaded);

/*
 Remove a key, and give the value it had in *out; otherwise as gort_map_load.
 */
bool gort_map_load_and_delete(gort_map *m, const void *key, size_t size, void **out);

/*
 Remove a key; nothing happens when it is not there.
 */
void gort_map_delete(gort_map *m, const void *key, size_t size);

/*
 Set the value of a key if it is old; true when it was. False also when the key is not there.
 */
bool gort_map_compare_and_swap(gort_map *m, const void *key, size_t size, void *old, void *value);

/*
 Call fn(key, size, value, arg) for the keys of the map until it returns false. Each key comes at most
 once; what is stored or removed meanwhile may come or not. fn may use the map; its key is valid
 during the call, and is followed by no 0. It must not end the goroutine.

 GORT_NO_MEMORY: some keys did not come. GORT_INVALID: m or fn is NULL.
 */
gort_status gort_map_range(gort_map *m, gort_map_func fn, void *arg);

/*
 Keys in the map; exact while nobody changes it. 0 for NULL.
 */
size_t gort_map_len(gort_map *m);

/*
 End the map, which nobody may be using. Nothing is done with the values. NULL is a no-op.
 */
void gort_map_release(gort_map *m);

/*
 Lock, waiting as long as it takes. Unlocked by anyone, as in Go; a goroutine that locks it twice
 waits for itself. m must not be NULL.
 */
void gort_mutex_lock(gort_mutex *m);

/*
 Lock if it is free; true when it was. False for NULL.
 */
bool gort_mutex_try_lock(gort_mutex *m);

/*
 Unlock, by whichever goroutine or thread. The memory is the caller's again when this returns.
 GORT_MISUSE: it is not locked. GORT_INVALID: m is NULL.
 */
gort_status gort_mutex_unlock(gort_mutex *m);

/*
 Run fn(arg) if this is the first call for this once; all calls return when that is over, be it by
 gort_exit. A call from within fn waits for itself.
 */
void gort_once_do(gort_once *once, gort_func fn, void *arg);

/*
 Make a pool of values that are alike and may be used again: Go's sync.Pool. make(arg) makes a value
 when none is kept; NULL: gort_pool_get gives NULL then. drop(value) ends a value that the pool does
 not keep; NULL: nothing is done. Both may be called from any goroutine or thread, several at a time.
 The caller owns the pool. NULL: no memory.
 */
gort_pool *gort_pool_new(gort_value_func make, gort_drop_func drop, void *arg);

/*
 A value: one that was put before, on this P if possible, else a new one. NULL for NULL.
 */
void *gort_pool_get(gort_pool *pool);

/*
 Give a value to the pool, which keeps up to 128 for each P and drops the others at once: between
 put and get nobody must rely on it. A NULL value is ignored.
 */
void gort_pool_put(gort_pool *pool, void *value);

/*
 Drop every value that is kept, and end the pool, which nobody may be using. NULL is a no-op.
 */
void gort_pool_release(gort_pool *pool);

/*
 Lock for writing, waiting as long as it takes. A waiting writer keeps new readers out.
 */
void gort_rwmutex_lock(gort_rwmutex *m);

/*
 Lock for writing if nobody holds it; true when that was so. False for NULL.
 */
bool gort_rwmutex_try_lock(gort_rwmutex *m);

/*
 Unlock for writing, by whichever goroutine or thread; readers that waited get in before the next
 writer. GORT_MISUSE: it is not locked for writing. GORT_INVALID: m is NULL.
 */
gort_status gort_rwmutex_unlock(gort_rwmutex *m);

/*
 Lock for reading: with any number of other readers, without a writer. Not recursively: a writer
 that comes in between keeps the second lock out, as in Go.
 */
void gort_rwmutex_rlock(gort_rwmutex *m);

/*
 Lock for reading if no writer holds it or waits; true when that was so. False for NULL.
 */
bool gort_rwmutex_try_rlock(gort_rwmutex *m);

/*
 Undo one lock for reading. GORT_MISUSE: there is none. GORT_INVALID: m is NULL.
 */
gort_status gort_rwmutex_runlock(gort_rwmutex *m);

/*
 Set the capacity of a semaphore that is not in use. An all-zero one has capacity 0. GORT_INVALID: n
 is negative, or sem is NULL.
 */
gort_status gort_sem_init(gort_sem *sem, int64_t n);

/*
 Acquire n, first come, first served: a big waiter is not overtaken. ctx may be NULL; n above the
 capacity waits for ctx alone.

 GORT_CANCELED, GORT_DEADLINE_EXCEEDED: ctx ended first, and nothing was acquired. GORT_INVALID: n is
 negative, or sem is NULL.
 */
gort_status gort_sem_acquire(gort_sem *sem, gort_ctx *ctx, int64_t n);

/*
 Acquire n if that needs no waiting and nobody waits; true when it was so. False for NULL.
 */
bool gort_sem_try_acquire(gort_sem *sem, int64_t n);

/*
 Give n back. GORT_MISUSE: more than is held; nothing changes. GORT_INVALID: n is negative, or NULL.
 */
gort_status gort_sem_release(gort_sem *sem, int64_t n);

/*
 Add delta, which may be negative, to the counter; whoever waits goes on when it comes to zero.

 GORT_MISUSE: the counter would be negative, or above 2^31-1; it is unchanged. GORT_INVALID: NULL.
 */
gort_status gort_waitgroup_add(gort_waitgroup *wg, int64_t delta);

/*
 Take one from the counter; as gort_waitgroup_add(wg, -1).
 */
gort_status gort_waitgroup_done(gort_waitgroup *wg);

/*
 Block until the counter is zero. No gort_waitgroup_done touches wg any more once this has returned.
 */
void gort_waitgroup_wait(gort_waitgroup *wg);

/*
 Add one, run fn(arg) in a new goroutine, and take one when that is over, also by gort_exit.

 Errors as gort_go; the counter is then as before.
 */
gort_status gort_waitgroup_go(gort_waitgroup *wg, gort_func fn, void *arg);

/*
 Nanoseconds of the monotonic clock.
 */
int64_t gort_now(void);

/*
 Block for d nanoseconds; not at all when d is 0 or less.
 */
void gort_sleep(gort_duration d);

/*
 A channel that gets the time (one int64_t, gort_now() at the firing) once, d nanoseconds from now.
 Its buffer is 1. The caller owns a reference; with the last one the timer is gone too. NULL: no
 memory.
 */
gort_chan *gort_after(gort_duration d);

/*
 Go's time.NewTimer: its channel gets the time d nanoseconds from now. The caller owns it. NULL: no
 memory.
 */
gort_timer *gort_timer_new(gort_duration d);

/*
 Go's time.AfterFunc: fn(arg) runs in a new goroutine d nanoseconds from now. NULL: no memory, or fn
 is NULL.
 */
gort_timer *gort_after_func(gort_duration d, gort_func fn, void *arg);

/*
 The timer's channel, borrowed: it is the timer's. NULL for gort_after_func's.
 */
gort_chan *gort_timer_chan(gort_timer *t);

/*
 Stop the timer; true: it was running, or its value had not been received yet. As in Go since 1.23,
 no stale value is received afterwards.
 */
bool gort_timer_stop(gort_timer *t);

/*
 Start the timer anew with d nanoseconds; answers as gort_timer_stop.
 */
bool gort_timer_reset(gort_timer *t, gort_duration d);

/*
 Stop the timer and free it. Its channel lives on for whoever has retained it. NULL is a no-op.
 */
void gort_timer_release(gort_timer *t);

/*
 Go's time.NewTicker: its channel gets the time every period nanoseconds; a slow receiver misses
 ticks. NULL: no memory, or period is not above 0.
 */
gort_ticker *gort_ticker_new(gort_duration period);

/*
 The ticker's channel, borrowed.
 */
gort_chan *gort_ticker_chan(gort_ticker *t);

/*
 Stop ticking; no stale tick is received afterwards. The channel is not closed.
 */
void gort_ticker_stop(gort_ticker *t);

/*
 Tick every period nanoseconds from now on. GORT_INVALID: t is NULL, or period is not above 0.
 */
gort_status gort_ticker_reset(gort_ticker *t, gort_duration period);

/*
 Stop the ticker and free it. NULL is a no-op.
 */
void gort_ticker_release(gort_ticker *t);

/*
 Write what the goroutines do from now on to a file, made anew, which Perfetto and chrome://tracing
 open: what ran on which P and why it left, who made whom ready, steals, hand-offs, timers and
 descriptors. "trace=FILE" in GORTDEBUG does so from the start on. Events that come faster than they
 are written are lost, and the trace says how many. The file is whole at gort_trace_stop, at
 gort_shutdown, at exit(3), and after a deadlock.

 GORT_INVALID: path is NULL. GORT_OS_ERROR: the file could not be made. GORT_MISUSE: a trace is on.
 */
gort_status gort_trace_start(const char *path);

/*
 Keep the last events of each P in memory, some 16000, until gort_trace_stop. They are written to the
 file, unless path is NULL, in a deadlock, in a panic, and when the dump signal of GORTDEBUG comes;
 "flight=FILE" there does so from the start on. GORT_MISUSE: a trace is on.
 */
gort_status gort_trace_flight(const char *path);

/*
 Write the last events of each P to a file, made anew; the trace goes on. GORT_INVALID: path is NULL.
 GORT_OS_ERROR: it could not be written. GORT_MISUSE: no trace is on.
 */
gort_status gort_trace_snapshot(const char *path);

/*
 End the trace. GORT_OS_ERROR: its file could not be written as a whole. GORT_MISUSE: no trace is on.
 */
gort_status gort_trace_stop(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* GORT_H */
