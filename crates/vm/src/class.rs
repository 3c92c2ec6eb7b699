//! Classes: the built-in ones, definition tables, creation, method resolution, look-up with its cache.
//!
//! Terms. The *epoch* counts changes of classes that somebody may have cached a look-up of. The *layout base* is the
//! nearest ancestor with a native payload. A class *has a dict* if its instances can have attributes.
//!
//! Invariants: classes are born old, so plain pointers to them stay valid while they live; the value cached for
//! (class, name) is right as long as the epoch is the same.

use crate::native::NativeDef;
use crate::object::Gc;
use crate::types::{Class, Dict, Instance, NativeFn, Tuple};
use crate::{HeapObject, N, R, Thread, Value};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

macro_rules! builtin_classes {
    ($($name:ident $text:literal $base:ident $kind:ty, $flags:expr;)*) => {
        /// A built-in class; the number is the shape number of its exact instances.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        pub enum Builtin { None0, $($name,)* Count }

        pub(crate) struct BuiltinRow {
            pub name: &'static str,
            pub base: Builtin,
            pub kind: u8,
            pub flags: u32,
        }
        pub(crate) fn builtin_rows() -> Vec<BuiltinRow> {
            vec![$(BuiltinRow { name: $text, base: Builtin::$base, kind: <$kind>::kind(), flags: $flags },)*]
        }
    };
}

/// Class flags.
pub mod flags {
    /// Can be subclassed.
    pub const BASE: u32 = 1;
    /// Instances have an attribute dict.
    pub const HAS_DICT: u32 = 2;
    /// Made by a class statement or `type()`; attributes can be set.
    pub const HEAP: u32 = 4;
    /// Some look-up through this class is cached.
    pub const CACHED: u32 = 8;
    pub const ABSTRACT: u32 = 16;
    /// Matches sequence / mapping patterns.
    pub const SEQUENCE: u32 = 32;
    pub const MAPPING: u32 = 64;
    /// A class pattern's single positional sub-pattern matches the subject itself.
    pub const MATCH_SELF: u32 = 128;
    /// Instances have `__del__`.
    pub const HAS_DEL: u32 = 256;
    /// Cannot be instantiated from Python.
    pub const NO_NEW: u32 = 512;
    /// Attributes cannot be set or deleted.
    pub const IMMUTABLE: u32 = 1024;
    /// Instances can be weakly referenced (always true for classes without `__slots__`).
    pub const WEAKREF: u32 = 2048;
    /// Subclass of BaseException (fast test), of type, int, str, tuple, list, dict, bytes.
    pub const EXCEPTION: u32 = 1 << 12;
    pub const TYPE: u32 = 1 << 13;
    pub const INT: u32 = 1 << 14;
    /// Has a custom `__getattribute__` or `__getattr__` / `__setattr__` or `__delattr__`.
    pub const GETATTR_HOOK: u32 = 1 << 15;
    pub const SETATTR_HOOK: u32 = 1 << 16;
    /// Kept when a subclass is made.
    pub const INHERITED: u32 = HAS_DICT
        | SEQUENCE
        | MAPPING
        | MATCH_SELF
        | HAS_DEL
        | WEAKREF
        | EXCEPTION
        | TYPE
        | INT
        | GETATTR_HOOK
        | SETATTR_HOOK;
}

use crate::types as t;
use flags as f;

const PLAIN: u32 = f::IMMUTABLE;
const OPEN: u32 = f::IMMUTABLE | f::BASE;

