//! Attributes: look-up with descriptors, instances' slots and dicts, classes, modules, `super`.
//!
//! [`Thread::find_attr`] is the one place that knows what `v.name` means for objects with the generic
//! `__getattribute__`; the inline caches of the interpreter remember its answers.

use crate::by_kind::ByKind;
use crate::class::{Builtin as B, flags};
use crate::frame::Cont;
use crate::native::{Flavour, NativeDef, plan};
use crate::object::{Gc, HeapObject};
use crate::types::*;
use crate::{Exc, N, R, Raised, Thread, Value, field, null_field};
use std::sync::atomic::Ordering::Relaxed;

/// What an attribute look-up found.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    /// The value itself.
    Value(Value),
    /// The value, which lies in this slot of the instance's attribute area.
    Slot(u32, Value),
    /// A function or native method on the type, to be bound to the receiver.
    Method(Value),
    /// What a class method wraps, to be bound to the class (told by caches only).
    ClassMethod(Value),
    /// A property with this getter.
    Property(Value),
    /// A descriptor on the type whose `__get__` must be called.
    Descriptor(Value),
    /// Not there.
    Nothing,
}

/// Is it a descriptor that wins over the instance: has its type `__set__` or `__delete__`?
/// What a data descriptor says for an instance, which is not None.
pub type GetFn = fn(&mut Thread, Value, Value) -> R;

/// By kind: how native data descriptors of other crates are asked without a look-up of `__get__`.
static GET: ByKind<GetFn> = ByKind::new();

/// From now on `f` does what `__get__` of instances of kind T does, if their class is a native one.
pub fn register_get<T: HeapObject>(f: GetFn) {
    GET.set(T::kind() as usize, f);
}

/// What [`register_get`] registered for the kind of a descriptor.
#[inline]
pub(crate) fn native_get(descriptor: Value) -> Option<GetFn> {
    GET.get(descriptor.kind() as usize)
}

impl Thread {
    pub(crate) fn is_data_descriptor(&mut self, v: Value) -> bool {
        if !v.is_ref() {
            return false;
        }
        let k = v.kind();
        if k == Function::kind() || k == Str::kind() || k == Tuple::kind() || k == Wrapper::kind() {
            return false;
        }
        if k == NativeFn::kind() {
            // SAFETY: the kind was tested.
            return unsafe { v.cast_unchecked::<NativeFn>() }.def.is_attribute();
        }
        if k == Property::kind() || k == Member::kind() {
            return true;
        }
        self.lookup_special(v, N::__set__).is_some() || self.lookup_special(v, N::__delete__).is_some()
    }

    /// Sorts a value found on a type by how it binds to `v`.
    pub(crate) fn classify(&mut self, meta: Value) -> Found {
        if !meta.is_ref() {
            return Found::Value(meta);
        }
        let k = meta.kind();
        if k == Function::kind() {
            return Found::Method(meta);
        }
        if k == NativeFn::kind() {
            // SAFETY: the kind was tested.
            let n = unsafe { meta.cast_unchecked::<NativeFn>() };
            return match n.def.flavour {
                Flavour::Method if n.this.get().is_null() => Found::Method(meta),
                Flavour::GetSet | Flavour::Member | Flavour::ClassMethod => Found::Descriptor(meta),
                _ => Found::Value(meta),
            };
        }
        if k == Property::kind() && self.class_of(meta) == self.builtin(B::Property) {
            // SAFETY: the kind was tested.
            let get = unsafe { meta.cast_unchecked::<Property>() }.get.get();
            if get.kind() == Function::kind() {
                return Found::Property(get);
            }
            return Found::Descriptor(meta);
        }
        let data = k == Str::kind() || k == Tuple::kind() || k == List::kind() || k == Dict::kind();
        if data && !self.class_of(meta).has(flags::HEAP) {
            return Found::Value(meta);
        }
        if self.lookup_special(meta, N::__get__).is_some() { Found::Descriptor(meta) } else { Found::Value(meta) }
    }

    /// `object.__getattribute__` without calling anything.
    pub fn find_attr(&mut self, v: Value, name: Value) -> R<Found> {
        let class = self.class_of(v);
        let meta = self.lookup(class, name);
        if let Some(m) = meta
            && self.is_data_descriptor(m)
        {
            if let Some(member) = m.cast::<Member>() {
                return self.find_member(v, member, name);
            }
            // One that cannot be read leaves reading to the instance.
            let found = self.classify(m);
            if !matches!(found, Found::Value(_)) {
                return Ok(found);
            }
        }
        if let Some(found) = self.instance_attr(v, name)? {
            return Ok(found);
        }
        Ok(match meta {
            Some(m) => self.classify(m),
            None => Found::Nothing,
        })
    }

    fn find_member(&mut self, v: Value, m: Gc<Member>, _name: Value) -> R<Found> {
        let owner = m.owner.cast::<Class>();
        if owner.is_some_and(|o| !self.class_of(v).is_subclass(o)) {
            return Ok(Found::Descriptor(m.value()));
        }
        match self.read_slot(v, m.slot) {
            Some(x) => Ok(Found::Slot(m.slot, x)),
            None => Ok(Found::Nothing),
        }
    }

