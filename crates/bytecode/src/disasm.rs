//! Shows code to people.
//!
//! Terms. An [`Arg`] is an operand as it is meant: registers, a constant, a name, a target. [`instructions`] gives
//! instructions one by one, with numbers for programs (`dis`) and texts for people; [`disassemble`] makes a listing of
//! a code and the codes in its constants.
//!
//! Invariants: nothing here fails or panics on code that is not verified; what makes no sense is shown as it is.

use crate::code::{Code, Const};
use crate::op::{Ext, Instr, Op, Operand};
use crate::positions::{self, Position};
use crate::verify::{MAX_DEPTH, Window, jump_target, windows};
use std::collections::HashSet;
use std::fmt::Write;

/// Longer texts of constants are cut in listings.
const MAX_TEXT: usize = 72;

/// An operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arg {
    /// That many registers from the first on.
    Regs { first: u32, count: u64 },
    /// A number.
    Number(i64),
    /// Index into the constants.
    Const(u32),
    /// Index into the names.
    Name(u32),
    /// Index of an inline cache.
    Cache(u32),
    /// A pc.
    Target(i64),
}

impl Arg {
    /// `r3`, `r3..r5`, the constant, the name, ...
    pub fn text(self, code: &Code) -> String {
        match self {
            Arg::Regs { first, count: 0 } => format!("r{first}..none"),
            Arg::Regs { first, count: 1 } => format!("r{first}"),
            Arg::Regs { first, count } => format!("r{first}..r{}", first as u64 + count - 1),
            Arg::Number(n) => n.to_string(),
            Arg::Const(n) => code.consts.get(n as usize).map_or_else(|| format!("<no constant {n}>"), const_text),
            Arg::Name(n) => code.names.get(n as usize).cloned().unwrap_or_else(|| format!("<no name {n}>")),
            Arg::Cache(n) => format!("cache {n}"),
            Arg::Target(pc) => format!("to {pc}"),
        }
    }
}

/// One instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instruction {
    pub pc: usize,
    /// None if there is no such operation.
    pub op: Option<Op>,
    /// Length in words.
    pub words: usize,
    /// Operands in the order a, b, c, extension word.
    pub args: Vec<Arg>,
    pub position: Position,
    /// A jump or an exception handler goes here.
    pub is_target: bool,
}

impl Instruction {
    pub fn name(&self) -> &'static str {
        self.op.map_or("<invalid>", |op| op.info().name)
    }
    /// Line, if it has one.
    pub fn line(&self) -> Option<u32> {
        (self.position.line != 0).then_some(self.position.line)
    }
    pub fn jump_target(&self) -> Option<usize> {
        self.args.iter().find_map(|arg| if let Arg::Target(pc) = arg { usize::try_from(*pc).ok() } else { None })
    }
    /// All operands.
    pub fn args_text(&self, code: &Code) -> String {
        self.args.iter().map(|arg| arg.text(code)).collect::<Vec<_>>().join(", ")
    }
}

/// The instructions of `code` in order.
pub fn instructions(code: &Code) -> Instructions<'_> {
    Instructions {
        code,
        pc: 0,
        targets: find_targets(code),
        runs: positions::decode(&code.positions).take(code.instrs.len()).collect(),
        run: 0,
    }
}

/// See [`instructions`].
pub struct Instructions<'a> {
    code: &'a Code,
    pc: usize,
    targets: HashSet<i64>,
    runs: Vec<(usize, usize, Position)>,
    run: usize,
}

impl Instructions<'_> {
    fn position(&mut self, pc: usize) -> Position {
        while self.runs.get(self.run).is_some_and(|(first, n, _)| first.saturating_add(*n) <= pc) {
            self.run += 1;
        }
        self.runs.get(self.run).map_or(Position::default(), |r| r.2)
    }
}