builtin_classes! {
    Object "object" Object Instance, OPEN;
    Type "type" Object Class, OPEN | f::HAS_DICT | f::TYPE | f::WEAKREF;
    Int "int" Object t::BigInt, OPEN | f::MATCH_SELF | f::INT;
    Float "float" Object t::Float, OPEN | f::MATCH_SELF;
    Complex "complex" Object t::Complex, OPEN;
    Bool "bool" Int t::BigInt, PLAIN | f::MATCH_SELF | f::INT;
    NoneType "NoneType" Object Instance, PLAIN;
    Ellipsis "ellipsis" Object Instance, PLAIN;
    NotImplementedType "NotImplementedType" Object Instance, PLAIN;
    Str "str" Object t::Str, OPEN | f::MATCH_SELF;
    Bytes "bytes" Object t::Bytes, OPEN | f::MATCH_SELF;
    ByteArray "bytearray" Object t::ByteArray, OPEN | f::MATCH_SELF;
    Tuple "tuple" Object Tuple, OPEN | f::SEQUENCE | f::MATCH_SELF;
    List "list" Object t::List, OPEN | f::SEQUENCE | f::MATCH_SELF;
    Dict "dict" Object Dict, OPEN | f::MAPPING | f::MATCH_SELF;
    Set "set" Object t::Set, OPEN | f::MATCH_SELF | f::WEAKREF;
    FrozenSet "frozenset" Object t::Set, OPEN | f::MATCH_SELF | f::WEAKREF;
    Range "range" Object t::Range, PLAIN | f::SEQUENCE;
    Slice "slice" Object t::Slice, PLAIN;
    Function "function" Object t::Function, PLAIN | f::HAS_DICT | f::WEAKREF;
    Code "code" Object t::CodeObject, PLAIN | f::WEAKREF;
    BuiltinFunction "builtin_function_or_method" Object NativeFn, PLAIN | f::WEAKREF | f::NO_NEW;
    MethodDescriptor "method_descriptor" Object NativeFn, PLAIN | f::NO_NEW;
    WrapperDescriptor "wrapper_descriptor" Object NativeFn, PLAIN | f::NO_NEW;
    MethodWrapper "method-wrapper" Object NativeFn, PLAIN | f::NO_NEW;
    ClassMethodDescriptor "classmethod_descriptor" Object t::ClassMethodDescr, PLAIN | f::NO_NEW;
    GetSetDescriptor "getset_descriptor" Object NativeFn, PLAIN | f::NO_NEW;
    MemberDescriptor "member_descriptor" Object t::Member, PLAIN | f::NO_NEW;
    Method "method" Object t::BoundMethod, PLAIN | f::WEAKREF;
    Cell "cell" Object t::CellObject, PLAIN;
    Module "module" Object t::Module, OPEN | f::WEAKREF;
    BaseException "BaseException" Object t::Exception, OPEN | f::HAS_DICT | f::EXCEPTION | f::WEAKREF;
    Traceback "traceback" Object t::Traceback, PLAIN;
    Frame "frame" Object t::FrameObject, PLAIN | f::NO_NEW;
    Generator "generator" Object t::Generator, PLAIN | f::WEAKREF | f::NO_NEW;
    Coroutine "coroutine" Object t::Generator, PLAIN | f::WEAKREF | f::NO_NEW;
    AsyncGenerator "async_generator" Object t::Generator, PLAIN | f::WEAKREF | f::NO_NEW;
    CoroutineWrapper "coroutine_wrapper" Object t::CellObject, PLAIN | f::NO_NEW;
    AsyncGenASend "async_generator_asend" Object t::AsyncGenOp, PLAIN | f::NO_NEW;
    AsyncGenAThrow "async_generator_athrow" Object t::AsyncGenOp, PLAIN | f::NO_NEW;
    AnextAwaitable "anext_awaitable" Object t::AsyncGenOp, PLAIN | f::NO_NEW;
    AsyncGenWrapped "async_generator_wrapped_value" Object t::Wrapped, PLAIN | f::NO_NEW;
    Property "property" Object t::Property, OPEN;
    StaticMethod "staticmethod" Object t::Wrapper, OPEN | f::HAS_DICT;
    ClassMethod "classmethod" Object t::Wrapper, OPEN | f::HAS_DICT;
    Super "super" Object t::Super, OPEN;
    ListIterator "list_iterator" Object t::SeqIter, PLAIN | f::NO_NEW;
    ListReverseIterator "list_reverseiterator" Object t::SeqIter, PLAIN | f::NO_NEW;
    TupleIterator "tuple_iterator" Object t::SeqIter, PLAIN | f::NO_NEW;
    StrIterator "str_iterator" Object t::SeqIter, PLAIN | f::NO_NEW;
    BytesIterator "bytes_iterator" Object t::SeqIter, PLAIN | f::NO_NEW;
    ByteArrayIterator "bytearray_iterator" Object t::SeqIter, PLAIN | f::NO_NEW;
    SequenceIterator "iterator" Object t::SeqIter, PLAIN | f::NO_NEW;
    Reversed "reversed" Object t::SeqIter, OPEN;
    RangeIterator "range_iterator" Object t::RangeIter, PLAIN | f::NO_NEW;
    LongRangeIterator "longrange_iterator" Object t::LongRangeIter, PLAIN | f::NO_NEW;
    CallableIterator "callable_iterator" Object t::CallIter, PLAIN | f::NO_NEW;
    DictKeys "dict_keys" Object t::DictView, PLAIN | f::NO_NEW;
    DictValues "dict_values" Object t::DictView, PLAIN | f::NO_NEW;
    DictItems "dict_items" Object t::DictView, PLAIN | f::NO_NEW;
    DictKeyIterator "dict_keyiterator" Object t::DictIter, PLAIN | f::NO_NEW;
    DictValueIterator "dict_valueiterator" Object t::DictIter, PLAIN | f::NO_NEW;
    DictItemIterator "dict_itemiterator" Object t::DictIter, PLAIN | f::NO_NEW;
    DictReverseKeyIterator "dict_reversekeyiterator" Object t::DictIter, PLAIN | f::NO_NEW;
    DictReverseValueIterator "dict_reversevalueiterator" Object t::DictIter, PLAIN | f::NO_NEW;
    DictReverseItemIterator "dict_reverseitemiterator" Object t::DictIter, PLAIN | f::NO_NEW;
    SetIterator "set_iterator" Object t::DictIter, PLAIN | f::NO_NEW;
    MappingProxy "mappingproxy" Object t::MappingProxy, PLAIN | f::MAPPING;
    WeakRef "weakref.ReferenceType" Object t::WeakRef, OPEN;
    WeakProxy "weakref.ProxyType" Object t::WeakRef, PLAIN | f::NO_NEW;
    WeakCallableProxy "weakref.CallableProxyType" Object t::WeakRef, PLAIN | f::NO_NEW;
}

