//! The old space for small objects: 32 KB blocks by size class, allocation and mark bits beside them.
//!
//! Sweeping is a bitmap copy (`alloc := mark`); dead cells are never touched. Free cells are found as runs.

use crate::object::Ref;
use crate::region::{self, CHUNK, Region};

/// Largest cell kept in blocks.
pub const MAX_CELL: usize = 8192;
const BITS: usize = CHUNK / 16 / 64;

/// Size classes: steps of 8 bytes up to 256, then four a doubling.
pub fn class_of(cell: usize) -> usize {
    debug_assert!((16..=MAX_CELL).contains(&cell));
    if cell <= 256 {
        return cell.div_ceil(8) - 2;
    }
    let log = usize::BITS as usize - 1 - (cell - 1).leading_zeros() as usize;
    let step = 1 << (log - 2);
    31 + (log - 8) * 4 + (cell - (1 << log)).div_ceil(step) - 1
}

/// Bytes of the cells of a class.
pub fn class_size(class: usize) -> usize {
    if class <= 30 {
        return (class + 2) * 8;
    }
    let (log, part) = (8 + (class - 31) / 4, (class - 31) % 4 + 1);
    (1 << log) + part * (1 << (log - 2))
}

pub const CLASSES: usize = 31 + 5 * 4;

struct Block {
    cell: u32,
    cells: u32,
    /// (2^32 / cell) + 1: turns the division by the cell size into a multiplication.
    inv: u64,
    class: u8,
    alloc: [u64; BITS],
    mark: [u64; BITS],
}

impl Block {
    /// Number of the cell that an address of this block lies in.
    #[inline(always)]
    fn number(&self, addr: usize) -> usize {
        (((addr & (CHUNK - 1)) as u64 * self.inv) >> 32) as usize
    }
}

#[derive(Clone, Copy, Default)]
struct Run {
    at: usize,
    end: usize,
    block: usize,
    /// Cell number to look for the next run from.
    next: usize,
}

#[derive(Default)]
struct Class {
    run: Run,
    /// Blocks that may have free cells.
    partial: Vec<usize>,
}

/// All blocks.
pub struct Blocks {
    blocks: Vec<Option<Box<Block>>>,
    classes: Vec<Class>,
    free: Vec<usize>,
    base: usize,
    max: usize,
    /// Bytes in allocated cells.
    pub used: usize,
}

impl Blocks {
    pub fn new(region: &Region) -> Blocks {
        Blocks {
            blocks: Vec::new(),
            classes: (0..CLASSES).map(|_| Class::default()).collect(),
            free: Vec::new(),
            base: region.block_base,
            max: (region.block_end - region.block_base) / CHUNK,
            used: 0,
        }
    }

    /// A cell of at least `size` bytes, not initialised. None if there is no memory.
    #[inline]
    pub fn alloc(&mut self, size: usize) -> Option<*mut u8> {
        let class = class_of(size);
        let run = &mut self.classes[class].run;
        if run.at == run.end {
            self.next_run(class)?;
        }
        let run = &mut self.classes[class].run;
        let block = self.blocks[run.block].as_mut()?;
        let p = run.at;
        run.at += block.cell as usize;
        let n = block.number(p);
        block.alloc[n / 64] |= 1 << (n % 64);
        self.used += block.cell as usize;
        Some(p as *mut u8)
    }

    #[cold]
    fn next_run(&mut self, class: usize) -> Option<()> {
        loop {
            let run = self.classes[class].run;
            if run.end != 0
                && let Some(block) = &self.blocks[run.block]
                && let Some((from, to)) = free_run(block, run.next)
            {
                let start = self.base + run.block * CHUNK;
                let cell = block.cell as usize;
                let run = Run { at: start + from * cell, end: start + to * cell, block: run.block, next: to };
                self.classes[class].run = run;
                return Some(());
            }
            let block = match self.classes[class].partial.pop() {
                Some(b) => b,
                None => self.new_block(class)?,
            };
            self.classes[class].run = Run { at: 1, end: 1, block, next: 0 };
        }
    }

    fn new_block(&mut self, class: usize) -> Option<usize> {
        let n = match self.free.pop() {
            Some(n) => n,
            None => {
                let n = self.blocks.len();
                if n >= self.max {
                    return None;
                }
                // Commit a run of blocks at a time: a system call for 32 KB would dominate.
                let ahead = 32.min(self.max - n);
                if !region::commit(self.base + n * CHUNK, ahead * CHUNK) {
                    return None;
                }
                self.blocks.extend((0..ahead).map(|_| None));
                self.free.extend((n + 1..n + ahead).rev());
                n
            }
        };
        let cell = class_size(class);
        self.blocks[n] = Some(Box::new(Block {
            cell: cell as u32,
            cells: (CHUNK / cell) as u32,
            inv: (1u64 << 32) / cell as u64 + 1,
            class: class as u8,
            alloc: [0; BITS],
            mark: [0; BITS],
        }));
        Some(n)
    }

