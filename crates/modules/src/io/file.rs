//! `FileIO`: a raw stream over a file descriptor.

use super::base::{self, STREAM, closed_error, size_arg, unsupported};
use crate::os_util;
use ferropy_vm::types::{Class, Str};
use ferropy_vm::{Args, Exc, Gc, NativeDef, R, Thread, TypeDef, Value, heap_kind};
use std::cell::Cell;

/// All zero: not opened.
#[repr(C)]
pub struct FileIO {
    /// The descriptor plus one; 0: closed.
    fd: Cell<i32>,
    readable: Cell<bool>,
    writable: Cell<bool>,
    created: Cell<bool>,
    appending: Cell<bool>,
    closefd: Cell<bool>,
    /// 0 not known, 1 yes, 2 no.
    seekable: Cell<u8>,
    /// A buffered stream owns it and will close it.
    pub wrapped: Cell<bool>,
    pub blksize: Cell<u32>,
}
heap_kind!(FileIO, "FileIO", 0);

pub static FILE_IO: TypeDef = TypeDef::new::<FileIO>("_io.FileIO", METHODS, "Open a file.")
    .flags(STREAM)
    .base(|cx| cx.native_class(&base::RAW_BASE));

static METHODS: &[NativeDef] = &[
    NativeDef::method("__init__(self, file, mode='r', closefd=True, opener=None)", init, ""),
    NativeDef::method("read(self, size=-1, /)", read, "Read at most size bytes, returned as bytes."),
    NativeDef::method("readall(self, /)", readall, "Read all data from the file, returned as bytes."),
    NativeDef::method("readinto(self, buffer, /)", readinto, "Same as RawIOBase.readinto()."),
    NativeDef::method("write(self, b, /)", write, "Write buffer b to file, return number of bytes written."),
    NativeDef::method("seek(self, pos, whence=0, /)", seek, "Move to new file position and return it."),
    NativeDef::method("tell(self, /)", tell, "Current file position."),
    NativeDef::method("truncate(self, size=None, /)", truncate, "Truncate the file to at most size bytes."),
    NativeDef::method("close(self, /)", close, "Close the file."),
    NativeDef::method("seekable(self, /)", seekable, "True if file supports random-access."),
    NativeDef::method("readable(self, /)", readable, "True if file was opened in a read mode."),
    NativeDef::method("writable(self, /)", writable, "True if file was opened in a write mode."),
    NativeDef::method("fileno(self, /)", fileno, "Return the underlying file descriptor (an integer)."),
    NativeDef::method("isatty(self, /)", isatty, "True if the file is connected to a TTY device."),
    NativeDef::method("_isatty_open_only(self, /)", isatty, ""),
    NativeDef::method("_dealloc_warn(self, source, /)", dealloc_warn, ""),
    NativeDef::method("__repr__(self, /)", repr, ""),
    NativeDef::method("__getstate__(self, /)", no_pickle, ""),
    NativeDef::getter("closed", closed, "True if the file is closed"),
    NativeDef::getter("closefd", closefd, "True if the file descriptor will be closed by close()."),
    NativeDef::getter("mode", mode, "String giving the file mode"),
    NativeDef::getset("_blksize", get_blksize, set_blksize, "Stat st_blksize if available"),
];

fn this(cx: &mut Thread, v: Value) -> R<Gc<FileIO>> {
    v.cast::<FileIO>().ok_or_else(|| cx.type_error("a FileIO object is expected"))
}

impl FileIO {
    /// The descriptor of an open file.
    pub fn descriptor(&self) -> Option<i32> {
        (self.fd.get() != 0).then(|| self.fd.get() - 1)
    }
}

pub fn open_fd(cx: &mut Thread, f: Gc<FileIO>) -> R<i32> {
    f.descriptor().ok_or_else(|| cx.value_error("I/O operation on closed file"))
}

