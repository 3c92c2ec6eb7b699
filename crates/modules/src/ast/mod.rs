//! `_ast`: the classes of abstract syntax trees.

pub mod build;
pub mod convert;
pub mod expr;
pub mod place;
pub mod rows;

use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, Instance, Str, Tuple};
use ferropy_vm::{Args, BinOp, Builtin, Exc, Gc, HeapObject, N, NativeDef, R, Thread, TypeDef, Value};
use rows::{ROWS, Row};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_ast", module);
}

pub static AST: TypeDef = TypeDef::new::<Instance>("ast.AST", AST_METHODS, "")
    .flags(flags::BASE | flags::HAS_DICT | flags::WEAKREF | flags::HEAP);
static AST_METHODS: &[NativeDef] = &[
    NativeDef::method("__init__(self, /, *args, **kwargs)", ast_init, "Initialize self."),
    NativeDef::method("__reduce__(self, /)", ast_reduce, ""),
    NativeDef::method("__replace__(self, /, **fields)", ast_replace, "Return a copy with new values for the fields."),
    NativeDef::method("__repr__(self, /)", ast_repr, "Return repr(self)."),
];

const CLASSES: &str = "ast.classes";

/// All node classes by name; made at first use.
fn classes(cx: &mut Thread) -> R<Gc<Dict>> {
    if let Some(d) = cx.registry(CLASSES).and_then(|v| v.cast()) {
        return Ok(d);
    }
    let d = cx.new_dict()?;
    let base = cx.native_class(&AST)?;
    let empty = cx.vm().empty_tuple;
    for name in ["_fields", "_attributes", "__match_args__"] {
        set(cx, base, name, empty)?;
    }
    let types = cx.new_dict()?.value();
    set(cx, base, "_field_types", types)?;
    let key = cx.intern("AST")?;
    cx.dict_set_str(d, key, base.value())?;
    for row in ROWS {
        let class = make_class(cx, d, row)?;
        let key = cx.intern(row.name)?;
        cx.dict_set_str(d, key, class.value())?;
    }
    cx.set_registry(CLASSES, d.value());
    cx.set_registry("ast.AST", base.value());
    for row in ROWS {
        field_types(cx, d, row)?;
    }
    Ok(d)
}

/// The node class of a name.
pub fn class(cx: &mut Thread, name: &str) -> R<Gc<Class>> {
    let d = classes(cx)?;
    lookup(cx, d, name)
}
fn lookup(cx: &mut Thread, d: Gc<Dict>, name: &str) -> R<Gc<Class>> {
    let key = cx.intern(name)?;
    match cx.dict_get_str(d, key).and_then(|v| v.cast()) {
        Some(c) => Ok(c),
        None => Err(cx.error(Exc::SystemError, format!("no node class {name}"))),
    }
}
fn set(cx: &mut Thread, class: Gc<Class>, name: &str, v: Value) -> R<()> {
    let key = cx.intern(name)?;
    cx.dict_set_str(class.dict(), key, v)
}

