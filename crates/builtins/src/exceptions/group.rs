//! Exception groups (PEP 654).
//!
//! Terms. A *leaf* is an exception in a group that is no group. Splitting keeps the tree's shape; every new group is made
//! by the old one's `derive` and gets its traceback, cause, context and notes.

use super::*;
use ferropy_vm::RootedVec;
use ferropy_vm::types::{List, Set};

const MSG: usize = 0;
const EXCEPTIONS_FIELD: usize = 1;
/// The text of the second argument if it was neither list nor tuple.
const TEXT: usize = 2;

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, /, *args, **kwargs)", new, "Create and return a new object."),
    NativeDef::method("__init__(self, /, *args, **kwargs)", init, "Initialize self."),
    NativeDef::method("__str__(self, /)", str, "Return str(self)."),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("derive(self, excs, /)", derive, ""),
    NativeDef::method("split(self, matcher_value, /)", split, ""),
    NativeDef::method("subgroup(self, matcher_value, /)", subgroup, ""),
    NativeDef::class_method("__class_getitem__(cls, object, /)", class_getitem, "See PEP 585"),
    NativeDef::getset("message", get_field::<MSG>, readonly, "exception message"),
    NativeDef::getset("exceptions", get_field::<EXCEPTIONS_FIELD>, readonly, "nested exceptions"),
];

static BY_IDS: NativeDef = NativeDef::function("group_by_ids(group, ids, /)", group_by_ids, "");

pub fn install(cx: &mut Thread) -> R<()> {
    let (base, group, exception) =
        (cx.exc_class(Exc::BaseExceptionGroup), cx.exc_class(Exc::ExceptionGroup), cx.exc_class(Exc::Exception));
    let bases = cx.new_tuple(&[base.value(), exception.value()])?;
    group.bases.set(cx, group, bases);
    let mro = cx.compute_mro(group)?;
    group.mro.set(cx, group, mro);
    cx.type_modified(group);
    let f = cx.native_function(Value::NULL, &BY_IDS)?;
    cx.set_registry("group_by_ids", f);
    add(cx, Exc::BaseExceptionGroup, METHODS)
}

fn readonly(cx: &mut Thread, _: Args<'_>) -> R {
    Err(cx.error(Exc::AttributeError, "readonly attribute"))
}

fn class_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let types = cx.import("types")?;
    let alias = cx.getattr_str(types, "GenericAlias")?;
    cx.call(alias, &[a[0], a[1]])
}

fn is_sequence(cx: &mut Thread, v: Value) -> bool {
    v.kind() != <Dict as ferropy_vm::HeapObject>::kind() && cx.lookup_special(v, N::__getitem__).is_some()
}

fn new(cx: &mut Thread, a: Args<'_>) -> R {
    let class = class_arg(cx, a[0], "BaseExceptionGroup")?;
    let base = cx.exc_class(Exc::BaseExceptionGroup);
    if !class.is_subclass(base) {
        let name = class.name();
        return Err(
            cx.type_error(format!("BaseExceptionGroup.__new__({name}): {name} is not a subtype of BaseExceptionGroup"))
        );
    }
    let (args, _) = init_args(a);
    if args.len != 2 {
        let given = args.len;
        return Err(cx.type_error(format!("BaseExceptionGroup.__new__() takes exactly 2 arguments ({given} given)")));
    }
    let (message, items) = (args.at(0), args.at(1));
    if message.as_str().is_none() {
        let got = cx.class_name(message);
        return Err(cx.type_error(format!("BaseExceptionGroup.__new__() argument 1 must be str, not {got}")));
    }
    if !is_sequence(cx, items) {
        return Err(cx.type_error("second argument (exceptions) must be a sequence"));
    }
    let text = match items.cast::<List>().is_some() || items.cast::<Tuple>().is_some() {
        true => Value::NULL,
        false => cx.repr(items)?.value(),
    };
    let tuple = cx.tuple_from(items)?;
    let class = group_class(cx, class, tuple)?;
    let e = allocate(cx, class, args.value())?;
    set_data(cx, e, TEXT, text)?;
    set_data(cx, e, MSG, message)?;
    set_data(cx, e, EXCEPTIONS_FIELD, tuple.value())?;
    Ok(e.value())
}