/// Flags of open(2) for a mode; sets the stream's abilities.
fn parse_mode(cx: &mut Thread, f: Gc<FileIO>, mode: &str) -> R<i32> {
    let bad = "Must have exactly one of create/read/write/append mode and at most one plus";
    let (mut rwa, mut plus, mut flags) = (false, false, 0);
    for c in mode.chars() {
        match c {
            'r' | 'w' | 'a' | 'x' if rwa => return Err(cx.value_error(bad)),
            'r' => {
                rwa = true;
                f.readable.set(true);
            }
            'w' | 'a' | 'x' => {
                rwa = true;
                f.writable.set(true);
                f.created.set(c == 'x');
                f.appending.set(c == 'a');
                flags |= match c {
                    'w' => libc::O_CREAT | libc::O_TRUNC,
                    'x' => libc::O_CREAT | libc::O_EXCL,
                    _ => libc::O_CREAT | libc::O_APPEND,
                };
            }
            'b' => {}
            '+' if plus => return Err(cx.value_error(bad)),
            '+' => {
                plus = true;
                f.readable.set(true);
                f.writable.set(true);
            }
            _ => return Err(cx.value_error(format!("invalid mode: {mode}"))),
        }
    }
    if !rwa {
        return Err(cx.value_error(bad));
    }
    flags |= match (f.readable.get(), f.writable.get()) {
        (true, true) => libc::O_RDWR,
        (true, false) => libc::O_RDONLY,
        _ => libc::O_WRONLY,
    };
    Ok(flags | libc::O_CLOEXEC)
}

fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    if f.fd.get() != 0 && f.closefd.get() {
        close_fd(cx, f)?;
    }
    f.fd.set(0);
    for flag in [&f.readable, &f.writable, &f.created, &f.appending] {
        flag.set(false);
    }
    f.seekable.set(0);
    let mode = match a.opt(2) {
        Some(m) => cx.expect_text(m, "mode")?.to_lossy(),
        None => "r".into(),
    };
    let closefd = match a.opt(3) {
        Some(c) => cx.truth(c)?,
        None => true,
    };
    let given = match a[1] {
        v if v.as_float().is_some() => return Err(cx.type_error("integer argument expected, got float")),
        v if v.is_any_int() => {
            if v.is_bool() {
                cx.warn(Exc::RuntimeWarning, "bool is used as a file descriptor")?;
            }
            let n = cx.index(v)?;
            if n < 0 {
                return Err(cx.value_error("negative file descriptor"));
            }
            Some(n as i32)
        }
        _ => None,
    };
    let flags = parse_mode(cx, f, &mode)?;
    f.closefd.set(closefd);
    let fd = match given {
        Some(fd) => fd,
        None if !closefd => return Err(cx.value_error("Cannot use closefd=False with file name")),
        None => open_path(cx, a[1], flags, a.some(4))?,
    };
    f.fd.set(fd + 1);
    let done = inspect(cx, a[0], f, fd, a[1]);
    if done.is_err() && given.is_some() {
        // Not ours until it has been taken over.
        f.fd.set(0);
    } else if done.is_err() {
        let pending = cx.take_pending();
        let _ = close_fd(cx, f);
        return Err(cx.reraise(pending));
    }
    done?;
    Ok(Value::NONE)
}

fn open_path(cx: &mut Thread, file: Value, flags: i32, opener: Option<Value>) -> R<i32> {
    let Some(opener) = opener else {
        let path = os_util::c_path(cx, file)?;
        // SAFETY: a terminated path.
        let r = os_util::call(cx, || unsafe { libc::open(path.as_ptr(), flags, 0o666) as isize })?;
        return match r {
            Ok(fd) => Ok(fd as i32),
            Err(e) => Err(cx.os_error(e, Some(file))),
        };
    };
    let fd = cx.call(opener, &[file, Value::small_int(flags as i64)])?;
    if !fd.is_any_int() {
        return Err(cx.type_error("expected integer from opener"));
    }
    let fd = cx.index(fd)?;
    if fd < 0 {
        return Err(cx.value_error(format!("opener returned {fd}")));
    }
    // SAFETY: plain call.
    unsafe { libc::ioctl(fd as i32, libc::FIOCLEX) };
    Ok(fd as i32)
}

