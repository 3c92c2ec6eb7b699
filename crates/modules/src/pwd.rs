//! `pwd` and `grp`: the databases of users and groups.

use crate::os_util::{c_text, fs_bytes, fs_str, owner_id, owner_value};
use ferropy_builtins::structseq::{self, StructSeq};
use ferropy_vm::{Args, Exc, NativeDef, R, RootedVec, Thread, Value};
use std::ffi::CString;

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("pwd", pwd_module);
    cx.register_module("grp", grp_module);
}

static PASSWD: StructSeq = StructSeq::new(
    "pwd.struct_passwd",
    &[
        ("pw_name", "user name"),
        ("pw_passwd", "password"),
        ("pw_uid", "user id"),
        ("pw_gid", "group id"),
        ("pw_gecos", "real name"),
        ("pw_dir", "home directory"),
        ("pw_shell", "shell program"),
    ],
    7,
    "pwd.struct_passwd: Results from getpw*() routines.\n\nThis object may be accessed either as a tuple of\n  \
     (pw_name,pw_passwd,pw_uid,pw_gid,pw_gecos,pw_dir,pw_shell)\nor via the object attributes as named in the above \
     tuple.",
);
static GROUP: StructSeq = StructSeq::new(
    "grp.struct_group",
    &[("gr_name", "group name"), ("gr_passwd", "password"), ("gr_gid", "group id"), ("gr_mem", "group members")],
    4,
    "grp.struct_group: Results from getgr*() routines.\n\nThis object may be accessed either as a tuple of\n  \
     (gr_name,gr_passwd,gr_gid,gr_mem)\nor via the object attributes as named in the above tuple.\n",
);

static PWD_FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "getpwuid(uid, /)",
        getpwuid,
        "Return the password database entry for the given numeric user ID.\n\nSee `help(pwd)` for more on password \
         database entries.",
    ),
    NativeDef::function(
        "getpwnam(name, /)",
        getpwnam,
        "Return the password database entry for the given user name.\n\nSee `help(pwd)` for more on password database \
         entries.",
    ),
    NativeDef::function(
        "getpwall()",
        getpwall,
        "Return a list of all available password database entries, in arbitrary order.\n\nSee help(pwd) for more on \
         password database entries.",
    ),
];
static GRP_FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "getgrgid(id)",
        getgrgid,
        "Return the group database entry for the given numeric group ID.\n\nIf id is not valid, raise KeyError.",
    ),
    NativeDef::function(
        "getgrnam(name)",
        getgrnam,
        "Return the group database entry for the given group name.\n\nIf name is not valid, raise KeyError.",
    ),
    NativeDef::function(
        "getgrall()",
        getgrall,
        "Return a list of all available group entries, in arbitrary order.\n\nAn entry whose name starts with '+' or \
         '-' represents an instruction\nto use YP/NIS and may not be accessible via getgrnam or getgrgid.",
    ),
];

/// An entry of a database in our own memory.
trait Entry: Sized + Send {
    type Raw;
    /// Copies a system's entry.
    ///
    /// # Safety
    /// The pointers of the structure are null or valid.
    unsafe fn copy(raw: &Self::Raw) -> Self;
    fn value(&self, cx: &mut Thread) -> R;
}
type Text = Option<CString>;
unsafe fn text(p: *const libc::c_char) -> Text {
    (!p.is_null()).then(|| std::ffi::CStr::from_ptr(p).to_owned())
}
fn text_value(cx: &mut Thread, t: &Text) -> R {
    // SAFETY: null or a terminated string.
    unsafe { c_text(cx, t.as_ref().map_or(std::ptr::null(), |t| t.as_ptr())) }
}

