//! The class `TextIOWrapper`.

use super::base::{self, STREAM, is_closed, size_arg};
use super::buffered::Buffered;
use super::file::no_pickle;
use super::newline::Newlines;
use super::text::{self, Codec, State, TextIo, codec_of, initialised, this};
use ferropy_vm::types::Str;
use ferropy_vm::{Args, Exc, Gc, NativeDef, R, Thread, TypeDef, Value};

pub static TEXT_IO: TypeDef = TypeDef::new::<TextIo>(
    "_io.TextIOWrapper",
    METHODS,
    "Character and line based layer over a BufferedIOBase object, buffer.",
)
.flags(STREAM)
.base(|cx| cx.native_class(&base::TEXT_BASE));

static METHODS: &[NativeDef] = &[
    NativeDef::method(
        "__init__(self, buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False)",
        init,
        "",
    ),
    NativeDef::method(
        "reconfigure(self, *, encoding=None, errors=None, newline=<unrepresentable>, line_buffering=None, \
         write_through=None)",
        reconfigure,
        "Reconfigure the text stream with new parameters.",
    ),
    NativeDef::method("detach(self, /)", detach, ""),
    NativeDef::method("write(self, text, /)", write, ""),
    NativeDef::method("read(self, size=-1, /)", read, ""),
    NativeDef::method("readline(self, size=-1, /)", readline, ""),
    NativeDef::method("flush(self, /)", flush, ""),
    NativeDef::method("close(self, /)", close, ""),
    NativeDef::method("fileno(self, /)", fileno, ""),
    NativeDef::method("seekable(self, /)", seekable, ""),
    NativeDef::method("readable(self, /)", readable, ""),
    NativeDef::method("writable(self, /)", writable, ""),
    NativeDef::method("isatty(self, /)", isatty, ""),
    NativeDef::method("seek(self, cookie, whence=os.SEEK_SET, /)", seek, ""),
    NativeDef::method("tell(self, /)", tell, ""),
    NativeDef::method("truncate(self, pos=None, /)", truncate, ""),
    NativeDef::method("__next__(self, /)", next, ""),
    NativeDef::method("__repr__(self, /)", repr, ""),
    NativeDef::method("__getstate__(self, /)", no_pickle, ""),
    NativeDef::getter("encoding", encoding, ""),
    NativeDef::getter("errors", errors, ""),
    NativeDef::getter("newlines", newlines, ""),
    NativeDef::getter("buffer", buffer, ""),
    NativeDef::getter("line_buffering", line_buffering, ""),
    NativeDef::getter("write_through", write_through, ""),
    NativeDef::getter("closed", closed, ""),
    NativeDef::getter("name", name, ""),
    NativeDef::getset("_CHUNK_SIZE", get_chunk, set_chunk, ""),
];

/// The argument `newline`.
fn newline_arg(cx: &mut Thread, v: Option<Value>) -> R<Option<String>> {
    let Some(v) = v else { return Ok(None) };
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

fn text_arg(cx: &mut Thread, v: Value, what: &str) -> R<Gc<Str>> {
    let Some(s) = v.cast::<Str>() else {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("TextIOWrapper() argument '{what}' must be str or None, not {class}")));
    };
    if s.as_str().is_none() {
        // Lone surrogates: the codec words the error.
        cx.call_method(v, "encode", &[])?;
    }
    Ok(s)
}

/// The same without null characters.
fn plain_text_arg(cx: &mut Thread, v: Value, what: &str) -> R<Gc<Str>> {
    let s = text_arg(cx, v, what)?;
    if s.bytes().contains(&0) {
        return Err(cx.value_error("embedded null character"));
    }
    Ok(s)
}

/// The encoding that an argument names.
fn encoding_of(cx: &mut Thread, s: Gc<Str>) -> R<Gc<Str>> {
    if s.bytes() == b"locale" { cx.new_str("UTF-8") } else { Ok(s) }
}

