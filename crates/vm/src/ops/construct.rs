//! Calling classes: `__new__` and `__init__`, and the constructors of `object` and of plain native classes.

use super::call::{Argv, is_plain_method};
use crate::class::{Builtin as B, flags};
use crate::frame::Cont;
use crate::native::{Args, NativeDef};
use crate::object::{Gc, HeapObject};
use crate::types::*;
use crate::{N, R, Raised, Thread, Value};

impl Thread {
    /// Calls a class: metaclass `__call__`, or make an instance.
    pub(super) fn call_class(&mut self, c: Gc<Class>, argv: Argv, cont: Cont, dst: u8) -> R {
        let meta = self.class_of(c.value());
        if meta == self.builtin(B::Type) {
            if c == meta && argv.count == 1 && argv.names.is_null() {
                return Ok(self.class_of(argv.at(0)).value());
            }
            if c.call_plain.get() && c.call_epoch.get() == self.vm().epoch.get() {
                let instance = self.alloc_instance(c)?;
                return match c.call_init.get().bound() {
                    Some(init) if argv.window && argv.names.is_null() && cont == Cont::Store => {
                        self.init_in_window(init, instance, argv, dst)
                    }
                    Some(init) => self.call_init(init, instance, argv, cont, dst),
                    None if argv.count == 0 => Ok(instance),
                    None => self.instantiate_step(c, argv, cont, dst),
                };
            }
        } else {
            let name = self.name(N::__call__);
            if let Some(call) = self.lookup(meta, name)
                && !is_type_call(call)
            {
                self.check_recursion(" in __call__")?;
                if is_plain_method(call) {
                    return self.call_with_first(call, c.value(), argv, cont, dst);
                }
                let bound = self.bind(call, c.value(), meta.value())?;
                return self.call_step(bound, argv, cont, dst);
            }
        }
        self.instantiate_step(c, argv, cont, dst)
    }

    /// What `type.__call__` does.
    pub fn instantiate_step(&mut self, c: Gc<Class>, argv: Argv, cont: Cont, dst: u8) -> R {
        let epoch = self.vm().epoch.get();
        if c.call_epoch.get() != epoch {
            self.find_constructors(c)?;
        }
        if argv.count == 1 && argv.names.is_null() && c == self.builtin(B::Str) {
            return Ok(self.str(argv.at(0))?.value());
        }
        if c == self.builtin(B::Type) && argv.count - argv.named() != 3 {
            if argv.count == 1 && argv.names.is_null() {
                return Ok(self.class_of(argv.at(0)).value());
            }
            return Err(self.type_error("type() takes 1 or 3 arguments"));
        }
        if c.has(flags::NO_NEW) {
            let name = self.type_name(c);
            return Err(self.type_error(format!("cannot create '{name}' instances")));
        }
        let (new, init) = (c.call_new.get(), c.call_init.get());
        if c.has(flags::EXCEPTION)
            && argv.names.is_null()
            && self.vm().hooks.exception_new.is_some_and(|f| is_native(new, f))
        {
            let e = self.plain_exception(c, argv)?;
            return match self.vm().hooks.exception_init.is_some_and(|f| is_native(init, f)) {
                true => Ok(e),
                false => self.call_init(init, e, argv, cont, dst),
            };
        }
        let instance = if new.is_null() {
            if c.has(flags::ABSTRACT) || (init.is_null() && argv.count > 0) {
                self.object_new_checks(c, argv)?;
            }
            self.alloc_instance(c)?
        } else {
            let v = self.call_new(new, c, argv)?;
            if !self.class_of(v).is_subclass(c) {
                return Ok(v);
            }
            if self.class_of(v) != c {
                return self.init_other(v, argv, cont, dst);
            }
            v
        };
        if init.is_null() {
            return Ok(instance);
        }
        self.call_init(init, instance, argv, cont, dst)
    }

    /// What `BaseException.__new__` does.
    fn plain_exception(&mut self, c: Gc<Class>, argv: Argv) -> R {
        let args = self.new_tuple(argv.as_slice())?;
        let e = self.alloc_instance(c)?;
        if let Some(x) = e.cast::<Exception>() {
            x.args.init(args);
        }
        Ok(e)
    }

    /// `__new__` made an instance of a subclass: its own `__init__` applies.
    fn init_other(&mut self, v: Value, argv: Argv, cont: Cont, dst: u8) -> R {
        match self.lookup_special(v, N::__init__) {
            Some(init) if !is_object_init(init) => self.call_init(init, v, argv, cont, dst),
            _ => Ok(v),
        }
    }

