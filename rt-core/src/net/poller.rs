//! The netpoller: who waits for which descriptor, and the epoll that tells when to wake them.
//!
//! A wait arms its descriptor for just the events somebody waits for, once (EPOLLONESHOT); an event
//! wakes all who wait for it and arms it again for the others. Arming asks the kernel each time,
//! which costs a system call but never relies on what a number meant before: descriptors may be
//! closed and reused by anybody at any time.
//!
//! No thread is kept for polling. Ms look here when they search for work ([`Runtime::poll`]); the
//! idle M that is the poller sleeps in epoll instead of on its word; sysmon looks when nobody did.
//!
//! `in_idle` names the M in epoll. It is set before the poller looks at its word and deadline for the last
//! time; whoever changes those looks at `in_idle` afterwards, and then writes to the eventfd. So either the
//! poller sees the change or it is interrupted. Another M there is the last poller, which has yet to leave.

use crate::error::{Error, Result};
use crate::lock::SpinLock;
use crate::sched::caller::Caller;
use crate::sched::m::M;
use crate::sched::{Runtime, WaitReason};
use crate::sys::{clock, epoll};
use crate::trace;
use crate::waiter::{Completion, Wait, WaitQueue, Waiter, Woken, block};
use core::ptr;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicPtr, AtomicUsize, Ordering::*, fence};

/// A descriptor can be read.
pub const READABLE: u32 = 1;
/// A descriptor can be written.
pub const WRITABLE: u32 = 2;

const CHUNK: usize = 1024;
/// Events taken from the kernel at a time.
const BATCH: usize = 128;
/// The eventfd's mark among the descriptors.
const INTERRUPT: u64 = u64::MAX;

/// Those who wait for one descriptor.
struct Descriptor {
    readers: WaitQueue,
    writers: WaitQueue,
}

// SAFETY: used under its lock.
unsafe impl Send for Descriptor {}

type Chunk = [SpinLock<Descriptor>; CHUNK];

pub(crate) struct Netpoll {
    epoll: AtomicI32,
    interrupt: AtomicI32,
    opening: SpinLock<()>,
    /// Calls of [`wait_in`] that wait.
    waiting: AtomicUsize,
    in_idle: AtomicPtr<M>,
    last_poll: AtomicI64,
    chunks: [AtomicPtr<Chunk>; CHUNK],
}

impl Netpoll {
    pub(crate) fn new() -> Netpoll {
        Netpoll {
            epoll: AtomicI32::new(-1),
            interrupt: AtomicI32::new(-1),
            opening: SpinLock::new(()),
            waiting: AtomicUsize::new(0),
            in_idle: AtomicPtr::new(ptr::null_mut()),
            last_poll: AtomicI64::new(0),
            chunks: [const { AtomicPtr::new(ptr::null_mut()) }; CHUNK],
        }
    }

    /// Make the epoll and its eventfd at first use.
    fn open(&self) -> Result {
        if self.epoll.load(Acquire) >= 0 {
            return Ok(());
        }
        let _opening = self.opening.lock();
        if self.epoll.load(Acquire) >= 0 {
            return Ok(());
        }
        let no_poller = |e| Error::os(c"the poller's descriptors could not be made", e);
        let interrupt = epoll::eventfd().map_err(no_poller)?;
        let opened = epoll::create().and_then(|epfd| {
            epoll::add(epfd, interrupt, libc::EPOLLIN as u32, INTERRUPT)
                .map(|()| epfd)
                .inspect_err(|_| epoll::close(epfd))
        });
        match opened {
            Ok(epfd) => {
                self.interrupt.store(interrupt, Relaxed);
                self.epoll.store(epfd, Release);
                Ok(())
            }
            Err(e) => {
                epoll::close(interrupt);
                Err(no_poller(e))
            }
        }
    }

    /// The waiters of `fd`. `None`: no descriptor can have that number, or no memory.
    fn descriptor(&self, fd: i32) -> Option<&SpinLock<Descriptor>> {
        let fd = usize::try_from(fd).ok()?;
        let slot = self.chunks.get(fd / CHUNK)?;
        let mut chunk = slot.load(Acquire);
        if chunk.is_null() {
            let _opening = self.opening.lock();
            chunk = slot.load(Acquire);
            if chunk.is_null() {
                let layout = core::alloc::Layout::new::<Chunk>();
                // SAFETY: every element is written before the chunk is published.
                unsafe {
                    chunk = std::alloc::alloc(layout).cast::<Chunk>();
                    if chunk.is_null() {
                        return None;
                    }
                    for i in 0..CHUNK {
                        (&raw mut (*chunk)[i])
                            .write(SpinLock::new(Descriptor { readers: WaitQueue::new(), writers: WaitQueue::new() }));
                    }
                }
                slot.store(chunk, Release);
            }
        }
        // SAFETY: chunks live as long as the runtime.
        Some(unsafe { &(*chunk)[fd % CHUNK] })
    }

