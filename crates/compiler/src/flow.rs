//! Control flow over the instructions of one code object: drops code that cannot be reached and checks that cannot fail.
//!
//! `CheckLocal` is emitted wherever a local that may be unbound is read; a forward analysis over the instructions (states
//! are sets of registers that are certainly bound, an exception handler's state is the meet over all its range) then
//! shows which ones are needed. It starts from "everything bound" and only takes away, so loops come out right.

use crate::assembler::{Assembler, Extra, Ins};
use ferropy_bytecode::{Op, Operand, Position};

type Bits = [u64; 4];
const ALL: Bits = [u64::MAX; 4];

pub fn is_terminal(op: Op) -> bool {
    matches!(op, Op::Jump | Op::JumpBack | Op::Return | Op::Raise | Op::Reraise)
}

pub fn optimize(asm: &mut Assembler, firstlineno: u32, first_local: usize, nlocals: usize) {
    invert_branches(asm);
    thread_jumps(asm);
    place_exit(asm, firstlineno);
    let reachable = reachable(asm);
    let mut keep = reachable.clone();
    if asm.has_checks {
        drop_checks(asm, first_local, nlocals, &reachable, &mut keep);
    }
    for (i, ins) in asm.code.iter().enumerate() {
        // A jump to the next instruction that stays.
        if keep[i] && ins.op == Op::Jump && target(asm, ins).is_some_and(|t| t > i && !keep[i + 1..t].contains(&true)) {
            keep[i] = false;
        }
    }
    for i in std::mem::take(&mut asm.dropped) {
        keep[i as usize] = false;
    }
    compact(asm, &keep);
}

/// The opposite of a conditional jump.
fn inverse(ins: &Ins) -> Option<Ins> {
    let (op, c) = match ins.op {
        Op::JumpIfTrue => (Op::JumpIfFalse, ins.c),
        Op::JumpIfFalse => (Op::JumpIfTrue, ins.c),
        Op::JumpIfNone => (Op::JumpIfNotNone, ins.c),
        Op::JumpIfNotNone => (Op::JumpIfNone, ins.c),
        op if op.info().c == Operand::Imm && op.info().name.starts_with("Test") => (op, ins.c ^ 1),
        _ => return None,
    };
    Some(Ins { op, c, ..*ins })
}

/// A conditional jump over a jump becomes the opposite jump.
fn invert_branches(asm: &mut Assembler) {
    for i in 0..asm.code.len().saturating_sub(1) {
        let over = target(asm, &asm.code[i]) == Some(i + 2) && asm.code[i + 1].op == Op::Jump;
        if !over || asm.labels.contains(&(i as u32 + 1)) {
            continue;
        }
        if let Some(new) = inverse(&asm.code[i]) {
            asm.code[i] = Ins { extra: asm.code[i + 1].extra, ..new };
            asm.code[i + 1] = Ins { op: Op::Nop, a: 0, b: 0, c: 0, extra: Extra::None, ..asm.code[i + 1] };
            asm.dropped.push(i as u32 + 1);
        }
    }
}

/// A jump to a forward jump goes where that goes.
fn thread_jumps(asm: &mut Assembler) {
    for i in 0..asm.code.len() {
        for _ in 0..8 {
            let Some(t) = target(asm, &asm.code[i]).filter(|t| *t < asm.code.len() && *t > i) else { break };
            let next = asm.code[t];
            let plain = next.op == Op::Jump && asm.code[i].op != Op::JumpBack;
            if !plain || target(asm, &next).is_none_or(|n| n <= t) {
                break;
            }
            asm.code[i].extra = next.extra;
        }
    }
}

/// The `return None` at the end of a body has no place in the source. Whoever jumps there gets a copy at the jump's place,
/// so that a frame ends at what it did last; what is left belongs to the instruction before.
fn place_exit(asm: &mut Assembler, firstlineno: u32) {
    let nowhere = |i: &Ins| i.pos.line == 0;
    let Some(exit) = asm.code.iter().position(nowhere) else { return };
    let first = Position { line: firstlineno, end_line: firstlineno, col: None, end_col: None };
    let before = if exit == 0 { first } else { asm.code[exit - 1].pos };
    asm.code.iter_mut().filter(|i| nowhere(i)).for_each(|i| i.pos = before);
    let Some(&[load, leave]) = asm.code.get(exit..exit + 2) else { return };
    if leave.op != Op::Return || load.op == Op::Return {
        return;
    }
    let mut new = Vec::with_capacity(asm.code.len());
    let mut places = Vec::with_capacity(asm.code.len() + 1);
    let mut branches = Vec::new();
    for (i, ins) in asm.code.iter().enumerate() {
        places.push(new.len() as u32);
        let jumps = i != exit && target(asm, ins) == Some(exit);
        match ins.op {
            Op::Jump if jumps => new.extend([Ins { pos: ins.pos, ..load }, Ins { pos: ins.pos, ..leave }]),
            _ => {
                if jumps && ins.op != Op::JumpBack {
                    branches.push(new.len());
                }
                new.push(*ins);
            }
        }
    }
    places.push(new.len() as u32);
    let end = asm.code.len() as u32;
    asm.labels.iter_mut().for_each(|l| *l = places[(*l).min(end) as usize]);
    asm.dropped.iter_mut().for_each(|i| *i = places[*i as usize]);
    asm.code = new;
    for i in branches {
        asm.code[i].extra = Extra::Jump(asm.here());
        let pos = asm.code[i].pos;
        asm.code.extend([Ins { pos, ..load }, Ins { pos, ..leave }]);
    }
}

