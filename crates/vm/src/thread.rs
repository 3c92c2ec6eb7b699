//! State by lifetime: `Process` (heap, interned strings, shapes), `Interpreter` (classes, modules, settings), `Thread`
//! (frames, registers, pending exception, safepoint word). A `&mut Thread`, called `cx`, goes first into whatever may
//! allocate, raise or run Python.

use crate::attr_cache::AttrCache;
use crate::class::{Builtin, CacheEntry, METHOD_CACHE};
use crate::exc::EXCEPTIONS;
use crate::frame::{Frame, Stacks};
use crate::gil::Gil;
use crate::object::Gc;
use crate::shape::Shapes;
use crate::types::{Class, RootedList};
use crate::{N, R, Value};
use ferropy_gc::{Config, Heap, Mutator};
use hashbrown::HashTable;
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What interpreters of one process share.
pub struct Process {
    pub heap: Box<Heap>,
    pub shapes: Shapes,
    /// Interned strings; weak (dead ones leave in `after_mark`).
    pub interned: HashTable<u64>,
    pub hash_key: ferropy_text::hash::Key,
    pub gil: Gil,
}

/// Values that modules keep, by key.
pub type Registry = rustc_hash::FxHashMap<&'static str, Value>;

/// A native module: made when first imported.
pub type ModuleInit = fn(&mut Thread) -> R<Value>;

/// One Python interpreter.
pub struct Interpreter {
    pub types: Vec<Gc<Class>>,
    pub exc_classes: Vec<Gc<Class>>,
    pub native_classes: Vec<Option<Gc<Class>>>,
    pub(crate) method_cache: Box<[CacheEntry]>,
    pub(crate) attr_cache: AttrCache,
    /// The method cache or the attribute cache was written since the collector last looked at them.
    pub(crate) caches_written: Cell<bool>,
    /// The collector has seen the names and characters of start-up.
    pub(crate) settled: Cell<bool>,
    /// Counts cache refills.
    pub(crate) refills: Cell<u32>,
    pub epoch: Cell<u32>,
    pub names: Vec<Value>,
    /// `sys.modules`, a dict.
    pub modules: Value,
    /// Namespaces of `builtins` and `sys`.
    pub builtins: Value,
    pub sys: Value,
    pub memory_error: Value,
    pub empty_str: Value,
    pub empty_tuple: Value,
    pub empty_bytes: Value,
    /// Strings of the characters below 256.
    pub chars: Vec<Value>,
    pub process: *mut Process,
    /// Native modules by name.
    pub module_table: Vec<(&'static str, ModuleInit)>,
    /// Values that modules keep for the life of the interpreter, by key.
    pub registry: Registry,
    /// How kinds outside of the VM export their memory.
    pub buffer_kinds: Vec<(u8, crate::buffer::BufferFn)>,
    pub buffer_infos: Vec<(u8, crate::buffer::BufferInfo)>,
    pub settings: Settings,
    pub threads: Vec<*mut Thread>,
    pub dict_versions: Cell<u32>,
    pub weakref_numbers: Cell<u64>,
    /// Native hooks that other crates install.
    pub hooks: Hooks,
    pub finalizing: Cell<bool>,
    pub namespaces: crate::beside::Namespaces,
}

/// What crates above the VM provide to it.
#[derive(Default)]
pub struct Hooks {
    /// Runs Python-level signal handlers; called at safepoints when the interrupt bit SIGNALS is set.
    pub signals: Option<fn(&mut Thread) -> R<()>>,
    /// Formats and prints an exception that cannot be raised: (exception, where, of what or unbound).
    pub unraisable: Option<fn(&mut Thread, Value, &str, Value)>,
    /// `BaseException.__new__` and `__init__`: instances of classes with these are made directly.
    pub exception_new: Option<crate::NativeImpl>,
    pub exception_init: Option<crate::NativeImpl>,
    /// Issues a warning: (category, message).
    pub warn: Option<fn(&mut Thread, crate::Exc, &str) -> R<()>>,
    /// Runs a program's text in a sub-interpreter; false: it ended by an exception, which was printed.
    pub run_beside: Option<fn(&mut Thread, &str) -> R<bool>>,
}

/// Options of the command line that the VM itself looks at.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub optimize: u8,
    pub max_str_digits: usize,
    pub bytes_warning: u8,
    pub dev_mode: bool,
    pub utf8_mode: bool,
    pub warn_default_encoding: bool,
}

