//! Proxies: every operation on one is done on the object that it refers to.

use super::{canonical, describe_target, make, target, this};
use ferropy_builtins::list::fill;
use ferropy_vm::types::{Str, WeakRef};
use ferropy_vm::{Args, BinOp, Builtin as B, CmpOp, Exc, HeapObject, N, NativeDef, R, Thread, UnaryOp, Value};

pub fn install(cx: &mut Thread) -> R<()> {
    for class in [B::WeakProxy, B::WeakCallableProxy] {
        fill(cx, class, METHODS, "")?;
        fill(cx, class, OPERATORS, "")?;
        let class = cx.builtin(class);
        cx.compute_hooks(class);
    }
    fill(cx, B::WeakCallableProxy, CALL, "")
}

static METHODS: &[NativeDef] = &[
    NativeDef::method("__getattribute__(self, name, /)", getattribute, "Return getattr(self, name)."),
    NativeDef::method("__setattr__(self, name, value, /)", setattr, "Implement setattr(self, name, value)."),
    NativeDef::method("__delattr__(self, name, /)", delattr, "Implement delattr(self, name)."),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__str__(self, /)", str, "Return str(self)."),
    NativeDef::method("__bytes__(self, /)", special::<{ N::__bytes__ as u16 }>, ""),
    NativeDef::method("__reversed__(self, /)", special::<{ N::__reversed__ as u16 }>, ""),
    NativeDef::method("__bool__(self, /)", bool, "True if self else False"),
    NativeDef::method("__len__(self, /)", len, "Return len(self)."),
    NativeDef::method("__getitem__(self, key, /)", getitem, "Return self[key]."),
    NativeDef::method("__setitem__(self, key, value, /)", setitem, "Set self[key] to value."),
    NativeDef::method("__delitem__(self, key, /)", delitem, "Delete self[key]."),
    NativeDef::method("__contains__(self, key, /)", contains, "Return bool(key in self)."),
    NativeDef::method("__iter__(self, /)", iter, "Implement iter(self)."),
    NativeDef::method("__next__(self, /)", next, "Implement next(self)."),
    NativeDef::method("__int__(self, /)", special::<{ N::__int__ as u16 }>, "int(self)"),
    NativeDef::method("__float__(self, /)", special::<{ N::__float__ as u16 }>, "float(self)"),
    NativeDef::method("__index__(self, /)", index, ""),
    NativeDef::method("__abs__(self, /)", special::<{ N::__abs__ as u16 }>, "abs(self)"),
    NativeDef::method("__neg__(self, /)", unary::<0>, "-self"),
    NativeDef::method("__pos__(self, /)", unary::<1>, "+self"),
    NativeDef::method("__invert__(self, /)", unary::<2>, "~self"),
    NativeDef::method("__lt__(self, value, /)", compare::<0>, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", compare::<1>, "Return self<=value."),
    NativeDef::method("__eq__(self, value, /)", compare::<2>, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", compare::<3>, "Return self!=value."),
    NativeDef::method("__gt__(self, value, /)", compare::<4>, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", compare::<5>, "Return self>=value."),
];

static CALL: &[NativeDef] =
    &[NativeDef::method("__call__(self, /, *args, **kwargs)", call, "Call self as a function.")];

macro_rules! operators {
    ($($op:ident $m:literal $r:literal $i:literal;)*) => {
        static OPERATORS: &[NativeDef] = &[$(
            NativeDef::method($m, binary::<{ BinOp::$op as u8 }, false>, ""),
            NativeDef::method($r, binary::<{ BinOp::$op as u8 }, true>, ""),
            NativeDef::method($i, inplace::<{ BinOp::$op as u8 }>, ""),
        )*
            NativeDef::method("__divmod__(self, value, /)", binary::<{ BinOp::DivMod as u8 }, false>, ""),
            NativeDef::method("__rdivmod__(self, value, /)", binary::<{ BinOp::DivMod as u8 }, true>, ""),
        ];
        const OPS: &[BinOp] = &[$(BinOp::$op,)* BinOp::DivMod];
    };
}

operators! {
    Add "__add__(self, value, /)" "__radd__(self, value, /)" "__iadd__(self, value, /)";
    Sub "__sub__(self, value, /)" "__rsub__(self, value, /)" "__isub__(self, value, /)";
    Mul "__mul__(self, value, /)" "__rmul__(self, value, /)" "__imul__(self, value, /)";
    TrueDiv "__truediv__(self, value, /)" "__rtruediv__(self, value, /)" "__itruediv__(self, value, /)";
    FloorDiv "__floordiv__(self, value, /)" "__rfloordiv__(self, value, /)" "__ifloordiv__(self, value, /)";
    Mod "__mod__(self, value, /)" "__rmod__(self, value, /)" "__imod__(self, value, /)";
    Pow "__pow__(self, value, mod=None, /)" "__rpow__(self, value, mod=None, /)" "__ipow__(self, value, /)";
    Shl "__lshift__(self, value, /)" "__rlshift__(self, value, /)" "__ilshift__(self, value, /)";
    Shr "__rshift__(self, value, /)" "__rrshift__(self, value, /)" "__irshift__(self, value, /)";
    And "__and__(self, value, /)" "__rand__(self, value, /)" "__iand__(self, value, /)";
    Or "__or__(self, value, /)" "__ror__(self, value, /)" "__ior__(self, value, /)";
    Xor "__xor__(self, value, /)" "__rxor__(self, value, /)" "__ixor__(self, value, /)";
    MatMul "__matmul__(self, value, /)" "__rmatmul__(self, value, /)" "__imatmul__(self, value, /)";
}

/// The object behind a proxy; other values are themselves.
fn unwrap(cx: &mut Thread, v: Value) -> R {
    let proxy = v.shape() == B::WeakProxy as u32 || v.shape() == B::WeakCallableProxy as u32;
    if !proxy || v.kind() != WeakRef::kind() {
        return Ok(v);
    }
    let w = this(cx, v)?;
    match target(w) {
        Some(t) => Ok(t),
        None => Err(cx.error(Exc::ReferenceError, "weakly-referenced object no longer exists")),
    }
}

/// `weakref.proxy(object, callback)`.
pub fn proxy(cx: &mut Thread, a: Args<'_>) -> R {
    let callable = cx.lookup_special(a[0], N::__call__).is_some();
    let class = if callable { B::WeakCallableProxy } else { B::WeakProxy };
    match a.some(1) {
        Some(callback) => {
            let class = cx.builtin(class);
            Ok(make(cx, class, a[0], callback)?.value())
        }
        None => Ok(canonical(cx, class, a[0])?.value()),
    }
}

fn attr_name(cx: &mut Thread, v: Value) -> R {
    match v.cast::<Str>() {
        Some(s) => cx.intern_str(s),
        None => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("attribute name must be string, not '{class}'")))
        }
    }
}