    fn cell_of(&self, addr: usize) -> Option<(usize, usize)> {
        let b = addr.wrapping_sub(self.base) / CHUNK;
        let block = self.blocks.get(b)?.as_ref()?;
        let n = block.number(addr);
        (n < block.cells as usize).then_some((b, n))
    }

    /// The object whose cell (header included) `addr` points into, if there is one.
    pub fn find(&self, addr: usize) -> Option<Ref> {
        let (b, n) = self.cell_of(addr)?;
        let block = self.blocks[b].as_ref()?;
        if block.alloc[n / 64] >> (n % 64) & 1 == 0 {
            return None;
        }
        let start = self.base + b * CHUNK + n * block.cell as usize;
        // SAFETY: the cell is allocated, so a header lies at its start.
        Some(unsafe { Ref::new((start + 8) as *mut u8) })
    }

    /// Marks an object of a block; true if it was not marked before.
    #[inline(always)]
    pub fn mark(&mut self, r: Ref) -> bool {
        let addr = r.addr() - 8;
        let b = (addr - self.base) / CHUNK;
        // SAFETY: `r` is a live object of a block (caller), so its block exists.
        let block = unsafe { self.blocks.get_unchecked_mut(b).as_mut().unwrap_unchecked() };
        let n = block.number(addr);
        let (word, bit) = (&mut block.mark[n / 64], 1u64 << (n % 64));
        let fresh = *word & bit == 0;
        *word |= bit;
        fresh
    }

    pub fn is_marked(&self, r: Ref) -> bool {
        self.cell_of(r.addr() - 8)
            .is_some_and(|(b, n)| self.blocks[b].as_ref().is_some_and(|block| block.mark[n / 64] >> (n % 64) & 1 != 0))
    }

    /// Frees one cell (an identity that was set aside and is not needed).
    pub fn free_cell(&mut self, r: Ref) {
        if let Some((b, n)) = self.cell_of(r.addr() - 8)
            && let Some(block) = &mut self.blocks[b]
        {
            block.alloc[n / 64] &= !(1 << (n % 64));
            self.used -= block.cell as usize;
        }
    }

    /// All that is not marked becomes free. `poison` overwrites it.
    pub fn sweep(&mut self, poison: bool) {
        for class in &mut self.classes {
            class.run = Run::default();
            class.partial.clear();
        }
        self.used = 0;
        let mut empty = Vec::new();
        for (b, slot) in self.blocks.iter_mut().enumerate() {
            let Some(block) = slot else { continue };
            if poison {
                poison_block(block, self.base + b * CHUNK);
            }
            block.alloc = block.mark;
            block.mark = [0; BITS];
            let live: u32 = block.alloc.iter().map(|w| w.count_ones()).sum();
            self.used += (live * block.cell) as usize;
            if live == 0 {
                *slot = None;
                empty.push(b);
            } else if live < block.cells {
                self.classes[block.class as usize].partial.push(b);
            }
        }
        for b in empty {
            region::release(self.base + b * CHUNK, CHUNK);
            self.free.push(b);
        }
    }

    /// Calls `f` with every object.
    pub fn each(&self, mut f: impl FnMut(Ref)) {
        for (b, block) in self.blocks.iter().enumerate() {
            let Some(block) = block else { continue };
            for n in (0..block.cells as usize).filter(|n| block.alloc[n / 64] >> (n % 64) & 1 != 0) {
                let at = self.base + b * CHUNK + n * block.cell as usize + 8;
                // SAFETY: the cell is allocated.
                f(unsafe { Ref::new(at as *mut u8) });
            }
        }
    }
}

fn free_run(block: &Block, from: usize) -> Option<(usize, usize)> {
    let taken = |n: usize| block.alloc[n / 64] >> (n % 64) & 1 != 0;
    let cells = block.cells as usize;
    let mut start = from;
    while start < cells && taken(start) {
        start += 1;
    }
    let mut end = start;
    while end < cells && !taken(end) {
        end += 1;
    }
    (start < end).then_some((start, end))
}

fn poison_block(block: &Block, base: usize) {
    for n in 0..block.cells as usize {
        if block.mark[n / 64] >> (n % 64) & 1 == 0 {
            // SAFETY: an unmarked cell belongs to nobody.
            unsafe { crate::poison((base + n * block.cell as usize) as *mut u8, block.cell as usize) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_cover_all_sizes() {
        for cell in (16..=MAX_CELL).step_by(8) {
            let c = class_of(cell);
            assert!(class_size(c) >= cell, "{cell}");
            assert!(c == 0 || class_size(c - 1) < cell, "{cell}");
            assert!(c < CLASSES);
        }
    }

    #[test]
    fn cells_are_distinct_and_found() {
        let region = Region::reserve().unwrap();
        let mut blocks = Blocks::new(&region);
        let mut seen = std::collections::HashSet::new();
        for i in 0..5000usize {
            let size = 16 + (i * 40) % 5000;
            let p = blocks.alloc(size & !7).unwrap() as usize;
            assert!(seen.insert(p));
            assert_eq!(blocks.find(p + 8).unwrap().addr(), p + 8);
            assert_eq!(blocks.find(p + 15).unwrap().addr(), p + 8);
        }
    }
}