/// Bits of the safepoint word.
pub mod interrupt {
    /// A signal arrived.
    pub const SIGNALS: u32 = 1;
    /// Finalisers or weak reference callbacks wait.
    pub const FINALIZERS: u32 = 2;
    /// Another thread wants to run.
    pub const HAND_OVER: u32 = 4;
    /// An exception was set from outside (`PyThreadState_SetAsyncExc`, memory limit).
    pub const ASYNC: u32 = 8;
}

/// Native stack for one native function called by Python, all that it calls natively included.
const NATIVE_SHARE: usize = 4 << 20;

/// One thread of execution.
#[repr(C)]
pub struct Thread {
    pub mutator: Mutator,
    /// The safepoint word.
    pub interrupt: AtomicU32,
    /// The running frame.
    pub frame: *mut Frame,
    pub frame_limit: *mut Frame,
    pub regs_limit: *mut Value,
    pub pending: Value,
    vm: *mut Interpreter,
    pub stacks: Stacks,
    pub rooted: Box<RootedList>,
    /// Lowest address of the native stack that may be used, and the lowest until Python code runs again: native code
    /// that recurses by itself gets a share only.
    pub stack_low: usize,
    pub stack_limit: usize,
    pub recursion_limit: usize,
    /// Objects whose repr is being computed.
    pub repr_stack: Vec<Value>,
    /// Current context of `contextvars` and other per-thread Python state, by key.
    pub locals: rustc_hash::FxHashMap<&'static str, Value>,
    /// What a module remembers of the current context, so as not to look it up there each time (unbound: nothing).
    pub context_memo: Value,
    pub ident: u64,
    pub async_exc: Value,
    in_finalizers: bool,
    /// The interpreter that it belongs to (see `beside`).
    pub(crate) namespace: u32,
}

impl Thread {
    #[inline(always)]
    pub fn vm(&self) -> &Interpreter {
        // SAFETY: the interpreter outlives its threads; one thread runs at a time.
        unsafe { &*self.vm }
    }
    #[inline(always)]
    pub fn vm_mut(&mut self) -> &mut Interpreter {
        // SAFETY: as above.
        unsafe { &mut *self.vm }
    }
    #[inline(always)]
    pub fn process(&self) -> &Process {
        // SAFETY: as above.
        unsafe { &*self.vm().process }
    }
    #[inline(always)]
    pub fn process_mut(&mut self) -> &mut Process {
        // SAFETY: as above.
        unsafe { &mut *self.vm().process }
    }
    /// A well-known interned string.
    #[inline(always)]
    pub fn name(&self, n: N) -> Value {
        // SAFETY: the table has one entry a name.
        unsafe { *self.vm().names.as_ptr().add(n as usize) }
    }

    /// True when the share of the native stack is nearly used up.
    #[inline(always)]
    pub fn native_stack_low(&self) -> bool {
        let here = 0u8;
        (&raw const here as usize) < self.stack_limit
    }

    /// True when all of the native stack is.
    #[inline(always)]
    pub(crate) fn native_stack_used_up(&self) -> bool {
        let here = 0u8;
        (&raw const here as usize) < self.stack_low
    }

    /// Runs `f`, which enters Python code, with a fresh share of the native stack.
    #[inline(always)]
    pub(crate) fn with_native_share<T>(&mut self, f: impl FnOnce(&mut Thread) -> T) -> T {
        let here = 0u8;
        let limit = (&raw const here as usize).saturating_sub(NATIVE_SHARE).max(self.stack_low);
        let outer = std::mem::replace(&mut self.stack_limit, limit);
        let r = f(self);
        self.stack_limit = outer;
        r
    }

