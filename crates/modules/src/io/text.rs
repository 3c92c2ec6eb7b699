//! The engine of `TextIOWrapper`: encoding, decoding, lines, positions.
//!
//! Terms. *Ahead*: decoded text that was not given out yet, with the newlines already translated. *Behind*: encoded bytes
//! not yet given to the buffer. The *snapshot* is the decoder's flags before the last chunk and that chunk's bytes
//! (preceded by what the decoder held); it makes `tell` possible.
//!
//! UTF-8, Latin-1 and ASCII are done here; other encodings by their incremental codecs.

use super::base::{self, unsupported};
use super::buffered;
use super::newline::Newlines;
use ferropy_text::{codecs, wtf8};
use ferropy_vm::types::{Bytes, Str, Tuple};
use ferropy_vm::{Exc, Field, Gc, R, Raised, Thread, Value, heap_kind};
use std::cell::{Cell, UnsafeCell};

/// All zero: not initialised.
#[repr(C)]
pub struct TextIo {
    pub buffer: Field,
    pub encoding: Field,
    pub errors: Field,
    /// Incremental codecs of encodings that are not done here, once needed.
    pub encoder: Field,
    pub decoder: Field,
    state: UnsafeCell<Option<Box<State>>>,
    pub ready: Cell<bool>,
    pub detached: Cell<bool>,
}
heap_kind!(TextIo, "TextIOWrapper", 5, drop);

/// Encodings that are done here.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Codec {
    #[default]
    Utf8,
    Latin1,
    Ascii,
    Other,
}

#[derive(Default)]
pub struct State {
    pub codec: Codec,
    pub strict: bool,
    pub line_buffering: bool,
    pub write_through: bool,
    /// The argument `newline`.
    pub newline: Option<String>,
    pub newlines: Newlines,
    /// Universal newlines are recognised when reading.
    pub universal: bool,
    pub seekable: bool,
    pub telling: bool,
    pub has_read1: bool,
    pub chunk: usize,
    pub(super) ahead: Vec<u8>,
    pub(super) at: usize,
    /// Undecoded tail of the last chunk.
    pub(super) tail: Vec<u8>,
    pub(super) snapshot: Option<(u64, Vec<u8>)>,
    pub(super) behind: Vec<u8>,
    /// The encoder has written a byte order mark, or must not.
    pub(super) started: bool,
}

impl State {
    fn ahead(&self) -> &[u8] {
        &self.ahead[self.at..]
    }
    fn take(&mut self, n: usize) -> Vec<u8> {
        let out = self.ahead()[..n].to_vec();
        self.at += n;
        out
    }
    pub fn forget(&mut self) {
        self.ahead.clear();
        self.at = 0;
        self.snapshot = None;
    }
    /// Starts decoding afresh.
    pub fn reset_decoder(&mut self) {
        self.tail.clear();
        self.newlines.pending_cr = false;
    }
}

impl TextIo {
    /// The state. Do not keep the reference across anything that runs Python code.
    #[allow(clippy::mut_from_ref)]
    pub fn state(&self) -> &mut State {
        // SAFETY: the box never goes away while the object lives; the interpreter lock is held.
        unsafe { (*self.state.get()).get_or_insert_with(Box::default) }
    }
    pub fn reset_state(&self, s: State) {
        *self.state() = s;
    }
}

/// The receiver, initialised, even if it is detached from its buffer.
pub fn initialised(cx: &mut Thread, v: Value) -> R<Gc<TextIo>> {
    match v.cast::<TextIo>() {
        Some(t) if t.detached.get() => Ok(t),
        _ => this(cx, v),
    }
}

pub fn this(cx: &mut Thread, v: Value) -> R<Gc<TextIo>> {
    match v.cast::<TextIo>() {
        Some(t) if t.ready.get() => Ok(t),
        Some(t) if t.detached.get() => Err(cx.value_error("underlying buffer has been detached")),
        Some(_) => Err(cx.value_error("I/O operation on uninitialized object")),
        None => Err(cx.type_error("a TextIOWrapper is expected")),
    }
}