/// The codec of an encoding; LookupError if there is none or if it is not for text.
fn find_codec(cx: &mut Thread, encoding: Gc<Str>) -> R<Codec> {
    let name = encoding.to_lossy();
    if let Some((known, _)) = name.split_once('\0') {
        return Err(cx.error(Exc::LookupError, format!("unknown encoding: {known}")));
    }
    let codec = codec_of(&name);
    if codec == Codec::Other {
        let codecs = cx.import("codecs")?;
        let info = cx.call_method(codecs, "lookup", &[encoding.value()])?;
        let key = cx.intern("_is_text_encoding")?;
        if let Some(v) = cx.getattr_opt(info, key)?
            && !cx.truth(v)?
        {
            let text = format!("'{name}' is not a text encoding; use codecs.open() to handle arbitrary codecs");
            return Err(cx.error(Exc::LookupError, text));
        }
    }
    Ok(codec)
}

fn flag(cx: &mut Thread, v: Option<Value>, default: bool) -> R<bool> {
    match v {
        Some(v) => cx.truth(v),
        None => Ok(default),
    }
}

/// A flag that is given as a C long.
fn int_flag(cx: &mut Thread, v: Option<Value>, default: bool) -> R<bool> {
    let Some(v) = v else { return Ok(default) };
    match cx.index_value(v)?.to_i64() {
        Some(n) => Ok(n != 0),
        None => Err(cx.overflow_error("Python int too large to convert to C long")),
    }
}

fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(t) = a[0].cast::<TextIo>() else { return Err(cx.type_error("a TextIOWrapper is expected")) };
    t.ready.set(false);
    t.detached.set(false);
    let newline = newline_arg(cx, a.some(4))?;
    if a.some(2).is_none() {
        super::open::warn_default_encoding(cx, 1)?;
    }
    let errors = match a.some(3) {
        Some(e) => plain_text_arg(cx, e, "errors")?,
        None => cx.new_str("strict")?,
    };
    let encoding = match a.some(2) {
        Some(e) => {
            let e = plain_text_arg(cx, e, "encoding")?;
            encoding_of(cx, e)?
        }
        None => cx.new_str("UTF-8")?,
    };
    let codec = find_codec(cx, encoding)?;
    ferropy_builtins::str_::codec::check_names(cx, None, Some(&errors.to_lossy()))?;
    let line_buffering = flag(cx, a.opt(5), false)?;
    let write_through = flag(cx, a.opt(6), false)?;
    let buffer = a[1];
    let seekable = base::ask(cx, buffer, "seekable")?;
    let read1 = cx.intern("read1")?;
    let has_read1 = cx.getattr_opt(buffer, read1)?.is_some();
    t.buffer.set(cx, t, buffer);
    t.encoding.set(cx, t, encoding);
    t.errors.set(cx, t, errors);
    t.encoder.set(cx, t, Value::NULL);
    t.decoder.set(cx, t, Value::NULL);
    let universal = matches!(newline.as_deref(), None | Some(""));
    t.reset_state(State {
        codec,
        strict: errors.bytes() == b"strict",
        line_buffering,
        write_through,
        universal,
        newlines: Newlines { translate: newline.is_none(), ..Newlines::default() },
        newline,
        seekable,
        telling: seekable,
        has_read1,
        chunk: 8192,
        ..State::default()
    });
    if let Some(b) = buffer.cast::<Buffered>() {
        b.wrapped.set(true);
    }
    t.ready.set(true);
    fix_encoder(cx, t)?;
    Ok(Value::NONE)
}

/// A stream opened for appending begins behind the byte order mark.
fn fix_encoder(cx: &mut Thread, t: Gc<TextIo>) -> R<()> {
    if t.state().seekable && t.state().codec == Codec::Other && base::ask(cx, t.buffer.get(), "writable")? {
        let at = cx.call_method(t.buffer.get(), "tell", &[])?;
        let at_start = cx.eq(at, Value::small_int(0))?;
        text::start_encoder(cx, t, at_start)?;
    }
    Ok(())
}

