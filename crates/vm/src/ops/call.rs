//! Calls: argument passing, binding to parameters, classes, native functions.
//!
//! Terms. A *window* is a caller's argument area in its registers: the word in front of the arguments may be overwritten,
//! and the callee's registers can begin there. Arguments from native code are a plain slice instead.

use crate::class::Builtin as B;
use crate::frame::{Cont, flags as fflags};
use crate::native::{Args, NativeDef, Signature, plan};
use crate::object::{Gc, HeapObject};
use crate::types::*;
use crate::{N, R, Raised, Thread, Value};
use ferropy_bytecode::flags as cflags;
use smallvec::SmallVec;

/// Arguments on their way to a callee.
#[derive(Clone, Copy)]
pub struct Argv {
    pub first: *mut Value,
    pub count: usize,
    /// Tuple of names of the last arguments, or unbound.
    pub names: Value,
    /// `first[-1]` may be overwritten, and a frame may begin at `first`.
    pub window: bool,
}

impl Argv {
    pub fn slice(args: &[Value]) -> Argv {
        Argv { first: args.as_ptr() as *mut Value, count: args.len(), names: Value::NULL, window: false }
    }
    #[inline(always)]
    pub(super) fn at(&self, i: usize) -> Value {
        debug_assert!(i < self.count);
        // SAFETY: in bounds.
        unsafe { *self.first.add(i) }
    }
    pub(super) fn named(&self) -> usize {
        self.names.cast::<Tuple>().map_or(0, |t| t.len)
    }
    pub(super) fn as_slice(&self) -> &[Value] {
        // SAFETY: `count` values begin at `first`.
        unsafe { std::slice::from_raw_parts(self.first, self.count) }
    }
}

/// Places in a function's list of rarely used attributes.
pub mod function_meta {
    pub const DOC: usize = 0;
    pub const TYPE_PARAMS: usize = 1;
}

const GATHERED_ON_STACK: usize = 12;

/// Arguments put together for a call: on the native stack or, if they are many, where the collector finds and updates them.
enum Gathered {
    Few(SmallVec<[Value; GATHERED_ON_STACK]>),
    Many(crate::RootedVec),
}

impl Gathered {
    fn argv(&self, names: Value) -> Argv {
        let all = match self {
            Gathered::Few(all) => Argv::slice(all),
            Gathered::Many(all) => Argv::slice(all),
        };
        Argv { names, ..all }
    }
}

/// Up to this many parameters are bound in an array of fixed size.
pub(super) const FEW_PARAMS: usize = 16;

/// Up to this many arguments are moved in an array of fixed size.
const FEW: usize = 4;

/// The arguments with one more in front; fewer than [`FEW`] of them. Copied one by one: a call of memcpy costs more.
#[inline(always)]
fn few_with_first(first: Value, args: &[Value]) -> [Value; FEW] {
    let at = |i: usize| args.get(i).copied().unwrap_or(Value::NULL);
    [first, at(0), at(1), at(2)]
}

