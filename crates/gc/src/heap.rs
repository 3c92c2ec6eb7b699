//! The heap and its mutators: allocation, the write barrier, when to collect.
//!
//! Terms. A *mutator* is a thread's view of the heap: the hole of the nursery that it fills, its native stack. The *log*
//! lists old objects written since the last minor collection.
//!
//! Invariant: only one mutator runs at a time (the client's lock sees to that); all others are *parked*, with their
//! registers on their stacks and `parked_sp` set.

use crate::big::Big;
use crate::blocks::{Blocks, MAX_CELL};
use crate::nursery::{Hole, Nursery};
use crate::object::{Header, Ref, Slot, bits, cell_size};
use crate::region::Region;
use crate::registry::Registry;
use crate::stack;

/// Settings; sizes in bytes.
#[derive(Clone, Debug)]
pub struct Config {
    pub nursery: usize,
    pub nursery_min: usize,
    pub nursery_max: usize,
    /// Adapt the nursery towards minor pauses of this many nanoseconds; 0: fixed size.
    pub target_ns: u64,
    /// A major collection starts when the old space has grown by this factor.
    pub major_factor: f64,
    /// The least size of the old space at which a major collection starts.
    pub major_min: usize,
    /// Hard limit of the heap, 0: none. Allocation past it fails.
    pub max: usize,
    /// Collect at every Nth allocation and poison what was freed; 0: off.
    pub stress: u32,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            nursery: 1 << 20,
            // A smaller one promotes what would have died soon.
            nursery_min: 1 << 20,
            nursery_max: 4 << 20,
            target_ns: 150_000,
            major_factor: 1.82,
            major_min: 32 << 20,
            max: 0,
            stress: 0,
        }
    }
}

/// What collections did so far.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    pub minor: u64,
    pub major: u64,
    pub minor_ns: u64,
    pub major_ns: u64,
    pub minor_max_ns: u64,
    pub major_max_ns: u64,
    pub promoted: u64,
    pub pinned: u64,
}

/// Calls the given function with every root word of the client. If not `all` (in a minor collection), words that have not
/// been written since they were last visited may be left out: what they refer to is old.
pub type RootVisitor = unsafe fn(client: *mut u8, all: bool, visit: &mut dyn FnMut(*mut u64));

pub struct Heap {
    pub(crate) region: Region,
    pub(crate) nursery: Nursery,
    pub(crate) blocks: Blocks,
    pub(crate) big: Big,
    pub(crate) log: Vec<Ref>,
    pub(crate) slot_log: Vec<*mut u64>,
    pub(crate) registry: Registry,
    pub(crate) roots: Vec<(RootVisitor, *mut u8)>,
    pub(crate) mutators: Vec<*mut Mutator>,
    /// For a shape that belongs to an object of its own (a class), that object's address, else 0; set by the client.
    pub(crate) shape_owner: Option<fn(u32) -> u64>,
    /// Called at the end of a major collection's marking, before sweeping; asks with the function what is alive.
    pub(crate) after_mark: Option<fn(&dyn Fn(u64) -> bool)>,
    /// Called after a collection that left finalisers to run or cleared weak references to report.
    pub(crate) pending_hook: Option<fn()>,
    pub config: Config,
    pub stats: Stats,
    pub(crate) threshold: usize,
    pub(crate) external: isize,
    pub(crate) ns_per_byte: f64,
    pub(crate) disabled: bool,
    pub(crate) collecting: bool,
    pub(crate) want_major: bool,
    stress_count: u32,
}

/// A thread's view of the heap. `bump` and `limit` come first: compiled code allocates through them.
#[repr(C)]
pub struct Mutator {
    bump: usize,
    limit: usize,
    heap: *mut Heap,
    hole: Option<Hole>,
    stack_top: usize,
    parked_sp: usize,
}

impl Heap {
    pub fn new(config: Config) -> std::io::Result<Box<Heap>> {
        let region = Region::reserve()?;
        Ok(Box::new(Heap {
            nursery: Nursery::new(&region, config.nursery),
            blocks: Blocks::new(&region),
            big: Big::new(&region),
            region,
            log: Vec::new(),
            slot_log: Vec::new(),
            registry: Registry::default(),
            roots: Vec::new(),
            mutators: Vec::new(),
            shape_owner: None,
            after_mark: None,
            pending_hook: None,
            threshold: config.major_min,
            config,
            stats: Stats::default(),
            external: 0,
            ns_per_byte: 0.3,
            disabled: false,
            collecting: false,
            want_major: false,
            stress_count: 0,
        }))
    }

