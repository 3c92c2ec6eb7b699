//! The dict: ordered, compact, with cached hashes; sets use the same table with unbound values.
//!
//! Terms. A [`Table`] has *indices* (open addressing; u8, u16 or u32 as its size needs) into *entries* (hash, key, value)
//! kept in insertion order. A deleted entry has an unbound key; its index becomes DUMMY. Growing makes a new table, which
//! the owner publishes with one write.
//!
//! Invariants: hashes are stored tagged (odd), so that the collector can trace entries as plain words; a lookup that ran
//! Python code (`__eq__`) checks that the table is still the owner's and unchanged, else it starts again.

use crate::object::{Field, Gc, HeapObject};
use crate::types::{Dict, Set, Str};
use crate::{Builtin, R, Thread, Value, null_field};
use std::cell::Cell;

/// Backing store of dicts and sets. Indices follow the struct, then the entries.
#[repr(C)]
pub struct Table {
    /// log2 of the number of indices.
    pub log2: u32,
    /// Entries that fit.
    pub capacity: u32,
    /// Entries in use, deleted ones included.
    pub used: Cell<u32>,
    /// Index slots that were given up: too many would leave no end to a probe.
    pub dummies: Cell<u32>,
    /// Changes whenever an entry is added, removed or moved.
    pub changes: Cell<u32>,
    /// All entries before this one are deleted: taking from the front is not quadratic.
    first: Cell<u32>,
}

/// One entry.
#[repr(C)]
pub struct Entry {
    hash: Field,
    pub key: Field,
    pub value: Field,
}

const EMPTY: u32 = u32::MAX;
const DUMMY: u32 = u32::MAX - 1;

impl Entry {
    #[inline(always)]
    pub fn hash(&self) -> u64 {
        self.hash.get().0
    }
}

/// A hash as it is stored: tagged.
#[inline(always)]
fn tag(hash: u64) -> u64 {
    hash << 1 | 1
}

fn width(log2: u32) -> usize {
    match log2 {
        0..=7 => 1,
        8..=15 => 2,
        _ => 4,
    }
}

fn index_bytes(log2: u32) -> usize {
    ((1usize << log2) * width(log2) + 7) & !7
}

pub(crate) unsafe fn table_size(p: *mut u8) -> usize {
    let t = &*(p as *const Table);
    size_of::<Table>() + index_bytes(t.log2) + t.capacity as usize * size_of::<Entry>()
}
pub(crate) unsafe fn table_entries(p: *mut u8) -> (*mut u64, usize) {
    let t = &*(p as *const Table);
    (p.add(size_of::<Table>() + index_bytes(t.log2)) as *mut u64, t.used.get() as usize * 3)
}

impl Gc<Table> {
    #[inline(always)]
    fn indices(self) -> *mut u8 {
        // SAFETY: the indices follow the struct.
        unsafe { (self.as_ptr() as *mut u8).add(size_of::<Table>()) }
    }
    #[inline(always)]
    pub fn entry(&self, i: usize) -> &Entry {
        debug_assert!(i < self.capacity as usize);
        // SAFETY: entries follow the indices; `i` is below the capacity.
        unsafe { &*(self.indices().add(index_bytes(self.log2)) as *const Entry).add(i) }
    }
    #[inline(always)]
    fn index(self, slot: usize) -> u32 {
        // SAFETY: slot < 2^log2.
        unsafe {
            match self.log2 {
                0..=7 => match *self.indices().add(slot) {
                    0xff => EMPTY,
                    0xfe => DUMMY,
                    n => n as u32,
                },
                8..=15 => match *(self.indices() as *const u16).add(slot) {
                    0xffff => EMPTY,
                    0xfffe => DUMMY,
                    n => n as u32,
                },
                _ => *(self.indices() as *const u32).add(slot),
            }
        }
    }
    #[inline(always)]
    fn set_index(self, slot: usize, n: u32) {
        // SAFETY: slot < 2^log2; marks keep their meaning when cut to the width.
        unsafe {
            match self.log2 {
                0..=7 => *self.indices().add(slot) = n as u8,
                8..=15 => *(self.indices() as *mut u16).add(slot) = n as u16,
                _ => *(self.indices() as *mut u32).add(slot) = n,
            }
        }
    }
    #[inline(always)]
    pub fn used(self) -> usize {
        self.used.get() as usize
    }
    fn touch(self) {
        self.changes.set(self.changes.get().wrapping_add(1));
    }
    /// First slot of the probe sequence and the mask.
    #[inline(always)]
    fn start(self, hash: u64) -> (usize, usize) {
        let mask = (1usize << self.log2) - 1;
        // High bits take part: small integers and pointers differ there or in the low ones.
        ((hash ^ (hash >> 32)) as usize & mask, mask)
    }
    /// Puts entry number `n` into the indices.
    fn link(self, hash: u64, n: u32) {
        let (mut slot, mask) = self.start(hash);
        let mut perturb = hash;
        while self.index(slot) < DUMMY {
            perturb >>= 5;
            slot = (slot * 5 + perturb as usize + 1) & mask;
        }
        self.set_index(slot, n);
    }
}

