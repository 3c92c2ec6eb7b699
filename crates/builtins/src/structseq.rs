//! Named tuples of native modules (`os.stat_result`, `time.struct_time`, `sys.flags`, ...).
//!
//! Terms. *Visible* fields are the items of the tuple; *hidden* fields follow them and are reached by name only: they
//! lie in slots of the attribute area. A visible field whose name is empty has no attribute.
//!
//! A module describes its class in a static [`StructSeq`], gets the class with [`class_of`] and makes instances with
//! [`make`].

use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, Tuple};
use ferropy_vm::{Args, Builtin, Gc, HeapObject, N, NativeDef, R, Thread, Value};

/// Description of one class.
pub struct StructSeq {
    /// `module.name`; also the key under which the interpreter keeps the class.
    pub name: &'static str,
    pub doc: &'static str,
    /// Name and doc of every field, visible ones first.
    pub fields: &'static [(&'static str, &'static str)],
    pub visible: usize,
    /// Can Python make instances?
    pub instantiable: bool,
}

impl StructSeq {
    pub const fn new(
        name: &'static str,
        fields: &'static [(&'static str, &'static str)],
        visible: usize,
        doc: &'static str,
    ) -> StructSeq {
        StructSeq { name, doc, fields, visible, instantiable: true }
    }
    pub const fn sealed(mut self) -> StructSeq {
        self.instantiable = false;
        self
    }
}

const MOST_FIELDS: usize = 32;

fn visible_field<const I: usize>(_cx: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0].cast::<Tuple>().and_then(|t| t.items().get(I).copied()).unwrap_or(Value::NONE))
}
fn hidden_field<const I: usize>(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(cx.read_slot(a[0], I as u32).and_then(Value::bound).unwrap_or(Value::NONE))
}

macro_rules! table {
    ($f:ident: $($n:literal)*) => { [$($f::<$n>),*] };
}
static VISIBLE: [ferropy_vm::NativeImpl; MOST_FIELDS] =
    table!(visible_field: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
static HIDDEN: [ferropy_vm::NativeImpl; MOST_FIELDS] =
    table!(hidden_field: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, sequence, dict={})", seq_new, ""),
    NativeDef::method("__repr__(self, /)", seq_repr, "Return repr(self)."),
    NativeDef::method("__reduce__(self, /)", seq_reduce, ""),
    NativeDef::method("__replace__(self, /, **changes)", seq_replace, "Return a copy with new values for the fields."),
];
static SEALED_METHODS: &[NativeDef] = &[
    NativeDef::method("__repr__(self, /)", seq_repr, "Return repr(self)."),
    NativeDef::method("__reduce__(self, /)", seq_reduce, ""),
];

/// The class of a description; made at its first use.
pub fn class_of(cx: &mut Thread, def: &'static StructSeq) -> R<Gc<Class>> {
    if let Some(c) = cx.registry(def.name).and_then(|v| v.cast::<Class>()) {
        return Ok(c);
    }
    let tuple = cx.builtin(Builtin::Tuple);
    let meta = cx.builtin(Builtin::Type);
    let class = cx.alloc_class(meta.root_shape.get(), meta.extra.get())?;
    let (module, name) = def.name.rsplit_once('.').unwrap_or(("builtins", def.name));
    let (module, name) = (cx.intern(module)?, cx.intern(name)?);
    let hidden = def.fields.len().saturating_sub(def.visible) as u32;
    let own = flags::IMMUTABLE | if def.instantiable { 0 } else { flags::NO_NEW };
    let inherited = tuple.flags.get() & flags::INHERITED;
    cx.init_class(class, name, &[tuple], Tuple::kind(), own | inherited, hidden)?;
    cx.set_registry(def.name, class.value());
    fill_dict(cx, class, def, module)?;
    cx.add_methods(class, if def.instantiable { METHODS } else { SEALED_METHODS })?;
    Ok(class)
}

