//! The engine of `BufferedReader`, `BufferedWriter` and `BufferedRandom`: one struct, told apart by what it may do.
//!
//! Terms. *Ahead*: bytes that were read from the raw stream and not yet given out. *Behind*: bytes that were written and
//! not yet given to the raw stream. At most one of the two is not empty. The raw stream's position is that of the end of
//! *ahead*, or of the beginning of *behind*.
//!
//! Every operation holds the stream's lock; a second one in the same thread (from a signal handler) is an error.

use super::base::{closed_error, is_closed, unsupported};
use super::file::{self, FileIO};
use super::util;
use ferropy_vm::types::Bytes;
use ferropy_vm::{Exc, Field, Gc, HeapObject, R, Raised, Thread, Value, heap_kind};
use std::cell::{Cell, UnsafeCell};

/// All zero: not initialised.
#[repr(C)]
pub struct Buffered {
    pub raw: Field,
    state: UnsafeCell<Option<Box<State>>>,
    /// A text stream owns it and will close it.
    pub wrapped: Cell<bool>,
    /// What the class does: see [`READS`].
    pub can: Cell<u8>,
    ready: Cell<bool>,
    pub detached: Cell<bool>,
    /// Thread that is inside an operation, 0: none.
    owner: Cell<u64>,
}
heap_kind!(Buffered, "buffered stream", 1, drop);

pub const READS: u8 = 1;
pub const WRITES: u8 = 2;

#[derive(Default)]
pub struct State {
    pub size: usize,
    ahead: Vec<u8>,
    at: usize,
    behind: Vec<u8>,
}

impl State {
    pub fn ahead(&self) -> &[u8] {
        &self.ahead[self.at..]
    }
    fn take(&mut self, n: usize) -> Vec<u8> {
        let out = self.ahead()[..n].to_vec();
        self.at += n;
        out
    }
    fn forget(&mut self) {
        self.ahead.clear();
        self.at = 0;
    }
    pub fn behind_len(&self) -> usize {
        self.behind.len()
    }
}

/// Is it a buffered stream whose owner closes it?
pub fn is_wrapped(v: Value) -> bool {
    v.cast::<Buffered>().is_some_and(|b| b.wrapped.get())
}

impl Buffered {
    /// The state. Do not keep the reference across anything that runs Python code.
    #[allow(clippy::mut_from_ref)]
    pub fn state(&self) -> &mut State {
        // SAFETY: the box never goes away while the object lives; the interpreter lock is held.
        unsafe { (*self.state.get()).get_or_insert_with(Box::default) }
    }
}

/// The receiver, initialised and not detached.
pub fn this(cx: &mut Thread, v: Value) -> R<Gc<Buffered>> {
    match v.cast::<Buffered>() {
        Some(b) if b.ready.get() => Ok(b),
        Some(b) if b.detached.get() => Err(cx.value_error("raw stream has been detached")),
        Some(_) => Err(cx.value_error("I/O operation on uninitialized object")),
        None => Err(cx.type_error("a buffered stream is expected")),
    }
}

pub fn initialise(cx: &mut Thread, v: Value, raw: Value, size: Option<Value>, can: u8) -> R<()> {
    let Some(b) = v.cast::<Buffered>() else { return Err(cx.type_error("a buffered stream is expected")) };
    b.ready.set(false);
    b.detached.set(false);
    let size = match size {
        Some(n) => cx.index(n)?,
        None => super::BUFFER_SIZE as i64,
    };
    if can & READS != 0 && !super::base::ask(cx, raw, "readable")? {
        return Err(unsupported(cx, "File or stream is not readable."));
    }
    if can & WRITES != 0 && !super::base::ask(cx, raw, "writable")? {
        return Err(unsupported(cx, "File or stream is not writable."));
    }
    if size <= 0 {
        return Err(cx.value_error("buffer size must be strictly positive"));
    }
    b.raw.set(cx, b, raw);
    *b.state() = State { size: size as usize, ..State::default() };
    b.can.set(can);
    b.ready.set(true);
    if let Some(f) = raw.cast::<FileIO>() {
        f.wrapped.set(true);
    }
    Ok(())
}

pub fn detach(cx: &mut Thread, b: Gc<Buffered>) -> Value {
    let raw = b.raw.get();
    b.raw.set(cx, b, Value::NULL);
    b.ready.set(false);
    b.detached.set(true);
    if let Some(f) = raw.cast::<FileIO>() {
        f.wrapped.set(false);
    }
    raw
}

