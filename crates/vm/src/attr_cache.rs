//! Attribute caches: what an entry says, and the second level behind the inline caches.
//!
//! Terms. An *entry* answers "what is attribute `name` of a receiver with this *key*", the key being the receiver's shape,
//! or for a class its own root shape with [`CLASS`] set. The *inline cache* of an instruction holds one entry; sites that
//! see several shapes find theirs in the *second level*, a table by key and name that all sites share, loads and
//! stores apart.
//!
//! Invariants: an entry is valid in the epoch that it was made in; names are interned strings, which do not move; the
//! table is emptied after each marking, because names and classes may die then.

use crate::class::flags;
use crate::frame::Cont;
use crate::ops::attr::{Found, native_get};
use crate::types::*;
use crate::{Builtin as B, Gc, HeapObject, R, Thread, Value};
use std::sync::atomic::Ordering::Relaxed;

/// What an entry holds (low byte of `what`; the slot number is above).
pub(crate) mod what {
    /// An inline slot of a plain instance.
    pub const INLINE: u32 = 1;
    /// An overflow slot of a plain instance.
    pub const OVERFLOW: u32 = 2;
    pub const METHOD: u32 = 3;
    /// A value of a class's or module's dict: `value` is the dict, `next` its version, the slot the place of the
    /// value in its table.
    pub const DICT: u32 = 4;
    pub const PROPERTY: u32 = 5;
    /// Stores only: the inline slot is new, `next` is the shape that has it.
    pub const ADD: u32 = 6;
    /// A slot of an instance of a native class's subclass.
    pub const AREA: u32 = 7;
    /// What a static method wraps.
    pub const STATIC: u32 = 8;
    /// What a class method wraps: a function that gets the class.
    pub const CLASS_METHOD: u32 = 9;
    /// An attribute that a native getter computes (`__class__`, `__dict__`, `__name__`).
    pub const COMPUTED: u32 = 10;
    /// Of an instance in dict mode: what its dict has, else the method `value`, if any.
    pub const IN_DICT: u32 = 11;
    /// Neither the instance nor its class has it.
    pub const ABSENT: u32 = 12;
}

/// How an inline cache notes the key of an answer: a plain shape means an inline slot, so that the commonest answers are
/// known by one comparison, without a jump by their kind.
#[inline(always)]
pub(crate) fn noted_key(key: u32, kind: u32) -> u32 {
    match kind {
        what::INLINE => key,
        what::METHOD => key | NOTED_METHOD,
        _ => key | NOTED_OTHER,
    }
}
pub(crate) const NOTED_METHOD: u32 = 1 << 29;
pub(crate) const NOTED_OTHER: u32 = 1 << 28;

/// Set in the key for a class as receiver.
pub(crate) const CLASS: u32 = 1 << 31;
/// The key for all modules: their dict is compared.
pub(crate) const MODULE: u32 = 1 << 30;

/// An answer without its key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Answer {
    pub what: u32,
    pub next: u32,
    pub value: Value,
}

impl Answer {
    pub const NOTHING: Answer = Answer { what: 0, next: 0, value: Value::NULL };

    pub fn slot(what: u32, slot: u32) -> Answer {
        Answer { what: what | slot << 8, ..Answer::NOTHING }
    }
    pub fn of(what: u32, value: Value) -> Answer {
        Answer { what, next: 0, value }
    }
    pub fn kind(self) -> u32 {
        self.what & 0xff
    }
    pub fn slot_number(self) -> usize {
        (self.what >> 8) as usize
    }
}

#[derive(Clone, Copy)]
struct Entry {
    name: u64,
    key: u32,
    epoch: u32,
    answer: Answer,
}

const EMPTY: Entry = Entry { name: 0, key: 0, epoch: 0, answer: Answer::NOTHING };
const SIZE: usize = 1024;

/// The second level.
pub(crate) struct AttrCache {
    loads: Box<[Entry]>,
    stores: Box<[Entry]>,
}

