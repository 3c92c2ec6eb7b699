//! The compact binary form in which codes and constants are stored.
//!
//! A file is: magic, format version, fingerprint of the instruction table (each 4 bytes), the string table, one root
//! value. All strings (names and string constants) of a file are in its string table and the rest refers to them by
//! number, so that nested codes share them. Instructions are raw little-endian words, floats raw bits; other numbers are
//! *varints* (7 bits a byte, lowest first), signed ones zigzag-coded.
//!
//! Invariants: `read` gives back what `write` got, unless constants nest deeper than [`MAX_DEPTH`] (then an error).
//! Whatever the input, reading ends without panic, nests at most [`MAX_DEPTH`] deep, and takes memory in proportion to
//! the input: a length is believed only if that many bytes are there, and copies of shared strings have a budget.
//! Strings that come out are WTF-8 (UTF-8 where the type says so); instructions are for `verify` to check.
//!
//! Change [`VERSION`] with the format or with any numbering besides the instruction table's, which has its fingerprint.

use crate::code::{Code, Const, ExceptionEntry, Var, VarKind};
use crate::op::{OPS, OpInfo};
use crate::verify::{MAX_DEPTH, is_wtf8};
use std::collections::HashMap;
use std::fmt;

const MAGIC: &[u8; 4] = b"FpyC";
/// Version of this format.
pub const VERSION: u32 = 1;
/// Changes with the instruction table, so that a file from another table is refused.
pub const FINGERPRINT: u32 = fingerprint(OPS);
/// Vectors start at most this long, whatever length is announced.
const MAX_RESERVE: usize = 1024;
/// Copies of strings may take this many times the size of the input, and `BUDGET_BASE` besides.
const BUDGET_FACTOR: usize = 256;
const BUDGET_BASE: usize = 1 << 20;

/// Why something cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SerialError {
    /// Not such a file at all.
    Magic,
    /// Written in another format or for another instruction table.
    Version,
    /// The input ends too early.
    Truncated,
    /// There is something behind the end.
    Trailing,
    /// An unknown tag or an impossible number.
    Malformed,
    /// A string is not in its encoding.
    Text,
    /// Too deeply nested.
    TooDeep,
    /// The strings would take too much memory.
    TooLarge,
}

impl fmt::Display for SerialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SerialError::Magic => "not a stored code object",
            SerialError::Version => "stored by another version",
            SerialError::Truncated => "data too short",
            SerialError::Trailing => "data behind the end",
            SerialError::Malformed => "malformed data",
            SerialError::Text => "badly encoded string",
            SerialError::TooDeep => "nested too deeply",
            SerialError::TooLarge => "strings too large",
        })
    }
}

impl std::error::Error for SerialError {}

type Result<T> = std::result::Result<T, SerialError>;

mod tag {
    pub const NONE: u8 = 0;
    pub const TRUE: u8 = 1;
    pub const FALSE: u8 = 2;
    pub const ELLIPSIS: u8 = 3;
    pub const INT: u8 = 4;
    pub const BIG_POSITIVE: u8 = 5;
    pub const BIG_NEGATIVE: u8 = 6;
    pub const FLOAT: u8 = 7;
    pub const COMPLEX: u8 = 8;
    pub const STR: u8 = 9;
    pub const BYTES: u8 = 10;
    pub const TUPLE: u8 = 11;
    pub const FROZEN_SET: u8 = 12;
    pub const SLICE: u8 = 13;
    pub const CODE: u8 = 14;
}

/// FNV-1a over the table's names and operand kinds.
const fn fingerprint(ops: &[OpInfo]) -> u32 {
    let mut hash = 0x811c_9dc5;
    let mut n = 0;
    while n < ops.len() {
        let op = &ops[n];
        let name = op.name.as_bytes();
        let mut k = 0;
        while k < name.len() {
            hash = mix(hash, name[k]);
            k += 1;
        }
        hash = mix(mix(mix(mix(hash, op.a as u8), op.b as u8), op.c as u8), op.ext as u8);
        n += 1;
    }
    hash
}

const fn mix(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(0x0100_0193)
}

/// The stored form of `code`.
pub fn write(code: &Code) -> Vec<u8> {
    let mut w = Writer::default();
    w.code(code);
    w.finish()
}

