//! The functions that the race detector shows on its stacks: those that touch the program's memory, or
//! start goroutines, for their caller.

use crate::chan::*;
use crate::context::*;
use crate::goroutine::*;
use crate::select::*;
use crate::sync::{group::*, waitgroup::*};
use crate::time::*;

macro_rules! entries {
    ($($function:path),* $(,)?) => {{
        static mut ENTRIES: [usize; [$(stringify!($function)),*].len()] = [0; [$(stringify!($function)),*].len()];
        // SAFETY: the constructor runs once, before the library is used.
        unsafe {
            let entries = &mut *(&raw mut ENTRIES);
            entries.copy_from_slice(&[$($function as *const () as usize),*]);
            rt_core::sanitizer::race::set_entries(entries);
        }
    }};
}

#[used]
#[unsafe(link_section = ".init_array.00099")]
static NAME_ENTRIES: extern "C" fn() = name_entries;

extern "C" fn name_entries() {
    entries![
        gort_go,
        gort_go_copy,
        gort_go_with,
        gort_run,
        gort_chan_send,
        gort_chan_send_ctx,
        gort_chan_send_timeout,
        gort_chan_try_send,
        gort_chan_recv,
        gort_chan_recv_ctx,
        gort_chan_recv_timeout,
        gort_chan_try_recv,
        gort_chan_close,
        gort_select,
        gort_select_default,
        gort_select_timeout,
        gort_waitgroup_go,
        gort_group_go,
        gort_group_try_go,
        gort_after_func,
    ];
}
