//! `_thread`: threads, locks, thread-local data.
//!
//! Locks are plain fields that only change under the interpreter lock. A thread that must wait notes the count of its
//! *bucket* (there are a few, chosen by the lock's number), gives the interpreter lock up and sleeps until the count
//! changes: a release under the interpreter lock cannot be missed.

use crate::signal;
use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, List, Tuple};
use ferropy_vm::{Args, Exc, Field, Gc, HeapObject, Interpreter, NativeDef, R, Thread, TypeDef, Value, heap_kind};
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_thread", module);
}

// ---- waiting

struct Bucket {
    count: Mutex<u64>,
    changed: Condvar,
}
const BUCKETS: usize = 64;
static WAIT: [Bucket; BUCKETS] = [const { Bucket { count: Mutex::new(0), changed: Condvar::new() } }; BUCKETS];
static NUMBERS: AtomicU32 = AtomicU32::new(1);
static RUNNING: AtomicUsize = AtomicUsize::new(0);
static STACK_SIZE: AtomicUsize = AtomicUsize::new(0);

/// The bucket of a lock, which gets its number at the first wait.
fn bucket(number: &Cell<u32>) -> &'static Bucket {
    if number.get() == 0 {
        number.set(NUMBERS.fetch_add(1, Relaxed).max(1));
    }
    &WAIT[number.get() as usize % BUCKETS]
}
pub(crate) fn wake(number: &Cell<u32>) {
    if number.get() != 0 {
        let b = bucket(number);
        *b.count.lock().unwrap_or_else(|e| e.into_inner()) += 1;
        b.changed.notify_all();
    }
}

/// Waits until `free` says yes (asked under the interpreter lock); false: the time is over.
pub(crate) fn wait_until(
    cx: &mut Thread,
    number: &Cell<u32>,
    deadline: Option<Instant>,
    mut free: impl FnMut() -> bool,
) -> R<bool> {
    loop {
        if free() {
            return Ok(true);
        }
        let now = Instant::now();
        if deadline.is_some_and(|d| now >= d) {
            return Ok(false);
        }
        // The main thread looks for signals now and then.
        let slice = Duration::from_millis(if signal::is_main(cx) { 20 } else { 1000 });
        let time = deadline.map_or(slice, |d| (d - now).min(slice));
        let b = bucket(number);
        let seen = *b.count.lock().unwrap_or_else(|e| e.into_inner());
        cx.allow_threads(|| {
            let guard = b.count.lock().unwrap_or_else(|e| e.into_inner());
            let _ = b.changed.wait_timeout_while(guard, time, |n| *n == seen);
        });
        cx.safepoint()?;
    }
}

const TIMEOUT_MAX: f64 = 9223372036.0;

/// Arguments of `acquire`: None means do not wait, `Some(None)` wait for ever.
fn acquire_args(cx: &mut Thread, a: Args<'_>) -> R<Option<Option<Instant>>> {
    let blocking = match a.opt(1) {
        Some(b) => cx.truth(b)?,
        None => true,
    };
    let timeout = match a.opt(2) {
        Some(t) => cx.to_f64(t)?,
        None => -1.0,
    };
    if !blocking && timeout != -1.0 {
        return Err(cx.value_error("can't specify a timeout for a non-blocking call"));
    }
    if timeout < 0.0 && timeout != -1.0 {
        return Err(cx.value_error("timeout value must be a non-negative number"));
    }
    if timeout > TIMEOUT_MAX {
        return Err(cx.overflow_error("timeout value is too large"));
    }
    if !blocking || timeout == 0.0 {
        return Ok(None);
    }
    Ok(Some((timeout > 0.0).then(|| Instant::now() + Duration::from_secs_f64(timeout))))
}

// ---- lock

#[repr(C)]
pub struct Lock {
    locked: Cell<bool>,
    number: Cell<u32>,
}
heap_kind!(Lock, "lock", 0);

const LOCK_FLAGS: u32 = flags::IMMUTABLE | flags::WEAKREF;
pub static LOCK: TypeDef =
    TypeDef::new::<Lock>("_thread.lock", LOCK_METHODS, "A lock object is a synchronization primitive.")
        .flags(LOCK_FLAGS);