fn make_class(cx: &mut Thread, d: Gc<Dict>, row: &'static Row) -> R<Gc<Class>> {
    let base = lookup(cx, d, row.base)?;
    let meta = cx.builtin(Builtin::Type);
    let class = cx.alloc_class(meta.root_shape.get(), meta.extra.get())?;
    let name = cx.intern(row.name)?;
    let own = flags::BASE | flags::HAS_DICT | flags::WEAKREF | flags::HEAP;
    cx.init_class(class, name, &[base], Instance::kind(), own | base.flags.get() & flags::INHERITED, 0)?;
    let (key, module) = (cx.name(N::__module__), cx.intern("ast")?);
    cx.dict_set_str(class.dict(), key, module)?;
    let names = cx.new_list(&[])?;
    for (kind, field) in rows::fields(row) {
        let key = cx.intern(field)?;
        cx.list_append(names, key)?;
        if kind.ends_with('?') {
            cx.dict_set_str(class.dict(), key, Value::NONE)?;
        }
    }
    let names = cx.tuple_from(names.value())?.value();
    set(cx, class, "_fields", names)?;
    set(cx, class, "__match_args__", names)?;
    let doc = cx.new_str(&doc(row))?.value();
    set(cx, class, "__doc__", doc)?;
    if row.located {
        let list = cx.new_list(&[])?;
        for name in ["lineno", "col_offset", "end_lineno", "end_col_offset"] {
            let key = cx.intern(name)?;
            cx.list_append(list, key)?;
            if name.starts_with("end") && row.name != "type_param" {
                cx.dict_set_str(class.dict(), key, Value::NONE)?;
            }
        }
        let attributes = cx.tuple_from(list.value())?.value();
        set(cx, class, "_attributes", attributes)?;
    } else if row.base == "AST" {
        let empty = cx.vm().empty_tuple;
        set(cx, class, "_attributes", empty)?;
    }
    // Abstract bases have a new `__new__` cache; nothing looked these classes up yet.
    cx.type_modified(class);
    Ok(class)
}

/// `Name(expr a, stmt* b)`; of a sum, its alternatives.
fn doc(row: &Row) -> String {
    let subs: Vec<&Row> = ROWS.iter().filter(|r| r.base == row.name).collect();
    let text = |r: &Row| if r.fields.is_empty() { r.name.to_owned() } else { format!("{}({})", r.name, r.fields) };
    if subs.is_empty() {
        return text(row);
    }
    let indent = format!("\n{}| ", " ".repeat(row.name.len() + 1));
    format!("{} = {}", row.name, subs.iter().map(|r| text(r)).collect::<Vec<_>>().join(&indent))
}

/// Fills `_field_types`.
fn field_types(cx: &mut Thread, d: Gc<Dict>, row: &'static Row) -> R<()> {
    let types = cx.new_dict()?;
    for (kind, field) in rows::fields(row) {
        let plain = kind.trim_end_matches(['*', '?']);
        let class = match plain {
            "identifier" | "string" => cx.builtin(Builtin::Str),
            "int" => cx.builtin(Builtin::Int),
            "constant" => cx.builtin(Builtin::Object),
            _ => lookup(cx, d, plain)?,
        };
        let t = match kind.as_bytes().last() {
            Some(b'*') => {
                let list = cx.builtin(Builtin::List).value();
                cx.getitem(list, class.value())?
            }
            Some(b'?') => cx.binary(BinOp::Or, class.value(), Value::NONE)?,
            _ => class.value(),
        };
        let key = cx.intern(field)?;
        cx.dict_set_str(types, key, t)?;
    }
    let class = lookup(cx, d, row.name)?;
    set(cx, class, "_field_types", types.value())
}

/// The row of a class or of the nearest base that has one.
fn row_of(class: Gc<Class>) -> Option<&'static Row> {
    class.mro().items().iter().filter_map(|c| c.cast::<Class>()).find_map(|c| rows::find(&c.name()))
}

/// The names in a class attribute that is a sequence of strings.
fn names(cx: &mut Thread, class: Gc<Class>, attribute: &str) -> R<Gc<Tuple>> {
    let key = cx.intern(attribute)?;
    match cx.getattr_opt(class.value(), key)? {
        Some(v) => cx.tuple_from(v),
        None => cx.new_tuple(&[]),
    }
}
fn has_name(t: Gc<Tuple>, name: Value) -> bool {
    let text = |v: Value| v.cast::<Str>().map(|s| s.bytes().to_vec());
    t.items().iter().any(|n| text(*n).is_some() && text(*n) == text(name))
}

