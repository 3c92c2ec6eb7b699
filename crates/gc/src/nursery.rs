//! The nursery: 32 KB chunks handed to mutators, who bump-allocate in the holes between *resident* objects (objects that
//! were pinned by the native stack during a collection and became old where they lay).
//!
//! Invariants: within a hole, objects lie back to back from its start to where the mutator's pointer got; `starts` has a
//! bit for each resident and, once a chunk was walked in a collection, for each young object.

use crate::object::{Ref, bits};
use crate::region::{self, CHUNK, NURSERY_SPACE, Region};

const MIN_HOLE: usize = 256;
/// A chunk with more residents than this is left alone: looking for its holes costs more than they are worth.
const CROWDED: u32 = 48;
const WORDS: usize = CHUNK / 8 / 64;

struct Chunk {
    starts: [u64; WORDS],
    /// Holes handed out since the last collection: (start, how far it was filled).
    holes: Vec<(usize, usize)>,
    walked: bool,
    residents: u32,
}

/// The chunks.
pub struct Nursery {
    chunks: Vec<Chunk>,
    /// Next chunk to hand out in this cycle.
    cursor: usize,
    base: usize,
    /// Bytes handed out since the last collection.
    pub given: usize,
    /// Bytes that may be handed out between collections.
    pub size: usize,
}

/// A hole that a mutator fills.
#[derive(Clone, Copy)]
pub struct Hole {
    pub start: usize,
    pub end: usize,
}

impl Nursery {
    pub fn new(region: &Region, size: usize) -> Nursery {
        Nursery { chunks: Vec::new(), cursor: 0, base: region.base, given: 0, size }
    }

    fn chunk_of(&self, addr: usize) -> usize {
        (addr - self.base) / CHUNK
    }

    /// Records how far a mutator filled its hole.
    pub fn close(&mut self, hole: Hole, filled: usize) {
        if filled > hole.start {
            let c = self.chunk_of(hole.start);
            self.chunks[c].holes.push((hole.start, filled));
        }
    }

    /// The next hole of at least `need` bytes, zeroed; looks behind `after` in its chunk first. None: collect first.
    pub fn next_hole(&mut self, after: Option<Hole>, need: usize) -> Option<Hole> {
        if self.given >= self.size {
            return None;
        }
        if let Some(h) = after
            && let Some(hole) = self.hole_in(self.chunk_of(h.start), h.end, need)
        {
            return Some(self.give(hole));
        }
        loop {
            let c = self.cursor;
            if c == self.chunks.len() {
                if c >= NURSERY_SPACE / CHUNK || !region::commit(self.base + c * CHUNK, CHUNK) {
                    return None;
                }
                self.chunks.push(Chunk { starts: [0; WORDS], holes: Vec::new(), walked: false, residents: 0 });
            }
            self.cursor += 1;
            if self.chunks[c].residents > CROWDED {
                continue;
            }
            if let Some(hole) = self.hole_in(c, self.base + c * CHUNK, need) {
                return Some(self.give(hole));
            }
        }
    }

    fn give(&mut self, hole: Hole) -> Hole {
        self.given += hole.end - hole.start;
        // SAFETY: no resident lies in the hole, and what was young there is dead.
        unsafe { std::ptr::write_bytes(hole.start as *mut u8, 0, hole.end - hole.start) };
        hole
    }

    fn hole_in(&self, c: usize, from: usize, need: usize) -> Option<Hole> {
        let (start, end) = (self.base + c * CHUNK, self.base + (c + 1) * CHUNK);
        if self.chunks[c].residents == 0 {
            return (from == start).then_some(Hole { start, end });
        }
        let mut at = from;
        loop {
            let next = self.next_start(c, at);
            let limit = next.map_or(end, |r| r.addr() - 8);
            if limit - at >= MIN_HOLE.max(need) {
                return Some(Hole { start: at, end: limit });
            }
            let r = next?;
            at = r.addr() - 8 + r.cell_size();
            if at >= end {
                return None;
            }
        }
    }

    /// First object of the bitmap at or behind `at`.
    fn next_start(&self, c: usize, at: usize) -> Option<Ref> {
        let chunk = &self.chunks[c];
        let first = (at - self.base - c * CHUNK) / 8;
        for w in first / 64..WORDS {
            let mut word = chunk.starts[w];
            if w == first / 64 {
                word &= !0 << (first % 64);
            }
            if word != 0 {
                let n = w * 64 + word.trailing_zeros() as usize;
                // SAFETY: the bitmap names headers.
                return Some(unsafe { Ref::new((self.base + c * CHUNK + n * 8 + 8) as *mut u8) });
            }
        }
        None
    }