static LOCK_METHODS: &[NativeDef] = &[
    NativeDef::method("acquire(self, /, blocking=True, timeout=-1)", lock_acquire, "Lock the lock."),
    NativeDef::method("acquire_lock(self, /, blocking=True, timeout=-1)", lock_acquire, ""),
    NativeDef::method("__enter__(self, /)", lock_acquire, "Lock the lock."),
    NativeDef::method("release(self, /)", lock_release, "Release the lock."),
    NativeDef::method("release_lock(self, /)", lock_release, ""),
    NativeDef::method("__exit__(self, /, *exc_info)", lock_exit, "Release the lock."),
    NativeDef::method("locked(self, /)", lock_locked, "Return whether the lock is in the locked state."),
    NativeDef::method("locked_lock(self, /)", lock_locked, ""),
    NativeDef::method("_at_fork_reinit(self, /)", lock_reinit, ""),
    NativeDef::method("__repr__(self, /)", lock_repr, ""),
];
fn lock(cx: &mut Thread, v: Value) -> R<Gc<Lock>> {
    v.cast::<Lock>().ok_or_else(|| cx.type_error("a lock is expected"))
}
fn lock_acquire(cx: &mut Thread, a: Args<'_>) -> R {
    let l = lock(cx, a[0])?;
    if a.len() == 1 && !l.locked.get() {
        l.locked.set(true);
        return Ok(Value::TRUE);
    }
    let wait = if a.len() == 1 { Some(None) } else { acquire_args(cx, a)? };
    let free = || {
        let free = !l.locked.get();
        l.locked.set(true);
        free
    };
    match wait {
        None => Ok(Value::bool(free())),
        Some(deadline) => Ok(Value::bool(wait_until(cx, &l.number, deadline, free)?)),
    }
}
fn lock_release(cx: &mut Thread, a: Args<'_>) -> R {
    let l = lock(cx, a[0])?;
    if !l.locked.get() {
        return Err(cx.runtime_error("release unlocked lock"));
    }
    l.locked.set(false);
    wake(&l.number);
    Ok(Value::NONE)
}
fn lock_exit(cx: &mut Thread, a: Args<'_>) -> R {
    lock_release(cx, Args::new(&[a[0]]))
}
fn lock_locked(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(lock(cx, a[0])?.locked.get()))
}
fn lock_reinit(cx: &mut Thread, a: Args<'_>) -> R {
    lock(cx, a[0])?.locked.set(false);
    Ok(Value::NONE)
}
fn lock_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let l = lock(cx, a[0])?;
    let class = cx.class_of(a[0]);
    let name = cx.type_name(class);
    let state = if l.locked.get() { "locked" } else { "unlocked" };
    let text = format!("<{state} {name} object at {:#x}>", cx.id(a[0]));
    Ok(cx.new_str(&text)?.value())
}

// ---- RLock

