//! enumerate, zip, map, filter.

use super::sequence::iter_self;
use super::{publish, stop_at_end};
use crate::list::{class_getitem, wrong_receiver};
use ferropy_vm::ops::iter::{register_next, register_next_pair};
use ferropy_vm::types::{Class, Tuple};
use ferropy_vm::{
    Args, BinOp, Field, Gc, HeapObject, NativeDef, R, RootedVec, Thread, TypeDef, Value, field, heap_kind,
};
use std::cell::Cell;

pub fn install(cx: &mut Thread) -> R<()> {
    for def in [&ENUMERATE, &ZIP, &MAP, &FILTER] {
        let class = cx.native_class(def)?;
        publish(cx, class.value(), def.name)?;
    }
    register_next::<Enumerate>(enumerate_step);
    register_next::<Zip>(zip_step);
    register_next_pair::<Enumerate>(enumerate_pair);
    register_next_pair::<Zip>(zip_pair);
    register_next::<Map>(map_step);
    register_next::<Filter>(filter_step);
    Ok(())
}

/// enumerate: the count is a small integer in `at` until it overflows to `count`.
#[repr(C)]
struct Enumerate {
    iter: Field,
    count: Field,
}
heap_kind!(Enumerate, "enumerate", 2);

/// zip and map: a tuple of iterators, and map's function.
#[repr(C)]
struct Zip {
    iters: Field,
    func: Field,
    strict: Cell<bool>,
}
heap_kind!(Zip, "zip", 2);

/// A kind of its own, as instances are advanced in another way.
#[repr(transparent)]
struct Map(Zip);
heap_kind!(Map, "map", 2);

#[repr(C)]
struct Filter {
    func: Field,
    iter: Field,
}
heap_kind!(Filter, "filter", 2);

macro_rules! iterator_methods {
    ($name:ident, $next:ident, $reduce:ident, $new:literal, $new_fn:ident $(, $more:expr)*) => {
        static $name: &[NativeDef] = &[
            NativeDef::static_method($new, $new_fn, "Create and return a new object."),
            NativeDef::method("__iter__(self, /)", iter_self, "Implement iter(self)."),
            NativeDef::method("__next__(self, /)", $next, "Implement next(self)."),
            NativeDef::method("__reduce__(self, /)", $reduce, "Return state information for pickling."),
            $($more,)*
        ];
    };
}

iterator_methods!(
    ENUMERATE_METHODS,
    enumerate_next,
    enumerate_reduce,
    "__new__(cls, iterable, start=0)",
    enumerate_new,
    NativeDef::class_method("__class_getitem__(cls, object, /)", class_getitem, "See PEP 585")
);
iterator_methods!(
    ZIP_METHODS,
    zip_next,
    zip_reduce,
    "__new__(cls, /, *iterables, strict=False)",
    zip_new,
    NativeDef::method("__setstate__(self, state, /)", zip_setstate, "Set state information for unpickling.")
);
iterator_methods!(
    MAP_METHODS,
    map_next,
    map_reduce,
    "__new__(cls, /, *args, strict=False)",
    map_new,
    NativeDef::method("__setstate__(self, state, /)", map_setstate, "Set state information for unpickling.")
);
iterator_methods!(FILTER_METHODS, filter_next, filter_reduce, "__new__(cls, function, iterable, /)", filter_new);

