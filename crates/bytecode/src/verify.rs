//! Checks that a code object cannot lead the interpreter outside of its frame, its tables or its instructions.
//!
//! Terms. A *window* is the run of registers that one operand reads or writes ([`windows`], the only place that turns
//! operand kinds into registers; `liveness` and `disasm` use it too). A *start* is a pc where an instruction begins.
//!
//! Invariants: of verified code all operation numbers, registers, indices, jump and handler targets are valid, and so
//! are those of the codes nested in its constants. Not checked, because it is about values: that a register read is
//! bound, that a register used as a cell holds one, that a closure tuple has as many cells as its code wants.
//!
//! Past what the table's operand kinds say, this module knows the operations with an immediate that selects something
//! (`check_number`), and `MakeFunction`, whose window has as many registers as c has bits.

use crate::code::{Code, Const, ExceptionEntry, Var, VarKind, flags};
use crate::op::{CommonConst, Ext, Instr, Intrinsic1, Intrinsic2, Op, Operand, SpecialMethod, make_flags};
use std::fmt;

/// Codes and constants nest at most this deep.
pub const MAX_DEPTH: usize = 400;
/// Registers and caches are numbered by 16 bits, so more than this many are useless.
const MAX_NUMBERED: u32 = 1 << 16;

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Codes or constants nest deeper than [`MAX_DEPTH`].
    TooDeep,
    /// More registers or caches than can be numbered.
    TooLarge,
    /// More parameters than registers, or counts that contradict each other.
    Params,
    NoSuchOp(u8),
    /// The extension word is missing.
    Truncated,
    /// The code has no instruction or its last one is not a jump, return or raise.
    RunsOffEnd,
    /// A register (the last one of a window) past the frame or past the near registers.
    Register(u64),
    ConstIndex(u32),
    NameIndex(u32),
    CacheIndex(u32),
    FreeIndex(u32),
    /// An immediate that selects nothing.
    Number(u32),
    /// A jump to something that is not the start of an instruction, or in the wrong direction.
    Target(i64),
    /// The constant is not a tuple of at most as many strings as there are arguments.
    KwNames(u32),
    /// The constant is not a code.
    NotCode(u32),
    /// A function of a code with free variables is made without a closure.
    NoClosure,
    /// The exception entry of this number.
    Exception(usize),
    /// The variable of this number.
    Var(usize),
    /// A string constant is not WTF-8.
    Text,
}

/// A fault and where it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    /// Qualified name of the code.
    pub code: String,
    /// The instruction, if the fault is in one.
    pub pc: Option<usize>,
    pub fault: Fault,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bad code {:?}", self.code)?;
        if let Some(pc) = self.pc {
            write!(f, " at {pc}")?;
        }
        write!(f, ": {:?}", self.fault)
    }
}

impl std::error::Error for VerifyError {}

/// Registers first..first + count that an operand reads, writes or both. Of a `far` one the number may pass 255.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Window {
    pub first: u32,
    pub count: u64,
    pub reads: bool,
    pub writes: bool,
    pub far: bool,
}

impl Window {
    fn new(first: usize, count: u64, reads: bool, writes: bool) -> Window {
        Window { first: first as u32, count, reads, writes, far: false }
    }
}

/// The windows of operands a, b and c (empty for one that is no register). The operation must be valid.
///
/// `ext` is the extension word (anything if there is none).
pub fn windows(i: Instr, ext: u32) -> [Window; 3] {
    let info = i.op().info();
    let mut all = [window(info.a, i.a(), i, ext), window(info.b, i.b(), i, ext), window(info.c, i.c(), i, ext)];
    if i.op() == Op::MakeFunction {
        all[1].count = i.c().count_ones() as u64;
    }
    all
}

fn window(kind: Operand, x: usize, i: Instr, ext: u32) -> Window {
    let c = i.c() as u64;
    let read = |n| Window::new(x, n, true, false);
    let write = |n| Window::new(x, n, false, true);
    match kind {
        Operand::Dst => write(1),
        Operand::Dst2 => write(2),
        Operand::DstN => write(c),
        Operand::DstEx => write(c + 1 + ext as u64),
        Operand::Src | Operand::Opt => read(1),
        Operand::Src2 => read(2),
        Operand::Src3 => read(3),
        Operand::SrcN => read(c),
        Operand::SrcPairs => read(2 * c),
        Operand::Callee => read(c + 1),
        Operand::Method => read(c + 2),
        Operand::Mod => Window::new(x, 1, true, true),
        Operand::FarSrc => Window { far: true, ..Window::new(i.bx(), 1, true, false) },
        Operand::FarDst => Window { far: true, ..Window::new(i.bx(), 1, false, true) },
        Operand::No
        | Operand::Imm
        | Operand::Konst
        | Operand::Konst16
        | Operand::Name16
        | Operand::Imm16
        | Operand::SImm16
        | Operand::Jump24 => Window::default(),
    }
}

