//! TypeVar, ParamSpec, TypeVarTuple, and `P.args`, `P.kwargs`.

use super::*;
use ferropy_vm::null_field;
use std::cell::Cell;

/// A type parameter of any of the three classes.
#[repr(C)]
pub struct TypeParam {
    name: Field,
    bound: Field,
    evaluate_bound: Field,
    constraints: Field,
    evaluate_constraints: Field,
    default: Field,
    evaluate_default: Field,
    variance: Cell<u8>,
}
heap_kind!(TypeParam, "type parameter", 7);

// Bits of `variance`.
const COVARIANT: u8 = 1;
const CONTRAVARIANT: u8 = 2;
const INFERRED: u8 = 4;

const PARAM_FLAGS: u32 = flags::IMMUTABLE | flags::HAS_DICT | flags::WEAKREF;

pub static TYPEVAR: TypeDef = TypeDef::new::<TypeParam>(
    "typing.TypeVar",
    &[
        NativeDef::static_method("__new__(cls, /, *args, **kwargs)", typevar_new, ""),
        NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
        NativeDef::method("__or__(self, value, /)", or, "Return self|value."),
        NativeDef::method("__ror__(self, value, /)", ror, "Return value|self."),
        NativeDef::method("__typing_subst__(self, arg, /)", typevar_subst, ""),
        NativeDef::method("__typing_prepare_subst__(self, alias, args, /)", typevar_prepare, ""),
        NativeDef::method("__reduce__(self, /)", reduce, ""),
        NativeDef::method("has_default(self, /)", has_default, ""),
        NativeDef::method("__mro_entries__(self, bases, /)", no_subclass, ""),
        NativeDef::getter("__name__", get_name, "").as_member(),
        NativeDef::getter("__covariant__", get_variance::<COVARIANT>, "").as_member(),
        NativeDef::getter("__contravariant__", get_variance::<CONTRAVARIANT>, "").as_member(),
        NativeDef::getter("__infer_variance__", get_variance::<INFERRED>, "").as_member(),
        NativeDef::getter("__bound__", get_bound, "").as_member(),
        NativeDef::getter("__constraints__", get_constraints, ""),
        NativeDef::getter("__default__", get_default, ""),
        NativeDef::getter("evaluate_bound", evaluate_bound, ""),
        NativeDef::getter("evaluate_constraints", evaluate_constraints, ""),
        NativeDef::getter("evaluate_default", evaluate_default, ""),
    ],
    "Type variable.",
)
.flags(PARAM_FLAGS);

pub static PARAMSPEC: TypeDef = TypeDef::new::<TypeParam>(
    "typing.ParamSpec",
    &[
        NativeDef::static_method("__new__(cls, /, *args, **kwargs)", paramspec_new, ""),
        NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
        NativeDef::method("__or__(self, value, /)", or, "Return self|value."),
        NativeDef::method("__ror__(self, value, /)", ror, "Return value|self."),
        NativeDef::method("__typing_subst__(self, arg, /)", paramspec_subst, ""),
        NativeDef::method("__typing_prepare_subst__(self, alias, args, /)", paramspec_prepare, ""),
        NativeDef::method("__reduce__(self, /)", reduce, ""),
        NativeDef::method("has_default(self, /)", has_default, ""),
        NativeDef::method("__mro_entries__(self, bases, /)", no_subclass, ""),
        NativeDef::getter("__name__", get_name, "").as_member(),
        NativeDef::getter("__covariant__", get_variance::<COVARIANT>, "").as_member(),
        NativeDef::getter("__contravariant__", get_variance::<CONTRAVARIANT>, "").as_member(),
        NativeDef::getter("__infer_variance__", get_variance::<INFERRED>, "").as_member(),
        NativeDef::getter("__bound__", get_bound, "").as_member(),
        NativeDef::getter("__default__", get_default, ""),
        NativeDef::getter("evaluate_default", evaluate_default, ""),
        NativeDef::getter("args", get_args, "Represents positional arguments."),
        NativeDef::getter("kwargs", get_kwargs, "Represents keyword arguments."),
    ],
    "Parameter specification variable.",
)
.flags(PARAM_FLAGS);