/// Checks the members and returns the class of the new group.
fn group_class(cx: &mut Thread, class: Gc<Class>, items: Gc<Tuple>) -> R<Gc<Class>> {
    if items.len == 0 {
        return Err(cx.value_error("second argument (exceptions) must be a non-empty sequence"));
    }
    let exception = cx.exc_class(Exc::Exception);
    let mut nested_base = false;
    for i in 0..items.len {
        if items.at(i).cast::<Exception>().is_none() {
            return Err(cx.value_error(format!("Item {i} of second argument (exceptions) is not an exception")));
        }
        nested_base |= !cx.is_instance(items.at(i), exception);
    }
    let group = cx.exc_class(Exc::ExceptionGroup);
    if class == cx.exc_class(Exc::BaseExceptionGroup) {
        return Ok(if nested_base { class } else { group });
    }
    if nested_base && class == group {
        return Err(cx.type_error("Cannot nest BaseExceptions in an ExceptionGroup"));
    }
    if nested_base && class.is_subclass(exception) {
        let name = class.name();
        return Err(cx.type_error(format!("Cannot nest BaseExceptions in '{name}'")));
    }
    Ok(class)
}

fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let (args, kw) = init_args(a);
    let class = cx.class_name(a[0]);
    no_keywords(cx, &class, kw)?;
    e.args.set(cx, e, args);
    Ok(Value::NONE)
}

fn members(cx: &Thread, e: Gc<Exception>) -> Gc<Tuple> {
    data(e, EXCEPTIONS_FIELD).cast::<Tuple>().unwrap_or_else(|| {
        // SAFETY: the constant is a tuple.
        unsafe { cx.vm().empty_tuple.cast_unchecked() }
    })
}

fn str(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let n = members(cx, e).len;
    let message = data(e, MSG).bound().unwrap_or(Value::NONE);
    let mut out = cx.str(message)?.bytes().to_vec();
    out.extend_from_slice(format!(" ({n} sub-exception{})", if n == 1 { "" } else { "s" }).as_bytes());
    Ok(cx.new_wtf8(&out)?.value())
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let items = members(cx, e);
    let args = args_of(cx, e);
    let shown = match data(e, TEXT).as_str() {
        Some(t) => t,
        None if args.len == 2 && args.at(1).cast::<List>().is_some() => {
            let list = cx.new_list(items.items())?.value();
            cx.repr(list)?
        }
        None => cx.repr(items.value())?,
    };
    let mut out = cx.class_of(a[0]).name().into_bytes();
    out.push(b'(');
    let message = data(e, MSG).bound().unwrap_or(Value::NONE);
    out.extend_from_slice(cx.repr(message)?.bytes());
    out.extend_from_slice(b", ");
    out.extend_from_slice(shown.bytes());
    out.push(b')');
    Ok(cx.new_wtf8(&out)?.value())
}

fn derive(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let class = cx.exc_class(Exc::BaseExceptionGroup).value();
    let message = data(e, MSG).bound().unwrap_or(Value::NONE);
    cx.call(class, &[message, a[1]])
}

/// What selects exceptions.
#[derive(Clone, Copy)]
enum Matcher {
    /// A class or tuple of classes.
    Type(Value),
    Predicate(Value),
    /// Leaves by `id()`.
    Ids(Gc<Set>),
}

fn matcher(cx: &mut Thread, v: Value) -> R<Matcher> {
    let is_class = |v: Value| v.cast::<Class>().is_some_and(|c| c.has(flags::EXCEPTION));
    if is_class(v) {
        return Ok(Matcher::Type(v));
    }
    if let Some(t) = v.cast::<Tuple>() {
        if t.items().iter().all(|v| is_class(*v)) {
            return Ok(Matcher::Type(v));
        }
    } else if v.cast::<Class>().is_none() && cx.lookup_special(v, N::__call__).is_some() {
        return Ok(Matcher::Predicate(v));
    }
    Err(cx.type_error("expected an exception type, a tuple of exception types, or a callable (other than a class)"))
}