/// The raw stream as an open plain file, for calls without detours.
fn plain_file(cx: &mut Thread, b: Gc<Buffered>) -> Option<Gc<FileIO>> {
    let raw = b.raw.get();
    let f = raw.cast::<FileIO>()?;
    let class = cx.native_class(&file::FILE_IO).ok()?;
    (cx.class_of(raw) == class).then_some(f)
}

pub fn check_open(cx: &mut Thread, b: Gc<Buffered>, message: &str) -> R<()> {
    if let Some(f) = plain_file(cx, b) {
        return if f.descriptor().is_some() { Ok(()) } else { Err(cx.value_error(message)) };
    }
    if is_closed(cx, b.raw.get())? { Err(cx.value_error(message)) } else { Ok(()) }
}

/// Runs an operation under the stream's lock.
pub fn locked<T>(cx: &mut Thread, b: Gc<Buffered>, f: impl FnOnce(&mut Thread) -> R<T>) -> R<T> {
    let me = cx.ident;
    while b.owner.get() != 0 {
        if b.owner.get() == me {
            let r = cx.repr(b.value())?;
            return Err(cx.runtime_error(format!("reentrant call inside {}", r.to_lossy())));
        }
        cx.allow_threads(|| std::thread::sleep(std::time::Duration::from_micros(50)));
        cx.safepoint()?;
    }
    b.owner.set(me);
    let r = f(cx);
    b.owner.set(0);
    r
}

/// Lets a forked child go on though another thread held the lock.
pub fn unlock_after_fork(b: Gc<Buffered>) {
    b.owner.set(0);
}

// ---- the raw stream

/// Reads up to `n` bytes from the raw stream; None: would block.
fn raw_read(cx: &mut Thread, b: Gc<Buffered>, n: usize) -> R<Option<Vec<u8>>> {
    if let Some(f) = plain_file(cx, b) {
        return file::read_some(cx, f, n);
    }
    let raw = b.raw.get();
    let array = util::new_bytearray(cx, &vec![0; n])?;
    let view = util::memoryview(cx, array)?;
    let got = cx.call_method(raw, "readinto", &[view]);
    let got = got?;
    if got.is_none() {
        return Ok(None);
    }
    let got = match cx.index(got) {
        Ok(got) => got,
        Err(_) => return Err(failed_because(cx, "raw readinto() failed")),
    };
    if got < 0 || got as usize > n {
        let text = format!("raw readinto() returned invalid length {got} (should have been between 0 and {n})");
        return Err(cx.error(Exc::OSError, text));
    }
    let mut data = cx.bytes_of(array)?;
    data.truncate(got as usize);
    Ok(Some(data))
}

/// An OSError whose cause is the pending exception.
fn failed_because(cx: &mut Thread, text: &str) -> Raised {
    let cause = cx.take_pending();
    let raised = cx.error(Exc::OSError, text);
    if let Some(e) = cx.pending.cast::<ferropy_vm::types::Exception>() {
        e.cause.set(cx, e, cause);
        e.context.set(cx, e, cause);
        e.suppress_context.set(true);
    }
    raised
}

/// Writes once to the raw stream; None: would block.
fn raw_write(cx: &mut Thread, b: Gc<Buffered>, data: &[u8]) -> R<Option<usize>> {
    if let Some(f) = plain_file(cx, b) {
        return file::write_some(cx, f, data);
    }
    let raw = b.raw.get();
    let bytes = cx.new_bytes(data)?.value();
    let view = util::memoryview(cx, bytes)?;
    let n = cx.call_method(raw, "write", &[view])?;
    if n.is_none() {
        return Ok(None);
    }
    let n = cx.index(n)?;
    if n < 0 || n as usize > data.len() {
        let text = format!("raw write() returned invalid length {n} (should have been between 0 and {})", data.len());
        return Err(cx.error(Exc::OSError, text));
    }
    Ok(Some(n as usize))
}

fn raw_seek(cx: &mut Thread, b: Gc<Buffered>, pos: i64, whence: i32) -> R<i64> {
    if let Some(f) = plain_file(cx, b) {
        return file::seek_to(cx, f, pos, whence);
    }
    let pos = cx.int(pos)?;
    let n = cx.call_method(b.raw.get(), "seek", &[pos, Value::small_int(whence as i64)])?;
    checked_position(cx, n, "seek")
}