fn ast_init(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_of(a[0]);
    let fields = names(cx, class, "_fields")?;
    let (Some(args), Some(kw)) = (a[1].cast::<Tuple>(), a[2].cast::<Dict>()) else {
        return Err(cx.type_error("arguments expected"));
    };
    let name = class.name();
    if args.len > fields.len {
        let s = if fields.len == 1 { "" } else { "s" };
        return Err(cx.type_error(format!("{name} constructor takes at most {} positional argument{s}", fields.len)));
    }
    for i in 0..args.len {
        set_field(cx, a[0], fields.at(i), args.at(i))?;
    }
    let attributes = names(cx, class, "_attributes")?;
    let mut i = 0;
    while let Some((next, _, k, v)) = kw.next_entry(i) {
        i = next;
        let position = fields
            .items()
            .iter()
            .position(|f| f.cast::<Str>().map(|s| s.bytes().to_vec()) == k.cast::<Str>().map(|s| s.bytes().to_vec()));
        let text = cx.str(k)?.to_lossy();
        match position {
            Some(p) if p < args.len => {
                return Err(cx.type_error(format!("{name} got multiple values for argument '{text}'")));
            }
            None if !has_name(attributes, k) => {
                let message = format!(
                    "{name}.__init__ got an unexpected keyword argument '{text}'. Support for arbitrary keyword arguments \
                     is deprecated and will be removed in Python 3.15."
                );
                cx.warn(Exc::DeprecationWarning, &message)?;
            }
            _ => {}
        }
        set_field(cx, a[0], k, v)?;
    }
    for i in args.len..fields.len {
        let given = match fields.at(i).cast::<Str>() {
            Some(s) => {
                let key = cx.intern_str(s)?;
                cx.dict_get_str(kw, key).is_some()
            }
            None => true,
        };
        if !given {
            default_field(cx, a[0], class, fields.at(i))?;
        }
    }
    Ok(Value::NONE)
}
fn set_field(cx: &mut Thread, v: Value, name: Value, x: Value) -> R<()> {
    let Some(s) = name.cast::<Str>() else { return Err(cx.type_error("field names must be strings")) };
    let key = cx.intern_str(s)?;
    cx.setattr(v, key, x)
}

/// A field that was not given: an empty list, Load(), nothing if optional, else a warning.
fn default_field(cx: &mut Thread, v: Value, class: Gc<Class>, field: Value) -> R<()> {
    let text = cx.str(field)?.to_lossy();
    let kind = row_of(class).and_then(|r| rows::fields(r).find(|f| f.1 == text)).map(|f| f.0);
    match kind {
        Some(k) if k.ends_with('?') => Ok(()),
        Some(k) if k.ends_with('*') => {
            let list = cx.new_list(&[])?.value();
            set_field(cx, v, field, list)
        }
        Some("expr_context") => {
            let load = singleton(cx, "Load")?;
            set_field(cx, v, field, load)
        }
        Some(_) => {
            let message = format!(
                "{}.__init__ missing 1 required positional argument: '{text}'. This will become an error in Python 3.15.",
                class.name()
            );
            cx.warn(Exc::DeprecationWarning, &message)
        }
        None => {
            let message = format!(
                "Field '{text}' is missing from {}._field_types. This will become an error in Python 3.15.",
                class.name()
            );
            cx.warn(Exc::DeprecationWarning, &message)
        }
    }
}

/// The one instance of a class without fields (`Load`, `Add`, ...).
pub fn singleton(cx: &mut Thread, name: &'static str) -> R {
    let class = class(cx, name)?;
    let all = match cx.registry("ast.singletons").and_then(|v| v.cast::<Dict>()) {
        Some(d) => d,
        None => {
            let d = cx.new_dict()?;
            cx.set_registry("ast.singletons", d.value());
            d
        }
    };
    let key = cx.intern(name)?;
    if let Some(v) = cx.dict_get_str(all, key) {
        return Ok(v);
    }
    let v = cx.alloc_instance(class)?;
    cx.dict_set_str(all, key, v)?;
    Ok(v)
}