    /// Pushes the frame of an `__init__` written in Python whose arguments lie where its registers begin.
    #[inline(always)]
    fn init_in_window(&mut self, init: Value, instance: Value, argv: Argv, dst: u8) -> R {
        if let Some(f) = init.cast::<Function>() {
            // SAFETY: a function's code is a code object.
            let code = unsafe { f.code.as_gc::<CodeObject>() };
            if code.simple_args as usize == argv.count + 1 {
                let first = argv.first.wrapping_sub(1);
                // SAFETY: a window's word in front of the arguments is free.
                unsafe { *first = instance };
                self.push_frame(f, code, first, Cont::Init, dst)?;
                self.top().aux = instance;
                return Ok(Value::PUSHED);
            }
        }
        self.call_init(init, instance, argv, Cont::Store, dst)
    }

    fn call_init(&mut self, init: Value, instance: Value, argv: Argv, cont: Cont, dst: u8) -> R {
        let name = if init.kind() == Function::kind() && (cont == Cont::Store || cont == Cont::Exit) {
            Cont::Init
        } else {
            Cont::Exit
        };
        if name == Cont::Init && cont == Cont::Store {
            let r = self.call_with_first(init, instance, argv, Cont::Init, dst)?;
            if r == Value::PUSHED {
                self.top().aux = instance;
                return Ok(r);
            }
            return self.check_init(r, instance);
        }
        if let Some(f) = init.cast::<NativeFn>()
            && argv.names.is_null()
            && is_plain_method(init)
        {
            let r = self.call_native_with_first(f, instance, argv)?;
            return self.check_init(r, instance);
        }
        let r = if is_plain_method(init) {
            self.call_with_first(init, instance, Argv { window: false, ..argv }, Cont::Exit, 0)?
        } else {
            let class = self.class_of(instance).value();
            let bound = self.bind(init, instance, class)?;
            self.call_step(bound, Argv { window: false, ..argv }, Cont::Exit, 0)?
        };
        let r = self.finish(r)?;
        self.check_init(r, instance)
    }

    /// `__init__` must return None.
    pub fn check_init(&mut self, r: Value, instance: Value) -> R {
        if r.is_none() {
            return Ok(instance);
        }
        let class = self.class_name(r);
        Err(self.type_error(format!("__init__() should return None, not '{class}'")))
    }

    /// Calls `__new__` with the class in front.
    fn call_new(&mut self, new: Value, c: Gc<Class>, argv: Argv) -> R {
        if let Some(f) = new.cast::<NativeFn>()
            && argv.names.is_null()
        {
            return self.call_native_with_first(f, c.value(), argv);
        }
        let r = self.call_with_first(new, c.value(), Argv { window: false, ..argv }, Cont::Exit, 0)?;
        self.finish(r)
    }

    /// Looks `__new__` and `__init__` up; unbound stands for object's own.
    fn find_constructors(&mut self, c: Gc<Class>) -> R<()> {
        let (n, i) = (self.name(N::__new__), self.name(N::__init__));
        let new = self.lookup(c, n).unwrap_or(Value::NULL);
        let init = self.lookup(c, i).unwrap_or(Value::NULL);
        let new = match new.cast::<Wrapper>() {
            Some(w) if self.class_of(new) == self.builtin(B::StaticMethod) => w.func.get(),
            _ if new.is_null() || is_object_new(new) => Value::NULL,
            _ if new.kind() == NativeFn::kind() || new.kind() == Function::kind() => new,
            _ => self.bind(new, Value::NONE, c.value())?,
        };
        // Abstract lists and the like stay on the long way: only `object.__new__` refuses them.
        let plain = is_object_new(new) || is_generic_new(new) || is_plain_new(new) && !c.has(flags::ABSTRACT);
        let new = if plain { Value::NULL } else { new };
        let init = if is_object_init(init) { Value::NULL } else { init };
        c.call_new.set(self, c, new);
        c.call_init.set(self, c, init);
        c.call_epoch.set(self.vm().epoch.get());
        let special = flags::ABSTRACT | flags::NO_NEW | flags::EXCEPTION;
        c.call_plain.set(new.is_null() && !c.has(special) && c != self.builtin(B::Type));
        self.mark_cached(c);
        Ok(())
    }

