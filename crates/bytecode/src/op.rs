//! The instruction set: one table, everything else is derived from it.
//!
//! An instruction is a 32-bit word `op | a << 8 | b << 16 | c << 24`, some are followed by one *extension word*.
//! `r[n]` is register n of the frame. Rows name an operation, the kinds of its operands a, b and c ([`Operand`]), what its
//! extension word holds ([`Ext`]) and its meaning in a line. To add an operation, add a row here and a handler of the
//! same name in the interpreter's `handlers` (crate `vm`): nothing else knows the set.
//!
//! Invariants: a register read by an instruction is never unbound (the compiler emits `CheckLocal` where it cannot prove
//! that); jump offsets count words from the end of the jumping instruction, extension word included.

/// What an operand byte means. Register windows say which registers are read or written; liveness is derived from that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// Not used; zero.
    No,
    /// Register, written.
    Dst,
    /// Register, read.
    Src,
    /// Register, read (may be unbound, the instruction checks).
    Opt,
    /// Register, read and written.
    Mod,
    /// Reads r[x], r[x+1].
    Src2,
    /// Reads r[x], r[x+1], r[x+2].
    Src3,
    /// Writes r[x], r[x+1].
    Dst2,
    /// Reads the c registers from x on.
    SrcN,
    /// Reads 2*c registers from x on (key, value, key, value, ...).
    SrcPairs,
    /// Writes the c registers from x on.
    DstN,
    /// Writes c + 1 + (extension word) registers from x on.
    DstEx,
    /// A call window: the callee in r[x] and c arguments behind it.
    Callee,
    /// A method call window: callee in r[x], self or unbound in r[x+1], c arguments from r[x+2].
    Method,
    /// Unsigned number.
    Imm,
    /// Index into the constants (0..=255).
    Konst,
    /// b and c together: index into the constants.
    Konst16,
    /// b and c together: index into the names.
    Name16,
    /// b and c together: unsigned number.
    Imm16,
    /// b and c together: signed number.
    SImm16,
    /// b and c together: number of a far register, read.
    FarSrc,
    /// b and c together: number of a far register, written.
    FarDst,
    /// a, b and c together: signed jump offset in words.
    Jump24,
}

/// What the extension word holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ext {
    /// There is none.
    No,
    /// Signed jump offset in words.
    Jump,
    /// Low half: index into the names; high half: index of an inline cache.
    NameCache,
    /// Index into the constants.
    Konst,
    /// Unsigned number.
    Imm,
}

