//! Assignment, augmented assignment, deletion.

use super::expr::operator;
use super::{Gen, Reg};
use crate::errors::Res;
use crate::symtable::ScopeKind;
use ferropy_bytecode::{Const, Intrinsic2, Op};
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::{Ranged, TextRange};

/// Targets that are unpacked to registers; more go by way of a list.
const MOST_AT_ONCE: usize = 100;

impl<'a> Gen<'a, '_> {
    pub(super) fn assign(&mut self, s: &'a ast::StmtAssign) -> Res<()> {
        let mark = self.mark();
        if let [target] = s.targets.as_slice() {
            if self.pairwise(target, &s.value)? {
                return Ok(());
            }
            self.assign_one(target, &s.value)?;
        } else {
            let mut r = self.expr(&s.value, None)?;
            if (r as usize) < self.unit.first_temp {
                let t = self.temp()?;
                self.move_to(t, r);
                r = t;
            }
            for target in &s.targets {
                self.store(target, r)?;
            }
        }
        self.release(mark);
        Ok(())
    }

    /// `target = value`, computed in the target's register where it has one.
    pub(super) fn assign_one(&mut self, target: &'a Expr, value: &'a Expr) -> Res<()> {
        let mark = self.mark();
        if let Expr::Name(n) = target
            && let Some(r) = self.target_register(&n.id)
        {
            self.check_assignable(&n.id, n.range)?;
            self.expr(value, Some(r))?;
        } else {
            let r = self.expr(value, None)?;
            self.store(target, r)?;
        }
        self.release(mark);
        Ok(())
    }

    /// `a, b = x, y` without making a tuple: all values but the last wait in temporaries.
    fn pairwise(&mut self, target: &'a Expr, value: &'a Expr) -> Res<bool> {
        let (Some(targets), Expr::Tuple(values)) = (elements(target), value) else { return Ok(false) };
        let values = &values.elts;
        let plain = |e: &Expr| !e.is_starred_expr();
        if targets.len() != values.len() || !(2..=8).contains(&targets.len()) {
            return Ok(false);
        }
        if !targets.iter().all(plain) || !values.iter().all(plain) || self.fold(value).is_some() {
            return Ok(false);
        }
        let mark = self.mark();
        let (last, rest) = (values.len() - 1, &values[..values.len() - 1]);
        let mut held = Vec::new();
        for e in rest {
            let t = self.temp()?;
            held.push(self.expr(e, Some(t))?);
        }
        let names: Vec<_> = targets.iter().filter_map(|t| t.as_name_expr().map(|n| &n.id)).collect();
        let direct = names.len() == targets.len() && !names[..last].contains(&names[last]);
        if direct && self.target_register(names[last]).is_some() {
            self.assign_one(&targets[last], &values[last])?;
        } else {
            let t = self.temp()?;
            held.push(self.expr(&values[last], Some(t))?);
        }
        for (target, r) in targets.iter().zip(held) {
            self.store(target, r)?;
        }
        self.release(mark);
        Ok(true)
    }

    /// Stores a value that has been computed.
    pub(super) fn store(&mut self, target: &'a Expr, value: Reg) -> Res<()> {
        let mark = self.mark();
        match target {
            Expr::Name(n) => {
                self.check_assignable(&n.id, n.range)?;
                self.at(n.range);
                self.store_name(&n.id, value)?;
            }
            Expr::Attribute(a) => {
                self.check_assignable(&a.attr.id, a.range)?;
                self.note_static_attribute(a);
                let object = self.expr(&a.value, None)?;
                self.at(self.attribute_range(a, a.range));
                self.emit_attr(Op::SetAttr, object, value, &a.attr.id);
            }
            Expr::Subscript(s) => {
                let object = self.operand(&s.value, &[&s.slice])?;
                let key = self.expr(&s.slice, None)?;
                self.at(s.range);
                self.emit(Op::SetItem, object, key, value);
            }
            Expr::Tuple(_) | Expr::List(_) => self.unpack(target, value)?,
            Expr::Starred(s) => return self.syntax("starred assignment target must be in a list or tuple", s.range),
            e => return self.syntax("cannot assign to this expression", e.range()),
        }
        self.release(mark);
        Ok(())
    }

    fn unpack(&mut self, target: &'a Expr, value: Reg) -> Res<()> {
        let elts = elements(target).unwrap_or(&[]);
        if elts.iter().filter(|e| e.is_starred_expr()).count() > 1 {
            return self.syntax("multiple starred expressions in assignment", target.range());
        }
        let star = elts.iter().position(Expr::is_starred_expr);
        if star.is_some_and(|i| i >= 1 << 8) {
            return self.syntax("too many expressions in star-unpacking assignment", target.range());
        }
        if elts.len() > MOST_AT_ONCE {
            return self.unpack_long(elts, star, value, target.range());
        }
        if let Some(first) = self.neighbours(elts)? {
            self.at(target.range());
            self.emit(Op::Unpack, first, value, elts.len() as u8);
            return Ok(());
        }
        let window = self.unpack_into(elts.len(), star, value, target.range())?;
        for (i, e) in elts.iter().enumerate() {
            let e = match e {
                Expr::Starred(s) => &s.value,
                e => e,
            };
            self.store(e, window.wrapping_add(i as u8))?;
        }
        Ok(())
    }

    /// The first of the targets' registers, if the targets are variables whose registers follow one another in this
    /// order: they can be written without temporaries, because unpacking writes nothing before it has all items.
    fn neighbours(&mut self, elts: &'a [Expr]) -> Res<Option<Reg>> {
        let mut first = None;
        for (i, e) in elts.iter().enumerate() {
            let Expr::Name(n) = e else { return Ok(None) };
            let Some(r) = self.target_register(&n.id) else { return Ok(None) };
            if r as usize != *first.get_or_insert(r) as usize + i {
                return Ok(None);
            }
        }
        for e in elts {
            if let Expr::Name(n) = e {
                self.check_assignable(&n.id, n.range)?;
            }
        }
        Ok(first)
    }

    /// Unpacks by way of a list, since the registers would not suffice.
    fn unpack_long(&mut self, elts: &'a [Expr], star: Option<usize>, value: Reg, range: TextRange) -> Res<()> {
        let pair = self.temps(2)?;
        self.move_to(pair, value);
        self.at(range);
        let (kind, count) = match star {
            None => (Intrinsic2::UnpackExactly, Const::Int(elts.len() as i64)),
            Some(i) => {
                let counts = [i, elts.len() - i - 1].map(|n| Const::Int(n as i64));
                (Intrinsic2::UnpackStarred, Const::Tuple(counts.into()))
            }
        };
        self.load_const(count, Some(pair + 1))?;
        self.emit(Op::Intrinsic2, pair, pair, kind as u8);
        for (i, e) in elts.iter().enumerate() {
            let e = match e {
                Expr::Starred(s) => &s.value,
                e => e,
            };
            let mark = self.mark();
            self.at(e.range());
            let index = self.load_const(Const::Int(i as i64), None)?;
            let item = self.temp()?;
            self.emit(Op::GetItem, item, pair, index);
            self.store(e, item)?;
            self.release(mark);
        }
        Ok(())
    }

    /// Unpacks into as many new temporaries.
    pub(super) fn unpack_into(&mut self, n: usize, star: Option<usize>, value: Reg, range: TextRange) -> Res<Reg> {
        let window = self.temps(n)?;
        self.at(range);
        match star {
            None => self.emit(Op::Unpack, if n == 0 { 0 } else { window }, value, n as u8),
            Some(i) => {
                let after = crate::assembler::Extra::Imm((n - i - 1) as u32);
                self.unit.asm.emit(Op::UnpackEx, window, value, i as u8, after);
            }
        }
        Ok(window)
    }

    /// `self.name = ...` in a method: for the class's `__static_attributes__`.
    fn note_static_attribute(&mut self, a: &ast::ExprAttribute) {
        let is_self = matches!(a.value.as_ref(), Expr::Name(n) if n.id == "self");
        if !is_self || !self.table.scopes[self.unit.scope].is_function_like() {
            return;
        }
        let table = self.table;
        let class = self.outer.iter_mut().rev().find(|u| table.scopes[u.scope].kind == ScopeKind::Class);
        if let Some(class) = class {
            class.static_attributes.insert(a.attr.id.to_string());
        }
    }

    pub(super) fn aug_assign(&mut self, s: &'a ast::StmtAugAssign) -> Res<()> {
        let mark = self.mark();
        match s.target.as_ref() {
            Expr::Name(n) => {
                self.check_assignable(&n.id, n.range)?;
                self.at(n.range);
                let mut old = self.load_name(&n.id, None)?;
                if self.table.scopes[self.unit.scope].has_walrus && (old as usize) < self.unit.first_temp {
                    let t = self.temp()?;
                    self.move_to(t, old);
                    old = t;
                }
                let target = self.target_register(&n.id);
                let d = self.in_place(s, old, target)?;
                if target.is_none() {
                    self.at(n.range);
                    self.store_name(&n.id, d)?;
                }
            }
            Expr::Attribute(a) => {
                self.check_assignable(&a.attr.id, a.range)?;
                self.note_static_attribute(a);
                let object = self.operand(&a.value, &[&s.value])?;
                let old = self.temp()?;
                let shown = self.attribute_range(a, a.range);
                self.at(shown);
                self.emit_attr(Op::GetAttr, old, object, &a.attr.id);
                let d = self.in_place(s, old, Some(old))?;
                self.at(shown);
                self.emit_attr(Op::SetAttr, object, d, &a.attr.id);
            }
            Expr::Subscript(t) => {
                let object = self.operand(&t.value, &[&t.slice, &s.value])?;
                let key = self.operand(&t.slice, &[&s.value])?;
                let old = self.temp()?;
                self.at(t.range);
                self.emit(Op::GetItem, old, object, key);
                let d = self.in_place(s, old, Some(old))?;
                self.at(t.range);
                self.emit(Op::SetItem, object, key, d);
            }
            e => return self.syntax("illegal expression for augmented assignment", e.range()),
        }
        self.release(mark);
        Ok(())
    }

    fn in_place(&mut self, s: &'a ast::StmtAugAssign, old: Reg, dst: Option<Reg>) -> Res<Reg> {
        let (.., op, with_constant) = operator(s.op);
        let constant = with_constant.and_then(|op| Some((op, self.operand_constant(&s.value)?)));
        let (op, right) = match constant {
            Some(k) => k,
            None => (op, self.expr(&s.value, None)?),
        };
        let d = self.dst(dst)?;
        self.at(s.range);
        self.emit(op, d, old, right);
        Ok(d)
    }

    pub(super) fn delete(&mut self, target: &'a Expr) -> Res<()> {
        let mark = self.mark();
        match target {
            Expr::Name(n) => {
                if n.id == "__debug__" {
                    return self.syntax("cannot delete __debug__", n.range);
                }
                self.at(n.range);
                self.delete_name(&n.id)?;
            }
            Expr::Attribute(a) => {
                let object = self.expr(&a.value, None)?;
                self.at(self.attribute_range(a, a.range));
                self.emit_attr(Op::DelAttr, object, 0, &a.attr.id);
            }
            Expr::Subscript(s) => {
                let object = self.operand(&s.value, &[&s.slice])?;
                let key = self.expr(&s.slice, None)?;
                self.at(s.range);
                self.emit(Op::DelItem, object, key, 0);
            }
            Expr::Tuple(_) | Expr::List(_) => {
                for e in elements(target).unwrap_or(&[]) {
                    self.delete(e)?;
                }
            }
            e => return self.syntax("cannot delete this expression", e.range()),
        }
        self.release(mark);
        Ok(())
    }
}

/// The elements of a tuple or list.
fn elements(e: &Expr) -> Option<&[Expr]> {
    match e {
        Expr::Tuple(t) => Some(&t.elts),
        Expr::List(l) => Some(&l.elts),
        _ => None,
    }
}
