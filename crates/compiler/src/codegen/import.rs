//! Imports.

use super::Gen;
use crate::errors::Res;
use ferropy_bytecode::{Const, Op};
use ruff_python_ast::{self as ast, name::Name};

impl<'a> Gen<'a, '_> {
    pub(super) fn import(&mut self, i: &'a ast::StmtImport) -> Res<()> {
        for alias in &i.names {
            let mark = self.mark();
            let window = self.temps(2)?;
            self.at(i.range);
            self.load_const(Const::None, Some(window))?;
            self.load_const(Const::Int(0), Some(window + 1))?;
            let module = self.temp()?;
            self.emit_attr(Op::ImportName, module, window, &alias.name.id);
            let mut parts = alias.name.id.split('.');
            let first = Name::new(parts.next().unwrap_or(""));
            match &alias.asname {
                None => {
                    self.check_assignable(&first, alias.range)?;
                    self.store_name(&first, module)?;
                }
                Some(asname) => {
                    self.check_assignable(&asname.id, alias.range)?;
                    for part in parts {
                        self.emit_attr(Op::ImportFrom, module, module, &Name::new(part));
                    }
                    self.store_name(&asname.id, module)?;
                }
            }
            self.release(mark);
        }
        Ok(())
    }

    pub(super) fn import_from(&mut self, i: &'a ast::StmtImportFrom) -> Res<()> {
        let mark = self.mark();
        let window = self.temps(2)?;
        self.at(i.range);
        let names = i.names.iter().map(|a| Const::Str(a.name.id.as_bytes().to_vec())).collect();
        self.load_const(Const::Tuple(names), Some(window))?;
        self.load_const(Const::Int(i.level as i64), Some(window + 1))?;
        let module = self.temp()?;
        let name = i.module.as_ref().map_or(Name::new_static(""), |m| m.id.clone());
        self.emit_attr(Op::ImportName, module, window, &name);
        for alias in &i.names {
            if alias.name.id == "*" {
                self.emit(Op::ImportStar, module, 0, 0);
                continue;
            }
            let inner = self.mark();
            let t = self.temp()?;
            self.at(i.range);
            self.emit_attr(Op::ImportFrom, t, module, &alias.name.id);
            let target = alias.asname.as_ref().unwrap_or(&alias.name);
            self.check_assignable(&target.id, alias.range)?;
            self.store_name(&target.id, t)?;
            self.release(inner);
        }
        self.release(mark);
        Ok(())
    }
}
