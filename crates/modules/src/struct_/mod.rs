//! `_struct`: packing values into bytes and back.
//!
//! Invariant: what is packed is collected in native memory first, so that Python code which runs meanwhile cannot see or
//! resize a half-written buffer.

pub mod layout;

use crate::errors;
use ferropy_text::int as tint;
use ferropy_vm::types::{ByteArray, Bytes, Complex, Str, Tuple};
use ferropy_vm::{
    Args, Buffer, Exc, Field, Gc, NativeDef, R, Raised, RootedVec, Thread, TypeDef, Value, field, heap_kind, null_field,
};
use layout::{Item, Layout};
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// `Struct`.
#[repr(C)]
pub struct StructObject {
    /// The format as str.
    format: Field,
    layout: RefCell<Option<Box<Arc<Layout>>>>,
}
heap_kind!(StructObject, "Struct", 1, drop);

/// What `iter_unpack` returns.
#[repr(C)]
struct UnpackIter {
    /// The exporter, unbound at the end.
    source: Field,
    at: Cell<usize>,
    layout: RefCell<Option<Box<Arc<Layout>>>>,
}
heap_kind!(UnpackIter, "unpack_iterator", 1, drop);

fn error(cx: &mut Thread, message: impl AsRef<str>) -> Raised {
    errors::raise(cx, "struct.error", Exc::Exception, message)
}

fn compile(cx: &mut Thread, format: Value) -> R<Arc<Layout>> {
    let parsed = if let Some(s) = format.cast::<Str>() {
        if !s.is_ascii() {
            let ascii = cx.intern("ascii")?;
            cx.call_method(format, "encode", &[ascii])?;
        }
        check_null(s.bytes()).and_then(|_| layout::cached(s.bytes()))
    } else if let Some(b) = format.cast::<Bytes>() {
        check_null(b.data()).and_then(|_| layout::cached(b.data()))
    } else {
        let class = cx.class_name(format);
        return Err(cx.type_error(format!("Struct() argument 1 must be a str or bytes object, not {class}")));
    };
    parsed.map_err(|m| error(cx, m))
}

fn check_null(format: &[u8]) -> Result<(), &'static str> {
    if format.contains(&0) { Err("embedded null character") } else { Ok(()) }
}

/// Range error of an integer code.
fn out_of_range(cx: &mut Thread, code: u8, size: usize, signed: bool) -> Raised {
    let bits = size as u32 * 8;
    let (low, high) =
        if signed { (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1) } else { (0, (1i128 << bits) - 1) };
    error(cx, format!("'{}' format requires {low} <= number <= {high}", code as char))
}

fn pack_int(cx: &mut Thread, item: Item, big_endian: bool, v: Value, out: &mut Vec<u8>) -> R<()> {
    if !cx.has_index(v) {
        return Err(error(cx, "required argument is not an integer"));
    }
    let n = cx.index_value(v)?.to_ibig().unwrap_or_default();
    let signed = matches!(item.code, b'b' | b'h' | b'i' | b'l' | b'q' | b'n');
    if item.code == b'P' && tint::is_negative(&n) && i64::try_from(&n).is_ok() {
        let bits = i64::try_from(&n).unwrap_or(0) as u64;
        out.extend_from_slice(&bits.to_le_bytes());
        return Ok(());
    }
    let order = if big_endian { tint::Endian::Big } else { tint::Endian::Little };
    match tint::to_bytes(&n, item.size, order, signed) {
        Ok(b) => out.extend_from_slice(&b),
        Err(_) if item.code == b'P' => return Err(cx.overflow_error("int too large to convert")),
        Err(_) => return Err(out_of_range(cx, item.code, item.size, signed)),
    }
    Ok(())
}

fn push(out: &mut Vec<u8>, little: &[u8], big_endian: bool) {
    if big_endian {
        out.extend(little.iter().rev());
    } else {
        out.extend_from_slice(little);
    }
}