impl AttrCache {
    pub fn new() -> AttrCache {
        AttrCache { loads: vec![EMPTY; SIZE].into(), stores: vec![EMPTY; SIZE].into() }
    }
    pub fn clear(&mut self) {
        self.loads.fill(EMPTY);
        self.stores.fill(EMPTY);
    }
    /// The words that may be references (stores hold none).
    pub fn visit(&mut self, f: &mut dyn FnMut(*mut u64)) {
        for e in self.loads.iter_mut().filter(|e| !e.answer.value.is_null()) {
            f(&mut e.answer.value.0);
        }
    }
    #[inline(always)]
    fn place(key: u32, name: Value) -> usize {
        (key as usize ^ (name.0 >> 4) as usize ^ (name.0 >> 14) as usize) & (SIZE - 1)
    }
}

/// The key of a receiver; None: its attributes are not cached.
#[inline(always)]
pub(crate) fn key_of(v: Value) -> Option<u32> {
    let k = v.kind();
    if k == Class::kind() {
        // SAFETY: the kind was tested.
        return Some(unsafe { v.cast_unchecked::<Class>() }.root_shape.get() | CLASS);
    }
    if k == Module::kind() {
        return Some(MODULE);
    }
    let shape = v.shape();
    (shape != 0 && k != Super::kind()).then_some(shape)
}

impl Thread {
    #[inline(always)]
    pub(crate) fn attr_probe(&self, key: u32, name: Value, store: bool) -> Option<Answer> {
        let vm = self.vm();
        let cache = if store { &vm.attr_cache.stores } else { &vm.attr_cache.loads };
        let e = &cache[AttrCache::place(key, name)];
        (e.key == key && e.name == name.0 && e.epoch == vm.epoch.get()).then_some(e.answer)
    }

    pub(crate) fn attr_remember(&mut self, key: u32, name: Value, answer: Answer, store: bool) {
        let vm = self.vm_mut();
        vm.caches_written.set(true);
        let epoch = vm.epoch.get();
        let cache = if store { &mut vm.attr_cache.stores } else { &mut vm.attr_cache.loads };
        cache[AttrCache::place(key, name)] = Entry { name: name.0, key, epoch, answer };
    }

    /// Reads what a cached answer says about `v`; None: it has to be looked up after all.
    #[inline]
    pub(crate) fn attr_by(&self, v: Value, name: Value, a: Answer) -> Option<Found> {
        let n = a.slot_number();
        match a.kind() {
            // SAFETY: the key says that `v` is a plain instance with this slot; its area begins at the payload.
            what::INLINE => unsafe { *(v.0 as *const Value).add(1 + n) }.bound().map(Found::Value),
            what::OVERFLOW => {
                // SAFETY: likewise; the overflow array has the element.
                let over = unsafe { (*(v.0 as *const Value)).cast_unchecked::<Array>() };
                over.field(n).get().bound().map(Found::Value)
            }
            what::METHOD => Some(Found::Method(a.value)),
            what::PROPERTY => Some(Found::Property(a.value)),
            what::DICT => {
                if let Some(m) = v.cast::<Module>()
                    && m.dict.get() != a.value
                {
                    return None;
                }
                dict_answer(a).map(Found::Value)
            }
            what::AREA => self.read_slot(v, n as u32).map(Found::Value),
            what::STATIC => Some(Found::Value(a.value)),
            what::CLASS_METHOD => Some(Found::ClassMethod(a.value)),
            what::COMPUTED => Some(Found::Descriptor(a.value)),
            what::ABSENT => Some(Found::Nothing),
            what::IN_DICT => match self.dict_get_str(self.dict_of_dict_mode(v)?, name) {
                Some(x) => Some(Found::Value(x)),
                None => a.value.bound().map(Found::Method),
            },
            _ => None,
        }
    }

