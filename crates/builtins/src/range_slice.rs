//! `range`, its iterators, and `slice`.
//!
//! Terms: a range's *parts* are start, stop and step as plain ints, and its length. A *long* iterator has parts that do not
//! fit the machine. Invariant: a range's length is exact whatever its size.

use dashu_int::IBig;
use ferropy_text::int as tint;
use ferropy_vm::types::{LongRangeIter, Range, RangeIter, Slice, Tuple};
use ferropy_vm::{Args, BinOp, Builtin, CmpOp, Gc, NativeDef, R, Thread, Value, field};

fn this_range(cx: &mut Thread, v: Value) -> R<Gc<Range>> {
    match v.cast::<Range>() {
        Some(r) => Ok(r),
        None => Err(cx.type_error("descriptor requires a 'range' object")),
    }
}

fn big(v: Value) -> IBig {
    v.to_ibig().unwrap_or_default()
}

/// The number of items of a range.
fn length(start: &IBig, stop: &IBig, step: &IBig) -> IBig {
    let (low, high, step) = if tint::is_negative(step) {
        (stop.clone(), start.clone(), -step.clone())
    } else {
        (start.clone(), stop.clone(), step.clone())
    };
    if low >= high { IBig::ZERO } else { (high - low - IBig::ONE) / step + IBig::ONE }
}

/// A range object of three ints.
pub(crate) fn make_range(cx: &mut Thread, start: Value, stop: Value, step: Value) -> R {
    let len = match (start.as_int(), stop.as_int(), step.as_int()) {
        (Some(a), Some(b), Some(c)) if c != 0 => {
            let (low, high) = if c > 0 { (a, b) } else { (b, a) };
            // Small ints have 63 bits: their difference fits in 64.
            let n = match (low >= high, c) {
                (true, _) => 0,
                (_, 1) => (high - low) as u64,
                _ => (high - low - 1) as u64 / c.unsigned_abs() + 1,
            };
            cx.uint(n)?
        }
        _ => cx.bigint(&length(&big(start), &big(stop), &big(step)))?,
    };
    let range = Range { start: field(start), stop: field(stop), step: field(step), len: field(len) };
    Ok(cx.alloc(Builtin::Range, range)?.value())
}

fn range_new(cx: &mut Thread, a: Args<'_>) -> R {
    // SAFETY: the binder made a tuple.
    let args = unsafe { a[1].cast_unchecked::<Tuple>() };
    match args.len {
        0 => return Err(cx.type_error("range expected at least 1 argument, got 0")),
        1..=3 => {}
        n => return Err(cx.type_error(format!("range expected at most 3 arguments, got {n}"))),
    }
    let first = cx.index_value(args.at(0))?;
    if args.len == 1 {
        return make_range(cx, Value::small_int(0), first, Value::small_int(1));
    }
    let stop = cx.index_value(args.at(1))?;
    let step = if args.len == 3 { cx.index_value(args.at(2))? } else { Value::small_int(1) };
    if step == Value::small_int(0) {
        return Err(cx.value_error("range() arg 3 must not be zero"));
    }
    make_range(cx, first, stop, step)
}

fn range_len(cx: &mut Thread, a: Args<'_>) -> R {
    let r = this_range(cx, a[0])?;
    if r.len.get().to_i64().is_none() {
        return Err(cx.overflow_error("Python int too large to convert to C ssize_t"));
    }
    Ok(r.len.get())
}

fn range_bool(cx: &mut Thread, a: Args<'_>) -> R {
    let r = this_range(cx, a[0])?;
    Ok(Value::bool(r.len.get() != Value::small_int(0)))
}

/// Item `i` (which exists) of a range.
fn item(cx: &mut Thread, r: Gc<Range>, i: Value) -> R {
    if let (Some(start), Some(step), Some(i)) = (r.start.get().as_int(), r.step.get().as_int(), i.as_int())
        && let Some(n) = i.checked_mul(step).and_then(|n| n.checked_add(start))
    {
        return cx.int(n);
    }
    let offset = cx.binary(BinOp::Mul, i, r.step.get())?;
    cx.binary(BinOp::Add, r.start.get(), offset)
}