    /// Adds a source of roots. `client` must stay valid until [`Heap::remove_roots`].
    pub fn add_roots(&mut self, visitor: RootVisitor, client: *mut u8) {
        self.roots.push((visitor, client));
    }
    pub fn remove_roots(&mut self, client: *mut u8) {
        self.roots.retain(|r| r.1 != client);
    }
    /// Tells how a shape number keeps an object (its class) alive.
    pub fn set_shape_owner(&mut self, f: fn(u32) -> u64) {
        self.shape_owner = Some(f);
    }
    /// Installs the hook for the client's weak tables.
    pub fn set_after_mark(&mut self, f: fn(&dyn Fn(u64) -> bool)) {
        self.after_mark = Some(f);
    }
    /// Installs the hook that tells the client to drain the queues of finalisers and cleared weak references.
    pub fn set_pending_hook(&mut self, f: fn()) {
        self.pending_hook = Some(f);
    }
    /// Bytes in use in the old space, native memory included.
    pub fn used(&self) -> usize {
        (self.blocks.used + self.big.used).saturating_add_signed(self.external)
    }
    /// Major collections happen only on request while disabled.
    pub fn set_enabled(&mut self, on: bool) {
        self.disabled = !on;
    }
    pub fn enabled(&self) -> bool {
        !self.disabled
    }

    pub(crate) fn alloc_old_cell(&mut self, size: usize) -> Option<*mut u8> {
        if size <= MAX_CELL { self.blocks.alloc(size) } else { None }
    }
}

impl Mutator {
    /// A mutator for the calling thread; [`Mutator::attach`] it once it lies where it will stay.
    pub fn new(heap: *mut Heap) -> Mutator {
        Mutator { bump: 0, limit: 0, heap, hole: None, stack_top: stack::thread_stack_bounds().1, parked_sp: 0 }
    }

    /// Registers the mutator with its heap. It must not be moved any more.
    pub fn attach(&mut self) {
        let me = self as *mut Mutator;
        self.heap().mutators.push(me);
    }

    /// After a fork only this mutator's thread exists: the stacks of the others are garbage.
    pub fn forget_others(&mut self) {
        let me = self as *mut Mutator;
        self.heap().mutators.retain(|m| *m == me);
    }

    /// The heap. Exclusive because only one mutator runs at a time.
    #[inline(always)]
    pub fn heap(&mut self) -> &mut Heap {
        // SAFETY: see the module's invariant.
        unsafe { &mut *self.heap }
    }

    /// A new object: header written, payload and extra words zero. `Err` if memory ran out or the limit is reached.
    /// May collect.
    #[inline(always)]
    pub fn alloc(&mut self, kind: u8, shape: u32, base: usize, extra: u8) -> Result<Ref, OutOfMemory> {
        let size = cell_size(base, extra);
        let at = self.bump;
        if size > self.limit.wrapping_sub(at) {
            return self.alloc_slow(kind, shape, base, extra);
        }
        self.bump = at + size;
        // SAFETY: at..at+size lies in this mutator's hole, which is zeroed memory of its own.
        unsafe {
            *(at as *mut u64) = header_word(kind, shape, extra, 0);
            Ok(Ref::new((at + 8) as *mut u8))
        }
    }

    #[cold]
    #[inline(never)]
    fn alloc_slow(&mut self, kind: u8, shape: u32, base: usize, extra: u8) -> Result<Ref, OutOfMemory> {
        let size = cell_size(base, extra);
        if base > isize::MAX as usize / 2 {
            return Err(OutOfMemory);
        }
        self.stress_tick();
        if size > MAX_CELL {
            return self.alloc_big(kind, shape, size, extra);
        }
        if let Some(r) = self.carve(size, kind, shape, extra) {
            return Ok(r);
        }
        for attempt in 0..3 {
            self.close_hole();
            let hole = self.hole.take();
            if let Some(hole) = self.heap().nursery.next_hole(hole, size) {
                self.hole = Some(hole);
                self.bump = hole.start;
                if let Some(r) = self.carve(size, kind, shape, extra) {
                    return Ok(r);
                }
            }
            match attempt {
                0 => self.collect_minor(),
                1 => self.collect(),
                _ => {}
            }
            if self.over_limit(size) {
                self.collect();
                if self.over_limit(size) {
                    return Err(OutOfMemory);
                }
            }
        }
        self.alloc_old(kind, shape, base, extra)
    }

