//! `type.__new__` with three arguments: a new class.

use super::layout;
use super::slots::{self, Layout};
use ferropy_vm::class::flags;
use ferropy_vm::types::{CellObject, Class, Dict, Function, List, Member, NativeFn, Str, Tuple, WeakRef, Wrapper};
use ferropy_vm::{Args, Builtin as B, Gc, HeapObject, N, NativeDef, R, Raised, RootedVec, Thread, Value, field};
use ferropy_vm::{Exc, null_field};

static DICT_GETSET: NativeDef = NativeDef::getset(
    "__dict__",
    crate::object::layout::get_dict,
    crate::object::layout::set_dict,
    "dictionary for instance variables",
);
static WEAKREF_GETTER: NativeDef =
    NativeDef::getter("__weakref__", get_weakref, "list of weak references to the object");

fn get_weakref(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::NONE)
}

/// What `type.__new__` was given.
struct Request {
    meta: Gc<Class>,
    name: Gc<Str>,
    bases: Gc<Tuple>,
    ns: Gc<Dict>,
    kwargs: Value,
}

pub fn type_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(meta) = a[0].cast::<Class>() else {
        let got = cx.class_name(a[0]);
        return Err(cx.type_error(format!("type.__new__(X): X is not a type object ({got})")));
    };
    if !meta.has(flags::TYPE) {
        let name = meta.name();
        return Err(cx.type_error(format!("type.__new__({name}): {name} is not a subtype of type")));
    }
    // SAFETY: the binder made a tuple.
    let args = unsafe { a[1].cast_unchecked::<Tuple>() };
    if args.len != 3 {
        return Err(cx.type_error(format!("type.__new__() takes exactly 3 arguments ({} given)", args.len)));
    }
    let argument = |cx: &mut Thread, i: usize, what: &str| {
        let got = cx.class_name(args.at(i));
        cx.type_error(format!("type.__new__() argument {} must be {what}, not {got}", i + 1))
    };
    let Some(name) = args.at(0).cast::<Str>() else { return Err(argument(cx, 0, "str")) };
    let Some(bases) = args.at(1).cast::<Tuple>() else { return Err(argument(cx, 1, "tuple")) };
    if !cx.is_instance(args.at(2), cx.builtin(B::Dict)) {
        return Err(argument(cx, 2, "dict"));
    }
    let Some(ns) = args.at(2).cast::<Dict>() else { return Err(argument(cx, 2, "dict")) };
    layout::check_mro_entries(cx, bases)?;
    let meta_class = layout::winner(cx, meta, bases)?;
    if meta_class != meta {
        let key = cx.name(N::__new__);
        if let Some(new) = cx.lookup(meta_class, key)
            && !is_type_new(new)
        {
            let new = cx.getattr(meta_class.value(), key)?;
            let mut all = RootedVec::new(cx);
            all.push(meta_class);
            all.as_mut_vec().extend_from_slice(args.items());
            let all = cx.new_tuple(&all)?;
            return cx.call_ex(new, all, a[2]);
        }
    }
    let bases = if bases.len == 0 { cx.new_tuple(&[cx.builtin(B::Object).value()])? } else { bases };
    let class = make(cx, Request { meta: meta_class, name, bases, ns, kwargs: a[2] })?;
    Ok(class.value())
}

fn is_type_new(f: Value) -> bool {
    f.cast::<NativeFn>().is_some_and(|n| std::ptr::fn_addr_eq(n.def.func, type_new as ferropy_vm::NativeImpl))
}