    /// The plain dict of an instance that a cache's key says is in dict mode.
    pub(crate) fn dict_of_dict_mode(&self, v: Value) -> Option<Gc<Dict>> {
        // SAFETY: word 0 of the area of an instance in dict mode is the dict.
        let dict = unsafe { *attr_area(v)? };
        // SAFETY: the shape is tested.
        (dict.shape() == B::Dict as u32).then(|| unsafe { dict.cast_unchecked() })
    }

    /// `find_attr` by way of the second level. Not for classes and `super` objects.
    pub(crate) fn find_attr_cached(&mut self, v: Value, name: Value) -> R<Found> {
        let key = key_of(v).unwrap_or(MODULE);
        if key == MODULE {
            return self.find_attr(v, name);
        }
        if let Some(a) = self.attr_probe(key, name, false)
            && let Some(found) = self.attr_by(v, name, a)
        {
            return Ok(found);
        }
        let found = self.find_attr(v, name)?;
        let class = self.class_of(v);
        if !class.has(flags::GETATTR_HOOK)
            && is_interned(name)
            && let Some(a) = self.attr_answer(v, name, found)
        {
            self.mark_cached(class);
            self.attr_remember(key, name, a, false);
        }
        Ok(found)
    }

    /// `class_getattr` by way of the second level.
    pub(crate) fn class_getattr_cached(&mut self, c: Gc<Class>, name: Value) -> R {
        let key = c.root_shape.get() | CLASS;
        let answer = match self.attr_probe(key, name, false) {
            None if is_interned(name) => {
                let a = self.class_attr_answer(c, name);
                if let Some(a) = a {
                    self.mark_cached(c);
                    let meta = self.class_of(c.value());
                    self.mark_cached(meta);
                    self.attr_remember(key, name, a, false);
                }
                a
            }
            known => known,
        };
        match answer.and_then(|a| self.attr_by(c.value(), name, a)) {
            Some(found) => self.found_attr(c.value(), name, found, Cont::Exit, 0),
            None => self.class_getattr(c, name),
        }
    }

    /// The answer that a look-up's outcome is worth remembering as.
    pub(crate) fn attr_answer(&mut self, v: Value, name: Value, found: Found) -> Option<Answer> {
        let class = self.class_of(v);
        // Attributes that the shape does not tell may hide those of the type.
        let opaque = attr_area(v).is_some() && self.process().shapes.get(v.shape()).dict_mode;
        match found {
            Found::Slot(slot, _) if v.kind() == Instance::kind() => {
                let inline = v.header().map_or(0, |h| h.extra.load(Relaxed) as u32) - 1;
                Some(match slot.checked_sub(inline) {
                    None => Answer::slot(what::INLINE, slot),
                    Some(over) => Answer::slot(what::OVERFLOW, over),
                })
            }
            Found::Slot(slot, _) => Some(Answer::slot(what::AREA, slot)),
            Found::Value(_) if v.kind() == Module::kind() => {
                let dict = v.cast::<Module>()?.dict.cast::<Dict>()?;
                self.lookup(class, name).is_none().then_some(())?;
                self.dict_answer_of(dict, name)
            }
            // Data descriptors come before the instance's own attributes.
            Found::Property(f) => Some(Answer::of(what::PROPERTY, f)),
            // Modules of all classes share their entries.
            Found::Descriptor(d) if is_computed(d) && v.kind() != Module::kind() => Some(Answer::of(what::COMPUTED, d)),
            _ if opaque => self.dict_mode_answer(class, name),
            Found::Method(f) => Some(Answer::of(what::METHOD, f)),
            Found::Value(_) => {
                let (holder, _) = self.lookup_where(class, name)?;
                self.dict_answer_of(holder.dict(), name)
            }
            Found::Descriptor(d) => self.wrapped_answer(d),
            // A slot of the class that is not set now may be later, which the shape does not tell.
            Found::Nothing if v.kind() != Module::kind() && self.lookup(class, name).is_none() => {
                Some(Answer::of(what::ABSENT, Value::NULL))
            }
            _ => None,
        }
    }

