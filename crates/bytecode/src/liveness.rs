//! Which near registers still matter at a pc.
//!
//! Terms. A register is *live* before an instruction if some way from there reads it before it is written. A *block* is a
//! run of instructions that is entered only at its start, left only at its end (by falling through or jumping) or by an
//! exception, and has one handler or none. The *handler* of an instruction is the first exception entry that covers it.
//!
//! Invariants: the result never omits a register that can be read (it may contain some that cannot: any instruction
//! under a handler is taken to raise, before it has written anything). The code must be verified. Registers that are
//! looked at from outside (frames' locals, tracing) do not count as read.
//!
//! What instructions read and write comes from [`windows`]. On the edge of a jump the destination of `ForIter` is
//! untouched and that of `YieldFrom` is its b: see [`jump_writes`].

use crate::code::Code;
use crate::op::{Instr, Op};
use crate::verify::{ends_flow, jump_target, windows};

/// A set of near registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RegSet(pub [u64; 4]);

impl RegSet {
    pub const EMPTY: RegSet = RegSet([0; 4]);

    /// Adds `reg`; ignores far registers.
    pub fn insert(&mut self, reg: usize) {
        if let Some(word) = self.0.get_mut(reg / 64) {
            *word |= 1 << (reg % 64);
        }
    }
    pub fn contains(&self, reg: usize) -> bool {
        self.0.get(reg / 64).is_some_and(|word| word >> (reg % 64) & 1 != 0)
    }
    pub fn union(self, other: RegSet) -> RegSet {
        RegSet(std::array::from_fn(|n| self.0[n] | other.0[n]))
    }
    pub fn minus(self, other: RegSet) -> RegSet {
        RegSet(std::array::from_fn(|n| self.0[n] & !other.0[n]))
    }
    pub fn is_empty(&self) -> bool {
        *self == RegSet::EMPTY
    }
    /// The registers in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let words = self.0;
        (0..4).flat_map(move |n| {
            let mut word = words[n];
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros() as usize;
                word &= word.wrapping_sub(1);
                (bit < 64).then_some(n * 64 + bit)
            })
        })
    }
}

/// What the instruction at `pc` reads, and what it writes when it goes on with the next one.
pub fn uses_defs(code: &Code, pc: usize) -> (RegSet, RegSet) {
    let (mut reads, mut writes) = (RegSet::EMPTY, RegSet::EMPTY);
    for window in windows(Instr(code.instrs[pc]), ext_of(code, pc)) {
        let first = window.first as usize;
        for reg in first..(first + window.count as usize).min(256) {
            if window.reads {
                reads.insert(reg);
            }
            if window.writes {
                writes.insert(reg);
            }
        }
    }
    (reads, writes)
}

/// What the instruction at `pc` writes when it jumps, if `writes` is what it writes otherwise.
pub fn jump_writes(code: &Code, pc: usize, writes: RegSet) -> RegSet {
    let i = Instr(code.instrs[pc]);
    match i.op() {
        Op::ForIter => RegSet::EMPTY,
        Op::YieldFrom => {
            let mut set = RegSet::EMPTY;
            set.insert(i.b());
            set
        }
        _ => writes,
    }
}

/// The word behind `pc`: the extension word, if there is one.
fn ext_of(code: &Code, pc: usize) -> u32 {
    code.instrs.get(pc + 1).copied().unwrap_or(0)
}

fn words_at(code: &Code, pc: usize) -> usize {
    Instr(code.instrs[pc]).op().words()
}

const NONE: u32 = u32::MAX;

/// Block numbers are [`NONE`] where there is no such edge.
#[derive(Clone, Copy, Debug)]
struct Block {
    start: u32,
    live: RegSet,
    fall: u32,
    jump: u32,
    handler: u32,
    handler_reg: u32,
}

/// What a block does to the sets at its edges: live = reads + (behind - kills). `kills` differ by edge.
struct Flow {
    reads: RegSet,
    fall_kills: RegSet,
    jump_kills: RegSet,
}

/// The solution: what is live at the start of each block.
#[derive(Clone, Debug)]
pub struct Liveness {
    blocks: Vec<Block>,
}