/// The code stored in `data`, which must hold nothing else. It is not verified.
pub fn read(data: &[u8]) -> Result<Code> {
    let mut r = Reader::new(data)?;
    let code = r.code(0)?;
    if r.rest.is_empty() { Ok(code) } else { Err(SerialError::Trailing) }
}

/// The stored form of `constant`.
pub fn write_const(constant: &Const) -> Vec<u8> {
    let mut w = Writer::default();
    w.constant(constant);
    w.finish()
}

/// The constant stored at the beginning of `data`, and the number of bytes that it takes there. Codes in it are not
/// verified.
pub fn read_const(data: &[u8]) -> Result<(Const, usize)> {
    let mut r = Reader::new(data)?;
    let constant = r.constant(0)?;
    Ok((constant, data.len() - r.rest.len()))
}

fn put_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Writes the value and gathers its strings on the way.
#[derive(Default)]
struct Writer<'a> {
    out: Vec<u8>,
    numbers: HashMap<&'a [u8], u32>,
    strings: Vec<&'a [u8]>,
}

impl<'a> Writer<'a> {
    fn finish(self) -> Vec<u8> {
        let size = self.strings.iter().map(|s| s.len() + 2).sum::<usize>();
        let mut all = Vec::with_capacity(self.out.len() + size + 16);
        all.extend_from_slice(MAGIC);
        all.extend_from_slice(&VERSION.to_le_bytes());
        all.extend_from_slice(&FINGERPRINT.to_le_bytes());
        put_varint(&mut all, self.strings.len() as u64);
        for text in self.strings {
            put_varint(&mut all, text.len() as u64);
            all.extend_from_slice(text);
        }
        all.extend_from_slice(&self.out);
        all
    }

    fn number(&mut self, n: u32) {
        put_varint(&mut self.out, n as u64);
    }
    fn length(&mut self, n: usize) {
        put_varint(&mut self.out, n as u64);
    }
    fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.out.extend_from_slice(bytes);
    }
    fn string(&mut self, text: &'a [u8]) {
        let n = *self.numbers.entry(text).or_insert_with(|| {
            self.strings.push(text);
            self.strings.len() as u32 - 1
        });
        self.number(n);
    }

    fn tagged_bytes(&mut self, tag: u8, bytes: &[u8]) {
        self.out.push(tag);
        self.bytes(bytes);
    }
    fn items(&mut self, tag: u8, items: &'a [Const]) {
        self.out.push(tag);
        self.length(items.len());
        self.constants(items);
    }
    fn constants(&mut self, items: &'a [Const]) {
        for item in items {
            self.constant(item);
        }
    }

    fn constant(&mut self, constant: &'a Const) {
        match constant {
            Const::None => self.out.push(tag::NONE),
            Const::True => self.out.push(tag::TRUE),
            Const::False => self.out.push(tag::FALSE),
            Const::Ellipsis => self.out.push(tag::ELLIPSIS),
            Const::Int(n) => {
                self.out.push(tag::INT);
                put_varint(&mut self.out, ((n << 1) ^ (n >> 63)) as u64);
            }
            Const::BigInt(false, magnitude) => self.tagged_bytes(tag::BIG_POSITIVE, magnitude),
            Const::BigInt(true, magnitude) => self.tagged_bytes(tag::BIG_NEGATIVE, magnitude),
            Const::Float(bits) => self.raw(tag::FLOAT, &[*bits]),
            Const::Complex(re, im) => self.raw(tag::COMPLEX, &[*re, *im]),
            Const::Str(text) => {
                self.out.push(tag::STR);
                self.string(text);
            }
            Const::Bytes(bytes) => self.tagged_bytes(tag::BYTES, bytes),
            Const::Tuple(items) => self.items(tag::TUPLE, items),
            Const::FrozenSet(items) => self.items(tag::FROZEN_SET, items),
            Const::Slice(parts) => {
                self.out.push(tag::SLICE);
                self.constants(&parts[..]);
            }
            Const::Code(code) => {
                self.out.push(tag::CODE);
                self.code(code);
            }
        }
    }

    fn raw(&mut self, tag: u8, words: &[u64]) {
        self.out.push(tag);
        for word in words {
            self.out.extend_from_slice(&word.to_le_bytes());
        }
    }

    fn code(&mut self, code: &'a Code) {
        for text in [&code.name, &code.qualname, &code.filename] {
            self.string(text.as_bytes());
        }
        for n in [code.flags, code.argcount, code.posonlyargcount, code.kwonlyargcount] {
            self.number(n);
        }
        for n in [code.nregs, code.firstlineno, code.nfree, code.ncaches] {
            self.number(n);
        }
        self.length(code.instrs.len());
        self.out.extend(code.instrs.iter().flat_map(|word| word.to_le_bytes()));
        self.length(code.consts.len());
        self.constants(&code.consts);
        self.length(code.names.len());
        for name in &code.names {
            self.string(name.as_bytes());
        }
        self.length(code.vars.len());
        for var in &code.vars {
            self.string(var.name.as_bytes());
            self.out.push(var.kind as u8);
            self.number(var.index);
        }
        self.length(code.exceptions.len());
        for e in &code.exceptions {
            for n in [e.start, e.end.wrapping_sub(e.start), e.target, e.reg] {
                self.number(n);
            }
        }
        self.bytes(&code.positions);
    }
}