fn make(cx: &mut Thread, q: Request) -> R<Gc<Class>> {
    let base = layout::best_base(cx, q.bases)?;
    if q.name.bytes().contains(&0) {
        return Err(cx.value_error("type name must not contain null characters"));
    }
    super::attrs::check_utf8(cx, q.name.value())?;
    let name = q.name.to_lossy();
    let ns = cx.new_dict()?;
    crate::dict::update_from(cx, ns, q.ns.value())?;
    let doc = cx.name(N::__doc__);
    if let Some(doc) = cx.dict_get_str(ns, doc) {
        super::attrs::check_utf8(cx, doc)?;
    }
    let plan = slots::read(cx, &name, q.bases, base, ns)?;
    let class = allocate(cx, &q, base, ns, &plan)?;
    set_names_in_dict(cx, class, ns)?;
    wrap_special(cx, ns)?;
    set_cells(cx, class, ns)?;
    add_descriptors(cx, class, ns, &plan)?;
    default_entries(cx, ns)?;
    set_mro(cx, class)?;
    collection_flags(class);
    cx.compute_hooks(class);
    for i in 0..q.bases.len {
        if let Some(b) = q.bases.at(i).cast::<Class>() {
            add_subclass(cx, b, class)?;
        }
    }
    call_set_names(cx, class)?;
    warn_of_keys(cx, class)?;
    call_init_subclass(cx, class, q.kwargs)?;
    Ok(class)
}

/// The class object with its layout; names and MRO follow.
fn allocate(cx: &mut Thread, q: &Request, base: Gc<Class>, ns: Gc<Dict>, plan: &Layout) -> R<Gc<Class>> {
    let name = cx.intern_str(q.name)?;
    let class = cx.alloc_class(q.meta.root_shape.get(), q.meta.extra.get())?;
    class.name.set(cx, class, name);
    class.qualname.set(cx, class, name);
    class.bases.set(cx, class, q.bases);
    class.base.set(cx, class, base);
    class.dict.set(cx, class, ns);
    class.kind.set(base.kind.get());
    let mut f = flags::HEAP | flags::BASE | base.flags.get() & flags::INHERITED;
    f |= if plan.dict { flags::HAS_DICT } else { 0 };
    f |= if plan.weakref { flags::WEAKREF } else { 0 };
    class.flags.set(f);
    let mut names = RootedVec::new(cx);
    if let Some(inherited) = base.slot_names.cast::<Tuple>() {
        names.as_mut_vec().extend_from_slice(inherited.items());
    }
    names.as_mut_vec().extend_from_slice(&plan.members);
    if !names.is_empty() {
        let names = cx.new_tuple(&names)?;
        class.slot_names.set(cx, class, names);
    }
    cx.set_layout(class, Some(base), plan.members.len() as u32)?;
    Ok(class)
}

/// `__module__` from the caller's globals, `__qualname__` out of the namespace.
fn set_names_in_dict(cx: &mut Thread, class: Gc<Class>, ns: Gc<Dict>) -> R<()> {
    let key = cx.name(N::__module__);
    if cx.dict_get_str(ns, key).is_none()
        && let Some(globals) = crate::frames::caller_globals(cx)
    {
        let name = cx.name(N::__name__);
        if let Some(module) = cx.dict_get_str(globals, name) {
            cx.dict_set_str(ns, key, module)?;
        }
    }
    let key = cx.name(N::__qualname__);
    if let Some(q) = cx.dict_get_str(ns, key) {
        if q.cast::<Str>().is_none() {
            let got = cx.class_name(q);
            return Err(cx.type_error(format!("type __qualname__ must be a str, not {got}")));
        }
        class.qualname.set(cx, class, q);
        cx.dict_remove(ns, key)?;
    }
    Ok(())
}

/// `__new__` becomes static, `__init_subclass__` and `__class_getitem__` class methods.
fn wrap_special(cx: &mut Thread, ns: Gc<Dict>) -> R<()> {
    let all =
        [(N::__new__, B::StaticMethod), (N::__init_subclass__, B::ClassMethod), (N::__class_getitem__, B::ClassMethod)];
    for (n, b) in all {
        let key = cx.name(n);
        if let Some(f) = cx.dict_get_str(ns, key)
            && f.kind() == Function::kind()
        {
            let w = cx.alloc(b, Wrapper { func: field(f) })?;
            cx.dict_set_str(ns, key, w.value())?;
        }
    }
    Ok(())
}

