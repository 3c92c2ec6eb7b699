//! `_contextvars`: context-local state.
//!
//! A [`Context`] maps variables to values by a dict that is copied before a change whenever a copy of the context shares
//! it. The thread's current context lies in `Thread::locals`; entering one remembers the one before in it.
//!
//! Invariants: a dict with the *shared* mark of its owner set is never changed; whatever changes the current context or a
//! variable in it voids `Thread::context_memo`.

use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, Tuple};
use ferropy_vm::{
    Args, Exc, Field, Gc, HeapObject, NativeDef, R, Thread, TypeDef, Value, field, heap_kind, null_field,
};
use std::cell::Cell;

#[repr(C)]
struct Context {
    vars: Field,
    /// The context that was current when this one was entered; None for none, unbound while not entered.
    previous: Field,
    /// Another context has the same dict.
    shared: Cell<bool>,
}
heap_kind!(Context, "context", 2);

#[repr(C)]
struct Var {
    name: Field,
    default: Field,
}
heap_kind!(Var, "context variable", 2);

#[repr(C)]
struct Token {
    context: Field,
    var: Field,
    /// Unbound: the variable had no value.
    old: Field,
    used: Cell<bool>,
}
heap_kind!(Token, "token", 3);

#[repr(C)]
struct Missing {
    _unused: Field,
}
heap_kind!(Missing, "missing", 1);

const KEY: &str = "context";
const PLAIN: u32 = flags::IMMUTABLE | flags::WEAKREF;

static CONTEXT: TypeDef = TypeDef::new::<Context>(
    "_contextvars.Context",
    &[
        NativeDef::static_method("__new__(cls, /, *args, **kwargs)", context_new, ""),
        NativeDef::method("run(self, /, *args, **kwargs)", context_run, ""),
        NativeDef::method("copy(self, /)", context_copy, "Return a shallow copy of the context object."),
        NativeDef::method("get(self, key, default=None, /)", context_get, ""),
        NativeDef::method("keys(self, /)", context_keys, "Return a list of all variables in the context object."),
        NativeDef::method("values(self, /)", context_values, "Return a list of all variables' values."),
        NativeDef::method("items(self, /)", context_items, "Return a list of (variable, value) pairs."),
        NativeDef::method("__getitem__(self, key, /)", context_getitem, "Return self[key]."),
        NativeDef::method("__contains__(self, key, /)", context_contains, "Return bool(key in self)."),
        NativeDef::method("__iter__(self, /)", context_iter, "Implement iter(self)."),
        NativeDef::method("__len__(self, /)", context_len, "Return len(self)."),
        NativeDef::method("__eq__(self, value, /)", context_eq, "Return self==value."),
    ],
    "",
)
.flags(PLAIN | flags::MAPPING);

static VAR: TypeDef = TypeDef::new::<Var>(
    "_contextvars.ContextVar",
    &[
        NativeDef::static_method("__new__(cls, /, name, *, default=<unrepresentable>)", var_new, ""),
        NativeDef::method("__repr__(self, /)", var_repr, "Return repr(self)."),
        NativeDef::method(
            "get(self, default=<unrepresentable>, /)",
            var_get,
            "Return a value for the context variable for the current context.",
        ),
        NativeDef::method(
            "set(self, value, /)",
            var_set,
            "Call to set a new value for the context variable in the current context.",
        ),
        NativeDef::method("reset(self, token, /)", var_reset, "Reset the context variable."),
        NativeDef::class_method("__class_getitem__(cls, object, /)", class_getitem, "See PEP 585"),
        NativeDef::getter("name", var_name, ""),
    ],
    "",
)
.flags(PLAIN);

static TOKEN: TypeDef = TypeDef::new::<Token>(
    "_contextvars.Token",
    &[
        NativeDef::static_method("__new__(cls, /, *args, **kwargs)", token_new, ""),
        NativeDef::method("__repr__(self, /)", token_repr, "Return repr(self)."),
        NativeDef::method("__enter__(self, /)", token_enter, "Enter into Token context manager."),
        NativeDef::method(
            "__exit__(self, type, value, traceback, /)",
            token_exit,
            "Exit from Token context manager, restore the linked ContextVar.",
        ),
        NativeDef::class_method("__class_getitem__(cls, object, /)", class_getitem, "See PEP 585"),
        NativeDef::getter("var", token_var, ""),
        NativeDef::getter("old_value", token_old, ""),
    ],
    "",
)
.flags(PLAIN);

