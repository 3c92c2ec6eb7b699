//! A code object in the making: its registers and variables, and how it becomes a `Code`.

use super::{Block, Gen, Reg};
use crate::assembler::{Assembler, Extra, Range};
use crate::errors::{Failure, Res};
use crate::symtable::{Resolve, Scope, ScopeId, ScopeKind, SymTable, def};
use ferropy_bytecode::{Code, Const, Intrinsic1, Op, Position, Var, VarKind, flags};
use ruff_python_ast::{self as ast, name::Name};
use std::collections::{BTreeSet, HashMap};

/// Locals past this many registers are far; in a unit whose expressions need very many registers, past this few.
const NEAR_LOCALS: usize = 160;
const FEW_NEAR_LOCALS: usize = 16;
/// Parameters past this number are moved out of the near registers.
const NEAR_PARAMS: usize = 128;

/// Where a variable is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Reg(Reg),
    Far(u16),
    Cell(Reg),
    FarCell(u16),
    Free(u8),
    Global,
    Name,
}

/// An inlined comprehension that is being generated.
pub struct Comp {
    pub scope: ScopeId,
    pub vars: HashMap<Name, Place>,
    /// Its variables may be read before they are bound.
    pub unsure: bool,
}

pub struct Unit<'a> {
    pub asm: Assembler,
    pub scope: ScopeId,
    pub name: Name,
    pub qualname: String,
    pub firstlineno: u32,
    pub flags: u32,
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    pub nparams: usize,
    pub vars: HashMap<Name, Place>,
    pub code_vars: Vec<Var>,
    pub nfree: usize,
    /// Next free temporary, and the most there were at once.
    pub next: usize,
    pub most: usize,
    pub first_temp: usize,
    pub far_next: usize,
    pub blocks: Vec<Block<'a>>,
    pub comps: Vec<Comp>,
    /// Registers of variables of inlined comprehensions.
    pub hidden: Vec<Reg>,
    pub private: Option<Name>,
    /// In the type parameters of a class only these names are mangled.
    pub mangled: Option<Vec<Name>>,
    pub deferred: Vec<(&'a ast::StmtAnnAssign, Option<i64>)>,
    pub next_condition: i64,
    pub conditional: bool,
    pub static_attributes: BTreeSet<String>,
    pub first_param: Option<Name>,
    /// Number of blocks around each `finally` body (and `except*` clause) that is being generated.
    pub finally_depths: Vec<usize>,
    /// Registers below are for locals.
    pub near_locals: usize,
    pub star_depths: Vec<usize>,
}

impl<'a> Unit<'a> {
    pub fn new(scope: ScopeId, name: Name, qualname: String, firstlineno: u32) -> Self {
        Unit {
            asm: Assembler::default(),
            scope,
            name,
            qualname,
            firstlineno,
            flags: 0,
            argcount: 0,
            posonlyargcount: 0,
            kwonlyargcount: 0,
            nparams: 0,
            vars: HashMap::new(),
            code_vars: Vec::new(),
            nfree: 0,
            next: 0,
            most: 0,
            first_temp: 0,
            far_next: 256,
            blocks: Vec::new(),
            comps: Vec::new(),
            hidden: Vec::new(),
            private: None,
            mangled: None,
            deferred: Vec::new(),
            next_condition: 0,
            conditional: false,
            static_attributes: BTreeSet::new(),
            first_param: None,
            finally_depths: Vec::new(),
            near_locals: NEAR_LOCALS,
            star_depths: Vec::new(),
        }
    }

    pub fn is_hidden(&self, r: Reg) -> bool {
        self.hidden.contains(&r)
    }