/// Calls the macro `$with` with the whole table.
#[macro_export]
macro_rules! for_each_op {
    ($with:ident) => { $with! {
        // ---- registers, constants, names
        Nop          No   No      No   No        "Nothing.";
        Move         Dst  Src     No   No        "ra = rb.";
        LoadConst    Dst  Konst16 No   No        "ra = constant.";
        LoadConstFar Dst  No      No   Konst     "ra = constant (numbered past 65535).";
        LoadFar      Dst  FarSrc  No   No        "ra = far register.";
        StoreFar     Src  FarDst  No   No        "far register = ra.";
        Unbind       Dst  No      No   No        "Makes ra unbound.";
        CheckLocal   Opt  Name16  No   No        "UnboundLocalError for the named variable if ra is unbound.";
        LoadGlobal   Dst  No      No   NameCache "ra = the name in globals, else in builtins, else NameError.";
        StoreGlobal  Src  No      No   NameCache "Binds the name in globals to ra.";
        DelGlobal    No   No      No   NameCache "Removes the name from globals, NameError if absent.";
        LoadName     Dst  No      No   NameCache "ra = the name in the frame's locals mapping, else as LoadGlobal.";
        StoreName    Src  No      No   NameCache "Binds the name in the frame's locals mapping to ra.";
        DelName      No   No      No   NameCache "Removes the name from the frame's locals mapping, NameError if absent.";
        LoadFromDictOrGlobals Mod No No NameCache "ra = the name in the mapping ra, else as LoadGlobal.";
        LoadFromDictOrFree Mod Imm No  NameCache "ra = the name in the mapping ra, else the content of the closure's cell number b.";
        LoadFromDictOrCell Mod Src No  NameCache "ra = the name in the mapping ra, else the content of the cell in rb.";
        LoadLocals   Dst  No      No   No        "ra = the frame's locals mapping (the object that class bodies and exec use).";
        LoadBuildClass Dst No     No   No        "ra = builtins.__build_class__.";
        LoadCommon   Dst  Imm     No   No        "ra = common object number b (CommonConst).";
        // ---- cells
        MakeCell     Mod  No      No   No        "ra = a new cell that holds ra (which may be unbound).";
        LoadCell     Dst  Src     No   NameCache "ra = content of the cell in rb; UnboundLocalError/NameError for the name if empty.";
        StoreCell    Src  Src     No   No        "Content of the cell in ra = rb.";
        DelCell      Src  No      No   NameCache "Empties the cell in ra; an error for the name if it was empty.";
        LoadFree     Dst  Imm     No   NameCache "ra = content of the closure's cell number b; NameError for the name if empty.";
        StoreFree    Imm  Src     No   No        "Content of the closure's cell number a = rb.";
        DelFree      Imm  No      No   NameCache "Empties the closure's cell number a; NameError if it was empty.";
        LoadClosure  Dst  Imm     No   No        "ra = the closure's cell number b itself.";
        // ---- attributes
        GetAttr      Dst  Src     No   NameCache "ra = rb.name.";
        SetAttr      Src  Src     No   NameCache "ra.name = rb.";
        DelAttr      Src  No      No   NameCache "del ra.name.";
        GetMethod    Dst2 Src     No   NameCache "rb.name for a call: ra = function and r[a+1] = rb, or ra = any callable and r[a+1] unbound.";
        GetSuper     Dst  Src3    Imm  NameCache "ra = super(r[b+1], r[b+2]).name where rb is the callable found as `super`; c is 1 if it was written without arguments.";
        GetSuperMethod Dst2 Src3  Imm  NameCache "The same for a call, as GetMethod.";
        // ---- subscripts
        GetItem      Dst  Src     Src  No        "ra = rb[rc].";
        GetItemK     Dst  Src     Konst No       "ra = rb[constant].";
        SetItem      Src  Src     Src  No        "ra[rb] = rc.";
        DelItem      Src  Src     No   No        "del ra[rb].";
        BuildSlice   Dst  Src3    No   No        "ra = slice(rb, r[b+1], r[b+2]).";
        // ---- arithmetic: plain, with a constant on the right, and augmented assignment of both
        Add          Dst  Src     Src  No        "ra = rb + rc.";
        Sub          Dst  Src     Src  No        "ra = rb - rc.";
        Mul          Dst  Src     Src  No        "ra = rb * rc.";
        TrueDiv      Dst  Src     Src  No        "ra = rb / rc.";
        FloorDiv     Dst  Src     Src  No        "ra = rb // rc.";
        Mod          Dst  Src     Src  No        "ra = rb % rc.";
        Pow          Dst  Src     Src  No        "ra = rb ** rc.";
        Shl          Dst  Src     Src  No        "ra = rb << rc.";
        Shr          Dst  Src     Src  No        "ra = rb >> rc.";
        And          Dst  Src     Src  No        "ra = rb & rc.";
        Or           Dst  Src     Src  No        "ra = rb | rc.";
        Xor          Dst  Src     Src  No        "ra = rb ^ rc.";
        MatMul       Dst  Src     Src  No        "ra = rb @ rc.";
        AddK         Dst  Src     Konst No       "ra = rb + constant.";
        SubK         Dst  Src     Konst No       "ra = rb - constant.";
        MulK         Dst  Src     Konst No       "ra = rb * constant.";
        TrueDivK     Dst  Src     Konst No       "ra = rb / constant.";
        FloorDivK    Dst  Src     Konst No       "ra = rb // constant.";
        ModK         Dst  Src     Konst No       "ra = rb % constant.";
        PowK         Dst  Src     Konst No       "ra = rb ** constant.";
        ShlK         Dst  Src     Konst No       "ra = rb << constant.";
        ShrK         Dst  Src     Konst No       "ra = rb >> constant.";
        AndK         Dst  Src     Konst No       "ra = rb & constant.";
        OrK          Dst  Src     Konst No       "ra = rb | constant.";
        XorK         Dst  Src     Konst No       "ra = rb ^ constant.";
        InplaceAdd   Dst  Src     Src  No        "ra = rb += rc.";
        InplaceSub   Dst  Src     Src  No        "ra = rb -= rc.";
        InplaceMul   Dst  Src     Src  No        "ra = rb *= rc.";
        InplaceTrueDiv Dst Src    Src  No        "ra = rb /= rc.";
        InplaceFloorDiv Dst Src   Src  No        "ra = rb //= rc.";
        InplaceMod   Dst  Src     Src  No        "ra = rb %= rc.";
        InplacePow   Dst  Src     Src  No        "ra = rb **= rc.";
        InplaceShl   Dst  Src     Src  No        "ra = rb <<= rc.";
        InplaceShr   Dst  Src     Src  No        "ra = rb >>= rc.";
        InplaceAnd   Dst  Src     Src  No        "ra = rb &= rc.";
        InplaceOr    Dst  Src     Src  No        "ra = rb |= rc.";
        InplaceXor   Dst  Src     Src  No        "ra = rb ^= rc.";
        InplaceMatMul Dst Src     Src  No        "ra = rb @= rc.";
        InplaceAddK  Dst  Src     Konst No       "ra = rb += constant.";
        InplaceSubK  Dst  Src     Konst No       "ra = rb -= constant.";
        InplaceMulK  Dst  Src     Konst No       "ra = rb *= constant.";
        Neg          Dst  Src     No   No        "ra = -rb.";
        Pos          Dst  Src     No   No        "ra = +rb.";
        Invert       Dst  Src     No   No        "ra = ~rb.";
        Not          Dst  Src     No   No        "ra = not rb.";
        // ---- comparisons: as a value, with a constant, and as a test that jumps if the outcome is (c != 0)
        Lt           Dst  Src     Src  No        "ra = rb < rc.";
        Le           Dst  Src     Src  No        "ra = rb <= rc.";
        Eq           Dst  Src     Src  No        "ra = rb == rc.";
        Ne           Dst  Src     Src  No        "ra = rb != rc.";
        Gt           Dst  Src     Src  No        "ra = rb > rc.";
        Ge           Dst  Src     Src  No        "ra = rb >= rc.";
        LtK          Dst  Src     Konst No       "ra = rb < constant.";
        LeK          Dst  Src     Konst No       "ra = rb <= constant.";
        EqK          Dst  Src     Konst No       "ra = rb == constant.";
        NeK          Dst  Src     Konst No       "ra = rb != constant.";
        GtK          Dst  Src     Konst No       "ra = rb > constant.";
        GeK          Dst  Src     Konst No       "ra = rb >= constant.";
        TestLt       Src  Src     Imm  Jump      "Jumps if bool(ra < rb) == c.";
        TestLe       Src  Src     Imm  Jump      "Jumps if bool(ra <= rb) == c.";
        TestEq       Src  Src     Imm  Jump      "Jumps if bool(ra == rb) == c.";
        TestNe       Src  Src     Imm  Jump      "Jumps if bool(ra != rb) == c.";
        TestGt       Src  Src     Imm  Jump      "Jumps if bool(ra > rb) == c.";
        TestGe       Src  Src     Imm  Jump      "Jumps if bool(ra >= rb) == c.";
        TestLtK      Src  Konst   Imm  Jump      "Jumps if bool(ra < constant b) == c.";
        TestLeK      Src  Konst   Imm  Jump      "Jumps if bool(ra <= constant b) == c.";
        TestEqK      Src  Konst   Imm  Jump      "Jumps if bool(ra == constant b) == c.";
        TestNeK      Src  Konst   Imm  Jump      "Jumps if bool(ra != constant b) == c.";
        TestGtK      Src  Konst   Imm  Jump      "Jumps if bool(ra > constant b) == c.";
        TestGeK      Src  Konst   Imm  Jump      "Jumps if bool(ra >= constant b) == c.";
        Is           Dst  Src     Src  No        "ra = rb is rc.";
        IsNot        Dst  Src     Src  No        "ra = rb is not rc.";
        In           Dst  Src     Src  No        "ra = rb in rc.";
        NotIn        Dst  Src     Src  No        "ra = rb not in rc.";
        TestIs       Src  Src     Imm  Jump      "Jumps if (ra is rb) == c.";
        TestIn       Src  Src     Imm  Jump      "Jumps if (ra in rb) == c.";
        // ---- control
        Jump         Jump24 No    No   No        "Jumps forward.";
        JumpBack     Jump24 No    No   No        "Jumps to a loop head: safepoint and loop counter.";
        JumpIfTrue   Src  No      No   Jump      "Jumps if bool(ra).";
        JumpIfFalse  Src  No      No   Jump      "Jumps if not bool(ra).";
        JumpIfNone   Src  No      No   Jump      "Jumps if ra is None.";
        JumpIfNotNone Src No      No   Jump      "Jumps if ra is not None.";
        Return       Src  No      No   No        "Returns ra.";
        // ---- iteration
        GetIter      Dst  Src     No   No        "ra = iter(rb).";
        ForIter      Dst  Src     Imm  Jump      "ra = next(rb), or jumps when it is exhausted (ra is then untouched). c is 1 if nothing but an unpacking that follows at once reads ra.";
        // ---- calls
        Call         Dst  Callee  Imm  No        "ra = rb(r[b+1], ...) with c positional arguments.";
        CallMethod   Dst  Method  Imm  No        "ra = rb(r[b+1] if bound, r[b+2], ...) with c arguments beside self.";
        CallExit     Dst  Method  Imm  No        "ra = r[b](self if bound, type(e), e, e.__traceback__) where e is in r[b+2]; c is 3 (window).";
        CallKw       Dst  Callee  Imm  Konst     "As Call with c arguments in all; the last ones have the names in the constant tuple.";
        CallMethodKw Dst  Method  Imm  Konst     "As CallMethod with c arguments in all; the last ones have the names in the constant tuple.";
        CallEx       Dst  Src3    No   No        "ra = rb(*r[b+1], **r[b+2]): a tuple, and a dict or unbound.";
        MakeFunction Dst  Src     Imm  Konst     "ra = function of the constant code; rb... hold, for each bit of c (MakeFlags) in order, what that bit says.";
        // ---- generators, coroutines
        Yield        Dst  Src     No   No        "Suspends with rb as outcome; when resumed, ra = value sent.";
        Send         Dst  Src     Src  Jump      "Sends rc into iterator rb: ra = what it yields; or ra = its result, and jumps.";
        YieldFrom    Dst  Src     Src  Jump      "Suspends with rb on behalf of iterator rc; ra = value sent. If a throw() into rc ends it: rb = its result, and jumps. (b is written then.)";
        GetYieldFromIter Dst Src  No   No        "ra = iterator for `yield from rb`.";
        GetAwaitable Dst  Src     Imm  No        "ra = iterator for `await rb`; c: 0 plain, 1 __aenter__, 2 __aexit__.";
        GetAIter     Dst  Src     No   No        "ra = aiter(rb).";
        GetANext     Dst  Src     No   No        "ra = awaitable iterator of anext(rb).";
        EndAsyncFor  Src  No      No   No        "If exception ra is StopAsyncIteration: goes on; else raises it again.";
        // ---- exceptions (a handler is entered with the exception in the register that its table entry names)
        Raise        Opt  Opt     Imm  No        "c = 0: raises the handled exception again. c = 1: raise ra. c = 2: raise ra from rb.";
        Reraise      Src  No      Imm  No        "Raises ra again, leaving its traceback as it is. c = 1: the frame is shown where it was raised.";
        PushExc      Dst  Src     No   No        "ra = exception handled so far (or unbound); rb becomes the one handled.";
        PopExc       Opt  No      No   No        "ra becomes the exception handled again (unbound: none).";
        MatchExc     Dst  Src     Src  No        "ra = exception rb matches class or tuple rc (checked).";
        MatchExcGroup Dst2 Src    Src  No        "except*: ra = part of rb that matches rc or None, r[a+1] = the rest or None.";
        PrepReraiseStar Dst Src   Src  No        "ra = what to raise after except*: original rb, list rc of raised and unhandled parts; None if nothing.";
        // ---- context managers
        LoadSpecial  Dst2 Src     Imm  No        "Special method c (SpecialMethod) of rb for a call, as GetMethod.";
        // ---- import
        ImportName   Dst  Src2    No   NameCache "ra = __import__(name, globals, locals, fromlist rb, level r[b+1]).";
        ImportFrom   Dst  Src     No   NameCache "ra = rb.name, else the submodule; ImportError.";
        ImportStar   Src  No      No   No        "Binds all public names of module ra in the frame's locals mapping.";
        // ---- building values
        BuildTuple   Dst  SrcN    Imm  No        "ra = (rb, ...) of c values.";
        BuildList    Dst  SrcN    Imm  No        "ra = [rb, ...] of c values.";
        BuildSet     Dst  SrcN    Imm  No        "ra = {rb, ...} of c values.";
        BuildMap     Dst  SrcPairs Imm No        "ra = {rb: r[b+1], ...} of c pairs.";
        BuildString  Dst  SrcN    Imm  No        "ra = concatenation of the c strings from rb.";
        ListAppend   Src  Src     No   No        "Appends rb to list ra.";
        ListExtend   Src  Src     No   No        "Extends list ra by iterable rb (`*rb` in a display).";
        SetAdd       Src  Src     No   No        "Adds rb to set ra.";
        SetUpdate    Src  Src     No   No        "Adds all of iterable rb to set ra.";
        MapAdd       Src  Src     Src  No        "Dict ra[rb] = rc.";
        DictUpdate   Src  Src     No   No        "Updates dict ra by mapping rb (`**rb` in a display).";
        DictMerge    Src  Src     Src  No        "The same for keyword arguments of a call of rc: an error on a key that is there already.";
        ListToTuple  Dst  Src     No   No        "ra = tuple(rb), where rb may be any iterable behind a star.";
        // ---- unpacking
        Unpack       DstN Src     Imm  No        "ra, r[a+1], ... = rb, exactly c values.";
        UnpackEx     DstEx Src    Imm  Imm       "c values before the star, the star's list, then (extension word) values, from ra on = rb.";
        // ---- strings
        FormatValue  Dst  Src     No   No        "ra = format(rb).";
        FormatSpec   Dst  Src     Src  No        "ra = format(rb, rc).";
        Convert      Dst  Src     Imm  No        "ra = str(rb), repr(rb), ascii(rb) for c = 1, 2, 3.";
        BuildInterpolation Dst Src3 Imm No       "ra = Interpolation(value rb, expression r[b+1], conversion c as in Convert or 0, format_spec r[b+2]).";
        BuildTemplate Dst Src2    No   No        "ra = Template(strings tuple rb, interpolations tuple r[b+1]).";
        // ---- match statement
        MatchSequence Dst Src     No   No        "ra = rb is a sequence for patterns.";
        MatchMapping Dst  Src     No   No        "ra = rb is a mapping for patterns.";
        MatchKeys    Dst  Src     Src  No        "ra = tuple of the values in rb for the keys in tuple rc, or None.";
        MatchClass   Dst  Src3    Imm  No        "ra = tuple of attributes, or None: subject rb, class r[b+1], keyword names tuple r[b+2], c positional patterns.";
        GetLen       Dst  Src     No   No        "ra = len(rb).";
        // ---- rarely executed
        Intrinsic1   Dst  Src     Imm  No        "ra = intrinsic c (Intrinsic1) of rb.";
        Intrinsic2   Dst  Src2    Imm  No        "ra = intrinsic c (Intrinsic2) of rb and r[b+1].";
        SetupAnnotations No No    No   No        "Creates __annotations__ in the frame's locals mapping if it is not there.";
    } };
}

