//! `StringIO`: a text stream in memory, kept as WTF-8 with the position in bytes and in characters.

use super::base::{self, STREAM, size_arg, unsupported};
use super::newline::{Newlines, translate};
use ferropy_text::wtf8;
use ferropy_vm::types::{Dict, Str, Tuple};
use ferropy_vm::{Args, Gc, NativeDef, R, Thread, TypeDef, Value, heap_kind};
use std::cell::{Cell, UnsafeCell};

/// All zero: not initialised.
#[repr(C)]
pub struct StringIo {
    state: UnsafeCell<Option<Box<State>>>,
    ready: Cell<bool>,
    closed: Cell<bool>,
}
heap_kind!(StringIo, "StringIO", 0, drop);

#[derive(Default)]
struct State {
    text: Vec<u8>,
    /// Characters in `text`.
    chars: usize,
    /// Position in characters; may lie behind the end.
    pos: usize,
    /// The same in bytes, at most the length.
    byte: usize,
    newline: Option<String>,
    newlines: Newlines,
}

pub static STRING_IO: TypeDef =
    TypeDef::new::<StringIo>("_io.StringIO", METHODS, "Text I/O implementation using an in-memory buffer.")
        .flags(STREAM)
        .base(|cx| cx.native_class(&base::TEXT_BASE));

static METHODS: &[NativeDef] = &[
    NativeDef::method("__init__(self, initial_value='', newline='\\n')", init, ""),
    NativeDef::method("read(self, size=-1, /)", read, "Read at most size characters, returned as a string."),
    NativeDef::method("readline(self, size=-1, /)", readline, "Read until newline or EOF."),
    NativeDef::method("write(self, s, /)", write, "Write string to file."),
    NativeDef::method("seek(self, pos, whence=0, /)", seek, "Change stream position."),
    NativeDef::method("tell(self, /)", tell, "Tell the current file position."),
    NativeDef::method("truncate(self, pos=None, /)", truncate, "Truncate size to pos."),
    NativeDef::method("getvalue(self, /)", getvalue, "Retrieve the entire contents of the object."),
    NativeDef::method("close(self, /)", close, "Close the IO object."),
    NativeDef::method("readable(self, /)", yes, "Returns True if the IO object can be read."),
    NativeDef::method("writable(self, /)", yes, "Returns True if the IO object can be written."),
    NativeDef::method("seekable(self, /)", yes, "Returns True if the IO object can be seeked."),
    NativeDef::method("__next__(self, /)", next, "Implement next(self)."),
    NativeDef::method("__getstate__(self, /)", getstate, ""),
    NativeDef::method("__setstate__(self, state, /)", setstate, ""),
    NativeDef::getter("closed", closed, ""),
    NativeDef::getter("newlines", newlines, ""),
    NativeDef::getter("line_buffering", line_buffering, ""),
];