    fn over_limit(&mut self, more: usize) -> bool {
        let heap = self.heap();
        heap.config.max != 0 && heap.used() + heap.nursery.bytes() + more > heap.config.max
    }

    fn alloc_big(&mut self, kind: u8, shape: u32, size: usize, extra: u8) -> Result<Ref, OutOfMemory> {
        if self.over_limit(size) {
            self.collect();
            if self.over_limit(size) {
                return Err(OutOfMemory);
            }
        }
        // Big objects use up the nursery's budget, so that garbage of this size is found by minor collections.
        let heap = self.heap();
        heap.nursery.given += size / 8;
        let young_big: usize = heap.big.young.iter().map(|r| r.cell_size()).sum();
        if young_big > 32 << 20 || heap.big.young.len() > 1000 {
            self.collect_minor();
        }
        let slots = crate::object::kind(kind).slot_log && extra == 0;
        let Some(at) = self.heap().big.alloc(size).or_else(|| {
            self.collect();
            self.heap().big.alloc(size)
        }) else {
            return Err(OutOfMemory);
        };
        let gc = if slots { bits::SLOT_LOG } else { 0 };
        // SAFETY: fresh zeroed memory of the right size.
        unsafe {
            *(at as *mut u64) = header_word(kind, shape, extra, gc);
            Ok(Ref::new(at.add(8)))
        }
    }

    /// A new object in the old space, which never moves: for what lives long and is pointed at from native memory.
    /// It is in the log, so it may be filled with young references without barriers until the next safepoint.
    pub fn alloc_old(&mut self, kind: u8, shape: u32, base: usize, extra: u8) -> Result<Ref, OutOfMemory> {
        let size = cell_size(base, extra);
        if size > MAX_CELL {
            return self.alloc_big(kind, shape, size, extra);
        }
        let heap = self.heap();
        let at = heap.alloc_old_cell(size).ok_or(OutOfMemory)?;
        // SAFETY: a fresh cell of at least this size.
        unsafe {
            std::ptr::write_bytes(at, 0, size);
            *(at as *mut u64) = header_word(kind, shape, extra, bits::OLD);
            let r = Ref::new(at.add(8));
            heap.log.push(r);
            Ok(r)
        }
    }

    fn close_hole(&mut self) {
        if let Some(hole) = self.hole {
            let filled = self.bump;
            self.heap().nursery.close(hole, filled);
            self.bump = 0;
            self.limit = 0;
        }
    }

    /// Allocates in the current hole if it has room. In stress mode the limit is put where the bump pointer is, so
    /// that each allocation takes the slow path.
    fn carve(&mut self, size: usize, kind: u8, shape: u32, extra: u8) -> Option<Ref> {
        let (hole, at) = (self.hole?, self.bump);
        if hole.end - at < size {
            return None;
        }
        self.bump = at + size;
        self.limit = if self.heap().config.stress != 0 { self.bump } else { hole.end };
        // SAFETY: as in `alloc`.
        unsafe {
            *(at as *mut u64) = header_word(kind, shape, extra, 0);
            Some(Ref::new((at + 8) as *mut u8))
        }
    }

    fn stress_tick(&mut self) {
        let heap = self.heap();
        if heap.config.stress == 0 {
            return;
        }
        heap.stress_count += 1;
        if heap.stress_count >= heap.config.stress {
            heap.stress_count = 0;
            if heap.stats.minor % 16 == 15 {
                self.collect();
            } else {
                self.collect_minor();
            }
        }
    }

    /// The write barrier for an object that is about to be written to.
    #[inline(always)]
    pub fn barrier(&mut self, owner: Ref) {
        if owner.has(bits::NEEDS_LOG) {
            self.log_object(owner);
        }
    }

    /// The write barrier for one slot of an object.
    #[inline(always)]
    pub fn barrier_slot(&mut self, owner: Ref, slot: &Slot) {
        if owner.has(bits::NEEDS_LOG) {
            self.log_slot(owner, slot);
        }
    }

