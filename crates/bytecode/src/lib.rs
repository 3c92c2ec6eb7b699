//! The instruction set (one table), code objects' layout, the disassembler.
//!
//! Everything here is plain data: no heap, no values. `op` is the table; `code` what the compiler hands on; `verify`
//! makes sure that code from a file cannot break the interpreter; `serial` is the form in which code is stored;
//! `liveness` tells which registers matter at a pc; `disasm` shows code to people.

pub mod code;
pub mod disasm;
pub mod liveness;
pub mod op;
pub mod positions;
#[cfg(test)]
mod samples;
pub mod serial;
pub mod verify;

pub use code::{Code, Const, ExceptionEntry, Var, VarKind, flags};
pub use op::{CommonConst, Ext, Instr, Intrinsic1, Intrinsic2, OPS, Op, Operand, SpecialMethod, make_flags};
pub use positions::Position;
