//! What all exceptions have: `BaseException`.

use super::*;
use ferropy_vm::types::List;

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, /, *args, **kwargs)", new, "Create and return a new object.").spare_kwargs(),
    NativeDef::method("__init__(self, /, *args, **kwargs)", init, "Initialize self.").spare_kwargs(),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__str__(self, /)", str, "Return str(self)."),
    NativeDef::method("__reduce__(self, /)", reduce, "Helper for pickle."),
    NativeDef::method("__setstate__(self, object, /)", setstate, ""),
    NativeDef::method(
        "with_traceback(self, object, /)",
        with_traceback,
        "Set self.__traceback__ to tb and return self.",
    ),
    NativeDef::method("add_note(self, object, /)", add_note, "Add a note to the exception"),
    NativeDef::getset("args", get_args, set_args, ""),
    NativeDef::getset("__traceback__", get_traceback, set_traceback, ""),
    NativeDef::getset("__context__", get_context, set_context, "exception context"),
    NativeDef::getset("__cause__", get_cause, set_cause, "exception cause"),
    NativeDef::getset("__suppress_context__", get_suppress, set_suppress, "").as_member(),
    NativeDef::getset("__dict__", get_dict, set_dict, ""),
];

pub fn install(cx: &mut Thread) -> R<()> {
    let hooks = &mut cx.vm_mut().hooks;
    hooks.exception_new = Some(new);
    hooks.exception_init = Some(init);
    add(cx, Exc::BaseException, METHODS)
}

fn new(cx: &mut Thread, a: Args<'_>) -> R {
    let class = class_arg(cx, a[0], "BaseException")?;
    Ok(allocate(cx, class, a[1])?.value())
}

fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    if a[2].cast::<Dict>().is_some_and(|kw| !kw.is_empty()) {
        let class = cx.class_name(a[0]);
        return Err(cx.type_error(format!("{class}() takes no keyword arguments")));
    }
    e.args.set(cx, e, a[1]);
    Ok(Value::NONE)
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let args = args_of(cx, e);
    let name = cx.class_of(a[0]).name();
    let mut out = name.into_bytes();
    if args.len == 1 {
        out.push(b'(');
        out.extend_from_slice(cx.repr(args.at(0))?.bytes());
        out.push(b')');
    } else {
        out.extend_from_slice(cx.repr(args.value())?.bytes());
    }
    Ok(cx.new_wtf8(&out)?.value())
}

/// `BaseException.__str__`.
pub fn str(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let args = args_of(cx, e);
    match args.len {
        0 => Ok(cx.vm().empty_str),
        1 => Ok(cx.str(args.at(0))?.value()),
        _ => Ok(cx.str(args.value())?.value()),
    }
}

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let state = state_of(cx, e)?.map(|d| d.value());
    let args = args_of(cx, e).value();
    reduced(cx, e, args, state)
}

fn setstate(cx: &mut Thread, a: Args<'_>) -> R {
    if a[1].is_none() {
        return Ok(Value::NONE);
    }
    let Some(state) = a[1].cast::<Dict>() else { return Err(cx.type_error("state is not a dictionary")) };
    let mut i = 0;
    while let Some((next, _, k, v)) = state.next_entry(i) {
        let name = cx.expect_text(k, "attribute name")?;
        let name = cx.intern_str(name)?;
        cx.setattr(a[0], name, v)?;
        i = next;
    }
    Ok(Value::NONE)
}

fn with_traceback(cx: &mut Thread, a: Args<'_>) -> R {
    set_traceback(cx, Args::new(&[a[0], a[1]]))?;
    Ok(a[0])
}

fn add_note(cx: &mut Thread, a: Args<'_>) -> R {
    if a[1].as_str().is_none() {
        let got = cx.class_name(a[1]);
        return Err(cx.type_error(format!("note must be a str, not '{got}'")));
    }
    let name = cx.name(N::__notes__);
    let notes = match cx.getattr_opt(a[0], name)? {
        Some(n) => n,
        None => {
            let list = cx.new_list(&[])?.value();
            cx.setattr(a[0], name, list)?;
            list
        }
    };
    match notes.cast::<List>() {
        Some(list) => cx.list_append(list, a[1])?,
        None => return Err(cx.type_error("Cannot add note: __notes__ is not a list")),
    }
    Ok(Value::NONE)
}

fn get_args(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    Ok(args_of(cx, e).value())
}
fn set_args(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let Some(v) = a.opt(1) else { return Err(deleted(cx, "args")) };
    let tuple = cx.tuple_from(v)?;
    e.args.set(cx, e, tuple);
    Ok(Value::NONE)
}

fn get_traceback(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.traceback.get().bound().unwrap_or(Value::NONE))
}
fn set_traceback(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let Some(v) = a.opt(1) else { return Err(deleted(cx, "__traceback__")) };
    if !v.is_none() && !is_traceback(v) {
        return Err(cx.type_error("__traceback__ must be a traceback or None"));
    }
    e.traceback.set(cx, e, if v.is_none() { Value::NULL } else { v });
    Ok(Value::NONE)
}

/// The value for `__context__` or `__cause__`: an exception, or unbound for None.
fn linked(cx: &mut Thread, a: Args<'_>, what: &str) -> R {
    let Some(v) = a.opt(1) else { return Err(deleted(cx, &format!("__{what}__"))) };
    if v.is_none() {
        return Ok(Value::NULL);
    }
    match v.cast::<Exception>() {
        Some(_) => Ok(v),
        None => Err(cx.type_error(format!("exception {what} must be None or derive from BaseException"))),
    }
}

fn get_context(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.context.get().bound().unwrap_or(Value::NONE))
}
fn set_context(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let v = linked(cx, a, "context")?;
    e.context.set(cx, e, v);
    Ok(Value::NONE)
}

fn get_cause(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.cause.get().bound().unwrap_or(Value::NONE))
}
fn set_cause(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let v = linked(cx, a, "cause")?;
    e.cause.set(cx, e, v);
    e.suppress_context.set(true);
    Ok(Value::NONE)
}

fn get_suppress(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(this(cx, a[0])?.suppress_context.get()))
}
fn set_suppress(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let Some(v) = a.opt(1) else { return Err(cx.type_error("can't delete numeric/char attribute")) };
    match v.as_bool() {
        Some(b) => e.suppress_context.set(b),
        None => return Err(cx.type_error("attribute value type must be bool")),
    }
    Ok(Value::NONE)
}

fn get_dict(cx: &mut Thread, a: Args<'_>) -> R {
    cx.instance_dict(a[0])
}
fn set_dict(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(v) = a.opt(1) else { return Err(cx.type_error("cannot delete __dict__")) };
    match v.cast::<Dict>() {
        Some(d) => cx.set_instance_dict(a[0], d)?,
        None => {
            let got = cx.class_name(v);
            return Err(cx.type_error(format!("__dict__ must be set to a dictionary, not a '{got}'")));
        }
    }
    Ok(Value::NONE)
}