fn pack_float(cx: &mut Thread, x: f64, code: u8, big_endian: bool, out: &mut Vec<u8>) -> R<()> {
    match code {
        b'e' => match layout::half_from_f64(x) {
            Some(h) => push(out, &h.to_le_bytes(), big_endian),
            None => return Err(cx.overflow_error("float too large to pack with e format")),
        },
        b'f' | b'F' => {
            let f = x as f32;
            if f.is_infinite() && x.is_finite() {
                return Err(cx.overflow_error("float too large to pack with f format"));
            }
            push(out, &f.to_le_bytes(), big_endian);
        }
        _ => push(out, &x.to_le_bytes(), big_endian),
    }
    Ok(())
}

fn float_argument(cx: &mut Thread, v: Value) -> R<f64> {
    let r = cx.to_f64(v);
    match cx.catch(Exc::TypeError, r)? {
        Some(x) => Ok(x),
        None => Err(error(cx, "required argument is not a float")),
    }
}

fn complex_argument(cx: &mut Thread, v: Value) -> R<(f64, f64)> {
    if let Some(c) = v.cast::<Complex>() {
        return Ok((c.re, c.im));
    }
    let r = ferropy_builtins::complex_::number(cx, v);
    match cx.catch(Exc::TypeError, r)? {
        Some(Some(n)) => Ok(n.value),
        _ => Err(error(cx, "required argument is not a complex")),
    }
}

/// One value of an item other than `s` and `p`.
fn pack_value(cx: &mut Thread, item: Item, big_endian: bool, v: Value, out: &mut Vec<u8>) -> R<()> {
    match item.code {
        b'c' => match v.cast::<Bytes>().filter(|b| b.len == 1) {
            Some(b) => out.push(b.data()[0]),
            None => {
                let one = v.cast::<ByteArray>().filter(|b| b.len.get() == 1);
                if one.is_none() {
                    return Err(error(cx, "char format requires a bytes object of length 1"));
                }
                let data = cx.bytes_of(v)?;
                out.extend_from_slice(&data);
            }
        },
        b'?' => {
            let b = cx.truth(v)?;
            out.push(b as u8);
        }
        b'e' | b'f' | b'd' => {
            let x = float_argument(cx, v)?;
            pack_float(cx, x, item.code, big_endian, out)?;
        }
        b'F' | b'D' => {
            let (re, im) = complex_argument(cx, v)?;
            pack_float(cx, re, item.code, big_endian, out)?;
            pack_float(cx, im, item.code, big_endian, out)?;
        }
        _ => pack_int(cx, item, big_endian, v, out)?,
    }
    Ok(())
}

fn pack_text(cx: &mut Thread, item: Item, v: Value, out: &mut Vec<u8>) -> R<()> {
    if v.cast::<Bytes>().is_none() && v.cast::<ByteArray>().is_none() {
        return Err(error(cx, format!("argument for '{}' must be a bytes object", item.code as char)));
    }
    let data = cx.bytes_of(v)?;
    let end = item.offset + item.repeat;
    if item.code == b's' {
        out.extend_from_slice(&data[..data.len().min(item.repeat)]);
    } else if item.repeat > 0 {
        let n = data.len().min(item.repeat - 1);
        out.push(n.min(255) as u8);
        out.extend_from_slice(&data[..n]);
    }
    out.resize(end, 0);
    Ok(())
}

/// Packs the values; their number was checked.
fn pack_all(cx: &mut Thread, layout: &Layout, values: &[Value]) -> R<Vec<u8>> {
    let mut out = Vec::with_capacity(layout.size.min(1 << 20));
    let mut next = 0;
    for item in &layout.items {
        out.resize(item.offset, 0);
        if matches!(item.code, b's' | b'p') {
            pack_text(cx, *item, values[next], &mut out)?;
            next += 1;
            continue;
        }
        for _ in 0..item.repeat {
            pack_value(cx, *item, layout.big_endian, values[next], &mut out)?;
            next += 1;
        }
    }
    out.resize(layout.size, 0);
    Ok(out)
}