#[repr(C)]
pub struct RLock {
    owner: Cell<u64>,
    count: Cell<u64>,
    number: Cell<u32>,
}
heap_kind!(RLock, "RLock", 0);
pub static RLOCK: TypeDef = TypeDef::new::<RLock>("_thread.RLock", RLOCK_METHODS, "").flags(LOCK_FLAGS | flags::BASE);
static RLOCK_METHODS: &[NativeDef] = &[
    NativeDef::method("acquire(self, /, blocking=True, timeout=-1)", rlock_acquire, "Lock the lock."),
    NativeDef::method("__enter__(self, /)", rlock_acquire, "Lock the lock."),
    NativeDef::method("release(self, /)", rlock_release, "Release the lock."),
    NativeDef::method("__exit__(self, /, *exc_info)", rlock_exit, "Release the lock."),
    NativeDef::method("locked(self, /)", rlock_locked, ""),
    NativeDef::method("_is_owned(self, /)", rlock_owned, ""),
    NativeDef::method("_recursion_count(self, /)", rlock_count, ""),
    NativeDef::method("_release_save(self, /)", rlock_save, ""),
    NativeDef::method("_acquire_restore(self, state, /)", rlock_restore, ""),
    NativeDef::method("_at_fork_reinit(self, /)", rlock_reinit, ""),
    NativeDef::method("__repr__(self, /)", rlock_repr, ""),
];
fn rlock(cx: &mut Thread, v: Value) -> R<Gc<RLock>> {
    v.cast::<RLock>().ok_or_else(|| cx.type_error("an RLock is expected"))
}
pub fn new_rlock(cx: &mut Thread) -> R {
    let class = cx.native_class(&RLOCK)?;
    Ok(cx.alloc_of(class, RLock { owner: 0.into(), count: 0.into(), number: 0.into() })?.value())
}
fn rlock_take(l: Gc<RLock>, me: u64, count: u64) -> bool {
    if l.count.get() != 0 && l.owner.get() != me {
        return false;
    }
    l.owner.set(me);
    l.count.set(l.count.get() + count);
    true
}
pub fn rlock_acquire(cx: &mut Thread, a: Args<'_>) -> R {
    let l = rlock(cx, a[0])?;
    let me = cx.ident;
    let wait = if a.len() == 1 { Some(None) } else { acquire_args(cx, a)? };
    if rlock_take(l, me, 1) {
        return Ok(Value::TRUE);
    }
    match wait {
        None => Ok(Value::FALSE),
        Some(deadline) => Ok(Value::bool(wait_until(cx, &l.number, deadline, || rlock_take(l, me, 1))?)),
    }
}
pub fn rlock_release(cx: &mut Thread, a: Args<'_>) -> R {
    let l = rlock(cx, a[0])?;
    if l.count.get() == 0 || l.owner.get() != cx.ident {
        return Err(cx.runtime_error("cannot release un-acquired lock"));
    }
    l.count.set(l.count.get() - 1);
    if l.count.get() == 0 {
        l.owner.set(0);
        wake(&l.number);
    }
    Ok(Value::NONE)
}
fn rlock_exit(cx: &mut Thread, a: Args<'_>) -> R {
    rlock_release(cx, Args::new(&[a[0]]))
}
pub fn rlock_locked(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(rlock(cx, a[0])?.count.get() > 0))
}
pub fn rlock_owned(cx: &mut Thread, a: Args<'_>) -> R {
    let l = rlock(cx, a[0])?;
    Ok(Value::bool(l.count.get() > 0 && l.owner.get() == cx.ident))
}
fn rlock_count(cx: &mut Thread, a: Args<'_>) -> R {
    let l = rlock(cx, a[0])?;
    let n = if l.owner.get() == cx.ident { l.count.get() } else { 0 };
    cx.uint(n)
}
fn rlock_save(cx: &mut Thread, a: Args<'_>) -> R {
    let l = rlock(cx, a[0])?;
    if l.count.get() == 0 {
        return Err(cx.runtime_error("cannot release un-acquired lock"));
    }
    let (count, owner) = (cx.uint(l.count.get())?, cx.uint(l.owner.get())?);
    l.count.set(0);
    l.owner.set(0);
    wake(&l.number);
    Ok(cx.new_tuple(&[count, owner])?.value())
}
fn rlock_restore(cx: &mut Thread, a: Args<'_>) -> R {
    let l = rlock(cx, a[0])?;
    let Some(t) = a[1].cast::<Tuple>().filter(|t| t.len == 2) else { return Err(cx.type_error("a state is expected")) };
    let (count, owner) = (cx.index(t.at(0))? as u64, cx.index(t.at(1))? as u64);
    wait_until(cx, &l.number, None, || l.count.get() == 0)?;
    l.owner.set(owner);
    l.count.set(count);
    Ok(Value::NONE)
}
fn rlock_reinit(cx: &mut Thread, a: Args<'_>) -> R {
    let l = rlock(cx, a[0])?;
    l.count.set(0);
    l.owner.set(0);
    Ok(Value::NONE)
}
fn rlock_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let l = rlock(cx, a[0])?;
    let class = cx.class_of(a[0]);
    let name = cx.type_name(class);
    let (state, owner, count) = (if l.count.get() > 0 { "locked" } else { "unlocked" }, l.owner.get(), l.count.get());
    let text = format!("<{state} {name} object owner={owner} count={count} at {:#x}>", cx.id(a[0]));
    Ok(cx.new_str(&text)?.value())
}

