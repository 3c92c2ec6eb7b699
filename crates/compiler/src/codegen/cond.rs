//! Conditions: expressions of which only the truth matters, as jumps.

use super::Gen;
use crate::assembler::Label;
use crate::errors::Res;
use ferropy_bytecode::Op;
use ruff_python_ast::{self as ast, BoolOp, CmpOp, Expr, UnaryOp};
use ruff_text_size::Ranged;

impl<'a> Gen<'a, '_> {
    /// Jumps to `target` if the truth of `e` is `sense`, goes on otherwise.
    pub(super) fn condition(&mut self, e: &'a Expr, target: Label, sense: bool) -> Res<()> {
        self.deep(|g| g.condition_here(e, target, sense))
    }

    fn condition_here(&mut self, e: &'a Expr, target: Label, sense: bool) -> Res<()> {
        if let Some(truth) = self.truth_of(e) {
            if truth == sense {
                self.jump(target);
            }
            return Ok(());
        }
        match e {
            Expr::UnaryOp(u) if u.op == UnaryOp::Not => self.condition(&u.operand, target, !sense),
            Expr::BoolOp(b) => self.bool_condition(b, target, sense),
            Expr::If(i) => {
                let (orelse, end) = (self.label(), self.label());
                self.condition(&i.test, orelse, false)?;
                self.condition(&i.body, target, sense)?;
                self.jump(end);
                self.bind(orelse);
                self.condition(&i.orelse, target, sense)?;
                self.bind(end);
                Ok(())
            }
            Expr::Compare(c) => self.compare_condition(c, e, target, sense),
            _ => self.truth_condition(e, target, sense),
        }
    }

    fn truth_condition(&mut self, e: &'a Expr, target: Label, sense: bool) -> Res<()> {
        let mark = self.mark();
        let r = self.expr(e, None)?;
        self.at(e.range());
        self.emit_jump(if sense { Op::JumpIfTrue } else { Op::JumpIfFalse }, r, 0, 0, target);
        self.release(mark);
        Ok(())
    }

    fn bool_condition(&mut self, b: &'a ast::ExprBoolOp, target: Label, sense: bool) -> Res<()> {
        let Some((last, rest)) = b.values.split_last() else { return Ok(()) };
        // The value that decides early: False for `and`, True for `or`.
        let early = b.op == BoolOp::Or;
        let skip = self.label();
        for value in rest {
            self.condition(value, if early == sense { target } else { skip }, early)?;
        }
        self.condition(last, target, sense)?;
        self.bind(skip);
        Ok(())
    }

    fn compare_condition(&mut self, c: &'a ast::ExprCompare, e: &'a Expr, target: Label, sense: bool) -> Res<()> {
        if c.ops.len() == 1 && !self.identity_with_literal(c) {
            let mark = self.mark();
            let left = self.operand(&c.left, &[&c.comparators[0]])?;
            self.test(c, 0, left, None, target, sense)?;
            self.release(mark);
            return Ok(());
        }
        if c.ops.len() == 1 {
            return self.truth_condition(e, target, sense);
        }
        let mark = self.mark();
        let end = self.label();
        let later: Vec<&Expr> = c.comparators.iter().collect();
        let mut left = self.operand(&c.left, &later)?;
        let slots = self.operand_slots(later.len())?;
        for (i, right) in c.comparators.iter().enumerate() {
            let last = i + 1 == c.ops.len();
            let next = self.chained_operand(right, slots[i % 2])?;
            let (to, when) = if last { (target, sense) } else { (if sense { end } else { target }, false) };
            self.test(c, i, left, Some(next), to, when)?;
            left = next;
        }
        self.bind(end);
        self.release(mark);
        Ok(())
    }

    /// `is` with a literal: the plain path warns.
    fn identity_with_literal(&self, c: &ast::ExprCompare) -> bool {
        let literal = |e: &Expr| {
            matches!(e, Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::BytesLiteral(_) | Expr::Tuple(_))
        };
        matches!(c.ops[0], CmpOp::Is | CmpOp::IsNot) && (literal(&c.left) || literal(&c.comparators[0]))
    }

    /// One comparison as a test; `right` is its operand if that has been evaluated.
    fn test(
        &mut self,
        c: &'a ast::ExprCompare,
        i: usize,
        left: u8,
        right: Option<u8>,
        target: Label,
        sense: bool,
    ) -> Res<()> {
        let (op, e) = (c.ops[i], &c.comparators[i]);
        let (plain, with_constant) = match op {
            CmpOp::Lt => (Op::TestLt, Some(Op::TestLtK)),
            CmpOp::LtE => (Op::TestLe, Some(Op::TestLeK)),
            CmpOp::Eq => (Op::TestEq, Some(Op::TestEqK)),
            CmpOp::NotEq => (Op::TestNe, Some(Op::TestNeK)),
            CmpOp::Gt => (Op::TestGt, Some(Op::TestGtK)),
            CmpOp::GtE => (Op::TestGe, Some(Op::TestGeK)),
            CmpOp::Is | CmpOp::IsNot => (Op::TestIs, None),
            CmpOp::In | CmpOp::NotIn => (Op::TestIn, None),
        };
        let sense = sense != matches!(op, CmpOp::IsNot | CmpOp::NotIn);
        if plain == Op::TestIs && e.is_none_literal_expr() {
            self.at(c.range);
            self.emit_jump(if sense { Op::JumpIfNone } else { Op::JumpIfNotNone }, left, 0, 0, target);
            return Ok(());
        }
        let constant = match (right, with_constant) {
            (None, Some(op)) => self.operand_constant(e).map(|k| (op, k)),
            _ => None,
        };
        let (op, right) = match (constant, right) {
            (Some(k), _) => k,
            (None, Some(r)) => (plain, r),
            (None, None) => (plain, self.container(op, e)?),
        };
        self.at(c.range);
        self.emit_jump(op, left, right, sense as u8, target);
        Ok(())
    }
}
