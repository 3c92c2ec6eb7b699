//! accumulate, batched, cycle, groupby, islice, zip_longest.

use super::simple::items;
use super::{Iter, end, iterator, make, make_def, of, pull, this};
use ferropy_vm::types::{Array, List};
use ferropy_vm::{Args, BinOp, Gc, NativeDef, R, RootedVec, Thread, TypeDef, Value};

pub static TYPES: &[&TypeDef] = &[&ACCUMULATE, &BATCHED, &CYCLE, &GROUPBY, &GROUPER, &ISLICE, &ZIP_LONGEST];

iterator!(ACCUMULATE "accumulate" "__new__(cls, iterable, func=None, *, initial=None)" accumulate_new
    "Return series of accumulated sums (or other binary function results).");
iterator!(BATCHED "batched" "__new__(cls, iterable, n, *, strict=False)" batched_new
    "Batch data into tuples of length n. The last batch may be shorter than n.\n\nLoops over the input iterable and accumulates data into tuples up to size\nn.  The input is consumed lazily, just enough to fill a batch.  The\nresult is yielded as soon as a batch is full or when the input iterable\nis exhausted.\n\n    >>> for batch in batched('ABCDEFG', 3):\n    ...     print(batch)\n    ...\n    ('A', 'B', 'C')\n    ('D', 'E', 'F')\n    ('G',)\n\nIf \"strict\" is True, raises a ValueError if the final batch is shorter\nthan n.");
iterator!(CYCLE "cycle" "__new__(cls, iterable, /)" cycle_new
    "Return elements from the iterable until it is exhausted. Then repeat the sequence indefinitely.");
iterator!(GROUPBY "groupby" "__new__(cls, iterable, key=None)" groupby_new
    "make an iterator that returns consecutive keys and groups from the iterable\n\n  iterable\n    Elements to divide into groups according to the key function.\n  key\n    A function for computing the group category for each element.\n    If the key function is not specified or is None, the element itself\n    is used for grouping.");
iterator!(GROUPER "_grouper" "__new__(cls, parent, tgtkey, /)" grouper_new "");
iterator!(ISLICE "islice" "__new__(cls, /, *args)" islice_new
    "islice(iterable, stop) --> islice object\nislice(iterable, start, stop[, step]) --> islice object\n\nReturn an iterator whose next() method returns selected values from an\niterable.  If start is specified, will skip all preceding elements;\notherwise, start defaults to zero.  Step defaults to one.  If\nspecified as another value, step determines how many values are\nskipped between successive calls.  Works like a slice() on a list\nbut returns an iterator.");
iterator!(ZIP_LONGEST "zip_longest" "__new__(cls, /, *iterables, fillvalue=None)" zip_longest_new
    "Return a zip_longest object whose .__next__() method returns a tuple where\nthe i-th element comes from the i-th iterable argument.  The .__next__()\nmethod continues until the longest iterable in the argument sequence\nis exhausted and then it raises StopIteration.  When the shorter iterables\nare exhausted, the fillvalue is substituted in their place.  The fillvalue\ndefaults to None or can be specified by a keyword argument."
    NativeDef::class_method("__class_getitem__(cls, object, /)", ferropy_builtins::list::class_getitem, "See PEP 585"));

// ---- accumulate: a = source, b = function, c = total, d = initial value

fn accumulate_new(cx: &mut Thread, a: Args<'_>) -> R {
    let it = cx.iter(a[1])?;
    let (func, initial) = (a.some(2).unwrap_or(Value::NULL), a.some(3).unwrap_or(Value::NULL));
    Ok(make(cx, a[0], accumulate_next, &[it, func, Value::NULL, initial])?.value())
}

fn accumulate_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    if let Some(v) = it.d.get().bound() {
        it.d.set(cx, it, Value::NULL);
        it.c.set(cx, it, v);
        return Ok(v);
    }
    let Some(v) = pull(cx, it, |i| &i.a)? else { return end() };
    let total = match (it.c.get().bound(), it.b.get().bound()) {
        (None, _) => v,
        (Some(t), None) => cx.binary(BinOp::Add, t, v)?,
        (Some(t), Some(f)) => cx.call(f, &[t, v])?,
    };
    it.c.set(cx, it, total);
    Ok(total)
}