// ---- threads

/// A thread as `join` sees it.
#[repr(C)]
pub struct Handle {
    ident: Cell<u64>,
    /// 0 not started, 1 starting, 2 running, 3 done.
    state: Cell<u8>,
    number: Cell<u32>,
}
heap_kind!(Handle, "_ThreadHandle", 0);
pub static HANDLE: TypeDef =
    TypeDef::new::<Handle>("_thread._ThreadHandle", HANDLE_METHODS, "").flags(flags::IMMUTABLE | flags::WEAKREF);
static HANDLE_METHODS: &[NativeDef] = &[
    NativeDef::method("join(self, timeout=None, /)", handle_join, ""),
    NativeDef::method("is_done(self, /)", handle_is_done, ""),
    NativeDef::method("_set_done(self, /)", handle_set_done, ""),
    NativeDef::method("__repr__(self, /)", handle_repr, ""),
    NativeDef::getter("ident", handle_ident, ""),
];
fn handle(cx: &mut Thread, v: Value) -> R<Gc<Handle>> {
    v.cast::<Handle>().ok_or_else(|| cx.type_error("a thread handle is expected"))
}
fn handle_join(cx: &mut Thread, a: Args<'_>) -> R {
    let h = handle(cx, a[0])?;
    let deadline = match a.some(1) {
        None => None,
        Some(t) => {
            let t = cx.to_f64(t)?;
            if t > TIMEOUT_MAX {
                return Err(cx.overflow_error("timeout value is too large"));
            }
            (t >= 0.0).then(|| Instant::now() + Duration::from_secs_f64(t))
        }
    };
    if h.state.get() == 0 {
        return Err(cx.runtime_error("thread not started"));
    }
    if h.ident.get() == cx.ident && h.state.get() != 3 {
        return Err(cx.runtime_error("Cannot join current thread"));
    }
    wait_until(cx, &h.number, deadline, || h.state.get() == 3)?;
    Ok(Value::NONE)
}
fn handle_is_done(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(handle(cx, a[0])?.state.get() == 3))
}
fn handle_set_done(cx: &mut Thread, a: Args<'_>) -> R {
    let h = handle(cx, a[0])?;
    h.state.set(3);
    wake(&h.number);
    Ok(Value::NONE)
}
fn handle_ident(cx: &mut Thread, a: Args<'_>) -> R {
    let n = handle(cx, a[0])?.ident.get();
    cx.uint(n)
}
fn handle_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let h = handle(cx, a[0])?;
    let text = format!("<_ThreadHandle object: ident={}>", h.ident.get());
    Ok(cx.new_str(&text)?.value())
}
fn new_handle(cx: &mut Thread, ident: u64, state: u8) -> R<Gc<Handle>> {
    let class = cx.native_class(&HANDLE)?;
    cx.alloc_of(class, Handle { ident: ident.into(), state: state.into(), number: 0.into() })
}

const STARTING: &str = "thread.starting";
/// Native identity -> handle of threads that run.
const HANDLES: &str = "thread.handles";
const JOINABLE: &str = "thread.joinable";

fn registry_dict(cx: &mut Thread, key: &'static str) -> R<Gc<Dict>> {
    if let Some(d) = cx.registry(key).and_then(|v| v.cast::<Dict>()) {
        return Ok(d);
    }
    let d = cx.new_dict()?;
    cx.set_registry(key, d.value());
    Ok(d)
}
/// Notes the handle of the calling thread while it runs.
fn note_running(cx: &mut Thread, h: Option<Gc<Handle>>) -> R<()> {
    let key = cx.uint(cx.ident)?;
    let table = registry_dict(cx, HANDLES)?;
    match h {
        Some(h) => cx.dict_set(table, key, h.value()),
        None => cx.dict_remove(table, key).map(|_| ()),
    }
}

