//! `str.translate` and `str.maketrans`.

use super::{exact, this};
use ferropy_text::wtf8;
use ferropy_vm::types::{Dict, Str};
use ferropy_vm::{Args, Builtin as B, Exc, Gc, R, Thread, Value};

/// What a table says of one character.
enum Mapped {
    Same,
    Nothing,
    Char(u32),
    Text(Gc<Str>),
}

fn look_up(cx: &mut Thread, table: Value, c: u32) -> R<Mapped> {
    let key = Value::small_int(c as i64);
    let found = if table.shape() == B::Dict as u32
        && let Some(d) = table.cast::<Dict>()
    {
        cx.dict_get(d, key)?
    } else {
        let r = cx.getitem(table, key);
        cx.catch(Exc::LookupError, r)?
    };
    let Some(v) = found else { return Ok(Mapped::Same) };
    if v.is_none() {
        return Ok(Mapped::Nothing);
    }
    if let Some(s) = v.as_str() {
        return Ok(Mapped::Text(s));
    }
    if !v.is_any_int() {
        return Err(cx.type_error("character mapping must return integer, None or str"));
    }
    match v.to_i64() {
        Some(n) if (0..=i64::from(wtf8::MAX)).contains(&n) => Ok(Mapped::Char(n as u32)),
        _ => Err(cx.value_error(format!("character mapping must be in range(0x{:x})", wtf8::MAX + 1))),
    }
}

pub fn translate(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    let table = a[1];
    let mut out = Vec::with_capacity(s.bytes().len());
    // ASCII characters are looked up once: 256 unknown, 257 nothing.
    let mut known = [256u16; 128];
    let mut at = 0;
    while at < s.bytes().len() {
        let (c, width) = wtf8::decode_at(s.bytes(), at);
        at += width;
        if let Some(&k) = known.get(c as usize)
            && k != 256
        {
            if k < 256 {
                out.push(k as u8);
            }
            continue;
        }
        let found = match look_up(cx, table, c)? {
            Mapped::Same => Some(c),
            Mapped::Char(d) => Some(d),
            Mapped::Nothing => None,
            Mapped::Text(t) => {
                out.extend_from_slice(t.bytes());
                continue;
            }
        };
        if let Some(d) = found {
            wtf8::push(&mut out, d);
        }
        if c < 128 && found.is_none_or(|d| d < 128) {
            known[c as usize] = found.map_or(257, |d| d as u16);
        }
    }
    if out == s.bytes() {
        return exact(cx, s);
    }
    Ok(cx.new_wtf8(&out)?.value())
}

pub fn maketrans(cx: &mut Thread, a: Args<'_>) -> R {
    let table = cx.new_dict()?;
    match a.opt(1) {
        Some(y) => from_strings(cx, table, a[0], y, a.opt(2))?,
        None => from_dict(cx, table, a[0])?,
    }
    Ok(table.value())
}

fn from_strings(cx: &mut Thread, table: Gc<Dict>, x: Value, y: Value, z: Option<Value>) -> R<()> {
    let Some(from) = x.as_str() else {
        return Err(cx.type_error("first maketrans argument must be a string if there is a second argument"));
    };
    let to = cx.expect_text(y, "maketrans() argument 2")?;
    let gone = match z {
        Some(v) => Some(cx.expect_text(v, "maketrans() argument 3")?),
        None => None,
    };
    if from.len() != to.len() {
        return Err(cx.value_error("the first two maketrans arguments must have equal length"));
    }
    let pairs: Vec<(u32, u32)> = wtf8::chars(from.bytes()).zip(wtf8::chars(to.bytes())).collect();
    for (f, t) in pairs {
        cx.dict_set(table, Value::small_int(f as i64), Value::small_int(t as i64))?;
    }
    let gone: Vec<u32> = gone.map_or(Vec::new(), |g| wtf8::chars(g.bytes()).collect());
    for c in gone {
        cx.dict_set(table, Value::small_int(c as i64), Value::NONE)?;
    }
    Ok(())
}

fn from_dict(cx: &mut Thread, table: Gc<Dict>, x: Value) -> R<()> {
    let Some(d) = x.cast::<Dict>() else {
        return Err(cx.type_error("if you give only one argument to maketrans it must be a dict"));
    };
    let mut at = 0;
    while let Some((next, _, k, v)) = d.next_entry(at) {
        at = next;
        if let Some(s) = k.as_str() {
            if s.len() != 1 {
                return Err(cx.value_error("string keys in translate table must be of length 1"));
            }
            let (c, _) = wtf8::decode_at(s.bytes(), 0);
            cx.dict_set(table, Value::small_int(c as i64), v)?;
        } else if k.is_any_int() {
            cx.dict_set(table, k, v)?;
        } else {
            return Err(cx.type_error("keys in translate table must be strings or integers"));
        }
    }
    Ok(())
}