/// Definition of a native class outside of the VM's own list.
pub struct TypeDef {
    /// `module.name`, or a plain name for builtins.
    pub name: &'static str,
    pub doc: &'static str,
    pub kind: fn() -> u8,
    /// None: object.
    pub base: Option<fn(&mut Thread) -> R<Gc<Class>>>,
    pub flags: u32,
    pub methods: &'static [NativeDef],
    /// Index into the interpreter's table, given at first use.
    index: AtomicU32,
}

static NEXT_TYPE: AtomicU32 = AtomicU32::new(1);

impl TypeDef {
    /// A class that can be subclassed, with instances of kind T. Without a `__new__` among `methods` it inherits its
    /// base's; `object.__new__` makes a zeroed instance of any kind whose size is fixed.
    pub const fn new<T: HeapObject>(name: &'static str, methods: &'static [NativeDef], doc: &'static str) -> TypeDef {
        TypeDef { name, doc, kind: T::kind, base: None, flags: OPEN, methods, index: AtomicU32::new(0) }
    }
    pub const fn flags(mut self, flags: u32) -> TypeDef {
        self.flags = flags;
        self
    }
    pub const fn base(mut self, base: fn(&mut Thread) -> R<Gc<Class>>) -> TypeDef {
        self.base = Some(base);
        self
    }
}

impl Gc<Class> {
    pub fn has(self, flag: u32) -> bool {
        self.flags.get() & flag != 0
    }
    /// Superclasses in resolution order, this class first; empty while the class is being made.
    #[inline(always)]
    pub fn mro(&self) -> Gc<Tuple> {
        // SAFETY: `alloc_class` sets it.
        unsafe { self.mro.as_gc() }
    }
    pub fn dict(self) -> Gc<Dict> {
        // SAFETY: set at creation.
        unsafe { self.dict.as_gc() }
    }
    /// Is its MRO known? While a class is being made it is an empty tuple.
    pub fn is_ready(self) -> bool {
        self.mro().len > 0
    }
    /// Is it `other` or derived from it?
    #[inline(never)]
    pub fn is_subclass(self, other: Gc<Class>) -> bool {
        self == other || self.mro().items().contains(&other.value()) || !self.is_ready() && self.extends(other)
    }
    /// Is `other` the class or among its layout bases?
    pub fn extends(self, other: Gc<Class>) -> bool {
        std::iter::successors(Some(self), |c| c.base.cast::<Class>()).any(|c| c == other)
    }
    /// The plain name.
    pub fn name(self) -> String {
        self.name.cast::<t::Str>().map_or_else(|| "?".into(), |s| s.to_lossy())
    }
}