static ENUMERATE: TypeDef = TypeDef::new::<Enumerate>(
    "enumerate",
    ENUMERATE_METHODS,
    "Return an enumerate object.\n\n  iterable\n    an object supporting iteration\n\nThe enumerate object yields pairs \
     containing a count (from start, which\ndefaults to zero) and a value yielded by the iterable \
     argument.\n\nenumerate is useful for obtaining an indexed list:\n    (0, seq[0]), (1, seq[1]), (2, seq[2]), ...",
);
static ZIP: TypeDef = TypeDef::new::<Zip>(
    "zip",
    ZIP_METHODS,
    "The zip object yields n-length tuples, where n is the number of iterables\npassed as positional arguments to zip().  \
     The i-th element in every tuple\ncomes from the i-th iterable argument to zip().  This continues until \
     the\nshortest argument is exhausted.\n\nIf strict is true and one of the arguments is exhausted before the \
     others,\nraise a ValueError.\n\n   >>> list(zip('abcdefg', range(3), range(4)))\n   [('a', 0, 0), ('b', 1, 1), \
     ('c', 2, 2)]",
);
static MAP: TypeDef = TypeDef::new::<Map>(
    "map",
    MAP_METHODS,
    "Make an iterator that computes the function using arguments from\neach of the iterables.  Stops when the shortest \
     iterable is exhausted.\n\nIf strict is true and one of the arguments is exhausted before the others,\nraise a \
     ValueError.",
);
static FILTER: TypeDef = TypeDef::new::<Filter>(
    "filter",
    FILTER_METHODS,
    "Return an iterator yielding those items of iterable for which function(item)\nis true. If function is None, return \
     the items that are true.",
);

fn this<T: HeapObject>(cx: &mut Thread, v: Value, name: &str) -> R<Gc<T>> {
    match v.cast() {
        Some(it) => Ok(it),
        None => Err(wrong_receiver(cx, name, v)),
    }
}

fn class(cx: &mut Thread, v: Value) -> R<Gc<Class>> {
    this(cx, v, "type")
}

fn enumerate_new(cx: &mut Thread, a: Args<'_>) -> R {
    let class = class(cx, a[0])?;
    let start = match a.opt(2) {
        Some(v) => cx.index_value(v)?,
        None => Value::small_int(0),
    };
    let iter = cx.iter(a[1])?;
    Ok(cx.alloc_of(class, Enumerate { iter: field(iter), count: field(start) })?.value())
}

fn enumerate_next(cx: &mut Thread, a: Args<'_>) -> R {
    let _: Gc<Enumerate> = this(cx, a[0], "enumerate")?;
    let r = enumerate_step(cx, a[0]);
    stop_at_end(cx, r)
}

/// The next pair as a tuple; unbound at the end.
fn enumerate_step(cx: &mut Thread, it: Value) -> R {
    match enumerate_pair(cx, it)? {
        Some(pair) if !pair[0].is_null() => Ok(cx.new_tuple(&pair)?.value()),
        _ => Ok(Value::NULL),
    }
}

#[inline]
fn enumerate_pair(cx: &mut Thread, it: Value) -> R<Option<[Value; 2]>> {
    // SAFETY: called for this kind only.
    let it: Gc<Enumerate> = unsafe { it.cast_unchecked() };
    let Some(v) = cx.next_inline(it.iter.get())? else { return Ok(Some([Value::NULL; 2])) };
    let n = it.count.get();
    match n.as_int().and_then(|n| Value::try_int(n + 1)) {
        Some(after) => it.count.set(cx, it, after),
        None => {
            let after = cx.binary(BinOp::Add, n, Value::small_int(1))?;
            it.count.set(cx, it, after);
        }
    }
    Ok(Some([n, v]))
}

fn enumerate_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let it: Gc<Enumerate> = this(cx, a[0], "enumerate")?;
    let args = cx.new_tuple(&[it.iter.get(), it.count.get()])?.value();
    let class = cx.class_of(a[0]).value();
    Ok(cx.new_tuple(&[class, args])?.value())
}

/// A tuple of iterators over the arguments.
fn iterators(cx: &mut Thread, args: &[Value]) -> R<Gc<Tuple>> {
    let mut out = RootedVec::new(cx);
    for v in args {
        let it = cx.iter(*v)?;
        out.push(it);
    }
    cx.new_tuple(&out)
}

fn make_zip(cx: &mut Thread, iterables: &[Value], func: Value, strict: Option<Value>) -> R<Zip> {
    let strict = match strict {
        Some(v) => cx.truth(v)?,
        None => false,
    };
    let iters = iterators(cx, iterables)?;
    Ok(Zip { iters: field(iters), func: field(func), strict: strict.into() })
}