pub static TYPEVARTUPLE: TypeDef = TypeDef::new::<TypeParam>(
    "typing.TypeVarTuple",
    &[
        NativeDef::static_method("__new__(cls, /, name, *, default=<unrepresentable>)", tuple_new, ""),
        NativeDef::method("__repr__(self, /)", tuple_repr, "Return repr(self)."),
        NativeDef::method("__iter__(self, /)", iter_unpacked, "Implement iter(self)."),
        NativeDef::method("__typing_subst__(self, arg, /)", tuple_subst, ""),
        NativeDef::method("__typing_prepare_subst__(self, alias, args, /)", tuple_prepare, ""),
        NativeDef::method("__reduce__(self, /)", reduce, ""),
        NativeDef::method("has_default(self, /)", has_default, ""),
        NativeDef::method("__mro_entries__(self, bases, /)", no_subclass, ""),
        NativeDef::getter("__name__", get_name, "").as_member(),
        NativeDef::getter("__default__", get_default, ""),
        NativeDef::getter("evaluate_default", evaluate_default, ""),
    ],
    "Type variable tuple. A specialized form of type variable that enables\nvariadic generics.",
)
.flags(PARAM_FLAGS);

fn this(cx: &mut Thread, v: Value) -> R<Gc<TypeParam>> {
    match v.cast::<TypeParam>() {
        Some(p) => Ok(p),
        None => Err(cx.type_error("a type parameter is required")),
    }
}

// ---- making

fn alloc(cx: &mut Thread, def: &'static TypeDef, name: Value, variance: u8) -> R<Gc<TypeParam>> {
    let class = cx.native_class(def)?;
    cx.alloc_of(
        class,
        TypeParam {
            name: field(name),
            bound: null_field(),
            evaluate_bound: null_field(),
            constraints: null_field(),
            evaluate_constraints: null_field(),
            default: null_field(),
            evaluate_default: null_field(),
            variance: variance.into(),
        },
    )
}

/// Keyword arguments of a constructor.
#[derive(Default)]
struct Options {
    bound: Option<Value>,
    default: Option<Value>,
    variance: u8,
}

fn options(cx: &mut Thread, function: &str, kw: Value, name: &mut Option<Value>) -> R<Options> {
    let mut o = Options::default();
    let Some(kw) = kw.cast::<Dict>() else { return Ok(o) };
    let mut i = 0;
    while let Some((next, _, k, v)) = kw.next_entry(i) {
        let key = cx.str(k)?.to_lossy();
        let mut bit = |cx: &mut Thread, b: u8| -> R<()> {
            if cx.truth(v)? {
                o.variance |= b;
            }
            Ok(())
        };
        match key.as_str() {
            "bound" => o.bound = Some(v).filter(|v| !v.is_none()),
            "default" => o.default = Some(v),
            "covariant" => bit(cx, COVARIANT)?,
            "contravariant" => bit(cx, CONTRAVARIANT)?,
            "infer_variance" => bit(cx, INFERRED)?,
            "name" if name.is_none() => *name = Some(v),
            _ => {
                return Err(cx.type_error(format!("{function}() got an unexpected keyword argument '{key}'")));
            }
        }
        i = next;
    }
    if o.variance & 3 == 3 {
        return Err(cx.value_error("Bivariant types are not supported."));
    }
    if o.variance & INFERRED != 0 && o.variance & 3 != 0 {
        return Err(cx.value_error("Variance cannot be specified with infer_variance."));
    }
    if let Some(b) = o.bound {
        let message = cx.new_str("Bound must be a type.")?.value();
        o.bound = Some(typing_call(cx, "_type_check", &[b, message])?);
    }
    Ok(o)
}