fn range_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let r = this_range(cx, a[0])?;
    if let Some(s) = a[1].cast::<Slice>() {
        return range_slice(cx, r, s);
    }
    if !cx.has_index(a[1]) {
        let class = cx.class_name(a[1]);
        return Err(cx.type_error(format!("range indices must be integers or slices, not {class}")));
    }
    let i = cx.index_value(a[1])?;
    if let (Some(i), Some(n)) = (i.as_int(), r.len.get().as_int()) {
        let at = if i < 0 { i + n } else { i };
        if at < 0 || at >= n {
            return Err(cx.index_error("range object index out of range"));
        }
        return item(cx, r, Value::small_int(at));
    }
    let (mut i, n) = (big(i), big(r.len.get()));
    if tint::is_negative(&i) {
        i += &n;
    }
    if tint::is_negative(&i) || i >= n {
        return Err(cx.index_error("range object index out of range"));
    }
    let i = cx.bigint(&i)?;
    item(cx, r, i)
}

fn range_slice(cx: &mut Thread, r: Gc<Range>, s: Gc<Slice>) -> R {
    let small = |v: Value| v.as_int().filter(|n| n.unsigned_abs() < 1 << 31);
    if let (Some(first), Some(_), Some(by), Some(n)) =
        (small(r.start.get()), small(r.stop.get()), small(r.step.get()), small(r.len.get()))
    {
        let ix = cx.slice_indices(s, n as usize)?;
        if ix.step.unsigned_abs() < 1 << 31 {
            let [start, stop, step] = [first + ix.start * by, first + ix.stop * by, ix.step * by].map(Value::try_int);
            if let (Some(start), Some(stop), Some(step)) = (start, stop, step) {
                return make_range(cx, start, stop, step);
            }
        }
    }
    let n = big(r.len.get());
    let (start, stop, step) = slice_bounds(cx, s, &n)?;
    let (first, by) = (big(r.start.get()), big(r.step.get()));
    let new_start = &first + &start * &by;
    let new_stop = &first + &stop * &by;
    let new_step = step * by;
    let new_start = cx.bigint(&new_start)?;
    let new_stop = cx.bigint(&new_stop)?;
    let new_step = cx.bigint(&new_step)?;
    make_range(cx, new_start, new_stop, new_step)
}

/// Where the int stands in the range, if it does.
fn position(r: Gc<Range>, n: &IBig) -> Option<IBig> {
    let (start, step) = (big(r.start.get()), big(r.step.get()));
    let offset = n - start;
    let (q, rest) = tint::div_mod(&offset, &step).ok()?;
    (rest == IBig::ZERO && !tint::is_negative(&q) && q < big(r.len.get())).then_some(q)
}

/// Is it an int or bool, whose equality is known?
fn is_exact_int(v: Value) -> bool {
    v.is_int() || v.is_bool() || v.shape() == Builtin::Int as u32
}

fn range_contains(cx: &mut Thread, a: Args<'_>) -> R {
    let r = this_range(cx, a[0])?;
    if let (Some(n), Some(start), Some(step), Some(len)) =
        (a[1].as_int(), r.start.get().as_int(), r.step.get().as_int(), r.len.get().as_int())
    {
        // Small ints have 63 bits: the difference fits in 64.
        let offset = n - start;
        return Ok(Value::bool(offset % step == 0 && (0..len).contains(&(offset / step))));
    }
    if is_exact_int(a[1]) {
        return Ok(Value::bool(position(r, &big(a[1])).is_some()));
    }
    let it = cx.range_iter(a[0])?;
    while let Some(v) = cx.next(it)? {
        if cx.eq(v, a[1])? {
            return Ok(Value::TRUE);
        }
    }
    Ok(Value::FALSE)
}

fn range_index(cx: &mut Thread, a: Args<'_>) -> R {
    let r = this_range(cx, a[0])?;
    if is_exact_int(a[1]) {
        return match position(r, &big(a[1])) {
            Some(n) => cx.bigint(&n),
            None => Err(cx.value_error("range.index(x): x not in range")),
        };
    }
    let it = cx.range_iter(a[0])?;
    let mut at = 0;
    while let Some(v) = cx.next(it)? {
        if cx.eq(v, a[1])? {
            return cx.int(at);
        }
        at += 1;
    }
    Err(cx.value_error("sequence.index(x): x not in sequence"))
}

