//! I/O that parks the goroutine and not the thread.
//!
//! Sockets and pipes go through the [`poller`]: set non-blocking at first use, tried, waited for,
//! tried again. Regular files, for which the kernel knows no waiting, are read and written with the
//! P handed to another thread meanwhile.

pub(crate) mod poller;

mod io;

pub use io::{accept, close, connect, read, wait, write};
pub use poller::{READABLE, WRITABLE};