impl Liveness {
    /// Solves for `code` itself (not for codes in its constants).
    pub fn new(code: &Code) -> Liveness {
        let mut this = Liveness { blocks: find_blocks(code) };
        let flows: Vec<Flow> = (0..this.blocks.len()).map(|n| this.summarize(code, n)).collect();
        while this.sweep(&flows) {}
        this
    }

    /// The registers live before the instruction at `pc`. For several pcs see [`Liveness::cursor`].
    pub fn live_before(&self, code: &Code, pc: usize) -> RegSet {
        self.cursor(code).live_before(pc)
    }

    /// A cursor works a block out once and then answers at once for pcs in it.
    pub fn cursor<'a>(&'a self, code: &'a Code) -> Cursor<'a> {
        Cursor { liveness: self, code, block: usize::MAX, sets: Vec::new() }
    }

    fn end(&self, code: &Code, n: usize) -> usize {
        self.blocks.get(n + 1).map_or(code.instrs.len(), |next| next.start as usize)
    }

    fn live_at(&self, block: u32) -> RegSet {
        self.blocks.get(block as usize).map_or(RegSet::EMPTY, |b| b.live)
    }

    /// What an exception in the block needs.
    fn live_in_handler(&self, block: &Block) -> RegSet {
        let mut reg = RegSet::EMPTY;
        reg.insert(block.handler_reg as usize);
        self.live_at(block.handler).minus(reg)
    }

    fn summarize(&self, code: &Code, n: usize) -> Flow {
        let mut flow = Flow { reads: RegSet::EMPTY, fall_kills: RegSet::EMPTY, jump_kills: RegSet::EMPTY };
        let (mut pc, mut kills) = (self.blocks[n].start as usize, RegSet::EMPTY);
        while pc < self.end(code, n) {
            let (reads, writes) = uses_defs(code, pc);
            flow.reads = flow.reads.union(reads.minus(kills));
            flow.jump_kills = kills.union(jump_writes(code, pc, writes));
            kills = kills.union(writes);
            pc += words_at(code, pc);
        }
        flow.fall_kills = kills;
        flow
    }

    /// One round over all blocks, from the last to the first. Tells whether anything changed.
    fn sweep(&mut self, flows: &[Flow]) -> bool {
        let mut changed = false;
        for n in (0..self.blocks.len()).rev() {
            let (block, flow) = (&self.blocks[n], &flows[n]);
            let fall = self.live_at(block.fall).minus(flow.fall_kills);
            let jump = self.live_at(block.jump).minus(flow.jump_kills);
            let live = flow.reads.union(fall).union(jump).union(self.live_in_handler(block));
            changed |= live != block.live;
            self.blocks[n].live = live;
        }
        changed
    }
}

/// Words where a block begins: the code's start, targets, what follows a jump or an end, bounds of exception ranges.
fn find_leaders(code: &Code) -> Vec<bool> {
    let mut leaders = vec![false; code.instrs.len() + 1];
    leaders[0] = true;
    let mut pc = 0;
    while pc < code.instrs.len() {
        let i = Instr(code.instrs[pc]);
        let target = jump_target(i, ext_of(code, pc), pc);
        if let Some(target) = target {
            leaders[target as usize] = true;
        }
        pc += i.op().words();
        leaders[pc] |= target.is_some() || ends_flow(i.op());
    }
    for e in &code.exceptions {
        for bound in [e.start, e.end, e.target] {
            leaders[bound as usize] = true;
        }
    }
    leaders.pop();
    leaders
}

fn find_blocks(code: &Code) -> Vec<Block> {
    let leaders = find_leaders(code);
    let starts: Vec<u32> = (0..leaders.len() as u32).filter(|pc| leaders[*pc as usize]).collect();
    let number = |pc: usize| starts.binary_search(&(pc as u32)).map_or(NONE, |n| n as u32);
    let mut blocks = Vec::with_capacity(starts.len());
    for (n, &start) in starts.iter().enumerate() {
        let end = starts.get(n + 1).map_or(leaders.len(), |end| *end as usize);
        let last = last_instr(code, start as usize, end);
        let i = Instr(code.instrs[last]);
        let jump = jump_target(i, ext_of(code, last), last).map_or(NONE, |target| number(target as usize));
        let entry = code.exceptions.iter().find(|e| e.start <= start && start < e.end);
        blocks.push(Block {
            start,
            live: RegSet::EMPTY,
            fall: if ends_flow(i.op()) { NONE } else { number(end) },
            jump,
            handler: entry.map_or(NONE, |e| number(e.target as usize)),
            handler_reg: entry.map_or(NONE, |e| e.reg),
        });
    }
    blocks
}

