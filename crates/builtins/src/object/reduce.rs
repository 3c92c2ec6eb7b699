//! `object.__reduce_ex__` and what belongs to it: the default way to pickle and copy.

use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, Instance, List, NativeFn, Str, Tuple};
use ferropy_vm::{Args, Builtin as B, Gc, HeapObject, N, R, RootedVec, Thread, Value};

pub fn object_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    common_reduce(cx, a[0], 0)
}

pub fn object_reduce_ex(cx: &mut Thread, a: Args<'_>) -> R {
    let protocol = cx.index(a[1])?;
    let class = cx.class_of(a[0]);
    let name = cx.name(N::__reduce__);
    if let Some(f) = cx.lookup(class, name)
        && !is_native(f, object_reduce)
    {
        return cx.call_attr(a[0], name, &[]);
    }
    common_reduce(cx, a[0], protocol)
}

fn is_native(f: Value, g: ferropy_vm::NativeImpl) -> bool {
    f.cast::<NativeFn>().is_some_and(|n| std::ptr::fn_addr_eq(n.def.func, g))
}

fn common_reduce(cx: &mut Thread, v: Value, protocol: i64) -> R {
    let copyreg = cx.import("copyreg")?;
    if protocol >= 2 {
        return reduce_newobj(cx, copyreg, v);
    }
    cx.call_method(copyreg, "_reduce_ex", &[v, Value::small_int(protocol)])
}

/// (args or None, kwargs or None) for `__new__`.
fn new_arguments(cx: &mut Thread, v: Value) -> R<(Option<Gc<Tuple>>, Option<Gc<Dict>>)> {
    if let Some(r) = cx.call_special(v, N::__getnewargs_ex__, &[])? {
        let Some(t) = r.cast::<Tuple>() else {
            let got = cx.class_name(r);
            return Err(cx.type_error(format!("__getnewargs_ex__ should return a tuple, not '{got}'")));
        };
        if t.len != 2 {
            let n = t.len;
            return Err(cx.value_error(format!("__getnewargs_ex__ should return a tuple of length 2, not {n}")));
        }
        let Some(args) = t.at(0).cast::<Tuple>() else {
            let got = cx.class_name(t.at(0));
            return Err(cx.type_error(format!(
                "first item of the tuple returned by __getnewargs_ex__ must be a tuple, not '{got}'"
            )));
        };
        let Some(kwargs) = t.at(1).cast::<Dict>() else {
            let got = cx.class_name(t.at(1));
            return Err(cx.type_error(format!(
                "second item of the tuple returned by __getnewargs_ex__ must be a dict, not '{got}'"
            )));
        };
        return Ok((Some(args), Some(kwargs)));
    }
    let Some(r) = cx.call_special(v, N::__getnewargs__, &[])? else { return Ok((None, None)) };
    match r.cast::<Tuple>() {
        Some(t) => Ok((Some(t), None)),
        None => {
            let got = cx.class_name(r);
            Err(cx.type_error(format!("__getnewargs__ should return a tuple, not '{got}'")))
        }
    }
}

fn cannot_pickle(cx: &mut Thread, v: Value) -> ferropy_vm::Raised {
    let class = cx.class_of(v);
    let name = cx.type_name(class);
    cx.type_error(format!("cannot pickle '{name}' object"))
}