/// Where a look-up ended.
enum Probe {
    Found(usize, usize),
    Absent,
    /// An entry with equal hash must be compared by `==`.
    Compare {
        slot: usize,
        entry: usize,
        perturb: u64,
    },
}

/// Is the key one whose equality needs no Python code? Then equal means same word, or equal text.
#[inline(always)]
fn is_exact_str(v: Value) -> bool {
    v.shape() == Builtin::Str as u32
}

impl Gc<Table> {
    /// Probes from a slot on. `plain`: key is an exact str.
    #[inline(always)]
    fn probe(self, key: Value, hash: u64, mut slot: usize, mut perturb: u64, plain: bool) -> Probe {
        let mask = (1usize << self.log2) - 1;
        loop {
            let n = self.index(slot);
            if n == EMPTY {
                return Probe::Absent;
            }
            if n != DUMMY {
                let e = self.entry(n as usize);
                let k = e.key.get();
                if k == key {
                    return Probe::Found(slot, n as usize);
                }
                if e.hash() == tag(hash) {
                    if plain && is_exact_str(k) {
                        // SAFETY: both are strings.
                        let same = unsafe {
                            let (a, b) = (k.cast_unchecked::<Str>(), key.cast_unchecked::<Str>());
                            !(a.is_interned() && b.is_interned()) && a.bytes() == b.bytes()
                        };
                        if same {
                            return Probe::Found(slot, n as usize);
                        }
                    } else if !(k.is_int() && key.is_int()) {
                        return Probe::Compare { slot, entry: n as usize, perturb };
                    }
                }
            }
            perturb >>= 5;
            slot = (slot * 5 + perturb as usize + 1) & mask;
        }
    }

    /// Look-up of an exact str: runs no Python code unless a key of another type collides; such keys are never equal
    /// here unless they are subclasses of str, which the slow look-up handles.
    #[inline(always)]
    fn find_str(self, key: Gc<Str>, hash: u64) -> Option<usize> {
        let (mut slot, mask) = self.start(hash);
        let mut perturb = hash;
        loop {
            let n = self.index(slot);
            if n == EMPTY {
                return None;
            }
            if n != DUMMY {
                let e = self.entry(n as usize);
                let k = e.key.get();
                if k == key.value() {
                    return Some(n as usize);
                }
                if e.hash() == tag(hash)
                    && let Some(s) = k.cast::<Str>()
                    && s.bytes() == key.bytes()
                {
                    return Some(n as usize);
                }
            }
            perturb >>= 5;
            slot = (slot * 5 + perturb as usize + 1) & mask;
        }
    }
}

/// Hash of a small integer: itself, unless it reaches the modulus of Python's numeric hash.
#[inline(always)]
pub fn small_int_hash(n: i64) -> Option<u64> {
    const MODULUS: u64 = (1 << 61) - 1;
    (n.unsigned_abs() < MODULUS && n != -1).then_some(n as u64)
}