/// The codec of an encoding's name.
pub fn codec_of(name: &str) -> Codec {
    let plain: String = name.to_ascii_lowercase().replace('_', "-");
    match plain.as_str() {
        "utf-8" | "utf8" | "u8" | "cp65001" => Codec::Utf8,
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "l1" | "8859" => Codec::Latin1,
        "ascii" | "us-ascii" | "646" => Codec::Ascii,
        _ => Codec::Other,
    }
}

// ---- writing

/// Encodes text (newlines already translated).
fn encode(cx: &mut Thread, t: Gc<TextIo>, text: Value) -> R<Vec<u8>> {
    let Some(s) = text.cast::<Str>() else { return Err(cx.type_error("write() argument must be str")) };
    let mut out = Vec::new();
    let done = match t.state().codec {
        Codec::Utf8 => codecs::utf8_encode(s.bytes(), 0, &mut out).is_ok(),
        Codec::Latin1 => codecs::latin1_encode(s.bytes(), 0, &mut out).is_ok(),
        Codec::Ascii => codecs::ascii_encode(s.bytes(), 0, &mut out).is_ok(),
        Codec::Other => return encode_other(cx, t, text),
    };
    if done {
        return Ok(out);
    }
    let r = cx.call_method(text, "encode", &[t.encoding.get(), t.errors.get()])?;
    cx.bytes_of(r)
}

fn encode_other(cx: &mut Thread, t: Gc<TextIo>, text: Value) -> R<Vec<u8>> {
    if t.encoder.get().is_null() {
        let codecs = cx.import("codecs")?;
        let make = cx.call_method(codecs, "getincrementalencoder", &[t.encoding.get()])?;
        let encoder = cx.call(make, &[t.errors.get()])?;
        t.encoder.set(cx, t, encoder);
        if t.state().started {
            cx.call_method(encoder, "setstate", &[Value::small_int(0)])?;
        }
    }
    let r = cx.call_method(t.encoder.get(), "encode", &[text])?;
    if r.cast::<Bytes>().is_none() {
        let class = cx.class_name(r);
        return Err(cx.type_error(format!("encoder should return a bytes object, not '{class}'")));
    }
    cx.bytes_of(r)
}

/// A writer that begins behind the start of the file writes no byte order mark.
pub fn start_encoder(cx: &mut Thread, t: Gc<TextIo>, at_start: bool) -> R<()> {
    t.state().started = !at_start;
    if let Some(e) = t.encoder.get().bound() {
        if at_start {
            cx.call_method(e, "reset", &[])?;
        } else {
            cx.call_method(e, "setstate", &[Value::small_int(0)])?;
        }
    }
    Ok(())
}

pub fn write(cx: &mut Thread, t: Gc<TextIo>, text: Value) -> R {
    let Some(s) = text.cast::<Str>() else {
        let class = cx.class_name(text);
        return Err(cx.type_error(format!("write() argument must be str, not {class}")));
    };
    let chars = s.len();
    let st = t.state();
    let has_lf = memchr::memchr(b'\n', s.bytes()).is_some();
    let needs_flush = st.line_buffering && (has_lf || memchr::memchr(b'\r', s.bytes()).is_some());
    let crlf = st.newline.as_deref().filter(|n| has_lf && matches!(*n, "\r" | "\r\n")).map(str::to_owned);
    let encoded = match crlf {
        None => encode(cx, t, text)?,
        Some(to) => {
            let mut translated = Vec::with_capacity(s.bytes().len() + 16);
            for (i, line) in s.bytes().split(|b| *b == b'\n').enumerate() {
                if i > 0 {
                    translated.extend_from_slice(to.as_bytes());
                }
                translated.extend_from_slice(line);
            }
            let v = cx.new_wtf8(&translated)?.value();
            encode(cx, t, v)?
        }
    };
    let st = t.state();
    let chunk = st.chunk;
    // The buffer's `write` may write to us again.
    let mut waiting = st.behind.len();
    while waiting + encoded.len() > chunk && waiting > 0 {
        write_behind(cx, t)?;
        waiting = t.state().behind.len();
    }
    let st = t.state();
    st.behind.extend_from_slice(&encoded);
    if st.behind.len() >= chunk || st.write_through || needs_flush {
        write_behind(cx, t)?;
    }
    if needs_flush {
        cx.call_method(t.buffer.get(), "flush", &[])?;
    }
    let st = t.state();
    if st.snapshot.is_some() {
        st.forget();
        st.reset_decoder();
        if let Some(d) = t.decoder.get().bound() {
            cx.call_method(d, "reset", &[])?;
        }
    }
    Ok(Value::small_int(chars as i64))
}

