//! `types.GenericAlias`.

use super::{params, repr, union};
use ferropy_vm::ops::attr::object_getattribute;
use ferropy_vm::types::{Class, Str, Tuple};
use ferropy_vm::{
    Args, Builtin as B, Exc, Field, Gc, NativeDef, R, Thread, TypeDef, Value, class::flags, field, heap_kind,
    null_field,
};
use std::cell::Cell;

/// A generic class with arguments.
#[repr(C)]
pub struct Alias {
    origin: Field,
    /// Tuple.
    args: Field,
    /// Tuple, computed when first asked for.
    parameters: Field,
    /// `*tuple[...]`.
    starred: Cell<bool>,
}
heap_kind!(Alias, "generic alias", 3);

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, origin, args, /)", new, "Represent a PEP 585 generic type"),
    NativeDef::method("__repr__(self, /)", alias_repr, "Return repr(self)."),
    NativeDef::method("__hash__(self, /)", hash, "Return hash(self)."),
    NativeDef::method("__eq__(self, value, /)", eq, "Return self==value."),
    NativeDef::method("__call__(self, /, *args, **kwargs)", call, "Call self as a function."),
    NativeDef::method("__getattribute__(self, name, /)", getattribute, "Return getattr(self, name)."),
    NativeDef::method("__getitem__(self, key, /)", getitem, "Return self[key]."),
    NativeDef::method("__iter__(self, /)", iter, "Implement iter(self)."),
    NativeDef::method("__or__(self, value, /)", union::type_or, "Return self|value."),
    NativeDef::method("__ror__(self, value, /)", union::type_ror, "Return value|self."),
    NativeDef::method("__mro_entries__(self, bases, /)", mro_entries, ""),
    NativeDef::method("__instancecheck__(self, instance, /)", instancecheck, ""),
    NativeDef::method("__subclasscheck__(self, cls, /)", subclasscheck, ""),
    NativeDef::method("__reduce__(self, /)", reduce, ""),
    NativeDef::method("__dir__(self, /)", dir, ""),
    NativeDef::getter("__origin__", |cx, a| Ok(this(cx, a[0])?.origin.get()), ""),
    NativeDef::getter("__args__", |cx, a| Ok(this(cx, a[0])?.args.get()), ""),
    NativeDef::getter("__parameters__", get_parameters, "Type variables in the GenericAlias."),
    NativeDef::getter("__unpacked__", |cx, a| Ok(Value::bool(this(cx, a[0])?.starred.get())), ""),
    NativeDef::getter("__typing_unpacked_tuple_args__", unpacked_args, ""),
];

pub static TYPE: TypeDef = TypeDef::new::<Alias>(
    "types.GenericAlias",
    METHODS,
    "Represent a PEP 585 generic type\n\nE.g. for t = list[int], t.__origin__ is list and t.__args__ is (int,).",
)
.flags(flags::IMMUTABLE | flags::BASE | flags::WEAKREF);

/// `origin[args]`.
pub fn new_alias(cx: &mut Thread, origin: Value, args: Value) -> R {
    let class = cx.native_class(&TYPE)?;
    make(cx, class, origin, args, false)
}

fn make(cx: &mut Thread, class: Gc<Class>, origin: Value, args: Value, starred: bool) -> R {
    let args = match args.cast::<Tuple>() {
        Some(t) => t,
        None => cx.new_tuple(&[args])?,
    };
    let a = Alias { origin: field(origin), args: field(args), parameters: null_field(), starred: starred.into() };
    Ok(cx.alloc_of(class, a)?.value())
}

fn new(cx: &mut Thread, a: Args<'_>) -> R {
    match a[0].cast::<Class>() {
        Some(c) => make(cx, c, a[1], a[2], false),
        None => Err(cx.type_error("type expected")),
    }
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<Alias>> {
    v.cast::<Alias>().ok_or_else(|| cx.type_error("GenericAlias expected"))
}

/// Origin and arguments of a value that is an alias.
pub fn parts(v: Value) -> Option<(Value, Gc<Tuple>)> {
    let a = v.cast::<Alias>()?;
    Some((a.origin.get(), a.args.cast::<Tuple>()?))
}

fn args_of(cx: &mut Thread, a: Gc<Alias>) -> R<Gc<Tuple>> {
    a.args.cast::<Tuple>().ok_or_else(|| cx.type_error("GenericAlias without arguments"))
}

fn alias_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let args = args_of(cx, g)?;
    repr::alias(cx, g.origin.get(), args, g.starred.get())
}

fn hash(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let h = cx.hash(g.origin.get())? ^ cx.hash(g.args.get())?.rotate_left(1);
    cx.int(h as i64)
}