fn fill_dict(cx: &mut Thread, class: Gc<Class>, def: &'static StructSeq, module: Value) -> R<()> {
    let dict = class.dict();
    let doc = cx.new_str(def.doc)?.value();
    let (module_key, doc_key, match_key) = (cx.name(N::__module__), cx.name(N::__doc__), cx.name(N::__match_args__));
    cx.dict_set_str(dict, module_key, module)?;
    cx.dict_set_str(dict, doc_key, doc)?;
    let unnamed = def.fields.iter().filter(|f| f.0.is_empty()).count();
    let counts = [("n_fields", def.fields.len()), ("n_sequence_fields", def.visible), ("n_unnamed_fields", unnamed)];
    for (key, n) in counts {
        let key = cx.intern(key)?;
        cx.dict_set_str(dict, key, Value::small_int(n as i64))?;
    }
    let names = cx.new_list(&[])?;
    for (i, (field, doc)) in def.fields.iter().enumerate() {
        if field.is_empty() {
            continue;
        }
        let name = cx.intern(field)?;
        if i < def.visible {
            cx.list_append(names, name)?;
        }
        let get = if i < def.visible { VISIBLE[i] } else { HIDDEN[i - def.visible] };
        // Definitions live as long as the process; classes of one description are few.
        let getter: &'static NativeDef = Box::leak(Box::new(NativeDef::getter(field, get, doc)));
        let descr = cx.native_attr(class, getter)?;
        cx.dict_set_str(dict, name, descr)?;
    }
    let names = cx.tuple_from(names.value())?;
    cx.dict_set_str(dict, match_key, names.value())
}

/// An instance: one value a field, visible ones first; missing hidden ones are None.
pub fn make(cx: &mut Thread, def: &'static StructSeq, values: &[Value]) -> R {
    let class = class_of(cx, def)?;
    make_of(cx, class, def.visible, values)
}

/// An instance from values that the collector sees.
fn make_of(cx: &mut Thread, class: Gc<Class>, visible: usize, values: &[Value]) -> R {
    let v = cx.new_tuple_of(class, &values[..visible.min(values.len())])?;
    for (i, x) in values.iter().skip(visible).enumerate() {
        cx.write_slot(v, i as u32, *x)?;
    }
    Ok(v)
}

/// Numbers of all and of visible fields of an instance's class.
fn counts(cx: &mut Thread, class: Gc<Class>) -> R<(usize, usize)> {
    let (all, seq) = (cx.intern("n_fields")?, cx.intern("n_sequence_fields")?);
    let get = |cx: &mut Thread, k| cx.lookup(class, k).and_then(|v| v.as_int()).unwrap_or(0) as usize;
    Ok((get(cx, all), get(cx, seq)))
}

/// Field names by position of the instance's class ("" for unnamed ones), hidden ones behind: from the description.
fn field_names(cx: &mut Thread, class: Gc<Class>) -> R<Vec<&'static str>> {
    let (all, visible) = counts(cx, class)?;
    let mut names = vec![""; all];
    let mut i = 0;
    while let Some((next, _, _, v)) = class.dict().next_entry(i) {
        i = next;
        let Some(f) = v.cast::<ferropy_vm::types::NativeFn>() else { continue };
        for (n, get) in VISIBLE.iter().enumerate().take(visible) {
            if std::ptr::fn_addr_eq(f.def.func, *get) {
                names[n] = f.def.name();
            }
        }
        for (n, get) in HIDDEN.iter().enumerate().take(all - visible) {
            if std::ptr::fn_addr_eq(f.def.func, *get) {
                names[visible + n] = f.def.name();
            }
        }
    }
    Ok(names)
}