impl Gc<Table> {
    /// Look-up of a small integer: the entry with this very key. Absent also when a key of another type has this hash:
    /// it may be equal, which the slow look-up finds out.
    #[inline(always)]
    fn find_int(self, key: Value, hash: u64) -> Option<usize> {
        let (mut slot, mask) = self.start(hash);
        let mut perturb = hash;
        loop {
            let n = self.index(slot);
            if n == EMPTY {
                return None;
            }
            if n != DUMMY && self.entry(n as usize).key.get() == key {
                return Some(n as usize);
            }
            perturb >>= 5;
            slot = (slot * 5 + perturb as usize + 1) & mask;
        }
    }
}

impl Thread {
    /// Entry of a key that is an exact str or a small integer, if it is surely there: the quick half of a look-up.
    #[inline(always)]
    fn quick_find(&self, t: Gc<Table>, key: Value) -> Option<usize> {
        if let Some(n) = key.as_int() {
            return t.find_int(key, cut(small_int_hash(n)?));
        }
        if is_exact_str(key) {
            // SAFETY: an exact str.
            let s = unsafe { key.cast_unchecked::<Str>() };
            return t.find_str(s, cut(self.str_hash(s)));
        }
        None
    }

    /// The value of a key, if that takes no Python code and the key is there; unbound otherwise.
    #[inline(never)]
    pub fn dict_quick_get(&self, d: Gc<Dict>, key: Value) -> Value {
        let Some(t) = d.table.cast::<Table>() else { return Value::NULL };
        self.quick_find(t, key).map_or(Value::NULL, |i| t.entry(i).value.get())
    }

    /// Rebinds a key, if that takes no Python code and the key is there.
    #[inline(never)]
    pub fn dict_quick_set(&mut self, d: Gc<Dict>, key: Value, v: Value) -> bool {
        let Some(t) = d.table.cast::<Table>() else { return false };
        match self.quick_find(t, key) {
            Some(i) => {
                t.entry(i).value.set(self, t, v);
                true
            }
            None => false,
        }
    }

    /// Is the key surely in the dict or set with this table?
    #[inline(always)]
    pub fn table_quick_has(&self, table: &Field, key: Value) -> bool {
        table.cast::<Table>().is_some_and(|t| self.quick_find(t, key).is_some())
    }

    fn new_table(&mut self, log2: u32) -> R<Gc<Table>> {
        let capacity = ((1u64 << log2) * 2 / 3) as u32;
        let size = size_of::<Table>() + index_bytes(log2) + capacity as usize * size_of::<Entry>();
        let r = self.alloc_raw(Table::kind(), Builtin::Object as u32, size, 0)?;
        // SAFETY: fresh memory of this size.
        unsafe {
            let t = r.payload() as *mut Table;
            (*t).log2 = log2;
            (*t).capacity = capacity;
            let t = Gc::from_raw(t);
            std::ptr::write_bytes(t.indices(), 0xff, index_bytes(log2));
            Ok(t)
        }
    }

    /// A table with the live entries of `old` and room for `more`.
    fn rebuilt(&mut self, old: Option<Gc<Table>>, live: usize, more: usize) -> R<Gc<Table>> {
        // Grow in steps of two (four while small), so that appending is cheap and half-empty tables are rare.
        let want = (live + more) * 3 / 2 + 1;
        let want = if more == 1 && live >= 4 { want.max(live * 2 * 3 / 2) } else { want };
        let log2 = want.next_power_of_two().trailing_zeros().max(3);
        let new = self.new_table(log2)?;
        let Some(old) = old else { return Ok(new) };
        let mut n = 0;
        for i in 0..old.used() {
            let e = old.entry(i);
            if e.key.get().is_null() {
                continue;
            }
            let hash = e.hash.get();
            new.used.set(n + 1);
            self.write_entry(new, n as usize, hash, e.key.get(), e.value.get());
            new.link_tagged(hash.0, n);
            n += 1;
        }
        Ok(new)
    }