macro_rules! define_ops {
    ($($name:ident $a:ident $b:ident $c:ident $x:ident $doc:literal;)*) => {
        /// An operation; [`OPS`] tells its operands.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Op { $(#[doc = $doc] $name,)* }

        /// The table, indexed by `Op as usize`.
        pub static OPS: &[OpInfo] = &[$(OpInfo {
            name: stringify!($name), a: Operand::$a, b: Operand::$b, c: Operand::$c, ext: Ext::$x, doc: $doc,
        },)*];

        const ALL: &[Op] = &[$(Op::$name,)*];
    };
}
for_each_op!(define_ops);

/// A row of the table.
#[derive(Debug)]
pub struct OpInfo {
    pub name: &'static str,
    pub a: Operand,
    pub b: Operand,
    pub c: Operand,
    pub ext: Ext,
    pub doc: &'static str,
}

impl Op {
    /// The operation numbered `n`, if there is one.
    pub fn from_u8(n: u8) -> Option<Op> {
        ALL.get(n as usize).copied()
    }
    pub fn info(self) -> &'static OpInfo {
        &OPS[self as usize]
    }
    /// Length in words, the extension word included.
    pub fn words(self) -> usize {
        1 + (self.info().ext != Ext::No) as usize
    }
}

/// One instruction word.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Instr(pub u32);