    #[cold]
    #[inline(never)]
    fn log_object(&mut self, owner: Ref) {
        owner.clear(bits::NEEDS_LOG);
        self.heap().log.push(owner);
    }

    #[cold]
    #[inline(never)]
    fn log_slot(&mut self, owner: Ref, slot: &Slot) {
        if owner.has(bits::SLOT_LOG) {
            let log = &mut self.heap().slot_log;
            log.push(slot.as_ptr());
            if log.len() == log.capacity() && log.len() >= 1 << 16 {
                // A loop that rewrites the same slots without allocating must not fill memory.
                log.sort_unstable();
                log.dedup();
            }
        } else {
            self.log_object(owner);
        }
    }

    /// A minor collection; starts a major one behind it if the old space has grown enough.
    pub fn collect_minor(&mut self) {
        self.collect_with(false);
    }

    /// A full collection.
    pub fn collect(&mut self) {
        self.collect_with(true);
    }

    fn collect_with(&mut self, major: bool) {
        if self.heap().collecting {
            return;
        }
        self.close_hole();
        self.hole = None;
        self.heap().want_major = major;
        // SAFETY: the trampoline calls back at once with this very mutator.
        unsafe { stack::with_registers_on_stack(collect_callback, self as *mut Mutator as *mut u8) };
    }

    /// Runs `f`, which must not touch the heap, while other mutators may run and collect.
    pub fn parked<F: FnOnce() -> R, R>(&mut self, f: F) -> R {
        struct Call<'a, F, R> {
            m: &'a mut Mutator,
            f: Option<F>,
            out: Option<R>,
        }
        unsafe extern "C" fn run<F: FnOnce() -> R, R>(arg: *mut u8, sp: usize) {
            let call = &mut *(arg as *mut Call<'_, F, R>);
            call.m.parked_sp = sp;
            if let Some(f) = call.f.take() {
                call.out = Some(f());
            }
            call.m.parked_sp = 0;
        }
        self.close_hole();
        self.hole = None;
        let mut call = Call { m: self, f: Some(f), out: None };
        // SAFETY: `run` gets the `Call` of the same types.
        unsafe { stack::with_registers_on_stack(run::<F, R>, &mut call as *mut _ as *mut u8) };
        match call.out {
            Some(r) => r,
            None => unreachable!("the trampoline calls back"),
        }
    }

    /// Registers a fresh object whose kind has a weak word or a drop function.
    pub fn register(&mut self, r: Ref) {
        let k = r.kind();
        let old = r.has(bits::OLD);
        let heap = self.heap();
        let list = |aged: &mut crate::registry::Aged| if old { aged.old.push(r) } else { aged.young.push(r) };
        if k.weak_word.is_some() {
            list(&mut heap.registry.weak);
        }
        if k.drop.is_some() {
            list(&mut heap.registry.droppable);
        }
    }

    /// Registers an object whose finaliser is to be queued once when it becomes unreachable.
    pub fn register_finalizable(&mut self, r: Ref) {
        let old = r.has(bits::OLD);
        let aged = &mut self.heap().registry.finalizable;
        if old { aged.old.push(r) } else { aged.young.push(r) }
    }

    /// There is nothing left for the object's finaliser to do (a generator that came to its end).
    pub fn finalizer_done(&mut self, r: Ref) {
        r.set(bits::FINALIZED);
    }

    /// All objects with a finaliser that has not been queued (at exit), about in the order in which they were made.
    pub fn finalizable(&mut self) -> Vec<Ref> {
        let list = &self.heap().registry.finalizable;
        list.old.iter().chain(&list.young).copied().filter(|r| !r.has(bits::FINALIZED)).collect()
    }
    /// The next object whose finaliser is to be called: of those that were found together the one made last.
    pub fn next_finalize(&mut self) -> Option<Ref> {
        // SAFETY: the queue is a root; its words are live objects.
        self.heap().registry.finalize.pop_back().map(|w| unsafe { Ref::new(w as *mut u8) })
    }

    /// The next weak reference whose target died, the same way.
    pub fn next_cleared(&mut self) -> Option<Ref> {
        // SAFETY: as above.
        self.heap().registry.cleared.pop_back().map(|w| unsafe { Ref::new(w as *mut u8) })
    }

    pub fn has_pending(&mut self) -> bool {
        let r = &self.heap().registry;
        !r.cleared.is_empty() || !r.finalize.is_empty()
    }

