//! The syntax tree to instructions.
//!
//! Terms. A *unit* is a code object in the making; units nest, the innermost is `Gen::unit`. Registers are parameters,
//! then locals, then *temporaries*, which are allocated like a stack (`mark`, `temp`, `release`). An expression is
//! generated with an optional destination: without one the result may be a local's own register or one new temporary at
//! the top of the stack. A *block* is a construct that a jump out of it must leave properly (`blocks`).
//!
//! Invariants: a destination is written by the last instruction of an expression only if it may be a variable's register
//! (an exception must leave the variable as it was; `scratch` gives a temporary where that cannot be kept); a temporary
//! that an expression returned stays valid until `release`.

mod annotations;
mod assign;
mod async_;
mod call;
mod class;
mod comprehension;
mod cond;
mod exceptions;
mod expr;
pub(crate) mod fstring;
mod func;
mod generic;
mod import;
pub mod literal;
mod names;
mod pattern;
mod stmt;
mod unit;
mod with;

use crate::Options;
use crate::assembler::{ConstId, Extra, Label};
use crate::errors::{Failure, Res, Warning, WarningCategory};
use crate::fold;
use crate::source::Source;
use crate::symtable::{Role, ScopeKind, SymTable};
use ferropy_bytecode::{Code, Const, Op, Position, flags};
use ruff_python_ast::{self as ast, Expr, Mod, Stmt, name::Name};
use ruff_text_size::{Ranged, TextRange};
use std::collections::HashSet;
use unit::Unit;

pub type Reg = u8;

const RED_ZONE: usize = 256 * 1024;
const STACK: usize = 8 * 1024 * 1024;

/// What leaving a construct takes.
#[derive(Clone, Copy)]
enum Cleanup<'a> {
    Loop {
        exit: Label,
        next: Label,
    },
    /// Nothing but the end of the protected range.
    Protected,
    /// The body of a `finally`.
    Finally(&'a [Stmt]),
    /// Restores the exception handled before; unbinds the name of `except ... as name`.
    Handler {
        save: Reg,
        name: Option<&'a ast::Identifier>,
    },
    /// Calls `__exit__`, which is kept in a window at `exit`.
    With {
        exit: Reg,
        is_async: bool,
        range: TextRange,
    },
}

/// A range of code from `start` on that a handler protects.
#[derive(Clone, Copy)]
struct Protection {
    start: Label,
    target: Label,
    reg: Reg,
}

#[derive(Clone, Copy)]
struct Block<'a> {
    cleanup: Cleanup<'a>,
    protection: Option<Protection>,
}

pub struct Gen<'a, 'w> {
    source: &'a Source<'a>,
    table: &'a SymTable,
    options: &'a Options,
    flags: u32,
    unit: Unit<'a>,
    outer: Vec<Unit<'a>>,
    warn: &'w mut dyn FnMut(Warning),
    warned: HashSet<(u32, String)>,
    /// The registers did not suffice at first: keep fewer locals in near ones.
    scarce: bool,
}

pub fn generate(
    module: &Mod,
    source: &Source<'_>,
    table: &SymTable,
    options: &Options,
    flags: u32,
    warn: &mut dyn FnMut(Warning),
) -> Res<Code> {
    let mut warned = HashSet::new();
    let mut attempt = |scarce: bool, warned: &mut HashSet<(u32, String)>| {
        let unit = Unit::new(0, Name::new_static("<module>"), "<module>".into(), 1);
        let seen = std::mem::take(warned);
        let mut g =
            Gen { source, table, options, flags, unit, outer: Vec::new(), warn: &mut *warn, warned: seen, scarce };
        let result = g.module(module).and_then(|()| g.finish_unit());
        *warned = g.warned;
        result
    };
    match attempt(false, &mut warned) {
        Err(e) if e.kind == crate::ErrorKind::Memory => attempt(true, &mut warned),
        result => result,
    }
}