fn reconfigure(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    let newline = match a.opt(3) {
        Some(n) => Some(newline_arg(cx, Some(n).filter(|n| !n.is_none()))?),
        None => None,
    };
    let decoded = !t.state().ahead.is_empty();
    if decoded && (a.some(1).is_some() || a.some(2).is_some() || a.opt(3).is_some()) {
        let text = "It is not possible to set the encoding or newline of stream after the first read";
        return Err(base::unsupported(cx, text));
    }
    let errors = match (a.some(2), a.some(1)) {
        (Some(e), _) => text_arg(cx, e, "errors")?.value(),
        (None, Some(_)) => cx.new_str("strict")?.value(),
        (None, None) => t.errors.get(),
    };
    let encoding = match a.some(1) {
        Some(e) => {
            let e = text_arg(cx, e, "encoding")?;
            encoding_of(cx, e)?.value()
        }
        None => t.encoding.get(),
    };
    let codec = match encoding.cast::<Str>() {
        Some(s) => find_codec(cx, s)?,
        None => Codec::Utf8,
    };
    let st = t.state();
    let (old_line, old_through) = (st.line_buffering, st.write_through);
    let line_buffering = int_flag(cx, a.some(4), old_line)?;
    let write_through = int_flag(cx, a.some(5), old_through)?;
    cx.call_method(a[0], "flush", &[])?;
    if a.some(1).is_some() || a.some(2).is_some() {
        t.encoding.set(cx, t, encoding);
        t.errors.set(cx, t, errors);
        t.encoder.set(cx, t, Value::NULL);
        t.decoder.set(cx, t, Value::NULL);
        t.state().codec = codec;
        fix_encoder(cx, t)?;
    }
    let st = t.state();
    if let Some(n) = newline {
        st.universal = matches!(n.as_deref(), None | Some(""));
        st.newlines.translate = n.is_none();
        st.newline = n;
    }
    st.line_buffering = line_buffering;
    st.write_through = write_through;
    Ok(Value::NONE)
}

fn detach(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    cx.call_method(a[0], "flush", &[])?;
    let buffer = t.buffer.get();
    t.buffer.set(cx, t, Value::NULL);
    t.ready.set(false);
    t.detached.set(true);
    if let Some(b) = buffer.cast::<Buffered>() {
        b.wrapped.set(false);
    }
    Ok(buffer)
}

/// The receiver, open.
fn open(cx: &mut Thread, v: Value) -> R<Gc<TextIo>> {
    let t = this(cx, v)?;
    let closed = match super::buffered::exact(cx, t.buffer.get()) {
        Some(b) => {
            super::buffered::check_open(cx, b, "I/O operation on closed file.")?;
            false
        }
        None => is_closed(cx, t.buffer.get())?,
    };
    if closed { Err(base::closed_error(cx)) } else { Ok(t) }
}