    /// The attribute in the instance itself.
    #[inline]
    pub fn instance_attr(&mut self, v: Value, name: Value) -> R<Option<Found>> {
        if v.kind() == Module::kind() {
            // SAFETY: the kind was tested.
            let d = unsafe { v.cast_unchecked::<Module>() }.dict.cast::<Dict>();
            return Ok(d.and_then(|d| self.dict_get_str(d, name)).map(Found::Value));
        }
        if v.kind() == Class::kind() {
            return Ok(None);
        }
        let Some(area) = attr_area(v) else { return Ok(None) };
        let shapes = &mut self.process_mut().shapes;
        if !shapes.get(v.shape()).dict_mode {
            let Some(slot) = shapes.find(v.shape(), name) else { return Ok(None) };
            return Ok(self.read_slot(v, slot).map(|x| Found::Slot(slot, x)));
        }
        // SAFETY: word 0 of the area in dict mode is the dict.
        let dict = unsafe { *area };
        match dict.cast::<Dict>() {
            Some(d) if self.class_of(dict) == self.builtin(B::Dict) => Ok(self.dict_get_str(d, name).map(Found::Value)),
            Some(d) => Ok(self.dict_get(d, name)?.map(Found::Value)),
            None => Ok(None),
        }
    }

    /// Slot `n` of the attribute area; None if it is unbound.
    #[inline(always)]
    pub fn read_slot(&self, v: Value, n: u32) -> Option<Value> {
        let area = attr_area(v)?;
        // SAFETY: the shape says that the slot exists: inline if below the count, else in the overflow array.
        unsafe {
            let inline = v.header()?.extra.load(Relaxed) as u32 - 1;
            if n < inline {
                return (*area.add(1 + n as usize)).bound();
            }
            let over = (*area).cast::<Array>()?;
            let i = (n - inline) as usize;
            if i < over.capacity() { over.field(i).get().bound() } else { None }
        }
    }

    /// Writes slot `n`, making room in the overflow array.
    pub fn write_slot(&mut self, v: Value, n: u32, x: Value) -> R<()> {
        let (Some(area), Some(h)) = (attr_area(v), v.header()) else {
            return Err(self.error(Exc::SystemError, "object has no attribute area; please report"));
        };
        let inline = h.extra.load(Relaxed) as u32 - 1;
        // SAFETY: as in `read_slot`.
        unsafe {
            if n < inline {
                (*(area.add(1 + n as usize) as *const crate::Field)).set(self, v, x);
                return Ok(());
            }
            let i = (n - inline) as usize;
            let over = match (*area).cast::<Array>() {
                Some(a) if i < a.capacity() => a,
                old => {
                    let a = self.new_array((i + 1).next_power_of_two().max(4))?;
                    for j in 0..old.map_or(0, |o| o.capacity()) {
                        a.field(j).init(old.map_or(Value::NULL, |o| o.field(j).get()));
                    }
                    let Some(area) = attr_area(v) else { return Ok(()) };
                    (*(area as *const crate::Field)).set(self, v, a);
                    a
                }
            };
            over.field(i).set(self, over, x);
        }
        Ok(())
    }

    /// Binds the value found on a type: `meta.__get__(this, class)`. `this` None means: on the class itself.
    pub fn bind(&mut self, meta: Value, this: Value, class: Value) -> R {
        let k = meta.kind();
        if k == Function::kind() {
            if this.is_none() && class != self.builtin(B::NoneType).value() {
                return Ok(meta);
            }
            return self.new_bound_method(meta, this);
        }
        if k == NativeFn::kind() {
            // SAFETY: the kind was tested.
            return self.bind_native_attr(unsafe { meta.cast_unchecked() }, this, class);
        }
        if k == Wrapper::kind() && !self.class_of(meta).has(flags::HEAP) {
            // SAFETY: the kind was tested.
            let f = unsafe { meta.cast_unchecked::<Wrapper>() }.func.get();
            if self.class_of(meta) == self.builtin(B::StaticMethod) {
                return Ok(f);
            }
            return self.bind_class_method(f, class);
        }
        if k == ClassMethodDescr::kind() {
            // SAFETY: the kind was tested.
            let f = unsafe { meta.cast_unchecked::<ClassMethodDescr>() }.func.get();
            return self.bind_first(f, class);
        }
        if let Some(get) = native_get(meta)
            && !this.is_none()
            && !self.class_of(meta).has(flags::HEAP)
        {
            return get(self, meta, this);
        }
        match self.lookup_special(meta, N::__get__) {
            Some(get) => self.call_unbound(get, meta, &[this, class]),
            None => Ok(meta),
        }
    }

    fn bind_class_method(&mut self, f: Value, class: Value) -> R {
        self.new_bound_method(f, class)
    }

