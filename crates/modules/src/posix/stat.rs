//! `stat`, `listdir`, `scandir`.

use super::path::{PathArg, dir_fd, name_value, path, path_or};
use crate::os_util;
use ferropy_builtins::structseq::{self, StructSeq};
use ferropy_vm::class::flags;
use ferropy_vm::types::Str;
use ferropy_vm::{Args, Field, Gc, NativeDef, R, Thread, TypeDef, Value, field, heap_kind, null_field};
use std::cell::{Cell, UnsafeCell};

pub static STAT_RESULT: StructSeq = StructSeq::new(
    "os.stat_result",
    &[
        ("st_mode", "protection bits"),
        ("st_ino", "inode"),
        ("st_dev", "device"),
        ("st_nlink", "number of hard links"),
        ("st_uid", "user ID of owner"),
        ("st_gid", "group ID of owner"),
        ("st_size", "total size, in bytes"),
        ("", ""),
        ("", ""),
        ("", ""),
        ("st_atime", "time of last access"),
        ("st_mtime", "time of last modification"),
        ("st_ctime", "time of last change"),
        ("st_atime_ns", "time of last access in nanoseconds"),
        ("st_mtime_ns", "time of last modification in nanoseconds"),
        ("st_ctime_ns", "time of last change in nanoseconds"),
        ("st_blksize", "blocksize for filesystem I/O"),
        ("st_blocks", "number of blocks allocated"),
        ("st_rdev", "device type (if inode device)"),
    ],
    10,
    "stat_result: Result from stat, fstat, or lstat.",
);

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("stat(path, *, dir_fd=None, follow_symlinks=True)", stat, "Perform a stat system call."),
    NativeDef::function("lstat(path, *, dir_fd=None)", lstat, "Perform a stat system call without following links."),
    NativeDef::function("fstat(fd)", fstat, "Perform a stat system call on the given file descriptor."),
    NativeDef::function(
        "listdir(path=None)",
        listdir,
        "Return a list containing the names of the files in the directory.",
    ),
    NativeDef::function("scandir(path=None)", scandir, "Return an iterator of DirEntry objects for given path."),
];

/// A `stat_result`.
pub fn stat_value(cx: &mut Thread, st: &libc::stat) -> R {
    let mut v = ferropy_vm::RootedVec::new(cx);
    let ints = [st.st_mode as u64, st.st_ino, st.st_dev, st.st_nlink, st.st_uid as u64, st.st_gid as u64];
    for n in ints {
        let n = cx.uint(n)?;
        v.push(n);
    }
    let size = cx.int(st.st_size)?;
    v.push(size);
    let times = [(st.st_atime, st.st_atime_nsec), (st.st_mtime, st.st_mtime_nsec), (st.st_ctime, st.st_ctime_nsec)];
    for (s, _) in times {
        let n = cx.int(s)?;
        v.push(n);
    }
    for (s, ns) in times {
        let f = cx.float(s as f64 + 1e-9 * ns as f64)?;
        v.push(f);
    }
    for (s, ns) in times {
        let n = cx.bigint(&(dashu_int::IBig::from(s) * 1_000_000_000 + ns))?;
        v.push(n);
    }
    for n in [st.st_blksize, st.st_blocks, st.st_rdev as i64] {
        let n = cx.int(n)?;
        v.push(n);
    }
    structseq::make(cx, &STAT_RESULT, &v)
}

