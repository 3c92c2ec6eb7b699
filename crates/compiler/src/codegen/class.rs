//! Class definitions: the body is a function that fills a namespace.

use super::{Gen, Reg};
use crate::errors::{Failure, Res};
use crate::symtable::{Role, ScopeId};
use ferropy_bytecode::{Code, Const, Op};
use ruff_python_ast::{self as ast, name::Name};

impl<'a> Gen<'a, '_> {
    pub(super) fn class_def(&mut self, c: &'a ast::StmtClassDef) -> Res<()> {
        self.check_assignable(&c.name.id, c.range)?;
        let mark = self.mark();
        let decorators = self.decorators(&c.decorator_list)?;
        let line = self.first_line(&c.decorator_list, c.name.range);
        let r = match &c.type_params {
            Some(params) => self.generic_class(c, params, line)?,
            None => self.build_class(c, line, None)?,
        };
        self.decorate(&decorators, r)?;
        self.at(self.bare_range(&c.decorator_list, c.range));
        self.store_name(&c.name.id, r)?;
        self.release(mark);
        Ok(())
    }

    /// Makes the class; the result is a new temporary. `generic` is the register of a generic class's last base.
    pub(super) fn build_class(&mut self, c: &'a ast::StmtClassDef, line: u32, generic: Option<Reg>) -> Res<Reg> {
        let (scope, code) = self.class_code(c, line)?;
        let window = self.temps(3)?;
        let range = self.bare_range(&c.decorator_list, c.range);
        self.at(range);
        self.emit(Op::LoadBuildClass, window, 0, 0);
        self.make_function(scope, code, Default::default(), window + 1)?;
        self.load_const(Const::Str(c.name.id.as_bytes().to_vec()), Some(window + 2))?;
        let (args, keywords) = match &c.arguments {
            Some(a) => (&a.args[..], &a.keywords[..]),
            None => (&[][..], &[][..]),
        };
        let given = [window + 1, window + 2];
        self.call_with(window, &given, args, keywords, generic, range, None)
    }

    fn class_code(&mut self, c: &'a ast::StmtClassDef, line: u32) -> Res<(ScopeId, Code)> {
        let Some(scope) = self.table.find(c, Role::Body) else {
            return Err(Failure::internal("a class without scope"));
        };
        self.open_unit(scope, c.name.id.clone(), line)?;
        self.unit.private = Some(c.name.id.clone());
        self.unit.mangled = None;
        let info = &self.table.scopes[scope];
        self.unit.asm.pos.line = line;
        self.unit.asm.pos.end_line = line;
        if info.needs_classdict {
            let mark = self.mark();
            let t = self.temp()?;
            self.emit(Op::LoadLocals, t, 0, 0);
            self.store_cell("__classdict__", t);
            self.release(mark);
        }
        let mark = self.mark();
        let t = self.temp()?;
        self.emit_name(Op::LoadName, t, 0, &Name::new_static("__name__"));
        self.emit_name(Op::StoreName, t, 0, &Name::new_static("__module__"));
        self.release(mark);
        let qualname = self.unit.qualname.clone().into_bytes();
        self.store_const("__qualname__", Const::Str(qualname))?;
        self.store_const("__firstlineno__", Const::Int(line as i64))?;
        if c.type_params.is_some() {
            let mark = self.mark();
            let t = self.load_name(&Name::new_static(".type_params"), None)?;
            self.emit_name(Op::StoreName, t, 0, &Name::new_static("__type_params__"));
            self.release(mark);
        }
        self.namespace_body(&c.body)?;
        self.class_end(scope)?;
        Ok((scope, self.close_unit()?))
    }

    fn store_cell(&mut self, name: &'static str, value: Reg) {
        if let Some(super::unit::Place::Cell(r)) = self.unit.vars.get(name) {
            let r = *r;
            self.emit(Op::StoreCell, r, value, 0);
        }
    }

    /// Stores what `type.__new__` needs and returns the cell of `__class__`, if there is one.
    fn class_end(&mut self, scope: ScopeId) -> Res<()> {
        self.artificial();
        let attributes = std::mem::take(&mut self.unit.static_attributes);
        let names = attributes.into_iter().map(|n| Const::Str(n.into_bytes())).collect();
        self.store_const("__static_attributes__", Const::Tuple(names))?;
        let info = &self.table.scopes[scope];
        let cell = |g: &Self, name: &str| match g.unit.vars.get(name) {
            Some(super::unit::Place::Cell(r)) => Some(*r),
            _ => None,
        };
        if info.needs_classdict
            && let Some(r) = cell(self, "__classdict__")
        {
            self.emit_name(Op::StoreName, r, 0, &Name::new_static("__classdictcell__"));
        }
        match cell(self, "__class__").filter(|_| info.needs_class_cell) {
            Some(r) => {
                self.emit_name(Op::StoreName, r, 0, &Name::new_static("__classcell__"));
                self.emit(Op::Return, r, 0, 0);
                Ok(())
            }
            None => self.return_none(),
        }
    }
}
