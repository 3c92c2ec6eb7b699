//! Arithmetic instructions.

use super::*;
use crate::ops::{BinOp, UnaryOp};

const INPLACE: u32 = 0x100;

fn binary(cx: &mut Thread, [a, b, _]: [Value; 3], i: Instr, what: u32) -> R {
    let op = op_of(what);
    cx.binary_step(op, a, b, what & INPLACE != 0, None, i.a() as u8)
}
slow!(BINARY, binary);

/// The operator of a slow call's number.
pub(crate) fn op_of(what: u32) -> BinOp {
    use BinOp::*;
    [Add, Sub, Mul, TrueDiv, FloorDiv, Mod, Pow, Shl, Shr, And, Or, Xor, MatMul][(what & 15) as usize]
}

/// Operator and form of an arithmetic instruction.
pub(crate) fn binary_op_of(op: ferropy_bytecode::Op) -> (BinOp, bool) {
    use ferropy_bytecode::Op as O;
    let n = op as u8;
    let (first, inplace) = match op {
        o if o >= O::InplaceAddK && o <= O::InplaceMulK => (O::InplaceAddK, true),
        o if o >= O::InplaceAdd => (O::InplaceAdd, true),
        o if o >= O::AddK => (O::AddK, false),
        _ => (O::Add, false),
    };
    (op_of((n - first as u8) as u32), inplace)
}

#[inline(always)]
fn arith<M: Machine>(m: &mut M, i: Instr, op: BinOp, x: M::V, y: M::V, inplace: bool) -> Flow {
    let a = i.a();
    if let (Some(p), Some(q)) = (m.int(x), m.int(y)) {
        let r = match op {
            BinOp::Add => m.int_add(p, q),
            BinOp::Sub => m.int_sub(p, q),
            BinOp::Mul => m.int_mul(p, q),
            BinOp::FloorDiv => m.int_floor_div(p, q),
            BinOp::Mod => m.int_mod(p, q),
            BinOp::Shl => m.int_shl(p, q),
            BinOp::Shr => m.int_shr(p, q),
            BinOp::And => Some(m.int_and(p, q)),
            BinOp::Or => Some(m.int_or(p, q)),
            BinOp::Xor => Some(m.int_xor(p, q)),
            _ => None,
        };
        if let Some(r) = r {
            let v = m.box_int(r);
            m.set_reg(a, v);
            return Flow::Next;
        }
        if matches!(op, BinOp::TrueDiv)
            && let (Some(p), Some(q)) = (m.int_to_float(p), m.int_to_float(q))
            && let Some(r) = m.float_div(p, q)
        {
            return m.set_float(a, r);
        }
    } else if matches!(op, BinOp::Add | BinOp::Sub | BinOp::Mul | BinOp::TrueDiv)
        && let Some((p, q)) = floats(m, x, y)
    {
        let r = match op {
            BinOp::Add => Some(m.float_add(p, q)),
            BinOp::Sub => Some(m.float_sub(p, q)),
            BinOp::Mul => Some(m.float_mul(p, q)),
            _ => m.float_div(p, q),
        };
        if let Some(r) = r {
            return m.set_float(a, r);
        }
    }
    let none = m.constant(Value::NULL);
    m.residual(&BINARY, [x, y, none], i, op as u32 | if inplace { INPLACE } else { 0 }, a)
}

/// Two floats, or a float and a small integer.
#[inline(always)]
fn floats<M: Machine>(m: &mut M, x: M::V, y: M::V) -> Option<(M::F, M::F)> {
    match (m.float(x), m.float(y)) {
        (Some(p), Some(q)) => Some((p, q)),
        (Some(p), None) => {
            let n = m.int(y)?;
            Some((p, m.int_to_float(n)?))
        }
        (None, Some(q)) => {
            let n = m.int(x)?;
            Some((m.int_to_float(n)?, q))
        }
        _ => None,
    }
}