    #[inline(always)]
    fn write_entry(&mut self, t: Gc<Table>, i: usize, hash: Value, key: Value, value: Value) {
        let e = t.entry(i);
        e.hash.init(hash);
        e.key.set(self, t, key);
        e.value.set(self, t, value);
    }

    pub fn new_dict(&mut self) -> R<Gc<Dict>> {
        self.alloc(Builtin::Dict, Dict { table: null_field(), extra: null_field(), version: 0.into(), len: 0.into() })
    }

    /// An empty dict with room for `n` items.
    pub fn new_dict_for(&mut self, n: usize) -> R<Gc<Dict>> {
        let d = self.new_dict()?;
        if n > 0 {
            let t = self.rebuilt(None, 0, n)?;
            d.table.set(self, d, t);
        }
        Ok(d)
    }

    pub fn new_set(&mut self) -> R<Gc<Set>> {
        self.alloc(Builtin::Set, Set { table: null_field(), hash: 0.into(), len: 0.into() })
    }
}

impl Gc<Table> {
    /// As `link`, for a stored hash.
    fn link_tagged(self, tagged: u64, n: u32) {
        // The tag costs the top bit; look-ups use the same 63 bits (see `start63`).
        self.link(tagged >> 1, n)
    }
}

/// What dicts and sets have in common: who owns a table.
pub trait TableOwner: HeapObject + Sized {
    fn table(this: Gc<Self>) -> &'static Field;
    fn count(this: Gc<Self>) -> &'static Cell<u32>;
    /// The structure (set of keys) changes.
    fn changed(this: Gc<Self>);
}

impl TableOwner for Dict {
    #[inline(always)]
    fn table(this: Gc<Dict>) -> &'static Field {
        // SAFETY: lives as long as the object, which the caller holds.
        unsafe { &(*this.as_ptr()).table }
    }
    #[inline(always)]
    fn count(this: Gc<Dict>) -> &'static Cell<u32> {
        // SAFETY: as above.
        unsafe { &(*this.as_ptr()).len }
    }
    #[inline(always)]
    fn changed(this: Gc<Dict>) {
        this.version.set(0);
    }
}

impl TableOwner for Set {
    #[inline(always)]
    fn table(this: Gc<Set>) -> &'static Field {
        // SAFETY: as above.
        unsafe { &(*this.as_ptr()).table }
    }
    #[inline(always)]
    fn count(this: Gc<Set>) -> &'static Cell<u32> {
        // SAFETY: as above.
        unsafe { &(*this.as_ptr()).len }
    }
    fn changed(this: Gc<Set>) {
        this.hash.set(0);
    }
}

/// All 64-bit hashes are cut to 63 bits for storage.
#[inline(always)]
fn cut(hash: u64) -> u64 {
    hash & (u64::MAX >> 1)
}

impl Thread {
    /// Finds a key: (slot, entry). Runs `__eq__` where it must.
    #[inline(always)]
    fn table_find<T: TableOwner>(&mut self, owner: Gc<T>, key: Value, hash: u64) -> R<Option<(usize, usize)>> {
        let hash = cut(hash);
        let Some(t) = T::table(owner).cast::<Table>() else { return Ok(None) };
        let plain = is_exact_str(key);
        let (slot, _) = t.start(hash);
        match t.probe(key, hash, slot, hash, plain) {
            Probe::Found(slot, e) => Ok(Some((slot, e))),
            Probe::Absent => Ok(None),
            Probe::Compare { slot, entry, perturb } => self.table_find_slow(owner, key, hash, t, slot, entry, perturb),
        }
    }

