//! `_weakref`: references and proxies.
//!
//! A reference or proxy without callback and of the exact class is *canonical*: the collector's table gives the same one
//! again as long as it lives. The collector clears the word `target` when the object dies and queues the reference; the thread
//! calls callbacks at its next safepoint.

mod proxy;

use ferropy_builtins::list::{class_getitem, fill, wrong_receiver};
use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, Str, WeakRef};
use ferropy_vm::{Args, Builtin as B, CmpOp, Gc, N, NativeDef, R, Thread, Value, field, null_field};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_weakref", init);
}

fn init(cx: &mut Thread) -> R {
    fill(cx, B::WeakRef, REF_METHODS, "")?;
    proxy::install(cx)?;
    let m = cx.module_with("_weakref", "Weak-reference support module.", FUNCTIONS)?;
    for (name, class) in [
        ("ref", B::WeakRef),
        ("ReferenceType", B::WeakRef),
        ("ProxyType", B::WeakProxy),
        ("CallableProxyType", B::WeakCallableProxy),
    ] {
        let class = cx.builtin(class).value();
        cx.module_set(m, name, class)?;
    }
    Ok(m.value())
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "proxy(object, callback=None, /)",
        proxy::proxy,
        "Create a proxy object that weakly references 'object'.\n\n'callback', if given, is called with a reference to \
         the\nproxy when 'object' is about to be finalized.",
    ),
    NativeDef::function(
        "getweakrefcount(object, /)",
        getweakrefcount,
        "Return the number of weak references to 'object'.",
    ),
    NativeDef::function(
        "getweakrefs(object, /)",
        getweakrefs,
        "Return a list of all weak reference objects pointing to 'object'.",
    ),
    NativeDef::function(
        "_remove_dead_weakref(dct, key, /)",
        remove_dead,
        "Atomically remove key from dict if it points to a dead weakref.",
    ),
];

static REF_METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, object, callback=None, /)", ref_new, "Create and return a new object."),
    NativeDef::method("__init__(self, object, callback=None, /)", ref_init, "Initialize self."),
    NativeDef::method("__call__(self, /)", ref_call, "Call self as a function."),
    NativeDef::method("__repr__(self, /)", ref_repr, "Return repr(self)."),
    NativeDef::method("__hash__(self, /)", ref_hash, "Return hash(self)."),
    NativeDef::method("__eq__(self, value, /)", ref_eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", ref_ne, "Return self!=value."),
    NativeDef::getter("__callback__", ref_callback, ""),
    NativeDef::class_method("__class_getitem__(cls, object, /)", class_getitem, "See PEP 585"),
];

/// The receiver.
pub(crate) fn this(cx: &mut Thread, v: Value) -> R<Gc<WeakRef>> {
    match v.cast() {
        Some(w) => Ok(w),
        None => Err(wrong_receiver(cx, "weakref", v)),
    }
}

/// What the reference refers to, if that is alive.
pub(crate) fn target(w: Gc<WeakRef>) -> Option<Value> {
    w.target.get().bound()
}

/// A new weak reference of a class. TypeError if the object's class does not allow one.
pub(crate) fn make(cx: &mut Thread, class: Gc<Class>, object: Value, callback: Value) -> R<Gc<WeakRef>> {
    let of = cx.class_of(object);
    if !object.is_ref() || !of.has(flags::WEAKREF) {
        let name = of.name();
        return Err(cx.type_error(format!("cannot create weak reference to '{name}' object")));
    }
    let number = cx.vm().weakref_numbers.get();
    cx.vm().weakref_numbers.set(number + 1);
    let callback = if callback.is_none() { null_field() } else { field(callback) };
    let w = WeakRef { callback, extra: null_field(), hash: null_field(), target: field(object), number: number.into() };
    cx.alloc_of(class, w)
}

/// `weakref.ref(object)`.
pub fn new_ref(cx: &mut Thread, object: Value) -> R<Gc<WeakRef>> {
    canonical(cx, B::WeakRef, object)
}

/// The sort of canonical reference, for the collector's table.
fn sort(class: B) -> usize {
    match class {
        B::WeakProxy => 1,
        B::WeakCallableProxy => 2,
        _ => 0,
    }
}

fn known(cx: &mut Thread, class: B, object: Value) -> Option<Gc<WeakRef>> {
    let known = cx.mutator.canonical_weak(object.as_ref()?, sort(class))?;
    Value(known.addr() as u64).cast::<WeakRef>().filter(|w| w.target.get() == object)
}

/// The reference of this class without callback.
pub(crate) fn canonical(cx: &mut Thread, class: B, object: Value) -> R<Gc<WeakRef>> {
    if let Some(w) = known(cx, class, object) {
        return Ok(w);
    }
    let w = make(cx, cx.builtin(class), object, Value::NONE)?;
    if let Some(r) = object.as_ref() {
        cx.mutator.set_canonical_weak(r, sort(class), w.as_ref());
    }
    Ok(w)
}

