//! Typed references to heap objects, fields, and the numbers of the kinds that the VM itself knows.
//!
//! A `Gc<T>` is a plain copyable pointer. While one lies in a local of native code, the object is pinned; in native memory
//! (a `Vec`, a `Box`) it is *not* seen by the collector: use [`crate::RootedVec`] there.

use crate::{Thread, Value};
use ferropy_gc::{Kind, Ref, Slot};
use std::ops::Deref;

/// A Rust struct that is the payload of heap objects of one kind.
///
/// # Safety
/// `kind()` is registered with a size and layout that fit the struct; it is only used for objects of this struct.
pub unsafe trait HeapObject {
    fn kind() -> u8;
}

/// A reference to a heap object with payload T.
#[repr(transparent)]
pub struct Gc<T>(std::ptr::NonNull<T>);

impl<T> Clone for Gc<T> {
    #[inline(always)]
    fn clone(&self) -> Gc<T> {
        *self
    }
}
impl<T> Copy for Gc<T> {}
impl<T> PartialEq for Gc<T> {
    #[inline(always)]
    fn eq(&self, other: &Gc<T>) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Gc<T> {}

impl<T> Gc<T> {
    /// # Safety
    /// `p` is the payload of a live object with payload T.
    #[inline(always)]
    pub unsafe fn from_raw(p: *mut T) -> Gc<T> {
        Gc(std::ptr::NonNull::new_unchecked(p))
    }
    #[inline(always)]
    pub fn addr(self) -> usize {
        self.0.as_ptr() as usize
    }
    #[inline(always)]
    pub fn as_ptr(self) -> *mut T {
        self.0.as_ptr()
    }
    #[inline(always)]
    pub fn as_ref(self) -> Ref {
        // SAFETY: a Gc refers to a live object.
        unsafe { Ref::new(self.0.as_ptr().cast()) }
    }
    #[inline(always)]
    pub fn value(self) -> Value {
        Value(self.addr() as u64)
    }
    #[inline(always)]
    pub fn shape(self) -> u32 {
        self.value().shape()
    }
}

impl<T> Deref for Gc<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the object is alive while this Gc lies in a local (it pins it) or is reachable from a root.
        unsafe { self.0.as_ref() }
    }
}

/// A field of a heap object that holds a value.
#[repr(transparent)]
pub struct Field(Slot);

impl Field {
    #[inline(always)]
    pub fn get(&self) -> Value {
        Value(self.0.get())
    }
    /// First write into a fresh object, before the next allocation.
    #[inline(always)]
    pub fn init(&self, v: impl Into<Value>) {
        self.0.init(v.into().0);
    }
    /// The barrier, then the store. `owner` is the object that the field lies in.
    #[inline(always)]
    pub fn set(&self, cx: &mut Thread, owner: impl Into<Value>, v: impl Into<Value>) {
        let owner: Value = owner.into();
        // SAFETY: the caller names the object that `self` lies in.
        let owner = unsafe { Ref::new(owner.0 as *mut u8) };
        self.0.set(&mut cx.mutator, owner, v.into().0);
    }
    #[inline(always)]
    pub fn cast<T: HeapObject>(&self) -> Option<Gc<T>> {
        self.get().cast()
    }
    /// The object in a field that always holds one of this kind once initialised.
    ///
    /// # Safety
    /// It does.
    #[inline(always)]
    pub unsafe fn as_gc<T: HeapObject>(&self) -> Gc<T> {
        self.get().cast_unchecked()
    }
}

/// Declares the kind of a struct: `heap_kind!(Count, "count", 2)` has two leading [`Field`]s; the rest of the struct is
/// plain data. With `, drop` the struct is dropped in place when the object dies (use [`Thread::alloc_registered`]).
#[macro_export]
macro_rules! heap_kind {
    ($t:ty, $name:literal, $words:expr) => {
        $crate::heap_kind!(@ $t, ferropy_gc::Kind::new(
            $name, ferropy_gc::Size::Fixed(std::mem::size_of::<$t>()), ferropy_gc::Layout::Words($words)));
    };
    ($t:ty, $name:literal, $words:expr, drop) => {
        $crate::heap_kind!(@ $t, ferropy_gc::Kind::new(
            $name, ferropy_gc::Size::Fixed(std::mem::size_of::<$t>()), ferropy_gc::Layout::Words($words))
            .with_drop(|p| unsafe { std::ptr::drop_in_place(p as *mut $t) }));
    };
    (@ $t:ty, $kind:expr) => {
        // SAFETY: size and leading fields are those of the struct.
        unsafe impl $crate::HeapObject for $t {
            #[inline(always)]
            fn kind() -> u8 {
                static KIND: ferropy_gc::Kind = $kind;
                static NUMBER: $crate::object::KindNumber = $crate::object::KindNumber::new();
                NUMBER.get(&KIND)
            }
        }
    };
}

/// The number of a kind that is registered at its first use.
pub struct KindNumber(std::sync::atomic::AtomicU8);

impl KindNumber {
    #[allow(clippy::new_without_default)]
    pub const fn new() -> KindNumber {
        KindNumber(std::sync::atomic::AtomicU8::new(0))
    }
    #[inline(always)]
    pub fn get(&self, kind: &'static Kind) -> u8 {
        match self.0.load(std::sync::atomic::Ordering::Relaxed) {
            0 => self.register(kind),
            n => n,
        }
    }
    #[cold]
    fn register(&self, kind: &'static Kind) -> u8 {
        static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _guard = LOCK.lock();
        let now = self.0.load(std::sync::atomic::Ordering::Relaxed);
        if now != 0 {
            return now;
        }
        let n = ferropy_gc::register(kind);
        self.0.store(n, std::sync::atomic::Ordering::Relaxed);
        n
    }
}
