//! Attribute instructions and what fills their caches.

use super::*;
use crate::attr_cache::{Answer, MODULE, key_of, noted_key, what};
use crate::class::flags as cflags;
use crate::frame::Cont;
use crate::object::HeapObject;
use crate::ops::attr::Found;
use crate::types::{Cache, Caches, Class, Module};
use crate::{Builtin as B, Gc, N};

/// Puts an answer into the instruction's own cache.
fn fill(cx: &mut Thread, ext: u32, key: u32, a: Answer) {
    let epoch = cx.vm().epoch.get();
    let (caches, c): (Gc<Caches>, &Cache) = cache(cx, ext);
    c.shape.set(noted_key(key, a.kind()));
    c.epoch.set(epoch);
    c.what.set(a.what);
    c.next_shape.set(a.next);
    if c.value.get() != a.value {
        c.value.set(cx, caches, a.value);
    }
}

/// The instruction's own answer, if it is about this receiver.
#[inline(always)]
fn own_answer(cx: &mut Thread, key: u32, ext: u32) -> Option<Answer> {
    let epoch = cx.vm().epoch.get();
    let (_, c) = cache(cx, ext);
    let a = Answer { what: c.what.get(), next: c.next_shape.get(), value: c.value.get() };
    (c.shape.get() == noted_key(key, a.kind()) && c.epoch.get() == epoch).then_some(a)
}

/// What the caches say about a receiver that the inline cache's shape does not tell: a class, a module, or an instance
/// of another shape, whose answer then replaces the one in the inline cache. `Answer::NOTHING`: they do not know.
#[inline(never)]
pub(crate) fn answer_of_others(cx: &mut Thread, v: Value, ext: u32, store: bool) -> Answer {
    let Some(key) = key_of(v) else { return Answer::NOTHING };
    if let Some(a) = own_answer(cx, key, ext) {
        let of_other_module = key == MODULE && v.cast::<Module>().is_some_and(|m| m.dict.get() != a.value);
        return if of_other_module { Answer::NOTHING } else { a };
    }
    if key == MODULE {
        return Answer::NOTHING;
    }
    let n = name(cx, ext);
    let Some(a) = cx.attr_probe(key, n, store) else { return Answer::NOTHING };
    // Slots cost nothing to note down; other answers would put the cache in the collector's log again and again.
    if a.value.is_null() || cx.now_and_then() {
        fill(cx, ext, key, a);
    }
    a
}

/// Finds an attribute: by the caches, else by looking it up, which fills them. None: not of a kind that is cached.
fn find_and_fill(cx: &mut Thread, v: Value, n: Value, ext: u32) -> R<Option<Found>> {
    let Some(key) = key_of(v) else { return Ok(None) };
    if let Some(a) = own_answer(cx, key, ext)
        && let Some(found) = cx.attr_by(v, n, a)
    {
        return Ok(Some(found));
    }
    if key != MODULE
        && let Some(a) = cx.attr_probe(key, n, false)
        && let Some(found) = cx.attr_by(v, n, a)
    {
        return Ok(Some(found));
    }
    look_up_and_fill(cx, v, n, ext, key)
}

#[cold]
#[inline(never)]
fn look_up_and_fill(cx: &mut Thread, v: Value, n: Value, ext: u32, key: u32) -> R<Option<Found>> {
    let class = cx.class_of(v);
    let (found, answer) = if let Some(c) = v.cast::<Class>() {
        let Some(a) = cx.class_attr_answer(c, n) else { return Ok(None) };
        cx.mark_cached(c);
        (cx.attr_by(v, n, a), Some(a))
    } else {
        if class.has(cflags::GETATTR_HOOK) {
            return Ok(None);
        }
        let found = cx.find_attr(v, n)?;
        (Some(found), cx.attr_answer(v, n, found))
    };
    if let Some(a) = answer {
        cx.mark_cached(class);
        fill(cx, ext, key, a);
        if key != MODULE {
            cx.attr_remember(key, n, a, false);
        }
    }
    Ok(found)
}

fn get_attr(cx: &mut Thread, [v, _, _]: [Value; 3], i: Instr, ext: u32) -> R {
    let n = name(cx, ext);
    let dst = i.a() as u8;
    match find_and_fill(cx, v, n, ext)? {
        None | Some(Found::Nothing) => cx.getattr_step(v, n, Cont::Store, dst),
        Some(found) => cx.found_attr(v, n, found, Cont::Store, dst),
    }
}
slow!(GET_ATTR, get_attr);

fn bind_method(cx: &mut Thread, [f, v, _]: [Value; 3], _i: Instr, _: u32) -> R {
    let class = cx.class_of(v).value();
    cx.bind(f, v, class)
}
slow!(BIND_METHOD, bind_method, Effects::PURE);

