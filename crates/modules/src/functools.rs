//! `_functools`: partial, reduce, cmp_to_key, the wrapper of lru_cache.

mod lru;
mod partial;

use ferropy_builtins::list::wrong_receiver;
use ferropy_vm::{Args, CmpOp, Exc, Field, NativeDef, R, Thread, TypeDef, Value, field, heap_kind, null_field};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_functools", init);
}

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("_functools", "Tools that operate on functions.", FUNCTIONS)?;
    cx.module_class(m, &partial::PARTIAL)?;
    cx.module_class(m, &partial::PLACEHOLDER_TYPE)?;
    cx.module_class(m, &lru::WRAPPER)?;
    let p = partial::placeholder(cx)?;
    cx.module_set(m, "Placeholder", p)?;
    Ok(m.value())
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "reduce(function, iterable, /, initial=<unrepresentable>)",
        reduce,
        "Apply a function of two arguments cumulatively to the items of an iterable, from left to right.\n\nThis effectively \
         reduces the iterable to a single value.  If initial is present,\nit is placed before the items of the iterable in \
         the calculation, and serves as\na default when the iterable is empty.",
    ),
    NativeDef::function("cmp_to_key(mycmp)", cmp_to_key, "Convert a cmp= function into a key= function."),
];

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let it = cx.iter(a[1]);
    let Some(it) = cx.catch(Exc::TypeError, it)? else {
        return Err(cx.type_error("reduce() arg 2 must support iteration"));
    };
    let mut total = match a.opt(2) {
        Some(v) => v,
        None => match cx.next(it)? {
            Some(v) => v,
            None => return Err(cx.type_error("reduce() of empty iterable with no initial value")),
        },
    };
    while let Some(v) = cx.next(it)? {
        total = cx.call(a[0], &[total, v])?;
    }
    Ok(total)
}

/// What `cmp_to_key` returns (no object yet), and what that returns for an object.
#[repr(C)]
struct Key {
    cmp: Field,
    obj: Field,
}
heap_kind!(Key, "cmp_to_key key", 2);

static KEY: TypeDef = TypeDef::new::<Key>(
    "functools.KeyWrapper",
    &[
        NativeDef::static_method("__new__(cls, /, *args)", key_new, ""),
        NativeDef::method("__call__(self, obj)", key_call, "Call self as a function."),
        NativeDef::method("__lt__(self, value, /)", key_compare::<0>, "Return self<value."),
        NativeDef::method("__le__(self, value, /)", key_compare::<1>, "Return self<=value."),
        NativeDef::method("__eq__(self, value, /)", key_compare::<2>, "Return self==value."),
        NativeDef::method("__ne__(self, value, /)", key_compare::<3>, "Return self!=value."),
        NativeDef::method("__gt__(self, value, /)", key_compare::<4>, "Return self>value."),
        NativeDef::method("__ge__(self, value, /)", key_compare::<5>, "Return self>=value."),
        NativeDef::getset("obj", key_obj, key_set_obj, "Value wrapped by a key function."),
    ],
    "",
)
.flags(ferropy_vm::class::flags::IMMUTABLE);

fn make_key(cx: &mut Thread, cmp: Value, obj: Option<Value>) -> R {
    let class = cx.native_class(&KEY)?;
    let obj = obj.map_or_else(null_field, field);
    Ok(cx.alloc_of(class, Key { cmp: field(cmp), obj })?.value())
}

fn key_new(cx: &mut Thread, _a: Args<'_>) -> R {
    Err(cx.type_error("cannot create 'functools.KeyWrapper' instances"))
}

fn cmp_to_key(cx: &mut Thread, a: Args<'_>) -> R {
    make_key(cx, a[0], None)
}

fn key(cx: &mut Thread, v: Value) -> R<ferropy_vm::Gc<Key>> {
    match v.cast() {
        Some(k) => Ok(k),
        None => Err(wrong_receiver(cx, "functools.KeyWrapper", v)),
    }
}

fn key_call(cx: &mut Thread, a: Args<'_>) -> R {
    let k = key(cx, a[0])?;
    make_key(cx, k.cmp.get(), Some(a[1]))
}

fn key_compare<const OP: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    let k = key(cx, a[0])?;
    let Some(other) = a[1].cast::<Key>() else {
        return Err(cx.type_error("other argument must be K instance"));
    };
    let (Some(x), Some(y)) = (k.obj.get().bound(), other.obj.get().bound()) else {
        return Err(cx.error(Exc::AttributeError, "object"));
    };
    let r = cx.call(k.cmp.get(), &[x, y])?;
    cx.compare(CmpOp::from_u8(OP), r, Value::small_int(0))
}

fn key_obj(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(key(cx, a[0])?.obj.get().bound().unwrap_or(Value::NONE))
}

fn key_set_obj(cx: &mut Thread, a: Args<'_>) -> R {
    let k = key(cx, a[0])?;
    k.obj.set(cx, k, a.or(1, Value::NULL));
    Ok(Value::NONE)
}