    /// Counts native memory that objects own (negative: freed), so that it moves the threshold.
    pub fn external(&mut self, bytes: isize) {
        self.heap().external += bytes;
    }

    /// A number that stays the object's own while it lives, though it may move.
    pub fn identity(&mut self, r: Ref) -> usize {
        if r.has(bits::HAS_ID)
            && let Some(id) = self.heap().registry.ids.get(&r.addr())
        {
            return *id;
        }
        if r.has(bits::OLD) || self.heap().region.in_big(r.addr()) {
            return r.addr();
        }
        let size = r.cell_size();
        let heap = self.heap();
        let Some(cell) = heap.alloc_old_cell(size) else { return r.addr() };
        // SAFETY: a fresh cell; until the object moves in it is an opaque filler of the old space.
        let shadow = unsafe {
            std::ptr::write_bytes(cell, 0, size);
            *(cell as *mut u64) = header_word(FILLER, 0, 0, bits::OLD);
            Ref::new(cell.add(8))
        };
        r.set(bits::HAS_ID);
        heap.registry.ids.insert(r.addr(), shadow.addr());
        heap.registry.young_ids.push(r.addr());
        shadow.addr()
    }

    /// The canonical weak reference of a sort (below eight) to an object, if there is one that is alive.
    pub fn canonical_weak(&mut self, r: Ref, sort: usize) -> Option<Ref> {
        if !r.has(bits::HAS_WEAK) {
            return None;
        }
        // SAFETY: entries are removed when either side dies.
        self.heap().registry.canonical.get(&(r.addr() | sort)).map(|a| unsafe { Ref::new(*a as *mut u8) })
    }

    /// All weak references to an object that are registered, those nobody refers to any more included. Walks the list of
    /// all weak references.
    pub fn weak_refs_to(&mut self, r: Ref) -> Vec<Ref> {
        let weak = &self.heap().registry.weak;
        let to = |w: &&Ref| crate::registry::Registry::weak_slot(**w).get() == r.addr() as u64;
        weak.young.iter().chain(weak.old.iter()).filter(to).copied().collect()
    }

    /// Makes `weak` the canonical weak reference of its sort to `r`.
    pub fn set_canonical_weak(&mut self, r: Ref, sort: usize, weak: Ref) {
        r.set(bits::HAS_WEAK);
        let (young_target, young_weak) = (!r.has(bits::OLD), !weak.has(bits::OLD));
        let reg = &mut self.heap().registry;
        reg.canonical.insert(r.addr() | sort, weak.addr());
        if young_target || young_weak {
            reg.young_canonical.push(r.addr() | sort);
        }
    }
}

/// Kind number of cells set aside for identities.
pub const FILLER: u8 = 0;

#[inline(always)]
pub(crate) fn header_word(kind: u8, shape: u32, extra: u8, gc: u8) -> u64 {
    shape as u64 | (kind as u64) << 32 | (gc as u64) << 40 | (extra as u64) << 48
}

const _: () = assert!(size_of::<Header>() == 8);

unsafe extern "C" fn collect_callback(arg: *mut u8, sp: usize) {
    let m = &mut *(arg as *mut Mutator);
    m.parked_sp = sp;
    let heap = m.heap();
    heap.collecting = true;
    let major = heap.want_major;
    heap.minor();
    if major || (!heap.disabled && heap.used() > heap.threshold) {
        heap.major();
    }
    heap.collecting = false;
    if (!heap.registry.cleared.is_empty() || !heap.registry.finalize.is_empty())
        && let Some(f) = heap.pending_hook
    {
        f();
    }
    m.parked_sp = 0;
}

impl Heap {
    /// (start, end) of each mutator's stack in use.
    pub(crate) fn stacks(&self) -> Vec<(usize, usize)> {
        // SAFETY: registered mutators are alive.
        self.mutators.iter().map(|m| unsafe { ((**m).parked_sp, (**m).stack_top) }).filter(|s| s.0 != 0).collect()
    }
}

impl Drop for Mutator {
    fn drop(&mut self) {
        self.close_hole();
        let me = self as *mut Mutator;
        self.heap().mutators.retain(|m| *m != me);
    }
}

/// The heap's limit is reached, or the system has no memory.
#[derive(Clone, Copy, Debug)]
pub struct OutOfMemory;