fn do_stat(cx: &mut Thread, p: &PathArg, dir: i32, follow: bool) -> R {
    // SAFETY: an all-zero stat is valid.
    let mut st: libc::stat = unsafe { std::mem::zeroed() };
    let flag = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    // SAFETY: `st` is ours, the path is terminated.
    let r = os_util::call(cx, || unsafe {
        match p.fd {
            Some(fd) => libc::fstat(fd, &mut st) as isize,
            None => libc::fstatat(dir, p.ptr(), &mut st, flag) as isize,
        }
    })?;
    p.check(cx, r)?;
    stat_value(cx, &st)
}
fn stat(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path_or(cx, a[0], "stat: path", true)?;
    let dir = dir_fd(cx, a.some(1))?;
    let follow = match a.opt(2) {
        Some(f) => cx.truth(f)?,
        None => true,
    };
    if p.fd.is_some() && a.some(1).is_some() {
        return Err(cx.value_error("stat: can't specify dir_fd without matching path"));
    }
    if p.fd.is_some() && !follow {
        return Err(cx.value_error("stat: cannot use fd and follow_symlinks together"));
    }
    do_stat(cx, &p, dir, follow)
}
fn lstat(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path(cx, a[0], "lstat: path")?;
    let dir = dir_fd(cx, a.some(1))?;
    do_stat(cx, &p, dir, false)
}
fn fstat(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = cx.index(a[0])? as i32;
    // SAFETY: an all-zero stat is valid; `st` is ours.
    let mut st: libc::stat = unsafe { std::mem::zeroed() };
    os_util::check(cx, || unsafe { libc::fstat(fd, &mut st) as isize })?;
    stat_value(cx, &st)
}

/// One entry of a directory.
struct Raw {
    name: Vec<u8>,
    ino: u64,
    kind: u8,
}

/// All entries but `.` and `..`; the errno of a failure.
fn read_dir(p: &PathArg) -> Result<Vec<Raw>, i32> {
    // SAFETY: the stream is opened and closed here; entries are read before the next call.
    unsafe {
        let dir = match p.fd {
            Some(fd) => {
                let fd = libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0);
                if fd < 0 { std::ptr::null_mut() } else { libc::fdopendir(fd) }
            }
            None => libc::opendir(p.ptr()),
        };
        if dir.is_null() {
            return Err(os_util::errno());
        }
        if p.fd.is_some() {
            libc::rewinddir(dir);
        }
        let mut out = Vec::new();
        loop {
            *libc::__errno_location() = 0;
            let e = libc::readdir(dir);
            if e.is_null() {
                break;
            }
            let name = std::ffi::CStr::from_ptr((*e).d_name.as_ptr()).to_bytes();
            if name != b"." && name != b".." {
                out.push(Raw { name: name.to_vec(), ino: (*e).d_ino, kind: (*e).d_type });
            }
        }
        let e = os_util::errno();
        libc::closedir(dir);
        if e != 0 { Err(e) } else { Ok(out) }
    }
}

fn dir_arg(cx: &mut Thread, v: Option<Value>, what: &str) -> R<PathArg> {
    match v {
        Some(v) => path_or(cx, v, what, true),
        None => {
            let dot = cx.new_str(".")?.value();
            path(cx, dot, what)
        }
    }
}

fn listdir(cx: &mut Thread, a: Args<'_>) -> R {
    let p = dir_arg(cx, a.some(0), "listdir: path")?;
    let entries = match cx.allow_threads(|| read_dir(&p)) {
        Ok(e) => e,
        Err(e) => return Err(p.error(cx, e)),
    };
    let out = cx.new_list(&[])?;
    for e in entries {
        let name = name_value(cx, &e.name, p.bytes)?;
        cx.list_append(out, name)?;
    }
    Ok(out.value())
}

// ---- scandir

#[repr(C)]
pub struct ScanDir {
    /// What the program gave: path object or descriptor.
    given: Field,
    /// Path that names are joined to.
    base: Field,
    entries: UnsafeCell<Option<Box<Vec<Raw>>>>,
    at: Cell<usize>,
    bytes: Cell<bool>,
}
heap_kind!(ScanDir, "ScandirIterator", 2, drop);

pub static SCANDIR: TypeDef =
    TypeDef::new::<ScanDir>("posix.ScandirIterator", SCAN_METHODS, "").flags(flags::IMMUTABLE | flags::NO_NEW);
