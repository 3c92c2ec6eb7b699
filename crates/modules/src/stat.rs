//! `_stat`: file modes.

use ferropy_vm::{Args, NativeDef, R, Thread, Value};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_stat", module);
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("S_ISDIR(mode, /)", |cx, a| is(cx, a, libc::S_IFDIR), ""),
    NativeDef::function("S_ISCHR(mode, /)", |cx, a| is(cx, a, libc::S_IFCHR), ""),
    NativeDef::function("S_ISBLK(mode, /)", |cx, a| is(cx, a, libc::S_IFBLK), ""),
    NativeDef::function("S_ISREG(mode, /)", |cx, a| is(cx, a, libc::S_IFREG), ""),
    NativeDef::function("S_ISFIFO(mode, /)", |cx, a| is(cx, a, libc::S_IFIFO), ""),
    NativeDef::function("S_ISLNK(mode, /)", |cx, a| is(cx, a, libc::S_IFLNK), ""),
    NativeDef::function("S_ISSOCK(mode, /)", |cx, a| is(cx, a, libc::S_IFSOCK), ""),
    NativeDef::function("S_ISDOOR(mode, /)", never, ""),
    NativeDef::function("S_ISPORT(mode, /)", never, ""),
    NativeDef::function("S_ISWHT(mode, /)", never, ""),
    NativeDef::function("S_IMODE(mode, /)", |cx, a| Ok(Value::small_int(mode(cx, a)? as i64 & 0o7777)), ""),
    NativeDef::function("S_IFMT(mode, /)", |cx, a| Ok(Value::small_int((mode(cx, a)? & libc::S_IFMT) as i64)), ""),
    NativeDef::function("filemode(mode, /)", filemode, "Convert a file's mode to a string of the form '-rwxrwxrwx'"),
];

macro_rules! constants {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name as i64)),*] };
}
static CONSTANTS: &[(&str, i64)] = constants! {
    S_IFDIR S_IFCHR S_IFBLK S_IFREG S_IFIFO S_IFLNK S_IFSOCK S_ISUID S_ISGID S_ISVTX S_IRWXU S_IRUSR S_IWUSR S_IXUSR
    S_IRWXG S_IRGRP S_IWGRP S_IXGRP S_IRWXO S_IROTH S_IWOTH S_IXOTH
};
static MORE: &[(&str, i64)] = &[
    ("S_IFDOOR", 0),
    ("S_IFPORT", 0),
    ("S_IFWHT", 0),
    ("S_ENFMT", 0o2000),
    ("S_IREAD", 0o400),
    ("S_IWRITE", 0o200),
    ("S_IEXEC", 0o100),
    ("UF_SETTABLE", 0xffff),
    ("UF_NODUMP", 1),
    ("UF_IMMUTABLE", 2),
    ("UF_APPEND", 4),
    ("UF_OPAQUE", 8),
    ("UF_NOUNLINK", 0x10),
    ("UF_COMPRESSED", 0x20),
    ("UF_TRACKED", 0x40),
    ("UF_DATAVAULT", 0x80),
    ("UF_HIDDEN", 0x8000),
    ("SF_SETTABLE", 0x3fff0000),
    ("SF_ARCHIVED", 0x10000),
    ("SF_IMMUTABLE", 0x20000),
    ("SF_APPEND", 0x40000),
    ("SF_NOUNLINK", 0x100000),
    ("SF_SNAPSHOT", 0x200000),
    ("SF_FIRMLINK", 0x800000),
    ("SF_DATALESS", 0x40000000),
    ("SF_SUPPORTED", 0x9f0000),
    ("SF_RESTRICTED", 0x80000),
    ("SF_SYNTHETIC", 0xc0000000),
    ("ST_MODE", 0),
    ("ST_INO", 1),
    ("ST_DEV", 2),
    ("ST_NLINK", 3),
    ("ST_UID", 4),
    ("ST_GID", 5),
    ("ST_SIZE", 6),
    ("ST_ATIME", 7),
    ("ST_MTIME", 8),
    ("ST_CTIME", 9),
    ("FILE_ATTRIBUTE_ARCHIVE", 32),
    ("FILE_ATTRIBUTE_COMPRESSED", 2048),
    ("FILE_ATTRIBUTE_DEVICE", 64),
    ("FILE_ATTRIBUTE_DIRECTORY", 16),
    ("FILE_ATTRIBUTE_ENCRYPTED", 16384),
    ("FILE_ATTRIBUTE_HIDDEN", 2),
    ("FILE_ATTRIBUTE_INTEGRITY_STREAM", 32768),
    ("FILE_ATTRIBUTE_NORMAL", 128),
    ("FILE_ATTRIBUTE_NOT_CONTENT_INDEXED", 8192),
    ("FILE_ATTRIBUTE_NO_SCRUB_DATA", 131072),
    ("FILE_ATTRIBUTE_OFFLINE", 4096),
    ("FILE_ATTRIBUTE_READONLY", 1),
    ("FILE_ATTRIBUTE_REPARSE_POINT", 1024),
    ("FILE_ATTRIBUTE_SPARSE_FILE", 512),
    ("FILE_ATTRIBUTE_SYSTEM", 4),
    ("FILE_ATTRIBUTE_TEMPORARY", 256),
    ("FILE_ATTRIBUTE_VIRTUAL", 65536),
];

fn mode(cx: &mut Thread, a: Args<'_>) -> R<u32> {
    let n = cx.index(a[0])?;
    match u32::try_from(n) {
        Ok(n) => Ok(n),
        Err(_) if n < 0 => Err(cx.overflow_error("can't convert negative value to unsigned int")),
        Err(_) => Err(cx.overflow_error("mode out of range")),
    }
}
fn is(cx: &mut Thread, a: Args<'_>, kind: u32) -> R {
    Ok(Value::bool(mode(cx, a)? & libc::S_IFMT == kind))
}
fn never(cx: &mut Thread, a: Args<'_>) -> R {
    mode(cx, a)?;
    Ok(Value::FALSE)
}
fn filemode(cx: &mut Thread, a: Args<'_>) -> R {
    let m = mode(cx, a)?;
    let mut s = String::with_capacity(10);
    s.push(match m & libc::S_IFMT {
        libc::S_IFREG => '-',
        libc::S_IFDIR => 'd',
        libc::S_IFLNK => 'l',
        libc::S_IFBLK => 'b',
        libc::S_IFCHR => 'c',
        libc::S_IFIFO => 'p',
        libc::S_IFSOCK => 's',
        _ => '?',
    });
    for (shift, special, on, off) in [(6, 0o4000, 's', 'S'), (3, 0o2000, 's', 'S'), (0, 0o1000, 't', 'T')] {
        let bits = m >> shift;
        s.push(if bits & 4 != 0 { 'r' } else { '-' });
        s.push(if bits & 2 != 0 { 'w' } else { '-' });
        s.push(match (m & special != 0, bits & 1 != 0) {
            (true, true) => on,
            (true, false) => off,
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    Ok(cx.new_str(&s)?.value())
}

fn module(cx: &mut Thread) -> R {
    let m = cx.module_with("_stat", "S_IFMT_: file type bits", FUNCTIONS)?;
    for (name, n) in CONSTANTS.iter().chain(MORE) {
        cx.module_set(m, name, Value::small_int(*n))?;
    }
    Ok(m.value())
}