impl Thread {
    /// Calls with positional arguments.
    pub fn call(&mut self, f: Value, args: &[Value]) -> R {
        let r = self.call_step(f, Argv::slice(args), Cont::Exit, 0)?;
        self.finish(r)
    }
    /// Calls with the last arguments named by the tuple of strings.
    pub fn call_named(&mut self, f: Value, args: &[Value], names: Value) -> R {
        let r = self.call_step(f, Argv { names, ..Argv::slice(args) }, Cont::Exit, 0)?;
        self.finish(r)
    }
    /// Calls with keyword arguments.
    pub fn call_kw(&mut self, f: Value, args: &[Value], kw: &[(&str, Value)]) -> R {
        let mut names = crate::RootedVec::new(self);
        for (k, _) in kw {
            let k = self.intern(k)?;
            names.push(k);
        }
        let names = self.new_tuple(&names)?.value();
        let all = self.gather(args.len() + kw.len(), args.iter().copied().chain(kw.iter().map(|k| k.1)));
        let r = self.call_step(f, all.argv(names), Cont::Exit, 0)?;
        self.finish(r)
    }
    /// `f(*args, **kwargs)`: a tuple, and a dict or unbound.
    pub fn call_ex(&mut self, f: Value, args: Gc<Tuple>, kwargs: Value) -> R {
        let r = self.call_ex_step(f, args, kwargs, Cont::Exit, 0)?;
        self.finish(r)
    }
    /// Calls the method of that name.
    pub fn call_method(&mut self, v: Value, name: &str, args: &[Value]) -> R {
        let name = self.intern(name)?;
        self.call_attr(v, name, args)
    }
    /// The same with an interned name.
    pub fn call_attr(&mut self, v: Value, name: Value, args: &[Value]) -> R {
        let (f, this) = self.get_method(v, name)?;
        match this.bound() {
            Some(this) => self.call_unbound(f, this, args),
            None => self.call(f, args),
        }
    }
    /// Calls a special method by name on the type; None if there is none.
    pub fn call_special(&mut self, v: Value, n: N, args: &[Value]) -> R<Option<Value>> {
        match self.lookup_special(v, n) {
            Some(f) => self.call_unbound(f, v, args).map(Some),
            None => Ok(None),
        }
    }
    #[inline(always)]
    fn gather(&mut self, count: usize, values: impl Iterator<Item = Value>) -> Gathered {
        if count <= GATHERED_ON_STACK {
            return Gathered::Few(values.collect());
        }
        let mut all = crate::RootedVec::new(self);
        all.as_mut_vec().extend(values);
        Gathered::Many(all)
    }

    /// Calls what was found on a type for a receiver: functions directly, others through `__get__`.
    pub fn call_unbound(&mut self, f: Value, this: Value, args: &[Value]) -> R {
        let r = self.call_unbound_step(f, this, args, Cont::Exit, 0)?;
        self.finish(r)
    }

    pub fn call_unbound_step(&mut self, f: Value, this: Value, args: &[Value], cont: Cont, dst: u8) -> R {
        if let Some(native) = f.cast::<NativeFn>()
            && native.plan.get() & (0xff | plan::METHOD) == (args.len() as u32 + 1) | plan::METHOD
        {
            // The receiver's own type has the method, so it fits.
            let func = native.def.func;
            match *args {
                [] => return func(self, Args::new(&[this])),
                [a] => return func(self, Args::new(&[this, a])),
                [a, b] => return func(self, Args::new(&[this, a, b])),
                _ => {}
            }
        }
        if is_plain_method(f) {
            if args.len() < FEW {
                let few = few_with_first(this, args);
                let all = &few[..args.len() + 1];
                if f.kind() == NativeFn::kind() {
                    // SAFETY: the kind was tested. The receiver's own type has the method, so it fits.
                    return self.call_fitting(unsafe { f.cast_unchecked() }, all);
                }
                return self.call_step(f, Argv::slice(all), cont, dst);
            }
            let all = self.gather(args.len() + 1, std::iter::once(this).chain(args.iter().copied()));
            return self.call_step(f, all.argv(Value::NULL), cont, dst);
        }
        let class = self.class_of(this).value();
        let f = self.bind(f, this, class)?;
        self.call_step(f, Argv::slice(args), cont, dst)
    }

    /// After a step with [`Cont::Exit`]: runs the frame that was pushed.
    #[inline(always)]
    pub fn finish(&mut self, r: Value) -> R {
        if r == Value::PUSHED { self.run() } else { Ok(r) }
    }

    /// Calls; a Python function's frame is pushed and [`Value::PUSHED`] returned.
    #[inline]
    pub fn call_step(&mut self, f: Value, argv: Argv, cont: Cont, dst: u8) -> R {
        let k = f.kind();
        // SAFETY: kinds tell payloads.
        unsafe {
            if k == Function::kind() {
                return self.call_function(f.cast_unchecked(), argv, cont, dst);
            }
            if k == NativeFn::kind() {
                return self.call_native_object(f.cast_unchecked(), argv);
            }
            if k == BoundMethod::kind() {
                let m = f.cast_unchecked::<BoundMethod>();
                return self.call_with_first(m.func.get(), m.this.get(), argv, cont, dst);
            }
            if k == Class::kind() {
                return self.call_class(f.cast_unchecked(), argv, cont, dst);
            }
        }
        self.call_object(f, argv, cont, dst)
    }