fn write(cx: &mut Thread, a: Args<'_>) -> R {
    let t = open(cx, a[0])?;
    if let Some(b) = super::buffered::exact(cx, t.buffer.get())
        && b.can.get() & super::buffered::WRITES == 0
    {
        return Err(base::unsupported(cx, "not writable"));
    }
    text::write(cx, t, a[1])
}
fn read(cx: &mut Thread, a: Args<'_>) -> R {
    let n = size_arg(cx, a.opt(1))?;
    let t = open(cx, a[0])?;
    text::check_readable(cx, t)?;
    match n {
        None => text::read_all(cx, t),
        Some(n) => text::read(cx, t, n),
    }
}
fn readline(cx: &mut Thread, a: Args<'_>) -> R {
    let limit = match a.opt(1) {
        Some(v) if v.is_none() => return Err(cx.type_error("'NoneType' object cannot be interpreted as an integer")),
        Some(v) => usize::try_from(cx.index(v)?).ok(),
        None => None,
    };
    let t = open(cx, a[0])?;
    text::check_readable(cx, t)?;
    let line = text::read_line(cx, t, limit)?;
    Ok(cx.new_wtf8(&line)?.value())
}
fn next(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    t.state().telling = false;
    let exact = !cx.class_of(a[0]).has(ferropy_vm::class::flags::HEAP);
    let line = if exact {
        let t = open(cx, a[0])?;
        text::check_readable(cx, t)?;
        let line = text::read_line(cx, t, None)?;
        cx.new_wtf8(&line)?.value()
    } else {
        let line = cx.call_method(a[0], "readline", &[])?;
        if line.cast::<Str>().is_none() {
            let class = cx.class_name(line);
            let text = format!("readline() should have returned a str object, not '{class}'");
            return Err(cx.error(Exc::OSError, text));
        }
        line
    };
    if line.cast::<Str>().is_some_and(|s| s.is_empty()) {
        let st = t.state();
        st.forget();
        st.telling = st.seekable;
        return Err(cx.stop_iteration(Value::NULL));
    }
    Ok(line)
}
fn flush(cx: &mut Thread, a: Args<'_>) -> R {
    let t = open(cx, a[0])?;
    text::flush(cx, t)?;
    Ok(Value::NONE)
}
fn close(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    // Asking may run Python code that detaches us.
    if is_closed(cx, t.buffer.get())? || t.detached.get() {
        return Ok(Value::NONE);
    }
    let flushed = cx.call_method(a[0], "flush", &[]);
    let first = if flushed.is_err() { cx.take_pending() } else { Value::NULL };
    let closed = cx.call_method(t.buffer.get(), "close", &[]);
    match first.bound() {
        None => closed.map(|_| Value::NONE),
        Some(e) => {
            if closed.is_err()
                && let Some(x) = cx.pending.cast::<ferropy_vm::types::Exception>()
                && x.value() != e
            {
                x.context.set(cx, x, e);
                return closed;
            }
            Err(cx.reraise(e))
        }
    }
}
fn fileno(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    cx.call_method(t.buffer.get(), "fileno", &[])
}
fn seekable(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    cx.call_method(t.buffer.get(), "seekable", &[])
}
fn readable(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    cx.call_method(t.buffer.get(), "readable", &[])
}
fn writable(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    cx.call_method(t.buffer.get(), "writable", &[])
}
fn isatty(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    cx.call_method(t.buffer.get(), "isatty", &[])
}
fn seek(cx: &mut Thread, a: Args<'_>) -> R {
    let t = open(cx, a[0])?;
    let whence = match a.opt(2) {
        Some(w) => cx.index(w)?,
        None => 0,
    };
    text::seek(cx, t, a[0], a[1], whence)
}
fn tell(cx: &mut Thread, a: Args<'_>) -> R {
    let t = open(cx, a[0])?;
    text::tell(cx, t, a[0])
}
fn truncate(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    cx.call_method(a[0], "flush", &[])?;
    cx.call_method(t.buffer.get(), "truncate", &[a.or(1, Value::NONE)])
}
fn encoding(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(initialised(cx, a[0])?.encoding.get())
}
fn errors(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(initialised(cx, a[0])?.errors.get())
}
fn newlines(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    let st = t.state();
    if st.universal { st.newlines.value(cx) } else { Ok(Value::NONE) }
}
fn buffer(_cx: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0].cast::<TextIo>().and_then(|t| t.buffer.get().bound()).unwrap_or(Value::NONE))
}
fn line_buffering(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(initialised(cx, a[0])?.state().line_buffering))
}
fn write_through(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(initialised(cx, a[0])?.state().write_through))
}
fn closed(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    cx.getattr_str(t.buffer.get(), "closed")
}
fn name(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    cx.getattr_str(t.buffer.get(), "name")
}
fn get_chunk(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::small_int(this(cx, a[0])?.state().chunk as i64))
}
fn set_chunk(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(value) = a[1].bound() else {
        let message = "attribute '_CHUNK_SIZE' of '_io.TextIOWrapper' objects cannot be deleted";
        return Err(cx.error(Exc::AttributeError, message));
    };
    let Some(n) = cx.index_value(value)?.to_i64() else {
        return Err(cx.value_error("cannot fit 'int' into an index-sized integer"));
    };
    if n <= 0 {
        return Err(cx.value_error("a strictly positive integer is required"));
    }
    this(cx, a[0])?.state().chunk = n as usize;
    Ok(Value::NONE)
}
fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let t = initialised(cx, a[0])?;
    let class = cx.class_of(a[0]);
    let mut out = format!("<{}", cx.type_name(class)).into_bytes();
    if let Some(n) = base::repr_name(cx, a[0])? {
        out.extend_from_slice(b" name=");
        out.extend_from_slice(n.bytes());
    }
    let key = cx.intern("mode")?;
    if let Some(m) = cx.getattr_opt(a[0], key)? {
        let m = cx.repr(m)?;
        out.extend_from_slice(b" mode=");
        out.extend_from_slice(m.bytes());
    }
    let e = cx.repr(t.encoding.get())?;
    out.extend_from_slice(b" encoding=");
    out.extend_from_slice(e.bytes());
    out.push(b'>');
    Ok(cx.new_wtf8(&out)?.value())
}
