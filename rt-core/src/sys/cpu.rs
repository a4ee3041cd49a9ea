//! The CPUs: how many this process may use (its affinity mask, cut down by the cgroup's quota), and a hint to them.

use super::text::{Text, read_file};

/// CPUs in the affinity mask, at least 1.
pub(crate) fn affinity() -> i32 {
    // SAFETY: a zeroed cpu_set_t is valid, and the size given is its own.
    unsafe {
        let mut set: libc::cpu_set_t = core::mem::zeroed();
        if libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) == 0 {
            return libc::CPU_COUNT(&set).max(1);
        }
        (libc::sysconf(libc::_SC_NPROCESSORS_ONLN) as i32).max(1)
    }
}

/// CPUs this process may use: affinity and cgroup quota, rounded up, at least 1.
pub(crate) fn usable() -> i32 {
    let cpus = affinity();
    match quota() {
        Some(q) if q > 0.0 => cpus.min((q.ceil() as i32).max(1)),
        _ => cpus,
    }
}

/// Of a path in the cgroup's file system.
const PATH: usize = 1024;

/// The smallest quota on the path from this process's cgroup to the root, in CPUs.
fn quota() -> Option<f64> {
    let mut room = [0; 4096];
    let membership = core::str::from_utf8(read_file(c"/proc/self/cgroup", &mut room)?).ok()?;
    let mut least: Option<f64> = None;
    for line in membership.lines() {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let v2 = controllers.is_empty();
        let root = if v2 { "/sys/fs/cgroup" } else { "/sys/fs/cgroup/cpu" };
        if !v2 && !controllers.split(',').any(|c| c == "cpu") {
            continue;
        }
        let mut at = path.trim_end_matches('/');
        loop {
            if let Some(q) = if v2 { quota_v2(root, at) } else { quota_v1(root, at) } {
                least = Some(least.map_or(q, |l| l.min(q)));
            }
            match at.rfind('/') {
                Some(parent) => at = &at[..parent],
                None => break,
            }
        }
    }
    least
}

fn quota_v2(root: &str, at: &str) -> Option<f64> {
    let mut room = [0; 64];
    let text = read(root, at, "cpu.max", &mut room)?;
    let mut words = text.split_whitespace();
    let quota: f64 = words.next()?.parse().ok()?; // "max" is no number: no quota
    let period: f64 = words.next()?.parse().ok()?;
    (period > 0.0).then_some(quota / period)
}

fn quota_v1(root: &str, at: &str) -> Option<f64> {
    let number = |name| read(root, at, name, &mut [0; 64])?.trim().parse::<f64>().ok();
    let (quota, period) = (number("cpu.cfs_quota_us")?, number("cpu.cfs_period_us")?);
    (quota > 0.0 && period > 0.0).then_some(quota / period)
}

fn read<'a>(root: &str, at: &str, name: &str, room: &'a mut [u8]) -> Option<&'a str> {
    let path = Text::<PATH>::of(format_args!("{root}{at}/{name}"));
    core::str::from_utf8(read_file(path.as_c_str(), room)?).ok()
}

/// Have the cache line at `at` come to this processor for writing, without waiting for it. Any address will do.
#[inline(always)]
pub(crate) fn prefetch_for_write<T>(at: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint; it changes nothing and never faults. Processors without it take it for a no-op.
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) at, options(nostack, preserves_flags, readonly));
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    // SAFETY: as above.
    unsafe {
        core::arch::asm!("prfm pstl1keep, [{}]", in(reg) at, options(nostack, preserves_flags, readonly));
    }
    let _ = at;
}