macro_rules! binary_ops {
    ($($op:ident $k:ident $inplace:ident;)*) => {
        $(
            #[inline(always)]
            pub fn $op<M: Machine>(m: &mut M, i: Instr) -> Flow {
                let (x, y) = (m.reg(i.b()), m.reg(i.c()));
                arith(m, i, BinOp::$op, x, y, false)
            }
            #[inline(always)]
            pub fn $inplace<M: Machine>(m: &mut M, i: Instr) -> Flow {
                let (x, y) = (m.reg(i.b()), m.reg(i.c()));
                arith(m, i, BinOp::$op, x, y, true)
            }
            #[inline(always)]
            pub fn $k<M: Machine>(m: &mut M, i: Instr) -> Flow {
                let (x, y) = (m.reg(i.b()), m.konst(i.c()));
                arith(m, i, BinOp::$op, x, y, false)
            }
        )*
    };
}

binary_ops! {
    Add AddK InplaceAdd;
    Sub SubK InplaceSub;
    Mul MulK InplaceMul;
    TrueDiv TrueDivK InplaceTrueDiv;
    FloorDiv FloorDivK InplaceFloorDiv;
    Mod ModK InplaceMod;
    Pow PowK InplacePow;
    Shl ShlK InplaceShl;
    Shr ShrK InplaceShr;
    And AndK InplaceAnd;
    Or OrK InplaceOr;
    Xor XorK InplaceXor;
}

macro_rules! inplace_k {
    ($($name:ident $op:ident;)*) => {
        $(
            #[inline(always)]
            pub fn $name<M: Machine>(m: &mut M, i: Instr) -> Flow {
                let (x, y) = (m.reg(i.b()), m.konst(i.c()));
                arith(m, i, BinOp::$op, x, y, true)
            }
        )*
    };
}
inplace_k! {
    InplaceAddK Add;
    InplaceSubK Sub;
    InplaceMulK Mul;
}

#[inline(always)]
pub fn MatMul<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (x, y, none) = (m.reg(i.b()), m.reg(i.c()), m.constant(Value::NULL));
    m.residual(&BINARY, [x, y, none], i, BinOp::MatMul as u32, i.a())
}

#[inline(always)]
pub fn InplaceMatMul<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (x, y, none) = (m.reg(i.b()), m.reg(i.c()), m.constant(Value::NULL));
    m.residual(&BINARY, [x, y, none], i, BinOp::MatMul as u32 | INPLACE, i.a())
}

fn unary(cx: &mut Thread, [v, _, _]: [Value; 3], i: Instr, what: u32) -> R {
    let op = [UnaryOp::Neg, UnaryOp::Pos, UnaryOp::Invert][(what & 3) as usize];
    cx.unary_step(op, v, i.a() as u8)
}
slow!(UNARY, unary);

#[inline(always)]
pub fn Neg<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let v = m.reg(i.b());
    if let Some(f) = m.float(v) {
        let r = m.float_neg(f);
        return m.set_float(i.a(), r);
    }
    if let Some(n) = m.int(v) {
        let zero = m.constant(Value(1));
        if let Some(z) = m.int(zero)
            && let Some(r) = m.int_sub(z, n)
        {
            let r = m.box_int(r);
            m.set_reg(i.a(), r);
            return Flow::Next;
        }
    }
    let none = m.constant(Value::NULL);
    m.residual(&UNARY, [v, none, none], i, UnaryOp::Neg as u32, i.a())
}

#[inline(always)]
pub fn Pos<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (v, none) = (m.reg(i.b()), m.constant(Value::NULL));
    m.residual(&UNARY, [v, none, none], i, UnaryOp::Pos as u32, i.a())
}

#[inline(always)]
pub fn Invert<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (v, none) = (m.reg(i.b()), m.constant(Value::NULL));
    m.residual(&UNARY, [v, none, none], i, UnaryOp::Invert as u32, i.a())
}