/// Gives what was written to the buffer.
pub fn write_behind(cx: &mut Thread, t: Gc<TextIo>) -> R<()> {
    let data = std::mem::take(&mut t.state().behind);
    if data.is_empty() {
        return Ok(());
    }
    if let Some(b) = buffered::exact(cx, t.buffer.get())
        && b.can.get() & buffered::WRITES != 0
    {
        buffered::locked(cx, b, |cx| {
            buffered::check_open(cx, b, "write to closed file")?;
            buffered::write(cx, b, &data)
        })?;
        return Ok(());
    }
    let bytes = cx.new_bytes(&data)?.value();
    cx.call_method(t.buffer.get(), "write", &[bytes])?;
    Ok(())
}

pub fn flush(cx: &mut Thread, t: Gc<TextIo>) -> R<()> {
    write_behind(cx, t)?;
    cx.call_method(t.buffer.get(), "flush", &[])?;
    let st = t.state();
    st.telling = st.seekable;
    Ok(())
}

// ---- decoding

/// The incremental decoder of an encoding that is not done here.
fn other_decoder(cx: &mut Thread, t: Gc<TextIo>) -> R {
    if let Some(d) = t.decoder.get().bound() {
        return Ok(d);
    }
    let codecs = cx.import("codecs")?;
    let make = cx.call_method(codecs, "getincrementaldecoder", &[t.encoding.get()])?;
    let d = cx.call(make, &[t.errors.get()])?;
    t.decoder.set(cx, t, d);
    Ok(d)
}

/// Decodes one chunk, newlines translated.
fn decode(cx: &mut Thread, t: Gc<TextIo>, data: &[u8], last: bool) -> R<Vec<u8>> {
    let text = if t.state().codec == Codec::Other {
        let d = other_decoder(cx, t)?;
        let bytes = cx.new_bytes(data)?.value();
        let r = cx.call_method(d, "decode", &[bytes, Value::bool(last)])?;
        match r.cast::<Str>() {
            Some(s) => s.bytes().to_vec(),
            None => {
                let class = cx.class_name(r);
                return Err(cx.type_error(format!("decoder should return a string result, not '{class}'")));
            }
        }
    } else {
        decode_here(cx, t, data, last)?
    };
    let st = t.state();
    Ok(if st.universal { st.newlines.feed(text, last) } else { text })
}

fn decode_here(cx: &mut Thread, t: Gc<TextIo>, data: &[u8], last: bool) -> R<Vec<u8>> {
    let st = t.state();
    let joined;
    let input: &[u8] = if st.tail.is_empty() {
        data
    } else {
        joined = [st.tail.as_slice(), data].concat();
        st.tail.clear();
        &joined
    };
    let mut out = Vec::with_capacity(input.len());
    let end = match st.codec {
        Codec::Latin1 => {
            codecs::latin1_decode(input, &mut out);
            return Ok(out);
        }
        Codec::Ascii => codecs::ascii_decode(input, 0, &mut out),
        _ => codecs::utf8_decode(input, 0, last, &mut out),
    };
    let end = match end {
        Ok(end) => {
            st.tail = input[end..].to_vec();
            return Ok(out);
        }
        Err(_) if last || st.codec == Codec::Ascii => input.len(),
        Err(_) => complete_part(input),
    };
    // The codec words the error or calls the error handler.
    st.tail = input[end..].to_vec();
    let bytes = cx.new_bytes(&input[..end])?.value();
    let r = cx.call_method(bytes, "decode", &[t.encoding.get(), t.errors.get()]);
    if r.is_err() {
        t.state().tail.clear();
    }
    match r?.cast::<Str>() {
        Some(s) => Ok(s.bytes().to_vec()),
        None => Err(cx.type_error("decoder should return a string result")),
    }
}

