//! What a handler may do: the trait that interpreter and recorder implement.
//!
//! The meaning of each instruction is written once, in `handlers`, over this trait. The interpreter's hooks are the plain
//! machine operations; a recorder's hooks do the same and write it down: questions become guards, actions instructions,
//! [`Machine::residual`] calls.
//!
//! Rules: between two resume points a handler asks all its questions first and has at most one effect. Slow paths are
//! [`Slow`] functions: they take and return *values*, never the machine, which keeps the interpreter's state in registers.

use crate::ops::CmpOp;
use crate::{Effects, R, Thread, Value};
use ferropy_bytecode::Instr;

/// How the machine goes on after an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    Next,
    /// Another frame runs now (called, returned, resumed): its state is to be loaded.
    Switch,
    /// An exception is pending.
    Raise,
    /// The frame that the loop was entered for is done; its value is in the thread.
    Leave,
}

/// A slow path, or any operation that a recorder calls rather than sees through.
pub struct Slow {
    pub name: &'static str,
    pub effects: Effects,
    pub run: SlowFn,
}

/// (thread, three operands, instruction, extension word) -> result, [`Value::PUSHED`] if a frame was pushed whose
/// continuation delivers it. The operands travel in machine registers: an array would lie in the loop's own native frame,
/// where the collector would find it long after the call.
pub type SlowFn = fn(&mut Thread, Value, Value, Value, Instr, u32) -> R;

impl Slow {
    #[inline(always)]
    pub fn call(&self, cx: &mut Thread, [a, b, c]: [Value; 3], i: Instr, ext: u32) -> R {
        (self.run)(cx, a, b, c, i, ext)
    }
}

/// What an attribute cache knows about a receiver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hit<V> {
    /// In this inline slot.
    Inline(usize),
    /// In this element of the overflow array.
    Overflow(usize),
    /// A method of the type.
    Method(V),
    /// A plain value of the type or module.
    Constant(V),
    /// A property's getter.
    Property(V),
    /// Writing adds an attribute: the next shape, and its inline slot.
    Add(u32, usize),
    Miss,
}

pub trait Machine {
    /// A Python value.
    type V: Copy;
    /// A small integer.
    type I: Copy;
    /// A float.
    type F: Copy;
    /// A condition that nobody has decided on yet.
    type B: Copy;

    // ---- state
    fn reg(&mut self, n: usize) -> Self::V;
    fn set_reg(&mut self, n: usize, v: Self::V);
    fn konst(&mut self, n: usize) -> Self::V;
    fn constant(&mut self, v: Value) -> Self::V;
    /// The extension word; goes past it.
    fn ext(&mut self) -> u32;
    fn jump(&mut self, offset: isize);
    /// Backward jump: loop counter and safepoint.
    fn jump_back(&mut self, offset: isize) -> Flow;

    // ---- questions
    fn is_unbound(&mut self, v: Self::V) -> bool;
    fn same(&mut self, a: Self::V, b: Self::V) -> Self::B;
    fn is_none(&mut self, v: Self::V) -> bool;
    fn int(&mut self, v: Self::V) -> Option<Self::I>;
    /// The float of a value that carries it (not on the heap).
    fn float(&mut self, v: Self::V) -> Option<Self::F>;
    fn has_shape(&mut self, v: Self::V, shape: u32) -> bool;
    /// Truth, where it needs no call.
    fn truth(&mut self, v: Self::V) -> Option<bool>;
    fn decide(&mut self, b: Self::B) -> bool;

    // ---- numbers: None means overflow (or a zero divisor, a negative shift), asked as a question
    fn int_add(&mut self, a: Self::I, b: Self::I) -> Option<Self::I>;
    fn int_sub(&mut self, a: Self::I, b: Self::I) -> Option<Self::I>;
    fn int_mul(&mut self, a: Self::I, b: Self::I) -> Option<Self::I>;
    fn int_floor_div(&mut self, a: Self::I, b: Self::I) -> Option<Self::I>;
    fn int_mod(&mut self, a: Self::I, b: Self::I) -> Option<Self::I>;
    fn int_shl(&mut self, a: Self::I, b: Self::I) -> Option<Self::I>;
    fn int_shr(&mut self, a: Self::I, b: Self::I) -> Option<Self::I>;
    fn int_and(&mut self, a: Self::I, b: Self::I) -> Self::I;
    fn int_or(&mut self, a: Self::I, b: Self::I) -> Self::I;
    fn int_xor(&mut self, a: Self::I, b: Self::I) -> Self::I;
    fn int_compare(&mut self, op: CmpOp, a: Self::I, b: Self::I) -> Self::B;
    fn int_to_float(&mut self, a: Self::I) -> Option<Self::F>;
    fn float_add(&mut self, a: Self::F, b: Self::F) -> Self::F;
    fn float_sub(&mut self, a: Self::F, b: Self::F) -> Self::F;
    fn float_mul(&mut self, a: Self::F, b: Self::F) -> Self::F;
    /// None: divisor zero.
    fn float_div(&mut self, a: Self::F, b: Self::F) -> Option<Self::F>;
    fn float_neg(&mut self, a: Self::F) -> Self::F;
    fn float_compare(&mut self, op: CmpOp, a: Self::F, b: Self::F) -> Self::B;
    fn box_int(&mut self, i: Self::I) -> Self::V;
    /// Stores a float in a register; may allocate.
    fn set_float(&mut self, n: usize, f: Self::F) -> Flow;
    fn box_bool(&mut self, b: Self::B) -> Self::V;