fn range_count(cx: &mut Thread, a: Args<'_>) -> R {
    let r = this_range(cx, a[0])?;
    if is_exact_int(a[1]) {
        return Ok(Value::small_int(position(r, &big(a[1])).is_some() as i64));
    }
    let it = cx.range_iter(a[0])?;
    let mut count = 0;
    while let Some(v) = cx.next(it)? {
        if cx.eq(v, a[1])? {
            count += 1;
        }
    }
    cx.int(count)
}

/// What equality and hash depend on: (length, first item or None, step or None).
fn essence(r: Gc<Range>) -> [Value; 3] {
    let len = r.len.get();
    match len.as_int() {
        Some(0) => [len, Value::NONE, Value::NONE],
        Some(1) => [len, r.start.get(), Value::NONE],
        _ => [len, r.start.get(), r.step.get()],
    }
}

fn ranges_equal(cx: &mut Thread, a: Args<'_>) -> R<Option<bool>> {
    let x = this_range(cx, a[0])?;
    let Some(y) = a[1].cast::<Range>() else { return Ok(None) };
    for (p, q) in essence(x).into_iter().zip(essence(y)) {
        if !cx.eq(p, q)? {
            return Ok(Some(false));
        }
    }
    Ok(Some(true))
}

fn range_eq(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(ranges_equal(cx, a)?.map_or(Value::NOT_IMPLEMENTED, Value::bool))
}

fn range_ne(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(ranges_equal(cx, a)?.map_or(Value::NOT_IMPLEMENTED, |e| Value::bool(!e)))
}

fn range_hash(cx: &mut Thread, a: Args<'_>) -> R {
    let r = this_range(cx, a[0])?;
    let t = cx.new_tuple(&essence(r))?.value();
    let h = cx.hash(t)?;
    cx.int(h as i64)
}

fn range_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let r = this_range(cx, a[0])?;
    let (start, stop) = (cx.repr(r.start.get())?.to_lossy(), cx.repr(r.stop.get())?.to_lossy());
    let text = if r.step.get() == Value::small_int(1) {
        format!("range({start}, {stop})")
    } else {
        format!("range({start}, {stop}, {})", cx.repr(r.step.get())?.to_lossy())
    };
    Ok(cx.new_str(&text)?.value())
}

fn range_iter(cx: &mut Thread, a: Args<'_>) -> R {
    this_range(cx, a[0])?;
    cx.range_iter(a[0])
}

fn range_reversed(cx: &mut Thread, a: Args<'_>) -> R {
    let r = this_range(cx, a[0])?;
    let (start, step, len) = (big(r.start.get()), big(r.step.get()), big(r.len.get()));
    let last = &start + (len - IBig::ONE) * &step;
    let stop = start - &step;
    let last = cx.bigint(&last)?;
    let stop = cx.bigint(&stop)?;
    let step = cx.bigint(&-step)?;
    let reversed = make_range(cx, last, stop, step)?;
    cx.range_iter(reversed)
}

fn range_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let r = this_range(cx, a[0])?;
    let parts = cx.new_tuple(&[r.start.get(), r.stop.get(), r.step.get()])?.value();
    let class = cx.builtin(Builtin::Range).value();
    Ok(cx.new_tuple(&[class, parts])?.value())
}

macro_rules! range_parts {
    ($($name:ident $part:ident)*) => {
        $(fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            Ok(this_range(cx, a[0])?.$part.get())
        })*
    };
}

range_parts! { range_start start range_stop stop range_step step }

