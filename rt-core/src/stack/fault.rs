//! Faults: telling a goroutine's stack overflow from any other SIGSEGV or SIGBUS.
//!
//! The handler runs on the alternate stack of an M (the goroutine's own is full). A fault in the
//! guard of the running goroutine's stack is reported and ends the process; every other one goes to
//! whoever handled the signal before us, or to the default action.
//!
//! Who came after us, another copy of this library for instance, may hand faults on to our handler and
//! put it back at its end. So it stays where it cannot be taken out, and the library with it, loaded for
//! good: then it has no goroutine, and hands on all it gets.

use super::GUARD;
use crate::sched::current;
use crate::sys::library::Pin;
use core::ffi::{c_int, c_void};
use core::ptr;
use std::sync::Mutex;

const SIGNALS: [c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];
/// Enough for the handler, for one that we chain to, and for the largest register file.
const ALT_STACK: usize = 64 << 10;

/// Which of the signals have our handler somewhere in their chain.
struct Installed {
    signals: [bool; 2],
    /// Some of them must keep it after the runtime's end.
    stays: Option<Pin>,
}

static INSTALLED: Mutex<Installed> = Mutex::new(Installed { signals: [false; 2], stays: None });
/// Whom the handler hands on to; written before the handler is installed, and not while it is.
static mut CHAIN: [libc::sigaction; 2] = [const {
    // SAFETY: an all-zero sigaction is SIG_DFL without flags.
    unsafe { core::mem::zeroed() }
}; 2];

/// Take SIGSEGV and SIGBUS.
pub(crate) fn install() {
    let mut installed = INSTALLED.lock().unwrap_or_else(|e| e.into_inner());
    for (i, &signal) in SIGNALS.iter().enumerate() {
        // In a chain already: on top of it, it would come to itself again.
        if !core::mem::replace(&mut installed.signals[i], true) {
            // SAFETY: the actions are initialised; CHAIN is written while our handler is not installed.
            unsafe {
                let mut before: libc::sigaction = core::mem::zeroed();
                libc::sigaction(signal, ptr::null(), &mut before);
                (&raw mut CHAIN).cast::<libc::sigaction>().add(i).write(before);
                let mut ours: libc::sigaction = core::mem::zeroed();
                ours.sa_sigaction = handler as *const () as usize;
                ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
                libc::sigemptyset(&mut ours.sa_mask);
                libc::sigaction(signal, &ours, ptr::null_mut());
            }
        }
    }
}

/// Give both signals back, as far as nobody has taken them after us.
pub(crate) fn uninstall() {
    let mut installed = INSTALLED.lock().unwrap_or_else(|e| e.into_inner());
    for (i, &signal) in SIGNALS.iter().enumerate() {
        // SAFETY: as in `install`; one that is ours has its CHAIN.
        unsafe {
            let mut now: libc::sigaction = core::mem::zeroed();
            libc::sigaction(signal, ptr::null(), &mut now);
            if installed.signals[i] && now.sa_sigaction == handler as *const () as usize {
                libc::sigaction(signal, (&raw const CHAIN).cast::<libc::sigaction>().add(i), ptr::null_mut());
                installed.signals[i] = false;
            }
        }
    }
    if installed.signals.contains(&true) {
        installed.stays.get_or_insert_with(Pin::new);
    } else {
        installed.stays = None;
    }
}

/// An alternate signal stack for the calling thread; freed by [`AltStack::drop`] on the same thread.
pub(crate) struct AltStack(*mut c_void);

impl AltStack {
    pub(crate) fn install() -> AltStack {
        // SAFETY: a fresh mapping becomes the alternate stack of this thread.
        unsafe {
            let p = libc::mmap(
                ptr::null_mut(),
                ALT_STACK,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            if p == libc::MAP_FAILED {
                return AltStack(ptr::null_mut()); // an overflow then kills without a word
            }
            libc::sigaltstack(&libc::stack_t { ss_sp: p, ss_flags: 0, ss_size: ALT_STACK }, ptr::null_mut());
            AltStack(p)
        }
    }
}

impl Drop for AltStack {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the mapping is ours and, once disabled, nobody runs on it.
            unsafe {
                let off = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
                libc::sigaltstack(&off, ptr::null_mut());
                libc::munmap(self.0, ALT_STACK);
            }
        }
    }
}

extern "C" fn handler(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes a valid siginfo; everything called is async-signal-safe.
    unsafe {
        let address = (*info).si_addr() as usize;
        if let Some(g) = current::g().as_ref()
            && let Some(stack) = g.stack()
            && (stack.limit()..stack.limit() + GUARD).contains(&address)
            && (*info).si_code > 0
        {
            report(g.id, g.name_bytes());
            // Back to the default action: the fault repeats and ends the process with a core.
            reset(signal);
            return;
        }
        chain(signal, info, context);
    }
}

/// Hand the fault to the handler that was there before.
unsafe fn chain(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: CHAIN was written before this handler was installed; the handler there accepts what
    // the kernel gave us.
    unsafe {
        let chain = &raw const CHAIN;
        let before = &(*chain)[if signal == SIGNALS[0] { 0 } else { 1 }];
        match before.sa_sigaction {
            libc::SIG_DFL | libc::SIG_IGN => {
                reset(signal);
                if (*info).si_code <= 0 {
                    // Sent by kill or raise: it will not repeat by itself.
                    libc::raise(signal);
                }
            }
            f if before.sa_flags & libc::SA_SIGINFO != 0 => {
                let f: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = core::mem::transmute(f);
                f(signal, info, context);
            }
            f => {
                let f: extern "C" fn(c_int) = core::mem::transmute(f);
                f(signal);
            }
        }
    }
}

unsafe fn reset(signal: c_int) {
    // SAFETY: a zeroed action is SIG_DFL.
    unsafe {
        let default: libc::sigaction = core::mem::zeroed();
        libc::sigaction(signal, &default, ptr::null_mut());
    }
}

/// Write the report without allocating: this is a signal handler.
fn report(id: u64, name: &[u8]) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut n = id;
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    for part in [
        b"fatal error: stack overflow\n\ngoroutine ".as_slice(),
        &digits[at..],
        if name.is_empty() { b"" } else { b" " },
        name,
        b" exceeded its stack; gort_go_options.stack_size sets a larger one\n",
    ] {
        // SAFETY: the bytes are valid for their length.
        unsafe { libc::write(2, part.as_ptr().cast(), part.len()) };
    }
}