/// Runs `f`, which forks, while no other thread holds a lock of a bucket.
pub fn over_fork<T>(f: impl FnOnce() -> T) -> T {
    let guards: Vec<_> = WAIT.iter().map(|b| b.count.lock().unwrap_or_else(|e| e.into_inner())).collect();
    let out = f();
    drop(guards);
    out
}
/// In a child process: all other threads are done.
pub fn after_fork(cx: &mut Thread) -> R<()> {
    let table = registry_dict(cx, HANDLES)?;
    let mut running = 0;
    let mut i = 0;
    while let Some((next, _, _, v)) = table.next_entry(i) {
        i = next;
        match v.cast::<Handle>() {
            Some(h) if h.ident.get() == cx.ident => running += 1,
            Some(h) => h.state.set(3),
            None => {}
        }
    }
    RUNNING.store(running, Relaxed);
    Ok(())
}

/// Starts a native thread that calls `function(*args, **kwargs)`.
fn start(cx: &mut Thread, function: Value, args: Gc<Tuple>, kwargs: Value, h: Gc<Handle>) -> R<()> {
    if cx.vm().finalizing.get() {
        return Err(cx.error(Exc::PythonFinalizationError, "can't create new thread at interpreter shutdown"));
    }
    let table = registry_dict(cx, STARTING)?;
    let token = NUMBERS.fetch_add(1, Relaxed) as i64;
    let job = cx.new_tuple(&[function, args.value(), kwargs, h.value()])?.value();
    cx.dict_set(table, Value::small_int(token), job)?;
    h.state.set(1);
    // The new thread finds its number only when it runs; `join` and `ident` need it before.
    bucket(&h.number);
    let vm = cx.vm_mut() as *mut Interpreter as usize;
    let poke = cx.poker();
    let size = match STACK_SIZE.load(Relaxed) {
        0 => 64 << 20,
        n => n.max(1 << 20),
    };
    let place = cx.namespace_number();
    let spawned = std::thread::Builder::new().stack_size(size).spawn(move || run_thread(vm, place, poke, token));
    if spawned.is_err() {
        cx.dict_remove(table, Value::small_int(token))?;
        h.state.set(0);
        return Err(cx.runtime_error("can't start new thread"));
    }
    wait_until(cx, &h.number, None, || h.state.get() >= 2)?;
    Ok(())
}

fn run_thread(vm: usize, namespace: u32, poke: impl Fn(), token: i64) {
    // SAFETY: the interpreter lives until the process ends.
    let (vm, gil) = unsafe {
        let vm = &mut *(vm as *mut Interpreter);
        let gil: *const ferropy_vm::gil::Gil = &(*vm.process).gil;
        (vm, gil)
    };
    // SAFETY: as above.
    unsafe { (*gil).acquire(poke) };
    if let Ok(mut cx) = vm.new_thread_of(namespace) {
        RUNNING.fetch_add(1, Relaxed);
        run_job(&mut cx, token);
        RUNNING.fetch_sub(1, Relaxed);
        drop(cx);
    }
    // SAFETY: as above.
    unsafe { (*gil).release() };
}

#[inline(never)]
fn run_job(cx: &mut Thread, token: i64) {
    let job = cx.registry(STARTING).and_then(|v| v.cast::<Dict>());
    let job = job.and_then(|d| cx.dict_remove(d, Value::small_int(token)).ok().flatten());
    let Some(job) = job.and_then(|j| j.cast::<Tuple>()) else { return };
    let Some(h) = job.at(3).cast::<Handle>() else { return };
    h.ident.set(cx.ident);
    h.state.set(2);
    if note_running(cx, Some(h)).is_err() {
        cx.take_pending();
    }
    wake(&h.number);
    if let Some(args) = job.at(1).cast::<Tuple>()
        && cx.call_ex(job.at(0), args, job.at(2)).is_err()
    {
        if cx.pending_is(Exc::SystemExit) {
            cx.take_pending();
        } else {
            let e = cx.take_pending();
            cx.unraisable(e, "in thread started by", job.at(0));
        }
    }
    leave_locals(cx);
    if note_running(cx, None).is_err() {
        cx.take_pending();
    }
    h.state.set(3);
    wake(&h.number);
}