/// Length without an incomplete UTF-8 sequence at the end.
fn complete_part(input: &[u8]) -> usize {
    for back in 1..=3.min(input.len()) {
        let b = input[input.len() - back];
        if b & 0xc0 == 0x80 {
            continue;
        }
        return match std::str::from_utf8(&input[input.len() - back..]) {
            Err(e) if e.error_len().is_none() => input.len() - back,
            _ => input.len(),
        };
    }
    input.len()
}

/// The decoder's state: (bytes held, flags with the pending `\r` in bit 0).
fn decoder_state(cx: &mut Thread, t: Gc<TextIo>) -> R<(Vec<u8>, u64)> {
    let (mut held, mut flags) = (t.state().tail.clone(), 0u64);
    if t.state().codec == Codec::Other {
        let d = other_decoder(cx, t)?;
        let r = cx.call_method(d, "getstate", &[])?;
        let Some(pair) = r.cast::<Tuple>().filter(|p| p.len == 2) else {
            return Err(cx.type_error("illegal decoder state"));
        };
        if pair.at(0).cast::<Bytes>().is_none() {
            let class = cx.class_name(pair.at(0));
            let text = format!("illegal decoder state: the first item should be a bytes object, not '{class}'");
            return Err(cx.type_error(text));
        }
        held = cx.bytes_of(pair.at(0))?;
        flags = cx.index(pair.at(1))? as u64;
    }
    Ok((held, if t.state().universal { flags << 1 | t.state().newlines.pending_cr as u64 } else { flags }))
}

fn set_decoder_state(cx: &mut Thread, t: Gc<TextIo>, held: &[u8], flags: u64) -> R<()> {
    let universal = t.state().universal;
    if universal {
        t.state().newlines.pending_cr = flags & 1 != 0;
    }
    if t.state().codec != Codec::Other {
        t.state().tail = held.to_vec();
        return Ok(());
    }
    let d = other_decoder(cx, t)?;
    let held = cx.new_bytes(held)?.value();
    let flags = cx.uint(if universal { flags >> 1 } else { flags })?;
    let state = cx.new_tuple(&[held, flags])?.value();
    cx.call_method(d, "setstate", &[state])?;
    Ok(())
}

// ---- reading

/// Reads and decodes one chunk; false at the end of the file.
fn read_chunk(cx: &mut Thread, t: Gc<TextIo>) -> R<bool> {
    let telling = t.state().telling;
    let before = if telling { Some(decoder_state(cx, t)?) } else { None };
    let chunk = t.state().chunk;
    let data = match buffered::exact(cx, t.buffer.get()) {
        Some(b) if b.can.get() & buffered::READS != 0 => buffered::locked(cx, b, |cx| {
            buffered::check_open(cx, b, "read of closed file")?;
            buffered::read1(cx, b, Some(chunk))
        })?,
        _ => read_object(cx, t, chunk)?,
    };
    let eof = data.is_empty();
    let text = decode(cx, t, &data, eof)?;
    let st = t.state();
    let got_text = !text.is_empty();
    st.ahead = text;
    st.at = 0;
    if let Some((mut held, flags)) = before {
        held.extend_from_slice(&data);
        st.snapshot = Some((flags, held));
    }
    Ok(!eof || got_text)
}

