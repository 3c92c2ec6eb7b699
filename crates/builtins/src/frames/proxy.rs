//! `frame.f_locals` of functions (PEP 667): a mapping that reads and writes the frame's variables.
//!
//! Names that are no variables of the code go to a dict of the frame object.

use ferropy_bytecode::code::VarKind;
use ferropy_vm::types::{CellObject, Dict, FrameObject, Function, Str, Tuple};
use ferropy_vm::{
    Args, CmpOp, Exc, Field, Gc, N, NativeDef, R, Raised, Thread, TypeDef, Value, class::flags, field, heap_kind,
};

/// The proxy: just its frame.
#[repr(C)]
pub struct LocalsProxy {
    frame: Field,
}
heap_kind!(LocalsProxy, "frame locals proxy", 1);

static METHODS: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, frame, /)",
        new,
        "Create a write-through view of the locals dictionary for a frame.",
    ),
    NativeDef::method("__getitem__(self, key, /)", getitem, "Return self[key]."),
    NativeDef::method("__setitem__(self, key, value, /)", setitem, "Set self[key] to value."),
    NativeDef::method("__delitem__(self, key, /)", delitem, "Delete self[key]."),
    NativeDef::method("__contains__(self, key, /)", contains, "Return bool(key in self)."),
    NativeDef::method("__len__(self, /)", len, "Return len(self)."),
    NativeDef::method("__iter__(self, /)", iter, "Implement iter(self)."),
    NativeDef::method("__reversed__(self, /)", reversed, "Return a reverse iterator over the keys."),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__eq__(self, value, /)", eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", ne, "Return self!=value."),
    NativeDef::method("__or__(self, value, /)", or, "Return self|value."),
    NativeDef::method("__ror__(self, value, /)", ror, "Return value|self."),
    NativeDef::method("__ior__(self, value, /)", ior, "Return self|=value."),
    NativeDef::method(
        "get(self, key, default=None, /)",
        get,
        "Return the value for key if key is in the mapping, else default.",
    ),
    NativeDef::method(
        "setdefault(self, key, default=None, /)",
        setdefault,
        "Insert key with a value of default if key is not in the mapping.",
    ),
    NativeDef::method("pop(self, key, default=<unrepresentable>, /)", pop, "Remove key and return its value."),
    NativeDef::method("update(self, other, /)", update, "Update from another mapping."),
    NativeDef::method("keys(self, /)", keys, "The names of bound variables."),
    NativeDef::method("values(self, /)", values, "The values of bound variables."),
    NativeDef::method("items(self, /)", items, "Names and values of bound variables."),
    NativeDef::method("copy(self, /)", copy, "A dict with the same items."),
];

pub static TYPE: TypeDef =
    TypeDef::new::<LocalsProxy>("FrameLocalsProxy", METHODS, "").flags(flags::IMMUTABLE | flags::MAPPING);

pub fn new_proxy(cx: &mut Thread, o: Gc<FrameObject>) -> R {
    let class = cx.native_class(&TYPE)?;
    Ok(cx.alloc_of(class, LocalsProxy { frame: field(o) })?.value())
}

fn new(cx: &mut Thread, a: Args<'_>) -> R {
    match a[1].cast::<FrameObject>() {
        Some(o) => new_proxy(cx, o),
        None => {
            let got = cx.class_name(a[1]);
            Err(cx.type_error(format!("expect frame, not {got}")))
        }
    }
}

fn frame(cx: &mut Thread, v: Value) -> R<Gc<FrameObject>> {
    let f = v.cast::<LocalsProxy>().and_then(|p| p.frame.cast::<FrameObject>());
    f.ok_or_else(|| cx.type_error("frame locals proxy expected"))
}

/// Where a variable lives.
enum Place {
    Register(usize),
    Cell(Gc<CellObject>),
}

fn place(cx: &Thread, o: Gc<FrameObject>, kind: VarKind, index: u32) -> Option<Place> {
    match kind {
        VarKind::Local => Some(Place::Register(index as usize)),
        VarKind::Cell => match cx.frame_reg(o, index as usize).cast::<CellObject>() {
            Some(c) => Some(Place::Cell(c)),
            // Before its cell is made, a parameter's register holds the value.
            None => Some(Place::Register(index as usize)),
        },
        VarKind::Free => {
            let cells = o.func.cast::<Function>()?.closure.cast::<Tuple>()?;
            cells.items().get(index as usize)?.cast::<CellObject>().map(Place::Cell)
        }
        VarKind::Hidden => None,
    }
}

