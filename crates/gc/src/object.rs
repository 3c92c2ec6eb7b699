//! What a heap object looks like to the collector: header, reference words, slots, kinds.
//!
//! Terms. A *word* is 64 bits; it is a *reference* if its low three bits are zero and it is not zero. A reference points
//! at an object's *payload*; the 8-byte *header* lies in front of it, so that a pointer to the end of one object is never
//! taken for the next one. A *kind* tells the collector size and references; whatever finer types there are is the
//! client's business (the 32-bit *shape*). Behind the payload come `extra` further words, all traced.
//!
//! Invariants: a payload is at least 8 bytes; size computed from a payload never changes while the object lives; a slot
//! of an object is written through [`Slot::set`] after the object's first safepoint.

use crate::Mutator;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

/// Collector bits of a header.
pub mod bits {
    /// In the old generation: does not move any more.
    pub const OLD: u8 = 1;
    /// Old and not in the log: the write barrier must act.
    pub const NEEDS_LOG: u8 = 2;
    /// During a minor collection: moved, the first payload word is the new address.
    pub const FORWARDED: u8 = 4;
    /// Reached by the running major collection (objects outside of blocks).
    pub const MARK: u8 = 8;
    /// Its identity is in the identity table.
    pub const HAS_ID: u8 = 16;
    /// There is a weak reference to it in the table.
    pub const HAS_WEAK: u8 = 32;
    /// Its finaliser was queued already, or has nothing left to do.
    pub const FINALIZED: u8 = 64;
    /// A big array: the barrier logs slots, not the object.
    pub const SLOT_LOG: u8 = 128;
}

/// The header word, in front of the payload.
#[repr(C)]
pub struct Header {
    pub shape: AtomicU32,
    pub kind: AtomicU8,
    pub gc: AtomicU8,
    pub extra: AtomicU8,
    /// Free for the client's use.
    pub private: AtomicU8,
}

/// A reference to an object's payload. Never null.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Ref(pub std::num::NonZeroUsize);

impl Ref {
    /// # Safety
    /// `payload` points behind a header of this heap.
    #[inline(always)]
    pub unsafe fn new(payload: *mut u8) -> Ref {
        debug_assert!(!payload.is_null());
        Ref(std::num::NonZeroUsize::new_unchecked(payload as usize))
    }
    #[inline(always)]
    pub fn addr(self) -> usize {
        self.0.get()
    }
    #[inline(always)]
    pub fn payload(self) -> *mut u8 {
        self.0.get() as *mut u8
    }
    #[inline(always)]
    pub fn header(self) -> &'static Header {
        // SAFETY: a `Ref` is only made for live objects, whose header lies in front; the object outlives the use of the
        // header because whoever holds the `Ref` in a local pins or roots it.
        unsafe { &*((self.0.get() - 8) as *const Header) }
    }
    #[inline(always)]
    pub fn has(self, bit: u8) -> bool {
        self.header().gc.load(Relaxed) & bit != 0
    }
    #[inline(always)]
    pub(crate) fn set(self, bit: u8) {
        let h = self.header();
        h.gc.store(h.gc.load(Relaxed) | bit, Relaxed);
    }
    #[inline(always)]
    pub(crate) fn clear(self, bit: u8) {
        let h = self.header();
        h.gc.store(h.gc.load(Relaxed) & !bit, Relaxed);
    }
    #[inline(always)]
    pub fn kind(self) -> &'static Kind {
        kind(self.header().kind.load(Relaxed))
    }
    /// Bytes of the payload without the extra words, rounded up to words.
    #[inline(always)]
    pub fn base_size(self) -> usize {
        match self.kind().size {
            Size::Fixed(n) => (n + 7) & !7,
            // SAFETY: the kind's function fits the kind's payload.
            Size::Var(f) => unsafe { (f(self.payload()) + 7) & !7 },
        }
    }
    /// Bytes of the whole cell: header, payload, extra words.
    #[inline(always)]
    pub fn cell_size(self) -> usize {
        cell_size(self.base_size(), self.header().extra.load(Relaxed))
    }
}

/// Bytes that an object takes in all.
#[inline(always)]
pub fn cell_size(base: usize, extra: u8) -> usize {
    let payload = ((base + 7) & !7) + extra as usize * 8;
    8 + payload.max(8)
}

/// Does this word refer to an object?
#[inline(always)]
pub fn is_ref(word: u64) -> bool {
    word & 7 == 0 && word != 0
}

/// A mutable word of a heap object. Relaxed-atomic: racing reads and writes are never undefined behaviour.
#[repr(transparent)]
pub struct Slot(AtomicU64);