    #[inline(never)]
    fn table_find_slow<T: TableOwner>(
        &mut self,
        owner: Gc<T>,
        key: Value,
        hash: u64,
        t: Gc<Table>,
        slot: usize,
        entry: usize,
        perturb: u64,
    ) -> R<Option<(usize, usize)>> {
        let (mut t, mut slot, mut entry, mut perturb) = (t, slot, entry, perturb);
        loop {
            let (changes, candidate) = (t.changes.get(), t.entry(entry).key.get());
            let same = self.eq(candidate, key)?;
            let now = T::table(owner).cast::<Table>();
            if now != Some(t) || t.changes.get() != changes {
                // Changed under us: start again.
                let Some(again) = now else { return Ok(None) };
                t = again;
                (slot, _) = t.start(hash);
                perturb = hash;
            } else if same {
                return Ok(Some((slot, entry)));
            } else {
                let mask = (1usize << t.log2) - 1;
                perturb >>= 5;
                slot = (slot * 5 + perturb as usize + 1) & mask;
            }
            match t.probe(key, hash, slot, perturb, is_exact_str(key)) {
                Probe::Found(slot, e) => return Ok(Some((slot, e))),
                Probe::Absent => return Ok(None),
                Probe::Compare { slot: s, entry: e, perturb: p } => (slot, entry, perturb) = (s, e, p),
            }
        }
    }

    /// Appends an entry whose key is not there yet.
    #[inline(always)]
    fn table_add<T: TableOwner>(&mut self, owner: Gc<T>, key: Value, hash: u64, value: Value) -> R<()> {
        let hash = cut(hash);
        let t = match T::table(owner).cast::<Table>() {
            Some(t) if t.used.get() < t.capacity && t.dummies.get() < 1 << (t.log2 - 2) => t,
            old => {
                let live = T::count(owner).get() as usize;
                let t = self.rebuilt(old, live, 1)?;
                T::table(owner).set(self, owner, t);
                t
            }
        };
        let n = t.used.get();
        t.used.set(n + 1);
        self.write_entry(t, n as usize, Value(tag(hash)), key, value);
        t.link(hash, n);
        t.touch();
        T::count(owner).set(T::count(owner).get() + 1);
        T::changed(owner);
        Ok(())
    }

    fn table_remove<T: TableOwner>(&mut self, owner: Gc<T>, slot: usize, entry: usize) -> (Value, Value) {
        // SAFETY: a found key has a table.
        let t = unsafe { T::table(owner).as_gc::<Table>() };
        let e = t.entry(entry);
        let old = (e.key.get(), e.value.get());
        t.set_index(slot, DUMMY);
        t.dummies.set(t.dummies.get() + 1);
        e.key.set(self, t, Value::NULL);
        e.value.set(self, t, Value::NULL);
        t.touch();
        let left = T::count(owner).get() - 1;
        T::count(owner).set(left);
        T::changed(owner);
        let mut first = t.first.get().min(t.used.get());
        while first < t.used.get() && t.entry(first as usize).key.get().is_null() {
            first += 1;
        }
        t.first.set(first);
        old
    }

    /// Hash of a dict key; the error of an unhashable one says what it was for.
    #[inline(always)]
    pub fn hash_key(&mut self, key: Value) -> R<u64> {
        let r = self.hash(key);
        if r.is_err() { Err(self.unhashable(key, "a dict key")) } else { r }
    }
    /// Hash of an element of a set, likewise.
    #[inline(always)]
    pub fn hash_element(&mut self, key: Value) -> R<u64> {
        let r = self.hash(key);
        if r.is_err() { Err(self.unhashable(key, "a set element")) } else { r }
    }
    #[cold]
    #[inline(never)]
    fn unhashable(&mut self, key: Value, what: &str) -> crate::Raised {
        let e = self.pending;
        if self.class_of(e) != self.exc_class(crate::Exc::TypeError) {
            return crate::Raised;
        }
        self.pending = Value::NULL;
        let text = match self.str(e) {
            Ok(s) => s.to_lossy(),
            Err(r) => return r,
        };
        let class = self.class_name(key);
        self.type_error(format!("cannot use '{class}' as {what} ({text})"))
    }

    // ---- dict

