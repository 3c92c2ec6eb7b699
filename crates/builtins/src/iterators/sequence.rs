//! Iterators over sequences by index, `reversed`, and `iter(callable, sentinel)`.
//!
//! A str iterator's `at` counts bytes. Exhausted iterators drop their sequence, or stand far behind its end.

use super::{builtin, publish, stop_at_end};
use crate::list::{fill, wrong_receiver};
use ferropy_vm::ops::iter::register_next;
use ferropy_vm::types::{ByteArray, Bytes, CallIter, Class, List, SeqIter, Str, Tuple};
use ferropy_vm::{Args, Builtin as B, Exc, Gc, N, NativeDef, R, Thread, Value, field};

pub fn install(cx: &mut Thread) -> R<()> {
    for class in [
        B::ListIterator,
        B::ListReverseIterator,
        B::TupleIterator,
        B::StrIterator,
        B::BytesIterator,
        B::ByteArrayIterator,
        B::SequenceIterator,
        B::Reversed,
    ] {
        fill(cx, class, METHODS, "")?;
    }
    fill(cx, B::Reversed, REVERSED, "Return a reverse iterator over the values of the given sequence.")?;
    fill(cx, B::CallableIterator, CALLABLE, "")?;
    register_next::<SeqIter>(step);
    register_next::<CallIter>(call_step);
    let class = cx.builtin(B::Reversed).value();
    publish(cx, class, "reversed")
}

static METHODS: &[NativeDef] = &[
    NativeDef::method("__iter__(self, /)", iter_self, "Implement iter(self)."),
    NativeDef::method("__next__(self, /)", seq_next, "Implement next(self)."),
    NativeDef::method(
        "__length_hint__(self, /)",
        length_hint,
        "Private method returning an estimate of len(list(it)).",
    ),
    NativeDef::method("__reduce__(self, /)", reduce, "Return state information for pickling."),
    NativeDef::method("__setstate__(self, state, /)", setstate, "Set state information for unpickling."),
];

static REVERSED: &[NativeDef] =
    &[NativeDef::static_method("__new__(cls, object, /)", reversed_new, "Create and return a new object.")];

static CALLABLE: &[NativeDef] = &[
    NativeDef::method("__iter__(self, /)", iter_self, "Implement iter(self)."),
    NativeDef::method("__next__(self, /)", call_next, "Implement next(self)."),
    NativeDef::method("__reduce__(self, /)", call_reduce, "Return state information for pickling."),
];

fn this(cx: &mut Thread, v: Value) -> R<Gc<SeqIter>> {
    match v.cast() {
        Some(it) => Ok(it),
        None => Err(wrong_receiver(cx, "iterator", v)),
    }
}

pub fn iter_self(_cx: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}

fn seq_next(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    let r = match cx.quick_next(a[0])? {
        Some(v) => Ok(v),
        None => step(cx, a[0]),
    };
    stop_at_end(cx, r)
}

/// The next item of an iterator that the VM has no quick path for; unbound at the end.
fn step(cx: &mut Thread, it: Value) -> R {
    // SAFETY: called for this kind only.
    let it: Gc<SeqIter> = unsafe { it.cast_unchecked() };
    let Some(seq) = it.seq.get().bound() else { return Ok(Value::NULL) };
    let at = it.at.get();
    if it.reverse {
        return step_back(cx, it, seq, at);
    }
    if it.shape() == B::BytesIterator as u32
        && let Some(b) = seq.cast::<Bytes>()
    {
        return Ok(byte_at(cx, it, b.data().get(at)));
    }
    if it.shape() == B::ByteArrayIterator as u32
        && let Some(b) = seq.cast::<ByteArray>()
    {
        return Ok(byte_at(cx, it, crate::bytes::bytearray_data(b).get(at)));
    }
    let i = cx.uint(at as u64)?;
    let r = cx.getitem(seq, i);
    let r = match cx.catch(Exc::IndexError, r) {
        Ok(Some(v)) => {
            it.at.set(at + 1);
            return Ok(v);
        }
        Ok(None) => Ok(Value::NULL),
        Err(_) if cx.pending_is(Exc::StopIteration) => {
            cx.take_pending();
            Ok(Value::NULL)
        }
        Err(e) => return Err(e),
    };
    it.seq.set(cx, it, Value::NULL);
    r
}

/// A byte as the next item.
#[inline]
fn byte_at(cx: &mut Thread, it: Gc<SeqIter>, byte: Option<&u8>) -> Value {
    match byte {
        Some(b) => {
            it.at.set(it.at.get() + 1);
            Value::small_int(*b as i64)
        }
        None => {
            it.seq.set(cx, it, Value::NULL);
            Value::NULL
        }
    }
}

fn step_back(cx: &mut Thread, it: Gc<SeqIter>, seq: Value, at: usize) -> R {
    let v = if at == 0 {
        None
    } else if let Some(l) = seq.cast::<List>().filter(|_| it.shape() == B::ListReverseIterator as u32) {
        l.get(at - 1)
    } else {
        let i = cx.uint(at as u64 - 1)?;
        let r = cx.getitem(seq, i);
        match cx.catch(Exc::IndexError, r) {
            Err(_) if cx.pending_is(Exc::StopIteration) => {
                cx.take_pending();
                None
            }
            r => r?,
        }
    };
    match v {
        Some(v) => {
            it.at.set(at - 1);
            Ok(v)
        }
        None => {
            it.seq.set(cx, it, Value::NULL);
            Ok(Value::NULL)
        }
    }
}

/// Position in items: characters for a str.
fn position(it: Gc<SeqIter>) -> usize {
    match it.seq.cast::<Str>() {
        Some(s) if it.shape() == B::StrIterator as u32 => {
            ferropy_text::wtf8::index_of(s.bytes(), it.at.get().min(s.bytes().len()))
        }
        _ => it.at.get(),
    }
}