impl Slot {
    pub const fn new(word: u64) -> Slot {
        Slot(AtomicU64::new(word))
    }
    #[inline(always)]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
    /// Writes without a barrier: only into an object that has not seen a safepoint yet, or a word that is no reference
    /// replacing one that is none.
    #[inline(always)]
    pub fn init(&self, word: u64) {
        self.0.store(word, Relaxed);
    }
    /// The write barrier, then the store. `owner` is the object that this slot lies in.
    #[inline(always)]
    pub fn set(&self, m: &mut Mutator, owner: Ref, word: u64) {
        // Storing what is no reference makes nothing reachable from old to young.
        if is_ref(word) {
            m.barrier_slot(owner, self);
        }
        self.0.store(word, Relaxed);
    }
    #[inline(always)]
    pub(crate) fn as_ptr(&self) -> *mut u64 {
        self.0.as_ptr()
    }
}

/// How big a payload is.
#[derive(Clone, Copy)]
pub enum Size {
    Fixed(usize),
    Var(unsafe fn(*mut u8) -> usize),
}

/// Where a payload's references are (extra words are always traced).
#[derive(Clone, Copy)]
pub enum Layout {
    /// There are none.
    Opaque,
    /// The first words.
    Words(usize),
    /// All words.
    All,
    /// A run of words: (start, count).
    Range(unsafe fn(*mut u8) -> (*mut u64, usize)),
    /// The function calls back for each run of words: start, count.
    Custom(unsafe fn(*mut u8, &mut dyn FnMut(*mut u64, usize))),
}

/// What the collector knows of a class of objects with equal layout.
pub struct Kind {
    pub name: &'static str,
    pub size: Size,
    pub layout: Layout,
    /// Number of the payload word that refers weakly, if there is one.
    pub weak_word: Option<usize>,
    /// Frees what the object owns outside of the heap. Must not touch other objects.
    pub drop: Option<unsafe fn(*mut u8)>,
    /// Big ones are arrays written slot by slot: the barrier logs slots instead of the whole object.
    pub slot_log: bool,
}

impl Kind {
    pub const fn new(name: &'static str, size: Size, layout: Layout) -> Kind {
        Kind { name, size, layout, weak_word: None, drop: None, slot_log: false }
    }
    pub const fn with_drop(mut self, drop: unsafe fn(*mut u8)) -> Kind {
        self.drop = Some(drop);
        self
    }
    pub const fn with_slot_log(mut self) -> Kind {
        self.slot_log = true;
        self
    }
    pub const fn with_weak_word(mut self, word: usize) -> Kind {
        self.weak_word = Some(word);
        self
    }
}

static KINDS: [AtomicPtr<Kind>; 256] = [const { AtomicPtr::new(std::ptr::null_mut()) }; 256];
static NEXT_KIND: AtomicU32 = AtomicU32::new(128);

#[inline(always)]
pub(crate) fn kind(n: u8) -> &'static Kind {
    let p = KINDS[n as usize].load(Relaxed);
    debug_assert!(!p.is_null(), "kind {n} is not registered");
    // SAFETY: objects are only made with registered kinds, which are 'static.
    unsafe { &*p }
}

pub(crate) fn kind_checked(n: u8) -> Option<&'static Kind> {
    // SAFETY: null or 'static.
    unsafe { KINDS[n as usize].load(Relaxed).as_ref() }
}

/// Registers a kind under a fixed number below 128. Doing so twice is harmless.
pub fn register_fixed(n: u8, k: &'static Kind) {
    assert!(n < 128);
    KINDS[n as usize].store(k as *const Kind as *mut Kind, Relaxed);
}

/// Registers a kind under the next free number from 128 on.
pub fn register(k: &'static Kind) -> u8 {
    let n = NEXT_KIND.fetch_add(1, Relaxed);
    assert!(n < 256, "more than 128 dynamic kinds: widen the header's kind field");
    KINDS[n as usize].store(k as *const Kind as *mut Kind, Relaxed);
    n as u8
}

/// Shows every word of a live object that may hold a value (for introspection; nothing may be allocated meanwhile).
pub fn show_words(r: Ref, mut f: impl FnMut(u64)) {
    // SAFETY: a Ref is a live object; the words are only read.
    unsafe { each_word(r, |w| f(*w)) }
}

/// Calls `visit` with every traced word of an object.
///
/// # Safety
/// `r` is a live, initialised object.
#[inline(always)]
pub(crate) unsafe fn each_word(r: Ref, mut visit: impl FnMut(*mut u64)) {
    let payload = r.payload();
    let extra = r.header().extra.load(Relaxed) as usize;
    let mut run = |start: *mut u64, n: usize| {
        for i in 0..n {
            visit(start.add(i));
        }
    };
    match r.kind().layout {
        Layout::Opaque => {}
        Layout::Words(n) => run(payload.cast(), n),
        Layout::All => run(payload.cast(), r.base_size() / 8),
        Layout::Range(f) => {
            let (start, n) = f(payload);
            run(start, n)
        }
        Layout::Custom(f) => f(payload, &mut run),
    }
    if extra > 0 {
        run(payload.add(r.base_size()).cast(), extra);
    }
}

/// Payload bytes of a kind of fixed size; 0 for kinds of variable size.
pub fn fixed_size(n: u8) -> usize {
    match kind(n).size {
        Size::Fixed(n) => n,
        Size::Var(_) => 0,
    }
}