static RANGE: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, *args)", range_new, "Create and return a new object."),
    NativeDef::method("__repr__(self, /)", range_repr, "Return repr(self)."),
    NativeDef::method("__hash__(self, /)", range_hash, "Return hash(self)."),
    NativeDef::method("__eq__(self, value, /)", range_eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", range_ne, "Return self!=value."),
    NativeDef::method("__lt__(self, value, /)", not_ordered, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", not_ordered, "Return self<=value."),
    NativeDef::method("__gt__(self, value, /)", not_ordered, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", not_ordered, "Return self>=value."),
    NativeDef::method("__iter__(self, /)", range_iter, "Implement iter(self)."),
    NativeDef::method("__bool__(self, /)", range_bool, "True if self else False"),
    NativeDef::method("__len__(self, /)", range_len, "Return len(self)."),
    NativeDef::method("__getitem__(self, key, /)", range_getitem, "Return self[key]."),
    NativeDef::method("__contains__(self, key, /)", range_contains, "Return bool(key in self)."),
    NativeDef::method("__reversed__(self, /)", range_reversed, "Return a reverse iterator."),
    NativeDef::method("__reduce__(self, /)", range_reduce, ""),
    NativeDef::method(
        "count(self, value, /)",
        range_count,
        "rangeobject.count(value) -> integer -- return number of occurrences of value",
    ),
    NativeDef::method(
        "index(self, value, /)",
        range_index,
        "rangeobject.index(value) -> integer -- return index of value.\nRaise ValueError if the value is not present.",
    ),
    NativeDef::getter("start", range_start, "").as_member(),
    NativeDef::getter("stop", range_stop, "").as_member(),
    NativeDef::getter("step", range_step, "").as_member(),
];

fn not_ordered(_cx: &mut Thread, _a: Args<'_>) -> R {
    Ok(Value::NOT_IMPLEMENTED)
}

fn self_iter(_cx: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}

fn this_iter(cx: &mut Thread, v: Value) -> R<Gc<RangeIter>> {
    match v.cast::<RangeIter>() {
        Some(r) => Ok(r),
        None => Err(cx.type_error("descriptor requires a 'range_iterator' object")),
    }
}

fn this_long(cx: &mut Thread, v: Value) -> R<Gc<LongRangeIter>> {
    match v.cast::<LongRangeIter>() {
        Some(r) => Ok(r),
        None => Err(cx.type_error("descriptor requires a 'longrange_iterator' object")),
    }
}

fn iter_next(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this_iter(cx, a[0])?;
    match ferropy_vm::ops::iter::range_next(it).bound() {
        Some(v) => Ok(v),
        None => Err(cx.stop_iteration(Value::NULL)),
    }
}

fn iter_length_hint(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this_iter(cx, a[0])?;
    cx.uint(it.left.get())
}

/// `iter(range(...))` of what is left, as pickle wants it.
fn reduce_remaining(cx: &mut Thread, start: IBig, step: IBig, left: IBig) -> R {
    let stop = &start + left * &step;
    let start = cx.bigint(&start)?;
    let stop = cx.bigint(&stop)?;
    let step = cx.bigint(&step)?;
    let rest = make_range(cx, start, stop, step)?;
    let args = cx.new_tuple(&[rest])?.value();
    let iter = crate::iterators::builtin(cx, "iter")?;
    Ok(cx.new_tuple(&[iter, args, Value::NONE])?.value())
}

fn iter_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this_iter(cx, a[0])?;
    reduce_remaining(cx, it.next.get().into(), it.step.into(), it.left.get().into())
}

fn iter_setstate(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this_iter(cx, a[0])?;
    let skip = cx.index_clamped(a[1])?.max(0) as u64;
    let skip = skip.min(it.left.get());
    it.next.set(it.next.get().wrapping_add(it.step.wrapping_mul(skip as i64)));
    it.left.set(it.left.get() - skip);
    Ok(Value::NONE)
}

static ITER: &[NativeDef] = &[
    NativeDef::method("__iter__(self, /)", self_iter, "Implement iter(self)."),
    NativeDef::method("__next__(self, /)", iter_next, "Implement next(self)."),
    NativeDef::method(
        "__length_hint__(self, /)",
        iter_length_hint,
        "Private method returning an estimate of len(list(it)).",
    ),
    NativeDef::method("__reduce__(self, /)", iter_reduce, "Return state information for pickling."),
    NativeDef::method("__setstate__(self, state, /)", iter_setstate, "Set state information for unpickling."),
];

fn long_next(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this_long(cx, a[0])?;
    if it.left.get() == Value::small_int(0) {
        return Err(cx.stop_iteration(Value::NULL));
    }
    let now = it.next.get();
    let next = cx.binary(BinOp::Add, now, it.step.get())?;
    let left = cx.binary(BinOp::Sub, it.left.get(), Value::small_int(1))?;
    it.next.set(cx, it, next);
    it.left.set(cx, it, left);
    Ok(now)
}

fn long_length_hint(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this_long(cx, a[0])?.left.get())
}

