//! Functions and lambdas: their code, defaults, closures.

use super::{Gen, Reg};
use crate::assembler::Extra;
use crate::errors::{Failure, Res};
use crate::symtable::{Role, ScopeId};
use ferropy_bytecode::{Code, Const, Op, flags, make_flags};
use ruff_python_ast::{self as ast, Decorator, Expr, Parameters, name::Name};
use ruff_text_size::{Ranged, TextRange, TextSize};

/// What a function is made of beside code and closure: registers that hold it.
#[derive(Default, Clone, Copy)]
pub(super) struct Parts {
    pub defaults: Option<Reg>,
    pub kwdefaults: Option<Reg>,
    pub annotate: Option<Reg>,
    pub type_params: Option<Reg>,
}

impl<'a> Gen<'a, '_> {
    pub(super) fn function_def(&mut self, f: &'a ast::StmtFunctionDef) -> Res<()> {
        self.check_assignable(&f.name.id, f.range)?;
        let mark = self.mark();
        let decorators = self.decorators(&f.decorator_list)?;
        let line = self.first_line(&f.decorator_list, f.name.range);
        let r = match &f.type_params {
            Some(params) => self.generic_function(f, params, line)?,
            None => {
                let mut parts = Parts::default();
                self.defaults(&f.parameters, &mut parts)?;
                self.function(f, parts, line)?
            }
        };
        self.decorate(&decorators, r)?;
        self.at(self.bare_range(&f.decorator_list, f.range));
        self.store_name(&f.name.id, r)?;
        self.release(mark);
        Ok(())
    }

    /// The line of a definition's first decorator or of itself.
    pub(super) fn first_line(&self, decorators: &[Decorator], name: TextRange) -> u32 {
        let at = decorators.first().map_or(name.start(), |d| d.expression.range().start());
        self.source.line_col(at).0
    }

    /// A definition without its decorators.
    pub(super) fn bare_range(&self, decorators: &[Decorator], range: TextRange) -> TextRange {
        let Some(last) = decorators.last() else { return range };
        let text = self.source.slice(TextRange::new(last.range.end(), range.end()));
        let mut at = text.find('\n').map_or(0, |i| i + 1);
        for line in text[at..].split_inclusive('\n') {
            let code = line.trim_start();
            if !code.trim().is_empty() && !code.starts_with('#') {
                at += line.len() - code.len();
                break;
            }
            at += line.len();
        }
        TextRange::new(last.range.end() + TextSize::new(at as u32), range.end())
    }

    /// Evaluates the decorators, each with a register for its argument behind it.
    pub(super) fn decorators(&mut self, list: &'a [Decorator]) -> Res<Vec<(Reg, &'a Expr)>> {
        let mut registers = Vec::new();
        for d in list {
            let r = self.temps(2)?;
            self.expr(&d.expression, Some(r))?;
            registers.push((r, &d.expression));
        }
        Ok(registers)
    }

    /// Applies decorators to the value in `r`.
    pub(super) fn decorate(&mut self, decorators: &[(Reg, &'a Expr)], r: Reg) -> Res<()> {
        for (d, e) in decorators.iter().rev() {
            self.at(e.range());
            self.emit(Op::Move, d + 1, r, 0);
            self.emit(Op::Call, r, *d, 1);
        }
        Ok(())
    }

    pub(super) fn defaults(&mut self, p: &'a Parameters, parts: &mut Parts) -> Res<()> {
        let positional: Vec<&'a Expr> =
            p.posonlyargs.iter().chain(&p.args).filter_map(|p| p.default.as_deref()).collect();
        if let (Some(first), Some(last)) = (positional.first(), positional.last()) {
            let range = first.range().cover(last.range());
            let t = self.temp()?;
            let constants = positional.iter().map(|e| self.fold(e)).collect::<Option<Vec<_>>>();
            if let Some(items) = constants {
                self.at(range);
                self.load_const(Const::Tuple(items), Some(t))?;
            } else {
                self.at(range);
                self.emit(Op::BuildList, t, 0, 0);
                for e in positional {
                    let inner = self.mark();
                    let r = self.expr(e, None)?;
                    self.emit(Op::ListAppend, t, r, 0);
                    self.release(inner);
                }
                self.at(range);
                self.emit(Op::ListToTuple, t, t, 0);
            }
            parts.defaults = Some(t);
        }
        if p.kwonlyargs.iter().any(|p| p.default.is_some()) {
            let t = self.temp()?;
            self.emit(Op::BuildMap, t, 0, 0);
            for param in &p.kwonlyargs {
                let Some(e) = &param.default else { continue };
                let inner = self.mark();
                let name = self.mangle(&param.parameter.name.id);
                let k = self.load_const(Const::Str(name.as_bytes().to_vec()), None)?;
                let v = self.expr(e, None)?;
                self.emit(Op::MapAdd, t, k, v);
                self.release(inner);
            }
            parts.kwdefaults = Some(t);
        }
        Ok(())
    }

    /// Makes the function (its annotations too); the result is a new temporary.
    pub(super) fn function(&mut self, f: &'a ast::StmtFunctionDef, mut parts: Parts, line: u32) -> Res<Reg> {
        self.function_annotations(f, &mut parts)?;
        let Some(scope) = self.table.find(f, Role::Body) else {
            return Err(Failure::internal("a function without scope"));
        };
        self.open_unit(scope, f.name.id.clone(), line)?;
        self.signature(&f.parameters)?;
        let info = &self.table.scopes[scope];
        self.unit.flags |= match (f.is_async, info.has_yield) {
            (true, true) => flags::ASYNC_GENERATOR,
            (true, false) => flags::COROUTINE,
            (false, true) => flags::GENERATOR,
            _ => 0,
        };
        let mut body = &f.body[..];
        if let Some((doc, _)) = super::docstring(body, self.source) {
            body = &body[1..];
            if self.options.optimize < 2 {
                self.set_docstring(doc);
            }
        }
        self.body(body)?;
        if !self.unit.asm.ends_dead() {
            self.nowhere();
            self.return_none()?;
        }
        let code = self.close_unit()?;
        self.at(self.bare_range(&f.decorator_list, f.range));
        let d = self.temp()?;
        self.make_function(scope, code, parts, d)?;
        Ok(d)
    }

    pub(super) fn lambda(&mut self, l: &'a ast::ExprLambda, dst: Option<Reg>) -> Res<Reg> {
        let mark = self.mark();
        let mut parts = Parts::default();
        if let Some(p) = &l.parameters {
            self.defaults(p, &mut parts)?;
        }
        let Some(scope) = self.table.find(l, Role::Body) else {
            return Err(Failure::internal("a lambda without scope"));
        };
        let line = self.source.line_col(l.range.start()).0;
        self.open_unit(scope, Name::new_static("<lambda>"), line)?;
        if let Some(p) = &l.parameters {
            self.signature(p)?;
        }
        if self.table.scopes[scope].has_yield {
            self.unit.flags |= flags::GENERATOR;
        }
        let r = self.expr(&l.body, None)?;
        self.at(l.body.range());
        self.emit(Op::Return, r, 0, 0);
        let code = self.close_unit()?;
        self.at(l.range);
        self.release(mark);
        // The parts are read before the result is written, from temporaries that were just released.
        let keep = [parts.defaults, parts.kwdefaults].into_iter().flatten().count();
        let held = mark + keep;
        self.release(held);
        let d = match dst {
            Some(d) => d,
            None => mark as Reg,
        };
        self.unit.most = self.unit.most.max(mark + 1);
        self.make_function(scope, code, parts, d)?;
        self.release(mark);
        if dst.is_none() {
            self.temp()?;
        }
        Ok(d)
    }

    fn signature(&mut self, p: &Parameters) -> Res<()> {
        for param in p.iter() {
            let id = &param.name().id;
            if id == "__debug__" {
                let p = param.as_parameter();
                return self.syntax("cannot assign to __debug__", TextRange::new(p.name.range.start(), p.range.end()));
            }
        }
        let unit = &mut self.unit;
        unit.posonlyargcount = p.posonlyargs.len() as u32;
        unit.argcount = (p.posonlyargs.len() + p.args.len()) as u32;
        unit.kwonlyargcount = p.kwonlyargs.len() as u32;
        unit.flags |= if p.vararg.is_some() { flags::VARARGS } else { 0 };
        unit.flags |= if p.kwarg.is_some() { flags::VARKEYWORDS } else { 0 };
        Ok(())
    }

    /// Emits `MakeFunction` into `d` with the parts and the cells that the code needs.
    pub(super) fn make_function(&mut self, scope: ScopeId, code: Code, parts: Parts, d: Reg) -> Res<()> {
        let mark = self.mark();
        let free = self.table.scopes[scope].free_names();
        let bits = [
            (make_flags::DEFAULTS, parts.defaults),
            (make_flags::KWDEFAULTS, parts.kwdefaults),
            (make_flags::CLOSURE, None),
            (make_flags::ANNOTATE, parts.annotate),
            (make_flags::TYPE_PARAMS, parts.type_params),
        ];
        let is_on =
            |(bit, part): &(u8, Option<Reg>)| part.is_some() || (*bit == make_flags::CLOSURE && !free.is_empty());
        let on: Vec<_> = bits.into_iter().filter(is_on).collect();
        let window = self.temps(on.len())?;
        let mut mask = 0;
        for (i, (bit, part)) in on.iter().enumerate() {
            mask |= bit;
            match part {
                Some(r) => self.move_to(window + i as u8, *r),
                None => self.closure(&free, window + i as u8)?,
            }
        }
        let code = self.constant(Const::Code(Box::new(code)));
        let window = if on.is_empty() { 0 } else { window };
        self.unit.asm.emit(Op::MakeFunction, d, window, mask, Extra::Const(code));
        self.release(mark);
        Ok(())
    }

    /// A tuple of the cells of the names.
    fn closure(&mut self, names: &[Name], d: Reg) -> Res<()> {
        let mark = self.mark();
        if names.len() > 30 {
            self.emit(Op::BuildList, d, 0, 0);
            for name in names {
                let cell = self.captured(name)?;
                self.emit(Op::ListAppend, d, cell, 0);
                self.release(mark);
            }
            self.emit(Op::ListToTuple, d, d, 0);
            return Ok(());
        }
        let window = self.temps(names.len())?;
        for (i, name) in names.iter().enumerate() {
            let inner = self.mark();
            let cell = self.captured(name)?;
            self.move_to(window + i as u8, cell);
            self.release(inner);
        }
        self.emit(Op::BuildTuple, d, window, names.len() as u8);
        self.release(mark);
        Ok(())
    }

    /// A register with the cell of a (mangled) name that an inner scope captures.
    fn captured(&mut self, name: &Name) -> Res<Reg> {
        let in_comp = self.unit.comps.iter().rev().find_map(|c| c.vars.get(name).copied());
        let place = in_comp.or_else(|| self.unit.vars.get(name).copied());
        match place {
            Some(place) => self.cell_register(place),
            None => {
                // A class passes on what functions around it bind, though it binds the name itself.
                let free = self.table.scopes[self.unit.scope].free_names();
                match free.iter().position(|n| n == name) {
                    Some(i) => self.cell_register(super::unit::Place::Free(i as u8)),
                    None => Err(Failure::internal(format!("no cell for {name}"))),
                }
            }
        }
    }
}