/// A string of the table; `utf8` is missing if it has surrogates.
struct Text<'a> {
    bytes: &'a [u8],
    utf8: Option<&'a str>,
}

impl<'a> Text<'a> {
    fn new(bytes: &'a [u8]) -> Result<Text<'a>> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Text { bytes, utf8: Some(text) }),
            Err(_) if is_wtf8(bytes) => Ok(Text { bytes, utf8: None }),
            Err(_) => Err(SerialError::Text),
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    strings: Vec<Text<'a>>,
    /// Bytes of strings that may still be copied.
    budget: usize,
}

impl<'a> Reader<'a> {
    /// Reads everything before the root value.
    fn new(data: &'a [u8]) -> Result<Reader<'a>> {
        let budget = data.len().saturating_mul(BUDGET_FACTOR).saturating_add(BUDGET_BASE);
        let mut r = Reader { rest: data, strings: Vec::new(), budget };
        if r.take(4)? != MAGIC {
            return Err(SerialError::Magic);
        }
        if r.take(4)? != VERSION.to_le_bytes() || r.take(4)? != FINGERPRINT.to_le_bytes() {
            return Err(SerialError::Version);
        }
        r.strings = r.vector(|r| Text::new(r.bytes()?))?;
        Ok(r)
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(SerialError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
    fn byte(&mut self) -> Result<u8> {
        let (&byte, rest) = self.rest.split_first().ok_or(SerialError::Truncated)?;
        self.rest = rest;
        Ok(byte)
    }
    #[inline]
    fn varint(&mut self) -> Result<u64> {
        let first = self.byte()?;
        if first < 0x80 { Ok(first as u64) } else { self.long_varint(first) }
    }
    fn long_varint(&mut self, first: u8) -> Result<u64> {
        let mut n = (first & 0x7f) as u64;
        for shift in (7..64).step_by(7) {
            let byte = self.byte()?;
            n |= ((byte & 0x7f) as u64) << shift;
            if byte < 0x80 {
                return if shift == 63 && byte > 1 { Err(SerialError::Malformed) } else { Ok(n) };
            }
        }
        Err(SerialError::Malformed)
    }
    fn number(&mut self) -> Result<u32> {
        u32::try_from(self.varint()?).map_err(|_| SerialError::Malformed)
    }
    /// A length of something whose items take at least one byte each.
    fn length(&mut self) -> Result<usize> {
        let n = usize::try_from(self.varint()?).map_err(|_| SerialError::Truncated)?;
        if n <= self.rest.len() { Ok(n) } else { Err(SerialError::Truncated) }
    }
    fn bytes(&mut self) -> Result<&'a [u8]> {
        let n = self.length()?;
        self.take(n)
    }
    fn word(&mut self) -> Result<u64> {
        let bytes = self.take(8)?.try_into().map_err(|_| SerialError::Truncated)?;
        Ok(u64::from_le_bytes(bytes))
    }
    fn vector<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let n = self.length()?;
        let mut all = Vec::with_capacity(n.min(MAX_RESERVE));
        for _ in 0..n {
            all.push(item(self)?);
        }
        Ok(all)
    }

    /// The string of the number that comes next, paid from the budget.
    fn text(&mut self) -> Result<&Text<'a>> {
        let n = self.number()? as usize;
        let text = self.strings.get(n).ok_or(SerialError::Malformed)?;
        self.budget = self.budget.checked_sub(text.bytes.len()).ok_or(SerialError::TooLarge)?;
        Ok(text)
    }
    fn name(&mut self) -> Result<String> {
        Ok(self.text()?.utf8.ok_or(SerialError::Text)?.to_string())
    }
    fn instrs(&mut self) -> Result<Vec<u32>> {
        let size = self.length()?.checked_mul(4).ok_or(SerialError::Truncated)?;
        Ok(self.take(size)?.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect())
    }

