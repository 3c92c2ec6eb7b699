//! Objects that need attention when they die or move: weak references, finalisers, native resources, identities.
//!
//! Each list has a young part (allocated since the last minor collection) and an old part, so that a minor collection
//! only looks at young entries.

use crate::object::{Ref, Slot, bits};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// A list of objects by age.
#[derive(Default)]
pub struct Aged {
    pub young: Vec<Ref>,
    pub old: Vec<Ref>,
}

/// The lists.
#[derive(Default)]
pub struct Registry {
    /// Objects whose kind has a weak word.
    pub weak: Aged,
    /// Objects whose kind has a drop function.
    pub droppable: Aged,
    /// Objects with a finaliser that has not been queued.
    pub finalizable: Aged,
    /// Weak references that lost their target; the client drains them (they are roots).
    pub cleared: VecDeque<u64>,
    /// Objects to be finalised; the client drains them (they are roots).
    pub finalize: VecDeque<u64>,
    /// Address of an object -> (identity, reserved cell to move to or to keep reserved).
    pub ids: FxHashMap<usize, usize>,
    /// Young objects with an entry in `ids`.
    pub young_ids: Vec<usize>,
    /// Address of an object plus a number below eight (weak references come in sorts) -> its canonical weak reference.
    pub canonical: FxHashMap<usize, usize>,
    pub young_canonical: Vec<usize>,
}

impl Registry {
    /// The word of a weak reference object that refers to its target.
    pub fn weak_slot(r: Ref) -> &'static Slot {
        let n = r.kind().weak_word.unwrap_or(0);
        // SAFETY: the kind says that the payload has this word; the object is alive (registered and reached).
        unsafe { &*(r.payload() as *const Slot).add(n) }
    }

    /// Clears weak references to objects for which `dead`, and rewrites the others by `place`.
    pub fn sweep_weak(list: &mut [Ref], cleared: &mut VecDeque<u64>, mut target_now: impl FnMut(Ref) -> Option<Ref>) {
        for &r in list.iter() {
            let slot = Registry::weak_slot(r);
            let word = slot.get();
            if word == 0 {
                continue;
            }
            // SAFETY: a weak word is zero or the address of an object that is not swept yet.
            match target_now(unsafe { Ref::new(word as *mut u8) }) {
                Some(t) => slot.init(t.addr() as u64),
                None => {
                    slot.init(0);
                    cleared.push_back(r.addr() as u64);
                }
            }
        }
    }

    /// Calls the drop functions of the dead in `list`; keeps those that `alive` maps to their place.
    pub fn sweep_droppable(list: &mut Vec<Ref>, mut alive: impl FnMut(Ref) -> Option<Ref>) {
        list.retain_mut(|r| match alive(*r) {
            Some(now) => {
                *r = now;
                true
            }
            None => {
                if let Some(drop) = r.kind().drop {
                    // SAFETY: the object is dead and dropped exactly once (it leaves the list).
                    unsafe { drop(r.payload()) };
                }
                false
            }
        });
    }
}

/// Where a young object is after a minor collection has traced everything; None if it is dead.
pub fn young_now(r: Ref) -> Option<Ref> {
    if r.has(bits::FORWARDED) {
        // SAFETY: a forwarded object's first payload word is its new address.
        return Some(unsafe { Ref::new(*(r.payload() as *const usize) as *mut u8) });
    }
    r.has(bits::OLD).then_some(r)
}