/// Where the instruction `i` at `pc` may jump, if it is a jump. May be outside of the code if that is not verified.
pub fn jump_target(i: Instr, ext: u32, pc: usize) -> Option<i64> {
    let info = i.op().info();
    let next = (pc + i.op().words()) as i64;
    if info.a == Operand::Jump24 {
        Some(next + i.jump24() as i64)
    } else if info.ext == Ext::Jump {
        Some(next + ext as i32 as i64)
    } else {
        None
    }
}

/// The operation never goes on with the next instruction.
pub fn ends_flow(op: Op) -> bool {
    matches!(op, Op::Return | Op::Jump | Op::JumpBack | Op::Raise | Op::Reraise)
}

/// UTF-8 in which lone surrogates (and pairs of them, as Python has it) are allowed.
pub fn is_wtf8(mut bytes: &[u8]) -> bool {
    while let Err(e) = std::str::from_utf8(bytes) {
        bytes = &bytes[e.valid_up_to()..];
        match bytes {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, rest @ ..] => bytes = rest,
            _ => return false,
        }
    }
    true
}

/// Checks `code` and all codes in its constants.
pub fn verify(code: &Code) -> Result<(), VerifyError> {
    verify_nested(code, 0)
}

fn verify_nested(code: &Code, depth: usize) -> Result<(), VerifyError> {
    let at = |pc| move |fault| VerifyError { code: code.qualname.clone(), pc, fault };
    check_counts(code).map_err(at(None))?;
    let starts = find_starts(code).map_err(|(pc, fault)| at(Some(pc))(fault))?;
    let (mut pc, mut last) = (0, None);
    while pc < code.instrs.len() {
        let i = Instr(code.instrs[pc]);
        let ext = code.instrs.get(pc + 1).copied().unwrap_or(0);
        check_instr(code, &starts, pc, i, ext).map_err(at(Some(pc)))?;
        last = Some(i.op());
        pc += i.op().words();
    }
    if !last.is_some_and(ends_flow) {
        return Err(at(None)(Fault::RunsOffEnd));
    }
    check_exceptions(code, &starts).map_err(at(None))?;
    check_vars(code).map_err(at(None))?;
    check_consts(code, &code.consts, depth)
}

/// Parameters of all kinds, without overflow.
fn count_params(code: &Code) -> u64 {
    let star = |flag| (code.flags & flag != 0) as u64;
    code.argcount as u64 + code.kwonlyargcount as u64 + star(flags::VARARGS) + star(flags::VARKEYWORDS)
}

fn check_counts(code: &Code) -> Result<(), Fault> {
    if code.nregs > MAX_NUMBERED || code.ncaches > MAX_NUMBERED {
        return Err(Fault::TooLarge);
    }
    if count_params(code) > code.nregs as u64 || code.posonlyargcount > code.argcount {
        return Err(Fault::Params);
    }
    Ok(())
}

/// Marks the words that begin an instruction. Checks operation numbers and that extension words are there.
fn find_starts(code: &Code) -> Result<Vec<bool>, (usize, Fault)> {
    let mut starts = vec![false; code.instrs.len()];
    let mut pc = 0;
    while pc < starts.len() {
        let number = code.instrs[pc] as u8;
        let op = Op::from_u8(number).ok_or((pc, Fault::NoSuchOp(number)))?;
        starts[pc] = true;
        if pc + op.words() > starts.len() {
            return Err((pc, Fault::Truncated));
        }
        pc += op.words();
    }
    Ok(starts)
}