impl Iterator for Instructions<'_> {
    type Item = Instruction;

    fn next(&mut self) -> Option<Instruction> {
        let pc = self.pc;
        let (op, i, ext) = decode(self.code, pc)?;
        let words = op.map_or(1, Op::words);
        self.pc += words;
        let args = op.map_or_else(Vec::new, |_| find_args(i, ext, pc));
        let is_target = self.targets.contains(&(pc as i64));
        Some(Instruction { pc, op, words, args, position: self.position(pc), is_target })
    }
}

/// Operation (if valid), word and the word behind it. None at the end.
fn decode(code: &Code, pc: usize) -> Option<(Option<Op>, Instr, u32)> {
    let word = *code.instrs.get(pc)?;
    Some((Op::from_u8(word as u8), Instr(word), code.instrs.get(pc + 1).copied().unwrap_or(0)))
}

fn find_targets(code: &Code) -> HashSet<i64> {
    let mut targets: HashSet<i64> = code.exceptions.iter().map(|e| e.target as i64).collect();
    let mut pc = 0;
    while let Some((op, i, ext)) = decode(code, pc) {
        targets.extend(op.and_then(|_| jump_target(i, ext, pc)));
        pc += op.map_or(1, Op::words);
    }
    targets
}

/// The operation must be valid.
fn find_args(i: Instr, ext: u32, pc: usize) -> Vec<Arg> {
    let info = i.op().info();
    let [a, b, c] = windows(i, ext);
    let mut args = Vec::new();
    for (kind, x, window) in [(info.a, i.a(), a), (info.b, i.b(), b), (info.c, i.c(), c)] {
        args.extend(operand_arg(kind, x, window, i));
    }
    match info.ext {
        Ext::Konst => args.push(Arg::Const(ext)),
        Ext::Imm => args.push(Arg::Number(ext as i64)),
        Ext::NameCache => args.extend([Arg::Name(ext & 0xffff), Arg::Cache(ext >> 16)]),
        Ext::No | Ext::Jump => {}
    }
    args.extend(jump_target(i, ext, pc).map(Arg::Target));
    args
}

fn operand_arg(kind: Operand, x: usize, window: Window, i: Instr) -> Option<Arg> {
    match kind {
        Operand::No | Operand::Jump24 => None,
        Operand::Imm => Some(Arg::Number(x as i64)),
        Operand::Imm16 => Some(Arg::Number(i.bx() as i64)),
        Operand::SImm16 => Some(Arg::Number(i.sbx() as i64)),
        Operand::Konst => Some(Arg::Const(x as u32)),
        Operand::Konst16 => Some(Arg::Const(i.bx() as u32)),
        Operand::Name16 => Some(Arg::Name(i.bx() as u32)),
        _ => Some(Arg::Regs { first: window.first, count: window.count }),
    }
}

/// A constant much as Python's repr shows it (big integers in hexadecimal).
pub fn const_text(constant: &Const) -> String {
    let mut out = String::new();
    put_const(&mut out, constant, 0);
    out
}

fn put_const(out: &mut String, constant: &Const, depth: usize) {
    match constant {
        _ if depth > MAX_DEPTH => out.push_str("..."),
        Const::None => out.push_str("None"),
        Const::True => out.push_str("True"),
        Const::False => out.push_str("False"),
        Const::Ellipsis => out.push_str("Ellipsis"),
        Const::Int(n) => out.push_str(&n.to_string()),
        Const::BigInt(negative, magnitude) => put_big(out, *negative, magnitude),
        Const::Float(bits) => out.push_str(&float_text(*bits)),
        Const::Complex(re, im) => out.push_str(&format!("complex({}, {})", float_text(*re), float_text(*im))),
        Const::Str(text) => put_str(out, text),
        Const::Bytes(bytes) => put_bytes(out, bytes),
        Const::Tuple(items) => {
            out.push('(');
            put_items(out, items, depth);
            out.push_str(if items.len() == 1 { ",)" } else { ")" });
        }
        Const::FrozenSet(items) => {
            out.push_str("frozenset({");
            put_items(out, items, depth);
            out.push_str("})");
        }
        Const::Slice(parts) => {
            out.push_str("slice(");
            put_items(out, &parts[..], depth);
            out.push(')');
        }
        Const::Code(code) => out.push_str(&format!("<code {}, line {}>", code.qualname, code.firstlineno)),
    }
}

