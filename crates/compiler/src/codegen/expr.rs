//! Expressions: operators, displays, attributes, subscripts.

use super::{Gen, Reg};
use crate::assembler::Label;
use crate::errors::{Failure, Res};
use crate::fold;
use crate::symtable::ScopeKind;
use ferropy_bytecode::{Const, Intrinsic1, Op, flags};
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, CmpOp, Expr, Operator, UnaryOp};
use ruff_text_size::{Ranged, TextRange};

/// Displays longer than this are built piece by piece.
const MAX_WINDOW: usize = 30;
/// With fewer temporaries than this left they are, too.
const SCARCE: usize = 80;

/// Plain, K, in-place and in-place K forms of an operator.
pub(super) fn operator(op: Operator) -> (Op, Option<Op>, Op, Option<Op>) {
    match op {
        Operator::Add => (Op::Add, Some(Op::AddK), Op::InplaceAdd, Some(Op::InplaceAddK)),
        Operator::Sub => (Op::Sub, Some(Op::SubK), Op::InplaceSub, Some(Op::InplaceSubK)),
        Operator::Mult => (Op::Mul, Some(Op::MulK), Op::InplaceMul, Some(Op::InplaceMulK)),
        Operator::Div => (Op::TrueDiv, Some(Op::TrueDivK), Op::InplaceTrueDiv, None),
        Operator::FloorDiv => (Op::FloorDiv, Some(Op::FloorDivK), Op::InplaceFloorDiv, None),
        Operator::Mod => (Op::Mod, Some(Op::ModK), Op::InplaceMod, None),
        Operator::Pow => (Op::Pow, Some(Op::PowK), Op::InplacePow, None),
        Operator::LShift => (Op::Shl, Some(Op::ShlK), Op::InplaceShl, None),
        Operator::RShift => (Op::Shr, Some(Op::ShrK), Op::InplaceShr, None),
        Operator::BitAnd => (Op::And, Some(Op::AndK), Op::InplaceAnd, None),
        Operator::BitOr => (Op::Or, Some(Op::OrK), Op::InplaceOr, None),
        Operator::BitXor => (Op::Xor, Some(Op::XorK), Op::InplaceXor, None),
        Operator::MatMult => (Op::MatMul, None, Op::InplaceMatMul, None),
    }
}

struct FindWalrus(bool);

impl<'a> Visitor<'a> for FindWalrus {
    fn visit_expr(&mut self, e: &'a Expr) {
        match e {
            Expr::Named(_) => self.0 = true,
            Expr::Lambda(_) => {}
            _ if !self.0 => visitor::walk_expr(self, e),
            _ => {}
        }
    }
}