fn check_instr(code: &Code, starts: &[bool], pc: usize, i: Instr, ext: u32) -> Result<(), Fault> {
    for window in windows(i, ext) {
        check_window(code, window)?;
    }
    let info = i.op().info();
    for (kind, x) in [(info.a, i.a()), (info.b, i.b()), (info.c, i.c())] {
        match kind {
            Operand::Konst => check_const(code, x as u32)?,
            Operand::Konst16 => check_const(code, i.bx() as u32)?,
            Operand::Name16 => check_name(code, i.bx() as u32)?,
            _ => {}
        }
    }
    match info.ext {
        Ext::Konst => check_const(code, ext)?,
        Ext::NameCache => check_name_cache(code, ext)?,
        Ext::No | Ext::Jump | Ext::Imm => {}
    }
    if let Some(target) = jump_target(i, ext, pc) {
        check_target(starts, pc, i.op(), target)?;
    }
    check_number(code, i)?;
    check_special(code, i, ext)
}

fn check_window(code: &Code, w: Window) -> Result<(), Fault> {
    let limit = if w.far { code.nregs } else { code.nregs.min(256) } as u64;
    let end = w.first as u64 + w.count;
    if end > limit && (w.reads || w.writes) { Err(Fault::Register(end.saturating_sub(1))) } else { Ok(()) }
}

fn check_const(code: &Code, n: u32) -> Result<(), Fault> {
    if (n as usize) < code.consts.len() { Ok(()) } else { Err(Fault::ConstIndex(n)) }
}

fn check_name(code: &Code, n: u32) -> Result<(), Fault> {
    if (n as usize) < code.names.len() { Ok(()) } else { Err(Fault::NameIndex(n)) }
}

fn check_name_cache(code: &Code, ext: u32) -> Result<(), Fault> {
    check_name(code, ext & 0xffff)?;
    if ext >> 16 < code.ncaches { Ok(()) } else { Err(Fault::CacheIndex(ext >> 16)) }
}

/// `Jump` goes forward and `JumpBack` back (it has the safepoint); other jumps go where they like.
fn check_target(starts: &[bool], pc: usize, op: Op, target: i64) -> Result<(), Fault> {
    let is_start = usize::try_from(target).is_ok_and(|t| starts.get(t) == Some(&true));
    let direction = match op {
        Op::Jump => target > pc as i64,
        Op::JumpBack => target <= pc as i64,
        _ => true,
    };
    if is_start && direction { Ok(()) } else { Err(Fault::Target(target)) }
}

/// Immediates that select something.
fn check_number(code: &Code, i: Instr) -> Result<(), Fault> {
    let (a, b, c) = (i.a() as u32, i.b() as u32, i.c() as u32);
    let free = |n| if n < code.nfree { Ok(()) } else { Err(Fault::FreeIndex(n)) };
    let ok = |n, good| if good { Ok(()) } else { Err(Fault::Number(n)) };
    match i.op() {
        Op::StoreFree | Op::DelFree => free(a),
        Op::LoadFree | Op::LoadClosure | Op::LoadFromDictOrFree => free(b),
        Op::LoadCommon => ok(b, b <= CommonConst::EmptyDict as u32),
        Op::LoadSpecial => ok(c, SpecialMethod::from_u8(c as u8).is_some()),
        Op::Intrinsic1 => ok(c, Intrinsic1::from_u8(c as u8).is_some()),
        Op::Intrinsic2 => ok(c, Intrinsic2::from_u8(c as u8).is_some()),
        Op::MakeFunction => ok(c, c < 2 * make_flags::TYPE_PARAMS as u32),
        Op::Raise | Op::GetAwaitable => ok(c, c <= 2),
        Op::Convert => ok(c, (1..=3).contains(&c)),
        Op::BuildInterpolation => ok(c, c <= 3),
        _ => Ok(()),
    }
}

/// Constants that must be of a kind. (That the index is in range has been checked.)
fn check_special(code: &Code, i: Instr, ext: u32) -> Result<(), Fault> {
    let constant = || code.consts.get(ext as usize);
    match i.op() {
        Op::CallKw | Op::CallMethodKw => match constant() {
            Some(Const::Tuple(names)) if names.len() <= i.c() && names.iter().all(|n| matches!(n, Const::Str(_))) => {
                Ok(())
            }
            _ => Err(Fault::KwNames(ext)),
        },
        Op::MakeFunction => match constant() {
            Some(Const::Code(inner)) if inner.nfree == 0 || i.c() & make_flags::CLOSURE as usize != 0 => Ok(()),
            Some(Const::Code(_)) => Err(Fault::NoClosure),
            _ => Err(Fault::NotCode(ext)),
        },
        _ => Ok(()),
    }
}