fn reduce_newobj(cx: &mut Thread, copyreg: Value, v: Value) -> R {
    let class = cx.class_of(v);
    if class.has(flags::NO_NEW) {
        return Err(cannot_pickle(cx, v));
    }
    let (args, kwargs) = new_arguments(cx, v)?;
    let (maker, new_args) = match kwargs.filter(|k| !k.is_empty()) {
        Some(kw) => {
            let args = args.map_or(cx.vm().empty_tuple, |a| a.value());
            let t = cx.new_tuple(&[class.value(), args, kw.value()])?;
            (cx.getattr_str(copyreg, "__newobj_ex__")?, t)
        }
        None => {
            let mut all = RootedVec::new(cx);
            all.push(class);
            if let Some(args) = args {
                all.as_mut_vec().extend_from_slice(args.items());
            }
            let t = cx.new_tuple(&all)?;
            (cx.getattr_str(copyreg, "__newobj__")?, t)
        }
    };
    let (is_list, is_dict) = (class.kind.get() == List::kind(), class.is_subclass(cx.builtin(B::Dict)));
    let state = getstate(cx, v, !(args.is_some() || is_list || is_dict))?;
    let items = if is_list { cx.iter(v)? } else { Value::NONE };
    let pairs = if is_dict {
        let items = cx.call_method(v, "items", &[])?;
        cx.iter(items)?
    } else {
        Value::NONE
    };
    Ok(cx.new_tuple(&[maker, new_args.value(), state, items, pairs])?.value())
}

pub fn object_getstate(cx: &mut Thread, a: Args<'_>) -> R {
    default_state(cx, a[0], false)
}

fn getstate(cx: &mut Thread, v: Value, required: bool) -> R {
    let name = cx.name(N::__getstate__);
    let f = cx.getattr(v, name)?;
    if is_native(f, object_getstate) && f.cast::<NativeFn>().is_some_and(|n| n.this.get() == v) {
        return default_state(cx, v, required);
    }
    cx.call(f, &[])
}

fn default_state(cx: &mut Thread, v: Value, required: bool) -> R {
    let class = cx.class_of(v);
    if required && class.kind.get() != Instance::kind() {
        return Err(cannot_pickle(cx, v));
    }
    let state = dict_state(cx, v)?;
    let Some(names) = slot_names(cx, class)? else { return Ok(state) };
    let slots = cx.new_dict()?;
    for i in 0..names.len() {
        let Some(name) = names.get(i) else { break };
        let Some(s) = name.cast::<Str>() else { continue };
        let name = cx.intern_str(s)?;
        if let Some(x) = cx.getattr_opt(v, name)? {
            cx.dict_set_str(slots, name, x)?;
        }
    }
    if slots.is_empty() {
        return Ok(state);
    }
    Ok(cx.new_tuple(&[state, slots.value()])?.value())
}

/// The instance's dict, or None if it is empty. Attributes that are not in a real dict are copied to one.
fn dict_state(cx: &mut Thread, v: Value) -> R {
    let has_area = ferropy_vm::types::attr_area(v).is_some();
    if has_area && cx.process().shapes.get(v.shape()).dict_mode {
        let d = cx.instance_dict(v)?;
        return Ok(if d.cast::<Dict>().is_some_and(|d| d.is_empty()) { Value::NONE } else { d });
    }
    let mut items = RootedVec::new(cx);
    cx.instance_items(v, &mut items)?;
    if items.is_empty() {
        return Ok(Value::NONE);
    }
    let d = cx.new_dict()?;
    for i in (0..items.len()).step_by(2) {
        cx.dict_set_str(d, items[i], items[i + 1])?;
    }
    Ok(d.value())
}

/// Names of `__slots__` members, mangled (`copyreg._slotnames`, which caches them in the class).
fn slot_names(cx: &mut Thread, class: Gc<Class>) -> R<Option<Gc<List>>> {
    let key = cx.intern("__slotnames__")?;
    if let Some(known) = cx.dict_get_str(class.dict(), key).filter(|k| !k.is_none()) {
        return match known.cast::<List>() {
            Some(l) => Ok(Some(l)),
            None => {
                let (name, got) = (cx.type_name(class), cx.class_name(known));
                Err(cx.type_error(format!("{name}.__slotnames__ should be a list or None, not {got}")))
            }
        };
    }
    if cx.member_count(class) == 0 {
        return Ok(None);
    }
    let copyreg = cx.import("copyreg")?;
    let names = cx.call_method(copyreg, "_slotnames", &[class.value()])?;
    match names.cast::<List>() {
        Some(l) => Ok(Some(l)),
        None if names.is_none() => Ok(None),
        None => Err(cx.type_error("copyreg._slotnames didn't return a list or None")),
    }
}