    // ---- containers: the shape was asked for before; None means out of bounds
    fn list_item(&mut self, list: Self::V, i: Self::I) -> Option<Self::V>;
    fn set_list_item(&mut self, list: Self::V, i: Self::I, v: Self::V) -> bool;
    /// The value of a key in a dict, if it is there and finding it runs no Python code.
    fn dict_item(&mut self, dict: Self::V, key: Self::V) -> Option<Self::V>;
    /// Rebinds a key that is there, likewise.
    fn set_dict_item(&mut self, dict: Self::V, key: Self::V, v: Self::V) -> bool;
    fn tuple_item(&mut self, tuple: Self::V, i: Self::I) -> Option<Self::V>;
    fn tuple_len(&mut self, tuple: Self::V) -> usize;
    fn list_len(&mut self, list: Self::V) -> usize;
    /// Appends if there is room.
    fn list_push(&mut self, list: Self::V, v: Self::V) -> bool;
    /// Next item of an iterator of this shape; `Some(unbound)` at the end; None: not of a kind known here.
    fn iter_next(&mut self, it: Self::V) -> Option<Self::V>;
    fn cell_content(&mut self, cell: Self::V) -> Self::V;
    fn set_cell_content(&mut self, cell: Self::V, v: Self::V);
    /// The closure's cell number `n` of the running function.
    fn closure_cell(&mut self, n: usize) -> Self::V;

    // ---- names and attributes, by inline caches (`ext`: name and cache)
    fn global_hit(&mut self, ext: u32) -> Option<Self::V>;
    /// For loading, or for storing.
    fn attr_hit(&mut self, v: Self::V, ext: u32, store: bool) -> Hit<Self::V>;
    fn inline_slot(&mut self, v: Self::V, n: usize) -> Self::V;
    fn overflow_slot(&mut self, v: Self::V, n: usize) -> Self::V;
    fn set_inline_slot(&mut self, v: Self::V, n: usize, x: Self::V);
    fn set_overflow_slot(&mut self, v: Self::V, n: usize, x: Self::V);
    fn set_shape(&mut self, v: Self::V, shape: u32);

    // ---- calls
    /// Calls r[base] with the arguments behind it (names: constant number + 1 of the tuple, or 0).
    fn call(&mut self, dst: usize, base: usize, argc: usize, names: u32) -> Flow;
    /// Calls a function with one argument (a property's getter) for register `dst`.
    fn call_getter(&mut self, dst: usize, f: Self::V, v: Self::V) -> Flow;
    /// Resumes a generator by a for loop: None if `it` is no resumable generator.
    fn resume_for(&mut self, dst: usize, it: Self::V) -> Option<Flow>;
    fn ret(&mut self, v: Self::V) -> Flow;
    fn yield_value(&mut self, v: Self::V, words: usize) -> Flow;

    // ---- everything else
    /// Calls a slow path with operands; its result goes to register `dst`.
    fn residual(&mut self, s: &'static Slow, args: [Self::V; 3], i: Instr, ext: u32, dst: usize) -> Flow;
    /// The same for its effect only.
    fn effect(&mut self, s: &'static Slow, args: [Self::V; 3], i: Instr, ext: u32) -> Flow;
    /// Calls a slow path whose truth decides on a jump: jumps by `ext` if it is `sense`.
    fn branch(&mut self, s: &'static Slow, args: [Self::V; 3], i: Instr, ext: u32, sense: bool) -> Flow;
    /// Calls an operation that reads and writes the frame's registers itself.
    fn frame_op(&mut self, s: &'static Slow, i: Instr, ext: u32) -> Flow;
    /// Makes the exception of a failed question pending.
    fn raise(&mut self, s: &'static Slow, i: Instr, ext: u32) -> Flow;
}
