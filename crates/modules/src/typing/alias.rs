//! TypeAliasType: `type X = ...`.

use super::*;
use ferropy_vm::null_field;

#[repr(C)]
pub struct Alias {
    name: Field,
    /// Tuple, or unbound.
    params: Field,
    evaluate: Field,
    value: Field,
}
heap_kind!(Alias, "type alias", 4);

pub static ALIAS: TypeDef = TypeDef::new::<Alias>(
    "typing.TypeAliasType",
    &[
        NativeDef::static_method("__new__(cls, /, *args, **kwargs)", new, ""),
        NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
        NativeDef::method("__iter__(self, /)", params::iter_unpacked, "Implement iter(self)."),
        NativeDef::method("__or__(self, value, /)", or, "Return self|value."),
        NativeDef::method("__ror__(self, value, /)", ror, "Return value|self."),
        NativeDef::method("__getitem__(self, key, /)", getitem, "Return self[key]."),
        NativeDef::method("__reduce__(self, /)", reduce, ""),
        NativeDef::getter("__name__", get_name, "").as_member(),
        NativeDef::getter("__parameters__", get_parameters, ""),
        NativeDef::getter("__type_params__", get_type_params, ""),
        NativeDef::getter("__value__", get_value, ""),
        NativeDef::getter("evaluate_value", evaluate_value, ""),
    ],
    "Type alias.",
)
.flags(flags::IMMUTABLE | flags::WEAKREF | flags::HAS_DICT);

fn this(cx: &mut Thread, v: Value) -> R<Gc<Alias>> {
    match v.cast::<Alias>() {
        Some(p) => Ok(p),
        None => Err(cx.type_error("a TypeAliasType is required")),
    }
}

fn alloc(cx: &mut Thread, name: Value, params: Value) -> R<Gc<Alias>> {
    let class = cx.native_class(&ALIAS)?;
    let alias = Alias { name: field(name), params: field(params), evaluate: null_field(), value: null_field() };
    let alias = cx.alloc_of(class, alias)?;
    let module = caller_module(cx);
    set_module(cx, alias.value(), module)?;
    Ok(alias)
}

/// From the instruction: (name, type parameters or None, evaluator).
pub fn make_type_alias(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(parts) = a[0].cast::<Tuple>().filter(|t| t.len == 3) else {
        return Err(cx.type_error("a tuple of three parts is required"));
    };
    let params = match parts.at(1) {
        Value::NONE => Value::NULL,
        p => cx.tuple_from(p)?.value(),
    };
    let alias = alloc(cx, parts.at(0), params)?;
    alias.evaluate.set(cx, alias, parts.at(2));
    Ok(alias.value())
}

fn new(cx: &mut Thread, a: Args<'_>) -> R {
    let args = cx.tuple_from(a[1])?;
    if args.len > 2 {
        let n = args.len;
        return Err(cx.type_error(format!("typealias() takes exactly 2 positional arguments ({n} given)")));
    }
    let mut parts = [args.items().first().copied(), args.items().get(1).copied(), None];
    let mut i = 0;
    while let Some((next, _, k, v)) = a[2].cast::<Dict>().and_then(|d| d.next_entry(i)) {
        let key = cx.str(k)?.to_lossy();
        match ["name", "value", "type_params"].iter().position(|n| *n == key) {
            Some(at) if parts[at].is_none() => parts[at] = Some(v),
            _ => return Err(cx.type_error(format!("typealias() got an unexpected keyword argument '{key}'"))),
        }
        i = next;
    }
    let [name, value, params] = parts;
    let name = match name {
        Some(n) if n.as_str().is_some() => n,
        Some(n) => {
            let got = cx.class_name(n);
            return Err(cx.type_error(format!("typealias() argument 'name' must be str, not {got}")));
        }
        None => return Err(cx.type_error("typealias() missing required argument 'name' (pos 1)")),
    };
    let Some(value) = value else {
        return Err(cx.type_error("typealias() missing required argument 'value' (pos 2)"));
    };
    let params = match params {
        Some(p) => checked_params(cx, p)?,
        None => Value::NULL,
    };
    let alias = alloc(cx, name, params)?;
    alias.value.set(cx, alias, value);
    Ok(alias.value())
}

/// `type_params=`: a tuple of type parameters, those with defaults last. Unbound if it is empty.
fn checked_params(cx: &mut Thread, v: Value) -> R {
    let Some(t) = v.cast::<Tuple>() else { return Err(cx.type_error("type_params must be a tuple")) };
    let mut default_seen = false;
    for i in 0..t.len {
        if !params::is_type_param(cx, t.at(i))? {
            let text = cx.repr(t.at(i))?.to_lossy();
            return Err(cx.type_error(format!("Expected a type param, got {text}")));
        }
        match params::param_has_default(cx, t.at(i))? {
            Some(true) => default_seen = true,
            _ if default_seen => {
                let text = cx.repr(t.at(i))?.to_lossy();
                return Err(
                    cx.type_error(format!("non-default type parameter '{text}' follows default type parameter"))
                );
            }
            _ => {}
        }
    }
    Ok(if t.len == 0 { Value::NULL } else { v })
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    get_name(cx, a)
}
fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    get_name(cx, a)
}
fn get_name(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.name.get())
}
fn get_type_params(cx: &mut Thread, a: Args<'_>) -> R {
    let alias = this(cx, a[0])?;
    Ok(alias.params.get().bound().unwrap_or(cx.vm().empty_tuple))
}
fn get_parameters(cx: &mut Thread, a: Args<'_>) -> R {
    let alias = this(cx, a[0])?;
    match alias.params.cast::<Tuple>() {
        Some(t) => support::unpacked(cx, t),
        None => Ok(cx.vm().empty_tuple),
    }
}
fn get_value(cx: &mut Thread, a: Args<'_>) -> R {
    let alias = this(cx, a[0])?;
    Ok(forced(cx, a[0], &alias.value, &alias.evaluate)?.unwrap_or(Value::NONE))
}
fn evaluate_value(cx: &mut Thread, a: Args<'_>) -> R {
    let alias = this(cx, a[0])?;
    match alias.evaluate.get().bound() {
        Some(f) => Ok(f),
        None => support::const_evaluator(cx, alias.value.get().bound().unwrap_or(Value::NONE)),
    }
}

fn getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let alias = this(cx, a[0])?;
    if alias.params.get().is_null() {
        return Err(cx.type_error("Only generic type aliases are subscriptable"));
    }
    let types = cx.import("types")?;
    let generic = cx.getattr_str(types, "GenericAlias")?;
    let args = match a[1].cast::<Tuple>() {
        Some(t) => t,
        None => cx.new_tuple(&[a[1]])?,
    };
    cx.call(generic, &[a[0], args.value()])
}