fn length_hint(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a[0])?;
    let Some(seq) = it.seq.get().bound() else { return Ok(Value::small_int(0)) };
    if cx.lookup_special(seq, N::__len__).is_none() {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let len = cx.len(seq)?;
    let n = match it.reverse {
        true if it.at.get() <= len => it.at.get(),
        true => 0,
        false => len.saturating_sub(position(it)),
    };
    cx.uint(n as u64)
}

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a[0])?;
    if it.reverse {
        return reduce_reversed(cx, it);
    }
    // Looking the name up may run code that advances the iterator.
    let iter = builtin(cx, "iter")?;
    let (at, seq) = (position(it), it.seq.get());
    let ended = seq.is_null() || seq.cast::<List>().is_some_and(|l| at > l.len());
    if ended {
        let empty = match a[0].shape() {
            s if s == B::ListIterator as u32 => cx.new_list(&[])?.value(),
            s if s == B::StrIterator as u32 => cx.vm().empty_str,
            s if s == B::BytesIterator as u32 => cx.vm().empty_bytes,
            _ => cx.vm().empty_tuple,
        };
        let args = cx.new_tuple(&[empty])?.value();
        return Ok(cx.new_tuple(&[iter, args])?.value());
    }
    let args = cx.new_tuple(&[seq])?.value();
    let at = cx.uint(at as u64)?;
    Ok(cx.new_tuple(&[iter, args, at])?.value())
}

fn reduce_reversed(cx: &mut Thread, it: Gc<SeqIter>) -> R {
    let list = it.shape() == B::ListReverseIterator as u32;
    let class = cx.class_of(it.value()).value();
    let f = if list { builtin(cx, "reversed")? } else { class };
    let (at, seq) = (position(it), it.seq.get());
    if seq.is_null() {
        let empty = if list { cx.new_list(&[])?.value() } else { cx.vm().empty_tuple };
        let args = cx.new_tuple(&[empty])?.value();
        return Ok(cx.new_tuple(&[f, args])?.value());
    }
    let args = cx.new_tuple(&[seq])?.value();
    let at = cx.int(at as i64 - 1)?;
    Ok(cx.new_tuple(&[f, args, at])?.value())
}

fn setstate(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a[0])?;
    let n = cx.index(a[1])?;
    let Some(seq) = it.seq.get().bound() else { return Ok(Value::NONE) };
    if it.reverse {
        let len = cx.len(seq)? as i64;
        it.at.set((n.saturating_add(1)).clamp(0, len) as usize);
        return Ok(Value::NONE);
    }
    let n = n.max(0) as usize;
    let at = match (seq.cast::<Str>(), seq.cast::<Tuple>()) {
        (Some(s), _) if it.shape() == B::StrIterator as u32 => {
            ferropy_text::wtf8::offset_of(s.bytes(), n).unwrap_or(s.bytes().len())
        }
        (_, Some(t)) => n.min(t.len),
        _ => match seq.cast::<List>() {
            Some(l) => n.min(l.len()),
            None => n,
        },
    };
    it.at.set(at);
    Ok(Value::NONE)
}

fn reversed_new(cx: &mut Thread, a: Args<'_>) -> R {
    let v = a[1];
    match cx.lookup_special(v, N::__reversed__) {
        Some(f) if f.is_none() => {
            let class = cx.class_name(v);
            return Err(cx.type_error(format!("'{class}' object is not reversible")));
        }
        Some(f) => return cx.call_unbound(f, v, &[]),
        None => {}
    }
    let is_sequence = !crate::dict::is_dict(v)
        && v.kind() != <ferropy_vm::types::Set as ferropy_vm::HeapObject>::kind()
        && cx.lookup_special(v, N::__getitem__).is_some();
    if !is_sequence {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("'{class}' object is not reversible")));
    }
    let n = cx.len(v)?;
    let Some(class) = a[0].cast::<Class>() else { return Err(wrong_receiver(cx, "type", a[0])) };
    let it = SeqIter { seq: field(v), at: n.into(), reverse: true };
    Ok(cx.alloc_of(class, it)?.value())
}

fn call_next(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].cast::<CallIter>().is_none() {
        return Err(wrong_receiver(cx, "callable_iterator", a[0]));
    }
    let r = call_step(cx, a[0]);
    stop_at_end(cx, r)
}

fn call_step(cx: &mut Thread, it: Value) -> R {
    // SAFETY: called for this kind only.
    let it: Gc<CallIter> = unsafe { it.cast_unchecked() };
    let Some(f) = it.func.get().bound() else { return Ok(Value::NULL) };
    let r = cx.call(f, &[]);
    let r = cx.catch(Exc::StopIteration, r)?;
    // The call may have exhausted the iterator itself.
    if let Some(v) = r
        && let Some(sentinel) = it.sentinel.get().bound()
        && !cx.eq(sentinel, v)?
    {
        return Ok(v);
    }
    it.func.set(cx, it, Value::NULL);
    it.sentinel.set(cx, it, Value::NULL);
    Ok(Value::NULL)
}

fn call_reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(it) = a[0].cast::<CallIter>() else { return Err(wrong_receiver(cx, "callable_iterator", a[0])) };
    let iter = builtin(cx, "iter")?;
    let args = match (it.func.get().bound(), it.sentinel.get().bound()) {
        (Some(f), Some(s)) => cx.new_tuple(&[f, s])?.value(),
        _ => {
            let empty = cx.vm().empty_tuple;
            cx.new_tuple(&[empty])?.value()
        }
    };
    Ok(cx.new_tuple(&[iter, args])?.value())
}