    #[inline(never)]
    fn call_object(&mut self, f: Value, argv: Argv, cont: Cont, dst: u8) -> R {
        self.check_recursion(" in __call__")?;
        match self.lookup_special(f, N::__call__) {
            Some(call) if is_plain_method(call) => self.call_with_first(call, f, argv, cont, dst),
            Some(call) => {
                let class = self.class_of(f).value();
                let bound = self.bind(call, f, class)?;
                self.call_step(bound, argv, cont, dst)
            }
            None => {
                let class = self.class_name(f);
                let hint = self.callable_inside(f);
                Err(self.type_error(format!("'{class}' object is not callable{hint}")))
            }
        }
    }

    /// Calls with one more argument in front.
    pub fn call_with_first(&mut self, f: Value, first: Value, argv: Argv, cont: Cont, dst: u8) -> R {
        if argv.window {
            // SAFETY: a window's word in front of the arguments is free.
            unsafe { *argv.first.sub(1) = first };
            // The word in front of that is not ours: the callee must not shift again in place.
            let argv = Argv { first: argv.first.wrapping_sub(1), count: argv.count + 1, ..argv };
            return match f.kind() {
                k if k == Function::kind() => unsafe { self.call_function(f.cast_unchecked(), argv, cont, dst) },
                _ => self.call_step(f, Argv { window: false, ..argv }, cont, dst),
            };
        }
        if argv.count < FEW {
            let few = few_with_first(first, argv.as_slice());
            return self.call_step(f, Argv { names: argv.names, ..Argv::slice(&few[..argv.count + 1]) }, cont, dst);
        }
        let all = self.gather(argv.count + 1, std::iter::once(first).chain(argv.as_slice().iter().copied()));
        self.call_step(f, all.argv(argv.names), cont, dst)
    }

    /// Pushes a frame for a Python function (or makes its generator).
    #[inline(always)]
    pub fn call_function(&mut self, f: Gc<Function>, argv: Argv, cont: Cont, dst: u8) -> R {
        // SAFETY: a function's code is a code object.
        let code = unsafe { f.code.as_gc::<CodeObject>() };
        if argv.count == code.argcount as usize && argv.names.is_null() && code.plain_generator {
            return self.make_generator(f, code, argv.first);
        }
        if argv.count == code.simple_args as usize && argv.names.is_null() {
            let regs = if argv.window { argv.first } else { self.copy_to_stack(argv) };
            self.push_frame(f, code, regs, cont, dst)?;
            return Ok(Value::PUSHED);
        }
        if code.is_simple()
            && argv.count < code.argcount as usize
            && argv.names.is_null()
            && let Some(defaults) = f.defaults.cast::<Tuple>()
            && argv.count + defaults.len >= code.argcount as usize
        {
            return self.call_with_defaults(f, code, defaults, argv, cont, dst);
        }
        self.call_function_slow(f, code, argv, cont, dst)
    }

    /// Positional arguments, and defaults for the last parameters.
    fn call_with_defaults(
        &mut self,
        f: Gc<Function>,
        code: Gc<CodeObject>,
        defaults: Gc<Tuple>,
        argv: Argv,
        cont: Cont,
        dst: u8,
    ) -> R {
        let regs = if argv.window { argv.first } else { self.copy_to_stack(argv) };
        let want = code.argcount as usize;
        if regs.wrapping_add(code.nregs as usize) > self.regs_limit {
            return Err(self.recursion_error(""));
        }
        for i in argv.count..want {
            // SAFETY: the callee's registers; room was checked. A window ends its frame's live registers.
            unsafe { *regs.add(i) = defaults.at(i + defaults.len - want) };
        }
        self.push_frame(f, code, regs, cont, dst)?;
        Ok(Value::PUSHED)
    }

    #[inline(always)]
    fn copy_to_stack(&mut self, argv: Argv) -> *mut Value {
        let to = self.stack_top();
        if to.wrapping_add(argv.count) < self.regs_limit {
            // SAFETY: room was checked; the area above the running frame is free. The ranges may overlap.
            unsafe { std::ptr::copy(argv.first, to, argv.count) };
        }
        to
    }

