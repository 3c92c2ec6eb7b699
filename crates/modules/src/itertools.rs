//! `itertools`.
//!
//! All types share one payload, [`Iter`]: six values and four numbers whose meaning each type gives, and the function that
//! advances it (unbound at the end). An iterator that has ended drops its source (unbound).

mod combinatoric;
mod simple;
mod stateful;

use ferropy_builtins::iterators::stop_at_end;
use ferropy_builtins::list::wrong_receiver;
use ferropy_vm::ops::iter::{NextFn, register_next};
use ferropy_vm::types::{Array, Class};
use ferropy_vm::{Args, Field, Gc, R, Thread, TypeDef, Value, heap_kind, null_field};
use std::cell::Cell;

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("itertools", init);
}

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("itertools", "Functional tools for creating and using iterators.", simple::FUNCTIONS)?;
    register_next::<Iter>(|cx, it| (of(it).step)(cx, it));
    for def in simple::TYPES.iter().chain(stateful::TYPES).chain(combinatoric::TYPES) {
        cx.module_class(m, def)?;
    }
    Ok(m.value())
}

/// The payload of all iterators here.
#[repr(C)]
pub struct Iter {
    a: Field,
    b: Field,
    c: Field,
    d: Field,
    e: Field,
    f: Field,
    n: Cell<i64>,
    m: Cell<i64>,
    k: Cell<i64>,
    state: Cell<i64>,
    step: NextFn,
}
heap_kind!(Iter, "itertools iterator", 6);

/// Declares a type: static name, Python name, signature of `__new__`, its function, doc, more methods.
macro_rules! iterator {
    ($def:ident $name:literal $sig:literal $new:ident $doc:literal $($more:expr),* $(; $flags:expr)?) => {
        static $def: ferropy_vm::TypeDef = {
            static METHODS: &[ferropy_vm::NativeDef] = &[
                ferropy_vm::NativeDef::static_method($sig, $new, "Create and return a new object."),
                ferropy_vm::NativeDef::method("__iter__(self, /)", super::iter_self, "Implement iter(self)."),
                ferropy_vm::NativeDef::method("__next__(self, /)", super::next, "Implement next(self)."),
                $($more,)*
            ];
            ferropy_vm::TypeDef::new::<super::Iter>(concat!("itertools.", $name), METHODS, $doc)$(.flags($flags))?
        };
    };
}
use iterator;

fn iter_self(_cx: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}

/// `__next__` of all types.
fn next(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a[0])?;
    let r = (it.step)(cx, a[0]);
    stop_at_end(cx, r)
}

/// The iterator that a step function was called for.
#[inline(always)]
fn of(it: Value) -> Gc<Iter> {
    // SAFETY: step functions are called for this kind only.
    unsafe { it.cast_unchecked() }
}

/// The receiver.
fn this(cx: &mut Thread, v: Value) -> R<Gc<Iter>> {
    match v.cast() {
        Some(it) => Ok(it),
        None => Err(wrong_receiver(cx, "itertools iterator", v)),
    }
}

/// A new iterator of a class, its values in order.
fn make(cx: &mut Thread, class: Value, step: NextFn, values: &[Value]) -> R<Gc<Iter>> {
    let Some(class) = class.cast::<Class>() else { return Err(wrong_receiver(cx, "type", class)) };
    let it = Iter {
        a: null_field(),
        b: null_field(),
        c: null_field(),
        d: null_field(),
        e: null_field(),
        f: null_field(),
        n: 0.into(),
        m: 0.into(),
        k: 0.into(),
        state: 0.into(),
        step,
    };
    for (f, v) in [&it.a, &it.b, &it.c, &it.d, &it.e, &it.f].into_iter().zip(values) {
        f.init(*v);
    }
    cx.alloc_of(class, it)
}

fn make_def(cx: &mut Thread, def: &'static TypeDef, step: NextFn, values: &[Value]) -> R<Gc<Iter>> {
    let class = cx.native_class(def)?;
    make(cx, class.value(), step, values)
}

/// What a step function returns at the end.
fn end() -> R {
    Ok(Value::NULL)
}

/// Next value of the iterator in a field; an ended one is dropped.
#[inline]
fn pull(cx: &mut Thread, it: Gc<Iter>, field: fn(&Iter) -> &Field) -> R<Option<Value>> {
    let Some(source) = field(&it).get().bound() else { return Ok(None) };
    let r = cx.next_inline(source)?;
    if r.is_none() {
        field(&it).set(cx, it, Value::NULL);
    }
    Ok(r)
}

/// Small numbers in a heap array.
fn numbers(cx: &mut Thread, values: impl ExactSizeIterator<Item = usize>) -> R<Gc<Array>> {
    let array = cx.new_array(values.len())?;
    for (i, n) in values.enumerate() {
        array.field(i).init(Value::small_int(n as i64));
    }
    Ok(array)
}

fn number(array: Gc<Array>, i: usize) -> usize {
    array.field(i).get().as_int().unwrap_or(0) as usize
}

fn put(array: Gc<Array>, i: usize, n: usize) {
    // An integer needs no barrier.
    array.field(i).init(Value::small_int(n as i64));
}

/// A size argument that must not be negative.
fn size_arg(cx: &mut Thread, v: Value, name: &str) -> R<usize> {
    let n = cx.index(v)?;
    if n < 0 {
        return Err(cx.value_error(format!("{name} must be non-negative")));
    }
    Ok(n as usize)
}

/// A tuple of what `item` gives; that must not touch the heap.
fn tuple_of(cx: &mut Thread, n: usize, mut item: impl FnMut(usize) -> Value) -> R {
    if n == 0 {
        return Ok(cx.vm().empty_tuple);
    }
    Ok(cx.tuple_with(n, |to| to.iter_mut().enumerate().for_each(|(i, to)| *to = item(i)))?.value())
}