fn check_exceptions(code: &Code, starts: &[bool]) -> Result<(), Fault> {
    let is_start = |pc: u32| starts.get(pc as usize) == Some(&true);
    let is_bound = |pc: u32| is_start(pc) || pc as usize == starts.len();
    let good = |e: &ExceptionEntry| {
        e.start <= e.end && is_bound(e.start) && is_bound(e.end) && is_start(e.target) && e.reg < code.nregs.min(256)
    };
    match code.exceptions.iter().position(|e| !good(e)) {
        Some(n) => Err(Fault::Exception(n)),
        None => Ok(()),
    }
}

/// Parameters from this one on may be moved out of the near registers by the prologue.
const NEAR_PARAMS: usize = 128;

/// The parameters are the first variables, in the order of their registers.
fn check_vars(code: &Code) -> Result<(), Fault> {
    let params = count_params(code) as usize;
    if code.vars.len() < params {
        return Err(Fault::Params);
    }
    let good = |n: usize, var: &Var| match var.kind {
        VarKind::Local | VarKind::Cell if n < params.min(NEAR_PARAMS) => var.index as usize == n,
        VarKind::Local | VarKind::Cell if n < params => var.index as usize >= n && var.index < code.nregs,
        _ if n < params => false,
        VarKind::Local | VarKind::Cell | VarKind::Hidden => var.index < code.nregs,
        VarKind::Free => var.index < code.nfree,
    };
    match code.vars.iter().enumerate().position(|(n, var)| !good(n, var)) {
        Some(n) => Err(Fault::Var(n)),
        None => Ok(()),
    }
}

