//! `posix_spawn`.

use super::path::path;
use super::process::{c_strings, env_strings, pointers};
use super::sched;
use crate::os_util::{c_int, c_number, c_path};
use crate::signal;
use ferropy_vm::types::{List, Tuple};
use ferropy_vm::{Args, NativeDef, R, Thread, Value};
use std::ffi::CString;

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "posix_spawn(path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, \
         setsigmask=(), setsigdef=(), scheduler=None)",
        |cx, a| spawn(cx, a, "posix_spawn", libc::posix_spawn),
        "Execute the program specified by path in a new process.",
    ),
    NativeDef::function(
        "posix_spawnp(path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, \
         setsigmask=(), setsigdef=(), scheduler=None)",
        |cx, a| spawn(cx, a, "posix_spawnp", libc::posix_spawnp),
        "Execute the program specified by path in a new process.",
    ),
];

type Call = unsafe extern "C" fn(
    *mut libc::pid_t,
    *const libc::c_char,
    *const libc::posix_spawn_file_actions_t,
    *const libc::posix_spawnattr_t,
    *const *mut libc::c_char,
    *const *mut libc::c_char,
) -> i32;

const OPEN: i32 = 0;
const CLOSE: i32 = 1;
const DUP2: i32 = 2;
const CLOSE_FROM: i32 = 3;
pub static CONSTANTS: &[(&str, i64)] = &[
    ("POSIX_SPAWN_OPEN", OPEN as i64),
    ("POSIX_SPAWN_CLOSE", CLOSE as i64),
    ("POSIX_SPAWN_DUP2", DUP2 as i64),
    ("POSIX_SPAWN_CLOSEFROM", CLOSE_FROM as i64),
];
const SETSID: i32 = 0x80;

mod c {
    unsafe extern "C" {
        pub fn posix_spawn_file_actions_addclosefrom_np(
            actions: *mut libc::posix_spawn_file_actions_t,
            from: libc::c_int,
        ) -> libc::c_int;
    }
}

/// What is done to descriptors in the child. The system keeps addresses of nothing but copies.
struct Actions(libc::posix_spawn_file_actions_t);
impl Actions {
    fn new() -> Actions {
        // SAFETY: zero is valid; the structure is initialised before use.
        unsafe {
            let mut f = std::mem::zeroed();
            libc::posix_spawn_file_actions_init(&mut f);
            Actions(f)
        }
    }
    fn add(&mut self, cx: &mut Thread, v: Value) -> R<()> {
        let Some(t) = v.cast::<Tuple>().filter(|t| t.len > 0) else {
            return Err(cx.type_error("Each file_actions element must be a non-empty tuple"));
        };
        let tag = c_int(cx, t.at(0))?;
        let (name, size) = match tag {
            OPEN => ("open", 5),
            CLOSE => ("close", 2),
            DUP2 => ("dup2", 3),
            CLOSE_FROM => ("closefrom", 2),
            _ => return Err(cx.type_error("Unknown file_actions identifier")),
        };
        if t.len != size {
            return Err(cx.type_error(format!("A {name} file_action tuple must have {size} elements")));
        }
        let fd = c_int(cx, t.at(1))?;
        // SAFETY: an initialised structure; the path is terminated and is copied.
        let e = unsafe {
            match tag {
                OPEN => {
                    let path: CString = c_path(cx, t.at(2))?;
                    let (flags, mode) = (c_int(cx, t.at(3))?, c_number::<u32>(cx, t.at(4), "unsigned long")?);
                    libc::posix_spawn_file_actions_addopen(&mut self.0, fd, path.as_ptr(), flags, mode)
                }
                CLOSE => libc::posix_spawn_file_actions_addclose(&mut self.0, fd),
                DUP2 => {
                    let to = c_int(cx, t.at(2))?;
                    libc::posix_spawn_file_actions_adddup2(&mut self.0, fd, to)
                }
                _ => c::posix_spawn_file_actions_addclosefrom_np(&mut self.0, fd),
            }
        };
        if e != 0 { Err(cx.os_error(e, None)) } else { Ok(()) }
    }
}
impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

