//! The checker: walks the heap and says what is wrong with it. For tests and stress runs.

use crate::heap::{Heap, Mutator};
use crate::object::{Ref, bits, each_word, is_ref, kind_checked};
use std::sync::atomic::Ordering::Relaxed;

impl Heap {
    /// Calls `f` with every object outside of the nursery's holes.
    pub fn each_old(&self, mut f: impl FnMut(Ref)) {
        self.blocks.each(&mut f);
        self.big.each(&mut f);
        self.nursery.each_resident(f);
    }

    /// Checks all old objects: known kind, references that point at objects, young references only from logged objects.
    pub fn check(&self) -> Result<usize, String> {
        let (mut n, mut wrong) = (0, None);
        self.each_old(|r| {
            n += 1;
            if wrong.is_none() {
                wrong = self.check_object(r).err();
            }
        });
        wrong.map_or(Ok(n), Err)
    }

    fn check_object(&self, r: Ref) -> Result<(), String> {
        let number = r.header().kind.load(Relaxed);
        let Some(kind) = kind_checked(number) else {
            return Err(format!("{:#x}: kind {number} is not registered", r.addr()));
        };
        let mut wrong = None;
        // SAFETY: its kind is known and it is not in a hole.
        unsafe {
            each_word(r, |w| {
                if let Err(e) = self.check_word(r, *w, w) {
                    wrong = Some(format!("{:#x} ({}): {e}", r.addr(), kind.name));
                }
            })
        };
        wrong.map_or(Ok(()), Err)
    }

    fn check_word(&self, owner: Ref, word: u64, at: *mut u64) -> Result<(), String> {
        if !is_ref(word) {
            return Ok(());
        }
        let addr = word as usize;
        if self.region.in_blocks(addr) {
            return match self.blocks.find(addr) {
                Some(r) if r.addr() == addr => Ok(()),
                _ => Err(format!("word {word:#x} points at no object of a block")),
            };
        }
        if !self.region.maybe_young(addr) {
            return Err(format!("word {word:#x} points outside of the heap"));
        }
        // SAFETY: it lies in committed space if it is an object; a stray word would fault, which is also a finding.
        let young = unsafe { !Ref::new(addr as *mut u8).has(bits::OLD) };
        if young && owner.has(bits::NEEDS_LOG) && !self.slot_log.contains(&at) {
            return Err(format!("refers to young {word:#x} without being in the log"));
        }
        Ok(())
    }
}

impl Mutator {
    /// [`Heap::check`] for this mutator's heap.
    pub fn check(&mut self) -> Result<usize, String> {
        self.heap().check()
    }
}
