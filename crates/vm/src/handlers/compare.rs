//! Comparisons, tests and truth.

use super::*;
use crate::ops::CmpOp;

fn compare_slow(cx: &mut Thread, [a, b, _]: [Value; 3], i: Instr, what: u32) -> R {
    cx.compare_step(CmpOp::from_u8(what as u8), a, b, None, i.a() as u8)
}
slow!(COMPARE, compare_slow);

/// For tests: the operator comes from the instruction.
fn compare_test(cx: &mut Thread, [a, b, _]: [Value; 3], i: Instr, _ext: u32) -> R {
    cx.compare_step(test_op(i), a, b, None, 0)
}
slow!(COMPARE_TEST, compare_test);

/// The comparison of a `Test..` instruction.
pub(crate) fn test_op(i: Instr) -> CmpOp {
    use ferropy_bytecode::Op;
    match i.op() {
        Op::TestLt | Op::TestLtK | Op::Lt | Op::LtK => CmpOp::Lt,
        Op::TestLe | Op::TestLeK | Op::Le | Op::LeK => CmpOp::Le,
        Op::TestNe | Op::TestNeK | Op::Ne | Op::NeK => CmpOp::Ne,
        Op::TestGt | Op::TestGtK | Op::Gt | Op::GtK => CmpOp::Gt,
        Op::TestGe | Op::TestGeK | Op::Ge | Op::GeK => CmpOp::Ge,
        _ => CmpOp::Eq,
    }
}

/// The condition, if both are small integers or floats.
#[inline(always)]
fn quick<M: Machine>(m: &mut M, op: CmpOp, x: M::V, y: M::V) -> Option<M::B> {
    if let (Some(p), Some(q)) = (m.int(x), m.int(y)) {
        return Some(m.int_compare(op, p, q));
    }
    if let (Some(p), Some(q)) = (m.float(x), m.float(y)) {
        return Some(m.float_compare(op, p, q));
    }
    None
}

#[inline(always)]
fn compare<M: Machine>(m: &mut M, i: Instr, op: CmpOp, x: M::V, y: M::V) -> Flow {
    if let Some(b) = quick(m, op, x, y) {
        let v = m.box_bool(b);
        m.set_reg(i.a(), v);
        return Flow::Next;
    }
    let none = m.constant(Value::NULL);
    m.residual(&COMPARE, [x, y, none], i, op as u32, i.a())
}

#[inline(always)]
fn test<M: Machine>(m: &mut M, i: Instr, op: CmpOp, x: M::V, y: M::V) -> Flow {
    let ext = m.ext();
    let sense = i.c() != 0;
    if let Some(b) = quick(m, op, x, y) {
        if m.decide(b) == sense {
            m.jump(ext as i32 as isize);
        }
        return Flow::Next;
    }
    let none = m.constant(Value::NULL);
    m.branch(&COMPARE_TEST, [x, y, none], i, ext, sense)
}

macro_rules! compare_ops {
    ($($op:ident $k:ident $test:ident $testk:ident;)*) => {
        $(
            #[inline(always)]
            pub fn $op<M: Machine>(m: &mut M, i: Instr) -> Flow {
                let (x, y) = (m.reg(i.b()), m.reg(i.c()));
                compare(m, i, CmpOp::$op, x, y)
            }
            #[inline(always)]
            pub fn $k<M: Machine>(m: &mut M, i: Instr) -> Flow {
                let (x, y) = (m.reg(i.b()), m.konst(i.c()));
                compare(m, i, CmpOp::$op, x, y)
            }
            #[inline(always)]
            pub fn $test<M: Machine>(m: &mut M, i: Instr) -> Flow {
                let (x, y) = (m.reg(i.a()), m.reg(i.b()));
                test(m, i, CmpOp::$op, x, y)
            }
            #[inline(always)]
            pub fn $testk<M: Machine>(m: &mut M, i: Instr) -> Flow {
                let (x, y) = (m.reg(i.a()), m.konst(i.b()));
                test(m, i, CmpOp::$op, x, y)
            }
        )*
    };
}
compare_ops! {
    Lt LtK TestLt TestLtK;
    Le LeK TestLe TestLeK;
    Eq EqK TestEq TestEqK;
    Ne NeK TestNe TestNeK;
    Gt GtK TestGt TestGtK;
    Ge GeK TestGe TestGeK;
}

#[inline(always)]
pub fn Is<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (x, y) = (m.reg(i.b()), m.reg(i.c()));
    let b = m.same(x, y);
    let v = m.box_bool(b);
    m.set_reg(i.a(), v);
    Flow::Next
}

#[inline(always)]
pub fn IsNot<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (x, y) = (m.reg(i.b()), m.reg(i.c()));
    let b = m.same(x, y);
    let b = m.decide(b);
    let v = m.constant(Value::bool(!b));
    m.set_reg(i.a(), v);
    Flow::Next
}