fn read(cx: &Thread, o: Gc<FrameObject>, p: &Place) -> Option<Value> {
    match p {
        Place::Register(i) => cx.frame_reg(o, *i).bound(),
        Place::Cell(c) => c.content.get().bound(),
    }
}

/// The place of the variable of that name.
fn find(cx: &Thread, o: Gc<FrameObject>, name: &[u8]) -> Option<Place> {
    let code = cx.frame_code(o)?;
    let var = code.rust().vars.iter().find(|v| v.kind != VarKind::Hidden && v.name.as_bytes() == name)?;
    place(cx, o, var.kind, var.index)
}

fn lookup(cx: &mut Thread, o: Gc<FrameObject>, key: Value) -> R<Option<Value>> {
    if let Some(s) = key.cast::<Str>()
        && let Some(p) = find(cx, o, s.bytes())
    {
        return Ok(read(cx, o, &p));
    }
    match o.extra_locals.cast::<Dict>() {
        Some(d) => cx.dict_get(d, key),
        None => Ok(None),
    }
}

/// All items as a new dict.
fn snapshot(cx: &mut Thread, v: Value) -> R<Gc<Dict>> {
    let o = frame(cx, v)?;
    let d = cx.new_dict()?;
    let Some(code) = cx.frame_code(o) else { return Ok(d) };
    for var in &code.rust().vars {
        if let Some(p) = place(cx, o, var.kind, var.index)
            && let Some(x) = read(cx, o, &p)
        {
            let name = cx.intern(&var.name)?;
            cx.dict_set_str(d, name, x)?;
        }
    }
    if let Some(extra) = o.extra_locals.cast::<Dict>() {
        cx.dict_merge(d, extra)?;
    }
    Ok(d)
}

#[cold]
fn absent(cx: &mut Thread, key: Value) -> Raised {
    match cx.repr(key) {
        Ok(shown) => {
            let shown = shown.to_lossy();
            cx.error(Exc::KeyError, format!("local variable '{shown}' is not defined"))
        }
        Err(r) => r,
    }
}

fn getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let o = frame(cx, a[0])?;
    match lookup(cx, o, a[1])? {
        Some(v) => Ok(v),
        None => Err(absent(cx, a[1])),
    }
}

fn write(cx: &mut Thread, o: Gc<FrameObject>, key: Value, v: Value) -> R<()> {
    if let Some(s) = key.cast::<Str>()
        && let Some(p) = find(cx, o, s.bytes())
    {
        match p {
            Place::Register(i) => cx.set_frame_reg(o, i, v),
            Place::Cell(c) => c.content.set(cx, c, v),
        }
        return Ok(());
    }
    let d = match o.extra_locals.cast::<Dict>() {
        Some(d) => d,
        None => {
            let d = cx.new_dict()?;
            o.extra_locals.set(cx, o, d);
            d
        }
    };
    cx.dict_set(d, key, v)
}

fn setitem(cx: &mut Thread, a: Args<'_>) -> R {
    let o = frame(cx, a[0])?;
    write(cx, o, a[1], a[2])?;
    Ok(Value::NONE)
}

/// Removes a name that is no variable; variables cannot be removed.
fn remove(cx: &mut Thread, o: Gc<FrameObject>, key: Value) -> R<Option<Value>> {
    if let Some(s) = key.cast::<Str>()
        && find(cx, o, s.bytes()).is_some()
    {
        return Err(cx.value_error("cannot remove local variables from FrameLocalsProxy"));
    }
    match o.extra_locals.cast::<Dict>() {
        Some(d) => cx.dict_remove(d, key),
        None => Ok(None),
    }
}

fn delitem(cx: &mut Thread, a: Args<'_>) -> R {
    let o = frame(cx, a[0])?;
    match remove(cx, o, a[1])? {
        Some(_) => Ok(Value::NONE),
        None => Err(cx.key_error(a[1])),
    }
}

fn pop(cx: &mut Thread, a: Args<'_>) -> R {
    let o = frame(cx, a[0])?;
    match remove(cx, o, a[1])?.or(a.opt(2)) {
        Some(v) => Ok(v),
        None => Err(cx.key_error(a[1])),
    }
}

fn contains(cx: &mut Thread, a: Args<'_>) -> R {
    let o = frame(cx, a[0])?;
    Ok(Value::bool(lookup(cx, o, a[1])?.is_some()))
}

fn len(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::small_int(snapshot(cx, a[0])?.len() as i64))
}

fn keys(cx: &mut Thread, a: Args<'_>) -> R {
    let d = snapshot(cx, a[0])?;
    crate::object::keys_list(cx, d)
}

fn iter(cx: &mut Thread, a: Args<'_>) -> R {
    let keys = keys(cx, a)?;
    cx.iter(keys)
}

