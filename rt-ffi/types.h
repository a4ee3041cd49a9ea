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