fn long_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this_long(cx, a[0])?;
    reduce_remaining(cx, big(it.next.get()), big(it.step.get()), big(it.left.get()))
}

fn long_setstate(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this_long(cx, a[0])?;
    let Some(state) = a[1].to_ibig() else {
        let class = cx.class_name(a[1]);
        return Err(cx.type_error(format!("state must be an int, not {class}")));
    };
    let left = big(it.left.get());
    let skip = state.max(IBig::ZERO).min(left.clone());
    let next = cx.bigint(&(big(it.next.get()) + &skip * big(it.step.get())))?;
    let left = cx.bigint(&(left - skip))?;
    it.next.set(cx, it, next);
    it.left.set(cx, it, left);
    Ok(Value::NONE)
}

static LONG_ITER: &[NativeDef] = &[
    NativeDef::method("__iter__(self, /)", self_iter, "Implement iter(self)."),
    NativeDef::method("__next__(self, /)", long_next, "Implement next(self)."),
    NativeDef::method(
        "__length_hint__(self, /)",
        long_length_hint,
        "Private method returning an estimate of len(list(it)).",
    ),
    NativeDef::method("__reduce__(self, /)", long_reduce, "Return state information for pickling."),
    NativeDef::method("__setstate__(self, state, /)", long_setstate, "Set state information for unpickling."),
];

fn this_slice(cx: &mut Thread, v: Value) -> R<Gc<Slice>> {
    match v.cast::<Slice>() {
        Some(s) => Ok(s),
        None => Err(cx.type_error("descriptor requires a 'slice' object")),
    }
}

fn slice_new(cx: &mut Thread, a: Args<'_>) -> R {
    // SAFETY: the binder made a tuple.
    let args = unsafe { a[1].cast_unchecked::<Tuple>() };
    match args.len {
        0 => Err(cx.type_error("slice expected at least 1 argument, got 0")),
        1 => cx.new_slice(Value::NONE, args.at(0), Value::NONE),
        2 => cx.new_slice(args.at(0), args.at(1), Value::NONE),
        3 => cx.new_slice(args.at(0), args.at(1), args.at(2)),
        n => Err(cx.type_error(format!("slice expected at most 3 arguments, got {n}"))),
    }
}

fn slice_part(cx: &mut Thread, v: Value) -> R<Option<IBig>> {
    if v.is_none() {
        return Ok(None);
    }
    if !cx.has_index(v) {
        return Err(cx.type_error("slice indices must be integers or None or have an __index__ method"));
    }
    let n = cx.index_value(v)?;
    Ok(Some(big(n)))
}

/// Start, stop and step of a slice of a sequence of any length.
fn slice_bounds(cx: &mut Thread, s: Gc<Slice>, len: &IBig) -> R<(IBig, IBig, IBig)> {
    let step = slice_part(cx, s.step.get())?.unwrap_or(IBig::ONE);
    if step == IBig::ZERO {
        return Err(cx.value_error("slice step cannot be zero"));
    }
    let down = tint::is_negative(&step);
    let (low, high) = if down { (IBig::NEG_ONE, len - IBig::ONE) } else { (IBig::ZERO, len.clone()) };
    let clamp = |n: IBig| {
        if tint::is_negative(&n) { (n + len).max(low.clone()) } else { n.min(high.clone()) }
    };
    let start = slice_part(cx, s.start.get())?.map(&clamp);
    let stop = slice_part(cx, s.stop.get())?.map(&clamp);
    let start = start.unwrap_or_else(|| if down { high.clone() } else { low.clone() });
    let stop = stop.unwrap_or_else(|| if down { low.clone() } else { high.clone() });
    Ok((start, stop, step))
}

