//! The encoder: `make_encoder(...)(object, level)` gives a tuple of pieces (one).

use ferropy_builtins::list::wrong_receiver;
use ferropy_text::{float as tfloat, wtf8};
use ferropy_vm::types::{Class, Dict, List, NativeFn, Str, Tuple};
use ferropy_vm::{Args, Builtin, Field, Gc, HeapObject, NativeDef, R, Thread, TypeDef, Value, field, heap_kind};
use std::cell::Cell;

#[repr(C)]
pub struct Encoder {
    markers: Field,
    default: Field,
    encoder: Field,
    /// The text of one level of indentation, or None.
    indent: Field,
    key_separator: Field,
    item_separator: Field,
    sort_keys: Cell<bool>,
    skip_keys: Cell<bool>,
    allow_nan: Cell<bool>,
    /// 0: call `encoder`; 1: it is our own for ASCII; 2: our own.
    quick: Cell<u8>,
}
heap_kind!(Encoder, "json encoder", 6);

pub static ENCODER: TypeDef = TypeDef::new::<Encoder>(
    "_json.Encoder",
    &[
        NativeDef::static_method(
            "__new__(cls, markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)",
            encoder_new,
            "Create and return a new object.",
        ),
        NativeDef::method("__call__(self, obj, _current_indent_level)", encoder_call, "Call self as a function."),
        NativeDef::getter("markers", |cx, a| Ok(this(cx, a[0])?.markers.get()), "markers"),
        NativeDef::getter("default", |cx, a| Ok(this(cx, a[0])?.default.get()), "default"),
        NativeDef::getter("encoder", |cx, a| Ok(this(cx, a[0])?.encoder.get()), "encoder"),
        NativeDef::getter("indent", |cx, a| Ok(this(cx, a[0])?.indent.get()), "indent"),
        NativeDef::getter("key_separator", |cx, a| Ok(this(cx, a[0])?.key_separator.get()), "key_separator"),
        NativeDef::getter("item_separator", |cx, a| Ok(this(cx, a[0])?.item_separator.get()), "item_separator"),
    ],
    "Encoder(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)",
);

fn this(cx: &mut Thread, v: Value) -> R<Gc<Encoder>> {
    match v.cast() {
        Some(e) => Ok(e),
        None => Err(wrong_receiver(cx, "_json.Encoder", v)),
    }
}

fn encoder_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else { return Err(wrong_receiver(cx, "type", a[0])) };
    if !a[1].is_none() && !ferropy_builtins::dict::is_dict(a[1]) {
        let got = cx.class_name(a[1]);
        return Err(cx.type_error(format!("make_encoder() argument 1 must be dict or None, not {got}")));
    }
    cx.expect_text(a[5], "make_encoder() argument 5")?;
    cx.expect_text(a[6], "make_encoder() argument 6")?;
    let (sort_keys, skip_keys, allow_nan) = (cx.truth(a[7])?, cx.truth(a[8])?, cx.truth(a[9])?);
    let quick = match a[3].cast::<NativeFn>().map(|f| f.def.name()) {
        Some("encode_basestring_ascii") => 1,
        Some("encode_basestring") => 2,
        _ => 0,
    };
    let e = Encoder {
        markers: field(a[1]),
        default: field(a[2]),
        encoder: field(a[3]),
        indent: field(a[4]),
        key_separator: field(a[5]),
        item_separator: field(a[6]),
        sort_keys: sort_keys.into(),
        skip_keys: skip_keys.into(),
        allow_nan: allow_nan.into(),
        quick: quick.into(),
    };
    Ok(cx.alloc_of(class, e)?.value())
}

fn encoder_call(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let level = usize::try_from(cx.index(a[2])?).unwrap_or(0);
    let mut out = Vec::new();
    push_value(cx, e, &mut out, a[1], level)?;
    let text = cx.new_wtf8(&out)?.value();
    Ok(cx.new_tuple(&[text])?.value())
}

/// Appends a string in quotes.
pub fn push_string(out: &mut Vec<u8>, s: &[u8], ascii: bool) {
    out.push(b'"');
    let mut from = 0;
    let mut i = 0;
    while i < s.len() {
        let b = s[i];
        if b >= 0x20 && b != b'"' && b != b'\\' && (b < 0x7f || !ascii) {
            i += 1;
            continue;
        }
        out.extend_from_slice(&s[from..i]);
        let (c, n) = if b < 0x80 { (b as u32, 1) } else { wtf8::decode_at(s, i) };
        push_escaped(out, c);
        i += n;
        from = i;
    }
    out.extend_from_slice(&s[from..]);
    out.push(b'"');
}