    #[inline(never)]
    fn call_function_slow(&mut self, f: Gc<Function>, code: Gc<CodeObject>, argv: Argv, cont: Cont, dst: u8) -> R {
        // Above the caller's registers, so that binding never overwrites its arguments.
        let mut base = self.stack_top();
        if !argv.window && argv.first >= base && argv.first < self.regs_limit {
            base = argv.first.wrapping_add(argv.count);
        }
        if base.wrapping_add(code.nregs as usize + argv.count + 8) >= self.regs_limit {
            return Err(self.recursion_error(""));
        }
        let generator = code.flags & (cflags::GENERATOR | cflags::COROUTINE | cflags::ASYNC_GENERATOR) != 0;
        // Bound on the native stack, which is scanned: above the running frame's registers nothing is.
        let n = code.nparams as usize;
        let mut few = [Value::NULL; FEW_PARAMS];
        let stars = code.flags & (cflags::VARARGS | cflags::VARKEYWORDS) != 0;
        if !stars && !generator && n <= FEW_PARAMS && self.bind_plain(f, code, argv, &mut few) {
            // SAFETY: room for all registers was checked.
            unsafe { std::ptr::copy_nonoverlapping(few.as_ptr(), base, n) };
            self.push_frame(f, code, base, cont, dst)?;
            return Ok(Value::PUSHED);
        }
        let mut many = None;
        let bound = if n <= few.len() {
            few.as_mut_ptr()
        } else {
            let mut rooted = crate::RootedVec::new(self);
            rooted.as_mut_vec().resize(n, Value::NULL);
            let to = rooted.as_mut_vec().as_mut_ptr();
            many = Some(rooted);
            to
        };
        self.bind_args(f, code, argv, bound)?;
        if generator {
            return self.make_generator(f, code, bound);
        }
        // SAFETY: room for all registers was checked; `bound` has `n` values.
        unsafe { std::ptr::copy_nonoverlapping(bound, base, n) };
        drop(many);
        self.push_frame(f, code, base, cont, dst)?;
        Ok(Value::PUSHED)
    }

    pub fn call_ex_step(&mut self, f: Value, args: Gc<Tuple>, kwargs: Value, cont: Cont, dst: u8) -> R {
        let kw = kwargs.cast::<Dict>().filter(|d| !d.is_empty());
        let Some(kw) = kw else {
            // The tuple is pinned by the pointer to its items.
            return self.call_step(f, Argv::slice(args.items()), cont, dst);
        };
        let mut all = crate::RootedVec::new(self);
        let mut names = crate::RootedVec::new(self);
        for v in args.items() {
            all.push(*v);
        }
        let mut i = 0;
        while let Some((next, _, k, v)) = kw.next_entry(i) {
            if k.cast::<Str>().is_none() {
                return Err(self.type_error("keywords must be strings"));
            }
            names.push(k);
            all.push(v);
            i = next;
        }
        let names = self.new_tuple(&names)?;
        let argv = Argv { names: names.value(), ..Argv::slice(&all) };
        self.call_step(f, argv, cont, dst)
    }

    // ---- native functions

    #[inline(always)]
    pub(crate) fn call_native_object(&mut self, f: Gc<NativeFn>, argv: Argv) -> R {
        let this = f.this.get();
        if !this.is_null() {
            if argv.window {
                // SAFETY: a window's word in front of the arguments is free.
                unsafe { *argv.first.sub(1) = this };
                let argv = Argv { first: argv.first.wrapping_sub(1), count: argv.count + 1, ..argv };
                return self.call_native(f, argv);
            }
            return self.call_bound_native(f, this, argv);
        }
        self.call_native(f, argv)
    }

    /// With a receiver for which there is no room in front of the arguments. Out of line: a caller's frame that is larger
    /// than it needs holds stale words, which the collector takes for references.
    #[inline(never)]
    fn call_bound_native(&mut self, f: Gc<NativeFn>, this: Value, argv: Argv) -> R {
        if argv.count < FEW {
            let few = few_with_first(this, argv.as_slice());
            return self.call_native(f, Argv { names: argv.names, ..Argv::slice(&few[..argv.count + 1]) });
        }
        let all = self.gather(argv.count + 1, std::iter::once(this).chain(argv.as_slice().iter().copied()));
        self.call_native(f, all.argv(argv.names))
    }

