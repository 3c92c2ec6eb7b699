//! `match` statements.
//!
//! A pattern jumps to a label if it fails. What it captures stays in temporaries until the whole pattern has matched;
//! only then are the names bound, in order. The alternatives of an or-pattern put their captures into the same registers.

use super::{Gen, Reg};
use crate::assembler::Label;
use crate::errors::Res;
use crate::fold;
use ferropy_bytecode::{Const, Op};
use ruff_python_ast::{self as ast, MatchCase, Pattern, Singleton, name::Name};
use ruff_text_size::{Ranged, TextRange};
use std::collections::HashSet;

/// Names to bind and the registers with their values.
type Captures<'a> = Vec<(&'a ast::Identifier, Reg)>;

impl<'a> Gen<'a, '_> {
    pub(super) fn match_(&mut self, m: &'a ast::StmtMatch) -> Res<()> {
        let mark = self.mark();
        let subject = self.temp()?;
        self.expr(&m.subject, Some(subject))?;
        let end = self.label();
        let last = m.cases.len().saturating_sub(1);
        for (i, case) in m.cases.iter().enumerate() {
            self.check_reachable(&case.pattern, i == last || case.guard.is_some())?;
            self.case(case, subject, end)?;
        }
        self.bind(end);
        self.release(mark);
        Ok(())
    }

    fn case(&mut self, case: &'a MatchCase, subject: Reg, end: Label) -> Res<()> {
        let mark = self.mark();
        let fail = self.label();
        let mut captures = Captures::new();
        self.pattern(&case.pattern, subject, fail, &mut captures)?;
        for (name, r) in captures {
            self.at(case.pattern.range());
            self.store_name(&name.id, r)?;
        }
        if let Some(guard) = &case.guard {
            self.condition(guard, fail, false)?;
        }
        self.release(mark);
        self.conditional_body(&case.body)?;
        self.jump(end);
        self.bind(fail);
        Ok(())
    }

    /// Refuses patterns that always match where others follow.
    fn check_reachable(&self, p: &Pattern, last: bool) -> Res<()> {
        match p {
            Pattern::MatchAs(ast::PatternMatchAs { pattern: Some(inner), .. }) => self.check_reachable(inner, last),
            Pattern::MatchAs(_) if last => Ok(()),
            Pattern::MatchAs(a) => {
                let what = match &a.name {
                    Some(name) => format!("name capture '{}'", name.id),
                    None => "wildcard".to_string(),
                };
                self.syntax(format!("{what} makes remaining patterns unreachable"), a.range)
            }
            Pattern::MatchOr(o) => {
                let count = o.patterns.len();
                o.patterns.iter().enumerate().try_for_each(|(i, p)| self.check_reachable(p, last && i + 1 == count))
            }
            Pattern::MatchSequence(s) => s.patterns.iter().try_for_each(|p| self.check_reachable(p, true)),
            Pattern::MatchMapping(m) => m.patterns.iter().try_for_each(|p| self.check_reachable(p, true)),
            Pattern::MatchClass(c) => {
                let keywords = c.arguments.keywords.iter().map(|k| &k.pattern);
                c.arguments.patterns.iter().chain(keywords).try_for_each(|p| self.check_reachable(p, true))
            }
            _ => Ok(()),
        }
    }

    fn pattern(&mut self, p: &'a Pattern, subject: Reg, fail: Label, captures: &mut Captures<'a>) -> Res<()> {
        self.deep(|g| g.pattern_here(p, subject, fail, captures))
    }

    fn pattern_here(&mut self, p: &'a Pattern, subject: Reg, fail: Label, captures: &mut Captures<'a>) -> Res<()> {
        match p {
            Pattern::MatchValue(v) => self.value_pattern(v, subject, fail),
            Pattern::MatchSingleton(s) => self.singleton(s, subject, fail),
            Pattern::MatchSequence(s) => self.sequence_pattern(s, subject, fail, captures),
            Pattern::MatchMapping(m) => self.mapping_pattern(m, subject, fail, captures),
            Pattern::MatchClass(c) => self.class_pattern(c, subject, fail, captures),
            Pattern::MatchStar(s) => self.syntax("can't use starred pattern here", s.range),
            Pattern::MatchAs(a) => {
                if let Some(inner) = &a.pattern {
                    self.pattern(inner, subject, fail, captures)?;
                }
                match &a.name {
                    Some(name) => self.capture(name, subject, captures, a.range),
                    None => Ok(()),
                }
            }
            Pattern::MatchOr(o) => self.or_pattern(o, subject, fail, captures),
        }
    }

    /// Binds a name; `range`: the pattern that does.
    fn capture(&mut self, name: &'a ast::Identifier, r: Reg, captures: &mut Captures<'a>, range: TextRange) -> Res<()> {
        self.check_assignable(&name.id, range)?;
        if captures.iter().any(|(n, _)| n.id == name.id) {
            return self.syntax(format!("multiple assignments to name '{}' in pattern", name.id), range);
        }
        captures.push((name, r));
        Ok(())
    }

    fn value_pattern(&mut self, v: &'a ast::PatternMatchValue, subject: Reg, fail: Label) -> Res<()> {
        if self.fold(&v.value).is_none() && !v.value.is_attribute_expr() {
            return self.syntax("patterns may only match literals and attribute lookups", v.range);
        }
        let mark = self.mark();
        let (op, right) = match self.operand_constant(&v.value) {
            Some(k) => (Op::TestEqK, k),
            None => (Op::TestEq, self.expr(&v.value, None)?),
        };
        self.at(v.range);
        self.emit_jump(op, subject, right, 0, fail);
        self.release(mark);
        Ok(())
    }

    fn singleton(&mut self, s: &ast::PatternMatchSingleton, subject: Reg, fail: Label) -> Res<()> {
        self.at(s.range);
        let c = match s.value {
            Singleton::None => {
                self.emit_jump(Op::JumpIfNotNone, subject, 0, 0, fail);
                return Ok(());
            }
            Singleton::True => Const::True,
            Singleton::False => Const::False,
        };
        let mark = self.mark();
        let r = self.load_const(c, None)?;
        self.emit_jump(Op::TestIs, subject, r, 0, fail);
        self.release(mark);
        Ok(())
    }

    /// Goes on if `len(subject)` compares to `n` as `op` says.
    fn length(&mut self, subject: Reg, n: usize, exact: bool, fail: Label) -> Res<()> {
        let mark = self.mark();
        let len = self.temp()?;
        self.emit(Op::GetLen, len, subject, 0);
        let (with_constant, plain) = if exact { (Op::TestEqK, Op::TestEq) } else { (Op::TestGeK, Op::TestGe) };
        match self.unit.asm.operand_constant(&Const::Int(n as i64)) {
            Some(k) => self.emit_jump(with_constant, len, k, 0, fail),
            None => {
                let r = self.load_const(Const::Int(n as i64), None)?;
                self.emit_jump(plain, len, r, 0, fail);
            }
        }
        self.release(mark);
        Ok(())
    }

    fn test_kind(&mut self, op: Op, subject: Reg, fail: Label) -> Res<()> {
        let mark = self.mark();
        let t = self.temp()?;
        self.emit(op, t, subject, 0);
        self.emit_jump(Op::JumpIfFalse, t, 0, 0, fail);
        self.release(mark);
        Ok(())
    }

    fn sequence_pattern(
        &mut self,
        s: &'a ast::PatternMatchSequence,
        subject: Reg,
        fail: Label,
        captures: &mut Captures<'a>,
    ) -> Res<()> {
        let stars = s.patterns.iter().filter(|p| p.is_match_star()).count();
        if stars > 1 {
            return self.syntax("multiple starred names in sequence pattern", s.range);
        }
        let star = s.patterns.iter().position(Pattern::is_match_star);
        let n = s.patterns.len();
        self.at(s.range);
        self.test_kind(Op::MatchSequence, subject, fail)?;
        let needed = n - stars;
        if star.is_none() || needed > 0 {
            self.length(subject, needed, star.is_none(), fail)?;
        }
        let wild = |p: &Pattern| match p {
            Pattern::MatchStar(s) => s.name.is_none(),
            p => is_wildcard(p),
        };
        if s.patterns.iter().all(wild) {
            return Ok(());
        }
        let unnamed = star.filter(|&i| wild(&s.patterns[i]));
        if let Some(i) = unnamed {
            return self.sequence_items(s, i, subject, fail, captures);
        }
        let window = self.unpack_into(n, star, subject, s.range)?;
        for (i, p) in s.patterns.iter().enumerate() {
            let r = window + i as u8;
            match p {
                Pattern::MatchStar(s) => {
                    if let Some(name) = &s.name {
                        self.capture(name, r, captures, s.range)?;
                    }
                }
                p => self.pattern(p, r, fail, captures)?,
            }
        }
        Ok(())
    }

    /// A sequence whose star is not wanted: items are fetched one by one.
    fn sequence_items(
        &mut self,
        s: &'a ast::PatternMatchSequence,
        star: usize,
        subject: Reg,
        fail: Label,
        captures: &mut Captures<'a>,
    ) -> Res<()> {
        let n = s.patterns.len();
        for (i, p) in s.patterns.iter().enumerate() {
            if i == star || is_wildcard(p) {
                continue;
            }
            let item = self.temp()?;
            self.at(s.range);
            let mark = self.mark();
            let key = self.temp()?;
            if i < star {
                self.load_const(Const::Int(i as i64), Some(key))?;
            } else {
                self.emit(Op::GetLen, key, subject, 0);
                let back = self.load_const(Const::Int((n - i) as i64), None)?;
                self.emit(Op::Sub, key, key, back);
            }
            self.emit(Op::GetItem, item, subject, key);
            self.release(mark);
            self.pattern(p, item, fail, captures)?;
        }
        Ok(())
    }

    fn mapping_pattern(
        &mut self,
        m: &'a ast::PatternMatchMapping,
        subject: Reg,
        fail: Label,
        captures: &mut Captures<'a>,
    ) -> Res<()> {
        self.at(m.range);
        self.test_kind(Op::MatchMapping, subject, fail)?;
        let n = m.keys.len();
        let keys = self.temp()?;
        if n > 0 {
            self.length(subject, n, false, fail)?;
            self.mapping_keys(m, keys)?;
            let values = self.temp()?;
            self.at(m.range);
            self.emit(Op::MatchKeys, values, subject, keys);
            self.emit_jump(Op::JumpIfNone, values, 0, 0, fail);
            let window = self.unpack_into(n, None, values, m.range)?;
            for (i, p) in m.patterns.iter().enumerate() {
                self.pattern(p, window + i as u8, fail, captures)?;
            }
        }
        let Some(rest) = &m.rest else { return Ok(()) };
        let copy = self.temp()?;
        self.at(m.range);
        self.emit(Op::BuildMap, copy, 0, 0);
        self.emit(Op::DictUpdate, copy, subject, 0);
        if n > 0 {
            let mark = self.mark();
            let window = self.unpack_into(n, None, keys, m.range)?;
            for i in 0..n {
                self.emit(Op::DelItem, copy, window + i as u8, 0);
            }
            self.release(mark);
        }
        self.capture(rest, copy, captures, m.range)
    }

    fn mapping_keys(&mut self, m: &'a ast::PatternMatchMapping, keys: Reg) -> Res<()> {
        let mut seen: Vec<Const> = Vec::new();
        for key in &m.keys {
            if let Some(c) = self.fold(key) {
                if seen.iter().any(|s| fold::equal(s, &c)) {
                    let text = fold::repr(&c).unwrap_or_else(|| self.source.slice(key.range()).to_string());
                    return self.syntax(format!("mapping pattern checks duplicate key ({text})"), m.range);
                }
                seen.push(c);
            } else if !key.is_attribute_expr() {
                return self.syntax("mapping pattern keys may only match literals and attribute lookups", m.range);
            }
        }
        if seen.len() == m.keys.len() {
            self.load_const(Const::Tuple(seen), Some(keys))?;
            return Ok(());
        }
        self.emit(Op::BuildList, keys, 0, 0);
        self.append_elements(&m.keys, keys, false)?;
        self.emit(Op::ListToTuple, keys, keys, 0);
        Ok(())
    }

    fn class_pattern(
        &mut self,
        c: &'a ast::PatternMatchClass,
        subject: Reg,
        fail: Label,
        captures: &mut Captures<'a>,
    ) -> Res<()> {
        let (positional, keywords) = (&c.arguments.patterns, &c.arguments.keywords);
        let mut seen = HashSet::new();
        for k in keywords {
            self.check_assignable(&k.attr.id, k.pattern.range())?;
            if !seen.insert(&k.attr.id) {
                let message = format!("attribute name repeated in class pattern: {}", k.attr.id);
                return self.syntax(message, k.pattern.range());
            }
        }
        let attributes = self.temp()?;
        let mark = self.mark();
        let window = self.temps(3)?;
        self.move_to(window, subject);
        self.expr(&c.cls, Some(window + 1))?;
        let names = keywords.iter().map(|k| Const::Str(k.attr.id.as_bytes().to_vec())).collect();
        self.at(c.range);
        self.load_const(Const::Tuple(names), Some(window + 2))?;
        self.emit(Op::MatchClass, attributes, window, positional.len() as u8);
        self.release(mark);
        self.emit_jump(Op::JumpIfNone, attributes, 0, 0, fail);
        let n = positional.len() + keywords.len();
        let items = self.unpack_into(n, None, attributes, c.range)?;
        for (i, p) in positional.iter().chain(keywords.iter().map(|k| &k.pattern)).enumerate() {
            self.pattern(p, items + i as u8, fail, captures)?;
        }
        Ok(())
    }

    fn or_pattern(
        &mut self,
        o: &'a ast::PatternMatchOr,
        subject: Reg,
        fail: Label,
        captures: &mut Captures<'a>,
    ) -> Res<()> {
        let mut agreed: Option<Captures<'a>> = None;
        let done = self.label();
        let names = binding_count(&o.patterns[0]);
        let registers = self.temps(names)?;
        for alternative in &o.patterns {
            let mark = self.mark();
            let next = self.label();
            let mut own = Captures::new();
            self.pattern(alternative, subject, next, &mut own)?;
            self.merge(&mut agreed, &own, registers, o.range)?;
            self.release(mark);
            self.jump(done);
            self.bind(next);
        }
        self.jump(fail);
        self.bind(done);
        for (name, r) in agreed.unwrap_or_default() {
            self.capture(name, r, captures, o.range)?;
        }
        Ok(())
    }

    /// Moves an alternative's captures to the registers agreed on.
    fn merge(&mut self, agreed: &mut Option<Captures<'a>>, own: &Captures<'a>, first: Reg, at: TextRange) -> Res<()> {
        let agreed = agreed.get_or_insert_with(|| {
            own.iter().enumerate().map(|(i, (name, _))| (*name, first.wrapping_add(i as u8))).collect()
        });
        let names = |c: &Captures<'a>| c.iter().map(|(n, _)| n.id.clone()).collect::<HashSet<Name>>();
        if names(agreed) != names(own) {
            return self.syntax("alternative patterns bind different names", at);
        }
        for (name, r) in own {
            if let Some((_, to)) = agreed.iter().find(|(n, _)| n.id == name.id) {
                self.move_to(*to, *r);
            }
        }
        Ok(())
    }
}

/// `_`: ruff's own test takes names for wildcards, too.
fn is_wildcard(p: &Pattern) -> bool {
    matches!(p, Pattern::MatchAs(ast::PatternMatchAs { pattern: None, name: None, .. }))
}

/// How many names a pattern binds at most.
fn binding_count(p: &Pattern) -> usize {
    match p {
        Pattern::MatchAs(a) => a.pattern.as_deref().map_or(0, binding_count) + a.name.is_some() as usize,
        Pattern::MatchStar(s) => s.name.is_some() as usize,
        Pattern::MatchSequence(s) => s.patterns.iter().map(binding_count).sum(),
        Pattern::MatchMapping(m) => m.patterns.iter().map(binding_count).sum::<usize>() + m.rest.is_some() as usize,
        Pattern::MatchClass(c) => {
            let keywords = c.arguments.keywords.iter().map(|k| binding_count(&k.pattern));
            c.arguments.patterns.iter().map(binding_count).chain(keywords).sum()
        }
        Pattern::MatchOr(o) => o.patterns.first().map_or(0, binding_count),
        _ => 0,
    }
}
