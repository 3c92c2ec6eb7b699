//! Calls, decorators' calls and `super()`.

use super::unit::Place;
use super::{Gen, Reg};
use crate::assembler::Extra;
use crate::errors::Res;
use crate::symtable::{Resolve, ScopeKind, def};
use ferropy_bytecode::{Const, Op};
use ruff_python_ast::{self as ast, Expr, Keyword, name::Name};
use ruff_text_size::{Ranged, TextRange};

/// Calls with more arguments go through a tuple and a dict.
const MAX_ARGS: usize = 30;

impl<'a> Gen<'a, '_> {
    pub(super) fn call(&mut self, c: &'a ast::ExprCall, dst: Option<Reg>) -> Res<Reg> {
        self.call_warnings(c);
        let (args, keywords) = (&c.arguments.args[..], &c.arguments.keywords[..]);
        check_keywords(self, keywords)?;
        let simple = is_simple(args, keywords);
        let mark = self.mark();
        if let (Expr::Attribute(a), true) = (c.func.as_ref(), simple) {
            let window = self.method(a)?;
            let names = self.arguments(args, keywords)?;
            self.release(mark);
            let d = self.dst(dst)?;
            self.at(self.attribute_range(a, c.range()));
            self.emit_call((Op::CallMethod, Op::CallMethodKw), d, window, args.len() + keywords.len(), names);
            return Ok(d);
        }
        if simple {
            let window = self.temp()?;
            self.expr(&c.func, Some(window))?;
            self.finish_call(window, &[], args, keywords, c.range(), mark, dst)
        } else {
            let window = self.temps(3)?;
            self.expr(&c.func, Some(window))?;
            self.call_ex(window, &[], args, keywords, c.range(), mark, dst)
        }
    }

    /// Calls r[window] with the registers of `given` (which follow it in a simple call) and the arguments.
    pub(super) fn call_with(
        &mut self,
        window: Reg,
        given: &[Reg],
        args: &'a [Expr],
        keywords: &'a [Keyword],
        extra: Option<Reg>,
        range: TextRange,
        dst: Option<Reg>,
    ) -> Res<Reg> {
        check_keywords(self, keywords)?;
        let mark = window as usize;
        if extra.is_none() && is_simple(args, keywords) {
            return self.finish_call(window, given, args, keywords, range, mark, dst);
        }
        // The callee and what is given move into a window of three.
        let call = self.temps(3)?;
        self.move_to(call, window);
        let given: Vec<Reg> = given.to_vec();
        self.call_ex_extra(call, &given, args, keywords, extra, range, mark, dst)
    }

    fn finish_call(
        &mut self,
        window: Reg,
        given: &[Reg],
        args: &'a [Expr],
        keywords: &'a [Keyword],
        range: TextRange,
        mark: usize,
        dst: Option<Reg>,
    ) -> Res<Reg> {
        let names = self.arguments(args, keywords)?;
        self.release(mark);
        let d = self.dst(dst)?;
        self.at(range);
        self.emit_call((Op::Call, Op::CallKw), d, window, given.len() + args.len() + keywords.len(), names);
        Ok(d)
    }

    fn emit_call(&mut self, (plain, kw): (Op, Op), d: Reg, window: Reg, n: usize, names: Option<Const>) {
        match names {
            None => self.emit(plain, d, window, n as u8),
            Some(names) => {
                let names = self.constant(names);
                self.unit.asm.emit(kw, d, window, n as u8, Extra::Const(names));
            }
        }
    }

    /// Puts the arguments into the registers that follow; the result is the tuple of keyword names.
    fn arguments(&mut self, args: &'a [Expr], keywords: &'a [Keyword]) -> Res<Option<Const>> {
        for e in args.iter().chain(keywords.iter().map(|k| &k.value)) {
            let r = self.temp()?;
            self.expr(e, Some(r))?;
        }
        let name = |k: &Keyword| k.arg.as_ref().map(|a| Const::Str(a.id.as_bytes().to_vec()));
        let names: Vec<Const> = keywords.iter().filter_map(name).collect();
        Ok((!names.is_empty()).then_some(Const::Tuple(names)))
    }

    fn call_ex(
        &mut self,
        window: Reg,
        given: &[Reg],
        args: &'a [Expr],
        keywords: &'a [Keyword],
        range: TextRange,
        mark: usize,
        dst: Option<Reg>,
    ) -> Res<Reg> {
        self.call_ex_extra(window, given, args, keywords, None, range, mark, dst)
    }

    /// A call with stars or many arguments: a tuple and a dict behind the callee. `extra` is a last positional argument.
    fn call_ex_extra(
        &mut self,
        window: Reg,
        given: &[Reg],
        args: &'a [Expr],
        keywords: &'a [Keyword],
        extra: Option<Reg>,
        range: TextRange,
        mark: usize,
        dst: Option<Reg>,
    ) -> Res<Reg> {
        let (tuple, dict) = (window + 1, window + 2);
        self.at(range);
        match args {
            [Expr::Starred(s)] if given.is_empty() && extra.is_none() => {
                // The call itself makes a tuple of what this is.
                self.expr(&s.value, Some(tuple))?;
            }
            _ => {
                self.emit(Op::BuildList, tuple, 0, 0);
                for &r in given {
                    self.emit(Op::ListAppend, tuple, r, 0);
                }
                self.append_elements(args, tuple, false)?;
                if let Some(r) = extra {
                    self.emit(Op::ListAppend, tuple, r, 0);
                }
                self.at(range);
                self.emit(Op::ListToTuple, tuple, tuple, 0);
            }
        }
        if keywords.is_empty() {
            self.emit(Op::Unbind, dict, 0, 0);
        } else {
            self.keyword_dict(window, dict, keywords, range)?;
        }
        self.release(mark);
        let d = self.dst(dst)?;
        self.at(range);
        self.emit(Op::CallEx, d, window, 0);
        Ok(d)
    }

    fn keyword_dict(&mut self, callee: Reg, dict: Reg, keywords: &'a [Keyword], range: TextRange) -> Res<()> {
        self.emit(Op::BuildMap, dict, 0, 0);
        for k in keywords {
            let inner = self.mark();
            match &k.arg {
                None => {
                    let r = self.expr(&k.value, None)?;
                    self.at(range);
                    self.emit(Op::DictMerge, dict, r, callee);
                }
                Some(arg) => {
                    // A pair as a dict of its own: merging reports a name that was given twice.
                    let pair = self.temps(2)?;
                    let name = Const::Str(arg.id.as_bytes().to_vec());
                    self.at(k.range);
                    self.load_const(name, Some(pair))?;
                    self.expr(&k.value, Some(pair + 1))?;
                    self.at(range);
                    self.emit(Op::BuildMap, pair, pair, 1);
                    self.emit(Op::DictMerge, dict, pair, callee);
                }
            }
            self.release(inner);
        }
        Ok(())
    }

    /// Loads a method for a call: two registers.
    fn method(&mut self, a: &'a ast::ExprAttribute) -> Res<Reg> {
        let mark = self.mark();
        if let Some((window, bare)) = self.super_window(&a.value)? {
            self.release(mark);
            let m = self.temps(2)?;
            self.at(self.attribute_range(a, a.range));
            self.emit_super(Op::GetSuperMethod, m, window, bare, &a.attr.id);
            return Ok(m);
        }
        let value = self.expr(&a.value, None)?;
        self.release(mark);
        let m = self.temps(2)?;
        self.at(self.attribute_range(a, a.range));
        self.emit_attr(Op::GetMethod, m, value, &a.attr.id);
        Ok(m)
    }

    pub(super) fn emit_super(&mut self, op: Op, dst: Reg, window: Reg, bare: bool, attr: &Name) {
        let name = self.mangle(attr);
        let extra = self.unit.asm.cached(op, &name);
        self.unit.asm.emit(op, dst, window, bare as u8, extra);
    }

    /// If `e` is a plain call of `super`: three registers with the callable, the class and the object, and whether it
    /// is without arguments.
    pub(super) fn super_window(&mut self, e: &'a Expr) -> Res<Option<(Reg, bool)>> {
        let Expr::Call(c) = e else { return Ok(None) };
        let Expr::Name(n) = c.func.as_ref() else { return Ok(None) };
        let scope = &self.table.scopes[self.unit.scope];
        let args = &c.arguments.args;
        if n.id != "super"
            || !c.arguments.keywords.is_empty()
            || scope.resolve("super") != Resolve::GlobalImplicit
            || self.table.scopes[0].symbols.get("super").is_some_and(|s| s.flags & !(def::USE | def::HOISTED) != 0)
            || self.place(&Name::new_static("super")) != Place::Global
        {
            return Ok(None);
        }
        let zero = args.is_empty();
        if !zero && (args.len() != 2 || args.iter().any(Expr::is_starred_expr)) {
            return Ok(None);
        }
        let class = self.place(&Name::new_static("__class__"));
        let is_function = matches!(scope.kind, ScopeKind::Function | ScopeKind::Lambda);
        let first = self.unit.first_param.clone().filter(|_| self.unit.argcount > 0);
        let Some(first) = first.filter(|_| is_function || !zero).or_else(|| (!zero).then(|| Name::new_static("")))
        else {
            return Ok(None);
        };
        if zero && !matches!(class, Place::Free(_)) {
            return Ok(None);
        }
        let window = self.temps(3)?;
        self.at(n.range);
        self.emit_name(Op::LoadGlobal, window, 0, &n.id);
        if zero {
            self.at(c.range());
            if let Place::Free(i) = class {
                self.emit_name(Op::LoadFree, window + 1, i, &Name::new_static("__class__"));
            }
            let saved = self.unit.private.take();
            let loaded = self.load_name(&first, Some(window + 2));
            self.unit.private = saved;
            loaded?;
        } else {
            self.expr(&args[0], Some(window + 1))?;
            self.expr(&args[1], Some(window + 2))?;
        }
        Ok(Some((window, zero)))
    }

    fn call_warnings(&mut self, c: &ast::ExprCall) {
        let kind = match c.func.as_ref() {
            Expr::Tuple(_) => "tuple",
            Expr::List(_) | Expr::ListComp(_) => "list",
            Expr::Dict(_) | Expr::DictComp(_) => "dict",
            Expr::Set(_) | Expr::SetComp(_) => "set",
            Expr::Generator(_) => "generator",
            Expr::StringLiteral(_) | Expr::FString(_) => "str",
            Expr::TString(_) => "string.templatelib.Template",
            Expr::BytesLiteral(_) => "bytes",
            Expr::NoneLiteral(_) => "NoneType",
            Expr::BooleanLiteral(_) => "bool",
            Expr::EllipsisLiteral(_) => "ellipsis",
            Expr::NumberLiteral(n) => match n.value {
                ast::Number::Int(_) => "int",
                ast::Number::Float(_) => "float",
                ast::Number::Complex { .. } => "complex",
            },
            _ => return,
        };
        self.warning(&format!("'{kind}' object is not callable; perhaps you missed a comma?"), c.range());
    }
}

fn is_simple(args: &[Expr], keywords: &[Keyword]) -> bool {
    args.len() + keywords.len() <= MAX_ARGS
        && !args.iter().any(Expr::is_starred_expr)
        && keywords.iter().all(|k| k.arg.is_some())
}

fn check_keywords(g: &Gen<'_, '_>, keywords: &[Keyword]) -> Res<()> {
    let mut seen = std::collections::HashSet::new();
    for k in keywords {
        if let Some(arg) = &k.arg {
            if arg.id == "__debug__" {
                return g.syntax("cannot assign to __debug__", k.range);
            }
            if !seen.insert(arg.id.as_str()) {
                return g.syntax(format!("keyword argument repeated: {}", arg.id), k.range);
            }
        }
    }
    Ok(())
}
