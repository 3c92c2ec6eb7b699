//! `_operator`: the operators as functions, and itemgetter, attrgetter, methodcaller.

mod getters;

use ferropy_vm::types::{Str, Tuple};
use ferropy_vm::{Args, BinOp, CmpOp, N, NativeDef, R, Thread, UnaryOp, Value};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_operator", init);
}

fn init(cx: &mut Thread) -> R {
    let doc = "Operator interface.\n\nThis module exports a set of functions implemented in C corresponding\nto the \
               intrinsic operators of Python.  For example, operator.add(x, y)\nis equivalent to the expression x+y.";
    let m = cx.module_with("_operator", doc, FUNCTIONS)?;
    cx.add_functions(m, ARITHMETIC)?;
    for def in getters::TYPES {
        cx.module_class(m, def)?;
    }
    Ok(m.value())
}

macro_rules! arithmetic {
    ($($op:ident $sig:literal $doc:literal $isig:literal $idoc:literal;)*) => {
        static ARITHMETIC: &[NativeDef] = &[$(
            NativeDef::function($sig, |cx, a| cx.binary(BinOp::$op, a[0], a[1]), $doc),
            NativeDef::function($isig, |cx, a| cx.inplace(BinOp::$op, a[0], a[1]), $idoc),
        )*];
    };
}

arithmetic! {
    Add "add(a, b, /)" "Same as a + b." "iadd(a, b, /)" "Same as a += b.";
    Sub "sub(a, b, /)" "Same as a - b." "isub(a, b, /)" "Same as a -= b.";
    Mul "mul(a, b, /)" "Same as a * b." "imul(a, b, /)" "Same as a *= b.";
    TrueDiv "truediv(a, b, /)" "Same as a / b." "itruediv(a, b, /)" "Same as a /= b.";
    FloorDiv "floordiv(a, b, /)" "Same as a // b." "ifloordiv(a, b, /)" "Same as a //= b.";
    Mod "mod(a, b, /)" "Same as a % b." "imod(a, b, /)" "Same as a %= b.";
    Pow "pow(a, b, /)" "Same as a ** b." "ipow(a, b, /)" "Same as a **= b.";
    Shl "lshift(a, b, /)" "Same as a << b." "ilshift(a, b, /)" "Same as a <<= b.";
    Shr "rshift(a, b, /)" "Same as a >> b." "irshift(a, b, /)" "Same as a >>= b.";
    And "and_(a, b, /)" "Same as a & b." "iand(a, b, /)" "Same as a &= b.";
    Or "or_(a, b, /)" "Same as a | b." "ior(a, b, /)" "Same as a |= b.";
    Xor "xor(a, b, /)" "Same as a ^ b." "ixor(a, b, /)" "Same as a ^= b.";
    MatMul "matmul(a, b, /)" "Same as a @ b." "imatmul(a, b, /)" "Same as a @= b.";
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "truth(a, /)",
        |cx, a| cx.truth(a[0]).map(Value::bool),
        "Return True if a is true, False otherwise.",
    ),
    NativeDef::function("not_(a, /)", |cx, a| cx.truth(a[0]).map(|b| Value::bool(!b)), "Same as not a."),
    NativeDef::function("is_(a, b, /)", |_, a| Ok(Value::bool(a[0] == a[1])), "Same as a is b."),
    NativeDef::function("is_not(a, b, /)", |_, a| Ok(Value::bool(a[0] != a[1])), "Same as a is not b."),
    NativeDef::function("is_none(a, /)", |_, a| Ok(Value::bool(a[0].is_none())), "Same as a is None."),
    NativeDef::function("is_not_none(a, /)", |_, a| Ok(Value::bool(!a[0].is_none())), "Same as a is not None."),
    NativeDef::function("lt(a, b, /)", |cx, a| cx.compare(CmpOp::Lt, a[0], a[1]), "Same as a < b."),
    NativeDef::function("le(a, b, /)", |cx, a| cx.compare(CmpOp::Le, a[0], a[1]), "Same as a <= b."),
    NativeDef::function("eq(a, b, /)", |cx, a| cx.compare(CmpOp::Eq, a[0], a[1]), "Same as a == b."),
    NativeDef::function("ne(a, b, /)", |cx, a| cx.compare(CmpOp::Ne, a[0], a[1]), "Same as a != b."),
    NativeDef::function("gt(a, b, /)", |cx, a| cx.compare(CmpOp::Gt, a[0], a[1]), "Same as a > b."),
    NativeDef::function("ge(a, b, /)", |cx, a| cx.compare(CmpOp::Ge, a[0], a[1]), "Same as a >= b."),
    NativeDef::function("neg(a, /)", |cx, a| cx.unary(UnaryOp::Neg, a[0]), "Same as -a."),
    NativeDef::function("pos(a, /)", |cx, a| cx.unary(UnaryOp::Pos, a[0]), "Same as +a."),
    NativeDef::function("inv(a, /)", |cx, a| cx.unary(UnaryOp::Invert, a[0]), "Same as ~a."),
    NativeDef::function("invert(a, /)", |cx, a| cx.unary(UnaryOp::Invert, a[0]), "Same as ~a."),
    NativeDef::function("abs(a, /)", abs, "Same as abs(a)."),
    NativeDef::function("index(a, /)", index, "Same as a.__index__()"),
    NativeDef::function("concat(a, b, /)", concat, "Same as a + b, for a and b sequences."),
    NativeDef::function("iconcat(a, b, /)", iconcat, "Same as a += b, for a and b sequences."),
    NativeDef::function(
        "contains(a, b, /)",
        |cx, a| cx.contains(a[0], a[1]).map(Value::bool),
        "Same as b in a (note reversed operands).",
    ),
    NativeDef::function("countOf(a, b, /)", count_of, "Return the number of items in a which are, or which equal, b."),
    NativeDef::function("indexOf(a, b, /)", index_of, "Return the first index of b in a."),
    NativeDef::function("getitem(a, b, /)", |cx, a| cx.getitem(a[0], a[1]), "Same as a[b]."),
    NativeDef::function(
        "setitem(a, b, c, /)",
        |cx, a| cx.setitem(a[0], a[1], a[2]).map(|_| Value::NONE),
        "Same as a[b] = c.",
    ),
    NativeDef::function("delitem(a, b, /)", |cx, a| cx.delitem(a[0], a[1]).map(|_| Value::NONE), "Same as del a[b]."),
    NativeDef::function(
        "length_hint(obj, default=0, /)",
        length_hint,
        "Return an estimate of the number of items in obj.\n\nThis is useful for presizing containers when building from an iterable.\n\nIf the object supports len(), the result will be exact.\nOtherwise, it may over- or under-estimate by an arbitrary amount.",
    ),
    NativeDef::function("call(obj, /, *args, **kwargs)", call, "Same as obj(*args, **kwargs)."),
    NativeDef::function(
        "_compare_digest(a, b, /)",
        compare_digest,
        "Return 'a == b'.\n\nThis function uses an approach designed to prevent\ntiming analysis, making it appropriate for cryptography.",
    ),
];