/// Members of `__slots__`, `__dict__`, `__weakref__`.
fn add_descriptors(cx: &mut Thread, class: Gc<Class>, ns: Gc<Dict>, plan: &Layout) -> R<()> {
    let first = cx.member_count(class) - plan.members.len() as u32;
    for (i, name) in plan.members.iter().enumerate() {
        let member = Member { name: field(*name), owner: field(class), slot: first + i as u32 };
        let member = cx.alloc(B::MemberDescriptor, member)?;
        cx.dict_set_str(ns, *name, member.value())?;
    }
    let extras = [(plan.dict, &DICT_GETSET), (plan.weakref, &WEAKREF_GETTER)];
    for (wanted, def) in extras {
        let key = cx.intern(def.name())?;
        if wanted && cx.dict_get_str(ns, key).is_none() {
            let getset = cx.native_attr(class, def)?;
            cx.dict_set_str(ns, key, getset)?;
        }
    }
    Ok(())
}

/// Gives the class to the cells that its methods and annotations see it through.
fn set_cells(cx: &mut Thread, class: Gc<Class>, ns: Gc<Dict>) -> R<()> {
    for (n, content) in [(N::__classcell__, class.value()), (N::__classdictcell__, ns.value())] {
        let key = cx.name(n);
        let Some(v) = cx.dict_get_str(ns, key) else { continue };
        let Some(cell) = v.cast::<CellObject>() else {
            let (name, got) = (super::text(key), cx.class_of(v));
            let got = cx.full_class_name(got);
            return Err(cx.type_error(format!("{name} must be a nonlocal cell, not <class '{got}'>")));
        };
        cell.content.set(cx, cell, content);
        cx.dict_remove(ns, key)?;
    }
    Ok(())
}

/// `__doc__`, and `__hash__` of a class that defines equality only.
fn default_entries(cx: &mut Thread, ns: Gc<Dict>) -> R<()> {
    let doc = cx.name(N::__doc__);
    if cx.dict_get_str(ns, doc).is_none() {
        cx.dict_set_str(ns, doc, Value::NONE)?;
    }
    let (eq, hash) = (cx.name(N::__eq__), cx.name(N::__hash__));
    if cx.dict_get_str(ns, eq).is_some() && cx.dict_get_str(ns, hash).is_none() {
        cx.dict_set_str(ns, hash, Value::NONE)?;
    }
    Ok(())
}

/// Computes the MRO; a metaclass may have its own idea of it. False if its `mro` gave the class another one meanwhile:
/// then that stays.
pub fn set_mro(cx: &mut Thread, class: Gc<Class>) -> R<bool> {
    let before = class.mro.get();
    let meta = cx.class_of(class.value());
    let key = cx.intern("mro")?;
    let custom = if meta == cx.builtin(B::Type) {
        None
    } else {
        cx.lookup_where(meta, key).filter(|(c, _)| c.has(flags::HEAP)).map(|f| f.1)
    };
    let mro = match custom {
        None => cx.compute_mro(class)?,
        Some(f) => {
            let r = cx.call_unbound(f, class.value(), &[])?;
            let items = cx.collect(r)?;
            check_mro(cx, class, &items)?;
            cx.new_tuple(&items)?
        }
    };
    if class.mro.get() != before {
        return Ok(false);
    }
    class.mro.set(cx, class, mro);
    cx.type_modified(class);
    Ok(true)
}

fn check_mro(cx: &mut Thread, class: Gc<Class>, items: &RootedVec) -> R<()> {
    if items.is_empty() {
        return Err(cx.type_error("type MRO must not be empty"));
    }
    let solid = layout::solid_base(cx, class);
    for i in 0..items.len() {
        let Some(c) = items[i].cast::<Class>() else {
            let got = cx.class_name(items[i]);
            return Err(cx.type_error(format!("mro() returned a non-class ('{got}')")));
        };
        if !solid.extends(layout::solid_base(cx, c)) {
            let name = c.name();
            return Err(cx.type_error(format!("mro() returned base with unsuitable layout ('{name}')")));
        }
    }
    Ok(())
}