impl<'a> Gen<'a, '_> {
    /// Generates the expression; the result is `dst` if that is given.
    pub(super) fn expr(&mut self, e: &'a Expr, dst: Option<Reg>) -> Res<Reg> {
        match dst {
            Some(d) if self.is_top(d) && !e.is_name_expr() => self.deep(|g| g.expr_on_top(e, d)),
            _ => self.deep(|g| g.expr_here(e, dst)),
        }
    }

    /// The register is the last temporary.
    fn is_top(&self, d: Reg) -> bool {
        d as usize + 1 == self.unit.next && d as usize >= self.unit.first_temp && !self.unit.is_hidden(d)
    }

    /// With the last temporary as destination the expression may use that for its intermediate values, too.
    fn expr_on_top(&mut self, e: &'a Expr, d: Reg) -> Res<Reg> {
        self.release(d as usize);
        let r = self.expr_here(e, None)?;
        self.release(d as usize + 1);
        self.move_to(d, r);
        Ok(d)
    }

    fn expr_here(&mut self, e: &'a Expr, dst: Option<Reg>) -> Res<Reg> {
        if !matches!(e, Expr::Name(n) if n.id != "__debug__")
            && let Some(c) = self.fold(e)
        {
            self.at(e.range());
            return self.load_const(c, dst);
        }
        match e {
            Expr::Name(n) => {
                self.at(n.range);
                self.load_name(&n.id, dst)
            }
            Expr::BinOp(b) => self.binary(b, dst),
            Expr::UnaryOp(u) => self.unary(u, dst),
            Expr::BoolOp(b) => self.bool_op(b, dst),
            Expr::Compare(c) => self.compare(c, dst),
            Expr::Call(c) => self.call(c, dst),
            Expr::Attribute(a) => self.attribute(a, dst),
            Expr::Subscript(s) => self.subscript(s, dst),
            Expr::If(i) => self.if_expr(i, dst),
            Expr::Named(n) => self.named(n, dst),
            Expr::Lambda(l) => self.lambda(l, dst),
            Expr::Tuple(t) => self.sequence(e, &t.elts, Op::BuildTuple, dst),
            Expr::List(l) => self.sequence(e, &l.elts, Op::BuildList, dst),
            Expr::Set(s) => self.sequence(e, &s.elts, Op::BuildSet, dst),
            Expr::Dict(d) => self.dict(d, dst),
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) => self.comprehension(e, dst),
            Expr::Generator(g) => self.generator_expression(g, dst),
            Expr::FString(f) => self.fstring(f, dst),
            Expr::TString(t) => self.tstring(t, dst),
            Expr::Slice(s) => self.slice(s, dst),
            Expr::Yield(y) => self.yield_(y, dst),
            Expr::YieldFrom(y) => self.yield_from(y, dst),
            Expr::Await(a) => self.await_(a, dst),
            Expr::Starred(s) => self.syntax("can't use starred expression here", s.range),
            _ => Err(Failure::internal("unexpected expression")),
        }
    }

    /// An operand whose value must survive the evaluation of `later`.
    pub(super) fn operand(&mut self, e: &'a Expr, later: &[&'a Expr]) -> Res<Reg> {
        if self.table.scopes[self.unit.scope].has_walrus && matches!(e, Expr::Name(_)) {
            let mut find = FindWalrus(false);
            later.iter().for_each(|e| find.visit_expr(e));
            if find.0 {
                let t = self.temp()?;
                return self.expr(e, Some(t));
            }
        }
        self.expr(e, None)
    }

    /// The index of a constant operand, if `e` is a constant and there is room.
    pub(super) fn operand_constant(&mut self, e: &Expr) -> Option<u8> {
        let c = self.fold(e)?;
        self.unit.asm.operand_constant(&c)
    }

    fn binary(&mut self, b: &'a ast::ExprBinOp, dst: Option<Reg>) -> Res<Reg> {
        let mark = self.mark();
        let (plain, with_constant, ..) = operator(b.op);
        let left = self.operand(&b.left, &[&b.right])?;
        let constant = with_constant.and_then(|op| Some((op, self.operand_constant(&b.right)?)));
        let (op, right) = match constant {
            Some((op, k)) => (op, k),
            None => (plain, self.expr(&b.right, None)?),
        };
        self.release(mark);
        let d = self.dst(dst)?;
        self.at(b.range);
        self.emit(op, d, left, right);
        Ok(d)
    }

    fn unary(&mut self, u: &'a ast::ExprUnaryOp, dst: Option<Reg>) -> Res<Reg> {
        let mark = self.mark();
        let r = self.expr(&u.operand, None)?;
        self.release(mark);
        let d = self.dst(dst)?;
        self.at(u.range);
        let op = match u.op {
            UnaryOp::Not => Op::Not,
            UnaryOp::USub => Op::Neg,
            UnaryOp::UAdd => Op::Pos,
            UnaryOp::Invert => Op::Invert,
        };
        self.emit(op, d, r, 0);
        Ok(d)
    }

    fn bool_op(&mut self, b: &'a ast::ExprBoolOp, dst: Option<Reg>) -> Res<Reg> {
        let mark = self.mark();
        let t = self.scratch(dst)?;
        let end = self.label();
        if let Some((last, rest)) = b.values.split_last() {
            for value in rest {
                self.value_jump(value, t, b.op == ast::BoolOp::Or, end)?;
            }
            self.expr(last, Some(t))?;
        }
        self.bind(end);
        self.at(b.range);
        if dst.is_none() { Ok(t) } else { self.deliver(mark, t, dst) }
    }

    /// Jumps to `target` with the value in `t` if its truth is `sense`, goes on otherwise. No value is asked for its truth
    /// twice: what decides an inner operation may decide the outer one, too.
    fn value_jump(&mut self, e: &'a Expr, t: Reg, sense: bool, target: Label) -> Res<()> {
        let inner = match e {
            Expr::BoolOp(b) if self.fold(e).is_none() => b.values.split_last().map(|(last, rest)| (b.op, last, rest)),
            _ => None,
        };
        let Some((op, last, rest)) = inner else {
            self.expr(e, Some(t))?;
            self.at(e.range());
            self.emit_jump(if sense { Op::JumpIfTrue } else { Op::JumpIfFalse }, t, 0, 0, target);
            return Ok(());
        };
        let early = op == ast::BoolOp::Or;
        let skip = self.label();
        for value in rest {
            let to = if early == sense { target } else { skip };
            self.deep(|g| g.value_jump(value, t, early, to))?;
        }
        self.deep(|g| g.value_jump(last, t, sense, target))?;
        self.bind(skip);
        Ok(())
    }

    fn if_expr(&mut self, i: &'a ast::ExprIf, dst: Option<Reg>) -> Res<Reg> {
        let mark = self.mark();
        let d = self.dst(dst)?;
        let after = self.mark();
        let (orelse, end) = (self.label(), self.label());
        self.condition(&i.test, orelse, false)?;
        self.release(after);
        self.expr(&i.body, Some(d))?;
        self.jump(end);
        self.bind(orelse);
        self.expr(&i.orelse, Some(d))?;
        self.bind(end);
        debug_assert!(mark <= after);
        Ok(d)
    }

    fn named(&mut self, n: &'a ast::ExprNamed, dst: Option<Reg>) -> Res<Reg> {
        let Expr::Name(target) = n.target.as_ref() else {
            return self.syntax("cannot use assignment expressions with this target", n.target.range());
        };
        self.check_assignable(&target.id, target.range)?;
        let d = self.dst(dst)?;
        let mark = self.mark();
        let value = self.expr(&n.value, None)?;
        self.at(n.range);
        self.store_name(&target.id, value)?;
        self.release(mark);
        self.move_to(d, value);
        Ok(d)
    }

    // ---- comparisons

    fn compare(&mut self, c: &'a ast::ExprCompare, dst: Option<Reg>) -> Res<Reg> {
        self.compare_warnings(c);
        if c.ops.len() == 1 {
            let mark = self.mark();
            let left = self.operand(&c.left, &[&c.comparators[0]])?;
            let (op, right) = self.comparison_operand(c.ops[0], &c.comparators[0])?;
            self.release(mark);
            let d = self.dst(dst)?;
            self.at(c.range);
            self.emit(op, d, left, right);
            return Ok(d);
        }
        let mark = self.mark();
        let t = self.scratch(dst)?;
        let end = self.label();
        let later: Vec<&Expr> = c.comparators.iter().collect();
        let mut left = self.operand(&c.left, &later)?;
        let slots = self.operand_slots(later.len())?;
        for (i, right) in c.comparators.iter().enumerate() {
            let next = self.chained_operand(right, slots[i % 2])?;
            self.at(c.range);
            self.emit(comparison(c.ops[i]), t, left, next);
            if i + 1 < c.ops.len() {
                self.emit_jump(Op::JumpIfFalse, t, 0, 0, end);
            }
            left = next;
        }
        self.bind(end);
        if dst.is_none() {
            self.release(t as usize + 1);
            return Ok(t);
        }
        self.deliver(mark, t, dst)
    }

    /// The registers in which the right operands of a chain of `n` comparisons take turns: each is the left operand of
    /// the comparison that follows.
    pub(super) fn operand_slots(&mut self, n: usize) -> Res<[Reg; 2]> {
        let first = self.temps(n.min(2))?;
        Ok([first, first + 1])
    }

    /// A right operand of a chain: a variable's own register, or else `slot`.
    pub(super) fn chained_operand(&mut self, e: &'a Expr, slot: Reg) -> Res<Reg> {
        let stays = !self.table.scopes[self.unit.scope].has_walrus;
        match e {
            Expr::Name(n) if stays && self.target_register(&n.id).is_some() => self.expr(e, None),
            _ => self.expr(e, Some(slot)),
        }
    }

    fn comparison_operand(&mut self, op: CmpOp, e: &'a Expr) -> Res<(Op, u8)> {
        let with_constant = match op {
            CmpOp::Lt => Some(Op::LtK),
            CmpOp::LtE => Some(Op::LeK),
            CmpOp::Eq => Some(Op::EqK),
            CmpOp::NotEq => Some(Op::NeK),
            CmpOp::Gt => Some(Op::GtK),
            CmpOp::GtE => Some(Op::GeK),
            _ => None,
        };
        if let Some(op) = with_constant
            && let Some(k) = self.operand_constant(e)
        {
            return Ok((op, k));
        }
        let r = self.container(op, e)?;
        Ok((comparison(op), r))
    }

    /// The right operand; a display of constants after `in` becomes a constant.
    pub(super) fn container(&mut self, op: CmpOp, e: &'a Expr) -> Res<Reg> {
        if matches!(op, CmpOp::In | CmpOp::NotIn)
            && let Some(c) = self.constant_display(e, true)
        {
            self.at(e.range());
            return self.load_const(c, None);
        }
        self.expr(e, None)
    }

    /// A list (as a tuple) or set (as a frozenset) of constants.
    pub(super) fn constant_display(&self, e: &Expr, sets: bool) -> Option<Const> {
        let fold = |elts: &[Expr]| elts.iter().map(|e| self.fold(e)).collect::<Option<Vec<_>>>();
        match e {
            Expr::List(l) => fold(&l.elts).map(Const::Tuple),
            Expr::Set(s) if sets && !s.elts.is_empty() => fold(&s.elts).map(|mut items| {
                let mut kept: Vec<Const> = Vec::new();
                items.drain(..).for_each(|c| {
                    if !kept.contains(&c) {
                        kept.push(c);
                    }
                });
                Const::FrozenSet(kept)
            }),
            _ => None,
        }
    }

    // ---- attributes and subscripts

    /// Where an access to (or a call of) an attribute is shown: if the expression spans lines, from the line of the name
    /// on.
    pub(super) fn attribute_range(&self, a: &ast::ExprAttribute, whole: TextRange) -> TextRange {
        let line = |at| self.source.line_col(at).0;
        if line(a.range.start()) == line(a.range.end()) {
            return whole;
        }
        TextRange::new(a.attr.range.start(), whole.end())
    }

    fn attribute(&mut self, a: &'a ast::ExprAttribute, dst: Option<Reg>) -> Res<Reg> {
        let mark = self.mark();
        if let Some((window, bare)) = self.super_window(&a.value)? {
            self.release(mark);
            let d = self.dst(dst)?;
            self.at(self.attribute_range(a, a.range));
            self.emit_super(Op::GetSuper, d, window, bare, &a.attr.id);
            return Ok(d);
        }
        let value = self.expr(&a.value, None)?;
        self.release(mark);
        let d = self.dst(dst)?;
        self.at(self.attribute_range(a, a.range));
        self.emit_attr(Op::GetAttr, d, value, &a.attr.id);
        Ok(d)
    }

    fn subscript(&mut self, s: &'a ast::ExprSubscript, dst: Option<Reg>) -> Res<Reg> {
        self.subscript_warnings(s);
        let mark = self.mark();
        let value = self.operand(&s.value, &[&s.slice])?;
        let constant = self.subscript_constant(&s.slice);
        let (op, key) = match constant {
            Some(k) => (Op::GetItemK, k),
            None => (Op::GetItem, self.expr(&s.slice, None)?),
        };
        self.release(mark);
        let d = self.dst(dst)?;
        self.at(s.range);
        self.emit(op, d, value, key);
        Ok(d)
    }

    fn subscript_constant(&mut self, e: &Expr) -> Option<u8> {
        let c = match e {
            Expr::Slice(s) => self.constant_slice(s)?,
            _ => self.fold(e)?,
        };
        self.unit.asm.operand_constant(&c)
    }

    fn constant_slice(&self, s: &ast::ExprSlice) -> Option<Const> {
        let part = |e: &Option<Box<Expr>>| match e {
            None => Some(Const::None),
            Some(e) => self.fold(e),
        };
        Some(Const::Slice(Box::new([part(&s.lower)?, part(&s.upper)?, part(&s.step)?])))
    }

    pub(super) fn slice(&mut self, s: &'a ast::ExprSlice, dst: Option<Reg>) -> Res<Reg> {
        if let Some(c) = self.constant_slice(s) {
            self.at(s.range);
            return self.load_const(c, dst);
        }
        let mark = self.mark();
        let window = self.temps(3)?;
        for (i, part) in [&s.lower, &s.upper, &s.step].into_iter().enumerate() {
            let r = window + i as u8;
            match part {
                Some(e) => self.expr(e, Some(r))?,
                None => self.load_const(Const::None, Some(r))?,
            };
        }
        self.release(mark);
        let d = self.dst(dst)?;
        self.at(s.range);
        self.emit(Op::BuildSlice, d, window, 0);
        Ok(d)
    }

    // ---- displays

    fn sequence(&mut self, e: &'a Expr, elts: &'a [Expr], op: Op, dst: Option<Reg>) -> Res<Reg> {
        let starred = elts.iter().any(Expr::is_starred_expr);
        if !starred && elts.len() <= MAX_WINDOW && (elts.len() <= 3 || self.temps_left() > SCARCE) {
            let mark = self.mark();
            let window = self.temps(elts.len())?;
            for (i, e) in elts.iter().enumerate() {
                self.expr(e, Some(window.wrapping_add(i as u8)))?;
            }
            self.release(mark);
            let d = self.dst(dst)?;
            self.at(e.range());
            self.emit(op, d, if elts.is_empty() { 0 } else { window }, elts.len() as u8);
            return Ok(d);
        }
        let mark = self.mark();
        let t = self.scratch(dst)?;
        let set = op == Op::BuildSet;
        self.at(e.range());
        self.emit(if set { Op::BuildSet } else { Op::BuildList }, t, 0, 0);
        let constants = if starred { None } else { elts.iter().map(|e| self.fold(e)).collect::<Option<Vec<_>>>() };
        if let Some(items) = constants {
            let inner = self.mark();
            let r = self.load_const(Const::Tuple(items), None)?;
            self.emit(if set { Op::SetUpdate } else { Op::ListExtend }, t, r, 0);
            self.release(inner);
        } else {
            self.append_elements(elts, t, set)?;
        }
        self.at(e.range());
        if op == Op::BuildTuple {
            self.release(mark);
            let d = self.dst(dst)?;
            self.emit(Op::ListToTuple, d, t, 0);
            return Ok(d);
        }
        if dst.is_none() { Ok(t) } else { self.deliver(mark, t, dst) }
    }

    /// Adds the elements to the list or set in `t`.
    pub(super) fn append_elements(&mut self, elts: &'a [Expr], t: Reg, set: bool) -> Res<()> {
        for e in elts {
            let inner = self.mark();
            let (value, op) = match e {
                Expr::Starred(s) => (&*s.value, if set { Op::SetUpdate } else { Op::ListExtend }),
                e => (e, if set { Op::SetAdd } else { Op::ListAppend }),
            };
            let r = self.expr(value, None)?;
            self.at(e.range());
            self.emit(op, t, r, 0);
            self.release(inner);
        }
        Ok(())
    }

    fn dict(&mut self, d: &'a ast::ExprDict, dst: Option<Reg>) -> Res<Reg> {
        let plain = d.items.iter().all(|i| i.key.is_some());
        let n = d.items.len();
        if plain && n <= MAX_WINDOW / 2 && (n <= 2 || self.temps_left() > SCARCE) {
            let mark = self.mark();
            let window = self.temps(n * 2)?;
            for (i, item) in d.items.iter().enumerate() {
                if let Some(key) = &item.key {
                    self.expr(key, Some(window + 2 * i as u8))?;
                }
                self.expr(&item.value, Some(window + 2 * i as u8 + 1))?;
            }
            self.release(mark);
            let r = self.dst(dst)?;
            self.at(d.range);
            self.emit(Op::BuildMap, r, if n == 0 { 0 } else { window }, n as u8);
            return Ok(r);
        }
        let mark = self.mark();
        let t = self.scratch(dst)?;
        self.at(d.range);
        self.emit(Op::BuildMap, t, 0, 0);
        for item in &d.items {
            let inner = self.mark();
            match &item.key {
                Some(key) => {
                    let k = self.operand(key, &[&item.value])?;
                    let v = self.expr(&item.value, None)?;
                    self.at(d.range);
                    self.emit(Op::MapAdd, t, k, v);
                }
                None => {
                    let v = self.expr(&item.value, None)?;
                    self.at(d.range);
                    self.emit(Op::DictUpdate, t, v, 0);
                }
            }
            self.release(inner);
        }
        if dst.is_none() { Ok(t) } else { self.deliver(mark, t, dst) }
    }

    // ---- yield and await

    /// Where a `yield` or `await` at this place runs.
    fn inside_function(&self) -> bool {
        let kind = self.table.scopes[self.unit.scope].kind;
        matches!(kind, ScopeKind::Function | ScopeKind::Lambda | ScopeKind::GenExpr)
    }

    fn yield_(&mut self, y: &'a ast::ExprYield, dst: Option<Reg>) -> Res<Reg> {
        if !self.inside_function() {
            return self.syntax("'yield' outside function", y.range);
        }
        let mark = self.mark();
        let value = match &y.value {
            Some(e) => self.expr(e, None)?,
            None => {
                self.at(y.range);
                self.load_const(Const::None, None)?
            }
        };
        self.release(mark);
        let d = self.dst(dst)?;
        self.at(y.range);
        self.emit_yield(d, value)
    }

    pub(super) fn emit_yield(&mut self, d: Reg, value: Reg) -> Res<Reg> {
        let mark = self.mark();
        let value = if self.unit.flags & flags::ASYNC_GENERATOR != 0 {
            let t = self.temp()?;
            self.emit(Op::Intrinsic1, t, value, Intrinsic1::AsyncGenWrap as u8);
            t
        } else {
            value
        };
        self.emit(Op::Yield, d, value, 0);
        self.release(mark);
        Ok(d)
    }

    fn yield_from(&mut self, y: &'a ast::ExprYieldFrom, dst: Option<Reg>) -> Res<Reg> {
        if !self.inside_function() {
            return self.syntax("'yield from' outside function", y.range);
        }
        if self.unit.flags & (flags::COROUTINE | flags::ASYNC_GENERATOR) != 0 {
            return self.syntax("'yield from' inside async function", y.range);
        }
        let mark = self.mark();
        let value = self.expr(&y.value, None)?;
        self.release(mark);
        let it = self.temp()?;
        self.at(y.range);
        self.emit(Op::GetYieldFromIter, it, value, 0);
        let result = self.delegate(it)?;
        self.deliver(mark, result, dst)
    }

    fn await_(&mut self, a: &'a ast::ExprAwait, dst: Option<Reg>) -> Res<Reg> {
        self.check_async("'await'", a.range)?;
        let mark = self.mark();
        let value = self.expr(&a.value, None)?;
        self.release(mark);
        self.at(a.range);
        let result = self.await_value(value, 0)?;
        self.deliver(mark, result, dst)
    }

    // ---- warnings

    fn compare_warnings(&mut self, c: &ast::ExprCompare) {
        let mut left: &Expr = &c.left;
        for (op, right) in c.ops.iter().zip(&c.comparators) {
            if matches!(op, CmpOp::Is | CmpOp::IsNot) {
                let kind = [left, right].into_iter().find_map(|e| self.literal_kind(e));
                if let Some(kind) = kind {
                    let (word, instead) = if *op == CmpOp::Is { ("is", "==") } else { ("is not", "!=") };
                    self.warning(&format!("\"{word}\" with '{kind}' literal. Did you mean \"{instead}\"?"), c.range);
                }
            }
            left = right;
        }
    }

    /// The type of a literal that should not be compared by identity.
    fn literal_kind(&self, e: &Expr) -> Option<&'static str> {
        let constant = matches!(
            e,
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::BytesLiteral(_) | Expr::Tuple(_) | Expr::UnaryOp(_)
        );
        if !constant {
            return None;
        }
        type_name(&self.fold(e)?).filter(|n| !matches!(*n, "NoneType" | "bool" | "ellipsis"))
    }

    fn subscript_warnings(&mut self, s: &ast::ExprSubscript) {
        let type_of = |g: &Self, e: &Expr| match e {
            Expr::Set(_) | Expr::SetComp(_) => Some("set"),
            Expr::Generator(_) => Some("generator"),
            Expr::Lambda(_) => Some("function"),
            Expr::TString(_) => Some("string.templatelib.Template"),
            Expr::List(_) | Expr::ListComp(_) => Some("list"),
            Expr::Tuple(_) => Some("tuple"),
            Expr::FString(_) => Some("str"),
            Expr::NumberLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::StringLiteral(_)
            | Expr::BytesLiteral(_) => type_name(&g.fold(e)?),
            _ => None,
        };
        let Some(kind) = type_of(self, &s.value) else { return };
        let indexable = matches!(kind, "list" | "tuple" | "str" | "bytes");
        if !indexable {
            self.warning(&format!("'{kind}' object is not subscriptable; perhaps you missed a comma?"), s.range);
            return;
        }
        let index = match s.slice.as_ref() {
            Expr::Slice(_) => None,
            Expr::Dict(_) | Expr::DictComp(_) => Some("dict"),
            e => type_of(self, e),
        };
        if let Some(index) = index.filter(|i| !matches!(*i, "int" | "bool")) {
            let message =
                format!("{kind} indices must be integers or slices, not {index}; perhaps you missed a comma?");
            self.warning(&message, s.range);
        }
    }

    pub(super) fn truth_of(&self, e: &Expr) -> Option<bool> {
        self.fold(e).map(|c| fold::truth(&c))
    }
}

fn type_name(c: &Const) -> Option<&'static str> {
    Some(match c {
        Const::None => "NoneType",
        Const::True | Const::False => "bool",
        Const::Ellipsis => "ellipsis",
        Const::Int(_) | Const::BigInt(..) => "int",
        Const::Float(_) => "float",
        Const::Complex(..) => "complex",
        Const::Str(_) => "str",
        Const::Bytes(_) => "bytes",
        Const::Tuple(_) => "tuple",
        _ => return None,
    })
}

pub(super) fn comparison(op: CmpOp) -> Op {
    match op {
        CmpOp::Lt => Op::Lt,
        CmpOp::LtE => Op::Le,
        CmpOp::Eq => Op::Eq,
        CmpOp::NotEq => Op::Ne,
        CmpOp::Gt => Op::Gt,
        CmpOp::GtE => Op::Ge,
        CmpOp::Is => Op::Is,
        CmpOp::IsNot => Op::IsNot,
        CmpOp::In => Op::In,
        CmpOp::NotIn => Op::NotIn,
    }
}