impl<'a> Gen<'a, '_> {
    fn module(&mut self, module: &'a Mod) -> Res<()> {
        self.unit.setup(self.table, self.table.find(module, Role::Body).unwrap_or(0))?;
        if self.options.allow_top_level_await {
            self.module_flags();
        }
        match module {
            Mod::Expression(e) => {
                let r = self.expr(&e.body, None)?;
                self.emit(Op::Return, r, 0, 0);
            }
            Mod::Module(m) => {
                self.namespace_body(&m.body)?;
                self.nowhere();
                self.return_none()?;
            }
        }
        Ok(())
    }

    /// With top-level await a module that awaits is a coroutine.
    fn module_flags(&mut self) {
        let scope = &self.table.scopes[0];
        self.unit.flags |= match (scope.has_await || scope.is_async, scope.has_yield) {
            (true, false) => flags::COROUTINE,
            (true, true) => flags::ASYNC_GENERATOR,
            _ => 0,
        };
    }

    /// Statements of a module or class, with docstring and annotations.
    fn namespace_body(&mut self, body: &'a [Stmt]) -> Res<()> {
        let future = self.future_annotations();
        let scope = &self.table.scopes[self.unit.scope];
        if future && scope.uses_annotations {
            self.emit(Op::SetupAnnotations, 0, 0, 0);
        }
        let mut rest = body;
        let interactive = self.options.mode == crate::Mode::Single && self.outer.is_empty();
        if let Some((doc, at)) = docstring(body, self.source).filter(|_| !interactive) {
            rest = &body[1..];
            if self.options.optimize < 2 {
                self.at(at);
                self.store_const("__doc__", Const::Str(doc))?;
            }
        }
        if !future && scope.conditional_annotations {
            let mark = self.mark();
            let t = self.temp()?;
            self.emit(Op::BuildSet, t, t, 0);
            self.store_name(&Name::new_static("__conditional_annotations__"), t)?;
            self.release(mark);
        }
        if future {
            return self.body(rest);
        }
        let is_module = scope.kind == ScopeKind::Module && scope.annotations.is_some();
        if !is_module {
            self.body(rest)?;
            return self.deferred_annotations();
        }
        // A module that is still running has annotations too: what is known after the body is bound before it.
        let (bind, start, end) = (self.label(), self.label(), self.label());
        self.artificial();
        self.jump(bind);
        self.bind(start);
        self.body(rest)?;
        self.artificial();
        self.jump(end);
        self.bind(bind);
        self.deferred_annotations()?;
        self.emit_jump(Op::JumpBack, 0, 0, 0, start);
        self.bind(end);
        Ok(())
    }

    fn store_const(&mut self, name: &'static str, value: Const) -> Res<()> {
        let mark = self.mark();
        let t = self.load_const(value, None)?;
        self.store_name(&Name::new_static(name), t)?;
        self.release(mark);
        Ok(())
    }

    fn return_none(&mut self) -> Res<()> {
        let mark = self.mark();
        let r = self.load_const(Const::None, None)?;
        self.emit(Op::Return, r, 0, 0);
        self.release(mark);
        Ok(())
    }

    fn future_annotations(&self) -> bool {
        self.flags & flags::FUTURE_ANNOTATIONS != 0
    }

    fn fold(&self, e: &Expr) -> Option<Const> {
        fold::constant(e, self.source, self.options.optimize)
    }

    // ---- emission

    fn at(&mut self, range: TextRange) {
        self.unit.asm.pos = self.source.position(range);
    }

    /// The instructions that follow have no place in the source but a line.
    fn artificial(&mut self) {
        self.unit.asm.pos.end_line = self.unit.asm.pos.line;
        self.unit.asm.pos.col = None;
        self.unit.asm.pos.end_col = None;
    }

    /// The instructions that follow belong to where control comes from (see `flow`).
    fn nowhere(&mut self) {
        self.unit.asm.pos = Position::default();
    }

    fn emit(&mut self, op: Op, a: u8, b: u8, c: u8) {
        self.unit.asm.emit(op, a, b, c, Extra::None);
    }

    fn emit_jump(&mut self, op: Op, a: u8, b: u8, c: u8, to: Label) {
        self.unit.asm.emit(op, a, b, c, Extra::Jump(to));
    }

    fn emit_name(&mut self, op: Op, a: u8, b: u8, name: &Name) {
        let extra = self.unit.asm.cached(op, name);
        self.unit.asm.emit(op, a, b, 0, extra);
    }

    fn emit_attr(&mut self, op: Op, a: u8, b: u8, attr: &Name) {
        let name = self.mangle(attr);
        self.emit_name(op, a, b, &name);
    }

    fn jump(&mut self, to: Label) {
        self.emit_jump(Op::Jump, 0, 0, 0, to);
    }

    fn label(&mut self) -> Label {
        self.unit.asm.label()
    }

    fn bind(&mut self, label: Label) {
        self.unit.asm.bind(label);
    }

    fn here(&mut self) -> Label {
        self.unit.asm.here()
    }

    fn constant(&mut self, c: Const) -> ConstId {
        self.unit.asm.constant(c)
    }

    fn load_const(&mut self, c: Const, dst: Option<Reg>) -> Res<Reg> {
        let d = self.dst(dst)?;
        let id = self.constant(c);
        let op = if self.unit.asm.needs_far(id) { Op::LoadConstFar } else { Op::LoadConst };
        self.unit.asm.emit(op, d, 0, 0, Extra::Const(id));
        Ok(d)
    }

    fn move_to(&mut self, dst: Reg, src: Reg) {
        if dst != src {
            self.emit(Op::Move, dst, src, 0);
        }
    }

    // ---- temporaries

    fn mark(&self) -> usize {
        self.unit.next
    }

    fn release(&mut self, mark: usize) {
        self.unit.next = mark;
    }

    fn temp(&mut self) -> Res<Reg> {
        self.temps(1)
    }

    /// `n` registers in a row.
    fn temps(&mut self, n: usize) -> Res<Reg> {
        let first = self.unit.next;
        if first + n > 256 {
            let range = self.table.scopes[self.unit.scope].range;
            return Err(Failure::of(crate::ErrorKind::Memory, "expression needs too many registers", range));
        }
        self.unit.next += n;
        self.unit.most = self.unit.most.max(self.unit.next);
        Ok(first as Reg)
    }

    fn temps_left(&self) -> usize {
        256 - self.unit.next
    }

    fn dst(&mut self, dst: Option<Reg>) -> Res<Reg> {
        match dst {
            Some(d) => Ok(d),
            None => self.temp(),
        }
    }

    /// The destination if it may be written early, else a new temporary.
    fn scratch(&mut self, dst: Option<Reg>) -> Res<Reg> {
        match dst {
            Some(d) if d as usize >= self.unit.first_temp && !self.unit.is_hidden(d) => Ok(d),
            _ => self.temp(),
        }
    }

    /// Ends what began with `mark` and `scratch`: brings the result to its destination.
    fn deliver(&mut self, mark: usize, result: Reg, dst: Option<Reg>) -> Res<Reg> {
        self.release(mark);
        match dst {
            Some(d) => {
                self.move_to(d, result);
                Ok(d)
            }
            None => {
                let d = self.temp()?;
                self.move_to(d, result);
                Ok(d)
            }
        }
    }

    // ---- reports

    fn syntax<T>(&self, message: impl Into<String>, range: TextRange) -> Res<T> {
        Err(Failure::syntax(message, range))
    }

    /// Warns once for a place, however often its code is generated.
    fn warning(&mut self, message: &str, range: TextRange) {
        if self.warned.insert((range.start().to_u32(), message.to_string())) {
            let line = self.source.line_col(range.start()).0;
            let error = Failure::syntax(message, range).publish(self.source, &self.options.filename);
            (self.warn)(Warning { category: WarningCategory::Syntax, message: message.to_string(), line, error });
        }
    }

    fn deep<T>(&mut self, f: impl FnOnce(&mut Self) -> Res<T>) -> Res<T> {
        stacker::maybe_grow(RED_ZONE, STACK, || f(self))
    }
}

/// The docstring of a body, decoded and with its indentation removed.
fn docstring(body: &[Stmt], source: &Source<'_>) -> Option<(Vec<u8>, TextRange)> {
    match body.first()? {
        Stmt::Expr(ast::StmtExpr { value, .. }) => match value.as_ref() {
            Expr::StringLiteral(s) => Some((literal::clean_doc(&literal::string(s, source)), value.range())),
            _ => None,
        },
        _ => None,
    }
}