fn ref_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else { return Err(wrong_receiver(cx, "type", a[0])) };
    let callback = a.or(2, Value::NONE);
    if callback.is_none() && class == cx.builtin(B::WeakRef) {
        return Ok(new_ref(cx, a[1])?.value());
    }
    Ok(make(cx, class, a[1], callback)?.value())
}

fn ref_init(_cx: &mut Thread, _a: Args<'_>) -> R {
    Ok(Value::NONE)
}

fn ref_call(cx: &mut Thread, a: Args<'_>) -> R {
    let w = this(cx, a[0])?;
    Ok(target(w).unwrap_or(Value::NONE))
}

/// `to 'C' at 0x..` of a live target.
pub(crate) fn describe_target(cx: &mut Thread, t: Value) -> String {
    format!("to '{}' at {:#x}", cx.class_name(t), cx.id(t))
}

fn ref_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let w = this(cx, a[0])?;
    let id = cx.id(a[0]);
    let Some(t) = target(w) else { return Ok(cx.new_str(&format!("<weakref at {id:#x}; dead>"))?.value()) };
    let class = cx.class_of(t).value();
    let name = match cx.lookup_special(t, N::__name__) {
        Some(name) => Some(cx.bind(name, t, class)?),
        None => None,
    };
    let about = describe_target(cx, t);
    let text = match name.and_then(|n| n.cast::<Str>()) {
        Some(n) => format!("<weakref at {id:#x}; {about} ({})>", n.to_lossy()),
        None => format!("<weakref at {id:#x}; {about}>"),
    };
    Ok(cx.new_str(&text)?.value())
}

fn ref_hash(cx: &mut Thread, a: Args<'_>) -> R {
    let w = this(cx, a[0])?;
    if let Some(h) = w.hash.get().bound() {
        return Ok(h);
    }
    let Some(t) = target(w) else { return Err(cx.type_error("weak object has gone away")) };
    let h = cx.hash(t)?;
    let h = cx.int(h as i64)?;
    w.hash.set(cx, w, h);
    Ok(h)
}

fn same(cx: &mut Thread, a: Args<'_>) -> R<Option<bool>> {
    let w = this(cx, a[0])?;
    let class = cx.builtin(B::WeakRef);
    if !cx.is_instance(a[1], class) {
        return Ok(None);
    }
    let other = this(cx, a[1])?;
    match (target(w), target(other)) {
        (Some(x), Some(y)) => {
            if x == y {
                return Ok(Some(true));
            }
            cx.compare_bool(CmpOp::Eq, x, y).map(Some)
        }
        _ => Ok(Some(a[0] == a[1])),
    }
}

fn ref_eq(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(same(cx, a)?.map_or(Value::NOT_IMPLEMENTED, Value::bool))
}

fn ref_ne(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(same(cx, a)?.map_or(Value::NOT_IMPLEMENTED, |s| Value::bool(!s)))
}

fn ref_callback(cx: &mut Thread, a: Args<'_>) -> R {
    let w = this(cx, a[0])?;
    Ok(w.callback.get().bound().unwrap_or(Value::NONE))
}

/// All references and proxies to an object that are alive: the canonical ones first, then the newest.
fn all_refs(cx: &mut Thread, object: Value) -> R<Value> {
    let list = cx.new_list(&[])?;
    let Some(r) = object.as_ref() else { return Ok(list.value()) };
    // References that nobody holds any more do not count: find out.
    cx.collect_all();
    let mut found = ferropy_vm::RootedVec::new(cx);
    found.as_mut_vec().extend(cx.mutator.weak_refs_to(r).into_iter().map(|w| Value(w.addr() as u64)));
    let first =
        [B::WeakRef, B::WeakProxy, B::WeakCallableProxy].map(|class| known(cx, class, object).map(|w| w.value()));
    found.as_mut_vec().sort_by_key(|w| {
        let rank = first.iter().position(|f| *f == Some(*w)).unwrap_or(first.len());
        (rank, std::cmp::Reverse(w.cast::<WeakRef>().map_or(0, |w| w.number.get())))
    });
    for i in 0..found.len() {
        cx.list_append(list, found[i])?;
    }
    Ok(list.value())
}

fn getweakrefcount(cx: &mut Thread, a: Args<'_>) -> R {
    let all = all_refs(cx, a[0])?;
    let n = cx.len(all)?;
    cx.uint(n as u64)
}

fn getweakrefs(cx: &mut Thread, a: Args<'_>) -> R {
    all_refs(cx, a[0])
}

fn remove_dead(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(d) = a[0].cast::<Dict>() else {
        let class = cx.class_name(a[0]);
        return Err(cx.type_error(format!("_remove_dead_weakref() argument 1 must be dict, not {class}")));
    };
    if let Some(v) = cx.dict_get(d, a[1])? {
        let Some(w) = v.cast::<WeakRef>() else { return Err(cx.type_error("not a weakref")) };
        if target(w).is_none() {
            cx.dict_remove(d, a[1])?;
        }
    }
    Ok(Value::NONE)
}