fn ast_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_of(a[0]).value();
    let dict = cx.instance_dict(a[0])?;
    let args = cx.vm().empty_tuple;
    Ok(cx.new_tuple(&[class, args, dict])?.value())
}

fn ast_replace(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_of(a[0]);
    let (fields, attributes) = (names(cx, class, "_fields")?, names(cx, class, "_attributes")?);
    let Some(changes) = a[1].cast::<Dict>() else { return Err(cx.type_error("keyword arguments expected")) };
    let mut i = 0;
    while let Some((next, _, k, _)) = changes.next_entry(i) {
        i = next;
        if !has_name(fields, k) && !has_name(attributes, k) {
            let (name, k) = (class.name(), cx.str(k)?.to_lossy());
            return Err(cx.type_error(format!("{name}.__replace__ got an unexpected keyword argument '{k}'.")));
        }
    }
    let kw = cx.new_dict()?;
    for t in [fields, attributes] {
        for i in 0..t.len {
            let Some(s) = t.at(i).cast::<Str>() else { continue };
            let key = cx.intern_str(s)?;
            if let Some(v) = cx.dict_get_str(changes, key) {
                cx.dict_set_str(kw, key, v)?;
            } else if let Some(v) = cx.getattr_opt(a[0], key)? {
                cx.dict_set_str(kw, key, v)?;
            }
        }
    }
    let none = cx.new_tuple(&[])?;
    cx.call_ex(class.value(), none, kw.value())
}

fn ast_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let mut out = Vec::new();
    write_repr(cx, a[0], &mut out, 3)?;
    Ok(cx.new_wtf8(&out)?.value())
}
/// `Name(id='x', ctx=Load())`, cut at some depth; of long lists the ends.
fn write_repr(cx: &mut Thread, v: Value, out: &mut Vec<u8>, depth: usize) -> R<()> {
    let base = cx.native_class(&AST)?;
    let class = cx.class_of(v);
    if !class.is_subclass(base) {
        let r = cx.repr(v)?;
        out.extend_from_slice(r.bytes());
        return Ok(());
    }
    out.extend_from_slice(class.name().as_bytes());
    if depth == 0 {
        out.extend_from_slice(b"(...)");
        return Ok(());
    }
    let fields = names(cx, class, "_fields")?;
    out.push(b'(');
    for i in 0..fields.len {
        let Some(s) = fields.at(i).cast::<Str>() else { continue };
        let key = cx.intern_str(s)?;
        let x = cx.getattr(v, key)?;
        if i > 0 {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(s.bytes());
        out.push(b'=');
        match x.cast::<ferropy_vm::types::List>() {
            Some(list) => {
                out.push(b'[');
                let n = list.len();
                for (shown, j) in [0, n.saturating_sub(1)].into_iter().take(n.min(2)).enumerate() {
                    if shown > 0 {
                        out.extend_from_slice(if n > 2 { b", ..., " } else { b", " });
                    }
                    let item = list.get(j).unwrap_or(Value::NONE);
                    write_repr(cx, item, out, depth - 1)?;
                }
                out.push(b']');
            }
            None => write_repr(cx, x, out, depth - 1)?,
        }
    }
    out.push(b')');
    Ok(())
}

fn module(cx: &mut Thread) -> R {
    let m = cx.module_with("_ast", "", &[])?;
    convert::install(cx)?;
    let d = classes(cx)?;
    let mut i = 0;
    while let Some((next, _, k, v)) = d.next_entry(i) {
        i = next;
        let name = cx.str(k)?.to_lossy();
        cx.module_set(m, &name, v)?;
    }
    for (name, n) in [
        ("PyCF_ALLOW_TOP_LEVEL_AWAIT", 8192),
        ("PyCF_ONLY_AST", 1024),
        ("PyCF_OPTIMIZED_AST", 33792),
        ("PyCF_TYPE_COMMENTS", 4096),
    ] {
        cx.module_set(m, name, Value::small_int(n))?;
    }
    Ok(m.value())
}