fn check_count(cx: &mut Thread, what: &str, layout: &Layout, got: usize) -> R<()> {
    if got == layout.count {
        return Ok(());
    }
    let want = layout.count;
    Err(error(cx, format!("{what} expected {want} items for packing (got {got})")))
}

fn unpack_value(cx: &mut Thread, item: Item, layout: &Layout, data: &[u8]) -> R {
    let mut little = [0u8; 16];
    let n = data.len();
    little[..n].copy_from_slice(data);
    if layout.big_endian {
        little[..n].reverse();
    }
    let word =
        u64::from_le_bytes([little[0], little[1], little[2], little[3], little[4], little[5], little[6], little[7]]);
    let high = u64::from_le_bytes([
        little[8], little[9], little[10], little[11], little[12], little[13], little[14], little[15],
    ]);
    match item.code {
        b'c' => Ok(cx.new_bytes(data)?.value()),
        b'?' => Ok(Value::bool(data[0] != 0)),
        b'e' => cx.float(layout::half_to_f64(word as u16)),
        b'f' => cx.float(f32::from_bits(word as u32) as f64),
        b'd' => cx.float(f64::from_bits(word)),
        b'F' => {
            let (a, b) = (f32::from_bits(word as u32) as f64, f32::from_bits((word >> 32) as u32) as f64);
            if layout.big_endian { cx.complex(b, a) } else { cx.complex(a, b) }
        }
        b'D' => {
            let (a, b) = (f64::from_bits(word), f64::from_bits(high));
            if layout.big_endian { cx.complex(b, a) } else { cx.complex(a, b) }
        }
        b'b' | b'h' | b'i' | b'l' | b'q' | b'n' => {
            let shift = 64 - 8 * n as u32;
            cx.int(((word << shift) as i64) >> shift)
        }
        _ => cx.uint(word),
    }
}

/// The values of `data`, whose length is the layout's size.
fn unpack_all(cx: &mut Thread, layout: &Layout, data: &[u8]) -> R {
    let mut out = RootedVec::new(cx);
    for item in &layout.items {
        match item.code {
            b's' => {
                let b = cx.new_bytes(&data[item.offset..item.offset + item.repeat])?;
                out.push(b);
            }
            b'p' => {
                let field = &data[item.offset..item.offset + item.repeat];
                let n = field.first().map_or(0, |n| (*n as usize).min(field.len() - 1));
                let b = cx.new_bytes(if n == 0 { &[] } else { &field[1..=n] })?;
                out.push(b);
            }
            _ => {
                for i in 0..item.repeat {
                    let at = item.offset + i * item.size;
                    let v = unpack_value(cx, *item, layout, &data[at..at + item.size])?;
                    out.push(v);
                }
            }
        }
    }
    Ok(cx.new_tuple(&out)?.value())
}

fn pack(cx: &mut Thread, layout: &Layout, values: Gc<Tuple>) -> R {
    check_count(cx, "pack", layout, values.len)?;
    let data = pack_all(cx, layout, values.items())?;
    Ok(cx.new_bytes(&data)?.value())
}

fn pack_into(cx: &mut Thread, layout: &Layout, args: Gc<Tuple>) -> R {
    if args.len < 2 {
        let what = if args.len == 0 { "buffer" } else { "offset" };
        return Err(error(cx, format!("pack_into expected {what} argument")));
    }
    check_count(cx, "pack_into", layout, args.len - 2)?;
    let len = cx.buffer_mut(args.at(0))?.len;
    let offset = cx.index(args.at(1))?;
    let at = pack_offset(cx, layout, offset, len)?;
    let data = pack_all(cx, layout, &args.items()[2..])?;
    let buffer = cx.buffer_mut(args.at(0))?;
    if at + data.len() > buffer.len {
        return Err(cx.error(Exc::BufferError, "buffer changed its size during packing"));
    }
    buffer.bytes_mut()[at..at + data.len()].copy_from_slice(&data);
    Ok(Value::NONE)
}

