//! `_collections`: deque, defaultdict, `_tuplegetter`, `_count_elements`. (OrderedDict is the one in `collections`.)

mod deque;

use ferropy_builtins::dict::is_dict;
use ferropy_builtins::list::wrong_receiver;
use ferropy_vm::ops::attr::register_get;
use ferropy_vm::types::{Class, Dict, Tuple};
use ferropy_vm::{Args, BinOp, Builtin as B, Field, Gc, N, NativeDef, R, Thread, TypeDef, Value, field, heap_kind};
use std::cell::Cell;

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_collections", init);
}

fn init(cx: &mut Thread) -> R {
    register_get::<TupleGetter>(tuple_item);
    let doc = "High performance data structures.\n- deque:        ordered collection accessible from endpoints \
               only\n- defaultdict:  dict subclass with a default value factory";
    let m = cx.module_with("_collections", doc, FUNCTIONS)?;
    for def in [&deque::DEQUE, &deque::ITERATOR, &deque::REVERSE_ITERATOR, &DEFAULTDICT, &TUPLEGETTER] {
        cx.module_class(m, def)?;
    }
    deque::register_iterators();
    Ok(m.value())
}

static FUNCTIONS: &[NativeDef] = &[NativeDef::function(
    "_count_elements(mapping, iterable, /)",
    count_elements,
    "Count elements in the iterable, updating the mapping",
)];

fn count_elements(cx: &mut Thread, a: Args<'_>) -> R {
    let it = cx.iter(a[1])?;
    let one = Value::small_int(1);
    if let Some(d) = a[0].cast::<Dict>()
        && has_dict_methods(cx, a[0])
    {
        while let Some(k) = cx.next(it)? {
            let hash = cx.hash_key(k)?;
            let n = match cx.dict_get_hashed(d, k, hash)? {
                Some(n) => cx.binary(BinOp::Add, n, one)?,
                None => one,
            };
            cx.dict_set_hashed(d, k, hash, n)?;
        }
        return Ok(Value::NONE);
    }
    let get = cx.intern("get")?;
    let get = cx.getattr(a[0], get)?;
    while let Some(k) = cx.next(it)? {
        let n = cx.call(get, &[k, Value::small_int(0)])?;
        let n = cx.binary(BinOp::Add, n, one)?;
        cx.setitem(a[0], k, n)?;
    }
    Ok(Value::NONE)
}

/// Are `get` and `__setitem__` those of dict?
fn has_dict_methods(cx: &mut Thread, v: Value) -> bool {
    let (class, dict) = (cx.class_of(v), cx.builtin(B::Dict));
    let Ok(get) = cx.intern("get") else { return false };
    let set = cx.name(N::__setitem__);
    [get, set].into_iter().all(|name| cx.lookup(class, name) == cx.lookup(dict, name))
}

// ---- defaultdict

fn dict_class(cx: &mut Thread) -> R<Gc<Class>> {
    Ok(cx.builtin(B::Dict))
}

/// The factory lies in the dict's spare field.
static DEFAULTDICT: TypeDef = TypeDef::new::<Dict>(
    "collections.defaultdict",
    DEFAULTDICT_METHODS,
    "defaultdict(default_factory=None, /, [...]) --> dict with default factory\n\nThe default factory is called without \
     arguments to produce\na new value when a key is not present, in __getitem__ only.\nA defaultdict compares equal to a \
     dict with the same items.\nAll remaining arguments are treated the same as if they were\npassed to the dict \
     constructor, including keyword arguments.",
)
.base(dict_class);

static DEFAULTDICT_METHODS: &[NativeDef] = &[
    NativeDef::method("__init__(self, /, *args, **kwargs)", default_init, "Initialize self."),
    NativeDef::method(
        "__missing__(self, key, /)",
        default_missing,
        "__missing__(key) # Called by __getitem__ for missing key; pseudo-code:\n  if self.default_factory is None: raise KeyError((key,))\n  self[key] = value = self.default_factory()\n  return value",
    ),
    NativeDef::method("__repr__(self, /)", default_repr, "Return repr(self)."),
    NativeDef::method("copy(self, /)", default_copy, "D.copy() -> a shallow copy of D."),
    NativeDef::method("__copy__(self, /)", default_copy, "D.copy() -> a shallow copy of D."),
    NativeDef::method("__reduce__(self, /)", default_reduce, "Return state information for pickling."),
    NativeDef::method("__or__(self, value, /)", default_or, "Return self|value."),
    NativeDef::method("__ror__(self, value, /)", default_ror, "Return value|self."),
    NativeDef::getset(
        "default_factory",
        get_factory,
        set_factory,
        "Factory for default value called by __missing__().",
    )
    .as_member(),
];

