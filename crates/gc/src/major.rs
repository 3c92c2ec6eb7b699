//! The major collection: marks from the roots, then sweeps. Runs right after a minor collection, so nothing is young.
//!
//! It still stops the world. The write barrier's contract (before the store) already allows for marking in steps.

use crate::heap::Heap;
use crate::object::{Ref, bits, each_word, is_ref};
use crate::registry::Registry;
use crate::stack;
use std::time::Instant;

/// Mark stack and what marking needs of the heap.
struct Marker<'a> {
    heap: &'a mut Heap,
    todo: Vec<Ref>,
}

impl Heap {
    pub(crate) fn major(&mut self) {
        let start = Instant::now();
        let mut m = Marker { heap: self, todo: Vec::with_capacity(4096) };
        m.roots();
        m.drain();
        m.finalizers();
        m.after_mark();
        self.sweep_registries();
        let poison = self.config.stress != 0;
        self.blocks.sweep(poison);
        self.big.sweep();
        self.nursery.sweep_residents();
        let grown = (self.used() as f64 * self.config.major_factor) as usize;
        self.threshold = grown.max(self.config.major_min);
        let ns = start.elapsed().as_nanos() as u64;
        self.stats.major += 1;
        self.stats.major_ns += ns;
        self.stats.major_max_ns = self.stats.major_max_ns.max(ns);
    }

    /// Was this object reached by the marking that just ended?
    pub(crate) fn is_marked(&self, r: Ref) -> bool {
        if self.region.in_blocks(r.addr()) { self.blocks.is_marked(r) } else { r.has(bits::MARK) }
    }

    fn mark_one(&mut self, r: Ref) -> bool {
        if self.region.in_blocks(r.addr()) {
            return self.blocks.mark(r);
        }
        let fresh = !r.has(bits::MARK);
        r.set(bits::MARK);
        fresh
    }

    fn sweep_registries(&mut self) {
        let mut reg = std::mem::take(&mut self.registry);
        reg.weak.old.retain(|r| self.is_marked(*r));
        Registry::sweep_weak(&mut reg.weak.old, &mut reg.cleared, |t| self.is_marked(t).then_some(t));
        for w in &reg.cleared {
            // SAFETY: just cleared weak references, which are marked.
            self.mark_one(unsafe { Ref::new(*w as *mut u8) });
        }
        let alive = |addr: usize| self.is_marked(unsafe { Ref::new(addr as *mut u8) });
        reg.canonical.retain(|t, w| alive(*t & !7) && alive(*w));
        Registry::sweep_droppable(&mut reg.droppable.old, |r| self.is_marked(r).then_some(r));
        reg.ids.retain(|owner, id| {
            let keep = self.is_marked(unsafe { Ref::new(*owner as *mut u8) });
            if keep {
                // The reserved cell stays reserved while its owner lives.
                self.blocks.mark(unsafe { Ref::new(*id as *mut u8) });
            }
            keep
        });
        self.registry = reg;
    }
}

impl Marker<'_> {
    fn roots(&mut self) {
        for (from, to) in self.heap.stacks() {
            // SAFETY: as in the minor collection.
            unsafe { stack::scan(from, to, |word| self.candidate(word)) };
        }
        for (visit, client) in self.heap.roots.clone() {
            // SAFETY: as in the minor collection.
            unsafe { visit(client, true, &mut |w| self.word(*w)) };
        }
        for w in self.heap.registry.finalize.iter().chain(&self.heap.registry.cleared).copied().collect::<Vec<_>>() {
            self.word(w);
        }
    }

    /// A word of a native stack: marks the object that it points into, and the one whose end it is (see `minor`).
    fn candidate(&mut self, word: usize) {
        if !self.heap.region.contains(word) {
            return;
        }
        let found = self.find(word);
        if let Some(r) = found {
            self.object(r);
        }
        if found.is_none_or(|r| r.addr() - 8 == word)
            && let Some(before) = self.find(word - 8)
        {
            self.object(before);
        }
    }

    fn find(&mut self, word: usize) -> Option<Ref> {
        let region = &self.heap.region;
        if region.in_blocks(word) {
            self.heap.blocks.find(word)
        } else if region.in_nursery(word) {
            self.heap.nursery.find(word)
        } else if region.in_big(word) {
            self.heap.big.find(word)
        } else {
            None
        }
    }

    #[inline(always)]
    fn word(&mut self, word: u64) {
        if is_ref(word) {
            // SAFETY: traced words that look like references are references.
            self.object(unsafe { Ref::new(word as *mut u8) });
        }
    }

    #[inline(always)]
    fn object(&mut self, r: Ref) {
        if self.heap.mark_one(r) {
            self.todo.push(r);
        }
    }

    fn drain(&mut self) {
        while let Some(r) = self.todo.pop() {
            if let Some(owner) = self.heap.shape_owner {
                let shape = r.header().shape.load(std::sync::atomic::Ordering::Relaxed);
                self.word(owner(shape));
            }
            // SAFETY: marked objects are alive and initialised.
            unsafe { each_word(r, |w| self.word(*w)) };
        }
    }

    /// Unreachable objects with finalisers: weak references to them are cleared, then they are kept once more and queued,
    /// in the order of their creation; one that another keeps alive waits for the next collection.
    fn finalizers(&mut self) {
        let list = std::mem::take(&mut self.heap.registry.finalizable.old);
        let (keep, dead): (Vec<Ref>, Vec<Ref>) =
            list.into_iter().filter(|r| !r.has(bits::FINALIZED)).partition(|r| self.heap.is_marked(*r));
        self.heap.registry.finalizable.old = keep;
        if dead.is_empty() {
            return;
        }
        let mut reg = std::mem::take(&mut self.heap.registry);
        let heap = &*self.heap;
        let mut weak: Vec<Ref> = reg.weak.old.iter().copied().filter(|w| heap.is_marked(*w)).collect();
        Registry::sweep_weak(&mut weak, &mut reg.cleared, |t| heap.is_marked(t).then_some(t));
        self.heap.registry = reg;
        for r in dead {
            if self.heap.is_marked(r) {
                self.heap.registry.finalizable.old.push(r);
                continue;
            }
            self.heap.registry.finalize.push_back(r.addr() as u64);
            self.object(r);
            self.drain();
        }
        for w in self.heap.registry.cleared.clone() {
            self.word(w);
        }
        self.drain();
    }

    fn after_mark(&mut self) {
        if let Some(f) = self.heap.after_mark {
            let heap = &*self.heap;
            f(&|word| !is_ref(word) || heap.is_marked(unsafe { Ref::new(word as *mut u8) }));
        }
    }
}