    fn constants(&mut self, depth: usize) -> Result<Vec<Const>> {
        self.vector(|r| r.constant(depth))
    }

    fn constant(&mut self, depth: usize) -> Result<Const> {
        if depth > MAX_DEPTH {
            return Err(SerialError::TooDeep);
        }
        Ok(match self.byte()? {
            tag::NONE => Const::None,
            tag::TRUE => Const::True,
            tag::FALSE => Const::False,
            tag::ELLIPSIS => Const::Ellipsis,
            tag::INT => {
                let z = self.varint()?;
                Const::Int((z >> 1) as i64 ^ -((z & 1) as i64))
            }
            tag::BIG_POSITIVE => Const::BigInt(false, self.bytes()?.to_vec()),
            tag::BIG_NEGATIVE => Const::BigInt(true, self.bytes()?.to_vec()),
            tag::FLOAT => Const::Float(self.word()?),
            tag::COMPLEX => Const::Complex(self.word()?, self.word()?),
            tag::STR => Const::Str(self.text()?.bytes.to_vec()),
            tag::BYTES => Const::Bytes(self.bytes()?.to_vec()),
            tag::TUPLE => Const::Tuple(self.constants(depth + 1)?),
            tag::FROZEN_SET => Const::FrozenSet(self.constants(depth + 1)?),
            tag::SLICE => self.slice(depth + 1)?,
            tag::CODE => Const::Code(self.boxed_code(depth + 1)?),
            _ => return Err(SerialError::Malformed),
        })
    }

    fn slice(&mut self, depth: usize) -> Result<Const> {
        Ok(Const::Slice(Box::new([self.constant(depth)?, self.constant(depth)?, self.constant(depth)?])))
    }

    /// Apart from `constant`, whose stack frame it would make large.
    #[inline(never)]
    fn boxed_code(&mut self, depth: usize) -> Result<Box<Code>> {
        Ok(Box::new(self.code(depth)?))
    }

    fn code(&mut self, depth: usize) -> Result<Code> {
        Ok(Code {
            name: self.name()?,
            qualname: self.name()?,
            filename: self.name()?,
            flags: self.number()?,
            argcount: self.number()?,
            posonlyargcount: self.number()?,
            kwonlyargcount: self.number()?,
            nregs: self.number()?,
            firstlineno: self.number()?,
            nfree: self.number()?,
            ncaches: self.number()?,
            instrs: self.instrs()?,
            consts: self.constants(depth)?,
            names: self.vector(Self::name)?,
            vars: self.vector(Self::var)?,
            exceptions: self.vector(Self::exception)?,
            positions: self.bytes()?.to_vec(),
        })
    }

    fn var(&mut self) -> Result<Var> {
        Ok(Var { name: self.name()?, kind: self.var_kind()?, index: self.number()? })
    }

    fn var_kind(&mut self) -> Result<VarKind> {
        const KINDS: [VarKind; 4] = [VarKind::Local, VarKind::Cell, VarKind::Free, VarKind::Hidden];
        KINDS.get(self.byte()? as usize).copied().ok_or(SerialError::Malformed)
    }

