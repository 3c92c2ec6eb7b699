//! `_abc`: what `abc.ABCMeta` is made of.
//!
//! Each abstract class has in `_abc_impl` three tables: registered classes, classes known to be subclasses, classes known
//! not to be. A table maps a class's identity to a weak reference to it; an entry counts only while the reference still
//! leads to that class, so identities of dead classes do no harm. Classes known not to be subclasses are forgotten when
//! anything was registered anywhere (the *invalidation counter*).

use crate::weakref::new_ref;
use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, Set, Str, Tuple, WeakRef};
use ferropy_vm::{
    Args, Builtin as B, Field, Gc, N, NativeDef, R, RootedVec, Thread, TypeDef, Value, heap_kind, null_field,
};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_abc", init);
}

fn init(cx: &mut Thread) -> R {
    let doc = "Module contains faster C implementation of abc.ABCMeta";
    Ok(cx.module_with("_abc", doc, FUNCTIONS)?.value())
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "get_cache_token()",
        get_cache_token,
        "Returns the current ABC cache token.\n\nThe token is an opaque object (supporting equality testing) identifying \
         the\ncurrent version of the ABC cache for virtual subclasses. The token changes\nwith every call to register() \
         on any ABC.",
    ),
    NativeDef::function("_abc_init(self, /)", abc_init, "Internal ABC helper for class set-up."),
    NativeDef::function(
        "_abc_register(self, subclass, /)",
        abc_register,
        "Internal ABC helper for subclasss registration.",
    ),
    NativeDef::function(
        "_abc_instancecheck(self, instance, /)",
        abc_instancecheck,
        "Internal ABC helper for instance checks.",
    ),
    NativeDef::function(
        "_abc_subclasscheck(self, subclass, /)",
        abc_subclasscheck,
        "Internal ABC helper for subclasss checks.",
    ),
    NativeDef::function("_get_dump(self, /)", get_dump, "Internal ABC helper for cache and registry debugging."),
    NativeDef::function(
        "_reset_registry(self, /)",
        reset_registry,
        "Internal ABC helper to reset registry of a given class.",
    ),
    NativeDef::function(
        "_reset_caches(self, /)",
        reset_caches,
        "Internal ABC helper to reset both caches of a given class.",
    ),
];

/// Counts registrations.
static COUNTER: AtomicU64 = AtomicU64::new(0);

#[repr(C)]
struct AbcData {
    registry: Field,
    cache: Field,
    negative: Field,
    /// The counter when the negative table was begun.
    version: Cell<u64>,
}
heap_kind!(AbcData, "_abc_data", 3);

static ABC_DATA: TypeDef =
    TypeDef::new::<AbcData>("_abc._abc_data", &[], "Internal state held by ABC machinery.").flags(flags::IMMUTABLE);

fn get_cache_token(cx: &mut Thread, _a: Args<'_>) -> R {
    cx.uint(COUNTER.load(Relaxed))
}

fn data(cx: &mut Thread, class: Value) -> R<Gc<AbcData>> {
    let name = cx.name(N::_abc_impl);
    // Nearly always in the class's own dict.
    if let Some(c) = class.cast::<Class>()
        && let Some(d) = cx.dict_get_str(c.dict(), name).and_then(|v| v.cast::<AbcData>())
    {
        return Ok(d);
    }
    match cx.getattr(class, name)?.cast() {
        Some(d) => Ok(d),
        None => Err(cx.type_error("_abc_impl is set to a wrong type")),
    }
}

/// Is the class in a table?
fn known(cx: &mut Thread, table: &Field, class: Value) -> R<bool> {
    let Some(d) = table.cast::<Dict>() else { return Ok(false) };
    let id = key(cx, class)?;
    let found = cx.dict_get(d, id)?.and_then(|w| w.cast::<WeakRef>());
    Ok(found.is_some_and(|w| w.target.get() == class))
}

fn key(cx: &mut Thread, class: Value) -> R {
    let id = cx.id(class);
    cx.uint(id as u64)
}

/// Adds a class to a table; dead entries go when the table has grown to a power of two.
fn remember(cx: &mut Thread, owner: Gc<AbcData>, table: fn(&AbcData) -> &Field, class: Value) -> R<()> {
    let d = match table(&owner).cast::<Dict>() {
        Some(d) => d,
        None => {
            let d = cx.new_dict()?;
            table(&owner).set(cx, owner, d);
            d
        }
    };
    if d.len() >= 16 && d.len().is_power_of_two() {
        let mut dead = RootedVec::new(cx);
        let mut i = 0;
        while let Some((next, _, k, v)) = d.next_entry(i) {
            if v.cast::<WeakRef>().is_some_and(|w| w.target.get().is_null()) {
                dead.push(k);
            }
            i = next;
        }
        for i in 0..dead.len() {
            cx.dict_remove(d, dead[i])?;
        }
    }
    let id = key(cx, class)?;
    let w = new_ref(cx, class)?;
    cx.dict_set(d, id, w.value())
}