fn pack_offset(cx: &mut Thread, layout: &Layout, offset: i64, len: usize) -> R<usize> {
    let size = layout.size as i64;
    let mut at = offset;
    if offset < 0 {
        if offset + size > 0 {
            return Err(error(cx, format!("no space to pack {size} bytes at offset {offset}")));
        }
        at = offset + len as i64;
        if at < 0 {
            return Err(error(cx, format!("offset {offset} out of range for {len}-byte buffer")));
        }
    }
    if (len as i64) - at < size {
        let need = at as u64 + size as u64;
        return Err(error(
            cx,
            format!(
                "pack_into requires a buffer of at least {need} bytes for packing {size} bytes at offset {at} (actual \
                 buffer size is {len})"
            ),
        ));
    }
    Ok(at as usize)
}

/// A copy of part of a buffer: unpacking allocates.
fn part(b: &Buffer, at: usize, len: usize) -> Vec<u8> {
    b.bytes()[at..at + len].to_vec()
}

fn unpack(cx: &mut Thread, layout: &Layout, source: Value) -> R {
    let b = cx.buffer(source)?;
    if b.len != layout.size {
        return Err(error(cx, format!("unpack requires a buffer of {} bytes", layout.size)));
    }
    let data = part(&b, 0, b.len);
    unpack_all(cx, layout, &data)
}

fn unpack_from(cx: &mut Thread, layout: &Layout, source: Value, offset: Option<Value>) -> R {
    let offset = match offset {
        Some(v) => cx.index(v)?,
        None => 0,
    };
    let b = cx.buffer(source)?;
    let (len, size) = (b.len as i64, layout.size as i64);
    let mut at = offset;
    if offset < 0 {
        if offset + size > 0 {
            return Err(error(cx, format!("not enough data to unpack {size} bytes at offset {offset}")));
        }
        at = offset + len;
        if at < 0 {
            return Err(error(cx, format!("offset {offset} out of range for {len}-byte buffer")));
        }
    }
    if len - at < size {
        let need = at as u64 + size as u64;
        return Err(error(
            cx,
            format!(
                "unpack_from requires a buffer of at least {need} bytes for unpacking {size} bytes at offset {at} \
                 (actual buffer size is {len})"
            ),
        ));
    }
    let data = part(&b, at as usize, layout.size);
    unpack_all(cx, layout, &data)
}

fn iter_unpack(cx: &mut Thread, layout: Arc<Layout>, source: Value) -> R {
    if layout.size == 0 {
        return Err(error(cx, "cannot iteratively unpack with a struct of length 0"));
    }
    let b = cx.buffer(source)?;
    if b.len % layout.size != 0 {
        let size = layout.size;
        return Err(error(cx, format!("iterative unpacking requires a buffer of a multiple of {size} bytes")));
    }
    let class = cx.native_class(&UNPACK_ITER)?;
    let it = UnpackIter { source: field(source), at: 0.into(), layout: RefCell::new(Some(Box::new(layout))) };
    Ok(cx.alloc_of(class, it)?.value())
}

fn this_iter(cx: &mut Thread, v: Value) -> R<Gc<UnpackIter>> {
    v.cast::<UnpackIter>().ok_or_else(|| cx.type_error("an unpack_iterator is required"))
}

fn iter_layout(it: Gc<UnpackIter>) -> Option<Arc<Layout>> {
    it.layout.borrow().as_ref().map(|l| Arc::clone(l))
}

fn iter_self(_cx: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}

fn iter_next(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this_iter(cx, a[0])?;
    if let (Some(source), Some(layout)) = (it.source.get().bound(), iter_layout(it)) {
        let b = cx.buffer(source)?;
        let at = it.at.get();
        if at + layout.size <= b.len {
            it.at.set(at + layout.size);
            let data = part(&b, at, layout.size);
            return unpack_all(cx, &layout, &data);
        }
        it.source.set(cx, it, Value::NULL);
    }
    Err(cx.stop_iteration(Value::NULL))
}

fn iter_length_hint(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this_iter(cx, a[0])?;
    let (Some(source), Some(layout)) = (it.source.get().bound(), iter_layout(it)) else {
        return Ok(Value::small_int(0));
    };
    let len = cx.buffer(source)?.len;
    cx.uint((len.saturating_sub(it.at.get()) / layout.size) as u64)
}