    /// Calls an unbound native function with one more positional argument in front, which is known to fit.
    pub(super) fn call_native_with_first(&mut self, f: Gc<NativeFn>, first: Value, argv: Argv) -> R {
        if argv.count < FEW && f.this.get().is_null() {
            let few = few_with_first(first, argv.as_slice());
            return self.call_fitting(f, &few[..argv.count + 1]);
        }
        let r = self.call_with_first(f.value(), first, Argv { window: false, ..argv }, Cont::Exit, 0)?;
        self.finish(r)
    }

    /// Calls a native method whose receiver is known to fit, with positional arguments on the native stack.
    #[inline(always)]
    fn call_fitting(&mut self, f: Gc<NativeFn>, all: &[Value]) -> R {
        if f.plan.get() & 0xff == all.len() as u32 {
            return (f.def.func)(self, Args::new(all));
        }
        self.call_native_general(f, Argv::slice(all))
    }

    /// Calls a native function with all its arguments, receiver included.
    #[inline(always)]
    fn call_native(&mut self, f: Gc<NativeFn>, argv: Argv) -> R {
        let plan = f.plan.get();
        if plan & 0xff == argv.count as u32
            && argv.names.is_null()
            && (plan & plan::CHECK == 0 || self.receiver_fits(argv, f))
        {
            // SAFETY: the arguments lie on a stack and stay there during the call.
            return (f.def.func)(self, unsafe { Args::from_raw(argv.first, argv.count) });
        }
        self.call_native_general(f, argv)
    }

    /// The same with optional parameters left out; makes the plan for next time.
    #[inline(never)]
    fn call_native_general(&mut self, f: Gc<NativeFn>, argv: Argv) -> R {
        if f.plan.get() == plan::UNKNOWN {
            let sig = f.def.signature();
            let check = if f.checks_receiver() { plan::CHECK } else { 0 };
            let n = sig.params.len() as u32;
            let method = if is_plain_method(f.value()) { plan::METHOD } else { 0 };
            let required = (sig.required as u32) << plan::REQUIRED;
            f.plan.set(if sig.is_plain() && n < 0x80 { n | check | method | required } else { plan::GENERAL });
        }
        let plan = f.plan.get();
        let (n, required) = ((plan & 0xff) as usize, (plan >> plan::REQUIRED) as usize);
        if argv.count < n
            && n <= 8
            && argv.count >= required
            && argv.names.is_null()
            && (plan & plan::CHECK == 0 || self.receiver_fits(argv, f))
        {
            let mut all = [Value::NULL; 8];
            for (to, v) in all.iter_mut().zip(argv.as_slice()) {
                *to = *v;
            }
            return (f.def.func)(self, Args::new(&all[..n]));
        }
        let (def, sig) = (f.def, f.def.signature());
        if argv.count == n && argv.names.is_null() && (plan & plan::CHECK == 0 || self.receiver_fits(argv, f)) {
            // SAFETY: the arguments lie on a stack and stay there during the call.
            return (def.func)(self, unsafe { Args::from_raw(argv.first, argv.count) });
        }
        self.call_native_slow(def, sig, argv, f)
    }

    /// Is the first argument an instance of the class that an unbound method belongs to?
    #[inline(always)]
    fn receiver_fits(&self, argv: Argv, f: Gc<NativeFn>) -> bool {
        // SAFETY: a method's owner is a class.
        let owner = unsafe { f.owner.as_gc::<Class>() };
        argv.count > argv.named() && {
            let class = self.class_of(argv.at(0));
            class == owner || class.is_subclass(owner)
        }
    }

    #[inline(never)]
    fn call_native_slow(&mut self, def: &'static NativeDef, sig: &'static Signature, argv: Argv, f: Gc<NativeFn>) -> R {
        if f.checks_receiver() && !self.receiver_fits(argv, f) {
            return Err(self.receiver_does_not_fit(def, argv, f));
        }
        let n = sig.params.len();
        if n <= FEW_PARAMS {
            let mut bound = [Value::NULL; FEW_PARAMS];
            self.bind_native(def, sig, argv, &mut bound[..n], f)?;
            return (def.func)(self, Args::new(&bound[..n]));
        }
        let mut rooted = crate::RootedVec::new(self);
        rooted.as_mut_vec().resize(n, Value::NULL);
        self.bind_native(def, sig, argv, rooted.as_mut_vec(), f)?;
        (def.func)(self, Args::new(&rooted))
    }

