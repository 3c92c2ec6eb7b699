//! Newline translation of text streams, and the class `IncrementalNewlineDecoder`.

use ferropy_vm::types::{Str, Tuple};
use ferropy_vm::{Args, Field, Gc, NativeDef, R, Thread, TypeDef, Value, heap_kind};
use std::cell::Cell;

/// What translation remembers between pieces.
#[derive(Clone, Copy, Default, Debug)]
pub struct Newlines {
    /// Line ends become `\n`.
    pub translate: bool,
    /// The last piece ended with `\r`, which is held back.
    pub pending_cr: bool,
    /// Kinds seen: 1 `\r`, 2 `\n`, 4 `\r\n`.
    pub seen: u8,
}

impl Newlines {
    /// Takes a decoded piece; gives what can be given out.
    pub fn feed(&mut self, text: Vec<u8>, last: bool) -> Vec<u8> {
        if !self.pending_cr && memchr::memchr(b'\r', &text).is_none() {
            if self.seen & 2 == 0 && memchr::memchr(b'\n', &text).is_some() {
                self.seen |= 2;
            }
            return text;
        }
        let mut text = text;
        if self.pending_cr && (last || !text.is_empty()) {
            text.insert(0, b'\r');
            self.pending_cr = false;
        }
        if !last && text.last() == Some(&b'\r') {
            text.pop();
            self.pending_cr = true;
        }
        self.count(&text);
        if self.translate { translate(&text) } else { text }
    }

    fn count(&mut self, text: &[u8]) {
        let mut i = 0;
        while i < text.len() && self.seen != 7 {
            match (text[i], text.get(i + 1)) {
                (b'\r', Some(b'\n')) => {
                    self.seen |= 4;
                    i += 1;
                }
                (b'\r', _) => self.seen |= 1,
                (b'\n', _) => self.seen |= 2,
                _ => {}
            }
            i += 1;
        }
    }

    /// The attribute `newlines`.
    pub fn value(&self, cx: &mut Thread) -> R {
        let mut found = Vec::new();
        for (bit, text) in [(1, "\r"), (2, "\n"), (4, "\r\n")] {
            if self.seen & bit != 0 {
                found.push(text);
            }
        }
        match found.as_slice() {
            [] => Ok(Value::NONE),
            [one] => Ok(cx.new_str(one)?.value()),
            _ => {
                let list = cx.new_list(&[])?;
                for text in found {
                    let s = cx.new_str(text)?;
                    cx.list_append(list, s.value())?;
                }
                Ok(cx.tuple_from(list.value())?.value())
            }
        }
    }
}

/// `\r\n` and `\r` become `\n`.
pub fn translate(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut i = 0;
    while i < text.len() {
        let Some(n) = memchr::memchr(b'\r', &text[i..]) else {
            out.extend_from_slice(&text[i..]);
            break;
        };
        out.extend_from_slice(&text[i..i + n]);
        out.push(b'\n');
        i += n + 1;
        if text.get(i) == Some(&b'\n') {
            i += 1;
        }
    }
    out
}

#[repr(C)]
pub struct NewlineDecoder {
    decoder: Field,
    errors: Field,
    state: Cell<Newlines>,
}
heap_kind!(NewlineDecoder, "IncrementalNewlineDecoder", 2);

pub static NEWLINE_DECODER: TypeDef = TypeDef::new::<NewlineDecoder>(
    "_io.IncrementalNewlineDecoder",
    METHODS,
    "Codec used when reading a file in universal newlines mode.",
);

static METHODS: &[NativeDef] = &[
    NativeDef::method("__init__(self, decoder, translate, errors='strict')", init, ""),
    NativeDef::method("decode(self, input, final=False)", decode, ""),
    NativeDef::method("getstate(self, /)", getstate, ""),
    NativeDef::method("setstate(self, state, /)", setstate, ""),
    NativeDef::method("reset(self, /)", reset, ""),
    NativeDef::getter("newlines", newlines, ""),
];

fn this(cx: &mut Thread, v: Value) -> R<Gc<NewlineDecoder>> {
    match v.cast::<NewlineDecoder>() {
        Some(d) if !d.decoder.get().is_null() => Ok(d),
        _ => Err(cx.value_error("IncrementalNewlineDecoder.__init__() not called")),
    }
}
fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(d) = a[0].cast::<NewlineDecoder>() else { return Err(cx.type_error("a decoder is expected")) };
    let translate = cx.truth(a[2])?;
    d.decoder.set(cx, d, a[1]);
    d.errors.set(cx, d, a.or(3, Value::NONE));
    d.state.set(Newlines { translate, ..Newlines::default() });
    Ok(Value::NONE)
}
fn decode(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let last = match a.opt(2) {
        Some(v) => cx.truth(v)?,
        None => false,
    };
    let text = match d.decoder.get() {
        v if v.is_none() => a[1],
        decoder => cx.call_method(decoder, "decode", &[a[1], Value::bool(last)])?,
    };
    let Some(s) = text.cast::<Str>() else {
        let class = cx.class_name(text);
        return Err(cx.type_error(format!("decoder should return a string result, not '{class}'")));
    };
    let mut state = d.state.get();
    let out = state.feed(s.bytes().to_vec(), last);
    d.state.set(state);
    Ok(cx.new_wtf8(&out)?.value())
}
fn getstate(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let (mut buffer, mut flag) = (cx.vm().empty_bytes, 0);
    if !d.decoder.get().is_none() {
        let st = cx.call_method(d.decoder.get(), "getstate", &[])?;
        let Some(t) = st.cast::<Tuple>().filter(|t| t.len == 2) else {
            return Err(cx.type_error("illegal decoder state"));
        };
        buffer = t.at(0);
        flag = cx.index(t.at(1))?;
    }
    let flag = flag << 1 | d.state.get().pending_cr as i64;
    let flag = cx.int(flag)?;
    Ok(cx.new_tuple(&[buffer, flag])?.value())
}
fn setstate(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let Some(t) = a[1].cast::<Tuple>() else { return Err(cx.type_error("state argument must be a tuple")) };
    if t.len != 2 {
        return Err(cx.type_error("setstate(): illegal state argument"));
    }
    let flag = cx.index(t.at(1))?;
    let mut state = d.state.get();
    state.pending_cr = flag & 1 != 0;
    d.state.set(state);
    if d.decoder.get().is_none() {
        return Ok(Value::NONE);
    }
    let inner = cx.int(flag >> 1)?;
    let inner = cx.new_tuple(&[t.at(0), inner])?.value();
    cx.call_method(d.decoder.get(), "setstate", &[inner])
}
fn reset(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let mut state = d.state.get();
    (state.pending_cr, state.seen) = (false, 0);
    d.state.set(state);
    if d.decoder.get().is_none() {
        return Ok(Value::NONE);
    }
    cx.call_method(d.decoder.get(), "reset", &[])
}
fn newlines(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    d.state.get().value(cx)
}