fn getattribute(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    let name = attr_name(cx, a[1])?;
    cx.getattr(t, name)
}

fn setattr(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    let name = attr_name(cx, a[1])?;
    cx.setattr(t, name, a[2])?;
    Ok(Value::NONE)
}

fn delattr(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    let name = attr_name(cx, a[1])?;
    cx.delattr(t, name)?;
    Ok(Value::NONE)
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let w = this(cx, a[0])?;
    let id = cx.id(a[0]);
    let about = match target(w) {
        Some(t) => describe_target(cx, t),
        None => "dead".to_owned(),
    };
    Ok(cx.new_str(&format!("<weakproxy at {id:#x}; {about}>"))?.value())
}

fn str(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    Ok(cx.str(t)?.value())
}

/// Calls a special method without arguments.
fn special<const NAME: u16>(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    let name = ferropy_vm::names::NAMES[NAME as usize];
    cx.call_method(t, name, &[])
}

fn bool(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    Ok(Value::bool(cx.truth(t)?))
}

fn len(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    let n = cx.len(t)?;
    cx.uint(n as u64)
}

fn getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    cx.getitem(t, a[1])
}

fn setitem(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    cx.setitem(t, a[1], a[2])?;
    Ok(Value::NONE)
}

fn delitem(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    cx.delitem(t, a[1])?;
    Ok(Value::NONE)
}

fn contains(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    Ok(Value::bool(cx.contains(t, a[1])?))
}

fn iter(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    cx.iter(t)
}

fn next(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    if cx.lookup_special(t, N::__next__).is_none() {
        let class = cx.class_name(t);
        return Err(cx.type_error(format!("Weakref proxy referenced a non-iterator '{class}' object")));
    }
    let r = cx.next(t);
    ferropy_builtins::iterators::or_stop(cx, r)
}

fn index(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    cx.index_value(t)
}

fn unary<const OP: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    cx.unary([UnaryOp::Neg, UnaryOp::Pos, UnaryOp::Invert][OP as usize], t)
}

fn operator(op: u8) -> BinOp {
    OPS.iter().copied().find(|o| *o as u8 == op).unwrap_or(BinOp::Add)
}

fn binary<const OP: u8, const REFLECTED: bool>(cx: &mut Thread, a: Args<'_>) -> R {
    let (x, y) = (unwrap(cx, a[0])?, unwrap(cx, a[1])?);
    if REFLECTED { cx.binary(operator(OP), y, x) } else { cx.binary(operator(OP), x, y) }
}

fn inplace<const OP: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    let (x, y) = (unwrap(cx, a[0])?, unwrap(cx, a[1])?);
    cx.inplace(operator(OP), x, y)
}

fn compare<const OP: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    let (x, y) = (unwrap(cx, a[0])?, unwrap(cx, a[1])?);
    cx.compare(CmpOp::from_u8(OP), x, y)
}

fn call(cx: &mut Thread, a: Args<'_>) -> R {
    let t = unwrap(cx, a[0])?;
    let Some(args) = a[1].cast() else { return Err(cx.type_error("argument list expected")) };
    cx.call_ex(t, args, a[2])
}
