//! Exceptions with a field or two: StopIteration, SystemExit, KeyError, ImportError, AttributeError, NameError.

use super::*;

// Indices of data fields (the first of AttributeError, NameError and StopIteration are the VM's choice).
const VALUE: usize = 0;
const NAME: usize = 0;
const OBJ: usize = 1;
const MSG: usize = 0;
const IMPORT_NAME: usize = 1;
const PATH: usize = 2;
const NAME_FROM: usize = 3;

static STOP_ITERATION: &[NativeDef] = &[
    NativeDef::method("__init__(self, /, *args, **kwargs)", stop_init, "Initialize self."),
    NativeDef::getset("value", get_field::<VALUE>, set_field::<VALUE>, "generator return value").as_member(),
];
static SYSTEM_EXIT: &[NativeDef] = &[
    NativeDef::method("__init__(self, /, *args, **kwargs)", exit_init, "Initialize self."),
    NativeDef::getset("code", get_field::<VALUE>, set_field::<VALUE>, "exception code").as_member(),
];
static KEY_ERROR: &[NativeDef] = &[NativeDef::method("__str__(self, /)", key_str, "Return str(self).")];
static IMPORT_ERROR: &[NativeDef] = &[
    NativeDef::method("__init__(self, /, *args, **kwargs)", import_init, "Initialize self."),
    NativeDef::method("__str__(self, /)", import_str, "Return str(self)."),
    NativeDef::method("__reduce__(self, /)", import_reduce, "Helper for pickle."),
    NativeDef::getset("msg", get_field::<MSG>, set_field::<MSG>, "exception message").as_member(),
    NativeDef::getset("name", get_field::<IMPORT_NAME>, set_field::<IMPORT_NAME>, "module name").as_member(),
    NativeDef::getset("path", get_field::<PATH>, set_field::<PATH>, "module path").as_member(),
    NativeDef::getset("name_from", get_field::<NAME_FROM>, set_field::<NAME_FROM>, "name imported from module")
        .as_member(),
];
static ATTRIBUTE_ERROR: &[NativeDef] = &[
    NativeDef::method("__init__(self, /, *args, **kwargs)", attribute_init, "Initialize self."),
    NativeDef::method("__reduce__(self, /)", attribute_reduce, "Helper for pickle."),
    NativeDef::method("__getstate__(self, /)", attribute_getstate, "Helper for pickle."),
    NativeDef::getset("name", get_field::<NAME>, set_field::<NAME>, "attribute name").as_member(),
    NativeDef::getset("obj", get_field::<OBJ>, set_field::<OBJ>, "object").as_member(),
];
static NAME_ERROR: &[NativeDef] = &[
    NativeDef::method("__init__(self, /, *args, **kwargs)", name_init, "Initialize self."),
    NativeDef::getset("name", get_field::<NAME>, set_field::<NAME>, "name").as_member(),
];

pub fn install(cx: &mut Thread) -> R<()> {
    add(cx, Exc::StopIteration, STOP_ITERATION)?;
    add(cx, Exc::SystemExit, SYSTEM_EXIT)?;
    add(cx, Exc::KeyError, KEY_ERROR)?;
    add(cx, Exc::ImportError, IMPORT_ERROR)?;
    add(cx, Exc::AttributeError, ATTRIBUTE_ERROR)?;
    add(cx, Exc::NameError, NAME_ERROR)
}

/// `BaseException.__init__` with positional arguments only.
fn plain_init(cx: &mut Thread, a: Args<'_>) -> R<(Gc<Exception>, Gc<Tuple>)> {
    let e = this(cx, a[0])?;
    let (args, kw) = init_args(a);
    if !kw.is_empty() {
        let class = cx.class_name(a[0]);
        no_keywords(cx, &class, kw)?;
    }
    e.args.set(cx, e, args);
    Ok((e, args))
}