impl Instr {
    pub fn abc(op: Op, a: u8, b: u8, c: u8) -> Instr {
        Instr(op as u32 | (a as u32) << 8 | (b as u32) << 16 | (c as u32) << 24)
    }
    pub fn abx(op: Op, a: u8, bx: u16) -> Instr {
        Instr(op as u32 | (a as u32) << 8 | (bx as u32) << 16)
    }
    /// `offset` must fit 24 bits.
    pub fn jump(op: Op, offset: i32) -> Instr {
        Instr(op as u32 | (offset as u32) << 8)
    }
    /// The operation. The word must come from verified code.
    #[inline(always)]
    pub fn op(self) -> Op {
        debug_assert!((self.0 as u8 as usize) < ALL.len());
        // SAFETY: `verify` (run on all code before it can execute) rejects numbers that are not operations.
        unsafe { std::mem::transmute::<u8, Op>(self.0 as u8) }
    }
    #[inline(always)]
    pub fn a(self) -> usize {
        (self.0 >> 8) as u8 as usize
    }
    #[inline(always)]
    pub fn b(self) -> usize {
        (self.0 >> 16) as u8 as usize
    }
    #[inline(always)]
    pub fn c(self) -> usize {
        (self.0 >> 24) as usize
    }
    #[inline(always)]
    pub fn bx(self) -> usize {
        (self.0 >> 16) as usize
    }
    #[inline(always)]
    pub fn sbx(self) -> i32 {
        (self.0 as i32) >> 16
    }
    #[inline(always)]
    pub fn jump24(self) -> isize {
        ((self.0 as i32) >> 8) as isize
    }
}