fn slice_indices(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this_slice(cx, a[0])?;
    let len = cx.index_value(a[1])?;
    let len = big(len);
    if tint::is_negative(&len) {
        return Err(cx.value_error("length should not be negative"));
    }
    let (start, stop, step) = slice_bounds(cx, s, &len)?;
    let start = cx.bigint(&start)?;
    let stop = cx.bigint(&stop)?;
    let step = cx.bigint(&step)?;
    Ok(cx.new_tuple(&[start, stop, step])?.value())
}

fn slice_tuple(cx: &mut Thread, s: Gc<Slice>) -> R {
    Ok(cx.new_tuple(&[s.start.get(), s.stop.get(), s.step.get()])?.value())
}

fn slice_compare(cx: &mut Thread, op: CmpOp, a: Args<'_>) -> R {
    let x = this_slice(cx, a[0])?;
    let Some(y) = a[1].cast::<Slice>() else { return Ok(Value::NOT_IMPLEMENTED) };
    if x == y {
        return Ok(Value::bool(matches!(op, CmpOp::Eq | CmpOp::Le | CmpOp::Ge)));
    }
    let x = slice_tuple(cx, x)?;
    let y = slice_tuple(cx, y)?;
    cx.compare(op, x, y)
}

macro_rules! slice_comparisons {
    ($($name:ident $op:ident)*) => {
        $(fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            slice_compare(cx, CmpOp::$op, a)
        })*
    };
}

slice_comparisons! { slice_lt Lt slice_le Le slice_eq Eq slice_ne Ne slice_gt Gt slice_ge Ge }

fn slice_hash(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this_slice(cx, a[0])?;
    let t = slice_tuple(cx, s)?;
    let h = cx.hash(t)?;
    cx.int(h as i64)
}

fn slice_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this_slice(cx, a[0])?;
    let mut text = b"slice(".to_vec();
    for (i, part) in [s.start.get(), s.stop.get(), s.step.get()].into_iter().enumerate() {
        if i > 0 {
            text.extend_from_slice(b", ");
        }
        text.extend_from_slice(cx.repr(part)?.bytes());
    }
    text.push(b')');
    Ok(cx.new_wtf8(&text)?.value())
}

fn slice_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this_slice(cx, a[0])?;
    let parts = slice_tuple(cx, s)?;
    let class = cx.builtin(Builtin::Slice).value();
    Ok(cx.new_tuple(&[class, parts])?.value())
}

macro_rules! slice_parts {
    ($($name:ident $part:ident)*) => {
        $(fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            Ok(this_slice(cx, a[0])?.$part.get())
        })*
    };
}

slice_parts! { slice_start start slice_stop stop slice_step step }

static SLICE: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, *args)", slice_new, "Create and return a new object."),
    NativeDef::method("__repr__(self, /)", slice_repr, "Return repr(self)."),
    NativeDef::method("__hash__(self, /)", slice_hash, "Return hash(self)."),
    NativeDef::method("__lt__(self, value, /)", slice_lt, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", slice_le, "Return self<=value."),
    NativeDef::method("__eq__(self, value, /)", slice_eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", slice_ne, "Return self!=value."),
    NativeDef::method("__gt__(self, value, /)", slice_gt, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", slice_ge, "Return self>=value."),
    NativeDef::method(
        "indices(self, object, /)",
        slice_indices,
        "S.indices(len) -> (start, stop, stride)\n\nAssuming a sequence of length len, calculate the start and stop\nindices, and the stride length of the extended slice described by\nS. Out of bounds indices are clipped in a manner consistent with the\nhandling of normal slices.",
    ),
    NativeDef::method("__reduce__(self, /)", slice_reduce, "Return state information for pickling."),
    NativeDef::getter("start", slice_start, "").as_member(),
    NativeDef::getter("stop", slice_stop, "").as_member(),
    NativeDef::getter("step", slice_step, "").as_member(),
];

/// Adds the methods of `range`, its iterators, and `slice`.
pub fn install(cx: &mut Thread) -> R<()> {
    for (class, methods) in [
        (Builtin::Range, RANGE),
        (Builtin::RangeIterator, ITER),
        (Builtin::LongRangeIterator, LONG_ITER),
        (Builtin::Slice, SLICE),
    ] {
        let class = cx.builtin(class);
        cx.add_methods(class, methods)?;
    }
    Ok(())
}
