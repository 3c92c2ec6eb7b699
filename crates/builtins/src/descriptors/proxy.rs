//! `mappingproxy`: a read-only view of a mapping.

use ferropy_vm::types::{List, MappingProxy, Tuple};
use ferropy_vm::{Args, BinOp, Builtin as B, CmpOp, Gc, N, NativeDef, R, Thread, Value, field};

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, /, mapping)", new, "Read-only proxy of a mapping."),
    NativeDef::method("__getitem__(self, key, /)", getitem, "Return self[key]."),
    NativeDef::method("__contains__(self, key, /)", contains, "Return bool(key in self)."),
    NativeDef::method("__len__(self, /)", len, "Return len(self)."),
    NativeDef::method("__iter__(self, /)", iter, "Implement iter(self)."),
    NativeDef::method("__reversed__(self, /)", reversed, ""),
    NativeDef::method(
        "get(self, key, default=None, /)",
        get,
        "Return the value for key if key is in the mapping, else default.",
    ),
    NativeDef::method("keys(self, /)", keys, "a set-like object providing a view on D's keys"),
    NativeDef::method("values(self, /)", values, "an object providing a view on D's values"),
    NativeDef::method("items(self, /)", items, "a set-like object providing a view on D's items"),
    NativeDef::method("copy(self, /)", copy, "a shallow copy of D"),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__str__(self, /)", str_, "Return str(self)."),
    NativeDef::method("__or__(self, value, /)", or, "Return self|value."),
    NativeDef::method("__ror__(self, value, /)", ror, "Return value|self."),
    NativeDef::method("__ior__(self, value, /)", ior, "Return self|=value."),
    NativeDef::method("__hash__(self, /)", hash, "Return hash(self)."),
    NativeDef::method("__eq__(self, value, /)", eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", ne, "Return self!=value."),
    NativeDef::method("__lt__(self, value, /)", lt, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", le, "Return self<=value."),
    NativeDef::method("__gt__(self, value, /)", gt, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", ge, "Return self>=value."),
];

pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::MappingProxy);
    cx.add_methods(class, METHODS)
}

fn target(cx: &mut Thread, v: Value) -> R {
    match v.cast::<MappingProxy>() {
        Some(p) => Ok(p.mapping.get()),
        None => Err(cx.type_error("mappingproxy expected")),
    }
}

fn new(cx: &mut Thread, a: Args<'_>) -> R {
    let m = a[1];
    let sequence = m.cast::<List>().is_some() || m.cast::<Tuple>().is_some();
    if sequence || cx.lookup_special(m, N::__getitem__).is_none() {
        let got = cx.class_name(m);
        return Err(cx.type_error(format!("mappingproxy() argument must be a mapping, not {got}")));
    }
    Ok(cx.alloc(B::MappingProxy, MappingProxy { mapping: field(m) })?.value())
}

fn getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let m = target(cx, a[0])?;
    cx.getitem(m, a[1])
}

fn contains(cx: &mut Thread, a: Args<'_>) -> R {
    let m = target(cx, a[0])?;
    Ok(Value::bool(cx.contains(m, a[1])?))
}

fn len(cx: &mut Thread, a: Args<'_>) -> R {
    let m = target(cx, a[0])?;
    let n = cx.len(m)?;
    cx.int(n as i64)
}

fn iter(cx: &mut Thread, a: Args<'_>) -> R {
    let m = target(cx, a[0])?;
    cx.iter(m)
}

fn forward(cx: &mut Thread, v: Value, name: &str, args: &[Value]) -> R {
    let m = target(cx, v)?;
    cx.call_method(m, name, args)
}

fn reversed(cx: &mut Thread, a: Args<'_>) -> R {
    forward(cx, a[0], "__reversed__", &[])
}
fn get(cx: &mut Thread, a: Args<'_>) -> R {
    forward(cx, a[0], "get", &[a[1], a.or(2, Value::NONE)])
}
fn keys(cx: &mut Thread, a: Args<'_>) -> R {
    forward(cx, a[0], "keys", &[])
}
fn values(cx: &mut Thread, a: Args<'_>) -> R {
    forward(cx, a[0], "values", &[])
}
fn items(cx: &mut Thread, a: Args<'_>) -> R {
    forward(cx, a[0], "items", &[])
}
fn copy(cx: &mut Thread, a: Args<'_>) -> R {
    forward(cx, a[0], "copy", &[])
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let m = target(cx, a[0])?;
    let inner = cx.repr(m)?;
    let head = cx.new_str("mappingproxy(")?;
    let text = cx.concat(head, inner)?;
    let tail = cx.new_str(")")?;
    Ok(cx.concat(text, tail)?.value())
}

fn str_(cx: &mut Thread, a: Args<'_>) -> R {
    let m = target(cx, a[0])?;
    Ok(cx.str(m)?.value())
}

/// A proxy's mapping, or the value itself.
fn unwrap(v: Value) -> Value {
    v.cast::<MappingProxy>().map_or(v, |p: Gc<MappingProxy>| p.mapping.get())
}

fn or(cx: &mut Thread, a: Args<'_>) -> R {
    cx.binary(BinOp::Or, unwrap(a[0]), unwrap(a[1]))
}
fn ror(cx: &mut Thread, a: Args<'_>) -> R {
    cx.binary(BinOp::Or, unwrap(a[1]), unwrap(a[0]))
}

fn ior(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_name(a[0]);
    Err(cx.type_error(format!("'|=' is not supported by {class}; use '|' instead")))
}

fn hash(cx: &mut Thread, a: Args<'_>) -> R {
    let m = target(cx, a[0])?;
    let h = cx.hash(m)?;
    cx.int(h as i64)
}

fn compare(cx: &mut Thread, a: Args<'_>, op: CmpOp) -> R {
    let m = target(cx, a[0])?;
    cx.compare(op, m, a[1])
}

fn eq(cx: &mut Thread, a: Args<'_>) -> R {
    compare(cx, a, CmpOp::Eq)
}
fn ne(cx: &mut Thread, a: Args<'_>) -> R {
    compare(cx, a, CmpOp::Ne)
}
fn lt(cx: &mut Thread, a: Args<'_>) -> R {
    compare(cx, a, CmpOp::Lt)
}
fn le(cx: &mut Thread, a: Args<'_>) -> R {
    compare(cx, a, CmpOp::Le)
}
fn gt(cx: &mut Thread, a: Args<'_>) -> R {
    compare(cx, a, CmpOp::Gt)
}
fn ge(cx: &mut Thread, a: Args<'_>) -> R {
    compare(cx, a, CmpOp::Ge)
}