static MISSING: TypeDef = TypeDef::new::<Missing>(
    "Token.MISSING",
    &[NativeDef::method("__repr__(self, /)", missing_repr, "Return repr(self).")],
    "",
)
.flags(flags::IMMUTABLE | flags::NO_NEW);

static FUNCTIONS: &[NativeDef] = &[NativeDef::function("copy_context()", copy_context, "")];

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_contextvars", init);
}

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("_contextvars", "Context Variables", FUNCTIONS)?;
    for def in [&CONTEXT, &VAR, &TOKEN] {
        cx.module_class(m, def)?;
    }
    let token = cx.native_class(&TOKEN)?;
    let key = cx.intern("MISSING")?;
    let v = missing(cx)?;
    cx.dict_set_str(token.dict(), key, v)?;
    Ok(m.value())
}

fn missing(cx: &mut Thread) -> R {
    if let Some(v) = cx.registry("Token.MISSING") {
        return Ok(v);
    }
    let class = cx.native_class(&MISSING)?;
    let v = cx.alloc_of(class, Missing { _unused: null_field() })?.value();
    cx.set_registry("Token.MISSING", v);
    Ok(v)
}
fn missing_repr(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(cx.new_str("<Token.MISSING>")?.value())
}

fn class_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let types = cx.import("types")?;
    let alias = cx.getattr_str(types, "GenericAlias")?;
    cx.call(alias, &[a[0], a[1]])
}

/// The payload of a receiver.
fn this<T: HeapObject>(cx: &mut Thread, v: Value, what: &str) -> R<Gc<T>> {
    match v.cast::<T>() {
        Some(p) => Ok(p),
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!("a {what} is required, got '{got}'")))
        }
    }
}

// ---- contexts

fn new_context(cx: &mut Thread, vars: Value, shared: bool) -> R<Gc<Context>> {
    let class = cx.native_class(&CONTEXT)?;
    cx.alloc_of(class, Context { vars: field(vars), previous: null_field(), shared: shared.into() })
}

/// The thread's current context; made at its first use.
fn current(cx: &mut Thread) -> R<Gc<Context>> {
    if let Some(c) = cx.locals.get(KEY).and_then(|v| v.cast::<Context>()) {
        return Ok(c);
    }
    let c = new_context(cx, Value::NULL, false)?;
    cx.locals.insert(KEY, c.value());
    Ok(c)
}

fn lookup(cx: &mut Thread, c: Gc<Context>, var: Value) -> R<Option<Value>> {
    match c.vars.cast::<Dict>() {
        Some(d) => cx.dict_get(d, var),
        None => Ok(None),
    }
}

/// The context's dict, its own from now on.
fn own_vars(cx: &mut Thread, c: Gc<Context>) -> R<Gc<Dict>> {
    let d = match c.vars.cast::<Dict>() {
        Some(d) if !c.shared.get() => return Ok(d),
        Some(d) => cx.dict_copy(d)?,
        None => cx.new_dict()?,
    };
    c.vars.set(cx, c, d);
    c.shared.set(false);
    Ok(d)
}

fn copied(cx: &mut Thread, c: Gc<Context>) -> R {
    c.shared.set(true);
    let vars = c.vars.get();
    Ok(new_context(cx, vars, true)?.value())
}

fn copy_context(cx: &mut Thread, _: Args<'_>) -> R {
    let c = current(cx)?;
    copied(cx, c)
}

fn context_new(cx: &mut Thread, a: Args<'_>) -> R {
    let given = a[1].cast::<Tuple>().map_or(0, |t| t.len) + a[2].cast::<Dict>().map_or(0, |d| d.len());
    if given > 0 {
        return Err(cx.type_error("Context() does not accept any arguments"));
    }
    Ok(new_context(cx, Value::NULL, false)?.value())
}

fn context_copy(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this::<Context>(cx, a[0], "Context")?;
    copied(cx, c)
}

fn context_run(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this::<Context>(cx, a[0], "Context")?;
    let Some(args) = a[1].cast::<Tuple>().filter(|t| t.len > 0) else {
        return Err(cx.type_error("run() missing 1 required positional argument"));
    };
    enter(cx, c)?;
    let rest = cx.new_tuple(&args.items()[1..]);
    let r = match rest {
        Ok(rest) => cx.call_ex(args.at(0), rest, a[2]),
        Err(e) => Err(e),
    };
    leave(cx, c);
    r
}