/// An entry of the method cache.
#[derive(Clone, Copy)]
pub(crate) struct CacheEntry {
    class: u64,
    name: u64,
    epoch: u32,
    /// `value` is the class whose dict has the name; else the value itself (unbound: there is none).
    indirect: bool,
    value: Value,
}

pub(crate) const METHOD_CACHE: usize = 2048;

impl CacheEntry {
    pub(crate) const EMPTY: CacheEntry =
        CacheEntry { class: 0, name: 0, epoch: 0, indirect: false, value: Value::NULL };
    pub(crate) fn word(&mut self) -> *mut u64 {
        &mut self.value.0
    }
}

/// May the value be cached under the epoch? Plain data is rebound too often (class-level counters) for that.
fn is_cacheable(v: Value) -> bool {
    if !v.is_ref() {
        return false;
    }
    let k = v.kind();
    !(k == t::Str::kind()
        || k == t::Float::kind()
        || k == t::BigInt::kind()
        || k == t::List::kind()
        || k == Dict::kind()
        || k == t::Set::kind()
        || k == Tuple::kind())
}

/// `__dict__` of instances of native classes that have one.
static DICT_ATTR: &[NativeDef] =
    &[NativeDef::getset("__dict__", get_dict, set_dict, "dictionary for instance variables")];

fn get_dict(cx: &mut Thread, a: crate::Args<'_>) -> R {
    cx.instance_dict(a[0])
}

fn set_dict(cx: &mut Thread, a: crate::Args<'_>) -> R {
    match a[1].cast::<Dict>() {
        Some(d) => {
            cx.set_instance_dict(a[0], d)?;
            Ok(Value::NONE)
        }
        None => {
            let got = if a[1].is_null() { "deletion".to_owned() } else { cx.class_name(a[1]) };
            Err(cx.type_error(format!("__dict__ must be set to a dictionary, not a '{got}'")))
        }
    }
}

/// What is known of a class's instances because of special methods that the class has or has not.
pub mod facts {
    /// No `__bool__`, no `__len__`.
    pub const ALWAYS_TRUE: u8 = 1;
    /// `__eq__` and `__ne__` are those of `object`.
    pub const IDENTITY_EQ: u8 = 2;
    /// `__hash__` is that of `object`.
    pub const IDENTITY_HASH: u8 = 4;
}

impl Thread {
    /// A built-in class.
    #[inline(always)]
    pub fn builtin(&self, b: Builtin) -> Gc<Class> {
        // SAFETY: all are made at start-up.
        unsafe { *self.vm().types.as_ptr().add(b as usize) }
    }

    /// The class of a definition; made at its first use.
    pub fn native_class(&mut self, def: &'static TypeDef) -> R<Gc<Class>> {
        let i = def.index.load(Relaxed) as usize;
        if i != 0
            && let Some(Some(c)) = self.vm().native_classes.get(i)
        {
            return Ok(*c);
        }
        self.make_native_class(def)
    }