    /// `object.__new__`'s complaints: abstract classes, superfluous arguments.
    pub fn object_new_checks(&mut self, c: Gc<Class>, argv: Argv) -> R<()> {
        if argv.count > 0 {
            let (n, i) = (self.name(N::__new__), self.name(N::__init__));
            let own_new = self.lookup(c, n).is_some_and(|v| !is_object_new(v));
            let own_init = self.lookup(c, i).is_some_and(|v| !is_object_init(v));
            if own_new {
                return Err(self.type_error("object.__new__() takes exactly one argument (the type to instantiate)"));
            }
            if !own_init {
                let name = self.type_name(c);
                return Err(self.type_error(format!("{name}() takes no arguments")));
            }
        }
        if c.has(flags::ABSTRACT) {
            return Err(self.abstract_error(c));
        }
        Ok(())
    }

    /// Refuses `object.__new__(int)`: the nearest native layout has a `__new__` of its own, which makes its instances.
    fn check_new_is_safe(&mut self, c: Gc<Class>, fits: fn(Value) -> bool) -> R<()> {
        let native = native_base(c);
        let n = self.name(N::__new__);
        if self.lookup(native, n).is_none_or(fits) {
            return Ok(());
        }
        let (c, native) = (self.type_name(c), self.type_name(native));
        Err(self.type_error(format!("object.__new__({c}) is not safe, use {native}.__new__()")))
    }

    /// May a subclass pass keywords to a native `__new__` or `__init__` that has none? Yes if it defines the other of
    /// the two, for which they are meant.
    pub(super) fn keywords_are_for_another(&mut self, def: &NativeDef, first: Value) -> bool {
        let (class, other) = match def.name() {
            "__new__" => (first.cast::<Class>(), N::__init__),
            "__init__" => (Some(self.class_of(first)), N::__new__),
            _ => return false,
        };
        let Some(class) = class else { return false };
        let (native, name) = (native_base(class), self.name(other));
        // `set.__init__` is CPython's exception from this.
        if native == self.builtin(B::Set) {
            return false;
        }
        class != native && self.lookup(class, name) != self.lookup(native, name)
    }

    fn abstract_error(&mut self, c: Gc<Class>) -> Raised {
        let result = (|| {
            let key = self.intern("__abstractmethods__")?;
            let set = self.dict_get_str(c.dict(), key).unwrap_or(Value::NONE);
            let sorted = self.sorted_texts(set)?;
            let (s, list) = (if sorted.len() == 1 { "" } else { "s" }, sorted.join("', '"));
            let text = format!(
                "Can't instantiate abstract class {} without an implementation for abstract method{s} '{list}'",
                c.name()
            );
            Ok::<_, Raised>(self.type_error(text))
        })();
        match result {
            Ok(r) | Err(r) => r,
        }
    }

    fn sorted_texts(&mut self, iterable: Value) -> R<Vec<String>> {
        let it = self.iter(iterable)?;
        let mut out = Vec::new();
        while let Some(v) = self.next(it)? {
            out.push(self.str(v)?.to_lossy());
        }
        out.sort();
        Ok(out)
    }
}

pub(super) fn is_native(f: Value, g: crate::NativeImpl) -> bool {
    f.cast::<NativeFn>().is_some_and(|n| std::ptr::fn_addr_eq(n.def.func, g))
}
fn is_type_call(f: Value) -> bool {
    is_native(f, type_call)
}
pub fn is_object_new(f: Value) -> bool {
    is_native(f, object_new)
}
/// `__new__` of built-in classes whose `__init__` takes all arguments.
fn is_plain_new(f: Value) -> bool {
    is_native(f, list_new) || is_native(f, dict_new) || is_native(f, set_new)
}

fn plain_new(cx: &mut Thread, class: Value, b: B) -> R {
    let of = cx.builtin(b);
    let name = of.name();
    let Some(c) = class.cast::<Class>() else {
        let got = cx.class_name(class);
        return Err(cx.type_error(format!("{name}.__new__(X): X is not a type object ({got})")));
    };
    if !c.is_subclass(of) {
        let got = cx.type_name(c);
        return Err(cx.type_error(format!("{name}.__new__({got}): {got} is not a subtype of {name}")));
    }
    cx.alloc_instance(c)
}
/// `list.__new__(cls, *args, **kwargs)`.
pub fn list_new(cx: &mut Thread, a: Args<'_>) -> R {
    plain_new(cx, a[0], B::List)
}
/// `dict.__new__(cls, *args, **kwargs)`.
pub fn dict_new(cx: &mut Thread, a: Args<'_>) -> R {
    plain_new(cx, a[0], B::Dict)
}
/// `set.__new__(cls, *args, **kwargs)`.
pub fn set_new(cx: &mut Thread, a: Args<'_>) -> R {
    plain_new(cx, a[0], B::Set)
}
pub fn is_object_init(f: Value) -> bool {
    is_native(f, object_init)
}

