//! Loading, storing and deleting variables, wherever they are kept.

use super::unit::Place;
use super::{Gen, Reg};
use crate::assembler::Extra;
use crate::errors::Res;
use crate::symtable::{self, Resolve, ScopeKind};
use ferropy_bytecode::{Const, Op};
use ruff_python_ast::name::Name;
use ruff_text_size::TextRange;

impl Gen<'_, '_> {
    pub(super) fn mangle(&self, name: &Name) -> Name {
        match &self.unit.mangled {
            Some(only) if !only.contains(name) => name.clone(),
            _ => symtable::mangle(self.unit.private.as_deref(), name),
        }
    }

    /// Where the (mangled) variable is.
    pub(super) fn place(&self, name: &Name) -> Place {
        for comp in self.unit.comps.iter().rev() {
            if let Some(&place) = comp.vars.get(name) {
                return place;
            }
        }
        let scope = &self.table.scopes[self.unit.scope];
        let in_comp = self.unit.comps.first().filter(|_| scope.kind == ScopeKind::Class);
        if let Some(comp) = in_comp
            && self.table.scopes[comp.scope].resolve(name) != Resolve::Free
        {
            return Place::Global;
        }
        if let Some(&place) = self.unit.vars.get(name) {
            return place;
        }
        if in_comp.is_some() {
            let free = scope.free_names();
            return free.iter().position(|n| n == name).map_or(Place::Global, |i| Place::Free(i as u8));
        }
        match scope.resolve(name) {
            Resolve::GlobalExplicit => Place::Global,
            _ if scope.is_function_like() => Place::Global,
            _ => Place::Name,
        }
    }

    pub(super) fn load_name(&mut self, id: &Name, dst: Option<Reg>) -> Res<Reg> {
        let name = self.mangle(id);
        let mut place = self.place(&name);
        let scope = &self.table.scopes[self.unit.scope];
        if scope.sees_class && self.unit.comps.is_empty() && scope.resolve(&name) == Resolve::GlobalImplicit {
            // It may be free for comprehensions in this scope only.
            place = Place::Global;
        }
        if self.sees_class(&name) && matches!(place, Place::Free(_) | Place::Global | Place::Cell(_)) {
            return self.load_through_class(&name, place, dst);
        }
        match place {
            Place::Reg(r) => {
                self.check_local(r, &name);
                match dst {
                    None => Ok(r),
                    Some(d) => {
                        self.move_to(d, r);
                        Ok(d)
                    }
                }
            }
            Place::Far(n) => {
                let mark = self.mark();
                let t = self.scratch(dst)?;
                self.unit.asm.emit(Op::LoadFar, t, 0, 0, Extra::Wide(n));
                self.check_local(t, &name);
                if dst.is_none() { Ok(t) } else { self.deliver(mark, t, dst) }
            }
            Place::Cell(_) | Place::FarCell(_) => {
                let mark = self.mark();
                let cell = self.cell_register(place)?;
                self.release(mark);
                let d = self.dst(dst)?;
                self.emit_name(Op::LoadCell, d, cell, &name);
                Ok(d)
            }
            Place::Free(i) => {
                let d = self.dst(dst)?;
                self.emit_name(Op::LoadFree, d, i, &name);
                Ok(d)
            }
            Place::Global | Place::Name => {
                let op = if place == Place::Global { Op::LoadGlobal } else { Op::LoadName };
                let d = self.dst(dst)?;
                self.emit_name(op, d, 0, &name);
                Ok(d)
            }
        }
    }

    fn check_local(&mut self, r: Reg, name: &Name) {
        if r as usize >= self.unit.first_temp && !self.unit.comps.iter().any(|c| c.unsure) && self.unit.is_hidden(r) {
            return;
        }
        let index = self.unit.asm.name(name);
        self.unit.asm.has_checks = true;
        self.unit.asm.emit(Op::CheckLocal, r, 0, 0, Extra::Name { name: index, cache: 0 });
    }

    /// A register that holds the variable's cell.
    pub(super) fn cell_register(&mut self, place: Place) -> Res<Reg> {
        match place {
            Place::Cell(r) => Ok(r),
            Place::FarCell(n) => {
                let t = self.temp()?;
                self.unit.asm.emit(Op::LoadFar, t, 0, 0, Extra::Wide(n));
                Ok(t)
            }
            Place::Free(i) => {
                let t = self.temp()?;
                self.emit(Op::LoadClosure, t, i, 0);
                Ok(t)
            }
            _ => Err(crate::errors::Failure::internal("a captured variable is not in a cell")),
        }
    }

