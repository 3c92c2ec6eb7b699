//! The garbage-collected heap: allocation, barriers, collection. Knows no Python.
//!
//! Generational: young objects are bumped into a nursery and copied out of it if they survive; old objects never move.
//! The native stack is scanned conservatively and *pins* what it points at, so Rust code may hold references in locals
//! across allocation; everything else is traced precisely. See `object` for layout, `heap` for the API, `minor` and
//! `major` for the collections, `registry` for weak references, finalisers and identities.
//!
//! Rules for clients: no reference in native memory across an allocation unless it is registered as a root; every field
//! initialised before the next allocation; the barrier before each store into an object that may be old.

mod big;
mod blocks;
mod check;
mod heap;
mod major;
mod minor;
mod nursery;
mod object;
mod region;
mod registry;
mod stack;

pub use heap::{Config, FILLER, Heap, Mutator, OutOfMemory, RootVisitor, Stats};
pub use object::{
    Header, Kind, Layout, Ref, Size, Slot, bits, cell_size, fixed_size, is_ref, register, register_fixed, show_words,
};
pub use stack::thread_stack_bounds;

/// Overwrites freed memory with words that look like references to nowhere, so that a stale use faults.
///
/// # Safety
/// Nothing live lies in the range, which is committed.
pub(crate) unsafe fn poison(start: *mut u8, bytes: usize) {
    for i in 0..bytes / 8 {
        *(start as *mut u64).add(i) = 0xdbdb_dbdb_dbdb_dbd8;
    }
}
