//! The current context: kept in a context variable, and remembered by the thread while no variable changes.

use super::context::*;
use crate::contextvars;
use ferropy_vm::class::flags;
use ferropy_vm::types::{Dict, Str};
use ferropy_vm::{Args, Field, Gc, NativeDef, R, Thread, TypeDef, Value, field, heap_kind};

/// Keys of the template that new threads' contexts are copied from, of the other templates, and of the variable.
pub const DEFAULT: &str = "decimal.DefaultContext";
pub const BASIC: &str = "decimal.BasicContext";
pub const EXTENDED: &str = "decimal.ExtendedContext";
pub const VARIABLE: &str = "decimal_context";

/// The current context.
#[inline(always)]
pub fn current(cx: &mut Thread) -> R<Gc<ContextObject>> {
    match cx.context_memo.cast::<ContextObject>() {
        Some(c) => Ok(c),
        None => find_current(cx),
    }
}

fn variable(cx: &mut Thread) -> R {
    match cx.registry(VARIABLE) {
        Some(v) => Ok(v),
        None => {
            let v = contextvars::new_variable(cx, VARIABLE)?;
            cx.set_registry(VARIABLE, v);
            Ok(v)
        }
    }
}

#[cold]
#[inline(never)]
fn find_current(cx: &mut Thread) -> R<Gc<ContextObject>> {
    let var = variable(cx)?;
    let found = contextvars::variable(cx, var)?.and_then(|v| v.cast::<ContextObject>());
    let c = match found {
        Some(c) => c,
        None => {
            let template = cx.registry(DEFAULT).and_then(|v| v.cast::<ContextObject>());
            let settings = template.map_or(Settings::DEFAULT, |c| c.settings());
            let c = new_context(cx, Settings { status: 0, ..settings })?;
            contextvars::set_variable(cx, var, c.value())?;
            c
        }
    };
    cx.context_memo = c.value();
    Ok(c)
}

/// The context given by an optional argument, or the current one.
#[inline]
pub fn context_or_current(cx: &mut Thread, v: Option<Value>) -> R<Gc<ContextObject>> {
    let Some(v) = v else { return current(cx) };
    match v.cast::<ContextObject>() {
        Some(c) => Ok(c),
        None => Err(cx.type_error("optional argument must be a context")),
    }
}

/// Makes a context the current one; of a template it is a copy.
fn set_current(cx: &mut Thread, c: Gc<ContextObject>) -> R<()> {
    let is_template = [DEFAULT, BASIC, EXTENDED].iter().any(|k| cx.registry(k) == Some(c.value()));
    let c = if is_template { new_context(cx, Settings { status: 0, ..c.settings() })? } else { c };
    let var = variable(cx)?;
    contextvars::set_variable(cx, var, c.value())
}

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("getcontext()", getcontext, "Return the context of the running thread or task."),
    NativeDef::function("setcontext(context, /)", setcontext, "Make a context that of the running thread or task."),
    NativeDef::function(
        "localcontext(/, ctx=None, **kwargs)",
        localcontext,
        "Return a context manager that sets a copy of ctx (the current context if there is none) on entry\n\
         and restores the former context on exit. Keyword arguments change attributes of the copy.",
    ),
    NativeDef::function(
        "IEEEContext(bits, /)",
        ieee_context,
        "Return a context for the IEEE interchange format with so many bits: a multiple of 32 up to\n\
         IEEE_CONTEXT_MAX_BITS.",
    ),
];

fn getcontext(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(current(cx)?.value())
}

fn setcontext(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    set_current(cx, c)?;
    Ok(Value::NONE)
}

fn ieee_context(cx: &mut Thread, a: Args<'_>) -> R {
    let bits = machine_int(cx, a[0])?;
    match Settings::ieee(bits) {
        Some(s) => Ok(new_context(cx, s)?.value()),
        None => Err(cx.value_error(format!("argument must be a multiple of 32, with a maximum of {IEEE_MAX_BITS}"))),
    }
}

fn localcontext(cx: &mut Thread, a: Args<'_>) -> R {
    let outer = current(cx)?;
    let mut settings = [Value::NULL; 8];
    if let Some(kw) = a[1].cast::<Dict>() {
        keywords(cx, kw, &mut settings)?;
    }
    let template = context_or_current(cx, a.some(0))?;
    let inner = copied(cx, template)?;
    set_all(cx, inner, &settings)?;
    let class = cx.native_class(&MANAGER)?;
    Ok(cx.alloc_of(class, Manager { inner: field(inner), outer: field(outer) })?.value())
}

fn keywords(cx: &mut Thread, kw: Gc<Dict>, settings: &mut [Value; 8]) -> R<()> {
    let items = cx.call_method(kw.value(), "items", &[])?;
    let items = cx.list_from(items)?;
    for i in 0..items.len() {
        let pair = items.get(i).unwrap_or(Value::NONE);
        let (key, v) = (cx.getitem(pair, Value::small_int(0))?, cx.getitem(pair, Value::small_int(1))?);
        let name = key.cast::<Str>().map_or(String::new(), |s| s.to_lossy());
        match PARAMETERS.iter().find(|p| p.0 == name) {
            Some((_, at)) => settings[*at] = v,
            None => return Err(cx.type_error(format!("this function got an unexpected keyword argument '{name}'"))),
        }
    }
    Ok(())
}

/// What `localcontext` returns.
#[repr(C)]
struct Manager {
    inner: Field,
    outer: Field,
}
heap_kind!(Manager, "decimal context manager", 2);

static MANAGER: TypeDef = TypeDef::new::<Manager>(
    "decimal.ContextManager",
    &[
        NativeDef::method("__enter__(self, /)", manager_enter, ""),
        NativeDef::method("__exit__(self, /, *args)", manager_exit, ""),
    ],
    "",
)
.flags(flags::IMMUTABLE | flags::NO_NEW);

fn manager_set(cx: &mut Thread, v: Value, pick: fn(&Manager) -> &Field) -> R {
    let Some(m) = v.cast::<Manager>() else { return Err(cx.type_error("a context manager is required")) };
    let c = this(cx, pick(&m).get())?;
    set_current(cx, c)?;
    Ok(c.value())
}
fn manager_enter(cx: &mut Thread, a: Args<'_>) -> R {
    manager_set(cx, a[0], |m| &m.inner)
}
fn manager_exit(cx: &mut Thread, a: Args<'_>) -> R {
    manager_set(cx, a[0], |m| &m.outer)?;
    Ok(Value::NONE)
}