    #[cold]
    fn receiver_does_not_fit(&mut self, def: &'static NativeDef, argv: Argv, f: Gc<NativeFn>) -> crate::Raised {
        let name = def.name();
        let owner = f.owner.cast::<Class>().map_or_else(String::new, |c| c.name());
        if argv.count == argv.named() {
            return self.type_error(format!("unbound method {owner}.{name}() needs an argument"));
        }
        let got = self.class_name(argv.at(0));
        self.type_error(format!("descriptor '{name}' for '{owner}' objects doesn't apply to a '{got}' object"))
    }

    fn bind_native(
        &mut self,
        def: &'static NativeDef,
        sig: &'static Signature,
        argv: Argv,
        to: &mut [Value],
        f: Gc<NativeFn>,
    ) -> R<()> {
        let named = argv.named();
        let given = argv.count - named;
        to[..given.min(sig.positional)].copy_from_slice(&argv.as_slice()[..given.min(sig.positional)]);
        if let Some(i) = sig.varargs {
            let rest = if given > sig.positional { &argv.as_slice()[sig.positional..given] } else { &[] };
            to[i] = self.new_tuple(rest)?.value();
        } else if given > sig.positional {
            return Err(self.native_arg_count(def, sig, given, named, f));
        }
        if let Some(i) = sig.varkw
            && (named > 0 || !def.spares_kwargs)
        {
            to[i] = self.new_dict()?.value();
        }
        if named > 0 {
            self.bind_native_named(def, sig, argv, given, to, f)?;
        }
        for (i, p) in sig.params.iter().enumerate() {
            if to[i].is_null() && !p.optional {
                if i < sig.posonly || (named == 0 && sig.posonly == sig.params.len()) {
                    return Err(self.native_arg_count(def, sig, given, named, f));
                }
                let maker = made_class(def, f);
                let name = maker.map_or_else(|| def.name().to_owned(), |c| c.name());
                let skip = (is_bound_sig(def) || maker.is_some()) as usize;
                return Err(self.type_error(format!(
                    "{name}() missing required argument '{}' (pos {})",
                    p.name,
                    i + 1 - skip
                )));
            }
        }
        Ok(())
    }

    fn bind_native_named(
        &mut self,
        def: &'static NativeDef,
        sig: &'static Signature,
        argv: Argv,
        given: usize,
        to: &mut [Value],
        f: Gc<NativeFn>,
    ) -> R<()> {
        let Some(names) = argv.names.cast::<Tuple>() else { return Ok(()) };
        for i in 0..names.len {
            let Some(name) = names.at(i).cast::<Str>() else {
                return Err(self.type_error("keywords must be strings"));
            };
            let value = argv.at(given + i);
            let found = sig.params.iter().enumerate().position(|(j, p)| {
                j >= sig.posonly && p.name.as_bytes() == name.bytes() && Some(j) != sig.varargs && Some(j) != sig.varkw
            });
            match (found, sig.varkw) {
                (Some(p), _) if to[p].is_null() => to[p] = value,
                (Some(p), _) => {
                    let maker = made_class(def, f);
                    let fname = maker.map_or_else(|| def.name().to_owned(), |c| c.name());
                    let at = p + 1 - (is_bound_sig(def) || maker.is_some()) as usize;
                    let text = name.to_lossy();
                    return Err(
                        self.type_error(format!("argument for {fname}() given by name ('{text}') and position ({at})"))
                    );
                }
                (None, Some(k)) => {
                    // SAFETY: made by the caller.
                    let d = unsafe { to[k].cast_unchecked::<Dict>() };
                    self.dict_set_str(d, name.value(), value)?;
                }
                (None, None) => {
                    let fname = made_class(def, f).map_or_else(|| def.name().to_owned(), |c| c.name());
                    let maker = made_class(def, f).is_some();
                    let takes_none = sig.varkw.is_none()
                        && sig.posonly.max(maker as usize) + sig.varargs.is_some() as usize == sig.params.len();
                    if takes_none && given > 0 && self.keywords_are_for_another(def, argv.at(0)) {
                        continue;
                    }
                    return Err(if takes_none {
                        let qualname = match made_class(def, f) {
                            Some(_) => fname,
                            None => self.native_qualname(def, argv, f),
                        };
                        self.type_error(format!("{qualname}() takes no keyword arguments"))
                    } else {
                        let skip = (is_bound_sig(def) || maker) as usize;
                        self.unknown_native_keyword(&fname, sig, skip, given, names.len, &name.to_lossy())
                    });
                }
            }
        }
        Ok(())
    }