    /// A native function with its receiver.
    pub fn bind_first(&mut self, f: Value, this: Value) -> R {
        let Some(n) = f.cast::<NativeFn>() else { return self.new_bound_method(f, this) };
        let slot = f.shape() == B::WrapperDescriptor as u32;
        let shape = if slot { B::MethodWrapper } else { B::BuiltinFunction };
        let def = n.def;
        let (owner, module) = (n.owner.get(), n.module.get());
        Ok(self
            .alloc(
                shape,
                NativeFn {
                    this: field(this),
                    owner: field(owner),
                    module: field(module),
                    def,
                    plan: plan::of_bound(n.plan.get()).into(),
                },
            )?
            .value())
    }

    fn bind_native_attr(&mut self, n: Gc<NativeFn>, this: Value, class: Value) -> R {
        match n.def.flavour {
            Flavour::Method if n.this.get().is_null() => {
                if this.is_none() && class != self.builtin(B::NoneType).value() {
                    return Ok(n.value());
                }
                if let Some(owner) = n.owner.cast::<Class>()
                    && !self.class_of(this).is_subclass(owner)
                {
                    return Err(self.wrong_receiver(n, owner, this));
                }
                self.bind_first(n.value(), this)
            }
            Flavour::ClassMethod if n.this.get().is_null() => self.bind_first(n.value(), class),
            Flavour::GetSet | Flavour::Member => {
                if this.is_none() && class != self.builtin(B::NoneType).value() {
                    return Ok(n.value());
                }
                if let Some(owner) = n.owner.cast::<Class>()
                    && !self.class_of(this).is_subclass(owner)
                {
                    return Err(self.wrong_receiver(n, owner, this));
                }
                (n.def.func)(self, crate::Args::new(&[this]))
            }
            _ => Ok(n.value()),
        }
    }

    fn wrong_receiver(&mut self, n: Gc<NativeFn>, owner: Gc<Class>, this: Value) -> Raised {
        let got = self.class_name(this);
        self.type_error(format!(
            "descriptor '{}' for '{}' objects doesn't apply to a '{got}' object",
            n.def.name(),
            self.type_name(owner)
        ))
    }

    /// The object for a native definition in a class's dict.
    pub fn native_attr(&mut self, class: Gc<Class>, def: &'static NativeDef) -> R {
        let name = def.name();
        let shape = match def.flavour {
            Flavour::Method if is_slot(name) && !self.is_plain_item_method(class, name) => B::WrapperDescriptor,
            Flavour::Method => B::MethodDescriptor,
            Flavour::GetSet => B::GetSetDescriptor,
            Flavour::Member => B::MemberDescriptor,
            _ => B::BuiltinFunction,
        };
        let native =
            NativeFn { this: null_field(), owner: field(class), module: null_field(), def, plan: plan::UNKNOWN.into() };
        let f = self.alloc(shape, native)?.value();
        match def.flavour {
            Flavour::StaticMethod if name != "__new__" => {
                Ok(self.alloc(B::StaticMethod, Wrapper { func: field(f) })?.value())
            }
            Flavour::ClassMethod => {
                Ok(self.alloc(B::ClassMethodDescriptor, ClassMethodDescr { func: field(f) })?.value())
            }
            _ => Ok(f),
        }
    }

    /// These containers have quick methods where others have slots.
    fn is_plain_item_method(&self, class: Gc<Class>, name: &str) -> bool {
        let of = |all: &[B]| all.iter().any(|b| self.builtin(*b) == class);
        match name {
            "__getitem__" => of(&[B::List, B::Dict]),
            "__contains__" => of(&[B::Dict, B::Set, B::FrozenSet]),
            _ => false,
        }
    }

    /// A function of a native module.
    pub fn native_function(&mut self, module: Value, def: &'static NativeDef) -> R {
        let f = NativeFn {
            this: null_field(),
            owner: null_field(),
            module: field(module),
            def,
            plan: plan::UNKNOWN.into(),
        };
        Ok(self.alloc(B::BuiltinFunction, f)?.value())
    }

    // ---- reading

    /// `v.name`, the name interned.
    pub fn getattr(&mut self, v: Value, name: Value) -> R {
        let r = self.getattr_step(v, name, Cont::Exit, 0)?;
        if r == Value::PUSHED {
            return self.finish_getattr(v, name);
        }
        Ok(r)
    }

    /// Runs a pushed getter; AttributeError from it still goes to `__getattr__`.
    fn finish_getattr(&mut self, v: Value, name: Value) -> R {
        let r = self.run();
        self.getattr_fallback(v, name, r)
    }

    pub fn getattr_fallback(&mut self, v: Value, name: Value, r: R) -> R {
        match r {
            Err(_) if self.class_of(v).has(flags::GETATTR_HOOK) && self.pending_is(Exc::AttributeError) => {
                match self.lookup_special(v, N::__getattr__) {
                    Some(f) => {
                        self.pending = Value::NULL;
                        self.call_unbound(f, v, &[name])
                    }
                    None => r,
                }
            }
            r => r,
        }
    }