fn raw_tell(cx: &mut Thread, b: Gc<Buffered>) -> R<i64> {
    if let Some(f) = plain_file(cx, b) {
        return file::seek_to(cx, f, 0, libc::SEEK_CUR);
    }
    let n = cx.call_method(b.raw.get(), "tell", &[])?;
    checked_position(cx, n, "tell")
}

fn checked_position(cx: &mut Thread, n: Value, _what: &str) -> R<i64> {
    let n = cx.index(n)?;
    if n < 0 {
        return Err(cx.error(Exc::OSError, format!("Raw stream returned invalid position {n}")));
    }
    Ok(n)
}

// ---- reading

/// Fills *ahead* when it is empty, with one read; false: end of file, None: would block.
pub fn fill(cx: &mut Thread, b: Gc<Buffered>) -> R<Option<bool>> {
    let size = b.state().size;
    let Some(data) = raw_read(cx, b, size)? else { return Ok(None) };
    let st = b.state();
    if st.at == st.ahead.len() {
        st.ahead = data;
        st.at = 0;
        return Ok(Some(!st.ahead.is_empty()));
    }
    let more = !data.is_empty();
    st.ahead.extend_from_slice(&data);
    Ok(Some(more))
}

/// Before reading: what was written goes out.
pub fn before_read(cx: &mut Thread, b: Gc<Buffered>) -> R<()> {
    if b.state().behind.is_empty() { Ok(()) } else { flush_behind(cx, b) }
}

/// Reads exactly `n` bytes unless the file ends or would block; None: nothing, would block.
pub fn read_exact(cx: &mut Thread, b: Gc<Buffered>, n: usize) -> R<Option<Vec<u8>>> {
    if b.state().ahead().len() >= n {
        return Ok(Some(b.state().take(n)));
    }
    before_read(cx, b)?;
    let st = b.state();
    let (rest, size) = (st.ahead().len(), st.size);
    let mut out = st.take(rest);
    st.forget();
    while out.len() < n {
        let want = n - out.len();
        // Large reads bypass the buffer.
        let whole = want / size * size;
        let piece = if whole > 0 {
            raw_read(cx, b, whole)?
        } else {
            match fill(cx, b)? {
                None => None,
                Some(_) => {
                    let k = want.min(b.state().ahead().len());
                    Some(b.state().take(k))
                }
            }
        };
        match piece {
            None if out.is_empty() => return Ok(None),
            None => break,
            Some(p) if p.is_empty() => break,
            Some(p) => out.extend_from_slice(&p),
        }
    }
    Ok(Some(out))
}

/// Reads to the end.
pub fn read_all(cx: &mut Thread, b: Gc<Buffered>) -> R<Option<Vec<u8>>> {
    before_read(cx, b)?;
    let st = b.state();
    let n = st.ahead().len();
    let mut out = st.take(n);
    st.forget();
    if let Some(f) = plain_file(cx, b) {
        return match file::read_all(cx, f)? {
            None if out.is_empty() => Ok(None),
            None => Ok(Some(out)),
            Some(rest) if out.is_empty() => Ok(Some(rest)),
            Some(rest) => {
                out.extend_from_slice(&rest);
                Ok(Some(out))
            }
        };
    }
    let raw = b.raw.get();
    let key = cx.intern("readall")?;
    if let Some(readall) = cx.getattr_opt(raw, key)? {
        let rest = cx.call(readall, &[])?;
        if rest.is_none() {
            return Ok((!out.is_empty()).then_some(out));
        }
        let Some(rest) = rest.cast::<Bytes>() else { return Err(cx.type_error("readall() should return bytes")) };
        out.extend_from_slice(rest.data());
        return Ok(Some(out));
    }
    loop {
        let piece = cx.call_method(raw, "read", &[])?;
        if piece.is_none() {
            return Ok((!out.is_empty()).then_some(out));
        }
        let Some(p) = piece.cast::<Bytes>() else { return Err(cx.type_error("read() should return bytes")) };
        if p.len == 0 {
            return Ok(Some(out));
        }
        out.extend_from_slice(p.data());
    }
}

/// Up to `n` bytes (None: as many as the buffer holds) with at most one raw read.
pub fn read1(cx: &mut Thread, b: Gc<Buffered>, n: Option<usize>) -> R<Vec<u8>> {
    let n = n.unwrap_or(b.state().size);
    if n == 0 {
        return Ok(Vec::new());
    }
    before_read(cx, b)?;
    let have = b.state().ahead().len();
    if have > 0 {
        return Ok(b.state().take(have.min(n)));
    }
    b.state().forget();
    Ok(raw_read(cx, b, n)?.unwrap_or_default())
}

