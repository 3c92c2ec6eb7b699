//! Hexadecimal text of bytes.

use super::this;
use ferropy_vm::types::ByteArray;
use ferropy_vm::{Args, Builtin as B, R, Thread, Value};

/// `data.hex(sep, bytes_per_sep)`; arguments not given are None.
pub fn hex_of(cx: &mut Thread, data: &[u8], sep: Option<Value>, group: Option<Value>) -> R {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    if sep.is_none() && group.is_none() && !data.is_empty() {
        let text = cx.str_with(data.len() * 2, data.len() * 2, |to| {
            for (to, b) in to.chunks_exact_mut(2).zip(data) {
                to.copy_from_slice(&[DIGITS[(b >> 4) as usize], DIGITS[(b & 15) as usize]]);
            }
        })?;
        return Ok(text.value());
    }
    let group = match group {
        Some(v) => cx.index(v)?,
        None => 1,
    };
    let sep = match sep {
        Some(v) => Some(separator(cx, v)?),
        None => None,
    };
    let size = group.unsigned_abs() as usize;
    let mut out = Vec::with_capacity(data.len() * 2 + data.len() / size.max(1));
    for (i, b) in data.iter().enumerate() {
        let before = if group > 0 { data.len() - i } else { i };
        if let Some(s) = sep
            && i > 0
            && size > 0
            && before.is_multiple_of(size)
        {
            out.push(s);
        }
        out.extend([DIGITS[(b >> 4) as usize], DIGITS[(b & 15) as usize]]);
    }
    Ok(cx.new_str_counted(&out, out.len())?.value())
}

fn separator(cx: &mut Thread, v: Value) -> R<u8> {
    let (len, first) = if let Some(s) = v.as_str() {
        (s.len(), s.bytes().first().copied())
    } else if let Some(d) = super::data_of(v) {
        (d.len(), d.first().copied())
    } else {
        return Err(cx.type_error("sep must be str or bytes."));
    };
    let exact = v.shape() == B::Str as u32 || v.shape() == B::Bytes as u32;
    match (if exact { len } else { cx.len(v)? }, first) {
        (1, Some(b)) if b < 128 => Ok(b),
        (1, _) => Err(cx.value_error("sep must be ASCII.")),
        _ => Err(cx.value_error("sep must be length 1.")),
    }
}

pub fn hex(cx: &mut Thread, a: Args<'_>) -> R {
    let data = this(cx, a)?;
    if a.opt(1).is_none() && a.opt(2).is_none() && a[0].cast::<ferropy_vm::types::Bytes>().is_some() {
        return hex_of(cx, data, None, None);
    }
    let data = data.to_vec();
    let _export = cx.export(a[0]);
    hex_of(cx, &data, a.opt(1), a.opt(2))
}

/// The bytes of hexadecimal text; spaces may stand between bytes.
fn parse(cx: &mut Thread, text: &[u8], wtf8: bool) -> R<Vec<u8>> {
    let digit = |i: usize| text.get(i).and_then(|b| (*b as char).to_digit(16));
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut at = 0;
    loop {
        while text.get(at).is_some_and(|b| matches!(b, b' ' | 9..=13)) {
            at += 1;
        }
        if at >= text.len() {
            return Ok(out);
        }
        let bad = match (digit(at), digit(at + 1)) {
            (Some(h), Some(l)) => {
                out.push((h << 4 | l) as u8);
                at += 2;
                continue;
            }
            (None, _) => at,
            (_, None) if at + 1 == text.len() => {
                return Err(cx.value_error("fromhex() arg must contain an even number of hexadecimal digits"));
            }
            _ => at + 1,
        };
        let bad = if wtf8 { ferropy_text::wtf8::index_of(text, bad) } else { bad };
        return Err(cx.value_error(format!("non-hexadecimal number found in fromhex() arg at position {bad}")));
    }
}

pub fn fromhex(cx: &mut Thread, a: Args<'_>) -> R {
    let data = if let Some(s) = a[1].as_str() {
        parse(cx, s.bytes(), true)?
    } else if let Some(b) = cx.buffer_opt(a[1])? {
        parse(cx, b.bytes(), false)?
    } else {
        let got = cx.class_name(a[1]);
        return Err(cx.type_error(format!("fromhex() argument must be str or bytes-like, not {got}")));
    };
    let class = crate::str_::class_arg(cx, a[0])?;
    let array = class.kind.get() == <ByteArray as ferropy_vm::HeapObject>::kind();
    let v = if array { super::new_bytearray(cx, &data)? } else { cx.new_bytes(&data)?.value() };
    if class == cx.builtin(B::Bytes) || class == cx.builtin(B::ByteArray) {
        return Ok(v);
    }
    cx.call(class.value(), &[v])
}