fn push_escaped(out: &mut Vec<u8>, c: u32) {
    match c {
        0x22 => out.extend_from_slice(b"\\\""),
        0x5c => out.extend_from_slice(b"\\\\"),
        0x0a => out.extend_from_slice(b"\\n"),
        0x0d => out.extend_from_slice(b"\\r"),
        0x09 => out.extend_from_slice(b"\\t"),
        0x0c => out.extend_from_slice(b"\\f"),
        0x08 => out.extend_from_slice(b"\\b"),
        c if c < 0x10000 => out.extend_from_slice(format!("\\u{c:04x}").as_bytes()),
        c => {
            let c = c - 0x10000;
            out.extend_from_slice(format!("\\u{:04x}\\u{:04x}", 0xd800 + (c >> 10), 0xdc00 + (c & 0x3ff)).as_bytes());
        }
    }
}

fn push_text(cx: &mut Thread, e: Gc<Encoder>, out: &mut Vec<u8>, v: Value) -> R<()> {
    if let (Some(s), true) = (v.cast::<Str>(), e.quick.get() > 0) {
        push_string(out, s.bytes(), e.quick.get() == 1);
        return Ok(());
    }
    let r = cx.call(e.encoder.get(), &[v])?;
    match r.cast::<Str>() {
        Some(s) => out.extend_from_slice(s.bytes()),
        None => {
            let class = cx.class_name(r);
            return Err(cx.type_error(format!("encoder() must return a string, not {class}")));
        }
    }
    Ok(())
}

fn push_number(cx: &mut Thread, e: Gc<Encoder>, out: &mut Vec<u8>, v: Value) -> R<()> {
    let Some(f) = v.as_float() else {
        let text = match v.to_i64() {
            Some(n) => n.to_string(),
            None => {
                let plain = cx.index_value(v)?;
                cx.str(plain)?.to_lossy()
            }
        };
        out.extend_from_slice(text.as_bytes());
        return Ok(());
    };
    if f.is_finite() {
        out.extend_from_slice(tfloat::repr(f).as_bytes());
        return Ok(());
    }
    if !e.allow_nan.get() {
        let text = cx.repr(v)?.to_lossy();
        return Err(cx.value_error(format!("Out of range float values are not JSON compliant: {text}")));
    }
    out.extend_from_slice(if f.is_nan() {
        b"NaN"
    } else if f > 0.0 {
        b"Infinity"
    } else {
        b"-Infinity"
    });
    Ok(())
}

fn push_value(cx: &mut Thread, e: Gc<Encoder>, out: &mut Vec<u8>, v: Value, level: usize) -> R<()> {
    match v {
        Value::NONE => out.extend_from_slice(b"null"),
        Value::TRUE => out.extend_from_slice(b"true"),
        Value::FALSE => out.extend_from_slice(b"false"),
        v if v.cast::<Str>().is_some() => return push_text(cx, e, out, v),
        v if v.is_any_int() || v.as_float().is_some() => return push_number(cx, e, out, v),
        v => return push_container(cx, e, out, v, level),
    }
    Ok(())
}

fn push_container(cx: &mut Thread, e: Gc<Encoder>, out: &mut Vec<u8>, v: Value, level: usize) -> R<()> {
    cx.check_recursion(" while encoding a JSON object")?;
    let k = v.kind();
    let sequence = k == List::kind() || k == Tuple::kind();
    if sequence && item(v, 0).is_none() {
        out.extend_from_slice(b"[]");
        return Ok(());
    }
    if v.cast::<Dict>().is_some_and(|d| d.is_empty()) {
        out.extend_from_slice(b"{}");
        return Ok(());
    }
    let marker = match e.markers.cast::<Dict>() {
        Some(markers) => {
            let id = cx.id(v);
            let id = cx.uint(id as u64)?;
            if cx.dict_get(markers, id)?.is_some() {
                return Err(cx.value_error("Circular reference detected"));
            }
            cx.dict_set(markers, id, v)?;
            Some((markers, id))
        }
        None => None,
    };
    if sequence {
        push_list(cx, e, out, v, level)?;
    } else if k == Dict::kind() {
        push_dict(cx, e, out, v, level)?;
    } else {
        let plain = cx.call(e.default.get(), &[v])?;
        if push_value(cx, e, out, plain, level).is_err() {
            let class = cx.class_name(v);
            return Err(cx.note(&format!("when serializing {class} object")));
        }
    }
    if let Some((markers, id)) = marker {
        cx.dict_remove(markers, id)?;
    }
    Ok(())
}

