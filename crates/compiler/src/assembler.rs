//! Collects the instructions of one code object and lays them out.
//!
//! Instructions refer to labels until [`Assembler::finish`] knows the addresses. Constants used as operands (K forms,
//! index below 256) are kept in a pool of their own that comes first, so that a small integer that is an operand late
//! in a long module still gets a short index.
//!
//! Invariant: protected ranges are added when they close, so that an inner range precedes the outer ones.

use crate::errors::{Failure, Res};
use crate::flow;
use ferropy_bytecode::{Code, Const, ExceptionEntry, Ext, Instr, Op, Operand, Position, positions};
use ruff_python_ast::name::Name;
use std::collections::HashMap;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(pub u32);

/// A constant of the main pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConstId(u32);

/// What follows or completes an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extra {
    None,
    Jump(Label),
    Name {
        name: u16,
        cache: u16,
    },
    Const(ConstId),
    Imm(u32),
    /// b and c together.
    Wide(u16),
}

#[derive(Clone, Copy, Debug)]
pub struct Ins {
    pub op: Op,
    pub a: u8,
    pub b: u8,
    pub c: u8,
    pub extra: Extra,
    pub pos: Position,
}

#[derive(Clone, Copy, Debug)]
pub struct Range {
    pub start: Label,
    pub end: Label,
    pub target: Label,
    pub reg: u8,
}

#[derive(Default)]
pub struct Assembler {
    pub code: Vec<Ins>,
    /// Index of the instruction that a label stands before.
    pub labels: Vec<u32>,
    pub ranges: Vec<Range>,
    pub pos: Position,
    operands: Pool,
    main: Pool,
    pub names: Vec<Name>,
    name_index: HashMap<Name, u16>,
    shared_caches: HashMap<(Op, u16), u16>,
    ncaches: u32,
    overflow: bool,
    /// The first constant is a docstring.
    has_doc: bool,
    /// Instructions that `flow` replaced by nothing.
    pub dropped: Vec<u32>,
    /// Some local may be unbound where it is read.
    pub has_checks: bool,
}

/// Constants without duplicates.
#[derive(Default)]
struct Pool {
    list: Vec<Const>,
    index: HashMap<Vec<u8>, u32>,
}

impl Pool {
    /// Keeps the marked constants; the result says where each one went.
    fn keep(&mut self, used: &[bool]) -> Vec<u32> {
        let places = keep(&mut self.list, used);
        self.index.retain(|_, i| used[*i as usize]);
        self.index.values_mut().for_each(|i| *i = places[*i as usize]);
        places
    }

    fn add(&mut self, c: Const) -> u32 {
        let mut key = Vec::new();
        if !const_key(&c, &mut key) {
            self.list.push(c);
            return self.list.len() as u32 - 1;
        }
        let list = &mut self.list;
        *self.index.entry(key).or_insert_with(|| {
            list.push(c);
            list.len() as u32 - 1
        })
    }
}

/// Keeps the marked items; the result says where each one went.
fn keep<T>(list: &mut Vec<T>, used: &[bool]) -> Vec<u32> {
    let place = |n: &mut u32, &u: &bool| Some(std::mem::replace(n, *n + u as u32));
    let places = used.iter().scan(0, place).collect();
    let mut marks = used.iter();
    list.retain(|_| marks.next() == Some(&true));
    places
}

/// Writes what tells constants apart; false if the constant is never shared.
fn const_key(c: &Const, out: &mut Vec<u8>) -> bool {
    let bytes = |out: &mut Vec<u8>, tag: u8, data: &[u8]| {
        out.push(tag);
        out.extend_from_slice(&(data.len() as u64).to_le_bytes());
        out.extend_from_slice(data);
    };
    match c {
        Const::None => out.push(0),
        Const::True => out.push(1),
        Const::False => out.push(2),
        Const::Ellipsis => out.push(3),
        Const::Int(n) => bytes(out, 4, &n.to_le_bytes()),
        Const::BigInt(negative, magnitude) => bytes(out, 5 + *negative as u8, magnitude),
        Const::Float(bits) => bytes(out, 7, &bits.to_le_bytes()),
        Const::Complex(re, im) => bytes(out, 8, &[re.to_le_bytes(), im.to_le_bytes()].concat()),
        Const::Str(s) => bytes(out, 9, s),
        Const::Bytes(s) => bytes(out, 10, s),
        Const::Tuple(items) | Const::FrozenSet(items) => {
            out.push(if matches!(c, Const::Tuple(_)) { 11 } else { 12 });
            out.extend_from_slice(&(items.len() as u64).to_le_bytes());
            return items.iter().all(|i| const_key(i, out));
        }
        Const::Slice(parts) => {
            out.push(13);
            return parts.iter().all(|i| const_key(i, out));
        }
        Const::Code(_) => return false,
    }
    true
}