fn seq_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else { return Err(cx.type_error("a class is expected")) };
    let (all, visible) = counts(cx, class)?;
    let mut values = match cx.iter(a[1]) {
        Ok(it) => cx.collect(it)?,
        Err(_) => {
            cx.take_pending();
            return Err(cx.type_error("constructor requires a sequence"));
        }
    };
    let given = match a.some(2) {
        None => None,
        Some(d) => match d.cast::<Dict>() {
            Some(d) => Some(d),
            None => {
                let name = cx.type_name(class);
                return Err(cx.type_error(format!("{name}() takes a dict as second arg, if any")));
            }
        },
    };
    let name = cx.type_name(class);
    let n = values.len();
    if n < visible || n > all {
        let (word, count) = match (all == visible, n < visible) {
            (true, _) => ("a", visible),
            (false, true) => ("an at least", visible),
            (false, false) => ("an at most", all),
        };
        return Err(cx.type_error(format!("{name}() takes {word} {count}-sequence ({n}-sequence given)")));
    }
    let names = field_names(cx, class)?;
    let mut used = 0;
    for name in names.iter().skip(n) {
        let key = cx.intern(name)?;
        let v = given.and_then(|d| cx.dict_get_str(d, key));
        used += v.is_some() as usize;
        values.push(v.unwrap_or(Value::NONE));
    }
    if given.is_some_and(|d| d.len() > used) {
        return Err(cx.type_error(format!("{name}() got duplicate or unexpected field name(s)")));
    }
    make_of(cx, class, visible, &values)
}

fn seq_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_of(a[0]);
    let Some(t) = a[0].cast::<Tuple>() else { return Err(cx.type_error("a tuple is expected")) };
    let names = field_names(cx, class)?;
    let mut text = cx.type_name(class).into_bytes();
    text.push(b'(');
    for i in 0..t.len {
        if i > 0 {
            text.extend_from_slice(b", ");
        }
        let r = cx.repr(t.at(i))?;
        text.extend_from_slice(names.get(i).copied().unwrap_or("").as_bytes());
        text.push(b'=');
        text.extend_from_slice(r.bytes());
    }
    text.push(b')');
    Ok(cx.new_wtf8(&text)?.value())
}

/// All fields as (tuple of visible ones, dict of hidden ones).
fn parts(cx: &mut Thread, v: Value) -> R<(Gc<Tuple>, Gc<Dict>)> {
    let class = cx.class_of(v);
    let Some(t) = v.cast::<Tuple>() else { return Err(cx.type_error("a tuple is expected")) };
    let names = field_names(cx, class)?;
    let hidden = cx.new_dict()?;
    for (i, name) in names.iter().enumerate().skip(t.len) {
        let key = cx.intern(name)?;
        let x = cx.read_slot(v, (i - t.len) as u32).and_then(Value::bound).unwrap_or(Value::NONE);
        cx.dict_set_str(hidden, key, x)?;
    }
    let items = cx.new_tuple(t.items())?;
    Ok((items, hidden))
}

fn seq_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_of(a[0]).value();
    let (items, hidden) = parts(cx, a[0])?;
    let args = cx.new_tuple(&[items.value(), hidden.value()])?;
    Ok(cx.new_tuple(&[class, args.value()])?.value())
}

fn seq_replace(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_of(a[0]);
    let Some(changes) = a[1].cast::<Dict>() else { return Err(cx.type_error("keyword arguments expected")) };
    let (all, visible) = counts(cx, class)?;
    let names = field_names(cx, class)?;
    if names.iter().any(|n| n.is_empty()) {
        let name = cx.type_name(class);
        return Err(cx.type_error(format!("__replace__() is not supported for {name} because it has unnamed field(s)")));
    }
    let (items, hidden) = parts(cx, a[0])?;
    let mut values = ferropy_vm::RootedVec::new(cx);
    let mut used = 0;
    for (i, name) in names.iter().enumerate().take(all) {
        let key = cx.intern(name)?;
        let v = match cx.dict_get_str(changes, key) {
            Some(v) => {
                used += 1;
                v
            }
            None if i < visible => items.at(i),
            None => cx.dict_get_str(hidden, key).unwrap_or(Value::NONE),
        };
        values.push(v);
    }
    if used < changes.len() {
        let mut unexpected = Vec::new();
        let mut i = 0;
        while let Some((next, _, k, _)) = changes.next_entry(i) {
            i = next;
            let k = cx.str(k)?.to_lossy();
            if !names.contains(&k.as_str()) {
                unexpected.push(format!("'{k}'"));
            }
        }
        let list = unexpected.join(", ");
        return Err(cx.type_error(format!("Got unexpected field name(s): [{list}]")));
    }
    make_of(cx, class, visible, &values)
}