    /// Gives every variable of the scope its place and emits the prologue. Parameters are the first symbols.
    pub fn setup(&mut self, table: &SymTable, id: ScopeId) -> Res<()> {
        let scope = &table.scopes[id];
        self.asm.pos.line = self.firstlineno;
        self.asm.pos.end_line = self.firstlineno;
        if scope.is_function_like() {
            self.place_locals(scope);
        } else if scope.kind == ScopeKind::Class {
            self.class_cells(scope);
        }
        self.first_temp = self.next;
        self.most = self.next;
        for (i, name) in scope.free_names().into_iter().enumerate() {
            let index = u8::try_from(i).map_err(|_| Failure::internal("too many free variables"))?;
            self.code_vars.push(Var { name: name.to_string(), kind: VarKind::Free, index: i as u32 });
            self.vars.entry(name).or_insert(Place::Free(index));
            self.nfree += 1;
        }
        if scope.kind == ScopeKind::Class {
            // A name that the class binds itself is only passed on to the functions inside.
            self.vars.retain(|n, p| !matches!(p, Place::Free(_)) || scope.resolve(n) == Resolve::Free);
        }
        if scope.nested && scope.is_function_like() {
            self.flags |= flags::NESTED;
        }
        Ok(())
    }

    fn place_locals(&mut self, scope: &Scope) {
        self.flags |= flags::OPTIMIZED | flags::NEWLOCALS;
        let is = |s: &crate::symtable::Symbol| matches!(s.resolve, Resolve::Local | Resolve::Cell);
        let params: Vec<_> = scope.symbols.iter().filter(|(_, s)| s.flags & def::PARAM != 0 && is(s)).collect();
        let locals: Vec<_> = scope.symbols.iter().filter(|(_, s)| s.flags & def::PARAM == 0 && is(s)).collect();
        self.nparams = params.len();
        self.far_next = params.len().max(256);
        for (i, (name, symbol)) in params.into_iter().enumerate() {
            self.first_param.get_or_insert_with(|| name.clone());
            let far = match i {
                0..NEAR_PARAMS => None,
                256.. => Some(i),
                _ => {
                    self.far_next += 1;
                    self.asm.emit(Op::StoreFar, i as u8, 0, 0, Extra::Wide(self.far_next as u16 - 1));
                    Some(self.far_next - 1)
                }
            };
            self.place(name, symbol.resolve == Resolve::Cell, far, i);
        }
        self.next = self.nparams.min(NEAR_PARAMS);
        for (name, symbol) in locals {
            let far = (self.next >= self.near_locals).then(|| {
                self.far_next += 1;
                self.far_next - 1
            });
            self.place(name, symbol.resolve == Resolve::Cell, far, self.next);
            self.next += far.is_none() as usize;
        }
    }

    fn place(&mut self, name: &Name, is_cell: bool, far: Option<usize>, near: usize) {
        let place = match (far, is_cell) {
            (None, false) => Place::Reg(near as Reg),
            (None, true) => {
                self.asm.emit(Op::MakeCell, near as Reg, 0, 0, Extra::None);
                Place::Cell(near as Reg)
            }
            (Some(n), false) => Place::Far(n as u16),
            (Some(n), true) => {
                let scratch = 255;
                self.most = 256;
                self.asm.emit(Op::LoadFar, scratch, 0, 0, Extra::Wide(n as u16));
                self.asm.emit(Op::MakeCell, scratch, 0, 0, Extra::None);
                self.asm.emit(Op::StoreFar, scratch, 0, 0, Extra::Wide(n as u16));
                Place::FarCell(n as u16)
            }
        };
        let kind = if is_cell { VarKind::Cell } else { VarKind::Local };
        let shown = if name == ".format" && self.name == "__annotate__" { "format" } else { name.as_str() };
        self.code_vars.push(Var { name: shown.to_string(), kind, index: far.unwrap_or(near) as u32 });
        self.vars.insert(name.clone(), place);
    }

    fn class_cells(&mut self, scope: &Scope) {
        let names = [
            (scope.needs_class_cell, "__class__"),
            (scope.needs_classdict, "__classdict__"),
            (scope.conditional_annotations, "__conditional_annotations__"),
        ];
        for (_, name) in names.into_iter().filter(|(needed, _)| *needed) {
            self.place(&Name::new_static(name), true, None, self.next);
            self.next += 1;
        }
    }

    /// Registers of the frame.
    fn nregs(&self) -> usize {
        if self.far_next > 256 { self.far_next } else { self.most.max(self.nparams).max(1) }
    }
}

