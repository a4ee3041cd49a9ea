//! Why a goroutine waits; shown in dumps and deadlock reports. One reason a place.

macro_rules! reasons {
    ($($name:ident $text:literal,)*) => {
        const JOINED: &str = concat!($($text, "\0"),*);

        /// Why a goroutine waits.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub(crate) enum WaitReason { $($name,)* }

        impl WaitReason {
            const ALL: &[(WaitReason, &'static str)] = &[$((WaitReason::$name, $text),)*];

            pub(crate) fn from_u8(n: u8) -> WaitReason {
                Self::ALL.get(n as usize).map_or(WaitReason::None, |r| r.0)
            }

            /// As dumps show it.
            pub(crate) fn text(self) -> &'static str {
                Self::ALL[self as usize].1
            }
        }
    };
}

reasons! {
    None "",
    ChanSend "chan send",
    ChanRecv "chan receive",
    NilChanSend "chan send (nil chan)",
    NilChanRecv "chan receive (nil chan)",
    Select "select",
    SelectNoCases "select (no cases)",
    Sleep "sleep",
    Mutex "sync.Mutex.Lock",
    RwMutexRead "sync.RWMutex.RLock",
    RwMutexWrite "sync.RWMutex.Lock",
    WaitGroup "sync.WaitGroup.Wait",
    Once "sync.Once.Do",
    Cond "sync.Cond.Wait",
    Semaphore "semaphore acquire",
    GroupLimit "errgroup limit",
    Flight "singleflight",
    Io "IO wait",
    ChanSendLeaked "chan send (leaked)",
    ChanRecvLeaked "chan receive (leaked)",
    SelectLeaked "select (leaked)",
}

/// For debuggers: all texts, in the order of their numbers, each with a nul behind it.
pub(super) const TEXTS: &[u8; JOINED.len()] = match JOINED.as_bytes().first_chunk() {
    Some(texts) => texts,
    None => unreachable!(),
};

impl WaitReason {
    /// This wait, once it is proved that nothing can end it.
    pub(crate) fn leaked(self) -> WaitReason {
        match self {
            WaitReason::ChanSend => WaitReason::ChanSendLeaked,
            WaitReason::ChanRecv => WaitReason::ChanRecvLeaked,
            WaitReason::Select => WaitReason::SelectLeaked,
            other => other,
        }
    }

    /// Nothing can end it.
    pub(crate) fn is_leaked(self) -> bool {
        use WaitReason::*;
        matches!(self, ChanSendLeaked | ChanRecvLeaked | SelectLeaked | NilChanSend | NilChanRecv | SelectNoCases)
    }
}