    /// A keyword argument that is one too many, or whose name no parameter has.
    #[cold]
    fn unknown_native_keyword(
        &mut self,
        fname: &str,
        sig: &Signature,
        skip: usize,
        given: usize,
        named: usize,
        keyword: &str,
    ) -> Raised {
        let (given, most) = (given.saturating_sub(skip), sig.params.len() - skip);
        if sig.varargs.is_none() && given + named > most {
            let (kind, s) = (if given == 0 { "keyword " } else { "" }, if most == 1 { "" } else { "s" });
            let all = given + named;
            return self.type_error(format!("{fname}() takes at most {most} {kind}argument{s} ({all} given)"));
        }
        let known = sig.params.iter().enumerate().filter(|(i, _)| *i >= sig.posonly && Some(*i) != sig.varargs);
        let hint = crate::suggest::hint(keyword, known.map(|(_, p)| p.name.as_str()));
        self.type_error(format!("{fname}() got an unexpected keyword argument '{keyword}'{hint}"))
    }

    /// The name with the class in front, or with the module if that is not `builtins`.
    fn native_qualname(&self, def: &'static NativeDef, argv: Argv, f: Gc<NativeFn>) -> String {
        let name = def.name();
        if is_bound_sig(def) && argv.count > 0 {
            return format!("{}.{name}", self.class_of(argv.at(0)).name());
        }
        match f.module.cast::<Str>().map(|m| m.to_lossy()) {
            Some(m) if m != "builtins" => format!("{m}.{name}"),
            _ => name.to_owned(),
        }
    }

    #[cold]
    fn native_arg_count(
        &mut self,
        def: &'static NativeDef,
        sig: &Signature,
        given: usize,
        named: usize,
        f: Gc<NativeFn>,
    ) -> Raised {
        let maker = made_class(def, f);
        let skip = (is_bound_sig(def) || maker.is_some()) as usize;
        let (max, min) = (sig.positional - skip.min(sig.positional), sig.required.saturating_sub(skip));
        let given = given.saturating_sub(skip);
        let name = maker.map_or_else(|| def.name().to_owned(), |c| c.name());
        let qual = match f.owner.cast::<Class>() {
            Some(c) if skip == 1 && maker.is_none() => format!("{}.{name}", c.name()),
            _ => name.clone(),
        };
        let s = |n: usize| if n == 1 { "" } else { "s" };
        let posonly = sig.posonly == sig.params.len();
        if [B::WrapperDescriptor as u32, B::MethodWrapper as u32].contains(&f.shape()) && posonly {
            let wanted = match (min, max) {
                (0, 0) => Some("0 arguments"),
                (1, 1) => Some("1 argument"),
                (1, 2) => Some("1 or 2 arguments"),
                _ => None,
            };
            if let Some(wanted) = wanted {
                return self.type_error(format!("expected {wanted}, got {given}"));
            }
        }
        if max == min && posonly && maker.is_some() {
            return self.type_error(format!("{name} expected {max} argument{}, got {given}", s(max)));
        }
        if max == min && posonly {
            return match max {
                0 => self.type_error(format!("{qual}() takes no arguments ({given} given)")),
                1 => self.type_error(format!("{qual}() takes exactly one argument ({given} given)")),
                n => self.type_error(format!("{name} expected {n} arguments, got {given}")),
            };
        }
        if posonly || (given < min && sig.varargs.is_some()) {
            let (word, n) = if given > max { ("most", max) } else { ("least", min) };
            return self.type_error(format!("{name} expected at {word} {n} argument{}, got {given}", s(n)));
        }
        let (word, n) = if given > max {
            (if max == min && sig.positional == sig.params.len() { "exactly" } else { "at most" }, max)
        } else {
            ("at least", min)
        };
        let positional = if sig.positional < sig.params.len() && given > max { "positional " } else { "" };
        self.type_error(format!("{name}() takes {word} {n} {positional}argument{} ({} given)", s(n), given + named))
    }