fn check_consts(code: &Code, consts: &[Const], depth: usize) -> Result<(), VerifyError> {
    let fail = |fault| Err(VerifyError { code: code.qualname.clone(), pc: None, fault });
    for constant in consts {
        match constant {
            _ if depth > MAX_DEPTH => return fail(Fault::TooDeep),
            Const::Str(text) if !is_wtf8(text) => return fail(Fault::Text),
            Const::Tuple(items) | Const::FrozenSet(items) => check_consts(code, items, depth + 1)?,
            Const::Slice(parts) => check_consts(code, &parts[..], depth + 1)?,
            Const::Code(inner) => verify_nested(inner, depth + 1)?,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{body, sample};

    fn fault(code: &Code) -> Fault {
        verify(code).unwrap_err().fault
    }

    fn one(nregs: u32, i: Instr, ext: &[u32]) -> Code {
        let mut code = body(nregs, &[]);
        code.instrs = [&[i.0], ext, &[Instr::abc(Op::Return, 0, 0, 0).0]].concat();
        code
    }

    #[test]
    fn accepts_the_sample() {
        assert_eq!(verify(&sample()), Ok(()));
    }

    #[test]
    fn windows_stay_in_the_frame() {
        let call = |n| one(n, Instr::abc(Op::Call, 0, 1, 2), &[]);
        assert_eq!(verify(&call(4)), Ok(()));
        assert_eq!(fault(&call(3)), Fault::Register(3));
        assert_eq!(fault(&one(4, Instr::abc(Op::CallMethod, 0, 1, 2), &[])), Fault::Register(4));
        assert_eq!(verify(&one(4, Instr::abc(Op::UnpackEx, 0, 0, 2), &[1])), Ok(()));
        assert_eq!(fault(&one(4, Instr::abc(Op::UnpackEx, 0, 0, 2), &[2])), Fault::Register(4));
        assert!(matches!(fault(&one(4, Instr::abc(Op::UnpackEx, 0, 0, 2), &[u32::MAX])), Fault::Register(_)));
        assert_eq!(fault(&one(300, Instr::abc(Op::Call, 0, 250, 6), &[])), Fault::Register(256));
        assert_eq!(verify(&one(300, Instr::abx(Op::LoadFar, 0, 299), &[])), Ok(()));
        assert_eq!(fault(&one(300, Instr::abx(Op::LoadFar, 0, 300), &[])), Fault::Register(300));
    }

    #[test]
    fn instructions_are_whole() {
        assert_eq!(fault(&one(1, Instr(255), &[])), Fault::NoSuchOp(255));
        let mut code = one(1, Instr::abc(Op::JumpIfTrue, 0, 0, 0), &[]);
        code.instrs.truncate(1);
        assert_eq!(fault(&code), Fault::Truncated);
        assert_eq!(fault(&body(1, &[])), Fault::RunsOffEnd);
        assert_eq!(fault(&body(1, &[Instr::abc(Op::Nop, 0, 0, 0)])), Fault::RunsOffEnd);
    }

    #[test]
    fn jumps_land_on_instructions() {
        let test = |offset: i32| one(1, Instr::abc(Op::JumpIfTrue, 0, 0, 0), &[offset as u32]);
        assert_eq!(verify(&test(0)), Ok(()));
        assert_eq!(verify(&test(-2)), Ok(()));
        for bad in [-1, 1, -3, i32::MIN, i32::MAX] {
            assert_eq!(fault(&test(bad)), Fault::Target(2 + bad as i64));
        }
        assert_eq!(fault(&one(1, Instr::jump(Op::Jump, -1), &[])), Fault::Target(0));
        assert_eq!(fault(&one(1, Instr::jump(Op::JumpBack, 0), &[])), Fault::Target(1));
    }

    #[test]
    fn indices_are_in_range() {
        assert_eq!(fault(&one(1, Instr::abx(Op::LoadConst, 0, 0), &[])), Fault::ConstIndex(0));
        assert_eq!(fault(&one(1, Instr::abc(Op::LoadGlobal, 0, 0, 0), &[0])), Fault::NameIndex(0));
        let mut code = one(1, Instr::abc(Op::LoadGlobal, 0, 0, 0), &[1 << 16]);
        code.names = vec!["x".into()];
        code.ncaches = 1;
        assert_eq!(fault(&code), Fault::CacheIndex(1));
        assert_eq!(fault(&one(1, Instr::abc(Op::LoadClosure, 0, 0, 0), &[])), Fault::FreeIndex(0));
        assert_eq!(fault(&one(1, Instr::abc(Op::LoadCommon, 0, 200, 0), &[])), Fault::Number(200));
    }

    #[test]
    fn special_constants() {
        let mut code = one(2, Instr::abc(Op::CallKw, 0, 0, 1), &[0]);
        let name = Const::Str(b"k".to_vec());
        code.consts = vec![Const::Tuple(vec![name.clone()])];
        assert_eq!(verify(&code), Ok(()));
        code.consts = vec![Const::Tuple(vec![name.clone(), name])];
        assert_eq!(fault(&code), Fault::KwNames(0));
        code.consts = vec![Const::Tuple(vec![Const::None])];
        assert_eq!(fault(&code), Fault::KwNames(0));
        code.instrs[0] = Instr::abc(Op::MakeFunction, 0, 0, 0).0;
        assert_eq!(fault(&code), Fault::NotCode(0));
        let mut inner = body(1, &[Instr::abc(Op::Return, 0, 0, 0)]);
        inner.nfree = 1;
        code.consts = vec![Const::Code(Box::new(inner))];
        assert_eq!(fault(&code), Fault::NoClosure);
        code.instrs[0] = Instr::abc(Op::MakeFunction, 0, 0, make_flags::CLOSURE | make_flags::DEFAULTS).0;
        assert_eq!(verify(&code), Ok(()));
        code.nregs = 1;
        assert_eq!(fault(&code), Fault::Register(1));
    }

    #[test]
    fn tables() {
        let mut code = sample();
        code.exceptions[0].target += 1;
        assert_eq!(fault(&code), Fault::Exception(0));
        let mut code = sample();
        code.vars[0].index = 1;
        assert_eq!(fault(&code), Fault::Var(0));
        let mut code = sample();
        code.argcount = u32::MAX;
        code.kwonlyargcount = u32::MAX;
        assert_eq!(fault(&code), Fault::Params);
        let mut code = sample();
        code.consts.push(Const::Code(Box::default()));
        assert_eq!(fault(&code), Fault::RunsOffEnd);
    }

    #[test]
    fn depth_and_text() {
        let mut code = sample();
        let deep = (0..MAX_DEPTH + 1).fold(Const::None, |c, _| Const::Tuple(vec![c]));
        code.consts.push(deep);
        assert_eq!(fault(&code), Fault::TooDeep);
        assert!(is_wtf8(b"a\xed\xa0\x80\xed\xb0\x80b"));
        assert!(!is_wtf8(b"\xed\xa0"));
        assert!(!is_wtf8(b"\xff"));
    }
}