#[inline(always)]
pub fn GetAttr<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let ext = m.ext();
    let v = m.reg(i.b());
    let none = m.constant(Value::NULL);
    match m.attr_hit(v, ext, false) {
        Hit::Inline(n) => {
            let x = m.inline_slot(v, n);
            if !m.is_unbound(x) {
                m.set_reg(i.a(), x);
                return Flow::Next;
            }
        }
        Hit::Overflow(n) => {
            let x = m.overflow_slot(v, n);
            if !m.is_unbound(x) {
                m.set_reg(i.a(), x);
                return Flow::Next;
            }
        }
        Hit::Constant(x) => {
            m.set_reg(i.a(), x);
            return Flow::Next;
        }
        Hit::Method(f) => return m.residual(&BIND_METHOD, [f, v, none], i, ext, i.a()),
        Hit::Property(f) => return m.call_getter(i.a(), f, v),
        _ => {}
    }
    m.residual(&GET_ATTR, [v, none, none], i, ext, i.a())
}

/// Writes both registers of the method window itself.
fn get_method(cx: &mut Thread, [v, _, _]: [Value; 3], i: Instr, ext: u32) -> R {
    let n = name(cx, ext);
    let (f, this) = match find_and_fill(cx, v, n, ext)? {
        Some(Found::Method(f)) => (f, v),
        Some(Found::Value(x) | Found::Slot(_, x)) => (x, Value::NULL),
        Some(Found::ClassMethod(f)) => (f, cx.class_receiver(v)),
        _ => (cx.getattr(v, n)?, Value::NULL),
    };
    set(cx, i.a() + 1, this);
    Ok(f)
}
slow!(GET_METHOD, get_method);

#[inline(always)]
pub fn GetMethod<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let ext = m.ext();
    let v = m.reg(i.b());
    let none = m.constant(Value::NULL);
    match m.attr_hit(v, ext, false) {
        Hit::Method(f) => {
            m.set_reg(i.a(), f);
            m.set_reg(i.a() + 1, v);
            return Flow::Next;
        }
        Hit::Inline(n) => {
            let x = m.inline_slot(v, n);
            if !m.is_unbound(x) {
                m.set_reg(i.a(), x);
                m.set_reg(i.a() + 1, none);
                return Flow::Next;
            }
        }
        Hit::Constant(x) => {
            m.set_reg(i.a(), x);
            m.set_reg(i.a() + 1, none);
            return Flow::Next;
        }
        _ => {}
    }
    m.residual(&GET_METHOD, [v, none, none], i, ext, i.a())
}

fn set_attr(cx: &mut Thread, [v, x, _]: [Value; 3], _i: Instr, ext: u32) -> R {
    let n = name(cx, ext);
    if let Some(key) = key_of(v)
        && let Some(a) = own_answer(cx, key, ext)
        && a.kind() == what::IN_DICT
        && let Some(d) = cx.dict_of_dict_mode(v)
    {
        cx.dict_set_str(d, n, x)?;
        return Ok(Value::NONE);
    }
    let before = v.shape();
    let class = cx.class_of(v);
    let plain = v.kind() == crate::types::Instance::kind() && !class.has(cflags::SETATTR_HOOK) && before != 0;
    let slot = if plain { cx.process_mut().shapes.find(before, n) } else { None };
    cx.setattr(v, n, x)?;
    if plain && let Some((key, a)) = store_answer(cx, v, n, before, slot) {
        fill(cx, ext, key, a);
        cx.attr_remember(key, n, a, true);
    }
    Ok(Value::NONE)
}
slow!(SET_ATTR, set_attr);

/// What to remember of a store into an existing slot, or of one that added an inline slot.
fn store_answer(cx: &mut Thread, v: Value, n: Value, before: u32, slot: Option<u32>) -> Option<(u32, Answer)> {
    let class = cx.class_of(v);
    let inline = (v.header()?.extra.load(std::sync::atomic::Ordering::Relaxed) as u32).checked_sub(1)?;
    let after = v.shape();
    if let Some(found) = cx.lookup(class, n) {
        // A member descriptor is a slot too; anything else on the type needs the full look-up.
        if let Some(member) = found.cast::<crate::types::Member>() {
            return (member.slot < inline).then(|| (after, Answer::slot(what::INLINE, member.slot)));
        }
        if cx.lookup_special(found, N::__set__).is_some() || cx.lookup_special(found, N::__delete__).is_some() {
            return None;
        }
    }
    if cx.process().shapes.get(after).dict_mode {
        return Some((after, Answer::of(what::IN_DICT, Value::NULL)));
    }
    match slot {
        Some(s) if s < inline => Some((before, Answer::slot(what::INLINE, s))),
        Some(s) => Some((before, Answer::slot(what::OVERFLOW, s - inline))),
        None if after != before => {
            let s = cx.process().shapes.get(after).count - 1;
            let add = Answer { next: after, ..Answer::slot(what::ADD, s) };
            (s < inline).then_some((before, add))
        }
        None => None,
    }
}

