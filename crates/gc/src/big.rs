//! Big objects: a run of pages each, in an address range of their own.

use crate::object::{Ref, bits};
use crate::region::{self, Region};
use std::collections::BTreeMap;

/// All big objects and the free address ranges between them.
pub struct Big {
    /// Address -> bytes.
    live: BTreeMap<usize, usize>,
    free: BTreeMap<usize, usize>,
    top: usize,
    end: usize,
    pub used: usize,
    /// Allocated since the last minor collection.
    pub young: Vec<Ref>,
}

const PAGE: usize = 4096;

impl Big {
    pub fn new(region: &Region) -> Big {
        Big {
            live: BTreeMap::new(),
            free: BTreeMap::new(),
            top: region.big_base,
            end: region.big_end,
            used: 0,
            young: Vec::new(),
        }
    }

    /// Zeroed memory for a cell; the object is young.
    pub fn alloc(&mut self, size: usize) -> Option<*mut u8> {
        let len = size.checked_add(PAGE - 1)? & !(PAGE - 1);
        let hole = self.free.iter().find(|(_, l)| **l >= len).map(|(a, l)| (*a, *l));
        let at = match hole {
            Some((a, l)) => {
                self.free.remove(&a);
                if l > len {
                    self.free.insert(a + len, l - len);
                }
                a
            }
            None => {
                if self.end - self.top < len {
                    return None;
                }
                let a = self.top;
                self.top += len;
                a
            }
        };
        if !region::commit(at, len) {
            self.free.insert(at, len);
            return None;
        }
        self.live.insert(at, len);
        self.used += len;
        // SAFETY: the caller writes the header at `at` at once.
        self.young.push(unsafe { Ref::new((at + 8) as *mut u8) });
        Some(at as *mut u8)
    }

    /// Gives an object's pages back.
    pub fn free(&mut self, r: Ref) {
        let at = r.addr() - 8;
        let Some(mut len) = self.live.remove(&at) else { return };
        self.used -= len;
        region::release(at, len);
        let mut at = at;
        if let Some(next) = self.free.remove(&(at + len)) {
            len += next;
        }
        if let Some((&before, &l)) = self.free.range(..at).next_back()
            && before + l == at
        {
            at = before;
            len += l;
        }
        self.free.insert(at, len);
    }

    /// The object whose cell (header included) `addr` points into.
    pub fn find(&self, addr: usize) -> Option<Ref> {
        let (&at, &len) = self.live.range(..=addr).next_back()?;
        // SAFETY: live ranges start with a header.
        (addr < at + len).then(|| unsafe { Ref::new((at + 8) as *mut u8) })
    }

    /// Frees what is not marked and clears the marks. `before_free` sees each dead object.
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
    }

    pub fn each(&self, mut f: impl FnMut(Ref)) {
        for &at in self.live.keys() {
            // SAFETY: live ranges start with a header.
            f(unsafe { Ref::new((at + 8) as *mut u8) });
        }
    }
}