    /// Ask the kernel for what is waited for on `fd`. Under its lock.
    fn arm(&self, fd: i32, d: &Descriptor) -> core::result::Result<(), i32> {
        let mut events = libc::EPOLLONESHOT as u32;
        if !d.readers.is_empty() {
            events |= (libc::EPOLLIN | libc::EPOLLRDHUP) as u32;
        }
        if !d.writers.is_empty() {
            events |= libc::EPOLLOUT as u32;
        }
        let epfd = self.epoll.load(Relaxed);
        match epoll::modify(epfd, fd, events, fd as u64) {
            Err(libc::ENOENT) => epoll::add(epfd, fd, events, fd as u64),
            other => other,
        }
    }

    /// Wake who waits for `events` on `fd`.
    fn dispatch(&self, fd: i32, events: u32, caller: &Caller) {
        let Some(lock) = self.descriptor(fd) else { return };
        trace::event_by(caller, trace::Event::Netpoll, fd as u64);
        let ended = events & (libc::EPOLLERR | libc::EPOLLHUP) as u32 != 0;
        let mut d = lock.lock();
        let mut woken = Batch::new();
        if ended || events & (libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLPRI) as u32 != 0 {
            woken.take(&mut d.readers);
        }
        if ended || events & libc::EPOLLOUT as u32 != 0 {
            woken.take(&mut d.writers);
        }
        if !d.readers.is_empty() || !d.writers.is_empty() {
            // Fails only for a descriptor that was closed behind our back.
            let _ = self.arm(fd, &d);
        }
        drop(d);
        self.finish(woken, true, caller);
    }

    fn finish(&self, woken: Batch, ok: bool, caller: &Caller) {
        let mut w = woken.first;
        // SAFETY: claimed by us; each lives until it is finished, so its link is read before.
        unsafe {
            while let Some(waiter) = w.as_ref() {
                w = waiter.linked();
                waiter.ok.set(ok);
                Completion::finish(waiter.completion, caller);
            }
        }
    }
}

impl Drop for Netpoll {
    fn drop(&mut self) {
        for fd in [self.epoll.load(Relaxed), self.interrupt.load(Relaxed)] {
            if fd >= 0 {
                epoll::close(fd);
            }
        }
        for chunk in &self.chunks {
            let chunk = chunk.load(Relaxed);
            if !chunk.is_null() {
                // SAFETY: allocated in `descriptor`; nobody waits any more; nothing in it needs a drop.
                unsafe { std::alloc::dealloc(chunk.cast(), core::alloc::Layout::new::<Chunk>()) };
            }
        }
    }
}

/// Claimed waiters, in order.
struct Batch {
    first: *const Waiter,
    last: *const Waiter,
}

impl Batch {
    fn new() -> Batch {
        Batch { first: ptr::null(), last: ptr::null() }
    }

    fn take(&mut self, queue: &mut WaitQueue) {
        while let Some(w) = queue.pop() {
            w.link(ptr::null());
            // SAFETY: claimed by us and not finished yet.
            match unsafe { self.last.as_ref() } {
                None => self.first = w,
                Some(last) => last.link(w),
            }
            self.last = w;
        }
    }
}

unsafe fn unlock(descriptor: *mut ()) {
    // SAFETY: `wait_in` holds it and leaves it to us.
    unsafe { (*descriptor.cast::<SpinLock<Descriptor>>()).raw().unlock() }
}

/// Park until `fd` may be ready for one of `events`, which may be both.
pub(super) fn wait_in(rt: &Runtime, caller: &mut Caller, fd: i32, events: u32, wait: &Wait) -> Result {
    let net = &rt.net;
    net.open()?;
    let bad = Error::os(c"the descriptor cannot be polled", libc::EBADF);
    let lock = net.descriptor(fd).ok_or(bad)?;
    let completion = Completion::new(caller, 2, wait);
    let [reader, writer] = [0, 1].map(|i| Waiter::new(&completion, i, ptr::null_mut()));
    // SAFETY: locked; the waiters leave the queues before this frame ends.
    let woken = unsafe {
        lock.raw().lock();
        let d = &mut *lock.as_ptr();
        if events & READABLE != 0 {
            d.readers.push(&reader);
        }
        if events & WRITABLE != 0 {
            d.writers.push(&writer);
        }
        net.waiting.fetch_add(1, SeqCst);
        if let Err(e) = net.arm(fd, d) {
            d.readers.remove(&reader);
            d.writers.remove(&writer);
            net.waiting.fetch_sub(1, SeqCst);
            lock.raw().unlock();
            return Err(Error::os(c"the descriptor cannot be polled", e));
        }
        if caller.m().is_none() {
            rt.watch_for_outside();
        }
        block(caller, &completion, WaitReason::Io, wait, unlock, ptr::from_ref(lock).cast_mut().cast())
    };
    {
        let mut d = lock.lock();
        d.readers.remove(&reader);
        d.writers.remove(&writer);
        net.waiting.fetch_sub(1, SeqCst);
    }
    if let Some(error) = woken.error(wait) {
        return Err(error);
    }
    debug_assert_eq!(woken, Woken::Done);
    let chosen = if completion.winner() == 0 { &reader } else { &writer };
    if chosen.ok.get() { Ok(()) } else { Err(Error::os(c"the descriptor was closed", libc::EBADF)) }
}

