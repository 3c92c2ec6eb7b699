//! Waiting for awaitables and delegating to iterators.

use super::{Gen, Reg};
use crate::errors::Res;
use crate::symtable::ScopeKind;
use ferropy_bytecode::{Const, Op, flags};
use ruff_text_size::TextRange;

impl Gen<'_, '_> {
    /// `what` needs an asynchronous function around it.
    pub(super) fn check_async(&self, what: &str, range: TextRange) -> Res<()> {
        let scope = &self.table.scopes[self.unit.scope];
        if self.unit.flags & (flags::COROUTINE | flags::ASYNC_GENERATOR) != 0 {
            return Ok(());
        }
        match scope.kind {
            ScopeKind::Function | ScopeKind::Lambda | ScopeKind::GenExpr => {
                self.syntax(format!("{what} outside async function"), range)
            }
            _ if what == "'await'" => self.syntax("'await' outside function", range),
            _ => self.syntax(format!("{what} outside async function"), range),
        }
    }

    /// Awaits the value; `kind` is the operand of `GetAwaitable`. The result is a new temporary.
    pub(super) fn await_value(&mut self, value: Reg, kind: u8) -> Res<Reg> {
        let it = self.temp()?;
        self.emit(Op::GetAwaitable, it, value, kind);
        self.delegate(it)
    }

    /// Passes everything between our caller and the iterator until that is exhausted; the result is its value.
    pub(super) fn delegate(&mut self, it: Reg) -> Res<Reg> {
        let outcome = self.temp()?;
        let sent = self.temp()?;
        self.load_const(Const::None, Some(sent))?;
        let done = self.label();
        let again = self.here();
        self.emit_jump(Op::Send, outcome, it, sent, done);
        self.emit_jump(Op::YieldFrom, sent, outcome, it, done);
        self.emit_jump(Op::JumpBack, 0, 0, 0, again);
        self.bind(done);
        Ok(outcome)
    }
}