fn inspect(cx: &mut Thread, v: Value, f: Gc<FileIO>, fd: i32, name: Value) -> R<()> {
    // SAFETY: an all-zero stat is valid and filled by the call.
    let mut st: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: `st` is ours.
    let r = os_util::call(cx, || unsafe { libc::fstat(fd, &mut st) as isize })?;
    if let Err(e) = r
        && e == libc::EBADF
    {
        return Err(cx.os_error(e, None));
    }
    if r.is_ok() {
        if st.st_mode & libc::S_IFMT == libc::S_IFDIR {
            return Err(cx.os_error(libc::EISDIR, Some(name)));
        }
        f.blksize.set(if st.st_blksize > 1 { st.st_blksize as u32 } else { super::BUFFER_SIZE as u32 });
    }
    let key = cx.intern("name")?;
    cx.setattr(v, key, name)?;
    if f.appending.get() {
        // SAFETY: plain call.
        unsafe { libc::lseek(fd, 0, libc::SEEK_END) };
    }
    Ok(())
}

fn close_fd(cx: &mut Thread, f: Gc<FileIO>) -> R<()> {
    let Some(fd) = f.descriptor() else { return Ok(()) };
    f.fd.set(0);
    if !f.closefd.get() {
        return Ok(());
    }
    // SAFETY: plain call; after EINTR the descriptor is closed on Linux.
    let r = cx.allow_threads(|| if unsafe { libc::close(fd) } < 0 { os_util::errno() } else { 0 });
    if r != 0 && r != libc::EINTR { Err(cx.os_error(r, None)) } else { Ok(()) }
}

fn close(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let flushed = base::base_close(cx, Args::new(&[a[0]]));
    if flushed.is_err() {
        let pending = cx.take_pending();
        let _ = close_fd(cx, f);
        return Err(cx.reraise(pending));
    }
    close_fd(cx, f)?;
    Ok(Value::NONE)
}

/// The warning about a stream that nobody closed; `v` is what the program had.
pub fn warn_unclosed(cx: &mut Thread, v: Value) -> R<()> {
    let mut raw = v;
    for name in ["buffer", "raw"] {
        let key = cx.intern(name)?;
        if raw.cast::<FileIO>().is_none()
            && let Ok(Some(inner)) = cx.getattr_opt(raw, key)
        {
            raw = inner;
        }
    }
    let open = raw.cast::<FileIO>().is_some_and(|f| f.descriptor().is_some() && f.closefd.get());
    if !open {
        cx.take_pending();
        return Ok(());
    }
    let r = cx.repr(v)?;
    cx.warn(Exc::ResourceWarning, &format!("unclosed file {}", r.to_lossy()))
}
fn dealloc_warn(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    if f.descriptor().is_some() && f.closefd.get() {
        let r = cx.repr(a[1])?;
        cx.warn(Exc::ResourceWarning, &format!("unclosed file {}", r.to_lossy()))?;
    }
    Ok(Value::NONE)
}

/// Reads up to `n` bytes; None: would block.
pub fn read_some(cx: &mut Thread, f: Gc<FileIO>, n: usize) -> R<Option<Vec<u8>>> {
    let fd = open_fd(cx, f)?;
    if !f.readable.get() {
        return Err(unsupported(cx, "File not open for reading"));
    }
    let mut buf: Vec<u8> = Vec::with_capacity(n);
    let p = buf.as_mut_ptr() as usize;
    // SAFETY: `n` bytes of memory of our own.
    let r = os_util::call(cx, || unsafe { libc::read(fd, p as *mut libc::c_void, n) })?;
    match r {
        Ok(got) => {
            // SAFETY: the call filled so many.
            unsafe { buf.set_len(got as usize) };
            Ok(Some(buf))
        }
        Err(libc::EAGAIN) => Ok(None),
        Err(e) => Err(cx.os_error(e, None)),
    }
}

