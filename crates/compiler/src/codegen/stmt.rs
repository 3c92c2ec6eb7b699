//! Statements other than definitions, imports, `try`, `with` and `match`.

use super::{Block, Cleanup, Gen, Reg};
use crate::assembler::Label;
use crate::errors::{Failure, Res};
use crate::symtable::ScopeKind;
use ferropy_bytecode::{CommonConst, Const, Intrinsic1, Op, flags};
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

const IN_EXCEPT_STAR: &str = "'break', 'continue' and 'return' cannot appear in an except* block";

impl<'a> Gen<'a, '_> {
    pub(super) fn body(&mut self, body: &'a [Stmt]) -> Res<()> {
        for s in body {
            self.deep(|g| g.stmt(s))?;
            debug_assert!(self.unit.next >= self.unit.first_temp);
        }
        Ok(())
    }

    /// A body that may not run, or not to its end.
    pub(super) fn conditional_body(&mut self, body: &'a [Stmt]) -> Res<()> {
        let outer = std::mem::replace(&mut self.unit.conditional, true);
        let result = self.body(body);
        self.unit.conditional = outer;
        result
    }

    fn stmt(&mut self, s: &'a Stmt) -> Res<()> {
        let mark = self.mark();
        if matches!(s, Stmt::While(_) | Stmt::For(_) | Stmt::Try(_)) {
            self.check_blocks(s.range())?;
        }
        match s {
            Stmt::Expr(e) => self.expr_stmt(e)?,
            Stmt::Assign(a) => self.assign(a)?,
            Stmt::AugAssign(a) => self.aug_assign(a)?,
            Stmt::AnnAssign(a) => self.ann_assign(a)?,
            Stmt::Return(r) => self.return_(r)?,
            Stmt::If(i) => self.if_(i)?,
            Stmt::While(w) => self.while_(w)?,
            Stmt::For(f) => self.for_(f)?,
            Stmt::FunctionDef(f) => self.function_def(f)?,
            Stmt::ClassDef(c) => self.class_def(c)?,
            Stmt::Import(i) => self.import(i)?,
            Stmt::ImportFrom(i) => self.import_from(i)?,
            Stmt::Try(t) if t.is_star => self.try_star_statement(t)?,
            Stmt::Try(t) => self.try_(t)?,
            Stmt::With(w) => self.with(w, &w.items)?,
            Stmt::Raise(r) => self.raise(r)?,
            Stmt::Assert(a) => self.assert(a)?,
            Stmt::Delete(d) => d.targets.iter().try_for_each(|t| self.delete(t))?,
            Stmt::Match(m) => self.match_(m)?,
            Stmt::TypeAlias(t) => self.type_alias(t)?,
            Stmt::Break(b) => self.leave_loop(b.range, true)?,
            Stmt::Continue(c) => self.leave_loop(c.range, false)?,
            Stmt::Pass(p) => {
                self.at(p.range);
                self.emit(Op::Nop, 0, 0, 0);
            }
            Stmt::Global(_) | Stmt::Nonlocal(_) => {}
            Stmt::IpyEscapeCommand(_) => return Err(Failure::internal("unexpected statement")),
        }
        self.release(mark);
        Ok(())
    }

    fn expr_stmt(&mut self, e: &'a ast::StmtExpr) -> Res<()> {
        let interactive = self.options.mode == crate::Mode::Single && self.outer.is_empty();
        if interactive {
            let r = self.expr(&e.value, None)?;
            let t = self.temp()?;
            self.at(e.range);
            self.emit(Op::Intrinsic1, t, r, Intrinsic1::PrintExpr as u8);
        } else if self.fold(&e.value).is_none() || matches!(*e.value, Expr::Name(_)) {
            self.expr(&e.value, None)?;
        } else {
            self.at(e.range);
            self.emit(Op::Nop, 0, 0, 0);
        }
        Ok(())
    }

    fn ann_assign(&mut self, a: &'a ast::StmtAnnAssign) -> Res<()> {
        if let Some(value) = &a.value {
            self.assign_one(&a.target, value)?;
        }
        let kind = self.table.scopes[self.unit.scope].kind;
        let namespace = matches!(kind, ScopeKind::Module | ScopeKind::Class);
        match a.target.as_ref() {
            Expr::Name(n) => {
                self.check_assignable(&n.id, n.range)?;
                if a.simple && namespace {
                    self.variable_annotation(a, &n.id)?;
                }
            }
            Expr::Attribute(t) if a.value.is_none() => {
                self.check_assignable(&t.attr.id, t.range)?;
                let mark = self.mark();
                self.expr(&t.value, None)?;
                self.release(mark);
            }
            Expr::Subscript(t) if a.value.is_none() => {
                let mark = self.mark();
                self.expr(&t.value, None)?;
                self.expr(&t.slice, None)?;
                self.release(mark);
            }
            _ => {}
        }
        Ok(())
    }

    fn return_(&mut self, r: &'a ast::StmtReturn) -> Res<()> {
        let scope = &self.table.scopes[self.unit.scope];
        if scope.kind != ScopeKind::Function {
            return self.syntax("'return' outside function", r.range);
        }
        if let Some(value) = r.value.as_deref()
            && self.unit.flags & flags::ASYNC_GENERATOR != 0
        {
            return self.syntax("'return' with value in async generator", value.range().cover(r.range));
        }
        if !self.unit.star_depths.is_empty() {
            let constant = r.value.as_deref().filter(|v| self.fold(v).is_some());
            return self.syntax(IN_EXCEPT_STAR, constant.map_or(r.range, Ranged::range));
        }
        self.warn_in_finally("return", r.range, None);
        let unwinds = !self.unit.blocks.iter().all(|b| matches!(b.cleanup, Cleanup::Loop { .. }));
        let value = match r.value.as_deref() {
            Some(e) if unwinds && self.fold(e).is_none() => {
                let t = self.temp()?;
                self.expr(e, Some(t))?
            }
            Some(e) if self.fold(e).is_none() => self.expr(e, None)?,
            other => {
                // A constant survives whatever is unwound, so it is loaded last.
                let c = other.and_then(|e| self.fold(e)).unwrap_or(Const::None);
                self.at(r.range);
                return self.leave(0, |g| {
                    g.at(r.range);
                    let v = g.load_const(c, None)?;
                    g.emit(Op::Return, v, 0, 0);
                    Ok(())
                });
            }
        };
        self.at(r.range);
        self.leave(0, |g| {
            g.at(r.range);
            g.emit(Op::Return, value, 0, 0);
            Ok(())
        })
    }

    fn if_(&mut self, i: &'a ast::StmtIf) -> Res<()> {
        let end = self.label();
        let mut next = self.label();
        self.condition(&i.test, next, false)?;
        self.conditional_body(&i.body)?;
        for clause in &i.elif_else_clauses {
            self.jump(end);
            self.bind(next);
            next = self.label();
            if let Some(test) = &clause.test {
                self.condition(test, next, false)?;
            }
            self.conditional_body(&clause.body)?;
        }
        self.bind(next);
        self.bind(end);
        Ok(())
    }

    fn while_(&mut self, w: &'a ast::StmtWhile) -> Res<()> {
        let (orelse, exit) = (self.label(), self.label());
        let again = self.here();
        self.condition(&w.test, orelse, false)?;
        self.push_block(Cleanup::Loop { exit, next: again }, None);
        self.conditional_body(&w.body)?;
        self.pop_block();
        self.at(w.test.range());
        self.emit_jump(Op::JumpBack, 0, 0, 0, again);
        self.bind(orelse);
        self.conditional_body(&w.orelse)?;
        self.bind(exit);
        Ok(())
    }

    fn for_(&mut self, f: &'a ast::StmtFor) -> Res<()> {
        if f.is_async {
            self.check_async("'async for'", f.range)?;
        }
        let it = self.iterator(&f.iter, f.is_async)?;
        let (orelse, exit) = (self.label(), self.label());
        let again = self.here();
        let next = self.loop_head(&f.target, it, f.is_async, f.iter.range(), orelse)?;
        self.push_block(Cleanup::Loop { exit, next: again }, None);
        self.conditional_body(&f.body)?;
        self.pop_block();
        self.at(f.iter.range());
        self.emit_jump(Op::JumpBack, 0, 0, 0, again);
        self.loop_end(next, orelse);
        self.conditional_body(&f.orelse)?;
        self.bind(exit);
        Ok(())
    }

    /// Evaluates an iterable; its iterator is in a new temporary.
    pub(super) fn iterator(&mut self, e: &'a Expr, is_async: bool) -> Res<Reg> {
        let mark = self.mark();
        let value = match self.constant_display(e, false) {
            Some(c) => {
                self.at(e.range());
                self.load_const(c, None)?
            }
            None => self.expr(e, None)?,
        };
        self.release(mark);
        let it = self.temp()?;
        self.at(e.range());
        self.emit(if is_async { Op::GetAIter } else { Op::GetIter }, it, value, 0);
        Ok(it)
    }

    /// Gets the next item into the target. The result is an asynchronous loop's exception register.
    pub(super) fn loop_head(
        &mut self,
        target: &'a Expr,
        it: Reg,
        is_async: bool,
        range: TextRange,
        exhausted: Label,
    ) -> Res<Option<Reg>> {
        if is_async {
            let exc = self.temp()?;
            let mark = self.mark();
            let start = self.here();
            self.push_block(Cleanup::Protected, Some((start, exhausted, exc)));
            let awaitable = self.temp()?;
            self.at(range);
            self.emit(Op::GetANext, awaitable, it, 0);
            let item = self.delegate(awaitable)?;
            self.pop_block();
            self.store(target, item)?;
            self.release(mark);
            return Ok(Some(exc));
        }
        let mark = self.mark();
        let register = match target {
            Expr::Name(n) => {
                self.check_assignable(&n.id, n.range)?;
                self.target_register(&n.id)
            }
            _ => None,
        };
        let item = self.dst(register)?;
        self.at(range);
        let taken_apart = matches!(target, Expr::Tuple(_) | Expr::List(_)) as u8;
        self.emit_jump(Op::ForIter, item, it, taken_apart, exhausted);
        if register.is_none() {
            self.store(target, item)?;
        }
        self.release(mark);
        Ok(None)
    }

    pub(super) fn loop_end(&mut self, exc: Option<Reg>, exhausted: Label) {
        self.bind(exhausted);
        if let Some(exc) = exc {
            self.emit(Op::EndAsyncFor, exc, 0, 0);
        }
    }

    fn leave_loop(&mut self, range: TextRange, exit: bool) -> Res<()> {
        let is_loop = |b: &Block| matches!(b.cleanup, Cleanup::Loop { .. });
        let word = if exit { "break" } else { "continue" };
        let depth = self.unit.blocks.iter().rposition(is_loop);
        if self.unit.star_depths.last().is_some_and(|&d| depth.is_none_or(|depth| depth < d)) {
            return self.syntax(IN_EXCEPT_STAR, range);
        }
        let Some(depth) = depth else {
            let message = if exit { "'break' outside loop" } else { "'continue' not properly in loop" };
            return self.syntax(message, range);
        };
        self.warn_in_finally(word, range, Some(depth));
        let Cleanup::Loop { exit: end, next } = self.unit.blocks[depth].cleanup else { return Ok(()) };
        self.at(range);
        self.leave(depth + 1, |g| {
            g.at(range);
            if exit {
                g.jump(end);
            } else {
                g.emit_jump(Op::JumpBack, 0, 0, 0, next);
            }
            Ok(())
        })
    }

    fn raise(&mut self, r: &'a ast::StmtRaise) -> Res<()> {
        let (mut exc, mut cause, mut n) = (0, 0, 0);
        if let Some(e) = &r.exc {
            let later: Vec<&Expr> = r.cause.iter().map(|c| &**c).collect();
            exc = self.operand(e, &later)?;
            n = 1;
        }
        if let Some(e) = &r.cause {
            cause = self.expr(e, None)?;
            n = 2;
        }
        self.at(r.range);
        self.emit(Op::Raise, exc, cause, n);
        Ok(())
    }

    fn assert(&mut self, a: &'a ast::StmtAssert) -> Res<()> {
        if matches!(a.test.as_ref(), Expr::Tuple(t) if !t.elts.is_empty()) {
            self.warning("assertion is always true, perhaps remove parentheses?", a.range);
        }
        if self.options.optimize > 0 {
            return Ok(());
        }
        let ok = self.label();
        self.condition(&a.test, ok, true)?;
        let exc = self.temp()?;
        self.at(a.range);
        self.emit(Op::LoadCommon, exc, CommonConst::AssertionError as u8, 0);
        if let Some(message) = &a.msg {
            let arg = self.temp()?;
            self.expr(message, Some(arg))?;
            self.at(a.test.range());
            self.emit(Op::Call, exc, exc, 1);
        }
        self.at(a.test.range());
        self.emit(Op::Raise, exc, 0, 1);
        self.bind(ok);
        Ok(())
    }
}