// ---- for native modules that keep something in the current context

/// A new variable without a default.
pub fn new_variable(cx: &mut Thread, name: &str) -> R {
    let name = cx.intern(name)?;
    let class = cx.native_class(&VAR)?;
    Ok(cx.alloc_of(class, Var { name: field(name), default: null_field() })?.value())
}

/// A variable's value in the current context.
pub fn variable(cx: &mut Thread, var: Value) -> R<Option<Value>> {
    let c = current(cx)?;
    lookup(cx, c, var)
}

/// Sets a variable in the current context.
pub fn set_variable(cx: &mut Thread, var: Value, v: Value) -> R<()> {
    let c = current(cx)?;
    cx.context_memo = Value::NULL;
    let d = own_vars(cx, c)?;
    cx.dict_set(d, var, v)
}

fn enter(cx: &mut Thread, c: Gc<Context>) -> R<()> {
    if !c.previous.get().is_null() {
        let text = cx.repr(c.value())?.to_lossy();
        return Err(cx.runtime_error(format!("cannot enter context: {text} is already entered")));
    }
    cx.context_memo = Value::NULL;
    let before = cx.locals.insert(KEY, c.value()).unwrap_or(Value::NONE);
    c.previous.set(cx, c, before);
    Ok(())
}

fn leave(cx: &mut Thread, c: Gc<Context>) {
    cx.context_memo = Value::NULL;
    match c.previous.get() {
        Value::NONE => cx.locals.remove(KEY),
        before => cx.locals.insert(KEY, before),
    };
    c.previous.set(cx, c, Value::NULL);
}

fn expect_var(cx: &mut Thread, v: Value) -> R<()> {
    if v.cast::<Var>().is_some() {
        return Ok(());
    }
    let text = cx.repr(v)?.to_lossy();
    Err(cx.type_error(format!("a ContextVar key was expected, got {text}")))
}

fn context_get(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this::<Context>(cx, a[0], "Context")?;
    expect_var(cx, a[1])?;
    Ok(lookup(cx, c, a[1])?.unwrap_or(a.or(2, Value::NONE)))
}
fn context_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this::<Context>(cx, a[0], "Context")?;
    expect_var(cx, a[1])?;
    match lookup(cx, c, a[1])? {
        Some(v) => Ok(v),
        None => Err(cx.key_error(a[1])),
    }
}
fn context_contains(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this::<Context>(cx, a[0], "Context")?;
    expect_var(cx, a[1])?;
    Ok(Value::bool(lookup(cx, c, a[1])?.is_some()))
}
fn context_len(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this::<Context>(cx, a[0], "Context")?;
    cx.int(c.vars.cast::<Dict>().map_or(0, |d| d.len()) as i64)
}

/// The dict behind a context for reading.
fn vars(cx: &mut Thread, v: Value) -> R {
    let c = this::<Context>(cx, v, "Context")?;
    match c.vars.get().bound() {
        Some(d) => Ok(d),
        None => Ok(cx.new_dict()?.value()),
    }
}

/// A snapshot, so that changes do not disturb the iteration.
fn context_iter(cx: &mut Thread, a: Args<'_>) -> R {
    let d = vars(cx, a[0])?;
    let keys = cx.list_from(d)?.value();
    cx.iter(keys)
}
fn context_keys(cx: &mut Thread, a: Args<'_>) -> R {
    context_iter(cx, a)
}
fn context_values(cx: &mut Thread, a: Args<'_>) -> R {
    let d = vars(cx, a[0])?;
    let view = cx.call_method(d, "values", &[])?;
    let list = cx.list_from(view)?.value();
    cx.iter(list)
}
fn context_items(cx: &mut Thread, a: Args<'_>) -> R {
    let d = vars(cx, a[0])?;
    let view = cx.call_method(d, "items", &[])?;
    let list = cx.list_from(view)?.value();
    cx.iter(list)
}
fn context_eq(cx: &mut Thread, a: Args<'_>) -> R {
    if a[1].cast::<Context>().is_none() {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let (x, y) = (vars(cx, a[0])?, vars(cx, a[1])?);
    Ok(Value::bool(cx.eq(x, y)?))
}

// ---- variables

fn var_new(cx: &mut Thread, a: Args<'_>) -> R {
    if a[1].as_str().is_none() {
        return Err(cx.type_error("context variable name must be a str"));
    }
    let class = cx.native_class(&VAR)?;
    Ok(cx.alloc_of(class, Var { name: field(a[1]), default: field(a.or(2, Value::NULL)) })?.value())
}

fn var_name(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this::<Var>(cx, a[0], "ContextVar")?.name.get())
}

