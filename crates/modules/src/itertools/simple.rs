//! Iterators that look at one item at a time, and tee.

use super::{end, iterator, make, make_def, of, pull, this};
use ferropy_builtins::list::class_getitem;
use ferropy_vm::class::flags;
use ferropy_vm::types::Tuple;
use ferropy_vm::{
    Args, BinOp, Exc, Field, Gc, N, NativeDef, R, RootedVec, Thread, TypeDef, Value, field, heap_kind, null_field,
};
use std::cell::Cell;

pub static TYPES: &[&TypeDef] =
    &[&CHAIN, &COUNT, &COMPRESS, &DROPWHILE, &TAKEWHILE, &FILTERFALSE, &STARMAP, &PAIRWISE, &REPEAT, &TEE];

pub static FUNCTIONS: &[NativeDef] =
    &[NativeDef::function("tee(iterable, n=2, /)", tee, "Returns a tuple of n independent iterators.")];

iterator!(CHAIN "chain" "__new__(cls, /, *iterables)" chain_new
    "Return a chain object whose .__next__() method returns elements from the\nfirst iterable until it is exhausted, then elements from the next\niterable, until all of the iterables are exhausted."
    NativeDef::class_method("from_iterable(cls, iterable, /)", chain_from_iterable, "Alternative chain() constructor taking a single iterable argument that evaluates lazily."),
    NativeDef::class_method("__class_getitem__(cls, object, /)", class_getitem, "See PEP 585"));
iterator!(COUNT "count" "__new__(cls, start=0, step=1)" count_new
    "Return a count object whose .__next__() method returns consecutive values."
    NativeDef::method("__repr__(self, /)", count_repr, "Return repr(self)."));
iterator!(COMPRESS "compress" "__new__(cls, data, selectors)" compress_new
    "Return data elements corresponding to true selector elements.\n\nForms a shorter iterator from selected data elements using the selectors to\nchoose the data elements.");
iterator!(DROPWHILE "dropwhile" "__new__(cls, predicate, iterable, /)" dropwhile_new
    "Drop items from the iterable while predicate(item) is true.\n\nAfterwards, return every element until the iterable is exhausted.");
iterator!(TAKEWHILE "takewhile" "__new__(cls, predicate, iterable, /)" takewhile_new
    "Return successive entries from an iterable as long as the predicate evaluates to true for each entry.");
iterator!(FILTERFALSE "filterfalse" "__new__(cls, function, iterable, /)" filterfalse_new
    "Return those items of iterable for which function(item) is false.\n\nIf function is None, return the items that are false.");
iterator!(STARMAP "starmap" "__new__(cls, function, iterable, /)" starmap_new
    "Return an iterator whose values are returned from the function evaluated with an argument tuple taken from the given sequence.");
iterator!(PAIRWISE "pairwise" "__new__(cls, iterable, /)" pairwise_new
    "Return an iterator of overlapping pairs taken from the input iterator.\n\n    s -> (s0,s1), (s1,s2), (s2, s3), ...");
iterator!(REPEAT "repeat" "__new__(cls, object, times=<unrepresentable>)" repeat_new
    "repeat(object [,times]) -> create an iterator which returns the object\nfor the specified number of times.  If not specified, returns the object\nendlessly."
    NativeDef::method("__repr__(self, /)", repeat_repr, "Return repr(self)."),
    NativeDef::method("__length_hint__(self, /)", repeat_hint, "Private method returning an estimate of len(list(it))."));
iterator!(TEE "_tee" "__new__(cls, iterable, /)" tee_new
    "Iterator wrapped to make it copyable."
    NativeDef::method("__copy__(self, /)", tee_copy, "Returns an independent iterator.");
    flags::IMMUTABLE | flags::WEAKREF);

// ---- chain: a = iterator of iterables, b = the current one

fn chain_new(cx: &mut Thread, a: Args<'_>) -> R {
    let it = cx.iter(a[1])?;
    Ok(make(cx, a[0], chain_next, &[it])?.value())
}

fn chain_from_iterable(cx: &mut Thread, a: Args<'_>) -> R {
    let it = cx.iter(a[1])?;
    Ok(make(cx, a[0], chain_next, &[it])?.value())
}

