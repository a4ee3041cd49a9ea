//! Go's sync: types that live in the caller's memory, all-zero when ready, with no destroy call.
//!
//! None holds a pointer: whoever waits does so in [`table`], under the object's address. Only [`pool`]
//! and [`map`] hold something, and so are made and released.

mod cond;
#[cfg(not(loom))]
mod flight;
#[cfg(not(loom))]
pub mod map;
mod mutex;
#[cfg(not(loom))]
mod once;
#[cfg(not(loom))]
pub(crate) mod owners;
#[cfg(not(loom))]
pub mod pool;
mod rwmutex;
mod sem;
pub(crate) mod table;
mod waitgroup;

#[cfg(loom)]
use crate::models::world::owners;
pub use cond::Cond;
#[cfg(not(loom))]
pub use flight::Flight;
#[cfg(not(loom))]
pub use map::Map;
pub use mutex::Mutex;
#[cfg(not(loom))]
pub use once::Once;
#[cfg(not(loom))]
pub use pool::Pool;
pub use rwmutex::RwMutex;
pub use sem::Sem;
pub use waitgroup::WaitGroup;

/// In the child of fork(2).
#[cfg(not(loom))]
pub(crate) fn reset_after_fork() {
    table::reset_after_fork();
    owners::reset_after_fork();
    flight::reset_after_fork();
}