    /// The same, None instead of AttributeError.
    pub fn getattr_opt(&mut self, v: Value, name: Value) -> R<Option<Value>> {
        let class = self.class_of(v);
        if !class.has(flags::GETATTR_HOOK) && v.kind() != Class::kind() && v.kind() != Super::kind() {
            // No exception object where none is needed.
            let found = self.find_attr_cached(v, name)?;
            match found {
                Found::Value(x) | Found::Slot(_, x) => return Ok(Some(x)),
                Found::Nothing if v.kind() == Module::kind() => {}
                Found::Nothing => return Ok(None),
                _ => {
                    let r = self.found_attr(v, name, found, Cont::Exit, 0).and_then(|x| self.finish(x));
                    return self.catch(Exc::AttributeError, r);
                }
            }
        }
        let r = self.getattr(v, name);
        self.catch(Exc::AttributeError, r)
    }

    pub fn getattr_str(&mut self, v: Value, name: &str) -> R {
        let name = self.intern(name)?;
        self.getattr(v, name)
    }

    /// The step form: property getters and hooks written in Python push their frame.
    pub fn getattr_step(&mut self, v: Value, name: Value, cont: Cont, dst: u8) -> R {
        let class = self.class_of(v);
        if class.has(flags::GETATTR_HOOK) {
            return self.getattr_hooked(v, class, name);
        }
        self.generic_getattr(v, name, cont, dst)
    }

    fn getattr_hooked(&mut self, v: Value, class: Gc<Class>, name: Value) -> R {
        self.check_recursion(" in __getattr__")?;
        let hook = self.name(N::__getattribute__);
        let r = match self.lookup(class, hook) {
            Some(f) if !is_generic_getattribute(f) => self.call_unbound(f, v, &[name]),
            _ => {
                let r = self.generic_getattr(v, name, Cont::Exit, 0);
                match r {
                    Ok(x) => self.finish(x),
                    e => e,
                }
            }
        };
        self.getattr_fallback(v, name, r)
    }

    /// The generic `__getattribute__` of object, type, module, super.
    pub fn generic_getattr(&mut self, v: Value, name: Value, cont: Cont, dst: u8) -> R {
        if v.kind() == Class::kind() {
            // SAFETY: the kind was tested.
            return self.class_getattr_cached(unsafe { v.cast_unchecked() }, name);
        }
        if v.kind() == Super::kind() {
            // SAFETY: the kind was tested.
            return self.super_getattr(unsafe { v.cast_unchecked() }, name);
        }
        let found = self.find_attr_cached(v, name)?;
        self.found_attr(v, name, found, cont, dst)
    }

    /// The class that a class method found on `v` gets.
    pub(crate) fn class_receiver(&self, v: Value) -> Value {
        if v.kind() == Class::kind() { v } else { self.class_of(v).value() }
    }

    /// The attribute that was found: what it is bound to, or what a getter says.
    pub(crate) fn found_attr(&mut self, v: Value, name: Value, found: Found, cont: Cont, dst: u8) -> R {
        match found {
            Found::Value(x) | Found::Slot(_, x) => Ok(x),
            Found::Method(f) => {
                let class = self.class_of(v).value();
                self.bind(f, v, class)
            }
            Found::Property(get) => self.call_step(get, crate::ops::call::Argv::slice(&[v]), cont, dst),
            Found::ClassMethod(f) => {
                let class = self.class_receiver(v);
                self.bind_first(f, class)
            }
            Found::Descriptor(d) => {
                let class = self.class_of(v);
                if let Some(n) = d.cast::<NativeFn>()
                    && n.def.is_attribute()
                    && n.owner.cast::<Class>().is_some_and(|owner| class.is_subclass(owner))
                {
                    return (n.def.func)(self, crate::Args::new(&[v]));
                }
                self.bind(d, v, class.value())
            }
            Found::Nothing => self.no_attribute(v, name),
        }
    }

    /// The member of `__slots__` has no value.
    #[cold]
    pub fn empty_member(&mut self, v: Value, name: Value) -> Raised {
        let (class, text) = (self.full_class_name(self.class_of(v)), self.display_name(name));
        self.attribute_error(format!("'{class}' object has no attribute '{text}'"), v, name)
    }

    #[cold]
    fn no_attribute(&mut self, v: Value, name: Value) -> R {
        if let Some(m) = v.cast::<Module>() {
            return self.module_getattr(m, name);
        }
        let class = self.class_of(v);
        if self.lookup(class, name).is_some_and(|m| m.kind() == Member::kind()) {
            return Err(self.empty_member(v, name));
        }
        let (class, text) = (self.class_name(v), self.display_name(name));
        Err(self.attribute_error(format!("'{class}' object has no attribute '{text}'"), v, name))
    }

    fn display_name(&self, name: Value) -> String {
        name.cast::<Str>().map_or_else(|| "?".into(), |s| s.to_lossy())
    }

    /// `type.__getattribute__`.
    pub fn class_getattr(&mut self, c: Gc<Class>, name: Value) -> R {
        let meta_class = self.class_of(c.value());
        let meta = self.lookup(meta_class, name);
        if let Some(m) = meta
            && self.is_data_descriptor(m)
            && !matches!(self.classify(m), Found::Value(_))
        {
            return self.bind(m, c.value(), meta_class.value());
        }
        if let Some(v) = self.lookup(c, name) {
            return match v.kind() {
                k if k == Function::kind() => Ok(v),
                _ => self.bind(v, Value::NONE, c.value()),
            };
        }
        if let Some(m) = meta {
            return self.bind(m, c.value(), meta_class.value());
        }
        let text = self.display_name(name);
        let class = c.name();
        Err(self.attribute_error(format!("type object '{class}' has no attribute '{text}'"), c.value(), name))
    }