/// Reads to the end of the file; None: would block at once.
pub fn read_all(cx: &mut Thread, f: Gc<FileIO>) -> R<Option<Vec<u8>>> {
    let fd = open_fd(cx, f)?;
    // SAFETY: plain calls on memory of our own.
    let hint = unsafe {
        let mut st: libc::stat = std::mem::zeroed();
        let at = libc::lseek(fd, 0, libc::SEEK_CUR);
        if at >= 0 && libc::fstat(fd, &mut st) == 0 && st.st_size >= at { (st.st_size - at) as usize } else { 0 }
    };
    let mut out: Vec<u8> = Vec::new();
    let mut want = (hint + 1).clamp(8192, 1 << 30);
    loop {
        match read_some(cx, f, want)? {
            None if out.is_empty() => return Ok(None),
            None => return Ok(Some(out)),
            Some(piece) if piece.is_empty() => return Ok(Some(out)),
            Some(piece) if out.is_empty() => out = piece,
            Some(piece) => out.extend_from_slice(&piece),
        }
        want = if out.len() > hint { (out.len() / 2).clamp(8192, 1 << 26) } else { hint - out.len() + 1 };
    }
}

/// Writes once; None: would block.
pub fn write_some(cx: &mut Thread, f: Gc<FileIO>, data: &[u8]) -> R<Option<usize>> {
    let fd = open_fd(cx, f)?;
    if !f.writable.get() {
        return Err(unsupported(cx, "File not open for writing"));
    }
    let (p, n) = (data.as_ptr() as usize, data.len().min(0x7fff_f000));
    // SAFETY: the caller keeps the data.
    match os_util::call(cx, || unsafe { libc::write(fd, p as *const libc::c_void, n) })? {
        Ok(n) => Ok(Some(n as usize)),
        Err(libc::EAGAIN) => Ok(None),
        Err(e) => Err(cx.os_error(e, None)),
    }
}

fn optional_bytes(cx: &mut Thread, data: Option<Vec<u8>>) -> R {
    match data {
        Some(d) => Ok(cx.new_bytes(&d)?.value()),
        None => Ok(Value::NONE),
    }
}

fn read(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    open_fd(cx, f)?;
    if !f.readable.get() {
        return Err(unsupported(cx, "File not open for reading"));
    }
    let Some(n) = size_arg(cx, a.opt(1))? else { return cx.call_method(a[0], "readall", &[]) };
    let data = read_some(cx, f, n)?;
    optional_bytes(cx, data)
}
fn readall(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let data = read_all(cx, f)?;
    optional_bytes(cx, data)
}
fn readinto(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    open_fd(cx, f)?;
    if !f.readable.get() {
        return Err(unsupported(cx, "File not open for reading"));
    }
    let n = cx.buffer_mut(a[1])?.len;
    let Some(data) = read_some(cx, f, n)? else { return Ok(Value::NONE) };
    let target = cx.buffer_mut(a[1])?;
    let n = data.len().min(target.len);
    target.bytes_mut()[..n].copy_from_slice(&data[..n]);
    Ok(Value::small_int(n as i64))
}
fn write(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    open_fd(cx, f)?;
    if !f.writable.get() {
        return Err(unsupported(cx, "File not open for writing"));
    }
    let data = cx.bytes_of(a[1])?;
    let n = write_some(cx, f, &data)?;
    // A signal may be why not everything was taken; its handler runs now.
    cx.safepoint()?;
    Ok(n.map_or(Value::NONE, |n| Value::small_int(n as i64)))
}

/// Moves the position.
pub fn seek_to(cx: &mut Thread, f: Gc<FileIO>, pos: i64, whence: i32) -> R<i64> {
    let fd = open_fd(cx, f)?;
    // SAFETY: plain call.
    let (r, e) = cx.allow_threads(|| unsafe { (libc::lseek(fd, pos, whence), os_util::errno()) });
    if f.seekable.get() == 0 {
        f.seekable.set(if r < 0 { 2 } else { 1 });
    }
    if r < 0 { Err(cx.os_error(e, None)) } else { Ok(r) }
}