impl StringIo {
    #[allow(clippy::mut_from_ref)]
    fn state(&self) -> &mut State {
        // SAFETY: the box never goes away while the object lives; no reference is kept across calls into Python.
        unsafe { (*self.state.get()).get_or_insert_with(Box::default) }
    }
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<StringIo>> {
    let Some(s) = v.cast::<StringIo>() else { return Err(cx.type_error("a StringIO is expected")) };
    if !s.ready.get() {
        return Err(cx.value_error("I/O operation on uninitialized object"));
    }
    if s.closed.get() {
        return Err(cx.value_error("I/O operation on closed file"));
    }
    Ok(s)
}

impl State {
    fn seek(&mut self, pos: usize) {
        self.pos = pos;
        self.byte = if self.chars == self.text.len() {
            pos.min(self.text.len())
        } else {
            wtf8::offset_of(&self.text, pos).unwrap_or(self.text.len())
        };
    }
    fn take(&mut self, bytes: usize, chars: usize) -> Vec<u8> {
        let out = self.text[self.byte..self.byte + bytes].to_vec();
        self.byte += bytes;
        self.pos += chars;
        out
    }
    fn rest(&self) -> &[u8] {
        &self.text[self.byte..]
    }
    /// Overwrites at the position; fills a gap behind the end with zeros.
    fn put(&mut self, text: &[u8], chars: usize) {
        if self.pos > self.chars {
            self.text.resize(self.text.len() + self.pos - self.chars, 0);
            self.chars = self.pos;
            self.byte = self.text.len();
        }
        if self.byte == self.text.len() {
            self.text.extend_from_slice(text);
            self.chars += chars;
        } else {
            let rest = self.rest();
            let (end, gone) = match wtf8::offset_of(rest, chars) {
                Some(end) => (end, chars),
                None => (rest.len(), wtf8::count(rest)),
            };
            drop(self.text.splice(self.byte..self.byte + end, text.iter().copied()));
            self.chars += chars - gone;
        }
        self.byte += text.len();
        self.pos += chars;
    }
    fn line_len(&self) -> usize {
        let rest = self.rest();
        let found = match self.newline.as_deref() {
            None | Some("\n") => memchr::memchr(b'\n', rest).map(|i| i + 1),
            Some("") => memchr::memchr2(b'\n', b'\r', rest).map(|i| match (rest[i], rest.get(i + 1)) {
                (b'\r', Some(b'\n')) => i + 2,
                _ => i + 1,
            }),
            Some(sep) => memchr::memmem::find(rest, sep.as_bytes()).map(|i| i + sep.len()),
        };
        found.unwrap_or(rest.len())
    }
    /// Text as it is stored: newlines translated as the argument says.
    fn incoming(&mut self, text: &[u8]) -> Vec<u8> {
        match self.newline.as_deref() {
            None | Some("") => {
                let translating = self.newlines.translate;
                self.newlines.translate = false;
                self.newlines.feed(text.to_vec(), true);
                self.newlines.translate = translating;
                if translating { translate(text) } else { text.to_vec() }
            }
            Some("\n") => text.to_vec(),
            Some(sep) => text.split(|b| *b == b'\n').collect::<Vec<_>>().join(sep.as_bytes()),
        }
    }
}

fn newline_arg(cx: &mut Thread, v: Option<Value>) -> R<Option<String>> {
    let Some(v) = v else { return Ok(Some("\n".into())) };
    if v.is_none() {
        return Ok(None);
    }
    let Some(s) = v.cast::<Str>() else {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("newline must be str or None, not {class}")));
    };
    let text = s.to_lossy();
    if !matches!(text.as_str(), "" | "\n" | "\r" | "\r\n") {
        let r = cx.repr(v)?.to_lossy();
        return Err(cx.value_error(format!("illegal newline value: {r}")));
    }
    Ok(Some(text))
}

fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(s) = a[0].cast::<StringIo>() else { return Err(cx.type_error("a StringIO is expected")) };
    s.ready.set(false);
    let newline = newline_arg(cx, a.opt(2))?;
    let initial = match a.some(1) {
        None => Vec::new(),
        Some(v) => match v.cast::<Str>() {
            Some(t) => t.bytes().to_vec(),
            None => {
                let class = cx.class_name(v);
                return Err(cx.type_error(format!("initial_value must be str or None, not {class}")));
            }
        },
    };
    let st = s.state();
    let newlines = Newlines { translate: newline.is_none(), ..Newlines::default() };
    *st = State { newline, newlines, ..State::default() };
    let text = st.incoming(&initial);
    let chars = wtf8::count(&text);
    st.put(&text, chars);
    st.seek(0);
    s.ready.set(true);
    s.closed.set(false);
    Ok(Value::NONE)
}