fn last_instr(code: &Code, start: usize, end: usize) -> usize {
    let mut pc = start;
    while pc + words_at(code, pc) < end {
        pc += words_at(code, pc);
    }
    pc
}

/// Answers for single pcs.
pub struct Cursor<'a> {
    liveness: &'a Liveness,
    code: &'a Code,
    block: usize,
    /// Of the block: each pc and what is live before it.
    sets: Vec<(usize, RegSet)>,
}

impl Cursor<'_> {
    /// The registers live before the instruction at `pc` (or around it, if that is an extension word).
    pub fn live_before(&mut self, pc: usize) -> RegSet {
        let block = self.liveness.blocks.partition_point(|b| b.start as usize <= pc);
        let Some(block) = block.checked_sub(1) else { return RegSet::EMPTY };
        if block != self.block {
            self.enter(block);
        }
        let n = self.sets.partition_point(|(at, _)| *at <= pc);
        self.sets[n - 1].1
    }

    fn enter(&mut self, n: usize) {
        let (liveness, code) = (self.liveness, self.code);
        let block = &liveness.blocks[n];
        self.block = n;
        self.sets.clear();
        let mut pc = block.start as usize;
        while pc < liveness.end(code, n) {
            self.sets.push((pc, RegSet::EMPTY));
            pc += words_at(code, pc);
        }
        let handler = liveness.live_in_handler(block);
        let mut fall = liveness.live_at(block.fall);
        let mut jump = liveness.live_at(block.jump);
        for (pc, live) in self.sets.iter_mut().rev() {
            let (reads, writes) = uses_defs(code, *pc);
            let jumped = jump.minus(jump_writes(code, *pc, writes));
            *live = reads.union(fall.minus(writes)).union(jumped).union(handler);
            // Only the block's last instruction jumps.
            (fall, jump) = (*live, RegSet::EMPTY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::ExceptionEntry;
    use crate::samples::{Random, body, sample};
    use crate::verify::verify;

    fn live(code: &Code, pc: usize) -> Vec<usize> {
        Liveness::new(code).live_before(code, pc).iter().collect()
    }

    #[test]
    fn sets() {
        let mut set = RegSet::EMPTY;
        for reg in [0, 63, 64, 255, 256, 70_000] {
            set.insert(reg);
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 255]);
        assert!(set.contains(255) && !set.contains(256) && !set.contains(1));
    }

    #[test]
    fn loop_and_handler() {
        let code = sample();
        verify(&code).unwrap();
        // r3 is what the loop leaves behind: ForIter does not touch it when it jumps.
        assert_eq!(live(&code, 0), [0, 3]);
        assert_eq!(live(&code, 1), [2, 3]);
        assert_eq!(live(&code, 3), [2, 3]);
        assert_eq!(live(&code, 5), [2, 3, 4]);
        assert_eq!(live(&code, 6), [2, 3, 4, 5]);
        assert_eq!(live(&code, 8), [3]);
        assert_eq!(live(&code, 9), [6]);
    }

    #[test]
    fn a_handler_sees_the_value_before_the_write() {
        let mut code = body(
            4,
            &[
                Instr::abc(Op::Neg, 0, 1, 0),
                Instr::abc(Op::Return, 0, 0, 0),
                Instr::abc(Op::BuildTuple, 0, 0, 2),
                Instr::abc(Op::Return, 0, 0, 0),
            ],
        );
        assert_eq!(live(&code, 0), [1]);
        code.exceptions = vec![ExceptionEntry { start: 0, end: 1, target: 2, reg: 1 }];
        assert_eq!(live(&code, 0), [0, 1]);
        assert_eq!(live(&code, 1), [0]);
        code.exceptions[0].reg = 0;
        assert_eq!(live(&code, 0), [1]);
    }

    #[test]
    fn yield_from_writes_b_on_its_jump() {
        let mut code = body(4, &[Instr::abc(Op::YieldFrom, 0, 1, 2)]);
        code.instrs.push(1);
        code.instrs.extend([Instr::abc(Op::Return, 3, 0, 0).0, Instr::abc(Op::BuildTuple, 0, 0, 2).0]);
        code.instrs.push(Instr::abc(Op::Return, 0, 0, 0).0);
        verify(&code).unwrap();
        // r0 is read behind the jump, which does not write it.
        assert_eq!(live(&code, 0), [0, 1, 2, 3]);
        let (reads, writes) = uses_defs(&code, 0);
        assert_eq!(reads.iter().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(writes.iter().collect::<Vec<_>>(), [0]);
        assert_eq!(jump_writes(&code, 0, writes).iter().collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn function_parts_are_read() {
        let mut code = body(8, &[Instr::abc(Op::MakeFunction, 0, 4, 0b101)]);
        code.instrs.push(0);
        assert_eq!(uses_defs(&code, 0).0.iter().collect::<Vec<_>>(), [4, 5]);
        code.instrs[0] = Instr::abc(Op::MakeFunction, 0, 4, 0).0;
        assert!(uses_defs(&code, 0).0.is_empty());
    }

    /// The plain definition, solved instruction by instruction.
    fn slowly(code: &Code) -> Vec<RegSet> {
        let mut live = vec![RegSet::EMPTY; code.instrs.len() + 1];
        for _ in 0..code.instrs.len() + 1 {
            let mut pc = 0;
            while pc < code.instrs.len() {
                let i = Instr(code.instrs[pc]);
                let (reads, writes) = uses_defs(code, pc);
                let mut set = reads;
                if !ends_flow(i.op()) {
                    set = set.union(live[pc + i.op().words()].minus(writes));
                }
                if let Some(target) = jump_target(i, ext_of(code, pc), pc) {
                    set = set.union(live[target as usize].minus(jump_writes(code, pc, writes)));
                }
                if let Some(e) = code.exceptions.iter().find(|e| (e.start..e.end).contains(&(pc as u32))) {
                    let mut reg = RegSet::EMPTY;
                    reg.insert(e.reg as usize);
                    set = set.union(live[e.target as usize].minus(reg));
                }
                live[pc] = set;
                pc += i.op().words();
            }
        }
        live
    }

    fn random_code(random: &mut Random) -> Code {
        let mut code = body(6, &[]);
        let size = 4 + random.below(20);
        while code.instrs.len() < size {
            let op = [Op::Add, Op::Move, Op::ForIter, Op::JumpIfTrue, Op::YieldFrom, Op::Return][random.below(6)];
            code.instrs.push(Instr::abc(op, random.below(6) as u8, random.below(6) as u8, random.below(6) as u8).0);
            if op.words() == 2 {
                code.instrs.push((random.below(size) as i32 - random.below(size) as i32) as u32);
            }
        }
        code.instrs.push(Instr::abc(Op::Return, 0, 0, 0).0);
        for _ in 0..random.below(3) {
            let mut pc = || random.below(size) as u32;
            code.exceptions.push(ExceptionEntry { start: pc(), end: pc(), target: pc(), reg: pc() % 6 });
        }
        code
    }

    #[test]
    fn agrees_with_the_definition() {
        let (mut random, mut tried) = (Random(88_172_645_463_325_252), 0);
        while tried < 500 {
            let code = random_code(&mut random);
            if verify(&code).is_err() {
                continue;
            }
            tried += 1;
            let (liveness, expected) = (Liveness::new(&code), slowly(&code));
            let (mut cursor, mut pc) = (liveness.cursor(&code), 0);
            while pc < code.instrs.len() {
                assert_eq!(cursor.live_before(pc), expected[pc], "{pc} in {}", crate::disasm::disassemble(&code));
                pc += words_at(&code, pc);
            }
        }
    }
}