fn chain_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    loop {
        if it.b.get().is_null() {
            match pull(cx, it, |i| &i.a)? {
                Some(v) => {
                    let r = cx.iter(v);
                    if r.is_err() {
                        it.a.set(cx, it, Value::NULL);
                    }
                    it.b.set(cx, it, r?);
                }
                None => return end(),
            }
        }
        if let Some(v) = pull(cx, it, |i| &i.b)? {
            return Ok(v);
        }
    }
}

// ---- count: a = next value, b = step

fn is_number(cx: &mut Thread, v: Value) -> bool {
    v.is_any_int()
        || v.as_float().is_some()
        || [N::__index__, N::__int__, N::__float__, N::__complex__].iter().any(|n| cx.lookup_special(v, *n).is_some())
}

fn count_new(cx: &mut Thread, a: Args<'_>) -> R {
    let (start, step) = (a.or(1, Value::small_int(0)), a.or(2, Value::small_int(1)));
    if !is_number(cx, start) || !is_number(cx, step) {
        return Err(cx.type_error("a number is required"));
    }
    Ok(make(cx, a[0], count_next, &[start, step])?.value())
}

fn count_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    let v = it.a.get();
    let small = v.as_int().zip(it.b.get().as_int()).and_then(|(n, step)| Value::try_int(n + step));
    let next = match small {
        Some(next) => next,
        None => cx.binary(BinOp::Add, v, it.b.get())?,
    };
    it.a.set(cx, it, next);
    Ok(v)
}

fn count_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a[0])?;
    let name = cx.class_of(a[0]).name();
    let n = cx.repr(it.a.get())?.to_lossy();
    let text = if it.b.get() == Value::small_int(1) {
        format!("{name}({n})")
    } else {
        let step = cx.repr(it.b.get())?.to_lossy();
        format!("{name}({n}, {step})")
    };
    Ok(cx.new_str(&text)?.value())
}

// ---- compress: a = data, b = selectors

fn compress_new(cx: &mut Thread, a: Args<'_>) -> R {
    let data = cx.iter(a[1])?;
    let selectors = cx.iter(a[2])?;
    Ok(make(cx, a[0], compress_next, &[data, selectors])?.value())
}

fn compress_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    loop {
        let (Some(data), Some(selectors)) = (it.a.get().bound(), it.b.get().bound()) else { return end() };
        let Some(v) = cx.next_inline(data)? else { return end() };
        let Some(s) = cx.next_inline(selectors)? else { return end() };
        if cx.truth(s)? {
            return Ok(v);
        }
    }
}

// ---- function and iterable: a = source, b = function

macro_rules! two_new {
    ($($new:ident $next:ident)*) => {
        $(fn $new(cx: &mut Thread, a: Args<'_>) -> R {
            let it = cx.iter(a[2])?;
            Ok(make(cx, a[0], $next, &[it, a[1]])?.value())
        })*
    };
}
two_new! {
    dropwhile_new dropwhile_next
    takewhile_new takewhile_next
    filterfalse_new filterfalse_next
    starmap_new starmap_next
}

fn dropwhile_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    while let Some(v) = pull(cx, it, |i| &i.a)? {
        if it.state.get() == 1 {
            return Ok(v);
        }
        let dropped = cx.call(it.b.get(), &[v])?;
        if !cx.truth(dropped)? {
            it.state.set(1);
            return Ok(v);
        }
    }
    end()
}

fn takewhile_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    if it.state.get() == 0
        && let Some(v) = pull(cx, it, |i| &i.a)?
    {
        let good = cx.call(it.b.get(), &[v])?;
        if cx.truth(good)? {
            return Ok(v);
        }
        it.state.set(1);
    }
    end()
}

fn filterfalse_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    let f = it.b.get();
    let plain = f.is_none() || f == cx.builtin(ferropy_vm::Builtin::Bool).value();
    while let Some(v) = pull(cx, it, |i| &i.a)? {
        let good = if plain { v } else { cx.call(f, &[v])? };
        if !cx.truth(good)? {
            return Ok(v);
        }
    }
    end()
}

fn starmap_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    match pull(cx, it, |i| &i.a)? {
        Some(v) => {
            let args = cx.tuple_from(v)?;
            cx.call_ex(it.b.get(), args, Value::NULL)
        }
        None => end(),
    }
}

// ---- pairwise: a = source, b = the item before

fn pairwise_new(cx: &mut Thread, a: Args<'_>) -> R {
    let it = cx.iter(a[1])?;
    Ok(make(cx, a[0], pairwise_next, &[it])?.value())
}