impl Assembler {
    pub fn label(&mut self) -> Label {
        self.labels.push(u32::MAX);
        Label(self.labels.len() as u32 - 1)
    }

    /// Puts the label before the next instruction.
    pub fn bind(&mut self, label: Label) {
        self.labels[label.0 as usize] = self.code.len() as u32;
    }

    /// A label before the next instruction.
    pub fn here(&mut self) -> Label {
        let label = self.label();
        self.bind(label);
        label
    }

    pub fn emit(&mut self, op: Op, a: u8, b: u8, c: u8, extra: Extra) {
        self.code.push(Ins { op, a, b, c, extra, pos: self.pos });
    }

    /// Control cannot reach the end of what was emitted so far.
    pub fn ends_dead(&self) -> bool {
        let here = self.code.len() as u32;
        match self.code.last() {
            Some(ins) => flow::is_terminal(ins.op) && !self.labels.contains(&here),
            None => false,
        }
    }

    pub fn constant(&mut self, c: Const) -> ConstId {
        ConstId(self.main.add(c))
    }

    /// The constant may get an index that does not fit 16 bits.
    pub fn needs_far(&self, id: ConstId) -> bool {
        id.0 >= u16::MAX as u32 - 256
    }

    /// The constant's index as an operand, if there is still room.
    pub fn operand_constant(&mut self, c: &Const) -> Option<u8> {
        if self.operands.list.len() >= 256 {
            let mut key = Vec::new();
            const_key(c, &mut key);
            return self.operands.index.get(&key).map(|&i| i as u8);
        }
        Some(self.operands.add(c.clone()) as u8)
    }

    /// Makes the constant the first of all (a docstring).
    pub fn first_constant(&mut self, c: Const) {
        debug_assert!(self.operands.list.is_empty());
        self.has_doc = true;
        self.operands.add(c);
    }

    pub fn name(&mut self, name: &Name) -> u16 {
        if let Some(&i) = self.name_index.get(name) {
            return i;
        }
        let i = self.names.len();
        self.overflow |= i > u16::MAX as usize;
        self.names.push(name.clone());
        self.name_index.insert(name.clone(), i as u16);
        i as u16
    }

    /// Operand for an instruction with a name and a cache. All loads of one global share a cache, and so on.
    pub fn cached(&mut self, op: Op, name: &Name) -> Extra {
        let name = self.name(name);
        let shared = matches!(op, Op::LoadGlobal | Op::StoreGlobal | Op::LoadName | Op::StoreName | Op::DelName);
        if let Some(&cache) = self.shared_caches.get(&(op, name)).filter(|_| shared) {
            return Extra::Name { name, cache };
        }
        let cache = self.ncaches;
        self.ncaches += 1;
        self.overflow |= cache > u16::MAX as u32;
        if shared {
            self.shared_caches.insert((op, name), cache as u16);
        }
        Extra::Name { name, cache: cache as u16 }
    }

    fn label_index(&self, label: Label) -> usize {
        (self.labels[label.0 as usize] as usize).min(self.code.len())
    }

    /// Lays the code out into `code`. `nlocals`: registers below are variables that may be unbound.
    pub fn finish(mut self, code: &mut Code, first_local: usize, nlocals: usize) -> Res<()> {
        if self.overflow {
            return Err(Failure::internal("too many names in one code object"));
        }
        flow::optimize(&mut self, code.firstlineno, first_local, nlocals);
        self.drop_unused();
        let mut at = Vec::with_capacity(self.code.len() + 1);
        let mut words = 0u32;
        for ins in &self.code {
            at.push(words);
            words += ins.op.words() as u32;
        }
        at.push(words);
        let map = self.merge_pools(code);
        let mut instrs = Vec::with_capacity(words as usize);
        let mut positions = Vec::with_capacity(words as usize);
        for (i, ins) in self.code.iter().enumerate() {
            self.encode(ins, i, &at, &map, &mut instrs)?;
            positions.resize(instrs.len(), ins.pos);
        }
        for r in &self.ranges {
            let [start, end, target] = [r.start, r.end, r.target].map(|l| at[self.label_index(l)]);
            if start < end {
                code.exceptions.push(ExceptionEntry { start, end, target, reg: r.reg as u32 });
            }
        }
        code.instrs = instrs;
        code.positions = positions::encode(&positions);
        code.names = self.names.iter().map(|n| n.to_string()).collect();
        code.ncaches = self.ncaches;
        Ok(())
    }

