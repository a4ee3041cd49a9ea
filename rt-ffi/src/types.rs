//! The types of the header by their C names, so that cbindgen prints these.

use core::ffi::{c_char, c_int, c_void};

pub(crate) type gort_status = u32;
pub(crate) type gort_duration = i64;
pub(crate) type gort_func = Option<unsafe extern "C-unwind" fn(*mut c_void)>;
pub(crate) type gort_drop_func = gort_func;
pub(crate) type gort_deadlock_handler = Option<unsafe extern "C-unwind" fn(*const c_char, *mut c_void)>;
pub(crate) type gort_chan = rt_core::chan::Chan;
pub(crate) type gort_case = rt_core::chan::Case;
pub(crate) type gort_timer = rt_core::time::Timer;
pub(crate) type gort_ticker = rt_core::time::Ticker;
pub(crate) type gort_mutex = rt_core::sync::Mutex;
pub(crate) type gort_waitgroup = rt_core::sync::WaitGroup;
pub(crate) type gort_rwmutex = rt_core::sync::RwMutex;
pub(crate) type gort_once = rt_core::sync::Once;
pub(crate) type gort_cond = rt_core::sync::Cond;
pub(crate) type gort_sem = rt_core::sync::Sem;
pub(crate) type gort_flight = rt_core::sync::Flight;
pub(crate) type gort_pool = rt_core::sync::Pool;
pub(crate) type gort_map = rt_core::sync::Map;
pub(crate) type gort_value_func = Option<rt_core::sync::pool::ValueFunc>;
pub(crate) type gort_map_func =
    Option<unsafe extern "C-unwind" fn(*const c_void, usize, *mut c_void, *mut c_void) -> bool>;
pub(crate) type gort_group = rt_core::group::Group;
pub(crate) type gort_ctx = rt_core::context::Ctx;
pub(crate) type gort_ctx_after = rt_core::context::After;
pub(crate) type gort_async = rt_core::aio::Pending;
pub(crate) type gort_async_func = Option<rt_core::aio::Callback>;
pub(crate) type gort_completion_queue = rt_core::aio::Queue;
pub(crate) type gort_completion = rt_core::aio::Done;
pub(crate) type gort_local = u64;
pub(crate) type ssize_t = isize;
pub(crate) type sockaddr = libc::sockaddr;
pub(crate) type socklen_t = libc::socklen_t;
pub(crate) type gort_group_func = Option<unsafe extern "C-unwind" fn(*mut c_void) -> c_int>;

pub(crate) const GORT_OK: gort_status = 0;

/// What can be said about a goroutine besides its function.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct gort_go_options {
    pub(crate) struct_size: usize,
    pub(crate) name: *const c_char,
    pub(crate) stack_size: usize,
    pub(crate) drop: gort_drop_func,
}

/// The runtime's numbers.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct gort_stats {
    pub(crate) struct_size: usize,
    pub(crate) numbers: rt_core::runtime::Stats,
}

/// The hooks of an embedder.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct gort_hooks {
    pub(crate) struct_size: usize,
    pub(crate) hooks: rt_core::hooks::Hooks,
}

/// The limits of an embedder.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct gort_limits {
    pub(crate) struct_size: usize,
    pub(crate) limits: rt_core::limits::Limits,
}