fn checked_name(cx: &mut Thread, function: &str, name: Option<Value>) -> R {
    match name {
        Some(n) if n.as_str().is_some() => Ok(n),
        Some(n) => {
            let got = cx.class_name(n);
            Err(cx.type_error(format!("{function}() argument 'name' must be str, not {got}")))
        }
        None => Err(cx.type_error(format!("{function}() missing required argument 'name' (pos 1)"))),
    }
}

fn finished(cx: &mut Thread, p: Gc<TypeParam>, o: &Options) -> R {
    if let Some(b) = o.bound {
        p.bound.set(cx, p, b);
    }
    if let Some(d) = o.default {
        p.default.set(cx, p, d);
    }
    let module = caller_module(cx);
    set_module(cx, p.value(), module)?;
    Ok(p.value())
}

fn typevar_new(cx: &mut Thread, a: Args<'_>) -> R {
    let args = cx.tuple_from(a[1])?;
    let mut name = args.items().first().copied();
    let o = options(cx, "typevar", a[2], &mut name)?;
    let name = checked_name(cx, "typevar", name)?;
    if args.len == 2 {
        return Err(cx.type_error("A single constraint is not allowed"));
    }
    if args.len > 2 && o.bound.is_some() {
        return Err(cx.type_error("Constraints cannot be combined with bound=..."));
    }
    let p = alloc(cx, &TYPEVAR, name, o.variance)?;
    if args.len > 2 {
        let constraints = cx.new_tuple(&args.items()[1..])?;
        p.constraints.set(cx, p, constraints);
    }
    finished(cx, p, &o)
}

fn paramspec_new(cx: &mut Thread, a: Args<'_>) -> R {
    let args = cx.tuple_from(a[1])?;
    if args.len > 1 {
        let n = args.len;
        return Err(cx.type_error(format!("paramspec() takes exactly 1 positional argument ({n} given)")));
    }
    let mut name = args.items().first().copied();
    let o = options(cx, "paramspec", a[2], &mut name)?;
    let name = checked_name(cx, "paramspec", name)?;
    let p = alloc(cx, &PARAMSPEC, name, o.variance)?;
    finished(cx, p, &o)
}

fn tuple_new(cx: &mut Thread, a: Args<'_>) -> R {
    let name = checked_name(cx, "typevartuple", a.opt(1))?;
    let p = alloc(cx, &TYPEVARTUPLE, name, 0)?;
    let o = Options { default: a.opt(2), ..Options::default() };
    finished(cx, p, &o)
}

// ---- made by instructions

pub fn make_typevar(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(alloc(cx, &TYPEVAR, a[0], INFERRED)?.value())
}
pub fn make_typevar_bound(cx: &mut Thread, a: Args<'_>) -> R {
    let p = alloc(cx, &TYPEVAR, a[0], INFERRED)?;
    p.evaluate_bound.set(cx, p, a[1]);
    Ok(p.value())
}
pub fn make_typevar_constraints(cx: &mut Thread, a: Args<'_>) -> R {
    let p = alloc(cx, &TYPEVAR, a[0], INFERRED)?;
    p.evaluate_constraints.set(cx, p, a[1]);
    Ok(p.value())
}
pub fn make_paramspec(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(alloc(cx, &PARAMSPEC, a[0], INFERRED)?.value())
}
pub fn make_typevartuple(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(alloc(cx, &TYPEVARTUPLE, a[0], 0)?.value())
}
pub fn set_default(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    p.evaluate_default.set(cx, p, a[1]);
    Ok(a[0])
}

// ---- attributes