/// Live classes of a table.
fn members(cx: &mut Thread, table: &Field) -> RootedVec {
    let mut out = RootedVec::new(cx);
    if let Some(d) = table.cast::<Dict>() {
        let mut i = 0;
        while let Some((next, _, _, v)) = d.next_entry(i) {
            if let Some(t) = v.cast::<WeakRef>().and_then(|w| w.target.get().bound()) {
                out.push(t);
            }
            i = next;
        }
    }
    out
}

fn abc_init(cx: &mut Thread, a: Args<'_>) -> R {
    set_abstract_methods(cx, a[0])?;
    let class = cx.native_class(&ABC_DATA)?;
    let version = COUNTER.load(Relaxed).into();
    let fresh = AbcData { registry: null_field(), cache: null_field(), negative: null_field(), version };
    let d = cx.alloc_of(class, fresh)?;
    let name = cx.name(N::_abc_impl);
    cx.setattr(a[0], name, d.value())?;
    take_type_flags(cx, a[0])?;
    Ok(Value::NONE)
}

/// `__abc_tpflags__` of a class body: does it match sequence or mapping patterns?
fn take_type_flags(cx: &mut Thread, class: Value) -> R<()> {
    let Some(c) = class.cast::<Class>() else { return Ok(()) };
    let name = cx.intern("__abc_tpflags__")?;
    let Some(v) = cx.dict_get_str(c.dict(), name) else { return Ok(()) };
    let bits = v.as_int().unwrap_or(0);
    const SEQUENCE: i64 = 1 << 5;
    const MAPPING: i64 = 1 << 6;
    if bits & SEQUENCE != 0 && bits & MAPPING != 0 {
        return Err(cx.type_error("__abc_tpflags__ cannot be both Py_TPFLAGS_SEQUENCE and Py_TPFLAGS_MAPPING"));
    }
    if bits & SEQUENCE != 0 {
        c.flags.set(c.flags.get() | flags::SEQUENCE);
    }
    if bits & MAPPING != 0 {
        c.flags.set(c.flags.get() | flags::MAPPING);
    }
    cx.delattr(class, name)
}

fn is_abstract(cx: &mut Thread, v: Value) -> R<bool> {
    let name = cx.name(N::__isabstractmethod__);
    match cx.getattr_opt(v, name)? {
        Some(f) => cx.truth(f),
        None => Ok(false),
    }
}

/// Collects the names of abstract methods, own and inherited, in `__abstractmethods__`.
fn set_abstract_methods(cx: &mut Thread, class: Value) -> R<()> {
    let frozen = cx.builtin(B::FrozenSet);
    let Some(set) = cx.alloc_instance(frozen)?.cast::<Set>() else { return Ok(()) };
    let mut items = RootedVec::new(cx);
    if let Some(c) = class.cast::<Class>() {
        let (d, mut i) = (c.dict(), 0);
        while let Some((next, _, k, v)) = d.next_entry(i) {
            items.push(k);
            items.push(v);
            i = next;
        }
    }
    for i in (0..items.len()).step_by(2) {
        if is_abstract(cx, items[i + 1])? {
            cx.set_add(set, items[i])?;
        }
    }
    let methods = cx.intern("__abstractmethods__")?;
    let bases = cx.name(N::__bases__);
    let Some(bases) = cx.getattr(class, bases)?.cast::<Tuple>() else {
        return Err(cx.type_error("__bases__ is not tuple"));
    };
    for i in 0..bases.len {
        let Some(inherited) = cx.getattr_opt(bases.at(i), methods)? else { continue };
        let names = cx.collect(inherited)?;
        for k in 0..names.len() {
            let Some(s) = names[k].cast::<Str>() else { continue };
            let name = cx.intern_str(s)?;
            if let Some(v) = cx.getattr_opt(class, name)?
                && is_abstract(cx, v)?
            {
                cx.set_add(set, name)?;
            }
        }
    }
    cx.setattr(class, methods, set.value())
}

fn abc_register(cx: &mut Thread, a: Args<'_>) -> R {
    let (class, sub) = (a[0], a[1]);
    let Some(sub_class) = sub.cast::<Class>() else { return Err(cx.type_error("Can only register classes")) };
    if cx.issubclass(sub, class)? {
        return Ok(sub);
    }
    if cx.issubclass(class, sub)? {
        return Err(cx.runtime_error("Refusing to create an inheritance cycle"));
    }
    let d = data(cx, class)?;
    remember(cx, d, |d| &d.registry, sub)?;
    COUNTER.fetch_add(1, Relaxed);
    if let Some(c) = class.cast::<Class>() {
        let pattern = c.flags.get() & (flags::SEQUENCE | flags::MAPPING);
        if pattern != 0 {
            set_pattern_flags(cx, sub_class, pattern);
        }
    }
    Ok(sub)
}