    /// Call at the start of native functions that recurse.
    #[inline(always)]
    pub fn check_recursion(&mut self, what: &str) -> R<()> {
        if self.native_stack_low() {
            return Err(self.recursion_error(what));
        }
        Ok(())
    }

    #[cold]
    pub fn recursion_error(&mut self, what: &str) -> crate::Raised {
        // A little room to create the exception and to handle it.
        let (low, limit, frames) = (self.stack_low, self.stack_limit, self.frame_limit);
        self.stack_low = low.saturating_sub(64 << 10);
        self.stack_limit = limit.saturating_sub(64 << 10);
        // SAFETY: the stacks have spare room behind their limits.
        self.frame_limit = unsafe { frames.add(40) };
        let r = self.error(crate::Exc::RecursionError, format!("maximum recursion depth exceeded{what}"));
        (self.stack_low, self.stack_limit, self.frame_limit) = (low, limit, frames);
        r
    }

    /// Runs `f` without the interpreter lock. `f` must not touch Python objects.
    pub fn allow_threads<F: FnOnce() -> T, T>(&mut self, f: F) -> T {
        let gil: *const Gil = &self.process().gil;
        let poke = self.poker();
        // SAFETY: the process outlives its threads.
        let out = unsafe {
            self.mutator.parked(|| {
                (*gil).release();
                let out = f();
                (*gil).acquire(poke);
                out
            })
        };
        self.load_own_namespace();
        out
    }

    /// A function that interrupts all threads of this interpreter (the holder of the lock looks).
    pub fn poker(&self) -> impl Fn() + use<> {
        let vm = self.vm as usize;
        move || {
            // SAFETY: the interpreter outlives its threads; the list changes only under the lock's own mutex order.
            let vm = unsafe { &*(vm as *const Interpreter) };
            for t in &vm.threads {
                // SAFETY: threads leave the list before they are freed.
                unsafe { (**t).interrupt.fetch_or(interrupt::HAND_OVER, Relaxed) };
            }
        }
    }

    /// Does what the safepoint word asks for.
    #[cold]
    #[inline(never)]
    pub fn safepoint(&mut self) -> R<()> {
        let bits = self.interrupt.swap(0, Relaxed);
        if bits & interrupt::HAND_OVER != 0 && self.process().gil.requested.load(Relaxed) {
            let gil: *const Gil = &self.process().gil;
            let poke = self.poker();
            // SAFETY: the process outlives its threads.
            unsafe {
                self.mutator.parked(|| {
                    (*gil).hand_over();
                    (*gil).acquire(poke);
                })
            };
            self.load_own_namespace();
        }
        if bits & interrupt::FINALIZERS != 0 {
            self.run_finalizers();
        }
        if bits & interrupt::ASYNC != 0
            && let Some(e) = std::mem::replace(&mut self.async_exc, Value::NULL).bound()
        {
            let exc = if self.is_instance(e, self.builtin(Builtin::Type)) { self.call(e, &[])? } else { e };
            return Err(self.raise_value(exc));
        }
        if bits & interrupt::SIGNALS != 0
            && let Some(f) = self.vm().hooks.signals
        {
            f(self)?;
        }
        Ok(())
    }

    /// Runs waiting finalisers and weak reference callbacks. Their exceptions are reported, not raised.
    pub fn run_finalizers(&mut self) {
        if self.in_finalizers || !self.mutator.has_pending() {
            return;
        }
        self.in_finalizers = true;
        let pending = self.take_pending();
        let mut keep = crate::RootedVec::new(self);
        keep.push(pending);
        // The references made last are told first.
        let mut cleared = crate::RootedVec::new(self);
        while let Some(r) = self.mutator.next_cleared() {
            cleared.push(Value(r.addr() as u64));
        }
        let number = |w: &Value| w.cast::<crate::types::WeakRef>().map_or(0, |w| w.number.get());
        cleared.as_mut_vec().sort_by_key(|w| std::cmp::Reverse(number(w)));
        for i in 0..cleared.len() {
            self.call_weakref_callback(cleared[i]);
        }
        // What was made last goes first: it may use what was there before it, as a container uses its contents.
        while let Some(r) = self.mutator.next_finalize() {
            self.call_finalizer(Value(r.addr() as u64));
        }
        self.pending = keep[0];
        self.in_finalizers = false;
    }

