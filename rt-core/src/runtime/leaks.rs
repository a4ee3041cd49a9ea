//! Goroutines that can never wake, as far as that can be proved.
//!
//! What is proved, and how:
//! * A call may act on a channel only with a reference to it. When the program gives up its last one,
//!   who waits on that channel without a deadline waits in vain; who waits for several, once the last
//!   of them is lost. They are marked at that moment ([`crate::waiter::Waiter::lose`]).
//! * Nobody can end a wait on the nil channel, or a select without a channel.
//! * Where owners of mutexes are noted ([`super::locks`]): who waits for a mutex that will not be unlocked
//!   unless another than its holder does it.
//!
//! What is not: a channel that is still referenced by who will never use it, be it because that one
//! is stuck too. Handles do not say who has them. So nothing is reported that could go on, and not
//! everything that cannot.

use super::dump::write_leaked;
use super::locks::Locks;
use crate::error::Result;
use crate::sched::g::{G, Status};
use crate::sched::{current, lifecycle};
use core::ffi::c_int;

/// Write the goroutines that can never wake to `fd`, in the manner of a dump; how many they are. `fd`
/// -1: count them only.
pub fn leaks(fd: c_int) -> Result<usize> {
    current::touch();
    let mut count = 0;
    lifecycle::with_runtime(|rt| {
        let locks = Locks::now(rt);
        // SAFETY: Gs live as long as the runtime.
        let leaked = |&(id, g): &(u64, *const G)| unsafe { is_leaked(&*g) } || locks.is_stuck(id);
        count = rt.gs.lock().live().iter().filter(|g| leaked(g)).count();
    });
    if fd != -1 {
        write_leaked(fd)?;
    }
    Ok(count)
}

/// What is, remains so: no look at another moment finds it otherwise.
pub(super) fn is_leaked(g: &G) -> bool {
    g.status() == Status::Waiting && g.wait_reason().is_leaked()
}