fn start_new_thread(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(args) = a[1].cast::<Tuple>() else { return Err(cx.type_error("2nd arg must be a tuple")) };
    let kwargs = a.or(2, Value::NULL);
    if !kwargs.is_null() && kwargs.cast::<Dict>().is_none() {
        return Err(cx.type_error("optional 3rd arg must be a dictionary"));
    }
    check_callable(cx, a[0], "first arg must be callable")?;
    let h = new_handle(cx, 0, 0)?;
    start(cx, a[0], args, kwargs, h)?;
    cx.uint(h.ident.get())
}
fn check_callable(cx: &mut Thread, v: Value, message: &str) -> R<()> {
    if cx.lookup_special(v, ferropy_vm::N::__call__).is_none() {
        return Err(cx.type_error(message));
    }
    Ok(())
}
fn start_joinable_thread(cx: &mut Thread, a: Args<'_>) -> R {
    check_callable(cx, a[0], "thread function must be callable")?;
    let h = match a.some(1) {
        Some(v) => match v.cast::<Handle>() {
            Some(h) => h,
            None => return Err(cx.type_error("'handle' must be a _ThreadHandle")),
        },
        None => new_handle(cx, 0, 0)?,
    };
    if h.state.get() != 0 {
        return Err(cx.runtime_error("thread already started"));
    }
    let daemon = match a.opt(2) {
        Some(d) => cx.truth(d)?,
        None => true,
    };
    if !daemon {
        let list = joinable(cx)?;
        prune(cx, list)?;
        cx.list_append(list, h.value())?;
    }
    let args = cx.new_tuple(&[])?;
    start(cx, a[0], args, Value::NULL, h)?;
    Ok(h.value())
}
fn joinable(cx: &mut Thread) -> R<Gc<List>> {
    if let Some(l) = cx.registry(JOINABLE).and_then(|v| v.cast()) {
        return Ok(l);
    }
    let l = cx.new_list(&[])?;
    cx.set_registry(JOINABLE, l.value());
    Ok(l)
}
/// Forgets threads that are done.
fn prune(cx: &mut Thread, list: Gc<List>) -> R<()> {
    let mut live = ferropy_vm::RootedVec::new(cx);
    for i in 0..list.len() {
        if let Some(v) = list.get(i)
            && v.cast::<Handle>().is_some_and(|h| h.state.get() != 3)
        {
            live.push(v);
        }
    }
    cx.list_assign(list, &live)
}
/// Waits for all threads that are not daemons.
fn shutdown(cx: &mut Thread, _a: Args<'_>) -> R {
    loop {
        let list = joinable(cx)?;
        prune(cx, list)?;
        let me = cx.ident;
        let next = (0..list.len())
            .filter_map(|i| list.get(i))
            .filter_map(|v| v.cast::<Handle>())
            .find(|h| h.ident.get() != me);
        let Some(h) = next else { return Ok(Value::NONE) };
        wait_until(cx, &h.number, None, || h.state.get() == 3)?;
    }
}

// ---- thread-local data

/// The instance dict is that of the thread which used the object last.
#[repr(C)]
pub struct Local {
    /// Thread number -> dict.
    dicts: Field,
    args: Field,
    kwargs: Field,
    current: Cell<u64>,
}
heap_kind!(Local, "_local", 3);
pub static LOCAL: TypeDef = TypeDef::new::<Local>("_thread._local", LOCAL_METHODS, "Thread-local data").flags(
    flags::BASE | flags::IMMUTABLE | flags::HAS_DICT | flags::WEAKREF | flags::GETATTR_HOOK | flags::SETATTR_HOOK,
);
static LOCAL_METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, /, *args, **kwargs)", local_new, ""),
    NativeDef::method("__getattribute__(self, name, /)", local_getattr, ""),
    NativeDef::method("__setattr__(self, name, value, /)", local_setattr, ""),
    NativeDef::method("__delattr__(self, name, /)", local_delattr, ""),
];
const USED: &str = "thread.locals";