    /// Attribute of a `super` object.
    pub fn super_getattr(&mut self, s: Gc<Super>, name: Value) -> R {
        let (this, class) = (s.this.get(), s.this_class.get());
        if !this.is_null()
            && name != self.name(N::__class__)
            && let (Some(start), Some(c)) = (class.cast::<Class>(), s.class.cast::<Class>())
            && let Some(v) = self.lookup_after(start, c, name)
        {
            let this = if this == start.value() { Value::NONE } else { this };
            return self.bind(v, this, start.value());
        }
        match self.find_attr(s.value(), name)? {
            Found::Value(x) | Found::Slot(_, x) => Ok(x),
            Found::Method(d) | Found::Descriptor(d) | Found::Property(d) | Found::ClassMethod(d) => {
                let class = self.class_of(s.value()).value();
                self.bind(d, s.value(), class)
            }
            Found::Nothing => {
                let text = self.display_name(name);
                Err(self.attribute_error(format!("'super' object has no attribute '{text}'"), s.value(), name))
            }
        }
    }

    /// Looks up behind class `c` in the MRO of `start`.
    pub fn lookup_after(&self, start: Gc<Class>, c: Gc<Class>, name: Value) -> Option<Value> {
        let mro = start.mro.cast::<Tuple>()?;
        let at = mro.items().iter().position(|k| *k == c.value())?;
        mro.items()[at + 1..].iter().find_map(|k| self.dict_get_str(k.cast::<Class>()?.dict(), name))
    }

    /// What a method call needs: (function, receiver), or (callable, unbound).
    pub fn get_method(&mut self, v: Value, name: Value) -> R<(Value, Value)> {
        let class = self.class_of(v);
        if !class.has(flags::GETATTR_HOOK) && v.kind() != Class::kind() && v.kind() != Super::kind() {
            match self.find_attr(v, name)? {
                Found::Method(f) => return Ok((f, v)),
                Found::Value(x) | Found::Slot(_, x) => return Ok((x, Value::NULL)),
                _ => {}
            }
        }
        Ok((self.getattr(v, name)?, Value::NULL))
    }

    // ---- writing

    /// `v.name = x`.
    pub fn setattr(&mut self, v: Value, name: Value, x: Value) -> R<()> {
        let class = self.class_of(v);
        if class.has(flags::SETATTR_HOOK) {
            let hook = self.name(N::__setattr__);
            if let Some(f) = self.lookup(class, hook)
                && !is_generic_setattr(f)
            {
                self.call_unbound(f, v, &[name, x])?;
                return Ok(());
            }
        }
        self.generic_setattr(v, name, x)
    }

    /// `del v.name`.
    pub fn delattr(&mut self, v: Value, name: Value) -> R<()> {
        let class = self.class_of(v);
        if class.has(flags::SETATTR_HOOK) {
            let hook = self.name(N::__delattr__);
            if let Some(f) = self.lookup(class, hook)
                && !is_generic_delattr(f)
            {
                self.call_unbound(f, v, &[name])?;
                return Ok(());
            }
        }
        self.generic_setattr(v, name, Value::NULL)
    }

    /// The generic `__setattr__` (x bound) and `__delattr__` (x unbound).
    pub fn generic_setattr(&mut self, v: Value, name: Value, x: Value) -> R<()> {
        if v.kind() == Class::kind() {
            // SAFETY: the kind was tested.
            return self.class_setattr(unsafe { v.cast_unchecked() }, name, x);
        }
        let class = self.class_of(v);
        let meta = self.lookup(class, name);
        if let Some(m) = meta
            && self.set_by_descriptor(m, v, name, x)?
        {
            return Ok(());
        }
        if let Some(m) = v.cast::<Module>()
            && let Some(d) = m.dict.cast::<Dict>()
        {
            return self.set_in_dict(d, v, name, x);
        }
        self.set_in_instance(v, class, name, x, meta)
    }

    fn set_in_dict(&mut self, d: Gc<Dict>, v: Value, name: Value, x: Value) -> R<()> {
        if !x.is_null() {
            return self.dict_set(d, name, x);
        }
        if self.dict_remove(d, name)?.is_none() {
            let (class, text) = (self.class_name(v), self.display_name(name));
            return Err(self.attribute_error(format!("'{class}' object has no attribute '{text}'"), v, name));
        }
        Ok(())
    }