/// Sequence or mapping: as the first class along the MRO that is one of both.
fn collection_flags(class: Gc<Class>) {
    let both = flags::SEQUENCE | flags::MAPPING;
    let mro = class.mro();
    let found = mro.items()[1.min(mro.len)..]
        .iter()
        .filter_map(|c| c.cast::<Class>())
        .map(|c| c.flags.get() & both)
        .find(|f| *f != 0)
        .unwrap_or(0);
    class.flags.set(class.flags.get() & !both | found);
}

/// Enters a class in its base's list of subclasses.
pub fn add_subclass(cx: &mut Thread, base: Gc<Class>, class: Gc<Class>) -> R<()> {
    let number = cx.vm().weakref_numbers.get() + 1;
    cx.vm().weakref_numbers.set(number);
    let weak = WeakRef {
        callback: null_field(),
        extra: null_field(),
        hash: null_field(),
        target: field(class),
        number: number.into(),
    };
    let weak = cx.alloc_of(cx.builtin(B::WeakRef), weak)?;
    let list = match base.subclasses.cast::<List>() {
        Some(l) => l,
        None => {
            let l = cx.new_list(&[])?;
            base.subclasses.set(cx, base, l);
            l
        }
    };
    if list.len() >= 16 && list.len().is_power_of_two() {
        drop_dead(cx, list)?;
    }
    cx.list_append(list, weak.value())
}

/// Takes references to dead classes out of the list.
fn drop_dead(cx: &mut Thread, list: Gc<List>) -> R<()> {
    let mut live = RootedVec::new(cx);
    for i in 0..list.len() {
        if let Some(w) = list.get(i)
            && w.cast::<WeakRef>().is_some_and(|w| w.target.get().cast::<Class>().is_some())
        {
            live.push(w);
        }
    }
    cx.list_assign(list, &live)
}

/// Takes a class out of its base's list.
pub fn remove_subclass(cx: &mut Thread, base: Gc<Class>, class: Gc<Class>) -> R<()> {
    let Some(list) = base.subclasses.cast::<List>() else { return Ok(()) };
    let mut rest = RootedVec::new(cx);
    for i in 0..list.len() {
        if let Some(w) = list.get(i)
            && w.cast::<WeakRef>().is_some_and(|w| w.target.get() != class.value())
        {
            rest.push(w);
        }
    }
    cx.list_assign(list, &rest)
}

fn call_set_names(cx: &mut Thread, class: Gc<Class>) -> R<()> {
    let copy = cx.dict_copy(class.dict())?;
    let mut i = 0;
    while let Some((next, _, k, v)) = copy.next_entry(i) {
        i = next;
        let Some(f) = cx.lookup_special(v, N::__set_name__) else { continue };
        if let Err(r) = cx.call_unbound(f, v, &[class.value(), k]) {
            return Err(note_set_name(cx, class, k, v, r));
        }
    }
    Ok(())
}

/// Adds the note that says where an exception from `__set_name__` comes from.
fn note_set_name(cx: &mut Thread, class: Gc<Class>, key: Value, v: Value, r: Raised) -> Raised {
    let e = cx.take_pending();
    let Ok(key) = cx.repr(key) else { return r };
    cx.reraise(e);
    let (kind, name) = (cx.class_name(v), class.name());
    cx.note(&format!("Error calling __set_name__ on '{kind}' instance {} in '{name}'", key.to_lossy()))
}

/// Names of attributes are strings; other keys of the namespace cannot be reached as such.
fn warn_of_keys(cx: &mut Thread, class: Gc<Class>) -> R<()> {
    let mut i = 0;
    while let Some((next, _, k, _)) = class.dict().next_entry(i) {
        i = next;
        if k.kind() != Str::kind() {
            let name = class.name();
            return cx.warn(Exc::RuntimeWarning, &format!("non-string key in the __dict__ of class {name}"));
        }
    }
    Ok(())
}

fn call_init_subclass(cx: &mut Thread, class: Gc<Class>, kwargs: Value) -> R<()> {
    let key = cx.name(N::__init_subclass__);
    let Some(f) = cx.lookup_after(class, class, key) else { return Ok(()) };
    let f = cx.bind(f, Value::NONE, class.value())?;
    let none = cx.new_tuple(&[])?;
    cx.call_ex(f, none, kwargs)?;
    Ok(())
}