fn zip_new(cx: &mut Thread, a: Args<'_>) -> R {
    let class = class(cx, a[0])?;
    let args: Gc<Tuple> = this(cx, a[1], "tuple")?;
    let zip = make_zip(cx, args.items(), Value::NULL, a.opt(2))?;
    Ok(cx.alloc_of(class, zip)?.value())
}

fn map_new(cx: &mut Thread, a: Args<'_>) -> R {
    let class = class(cx, a[0])?;
    let args: Gc<Tuple> = this(cx, a[1], "tuple")?;
    match args.items() {
        [f, iterables @ ..] if !iterables.is_empty() => {
            let zip = make_zip(cx, iterables, *f, a.opt(2))?;
            Ok(cx.alloc_of(class, Map(zip))?.value())
        }
        _ => Err(cx.type_error("map() must have at least two arguments.")),
    }
}

/// What the iterators gave.
enum Row {
    End,
    /// So many values are in the buffer.
    Few(usize),
    Many(Gc<Tuple>),
}

/// Up to this many values of a row lie in a buffer on the stack.
const FEW: usize = 4;

/// One value of each iterator.
#[inline(always)]
fn advance(cx: &mut Thread, z: &Zip, out: &mut [Value; FEW], name: &str) -> R<Row> {
    let Some(iters) = z.iters.cast::<Tuple>() else { return Ok(Row::End) };
    if iters.len > FEW || iters.len == 0 {
        return advance_many(cx, z, iters, name);
    }
    for (i, to) in out.iter_mut().enumerate().take(iters.len) {
        match cx.next_inline(iters.at(i))? {
            Some(v) => *to = v,
            None if z.strict.get() => {
                strict_end(cx, iters, i, name)?;
                return Ok(Row::End);
            }
            None => return Ok(Row::End),
        }
    }
    Ok(Row::Few(iters.len))
}

#[inline(never)]
fn advance_many(cx: &mut Thread, z: &Zip, iters: Gc<Tuple>, name: &str) -> R<Row> {
    let mut out = RootedVec::new(cx);
    for i in 0..iters.len {
        match cx.next(iters.at(i))? {
            Some(v) => out.push(v),
            None if z.strict.get() => {
                strict_end(cx, iters, i, name)?;
                return Ok(Row::End);
            }
            None => return Ok(Row::End),
        }
    }
    if iters.len == 0 { Ok(Row::End) } else { Ok(Row::Many(cx.new_tuple(&out)?)) }
}

/// Iterator `i` has ended: all must.
#[cold]
fn strict_end(cx: &mut Thread, iters: Gc<Tuple>, i: usize, name: &str) -> R<()> {
    let text = |i: usize| if i == 1 { "argument 1".to_owned() } else { format!("arguments 1-{i}") };
    if i > 0 {
        return Err(cx.value_error(format!("{name}() argument {} is shorter than {}", i + 1, text(i))));
    }
    for k in 1..iters.len {
        if cx.next(iters.at(k))?.is_some() {
            return Err(cx.value_error(format!("{name}() argument {} is longer than {}", k + 1, text(k))));
        }
    }
    Ok(())
}

fn zip_next(cx: &mut Thread, a: Args<'_>) -> R {
    let _: Gc<Zip> = this(cx, a[0], "zip")?;
    let r = zip_step(cx, a[0]);
    stop_at_end(cx, r)
}

fn zip_step(cx: &mut Thread, z: Value) -> R {
    // SAFETY: called for this kind only.
    let z: Gc<Zip> = unsafe { z.cast_unchecked() };
    let mut row = [Value::NULL; FEW];
    match advance(cx, &z, &mut row, "zip")? {
        Row::End => Ok(Value::NULL),
        Row::Few(2) => Ok(cx.new_tuple(&[row[0], row[1]])?.value()),
        Row::Few(n) => Ok(cx.new_tuple(&row[..n])?.value()),
        Row::Many(t) => Ok(t.value()),
    }
}