fn is_match(cx: &mut Thread, m: Matcher, v: Value) -> R<bool> {
    match m {
        Matcher::Type(t) => Ok(match t.cast::<Tuple>() {
            Some(t) => t.items().iter().any(|c| c.cast::<Class>().is_some_and(|c| cx.is_instance(v, c))),
            None => t.cast::<Class>().is_some_and(|c| cx.is_instance(v, c)),
        }),
        Matcher::Predicate(f) => {
            let r = cx.call(f, &[v])?;
            cx.truth(r)
        }
        Matcher::Ids(_) if is_group(cx, v) => Ok(false),
        Matcher::Ids(ids) => {
            let id = cx.id(v);
            let id = cx.int(id as i64)?;
            cx.set_contains(ids, id)
        }
    }
}

fn is_group(cx: &Thread, v: Value) -> bool {
    let group = cx.exc_class(Exc::BaseExceptionGroup);
    cx.is_instance(v, group)
}

/// (what matches, the rest), None for nothing. Without `want_rest` the rest is not made.
fn split_group(cx: &mut Thread, group: Value, m: Matcher, want_rest: bool) -> R<(Value, Value)> {
    if is_match(cx, m, group)? {
        return Ok((group, Value::NONE));
    }
    cx.check_recursion(" in exceptiongroup_split_recursive")?;
    let e = this(cx, group)?;
    let items = members(cx, e);
    let (mut yes, mut no) = (RootedVec::new(cx), RootedVec::new(cx));
    for i in 0..items.len {
        let v = items.at(i);
        if is_group(cx, v) {
            let (a, b) = split_group(cx, v, m, want_rest)?;
            if !a.is_none() {
                yes.push(a);
            }
            if !b.is_none() {
                no.push(b);
            }
        } else if is_match(cx, m, v)? {
            yes.push(v);
        } else if want_rest {
            no.push(v);
        }
    }
    let a = subset(cx, e, &yes)?;
    let b = if want_rest { subset(cx, e, &no)? } else { Value::NONE };
    Ok((a, b))
}

/// A group of some of the members with the metadata of `orig`.
fn subset(cx: &mut Thread, orig: Gc<Exception>, items: &[Value]) -> R {
    if items.is_empty() {
        return Ok(Value::NONE);
    }
    let list = cx.new_list(items)?.value();
    let v = cx.call_method(orig.value(), "derive", &[list])?;
    let Some(e) = v.cast::<Exception>().filter(|_| is_group(cx, v)) else {
        return Err(cx.type_error("derive must return an instance of BaseExceptionGroup"));
    };
    e.traceback.set(cx, e, orig.traceback.get());
    e.context.set(cx, e, orig.context.get());
    e.cause.set(cx, e, orig.cause.get());
    e.suppress_context.set(!orig.cause.get().is_null() || orig.suppress_context.get());
    let name = cx.name(N::__notes__);
    if let Some(notes) = cx.getattr_opt(orig.value(), name)?
        && is_sequence(cx, notes)
    {
        let copy = cx.list_from(notes)?.value();
        cx.setattr(v, name, copy)?;
    }
    Ok(v)
}

fn split(cx: &mut Thread, a: Args<'_>) -> R {
    let m = matcher(cx, a[1])?;
    let (x, y) = split_group(cx, a[0], m, true)?;
    Ok(cx.new_tuple(&[x, y])?.value())
}

fn subgroup(cx: &mut Thread, a: Args<'_>) -> R {
    let m = matcher(cx, a[1])?;
    Ok(split_group(cx, a[0], m, false)?.0)
}

/// The part of a group whose leaves have the given ids.
fn group_by_ids(cx: &mut Thread, a: Args<'_>) -> R {
    match a[1].cast::<Set>() {
        Some(ids) => Ok(split_group(cx, a[0], Matcher::Ids(ids), false)?.0),
        None => Err(cx.type_error("a set of ids is required")),
    }
}