    /// The answer for instances whose attributes lie in a dict.
    fn dict_mode_answer(&mut self, class: Gc<Class>, name: Value) -> Option<Answer> {
        let Some(meta) = self.lookup(class, name) else { return Some(Answer::of(what::IN_DICT, Value::NULL)) };
        if self.is_data_descriptor(meta) {
            return None;
        }
        let method = if let Found::Method(f) = self.classify(meta) { f } else { Value::NULL };
        Some(Answer::of(what::IN_DICT, method))
    }

    /// The answer for a plain `staticmethod` or `classmethod`, or a native class method.
    fn wrapped_answer(&mut self, d: Value) -> Option<Answer> {
        if let Some(native) = d.cast::<ClassMethodDescr>() {
            return Some(Answer::of(what::CLASS_METHOD, native.func.get()));
        }
        let f = d.cast::<Wrapper>()?.func.get();
        let class = self.class_of(d);
        if class == self.builtin(B::StaticMethod) {
            return Some(Answer::of(what::STATIC, f));
        }
        let plain = class == self.builtin(B::ClassMethod) && f.kind() == Function::kind();
        plain.then(|| Answer::of(what::CLASS_METHOD, f))
    }

    /// For a class as receiver: a plain attribute of it or of a base.
    pub(crate) fn class_attr_answer(&mut self, c: Gc<Class>, name: Value) -> Option<Answer> {
        let meta = self.class_of(c.value());
        if meta.has(flags::GETATTR_HOOK) {
            return None;
        }
        if let Some(d) = self.lookup(meta, name)
            && self.is_data_descriptor(d)
        {
            return is_computed(d).then(|| Answer::of(what::COMPUTED, d));
        }
        let (holder, v) = self.lookup_where(c, name)?;
        match self.classify(v) {
            Found::Value(_) => self.dict_answer_of(holder.dict(), name),
            // A function on the class itself is not bound. (None's methods are, as None stands for "no instance".)
            Found::Method(_) if c != self.builtin(B::NoneType) => self.dict_answer_of(holder.dict(), name),
            Found::Descriptor(d) => self.wrapped_answer(d),
            _ => None,
        }
    }

    fn dict_answer_of(&mut self, d: Gc<Dict>, name: Value) -> Option<Answer> {
        if d.shape() != B::Dict as u32 {
            return None;
        }
        let at = self.dict_index_str(d, name).and_then(|i| d.value_offset(i))?;
        let next = self.dict_version(d);
        (at < 1 << 24).then(|| Answer { what: what::DICT | at << 8, next, value: d.value() })
    }

    /// True once in a while.
    pub(crate) fn now_and_then(&self) -> bool {
        let n = &self.vm().refills;
        n.set(n.get().wrapping_add(1));
        n.get() & 31 == 0
    }

    /// The look-up depends on these classes: changing them must change the epoch.
    pub(crate) fn mark_cached(&self, class: Gc<Class>) {
        for c in class.mro().items() {
            if let Some(c) = c.cast::<Class>() {
                c.flags.set(c.flags.get() | flags::CACHED);
            }
        }
    }
}

/// Is it the data descriptor of an attribute that native code computes?
fn is_computed(d: Value) -> bool {
    match d.cast::<NativeFn>() {
        Some(n) => n.def.is_attribute(),
        None => native_get(d).is_some(),
    }
}

/// Is it a name as the tables know them?
fn is_interned(name: Value) -> bool {
    name.cast::<Str>().is_some_and(|s| s.is_interned())
}

/// The value that a `DICT` answer leads to, if the dict still has the keys it had.
#[inline(always)]
pub(crate) fn dict_answer(a: Answer) -> Option<Value> {
    // SAFETY: the answer's value is a dict.
    let d = unsafe { a.value.cast_unchecked::<Dict>() };
    if d.version.get() != a.next {
        return None;
    }
    // SAFETY: the version is the one it had.
    Some(unsafe { d.value_at(a.slot_number() as u32) })
}