// ---- batched: a = source, n = size, state = strict

fn batched_new(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.index(a[2])?;
    let strict = match a.opt(3) {
        Some(v) => cx.truth(v)?,
        None => false,
    };
    if n < 1 {
        return Err(cx.value_error("n must be at least one"));
    }
    let source = cx.iter(a[1])?;
    let it = make(cx, a[0], batched_next, &[source])?;
    it.n.set(n);
    it.state.set(strict as i64);
    Ok(it.value())
}

fn batched_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    let n = it.n.get() as usize;
    if n > 1 << 10 {
        return big_batch(cx, it, n);
    }
    let Some(first) = pull(cx, it, |i| &i.a)? else { return end() };
    // Nobody else sees the tuple before it is full.
    let batch = cx.tuple_with(n, |to| to[0] = first)?;
    for i in 1..n {
        match pull(cx, it, |i| &i.a)? {
            Some(v) => batch.field(i).set(cx, batch, v),
            None if it.state.get() == 1 => return Err(incomplete(cx)),
            None => return Ok(cx.new_tuple(&batch.items()[..i])?.value()),
        }
    }
    Ok(batch.value())
}

fn incomplete(cx: &mut Thread) -> ferropy_vm::Raised {
    cx.value_error("batched(): incomplete batch")
}

fn big_batch(cx: &mut Thread, it: Gc<Iter>, n: usize) -> R {
    let mut out = RootedVec::new(cx);
    while out.len() < n {
        match pull(cx, it, |i| &i.a)? {
            Some(v) => out.push(v),
            None => break,
        }
    }
    if out.is_empty() {
        return end();
    }
    if out.len() < n && it.state.get() == 1 {
        return Err(incomplete(cx));
    }
    Ok(cx.new_tuple(&out)?.value())
}

// ---- cycle: a = source, b = list of what it gave, n = position in that

fn cycle_new(cx: &mut Thread, a: Args<'_>) -> R {
    let source = cx.iter(a[1])?;
    let saved = cx.new_list(&[])?.value();
    Ok(make(cx, a[0], cycle_next, &[source, saved])?.value())
}

fn cycle_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    let Some(saved) = it.b.cast::<List>() else { return end() };
    if let Some(v) = pull(cx, it, |i| &i.a)? {
        cx.list_append(saved, v)?;
        return Ok(v);
    }
    let n = it.n.get() as usize;
    match saved.get(n) {
        Some(v) => {
            it.n.set(if n + 1 < saved.len() { n as i64 + 1 } else { 0 });
            Ok(v)
        }
        None => end(),
    }
}

// ---- groupby: a = source, b = key function, c = current key, d = current value, e = target key, f = current group

fn groupby_new(cx: &mut Thread, a: Args<'_>) -> R {
    let source = cx.iter(a[1])?;
    Ok(make(cx, a[0], groupby_next, &[source, a.some(2).unwrap_or(Value::NULL)])?.value())
}

/// Fetches the next value and its key; false at the end.
fn group_step(cx: &mut Thread, it: Gc<Iter>) -> R<bool> {
    let Some(v) = pull(cx, it, |i| &i.a)? else { return Ok(false) };
    let key = match it.b.get().bound() {
        Some(f) => cx.call(f, &[v])?,
        None => v,
    };
    it.d.set(cx, it, v);
    it.c.set(cx, it, key);
    Ok(true)
}

fn groupby_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    it.f.set(cx, it, Value::NULL);
    loop {
        match (it.c.get().bound(), it.e.get().bound()) {
            (None, _) => {}
            (Some(_), None) => break,
            (Some(key), Some(target)) => {
                if !cx.eq(target, key)? {
                    break;
                }
            }
        }
        if !group_step(cx, it)? {
            return end();
        }
    }
    let key = it.c.get();
    it.e.set(cx, it, key);
    let group = make_def(cx, &GROUPER, grouper_next, &[me, key])?.value();
    it.f.set(cx, it, group);
    Ok(cx.new_tuple(&[key, group])?.value())
}

fn grouper_new(cx: &mut Thread, a: Args<'_>) -> R {
    let parent = this(cx, a[1])?;
    let group = make(cx, a[0], grouper_next, &[a[1], a[2]])?.value();
    parent.f.set(cx, parent, group);
    Ok(group)
}

