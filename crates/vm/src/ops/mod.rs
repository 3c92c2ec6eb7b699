//! The operations as native code calls them: they return when everything is done, running Python code where needed.
//!
//! Many come in two forms. The *step* form (`binary_step`, `getattr_step`, ...) is what the interpreter's handlers use: when
//! the next thing to do is a Python function, it pushes that function's frame with a continuation and returns
//! [`Value::PUSHED`]. The plain form is the step form with [`Cont::Exit`] plus running the loop until that frame returns.

pub mod arith;
pub mod attr;
pub mod basic;
mod bind;
pub mod call;
pub mod compare;
pub mod construct;
pub mod generator;
pub mod iter;
pub mod subscript;

pub use arith::{BinOp, UnaryOp};
pub use compare::CmpOp;