struct User {
    name: Text,
    password: Text,
    uid: u32,
    gid: u32,
    real_name: Text,
    home: Text,
    shell: Text,
}
impl Entry for User {
    type Raw = libc::passwd;
    unsafe fn copy(p: &libc::passwd) -> User {
        User {
            name: text(p.pw_name),
            password: text(p.pw_passwd),
            uid: p.pw_uid,
            gid: p.pw_gid,
            real_name: text(p.pw_gecos),
            home: text(p.pw_dir),
            shell: text(p.pw_shell),
        }
    }
    fn value(&self, cx: &mut Thread) -> R {
        let mut v = RootedVec::new(cx);
        for t in [&self.name, &self.password] {
            let t = text_value(cx, t)?;
            v.push(t);
        }
        v.push(owner_value(self.uid));
        v.push(owner_value(self.gid));
        for t in [&self.real_name, &self.home, &self.shell] {
            let t = text_value(cx, t)?;
            v.push(t);
        }
        structseq::make(cx, &PASSWD, &v)
    }
}

struct Group {
    name: Text,
    password: Text,
    gid: u32,
    members: Vec<CString>,
}
impl Entry for Group {
    type Raw = libc::group;
    unsafe fn copy(g: &libc::group) -> Group {
        let mut members = Vec::new();
        let mut p = g.gr_mem;
        while !p.is_null()
            && let Some(name) = text(*p)
        {
            members.push(name);
            p = p.add(1);
        }
        Group { name: text(g.gr_name), password: text(g.gr_passwd), gid: g.gr_gid, members }
    }
    fn value(&self, cx: &mut Thread) -> R {
        let members = cx.new_list(&[])?;
        for m in &self.members {
            let m = fs_str(cx, m.to_bytes())?;
            cx.list_append(members, m)?;
        }
        let (name, password) = (text_value(cx, &self.name)?, text_value(cx, &self.password)?);
        structseq::make(cx, &GROUP, &[name, password, owner_value(self.gid), members.value()])
    }
}

/// Asks with growing buffers; `f` gets structure, buffer, size and the address of the result.
fn look_up<E: Entry>(
    cx: &mut Thread,
    f: impl Fn(*mut E::Raw, *mut libc::c_char, usize, *mut *mut E::Raw) -> i32,
) -> R<Option<E>> {
    let mut size = 1024;
    loop {
        let found = cx.allow_threads(|| {
            let mut buf = vec![0 as libc::c_char; size];
            // SAFETY: zero is valid; the entry's pointers lead into the buffer.
            unsafe {
                let mut raw: E::Raw = std::mem::zeroed();
                let mut found = std::ptr::null_mut();
                let e = f(&mut raw, buf.as_mut_ptr(), size, &mut found);
                if e == 0 && !found.is_null() { Ok(Some(E::copy(&raw))) } else { Err(e) }
            }
        });
        match found {
            Ok(entry) => return Ok(entry),
            Err(libc::ERANGE) if size < 1 << 24 => size *= 2,
            Err(libc::ENOMEM) => return Err(cx.memory_error()),
            // What a failure means differs among systems: the entry is not there.
            Err(_) => return Ok(None),
        }
    }
}
fn not_found(cx: &mut Thread, what: &str, given: Value) -> ferropy_vm::Raised {
    match cx.repr(given) {
        Ok(r) => {
            let text = format!("{what} not found: {}", r.to_lossy());
            cx.error(Exc::KeyError, text)
        }
        Err(r) => r,
    }
}
fn name_arg(cx: &mut Thread, v: Value, what: &str) -> R<CString> {
    if v.as_str().is_none() {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("{what} must be str, not {class}")));
    }
    let bytes = fs_bytes(cx, v)?;
    CString::new(bytes).map_err(|_| cx.value_error("embedded null byte"))
}