impl<'a> Gen<'a, '_> {
    /// Opens a unit for a scope inside the current one.
    pub(super) fn open_unit(&mut self, scope: ScopeId, name: Name, line: u32) -> Res<()> {
        let qualname = self.qualname(scope, &name);
        let mut unit = Unit::new(scope, name, qualname, line);
        unit.private = self.unit.private.clone();
        unit.mangled = self.unit.mangled.clone();
        if self.scarce {
            unit.near_locals = FEW_NEAR_LOCALS;
        }
        unit.setup(self.table, scope)?;
        let info = &self.table.scopes[scope];
        let in_class = info.parent.is_some_and(|p| self.table.scopes[p].kind == ScopeKind::Class);
        if in_class && matches!(info.kind, ScopeKind::Function | ScopeKind::Lambda | ScopeKind::GenExpr) {
            unit.flags |= flags::METHOD;
        }
        self.outer.push(std::mem::replace(&mut self.unit, unit));
        Ok(())
    }

    fn qualname(&self, scope: ScopeId, name: &Name) -> String {
        let kind = |u: &Unit| self.table.scopes[u.scope].kind;
        let mut parents = std::iter::once(&self.unit).chain(self.outer.iter().rev());
        let parent = parents.find(|u| kind(u) != ScopeKind::TypeParams);
        let Some(parent) = parent.filter(|u| kind(u) != ScopeKind::Module) else { return name.to_string() };
        let is_def = matches!(self.table.scopes[scope].kind, ScopeKind::Function | ScopeKind::Class);
        let mangled = crate::symtable::mangle(parent.private.as_deref(), name);
        if is_def && self.table.scopes[parent.scope].resolve(&mangled) == Resolve::GlobalExplicit {
            return name.to_string();
        }
        let locals = match self.table.scopes[parent.scope].kind {
            ScopeKind::Function | ScopeKind::Lambda => ".<locals>",
            _ => "",
        };
        format!("{}{locals}.{name}", parent.qualname)
    }

    /// Closes the current unit and goes back to the one around it.
    pub(super) fn close_unit(&mut self) -> Res<Code> {
        let code = self.finish_unit()?;
        if let Some(outer) = self.outer.pop() {
            self.unit = outer;
        }
        Ok(code)
    }

    /// The current unit's code.
    pub(super) fn finish_unit(&mut self) -> Res<Code> {
        let generators = flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR;
        if self.unit.flags & generators != 0 {
            self.stop_iteration_handler()?;
        } else if self.unit.asm.code.is_empty() {
            self.return_none()?;
        }
        let unit = &mut self.unit;
        let mut code = Code {
            name: unit.name.to_string(),
            qualname: std::mem::take(&mut unit.qualname),
            filename: self.options.filename.clone(),
            flags: unit.flags | self.flags,
            argcount: unit.argcount,
            posonlyargcount: unit.posonlyargcount,
            kwonlyargcount: unit.kwonlyargcount,
            nregs: unit.nregs() as u32,
            firstlineno: unit.firstlineno,
            vars: std::mem::take(&mut unit.code_vars),
            nfree: unit.nfree as u32,
            ..Code::default()
        };
        let first_local = unit.nparams.min(NEAR_PARAMS);
        std::mem::take(&mut unit.asm).finish(&mut code, first_local, unit.first_temp)?;
        Ok(code)
    }

    /// A StopIteration must not leave a generator.
    fn stop_iteration_handler(&mut self) -> Res<()> {
        let end = self.here();
        let exc = self.temp()?;
        let asm = &mut self.unit.asm;
        let start = asm.label();
        asm.labels[start.0 as usize] = 0;
        asm.ranges.push(Range { start, end, target: end, reg: exc });
        let line = self.unit.firstlineno;
        self.unit.asm.pos = Position { line, end_line: line, col: None, end_col: None };
        self.emit(Op::Intrinsic1, exc, exc, Intrinsic1::StopIterationError as u8);
        self.emit(Op::Reraise, exc, 0, super::exceptions::AS_RAISED);
        Ok(())
    }

    /// Makes `doc` the first constant and says so.
    pub(super) fn set_docstring(&mut self, doc: Vec<u8>) {
        self.unit.asm.first_constant(Const::Str(doc));
        self.unit.flags |= flags::HAS_DOCSTRING;
    }
}