fn stop_init(cx: &mut Thread, a: Args<'_>) -> R {
    let (e, args) = plain_init(cx, a)?;
    if args.len > 0 {
        set_data(cx, e, VALUE, args.at(0))?;
    } else if !e.data.get().is_null() {
        set_data(cx, e, VALUE, Value::NULL)?;
    }
    Ok(Value::NONE)
}

fn exit_init(cx: &mut Thread, a: Args<'_>) -> R {
    let (e, args) = plain_init(cx, a)?;
    match args.len {
        0 => {}
        1 => set_data(cx, e, VALUE, args.at(0))?,
        _ => set_data(cx, e, VALUE, args.value())?,
    }
    Ok(Value::NONE)
}

/// The key's repr: `KeyError: ''` says more than `KeyError: `.
fn key_str(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let args = args_of(cx, e);
    if args.len == 1 {
        return Ok(cx.repr(args.at(0))?.value());
    }
    base::str(cx, a)
}

fn import_init(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let (args, kw) = init_args(a);
    let [name, path, from] = keywords(cx, "ImportError", kw, ["name", "path", "name_from"])?;
    e.args.set(cx, e, args);
    reserve(cx, e, 4)?;
    set_data(cx, e, MSG, if args.len == 1 { args.at(0) } else { Value::NULL })?;
    set_data(cx, e, IMPORT_NAME, name)?;
    set_data(cx, e, PATH, path)?;
    set_data(cx, e, NAME_FROM, from)?;
    Ok(Value::NONE)
}

fn import_str(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let msg = data(e, MSG);
    if msg.shape() == Builtin::Str as u32 {
        return Ok(msg);
    }
    base::str(cx, a)
}

fn import_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let state = merged_state(cx, e, &[("name", IMPORT_NAME), ("path", PATH), ("name_from", NAME_FROM)])?;
    let args = args_of(cx, e).value();
    reduced(cx, e, args, state)
}

/// The instance's dict with some data fields added; None if both are empty.
fn merged_state(cx: &mut Thread, e: Gc<Exception>, fields: &[(&str, usize)]) -> R<Option<Value>> {
    let own = state_of(cx, e)?;
    if own.is_none() && fields.iter().all(|f| data(e, f.1).is_null()) {
        return Ok(None);
    }
    let state = match own {
        Some(d) => cx.dict_copy(d)?,
        None => cx.new_dict()?,
    };
    for (name, i) in fields {
        if let Some(v) = data(e, *i).bound() {
            let key = cx.intern(name)?;
            cx.dict_set_str(state, key, v)?;
        }
    }
    Ok(Some(state.value()))
}

fn attribute_init(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let (args, kw) = init_args(a);
    e.args.set(cx, e, args);
    let [name, obj] = keywords(cx, "AttributeError", kw, ["name", "obj"])?;
    if !name.is_null() || !obj.is_null() || !e.data.get().is_null() {
        set_data(cx, e, OBJ, obj)?;
        set_data(cx, e, NAME, name)?;
    }
    Ok(Value::NONE)
}

/// The object is left out: it may not be picklable.
fn attribute_getstate(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let state = match merged_state(cx, e, &[("name", NAME)])?.and_then(|s| s.cast::<Dict>()) {
        Some(state) => state,
        None => cx.new_dict()?,
    };
    let key = cx.name(N::args);
    let args = args_of(cx, e).value();
    cx.dict_set_str(state, key, args)?;
    Ok(state.value())
}

fn attribute_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let state = attribute_getstate(cx, a)?;
    let args = args_of(cx, e).value();
    reduced(cx, e, args, Some(state))
}

fn name_init(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let (args, kw) = init_args(a);
    e.args.set(cx, e, args);
    let [name] = keywords(cx, "NameError", kw, ["name"])?;
    if !name.is_null() || !e.data.get().is_null() {
        set_data(cx, e, NAME, name)?;
    }
    Ok(Value::NONE)
}
