//! `_queue`: the unbounded queue behind `queue.SimpleQueue`.
//!
//! Invariant: items before `head` in the list are taken, and None.

use crate::{errors, os_util, posix, thread};
use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, List};
use ferropy_vm::{Args, Exc, Field, Gc, NativeDef, R, Thread, TypeDef, Value, field, heap_kind};
use std::cell::Cell;

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_queue", module);
}

#[repr(C)]
pub struct SimpleQueue {
    items: Field,
    head: Cell<usize>,
    /// For those who wait (see `thread`).
    number: Cell<u32>,
}
heap_kind!(SimpleQueue, "SimpleQueue", 1);
static SIMPLE_QUEUE: TypeDef =
    TypeDef::new::<SimpleQueue>("_queue.SimpleQueue", METHODS, "Simple, unbounded, reentrant FIFO queue.")
        .flags(flags::BASE | flags::IMMUTABLE | flags::WEAKREF);
static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls)", queue_new, ""),
    NativeDef::method("put(self, /, item, block=True, timeout=None)", put, "Put the item on the queue."),
    NativeDef::method("put_nowait(self, /, item)", put, "Put an item into the queue without blocking."),
    NativeDef::method("get(self, /, block=True, timeout=None)", get, "Remove and return an item from the queue."),
    NativeDef::method(
        "get_nowait(self, /)",
        |cx, a| take_now(cx, a[0]),
        "Remove and return an item from the queue without blocking.",
    ),
    NativeDef::method(
        "empty(self, /)",
        |cx, a| Ok(Value::bool(size(cx, a[0])? == 0)),
        "Return True if the queue is empty, False otherwise (not reliable!).",
    ),
    NativeDef::method(
        "qsize(self, /)",
        |cx, a| Ok(Value::small_int(size(cx, a[0])? as i64)),
        "Return the approximate size of the queue (not reliable!).",
    ),
    NativeDef::class_method("__class_getitem__(cls, item, /)", posix::class_getitem, "See PEP 585"),
];
const EMPTY: &str = "_queue.Empty";

fn queue_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else { return Err(cx.type_error("a class is expected")) };
    let items = cx.new_list(&[])?;
    Ok(cx.alloc_of(class, SimpleQueue { items: field(items), head: 0.into(), number: 0.into() })?.value())
}
fn parts(cx: &mut Thread, v: Value) -> R<(Gc<SimpleQueue>, Gc<List>)> {
    match v.cast::<SimpleQueue>().and_then(|q| Some((q, q.items.cast::<List>()?))) {
        Some(p) => Ok(p),
        None => Err(cx.type_error("a SimpleQueue is expected")),
    }
}
fn size(cx: &mut Thread, v: Value) -> R<usize> {
    let (q, items) = parts(cx, v)?;
    Ok(items.len() - q.head.get())
}
fn put(cx: &mut Thread, a: Args<'_>) -> R {
    let (q, items) = parts(cx, a[0])?;
    cx.list_append(items, a[1])?;
    thread::wake(&q.number);
    Ok(Value::NONE)
}

/// The first item, if there is one.
fn take(cx: &mut Thread, v: Value) -> R<Option<Value>> {
    let (q, items) = parts(cx, v)?;
    let head = q.head.get();
    let Some(item) = items.get(head) else { return Ok(None) };
    items.set(cx, head, Value::NONE);
    q.head.set(head + 1);
    // The taken part goes when it is the bigger one: each item is copied at most once on average.
    if head + 1 == items.len() {
        items.len.set(0);
        q.head.set(0);
    } else if head > 32 && head > items.len() / 2 {
        let rest = cx.list_to_rooted(items);
        cx.list_assign(items, &rest[head + 1..])?;
        q.head.set(0);
    }
    Ok(Some(item))
}
fn take_now(cx: &mut Thread, v: Value) -> R {
    match take(cx, v)? {
        Some(item) => Ok(item),
        None => Err(errors::raise_with(cx, EMPTY, Exc::Exception, &[])),
    }
}
fn get(cx: &mut Thread, a: Args<'_>) -> R {
    let block = match a.opt(1) {
        Some(b) => cx.truth(b)?,
        None => true,
    };
    if !block {
        return take_now(cx, a[0]);
    }
    let deadline = match a.some(2) {
        Some(t) => {
            let ns = os_util::nanoseconds(cx, t)?;
            if ns < 0 {
                return Err(cx.value_error("'timeout' must be a non-negative number"));
            }
            Some(os_util::deadline(ns))
        }
        None => None,
    };
    let (q, items) = parts(cx, a[0])?;
    // Nobody runs between the last question and the taking.
    thread::wait_until(cx, &q.number, deadline, || items.len() > q.head.get())?;
    take_now(cx, a[0])
}

fn module(cx: &mut Thread) -> R {
    let doc = "C implementation of the Python queue module.\nThis module is an implementation detail, please do not use \
               it directly.";
    let m = cx.module_with("_queue", doc, &[])?;
    cx.module_class(m, &SIMPLE_QUEUE)?;
    let empty = errors::exception(cx, EMPTY, Exc::Exception)?;
    cx.module_set(m, "Empty", empty)?;
    Ok(m.value())
}
