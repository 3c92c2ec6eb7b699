//! Annotations: `__annotate__` functions (PEP 649, 749), or strings under `from __future__ import annotations`.

use super::func::Parts;
use super::{Gen, Reg};
use crate::errors::{Failure, Res};
use crate::symtable::{Role, ScopeKind};
use ferropy_bytecode::{Const, Op};
use ruff_python_ast::{self as ast, Expr, name::Name};
use ruff_text_size::Ranged;

impl<'a> Gen<'a, '_> {
    /// Name and annotation of each parameter and of the result, in CPython's order.
    fn annotated(f: &'a ast::StmtFunctionDef) -> Vec<(Name, &'a Expr)> {
        let p = &f.parameters;
        let plain = |p: &'a ast::ParameterWithDefault| Some((p.parameter.name.id.clone(), p.annotation()?));
        let star = |p: &'a ast::Parameter| Some((p.name.id.clone(), p.annotation()?));
        let mut all: Vec<(Name, &Expr)> = p.args.iter().chain(&p.posonlyargs).filter_map(plain).collect();
        all.extend(p.vararg.as_deref().and_then(star));
        all.extend(p.kwonlyargs.iter().filter_map(plain));
        all.extend(p.kwarg.as_deref().and_then(star));
        all.extend(f.returns.as_deref().map(|e| (Name::new_static("return"), e)));
        all
    }

    pub(super) fn function_annotations(&mut self, f: &'a ast::StmtFunctionDef, parts: &mut Parts) -> Res<()> {
        let annotated = Self::annotated(f);
        if annotated.is_empty() {
            return Ok(());
        }
        let d = self.temp()?;
        let Some(scope) = self.table.find(f, Role::Annotations) else {
            return Err(Failure::internal("annotations without scope"));
        };
        let range = self.bare_range(&f.decorator_list, f.range);
        let line = self.source.line_col(range.start()).0;
        self.open_evaluator(scope, Name::new_static("__annotate__"), line)?;
        let map = self.temp()?;
        self.at(range);
        self.emit(Op::BuildMap, map, 0, 0);
        for (name, e) in annotated {
            let mark = self.mark();
            let name = self.mangle(&name);
            self.annotation_entry(map, &name, e)?;
            self.release(mark);
        }
        self.at(range);
        self.emit(Op::Return, map, 0, 0);
        let code = self.close_unit()?;
        self.at(range);
        self.make_function(scope, code, Parts::default(), d)?;
        parts.annotate = Some(d);
        Ok(())
    }

    fn annotation_entry(&mut self, map: Reg, name: &Name, e: &'a Expr) -> Res<()> {
        let value = match e {
            e if self.future_annotations() => {
                let text = self.annotation_text(e);
                self.at(e.range());
                self.load_const(Const::Str(text), None)?
            }
            Expr::Starred(s) => {
                let r = self.expr(&s.value, None)?;
                let t = self.temp()?;
                self.at(s.range);
                self.emit(Op::Unpack, t, r, 1);
                t
            }
            e => self.expr(e, None)?,
        };
        let k = self.load_const(Const::Str(name.as_bytes().to_vec()), None)?;
        self.at(e.range());
        self.emit(Op::MapAdd, map, k, value);
        Ok(())
    }

    /// The annotation of a simple name in a module or class.
    pub(super) fn variable_annotation(&mut self, a: &'a ast::StmtAnnAssign, id: &Name) -> Res<()> {
        let mark = self.mark();
        self.at(a.range);
        if self.future_annotations() {
            let text = self.annotation_text(&a.annotation);
            let v = self.load_const(Const::Str(text), None)?;
            let map = self.load_name(&Name::new_static("__annotations__"), None)?;
            let name = self.mangle(id);
            let k = self.load_const(Const::Str(name.as_bytes().to_vec()), None)?;
            self.emit(Op::SetItem, map, k, v);
            self.release(mark);
            return Ok(());
        }
        let kind = self.table.scopes[self.unit.scope].kind;
        let conditional = kind == ScopeKind::Module || self.unit.conditional;
        let mut index = None;
        if conditional {
            let n = self.unit.next_condition;
            self.unit.next_condition += 1;
            index = Some(n);
            let set = self.load_name(&Name::new_static("__conditional_annotations__"), None)?;
            let k = self.load_const(Const::Int(n), None)?;
            self.emit(Op::SetAdd, set, k, 0);
        }
        // The body of a `finally` is generated more than once: each copy has an entry of its own.
        self.unit.deferred.push((a, index));
        self.release(mark);
        Ok(())
    }

    /// Makes the `__annotate__` of a module or class from what was collected.
    pub(super) fn deferred_annotations(&mut self) -> Res<()> {
        let deferred = std::mem::take(&mut self.unit.deferred);
        let Some(scope) = self.table.scopes[self.unit.scope].annotations.filter(|_| !deferred.is_empty()) else {
            return Ok(());
        };
        let class = self.table.scopes[self.unit.scope].kind == ScopeKind::Class;
        let mark = self.mark();
        let d = self.temp()?;
        let first = deferred.first().map_or(0, |(a, _)| self.source.line_col(a.range.start()).0);
        let line = if class { self.unit.firstlineno } else { first };
        self.open_evaluator(scope, Name::new_static("__annotate__"), line)?;
        let map = self.temp()?;
        self.emit(Op::BuildMap, map, 0, 0);
        for (a, index) in deferred {
            let Expr::Name(n) = a.target.as_ref() else { continue };
            let inner = self.mark();
            let skip = self.label();
            self.at(a.annotation.range());
            if let Some(index) = index {
                let k = self.load_const(Const::Int(index), None)?;
                let set = self.load_name(&Name::new_static("__conditional_annotations__"), None)?;
                self.emit_jump(Op::TestIn, k, set, 0, skip);
            }
            let name = self.mangle(&n.id);
            self.annotation_entry(map, &name, &a.annotation)?;
            self.bind(skip);
            self.release(inner);
        }
        self.emit(Op::Return, map, 0, 0);
        let code = self.close_unit()?;
        self.artificial();
        self.make_function(scope, code, Parts::default(), d)?;
        let name = if class { "__annotate_func__" } else { "__annotate__" };
        self.store_name(&Name::new_static(name), d)?;
        self.release(mark);
        Ok(())
    }

    /// The text of an annotation as `ast.unparse` would write it, as far as the source is written that way.
    fn annotation_text(&self, e: &Expr) -> Vec<u8> {
        crate::unparse::expression(e, self.source).into_bytes()
    }
}