/// `type.__call__(self, *args, **kwargs)`.
pub fn type_call(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(c) = a[0].cast::<Class>() else { return Err(cx.type_error("type expected")) };
    // SAFETY: the binder made a tuple and a dict.
    let (args, kw) = unsafe { (a[1].cast_unchecked::<Tuple>(), a[2].cast_unchecked::<Dict>()) };
    let mut all = crate::RootedVec::new(cx);
    all.as_mut_vec().extend_from_slice(args.items());
    let mut names = crate::RootedVec::new(cx);
    let mut i = 0;
    while let Some((next, _, k, v)) = kw.next_entry(i) {
        names.push(k);
        all.push(v);
        i = next;
    }
    let names = if names.is_empty() { Value::NULL } else { cx.new_tuple(&names)?.value() };
    let argv = Argv { names, ..Argv::slice(&all) };
    let r = cx.instantiate_step(c, argv, Cont::Exit, 0)?;
    cx.finish(r)
}

/// `object.__new__(cls, *args, **kwargs)`.
pub fn object_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(c) = a[0].cast::<Class>() else {
        let class = cx.class_name(a[0]);
        return Err(cx.type_error(format!("object.__new__(X): X is not a type object ({class})")));
    };
    let excess = superfluous(a);
    if excess > 0 || c.has(flags::ABSTRACT) {
        cx.object_new_checks(c, Argv { count: excess, ..Argv::slice(&[]) })?;
    }
    cx.check_new_is_safe(c, is_object_new)?;
    if c.has(flags::NO_NEW) {
        let name = cx.type_name(c);
        return Err(cx.type_error(format!("cannot create '{name}' instances")));
    }
    cx.alloc_instance(c)
}

/// How many arguments `*args` and `**kwargs` hold behind the first parameter.
fn superfluous(a: Args<'_>) -> usize {
    a[1].cast::<Tuple>().map_or(0, |t| t.len) + a[2].cast::<Dict>().map_or(0, |d| d.len())
}

/// The `__new__` of native classes whose `__init__` does all: takes whatever that will get.
fn generic_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(c) = a[0].cast::<Class>() else {
        let class = cx.class_name(a[0]);
        return Err(cx.type_error(format!("__new__(X): X is not a type object ({class})")));
    };
    cx.check_new_is_safe(c, is_generic_new)?;
    if c.has(flags::ABSTRACT) {
        return Err(cx.abstract_error(c));
    }
    cx.alloc_instance(c)
}

pub static GENERIC_NEW: NativeDef = NativeDef::static_method(
    "__new__(cls, /, *args, **kwargs)",
    generic_new,
    "Create and return a new object.  See help(type) for accurate signature.",
);

fn is_generic_new(f: Value) -> bool {
    is_native(f, generic_new)
}

/// The nearest base class that is native, perhaps the class itself: it owns the layout.
fn native_base(class: Gc<Class>) -> Gc<Class> {
    let mut native = class;
    while native.has(flags::HEAP)
        && let Some(base) = native.base.cast::<Class>()
    {
        native = base;
    }
    native
}

/// `object.__init__(self, *args, **kwargs)`.
pub fn object_init(cx: &mut Thread, a: Args<'_>) -> R {
    if superfluous(a) > 0 {
        let class = cx.class_of(a[0]);
        let (n, i) = (cx.name(N::__new__), cx.name(N::__init__));
        if cx.lookup(class, i).is_some_and(|v| !is_object_init(v)) {
            return Err(cx.type_error("object.__init__() takes exactly one argument (the instance to initialize)"));
        }
        if cx.lookup(class, n).is_some_and(is_object_new) {
            let name = class.name();
            let message = format!("{name}.__init__() takes exactly one argument (the instance to initialize)");
            return Err(cx.type_error(message));
        }
    }
    Ok(Value::NONE)
}