/// Attributes of the child.
struct Attributes {
    raw: libc::posix_spawnattr_t,
    flags: i32,
}
impl Attributes {
    fn new() -> Attributes {
        // SAFETY: zero is valid; the structure is initialised before use.
        unsafe {
            let mut raw = std::mem::zeroed();
            libc::posix_spawnattr_init(&mut raw);
            Attributes { raw, flags: 0 }
        }
    }
    /// Reads the keyword arguments from the fifth on.
    fn read(&mut self, cx: &mut Thread, a: Args<'_>) -> R<()> {
        // SAFETY for all calls below: an initialised structure, and memory of ours.
        if let Some(group) = a.some(4) {
            let group = c_int(cx, group)?;
            unsafe { libc::posix_spawnattr_setpgroup(&mut self.raw, group) };
            self.flags |= libc::POSIX_SPAWN_SETPGROUP;
        }
        for (i, flag) in [(5, libc::POSIX_SPAWN_RESETIDS), (6, SETSID)] {
            if let Some(v) = a.opt(i)
                && cx.truth(v)?
            {
                self.flags |= flag;
            }
        }
        if let Some(v) = a.opt(7) {
            let set = signal::set_arg(cx, v)?;
            unsafe { libc::posix_spawnattr_setsigmask(&mut self.raw, set.as_raw()) };
            self.flags |= libc::POSIX_SPAWN_SETSIGMASK;
        }
        if let Some(v) = a.opt(8) {
            let set = signal::set_arg(cx, v)?;
            unsafe { libc::posix_spawnattr_setsigdefault(&mut self.raw, set.as_raw()) };
            self.flags |= libc::POSIX_SPAWN_SETSIGDEF;
        }
        if let Some(v) = a.some(9) {
            self.scheduler(cx, v)?;
        }
        let e = unsafe { libc::posix_spawnattr_setflags(&mut self.raw, self.flags as libc::c_short) };
        if e != 0 { Err(cx.os_error(e, None)) } else { Ok(()) }
    }
    fn scheduler(&mut self, cx: &mut Thread, v: Value) -> R<()> {
        let Some(t) = v.cast::<Tuple>().filter(|t| t.len == 2) else {
            return Err(cx.type_error("A scheduler tuple must have two elements"));
        };
        // SAFETY: as above.
        if !t.at(0).is_none() {
            let policy = c_int(cx, t.at(0))?;
            unsafe { libc::posix_spawnattr_setschedpolicy(&mut self.raw, policy) };
            self.flags |= libc::POSIX_SPAWN_SETSCHEDULER;
        }
        let param = sched::param_arg(cx, t.at(1))?;
        unsafe { libc::posix_spawnattr_setschedparam(&mut self.raw, &param) };
        self.flags |= libc::POSIX_SPAWN_SETSCHEDPARAM;
        Ok(())
    }
}
impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`.
        unsafe { libc::posix_spawnattr_destroy(&mut self.raw) };
    }
}

fn argv(cx: &mut Thread, v: Value, name: &str) -> R<Vec<CString>> {
    if v.cast::<Tuple>().is_none() && v.cast::<List>().is_none() {
        return Err(cx.type_error(format!("{name}: argv must be a tuple or list")));
    }
    if cx.len(v)? == 0 {
        return Err(cx.value_error(format!("{name}: argv must not be empty")));
    }
    let args = c_strings(cx, v)?;
    if args.first().is_some_and(|a| a.is_empty()) {
        return Err(cx.value_error(format!("{name}: argv first element cannot be empty")));
    }
    Ok(args)
}
fn spawn(cx: &mut Thread, a: Args<'_>, name: &str, f: Call) -> R {
    let p = path(cx, a[0], &format!("{name}: path"))?;
    let args = argv(cx, a[1], name)?;
    let env = if a[2].is_none() {
        None
    } else {
        if cx.lookup_special(a[2], ferropy_vm::N::__getitem__).is_none() {
            return Err(cx.type_error(format!("{name}: environment must be a mapping object or None")));
        }
        Some(env_strings(cx, a[2])?)
    };
    let mut actions = Actions::new();
    if let Some(list) = a.some(3) {
        let items = cx.collect(list)?;
        for i in 0..items.len() {
            actions.add(cx, items[i])?;
        }
    }
    let mut attributes = Attributes::new();
    attributes.read(cx, a)?;
    let args = pointers(&args);
    let env = env.as_ref().map(|e| pointers(e));
    let mut pid = 0;
    // SAFETY: initialised structures and terminated arrays; the system does not write to the strings.
    let e = unsafe {
        let env = env.as_ref().map_or(environ, |e| e.as_ptr());
        f(&mut pid, p.ptr(), &actions.0, &attributes.raw, args.as_ptr().cast(), env.cast())
    };
    if e != 0 { Err(p.error(cx, e)) } else { Ok(Value::small_int(pid as i64)) }
}
unsafe extern "C" {
    static environ: *const *const libc::c_char;
}