    #[cold]
    fn make_native_class(&mut self, def: &'static TypeDef) -> R<Gc<Class>> {
        let _ = def.index.compare_exchange(0, NEXT_TYPE.fetch_add(1, Relaxed), Relaxed, Relaxed);
        let index = def.index.load(Relaxed) as usize;
        let base = match def.base {
            Some(f) => f(self)?,
            None => self.builtin(Builtin::Object),
        };
        let meta = self.class_of(base.value());
        let kind = (def.kind)();
        let class = self.alloc_class(meta.root_shape.get(), meta.extra.get())?;
        let (module, name) = def.name.rsplit_once('.').unwrap_or(("builtins", def.name));
        let (module, name) = (self.intern(module)?, self.intern(name)?);
        let flags = def.flags | base.flags.get() & flags::INHERITED;
        self.init_class(class, name, &[base], kind, flags, 0)?;
        let dict = class.dict();
        let key = self.name(N::__module__);
        self.dict_set_str(dict, key, module)?;
        if !def.doc.is_empty() {
            let doc = self.new_str(def.doc)?;
            self.dict_set_str(dict, self.name(N::__doc__), doc.value())?;
        }
        class.def.set(Some(def));
        let classes = &mut self.vm_mut().native_classes;
        if classes.len() <= index {
            classes.resize(index + 1, None);
        }
        classes[index] = Some(class);
        self.add_methods(class, def.methods)?;
        if class.has(flags::HAS_DICT) && !base.has(flags::HAS_DICT) {
            self.add_methods(class, DICT_ATTR)?;
        }
        Ok(class)
    }

    /// An empty class object; `init_class` must follow.
    pub fn alloc_class(&mut self, shape: u32, extra: u8) -> R<Gc<Class>> {
        let r = self.mutator.alloc_old(Class::kind(), shape, size_of::<Class>(), extra);
        match r {
            Ok(r) => {
                // SAFETY: just allocated with this kind.
                let class: Gc<Class> = unsafe { Gc::from_raw(r.payload() as *mut Class) };
                class.mro.init(self.vm().empty_tuple);
                Ok(class)
            }
            Err(_) => Err(self.memory_error()),
        }
    }

    /// Fills a class: names, bases, MRO, dict, layout. `slots` are the `__slots__` members beyond those of the base.
    pub fn init_class(
        &mut self,
        class: Gc<Class>,
        name: Value,
        bases: &[Gc<Class>],
        kind: u8,
        class_flags: u32,
        slots: u32,
    ) -> R<()> {
        class.name.set(self, class, name);
        class.qualname.set(self, class, name);
        class.kind.set(kind);
        class.flags.set(class_flags);
        let dict = self.new_dict()?;
        class.dict.set(self, class, dict);
        let values: Vec<Value> = bases.iter().map(|b| b.value()).collect();
        let tuple = self.new_tuple(&values)?;
        class.bases.set(self, class, tuple);
        let base = bases.first().copied();
        if let Some(base) = base {
            class.base.set(self, class, base);
        }
        self.set_layout(class, base, slots)?;
        let mro = self.compute_mro(class)?;
        class.mro.set(self, class, mro);
        Ok(())
    }

    /// Attribute area and root shape of instances.
    pub fn set_layout(&mut self, class: Gc<Class>, base: Option<Gc<Class>>, slots: u32) -> R<()> {
        let inherited = base.map_or(0, |b| self.member_count(b));
        let members = inherited + slots;
        let has_dict = class.has(flags::HAS_DICT);
        let guess = base.map_or(0, |b| b.most_attrs.get());
        self.new_root_shape(class, members, has_dict, guess);
        Ok(())
    }

    /// Number of `__slots__` members of instances.
    pub fn member_count(&self, class: Gc<Class>) -> u32 {
        match class.root_shape.get() {
            0 => 0,
            n => self.process().shapes.get(n).count,
        }
    }

    /// Gives the class a new root shape with room for `attrs` attributes inline.
    pub fn new_root_shape(&mut self, class: Gc<Class>, members: u32, has_dict: bool, attrs: u8) {
        let room = if has_dict && class.kind.get() == Instance::kind() { attrs.max(4) } else { attrs.min(4) };
        let room = if has_dict { room.min(crate::shape::MAX_INLINE) } else { 0 };
        let inline = (members + room as u32).min(250) as u8;
        let extra = if has_dict || members > 0 { inline + 1 } else { 0 };
        class.extra.set(extra);
        class.most_attrs.set(attrs);
        let shape = self.process_mut().shapes.root(class, members, inline, has_dict);
        class.root_shape.set(shape);
    }