    /// At exit: calls `__del__` of every instance of a Python class that is still there, except `spared`; what was made
    /// first goes first, as module dicts are emptied in CPython.
    pub fn finalize_remaining(&mut self, spared: &[Value]) {
        self.in_finalizers = true;
        let mut all = crate::RootedVec::new(self);
        for r in self.mutator.finalizable() {
            all.push(Value(r.addr() as u64));
        }
        for i in 0..all.len() {
            let v = all[i];
            if !self.class_of(v).has(crate::class::flags::HEAP) || spared.contains(&v) {
                continue;
            }
            if let Some(r) = v.as_ref() {
                self.mutator.finalizer_done(r);
            }
            self.call_finalizer(v);
        }
        self.in_finalizers = false;
    }

    fn call_weakref_callback(&mut self, weak: Value) {
        let Some(w) = weak.cast::<crate::types::WeakRef>() else { return };
        let callback = w.callback.get();
        w.callback.set(self, weak, Value::NULL);
        if callback.is_null() || callback.is_none() {
            return;
        }
        if self.call(callback, &[weak]).is_err() {
            let e = self.take_pending();
            self.unraisable(e, "while calling weakref callback", callback);
        }
    }

    fn call_finalizer(&mut self, v: Value) {
        let Some(del) = self.lookup_special(v, N::__del__) else {
            self.finalize_native(v);
            return;
        };
        if self.call_unbound(del, v, &[]).is_err() {
            let e = self.take_pending();
            self.unraisable(e, "while calling deallocator", del);
        }
    }

    /// Reports an exception that nobody can catch: "Exception ignored {place} {of!r}".
    pub fn unraisable(&mut self, exc: Value, place: &str, of: Value) {
        if let Some(f) = self.vm().hooks.unraisable {
            f(self, exc, place, of);
        }
        self.pending = Value::NULL;
    }

    /// Issues a warning through the `warnings` machinery.
    pub fn warn(&mut self, category: crate::Exc, message: &str) -> R<()> {
        match self.vm().hooks.warn {
            Some(f) => f(self, category, message),
            None => Ok(()),
        }
    }

    /// A value kept for the life of the interpreter under a key of the caller's.
    pub fn registry(&self, key: &'static str) -> Option<Value> {
        self.vm().registry.get(key).copied()
    }
    pub fn set_registry(&mut self, key: &'static str, v: Value) {
        self.vm_mut().registry.insert(key, v);
    }
}

/// Everything that is a root besides native stacks.
unsafe fn visit_roots(client: *mut u8, all: bool, f: &mut dyn FnMut(*mut u64)) {
    let vm = &mut *(client as *mut Interpreter);
    let mut value = |v: &mut Value| f(&mut v.0);
    for v in [
        &mut vm.modules,
        &mut vm.builtins,
        &mut vm.sys,
        &mut vm.memory_error,
        &mut vm.empty_str,
        &mut vm.empty_tuple,
        &mut vm.empty_bytes,
    ] {
        value(v);
    }
    for v in vm.registry.values_mut() {
        value(v);
    }
    vm.namespaces.visit(&mut value);
    // These are filled at start-up only.
    if all || !vm.settled.get() {
        for v in vm.names.iter_mut().chain(vm.chars.iter_mut()) {
            value(v);
        }
        vm.settled.set(vm.chars.len() == 256);
    }
    if all {
        // Classes do not move and are born old: visiting marks them.
        let classes = vm.types.iter_mut().chain(vm.exc_classes.iter_mut());
        for c in classes.chain(vm.native_classes.iter_mut().flatten()) {
            f(c as *mut Gc<Class> as *mut u64);
        }
    }
    if all {
        // Caches keep nothing alive; what they hold dies with this collection or is found again.
        vm.method_cache.fill(CacheEntry::EMPTY);
        vm.attr_cache.clear();
    } else if vm.caches_written.get() {
        for e in vm.method_cache.iter_mut() {
            f(e.word());
        }
        vm.attr_cache.visit(f);
        vm.caches_written.set(false);
    }
    (*vm.process).shapes.visit(all, f);
    for t in &vm.threads {
        (**t).visit(f);
    }
}