fn target(asm: &Assembler, ins: &Ins) -> Option<usize> {
    match ins.extra {
        Extra::Jump(label) => Some(asm.labels[label.0 as usize] as usize),
        _ => None,
    }
}

/// For each instruction the handlers that may be entered from it, as one list per instruction run.
fn handlers(asm: &Assembler) -> Vec<Vec<usize>> {
    let mut found = vec![Vec::new(); asm.code.len()];
    for r in &asm.ranges {
        let [start, end, target] = [r.start, r.end, r.target].map(|l| asm.labels[l.0 as usize] as usize);
        for list in &mut found[start.min(asm.code.len())..end.min(asm.code.len())] {
            // Inner ranges come first: an outer one cannot be entered from here.
            if list.is_empty() {
                list.push(target);
            }
        }
    }
    found
}

fn reachable(asm: &Assembler) -> Vec<bool> {
    let handlers = handlers(asm);
    let mut seen = vec![false; asm.code.len()];
    let mut todo = vec![0];
    while let Some(mut i) = todo.pop() {
        while i < seen.len() && !seen[i] {
            seen[i] = true;
            todo.extend(&handlers[i]);
            todo.extend(target(asm, &asm.code[i]));
            if is_terminal(asm.code[i].op) {
                break;
            }
            i += 1;
        }
    }
    seen
}

fn set(bits: &mut Bits, reg: usize, on: bool) {
    let bit = 1 << (reg & 63);
    if on {
        bits[reg >> 6] |= bit;
    } else {
        bits[reg >> 6] &= !bit;
    }
}

/// The state after the instruction. `taken`: it jumps.
fn transfer(ins: &Ins, mut bits: Bits, taken: bool) -> Bits {
    match ins.op {
        Op::Unbind | Op::LoadFar => set(&mut bits, ins.a as usize, false),
        Op::CheckLocal => set(&mut bits, ins.a as usize, true),
        Op::ForIter if taken => {}
        Op::MakeCell => {}
        _ => {
            let n = match ins.op.info().a {
                Operand::Dst => 1,
                Operand::Dst2 => 2,
                Operand::DstN => ins.c as usize,
                Operand::DstEx => match ins.extra {
                    Extra::Imm(n) => ins.c as usize + 1 + n as usize,
                    _ => 0,
                },
                _ => 0,
            };
            for r in ins.a as usize..(ins.a as usize + n).min(256) {
                set(&mut bits, r, true);
            }
        }
    }
    bits
}

/// Meets `bits` into the state of instruction `at`; true if that changed.
fn meet(states: &mut [Option<Bits>], at: usize, bits: Bits) -> bool {
    let Some(slot) = states.get_mut(at) else { return false };
    let old = *slot;
    let new = old.map_or(bits, |o| std::array::from_fn(|i| o[i] & bits[i]));
    *slot = Some(new);
    old != Some(new)
}

fn drop_checks(asm: &Assembler, first_local: usize, nlocals: usize, reachable: &[bool], keep: &mut [bool]) {
    let handlers = handlers(asm);
    let mut states: Vec<Option<Bits>> = vec![None; asm.code.len()];
    let mut entry = ALL;
    for reg in first_local..nlocals {
        set(&mut entry, reg, false);
    }
    let mut todo = vec![0];
    if !states.is_empty() {
        states[0] = Some(entry);
    }
    while let Some(mut i) = todo.pop() {
        while let Some(&Some(bits)) = states.get(i) {
            let ins = &asm.code[i];
            for &h in &handlers[i] {
                if meet(&mut states, h, bits) {
                    todo.push(h);
                }
            }
            if let Some(t) = target(asm, ins)
                && meet(&mut states, t, transfer(ins, bits, true))
            {
                todo.push(t);
            }
            if is_terminal(ins.op) || !meet(&mut states, i + 1, transfer(ins, bits, false)) {
                break;
            }
            i += 1;
        }
    }
    for (i, ins) in asm.code.iter().enumerate() {
        let Some(bits) = states[i] else { continue };
        let bound = bits[ins.a as usize >> 6] & (1 << (ins.a & 63)) != 0;
        if ins.op == Op::CheckLocal && reachable[i] && bound {
            keep[i] = false;
        }
    }
}

/// Removes the instructions that are not kept and moves the labels.
fn compact(asm: &mut Assembler, keep: &[bool]) {
    let mut new = Vec::with_capacity(keep.len() + 1);
    let mut n = 0;
    for &k in keep {
        new.push(n);
        n += k as u32;
    }
    new.push(n);
    for label in &mut asm.labels {
        *label = new[(*label as usize).min(keep.len())];
    }
    let mut i = 0;
    asm.code.retain(|_| {
        i += 1;
        keep[i - 1]
    });
}