/// Wake all who wait on `fd`, which is going to be closed, with EBADF; `close` is called under its
/// lock, so that nobody waits for the number's next meaning by mistake.
pub(super) fn forget(rt: &Runtime, caller: &Caller, fd: i32, close: impl FnOnce() -> i32) -> i32 {
    let Some(lock) = rt.net.descriptor(fd) else { return close() };
    let mut d = lock.lock();
    let mut woken = Batch::new();
    woken.take(&mut d.readers);
    woken.take(&mut d.writers);
    let epfd = rt.net.epoll.load(Acquire);
    if epfd >= 0 {
        epoll::remove(epfd, fd);
    }
    let result = close();
    drop(d);
    rt.net.finish(woken, false, caller);
    result
}

impl Runtime {
    /// Somebody waits for a descriptor.
    pub(crate) fn polls(&self) -> bool {
        self.net.waiting.load(SeqCst) != 0
    }

    /// Waiters for descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        self.net.waiting.load(Relaxed)
    }

    /// Nobody has looked at the descriptors for `every` nanoseconds, though somebody waits.
    pub(crate) fn poll_overdue(&self, now: i64, every: i64) -> bool {
        self.polls() && self.net.in_idle.load(Relaxed).is_null() && now - self.net.last_poll.load(Relaxed) > every
    }

    /// Look at the descriptors without waiting.
    pub(crate) fn poll(&self, caller: &Caller) {
        if self.polls() {
            self.take_events(0, caller);
        }
    }

    /// As [`poll`](Self::poll) from a busy P, which should not ask the kernel too often.
    pub(crate) fn poll_if_due(&self, caller: &Caller) {
        if self.polls() && self.poll_overdue(clock::now(), 1_000_000) {
            self.take_events(0, caller);
        }
    }

    /// The poller sleeps here; `stays` says, at the last moment, until when, and `None` that it must
    /// not sleep. False: the last poller has been woken but is still here. An interrupt wakes one M
    /// only, so it must be the only one.
    pub(crate) fn poll_in_idle(&self, m: &M, stays: impl FnOnce() -> Option<i64>) -> bool {
        let m = ptr::from_ref(m).cast_mut();
        if self.net.in_idle.compare_exchange(ptr::null_mut(), m, SeqCst, Relaxed).is_err() {
            return false;
        }
        fence(SeqCst);
        if let Some(until) = stays() {
            self.take_events(until, &Caller::outsider());
        }
        self.net.in_idle.store(ptr::null_mut(), SeqCst);
        true
    }

    /// `m` sleeps in epoll.
    pub(crate) fn is_polling(&self, m: &M) -> bool {
        ptr::eq(self.net.in_idle.load(SeqCst), m)
    }

    /// Wake `m` if it sleeps in epoll. Another may be there: the poller before it, on its way out.
    pub(crate) fn interrupt_poll(&self, m: &M) -> bool {
        fence(SeqCst);
        if !self.is_polling(m) {
            return false;
        }
        epoll::notify(self.net.interrupt.load(Relaxed));
        true
    }

    /// Until the absolute time `until`; 0: not at all.
    fn take_events(&self, until: i64, caller: &Caller) {
        let epfd = self.net.epoll.load(Acquire);
        if epfd < 0 {
            return;
        }
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; BATCH];
        let n = epoll::wait(epfd, &mut events, until);
        self.net.last_poll.store(clock::now(), Relaxed);
        for event in &events[..n] {
            let (bits, data) = (event.events, event.u64);
            if data == INTERRUPT && until == 0 {
                // It is for the M that sleeps in epoll, and wakes just one: leave it.
            } else if data == INTERRUPT {
                epoll::drain(self.net.interrupt.load(Relaxed));
            } else {
                self.net.dispatch(data as i32, bits, caller);
            }
        }
    }
}