/// Up to `n` bytes: what is ahead, and at most one raw read. With something ahead the raw stream is read only for more
/// than a buffer holds.
pub fn readinto1(cx: &mut Thread, b: Gc<Buffered>, n: usize) -> R<Vec<u8>> {
    before_read(cx, b)?;
    let st = b.state();
    let (have, size) = (st.ahead().len().min(n), st.size);
    let mut out = st.take(have);
    let rest = n - have;
    if have > 0 && rest <= size {
        return Ok(out);
    }
    st.forget();
    if rest > size {
        out.extend_from_slice(&raw_read(cx, b, rest)?.unwrap_or_default());
    } else if rest > 0 && fill(cx, b)? == Some(true) {
        let st = b.state();
        let more = st.ahead().len().min(rest);
        out = st.take(more);
    }
    Ok(out)
}

/// What is ahead, after at most one raw read.
pub fn peek(cx: &mut Thread, b: Gc<Buffered>) -> R<Vec<u8>> {
    before_read(cx, b)?;
    if b.state().ahead().is_empty() {
        fill(cx, b)?;
    }
    Ok(b.state().ahead().to_vec())
}

pub fn read_line(cx: &mut Thread, b: Gc<Buffered>, limit: Option<usize>) -> R<Vec<u8>> {
    before_read(cx, b)?;
    let mut out: Vec<u8> = Vec::new();
    loop {
        let st = b.state();
        let ahead = st.ahead();
        let room = limit.map_or(usize::MAX, |n| n - out.len());
        let end = memchr::memchr(b'\n', ahead).map_or(ahead.len(), |i| i + 1).min(room);
        let done = end > 0 && ahead[end - 1] == b'\n' || end == room;
        let piece = st.take(end);
        if out.is_empty() {
            out = piece;
        } else {
            out.extend_from_slice(&piece);
        }
        if done {
            return Ok(out);
        }
        st.forget();
        if fill(cx, b)? != Some(true) {
            return Ok(out);
        }
    }
}

// ---- writing

/// BlockingIOError with the number of bytes taken.
fn would_block(cx: &mut Thread, written: usize) -> Raised {
    let text = match cx.new_str("write could not complete without blocking") {
        Ok(t) => t.value(),
        Err(r) => return r,
    };
    let args = [Value::small_int(libc::EAGAIN as i64), text, Value::small_int(written as i64)];
    cx.error_with(Exc::BlockingIOError, &args)
}

/// Writes *behind* out.
pub fn flush_behind(cx: &mut Thread, b: Gc<Buffered>) -> R<()> {
    // The bytes are taken out while others may run, and what could not be written is put back.
    let data = std::mem::take(&mut b.state().behind);
    let mut done = 0;
    let mut result = Ok(());
    while done < data.len() {
        match raw_write(cx, b, &data[done..]) {
            Ok(Some(n)) => {
                done += n;
                // A signal may be why not everything was taken; its handler runs now and may raise.
                if let Err(r) = cx.safepoint() {
                    result = Err(r);
                    break;
                }
            }
            Ok(None) => {
                result = Err(would_block(cx, 0));
                break;
            }
            Err(r) => {
                result = Err(r);
                break;
            }
        }
    }
    if done < data.len() {
        b.state().behind = data[done..].to_vec();
    } else {
        let mut data = data;
        data.clear();
        b.state().behind = data;
    }
    result
}

/// Before writing: the raw position goes back to where the program is.
pub fn before_write(cx: &mut Thread, b: Gc<Buffered>) -> R<()> {
    let n = b.state().ahead().len();
    if n > 0 {
        raw_seek(cx, b, -(n as i64), libc::SEEK_CUR)?;
    }
    b.state().forget();
    Ok(())
}

