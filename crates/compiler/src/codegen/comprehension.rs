//! Comprehensions, which are inlined, and generator expressions, which are functions of their first iterator.

use super::unit::{Comp, Place};
use super::{Gen, Reg};
use crate::errors::{Failure, Res};
use crate::symtable::{Resolve, Role, ScopeId, def};
use ferropy_bytecode::{Op, Var, VarKind, flags};
use ruff_python_ast::{self as ast, Expr, name::Name};
use ruff_text_size::{Ranged, TextRange};
use std::collections::HashMap;

/// What is done with each element.
#[derive(Clone, Copy)]
enum Sink<'a> {
    List(Reg, &'a Expr),
    Set(Reg, &'a Expr),
    Dict(Reg, &'a Expr, &'a Expr),
    Yield(&'a Expr),
}

impl Sink<'_> {
    fn range(&self) -> TextRange {
        match self {
            Sink::List(_, e) | Sink::Set(_, e) | Sink::Yield(e) => e.range(),
            Sink::Dict(_, key, value) => key.range().cover(value.range()),
        }
    }
}

impl<'a> Gen<'a, '_> {
    pub(super) fn comprehension(&mut self, e: &'a Expr, dst: Option<Reg>) -> Res<Reg> {
        let (scope, generators) = match e {
            Expr::ListComp(c) => (self.table.find(c, Role::Body), &c.generators),
            Expr::SetComp(c) => (self.table.find(c, Role::Body), &c.generators),
            Expr::DictComp(c) => (self.table.find(c, Role::Body), &c.generators),
            _ => return Err(Failure::internal("not a comprehension")),
        };
        let scope = scope.ok_or_else(|| Failure::internal("a comprehension without scope"))?;
        if self.table.scopes[scope].is_async && self.unit.flags & (flags::COROUTINE | flags::ASYNC_GENERATOR) == 0 {
            return self.syntax("asynchronous comprehension outside of an asynchronous function", e.range());
        }
        let Some(first) = generators.first() else { return Err(Failure::internal("an empty comprehension")) };
        let mark = self.mark();
        let result = self.temp()?;
        let it = self.iterator(&first.iter, first.is_async)?;
        self.at(e.range());
        let (build, sink) = match e {
            Expr::ListComp(c) => (Op::BuildList, Sink::List(result, &c.elt)),
            Expr::SetComp(c) => (Op::BuildSet, Sink::Set(result, &c.elt)),
            Expr::DictComp(c) => match &c.key {
                Some(key) => (Op::BuildMap, Sink::Dict(result, key, &c.value)),
                None => return self.syntax("dict unpacking cannot be used in dict comprehension", e.range()),
            },
            _ => return Err(Failure::internal("not a comprehension")),
        };
        self.emit(build, result, 0, 0);
        self.open_comprehension(scope, generators.len() > 1)?;
        self.comprehension_loop(generators, Some(it), sink)?;
        self.close_comprehension();
        self.at(e.range());
        match dst {
            None => {
                self.release(result as usize + 1);
                Ok(result)
            }
            Some(_) => self.deliver(mark, result, dst),
        }
    }

    /// Gives the comprehension's own variables registers.
    fn open_comprehension(&mut self, scope: ScopeId, unsure: bool) -> Res<()> {
        let mut vars: HashMap<Name, Place> = HashMap::new();
        for (name, symbol) in self.table.scopes[scope].symbols.iter() {
            if symbol.flags & def::BOUND == 0 || !matches!(symbol.resolve, Resolve::Local | Resolve::Cell) {
                continue;
            }
            let r = self.temp()?;
            let is_cell = symbol.resolve == Resolve::Cell;
            if is_cell || unsure {
                self.emit(Op::Unbind, r, 0, 0);
            }
            if is_cell {
                self.emit(Op::MakeCell, r, 0, 0);
            } else {
                self.unit.hidden.push(r);
            }
            let known = self.unit.code_vars.iter().any(|v| v.name == name.as_str());
            if !known {
                self.unit.code_vars.push(Var { name: name.to_string(), kind: VarKind::Hidden, index: r as u32 });
            }
            vars.insert(name.clone(), if is_cell { Place::Cell(r) } else { Place::Reg(r) });
        }
        self.unit.comps.push(Comp { scope, vars, unsure });
        Ok(())
    }

    fn close_comprehension(&mut self) {
        if let Some(comp) = self.unit.comps.pop() {
            let registers: Vec<Reg> =
                comp.vars.values().filter_map(|p| if let Place::Reg(r) = p { Some(*r) } else { None }).collect();
            self.unit.hidden.retain(|r| !registers.contains(r));
        }
    }

    fn comprehension_loop(&mut self, generators: &'a [ast::Comprehension], it: Option<Reg>, sink: Sink<'a>) -> Res<()> {
        let Some((g, rest)) = generators.split_first() else { return self.sink(sink) };
        if g.is_async && self.unit.flags & (flags::COROUTINE | flags::ASYNC_GENERATOR) == 0 {
            return self.syntax("asynchronous comprehension outside of an asynchronous function", g.range);
        }
        let mark = self.mark();
        let it = match it {
            Some(it) => it,
            None => match single_value(&g.iter).filter(|_| !g.is_async) {
                // `for x in [value]` is an assignment.
                Some(value) => {
                    self.assign_one(&g.target, value)?;
                    let next = self.label();
                    for test in &g.ifs {
                        self.condition(test, next, false)?;
                    }
                    self.comprehension_loop(rest, None, sink)?;
                    self.bind(next);
                    self.release(mark);
                    return Ok(());
                }
                None => self.iterator(&g.iter, g.is_async)?,
            },
        };
        let (next, done) = (self.label(), self.label());
        let again = self.here();
        let exc = self.loop_head(&g.target, it, g.is_async, g.iter.range(), done)?;
        for test in &g.ifs {
            self.condition(test, next, false)?;
        }
        self.deep(|s| s.comprehension_loop(rest, None, sink))?;
        self.bind(next);
        self.at(sink.range());
        self.emit_jump(Op::JumpBack, 0, 0, 0, again);
        self.at(g.iter.range());
        self.loop_end(exc, done);
        self.release(mark);
        Ok(())
    }

    fn sink(&mut self, sink: Sink<'a>) -> Res<()> {
        let mark = self.mark();
        match sink {
            Sink::List(_, e) | Sink::Set(_, e) | Sink::Yield(e) if e.is_starred_expr() => {
                return self.syntax("iterable unpacking cannot be used in comprehension", e.range());
            }
            Sink::List(t, e) => {
                let r = self.expr(e, None)?;
                self.at(e.range());
                self.emit(Op::ListAppend, t, r, 0);
            }
            Sink::Set(t, e) => {
                let r = self.expr(e, None)?;
                self.at(e.range());
                self.emit(Op::SetAdd, t, r, 0);
            }
            Sink::Dict(t, key, value) => {
                let k = self.operand(key, &[value])?;
                let v = self.expr(value, None)?;
                self.at(sink.range());
                self.emit(Op::MapAdd, t, k, v);
            }
            Sink::Yield(e) => {
                let r = self.expr(e, None)?;
                let t = self.temp()?;
                self.at(e.range());
                self.emit_yield(t, r)?;
            }
        }
        self.release(mark);
        Ok(())
    }

    pub(super) fn generator_expression(&mut self, g: &'a ast::ExprGenerator, dst: Option<Reg>) -> Res<Reg> {
        let Some(scope) = self.table.find(g, Role::Body) else {
            return Err(Failure::internal("a generator expression without scope"));
        };
        let Some(first) = g.generators.first() else { return Err(Failure::internal("an empty comprehension")) };
        let mark = self.mark();
        let range = self.source.generator_range(g);
        let window = self.temps(2)?;
        let line = self.source.line_col(range.start()).0;
        self.open_unit(scope, Name::new_static("<genexpr>"), line)?;
        self.unit.argcount = 1;
        self.unit.flags |= if self.table.scopes[scope].is_async { flags::ASYNC_GENERATOR } else { flags::GENERATOR };
        self.at(range);
        self.comprehension_loop(&g.generators, Some(0), Sink::Yield(&g.elt))?;
        self.at(if first.is_async { range } else { first.iter.range() });
        self.return_none()?;
        let code = self.close_unit()?;
        self.at(range);
        self.make_function(scope, code, Default::default(), window)?;
        let inner = self.mark();
        let it = self.iterator(&first.iter, first.is_async)?;
        self.move_to(window + 1, it);
        self.release(inner);
        self.release(mark);
        let d = self.dst(dst)?;
        self.at(range);
        self.emit(Op::Call, d, window, 1);
        Ok(d)
    }
}

/// The only element of a display.
fn single_value(e: &Expr) -> Option<&Expr> {
    let elts = match e {
        Expr::List(l) => &l.elts,
        Expr::Tuple(t) => &t.elts,
        _ => return None,
    };
    match elts.as_slice() {
        [single] if !single.is_starred_expr() => Some(single),
        _ => None,
    }
}