static SCAN_METHODS: &[NativeDef] = &[
    NativeDef::method("__iter__(self, /)", |_, a| Ok(a[0]), ""),
    NativeDef::method("__next__(self, /)", scan_next, ""),
    NativeDef::method("__enter__(self, /)", |_, a| Ok(a[0]), ""),
    NativeDef::method("__exit__(self, /, *exc)", scan_close, ""),
    NativeDef::method("close(self, /)", scan_close, ""),
];

#[repr(C)]
pub struct DirEntry {
    name: Field,
    path: Field,
    stat: Field,
    lstat: Field,
    ino: u64,
    kind: u8,
    /// Directory descriptor, or AT_FDCWD.
    dir: i32,
}
heap_kind!(DirEntry, "DirEntry", 4);

pub static DIR_ENTRY: TypeDef =
    TypeDef::new::<DirEntry>("posix.DirEntry", ENTRY_METHODS, "").flags(flags::IMMUTABLE | flags::NO_NEW);
static ENTRY_METHODS: &[NativeDef] = &[
    NativeDef::method("is_dir(self, /, *, follow_symlinks=True)", |cx, a| entry_is(cx, a, libc::S_IFDIR), ""),
    NativeDef::method("is_file(self, /, *, follow_symlinks=True)", |cx, a| entry_is(cx, a, libc::S_IFREG), ""),
    NativeDef::method("is_symlink(self, /)", entry_is_link, ""),
    NativeDef::method("is_junction(self, /)", |_, _| Ok(Value::FALSE), ""),
    NativeDef::method("stat(self, /, *, follow_symlinks=True)", entry_stat, ""),
    NativeDef::method(
        "inode(self, /)",
        |cx, a| {
            let n = entry(cx, a[0])?.ino;
            cx.uint(n)
        },
        "",
    ),
    NativeDef::method("__fspath__(self, /)", |cx, a| Ok(entry(cx, a[0])?.path.get()), ""),
    NativeDef::method("__repr__(self, /)", entry_repr, ""),
    NativeDef::class_method("__class_getitem__(cls, item, /)", crate::posix::class_getitem, ""),
    NativeDef::getter("name", |cx, a| Ok(entry(cx, a[0])?.name.get()), ""),
    NativeDef::getter("path", |cx, a| Ok(entry(cx, a[0])?.path.get()), ""),
];

fn scandir(cx: &mut Thread, a: Args<'_>) -> R {
    let p = dir_arg(cx, a.some(0), "scandir: path")?;
    let entries = match cx.allow_threads(|| read_dir(&p)) {
        Ok(e) => e,
        Err(e) => return Err(p.error(cx, e)),
    };
    let base = match p.fd {
        Some(_) => Value::NONE,
        None => name_value(cx, p.name.to_bytes(), p.bytes)?,
    };
    let class = cx.native_class(&SCANDIR)?;
    let it = ScanDir {
        given: field(p.given),
        base: field(base),
        entries: UnsafeCell::new(Some(Box::new(entries))),
        at: Cell::new(0),
        bytes: Cell::new(p.bytes),
    };
    Ok(cx.alloc_of(class, it)?.value())
}

