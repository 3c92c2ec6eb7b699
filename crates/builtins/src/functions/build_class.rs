//! `__build_class__`: what a class statement calls.

use ferropy_vm::types::{CellObject, Class, CodeObject, Dict, Function, Tuple};
use ferropy_vm::{Args, Builtin as B, Gc, N, NativeDef, R, RootedVec, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[NativeDef::function(
    "__build_class__(*args, **kwds)",
    build_class,
    "__build_class__(func, name, /, *bases, [metaclass], **kwds) -> class\n\nInternal helper function used by the \
     class statement.",
)];

fn build_class(cx: &mut Thread, a: Args<'_>) -> R {
    // SAFETY: `*args` is a tuple, `**kwds` a fresh dict.
    let (args, kwds) = unsafe { (a[0].cast_unchecked::<Tuple>(), a[1].cast_unchecked::<Dict>()) };
    if args.len < 2 {
        return Err(cx.type_error("__build_class__: not enough arguments"));
    }
    let Some(func) = args.at(0).cast::<Function>() else {
        return Err(cx.type_error("__build_class__: func must be a function"));
    };
    let name = args.at(1);
    if name.as_str().is_none() {
        return Err(cx.type_error("__build_class__: name is not a string"));
    }
    let orig_bases = cx.new_tuple(&args.items()[2..])?;
    let bases = update_bases(cx, orig_bases)?;
    let meta = metaclass(cx, bases, kwds)?;
    let ns = prepare(cx, meta, name, bases, kwds)?;
    let Some(code) = func.code.cast::<CodeObject>() else {
        return Err(cx.type_error("__build_class__: func must be a function"));
    };
    // SAFETY: a function's globals are a dict.
    let globals = unsafe { func.globals.as_gc::<Dict>() };
    let cell = cx.exec_code(code, globals, ns, func.closure.get())?;
    if bases != orig_bases {
        let key = cx.name(N::__orig_bases__);
        cx.setitem(ns, key, orig_bases.value())?;
    }
    let class = {
        let args = cx.new_tuple(&[name, bases.value(), ns])?;
        cx.call_ex(meta, args, kwds.value())?
    };
    check_cell(cx, cell, class, name)?;
    Ok(class)
}

/// `types.resolve_bases`: bases that are no classes may stand for others.
pub fn update_bases(cx: &mut Thread, bases: Gc<Tuple>) -> R<Gc<Tuple>> {
    let mut out = RootedVec::new(cx);
    let mut changed = false;
    let entries = cx.name(N::__mro_entries__);
    for i in 0..bases.len {
        let b = bases.at(i);
        if b.cast::<Class>().is_some() {
            out.push(b);
            continue;
        }
        let Some(f) = cx.getattr_opt(b, entries)? else {
            out.push(b);
            continue;
        };
        let new = cx.call(f, &[bases.value()])?;
        let Some(t) = new.cast::<Tuple>() else {
            return Err(cx.type_error("__mro_entries__ must return a tuple"));
        };
        changed = true;
        out.as_mut_vec().extend_from_slice(t.items());
    }
    if changed { cx.new_tuple(&out) } else { Ok(bases) }
}

/// The most derived metaclass; takes `metaclass` out of the keywords.
fn metaclass(cx: &mut Thread, bases: Gc<Tuple>, kwds: Gc<Dict>) -> R {
    let key = cx.name(N::metaclass);
    let given = cx.dict_remove(kwds, key)?;
    let meta = match given {
        Some(m) => m,
        None if bases.len > 0 => cx.class_of(bases.at(0)).value(),
        None => cx.builtin(B::Type).value(),
    };
    match meta.cast::<Class>() {
        Some(c) => Ok(winner(cx, c, bases)?.value()),
        None => Ok(meta),
    }
}

/// The metaclass that is derived from those of all bases.
pub fn winner(cx: &mut Thread, meta: Gc<Class>, bases: Gc<Tuple>) -> R<Gc<Class>> {
    let mut winner = meta;
    for i in 0..bases.len {
        let class = cx.class_of(bases.at(i));
        if winner.is_subclass(class) {
            continue;
        }
        if !class.is_subclass(winner) {
            return Err(cx.type_error(
                "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the \
                 metaclasses of all its bases",
            ));
        }
        winner = class;
    }
    Ok(winner)
}

/// The namespace: what `__prepare__` returns.
fn prepare(cx: &mut Thread, meta: Value, name: Value, bases: Gc<Tuple>, kwds: Gc<Dict>) -> R {
    let type_ = cx.builtin(B::Type).value();
    if meta == type_ {
        return Ok(cx.new_dict()?.value());
    }
    let key = cx.name(N::__prepare__);
    let Some(f) = cx.getattr_opt(meta, key)? else { return Ok(cx.new_dict()?.value()) };
    let args = cx.new_tuple(&[name, bases.value()])?;
    let ns = cx.call_ex(f, args, kwds.value())?;
    if ns.cast::<Dict>().is_none() && cx.lookup_special(ns, N::__getitem__).is_none() {
        let (who, class) = match meta.cast::<Class>() {
            Some(c) => (c.name(), cx.class_name(ns)),
            None => ("<metaclass>".to_owned(), cx.class_name(ns)),
        };
        return Err(cx.type_error(format!("{who}.__prepare__() must return a mapping, not {class}")));
    }
    Ok(ns)
}

/// `__class__` must have been set to the class by `type.__new__`.
fn check_cell(cx: &mut Thread, cell: Value, class: Value, name: Value) -> R<()> {
    let (Some(cell), true) = (cell.cast::<CellObject>(), class.cast::<Class>().is_some()) else { return Ok(()) };
    let content = cell.content.get();
    if content == class {
        return Ok(());
    }
    let name = cx.repr(name)?.to_lossy();
    let repr = cx.repr(class)?.to_lossy();
    if content.is_null() {
        return Err(cx.runtime_error(format!(
            "__class__ not set defining {name} as {repr}. Was __classcell__ propagated to type.__new__?"
        )));
    }
    let was = cx.repr(content)?.to_lossy();
    Err(cx.type_error(format!("__class__ set to {was} defining {name} as {repr}")))
}