fn var_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let var = this::<Var>(cx, a[0], "ContextVar")?;
    let mut out = b"<ContextVar name=".to_vec();
    out.extend_from_slice(cx.repr(var.name.get())?.bytes());
    if let Some(d) = var.default.get().bound() {
        out.extend_from_slice(b" default=");
        out.extend_from_slice(cx.repr(d)?.bytes());
    }
    out.extend_from_slice(format!(" at {:#x}>", cx.id(a[0])).as_bytes());
    Ok(cx.new_wtf8(&out)?.value())
}

fn var_get(cx: &mut Thread, a: Args<'_>) -> R {
    let var = this::<Var>(cx, a[0], "ContextVar")?;
    let c = current(cx)?;
    let found = lookup(cx, c, a[0])?.or(a.opt(1)).or(var.default.get().bound());
    match found {
        Some(v) => Ok(v),
        None => Err(cx.error_with(Exc::LookupError, &[a[0]])),
    }
}

fn var_set(cx: &mut Thread, a: Args<'_>) -> R {
    this::<Var>(cx, a[0], "ContextVar")?;
    let c = current(cx)?;
    let old = lookup(cx, c, a[0])?.unwrap_or(Value::NULL);
    set_variable(cx, a[0], a[1])?;
    let class: Gc<Class> = cx.native_class(&TOKEN)?;
    let token = Token { context: field(c), var: field(a[0]), old: field(old), used: false.into() };
    Ok(cx.alloc_of(class, token)?.value())
}

fn var_reset(cx: &mut Thread, a: Args<'_>) -> R {
    this::<Var>(cx, a[0], "ContextVar")?;
    let Some(token) = a[1].cast::<Token>() else {
        let got = cx.class_name(a[1]);
        return Err(cx.type_error(format!("expected an instance of Token, got {got}")));
    };
    restore(cx, a[0], token)?;
    Ok(Value::NONE)
}

fn restore(cx: &mut Thread, var: Value, token: Gc<Token>) -> R<()> {
    let text = cx.repr(token.value())?.to_lossy();
    if token.used.get() {
        return Err(cx.runtime_error(format!("{text} has already been used once")));
    }
    if token.var.get() != var {
        return Err(cx.value_error(format!("{text} was created by a different ContextVar")));
    }
    let c = current(cx)?;
    if token.context.get() != c.value() {
        return Err(cx.value_error(format!("{text} was created in a different Context")));
    }
    token.used.set(true);
    cx.context_memo = Value::NULL;
    let d = own_vars(cx, c)?;
    match token.old.get().bound() {
        Some(old) => cx.dict_set(d, var, old),
        None => cx.dict_remove(d, var).map(|_| ()),
    }
}

// ---- tokens

fn token_new(cx: &mut Thread, _: Args<'_>) -> R {
    Err(cx.runtime_error("Tokens can only be created by ContextVars"))
}
fn token_var(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this::<Token>(cx, a[0], "Token")?.var.get())
}
fn token_old(cx: &mut Thread, a: Args<'_>) -> R {
    match this::<Token>(cx, a[0], "Token")?.old.get().bound() {
        Some(v) => Ok(v),
        None => missing(cx),
    }
}
fn token_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let token = this::<Token>(cx, a[0], "Token")?;
    let mut out = b"<Token".to_vec();
    if token.used.get() {
        out.extend_from_slice(b" used");
    }
    out.extend_from_slice(b" var=");
    out.extend_from_slice(cx.repr(token.var.get())?.bytes());
    out.extend_from_slice(format!(" at {:#x}>", cx.id(a[0])).as_bytes());
    Ok(cx.new_wtf8(&out)?.value())
}
fn token_enter(_: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}
fn token_exit(cx: &mut Thread, a: Args<'_>) -> R {
    let token = this::<Token>(cx, a[0], "Token")?;
    let var = token.var.get();
    restore(cx, var, token)?;
    Ok(Value::NONE)
}