impl Thread {
    unsafe fn visit(&mut self, f: &mut dyn FnMut(*mut u64)) {
        f(&mut self.pending.0);
        f(&mut self.async_exc.0);
        f(&mut self.context_memo.0);
        for v in self.repr_stack.iter_mut().chain(self.locals.values_mut()) {
            f(&mut v.0);
        }
        self.rooted.visit(f);
        self.stacks.visit(self.frame, f);
    }
}

thread_local! {
    /// For callbacks without an argument (the collector's): the process of this thread.
    static PROCESS: Cell<*mut Process> = const { Cell::new(std::ptr::null_mut()) };
    static INTERPRETER: Cell<*mut Interpreter> = const { Cell::new(std::ptr::null_mut()) };
}

/// The epoch of inline caches, for callbacks of the collector.
pub(crate) fn current_epoch() -> u32 {
    let vm = INTERPRETER.get();
    // SAFETY: the interpreter lives as long as the process.
    if vm.is_null() { 0 } else { unsafe { (*vm).epoch.get() } }
}

fn after_mark(alive: &dyn Fn(u64) -> bool) {
    let (process, vm) = (PROCESS.get(), INTERPRETER.get());
    if process.is_null() {
        return;
    }
    // SAFETY: set by the thread that runs this collection, which holds the lock.
    unsafe {
        (*process).interned.retain(|w| alive(*w));
        (*process).shapes.after_mark(alive);
        (*vm).method_cache.fill(CacheEntry::EMPTY);
        (*vm).attr_cache.clear();
    }
}

/// Asks the running thread to run finalisers at its next safepoint.
fn finalizers_pending() {
    let vm = INTERPRETER.get();
    if vm.is_null() {
        return;
    }
    // SAFETY: as in `after_mark`; whoever runs next takes the bit.
    unsafe {
        for t in &(*vm).threads {
            (**t).interrupt.fetch_or(interrupt::FINALIZERS, Relaxed);
        }
    }
}

impl Interpreter {
    /// A new process with one interpreter and its main thread (the calling one). Both live until the process ends.
    pub fn start(config: Config, hash_seed: u64) -> std::io::Result<Box<Thread>> {
        crate::types::register_kinds();
        let hash_key = ferropy_text::hash::Key::from_seed(hash_seed);
        let stress = config.stress;
        let mut heap = Heap::new(Config { stress: 0, ..config })?;
        heap.set_shape_owner(crate::shape::class_word);
        heap.set_after_mark(after_mark);
        heap.set_pending_hook(finalizers_pending);
        let mut shapes = Shapes::new();
        let placeholder = Value::NULL;
        // Shape 0 belongs to nobody.
        // SAFETY: never used as a class: no object has shape 0.
        shapes.root(unsafe { Gc::from_raw(16 as *mut Class) }, 0, 0, false);
        let process =
            Box::leak(Box::new(Process { heap, shapes, interned: HashTable::new(), hash_key, gil: Gil::new() }));
        let vm = Box::leak(Box::new(Interpreter {
            types: Vec::new(),
            exc_classes: Vec::new(),
            native_classes: Vec::new(),
            method_cache: vec![CacheEntry::EMPTY; METHOD_CACHE].into_boxed_slice(),
            attr_cache: AttrCache::new(),
            caches_written: Cell::new(true),
            settled: Cell::new(false),
            refills: Cell::new(0),
            epoch: Cell::new(1),
            names: Vec::new(),
            modules: placeholder,
            builtins: placeholder,
            sys: placeholder,
            memory_error: placeholder,
            empty_str: placeholder,
            empty_tuple: placeholder,
            empty_bytes: placeholder,
            chars: Vec::new(),
            process,
            module_table: Vec::new(),
            registry: Default::default(),
            buffer_kinds: Vec::new(),
            buffer_infos: Vec::new(),
            settings: Settings { max_str_digits: 4300, ..Settings::default() },
            threads: Vec::new(),
            dict_versions: Cell::new(1),
            weakref_numbers: Cell::new(1),
            hooks: Hooks::default(),
            finalizing: Cell::new(false),
            namespaces: Default::default(),
        }));
        process.heap.add_roots(visit_roots, vm as *mut Interpreter as *mut u8);
        process.gil.acquire(|| {});
        let mut cx = vm.new_thread()?;
        cx.bootstrap();
        cx.process_mut().heap.config.stress = stress;
        Ok(cx)
    }