#[inline(always)]
pub fn TestIs<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let ext = m.ext();
    let (x, y) = (m.reg(i.a()), m.reg(i.b()));
    let b = m.same(x, y);
    if m.decide(b) == (i.c() != 0) {
        m.jump(ext as i32 as isize);
    }
    Flow::Next
}

fn contains(cx: &mut Thread, [x, c, _]: [Value; 3], i: Instr, negate: u32) -> R {
    use crate::frame::Cont;
    match cx.contains_step(c, x, None)? {
        Ok(b) => Ok(Value::bool(b != (negate != 0))),
        Err((f, c)) => {
            let cont = if negate != 0 { Cont::NotTruth } else { Cont::Truth };
            let r = cx.call_unbound_step(f, c, &[x], cont, i.a() as u8)?;
            if r == Value::PUSHED {
                return Ok(r);
            }
            Ok(Value::bool(cx.truth(r)? != (negate != 0)))
        }
    }
}
slow!(CONTAINS, contains);

fn contains_test(cx: &mut Thread, [x, c, _]: [Value; 3], _i: Instr, _: u32) -> R {
    use crate::Builtin as B;
    let s = c.shape();
    // SAFETY: the shape tells the exact class.
    let table = unsafe {
        match s {
            s if s == B::Dict as u32 => Some(&(*c.cast_unchecked::<crate::types::Dict>().as_ptr()).table),
            s if s == B::Set as u32 => Some(&(*c.cast_unchecked::<crate::types::Set>().as_ptr()).table),
            _ => None,
        }
    };
    if table.is_some_and(|t| cx.table_quick_has(t, x)) {
        return Ok(Value::TRUE);
    }
    match cx.contains_step(c, x, None)? {
        Ok(b) => Ok(Value::bool(b)),
        Err((f, c)) => cx.call_unbound_step(f, c, &[x], crate::frame::Cont::Branch, 0),
    }
}
slow!(CONTAINS_TEST, contains_test);

#[inline(always)]
pub fn In<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (x, c, none) = (m.reg(i.b()), m.reg(i.c()), m.constant(Value::NULL));
    m.residual(&CONTAINS, [x, c, none], i, 0, i.a())
}

#[inline(always)]
pub fn NotIn<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (x, c, none) = (m.reg(i.b()), m.reg(i.c()), m.constant(Value::NULL));
    m.residual(&CONTAINS, [x, c, none], i, 1, i.a())
}

#[inline(always)]
pub fn TestIn<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let ext = m.ext();
    let (x, c, none) = (m.reg(i.a()), m.reg(i.b()), m.constant(Value::NULL));
    m.branch(&CONTAINS_TEST, [x, c, none], i, ext, i.c() != 0)
}

/// The truth of an object whose class must be asked: its method's result, or True.
fn truth_slow(cx: &mut Thread, [v, _, _]: [Value; 3], _i: Instr, _: u32) -> R {
    use crate::{N, frame::Cont};
    if let Some(f) = cx.lookup_special(v, N::__bool__)
        && f.kind() == <crate::types::Function as crate::HeapObject>::kind()
    {
        return cx.call_unbound_step(f, v, &[], Cont::Branch, 0);
    }
    Ok(Value::bool(cx.truth(v)?))
}
slow!(TRUTH, truth_slow);

#[inline(always)]
fn jump_if<M: Machine>(m: &mut M, i: Instr, sense: bool) -> Flow {
    let ext = m.ext();
    let v = m.reg(i.a());
    match m.truth(v) {
        Some(b) => {
            if b == sense {
                m.jump(ext as i32 as isize);
            }
            Flow::Next
        }
        None => {
            let none = m.constant(Value::NULL);
            m.branch(&TRUTH, [v, none, none], i, ext, sense)
        }
    }
}

#[inline(always)]
pub fn JumpIfTrue<M: Machine>(m: &mut M, i: Instr) -> Flow {
    jump_if(m, i, true)
}

#[inline(always)]
pub fn JumpIfFalse<M: Machine>(m: &mut M, i: Instr) -> Flow {
    jump_if(m, i, false)
}

fn not_slow(cx: &mut Thread, [v, _, _]: [Value; 3], _i: Instr, _: u32) -> R {
    Ok(Value::bool(!cx.truth(v)?))
}
slow!(NOT, not_slow);

#[inline(always)]
pub fn Not<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let v = m.reg(i.b());
    match m.truth(v) {
        Some(b) => {
            let v = m.constant(Value::bool(!b));
            m.set_reg(i.a(), v);
            Flow::Next
        }
        None => {
            let none = m.constant(Value::NULL);
            m.residual(&NOT, [v, none, none], i, 0, i.a())
        }
    }
}