fn default_dict(cx: &mut Thread, v: Value) -> R<Gc<Dict>> {
    match v.cast() {
        Some(d) => Ok(d),
        None => Err(wrong_receiver(cx, "collections.defaultdict", v)),
    }
}

fn factory(d: Gc<Dict>) -> Value {
    d.extra.get().bound().unwrap_or(Value::NONE)
}

fn default_init(cx: &mut Thread, a: Args<'_>) -> R {
    let d = default_dict(cx, a[0])?;
    let (Some(args), Some(kw)) = (a[1].cast::<Tuple>(), a[2].cast::<Dict>()) else { return Ok(Value::NONE) };
    let first = args.items().first().copied().unwrap_or(Value::NONE);
    if !first.is_none() && !is_callable(cx, first) {
        return Err(cx.type_error("first argument must be callable or None"));
    }
    d.extra.set(cx, d, first);
    match args.items() {
        [] | [_] => {}
        [_, v] => ferropy_builtins::dict::update_from(cx, d, *v)?,
        more => {
            return Err(cx.type_error(format!("dict expected at most 1 argument, got {}", more.len() - 1)));
        }
    }
    if !kw.is_empty() {
        cx.dict_merge(d, kw)?;
    }
    Ok(Value::NONE)
}

/// `callable(v)`.
pub fn is_callable(cx: &mut Thread, v: Value) -> bool {
    use ferropy_vm::HeapObject;
    use ferropy_vm::types::{BoundMethod, Function, NativeFn};
    let k = v.kind();
    k == Function::kind()
        || k == NativeFn::kind()
        || k == BoundMethod::kind()
        || k == Class::kind()
        || cx.lookup_special(v, N::__call__).is_some()
}

fn default_missing(cx: &mut Thread, a: Args<'_>) -> R {
    let d = default_dict(cx, a[0])?;
    let f = factory(d);
    if f.is_none() {
        return Err(cx.key_error(a[1]));
    }
    let v = cx.call(f, &[])?;
    // The factory may have bound the key itself: then that value stays.
    cx.dict_set_default(d, a[1], v)
}

fn default_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let d = default_dict(cx, a[0])?;
    let repr = {
        let (class, name) = (cx.builtin(B::Dict), cx.name(N::__repr__));
        cx.lookup(class, name)
    };
    let items = match repr {
        Some(f) => cx.call(f, &[a[0]])?,
        None => cx.vm().empty_str,
    };
    let items = cx.str(items)?;
    let f = factory(d);
    let shown = if f.is_none() {
        "None".to_owned()
    } else if !cx.repr_enter(f) {
        "...".to_owned()
    } else {
        let r = cx.repr(f);
        cx.repr_leave();
        r?.to_lossy()
    };
    let mut out = format!("{}({shown}, ", cx.class_of(a[0]).name()).into_bytes();
    out.extend_from_slice(items.bytes());
    out.push(b')');
    Ok(cx.new_wtf8(&out)?.value())
}

fn default_copy(cx: &mut Thread, a: Args<'_>) -> R {
    let d = default_dict(cx, a[0])?;
    let class = cx.class_of(a[0]).value();
    cx.call(class, &[factory(d), a[0]])
}

fn default_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let d = default_dict(cx, a[0])?;
    let class = cx.class_of(a[0]).value();
    let f = factory(d);
    let args = if f.is_none() { cx.vm().empty_tuple } else { cx.new_tuple(&[f])?.value() };
    let items = cx.call_method(a[0], "items", &[])?;
    let items = cx.iter(items)?;
    Ok(cx.new_tuple(&[class, args, Value::NONE, Value::NONE, items])?.value())
}

fn merged(cx: &mut Thread, this: Value, left: Value, right: Value) -> R {
    if !is_dict(left) || !is_dict(right) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let d = default_dict(cx, this)?;
    let class = cx.class_of(this).value();
    let new = cx.call(class, &[factory(d), left])?;
    let out = default_dict(cx, new)?;
    ferropy_builtins::dict::update_from(cx, out, right)?;
    Ok(new)
}