fn local_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else { return Err(cx.type_error("a class is expected")) };
    let init = cx.name(ferropy_vm::N::__init__);
    let plain = cx.lookup(class, init).is_none_or(ferropy_vm::ops::construct::is_object_init);
    let given = cx.len(a[1])? + cx.len(a[2])?;
    if plain && given > 0 {
        return Err(cx.type_error("Initialization arguments are not supported"));
    }
    let v = cx.alloc_instance(class)?;
    let dicts = cx.new_dict()?;
    let Some(l) = v.cast::<Local>() else { return Err(cx.type_error("a _local is expected")) };
    l.dicts.set(cx, l, dicts);
    l.args.set(cx, l, a[1]);
    l.kwargs.set(cx, l, a[2]);
    l.current.set(0);
    enter_local(cx, v, true)?;
    Ok(v)
}
/// Makes the calling thread's dict the instance dict; a thread that comes first time calls `__init__`.
fn enter_local(cx: &mut Thread, v: Value, fresh: bool) -> R<()> {
    let Some(l) = v.cast::<Local>() else { return Err(cx.type_error("a _local is expected")) };
    if l.current.get() == cx.ident {
        return Ok(());
    }
    let Some(dicts) = l.dicts.cast::<Dict>() else { return Ok(()) };
    let key = cx.uint(cx.ident)?;
    if let Some(d) = cx.dict_get(dicts, key)?.and_then(|d| d.cast::<Dict>()) {
        cx.set_instance_dict(v, d)?;
        l.current.set(cx.ident);
        return Ok(());
    }
    let d = cx.new_dict()?;
    cx.dict_set(dicts, key, d.value())?;
    cx.set_instance_dict(v, d)?;
    l.current.set(cx.ident);
    if !signal::is_main(cx) {
        let used = match cx.locals.get(USED).and_then(|v| v.cast::<List>()) {
            Some(u) => u,
            None => {
                let u = cx.new_list(&[])?;
                cx.locals.insert(USED, u.value());
                u
            }
        };
        cx.list_append(used, v)?;
    }
    let class = cx.class_of(v);
    let init = cx.name(ferropy_vm::N::__init__);
    if !fresh
        && let Some(f) = cx.lookup(class, init)
        && !ferropy_vm::ops::construct::is_object_init(f)
        && let Some(args) = l.args.cast::<Tuple>()
    {
        let bound = cx.bind(f, v, class.value())?;
        cx.call_ex(bound, args, l.kwargs.get())?;
    }
    Ok(())
}
/// The thread ends: its dicts go.
fn leave_locals(cx: &mut Thread) {
    let Some(used) = cx.locals.remove(USED).and_then(|v| v.cast::<List>()) else { return };
    let ident = cx.ident;
    for i in 0..used.len() {
        let Some(v) = used.get(i) else { continue };
        let Some(l) = v.cast::<Local>() else { continue };
        if l.current.get() == ident {
            l.current.set(0);
        }
        if let Some(d) = l.dicts.cast::<Dict>()
            && let Ok(key) = cx.uint(ident)
        {
            let _ = cx.dict_remove(d, key);
        }
    }
}
fn local_getattr(cx: &mut Thread, a: Args<'_>) -> R {
    enter_local(cx, a[0], false)?;
    ferropy_vm::ops::attr::object_getattribute(cx, a)
}
fn guard_dict(cx: &mut Thread, a: Args<'_>) -> R<()> {
    if a[1].as_str().is_some_and(|s| s.bytes() == b"__dict__") {
        let class = cx.class_name(a[0]);
        let (obj, name) = (a[0], a[1]);
        let text = format!("'{class}' object attribute '__dict__' is read-only");
        return Err(cx.attribute_error(text, obj, name));
    }
    enter_local(cx, a[0], false)
}
fn local_setattr(cx: &mut Thread, a: Args<'_>) -> R {
    guard_dict(cx, a)?;
    ferropy_vm::ops::attr::object_setattr(cx, a)
}
fn local_delattr(cx: &mut Thread, a: Args<'_>) -> R {
    guard_dict(cx, a)?;
    ferropy_vm::ops::attr::object_delattr(cx, a)
}

