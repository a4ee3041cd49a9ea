//! Go's sync: types that live in the caller's memory, all-zero when ready, with no destroy call.
//!
//! None holds a pointer: whoever waits does so in [`table`], under the object's address.

mod cond;
mod mutex;
mod once;
mod rwmutex;
mod sem;
pub(crate) mod table;
mod waitgroup;

pub use cond::Cond;
pub use mutex::Mutex;
pub use once::Once;
pub use rwmutex::RwMutex;
pub use sem::Sem;
pub use waitgroup::WaitGroup;

pub(crate) use table::reset_after_fork;