    /// A thread for the calling native thread, which must hold the lock.
    pub fn new_thread(&mut self) -> std::io::Result<Box<Thread>> {
        self.new_thread_of(0)
    }

    /// The same for a thread of a sub-interpreter.
    pub fn new_thread_of(&mut self, namespace: u32) -> std::io::Result<Box<Thread>> {
        // SAFETY: the process outlives the interpreter.
        let process = unsafe { &mut *self.process };
        let (low, high) = ferropy_gc::thread_stack_bounds();
        let stacks = Stacks::new()?;
        let mut cx = Box::new(Thread {
            mutator: Mutator::new(&mut *process.heap),
            interrupt: AtomicU32::new(0),
            frame: stacks.first_frame(),
            frame_limit: std::ptr::null_mut(),
            regs_limit: stacks.regs_limit(),
            pending: Value::NULL,
            vm: self,
            stacks,
            rooted: Box::default(),
            stack_low: low + (256 << 10).min((high - low) / 4),
            stack_limit: (low + (256 << 10).min((high - low) / 4)).max(high.saturating_sub(NATIVE_SHARE)),
            recursion_limit: 1000,
            repr_stack: Vec::new(),
            locals: Default::default(),
            ident: 0,
            async_exc: Value::NULL,
            context_memo: Value::NULL,
            in_finalizers: false,
            namespace,
        });
        // SAFETY: plain query.
        cx.ident = unsafe { libc::pthread_self() } as u64;
        cx.set_recursion_limit(1000);
        cx.mutator.attach();
        PROCESS.set(process);
        INTERPRETER.set(self);
        let p: *mut Thread = &mut *cx;
        self.threads.push(p);
        cx.load_own_namespace();
        Ok(cx)
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let me = self as *mut Thread;
        self.vm_mut().threads.retain(|t| *t != me);
    }
}

impl Thread {
    /// Sets how deep Python calls may nest.
    pub fn set_recursion_limit(&mut self, n: usize) {
        self.recursion_limit = n;
        self.frame_limit = self.stacks.frame_at(n);
    }