    /// Puts native methods and attributes into a class's dict.
    pub fn add_methods(&mut self, class: Gc<Class>, defs: &'static [NativeDef]) -> R<()> {
        for def in defs {
            let value = self.native_attr(class, def)?;
            let name = self.intern(def.name())?;
            let dict = class.dict();
            self.dict_set_str(dict, name, value)?;
            if def.name() == "__hash__" || def.name() == "__eq__" {
                continue;
            }
        }
        // Otherwise `object.__new__` would refuse a subclass's arguments for our `__init__`.
        let has = |name| defs.iter().any(|def| def.name() == name);
        if has("__init__") && !has("__new__") {
            let new = self.native_attr(class, &crate::ops::construct::GENERIC_NEW)?;
            let (name, dict) = (self.name(N::__new__), class.dict());
            if self.lookup(class, name).is_none_or(crate::ops::construct::is_object_new) {
                self.dict_set_str(dict, name, new)?;
            }
        }
        // A class that defines __eq__ and not __hash__ has unhashable instances.
        let (eq, hash) = (self.name(N::__eq__), self.name(N::__hash__));
        let dict = class.dict();
        if self.dict_get_str(dict, eq).is_some() && self.dict_get_str(dict, hash).is_none() {
            self.dict_set_str(dict, hash, Value::NONE)?;
        }
        self.type_modified(class);
        Ok(())
    }

    /// Looks a name (interned) up along the MRO.
    #[inline]
    pub fn lookup(&mut self, class: Gc<Class>, name: Value) -> Option<Value> {
        let i = ((class.addr() >> 4) ^ (name.0 >> 3) as usize ^ (name.0 >> 9) as usize) & (METHOD_CACHE - 1);
        let vm = self.vm();
        let e = &vm.method_cache[i];
        if e.class == class.addr() as u64 && e.name == name.0 && e.epoch == vm.epoch.get() {
            if !e.indirect {
                return e.value.bound();
            }
            // SAFETY: an indirect entry's value is a class.
            let holder = unsafe { e.value.cast_unchecked::<Class>() };
            return self.dict_get_str(holder.dict(), name);
        }
        self.lookup_slow(class, name, i)
    }

    #[cold]
    #[inline(never)]
    fn lookup_slow(&mut self, class: Gc<Class>, name: Value, i: usize) -> Option<Value> {
        let found = self.lookup_where(class, name);
        self.mark_cached(class);
        let (indirect, value) = match found {
            None => (false, Value::NULL),
            Some((_, v)) if is_cacheable(v) => (false, v),
            Some((holder, _)) => (true, holder.value()),
        };
        let epoch = self.vm().epoch.get();
        self.vm().caches_written.set(true);
        self.vm_mut().method_cache[i] = CacheEntry { class: class.addr() as u64, name: name.0, epoch, indirect, value };
        found.map(|f| f.1)
    }

    /// The class along the MRO whose dict has the name, and the value.
    pub fn lookup_where(&self, class: Gc<Class>, name: Value) -> Option<(Gc<Class>, Value)> {
        for c in class.mro.cast::<Tuple>()?.items() {
            let c = c.cast::<Class>()?;
            if let Some(v) = self.dict_get_str(c.dict(), name) {
                return Some((c, v));
            }
        }
        None
    }

    /// Looks a special method up on the type of `v`.
    #[inline]
    pub fn lookup_special(&mut self, v: Value, n: N) -> Option<Value> {
        let class = self.class_of(v);
        let name = self.name(n);
        self.lookup(class, name)
    }

    /// Does one of the [`facts`] hold for instances of the class?
    #[inline(always)]
    pub fn class_fact(&mut self, class: Gc<Class>, fact: u8) -> bool {
        if class.facts_epoch.get() != self.vm().epoch.get() {
            self.find_facts(class);
        }
        class.facts.get() & fact != 0
    }

    #[cold]
    #[inline(never)]
    fn find_facts(&mut self, class: Gc<Class>) {
        let mut of_object = |n: N| {
            let name = self.name(n);
            self.lookup(class, name).is_some_and(|f| self.is_native_of(f, Builtin::Object))
        };
        let mut known = 0;
        if of_object(N::__eq__) && of_object(N::__ne__) {
            known |= facts::IDENTITY_EQ;
        }
        if of_object(N::__hash__) {
            known |= facts::IDENTITY_HASH;
        }
        let (truth, len) = (self.name(N::__bool__), self.name(N::__len__));
        if self.lookup(class, truth).is_none() && self.lookup(class, len).is_none() {
            known |= facts::ALWAYS_TRUE;
        }
        class.facts.set(known);
        class.facts_epoch.set(self.vm().epoch.get());
        self.mark_cached(class);
    }