fn reversed(cx: &mut Thread, a: Args<'_>) -> R {
    let keys = keys(cx, a)?;
    cx.call_method(keys, "__reversed__", &[])
}

fn values(cx: &mut Thread, a: Args<'_>) -> R {
    let d = snapshot(cx, a[0])?;
    let list = cx.new_list(&[])?;
    let mut i = 0;
    while let Some((next, _, _, v)) = d.next_entry(i) {
        cx.list_append(list, v)?;
        i = next;
    }
    Ok(list.value())
}

fn items(cx: &mut Thread, a: Args<'_>) -> R {
    let d = snapshot(cx, a[0])?;
    let list = cx.new_list(&[])?;
    let mut i = 0;
    while let Some((next, _, k, v)) = d.next_entry(i) {
        let t = cx.new_tuple(&[k, v])?;
        cx.list_append(list, t.value())?;
        i = next;
    }
    Ok(list.value())
}

fn copy(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(snapshot(cx, a[0])?.value())
}

fn get(cx: &mut Thread, a: Args<'_>) -> R {
    let o = frame(cx, a[0])?;
    Ok(lookup(cx, o, a[1])?.unwrap_or_else(|| a.or(2, Value::NONE)))
}

fn setdefault(cx: &mut Thread, a: Args<'_>) -> R {
    let o = frame(cx, a[0])?;
    if let Some(v) = lookup(cx, o, a[1])? {
        return Ok(v);
    }
    let v = a.or(2, Value::NONE);
    write(cx, o, a[1], v)?;
    Ok(v)
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    if !cx.repr_enter(a[0]) {
        return Ok(cx.new_str("{...}")?.value());
    }
    let d = snapshot(cx, a[0]);
    let r = d.and_then(|d| cx.repr(d.value()));
    cx.repr_leave();
    Ok(r?.value())
}

/// Proxies of one frame are equal; a dict is compared with the items.
fn equal(cx: &mut Thread, a: Args<'_>, op: CmpOp) -> R {
    if let Some(p) = a[1].cast::<LocalsProxy>() {
        let same = frame(cx, a[0])?.value() == p.frame.get();
        return Ok(Value::bool(same == (op == CmpOp::Eq)));
    }
    if a[1].cast::<Dict>().is_none() {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let d = snapshot(cx, a[0])?;
    cx.compare(op, d.value(), a[1])
}

fn eq(cx: &mut Thread, a: Args<'_>) -> R {
    equal(cx, a, CmpOp::Eq)
}
fn ne(cx: &mut Thread, a: Args<'_>) -> R {
    equal(cx, a, CmpOp::Ne)
}

/// Copies the items of a mapping into a dict.
fn merge(cx: &mut Thread, to: Gc<Dict>, v: Value) -> R<()> {
    if v.cast::<LocalsProxy>().is_some() {
        let d = snapshot(cx, v)?;
        return cx.dict_merge(to, d);
    }
    cx.call_method(to.value(), "update", &[v])?;
    Ok(())
}

fn union(cx: &mut Thread, first: Value, second: Value) -> R {
    let is_mapping = |v: Value| v.cast::<Dict>().is_some() || v.cast::<LocalsProxy>().is_some();
    if !is_mapping(first) || !is_mapping(second) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let d = cx.new_dict()?;
    merge(cx, d, first)?;
    merge(cx, d, second)?;
    Ok(d.value())
}

fn or(cx: &mut Thread, a: Args<'_>) -> R {
    union(cx, a[0], a[1])
}
fn ror(cx: &mut Thread, a: Args<'_>) -> R {
    union(cx, a[1], a[0])
}

fn write_all(cx: &mut Thread, v: Value, from: Value) -> R<()> {
    let o = frame(cx, v)?;
    let d = cx.new_dict()?;
    merge(cx, d, from)?;
    let mut i = 0;
    while let Some((next, _, k, x)) = d.next_entry(i) {
        write(cx, o, k, x)?;
        i = next;
    }
    Ok(())
}

fn ior(cx: &mut Thread, a: Args<'_>) -> R {
    if cx.lookup_special(a[1], N::__getitem__).is_none() {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    write_all(cx, a[0], a[1])?;
    Ok(a[0])
}

fn update(cx: &mut Thread, a: Args<'_>) -> R {
    let key = cx.name(N::keys);
    if a[1].cast::<Dict>().is_none() && a[1].cast::<LocalsProxy>().is_none() && cx.getattr_opt(a[1], key)?.is_none() {
        return Err(cx.type_error("update() argument must be dict or another FrameLocalsProxy"));
    }
    write_all(cx, a[0], a[1])?;
    Ok(Value::NONE)
}