// ---- module functions

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "start_new_thread(function, args, kwargs=<unrepresentable>, /)",
        start_new_thread,
        "Start a new thread and return its identifier.",
    ),
    NativeDef::function("start_new(function, args, kwargs=<unrepresentable>, /)", start_new_thread, ""),
    NativeDef::function("start_joinable_thread(function, handle=None, daemon=True)", start_joinable_thread, ""),
    NativeDef::function("allocate_lock()", allocate_lock, "Create a new lock object."),
    NativeDef::function("allocate()", allocate_lock, ""),
    NativeDef::function(
        "get_ident()",
        |cx, _| {
            let n = cx.ident;
            cx.uint(n)
        },
        "Return the id of this thread.",
    ),
    NativeDef::function("get_native_id()", native_id, ""),
    NativeDef::function("_get_main_thread_ident()", |cx, _| cx.uint(signal::main_ident()), ""),
    NativeDef::function("_is_main_interpreter()", |_, _| Ok(Value::TRUE), ""),
    NativeDef::function("_make_thread_handle(ident, /)", make_handle, ""),
    NativeDef::function("daemon_threads_allowed()", |_, _| Ok(Value::TRUE), ""),
    NativeDef::function("_count()", |_, _| Ok(Value::small_int(RUNNING.load(Relaxed) as i64)), ""),
    NativeDef::function("_shutdown()", shutdown, ""),
    NativeDef::function("stack_size(size=0, /)", stack_size, ""),
    NativeDef::function("interrupt_main(signum=signal.SIGINT, /)", interrupt_main, ""),
    NativeDef::function("exit()", |cx, _| Err(cx.error_with(Exc::SystemExit, &[])), ""),
    NativeDef::function("exit_thread()", |cx, _| Err(cx.error_with(Exc::SystemExit, &[])), ""),
    NativeDef::function("set_name(name)", set_name, ""),
];
fn allocate_lock(cx: &mut Thread, _a: Args<'_>) -> R {
    let class = cx.native_class(&LOCK)?;
    Ok(cx.alloc_of(class, Lock { locked: false.into(), number: 0.into() })?.value())
}
fn native_id(_cx: &mut Thread, _a: Args<'_>) -> R {
    // SAFETY: plain query.
    Ok(Value::small_int(unsafe { libc::gettid() } as i64))
}
fn make_handle(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.index(a[0])? as u64;
    Ok(new_handle(cx, n, 2)?.value())
}
fn stack_size(cx: &mut Thread, a: Args<'_>) -> R {
    let n = match a.opt(0) {
        Some(v) => cx.index(v)?,
        None => return Ok(Value::small_int(STACK_SIZE.load(Relaxed) as i64)),
    };
    if n < 0 {
        return Err(cx.value_error("size must be 0 or a positive value"));
    }
    if n != 0 && n < 32768 {
        return Err(cx.value_error(format!("size not valid: {n} bytes")));
    }
    Ok(Value::small_int(STACK_SIZE.swap(n as usize, Relaxed) as i64))
}
fn interrupt_main(cx: &mut Thread, a: Args<'_>) -> R {
    let n = match a.opt(0) {
        Some(v) => cx.index(v)?,
        None => libc::SIGINT as i64,
    };
    if !(1..65).contains(&n) {
        return Err(cx.value_error("signal number out of range"));
    }
    signal::simulate(n as i32);
    Ok(Value::NONE)
}
fn set_name(cx: &mut Thread, a: Args<'_>) -> R {
    let name = cx.expect_text(a[0], "set_name() argument 'name'")?.to_lossy();
    let mut text = name.into_bytes();
    text.truncate(15);
    if let Ok(c) = std::ffi::CString::new(text) {
        // SAFETY: a terminated string for the calling thread.
        unsafe { libc::pthread_setname_np(libc::pthread_self(), c.as_ptr()) };
    }
    Ok(Value::NONE)
}

fn module(cx: &mut Thread) -> R {
    let m = cx.module_with(
        "_thread",
        "This module provides primitive operations to write multi-threaded programs.",
        FUNCTIONS,
    )?;
    for def in [&LOCK, &RLOCK, &HANDLE, &LOCAL] {
        cx.module_class(m, def)?;
    }
    let lock = cx.native_class(&LOCK)?;
    cx.module_set(m, "LockType", lock.value())?;
    let error = cx.exc_class(Exc::RuntimeError);
    cx.module_set(m, "error", error.value())?;
    let max = cx.float(TIMEOUT_MAX)?;
    cx.module_set(m, "TIMEOUT_MAX", max)?;
    debug_assert!(Lock::kind() != 0);
    Ok(m.value())
}
