//! `try` statements, and leaving blocks.
//!
//! A handler is entered with the exception in a register. It makes that the exception being handled (`PushExc`), and
//! whatever way leads out of it restores the one before (`PopExc`). The body of a `finally` is generated once for every
//! way out; while such a copy is generated the blocks inside are taken off the stack and their ranges interrupted.

use super::{Block, Cleanup, Gen, Protection, Reg};
use crate::assembler::{Label, Range};
use crate::errors::Res;
use ferropy_bytecode::Op;
use ruff_python_ast::{self as ast, ExceptHandler, Stmt};
use ruff_text_size::{Ranged, TextRange};

/// For `Reraise`: the frame goes back to where the exception was raised.
pub(super) const AS_RAISED: u8 = 1;

impl<'a> Gen<'a, '_> {
    /// Refuses what CPython refuses: its compiler has room for so many blocks.
    pub(super) fn check_blocks(&self, range: TextRange) -> Res<()> {
        const MOST: usize = 20;
        if self.unit.blocks.len() > MOST {
            return self.syntax("too many statically nested blocks", range);
        }
        Ok(())
    }

    pub(super) fn push_block(&mut self, cleanup: Cleanup<'a>, range: Option<(Label, Label, Reg)>) {
        let protection = range.map(|(start, target, reg)| Protection { start, target, reg });
        self.unit.blocks.push(Block { cleanup, protection });
    }

    /// Opens a range that goes to `target` with the exception in `reg`.
    pub(super) fn protect(&mut self, cleanup: Cleanup<'a>, target: Label, reg: Reg) {
        let start = self.here();
        self.push_block(cleanup, Some((start, target, reg)));
    }

    pub(super) fn pop_block(&mut self) {
        if let Some(block) = self.unit.blocks.pop() {
            self.close_range(&block);
        }
    }

    fn close_range(&mut self, block: &Block<'a>) {
        if let Some(p) = block.protection {
            let end = self.here();
            self.unit.asm.ranges.push(Range { start: p.start, end, target: p.target, reg: p.reg });
        }
    }

    /// Leaves all blocks from `depth` up, does `then` there, and goes on inside them.
    pub(super) fn leave(&mut self, depth: usize, then: impl FnOnce(&mut Self) -> Res<()>) -> Res<()> {
        let pos = self.unit.asm.pos;
        let mut left = Vec::new();
        while self.unit.blocks.len() > depth {
            let Some(block) = self.unit.blocks.pop() else { break };
            self.close_range(&block);
            self.unit.asm.pos = pos;
            self.clean_up(block.cleanup)?;
            left.push(block);
        }
        self.unit.asm.pos = pos;
        then(self)?;
        while let Some(mut block) = left.pop() {
            if let Some(p) = &mut block.protection {
                p.start = self.here();
            }
            self.unit.blocks.push(block);
        }
        Ok(())
    }

    fn clean_up(&mut self, cleanup: Cleanup<'a>) -> Res<()> {
        match cleanup {
            Cleanup::Loop { .. } | Cleanup::Protected => Ok(()),
            Cleanup::Finally(body) => self.conditional_body(body),
            Cleanup::Handler { save, name } => {
                if let Some(name) = name {
                    self.forget_name(&name.id)?;
                }
                self.emit(Op::PopExc, save, 0, 0);
                Ok(())
            }
            Cleanup::With { exit, is_async, range } => self.call_exit_plain(exit, is_async, range),
        }
    }

    /// Leaving a `finally` body by a jump drops the exception: PEP 765. `target` is the number of the loop's block.
    pub(super) fn warn_in_finally(&mut self, word: &str, range: TextRange, target: Option<usize>) {
        let in_finally = self.unit.finally_depths.last().is_some_and(|&d| target.is_none_or(|t| t < d));
        if in_finally {
            self.warning(&format!("'{word}' in a 'finally' block"), range);
        }
    }

    // ---- try

    pub(super) fn try_(&mut self, t: &'a ast::StmtTry) -> Res<()> {
        if t.finalbody.is_empty() {
            return self.try_except(t);
        }
        self.with_finally(&t.finalbody, |g| {
            if t.handlers.is_empty() {
                g.conditional_body(&t.body)?;
                g.conditional_body(&t.orelse)
            } else {
                g.try_except(t)
            }
        })
    }

    /// Runs `body` and, whatever happens, `finalbody`.
    fn with_finally(&mut self, finalbody: &'a [Stmt], body: impl FnOnce(&mut Self) -> Res<()>) -> Res<()> {
        let (handler, cleanup, end) = (self.label(), self.label(), self.label());
        let [save, exc, exc2] = self.three()?;
        self.protect(Cleanup::Finally(finalbody), handler, exc);
        body(self)?;
        self.pop_block();
        self.final_body(finalbody)?;
        self.artificial();
        self.jump(end);
        self.bind(handler);
        self.artificial();
        self.emit(Op::PushExc, save, exc, 0);
        self.protect(Cleanup::Handler { save, name: None }, cleanup, exc2);
        self.final_body(finalbody)?;
        self.pop_block();
        self.artificial();
        self.emit(Op::PopExc, save, 0, 0);
        self.emit(Op::Reraise, exc, 0, 0);
        self.restore_and_reraise(cleanup, save, exc2);
        self.bind(end);
        Ok(())
    }

    fn final_body(&mut self, body: &'a [Stmt]) -> Res<()> {
        let depth = self.unit.blocks.len();
        self.unit.finally_depths.push(depth);
        let result = self.conditional_body(body);
        self.unit.finally_depths.pop();
        result
    }

    fn three(&mut self) -> Res<[Reg; 3]> {
        let first = self.temps(3)?;
        Ok([first, first + 1, first + 2])
    }

    /// The end of a handler that was left by an exception: the frame is shown at the place where that was raised.
    pub(super) fn restore_and_reraise(&mut self, label: Label, save: Reg, exc: Reg) {
        self.bind(label);
        self.artificial();
        self.emit(Op::PopExc, save, 0, 0);
        self.emit(Op::Reraise, exc, 0, AS_RAISED);
    }

    fn try_except(&mut self, t: &'a ast::StmtTry) -> Res<()> {
        let (handler, cleanup, end) = (self.label(), self.label(), self.label());
        let [save, exc, exc2] = self.three()?;
        self.protect(Cleanup::Protected, handler, exc);
        self.conditional_body(&t.body)?;
        self.pop_block();
        self.conditional_body(&t.orelse)?;
        self.artificial();
        self.jump(end);
        self.bind(handler);
        self.artificial();
        self.emit(Op::PushExc, save, exc, 0);
        let last = t.handlers.len().saturating_sub(1);
        for (i, ExceptHandler::ExceptHandler(h)) in t.handlers.iter().enumerate() {
            let next = self.label();
            if let Some(e) = &h.type_ {
                let mark = self.mark();
                self.protect(Cleanup::Handler { save, name: None }, cleanup, exc2);
                let class = self.expr(e, None)?;
                let t = self.temp()?;
                self.at(e.range());
                self.emit(Op::MatchExc, t, exc, class);
                self.pop_block();
                self.emit_jump(Op::JumpIfFalse, t, 0, 0, next);
                self.release(mark);
            } else if i != last {
                return self.syntax("default 'except:' must be last", h.range);
            }
            self.handler_body(h, [save, exc, exc2], cleanup, end)?;
            self.bind(next);
            // What no handler takes leaves from the last question.
            self.at(h.type_.as_ref().map_or(h.range, |e| e.range()));
        }
        self.emit(Op::PopExc, save, 0, 0);
        self.emit(Op::Reraise, exc, 0, 0);
        self.restore_and_reraise(cleanup, save, exc2);
        self.bind(end);
        Ok(())
    }

    fn handler_body(
        &mut self,
        h: &'a ast::ExceptHandlerExceptHandler,
        [save, exc, exc2]: [Reg; 3],
        cleanup: Label,
        end: Label,
    ) -> Res<()> {
        let Some(name) = &h.name else {
            self.protect(Cleanup::Handler { save, name: None }, cleanup, exc2);
            self.conditional_body(&h.body)?;
            self.pop_block();
            self.artificial();
            self.emit(Op::PopExc, save, 0, 0);
            self.jump(end);
            return Ok(());
        };
        self.check_assignable(&name.id, h.range)?;
        let forget = self.label();
        self.at(h.range);
        self.store_name(&name.id, exc)?;
        self.protect(Cleanup::Handler { save, name: Some(name) }, forget, exc2);
        self.conditional_body(&h.body)?;
        self.pop_block();
        self.artificial();
        self.forget_name(&name.id)?;
        self.emit(Op::PopExc, save, 0, 0);
        self.jump(end);
        self.bind(forget);
        self.forget_name(&name.id)?;
        self.emit(Op::PopExc, save, 0, 0);
        self.emit(Op::Reraise, exc2, 0, AS_RAISED);
        Ok(())
    }

    // ---- except*

    pub(super) fn try_star_statement(&mut self, t: &'a ast::StmtTry) -> Res<()> {
        if t.finalbody.is_empty() {
            return self.try_star(t);
        }
        self.with_finally(&t.finalbody, |g| g.try_star(t))
    }

    /// Every handler takes its part of what is left of the exception; what handlers raise is collected in a list, to
    /// which the rest is added at the end.
    fn try_star(&mut self, t: &'a ast::StmtTry) -> Res<()> {
        let (handler, cleanup, end) = (self.label(), self.label(), self.label());
        let [save, exc, exc2] = self.three()?;
        // The part that matched and the rest, in a row.
        let parts = self.temps(3)?;
        let (rest, raised) = (parts + 2, self.temp()?);
        self.protect(Cleanup::Protected, handler, exc);
        self.conditional_body(&t.body)?;
        self.pop_block();
        self.conditional_body(&t.orelse)?;
        self.artificial();
        self.jump(end);
        self.bind(handler);
        self.artificial();
        self.emit(Op::PushExc, save, exc, 0);
        self.protect(Cleanup::Handler { save, name: None }, cleanup, exc2);
        self.emit(Op::BuildList, raised, 0, 0);
        self.emit(Op::Move, rest, exc, 0);
        self.unit.star_depths.push(self.unit.blocks.len());
        for ExceptHandler::ExceptHandler(h) in &t.handlers {
            self.star_handler(h, [exc, parts, rest, raised])?;
        }
        self.unit.star_depths.pop();
        self.artificial();
        let skip = self.label();
        self.emit_jump(Op::JumpIfNone, rest, 0, 0, skip);
        self.emit(Op::ListAppend, raised, rest, 0);
        self.bind(skip);
        self.emit(Op::PrepReraiseStar, parts, exc, raised);
        self.pop_block();
        self.emit(Op::PopExc, save, 0, 0);
        self.emit_jump(Op::JumpIfNone, parts, 0, 0, end);
        self.emit(Op::Reraise, parts, 0, 0);
        self.restore_and_reraise(cleanup, save, exc2);
        self.bind(end);
        Ok(())
    }

    fn star_handler(&mut self, h: &'a ast::ExceptHandlerExceptHandler, [_, parts, rest, raised]: [Reg; 4]) -> Res<()> {
        let mark = self.mark();
        let next = self.label();
        let Some(e) = &h.type_ else {
            return self.syntax("expected one or more exception types", h.range);
        };
        self.emit_jump(Op::JumpIfNone, rest, 0, 0, next);
        let class = self.expr(e, None)?;
        self.at(e.range());
        self.emit(Op::MatchExcGroup, parts, rest, class);
        self.emit(Op::Move, rest, parts + 1, 0);
        self.release(mark);
        self.emit_jump(Op::JumpIfNone, parts, 0, 0, next);
        let (caught, inner_save) = (self.temp()?, self.temp()?);
        let failed = self.label();
        self.emit(Op::PushExc, inner_save, parts, 0);
        if let Some(name) = &h.name {
            self.check_assignable(&name.id, h.range)?;
            self.at(h.range);
            self.store_name(&name.id, parts)?;
        }
        self.protect(Cleanup::Handler { save: inner_save, name: h.name.as_ref() }, failed, caught);
        self.conditional_body(&h.body)?;
        self.pop_block();
        self.artificial();
        if let Some(name) = &h.name {
            self.forget_name(&name.id)?;
        }
        self.emit(Op::PopExc, inner_save, 0, 0);
        self.jump(next);
        self.bind(failed);
        if let Some(name) = &h.name {
            self.forget_name(&name.id)?;
        }
        self.emit(Op::PopExc, inner_save, 0, 0);
        self.emit(Op::ListAppend, raised, caught, 0);
        self.bind(next);
        self.release(mark);
        Ok(())
    }
}