#[inline(always)]
pub fn SetAttr<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let ext = m.ext();
    let (v, x) = (m.reg(i.a()), m.reg(i.b()));
    match m.attr_hit(v, ext, true) {
        Hit::Inline(n) => {
            m.set_inline_slot(v, n, x);
            return Flow::Next;
        }
        Hit::Overflow(n) => {
            m.set_overflow_slot(v, n, x);
            return Flow::Next;
        }
        Hit::Add(shape, n) => {
            m.set_inline_slot(v, n, x);
            m.set_shape(v, shape);
            return Flow::Next;
        }
        _ => {}
    }
    let none = m.constant(Value::NULL);
    m.effect(&SET_ATTR, [v, x, none], i, ext)
}

fn del_attr(cx: &mut Thread, _: [Value; 3], i: Instr, ext: u32) -> R {
    let (n, v) = (name(cx, ext), reg(cx, i.a()));
    cx.delattr(v, n)?;
    Ok(Value::NONE)
}

/// (class, receiver, class whose MRO is walked) of a call of `super`, unless that is rebound or its arguments are wrong.
fn super_parts(cx: &mut Thread, i: Instr) -> R<Option<(Gc<Class>, Value, Gc<Class>)>> {
    let w = window(cx, i.b(), 3);
    if w[0] != cx.builtin(B::Super).value() {
        return Ok(None);
    }
    let Some(class) = w[1].cast::<Class>() else {
        if i.c() == 0 {
            return Ok(None);
        }
        let got = cx.class_name(w[1]);
        return Err(cx.runtime_error(format!("super(): __class__ is not a type ({got})")));
    };
    let start = super_start(cx, class, w[2])?;
    Ok(Some((class, w[2], start)))
}

/// The class whose MRO a `super(class, obj)` walks.
pub fn super_start(cx: &mut Thread, class: Gc<Class>, obj: Value) -> R<Gc<Class>> {
    if let Some(c) = obj.cast::<Class>()
        && c.is_subclass(class)
    {
        return Ok(c);
    }
    let own = cx.class_of(obj);
    if own.is_subclass(class) {
        return Ok(own);
    }
    let n = cx.name(N::__class__);
    if let Some(c) = cx.getattr_opt(obj, n)?.and_then(|c| c.cast::<Class>())
        && c != own
        && c.is_subclass(class)
    {
        return Ok(c);
    }
    let (what, name) = match obj.cast::<Class>() {
        Some(c) => ("type", cx.type_name(c)),
        None => ("instance of", cx.type_name(own)),
    };
    let class = cx.type_name(class);
    Err(cx
        .type_error(format!("super(type, obj): obj ({what} {name}) is not an instance or subtype of type ({class}).")))
}

fn get_super(cx: &mut Thread, _: [Value; 3], i: Instr, ext: u32) -> R {
    let n = name(cx, ext);
    let v = match super_parts(cx, i)? {
        Some((class, this, start)) if n != cx.name(N::__class__) => match cx.lookup_after(start, class, n) {
            Some(v) => {
                let this = if this == start.value() { Value::NONE } else { this };
                cx.bind(v, this, start.value())?
            }
            None => super_object_attr(cx, i, n)?,
        },
        _ => super_object_attr(cx, i, n)?,
    };
    set(cx, i.a(), v);
    Ok(v)
}

fn super_object_attr(cx: &mut Thread, i: Instr, n: Value) -> R {
    let w = window(cx, i.b(), 3);
    let rebound = w[0] != cx.builtin(B::Super).value();
    let s = if rebound && i.c() != 0 { cx.call(w[0], &[])? } else { cx.call(w[0], &[w[1], w[2]])? };
    cx.getattr(s, n)
}

fn get_super_method(cx: &mut Thread, args: [Value; 3], i: Instr, ext: u32) -> R {
    let n = name(cx, ext);
    if let Some((class, this, start)) = super_parts(cx, i)?
        && this != start.value()
        && let Some(v) = cx.lookup_after(start, class, n)
        && crate::ops::call::is_plain_method(v)
    {
        set(cx, i.a(), v);
        set(cx, i.a() + 1, this);
        return Ok(v);
    }
    let v = get_super(cx, args, i, ext)?;
    set(cx, i.a() + 1, Value::NULL);
    Ok(v)
}

frame_ops! {
    DelAttr = del_attr, true;
    GetSuper = get_super, true;
    GetSuperMethod = get_super_method, true;
}
