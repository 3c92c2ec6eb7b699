//! What the compiler makes: a code object in plain Rust, before it enters a heap.
//!
//! Terms. *Near* registers (0..256) are operands of instructions; *far* registers lie behind them in the same frame and
//! are reached by `LoadFar`/`StoreFar`. Parameters come first, in the order positional, keyword-only, `*args`,
//! `**kwargs`; the caller's argument area becomes the callee's first registers.
//!
//! Invariants: `exceptions` is sorted so that the first entry that covers a pc is the innermost; a pc is an index of a
//! word in `instrs`; positions are kept compressed (see [`crate::positions`]).

/// A constant. `Tuple` and `FrozenSet` may nest.
#[derive(Clone, Debug, PartialEq)]
pub enum Const {
    None,
    True,
    False,
    Ellipsis,
    Int(i64),
    /// Past 63 bits: sign and little-endian magnitude.
    BigInt(bool, Vec<u8>),
    /// By its bits, so that 0.0, -0.0 and NaNs stay apart.
    Float(u64),
    Complex(u64, u64),
    /// WTF-8.
    Str(Vec<u8>),
    Bytes(Vec<u8>),
    Tuple(Vec<Const>),
    FrozenSet(Vec<Const>),
    /// A constant slice.
    Slice(Box<[Const; 3]>),
    Code(Box<Code>),
}

/// How a named variable is kept in the frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum VarKind {
    /// In its register.
    Local,
    /// In a cell that its register holds (after the prologue's `MakeCell`).
    Cell,
    /// In the closure's cell of this number.
    Free,
    /// A local that exists only inside an inlined comprehension; not part of `locals()` outside of it.
    Hidden,
}

/// A named variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Var {
    pub name: String,
    pub kind: VarKind,
    /// Register, or number of the closure cell.
    pub index: u32,
}

/// While pc (of the instruction's first word) is in start..end, an exception goes to `target` with the exception in
/// register `reg`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExceptionEntry {
    pub start: u32,
    pub end: u32,
    pub target: u32,
    pub reg: u32,
}

/// Flags with CPython's numbers where it has them.
pub mod flags {
    pub const OPTIMIZED: u32 = 0x1;
    pub const NEWLOCALS: u32 = 0x2;
    pub const VARARGS: u32 = 0x4;
    pub const VARKEYWORDS: u32 = 0x8;
    pub const NESTED: u32 = 0x10;
    pub const GENERATOR: u32 = 0x20;
    pub const COROUTINE: u32 = 0x80;
    pub const ITERABLE_COROUTINE: u32 = 0x100;
    pub const ASYNC_GENERATOR: u32 = 0x200;
    pub const FUTURE_BARRY_AS_BDFL: u32 = 0x400000;
    pub const FUTURE_ANNOTATIONS: u32 = 0x1000000;
    pub const HAS_DOCSTRING: u32 = 0x4000000;
    pub const METHOD: u32 = 0x8000000;
}

/// A code object.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Code {
    pub name: String,
    pub qualname: String,
    pub filename: String,
    pub flags: u32,
    /// Positional parameters, positional-only ones included.
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    /// All registers of the frame, far ones included.
    pub nregs: u32,
    pub firstlineno: u32,
    pub instrs: Vec<u32>,
    pub consts: Vec<Const>,
    pub names: Vec<String>,
    /// Parameters first (in register order; a parameter in a cell has kind Cell), then other variables.
    pub vars: Vec<Var>,
    /// Number of free variables = length of the closure.
    pub nfree: u32,
    pub ncaches: u32,
    pub exceptions: Vec<ExceptionEntry>,
    pub positions: Vec<u8>,
}

impl Code {
    /// Parameters of all kinds.
    pub fn nparams(&self) -> usize {
        (self.argcount + self.kwonlyargcount) as usize
            + (self.flags & flags::VARARGS != 0) as usize
            + (self.flags & flags::VARKEYWORDS != 0) as usize
    }
}