fn default_or(cx: &mut Thread, a: Args<'_>) -> R {
    merged(cx, a[0], a[0], a[1])
}

fn default_ror(cx: &mut Thread, a: Args<'_>) -> R {
    merged(cx, a[0], a[1], a[0])
}

fn get_factory(cx: &mut Thread, a: Args<'_>) -> R {
    let d = default_dict(cx, a[0])?;
    Ok(factory(d))
}

fn set_factory(cx: &mut Thread, a: Args<'_>) -> R {
    let d = default_dict(cx, a[0])?;
    d.extra.set(cx, d, a.or(1, Value::NONE));
    Ok(Value::NONE)
}

// ---- _tuplegetter

/// Descriptor of a named tuple's field.
#[repr(C)]
struct TupleGetter {
    doc: Field,
    index: Cell<i64>,
}
heap_kind!(TupleGetter, "_tuplegetter", 1);

static TUPLEGETTER: TypeDef = TypeDef::new::<TupleGetter>(
    "_collections._tuplegetter",
    &[
        NativeDef::static_method("__new__(cls, index, doc, /)", getter_new, "Create and return a new object."),
        NativeDef::method("__get__(self, instance, owner=None, /)", getter_get, "Return an attribute of instance."),
        NativeDef::method("__set__(self, instance, value, /)", getter_set, "Set an attribute of instance to value."),
        NativeDef::method("__delete__(self, instance, /)", getter_delete, "Delete an attribute of instance."),
        NativeDef::method("__repr__(self, /)", getter_repr, "Return repr(self)."),
        NativeDef::method("__reduce__(self, /)", getter_reduce, "Return state information for pickling."),
        NativeDef::getset("__doc__", getter_doc, getter_set_doc, ""),
    ],
    "",
);

fn getter(cx: &mut Thread, v: Value) -> R<Gc<TupleGetter>> {
    match v.cast() {
        Some(g) => Ok(g),
        None => Err(wrong_receiver(cx, "_collections._tuplegetter", v)),
    }
}

fn getter_new(cx: &mut Thread, a: Args<'_>) -> R {
    let index = cx.index(a[1])?;
    let Some(class) = a[0].cast::<Class>() else { return Err(wrong_receiver(cx, "type", a[0])) };
    Ok(cx.alloc_of(class, TupleGetter { doc: field(a[2]), index: index.into() })?.value())
}

fn getter_get(cx: &mut Thread, a: Args<'_>) -> R {
    let _ = getter(cx, a[0])?;
    if a[1].is_none() { Ok(a[0]) } else { tuple_item(cx, a[0], a[1]) }
}

fn tuple_item(cx: &mut Thread, getter: Value, of: Value) -> R {
    // SAFETY: called for this kind only.
    let i = unsafe { getter.cast_unchecked::<TupleGetter>() }.index.get();
    let Some(t) = of.cast::<Tuple>() else {
        let class = cx.class_name(of);
        return Err(
            cx.type_error(format!("descriptor for index '{i}' for tuple subclasses doesn't apply to '{class}' object"))
        );
    };
    match t.items().get(i as usize) {
        Some(v) => Ok(*v),
        None => Err(cx.index_error("tuple index out of range")),
    }
}

fn cannot(cx: &mut Thread, what: &str) -> R {
    Err(cx.error(ferropy_vm::Exc::AttributeError, format!("can't {what} attribute")))
}

fn getter_set(cx: &mut Thread, _a: Args<'_>) -> R {
    cannot(cx, "set")
}

fn getter_delete(cx: &mut Thread, _a: Args<'_>) -> R {
    cannot(cx, "delete")
}

fn getter_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let g = getter(cx, a[0])?;
    let doc = cx.repr(g.doc.get())?.to_lossy();
    Ok(cx.new_str(&format!("_tuplegetter({}, {doc})", g.index.get()))?.value())
}

fn getter_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let g = getter(cx, a[0])?;
    let class = cx.class_of(a[0]).value();
    let args = cx.new_tuple(&[Value::small_int(g.index.get()), g.doc.get()])?.value();
    Ok(cx.new_tuple(&[class, args])?.value())
}

fn getter_doc(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(getter(cx, a[0])?.doc.get())
}

fn getter_set_doc(cx: &mut Thread, a: Args<'_>) -> R {
    let g = getter(cx, a[0])?;
    g.doc.set(cx, g, a.or(1, Value::NONE));
    Ok(Value::NONE)
}
