//! Finding expressions by their place in a tree that has errors, and CPython's names for kinds of expressions.

use super::messages::Context;
use crate::errors::Failure;
use ruff_python_ast::token::TokenKind;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, Mod, Stmt};
use ruff_text_size::{Ranged, TextRange, TextSize};

pub(super) fn name(e: &Expr) -> &'static str {
    match e {
        Expr::Attribute(_) => "attribute",
        Expr::Subscript(_) => "subscript",
        Expr::Starred(_) => "starred",
        Expr::Name(_) => "name",
        Expr::List(_) => "list",
        Expr::Tuple(_) => "tuple",
        Expr::Lambda(_) => "lambda",
        Expr::Call(_) => "function call",
        Expr::BoolOp(_) | Expr::BinOp(_) | Expr::UnaryOp(_) => "expression",
        Expr::Generator(_) => "generator expression",
        Expr::Yield(_) | Expr::YieldFrom(_) => "yield expression",
        Expr::Await(_) => "await expression",
        Expr::ListComp(_) => "list comprehension",
        Expr::SetComp(_) => "set comprehension",
        Expr::DictComp(_) => "dict comprehension",
        Expr::Dict(_) => "dict literal",
        Expr::Set(_) => "set display",
        Expr::FString(_) => "f-string expression",
        Expr::TString(_) => "t-string expression",
        Expr::NoneLiteral(_) => "None",
        Expr::BooleanLiteral(b) if b.value => "True",
        Expr::BooleanLiteral(_) => "False",
        Expr::EllipsisLiteral(_) => "ellipsis",
        Expr::Compare(_) => "comparison",
        Expr::If(_) => "conditional expression",
        Expr::Named(_) => "named expression",
        _ => "literal",
    }
}

/// Looks through all expressions.
struct Search<'a, F: FnMut(&'a Expr)> {
    f: F,
    lifetime: std::marker::PhantomData<&'a ()>,
}

impl<'a, F: FnMut(&'a Expr)> Visitor<'a> for Search<'a, F> {
    fn visit_expr(&mut self, e: &'a Expr) {
        (self.f)(e);
        stacker::maybe_grow(256 * 1024, 8 << 20, || visitor::walk_expr(self, e));
    }
}

fn search<'a>(cx: &Context<'a>, f: impl FnMut(&'a Expr)) {
    let mut s = Search { f, lifetime: std::marker::PhantomData };
    match cx.parsed.syntax() {
        Mod::Module(m) => s.visit_body(&m.body),
        Mod::Expression(e) => s.visit_expr(&e.body),
    }
}

/// The kind of the expression at exactly this range.
pub(super) fn name_at(cx: &Context<'_>, range: TextRange) -> Option<&'static str> {
    expr_at(cx, range).map(name)
}

fn expr_at<'a>(cx: &Context<'a>, range: TextRange) -> Option<&'a Expr> {
    let mut found = None;
    search(cx, |e| {
        if e.range() == range {
            found.get_or_insert(e);
        }
    });
    found
}

/// Not looser than `or`: what may stand on either side of an operator.
fn is_tight(e: &Expr) -> bool {
    !matches!(
        e,
        Expr::Lambda(_) | Expr::If(_) | Expr::Named(_) | Expr::Starred(_) | Expr::Yield(_) | Expr::YieldFrom(_)
    ) && !matches!(e, Expr::Tuple(t) if !t.parenthesized)
        && !matches!(e, Expr::Generator(g) if !g.parenthesized)
}

/// The largest expression that ends just before `at` (blanks may be between).
pub(super) fn ending_before<'a>(cx: &Context<'a>, at: TextSize) -> Option<&'a Expr> {
    let text = cx.source.text.get(..at.to_usize())?;
    let end = TextSize::new(text.trim_end().len() as u32);
    let mut found: Option<&Expr> = None;
    search(cx, |e| {
        let longer = found.is_none_or(|f| f.range().start() > e.range().start());
        if e.range().end() == end && is_tight(e) && !e.range().is_empty() && longer {
            found = Some(e);
        }
    });
    found
}

/// The largest expression that starts at `at`.
pub(super) fn starting_at<'a>(cx: &Context<'a>, at: TextSize) -> Option<&'a Expr> {
    let mut found: Option<&Expr> = None;
    search(cx, |e| {
        let longer = found.is_none_or(|f| f.range().end() < e.range().end());
        let tuple = matches!(e, Expr::Tuple(t) if !t.parenthesized);
        if e.range().start() == at && !tuple && !e.range().is_empty() && longer {
            found = Some(e);
        }
    });
    found
}

/// The statement that holds the range.
fn statement(body: &[Stmt], range: TextRange) -> Option<&Stmt> {
    struct Find<'a> {
        range: TextRange,
        found: Option<&'a Stmt>,
    }
    impl<'a> Visitor<'a> for Find<'a> {
        fn visit_stmt(&mut self, s: &'a Stmt) {
            if s.range().contains_range(self.range) {
                self.found = Some(s);
                visitor::walk_stmt(self, s);
            }
        }
        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut find = Find { range, found: None };
    find.visit_body(body);
    find.found
}

/// An assignment to something that is no target.
pub(super) fn assignment(cx: &Context<'_>) -> Box<Failure> {
    let range = cx.error.location;
    let Some(e) = expr_at(cx, range) else { return Failure::syntax("cannot assign to expression", range) };
    let what = name(e);
    let Mod::Module(m) = cx.parsed.syntax() else { return Failure::syntax("invalid syntax", range) };
    if let Some(Stmt::Assign(a)) = statement(&m.body, range) {
        if let Some(y) = a.targets.iter().find(|t| matches!(t, Expr::Yield(_) | Expr::YieldFrom(_)))
            && !cx.source.text.get(..y.range().start().to_usize()).is_some_and(|t| t.trim_end().ends_with('('))
        {
            return Failure::syntax("assignment to yield expression not possible", y.range());
        }
        let last = a.targets.last().is_some_and(|t| t.range() == range);
        let followed = cx
            .parsed
            .tokens()
            .iter()
            .find(|t| t.start() >= a.value.range().end() && t.kind() != TokenKind::Rpar)
            .is_some_and(|t| matches!(t.kind(), TokenKind::Equal | TokenKind::ColonEqual));
        let simple = matches!(
            e,
            Expr::Tuple(_) | Expr::List(_) | Expr::Generator(_) | Expr::BooleanLiteral(_) | Expr::NoneLiteral(_)
        );
        let loose = matches!(e, Expr::Compare(_) | Expr::BoolOp(_) | Expr::If(_))
            || matches!(e, Expr::UnaryOp(u) if u.op == ruff_python_ast::UnaryOp::Not)
            || matches!(e, Expr::Lambda(_) | Expr::Yield(_) | Expr::YieldFrom(_) | Expr::Named(_));
        let text = cx.source.text.get(..range.start().to_usize()).unwrap_or("");
        let parenthesized = text.trim_end().ends_with('(');
        if last
            && a.targets.len() == 1
            && !followed
            && !simple
            && (!loose || parenthesized)
            && !what.starts_with("yield")
        {
            let message = format!("cannot assign to {what} here. Maybe you meant '==' instead of '='?");
            return Failure::syntax(message, range);
        }
    }
    Failure::syntax(format!("cannot assign to {what}"), range)
}