    /// Value for a str key; runs no Python code.
    #[inline(always)]
    pub fn dict_get_str(&self, d: Gc<Dict>, key: Value) -> Option<Value> {
        // SAFETY: callers pass strings.
        let key = unsafe { key.cast_unchecked::<Str>() };
        let t = d.table.cast::<Table>()?;
        t.find_str(key, cut(self.str_hash(key))).map(|i| t.entry(i).value.get())
    }
    /// Entry number for a str key, for inline caches.
    pub fn dict_index_str(&self, d: Gc<Dict>, key: Value) -> Option<usize> {
        // SAFETY: callers pass strings.
        let key = unsafe { key.cast_unchecked::<Str>() };
        let t = d.table.cast::<Table>()?;
        t.find_str(key, cut(self.str_hash(key)))
    }
    /// Binds a str key; runs no Python code.
    pub fn dict_set_str(&mut self, d: Gc<Dict>, key: Value, value: Value) -> R<()> {
        // SAFETY: callers pass strings.
        let s = unsafe { key.cast_unchecked::<Str>() };
        let hash = self.str_hash(s);
        if let Some(t) = d.table.cast::<Table>()
            && let Some(i) = t.find_str(s, cut(hash))
        {
            t.entry(i).value.set(self, t, value);
            return Ok(());
        }
        self.table_add(d, key, hash, value)
    }
    /// Adds a string that is not there yet.
    pub(crate) fn dict_add_str(&mut self, d: Gc<Dict>, key: Value, value: Value) -> R<()> {
        // SAFETY: callers pass strings.
        let hash = self.str_hash(unsafe { key.cast_unchecked() });
        self.table_add(d, key, hash, value)
    }
    /// The value for a key, None if absent. May run `__hash__` and `__eq__`.
    #[inline]
    pub fn dict_get(&mut self, d: Gc<Dict>, key: Value) -> R<Option<Value>> {
        let hash = self.hash_key(key)?;
        self.dict_get_hashed(d, key, hash)
    }
    #[inline]
    pub fn dict_get_hashed(&mut self, d: Gc<Dict>, key: Value, hash: u64) -> R<Option<Value>> {
        let found = self.table_find(d, key, hash)?;
        // SAFETY: a found key has a table.
        Ok(found.map(|(_, i)| unsafe { d.table.as_gc::<Table>() }.entry(i).value.get()))
    }
    #[inline]
    pub fn dict_set(&mut self, d: Gc<Dict>, key: Value, value: Value) -> R<()> {
        let hash = self.hash_key(key)?;
        self.dict_set_hashed(d, key, hash, value)
    }
    #[inline]
    pub fn dict_set_hashed(&mut self, d: Gc<Dict>, key: Value, hash: u64, value: Value) -> R<()> {
        if let Some((_, i)) = self.table_find(d, key, hash)? {
            // SAFETY: a found key has a table.
            let t = unsafe { d.table.as_gc::<Table>() };
            t.entry(i).value.set(self, t, value);
            return Ok(());
        }
        self.table_add(d, key, hash, value)
    }
    /// The value there was, or `value`, which is then bound (`setdefault`).
    pub fn dict_set_default(&mut self, d: Gc<Dict>, key: Value, value: Value) -> R {
        let hash = self.hash_key(key)?;
        if let Some(v) = self.dict_get_hashed(d, key, hash)? {
            return Ok(v);
        }
        self.table_add(d, key, hash, value)?;
        Ok(value)
    }
    /// Removes a key; its value if it was there.
    pub fn dict_remove(&mut self, d: Gc<Dict>, key: Value) -> R<Option<Value>> {
        let hash = self.hash_key(key)?;
        Ok(self.table_find(d, key, hash)?.map(|(slot, i)| self.table_remove(d, slot, i).1))
    }
    /// The same with a known hash.
    pub fn dict_remove_hashed(&mut self, d: Gc<Dict>, key: Value, hash: u64) -> R<Option<Value>> {
        Ok(self.table_find(d, key, hash)?.map(|(slot, i)| self.table_remove(d, slot, i).1))
    }
    /// The last item, removed.
    pub fn dict_pop_last(&mut self, d: Gc<Dict>) -> R<Option<(Value, Value)>> {
        let Some(t) = d.table.cast::<Table>() else { return Ok(None) };
        let Some(i) = (0..t.used()).rev().find(|i| !t.entry(*i).key.get().is_null()) else { return Ok(None) };
        let slot = self.slot_of(t, i);
        let item = self.table_remove(d, slot, i);
        // The entries behind are deleted as well: taking them back makes a stack-like use not grow. Other deletions
        // leave them, so that an iterator comes upon what was added in exchange.
        t.used.set(i as u32);
        t.first.set(t.first.get().min(i as u32));
        Ok(Some(item))
    }
    /// The index slot that refers to entry `i`.
    fn slot_of(&self, t: Gc<Table>, i: usize) -> usize {
        let hash = t.entry(i).hash() >> 1;
        let (mut slot, mask) = t.start(hash);
        let mut perturb = hash;
        while t.index(slot) != i as u32 {
            perturb >>= 5;
            slot = (slot * 5 + perturb as usize + 1) & mask;
        }
        slot
    }
    pub fn dict_clear(&mut self, d: Gc<Dict>) {
        d.table.set(self, d, Value::NULL);
        d.len.set(0);
        Dict::changed(d);
    }
    /// A structure version for inline caches: stays the same until a key is added or removed.
    pub fn dict_version(&mut self, d: Gc<Dict>) -> u32 {
        if d.version.get() == 0 {
            let next = self.vm().dict_versions.get().wrapping_add(1).max(1);
            self.vm().dict_versions.set(next);
            d.version.set(next);
        }
        d.version.get()
    }
    /// Copies all items of `from` into the empty dict `to`.
    pub fn dict_copy_into(&mut self, to: Gc<Dict>, from: Gc<Dict>) -> R<()> {
        let t = self.rebuilt(from.table.cast(), from.len.get() as usize, 0)?;
        to.table.set(self, to, t);
        to.len.set(from.len.get());
        Dict::changed(to);
        Ok(())
    }
    /// Moves all items of a dict that nobody else uses into the empty dict `to`.
    pub fn dict_take(&mut self, to: Gc<Dict>, from: Gc<Dict>) {
        to.table.set(self, to, from.table.get());
        to.len.set(from.len.get());
        Dict::changed(to);
        from.table.set(self, from, Value::NULL);
        from.len.set(0);
    }
    pub fn dict_copy(&mut self, from: Gc<Dict>) -> R<Gc<Dict>> {
        let to = self.new_dict()?;
        if from.len.get() > 0 {
            self.dict_copy_into(to, from)?;
        }
        Ok(to)
    }
    /// Updates from a real dict (or subclass taken as a plain dict).
    pub fn dict_merge(&mut self, to: Gc<Dict>, from: Gc<Dict>) -> R<()> {
        if to == from {
            return Ok(());
        }
        let mut i = 0;
        while let Some((next, hash, k, v)) = from.next_entry(i) {
            self.dict_set_hashed(to, k, hash, v)?;
            i = next;
        }
        Ok(())
    }

