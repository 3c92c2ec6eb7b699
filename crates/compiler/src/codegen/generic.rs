//! Type parameters and type aliases (PEP 695, 696): scopes that evaluate lazily.

use super::func::Parts;
use super::{Gen, Reg};
use crate::assembler::Label;
use crate::errors::{Failure, Res};
use crate::symtable::{Role, ScopeId};
use ferropy_bytecode::{CommonConst, Const, Intrinsic1, Intrinsic2, Op};
use ruff_python_ast::{self as ast, Expr, TypeParam, name::Name};
use ruff_text_size::Ranged;

/// Evaluators work for formats up to VALUE_WITH_FAKE_GLOBALS.
const MAX_FORMAT: i64 = 2;

impl<'a> Gen<'a, '_> {
    /// Opens a unit that takes `.format` and refuses formats it does not know. Close it with `close_evaluator`.
    pub(super) fn open_evaluator(&mut self, scope: ScopeId, name: Name, line: u32) -> Res<()> {
        self.open_unit(scope, name, line)?;
        self.unit.argcount = 1;
        self.unit.posonlyargcount = 1;
        if self.unit.nparams == 0 {
            // Bounds and aliases have no symbol for the parameter, but are called with it all the same.
            return Err(Failure::internal("an evaluator without parameter"));
        }
        let mark = self.mark();
        let known: Label = self.label();
        let format = self.load_name(&Name::new_static(".format"), None)?;
        match self.unit.asm.operand_constant(&Const::Int(MAX_FORMAT)) {
            Some(k) => self.emit_jump(Op::TestGtK, format, k, 0, known),
            None => return Err(Failure::internal("too many constants")),
        }
        let t = self.temp()?;
        self.emit(Op::LoadCommon, t, CommonConst::NotImplementedError as u8, 0);
        self.emit(Op::Raise, t, 0, 1);
        self.bind(known);
        self.release(mark);
        Ok(())
    }

    /// A function that evaluates `e`; the result is a new temporary.
    fn evaluator<T>(&mut self, node: &T, role: Role, name: &Name, e: &'a Expr, default: bool) -> Res<Reg> {
        let Some(scope) = self.table.find(node, role) else {
            return Err(Failure::internal("an evaluator without scope"));
        };
        let mark = self.mark();
        let window = self.temp()?;
        let line = self.source.line_col(e.range().start()).0;
        self.open_evaluator(scope, name.clone(), line)?;
        let r = match e {
            // `*Ts = *x`: the default is the unpacked value.
            Expr::Starred(s) if default => {
                let r = self.expr(&s.value, None)?;
                let t = self.temp()?;
                self.at(s.range);
                self.emit(Op::Unpack, t, r, 1);
                t
            }
            e => self.expr(e, None)?,
        };
        self.at(e.range());
        self.emit(Op::Return, r, 0, 0);
        let code = self.close_unit()?;
        self.at(e.range());
        let parts = self.evaluator_parts()?;
        self.make_function(scope, code, parts, window)?;
        self.release(mark + 1);
        Ok(window)
    }

    /// The default format is VALUE.
    fn evaluator_parts(&mut self) -> Res<Parts> {
        let t = self.load_const(Const::Tuple(vec![Const::Int(1)]), None)?;
        Ok(Parts { defaults: Some(t), ..Parts::default() })
    }

    /// Makes the type parameters, binds their names, and leaves a tuple of them in a new temporary.
    fn type_params(&mut self, params: &'a ast::TypeParams) -> Res<Reg> {
        let list = self.temp()?;
        self.at(params.range);
        self.emit(Op::BuildList, list, 0, 0);
        for p in params.iter() {
            let mark = self.mark();
            let pair = self.temps(2)?;
            let id = &p.name().id;
            self.at(p.range());
            self.load_const(Const::Str(id.as_bytes().to_vec()), Some(pair))?;
            let (default, plain) = match p {
                TypeParam::TypeVar(t) => (t.default.as_deref(), Intrinsic1::TypeVar),
                TypeParam::TypeVarTuple(t) => (t.default.as_deref(), Intrinsic1::TypeVarTuple),
                TypeParam::ParamSpec(t) => (t.default.as_deref(), Intrinsic1::ParamSpec),
            };
            match p {
                TypeParam::TypeVar(ast::TypeParamTypeVar { bound: Some(bound), .. }) => {
                    let f = self.evaluator(p, Role::Bound, id, bound, false)?;
                    self.move_to(pair + 1, f);
                    self.at(p.range());
                    let constraints = bound.is_tuple_expr();
                    let kind =
                        if constraints { Intrinsic2::TypeVarWithConstraints } else { Intrinsic2::TypeVarWithBound };
                    self.emit(Op::Intrinsic2, pair, pair, kind as u8);
                }
                _ => self.emit(Op::Intrinsic1, pair, pair, plain as u8),
            }
            if let Some(e) = default {
                let f = self.evaluator(p, Role::Default, id, e, true)?;
                self.move_to(pair + 1, f);
                self.at(p.range());
                self.emit(Op::Intrinsic2, pair, pair, Intrinsic2::SetTypeParamDefault as u8);
            }
            self.emit(Op::ListAppend, list, pair, 0);
            self.store_name(id, pair)?;
            self.release(mark);
        }
        self.emit(Op::ListToTuple, list, list, 0);
        Ok(list)
    }

    /// Opens the unit that makes type parameters.
    fn open_type_params<T>(&mut self, node: &T, name: &Name, line: u32) -> Res<ScopeId> {
        let Some(scope) = self.table.find(node, Role::TypeParams) else {
            return Err(Failure::internal("type parameters without scope"));
        };
        self.open_unit(scope, Name::new(format!("<generic parameters of {name}>")), line)?;
        Ok(scope)
    }

    pub(super) fn generic_function(
        &mut self,
        f: &'a ast::StmtFunctionDef,
        params: &'a ast::TypeParams,
        line: u32,
    ) -> Res<Reg> {
        let window = self.temp()?;
        let mut given = Parts::default();
        self.defaults(&f.parameters, &mut given)?;
        let args: Vec<Reg> = [given.defaults, given.kwdefaults].into_iter().flatten().collect();
        let scope = self.open_type_params(f, &f.name.id, line)?;
        self.unit.argcount = args.len() as u32;
        let type_params = self.type_params(params)?;
        let mut parts = Parts { type_params: Some(type_params), ..Parts::default() };
        let mut next = 0..;
        parts.defaults = given.defaults.and_then(|_| next.next());
        parts.kwdefaults = given.kwdefaults.and_then(|_| next.next());
        let r = self.function(f, parts, line)?;
        self.emit(Op::Return, r, 0, 0);
        let code = self.close_unit()?;
        self.at(f.range);
        self.make_function(scope, code, Parts::default(), window)?;
        debug_assert!(args.iter().enumerate().all(|(i, r)| *r == window + 1 + i as u8));
        self.emit(Op::Call, window, window, args.len() as u8);
        self.release(window as usize + 1);
        Ok(window)
    }

    pub(super) fn generic_class(
        &mut self,
        c: &'a ast::StmtClassDef,
        params: &'a ast::TypeParams,
        line: u32,
    ) -> Res<Reg> {
        let window = self.temp()?;
        let scope = self.open_type_params(c, &c.name.id, line)?;
        self.unit.private = Some(c.name.id.clone());
        self.unit.mangled = Some(params.iter().map(|p| p.name().id.clone()).collect());
        let type_params = self.type_params(params)?;
        self.store_name(&Name::new_static(".type_params"), type_params)?;
        let base = self.temp()?;
        self.emit(Op::Intrinsic1, base, type_params, Intrinsic1::SubscriptGeneric as u8);
        self.store_name(&Name::new_static(".generic_base"), base)?;
        let r = self.build_class(c, line, Some(base))?;
        self.emit(Op::Return, r, 0, 0);
        let code = self.close_unit()?;
        self.at(c.range);
        self.make_function(scope, code, Parts::default(), window)?;
        self.emit(Op::Call, window, window, 0);
        Ok(window)
    }

    pub(super) fn type_alias(&mut self, t: &'a ast::StmtTypeAlias) -> Res<()> {
        let mark = self.mark();
        let Expr::Name(target) = t.name.as_ref() else {
            return self.syntax("invalid syntax", t.name.range());
        };
        self.check_assignable(&target.id, target.range)?;
        let r = match &t.type_params {
            None => self.alias(t, &target.id, None)?,
            Some(params) => {
                let window = self.temp()?;
                let line = self.source.line_col(t.range.start()).0;
                let scope = self.open_type_params(t, &target.id, line)?;
                let type_params = self.type_params(params)?;
                let r = self.alias(t, &target.id, Some(type_params))?;
                self.emit(Op::Return, r, 0, 0);
                let code = self.close_unit()?;
                self.at(t.range);
                self.make_function(scope, code, Parts::default(), window)?;
                self.emit(Op::Call, window, window, 0);
                window
            }
        };
        self.at(target.range);
        self.store_name(&target.id, r)?;
        self.release(mark);
        Ok(())
    }

    fn alias(&mut self, t: &'a ast::StmtTypeAlias, name: &Name, params: Option<Reg>) -> Res<Reg> {
        let window = self.temps(3)?;
        self.at(t.range);
        self.load_const(Const::Str(name.as_bytes().to_vec()), Some(window))?;
        match params {
            Some(r) => self.move_to(window + 1, r),
            None => {
                self.load_const(Const::None, Some(window + 1))?;
            }
        }
        let f = self.evaluator(t, Role::Value, name, &t.value, false)?;
        self.move_to(window + 2, f);
        self.at(t.range);
        self.emit(Op::BuildTuple, window, window, 3);
        self.emit(Op::Intrinsic1, window, window, Intrinsic1::TypeAlias as u8);
        self.release(window as usize + 1);
        Ok(window)
    }
}