    /// Runs a native finaliser; kinds that need one have a `__del__` among their methods.
    pub fn finalize_native(&mut self, _v: Value) {}

    pub(crate) fn mark_locals(&mut self, mapping: Value) {
        let top = self.top();
        top.aux = mapping;
        top.flags |= fflags::LOCALS;
    }

    /// Runs module, class or eval code with given namespaces.
    pub fn exec_code(&mut self, code: Gc<CodeObject>, globals: Gc<Dict>, locals: Value, closure: Value) -> R {
        let f = self.new_function(code, globals)?;
        if !closure.is_null() {
            f.closure.set(self, f, closure);
        }
        if code.flags & (cflags::GENERATOR | cflags::COROUTINE | cflags::ASYNC_GENERATOR) != 0 {
            return self.call(f.value(), &[]);
        }
        let base = self.stack_top();
        self.push_frame(f, code, base, Cont::Exit, 0)?;
        self.mark_locals(locals);
        self.run()
    }

    /// The list of a function's rarely used attributes; see [`function_meta`].
    pub fn function_meta(&mut self, f: Gc<Function>) -> R<Gc<List>> {
        if let Some(meta) = f.meta.cast::<List>() {
            return Ok(meta);
        }
        let doc = match f.code.cast::<CodeObject>() {
            Some(code) if code.rust().flags & cflags::HAS_DOCSTRING != 0 => {
                code.consts.cast::<Tuple>().map_or(Value::NONE, |c| c.at(0))
            }
            _ => Value::NONE,
        };
        let meta = self.new_list(&[doc, Value::NULL])?;
        f.meta.set(self, f, meta);
        Ok(meta)
    }

    /// A function object without defaults.
    pub fn new_function(&mut self, code: Gc<CodeObject>, globals: Gc<Dict>) -> R<Gc<Function>> {
        let key = self.name(N::__builtins__);
        let builtins = match self.dict_get_str(globals, key) {
            Some(b) => b.cast::<Module>().map_or(b, |m| m.dict.get()),
            None => self.vm().builtins,
        };
        let key = self.name(N::__name__);
        let module = self.dict_get_str(globals, key).unwrap_or(Value::NONE);
        use crate::make::{field, null_field};
        self.alloc(
            B::Function,
            Function {
                code: field(code),
                globals: field(globals),
                builtins: field(builtins),
                name: field(code.name.get()),
                qualname: field(code.qualname.get()),
                defaults: null_field(),
                kwdefaults: null_field(),
                closure: null_field(),
                annotate: null_field(),
                annotations: null_field(),
                module: field(module),
                meta: null_field(),
            },
        )
    }
}

/// A function or native method: can be called with the receiver in front, without binding.
#[inline(always)]
pub fn is_plain_method(f: Value) -> bool {
    f.kind() == Function::kind() || f.cast::<NativeFn>().is_some_and(|n| n.this.get().is_null() && is_bound_sig(n.def))
}

/// The class whose instances a native `__new__` or `__init__` makes: messages speak of a call of the class.
fn made_class(def: &NativeDef, f: Gc<NativeFn>) -> Option<Gc<Class>> {
    if matches!(def.name(), "__new__" | "__init__") { f.owner.cast() } else { None }
}

/// Does the signature begin with the receiver?
pub fn is_bound_sig(def: &NativeDef) -> bool {
    def.is_attribute() || matches!(def.flavour, crate::Flavour::Method | crate::Flavour::ClassMethod)
}

impl Gc<NativeFn> {
    /// An unbound method descriptor called directly must check its receiver.
    #[inline(always)]
    pub fn checks_receiver(self) -> bool {
        self.this.get().is_null() && !self.owner.get().is_null() && self.def.flavour == crate::Flavour::Method
    }
}