fn pairwise_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    if it.b.get().is_null() {
        match pull(cx, it, |i| &i.a)? {
            Some(v) => it.b.set(cx, it, v),
            None => return end(),
        }
    }
    let old = it.b.get();
    match pull(cx, it, |i| &i.a)? {
        Some(v) => {
            it.b.set(cx, it, v);
            Ok(cx.new_tuple(&[old, v])?.value())
        }
        None => {
            it.b.set(cx, it, Value::NULL);
            end()
        }
    }
}

// ---- repeat: a = object, n = how often still (-1: for ever)

fn repeat_new(cx: &mut Thread, a: Args<'_>) -> R {
    let n = match a.opt(2) {
        Some(v) => cx.index(v)?.max(0),
        None => -1,
    };
    let it = make(cx, a[0], repeat_next, &[a[1]])?;
    it.n.set(n);
    Ok(it.value())
}

fn repeat_next(_cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    match it.n.get() {
        0 => return end(),
        n if n > 0 => it.n.set(n - 1),
        _ => {}
    }
    Ok(it.a.get())
}

fn repeat_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a[0])?;
    let name = cx.class_of(a[0]).name();
    let v = cx.repr(it.a.get())?.to_lossy();
    let text = match it.n.get() {
        -1 => format!("{name}({v})"),
        n => format!("{name}({v}, {n})"),
    };
    Ok(cx.new_str(&text)?.value())
}

fn repeat_hint(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a[0])?;
    match it.n.get() {
        -1 => Err(cx.type_error("len() of unsized object")),
        n => cx.int(n),
    }
}

// ---- tee: a = node

/// A link in the list that tees over one iterator share: its value once fetched, and the next link.
#[repr(C)]
struct Node {
    value: Field,
    next: Field,
    source: Field,
    running: Cell<bool>,
}
heap_kind!(Node, "tee node", 3);

static NODE: TypeDef =
    TypeDef::new::<Node>("itertools._tee_dataobject", &[], "Data container common to multiple tee objects.");

fn new_node(cx: &mut Thread, source: Value) -> R<Gc<Node>> {
    let class = cx.native_class(&NODE)?;
    let node = Node { value: null_field(), next: null_field(), source: field(source), running: false.into() };
    cx.alloc_of(class, node)
}

fn tee(cx: &mut Thread, a: Args<'_>) -> R {
    let n = match a.opt(1) {
        Some(v) => cx.index(v)?,
        None => 2,
    };
    if n < 0 {
        return Err(cx.value_error("n must be >= 0"));
    }
    let node = if n > 0 { tee_node(cx, a[0])? } else { Value::NULL };
    let mut out = RootedVec::new(cx);
    for _ in 0..n {
        let t = make_def(cx, &TEE, tee_next, &[node])?;
        out.push(t);
    }
    Ok(cx.new_tuple(&out)?.value())
}

/// The node at which a tee over `v` begins.
fn tee_node(cx: &mut Thread, v: Value) -> R {
    let it = cx.iter(v)?;
    let class = cx.native_class(&TEE)?;
    if cx.is_instance(it, class) {
        return Ok(this(cx, it)?.a.get());
    }
    Ok(new_node(cx, it)?.value())
}

fn tee_new(cx: &mut Thread, a: Args<'_>) -> R {
    let node = tee_node(cx, a[1])?;
    Ok(make(cx, a[0], tee_next, &[node])?.value())
}

fn tee_copy(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a[0])?;
    let class = cx.class_of(a[0]).value();
    Ok(make(cx, class, tee_next, &[it.a.get()])?.value())
}

fn tee_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    let Some(node) = it.a.cast::<Node>() else { return end() };
    if node.value.get().is_null() {
        if node.running.replace(true) {
            return Err(cx.error(Exc::RuntimeError, "cannot re-enter the tee iterator"));
        }
        let r = cx.next_inline(node.source.get());
        node.running.set(false);
        let Some(v) = r? else { return end() };
        let next = new_node(cx, node.source.get())?;
        node.value.set(cx, node, v);
        node.next.set(cx, node, next);
    }
    it.a.set(cx, it, node.next.get());
    Ok(node.value.get())
}

/// Items of a tuple argument.
pub(super) fn items(v: Value) -> Option<Gc<Tuple>> {
    v.cast()
}