    fn set_in_instance(&mut self, v: Value, class: Gc<Class>, name: Value, x: Value, meta: Option<Value>) -> R<()> {
        let shape = v.shape();
        let has_area = attr_area(v).is_some();
        let (dict_mode, has_dict) = if has_area {
            let s = self.process().shapes.get(shape);
            (s.dict_mode, s.has_dict)
        } else {
            (false, false)
        };
        if dict_mode {
            let d = self.instance_dict(v)?;
            // SAFETY: in dict mode there is a dict.
            return self.set_in_dict(unsafe { d.cast_unchecked() }, v, name, x);
        }
        let slot = if has_dict { self.process_mut().shapes.find(shape, name) } else { None };
        if x.is_null() {
            if let Some(slot) = slot
                && self.read_slot(v, slot).is_some()
            {
                return self.delete_slot(v, name);
            }
            if !has_dict {
                return Err(self.cannot_set(v, class, name, meta));
            }
            let (class, text) = (self.type_name(class), self.display_name(name));
            return Err(self.attribute_error(format!("'{class}' object has no attribute '{text}'"), v, name));
        }
        if let Some(slot) = slot {
            return self.write_slot(v, slot, x);
        }
        if !has_dict {
            return Err(self.cannot_set(v, class, name, meta));
        }
        self.add_attr(v, name, x)
    }

    #[cold]
    fn cannot_set(&mut self, v: Value, class: Gc<Class>, name: Value, meta: Option<Value>) -> Raised {
        let (class, text) = (self.type_name(class), self.display_name(name));
        let message = match meta {
            Some(_) => format!("'{class}' object attribute '{text}' is read-only"),
            None => format!("'{class}' object has no attribute '{text}' and no __dict__ for setting new attributes"),
        };
        self.attribute_error(message, v, name)
    }

    /// Adds a new attribute to an instance in slot mode.
    pub fn add_attr(&mut self, v: Value, name: Value, x: Value) -> R<()> {
        let shape = v.shape();
        let interned = name.cast::<Str>().is_some_and(|s| s.is_interned());
        let next = if interned { self.process_mut().shapes.with(shape, name) } else { None };
        let Some(next) = next else {
            let d = self.to_dict_mode(v)?;
            return self.dict_set(d, name, x);
        };
        let slot = self.process().shapes.get(next).count - 1;
        let class = self.class_of(v);
        let inline = v.header().map_or(0, |h| h.extra.load(Relaxed) as u32 - 1);
        if slot >= inline && slot < 200 {
            class.most_attrs.set(class.most_attrs.get().max(slot as u8 + 1));
        }
        self.write_slot(v, slot, x)?;
        if let Some(h) = v.header() {
            h.shape.store(next, Relaxed);
        }
        Ok(())
    }

    /// Deleting an attribute: slots of the others stay in order only in a dict.
    fn delete_slot(&mut self, v: Value, name: Value) -> R<()> {
        let d = self.to_dict_mode(v)?;
        self.dict_remove(d, name)?;
        Ok(())
    }

    /// Moves an instance's attributes to a dict, which becomes its `__dict__`.
    pub fn to_dict_mode(&mut self, v: Value) -> R<Gc<Dict>> {
        let names = self.process().shapes.names(v.shape());
        let d = self.new_dict_for(names.len())?;
        for (name, slot) in names {
            if let Some(x) = self.read_slot(v, slot) {
                self.dict_add_str(d, name, x)?;
            }
        }
        self.set_dict_mode(v, d);
        Ok(d)
    }

    fn set_dict_mode(&mut self, v: Value, d: Gc<Dict>) {
        let shape = self.process_mut().shapes.dict_mode(v.shape());
        let members = self.process().shapes.get(shape).count as usize;
        let (Some(area), Some(h)) = (attr_area(v), v.header()) else { return };
        let inline = h.extra.load(Relaxed) as usize - 1;
        // SAFETY: word 0 and the inline slots of the area.
        unsafe {
            (*(area as *const crate::Field)).set(self, v, d);
            for i in members.min(inline)..inline {
                (*(area.add(1 + i) as *const crate::Field)).set(self, v, Value::NULL);
            }
        }
        h.shape.store(shape, Relaxed);
    }

    /// The instance's `__dict__`, made real; unbound if it cannot have one.
    pub fn instance_dict(&mut self, v: Value) -> R {
        if let Some(m) = v.cast::<Module>() {
            return Ok(m.dict.get());
        }
        let Some(area) = attr_area(v) else { return Ok(Value::NULL) };
        let s = self.process().shapes.get(v.shape());
        if s.dict_mode {
            // SAFETY: word 0 in dict mode.
            return Ok(unsafe { *area });
        }
        if !s.has_dict || v.kind() == Class::kind() {
            return Ok(Value::NULL);
        }
        Ok(self.to_dict_mode(v)?.value())
    }

    /// Replaces the instance's `__dict__`.
    pub fn set_instance_dict(&mut self, v: Value, d: Gc<Dict>) -> R<()> {
        self.to_dict_mode(v)?;
        self.set_dict_mode(v, d);
        Ok(())
    }

    /// Attributes of an instance in order, without making its dict.
    pub fn instance_items(&mut self, v: Value, out: &mut crate::RootedVec) -> R<()> {
        if attr_area(v).is_none() {
            return Ok(());
        }
        if !self.process().shapes.get(v.shape()).dict_mode && v.kind() != Module::kind() {
            for (name, slot) in self.process().shapes.names(v.shape()) {
                if let Some(x) = self.read_slot(v, slot) {
                    out.push(name);
                    out.push(x);
                }
            }
            return Ok(());
        }
        let d = self.instance_dict(v)?;
        if let Some(d) = d.cast::<Dict>() {
            let mut i = 0;
            while let Some((next, _, k, x)) = d.next_entry(i) {
                out.push(k);
                out.push(x);
                i = next;
            }
        }
        Ok(())
    }