    fn exception(&mut self) -> Result<ExceptionEntry> {
        let start = self.number()?;
        let end = start.wrapping_add(self.number()?);
        Ok(ExceptionEntry { start, end, target: self.number()?, reg: self.number()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Instr, Op};
    use crate::samples::{Random, sample};

    #[test]
    fn round_trip() {
        let code = sample();
        assert_eq!(read(&write(&code)), Ok(code));
        assert_eq!(read(&write(&Code::default())), Ok(Code::default()));
        for kind in [VarKind::Local, VarKind::Cell, VarKind::Free, VarKind::Hidden] {
            let vars = vec![Var { name: "v".into(), kind, index: u32::MAX }];
            let code = Code { vars, ..Code::default() };
            assert_eq!(read(&write(&code)), Ok(code));
        }
    }

    #[test]
    fn constants_in_a_stream() {
        for constant in sample().consts.into_iter().chain([0, 1, -1, i64::MAX].map(Const::Int)) {
            let mut data = write_const(&constant);
            let size = data.len();
            data.extend_from_slice(b"more");
            assert_eq!(read_const(&data), Ok((constant, size)));
        }
    }

    #[test]
    fn strings_are_shared() {
        let name = "a_long_name_that_occurs_often";
        let one = || Const::Str(name.into());
        let data = write_const(&Const::Tuple((0..50).map(|_| one()).collect()));
        assert!(data.len() < 200);
    }

    #[test]
    fn every_truncation_is_an_error() {
        let data = write(&sample());
        for n in 0..data.len() {
            assert!(read(&data[..n]).is_err(), "{n}");
        }
        let longer = [&data[..], &[0]].concat();
        assert_eq!(read(&longer), Err(SerialError::Trailing));
    }

    #[test]
    fn other_versions_are_refused() {
        let mut data = write(&sample());
        data[8] ^= 1;
        assert_eq!(read(&data), Err(SerialError::Version));
        data[0] ^= 1;
        assert_eq!(read(&data), Err(SerialError::Magic));
    }

    /// Damaged input must not panic here, nor in what comes after when it happens to be valid.
    #[test]
    fn damage_is_survived() {
        let good = write(&sample());
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..30_000 {
            let mut data = good.clone();
            for _ in 0..1 + random.below(3) {
                let at = 12 + random.below(data.len() - 12);
                data[at] = random.below(256) as u8;
            }
            if let Ok(code) = read(&data) {
                crate::disasm::disassemble(&code);
                if crate::verify::verify(&code).is_ok() {
                    crate::liveness::Liveness::new(&code);
                }
            }
        }
    }

    fn file(body: &[u8]) -> Vec<u8> {
        let mut data = Writer::default().finish();
        data.pop();
        data.extend_from_slice(body);
        data
    }

    #[test]
    fn hostile_lengths_and_depth() {
        let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert_eq!(read_const(&file(&huge)), Err(SerialError::Truncated));
        let tuple = [&[0, tag::TUPLE], &huge[..]].concat();
        assert_eq!(read_const(&file(&tuple)), Err(SerialError::Truncated));
        let endless = [0xff; 12];
        assert_eq!(read_const(&file(&endless)), Err(SerialError::Malformed));
        let mut deep = vec![0];
        deep.extend([tag::TUPLE, 1].repeat(100_000));
        assert_eq!(read_const(&file(&deep)), Err(SerialError::TooDeep));
    }

    #[test]
    fn copies_have_a_budget() {
        let mut body = vec![1];
        put_varint(&mut body, 100_000);
        body.extend(vec![b'x'; 100_000]);
        body.push(tag::TUPLE);
        put_varint(&mut body, 50_000);
        body.extend([tag::STR, 0].repeat(50_000));
        assert_eq!(read_const(&file(&body)), Err(SerialError::TooLarge));
    }

    #[test]
    fn deepest_that_is_allowed() {
        let nest = |n| (0..n).fold(Const::None, |c, _| Const::Tuple(vec![c]));
        assert!(read_const(&write_const(&nest(MAX_DEPTH))).is_ok());
        assert_eq!(read_const(&write_const(&nest(MAX_DEPTH + 1))), Err(SerialError::TooDeep));
    }

    /// A test's thread has a small stack: the deepest codes must fit it everywhere.
    #[test]
    fn deepest_codes() {
        let mut code = crate::samples::body(1, &[Instr::abc(Op::Return, 0, 0, 0)]);
        let leaf = code.clone();
        for _ in 0..=MAX_DEPTH {
            code = Code { consts: vec![Const::Code(Box::new(code))], ..leaf.clone() };
        }
        let back = read(&write(&code)).unwrap();
        assert!(back == code);
        assert_eq!(crate::verify::verify(&back), Ok(()));
        crate::disasm::disassemble(&back);
        let deeper = Code { consts: vec![Const::Code(Box::new(code))], ..leaf };
        assert_eq!(read(&write(&deeper)), Err(SerialError::TooDeep));
    }
}