fn put_items(out: &mut String, items: &[Const], depth: usize) {
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push_str(", ");
        }
        put_const(out, item, depth + 1);
    }
}

fn put_big(out: &mut String, negative: bool, magnitude: &[u8]) {
    out.push_str(if negative { "-0x" } else { "0x" });
    for byte in magnitude.iter().rev() {
        let _ = write!(out, "{byte:02x}");
    }
}

fn float_text(bits: u64) -> String {
    let value = f64::from_bits(bits);
    if value.is_nan() { "nan".into() } else { format!("{value:?}") }
}

fn quote_for(has: impl Fn(u8) -> bool) -> char {
    if has(b'\'') && !has(b'"') { '"' } else { '\'' }
}

/// Escapes common to strings and bytes; false if `c` needs none of them.
fn put_escaped(out: &mut String, c: char, quote: char) -> bool {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\\' => out.push_str("\\\\"),
        _ if c == quote => out.extend(['\\', c]),
        _ => return false,
    }
    true
}

fn put_str(out: &mut String, mut wtf8: &[u8]) {
    let quote = quote_for(|c| wtf8.contains(&c));
    out.push(quote);
    while let Some(chunk) = wtf8.utf8_chunks().next() {
        for c in chunk.valid().chars() {
            put_char(out, c, quote);
        }
        wtf8 = put_broken(out, &wtf8[chunk.valid().len()..]);
    }
    out.push(quote);
}

fn put_char(out: &mut String, c: char, quote: char) {
    if put_escaped(out, c, quote) {
    } else if c.is_control() {
        let _ = write!(out, "\\x{:02x}", c as u32);
    } else {
        out.push(c);
    }
}

/// Shows the surrogate or the byte at the start of `bytes`, which is not UTF-8, and gives back what follows.
fn put_broken<'a>(out: &mut String, bytes: &'a [u8]) -> &'a [u8] {
    match bytes {
        [0xed, b @ 0xa0..=0xbf, c @ 0x80..=0xbf, rest @ ..] => {
            let _ = write!(out, "\\u{:04x}", 0xd000 | (*b as u32 & 0x3f) << 6 | (*c as u32 & 0x3f));
            rest
        }
        [byte, rest @ ..] => {
            let _ = write!(out, "\\x{byte:02x}");
            rest
        }
        [] => bytes,
    }
}