fn zip_pair(cx: &mut Thread, z: Value) -> R<Option<[Value; 2]>> {
    // SAFETY: called for this kind only.
    let z: Gc<Zip> = unsafe { z.cast_unchecked() };
    if z.iters.cast::<Tuple>().is_some_and(|iters| iters.len != 2) {
        return Ok(None);
    }
    let mut row = [Value::NULL; FEW];
    match advance(cx, &z, &mut row, "zip")? {
        Row::Few(_) => Ok(Some([row[0], row[1]])),
        _ => Ok(Some([Value::NULL; 2])),
    }
}

fn map_next(cx: &mut Thread, a: Args<'_>) -> R {
    let _: Gc<Map> = this(cx, a[0], "map")?;
    let r = map_step(cx, a[0]);
    stop_at_end(cx, r)
}

fn map_step(cx: &mut Thread, z: Value) -> R {
    // SAFETY: called for this kind only.
    let z: Gc<Map> = unsafe { z.cast_unchecked() };
    let mut row = [Value::NULL; FEW];
    match advance(cx, &z.0, &mut row, "map")? {
        Row::End => Ok(Value::NULL),
        Row::Few(n) => cx.call(z.0.func.get(), &row[..n]),
        Row::Many(t) => cx.call_ex(z.0.func.get(), t, Value::NULL),
    }
}

/// What pickling calls: the class, and arguments; `strict` is the state.
fn with_strict(cx: &mut Thread, it: Value, z: &Zip, args: &[Value]) -> R {
    let class = cx.class_of(it).value();
    let args = cx.new_tuple(args)?.value();
    if z.strict.get() {
        return Ok(cx.new_tuple(&[class, args, Value::TRUE])?.value());
    }
    Ok(cx.new_tuple(&[class, args])?.value())
}

fn zip_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let z: Gc<Zip> = this(cx, a[0], "zip")?;
    let iters: Gc<Tuple> = this(cx, z.iters.get(), "tuple")?;
    with_strict(cx, a[0], &z, iters.items())
}

fn map_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let z: Gc<Map> = this(cx, a[0], "map")?;
    let iters: Gc<Tuple> = this(cx, z.0.iters.get(), "tuple")?;
    let mut args = RootedVec::new(cx);
    args.push(z.0.func.get());
    args.as_mut_vec().extend_from_slice(iters.items());
    with_strict(cx, a[0], &z.0, &args)
}

fn zip_setstate(cx: &mut Thread, a: Args<'_>) -> R {
    let z: Gc<Zip> = this(cx, a[0], "zip")?;
    let strict = cx.truth(a[1])?;
    z.strict.set(strict);
    Ok(Value::NONE)
}

fn map_setstate(cx: &mut Thread, a: Args<'_>) -> R {
    let z: Gc<Map> = this(cx, a[0], "map")?;
    let strict = cx.truth(a[1])?;
    z.0.strict.set(strict);
    Ok(Value::NONE)
}

fn filter_new(cx: &mut Thread, a: Args<'_>) -> R {
    let class = class(cx, a[0])?;
    let iter = cx.iter(a[2])?;
    Ok(cx.alloc_of(class, Filter { func: field(a[1]), iter: field(iter) })?.value())
}

fn filter_next(cx: &mut Thread, a: Args<'_>) -> R {
    let _: Gc<Filter> = this(cx, a[0], "filter")?;
    let r = filter_step(cx, a[0]);
    stop_at_end(cx, r)
}

fn filter_step(cx: &mut Thread, it: Value) -> R {
    // SAFETY: called for this kind only.
    let it: Gc<Filter> = unsafe { it.cast_unchecked() };
    let (f, iter) = (it.func.get(), it.iter.get());
    let plain = f.is_none() || f == cx.builtin(ferropy_vm::Builtin::Bool).value();
    while let Some(v) = cx.next_inline(iter)? {
        let good = if plain { v } else { cx.call(f, &[v])? };
        if cx.truth(good)? {
            return Ok(v);
        }
    }
    Ok(Value::NULL)
}

fn filter_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let it: Gc<Filter> = this(cx, a[0], "filter")?;
    let args = cx.new_tuple(&[it.func.get(), it.iter.get()])?.value();
    let class = cx.class_of(a[0]).value();
    Ok(cx.new_tuple(&[class, args])?.value())
}
