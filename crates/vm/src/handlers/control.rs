//! Moves, constants, jumps, loops, return.

use super::*;
use crate::class::Builtin as B;
use crate::frame::Cont;
use ferropy_bytecode::Op;

#[inline(always)]
pub fn Nop<M: Machine>(_m: &mut M, _i: Instr) -> Flow {
    Flow::Next
}

#[inline(always)]
pub fn Move<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let v = m.reg(i.b());
    m.set_reg(i.a(), v);
    Flow::Next
}

#[inline(always)]
pub fn LoadConst<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let v = m.konst(i.bx());
    m.set_reg(i.a(), v);
    Flow::Next
}

#[inline(always)]
pub fn LoadConstFar<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let n = m.ext();
    let v = m.konst(n as usize);
    m.set_reg(i.a(), v);
    Flow::Next
}

#[inline(always)]
pub fn LoadFar<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let v = m.reg(i.bx());
    m.set_reg(i.a(), v);
    Flow::Next
}

#[inline(always)]
pub fn StoreFar<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let v = m.reg(i.a());
    m.set_reg(i.bx(), v);
    Flow::Next
}

#[inline(always)]
pub fn Unbind<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let v = m.constant(Value::NULL);
    m.set_reg(i.a(), v);
    Flow::Next
}

#[inline(always)]
pub fn Jump<M: Machine>(m: &mut M, i: Instr) -> Flow {
    m.jump(i.jump24());
    Flow::Next
}

#[inline(always)]
pub fn JumpBack<M: Machine>(m: &mut M, i: Instr) -> Flow {
    m.jump_back(i.jump24())
}

#[inline(always)]
pub fn JumpIfNone<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let ext = m.ext();
    let v = m.reg(i.a());
    if m.is_none(v) {
        m.jump(ext as i32 as isize);
    }
    Flow::Next
}

#[inline(always)]
pub fn JumpIfNotNone<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let ext = m.ext();
    let v = m.reg(i.a());
    if !m.is_none(v) {
        m.jump(ext as i32 as isize);
    }
    Flow::Next
}

#[inline(always)]
pub fn Return<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let v = m.reg(i.a());
    m.ret(v)
}

fn get_iter(cx: &mut Thread, [v, _, _]: [Value; 3], i: Instr, _: u32) -> R {
    if let Some(it) = cx.quick_iter(v)? {
        return Ok(it);
    }
    if let Some(f) = cx.lookup_special(v, crate::N::__iter__)
        && f.kind() == <crate::types::Function as crate::HeapObject>::kind()
    {
        return cx.call_unbound_step(f, v, &[], Cont::Iter, i.a() as u8);
    }
    cx.iter(v)
}
slow!(GET_ITER, get_iter);

#[inline(always)]
pub fn GetIter<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (v, none) = (m.reg(i.b()), m.constant(Value::NULL));
    m.residual(&GET_ITER, [v, none, none], i, 0, i.a())
}

/// Any iterator: unbound at the end. Python `__next__` gets a frame.
fn for_next(cx: &mut Thread, [it, _, _]: [Value; 3], i: Instr, _: u32) -> R {
    if let Some(v) = cx.quick_next(it)? {
        return Ok(v);
    }
    if let Some(f) = cx.lookup_special(it, crate::N::__next__) {
        if f.kind() == <crate::types::Function as crate::HeapObject>::kind() {
            return cx.call_unbound_step(f, it, &[], Cont::Next, i.a() as u8);
        }
        let r = cx.call_unbound(f, it, &[]);
        return Ok(cx.catch(crate::Exc::StopIteration, r)?.unwrap_or(Value::NULL));
    }
    Ok(cx.next(it)?.unwrap_or(Value::NULL))
}

/// `for a, b in it` over an iterator that knows the pair without making a tuple: does what the `Unpack` that follows
/// would do, and skips it. None: another iterator, another number of targets.
fn for_pair(cx: &mut Thread, it: Value, i: Instr, ext: u32) -> R<Option<Value>> {
    // SAFETY: verified code: another instruction follows.
    let next = Instr(unsafe { *cx.top().pc });
    if next.op() != Op::Unpack || next.b() != i.a() || next.c() != 2 {
        return Ok(None);
    }
    let Some([a, b]) = cx.next_pair(it)? else { return Ok(None) };
    let top = cx.top();
    // SAFETY: verified code: the offset leads to an instruction.
    top.pc = unsafe { top.pc.offset(if a.is_null() { ext as i32 as isize } else { 1 }) };
    if !a.is_null() {
        set(cx, next.a(), a);
        set(cx, next.a() + 1, b);
    }
    Ok(Some(Value::PUSHED))
}

/// Delivers the outcome of a native `next` in a loop: jumps at the end. A frame operation, as it decides on pc.
fn for_iter(cx: &mut Thread, args: [Value; 3], i: Instr, ext: u32) -> R {
    if i.c() == 1
        && let Some(pair) = for_pair(cx, args[0], i, ext)?
    {
        return Ok(pair);
    }
    let v = for_next(cx, args, i, ext)?;
    if v == Value::PUSHED {
        return Ok(v);
    }
    if v.is_null() {
        let top = cx.top();
        // SAFETY: verified code: the offset leads to an instruction.
        top.pc = unsafe { top.pc.offset(ext as i32 as isize) };
    } else {
        set(cx, i.a(), v);
    }
    Ok(Value::PUSHED)
}
slow!(FOR_ITER, for_iter);

#[inline(always)]
pub fn ForIter<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let ext = m.ext();
    let it = m.reg(i.b());
    if let Some(v) = m.iter_next(it) {
        if m.is_unbound(v) {
            m.jump(ext as i32 as isize);
        } else {
            m.set_reg(i.a(), v);
        }
        return Flow::Next;
    }
    if m.has_shape(it, B::Generator as u32)
        && let Some(flow) = m.resume_for(i.a(), it)
    {
        return flow;
    }
    let none = m.constant(Value::NULL);
    m.effect(&FOR_ITER, [it, none, none], i, ext)
}