fn get_name(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.name.get())
}
fn get_variance<const BIT: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(this(cx, a[0])?.variance.get() & BIT != 0))
}
fn get_bound(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    Ok(forced(cx, a[0], &p.bound, &p.evaluate_bound)?.unwrap_or(Value::NONE))
}
fn get_constraints(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    let empty = cx.vm().empty_tuple;
    Ok(forced(cx, a[0], &p.constraints, &p.evaluate_constraints)?.unwrap_or(empty))
}
fn get_default(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    match forced(cx, a[0], &p.default, &p.evaluate_default)? {
        Some(v) => Ok(v),
        None => support::no_default(cx),
    }
}

fn evaluator(cx: &mut Thread, value: &Field, evaluate: &Field) -> R {
    if let Some(f) = evaluate.get().bound() {
        return Ok(f);
    }
    match value.get().bound() {
        Some(v) => support::const_evaluator(cx, v),
        None => Ok(Value::NONE),
    }
}
fn evaluate_bound(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    evaluator(cx, &p.bound, &p.evaluate_bound)
}
fn evaluate_constraints(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    evaluator(cx, &p.constraints, &p.evaluate_constraints)
}
fn evaluate_default(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    match evaluator(cx, &p.default, &p.evaluate_default)? {
        Value::NONE => {
            let none = support::no_default(cx)?;
            support::const_evaluator(cx, none)
        }
        f => Ok(f),
    }
}
fn has_default(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    let none = support::no_default(cx)?;
    let given = p.default.get().bound().is_some_and(|d| d != none);
    Ok(Value::bool(given || !p.evaluate_default.get().is_null()))
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    let name = cx.expect_text(p.name.get(), "name")?;
    let v = p.variance.get();
    let mark = if v & INFERRED != 0 {
        ""
    } else if v & COVARIANT != 0 {
        "+"
    } else if v & CONTRAVARIANT != 0 {
        "-"
    } else {
        "~"
    };
    let mut out = mark.as_bytes().to_vec();
    out.extend_from_slice(name.bytes());
    Ok(cx.new_wtf8(&out)?.value())
}
fn tuple_repr(cx: &mut Thread, a: Args<'_>) -> R {
    get_name(cx, a)
}
fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    get_name(cx, a)
}

fn no_subclass(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_name(a[0]);
    Err(cx.type_error(format!("Cannot subclass an instance of {class}")))
}

// ---- substitution

fn typevar_subst(cx: &mut Thread, a: Args<'_>) -> R {
    typing_call(cx, "_typevar_subst", &[a[0], a[1]])
}
fn paramspec_subst(cx: &mut Thread, a: Args<'_>) -> R {
    typing_call(cx, "_paramspec_subst", &[a[0], a[1]])
}
fn tuple_subst(cx: &mut Thread, _: Args<'_>) -> R {
    Err(cx.type_error("Substitution of bare TypeVarTuple is not supported"))
}
fn paramspec_prepare(cx: &mut Thread, a: Args<'_>) -> R {
    typing_call(cx, "_paramspec_prepare_subst", &[a[0], a[1], a[2]])
}
fn tuple_prepare(cx: &mut Thread, a: Args<'_>) -> R {
    typing_call(cx, "_typevartuple_prepare_subst", &[a[0], a[1], a[2]])
}

/// A missing last argument becomes the default.
fn typevar_prepare(cx: &mut Thread, a: Args<'_>) -> R {
    let name = cx.name(N::__parameters__);
    let params = cx.getattr(a[1], name)?;
    let params = cx.tuple_from(params)?;
    let given = cx.len(a[2])?;
    let at = params.items().iter().position(|p| *p == a[0]).unwrap_or(params.len);
    if at < given {
        return Ok(a[2]);
    }
    let default = get_default(cx, Args::new(&[a[0]]))?;
    if at > given || default == support::no_default(cx)? {
        let alias = cx.str(a[1])?.to_lossy();
        return Err(cx.type_error(format!("Too few arguments for {alias}")));
    }
    let tail = cx.new_tuple(&[default])?.value();
    cx.binary(BinOp::Add, a[2], tail)
}