static UNPACK_ITER: TypeDef = TypeDef::new::<UnpackIter>(
    "_struct.unpack_iterator",
    &[
        NativeDef::method("__iter__(self, /)", iter_self, "Implement iter(self)."),
        NativeDef::method("__next__(self, /)", iter_next, "Implement next(self)."),
        NativeDef::method("__length_hint__(self, /)", iter_length_hint, ""),
    ],
    "",
)
.flags(ferropy_vm::class::flags::IMMUTABLE | ferropy_vm::class::flags::NO_NEW);

fn this(cx: &mut Thread, v: Value) -> R<Arc<Layout>> {
    let Some(s) = v.cast::<StructObject>() else { return Err(cx.type_error("a Struct object is required")) };
    match s.layout.borrow().as_ref() {
        Some(l) => Ok(Arc::clone(l)),
        None => Err(cx.runtime_error("Struct object is not initialized")),
    }
}

fn struct_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<ferropy_vm::types::Class>() else {
        return Err(cx.type_error("Struct.__new__(X): X is not a type object"));
    };
    let s = StructObject { format: null_field(), layout: RefCell::new(None) };
    Ok(cx.alloc_of(class, s)?.value())
}

fn struct_init(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(s) = a[0].cast::<StructObject>() else { return Err(cx.type_error("a Struct object is required")) };
    let layout = compile(cx, a[1])?;
    let format = match a[1].cast::<Bytes>() {
        Some(b) => {
            let text = String::from_utf8_lossy(b.data()).into_owned();
            cx.new_str(&text)?.value()
        }
        None => a[1],
    };
    s.format.set(cx, s, format);
    *s.layout.borrow_mut() = Some(Box::new(layout));
    Ok(Value::NONE)
}

fn tuple_arg(v: Value) -> Gc<Tuple> {
    // SAFETY: only called on `*args` parameters, which the binder made tuples.
    unsafe { v.cast_unchecked() }
}

fn struct_pack(cx: &mut Thread, a: Args<'_>) -> R {
    let layout = this(cx, a[0])?;
    pack(cx, &layout, tuple_arg(a[1]))
}
fn struct_pack_into(cx: &mut Thread, a: Args<'_>) -> R {
    let layout = this(cx, a[0])?;
    pack_into(cx, &layout, tuple_arg(a[1]))
}
fn struct_unpack(cx: &mut Thread, a: Args<'_>) -> R {
    let layout = this(cx, a[0])?;
    unpack(cx, &layout, a[1])
}
fn struct_unpack_from(cx: &mut Thread, a: Args<'_>) -> R {
    let layout = this(cx, a[0])?;
    unpack_from(cx, &layout, a[1], a.opt(2))
}
fn struct_iter_unpack(cx: &mut Thread, a: Args<'_>) -> R {
    let layout = this(cx, a[0])?;
    iter_unpack(cx, layout, a[1])
}
fn struct_format(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    // SAFETY: `this` checked the kind.
    Ok(unsafe { a[0].cast_unchecked::<StructObject>() }.format.get())
}
fn struct_size(cx: &mut Thread, a: Args<'_>) -> R {
    let size = a[0].cast::<StructObject>().and_then(|s| s.layout.borrow().as_ref().map(|l| l.size as i64));
    cx.int(size.unwrap_or(-1))
}
fn struct_sizeof(cx: &mut Thread, a: Args<'_>) -> R {
    let layout = this(cx, a[0])?;
    cx.uint((size_of::<StructObject>() + size_of::<Layout>() + layout.items.len() * size_of::<Item>()) as u64)
}
fn struct_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let format = struct_format(cx, a)?;
    let (class, format) = (cx.class_of(a[0]).name(), cx.repr(format)?.to_lossy());
    Ok(cx.new_str(&format!("{class}({format})"))?.value())
}