fn put_bytes(out: &mut String, bytes: &[u8]) {
    let quote = quote_for(|c| bytes.contains(&c));
    out.extend(['b', quote]);
    for &byte in bytes {
        if put_escaped(out, byte as char, quote) {
        } else if byte == b' ' || byte.is_ascii_graphic() {
            out.push(byte as char);
        } else {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push(quote);
}

/// A listing of `code` and all codes in its constants.
pub fn disassemble(code: &Code) -> String {
    let mut out = String::new();
    put_code(&mut out, code, 0);
    out
}

fn put_code(out: &mut String, code: &Code, depth: usize) {
    put_heading(out, code);
    let mut line = None;
    for i in instructions(code) {
        let shown = i.line().filter(|_| i.line() != line).map_or(String::new(), |n| n.to_string());
        line = i.line();
        let mark = if i.is_target { ">>" } else { "" };
        let args: Vec<String> = i.args.iter().map(|arg| shorten(arg.text(code))).collect();
        let text = format!("{shown:>6} {mark:>2} {:>5}  {:<22} {}", i.pc, i.name(), args.join(", "));
        out.push_str(text.trim_end());
        out.push('\n');
    }
    for e in &code.exceptions {
        let _ = writeln!(out, "  exceptions in {}..{} to {} in r{}", e.start, e.end, e.target, e.reg);
    }
    put_nested(out, &code.consts, depth + 1);
}

fn put_heading(out: &mut String, code: &Code) {
    let _ = writeln!(
        out,
        "code {} ({}:{}): flags {:#x}, args {}/{}/{}, {} registers, {} free, {} caches",
        code.qualname,
        code.filename,
        code.firstlineno,
        code.flags,
        code.posonlyargcount,
        code.argcount,
        code.kwonlyargcount,
        code.nregs,
        code.nfree,
        code.ncaches
    );
    for var in &code.vars {
        let _ = writeln!(out, "  {:?} {} = {}", var.kind, var.name, var.index);
    }
}

fn put_nested(out: &mut String, consts: &[Const], depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    for constant in consts {
        match constant {
            Const::Code(code) => {
                out.push('\n');
                put_code(out, code, depth);
            }
            Const::Tuple(items) | Const::FrozenSet(items) => put_nested(out, items, depth + 1),
            _ => {}
        }
    }
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{body, sample};

    #[test]
    fn instructions_of_the_sample() {
        let code = sample();
        let all: Vec<Instruction> = instructions(&code).collect();
        let pcs: Vec<usize> = all.iter().map(|i| i.pc).collect();
        assert_eq!(pcs, [0, 1, 3, 5, 6, 7, 8, 9]);
        assert_eq!(all[1].args_text(&code), "r3, r2, 0, to 8");
        assert_eq!(all[1].jump_target(), Some(8));
        assert_eq!(all[2].args_text(&code), "r4, print, cache 1");
        assert_eq!(all[4].args_text(&code), "r4, r4..r5, 1");
        assert_eq!(all[5].jump_target(), Some(1));
        let lines: Vec<Option<u32>> = all.iter().map(Instruction::line).collect();
        assert_eq!(lines, [Some(3), Some(4), Some(5), Some(5), Some(5), Some(4), Some(6), None]);
        let targets: Vec<usize> = all.iter().filter(|i| i.is_target).map(|i| i.pc).collect();
        assert_eq!(targets, [1, 8, 9]);
    }

    #[test]
    fn constants() {
        let texts: Vec<String> = sample().consts.iter().map(const_text).collect();
        assert_eq!(texts[4], "-9223372036854775808");
        assert_eq!(texts[5], "-0x010101010101010101");
        assert_eq!(texts[6], "-0.0");
        assert_eq!(texts[7], "complex(1.5, nan)");
        assert_eq!(texts[8], "\"h\u{e9}llo\\n'\"");
        assert_eq!(texts[9], "'\\ud800'");
        assert_eq!(texts[10], "b'\\x00\\xff\"'");
        assert_eq!(texts[11], "(-5, 'x', ())");
        assert_eq!(texts[12], "frozenset({-5, 'x', ()})");
        assert_eq!(texts[13], "slice(None, 1, None)");
    }

    #[test]
    fn listing() {
        let text = disassemble(&sample());
        assert!(text.contains("code m.f (s.py:3)"));
        assert!(text.contains("     4 >>     1  ForIter                r3, r2, 0, to 8\n"));
        assert!(text.contains("exceptions in 0..8 to 9 in r6"));
        assert!(text.contains("LoadClosure            r0, 0"));
    }

    #[test]
    fn nonsense_is_shown() {
        let code = body(0, &[Instr(255), Instr::abx(Op::LoadConst, 9, 7), Instr::abc(Op::UnpackEx, 0, 0, 0)]);
        let text = disassemble(&code);
        assert!(text.contains("<invalid>") && text.contains("<no constant 7>") && text.contains("UnpackEx"));
        assert_eq!(shorten("x".repeat(100)).len(), MAX_TEXT + 3);
    }
}