    // ---- set

    #[inline]
    pub fn set_contains(&mut self, s: Gc<Set>, key: Value) -> R<bool> {
        let hash = self.hash_element(key)?;
        Ok(self.table_find(s, key, hash)?.is_some())
    }
    pub fn set_contains_hashed(&mut self, s: Gc<Set>, key: Value, hash: u64) -> R<bool> {
        Ok(self.table_find(s, key, hash)?.is_some())
    }
    /// True if it was not there yet.
    #[inline]
    pub fn set_add(&mut self, s: Gc<Set>, key: Value) -> R<bool> {
        let hash = self.hash_element(key)?;
        self.set_add_hashed(s, key, hash)
    }
    pub fn set_add_hashed(&mut self, s: Gc<Set>, key: Value, hash: u64) -> R<bool> {
        if self.table_find(s, key, hash)?.is_some() {
            return Ok(false);
        }
        self.table_add(s, key, hash, Value::NULL)?;
        Ok(true)
    }
    /// True if it was there.
    pub fn set_remove(&mut self, s: Gc<Set>, key: Value) -> R<bool> {
        let hash = self.hash_element(key)?;
        self.set_remove_hashed(s, key, hash)
    }
    pub fn set_remove_hashed(&mut self, s: Gc<Set>, key: Value, hash: u64) -> R<bool> {
        match self.table_find(s, key, hash)? {
            Some((slot, i)) => {
                self.table_remove(s, slot, i);
                Ok(true)
            }
            None => Ok(false),
        }
    }
    /// Some element, removed.
    pub fn set_pop(&mut self, s: Gc<Set>) -> Option<Value> {
        let t = s.table.cast::<Table>()?;
        let i = next_live(t, 0)?.0 - 1;
        let slot = self.slot_of(t, i);
        Some(self.table_remove(s, slot, i).0)
    }
    pub fn set_clear(&mut self, s: Gc<Set>) {
        s.table.set(self, s, Value::NULL);
        s.len.set(0);
        Set::changed(s);
    }
    /// Copies all elements of `from` into the empty set `to`.
    pub fn set_copy_into(&mut self, to: Gc<Set>, from: Gc<Set>) -> R<()> {
        if from.len.get() == 0 {
            return Ok(());
        }
        let t = self.rebuilt(from.table.cast(), from.len.get() as usize, 0)?;
        to.table.set(self, to, t);
        to.len.set(from.len.get());
        Ok(())
    }
}

