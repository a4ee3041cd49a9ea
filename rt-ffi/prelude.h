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