fn grouper_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    let parent = this(cx, it.a.get())?;
    if parent.f.get() != me {
        return end();
    }
    if parent.d.get().is_null() && !group_step(cx, parent)? {
        return end();
    }
    if !cx.eq(it.b.get(), parent.c.get())? {
        return end();
    }
    let v = parent.d.get();
    parent.d.set(cx, parent, Value::NULL);
    if v.is_null() { end() } else { Ok(v) }
}

// ---- islice: a = source, n = next index wanted, m = items seen, k = stop (-1: none), state = step

fn islice_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(args) = items(a[1]) else { return end() };
    let args = args.items();
    if args.len() < 2 || args.len() > 4 {
        let (word, n) = if args.len() < 2 { ("at least", 2) } else { ("at most", 4) };
        return Err(cx.type_error(format!("islice expected {word} {n} arguments, got {}", args.len())));
    }
    let alone = args.len() == 2;
    let (start, end) = if alone { (Value::NONE, args[1]) } else { (args[1], args[2]) };
    let step = args.get(3).copied().unwrap_or(Value::NONE);
    let range = "must be None or an integer: 0 <= x <= sys.maxsize.";
    let text =
        if alone { format!("Stop argument for islice() {range}") } else { format!("Indices for islice() {range}") };
    let start = islice_number(cx, start, 0, 0, &format!("Indices for islice() {range}"))?;
    let end = islice_number(cx, end, -1, 0, &text)?;
    let step = islice_number(cx, step, 1, 1, "Step for islice() must be a positive integer or None.")?;
    let source = cx.iter(args[0])?;
    let it = make(cx, a[0], islice_next, &[source])?;
    it.n.set(start);
    it.k.set(end);
    it.state.set(step);
    Ok(it.value())
}

fn islice_number(cx: &mut Thread, v: Value, default: i64, least: i64, text: &str) -> R<i64> {
    if v.is_none() {
        return Ok(default);
    }
    if !cx.has_index(v) {
        return Err(cx.value_error(text));
    }
    match cx.index_value(v)?.to_i64() {
        Some(n) if n >= least => Ok(n),
        _ => Err(cx.value_error(text)),
    }
}

fn islice_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    let last = it.k.get();
    while it.m.get() < it.n.get() {
        if pull(cx, it, |i| &i.a)?.is_none() {
            return end();
        }
        it.m.set(it.m.get() + 1);
    }
    if last != -1 && it.m.get() >= last {
        it.a.set(cx, it, Value::NULL);
        return end();
    }
    let Some(v) = pull(cx, it, |i| &i.a)? else { return end() };
    it.m.set(it.m.get() + 1);
    let next = it.n.get().saturating_add(it.state.get());
    it.n.set(if last != -1 { next.min(last) } else { next });
    Ok(v)
}

// ---- zip_longest: a = array of iterators (unbound: ended), b = fill value, n = how many run still

fn zip_longest_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(args) = items(a[1]) else { return end() };
    let array = cx.new_array(args.len)?;
    for i in 0..args.len {
        let source = cx.iter(args.at(i))?;
        array.field(i).set(cx, array, source);
    }
    let it = make(cx, a[0], zip_longest_next, &[array.value(), a.or(2, Value::NONE)])?;
    it.n.set(args.len as i64);
    Ok(it.value())
}

fn zip_longest_next(cx: &mut Thread, me: Value) -> R {
    let it = of(me);
    let Some(array) = it.a.cast::<Array>() else { return end() };
    if it.n.get() == 0 {
        return end();
    }
    // Nobody else sees the tuple before it is full.
    let row = cx.tuple_with(array.capacity(), |_| {})?;
    for i in 0..array.capacity() {
        let Some(source) = array.field(i).get().bound() else {
            row.field(i).set(cx, row, it.b.get());
            continue;
        };
        let r = cx.next_inline(source);
        if r.is_err() {
            it.n.set(0);
        }
        match r? {
            Some(v) => row.field(i).set(cx, row, v),
            None => {
                array.field(i).set(cx, array, Value::NULL);
                it.n.set(it.n.get() - 1);
                if it.n.get() <= 0 {
                    return end();
                }
                row.field(i).set(cx, row, it.b.get());
            }
        }
    }
    Ok(row.value())
}