    /// The name is looked up in a class namespace first.
    fn sees_class(&self, name: &str) -> bool {
        let scope = &self.table.scopes[self.unit.scope];
        match scope.kind {
            ScopeKind::Class => self.unit.comps.is_empty() && scope.resolve(name) == Resolve::Free,
            _ => {
                let bound = scope.symbols.get(name).is_some_and(|s| s.flags & symtable::def::BOUND != 0);
                scope.sees_class
                    && name != "__classdict__"
                    && !bound
                    && self.unit.comps.is_empty()
                    && scope.resolve(name) != Resolve::GlobalExplicit
            }
        }
    }

    fn load_through_class(&mut self, name: &Name, place: Place, dst: Option<Reg>) -> Res<Reg> {
        let mark = self.mark();
        let t = self.scratch(dst)?;
        if self.table.scopes[self.unit.scope].kind == ScopeKind::Class {
            self.emit(Op::LoadLocals, t, 0, 0);
        } else {
            let dict = Name::new_static("__classdict__");
            match self.place(&dict) {
                Place::Free(i) => self.emit_name(Op::LoadFree, t, i, &dict),
                other => {
                    let cell = self.cell_register(other)?;
                    self.emit_name(Op::LoadCell, t, cell, &dict);
                }
            }
        }
        match place {
            Place::Free(i) => self.emit_name(Op::LoadFromDictOrFree, t, i, name),
            Place::Cell(r) => self.emit_name(Op::LoadFromDictOrCell, t, r, name),
            _ => self.emit_name(Op::LoadFromDictOrGlobals, t, 0, name),
        }
        if dst.is_none() { Ok(t) } else { self.deliver(mark, t, dst) }
    }

    /// The register to compute a variable's new value in, if it has one.
    pub(super) fn target_register(&self, id: &Name) -> Option<Reg> {
        match self.place(&self.mangle(id)) {
            Place::Reg(r) => Some(r),
            _ => None,
        }
    }

    pub(super) fn store_name(&mut self, id: &Name, value: Reg) -> Res<()> {
        let name = self.mangle(id);
        let place = self.place(&name);
        match place {
            Place::Reg(r) => self.move_to(r, value),
            Place::Far(n) => self.unit.asm.emit(Op::StoreFar, value, 0, 0, Extra::Wide(n)),
            Place::Cell(_) | Place::FarCell(_) => {
                let mark = self.mark();
                let cell = self.cell_register(place)?;
                self.emit(Op::StoreCell, cell, value, 0);
                self.release(mark);
            }
            Place::Free(i) => self.emit(Op::StoreFree, i, value, 0),
            Place::Global => self.emit_name(Op::StoreGlobal, value, 0, &name),
            Place::Name => self.emit_name(Op::StoreName, value, 0, &name),
        }
        Ok(())
    }

    pub(super) fn delete_name(&mut self, id: &Name) -> Res<()> {
        let name = self.mangle(id);
        let place = self.place(&name);
        match place {
            Place::Reg(r) => {
                self.check_local(r, &name);
                self.emit(Op::Unbind, r, 0, 0);
            }
            Place::Far(n) => {
                let mark = self.mark();
                let t = self.temp()?;
                self.unit.asm.emit(Op::LoadFar, t, 0, 0, Extra::Wide(n));
                self.check_local(t, &name);
                self.emit(Op::Unbind, t, 0, 0);
                self.unit.asm.emit(Op::StoreFar, t, 0, 0, Extra::Wide(n));
                self.release(mark);
            }
            Place::Cell(_) | Place::FarCell(_) => {
                let mark = self.mark();
                let cell = self.cell_register(place)?;
                self.emit_name(Op::DelCell, cell, 0, &name);
                self.release(mark);
            }
            Place::Free(i) => self.emit_name(Op::DelFree, i, 0, &name),
            Place::Global => self.emit_name(Op::DelGlobal, 0, 0, &name),
            Place::Name => self.emit_name(Op::DelName, 0, 0, &name),
        }
        Ok(())
    }

    /// After an `except ... as name`: binds the name to None and deletes it.
    pub(super) fn forget_name(&mut self, id: &Name) -> Res<()> {
        let mark = self.mark();
        if let Some(r) = self.target_register(id) {
            self.emit(Op::Unbind, r, 0, 0);
            return Ok(());
        }
        let none = self.load_const(Const::None, None)?;
        self.store_name(id, none)?;
        self.release(mark);
        self.delete_name(id)
    }

    pub(super) fn check_assignable(&self, name: &Name, range: TextRange) -> Res<()> {
        if name == "__debug__" {
            return self.syntax("cannot assign to __debug__", range);
        }
        Ok(())
    }
}
