//! Codecs given by a table: a string or mapping from bytes to characters, a mapping from characters to bytes.

use super::*;
use ferropy_text::wtf8;
use ferropy_vm::types::{Bytes, Dict};

const REASON: &str = "character maps to <undefined>";

pub fn decode(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(map) = a.some(2) else { return latin_1_decode(cx, a) };
    let errors = errors_of(cx, a.opt(1), "charmap_decode")?;
    let data = cx.bytes_of(a[0])?;
    let mut out = Vec::with_capacity(data.len());
    if let Some(table) = map.as_str() {
        let table: Vec<u32> = wtf8::chars(table.bytes()).collect();
        let mut step = |_: &mut Thread, s: &[u8], at, _, out: &mut Vec<u8>| Ok(tc::charmap_decode(s, at, &table, out));
        decode_steps(cx, &data, 0, "charmap", &errors, true, &mut out, &mut step)?;
    } else {
        let mut step = |cx: &mut Thread, s: &[u8], at, _, out: &mut Vec<u8>| decode_by_mapping(cx, s, at, map, out);
        decode_steps(cx, &data, 0, "charmap", &errors, true, &mut out, &mut step)?;
    }
    decoded(cx, &out, data.len())
}

/// `map[key]`, None if there is no such item.
fn item(cx: &mut Thread, map: Value, key: u32) -> R<Option<Value>> {
    let key = Value::small_int(key as i64);
    if map.shape() == ferropy_vm::Builtin::Dict as u32
        && let Some(d) = map.cast::<Dict>()
    {
        return cx.dict_get(d, key);
    }
    let r = cx.getitem(map, key);
    cx.catch(Exc::LookupError, r)
}

fn decode_by_mapping(
    cx: &mut Thread,
    s: &[u8],
    start: usize,
    map: Value,
    out: &mut Vec<u8>,
) -> R<tc::CodecResult<usize>> {
    for (i, b) in s.iter().enumerate().skip(start) {
        let v = item(cx, map, u32::from(*b))?.filter(|v| !v.is_none());
        let undefined = Ok(Err(CodecError::new(i, i + 1, REASON)));
        let Some(v) = v else { return undefined };
        if let Some(t) = v.as_str() {
            if t.bytes() == "\u{fffe}".as_bytes() {
                return undefined;
            }
            out.extend_from_slice(t.bytes());
        } else if v.is_any_int() {
            match v.to_i64() {
                Some(0xFFFE) => return undefined,
                Some(n) if (0..=i64::from(wtf8::MAX)).contains(&n) => wtf8::push(out, n as u32),
                _ => return Err(cx.type_error("character mapping must be in range(0x110000)")),
            }
        } else {
            return Err(cx.type_error("character mapping must return integer, None or str"));
        }
    }
    Ok(Ok(s.len()))
}

pub fn encode(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(map) = a.some(2) else { return latin_1_encode(cx, a) };
    let s = text_of(cx, a[0], "charmap_encode")?;
    let errors = errors_of(cx, a.opt(1), "charmap_encode")?;
    let mut out = Vec::with_capacity(s.len());
    let mut step = |cx: &mut Thread, s: &[u8], at, out: &mut Vec<u8>| encode_by_mapping(cx, s, at, map, out);
    encode_steps(cx, s, "charmap", &errors, &mut out, &mut step)?;
    encoded(cx, &out, s)
}

fn encode_by_mapping(cx: &mut Thread, s: &[u8], start: usize, map: Value, out: &mut Vec<u8>) -> R<tc::CodecResult<()>> {
    let mut at = start;
    while at < s.len() {
        let (c, width) = wtf8::decode_at(s, at);
        if !encode_one(cx, c, map, Some(out))? {
            let mut end = at + width;
            while end < s.len() {
                let (c, width) = wtf8::decode_at(s, end);
                if encode_one(cx, c, map, None)? {
                    break;
                }
                end += width;
            }
            return Ok(Err(CodecError::new(at, end, REASON)));
        }
        at += width;
    }
    Ok(Ok(()))
}

/// Appends what a character maps to; false: nothing.
fn encode_one(cx: &mut Thread, c: u32, map: Value, out: Option<&mut Vec<u8>>) -> R<bool> {
    let Some(v) = item(cx, map, c)?.filter(|v| !v.is_none()) else { return Ok(false) };
    let mut ignored = Vec::new();
    let out = out.unwrap_or(&mut ignored);
    if let Some(b) = v.cast::<Bytes>() {
        out.extend_from_slice(b.data());
    } else if v.is_any_int() {
        match v.to_i64().and_then(|n| u8::try_from(n).ok()) {
            Some(b) => out.push(b),
            None => return Err(cx.type_error("character mapping must be in range(256)")),
        }
    } else {
        let got = cx.class_name(v);
        return Err(cx.type_error(format!("character mapping must return integer, bytes or None, not {got}")));
    }
    Ok(true)
}

/// A decoding table turned around: a dict from characters to bytes.
pub fn build(cx: &mut Thread, a: Args<'_>) -> R {
    let map = text_of(cx, a[0], "charmap_build")?;
    let d = cx.new_dict()?;
    let points: Vec<u32> = wtf8::chars(map.bytes()).take(256).collect();
    for (i, c) in points.iter().enumerate() {
        if *c != tc::UNDEFINED {
            cx.dict_set(d, Value::small_int(*c as i64), Value::small_int(i as i64))?;
        }
    }
    Ok(d.value())
}