static STRUCT: TypeDef = TypeDef::new::<StructObject>(
    "_struct.Struct",
    &[
        NativeDef::static_method("__new__(cls, *args, **kwargs)", struct_new, "Create and return a new object."),
        NativeDef::method("__init__(self, format)", struct_init, ""),
        NativeDef::method("__repr__(self, /)", struct_repr, "Return repr(self)."),
        NativeDef::method(
            "pack(self, *values)",
            struct_pack,
            "Return a bytes object containing values packed according to the format.",
        ),
        NativeDef::method(
            "pack_into(self, *values)",
            struct_pack_into,
            "Pack values and write the packed bytes into the buffer.",
        ),
        NativeDef::method("unpack(self, buffer, /)", struct_unpack, "Return a tuple containing unpacked values."),
        NativeDef::method(
            "unpack_from(self, /, buffer, offset=0)",
            struct_unpack_from,
            "Return a tuple containing unpacked values.",
        ),
        NativeDef::method("iter_unpack(self, buffer, /)", struct_iter_unpack, "Return an iterator yielding tuples."),
        NativeDef::method("__sizeof__(self, /)", struct_sizeof, "Returns size in memory, in bytes."),
        NativeDef::getter("format", struct_format, "struct format string"),
        NativeDef::getter("size", struct_size, "struct size in bytes"),
    ],
    "Struct(fmt) --> compiled struct object",
);

fn m_calcsize(cx: &mut Thread, a: Args<'_>) -> R {
    let layout = compile(cx, a[0])?;
    cx.uint(layout.size as u64)
}
fn m_pack(cx: &mut Thread, a: Args<'_>) -> R {
    let layout = compile(cx, a[0])?;
    pack(cx, &layout, tuple_arg(a[1]))
}
fn m_pack_into(cx: &mut Thread, a: Args<'_>) -> R {
    let layout = compile(cx, a[0])?;
    pack_into(cx, &layout, tuple_arg(a[1]))
}
fn m_unpack(cx: &mut Thread, a: Args<'_>) -> R {
    let layout = compile(cx, a[0])?;
    unpack(cx, &layout, a[1])
}
fn m_unpack_from(cx: &mut Thread, a: Args<'_>) -> R {
    let layout = compile(cx, a[0])?;
    unpack_from(cx, &layout, a[1], a.opt(2))
}
fn m_iter_unpack(cx: &mut Thread, a: Args<'_>) -> R {
    let layout = compile(cx, a[0])?;
    iter_unpack(cx, layout, a[1])
}
fn m_clearcache(_cx: &mut Thread, _a: Args<'_>) -> R {
    layout::clear();
    Ok(Value::NONE)
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("_clearcache()", m_clearcache, "Clear the internal cache."),
    NativeDef::function(
        "calcsize(format, /)",
        m_calcsize,
        "Return size in bytes of the struct described by the format string.",
    ),
    NativeDef::function(
        "pack(format, /, *values)",
        m_pack,
        "Return a bytes object containing the values packed according to the format string.",
    ),
    NativeDef::function(
        "pack_into(format, /, *values)",
        m_pack_into,
        "Pack values and write the packed bytes into the buffer.",
    ),
    NativeDef::function(
        "unpack(format, buffer, /)",
        m_unpack,
        "Return a tuple containing values unpacked according to the format string.",
    ),
    NativeDef::function(
        "unpack_from(format, /, buffer, offset=0)",
        m_unpack_from,
        "Return a tuple containing values unpacked according to the format string.",
    ),
    NativeDef::function(
        "iter_unpack(format, buffer, /)",
        m_iter_unpack,
        "Return an iterator yielding tuples unpacked from the given bytes source.",
    ),
];

fn init(cx: &mut Thread) -> R {
    let doc = "Functions to convert between Python values and C structs.";
    let m = cx.module_with("_struct", doc, FUNCTIONS)?;
    cx.module_class(m, &STRUCT)?;
    let e = errors::exception(cx, "struct.error", Exc::Exception)?;
    cx.module_set(m, "error", e)?;
    Ok(m.value())
}

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_struct", init);
}