fn abs(cx: &mut Thread, a: Args<'_>) -> R {
    match cx.call_special(a[0], N::__abs__, &[])? {
        Some(v) => Ok(v),
        None => {
            let class = cx.class_name(a[0]);
            Err(cx.type_error(format!("bad operand type for abs(): '{class}'")))
        }
    }
}

fn index(cx: &mut Thread, a: Args<'_>) -> R {
    cx.index_value(a[0])
}

/// Neither a number nor a mapping: something with items by index.
fn is_sequence(cx: &mut Thread, v: Value) -> bool {
    !ferropy_builtins::dict::is_dict(v) && cx.lookup_special(v, N::__getitem__).is_some()
}

fn check_concat(cx: &mut Thread, a: Args<'_>) -> R<()> {
    if is_sequence(cx, a[0]) && (is_sequence(cx, a[1]) || cx.lookup_special(a[0], N::__add__).is_some()) {
        return Ok(());
    }
    let class = cx.class_name(a[0]);
    Err(cx.type_error(format!("'{class}' object can't be concatenated")))
}

fn concat(cx: &mut Thread, a: Args<'_>) -> R {
    check_concat(cx, a)?;
    cx.binary(BinOp::Add, a[0], a[1])
}

fn iconcat(cx: &mut Thread, a: Args<'_>) -> R {
    check_concat(cx, a)?;
    cx.inplace(BinOp::Add, a[0], a[1])
}

fn count_of(cx: &mut Thread, a: Args<'_>) -> R {
    let it = sequence_iter(cx, a[0])?;
    let mut n = 0;
    while let Some(v) = cx.next(it)? {
        n += cx.eq(v, a[1])? as u64;
    }
    cx.uint(n)
}

fn sequence_iter(cx: &mut Thread, v: Value) -> R {
    let it = cx.iter(v);
    match cx.catch(ferropy_vm::Exc::TypeError, it)? {
        Some(it) => Ok(it),
        None => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("argument of type '{class}' is not iterable")))
        }
    }
}

fn index_of(cx: &mut Thread, a: Args<'_>) -> R {
    let it = sequence_iter(cx, a[0])?;
    let mut n = 0;
    while let Some(v) = cx.next(it)? {
        if cx.eq(v, a[1])? {
            return cx.uint(n);
        }
        n += 1;
    }
    Err(cx.value_error("sequence.index(x): x not in sequence"))
}

fn length_hint(cx: &mut Thread, a: Args<'_>) -> R {
    let default = match a.opt(1) {
        Some(v) if !v.is_any_int() => {
            let class = cx.class_name(v);
            return Err(cx.type_error(format!("'{class}' object cannot be interpreted as an integer")));
        }
        Some(v) => cx.index(v)?,
        None => 0,
    };
    match cx.length_hint(a[0], usize::MAX)? {
        usize::MAX => cx.int(default),
        n => cx.uint(n as u64),
    }
}

fn call(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(args) = a[1].cast::<Tuple>() else { return Ok(Value::NONE) };
    cx.call_ex(a[0], args, a[2])
}

fn compare_digest(cx: &mut Thread, a: Args<'_>) -> R {
    if let (Some(x), Some(y)) = (a[0].cast::<Str>(), a[1].cast::<Str>()) {
        if !x.is_ascii() || !y.is_ascii() {
            return Err(cx.type_error("comparing strings with non-ASCII characters is not supported"));
        }
        return Ok(Value::bool(same_bytes(x.bytes(), y.bytes())));
    }
    if a[0].cast::<Str>().is_some() || a[1].cast::<Str>().is_some() {
        let (x, y) = (cx.class_name(a[0]), cx.class_name(a[1]));
        return Err(cx.type_error(format!("unsupported operand types(s) or combination of types: '{x}' and '{y}'")));
    }
    let (x, y) = (cx.buffer(a[0])?, cx.buffer(a[1])?);
    Ok(Value::bool(same_bytes(x.bytes(), y.bytes())))
}

/// Equality in a time that depends on the lengths only.
fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    let differ = a.iter().zip(b).fold(0u8, |d, (x, y)| d | (x ^ y));
    std::hint::black_box(differ) == 0 && a.len() == b.len()
}