    /// Makes the built-in classes, names and constants.
    fn bootstrap(&mut self) {
        let rows = crate::class::builtin_rows();
        let count = rows.len() + 1 + EXCEPTIONS.len();
        let shapes = &mut self.process_mut().shapes;
        // Shape numbers of exact instances are the numbers of the enum: reserve them first.
        // SAFETY: replaced below, before any object gets these shapes.
        let nobody = unsafe { Gc::from_raw(16 as *mut Class) };
        for _ in 1..count {
            shapes.root(nobody, 0, 0, false);
        }
        let type_shape = Builtin::Type as u32;
        let mut classes = Vec::new();
        for n in 0..count {
            let c = self.alloc_class(type_shape, 1).unwrap_or(nobody);
            classes.push(c);
            if n > 0 {
                self.process_mut().shapes.set_class(n as u32, c);
            }
        }
        self.vm_mut().types = classes[..rows.len() + 1].to_vec();
        self.vm_mut().exc_classes = classes[rows.len() + 1..].to_vec();
        self.make_constants();
        let unready = self.vm().empty_tuple;
        classes.iter().for_each(|c| c.mro.init(unready));
        for (i, row) in rows.iter().enumerate() {
            let class = classes[i + 1];
            let base = (i > 0).then(|| classes[row.base as usize]);
            let inherited = base.map_or(0, |b| b.flags.get() & crate::class::flags::INHERITED);
            self.init_builtin(class, row.name, base, row.kind, row.flags | inherited, i as u32 + 1);
        }
        let exc_kind = <crate::types::Exception as crate::HeapObject>::kind();
        for (i, (name, base)) in EXCEPTIONS.iter().enumerate() {
            let class = self.vm().exc_classes[i];
            let shape = (rows.len() + 1 + i) as u32;
            if i == 0 {
                // BaseException is in both tables: the exception table's object stands for both.
                self.vm_mut().types[Builtin::BaseException as usize] = class;
            }
            let base = if i == 0 { self.builtin(Builtin::Object) } else { self.vm().exc_classes[*base as usize] };
            let flags = crate::class::flags::BASE
                | crate::class::flags::IMMUTABLE
                | crate::class::flags::HAS_DICT
                | crate::class::flags::EXCEPTION
                | crate::class::flags::WEAKREF;
            self.init_builtin(class, name, Some(base), exc_kind, flags, shape);
        }
        self.make_memory_error();
    }

    fn init_builtin(
        &mut self,
        class: Gc<Class>,
        name: &str,
        base: Option<Gc<Class>>,
        kind: u8,
        flags: u32,
        shape: u32,
    ) {
        let (module, short) = name.rsplit_once('.').unwrap_or(("", name));
        let bases: Vec<Gc<Class>> = base.into_iter().collect();
        let done = (|| {
            let name = self.intern(short)?;
            self.init_class(class, name, &bases, kind, flags, 0)?;
            if !module.is_empty() {
                let (key, module) = (self.intern("__module__")?, self.intern(module)?);
                self.dict_set_str(class.dict(), key, module)?;
            }
            R::Ok(())
        })();
        if done.is_err() {
            panic!("internal error: no memory to start; please report");
        }
        let has_dict = flags & crate::class::flags::HAS_DICT != 0;
        class.extra.set(if has_dict { 1 } else { 0 });
        class.root_shape.set(shape);
        self.process_mut().shapes.set_has_dict(shape, has_dict);
    }

    fn make_constants(&mut self) {
        let made = (|| -> R<()> {
            let empty = self.alloc_str(b"", 0)?;
            self.vm_mut().empty_str = empty.value();
            let t = self.alloc_tuple(0)?;
            self.vm_mut().empty_tuple = t.value();
            let b = self.alloc_bytes(0)?;
            self.vm_mut().empty_bytes = b.value();
            for n in crate::names::NAMES {
                let v = self.intern(n)?;
                self.vm_mut().names.push(v);
            }
            for c in 0..256u32 {
                let mut buf = [0; 4];
                let text = char::from_u32(c).unwrap_or(' ').encode_utf8(&mut buf).to_owned();
                let v = self.intern(&text)?;
                self.vm_mut().chars.push(v);
            }
            let d = self.new_dict()?.value();
            self.vm_mut().modules = d;
            let d = self.new_dict()?.value();
            self.vm_mut().builtins = d;
            let d = self.new_dict()?.value();
            self.vm_mut().sys = d;
            Ok(())
        })();
        if made.is_err() {
            panic!("internal error: no memory to start; please report");
        }
    }

    fn make_memory_error(&mut self) {
        let class = self.exc_class(crate::Exc::MemoryError);
        if let Ok(e) = self.alloc_instance(class) {
            let args = self.vm().empty_tuple;
            if let Some(x) = e.cast::<crate::types::Exception>() {
                x.args.set(self, e, args);
            }
            self.vm_mut().memory_error = e;
        }
    }
}
