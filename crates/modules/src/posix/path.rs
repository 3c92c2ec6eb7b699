//! Path arguments of `posix` functions, and the path arithmetic that posixpath.py asks for.

use crate::os_util::{fs_bytes, fs_decode, fspath};
use ferropy_vm::types::{Bytes, Str};
use ferropy_vm::{Args, NativeDef, R, Raised, Thread, Value};
use std::ffi::CString;

/// A path: a terminated name, or a descriptor.
pub struct PathArg {
    pub name: CString,
    pub fd: Option<i32>,
    /// Given as bytes: results are bytes.
    pub bytes: bool,
    /// What the program gave, for errors.
    pub given: Value,
}

impl PathArg {
    pub fn ptr(&self) -> *const libc::c_char {
        self.name.as_ptr()
    }
    /// The OSError of a failed call on this path.
    pub fn error(&self, cx: &mut Thread, errno: i32) -> Raised {
        cx.os_error(errno, Some(self.given))
    }
    pub fn check(&self, cx: &mut Thread, r: Result<isize, i32>) -> R<isize> {
        r.map_err(|e| self.error(cx, e))
    }
}

/// A str, bytes or path-like argument.
pub fn path(cx: &mut Thread, v: Value, what: &str) -> R<PathArg> {
    path_or(cx, v, what, false)
}

/// The same; with `fd` an integer is a descriptor.
pub fn path_or(cx: &mut Thread, v: Value, what: &str, fd: bool) -> R<PathArg> {
    if fd && v.is_any_int() {
        let n = cx.index(v)?;
        return Ok(PathArg { name: CString::default(), fd: Some(n as i32), bytes: false, given: v });
    }
    let is_path = v.cast::<Str>().is_some()
        || v.cast::<Bytes>().is_some()
        || cx.lookup_special(v, ferropy_vm::N::__fspath__).is_some();
    if !is_path {
        let class = cx.class_name(v);
        let kinds = if fd { "string, bytes, os.PathLike or integer" } else { "string, bytes or os.PathLike" };
        return Err(cx.type_error(format!("{what} should be {kinds}, not {class}")));
    }
    let p = fspath(cx, v)?;
    let bytes = fs_bytes(cx, p)?;
    match CString::new(bytes) {
        Ok(name) => Ok(PathArg { name, fd: None, bytes: p.cast::<Bytes>().is_some(), given: v }),
        Err(_) => Err(cx.value_error(format!(
            "{}: embedded null {}",
            what.replace(": path", ""),
            if p.cast::<Str>().is_some() { "character in path" } else { "byte" }
        ))),
    }
}

/// `dir_fd`: the current directory unless given.
pub fn dir_fd(cx: &mut Thread, v: Option<Value>) -> R<i32> {
    match v {
        Some(v) => Ok(cx.index(v)? as i32),
        None => Ok(libc::AT_FDCWD),
    }
}

/// A name from the system, of the kind of the argument.
pub fn name_value(cx: &mut Thread, name: &[u8], bytes: bool) -> R {
    if bytes { Ok(cx.new_bytes(name)?.value()) } else { Ok(cx.new_wtf8(&fs_decode(name))?.value()) }
}

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("fspath(path)", os_fspath, "Return the file system path representation of the object."),
    NativeDef::function("_path_splitroot_ex(path, /)", splitroot, "Split a pathname into drive, root and tail."),
    NativeDef::function("_path_normpath(path)", normpath, "Normalize path, eliminating double slashes, etc."),
    NativeDef::function("_path_isdir(path)", |cx, a| test_mode(cx, a, Some(libc::S_IFDIR), true), ""),
    NativeDef::function("_path_isfile(path)", |cx, a| test_mode(cx, a, Some(libc::S_IFREG), true), ""),
    NativeDef::function("_path_islink(path)", |cx, a| test_mode(cx, a, Some(libc::S_IFLNK), false), ""),
    NativeDef::function("_path_exists(path)", |cx, a| test_mode(cx, a, None, true), ""),
    NativeDef::function("_path_lexists(path)", |cx, a| test_mode(cx, a, None, false), ""),
];

fn os_fspath(cx: &mut Thread, a: Args<'_>) -> R {
    fspath(cx, a[0])
}

/// Bytes of a str (WTF-8) or bytes argument and which it was.
fn raw_text(cx: &mut Thread, v: Value) -> R<(Vec<u8>, bool)> {
    let p = fspath(cx, v)?;
    match p.cast::<Str>() {
        Some(s) => Ok((s.bytes().to_vec(), false)),
        None => Ok((cx.bytes_of(p)?, true)),
    }
}
fn raw_value(cx: &mut Thread, text: &[u8], bytes: bool) -> R {
    if bytes { Ok(cx.new_bytes(text)?.value()) } else { Ok(cx.new_wtf8(text)?.value()) }
}

fn splitroot(cx: &mut Thread, a: Args<'_>) -> R {
    let (p, bytes) = raw_text(cx, a[0])?;
    let root = match p.as_slice() {
        [b'/', b'/', b'/', ..] => 1,
        [b'/', b'/', ..] => 2,
        [b'/', ..] => 1,
        _ => 0,
    };
    let drive = raw_value(cx, b"", bytes)?;
    let first = raw_value(cx, &p[..root], bytes)?;
    let rest = raw_value(cx, &p[root..], bytes)?;
    Ok(cx.new_tuple(&[drive, first, rest])?.value())
}

fn normpath(cx: &mut Thread, a: Args<'_>) -> R {
    let (p, bytes) = raw_text(cx, a[0])?;
    let root: &[u8] = match p.as_slice() {
        [b'/', b'/', b'/', ..] => b"/",
        [b'/', b'/', ..] => b"//",
        [b'/', ..] => b"/",
        _ => b"",
    };
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in p.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|l| *l != b"..") => {
                parts.pop();
            }
            b".." if !root.is_empty() && parts.is_empty() => {}
            _ => parts.push(part),
        }
    }
    let mut out = root.to_vec();
    out.extend_from_slice(&parts.join(&b'/'));
    if out.is_empty() {
        out.push(b'.');
    }
    raw_value(cx, &out, bytes)
}

/// Does the path exist, and is it of this type? Bad paths are no files.
fn test_mode(cx: &mut Thread, a: Args<'_>, kind: Option<libc::mode_t>, follow: bool) -> R {
    let p = path_or(cx, a[0], "path", follow);
    let Some(p) = cx.catch(ferropy_vm::Exc::ValueError, p)? else { return Ok(Value::FALSE) };
    let found = cx.allow_threads(|| {
        // SAFETY: `st` is ours, the path is terminated.
        unsafe {
            let mut st: libc::stat = std::mem::zeroed();
            let r = match p.fd {
                Some(fd) => libc::fstat(fd, &mut st),
                None if follow => libc::stat(p.ptr(), &mut st),
                None => libc::lstat(p.ptr(), &mut st),
            };
            r == 0 && kind.is_none_or(|k| st.st_mode & libc::S_IFMT == k)
        }
    });
    Ok(Value::bool(found))
}
