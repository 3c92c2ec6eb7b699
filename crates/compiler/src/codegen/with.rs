//! `with` statements. The exit method waits in a window of five registers: function, self, three arguments.

use super::exceptions::AS_RAISED;
use super::{Cleanup, Gen, Reg};
use crate::errors::Res;
use ferropy_bytecode::{Const, Op, SpecialMethod};
use ruff_python_ast::{self as ast, WithItem};
use ruff_text_size::{Ranged, TextRange};

const AENTER: u8 = 1;
const AEXIT: u8 = 2;
/// Registers of the window, and those that the handler behind it has.
const WINDOW: u8 = 5;
const HANDLER_REGS: u8 = 3;

impl<'a> Gen<'a, '_> {
    pub(super) fn with(&mut self, w: &'a ast::StmtWith, items: &'a [WithItem]) -> Res<()> {
        let Some((item, rest)) = items.split_first() else { return self.conditional_body(&w.body) };
        if w.is_async {
            self.check_async("'async with'", w.range)?;
        }
        let range = item.context_expr.range();
        let (handler, cleanup, suppressed, end) = (self.label(), self.label(), self.label(), self.label());
        let exit = self.temps(WINDOW as usize)?;
        let regs = self.temps(HANDLER_REGS as usize)?;
        let (save, exc, exc2) = (regs, regs + 1, regs + 2);
        let entered = self.enter_context(item, exit, w.is_async)?;
        self.check_blocks(range)?;
        self.protect(Cleanup::With { exit, is_async: w.is_async, range }, handler, exc);
        if let Some(target) = &item.optional_vars {
            self.store(target, entered)?;
        }
        self.release((regs + HANDLER_REGS) as usize);
        self.deep(|g| g.with(w, rest))?;
        self.pop_block();
        self.call_exit_plain(exit, w.is_async, range)?;
        self.jump(end);

        self.bind(handler);
        self.at(range);
        self.emit(Op::PushExc, save, exc, 0);
        self.protect(Cleanup::Protected, cleanup, exc2);
        self.emit(Op::Move, exit + 2, exc, 0);
        // The operation fills these two; until then nothing unbound may be in its window.
        self.load_const(Const::None, Some(exit + 3))?;
        self.load_const(Const::None, Some(exit + 4))?;
        self.emit(Op::CallExit, exit, exit, 3);
        let answer = if w.is_async { self.await_value(exit, AEXIT)? } else { exit };
        self.emit_jump(Op::JumpIfTrue, answer, 0, 0, suppressed);
        self.pop_block();
        self.emit(Op::PopExc, save, 0, 0);
        self.emit(Op::Reraise, exc, 0, AS_RAISED);
        self.restore_and_reraise(cleanup, save, exc2);
        self.bind(suppressed);
        self.emit(Op::PopExc, save, 0, 0);
        self.bind(end);
        Ok(())
    }

    /// Loads the exit method and calls the enter method, whose result is in a new temporary.
    fn enter_context(&mut self, item: &'a WithItem, exit: Reg, is_async: bool) -> Res<Reg> {
        let manager = self.expr(&item.context_expr, None)?;
        let enter = self.temps(2)?;
        self.at(item.context_expr.range());
        let (enter_method, exit_method) = match is_async {
            false => (SpecialMethod::Enter, SpecialMethod::Exit),
            true => (SpecialMethod::AEnter, SpecialMethod::AExit),
        };
        self.emit(Op::LoadSpecial, exit, manager, exit_method as u8);
        self.emit(Op::LoadSpecial, enter, manager, enter_method as u8);
        self.emit(Op::CallMethod, enter, enter, 0);
        if is_async { self.await_value(enter, AENTER) } else { Ok(enter) }
    }

    /// Calls the exit method with three times None. The callee's registers begin in the window, so that one with living
    /// registers above it (a value that is returned) is copied first.
    pub(super) fn call_exit_plain(&mut self, exit: Reg, is_async: bool, range: TextRange) -> Res<()> {
        let mark = self.mark();
        self.at(range);
        let exit = match mark > (exit + WINDOW + HANDLER_REGS) as usize {
            true => {
                let copy = self.temps(WINDOW as usize)?;
                self.emit(Op::Move, copy, exit, 0);
                self.emit(Op::Move, copy + 1, exit + 1, 0);
                copy
            }
            false => exit,
        };
        for i in 2..5 {
            self.load_const(Const::None, Some(exit + i))?;
        }
        let t = self.temp()?;
        self.emit(Op::CallMethod, t, exit, 3);
        if is_async {
            self.await_value(t, AEXIT)?;
        }
        self.release(mark);
        Ok(())
    }
}