    /// The class (or one of its bases) changed: cached look-ups are void.
    pub fn type_modified(&mut self, class: Gc<Class>) {
        if class.has(flags::CACHED) {
            let vm = self.vm();
            vm.epoch.set(vm.epoch.get().wrapping_add(1).max(1));
        }
    }

    /// A write to a class's dict: does the change matter to caches?
    pub fn class_attr_written(&mut self, class: Gc<Class>, old: Option<Value>, new: Option<Value>) {
        if let (Some(o), Some(n)) = (old, new)
            && !is_cacheable(o)
            && !is_cacheable(n)
        {
            return;
        }
        self.type_modified(class);
    }

    /// C3 linearisation; a TypeError if there is none.
    pub fn compute_mro(&mut self, class: Gc<Class>) -> R<Gc<Tuple>> {
        let bases: Vec<Value> = class.bases.cast::<Tuple>().map_or(Vec::new(), |b| b.items().to_vec());
        let mut lists: Vec<Vec<Value>> = Vec::new();
        for base in bases.iter().filter_map(|b| b.cast::<Class>()) {
            if !base.is_ready() {
                let name = self.type_name(base);
                return Err(self.type_error(format!("Cannot extend an incomplete type '{name}'")));
            }
            lists.push(base.mro().items().to_vec());
        }
        lists.push(bases);
        let mut out = vec![class.value()];
        loop {
            lists.retain(|l| !l.is_empty());
            if lists.is_empty() {
                break;
            }
            let next = lists.iter().map(|l| l[0]).find(|c| lists.iter().all(|l| !l[1..].contains(c)));
            let Some(next) = next else {
                let mut names: Vec<String> = Vec::new();
                for l in &lists {
                    let n = l[0].cast::<Class>().map_or(String::new(), |c| c.name());
                    if !names.contains(&n) {
                        names.push(n);
                    }
                }
                return Err(self.type_error(format!(
                    "Cannot create a consistent method resolution order (MRO) for bases {}",
                    names.join(", ")
                )));
            };
            out.push(next);
            for l in &mut lists {
                if l[0] == next {
                    l.remove(0);
                }
            }
        }
        // Classes never move, so the vector is safe across the allocation.
        self.new_tuple(&out)
    }

    /// `isinstance` for real classes, without hooks.
    #[inline]
    pub fn is_instance(&self, v: Value, class: Gc<Class>) -> bool {
        self.class_of(v).is_subclass(class)
    }

    /// The name by which messages call a class: with its module if it is a native one's (CPython's `tp_name`).
    pub fn type_name(&self, c: Gc<Class>) -> String {
        let name = c.name();
        let key = self.name(N::__module__);
        match self.dict_get_str(c.dict(), key).and_then(|m| m.cast::<t::Str>()) {
            Some(m) if !c.has(flags::HEAP) && m.bytes() != b"builtins" => format!("{}.{name}", m.to_lossy()),
            _ => name,
        }
    }

    /// [`Thread::type_name`] of the value's class.
    pub fn class_name(&self, v: Value) -> String {
        self.type_name(self.class_of(v))
    }

    /// `__module__` and `__qualname__` of a class, `builtins.` and `__main__.` left out (CPython's `%T`).
    pub fn full_class_name(&self, c: Gc<Class>) -> String {
        self.class_path(c, &["builtins", "__main__"])
    }

    /// `__module__` and `__qualname__` of a class, without the module if it is one of `implied`.
    pub fn class_path(&self, c: Gc<Class>, implied: &[&str]) -> String {
        let key = self.name(N::__module__);
        let qualname = c.qualname.cast::<t::Str>().map_or_else(|| c.name(), |q| q.to_lossy());
        match self.dict_get_str(c.dict(), key).and_then(|m| m.cast::<t::Str>()).map(|m| m.to_lossy()) {
            Some(m) if !implied.contains(&&*m) => format!("{m}.{qualname}"),
            _ => qualname,
        }
    }
}