impl Gc<Dict> {
    #[inline(always)]
    pub fn len(self) -> usize {
        self.len.get() as usize
    }
    pub fn is_empty(self) -> bool {
        self.len.get() == 0
    }
    /// Number of entries, deleted ones included.
    pub fn entries(self) -> usize {
        self.table.cast::<Table>().map_or(0, |t| t.used())
    }
    /// The first live entry at or behind number `i`: (number to go on with, hash, key, value).
    #[inline(always)]
    pub fn next_entry(self, i: usize) -> Option<(usize, u64, Value, Value)> {
        let t = self.table.cast::<Table>()?;
        next_live(t, i)
    }
    /// The last live entry before number `i`.
    pub fn prev_entry(self, i: usize) -> Option<(usize, u64, Value, Value)> {
        let t = self.table.cast::<Table>()?;
        let mut i = i.min(t.used());
        while i > 0 {
            i -= 1;
            let e = t.entry(i);
            if !e.key.get().is_null() {
                return Some((i, e.hash() >> 1, e.key.get(), e.value.get()));
            }
        }
        None
    }
    /// Where the value of entry `i` lies: bytes from the table's beginning. Stays true while the version does.
    pub fn value_offset(self, i: usize) -> Option<u32> {
        let t = self.table.cast::<Table>().filter(|t| i < t.used())?;
        u32::try_from(&t.entry(i).value as *const _ as usize - t.addr()).ok()
    }
    /// The value at a place that [`Gc::value_offset`] told.
    ///
    /// # Safety
    /// The dict has the version that it had then.
    #[inline(always)]
    pub unsafe fn value_at(self, offset: u32) -> Value {
        *((self.table.get().0 as usize + offset as usize) as *const Value)
    }
    /// Rebinds entry `i`, which exists.
    #[inline(always)]
    pub fn set_value_at(self, cx: &mut Thread, i: usize, v: Value) {
        if let Some(t) = self.table.cast::<Table>() {
            t.entry(i).value.set(cx, t, v);
        }
    }
}

impl Gc<Set> {
    #[inline(always)]
    pub fn len(self) -> usize {
        self.len.get() as usize
    }
    pub fn is_empty(self) -> bool {
        self.len.get() == 0
    }
    /// The first element at or behind entry number `i`: (number to go on with, hash, element).
    #[inline(always)]
    pub fn next_entry(self, i: usize) -> Option<(usize, u64, Value)> {
        let t = self.table.cast::<Table>()?;
        next_live(t, i).map(|(n, h, k, _)| (n, h, k))
    }
}

#[inline(always)]
fn next_live(t: Gc<Table>, i: usize) -> Option<(usize, u64, Value, Value)> {
    let mut i = i.max(t.first.get() as usize);
    while i < t.used() {
        let e = t.entry(i);
        i += 1;
        let k = e.key.get();
        if !k.is_null() {
            return Some((i, e.hash() >> 1, k, e.value.get()));
        }
    }
    None
}