fn getpwuid(cx: &mut Thread, a: Args<'_>) -> R {
    let uid = owner_id(cx, a[0], "uid");
    let Some(uid) = cx.catch(Exc::OverflowError, uid)? else {
        return Err(cx.error(Exc::KeyError, "getpwuid(): uid not found"));
    };
    // SAFETY: the memory is `look_up`'s.
    match look_up::<User>(cx, |raw, buf, n, found| unsafe { libc::getpwuid_r(uid, raw, buf, n, found) })? {
        Some(u) => u.value(cx),
        None => Err(not_found(cx, "getpwuid(): uid", owner_value(uid))),
    }
}
fn getpwnam(cx: &mut Thread, a: Args<'_>) -> R {
    let name = name_arg(cx, a[0], "getpwnam() argument")?;
    // SAFETY: as above, and a terminated name.
    match look_up::<User>(cx, |raw, buf, n, found| unsafe { libc::getpwnam_r(name.as_ptr(), raw, buf, n, found) })? {
        Some(u) => u.value(cx),
        None => Err(not_found(cx, "getpwnam(): name", a[0])),
    }
}
fn getgrgid(cx: &mut Thread, a: Args<'_>) -> R {
    let gid = owner_id(cx, a[0], "gid")?;
    // SAFETY: as above.
    match look_up::<Group>(cx, |raw, buf, n, found| unsafe { libc::getgrgid_r(gid, raw, buf, n, found) })? {
        Some(g) => g.value(cx),
        None => Err(not_found(cx, "getgrgid(): gid", owner_value(gid))),
    }
}
fn getgrnam(cx: &mut Thread, a: Args<'_>) -> R {
    let name = name_arg(cx, a[0], "getgrnam() argument 'name'")?;
    // SAFETY: as above.
    match look_up::<Group>(cx, |raw, buf, n, found| unsafe { libc::getgrnam_r(name.as_ptr(), raw, buf, n, found) })? {
        Some(g) => g.value(cx),
        None => Err(not_found(cx, "getgrnam(): name", a[0])),
    }
}

/// All entries; the interpreter lock keeps the system's one cursor ours.
fn all<E: Entry>(
    cx: &mut Thread,
    rewind: unsafe extern "C" fn(),
    next: unsafe extern "C" fn() -> *mut E::Raw,
    end: unsafe extern "C" fn(),
) -> R {
    let mut entries = Vec::new();
    // SAFETY: each entry is copied before the next is asked for.
    unsafe {
        rewind();
        while let Some(raw) = next().as_ref() {
            entries.push(E::copy(raw));
        }
        end();
    }
    let out = cx.new_list(&[])?;
    for e in entries {
        let v = e.value(cx)?;
        cx.list_append(out, v)?;
    }
    Ok(out.value())
}
fn getpwall(cx: &mut Thread, _a: Args<'_>) -> R {
    all::<User>(cx, libc::setpwent, libc::getpwent, libc::endpwent)
}
fn getgrall(cx: &mut Thread, _a: Args<'_>) -> R {
    all::<Group>(cx, libc::setgrent, libc::getgrent, libc::endgrent)
}

fn pwd_module(cx: &mut Thread) -> R {
    let doc = "This module provides access to the Unix password database.\nIt is available on all Unix versions.\n\n\
               Password database entries are reported as 7-tuples containing the following\nitems from the password \
               database (see `<pwd.h>'), in order:\npw_name, pw_passwd, pw_uid, pw_gid, pw_gecos, pw_dir, pw_shell.\n\
               The uid and gid items are integers, all others are strings. An\nexception is raised if the entry asked \
               for cannot be found.";
    let m = cx.module_with("pwd", doc, PWD_FUNCTIONS)?;
    let class = structseq::class_of(cx, &PASSWD)?;
    cx.module_set(m, "struct_passwd", class.value())?;
    Ok(m.value())
}
fn grp_module(cx: &mut Thread) -> R {
    let doc = "Access to the Unix group database.\n\nGroup entries are reported as 4-tuples containing the following \
               fields\nfrom the group database, in order:\n\n  gr_name   - name of the group\n  gr_passwd - group \
               password (encrypted); often empty\n  gr_gid    - numeric ID of the group\n  gr_mem    - list of \
               members\n\nThe gid is an integer, name and password are strings.  (Note that most\nusers are not \
               explicitly listed as members of the groups they are in\naccording to the password database.  Check \
               both databases to get\ncomplete membership information.)";
    let m = cx.module_with("grp", doc, GRP_FUNCTIONS)?;
    let class = structseq::class_of(cx, &GROUP)?;
    cx.module_set(m, "struct_group", class.value())?;
    Ok(m.value())
}
