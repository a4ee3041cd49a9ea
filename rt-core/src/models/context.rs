//! Contexts, themselves: an end against children that are made, and against references that are dropped.

use super::check;
use super::watched::{Fault, break_atomics};
use crate::context::{self, Ctx};
use crate::error::Kind;
use loom::thread;
use std::ptr;

/// A reference to a context, to be given to another thread.
#[derive(Clone, Copy)]
struct Ref(*mut Ctx);

// SAFETY: contexts are for all threads.
unsafe impl Send for Ref {}

impl Ref {
    /// A context that can be canceled, with no parent.
    fn new() -> Ref {
        // SAFETY: what cuts the tree needs no parent; the root goes with its last child.
        unsafe {
            let root = context::without_cancel(ptr::null_mut()).unwrap();
            let ctx = context::with_cancel(root.as_ptr()).unwrap();
            context::release(root.as_ptr());
            Ref(ctx.as_ptr())
        }
    }

    fn child(self) -> Ref {
        // SAFETY: each thread has a reference to what it uses; so below.
        Ref(unsafe { context::with_cancel(self.0) }.unwrap().as_ptr())
    }

    /// One more reference.
    fn kept(self) -> Ref {
        // SAFETY: as above.
        unsafe { context::retain(self.0) };
        self
    }

    fn cancel(self) {
        // SAFETY: as above.
        unsafe { context::cancel(self.0) };
    }

    fn release(self) {
        // SAFETY: as above; the reference is not used again.
        unsafe { context::release(self.0) };
    }

    fn is_canceled(self) -> bool {
        // SAFETY: as above.
        unsafe { context::err(self.0) }.is_err_and(|e| e.kind() == Kind::Canceled)
    }
}

/// A child that is made while its parent is canceled ends with it.
fn cancel_against_new_child() {
    check(3, || {
        let parent = Ref::new();
        let other = parent.kept();
        let canceler = thread::spawn(move || {
            let other = { other };
            other.cancel();
            other.release();
        });
        let child = parent.child();
        canceler.join().unwrap();
        assert!(child.is_canceled(), "the child missed the end of its parent");
        child.release();
        parent.release();
    });
}

#[test]
fn loom_context_cancel_against_new_child() {
    cancel_against_new_child();
}

#[test]
fn loom_context_cancel_against_new_grandchild() {
    check(2, || {
        let parent = Ref::new();
        let other = parent.kept();
        let canceler = thread::spawn(move || {
            let other = { other };
            other.cancel();
            other.release();
        });
        let child = parent.child();
        let grandchild = child.child();
        canceler.join().unwrap();
        assert!(child.is_canceled() && grandchild.is_canceled());
        grandchild.release();
        child.release();
        parent.release();
    });
}

/// A child goes, with its memory, while its parent's end comes upon it.
#[test]
fn loom_context_cancel_against_release() {
    check(3, || {
        let parent = Ref::new();
        let child = parent.child();
        let releaser = thread::spawn(move || { child }.release());
        parent.cancel();
        parent.release();
        releaser.join().unwrap();
    });
}

/// Brothers that go at once unlink each other's neighbours.
#[test]
fn loom_context_brothers_go_while_canceled() {
    check(2, || {
        let parent = Ref::new();
        let (one, two) = (parent.child(), parent.child());
        let first = thread::spawn(move || { one }.release());
        let second = thread::spawn(move || { two }.release());
        parent.cancel();
        first.join().unwrap();
        second.join().unwrap();
        parent.release();
    });
}

/// Two cancels, of a context and of its parent: both see it ended when they return.
#[test]
fn loom_context_cancel_of_both() {
    check(3, || {
        let parent = Ref::new();
        let child = parent.child();
        let other = child.kept();
        let canceler = thread::spawn(move || {
            let other = { other };
            other.cancel();
            assert!(other.is_canceled());
            other.release();
        });
        parent.cancel();
        assert!(child.is_canceled());
        canceler.join().unwrap();
        child.release();
        parent.release();
    });
}

/// Who waits for the end of a context, with its channel made at that moment, is woken.
#[test]
fn loom_context_cancel_against_done() {
    check(3, || {
        let parent = Ref::new();
        let other = parent.kept();
        let canceler = thread::spawn(move || {
            let other = { other };
            other.cancel();
            other.release();
        });
        // SAFETY: the context keeps its channel.
        unsafe {
            let done = context::done(parent.0);
            assert!(crate::chan::recv(done, ptr::null_mut(), crate::waiter::Wait::Forever).is_err());
        }
        assert!(parent.is_canceled());
        canceler.join().unwrap();
        parent.release();
    });
}

/// Counts of references that order nothing free what others still use.
#[test]
#[should_panic(expected = "Causality violation")]
fn loom_context_broken_without_order_is_found() {
    break_atomics(Fault::Relaxed);
    check(3, || {
        let parent = Ref::new();
        let child = parent.child();
        let releaser = thread::spawn(move || { child }.release());
        parent.cancel();
        parent.release();
        releaser.join().unwrap();
    });
}
