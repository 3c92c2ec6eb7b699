//! The operator `%` of str, bytes and bytearray.

use ferropy_text::percent::{self as p, Amount, Field, Parser, Piece};
use ferropy_text::search::Unit;
use ferropy_vm::types::{ByteArray, Bytes, Str, Tuple};
use ferropy_vm::{Builtin as B, Exc, Gc, HeapObject, N, R, Thread, Value};

/// The right operand, as fields consume it.
struct Supply {
    /// The items of a tuple; else `one` is the only argument.
    tuple: Option<Gc<Tuple>>,
    one: Value,
    next: usize,
    mapping: bool,
}

impl Supply {
    fn new(cx: &mut Thread, v: Value, unit: Unit) -> Supply {
        let tuple = v.cast::<Tuple>();
        let k = v.kind();
        let text = match unit {
            Unit::Char => k == Str::kind(),
            Unit::Byte => k == Str::kind() || k == Bytes::kind() || k == ByteArray::kind(),
        };
        let mapping = tuple.is_none() && !text && v.is_ref() && cx.lookup_special(v, N::__getitem__).is_some();
        Supply { tuple, one: v, next: 0, mapping }
    }
    fn next(&mut self, cx: &mut Thread) -> R {
        let found = match self.tuple {
            Some(t) => t.items().get(self.next).copied(),
            None => (self.next == 0).then_some(self.one),
        };
        self.next += 1;
        match found {
            Some(v) => Ok(v),
            None => Err(cx.type_error(p::NOT_ENOUGH)),
        }
    }
    fn all_used(&self) -> bool {
        self.mapping || self.next >= self.tuple.map_or(1, |t| t.len)
    }
}

/// `str % v`.
pub fn format_text(cx: &mut Thread, s: Gc<Str>, v: Value) -> R {
    let out = run(cx, s.bytes(), v, Unit::Char)?;
    super::keep(s);
    super::same_or_new(cx, &out, [s.value(), v])
}

/// `bytes % v`.
pub fn format_bytes(cx: &mut Thread, format: &[u8], v: Value) -> R<Vec<u8>> {
    run(cx, format, v, Unit::Byte)
}

fn run(cx: &mut Thread, format: &[u8], v: Value, unit: Unit) -> R<Vec<u8>> {
    let mut out = Vec::with_capacity(format.len() + 16);
    let mut supply = Supply::new(cx, v, unit);
    let mut parser = Parser::new(format, unit);
    loop {
        match parser.next_piece() {
            Ok(None) => break,
            Ok(Some(Piece::Literal(text))) => out.extend_from_slice(text),
            Ok(Some(Piece::Plain(field))) => {
                let v = supply.next(cx)?;
                match (field.letter(), v.as_int()) {
                    (_, Some(n)) if unit == Unit::Char => p::push_decimal(&mut out, n),
                    (Some(b's'), None) if unit == Unit::Char => out.extend_from_slice(cx.str(v)?.bytes()),
                    _ => convert(cx, &field, v, unit, &mut out)?,
                }
            }
            Ok(Some(Piece::Field(field))) => one_field(cx, field, &mut supply, unit, &mut out)?,
            Err(e) => return Err(cx.text_error(e)),
        }
    }
    if !(supply.all_used() || supply.tuple.is_none() && supply.next > 0) {
        return Err(cx.type_error(if unit == Unit::Char { p::STR_NOT_ALL } else { p::BYTES_NOT_ALL }));
    }
    Ok(out)
}

fn one_field(cx: &mut Thread, mut field: Field<'_>, supply: &mut Supply, unit: Unit, out: &mut Vec<u8>) -> R<()> {
    let mut keyed;
    let supply = match field.key {
        None => supply,
        Some(key) => {
            if !supply.mapping {
                return Err(cx.type_error(p::NEEDS_MAPPING));
            }
            let key = match unit {
                Unit::Char => cx.new_wtf8(key)?.value(),
                Unit::Byte => cx.new_bytes(key)?.value(),
            };
            let one = cx.getitem(supply.one, key)?;
            keyed = Supply { tuple: None, one, next: 0, mapping: true };
            &mut keyed
        }
    };
    if field.width == Some(Amount::Star) {
        let n = star(cx, supply)?;
        field.set_width(n);
    }
    if field.precision == Some(Amount::Star) {
        let n = star(cx, supply)?;
        match i32::try_from(n) {
            Ok(_) => field.set_precision(n),
            Err(_) => return Err(cx.overflow_error("Python int too large to convert to C int")),
        }
    }
    let v = supply.next(cx)?;
    check_sizes(cx, &field)?;
    convert(cx, &field, v, unit, out)
}

fn star(cx: &mut Thread, supply: &mut Supply) -> R<i64> {
    let v = supply.next(cx)?;
    if !v.is_any_int() {
        return Err(cx.type_error(p::STAR_WANTS_INT));
    }
    match v.to_i64() {
        Some(n) => Ok(n),
        None => Err(cx.overflow_error("Python int too large to convert to C ssize_t")),
    }
}

/// Refuses fields that no memory could hold.
fn check_sizes(cx: &mut Thread, field: &Field<'_>) -> R<()> {
    let too_big = |a: &Option<Amount>| matches!(a, Some(Amount::Value(n)) if *n >= (u32::MAX / 2) as usize);
    let text = matches!(field.letter(), Some(b's' | b'r' | b'a' | b'b' | b'c'));
    if too_big(&field.width) || (!text && too_big(&field.precision)) {
        if !text && too_big(&field.precision) {
            return Err(cx.value_error("precision too large"));
        }
        return Err(cx.memory_error());
    }
    Ok(())
}