fn read_object(cx: &mut Thread, t: Gc<TextIo>, chunk: usize) -> R<Vec<u8>> {
    let method = if t.state().has_read1 { "read1" } else { "read" };
    let r = cx.call_method(t.buffer.get(), method, &[Value::small_int(chunk as i64)])?;
    match cx.buffer_opt(r)? {
        Some(b) => Ok(b.bytes().to_vec()),
        None => {
            let class = cx.class_name(r);
            let text = format!("underlying {method}() should have returned a bytes-like object, not '{class}'");
            Err(cx.type_error(text))
        }
    }
}

pub fn check_readable(cx: &mut Thread, t: Gc<TextIo>) -> R<()> {
    if let Some(b) = buffered::exact(cx, t.buffer.get())
        && b.can.get() & buffered::READS == 0
    {
        return Err(unsupported(cx, "not readable"));
    }
    if buffered::exact(cx, t.buffer.get()).is_none() && !base::ask(cx, t.buffer.get(), "readable")? {
        return Err(unsupported(cx, "not readable"));
    }
    Ok(())
}

/// Before reading: what was written goes out.
fn before_read(cx: &mut Thread, t: Gc<TextIo>) -> R<()> {
    if t.state().behind.is_empty() { Ok(()) } else { write_behind(cx, t) }
}

pub fn read_all(cx: &mut Thread, t: Gc<TextIo>) -> R {
    before_read(cx, t)?;
    let bytes = match buffered::exact(cx, t.buffer.get()) {
        Some(b) => buffered::locked(cx, b, |cx| {
            buffered::check_open(cx, b, "read of closed file")?;
            buffered::read_all(cx, b)
        })?,
        None => {
            let r = cx.call_method(t.buffer.get(), "read", &[])?;
            if r.is_none() { None } else { Some(cx.bytes_of(r)?) }
        }
    };
    let Some(bytes) = bytes else { return Err(cx.error(Exc::BlockingIOError, "Read returned None.")) };
    let rest = decode(cx, t, &bytes, true)?;
    let st = t.state();
    let n = st.ahead().len();
    let out = if n == 0 { rest } else { [st.take(n), rest].concat() };
    let st = t.state();
    st.forget();
    Ok(cx.new_wtf8(&out)?.value())
}

pub fn read(cx: &mut Thread, t: Gc<TextIo>, n: usize) -> R {
    before_read(cx, t)?;
    let mut out: Vec<u8> = Vec::new();
    let mut left = n;
    while left > 0 {
        let st = t.state();
        let ahead = st.ahead();
        if ahead.is_empty() {
            if !read_chunk(cx, t)? {
                break;
            }
            continue;
        }
        let (bytes, chars) = match wtf8::offset_of(ahead, left) {
            Some(end) => (end, left),
            None => (ahead.len(), wtf8::count(ahead)),
        };
        let piece = st.take(bytes);
        out.extend_from_slice(&piece);
        left -= chars;
    }
    Ok(cx.new_wtf8(&out)?.value())
}

/// End of the first line in `text`, just behind its line end.
fn line_end(st: &State, text: &[u8]) -> Option<usize> {
    match st.newline.as_deref() {
        None | Some("\n") => memchr::memchr(b'\n', text).map(|i| i + 1),
        Some("") => {
            let i = memchr::memchr2(b'\n', b'\r', text)?;
            Some(if text[i] == b'\r' && text.get(i + 1) == Some(&b'\n') { i + 2 } else { i + 1 })
        }
        Some(sep) => memchr::memmem::find(text, sep.as_bytes()).map(|i| i + sep.len()),
    }
}