/// Objects that `LoadCommon` knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum CommonConst {
    AssertionError,
    NotImplementedError,
    BuiltinTuple,
    BuiltinAll,
    BuiltinAny,
    BuiltinList,
    BuiltinSet,
    EmptyDict,
}

/// Bits of `MakeFunction`'s c, in the order of their registers.
pub mod make_flags {
    /// A tuple of defaults of positional parameters.
    pub const DEFAULTS: u8 = 1;
    /// A dict of defaults of keyword-only parameters.
    pub const KWDEFAULTS: u8 = 2;
    /// A tuple of cells: the closure.
    pub const CLOSURE: u8 = 4;
    /// The `__annotate__` function.
    pub const ANNOTATE: u8 = 8;
    /// A tuple of type parameters.
    pub const TYPE_PARAMS: u8 = 16;
}

macro_rules! numbered {
    ($(#[$m:meta])* $name:ident { $($(#[$vm:meta])* $v:ident,)* }) => {
        $(#[$m])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum $name { $($(#[$vm])* $v,)* }
        impl $name {
            pub fn from_u8(n: u8) -> Option<Self> {
                const ALL: &[$name] = &[$($name::$v,)*];
                ALL.get(n as usize).copied()
            }
        }
    };
}

numbered! {
    /// Special methods that `LoadSpecial` looks up on the type.
    SpecialMethod { Enter, Exit, AEnter, AExit, }
}

numbered! {
    /// Operations of `Intrinsic1`.
    Intrinsic1 {
        /// Shows an expression statement's value in interactive mode (sys.displayhook).
        PrintExpr,
        /// Turns a StopIteration (in an async generator also StopAsyncIteration) that leaves a generator into RuntimeError.
        StopIterationError,
        /// Wraps a value that an async generator yields.
        AsyncGenWrap,
        /// TypeVar(name) without bound.
        TypeVar,
        /// ParamSpec(name).
        ParamSpec,
        /// TypeVarTuple(name).
        TypeVarTuple,
        /// typing.Generic subscripted by a tuple of type parameters.
        SubscriptGeneric,
        /// TypeAliasType from a tuple (name, type parameters or None, function that evaluates the value).
        TypeAlias,
        /// Checks that an object is a list or tuple and makes it a tuple (base classes with stars).
        ToTuple,
    }
}

numbered! {
    /// Operations of `Intrinsic2`.
    Intrinsic2 {
        /// TypeVar(name r[b]) with the bound that function r[b+1] evaluates.
        TypeVarWithBound,
        /// The same with constraints.
        TypeVarWithConstraints,
        /// Gives type parameter r[b] the default that function r[b+1] evaluates; result is r[b].
        SetTypeParamDefault,
        /// Sets `__type_params__` of function r[b] to tuple r[b+1]; result is r[b].
        SetFunctionTypeParams,
        /// Sets `__classdictcell__` namespace support: stores r[b+1] in the class namespace under `__static_attributes__`.
        SetStaticAttributes,
        /// The items of r[b] as a list; there must be exactly r[b+1].
        UnpackExactly,
        /// The same for a starred target: r[b+1] is (items before it, items behind it); the list has a list for it.
        UnpackStarred,
    }
}