fn convert(cx: &mut Thread, field: &Field<'_>, v: Value, unit: Unit, out: &mut Vec<u8>) -> R<()> {
    let r = match (field.letter(), unit) {
        (Some(b's'), Unit::Char) => {
            let s = cx.str(v)?;
            p::format_text(out, s.bytes(), field, unit);
            Ok(())
        }
        (Some(b'r'), Unit::Char) => {
            let s = cx.repr(v)?;
            p::format_text(out, s.bytes(), field, unit);
            Ok(())
        }
        (Some(b'a'), _) | (Some(b'r'), Unit::Byte) => {
            let s = cx.ascii(v)?;
            p::format_text(out, s.bytes(), field, unit);
            Ok(())
        }
        (Some(b's' | b'b'), Unit::Byte) => {
            let data = bytes_for(cx, v)?;
            p::format_text(out, &data, field, unit);
            Ok(())
        }
        (Some(b'd' | b'i' | b'u' | b'o' | b'x' | b'X'), _) => {
            let n = integer(cx, field, v)?;
            if let Some(n) = n.as_int() {
                p::format_small_int(out, n, field);
                return Ok(());
            }
            let Some(n) = n.to_ibig() else { return Ok(()) };
            p::format_int(out, &n, field, cx.vm().settings.max_str_digits)
        }
        (Some(b'e' | b'E' | b'f' | b'F' | b'g' | b'G'), _) => {
            let x = real(cx, v, unit)?;
            p::format_float(out, x, field)
        }
        (Some(b'c'), _) => return character(cx, field, v, unit, out),
        _ => Err(field.unsupported(unit)),
    };
    r.map_err(|e| cx.text_error(e))
}

/// The integer for `%d` and its kin: floats are cut for `%d`, objects with `__index__` always taken.
fn integer(cx: &mut Thread, field: &Field<'_>, v: Value) -> R {
    if v.is_any_int() {
        return Ok(v);
    }
    let letter = char::from(field.letter().unwrap_or(b'd'));
    let radix = matches!(letter, 'o' | 'x' | 'X');
    let number = cx.has_index(v)
        || v.as_float().is_some()
        || cx.lookup_special(v, N::__int__).is_some()
        || cx.lookup_special(v, N::__float__).is_some();
    if number {
        let r = if radix {
            cx.index_value(v)
        } else {
            let int = cx.builtin(B::Int).value();
            cx.call(int, &[v])
        };
        if let Some(n) = cx.catch(Exc::TypeError, r)? {
            return Ok(n);
        }
    }
    let got = cx.class_name(v);
    let what = if radix { "an integer" } else { "a real number" };
    Err(cx.type_error(format!("%{letter} format: {what} is required, not {got}")))
}

fn real(cx: &mut Thread, v: Value, unit: Unit) -> R<f64> {
    let r = cx.to_f64(v);
    if unit == Unit::Char {
        return r;
    }
    match cx.catch(Exc::TypeError, r)? {
        Some(x) => Ok(x),
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!("float argument required, not {got}")))
        }
    }
}

/// The bytes that `%s` of bytes shows.
fn bytes_for(cx: &mut Thread, v: Value) -> R<Vec<u8>> {
    if v.cast::<Bytes>().is_none()
        && v.cast::<ByteArray>().is_none()
        && let Some(r) = cx.call_special(v, N::__bytes__, &[])?
    {
        let Some(b) = r.cast::<Bytes>() else {
            let got = cx.class_name(r);
            return Err(cx.type_error(format!("__bytes__ returned non-bytes (type {got})")));
        };
        return Ok(b.data().to_vec());
    }
    match cx.buffer_opt(v)? {
        Some(b) => Ok(b.bytes().to_vec()),
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!(
                "%b requires a bytes-like object, or an object that implements __bytes__, not '{got}'"
            )))
        }
    }
}

fn character(cx: &mut Thread, field: &Field<'_>, v: Value, unit: Unit, out: &mut Vec<u8>) -> R<()> {
    let text = match unit {
        Unit::Char => v.as_str().map(|s| (s.bytes().to_vec(), s.len(), "string")),
        Unit::Byte => match (v.cast::<Bytes>(), v.cast::<ByteArray>()) {
            (Some(b), _) => Some((b.data().to_vec(), b.len, "bytes object")),
            (_, Some(b)) => Some((cx.bytes_of(v)?, b.len.get(), "bytearray object")),
            _ => None,
        },
    };
    let wanted = match unit {
        Unit::Char => "%c requires an int or a unicode character",
        Unit::Byte => "%c requires an integer in range(256) or a single byte",
    };
    if let Some((text, len, what)) = text {
        if len != 1 {
            return Err(cx.type_error(format!("{wanted}, not a {what} of length {len}")));
        }
        let field = Field { precision: None, ..field.clone() };
        p::format_text(out, &text, &field, unit);
        return Ok(());
    }
    if !cx.has_index(v) {
        let class = cx.class_of(v);
        let got = cx.full_class_name(class);
        return Err(cx.type_error(format!("{wanted}, not {got}")));
    }
    let n = cx.index_value(v)?;
    let Some(n) = n.to_ibig() else { return Ok(()) };
    p::format_character(out, &n, field, unit).map_err(|e| cx.text_error(e))
}
