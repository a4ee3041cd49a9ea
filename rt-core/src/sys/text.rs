//! Short texts, small files and the environment, without allocating.

use core::ffi::CStr;
use core::fmt;

/// At most `N - 1` bytes of text and a nul; what does not fit is left out.
pub(crate) struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    /// What `format_args!` makes of its arguments.
    pub(crate) fn of(arguments: fmt::Arguments) -> Text<N> {
        let mut text = Text { bytes: [0; N], len: 0 };
        // Writing does not fail.
        let _ = fmt::Write::write_fmt(&mut text, arguments);
        text
    }

    pub(crate) fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let n = s.len().min(N - 1 - self.len);
        self.bytes[self.len..self.len + n].copy_from_slice(&s.as_bytes()[..n]);
        self.len += n;
        Ok(())
    }
}

/// The first bytes of the file at `path`, as many as fit into `room`. `None`: it cannot be read.
pub(crate) fn read_file<'a>(path: &CStr, room: &'a mut [u8]) -> Option<&'a [u8]> {
    // SAFETY: a C string; room for the bytes; the descriptor is ours.
    unsafe {
        let fd = libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if fd < 0 {
            return None;
        }
        let mut len = 0;
        while len < room.len() {
            let n = libc::read(fd, room[len..].as_mut_ptr().cast(), room.len() - len);
            if n <= 0 {
                break;
            }
            len += n as usize;
        }
        libc::close(fd);
        Some(&room[..len])
    }
}

/// What `read` makes of a variable of the environment. `None`: there is no such variable.
pub(crate) fn environment<T>(name: &CStr, read: impl FnOnce(&CStr) -> T) -> Option<T> {
    // SAFETY: C strings both; who changes the environment while others read it breaks every C program.
    unsafe {
        let value = libc::getenv(name.as_ptr());
        (!value.is_null()).then(|| read(CStr::from_ptr(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out() {
        assert_eq!(Text::<8>::of(format_args!("{}-{}", 123, 4567)).as_c_str(), c"123-456");
        assert_eq!(Text::<8>::of(format_args!("")).as_c_str(), c"");
    }

    #[test]
    fn the_first_bytes_of_a_file() {
        let mut room = [0; 4];
        let text = read_file(c"Cargo.toml", &mut room);
        assert_eq!(text, Some(&b"[pac"[..]));
        assert_eq!(read_file(c"no such file", &mut [0; 4]), None);
    }
}
