//! `__slots__` of a new class.

use super::layout::is_variable;
use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, Module, Str, Tuple};
use ferropy_vm::{Gc, HeapObject, N, R, RootedVec, Thread, Value};

/// What the instances of a class get beyond those of its base.
pub struct Layout {
    /// Mangled names of the members, sorted.
    pub members: RootedVec,
    pub dict: bool,
    pub weakref: bool,
}

/// What may still be added, and what is.
struct Extras {
    may_dict: bool,
    may_weak: bool,
    dict: bool,
    weak: bool,
}

pub fn read(cx: &mut Thread, name: &str, bases: Gc<Tuple>, base: Gc<Class>, ns: Gc<Dict>) -> R<Layout> {
    let mut e = Extras {
        may_dict: !base.has(flags::HAS_DICT) && base.kind.get() != Module::kind(),
        may_weak: !base.has(flags::WEAKREF) && !is_variable(base),
        dict: false,
        weak: false,
    };
    let mut members = RootedVec::new(cx);
    let key = cx.name(N::__slots__);
    let Some(slots) = cx.dict_get_str(ns, key) else {
        return Ok(Layout { members, dict: e.may_dict, weakref: e.may_weak });
    };
    let slots = match slots.cast::<Str>() {
        Some(_) => cx.new_tuple(&[slots])?,
        None => {
            let items = cx.collect(slots)?;
            cx.new_tuple(&items)?
        }
    };
    if slots.len > 0 && is_variable(base) {
        let base = base.name();
        return Err(cx.type_error(format!("nonempty __slots__ not supported for subtype of '{base}'")));
    }
    for i in 0..slots.len {
        add_slot(cx, name, slots.at(i), ns, &mut e, &mut members)?;
    }
    members.as_mut_vec().sort_by(|a, b| bytes(*a).cmp(bytes(*b)));
    inherit_extras(bases, base, &mut e);
    Ok(Layout { members, dict: e.dict, weakref: e.weak })
}

fn bytes(v: Value) -> &'static [u8] {
    // SAFETY: interned strings never move, and the vector that is sorted keeps them alive.
    v.cast::<Str>().map_or(&[], |s| unsafe { std::slice::from_raw_parts(s.bytes().as_ptr(), s.bytes().len()) })
}

fn add_slot(cx: &mut Thread, class: &str, slot: Value, ns: Gc<Dict>, e: &mut Extras, members: &mut RootedVec) -> R<()> {
    let Some(s) = slot.cast::<Str>() else {
        let got = cx.class_name(slot);
        return Err(cx.type_error(format!("__slots__ items must be strings, not '{got}'")));
    };
    let text = s.as_str().map(str::to_owned);
    let Some(text) = text.filter(|t| is_identifier(t)) else {
        return Err(cx.type_error("__slots__ must be identifiers"));
    };
    match &*text {
        "__dict__" if !e.may_dict || e.dict => {
            return Err(cx.type_error("__dict__ slot disallowed: we already got one"));
        }
        "__weakref__" if !e.may_weak || e.weak => {
            return Err(cx.type_error("__weakref__ slot disallowed: we already got one"));
        }
        "__dict__" => e.dict = true,
        "__weakref__" => e.weak = true,
        _ => {
            let mangled = cx.intern(&mangle(class, &text))?;
            let special = ["__qualname__", "__classcell__", "__classdictcell__"].contains(&&*text);
            if !special && cx.dict_get_str(ns, mangled).is_some() {
                let shown = cx.repr(mangled)?.to_lossy();
                return Err(cx.value_error(format!("{shown} in __slots__ conflicts with class variable")));
            }
            members.push(mangled);
        }
    }
    Ok(())
}

/// Bases besides the one that gives the layout may bring a dict or weak references.
fn inherit_extras(bases: Gc<Tuple>, base: Gc<Class>, e: &mut Extras) {
    for b in bases.items().iter().filter_map(|b| b.cast::<Class>()).filter(|b| *b != base) {
        e.dict |= e.may_dict && b.has(flags::HAS_DICT);
        e.weak |= e.may_weak && b.has(flags::WEAKREF);
    }
}

/// A private name as it is called in the class.
pub fn mangle(class: &str, name: &str) -> String {
    let class = class.trim_start_matches('_');
    if !name.starts_with("__") || name.ends_with("__") || name.contains('.') || class.is_empty() {
        return name.to_owned();
    }
    format!("_{class}{name}")
}

fn is_identifier(s: &str) -> bool {
    use ferropy_text::unicode::{is_xid_continue, is_xid_start};
    let mut chars = s.chars();
    chars.next().is_some_and(|c| c == '_' || is_xid_start(c as u32)) && chars.all(|c| is_xid_continue(c as u32))
}