pub fn read_line(cx: &mut Thread, t: Gc<TextIo>, limit: Option<usize>) -> R<Vec<u8>> {
    before_read(cx, t)?;
    let mut out: Vec<u8> = Vec::new();
    loop {
        let st = t.state();
        if st.ahead().is_empty() {
            if !read_chunk(cx, t)? {
                return Ok(out);
            }
            continue;
        }
        // A separator of two characters may lie across the seam.
        let split = st.newline.as_deref() == Some("\r\n") && out.last() == Some(&b'\r') && st.ahead()[0] == b'\n';
        let found = if split { Some(1) } else { line_end(st, st.ahead()) };
        let mut end = found.unwrap_or(st.ahead().len());
        let mut done = found.is_some();
        if let Some(limit) = limit {
            let room = limit - wtf8::count(&out);
            if let Some(most) = wtf8::offset_of(st.ahead(), room)
                && most <= end
            {
                end = most;
                done = true;
            }
        }
        let piece = st.take(end);
        if out.is_empty() {
            out = piece;
        } else {
            out.extend_from_slice(&piece);
        }
        if done {
            return Ok(out);
        }
    }
}

// ---- positions

/// Parts of an opaque position.
#[derive(Default, Clone, Copy, Debug)]
struct Cookie {
    start: u64,
    flags: u64,
    feed: u64,
    skip: u64,
    eof: bool,
}

impl Cookie {
    fn value(self, cx: &mut Thread) -> R {
        if self.flags == 0 && self.feed == 0 && self.skip == 0 && !self.eof {
            return cx.uint(self.start);
        }
        use dashu_int::IBig;
        let parts = [self.start, self.flags, self.feed, self.skip, self.eof as u64];
        let n = parts.iter().enumerate().fold(IBig::from(0), |n, (i, p)| n + (IBig::from(*p) << (64 * i)));
        cx.bigint(&n)
    }
    fn parse(cx: &mut Thread, v: Value) -> R<Cookie> {
        let v = cx.index_value(v)?;
        let n = v.to_ibig().unwrap_or_default();
        let (sign, words) = n.as_sign_words();
        if sign == dashu_int::Sign::Negative {
            let r = cx.repr(v)?.to_lossy();
            return Err(cx.value_error(format!("negative seek position {r}")));
        }
        let word = |i: usize| words.get(i).copied().unwrap_or(0);
        Ok(Cookie { start: word(0), flags: word(1), feed: word(2), skip: word(3), eof: word(4) != 0 })
    }
}

fn buffer_tell(cx: &mut Thread, t: Gc<TextIo>) -> R<u64> {
    let r = cx.call_method(t.buffer.get(), "tell", &[])?;
    Ok(cx.index(r)?.max(0) as u64)
}

pub fn tell(cx: &mut Thread, t: Gc<TextIo>, v: Value) -> R {
    if !t.state().seekable {
        return Err(unsupported(cx, "underlying stream is not seekable"));
    }
    if !t.state().telling {
        return Err(cx.error(Exc::OSError, "telling position disabled by next() call"));
    }
    write_behind(cx, t)?;
    cx.call_method(v, "flush", &[])?;
    let position = buffer_tell(cx, t)?;
    let st = t.state();
    let Some((flags, chunk)) = st.snapshot.clone() else { return cx.uint(position) };
    let start = position.saturating_sub(chunk.len() as u64);
    let used = wtf8::count(&st.ahead[..st.at]);
    let mut cookie = Cookie { start, flags, ..Cookie::default() };
    if used == 0 {
        return cookie.value(cx);
    }
    let saved = decoder_state(cx, t)?;
    let seen = t.state().newlines.seen;
    let found = find_position(cx, t, &mut cookie, &chunk, used);
    let restored = set_decoder_state(cx, t, &saved.0, saved.1);
    t.state().newlines.seen = seen;
    found?;
    restored?;
    cookie.value(cx)
}

