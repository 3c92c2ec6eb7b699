//! The minor collection: pins what native stacks point at, copies what else is reachable and young to the old space.
//!
//! Steps: pin, roots, log, trace to the end, registries, reset the nursery. After it, nothing is young.

use crate::heap::Heap;
use crate::object::{Ref, bits, each_word, is_ref};
use crate::registry::{Registry, young_now};
use crate::stack;
use std::time::Instant;

struct Minor<'a> {
    heap: &'a mut Heap,
    /// Promoted objects whose words are still to be looked at.
    todo: Vec<Ref>,
    residents: Vec<Ref>,
    promoted: usize,
}

impl Heap {
    pub(crate) fn minor(&mut self) {
        let start = Instant::now();
        let given = self.nursery.given;
        let mut m = Minor { heap: self, todo: Vec::new(), residents: Vec::new(), promoted: 0 };
        m.pin_from_stacks();
        m.roots();
        m.logged();
        m.drain();
        m.finalizers();
        m.weak_and_ids();
        m.droppables();
        m.free_big();
        let (residents, promoted) = (std::mem::take(&mut m.residents), m.promoted);
        let poison = self.config.stress != 0;
        self.nursery.reset(&residents, poison);
        let ns = start.elapsed().as_nanos() as u64;
        self.stats.minor += 1;
        self.stats.minor_ns += ns;
        self.stats.minor_max_ns = self.stats.minor_max_ns.max(ns);
        self.stats.promoted += promoted as u64;
        self.stats.pinned += residents.len() as u64;
        self.adapt(ns, given);
    }

    /// Sizes the nursery so that a collection takes about the target time.
    fn adapt(&mut self, ns: u64, given: usize) {
        if self.config.target_ns == 0 || given < 64 << 10 {
            return;
        }
        self.ns_per_byte = 0.75 * self.ns_per_byte + 0.25 * (ns as f64 / given as f64);
        let want = (self.config.target_ns as f64 / self.ns_per_byte.max(1e-3)) as usize;
        // At most doubles or halves at a time: one odd collection must not swing it.
        let now = self.nursery.size;
        let want = want.clamp(now / 2, now * 2);
        self.nursery.size = want.clamp(self.config.nursery_min, self.config.nursery_max);
    }
}

