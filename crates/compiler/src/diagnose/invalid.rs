//! Expressions as they are often written wrongly, and what to say about them.

use super::lexer::Kind;
use super::node::{Node, Shape, Targets};
use super::parser::{Miss, P, Parser, alt};

const SOFT_KEYWORDS: &[&str] = &["_", "case", "match", "type"];

impl Parser<'_> {
    fn is_legacy(&self, name: &Node) -> bool {
        let text = self.text.text.get(name.start()..name.end());
        name.shape() == Shape::Name && matches!(text, Some("print" | "exec"))
    }

    pub(super) fn invalid_legacy_expression(&mut self) -> P<Node> {
        let name = self.name()?;
        self.not(|p| p.word("("))?;
        let rest = self.star_expressions()?;
        if !self.is_legacy(&name) {
            return Err(Miss::No);
        }
        let text = &self.text.text[name.start()..name.end()];
        let message = format!("Missing parentheses in call to '{text}'. Did you mean {text}(...)?");
        Err(self.raise(name.start(), rest.end(), message))
    }

    pub(super) fn invalid_expression(&mut self) -> P<Node> {
        self.opt(Self::string_in_string)?;
        self.opt(Self::missing_comma)?;
        let condition = self.opt(|p| {
            let a = p.disjunction()?;
            p.word("if")?;
            Ok((a, p.disjunction()?))
        })?;
        if let Some((a, b)) = condition {
            if self.opt(|p| p.not(|p| p.any(&["else", ":"])))?.is_some() {
                return Err(self.raise(a.start(), b.end(), "expected 'else' after 'if' expression"));
            }
            let no_value = self.opt(|p| {
                p.word("else")?;
                p.not(Self::expression)
            })?;
            if no_value.is_some() {
                return Err(self.raise_next("expected expression after 'else', but statement is given"));
            }
        }
        Err(Miss::No)
    }

    /// Wrong expressions that begin with a keyword.
    pub(super) fn invalid_expression_word(&mut self) -> P<Node> {
        let statement = self.opt(|p| {
            let word = p.any(&["pass", "break", "continue"])?;
            p.word("if")?;
            p.disjunction()?;
            p.word("else")?;
            p.simple_stmt()?;
            Ok(word)
        })?;
        if let Some(word) = statement {
            return Err(self.raise_token(word, "expected expression before 'if', but statement is given"));
        }
        let start = self.word("lambda")?.start;
        self.opt(|p| p.params(true))?;
        let colon = self.word(":")?;
        let letter = match self.token()?.kind {
            Kind::FMiddle => 'f',
            Kind::TMiddle => 't',
            _ => return Err(Miss::No),
        };
        let message = format!("{letter}-string: lambda expressions are not allowed without parentheses");
        Err(self.raise(start, colon.end, message))
    }

    fn string_in_string(&mut self) -> P<Node> {
        self.kind(Kind::Str)?;
        let parts = self.many1(|p| {
            p.not(|p| p.kind(Kind::Str))?;
            p.expression_without_invalid()
        })?;
        self.kind(Kind::Str)?;
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return Err(Miss::No) };
        let message = "invalid syntax. Is this intended to be part of the string?";
        Err(self.raise(first.start(), last.end(), message))
    }

    fn missing_comma(&mut self) -> P<Node> {
        self.not(|p| {
            p.name()?;
            p.kind(Kind::Str)
        })?;
        self.not(|p| {
            let t = p.kind(Kind::Name)?;
            if SOFT_KEYWORDS.contains(&p.slice(t)) { Ok(()) } else { Err(Miss::No) }
        })?;
        let a = self.disjunction()?;
        let b = self.expression_without_invalid()?;
        if self.is_legacy(&a) || self.level() == 0 {
            return Err(Miss::No);
        }
        Err(self.raise(a.start(), b.end(), "invalid syntax. Perhaps you forgot a comma?"))
    }

    pub(super) fn invalid_named_expression(&mut self) -> P<Node> {
        let walrus = self.opt(|p| {
            let a = p.expression()?;
            p.word(":=")?;
            p.expression()?;
            Ok(a)
        })?;
        if let Some(a) = walrus {
            let message = format!("cannot use assignment expressions with {}", a.name());
            return Err(self.raise_node(&a, message));
        }
        let name = self.opt(|p| {
            let a = p.name()?;
            p.word("=")?;
            let b = p.bitwise_or()?;
            p.not(|p| p.any(&["=", ":="]))?;
            Ok((a, b))
        })?;
        if let Some((a, b)) = name {
            let message = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
            return Err(self.raise(a.start(), b.end(), message));
        }
        self.not(|p| {
            alt!(
                p,
                |p: &mut Self| p.list().map(|_| ()),
                |p: &mut Self| p.tuple().map(|_| ()),
                |p: &mut Self| p.generator().map(|_| ()),
                |p: &mut Self| p.any(&["True", "None", "False"]).map(|_| ()),
            )
        })?;
        let a = self.bitwise_or()?;
        self.word("=")?;
        self.bitwise_or()?;
        self.not(|p| p.any(&["=", ":="]))?;
        let message = format!("cannot assign to {} here. Maybe you meant '==' instead of '='?", a.name());
        Err(self.raise_node(&a, message))
    }

    pub(super) fn invalid_group(&mut self) -> P<Node> {
        self.word("(")?;
        let at = self.pos;
        let starred = self.opt(|p| {
            let e = p.starred_expression()?;
            p.word(")")?;
            Ok(e)
        })?;
        if let Some(e) = starred {
            return Err(self.raise_node(&e, "cannot use starred expression here"));
        }
        self.pos = at;
        let star = self.word("**")?;
        self.expression()?;
        self.word(")")?;
        Err(self.raise_token(star, "cannot use double starred expression here"))
    }

    pub(super) fn invalid_arithmetic(&mut self) -> P<Node> {
        self.sum()?;
        self.any(&["+", "-", "*", "/", "%", "//", "@"])?;
        let not = self.word("not")?;
        let b = self.inversion()?;
        Err(self.raise(not.start, b.end(), "'not' after an operator must be parenthesized"))
    }

    pub(super) fn invalid_factor(&mut self) -> P<Node> {
        self.any(&["+", "-", "~"])?;
        let not = self.word("not")?;
        let b = self.factor()?;
        Err(self.raise(not.start, b.end(), "'not' after an operator must be parenthesized"))
    }

    pub(super) fn invalid_comprehension(&mut self) -> P<Node> {
        let at = self.pos;
        let starred = self.opt(|p| {
            p.any(&["[", "(", "{"])?;
            let a = p.starred_expression()?;
            p.for_if_clauses()?;
            Ok(a)
        })?;
        if let Some(a) = starred {
            return Err(self.raise_node(&a, "iterable unpacking cannot be used in comprehension"));
        }
        let message = "did you forget parentheses around the comprehension target?";
        let several = self.opt(|p| {
            p.any(&["[", "{"])?;
            let a = p.star_named_expression()?;
            p.word(",")?;
            let b = p.star_named_expressions()?;
            p.for_if_clauses()?;
            Ok((a, b.last().map_or(0, |b| b.end())))
        })?;
        if let Some((a, end)) = several {
            return Err(self.raise(a.start(), end, message));
        }
        self.pos = at;
        self.any(&["[", "{"])?;
        let a = self.star_named_expression()?;
        let comma = self.word(",")?;
        self.for_if_clauses()?;
        Err(self.raise(a.start(), comma.end, message))
    }

    pub(super) fn invalid_for_if_clause(&mut self) -> P<Node> {
        self.opt(|p| p.word("async"))?;
        self.word("for")?;
        self.bitwise_or()?;
        self.many(|p| {
            p.word(",")?;
            p.bitwise_or()
        })?;
        self.opt(|p| p.word(","))?;
        self.not(|p| p.word("in"))?;
        Err(self.raise_last("'in' expected after for-loop variables"))
    }

    pub(super) fn invalid_for_target(&mut self) -> P<Node> {
        self.opt(|p| p.word("async"))?;
        self.word("for")?;
        let a = self.star_expressions()?;
        self.wrong_target(&a, Targets::For)
    }

    /// Raises if there is something in the expression that is no target.
    pub(super) fn wrong_target(&mut self, e: &Node, kind: Targets) -> P<Node> {
        let Some(wrong) = e.invalid_target(kind) else { return Err(Miss::No) };
        let verb = if kind == Targets::Del { "delete" } else { "assign to" };
        let message = format!("cannot {verb} {}", wrong.name());
        Err(self.raise_node(&wrong, message))
    }

    pub(super) fn invalid_double_starred_pairs(&mut self) -> P<()> {
        let at = self.pos;
        self.opt(|p| {
            p.gather(",", Self::double_starred_pair)?;
            p.word(",")?;
            p.invalid_pair()
        })?;
        self.pos = at;
        self.invalid_pair_value()
    }

    pub(super) fn invalid_pair(&mut self) -> P<()> {
        let at = self.pos;
        let no_colon = self.opt(|p| {
            let a = p.expression()?;
            p.not(|p| p.word(":"))?;
            Ok(a)
        })?;
        if let Some(a) = no_colon {
            return Err(self.no_colon(&a));
        }
        self.pos = at;
        self.invalid_pair_value()
    }

    /// A key without a value behind right pairs.
    pub(super) fn missing_colon(&mut self) -> P<()> {
        self.gather(",", Self::double_starred_pair)?;
        self.word(",")?;
        let a = self.expression()?;
        self.not(|p| p.word(":"))?;
        Err(self.no_colon(&a))
    }

    fn no_colon(&mut self, key: &Node) -> Miss {
        let (line, end_line) = (self.text.line(key.start()), self.text.line(key.end() - 1));
        let col = self.text.chars(end_line, key.end());
        let message = "':' expected after dictionary key".to_string();
        self.raise_at(crate::ErrorKind::Syntax, message, [line as i32, col, end_line as i32, 0])
    }

    pub(super) fn invalid_pair_value(&mut self) -> P<()> {
        self.expression()?;
        let colon = self.word(":")?;
        let star = self.opt(|p| {
            let star = p.word("*")?;
            p.bitwise_or()?;
            Ok(star)
        })?;
        if let Some(star) = star {
            return Err(self.raise_from(star.start, "cannot use a starred expression in a dictionary value"));
        }
        self.ahead(|p| p.any(&["}", ","]))?;
        Err(self.raise_token(colon, "expression expected after dictionary key and ':'"))
    }

    pub(super) fn invalid_keyword(&mut self) -> P<Node> {
        let constant = self.opt(|p| {
            let a = p.any(&["True", "False", "None"])?;
            Ok((a, p.word("=")?))
        })?;
        if let Some((a, b)) = constant {
            let message = format!("cannot assign to {}", self.slice(a));
            return Err(self.raise(a.start, b.end, message));
        }
        self.opt(Self::keyword_comprehension)?;
        let expression = self.opt(|p| {
            p.not(|p| {
                p.name()?;
                p.word("=")
            })?;
            let a = p.expression()?;
            Ok((a, p.word("=")?))
        })?;
        if let Some((a, b)) = expression {
            let message = "expression cannot contain assignment, perhaps you meant \"==\"?";
            return Err(self.raise(a.start(), b.end, message));
        }
        let stars = self.word("**")?;
        self.expression()?;
        self.word("=")?;
        let b = self.expression()?;
        Err(self.raise(stars.start, b.end(), "cannot assign to keyword argument unpacking"))
    }

    /// `name = x for ...`.
    fn keyword_comprehension(&mut self) -> P<Node> {
        let a = self.name()?;
        let b = self.word("=")?;
        self.expression()?;
        self.for_if_clauses()?;
        Err(self.raise(a.start(), b.end, "invalid syntax. Maybe you meant '==' or ':=' instead of '='?"))
    }

    pub(super) fn invalid_arguments(&mut self) -> P<Node> {
        const GENERATOR: &str = "Generator expression must be parenthesized";
        let unpacking = self.opt(|p| {
            let positional = p.opt(|p| {
                p.gather(",", Self::positional)?;
                p.word(",")?;
                p.kwargs()
            })?;
            if positional.is_none() {
                p.kwargs()?;
            }
            let comma = p.word(",")?;
            p.gather(",", |p| {
                p.starred_expression()?;
                p.not(|p| p.word("="))
            })?;
            Ok(comma)
        })?;
        if let Some(comma) = unpacking {
            let message = "iterable argument unpacking follows keyword argument unpacking";
            return Err(self.raise_from(comma.start, message));
        }
        let bare = self.opt(|p| {
            let a = p.expression()?;
            let b = p.for_if_clauses()?;
            p.word(",")?;
            p.opt(|p| {
                if p.opt(Self::args)?.is_none() {
                    p.expression()?;
                    p.for_if_clauses()?;
                }
                Ok(())
            })?;
            Ok((a, b))
        })?;
        if let Some((a, b)) = bare {
            return Err(self.raise(a.start(), b.end(), GENERATOR));
        }
        self.opt(Self::keyword_comprehension)?;
        let no_value = self.opt(|p| {
            p.opt(|p| {
                p.args()?;
                p.word(",")
            })?;
            let a = p.name()?;
            let b = p.word("=")?;
            p.ahead(|p| p.any(&[",", ")"]))?;
            Ok((a, b))
        })?;
        if let Some((a, b)) = no_value {
            return Err(self.raise(a.start(), b.end, "expected argument value expression"));
        }
        self.invalid_argument_order(GENERATOR)
    }

    pub(super) fn invalid_argument_order(&mut self, generator: &str) -> P<Node> {
        let at = self.pos;
        let last = self.opt(|p| {
            let a = p.args()?;
            Ok((a, p.for_if_clauses()?))
        })?;
        if let Some((a, b)) = last
            && a.parts().len() > 1
            && let Some(last) = a.parts().last()
        {
            return Err(self.raise(last.start(), b.end(), generator));
        }
        self.pos = at;
        let args = self.args()?;
        self.word(",")?;
        let bare = self.opt(|p| {
            let a = p.expression()?;
            Ok((a, p.for_if_clauses()?))
        })?;
        if let Some((a, b)) = bare {
            return Err(self.raise(a.start(), b.end(), generator));
        }
        self.args()?;
        Err(self.raise_last(match args.shape() {
            Shape::Other(true) => "positional argument follows keyword argument unpacking",
            _ => "positional argument follows keyword argument",
        }))
    }
}
