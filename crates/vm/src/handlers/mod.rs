//! What each instruction means: a function named like its row in the table, over any [`Machine`].
//!
//! Fast paths are written with the machine's questions and actions; what is left goes to a [`Slow`] function in the module
//! next to the handler.

#![allow(non_snake_case)]

mod arith;
pub mod attr;
mod build;
mod call;
mod compare;
mod control;
mod exception;
mod generator;
mod names;
mod subscript;

pub use arith::*;
pub use attr::*;
pub use build::*;
pub use call::*;
pub use compare::*;
pub use control::*;
pub use exception::*;
pub use generator::*;
pub use names::*;
pub use subscript::*;

pub(crate) use crate::machine::{Flow, Hit, Machine, Slow};
pub(crate) use crate::{Effects, R, Thread, Value};
pub(crate) use ferropy_bytecode::Instr;

/// Defines a slow path: `slow!(NAME, function)`, with effects if not any.
macro_rules! slow {
    ($name:ident, $f:path) => {
        pub(crate) static $name: Slow =
            Slow { name: stringify!($f), effects: Effects::ANY, run: |cx, a, b, c, i, x| $f(cx, [a, b, c], i, x) };
    };
    ($name:ident, $f:path, $effects:expr) => {
        pub(crate) static $name: Slow =
            Slow { name: stringify!($f), effects: $effects, run: |cx, a, b, c, i, x| $f(cx, [a, b, c], i, x) };
    };
}
pub(crate) use slow;

/// Defines handlers that are wholly an operation on the frame's registers.
macro_rules! frame_ops {
    ($($op:ident = $f:ident, $ext:expr;)*) => {
        $(
            #[inline(always)]
            pub fn $op<M: Machine>(m: &mut M, i: Instr) -> Flow {
                static SLOW: Slow = Slow { name: stringify!($f), effects: Effects::ANY, run: |cx, a, b, c, i, x| $f(cx, [a, b, c], i, x) };
                let ext = if $ext { m.ext() } else { 0 };
                m.frame_op(&SLOW, i, ext)
            }
        )*
    };
}
pub(crate) use frame_ops;

/// Register `n` of the running frame, for frame operations.
#[inline(always)]
pub(crate) fn reg(cx: &mut Thread, n: usize) -> Value {
    // SAFETY: verified code names existing registers.
    unsafe { *cx.top().regs.add(n) }
}

#[inline(always)]
pub(crate) fn set(cx: &mut Thread, n: usize, v: Value) {
    // SAFETY: as above.
    unsafe { *cx.top().regs.add(n) = v }
}

/// `n` registers from `first` on.
#[inline(always)]
pub(crate) fn window<'a>(cx: &mut Thread, first: usize, n: usize) -> &'a [Value] {
    // SAFETY: as above; the register stack does not move.
    unsafe { std::slice::from_raw_parts(cx.top().regs.add(first), n) }
}

/// The code of the running frame.
#[inline(always)]
pub(crate) fn code(cx: &mut Thread) -> crate::Gc<crate::types::CodeObject> {
    // SAFETY: a running frame has code.
    unsafe { cx.top().code.cast_unchecked() }
}

/// The running function.
#[inline(always)]
pub(crate) fn func(cx: &mut Thread) -> crate::Gc<crate::types::Function> {
    // SAFETY: a running frame has a function.
    unsafe { cx.top().func.cast_unchecked() }
}

/// Name number `n` of the running code.
#[inline(always)]
pub(crate) fn name(cx: &mut Thread, n: u32) -> Value {
    // SAFETY: code has a tuple of names; verified code names existing ones.
    unsafe { code(cx).names.as_gc::<crate::types::Tuple>() }.items()[(n & 0xffff) as usize]
}

/// Constant number `n` of the running code.
#[inline(always)]
pub(crate) fn konst(cx: &mut Thread, n: usize) -> Value {
    // SAFETY: as above.
    unsafe { code(cx).consts.as_gc::<crate::types::Tuple>() }.items()[n]
}

/// The cache that the high half of `ext` names.
#[inline(always)]
pub(crate) fn cache(cx: &mut Thread, ext: u32) -> (crate::Gc<crate::types::Caches>, &'static crate::types::Cache) {
    // SAFETY: code has caches; they live as long as the code.
    unsafe {
        let caches = code(cx).caches.as_gc::<crate::types::Caches>();
        let c = caches.at((ext >> 16) as usize) as *const crate::types::Cache;
        (caches, &*c)
    }
}