    /// The object whose cell (header included) `addr` (in the nursery's space) points into. Mutators' holes must have been closed.
    pub fn find(&mut self, addr: usize) -> Option<Ref> {
        let c = self.chunk_of(addr);
        if c >= self.chunks.len() {
            return None;
        }
        // Without holes there is nothing to walk, and the chunk must not count as walked: marking asks between two minor
        // collections, and holes may be filled behind it.
        if !self.chunks[c].walked && !self.chunks[c].holes.is_empty() {
            self.walk(c);
        }
        let chunk = &self.chunks[c];
        let n = (addr - self.base - c * CHUNK) / 8;
        let mut w = n / 64;
        let mut word = chunk.starts[w] & (!0 >> (63 - n % 64));
        while word == 0 {
            if w == 0 {
                return None;
            }
            w -= 1;
            word = chunk.starts[w];
        }
        let at = self.base + c * CHUNK + (w * 64 + 63 - word.leading_zeros() as usize) * 8;
        // SAFETY: the bitmap names headers.
        let r = unsafe { Ref::new((at + 8) as *mut u8) };
        (addr < at + r.cell_size()).then_some(r)
    }

    fn walk(&mut self, c: usize) {
        let start = self.base + c * CHUNK;
        let chunk = &mut self.chunks[c];
        chunk.walked = true;
        for &(from, to) in &chunk.holes {
            let mut at = from;
            while at < to {
                let n = (at - start) / 8;
                chunk.starts[n / 64] |= 1 << (n % 64);
                // SAFETY: objects lie back to back in a hole. A moved one still has its header; its size comes from
                // the copy when the first payload word was overwritten.
                at += unsafe { moved_cell_size(Ref::new((at + 8) as *mut u8)) };
            }
        }
    }

    /// Ends a minor collection: `residents` are the objects that were pinned; all other young ones are gone.
    pub fn reset(&mut self, residents: &[Ref], poison: bool) {
        for (c, chunk) in self.chunks.iter_mut().enumerate() {
            if chunk.holes.is_empty() && !chunk.walked {
                continue;
            }
            if poison {
                poison_holes(chunk, residents);
            }
            let start = self.base + c * CHUNK;
            if chunk.walked {
                for &(from, to) in &chunk.holes {
                    clear_bits(&mut chunk.starts, (from - start) / 8, (to - start) / 8);
                }
            }
            chunk.holes.clear();
            chunk.walked = false;
        }
        for r in residents {
            let c = (r.addr() - self.base) / CHUNK;
            let n = (r.addr() - 8 - self.base - c * CHUNK) / 8;
            self.chunks[c].starts[n / 64] |= 1 << (n % 64);
            self.chunks[c].residents += 1;
        }
        self.cursor = 0;
        self.given = 0;
    }

    /// Calls `f` with every resident object.
    pub fn each_resident(&self, mut f: impl FnMut(Ref)) {
        for (c, chunk) in self.chunks.iter().enumerate().filter(|(_, k)| k.residents > 0) {
            for (w, word) in chunk.starts.iter().enumerate() {
                let mut word = *word;
                while word != 0 {
                    let n = w * 64 + word.trailing_zeros() as usize;
                    word &= word - 1;
                    // SAFETY: the bitmap names headers.
                    f(unsafe { Ref::new((self.base + c * CHUNK + n * 8 + 8) as *mut u8) });
                }
            }
        }
    }

    /// Forgets unmarked residents and clears the marks of the others.
    pub fn sweep_residents(&mut self) {
        let mut dead = Vec::new();
        self.each_resident(|r| {
            if r.has(bits::MARK) {
                r.clear(bits::MARK);
            } else {
                dead.push(r);
            }
        });
        for r in dead {
            let c = self.chunk_of(r.addr());
            let n = (r.addr() - 8 - self.base - c * CHUNK) / 8;
            self.chunks[c].starts[n / 64] &= !(1 << (n % 64));
            self.chunks[c].residents -= 1;
        }
    }

    /// Bytes of the nursery's chunks.
    pub fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK
    }
}

unsafe fn moved_cell_size(r: Ref) -> usize {
    if r.has(bits::FORWARDED) {
        return Ref::new(*(r.payload() as *const usize) as *mut u8).cell_size();
    }
    r.cell_size()
}

fn clear_bits(bits: &mut [u64; WORDS], from: usize, to: usize) {
    let mut n = from;
    while n < to {
        let upto = to.min((n | 63) + 1);
        let mask = (!0u64 >> (64 - (upto - n))) << (n % 64);
        bits[n / 64] &= !mask;
        n = upto;
    }
}

fn poison_holes(chunk: &Chunk, residents: &[Ref]) {
    for &(from, to) in &chunk.holes {
        let mut keep: Vec<(usize, usize)> = residents
            .iter()
            .filter(|r| (from..to).contains(&r.addr()))
            .map(|r| (r.addr() - 8, r.addr() - 8 + r.cell_size()))
            .collect();
        keep.sort_unstable();
        let mut at = from;
        for (start, end) in keep {
            // SAFETY: nothing live lies between residents.
            unsafe { crate::poison(at as *mut u8, start - at) };
            at = end;
        }
        // SAFETY: as above.
        unsafe { crate::poison(at as *mut u8, to - at) };
    }
}