/// Iterating gives `typing.Unpack[self]` once.
pub fn iter_unpacked(cx: &mut Thread, a: Args<'_>) -> R {
    let v = unpack(cx, a[0])?;
    let one = cx.new_tuple(&[v])?.value();
    cx.iter(one)
}

// ---- P.args and P.kwargs

#[repr(C)]
pub struct Origin {
    origin: Field,
}
heap_kind!(Origin, "parameters of a ParamSpec", 1);

macro_rules! part_of_paramspec {
    ($name:ident, $class:literal, $repr:ident, $new:ident, $text:literal) => {
        pub static $name: TypeDef = TypeDef::new::<Origin>(
            $class,
            &[
                NativeDef::static_method("__new__(cls, /, origin)", $new, ""),
                NativeDef::method("__repr__(self, /)", $repr, "Return repr(self)."),
                NativeDef::method("__eq__(self, value, /)", part_eq, "Return self==value."),
                NativeDef::method("__mro_entries__(self, bases, /)", no_subclass, ""),
                NativeDef::getter("__origin__", part_origin, "").as_member(),
            ],
            "The component of a ParamSpec object.",
        )
        .flags(flags::IMMUTABLE | flags::WEAKREF);

        fn $new(cx: &mut Thread, a: Args<'_>) -> R {
            let class = cx.native_class(&$name)?;
            Ok(cx.alloc_of(class, Origin { origin: field(a[1]) })?.value())
        }
        fn $repr(cx: &mut Thread, a: Args<'_>) -> R {
            part_repr(cx, a[0], $text)
        }
    };
}
part_of_paramspec!(PARAMSPEC_ARGS, "typing.ParamSpecArgs", args_repr, args_new, ".args");
part_of_paramspec!(PARAMSPEC_KWARGS, "typing.ParamSpecKwargs", kwargs_repr, kwargs_new, ".kwargs");

fn origin_of(v: Value) -> Value {
    v.cast::<Origin>().map_or(Value::NONE, |o| o.origin.get())
}
fn part_origin(_: &mut Thread, a: Args<'_>) -> R {
    Ok(origin_of(a[0]))
}
fn part_eq(cx: &mut Thread, a: Args<'_>) -> R {
    if cx.class_of(a[0]) != cx.class_of(a[1]) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    Ok(Value::bool(cx.eq(origin_of(a[0]), origin_of(a[1]))?))
}
fn part_repr(cx: &mut Thread, v: Value, tail: &str) -> R {
    let origin = origin_of(v);
    let class = cx.native_class(&PARAMSPEC)?;
    let head = match origin.cast::<TypeParam>() {
        Some(p) if cx.class_of(origin) == class => cx.expect_text(p.name.get(), "name")?,
        _ => cx.repr(origin)?,
    };
    let mut out = head.bytes().to_vec();
    out.extend_from_slice(tail.as_bytes());
    Ok(cx.new_wtf8(&out)?.value())
}
fn get_args(cx: &mut Thread, a: Args<'_>) -> R {
    args_new(cx, Args::new(&[Value::NONE, a[0]]))
}
fn get_kwargs(cx: &mut Thread, a: Args<'_>) -> R {
    kwargs_new(cx, Args::new(&[Value::NONE, a[0]]))
}

/// The default that `type_params=` checks ask for: is there one?
pub fn param_has_default(cx: &mut Thread, v: Value) -> R<Option<bool>> {
    match v.cast::<TypeParam>() {
        Some(_) => Ok(Some(has_default(cx, Args::new(&[v]))? == Value::TRUE)),
        None => Ok(None),
    }
}

/// Is it one of our classes at all?
pub fn is_type_param(cx: &mut Thread, v: Value) -> R<bool> {
    let classes: [Gc<Class>; 3] =
        [cx.native_class(&TYPEVAR)?, cx.native_class(&PARAMSPEC)?, cx.native_class(&TYPEVARTUPLE)?];
    Ok(classes.contains(&cx.class_of(v)))
}
