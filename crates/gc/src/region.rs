//! Address space: one reservation, cut into nursery, big objects and blocks.
//!
//! Young objects and big objects lie in front, so that "may this be young" is one comparison of an address.

use std::io;

pub const CHUNK: usize = 32 * 1024;
pub const NURSERY_SPACE: usize = 256 << 20;
const PAGE: usize = 4096;

/// Reserved address ranges.
pub struct Region {
    pub base: usize,
    /// Bytes of the part in which young objects can be (nursery and big objects).
    pub young_span: usize,
    pub big_base: usize,
    pub big_end: usize,
    pub block_base: usize,
    pub block_end: usize,
    total: usize,
}

impl Region {
    /// Reserves as much as the system grants, from 512 GiB down to 2 GiB.
    pub fn reserve() -> io::Result<Region> {
        let mut total: usize = 512 << 30;
        loop {
            // SAFETY: a fresh anonymous reservation touches nothing that exists.
            let p = unsafe {
                libc::mmap(
                    std::ptr::null_mut(),
                    total,
                    libc::PROT_NONE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                    -1,
                    0,
                )
            };
            if p != libc::MAP_FAILED {
                let base = (p as usize + CHUNK - 1) & !(CHUNK - 1);
                let end = (p as usize + total) & !(CHUNK - 1);
                let half = base + NURSERY_SPACE + (((end - base - NURSERY_SPACE) / 2) & !(CHUNK - 1));
                return Ok(Region {
                    base,
                    young_span: half - base,
                    big_base: base + NURSERY_SPACE,
                    big_end: half,
                    block_base: half,
                    block_end: end,
                    total,
                });
            }
            if total <= 2 << 30 {
                return Err(io::Error::last_os_error());
            }
            total /= 2;
        }
    }

    #[inline(always)]
    pub fn in_nursery(&self, addr: usize) -> bool {
        addr.wrapping_sub(self.base) < NURSERY_SPACE
    }
    #[inline(always)]
    pub fn contains(&self, addr: usize) -> bool {
        addr.wrapping_sub(self.base) < self.block_end - self.base
    }
    #[inline(always)]
    pub fn maybe_young(&self, addr: usize) -> bool {
        addr.wrapping_sub(self.base) < self.young_span
    }
    #[inline(always)]
    pub fn in_big(&self, addr: usize) -> bool {
        addr.wrapping_sub(self.big_base) < self.big_end - self.big_base
    }
    #[inline(always)]
    pub fn in_blocks(&self, addr: usize) -> bool {
        addr.wrapping_sub(self.block_base) < self.block_end - self.block_base
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the heap that owns this region is gone, and with it everything that pointed into it.
        unsafe { libc::munmap(self.base as *mut _, self.total - CHUNK) };
    }
}

/// Makes pages usable. False if the system has no memory.
pub fn commit(addr: usize, len: usize) -> bool {
    let len = (len + PAGE - 1) & !(PAGE - 1);
    // SAFETY: the range lies in our reservation.
    unsafe { libc::mprotect(addr as *mut _, len, libc::PROT_READ | libc::PROT_WRITE) == 0 }
}

/// Gives the memory of pages back; they read as zero when used again.
pub fn release(addr: usize, len: usize) {
    let len = (len + PAGE - 1) & !(PAGE - 1);
    // SAFETY: the range lies in our reservation and holds no live object.
    unsafe { libc::madvise(addr as *mut _, len, libc::MADV_DONTNEED) };
}