    /// Forgets the constants and names that only dropped instructions needed; a docstring stays.
    fn drop_unused(&mut self) {
        let mut operands = vec![false; self.operands.list.len()];
        let mut main = vec![false; self.main.list.len()];
        let mut names = vec![false; self.names.len()];
        if let Some(first) = operands.first_mut().filter(|_| self.has_doc) {
            *first = true;
        }
        for ins in &self.code {
            let info = ins.op.info();
            match ins.extra {
                Extra::Const(id) => main[id.0 as usize] = true,
                Extra::Name { name, .. } => names[name as usize] = true,
                _ => {}
            }
            for (_, index) in [(info.b, ins.b), (info.c, ins.c)].into_iter().filter(|(k, _)| *k == Operand::Konst) {
                operands[index as usize] = true;
            }
        }
        let operands = self.operands.keep(&operands);
        let main = self.main.keep(&main);
        let names = keep(&mut self.names, &names);
        for ins in &mut self.code {
            let info = ins.op.info();
            match &mut ins.extra {
                Extra::Const(id) => id.0 = main[id.0 as usize],
                Extra::Name { name, .. } => *name = names[*name as usize] as u16,
                _ => {}
            }
            for (_, index) in
                [(info.b, &mut ins.b), (info.c, &mut ins.c)].into_iter().filter(|(k, _)| *k == Operand::Konst)
            {
                *index = operands[*index as usize] as u8;
            }
        }
    }

    /// Joins the pools; the result tells where constants of the main pool went.
    fn merge_pools(&mut self, code: &mut Code) -> Vec<u32> {
        let mut consts = std::mem::take(&mut self.operands.list);
        let mut map = Vec::with_capacity(self.main.list.len());
        for c in std::mem::take(&mut self.main.list) {
            let mut key = Vec::new();
            let shared = const_key(&c, &mut key).then(|| self.operands.index.get(&key)).flatten();
            map.push(shared.copied().unwrap_or_else(|| {
                consts.push(c);
                consts.len() as u32 - 1
            }));
        }
        code.consts = consts;
        map
    }

    fn encode(&self, ins: &Ins, i: usize, at: &[u32], map: &[u32], out: &mut Vec<u32>) -> Res<()> {
        let constant = |id: ConstId| map[id.0 as usize];
        let offset = |label: Label| at[self.label_index(label)] as i32 - at[i + 1] as i32;
        let info = ins.op.info();
        let plain = Instr::abc(ins.op, ins.a, ins.b, ins.c).0;
        match ins.extra {
            Extra::None => out.push(plain),
            Extra::Jump(label) if info.a == Operand::Jump24 => {
                let offset = offset(label);
                if !(-(1 << 23)..1 << 23).contains(&offset) {
                    return Err(Failure::internal("jump too far"));
                }
                out.push(Instr::jump(ins.op, offset).0);
            }
            Extra::Jump(label) => out.extend([plain, offset(label) as u32]),
            Extra::Name { name, .. } if info.b == Operand::Name16 => out.push(Instr::abx(ins.op, ins.a, name).0),
            Extra::Name { name, cache } => out.extend([plain, name as u32 | (cache as u32) << 16]),
            Extra::Const(id) if ins.op == Op::LoadConst => match u16::try_from(constant(id)) {
                Ok(n) => out.push(Instr::abx(ins.op, ins.a, n).0),
                Err(_) => return Err(Failure::internal("too many constants in one code object")),
            },
            Extra::Const(id) => out.extend([plain, constant(id)]),
            Extra::Imm(n) => out.extend([plain, n]),
            Extra::Wide(n) => out.push(Instr::abx(ins.op, ins.a, n).0),
        }
        debug_assert_eq!(info.ext != Ext::No, ins.op.words() == 2);
        Ok(())
    }
}
