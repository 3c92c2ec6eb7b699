//! Functions that crates above the VM provide for a kind of object, or for a built-in class by its shape: reached by one
//! load, without a look-up of a special method.

use std::marker::PhantomData;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// At most one function of type `F` for each number below 256. `F` is a plain function pointer.
pub(crate) struct ByKind<F> {
    table: [AtomicPtr<()>; 256],
    holds: PhantomData<F>,
}

impl<F: Copy> ByKind<F> {
    pub(crate) const fn new() -> ByKind<F> {
        assert!(size_of::<F>() == size_of::<*mut ()>());
        ByKind { table: [const { AtomicPtr::new(null_mut()) }; 256], holds: PhantomData }
    }

    pub(crate) fn set(&self, number: usize, f: F) {
        // SAFETY: a function pointer has the size of a data pointer, which `new` checked, and is not null.
        self.table[number].store(unsafe { std::mem::transmute_copy::<F, *mut ()>(&f) }, Relaxed);
    }

    #[inline(always)]
    pub(crate) fn get(&self, number: usize) -> Option<F> {
        let f = self.table.get(number)?.load(Relaxed);
        // SAFETY: only `set` writes there, and it writes functions of this type.
        (!f.is_null()).then(|| unsafe { std::mem::transmute_copy::<*mut (), F>(&f) })
    }
}
