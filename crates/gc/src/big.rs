//! Big objects: a run of pages each, in an address range of their own.

use crate::object::{Ref, bits};
use crate::region::{self, Region};
use std::collections::BTreeMap;

/// All big objects and the free address ranges between them.
pub struct Big {
    /// Address -> bytes.
    live: BTreeMap<usize, usize>,
    free: BTreeMap<usize, Hole>,
    top: usize,
    end: usize,
    /// What lies below is readable and writable for good.
    committed: usize,
    /// Bytes of dirty holes.
    dirty: usize,
    pub used: usize,
    /// Allocated since the last minor collection.
    pub young: Vec<Ref>,
}

/// A free range. A *dirty* one still has its pages, with old contents: lists that grow free one array for the next, and
/// clearing memory is cheaper than giving it back and faulting it in again.
#[derive(Clone, Copy)]
struct Hole {
    len: usize,
    dirty: bool,
}

const PAGE: usize = 4096;
/// Most bytes that dirty holes keep.
const DIRTY_MAX: usize = 8 << 20;
/// Most bytes that they keep after a major collection.
const DIRTY_KEPT: usize = 4 << 20;
/// Address space is committed in steps of this.
const COMMIT_STEP: usize = 1 << 20;

impl Big {
    pub fn new(region: &Region) -> Big {
        Big {
            live: BTreeMap::new(),
            free: BTreeMap::new(),
            top: region.big_base,
            end: region.big_end,
            committed: region.big_base,
            dirty: 0,
            used: 0,
            young: Vec::new(),
        }
    }

    /// Zeroed memory for a cell; the object is young.
    pub fn alloc(&mut self, size: usize) -> Option<*mut u8> {
        let len = size.checked_add(PAGE - 1)? & !(PAGE - 1);
        let hole = self.free.iter().find(|(_, h)| h.len >= len).map(|(a, h)| (*a, *h));
        let at = match hole {
            Some((at, h)) => {
                self.take(at, h, len);
                at
            }
            None => self.extend(len)?,
        };
        self.live.insert(at, len);
        self.used += len;
        // SAFETY: the caller writes the header at `at` at once.
        self.young.push(unsafe { Ref::new((at + 8) as *mut u8) });
        Some(at as *mut u8)
    }

    /// Takes the first `len` bytes of a hole.
    fn take(&mut self, at: usize, h: Hole, len: usize) {
        self.free.remove(&at);
        if h.len > len {
            self.free.insert(at + len, Hole { len: h.len - len, ..h });
        }
        if h.dirty {
            self.dirty -= len;
            // SAFETY: committed memory that no object lies in.
            unsafe { std::ptr::write_bytes(at as *mut u8, 0, len) };
        }
    }

    /// `len` bytes of address space that was never used.
    fn extend(&mut self, len: usize) -> Option<usize> {
        let at = self.top;
        if self.end - at < len {
            return None;
        }
        if at + len > self.committed {
            let more =
                ((at + len - self.committed + COMMIT_STEP - 1) & !(COMMIT_STEP - 1)).min(self.end - self.committed);
            if !region::commit(self.committed, more) {
                return None;
            }
            self.committed += more;
        }
        self.top += len;
        Some(at)
    }

    /// Frees an object's memory.
    pub fn free(&mut self, r: Ref) {
        let mut at = r.addr() - 8;
        let Some(mut len) = self.live.remove(&at) else { return };
        self.used -= len;
        let dirty = self.dirty + len <= DIRTY_MAX;
        if dirty {
            self.dirty += len;
        } else {
            region::release(at, len);
        }
        if let Some(next) = self.free.get(&(at + len)).copied()
            && next.dirty == dirty
        {
            self.free.remove(&(at + len));
            len += next.len;
        }
        if let Some((&before, &h)) = self.free.range(..at).next_back()
            && before + h.len == at
            && h.dirty == dirty
        {
            at = before;
            len += h.len;
        }
        self.free.insert(at, Hole { len, dirty });
    }

    /// Gives the pages of most dirty holes back to the system: those with the highest addresses.
    fn trim(&mut self) {
        let old = std::mem::take(&mut self.free);
        self.dirty = 0;
        for (at, mut h) in old {
            if h.dirty && self.dirty + h.len <= DIRTY_KEPT {
                self.dirty += h.len;
            } else if h.dirty {
                region::release(at, h.len);
                h.dirty = false;
            }
            match self.free.last_entry() {
                Some(mut e) if *e.key() + e.get().len == at && e.get().dirty == h.dirty => e.get_mut().len += h.len,
                _ => {
                    self.free.insert(at, h);
                }
            }
        }
    }

    /// The object whose cell (header included) `addr` points into.
    pub fn find(&self, addr: usize) -> Option<Ref> {
        let (&at, &len) = self.live.range(..=addr).next_back()?;
        // SAFETY: live ranges start with a header.
        (addr < at + len).then(|| unsafe { Ref::new((at + 8) as *mut u8) })
    }

    /// Frees what is not marked and clears the marks.
    pub fn sweep(&mut self) {
        let mut dead = Vec::new();
        self.each(|r| {
            if r.has(bits::MARK) {
                r.clear(bits::MARK);
            } else {
                dead.push(r);
            }
        });
        for r in dead {
            self.free(r);
        }
        self.trim();
    }

    pub fn each(&self, mut f: impl FnMut(Ref)) {
        for &at in self.live.keys() {
            // SAFETY: live ranges start with a header.
            f(unsafe { Ref::new((at + 8) as *mut u8) });
        }
    }
}