/// Decodes the chunk again byte by byte until `used` characters came out; remembers the last place with an empty decoder.
fn find_position(cx: &mut Thread, t: Gc<TextIo>, cookie: &mut Cookie, chunk: &[u8], used: usize) -> R<()> {
    set_decoder_state(cx, t, &[], cookie.flags)?;
    let (mut fed, mut decoded) = (0u64, 0usize);
    let start = cookie.start;
    let mut safe = (0u64, cookie.flags, 0usize);
    for b in chunk {
        fed += 1;
        let text = decode(cx, t, std::slice::from_ref(b), false)?;
        decoded += wtf8::count(&text);
        let (held, flags) = decoder_state(cx, t)?;
        if held.is_empty() && decoded <= used {
            safe = (fed, flags, decoded);
        }
        if decoded >= used {
            break;
        }
    }
    if decoded < used {
        let text = decode(cx, t, &[], true)?;
        cookie.eof = true;
        if decoded + wtf8::count(&text) < used {
            return Err(cx.error(Exc::OSError, "can't reconstruct logical file position"));
        }
    }
    cookie.start = start + safe.0;
    cookie.flags = safe.1;
    cookie.skip = (used - safe.2) as u64;
    cookie.feed = if cookie.skip > 0 { fed - safe.0 } else { 0 };
    if cookie.skip == 0 {
        cookie.eof = false;
    }
    Ok(())
}

/// Whence 1 and 2 take the offset 0 only.
pub fn seek(cx: &mut Thread, t: Gc<TextIo>, v: Value, cookie: Value, whence: i64) -> R {
    if !t.state().seekable {
        return Err(unsupported(cx, "underlying stream is not seekable"));
    }
    let zero = cx.eq(cookie, Value::small_int(0))?;
    match whence {
        0 => {
            let c = Cookie::parse(cx, cookie)?;
            seek_cookie(cx, t, v, c)?;
            Ok(cookie)
        }
        1 if !zero => Err(unsupported(cx, "can't do nonzero cur-relative seeks")),
        1 => {
            let here = cx.call_method(v, "tell", &[])?;
            let c = Cookie::parse(cx, here)?;
            seek_cookie(cx, t, v, c)?;
            Ok(here)
        }
        2 if !zero => Err(unsupported(cx, "can't do nonzero end-relative seeks")),
        2 => seek_end(cx, t, v),
        _ => Err(bad_whence(cx, whence)),
    }
}

fn bad_whence(cx: &mut Thread, whence: i64) -> Raised {
    cx.value_error(format!("invalid whence ({whence}, should be 0, 1 or 2)"))
}

fn seek_end(cx: &mut Thread, t: Gc<TextIo>, v: Value) -> R {
    cx.call_method(v, "flush", &[])?;
    t.state().forget();
    t.state().reset_decoder();
    if let Some(d) = t.decoder.get().bound() {
        cx.call_method(d, "reset", &[])?;
    }
    let end = cx.call_method(t.buffer.get(), "seek", &[Value::small_int(0), Value::small_int(2)])?;
    let at_start = cx.eq(end, Value::small_int(0))?;
    start_encoder(cx, t, at_start)?;
    Ok(end)
}

fn seek_cookie(cx: &mut Thread, t: Gc<TextIo>, v: Value, c: Cookie) -> R<()> {
    cx.call_method(v, "flush", &[])?;
    let start = cx.uint(c.start)?;
    cx.call_method(t.buffer.get(), "seek", &[start])?;
    t.state().forget();
    if c.start == 0 && c.flags == 0 {
        t.state().reset_decoder();
        if let Some(d) = t.decoder.get().bound() {
            cx.call_method(d, "reset", &[])?;
        }
    } else {
        set_decoder_state(cx, t, &[], c.flags)?;
    }
    if c.skip > 0 {
        let feed = cx.uint(c.feed)?;
        let bytes = cx.call_method(t.buffer.get(), "read", &[feed])?;
        let data = cx.bytes_of(bytes)?;
        let text = decode(cx, t, &data, c.eof)?;
        let Some(at) = wtf8::offset_of(&text, c.skip as usize) else {
            return Err(cx.error(Exc::OSError, "can't restore logical file position"));
        };
        let st = t.state();
        st.ahead = text;
        st.at = at;
        st.snapshot = Some((c.flags, data));
    } else {
        t.state().snapshot = Some((c.flags, Vec::new()));
    }
    start_encoder(cx, t, c.start == 0 && c.skip == 0)
}