/// Registered classes and their subclasses match the patterns that the abstract class does.
fn set_pattern_flags(cx: &mut Thread, class: Gc<Class>, pattern: u32) {
    let both = flags::SEQUENCE | flags::MAPPING;
    if class.has(flags::IMMUTABLE) || class.flags.get() & both == pattern {
        return;
    }
    class.flags.set(class.flags.get() & !both | pattern);
    for sub in cx.live_subclasses(class) {
        set_pattern_flags(cx, sub, pattern);
    }
}

fn abc_instancecheck(cx: &mut Thread, a: Args<'_>) -> R {
    let (class, instance) = (a[0], a[1]);
    let d = data(cx, class)?;
    let name = cx.name(N::__class__);
    let sub = cx.getattr(instance, name)?;
    if known(cx, &d.cache, sub)? {
        return Ok(Value::TRUE);
    }
    let subtype = cx.class_of(instance).value();
    if subtype == sub {
        if d.version.get() == COUNTER.load(Relaxed) && known(cx, &d.negative, sub)? {
            return Ok(Value::FALSE);
        }
        return subclass_hook(cx, class, sub);
    }
    let r = subclass_hook(cx, class, sub)?;
    if cx.truth(r)? {
        return Ok(r);
    }
    subclass_hook(cx, class, subtype)
}

fn subclass_hook(cx: &mut Thread, class: Value, sub: Value) -> R {
    let name = cx.name(N::__subclasscheck__);
    cx.call_attr(class, name, &[sub])
}

fn abc_subclasscheck(cx: &mut Thread, a: Args<'_>) -> R {
    let (class, sub) = (a[0], a[1]);
    if sub.cast::<Class>().is_none() {
        return Err(cx.type_error("issubclass() arg 1 must be a class"));
    }
    cx.check_recursion(" in __subclasscheck__")?;
    let d = data(cx, class)?;
    if known(cx, &d.cache, sub)? {
        return Ok(Value::TRUE);
    }
    let counter = COUNTER.load(Relaxed);
    if d.version.get() < counter {
        d.negative.set(cx, d, Value::NULL);
        d.version.set(counter);
    } else if known(cx, &d.negative, sub)? {
        return Ok(Value::FALSE);
    }
    let answer = decide(cx, d, class, sub)?;
    if answer {
        remember(cx, d, |d| &d.cache, sub)?;
    } else {
        remember(cx, d, |d| &d.negative, sub)?;
    }
    Ok(Value::bool(answer))
}

/// Asks the hook, the MRO, registered classes, and subclasses, in this order.
fn decide(cx: &mut Thread, d: Gc<AbcData>, class: Value, sub: Value) -> R<bool> {
    let hook = cx.name(N::__subclasshook__);
    let ok = cx.call_attr(class, hook, &[sub])?;
    match ok {
        Value::TRUE => return Ok(true),
        Value::FALSE => return Ok(false),
        Value::NOT_IMPLEMENTED => {}
        _ => {
            return Err(cx.error(
                ferropy_vm::Exc::AssertionError,
                "__subclasshook__ must return either False, True, or NotImplemented",
            ));
        }
    }
    if let Some(s) = sub.cast::<Class>()
        && s.mro().items().contains(&class)
    {
        return Ok(true);
    }
    let registered = members(cx, &d.registry);
    for i in 0..registered.len() {
        if cx.issubclass(sub, registered[i])? {
            return Ok(true);
        }
    }
    let name = cx.name(N::__subclasses__);
    let subclasses = cx.call_attr(class, name, &[])?;
    let subclasses = cx.collect(subclasses)?;
    for i in 0..subclasses.len() {
        if cx.issubclass(sub, subclasses[i])? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn get_dump(cx: &mut Thread, a: Args<'_>) -> R {
    let d = data(cx, a[0])?;
    let mut parts = RootedVec::new(cx);
    for table in [&d.registry, &d.cache, &d.negative] {
        let set = cx.new_set()?;
        let classes = members(cx, table);
        for i in 0..classes.len() {
            let w = new_ref(cx, classes[i])?;
            cx.set_add(set, w.value())?;
        }
        parts.push(set);
    }
    let version = cx.uint(d.version.get())?;
    parts.push(version);
    Ok(cx.new_tuple(&parts)?.value())
}

fn reset_registry(cx: &mut Thread, a: Args<'_>) -> R {
    let d = data(cx, a[0])?;
    d.registry.set(cx, d, Value::NULL);
    Ok(Value::NONE)
}

fn reset_caches(cx: &mut Thread, a: Args<'_>) -> R {
    let d = data(cx, a[0])?;
    d.cache.set(cx, d, Value::NULL);
    d.negative.set(cx, d, Value::NULL);
    Ok(Value::NONE)
}
