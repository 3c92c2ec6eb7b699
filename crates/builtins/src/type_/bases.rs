//! Assignment to `__bases__`.

use super::{build, layout, this};
use ferropy_vm::types::{Class, Tuple};
use ferropy_vm::{Args, Gc, R, RootedVec, Thread, Value};

pub fn set_bases(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    super::attrs::check_set(cx, c, a[1], "__bases__")?;
    let name = c.name();
    let Some(new) = a[1].cast::<Tuple>() else {
        let got = cx.class_name(a[1]);
        return Err(cx.type_error(format!("can only assign tuple to {name}.__bases__, not {got}")));
    };
    if new.len == 0 {
        return Err(cx.type_error(format!("can only assign non-empty tuple to {name}.__bases__, not ()")));
    }
    for i in 0..new.len {
        let Some(b) = new.at(i).cast::<Class>() else {
            let got = cx.class_name(new.at(i));
            return Err(cx.type_error(format!("{name}.__bases__ must be tuple of classes, not '{got}'")));
        };
        // A class whose MRO is being made again may extend this one already.
        if b.is_subclass(c) || b.extends(c) {
            return Err(cx.type_error("a __bases__ item causes an inheritance cycle"));
        }
    }
    let base = layout::best_base(cx, new)?;
    let Some(old_base) = c.base.cast::<Class>() else { return Ok(Value::NONE) };
    if !compatible(cx, old_base, base) {
        let (new, old) = (base.name(), old_base.name());
        return Err(cx.type_error(format!("__bases__ assignment: '{new}' object layout differs from '{old}'")));
    }
    replace(cx, c, new, base, old_base)?;
    Ok(Value::NONE)
}

/// Do instances of subclasses stay valid when the layout base changes?
fn compatible(cx: &Thread, old: Gc<Class>, new: Gc<Class>) -> bool {
    crate::object::layout::same_layout(cx, old, new)
}

/// Sets bases and recomputes the MROs of the class and its subclasses; all stays as it was if that fails. A metaclass's
/// `mro` may assign to `__bases__` again: what it did last stands.
fn replace(cx: &mut Thread, c: Gc<Class>, new: Gc<Tuple>, base: Gc<Class>, old_base: Gc<Class>) -> R<()> {
    let old_bases = c.bases.get();
    c.bases.set(cx, c, new);
    c.base.set(cx, c, base);
    let mut undo = RootedVec::new(cx);
    if let Err(r) = recompute(cx, c, &mut undo) {
        let e = cx.take_pending();
        undo.push(e);
        for i in (0..undo.len() - 1).step_by(3) {
            if let Some(k) = undo[i].cast::<Class>()
                && k.mro.get() == undo[i + 2]
            {
                k.mro.set(cx, k, undo[i + 1]);
                cx.type_modified(k);
            }
        }
        if c.bases.get() == new.value() {
            c.bases.set(cx, c, old_bases);
            c.base.set(cx, c, old_base);
        }
        let e = undo[undo.len() - 1];
        cx.reraise(e);
        return Err(r);
    }
    if c.bases.get() != new.value() {
        return Ok(());
    }
    if let Some(old) = old_bases.cast::<Tuple>() {
        for b in old.items().iter().filter_map(|b| b.cast::<Class>()) {
            build::remove_subclass(cx, b, c)?;
        }
    }
    for b in new.items().iter().filter_map(|b| b.cast::<Class>()) {
        build::add_subclass(cx, b, c)?;
    }
    cx.type_modified(c);
    refresh_hooks(cx, c);
    Ok(())
}

/// New MROs of the class and of all below it; (class, old, new) of each goes to `undo`.
fn recompute(cx: &mut Thread, c: Gc<Class>, undo: &mut RootedVec) -> R<()> {
    let old = c.mro.get();
    if !build::set_mro(cx, c)? {
        return Ok(());
    }
    for v in [c.value(), old, c.mro.get()] {
        undo.push(v);
    }
    for sub in cx.live_subclasses(c) {
        recompute(cx, sub, undo)?;
    }
    Ok(())
}

fn refresh_hooks(cx: &mut Thread, c: Gc<Class>) {
    cx.compute_hooks(c);
    cx.type_modified(c);
    for sub in cx.live_subclasses(c) {
        refresh_hooks(cx, sub);
    }
}