    /// Lets a data descriptor do the write; false if `meta` is none.
    fn set_by_descriptor(&mut self, meta: Value, v: Value, name: Value, x: Value) -> R<bool> {
        let k = meta.kind();
        if k == Function::kind() || !meta.is_ref() || k == Str::kind() {
            return Ok(false);
        }
        if let Some(m) = meta.cast::<Member>() {
            self.set_member(m, v, name, x)?;
            return Ok(true);
        }
        if let Some(n) = meta.cast::<NativeFn>() {
            if !n.def.is_attribute() {
                return Ok(false);
            }
            self.set_native(n, v, name, x)?;
            return Ok(true);
        }
        let hook = if x.is_null() { N::__delete__ } else { N::__set__ };
        match self.lookup_special(meta, hook) {
            Some(f) => {
                if x.is_null() {
                    self.call_unbound(f, meta, &[v])?;
                } else {
                    self.call_unbound(f, meta, &[v, x])?;
                }
                Ok(true)
            }
            None => {
                let other = if x.is_null() { N::__set__ } else { N::__delete__ };
                if self.lookup_special(meta, other).is_some() {
                    let other = if x.is_null() { "__delete__" } else { "__set__" };
                    let n = self.name(if x.is_null() { N::__delete__ } else { N::__set__ });
                    let _ = name;
                    return Err(self.attribute_error(other, meta, n));
                }
                Ok(false)
            }
        }
    }

    fn set_member(&mut self, m: Gc<Member>, v: Value, name: Value, x: Value) -> R<()> {
        if let Some(owner) = m.owner.cast::<Class>()
            && !self.class_of(v).is_subclass(owner)
        {
            let (text, got) = (self.display_name(m.name.get()), self.class_name(v));
            let owner = owner.name();
            return Err(
                self.type_error(format!("descriptor '{text}' for '{owner}' objects doesn't apply to a '{got}' object"))
            );
        }
        if x.is_null() && self.read_slot(v, m.slot).is_none() {
            return Err(self.empty_member(v, name));
        }
        self.write_slot(v, m.slot, x)
    }

    fn set_native(&mut self, n: Gc<NativeFn>, v: Value, name: Value, x: Value) -> R<()> {
        if let Some(owner) = n.owner.cast::<Class>()
            && !self.class_of(v).is_subclass(owner)
        {
            return Err(self.wrong_receiver(n, owner, v));
        }
        match n.def.set {
            Some(set) => {
                set(self, crate::Args::new(&[v, x]))?;
                Ok(())
            }
            None => {
                let message = n.read_only(self);
                Err(self.attribute_error(message, v, name))
            }
        }
    }

    /// `type.__setattr__` and `type.__delattr__`.
    pub fn class_setattr(&mut self, c: Gc<Class>, name: Value, x: Value) -> R<()> {
        if c.has(flags::IMMUTABLE) {
            let (text, class) = (self.display_name(name), self.type_name(c));
            return Err(self.type_error(format!("cannot set '{text}' attribute of immutable type '{class}'")));
        }
        let meta_class = self.class_of(c.value());
        if let Some(m) = self.lookup(meta_class, name)
            && self.set_by_descriptor(m, c.value(), name, x)?
        {
            return Ok(());
        }
        let old = self.dict_get_str(c.dict(), name);
        if x.is_null() {
            if old.is_none() {
                let (text, class) = (self.display_name(name), c.name());
                let message = format!("type object '{class}' has no attribute '{text}'");
                return Err(self.attribute_error(message, c.value(), name));
            }
            self.dict_remove(c.dict(), name)?;
        } else {
            self.dict_set_str(c.dict(), name, x)?;
        }
        self.class_attr_written(c, old, x.bound());
        self.update_hooks(c, name);
        Ok(())
    }

    /// Keeps the class flags that say which hooks exist, here and in subclasses.
    pub fn update_hooks(&mut self, c: Gc<Class>, name: Value) {
        let special = [N::__getattr__, N::__getattribute__, N::__setattr__, N::__delattr__, N::__del__];
        if !special.iter().any(|n| self.name(*n) == name) {
            return;
        }
        self.compute_hooks(c);
        for sub in self.live_subclasses(c) {
            self.update_hooks(sub, name);
        }
    }

    /// Direct subclasses that are alive.
    pub fn live_subclasses(&mut self, c: Gc<Class>) -> Vec<Gc<Class>> {
        let Some(list) = c.subclasses.cast::<List>() else { return Vec::new() };
        (0..list.len()).filter_map(|i| list.get(i)?.cast::<WeakRef>()?.target.get().cast::<Class>()).collect()
    }

