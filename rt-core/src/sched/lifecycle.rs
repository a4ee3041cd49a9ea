//! From first use to shutdown, and what fork leaves.
//!
//! There is at most one runtime. Ms know theirs; a plain thread comes to it through a [`Visit`], which
//! keeps it from being freed: the visitor counts itself and then reads the pointer, shutdown clears
//! the pointer and then waits for the count, so one of the two sees the other.

use super::caller::Caller;
use super::g::G;
use super::sysmon::Sysmon;
use super::{Runtime, crew, current, deadlock, idle, procs};
use crate::alloc::try_box;
use crate::error::{Error, Kind, Result};
use crate::lock::SpinLock;
use crate::sanitizer::race;
use crate::stack::fault;
use crate::sync::owners;
use crate::sys::library::Pin;
use crate::sys::{barrier, clock, futex, thread};
use crate::trace;
use core::ops::Deref;
use core::{mem, ptr};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering::*, fence};

static RUNTIME: AtomicPtr<Runtime> = AtomicPtr::new(ptr::null_mut());
static VISITORS: AtomicUsize = AtomicUsize::new(0);
/// Held while a runtime is made or taken down; in it, what keeps this code loaded while there is one.
static CHANGE: SpinLock<Option<Pin>> = SpinLock::new(None);
/// Forks between the first process and this one.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// See [`FORKS`]: tells what was made before a fork from what was made after it.
pub(crate) fn forks() -> u32 {
    FORKS.load(Relaxed)
}

/// Keeps the runtime alive for a thread without an M.
pub(crate) struct Visit(*const Runtime);

impl Deref for Visit {
    type Target = Runtime;
    fn deref(&self) -> &Runtime {
        // SAFETY: the count keeps it alive.
        unsafe { &*self.0 }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        VISITORS.fetch_sub(1, Release);
    }
}

/// The runtime, if there is one.
fn visit() -> Option<Visit> {
    VISITORS.fetch_add(1, SeqCst);
    let visit = Visit(RUNTIME.load(SeqCst));
    (!visit.0.is_null()).then_some(visit)
}

/// The runtime, started if there is none.
pub(crate) fn started() -> Result<Visit> {
    loop {
        match visit() {
            Some(visit) => return Ok(visit),
            None => start()?,
        }
    }
}

/// Start the runtime unless the caller is a part of it.
pub(crate) fn ensure_started(caller: &Caller) -> Result {
    if caller.m().is_none() {
        started()?;
    }
    Ok(())
}

/// There is a runtime.
pub(crate) fn is_running() -> bool {
    !RUNTIME.load(SeqCst).is_null()
}

/// Do `f` with the runtime if there is one.
pub(crate) fn with_runtime(f: impl FnOnce(&Runtime)) {
    if let Some(rt) = visit() {
        f(&rt);
    }
}

/// A signal asks for a dump: async-signal-safe.
pub(crate) fn dump_from_signal() {
    with_runtime(|rt| rt.sysmon.ask_for_dump());
}

/// Make a goroutine runnable from a thread without a P.
#[cold]
pub(super) fn ready_from_outside(g: *mut G) {
    with_runtime(|rt| {
        // SAFETY: the caller owns `g`.
        unsafe {
            if rt.watched.load(Relaxed) & trace::TRACE != 0 {
                trace::ready_from_outside(rt, &*g);
            }
            if crew::leads_to_crew((*g).bound.load(Acquire)) {
                return crew::deliver(rt, g);
            }
            rt.global.push(g);
        }
        fence(SeqCst);
        idle::wake_for_work(rt);
    });
}

#[cold]
fn start() -> Result {
    let mut library = Some(Pin::new()); // made, and dropped if it was for nothing, without the lock
    let mut change = CHANGE.lock();
    if !RUNTIME.load(SeqCst).is_null() {
        return Ok(());
    }
    barrier::init();
    register_fork_handler();
    let rt = try_box(Runtime::new()).ok_or(Error::NO_MEMORY)?.as_ptr();
    // SAFETY: fresh; published only when it runs.
    unsafe {
        let started = procs::set(&*rt, procs::initial()).and_then(|()| {
            fault::install();
            Sysmon::start(rt).map_err(no_thread)?;
            // The first M makes sure that there are threads; it finds nothing to do and sleeps.
            let p = (*rt).sched.lock().take_p(&*rt);
            idle::start_m(&*rt, p, false, None).map_err(no_thread)
        });
        match started {
            Ok(()) => {
                mem::swap(&mut *change, &mut library);
                if (*rt).debug.lock_owners {
                    owners::start();
                }
                RUNTIME.store(rt, SeqCst);
                crate::signal::set_dump_signal((*rt).debug.dump_signal);
                trace::start_from_environment(&*rt);
            }
            // Some of its threads may run.
            Err(_) => take_down(rt),
        }
        started
    }
}