fn eq(cx: &mut Thread, a: Args<'_>) -> R {
    let (Some(g), Some(o)) = (a[0].cast::<Alias>(), a[1].cast::<Alias>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    if g.starred.get() != o.starred.get() || !cx.eq(g.origin.get(), o.origin.get())? {
        return Ok(Value::FALSE);
    }
    Ok(Value::bool(cx.eq(g.args.get(), o.args.get())?))
}

fn call(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    // SAFETY: the binder made a tuple.
    let args = unsafe { a[1].cast_unchecked::<Tuple>() };
    let v = cx.call_ex(g.origin.get(), args, a[2])?;
    let key = cx.name(ferropy_vm::N::__orig_class__);
    let done = cx.setattr(v, key, a[0]);
    // Objects without a dict just do not know.
    let done = cx.catch(Exc::AttributeError, done);
    cx.catch(Exc::TypeError, done)?;
    Ok(v)
}

/// What is looked up in the alias itself; all else belongs to the origin.
const OWN: &[&str] = &[
    "__class__",
    "__origin__",
    "__args__",
    "__unpacked__",
    "__parameters__",
    "__typing_unpacked_tuple_args__",
    "__mro_entries__",
    "__reduce_ex__",
    "__reduce__",
    "__bases__",
    "__copy__",
    "__deepcopy__",
];

fn getattribute(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let name = repr::name_text(a[1]);
    match a[1].cast::<Str>() {
        Some(s) if !OWN.contains(&&*name) => {
            let key = cx.intern_str(s)?;
            cx.getattr(g.origin.get(), key)
        }
        _ => object_getattribute(cx, a),
    }
}

fn get_parameters(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    if let Some(p) = g.parameters.get().bound() {
        return Ok(p);
    }
    let args = args_of(cx, g)?;
    let p = params::collect(cx, args.items())?;
    g.parameters.set(cx, g, p);
    Ok(p.value())
}

fn getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let parameters = get_parameters(cx, a)?;
    // SAFETY: made by `collect`.
    let parameters = unsafe { parameters.cast_unchecked::<Tuple>() };
    let args = args_of(cx, g)?;
    let new = params::substitute(cx, a[0], args.items(), parameters, a[1])?;
    let class = cx.native_class(&TYPE)?;
    make(cx, class, g.origin.get(), new.value(), g.starred.get())
}

/// Gives the alias once, starred: `tuple[*tuple[int, str]]`.
fn iter(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let class = cx.class_of(a[0]);
    let starred = make(cx, class, g.origin.get(), g.args.get(), true)?;
    let t = cx.new_tuple(&[starred])?;
    cx.iter(t.value())
}

fn mro_entries(cx: &mut Thread, a: Args<'_>) -> R {
    let origin = this(cx, a[0])?.origin.get();
    Ok(cx.new_tuple(&[origin])?.value())
}

fn instancecheck(cx: &mut Thread, _: Args<'_>) -> R {
    Err(cx.type_error("isinstance() argument 2 cannot be a parameterized generic"))
}

fn subclasscheck(cx: &mut Thread, _: Args<'_>) -> R {
    Err(cx.type_error("issubclass() argument 2 cannot be a parameterized generic"))
}

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let class = cx.class_of(a[0]);
    if !g.starred.get() {
        let args = cx.new_tuple(&[g.origin.get(), g.args.get()])?;
        return Ok(cx.new_tuple(&[class.value(), args.value()])?.value());
    }
    let builtins = cx.import("builtins")?;
    let next = cx.getattr_str(builtins, "next")?;
    let plain = make(cx, class, g.origin.get(), g.args.get(), false)?;
    let it = cx.iter(plain)?;
    let args = cx.new_tuple(&[it])?;
    Ok(cx.new_tuple(&[next, args.value()])?.value())
}

fn dir(cx: &mut Thread, a: Args<'_>) -> R {
    let origin = this(cx, a[0])?.origin.get();
    let builtins = cx.import("builtins")?;
    let names = cx.call_method(builtins, "dir", &[origin])?;
    for n in &OWN[..9] {
        let n = cx.intern(n)?;
        if !cx.contains(names, n)? {
            cx.call_method(names, "append", &[n])?;
        }
    }
    Ok(names)
}

fn unpacked_args(cx: &mut Thread, a: Args<'_>) -> R {
    let g = this(cx, a[0])?;
    let is_tuple = g.origin.get() == cx.builtin(B::Tuple).value();
    Ok(if g.starred.get() && is_tuple { g.args.get() } else { Value::NONE })
}