/// Item `i` of a list (as it is now) or tuple.
fn item(v: Value, i: usize) -> Option<Value> {
    match v.cast::<List>() {
        Some(l) => l.get(i),
        None => v.cast::<Tuple>()?.items().get(i).copied(),
    }
}

fn push_list(cx: &mut Thread, e: Gc<Encoder>, out: &mut Vec<u8>, v: Value, level: usize) -> R<()> {
    out.push(b'[');
    let mut i = 0;
    while let Some(x) = item(v, i) {
        push_gap(out, e, i > 0, level + 1);
        if push_value(cx, e, out, x, level + 1).is_err() {
            let class = cx.class_name(v);
            return Err(cx.note(&format!("when serializing {class} item {i}")));
        }
        i += 1;
    }
    if i > 0 {
        push_gap(out, e, false, level);
    }
    out.push(b']');
    Ok(())
}

fn push_field(out: &mut Vec<u8>, f: &Field) {
    if let Some(s) = f.cast::<Str>() {
        out.extend_from_slice(s.bytes());
    }
}

/// What stands before an item: the separator, and a new line if there is indentation.
fn push_gap(out: &mut Vec<u8>, e: Gc<Encoder>, separator: bool, level: usize) {
    if separator {
        push_field(out, &e.item_separator);
    }
    if let Some(indent) = e.indent.cast::<Str>() {
        out.push(b'\n');
        (0..level).for_each(|_| out.extend_from_slice(indent.bytes()));
    }
}

fn push_dict(cx: &mut Thread, e: Gc<Encoder>, out: &mut Vec<u8>, v: Value, level: usize) -> R<()> {
    out.push(b'{');
    let mut first = true;
    if !e.sort_keys.get()
        && v.shape() == Builtin::Dict as u32
        && let Some(d) = v.cast::<Dict>()
    {
        let mut at = 0;
        while let Some((next, _, k, x)) = d.next_entry(at) {
            push_item(cx, e, out, v, (k, x), &mut first, level + 1)?;
            at = next;
        }
    } else {
        let items = cx.call_method(v, "items", &[])?;
        let items = cx.list_from(items)?;
        if e.sort_keys.get() {
            ferropy_builtins::list::sort_list(cx, items, None, false)?;
        }
        let mut i = 0;
        while let Some(pair) = items.get(i) {
            let Some(pair) = pair.cast::<Tuple>().filter(|t| t.len == 2) else {
                return Err(cx.value_error("items must return 2-tuples"));
            };
            push_item(cx, e, out, v, (pair.at(0), pair.at(1)), &mut first, level + 1)?;
            i += 1;
        }
    }
    if !first {
        push_gap(out, e, false, level);
    }
    out.push(b'}');
    Ok(())
}

fn push_item(
    cx: &mut Thread,
    e: Gc<Encoder>,
    out: &mut Vec<u8>,
    dict: Value,
    (k, x): (Value, Value),
    first: &mut bool,
    level: usize,
) -> R<()> {
    let before = out.len();
    push_gap(out, e, !*first, level);
    if !push_key(cx, e, out, k)? {
        out.truncate(before);
        return Ok(());
    }
    *first = false;
    push_field(out, &e.key_separator);
    if push_value(cx, e, out, x, level).is_err() {
        let exc = cx.take_pending();
        let (class, key) = (cx.class_name(dict), cx.repr(k)?.to_lossy());
        cx.reraise(exc);
        return Err(cx.note(&format!("when serializing {class} item {key}")));
    }
    Ok(())
}

/// Appends a key; false if it is skipped.
fn push_key(cx: &mut Thread, e: Gc<Encoder>, out: &mut Vec<u8>, k: Value) -> R<bool> {
    if k.cast::<Str>().is_some() {
        push_text(cx, e, out, k)?;
        return Ok(true);
    }
    if k.is_none() || k.is_bool() || k.is_any_int() || k.as_float().is_some() {
        let mut text = Vec::new();
        push_value(cx, e, &mut text, k, 0)?;
        let text = cx.new_wtf8(&text)?.value();
        push_text(cx, e, out, text)?;
        return Ok(true);
    }
    if e.skip_keys.get() {
        return Ok(false);
    }
    let class = cx.class_name(k);
    Err(cx.type_error(format!("keys must be str, int, float, bool or None, not {class}")))
}