fn no_thread(errno: i32) -> Error {
    Error::os(c"no thread could be made to run goroutines", errno)
}

/// Wait until every goroutine is over, then end every thread and free everything. A negative
/// `timeout` waits without end.
pub(crate) fn shutdown(timeout: i64) -> Result {
    if !current::m().is_null() {
        return Err(Error::new(Kind::Misuse, c"gort_shutdown from a goroutine"));
    }
    if crate::signal::is_own_thread() {
        return Err(Error::new(Kind::Misuse, c"gort_shutdown from a callback on the runtime's own thread"));
    }
    let until = if timeout < 0 { futex::FOREVER } else { clock::deadline(timeout) };
    {
        let Some(rt) = visit() else {
            deadlock::reset(false);
            crate::local::forget_threads();
            return Ok(());
        };
        rt.closing.fetch_add(1, SeqCst);
        barrier::heavy();
        let drained = wait_for_goroutines(&rt, until);
        if !drained {
            rt.closing.fetch_sub(1, SeqCst);
            return Err(Error::TIMED_OUT);
        }
        race::all_have_ended();
    }
    crate::signal::stop_all();
    let mut change = CHANGE.lock();
    let rt = RUNTIME.swap(ptr::null_mut(), SeqCst);
    if rt.is_null() {
        return Ok(()); // another shutdown was faster
    }
    while VISITORS.load(SeqCst) != 0 {
        // SAFETY: no arguments.
        unsafe { libc::sched_yield() };
    }
    // SAFETY: nobody outside can reach it any more, and its goroutines are over.
    unsafe { take_down(rt) };
    deadlock::reset(false);
    crate::local::forget_threads();
    let library = change.take();
    drop(change);
    drop(library);
    Ok(())
}

/// False: the time passed first.
fn wait_for_goroutines(rt: &Runtime, until: i64) -> bool {
    // Counted as blocked only for what it is: waiting for goroutines, without a deadline of its own.
    let counted = if until == futex::FOREVER { deadlock::block() } else { 0 };
    if until == futex::FOREVER {
        deadlock::check();
    }
    let done = loop {
        let seen = rt.drained.load(Acquire);
        if rt.num_goroutine() == 0 {
            break true;
        }
        if clock::now() >= until {
            break false;
        }
        futex::wait(&rt.drained, seen, until);
    };
    deadlock::unblock(counted);
    done
}

/// # Safety
/// Nobody but its own threads uses the runtime, and no goroutine is left.
unsafe fn take_down(rt: *mut Runtime) {
    // SAFETY: by contract; each thread is joined before what it uses is freed.
    unsafe {
        let runtime = &*rt;
        // Threads being made have their handles after this.
        let all = {
            let mut s = runtime.sched.lock();
            s.stopping = true;
            mem::take(&mut s.all_ms)
        };
        drop(runtime.starting.lock());
        runtime.sysmon.stop_and_join();
        for &m in &all {
            idle::wake_to_stop(runtime, &*m);
        }
        for &m in &all {
            thread::join((*m).thread.get());
        }
        let _ = trace::end(runtime);
        for p in runtime.all_ps() {
            p.timers.unlink_all();
        }
        for &m in &all {
            drop(Box::from_raw(m));
        }
        for crew in mem::take(&mut runtime.sched.lock().crews) {
            crew.forget();
        }
        for p in runtime.all_ps() {
            drop(Box::from_raw(ptr::from_ref(p).cast_mut()));
        }
        drop(Box::from_raw(rt));
    }
    owners::stop();
    crate::runtime::dump::forget();
    fault::uninstall();
}

/// Let a child of fork(2) begin anew.
pub(crate) fn register_fork_handler() {
    static REGISTERED: AtomicU32 = AtomicU32::new(0);
    if REGISTERED.swap(1, Relaxed) == 0 {
        // SAFETY: the handler may run in the child.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    }
}

/// In the child of fork(2) only the forking thread exists: begin anew. What the parent's runtime
/// held is left alone: its locks may be held by threads that are not here.
extern "C" fn in_child() {
    // SAFETY: the forking thread's M and its runtime are here, as all memory is.
    unsafe {
        if let Some(m) = current::m().as_ref() {
            thread::unblock_sigpipe(&(*m.rt).signal_mask);
        }
    }
    RUNTIME.store(ptr::null_mut(), SeqCst);
    VISITORS.store(0, SeqCst);
    // SAFETY: whoever held it does not exist here.
    unsafe { CHANGE.raw().unlock() };
    FORKS.fetch_add(1, Relaxed);
    current::reset_after_fork();
    deadlock::reset(true);
    super::run::reset_after_fork();
    crate::sync::reset_after_fork();
    crate::signal::reset_after_fork();
    crate::local::reset_after_fork();
    crate::hooks::reset_after_fork();
    crate::limits::reset_after_fork();
}