    /// Computes the hook flags of a class from what it finds along its MRO.
    pub fn compute_hooks(&mut self, c: Gc<Class>) {
        let get = self.find_hook(c, N::__getattr__, |_| false)
            || self.find_hook(c, N::__getattribute__, is_generic_getattribute);
        let set = self.find_hook(c, N::__setattr__, is_generic_setattr)
            || self.find_hook(c, N::__delattr__, is_generic_delattr);
        let del = self.find_hook(c, N::__del__, |_| false);
        let mut f = c.flags.get() & !(flags::GETATTR_HOOK | flags::SETATTR_HOOK | flags::HAS_DEL);
        f |= if get { flags::GETATTR_HOOK } else { 0 };
        f |= if set { flags::SETATTR_HOOK } else { 0 };
        f |= if del { flags::HAS_DEL } else { 0 };
        c.flags.set(f);
    }

    fn find_hook(&mut self, c: Gc<Class>, n: N, generic: fn(Value) -> bool) -> bool {
        let name = self.name(n);
        self.lookup_where(c, name).is_some_and(|(_, v)| !generic(v))
    }
}

fn is_native_named(f: Value, names: &[crate::NativeImpl]) -> bool {
    f.cast::<NativeFn>().is_some_and(|n| names.iter().any(|g| std::ptr::fn_addr_eq(n.def.func, *g)))
}
fn is_generic_getattribute(f: Value) -> bool {
    is_native_named(f, &[object_getattribute])
}
fn is_generic_setattr(f: Value) -> bool {
    is_native_named(f, &[object_setattr, type_setattr])
}
fn is_generic_delattr(f: Value) -> bool {
    is_native_named(f, &[object_delattr, type_delattr])
}

/// Special methods that operators and statements stand for (slots of a type in CPython): they are wrapper descriptors.
fn is_slot(name: &str) -> bool {
    let Some(name) = name.strip_prefix("__").and_then(|n| n.strip_suffix("__")) else { return false };
    const BINARY: &[&str] = &[
        "add", "and", "divmod", "floordiv", "lshift", "matmul", "mod", "mul", "or", "pow", "rshift", "sub", "truediv",
        "xor",
    ];
    const OTHER: &[&str] = &[
        "abs",
        "aiter",
        "anext",
        "await",
        "bool",
        "buffer",
        "call",
        "contains",
        "del",
        "delattr",
        "delete",
        "delitem",
        "eq",
        "float",
        "ge",
        "get",
        "getattribute",
        "getitem",
        "gt",
        "hash",
        "index",
        "init",
        "int",
        "invert",
        "iter",
        "le",
        "len",
        "lt",
        "ne",
        "neg",
        "next",
        "pos",
        "release_buffer",
        "repr",
        "set",
        "setattr",
        "setitem",
        "str",
    ];
    let binary = |n: &str| BINARY.contains(&n);
    OTHER.contains(&name) || binary(name) || name.strip_prefix(['r', 'i']).is_some_and(binary)
}

impl Gc<NativeFn> {
    /// Why an attribute without a setter cannot be written.
    pub fn read_only(self, cx: &Thread) -> String {
        if self.def.flavour == Flavour::Member {
            return "readonly attribute".to_owned();
        }
        let of = self.owner.cast::<Class>().map_or_else(String::new, |c| cx.type_name(c));
        format!("attribute '{}' of '{of}' objects is not writable", self.def.name())
    }
}

fn attr_name(cx: &mut Thread, v: Value) -> R {
    match v.cast::<Str>() {
        Some(s) => cx.intern_str(s),
        None => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("attribute name must be string, not '{class}'")))
        }
    }
}

/// `__getattribute__` of object, type, module and super: "(self, name, /)".
pub fn object_getattribute(cx: &mut Thread, a: crate::Args<'_>) -> R {
    let name = attr_name(cx, a[1])?;
    let r = cx.generic_getattr(a[0], name, Cont::Exit, 0)?;
    cx.finish(r)
}

/// Refuses `object`'s way to write attributes for what has its own: classes.
fn refuse_class(cx: &mut Thread, v: Value, what: &str) -> R<()> {
    if v.kind() == Class::kind() {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("can't apply this {what} to {class} object")));
    }
    Ok(())
}

/// `object.__setattr__`: "(self, name, value, /)".
pub fn object_setattr(cx: &mut Thread, a: crate::Args<'_>) -> R {
    refuse_class(cx, a[0], "__setattr__")?;
    type_setattr(cx, a)
}

/// `object.__delattr__`: "(self, name, /)".
pub fn object_delattr(cx: &mut Thread, a: crate::Args<'_>) -> R {
    refuse_class(cx, a[0], "__delattr__")?;
    type_delattr(cx, a)
}

/// `type.__setattr__`: "(self, name, value, /)".
pub fn type_setattr(cx: &mut Thread, a: crate::Args<'_>) -> R {
    let name = attr_name(cx, a[1])?;
    cx.generic_setattr(a[0], name, a[2])?;
    Ok(Value::NONE)
}

/// `type.__delattr__`: "(self, name, /)".
pub fn type_delattr(cx: &mut Thread, a: crate::Args<'_>) -> R {
    let name = attr_name(cx, a[1])?;
    cx.generic_setattr(a[0], name, Value::NULL)?;
    Ok(Value::NONE)
}