pub fn write(cx: &mut Thread, b: Gc<Buffered>, data: &[u8]) -> R<usize> {
    before_write(cx, b)?;
    let st = b.state();
    if st.behind.len() + data.len() <= st.size {
        st.behind.extend_from_slice(data);
        return Ok(data.len());
    }
    let flushed = flush_behind(cx, b);
    if flushed.is_err() {
        return write_blocked(cx, b, data);
    }
    // What fits the buffer stays there, the rest goes out.
    let size = b.state().size;
    let mut done = 0;
    while data.len() - done > size {
        match raw_write(cx, b, &data[done..])? {
            Some(n) => {
                done += n;
                cx.safepoint()?;
            }
            None => {
                let room = size.min(data.len() - done);
                b.state().behind.extend_from_slice(&data[done..done + room]);
                return if done + room < data.len() { Err(would_block(cx, done + room)) } else { Ok(data.len()) };
            }
        }
    }
    b.state().behind.extend_from_slice(&data[done..]);
    Ok(data.len())
}

/// The raw stream would block: takes what fits.
fn write_blocked(cx: &mut Thread, b: Gc<Buffered>, data: &[u8]) -> R<usize> {
    if !cx.pending_is(Exc::BlockingIOError) {
        return Err(Raised);
    }
    let st = b.state();
    let n = st.size.saturating_sub(st.behind.len()).min(data.len());
    st.behind.extend_from_slice(&data[..n]);
    cx.take_pending();
    if n == data.len() { Ok(n) } else { Err(would_block(cx, n)) }
}

pub fn flush(cx: &mut Thread, b: Gc<Buffered>) -> R<()> {
    if b.can.get() & WRITES != 0 {
        flush_behind(cx, b)?;
        if b.can.get() & READS != 0 {
            before_write(cx, b)?;
        }
    }
    Ok(())
}

// ---- position

pub fn tell(cx: &mut Thread, b: Gc<Buffered>) -> R<i64> {
    let raw = raw_tell(cx, b)?;
    let st = b.state();
    Ok((raw - st.ahead().len() as i64 + st.behind.len() as i64).max(0))
}

pub fn seek(cx: &mut Thread, b: Gc<Buffered>, pos: i64, whence: i32) -> R<i64> {
    if b.can.get() & READS != 0 && whence != libc::SEEK_END && !b.state().ahead().is_empty() {
        // Inside of what has been read already?
        let raw = raw_tell(cx, b)?;
        let st = b.state();
        let here = raw - st.ahead().len() as i64;
        let by = if whence == libc::SEEK_SET { pos - here } else { pos };
        let at = st.at as i64 + by;
        if at >= 0 && at <= st.ahead.len() as i64 {
            st.at = at as usize;
            return Ok((here + by).max(0));
        }
    }
    if b.can.get() & WRITES != 0 {
        flush_behind(cx, b)?;
    }
    let pos = if whence == libc::SEEK_CUR { pos - b.state().ahead().len() as i64 } else { pos };
    let n = raw_seek(cx, b, pos, whence)?;
    b.state().forget();
    Ok(n)
}

/// Closes: flush, then the raw stream even if that failed; the first error is the context of the second.
pub fn close(cx: &mut Thread, v: Value) -> R {
    let b = this(cx, v)?;
    if is_closed(cx, v)? {
        return Ok(Value::NONE);
    }
    let flushed = cx.call_method(v, "flush", &[]);
    let first = if flushed.is_err() { cx.take_pending() } else { Value::NULL };
    // Others wait until it is closed, and then learn that it is.
    let closed = locked(cx, b, |cx| cx.call_method(b.raw.get(), "close", &[]));
    b.state().forget();
    b.state().behind = Vec::new();
    match (first.bound(), closed) {
        (None, r) => r.map(|_| Value::NONE),
        (Some(e), Ok(_)) => Err(cx.reraise(e)),
        (Some(e), Err(r)) => {
            if let Some(x) = cx.pending.cast::<ferropy_vm::types::Exception>()
                && x.value() != e
            {
                x.context.set(cx, x, e);
            }
            Err(r)
        }
    }
}

/// Errors of operations on a closed stream.
pub fn require(cx: &mut Thread, v: Value, what: &str) -> R<Gc<Buffered>> {
    let b = this(cx, v)?;
    check_open(cx, b, &format!("{what} of closed file"))?;
    Ok(b)
}

/// An exact native reader or writer: its class does not override anything.
pub fn exact(cx: &mut Thread, v: Value) -> Option<Gc<Buffered>> {
    if v.kind() != Buffered::kind() {
        return None;
    }
    let class = cx.class_of(v);
    let b = v.cast::<Buffered>()?;
    (!class.has(ferropy_vm::class::flags::HEAP) && b.ready.get()).then_some(b)
}

/// For streams without a position.
pub fn closed_stream(cx: &mut Thread) -> Raised {
    closed_error(cx)
}