fn seek(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    open_fd(cx, f)?;
    if a[1].as_float().is_some() {
        return Err(cx.type_error("'float' object cannot be interpreted as an integer"));
    }
    let pos = cx.index(a[1])?;
    let whence = match a.opt(2) {
        Some(w) => cx.index(w)? as i32,
        None => 0,
    };
    let n = seek_to(cx, f, pos, whence)?;
    cx.int(n)
}
fn tell(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let n = seek_to(cx, f, 0, libc::SEEK_CUR)?;
    cx.int(n)
}
fn truncate(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let fd = open_fd(cx, f)?;
    if !f.writable.get() {
        return Err(unsupported(cx, "File not open for writing"));
    }
    let size = match a.some(1) {
        Some(v) => cx.index(v)?,
        None => seek_to(cx, f, 0, libc::SEEK_CUR)?,
    };
    // SAFETY: plain call.
    os_util::check(cx, || unsafe { libc::ftruncate(fd, size) as isize })?;
    cx.int(size)
}
fn seekable(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let fd = open_fd(cx, f)?;
    if f.seekable.get() == 0 {
        // SAFETY: plain call.
        f.seekable.set(if unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) } < 0 { 2 } else { 1 });
    }
    Ok(Value::bool(f.seekable.get() == 1))
}
fn readable(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    open_fd(cx, f)?;
    Ok(Value::bool(f.readable.get()))
}
fn writable(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    open_fd(cx, f)?;
    Ok(Value::bool(f.writable.get()))
}
fn fileno(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    Ok(Value::small_int(open_fd(cx, f)? as i64))
}
fn isatty(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let fd = open_fd(cx, f)?;
    // SAFETY: plain call.
    Ok(Value::bool(unsafe { libc::isatty(fd) } == 1))
}
fn closed(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(this(cx, a[0])?.fd.get() == 0))
}
fn closefd(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(this(cx, a[0])?.closefd.get()))
}
fn get_blksize(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::small_int(this(cx, a[0])?.blksize.get() as i64))
}
fn set_blksize(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.index(a[1])?;
    this(cx, a[0])?.blksize.set(n as u32);
    Ok(Value::NONE)
}

fn mode_text(f: Gc<FileIO>) -> &'static str {
    match (f.created.get(), f.appending.get(), f.readable.get(), f.writable.get()) {
        (true, _, r, _) => {
            if r {
                "xb+"
            } else {
                "xb"
            }
        }
        (_, true, r, _) => {
            if r {
                "ab+"
            } else {
                "ab"
            }
        }
        (_, _, true, w) => {
            if w {
                "rb+"
            } else {
                "rb"
            }
        }
        _ => "wb",
    }
}
fn mode(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    Ok(cx.new_str(mode_text(f))?.value())
}
fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let class: Gc<Class> = cx.class_of(a[0]);
    let class = cx.type_name(class);
    let text = match f.descriptor() {
        None => format!("<{class} [closed]>").into_bytes(),
        Some(fd) => {
            let closefd = if f.closefd.get() { "True" } else { "False" };
            let name: Option<Gc<Str>> = base::repr_name(cx, a[0])?;
            let mut text = format!("<{class} ").into_bytes();
            match name {
                Some(n) => {
                    text.extend_from_slice(b"name=");
                    text.extend_from_slice(n.bytes());
                }
                None => text.extend_from_slice(format!("fd={fd}").as_bytes()),
            }
            text.extend_from_slice(format!(" mode='{}' closefd={closefd}>", mode_text(f)).as_bytes());
            text
        }
    };
    Ok(cx.new_wtf8(&text)?.value())
}
/// `__getstate__` of all streams that cannot be pickled.
pub fn no_pickle(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_name(a[0]);
    Err(cx.type_error(format!("cannot pickle '{class}' instances")))
}

/// The file is open and will stay so as far as the checks of other streams go.
pub fn require_open(cx: &mut Thread, v: Value) -> R<()> {
    match v.cast::<FileIO>() {
        Some(f) if f.descriptor().is_some() => Ok(()),
        Some(_) => Err(closed_error(cx)),
        None => base::check_open(cx, v),
    }
}