impl Minor<'_> {
    fn pin_from_stacks(&mut self) {
        for (from, to) in self.heap.stacks() {
            // SAFETY: the stacks of parked mutators and of the one that collects do not change now.
            unsafe { stack::scan(from, to, |word| self.pin(word)) };
        }
    }

    #[inline(always)]
    fn pin(&mut self, word: usize) {
        if !self.heap.region.maybe_young(word) {
            return;
        }
        let found = self.pin_candidate(word);
        // Compiled code may keep nothing but the address behind an object's last byte, which is where the next one's
        // header begins: then both are pinned. (It also keeps nothing but the header's address, so that counts too.)
        if found.is_none_or(|r| r.addr() - 8 == word) {
            self.pin_candidate(word - 8);
        }
    }

    fn pin_candidate(&mut self, word: usize) -> Option<Ref> {
        let nursery = self.heap.region.in_nursery(word);
        let r = if nursery { self.heap.nursery.find(word)? } else { self.heap.big.find(word)? };
        self.pin_object(r, nursery);
        Some(r)
    }

    fn pin_object(&mut self, r: Ref, nursery: bool) {
        if r.has(bits::OLD) {
            return;
        }
        if nursery {
            self.residents.push(r);
        }
        self.promote_in_place(r);
    }

    fn promote_in_place(&mut self, r: Ref) {
        r.set(bits::OLD | bits::NEEDS_LOG);
        self.todo.push(r);
    }

    fn roots(&mut self) {
        for (visit, client) in self.heap.roots.clone() {
            // SAFETY: the client registered the visitor with this argument and keeps it valid.
            unsafe { visit(client, false, &mut |w| self.word(w)) };
        }
        // The queues for the client are roots as well.
        let mut queues = std::mem::take(&mut self.heap.registry.finalize);
        let mut cleared = std::mem::take(&mut self.heap.registry.cleared);
        for w in queues.iter_mut().chain(cleared.iter_mut()) {
            // SAFETY: words of our own vectors.
            unsafe { self.word(w) };
        }
        self.heap.registry.finalize = queues;
        self.heap.registry.cleared = cleared;
    }

    fn logged(&mut self) {
        let log = std::mem::take(&mut self.heap.log);
        for r in &log {
            r.set(bits::NEEDS_LOG);
            // SAFETY: logged objects are old and alive until the next major collection, which clears the log.
            unsafe { each_word(*r, |w| self.word(w)) };
        }
        let slots = std::mem::take(&mut self.heap.slot_log);
        for w in slots {
            // SAFETY: slots of live old objects, likewise.
            unsafe { self.word(w) };
        }
    }

    fn drain(&mut self) {
        while let Some(r) = self.todo.pop() {
            // SAFETY: promoted objects are initialised and alive.
            unsafe { each_word(r, |w| self.word(w)) };
        }
    }

    /// If the word refers to a young object: promotes it and updates the word.
    #[inline(always)]
    unsafe fn word(&mut self, w: *mut u64) {
        let word = *w;
        if is_ref(word) && self.heap.region.maybe_young(word as usize) {
            *w = self.promote(Ref::new(word as *mut u8)).addr() as u64;
        }
    }

    fn promote(&mut self, r: Ref) -> Ref {
        if r.has(bits::OLD) {
            return r;
        }
        if r.has(bits::FORWARDED) {
            // SAFETY: a forwarded object's first payload word is its new address.
            return unsafe { Ref::new(*(r.payload() as *const usize) as *mut u8) };
        }
        if !self.heap.region.in_nursery(r.addr()) {
            self.promote_in_place(r);
            return r;
        }
        self.copy(r)
    }

    fn copy(&mut self, r: Ref) -> Ref {
        let size = r.cell_size();
        let to = match self.heap.registry.ids.get(&r.addr()) {
            Some(&shadow) if r.has(bits::HAS_ID) => Some((shadow - 8) as *mut u8),
            _ => self.heap.alloc_old_cell(size),
        };
        let Some(to) = to else {
            // No memory to copy to: it stays where it is.
            self.residents.push(r);
            self.promote_in_place(r);
            return r;
        };
        // SAFETY: a fresh cell of at least `size` bytes; the old place becomes a forwarding mark.
        unsafe {
            std::ptr::copy_nonoverlapping(r.payload().sub(8), to, size);
            let new = Ref::new(to.add(8));
            new.set(bits::OLD | bits::NEEDS_LOG);
            new.clear(bits::HAS_ID);
            *(r.payload() as *mut usize) = new.addr();
            r.set(bits::FORWARDED);
            self.promoted += size;
            self.todo.push(new);
            new
        }
    }

    /// Young objects with finalisers that nothing refers to are kept and queued.
    fn finalizers(&mut self) {
        for r in std::mem::take(&mut self.heap.registry.finalizable.young) {
            match young_now(r) {
                Some(now) if now.has(bits::FINALIZED) => {}
                Some(now) => self.heap.registry.finalizable.old.push(now),
                None if r.has(bits::FINALIZED) => {}
                None => {
                    // Weak references to it are cleared before its finaliser runs.
                    self.clear_weak_to(r);
                    let now = self.promote(r);
                    now.set(bits::FINALIZED);
                    self.heap.registry.finalize.push_back(now.addr() as u64);
                    self.drain();
                }
            }
        }
    }

    fn clear_weak_to(&mut self, target: Ref) {
        for &weak in &self.heap.registry.weak.young {
            // A weak reference that was moved keeps its word in the copy.
            let Some(now) = young_now(weak) else { continue };
            let slot = Registry::weak_slot(now);
            if slot.get() == target.addr() as u64 {
                slot.init(0);
                self.heap.registry.cleared.push_back(now.addr() as u64);
            }
        }
    }

    fn weak_and_ids(&mut self) {
        let heap = &mut *self.heap;
        let region = &heap.region;
        let target_now = |r: Ref| if region.maybe_young(r.addr()) { young_now(r) } else { Some(r) };
        let reg = &mut heap.registry;
        let mut alive: Vec<Ref> = std::mem::take(&mut reg.weak.young).into_iter().filter_map(young_now).collect();
        Registry::sweep_weak(&mut alive, &mut reg.cleared, target_now);
        reg.weak.old.append(&mut alive);
        // An old weak reference refers to a young target only if it was pinned or made old at birth.
        for key in std::mem::take(&mut reg.young_canonical) {
            let Some(weak) = reg.canonical.remove(&key) else { continue };
            // SAFETY: both were alive when the entry was made, in this cycle; their headers are still there.
            let (target, weak) = unsafe { (Ref::new((key & !7) as *mut u8), Ref::new(weak as *mut u8)) };
            let weak_now = if region.maybe_young(weak.addr()) { young_now(weak) } else { Some(weak) };
            if let (Some(t), Some(w)) = (target_now(target), weak_now)
                && Registry::weak_slot(w).get() == t.addr() as u64
            {
                reg.canonical.insert(t.addr() | key & 7, w.addr());
            }
        }
        for addr in std::mem::take(&mut reg.young_ids) {
            let Some(id) = reg.ids.remove(&addr) else { continue };
            // SAFETY: as above.
            match young_now(unsafe { Ref::new(addr as *mut u8) }) {
                // Moved into the cell that is its identity: from now on the address says it.
                Some(now) if now.addr() == id => {}
                Some(now) => {
                    reg.ids.insert(now.addr(), id);
                }
                None => heap.blocks.free_cell(unsafe { Ref::new(id as *mut u8) }),
            }
        }
    }

    fn droppables(&mut self) {
        let reg = &mut self.heap.registry;
        let mut young = std::mem::take(&mut reg.droppable.young);
        Registry::sweep_droppable(&mut young, young_now);
        reg.droppable.old.append(&mut young);
    }

    fn free_big(&mut self) {
        for r in std::mem::take(&mut self.heap.big.young) {
            if !r.has(bits::OLD) {
                self.heap.big.free(r);
            }
        }
    }
}