fn read(cx: &mut Thread, a: Args<'_>) -> R {
    let n = size_arg(cx, a.opt(1))?;
    let s = this(cx, a[0])?;
    let st = s.state();
    let rest = st.rest();
    let (bytes, chars) = match n.and_then(|n| wtf8::offset_of(rest, n).map(|o| (o, n))) {
        Some(found) => found,
        None => (rest.len(), wtf8::count(rest)),
    };
    let out = st.take(bytes, chars);
    Ok(cx.new_str_counted(&out, chars)?.value())
}
fn line(cx: &mut Thread, v: Value, limit: Option<usize>) -> R<Gc<Str>> {
    let s = this(cx, v)?;
    let st = s.state();
    let mut bytes = st.line_len();
    if let Some(limit) = limit
        && let Some(most) = wtf8::offset_of(st.rest(), limit)
    {
        bytes = bytes.min(most);
    }
    let chars = wtf8::count(&st.rest()[..bytes]);
    let out = st.take(bytes, chars);
    cx.new_str_counted(&out, chars)
}
fn readline(cx: &mut Thread, a: Args<'_>) -> R {
    let limit = size_arg(cx, a.opt(1))?;
    Ok(line(cx, a[0], limit)?.value())
}
fn next(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let class = cx.class_of(s.value());
    let line = if class.has(ferropy_vm::class::flags::HEAP) {
        cx.call_method(a[0], "readline", &[])?
    } else {
        line(cx, a[0], None)?.value()
    };
    if cx.len(line)? == 0 { Err(cx.stop_iteration(Value::NULL)) } else { Ok(line) }
}
fn write(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(text) = a[1].cast::<Str>() else {
        let class = cx.class_name(a[1]);
        return Err(cx.type_error(format!("string argument expected, got '{class}'")));
    };
    let s = this(cx, a[0])?;
    let st = s.state();
    if st.newline.as_deref() == Some("\n") {
        st.put(text.bytes(), text.len());
    } else if !text.is_empty() {
        let stored = st.incoming(text.bytes());
        let chars = wtf8::count(&stored);
        st.put(&stored, chars);
    }
    Ok(Value::small_int(text.len() as i64))
}
fn seek(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let pos = cx.index(a[1])?;
    let whence = match a.opt(2) {
        Some(w) => cx.index(w)?,
        None => 0,
    };
    let st = s.state();
    match whence {
        0 if pos < 0 => return Err(cx.value_error(format!("Negative seek position {pos}"))),
        0 => st.seek(pos as usize),
        1 | 2 if pos != 0 => return Err(unsupported_os(cx, "Can't do nonzero cur-relative seeks")),
        1 => {}
        2 => st.seek(st.chars),
        _ => return Err(cx.value_error(format!("Invalid whence ({whence}, should be 0, 1 or 2)"))),
    }
    Ok(Value::small_int(st.pos as i64))
}
fn unsupported_os(cx: &mut Thread, text: &str) -> ferropy_vm::Raised {
    cx.error(ferropy_vm::Exc::OSError, text)
}
fn tell(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    Ok(Value::small_int(s.state().pos as i64))
}
fn truncate(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let size = match a.some(1) {
        Some(v) => cx.index(v)?,
        None => s.state().pos as i64,
    };
    if size < 0 {
        return Err(cx.value_error(format!("Negative size value {size}")));
    }
    let st = s.state();
    if (size as usize) < st.chars
        && let Some(at) = wtf8::offset_of(&st.text, size as usize)
    {
        st.text.truncate(at);
        st.chars = size as usize;
        st.byte = st.byte.min(at);
    }
    Ok(Value::small_int(size))
}
fn getvalue(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let st = s.state();
    Ok(cx.new_str_counted(&st.text, st.chars)?.value())
}
fn close(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(s) = a[0].cast::<StringIo>() else { return Err(unsupported(cx, "close")) };
    s.closed.set(true);
    *s.state() = State::default();
    Ok(Value::NONE)
}
fn yes(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    Ok(Value::TRUE)
}
fn closed(_cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(a[0].cast::<StringIo>().is_none_or(|s| s.closed.get())))
}
fn newlines(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let found = s.state().newlines;
    found.value(cx)
}
fn line_buffering(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    Ok(Value::FALSE)
}
fn getstate(cx: &mut Thread, a: Args<'_>) -> R {
    let value = getvalue(cx, a)?;
    let s = this(cx, a[0])?;
    let (newline, pos) = (s.state().newline.clone(), s.state().pos);
    let newline = match newline {
        Some(n) => cx.new_str(&n)?.value(),
        None => Value::NONE,
    };
    let dict = match cx.instance_dict(a[0])?.cast::<Dict>() {
        Some(d) => cx.dict_copy(d)?.value(),
        None => Value::NONE,
    };
    Ok(cx.new_tuple(&[value, newline, Value::small_int(pos as i64), dict])?.value())
}
fn setstate(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(t) = a[1].cast::<Tuple>().filter(|t| t.len >= 4) else {
        let (own, class) = (cx.class_name(a[0]), cx.class_name(a[1]));
        return Err(cx.type_error(format!("{own}.__setstate__ argument should be 4-tuple, got {class}")));
    };
    init(cx, Args::new(&[a[0], t.at(0), t.at(1)]))?;
    let pos = cx.index(t.at(2))?;
    if pos < 0 {
        return Err(cx.value_error("position value cannot be negative"));
    }
    let s = this(cx, a[0])?;
    s.state().seek(pos as usize);
    super::bytesio::restore_dict(cx, a[0], t.at(3))?;
    Ok(Value::NONE)
}