fn scan_next(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(s) = a[0].cast::<ScanDir>() else { return Err(cx.type_error("a ScandirIterator is expected")) };
    // SAFETY: only this function and `close` touch the list, under the interpreter lock.
    let raw = unsafe { (*s.entries.get()).as_ref().and_then(|e| e.get(s.at.get())) };
    let Some(raw) = raw else { return Err(cx.stop_iteration(Value::NULL)) };
    s.at.set(s.at.get() + 1);
    let (name_bytes, ino, kind) = (raw.name.clone(), raw.ino, raw.kind);
    let bytes = s.bytes.get();
    let name = name_value(cx, &name_bytes, bytes)?;
    let (full, dir) = match s.base.get() {
        b if b.is_none() => (name, s.given.get().as_int().unwrap_or(libc::AT_FDCWD as i64) as i32),
        b => {
            let mut joined = os_util::fs_bytes(cx, b)?;
            if joined.last() != Some(&b'/') {
                joined.push(b'/');
            }
            joined.extend_from_slice(&name_bytes);
            (name_value(cx, &joined, bytes)?, libc::AT_FDCWD)
        }
    };
    let class = cx.native_class(&DIR_ENTRY)?;
    let e = DirEntry { name: field(name), path: field(full), stat: null_field(), lstat: null_field(), ino, kind, dir };
    Ok(cx.alloc_of(class, e)?.value())
}
fn scan_close(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(s) = a[0].cast::<ScanDir>() else { return Err(cx.type_error("a ScandirIterator is expected")) };
    // SAFETY: as above.
    unsafe { *s.entries.get() = None };
    Ok(Value::NONE)
}

fn entry(cx: &mut Thread, v: Value) -> R<Gc<DirEntry>> {
    v.cast::<DirEntry>().ok_or_else(|| cx.type_error("a DirEntry is expected"))
}

/// The entry's stat, kept.
fn fetch(cx: &mut Thread, e: Gc<DirEntry>, follow: bool) -> R {
    let link = e.kind == libc::DT_LNK || e.kind == libc::DT_UNKNOWN;
    let slot = if follow && link { &e.stat } else { &e.lstat };
    if let Some(v) = slot.get().bound() {
        return Ok(v);
    }
    let p = path(cx, e.path.get(), "path")?;
    let v = do_stat(cx, &p, e.dir, follow && link)?;
    let slot = if follow && link { &e.stat } else { &e.lstat };
    slot.set(cx, e, v);
    Ok(v)
}
fn follow_arg(cx: &mut Thread, a: Args<'_>) -> R<bool> {
    match a.opt(1) {
        Some(f) => cx.truth(f),
        None => Ok(true),
    }
}
fn entry_stat(cx: &mut Thread, a: Args<'_>) -> R {
    let follow = follow_arg(cx, a)?;
    let e = entry(cx, a[0])?;
    fetch(cx, e, follow)
}
fn mode_of(cx: &mut Thread, e: Gc<DirEntry>, follow: bool) -> R<Option<libc::mode_t>> {
    let st = fetch(cx, e, follow);
    match cx.catch(ferropy_vm::Exc::FileNotFoundError, st)? {
        Some(st) => {
            let mode = cx.getattr_str(st, "st_mode")?;
            Ok(Some(cx.index(mode)? as libc::mode_t & libc::S_IFMT))
        }
        None => Ok(None),
    }
}
fn entry_is(cx: &mut Thread, a: Args<'_>, kind: libc::mode_t) -> R {
    let follow = follow_arg(cx, a)?;
    let e = entry(cx, a[0])?;
    if e.kind == libc::DT_UNKNOWN || follow && e.kind == libc::DT_LNK {
        return Ok(Value::bool(mode_of(cx, e, follow)? == Some(kind)));
    }
    let is = if kind == libc::S_IFDIR { libc::DT_DIR } else { libc::DT_REG };
    Ok(Value::bool(e.kind == is))
}
fn entry_is_link(cx: &mut Thread, a: Args<'_>) -> R {
    let e = entry(cx, a[0])?;
    if e.kind == libc::DT_UNKNOWN {
        return Ok(Value::bool(mode_of(cx, e, false)? == Some(libc::S_IFLNK)));
    }
    Ok(Value::bool(e.kind == libc::DT_LNK))
}
fn entry_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let e = entry(cx, a[0])?;
    let name: Gc<Str> = cx.repr(e.name.get())?;
    let text = [b"<DirEntry ", name.bytes(), b">"].concat();
    Ok(cx.new_wtf8(&text)?.value())
}
