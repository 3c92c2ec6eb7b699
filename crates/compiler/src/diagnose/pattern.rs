//! `match` statements and their patterns.

use super::lexer::Kind;
use super::node::{Node, Shape};
use super::parser::{Miss, P, Parser, Rule, alt};
use crate::errors::Failure;
use ruff_text_size::{TextRange, TextSize};

impl Parser<'_> {
    pub fn match_stmt(&mut self) -> P<()> {
        let plain = self.opt(|p| {
            p.soft("match")?;
            p.subject()?;
            p.word(":")?;
            p.kind(Kind::Newline)?;
            p.kind(Kind::Indent)?;
            p.many1(Self::case_block)?;
            p.kind(Kind::Dedent)
        })?;
        match plain {
            Some(_) => Ok(()),
            None if self.invalid => {
                let word = self.soft("match")?;
                self.subject()?;
                if self.opt(|p| p.kind(Kind::Newline))?.is_some() {
                    return Err(self.raise_last("expected ':'"));
                }
                self.word(":")?;
                self.expect_indent("'match' statement", word)
            }
            None => Err(Miss::No),
        }
    }

    fn subject(&mut self) -> P<()> {
        alt!(
            self,
            |p: &mut Self| {
                p.star_named_expression()?;
                p.word(",")?;
                p.opt(Self::star_named_expressions)?;
                Ok(())
            },
            |p: &mut Self| p.named_expression().map(|_| ())
        )
    }

    fn case_head(&mut self) -> P<()> {
        self.patterns()?;
        self.opt(|p| {
            p.word("if")?;
            p.named_expression()
        })?;
        Ok(())
    }

    fn case_block(&mut self) -> P<()> {
        if self.invalid {
            self.opt(|p| {
                let word = p.soft("case")?;
                p.case_head()?;
                if p.opt(|p| p.kind(Kind::Newline))?.is_some() {
                    return Err(p.raise_last("expected ':'"));
                }
                p.word(":")?;
                p.expect_indent("'case' statement", word)
            })?;
        }
        self.soft("case")?;
        self.case_head()?;
        self.word(":")?;
        self.block()
    }

    fn patterns(&mut self) -> P<()> {
        alt!(self, |p: &mut Self| p.open_sequence(), |p: &mut Self| p.pattern().map(|_| ()))
    }

    fn pattern(&mut self) -> P<Node> {
        alt!(self, |p: &mut Self| p.as_pattern(), |p: &mut Self| p.or_pattern())
    }

    fn as_pattern(&mut self) -> P<Node> {
        let first = self.or_pattern()?;
        self.word("as")?;
        let at = self.pos;
        if self.opt(Self::capture_target)?.is_some() {
            return Ok(Node::new(Shape::Other(false), first.start(), self.end()));
        }
        self.pos = at;
        if !self.invalid {
            return Err(Miss::No);
        }
        if let Some(t) = self.opt(|p| p.soft("_"))? {
            return Err(self.raise_token(t, "cannot use '_' as a target"));
        }
        let e = self.expression()?;
        Err(self.raise_node(&e, format!("cannot use {} as pattern target", e.name())))
    }

    fn or_pattern(&mut self) -> P<Node> {
        let all = self.gather("|", Self::closed_pattern)?;
        let start = all.first().map_or(0, Node::start);
        Ok(Node::new(Shape::Other(false), start, self.end()))
    }

    fn closed_pattern(&mut self) -> P<Node> {
        self.memo(Rule::ClosedPattern, |p| {
            let start = p.token()?.start;
            p.any_closed_pattern()?;
            Ok(Node::new(Shape::Other(false), start, p.end()))
        })
    }

    fn any_closed_pattern(&mut self) -> P<()> {
        alt!(
            self,
            |p: &mut Self| p.literal(),
            |p: &mut Self| p.capture_target(),
            |p: &mut Self| p.soft("_").map(|_| ()),
            |p: &mut Self| {
                p.attr()?;
                p.not(|p| p.any(&[".", "(", "="]))
            },
            |p: &mut Self| {
                p.word("(")?;
                p.pattern()?;
                p.word(")")?;
                Ok(())
            },
            |p: &mut Self| p.sequence(),
            |p: &mut Self| p.mapping(),
            |p: &mut Self| p.class_pattern(),
        )
    }

    fn literal(&mut self) -> P<()> {
        alt!(
            self,
            |p: &mut Self| {
                p.opt(|p| p.word("-"))?;
                p.kind(Kind::Number)?;
                p.not(|p| p.any(&["+", "-"]))
            },
            |p: &mut Self| p.complex(),
            |p: &mut Self| p.strings().map(|_| ()),
            |p: &mut Self| p.any(&["None", "True", "False"]).map(|_| ()),
        )
    }

    fn complex(&mut self) -> P<()> {
        self.opt(|p| p.word("-"))?;
        let real = self.kind(Kind::Number)?;
        let imaginary = |p: &Self, t| p.slice(t).ends_with(['j', 'J']);
        if imaginary(self, real) {
            return Err(self.raise_token(real, "real number required in complex literal"));
        }
        self.any(&["+", "-"])?;
        let second = self.kind(Kind::Number)?;
        if !imaginary(self, second) {
            return Err(self.raise_token(second, "imaginary number required in complex literal"));
        }
        Ok(())
    }

    fn capture_target(&mut self) -> P<()> {
        self.not(|p| p.soft("_"))?;
        self.name()?;
        self.not(|p| p.any(&[".", "(", "="]))
    }

    /// A dotted name with at least one dot.
    fn attr(&mut self) -> P<()> {
        self.memo(Rule::Attr, |p| {
            let first = p.name()?;
            p.many1(|p| {
                p.word(".")?;
                p.name()
            })?;
            Ok(Node::new(Shape::Attribute, first.start(), p.end()))
        })?;
        Ok(())
    }

    fn name_or_attr(&mut self) -> P<()> {
        alt!(self, |p: &mut Self| p.attr(), |p: &mut Self| p.name().map(|_| ()))
    }

    fn sequence(&mut self) -> P<()> {
        alt!(
            self,
            |p: &mut Self| {
                p.word("[")?;
                p.opt(Self::maybe_sequence)?;
                p.word("]")?;
                Ok(())
            },
            |p: &mut Self| {
                p.word("(")?;
                p.opt(Self::open_sequence)?;
                p.word(")")?;
                Ok(())
            },
        )
    }

    fn open_sequence(&mut self) -> P<()> {
        self.maybe_star()?;
        self.word(",")?;
        self.opt(Self::maybe_sequence)?;
        Ok(())
    }

    fn maybe_sequence(&mut self) -> P<()> {
        self.gather(",", Self::maybe_star)?;
        self.opt(|p| p.word(","))?;
        Ok(())
    }

    fn maybe_star(&mut self) -> P<()> {
        alt!(self, |p: &mut Self| p.star_pattern(), |p: &mut Self| p.pattern().map(|_| ()))
    }

    fn star_pattern(&mut self) -> P<()> {
        self.memo(Rule::StarPattern, |p| {
            let star = p.word("*")?;
            alt_star(p)?;
            Ok(Node::new(Shape::Other(false), star.start, p.end()))
        })?;
        Ok(())
    }

    fn mapping(&mut self) -> P<()> {
        let start = self.word("{")?.start;
        if self.opt(|p| p.word("}"))?.is_some() {
            return Ok(());
        }
        let rest_only = self.opt(|p| {
            p.double_star()?;
            p.opt(|p| p.word(","))?;
            p.word("}")
        })?;
        if rest_only.is_some() {
            return Ok(());
        }
        let formatted = self.gather(",", Self::key_value)?;
        self.opt(|p| {
            p.word(",")?;
            p.double_star()
        })?;
        self.opt(|p| p.word(","))?;
        let end = self.word("}")?.end;
        if formatted.contains(&true) {
            let message = "mapping pattern keys may only match literals and attribute lookups";
            let range = TextRange::new(TextSize::new(start as u32), TextSize::new(end as u32));
            self.late.get_or_insert_with(|| Failure::syntax(message, range));
        }
        Ok(())
    }

    fn double_star(&mut self) -> P<()> {
        self.word("**")?;
        self.capture_target()
    }

    /// An item of a mapping; is its key a formatted string?
    fn key_value(&mut self) -> P<bool> {
        let formatted = self.opt(|p| p.ahead(|p| p.kind(Kind::FStart)))?.is_some();
        let literal = self.opt(Self::literal)?;
        if literal.is_none() {
            self.attr()?;
        }
        self.word(":")?;
        self.pattern()?;
        Ok(formatted)
    }

    fn keyword_pattern(&mut self) -> P<()> {
        self.name()?;
        self.word("=")?;
        self.pattern()?;
        Ok(())
    }

    fn class_pattern(&mut self) -> P<()> {
        self.name_or_attr()?;
        self.word("(")?;
        let at = self.pos;
        let plain = self.opt(|p| {
            if p.opt(|p| p.word(")"))?.is_some() {
                return Ok(());
            }
            let positional = p.opt(|p| p.gather(",", Self::pattern))?.is_some();
            if !positional {
                p.gather(",", Self::keyword_pattern)?;
            } else {
                p.opt(|p| {
                    p.word(",")?;
                    p.gather(",", Self::keyword_pattern)
                })?;
            }
            p.opt(|p| p.word(","))?;
            p.word(")")?;
            Ok(())
        })?;
        if plain.is_some() {
            return Ok(());
        }
        self.pos = at;
        if !self.invalid {
            return Err(Miss::No);
        }
        self.opt(|p| {
            p.gather(",", Self::pattern)?;
            p.word(",")
        })?;
        self.gather(",", Self::keyword_pattern)?;
        self.word(",")?;
        let wrong = self.gather(",", Self::pattern)?;
        let (Some(first), Some(last)) = (wrong.first(), wrong.last()) else { return Err(Miss::No) };
        Err(self.raise(first.start(), last.end(), "positional patterns follow keyword patterns"))
    }
}

/// What a star may stand before: a name to bind, or `_`.
fn alt_star(p: &mut Parser<'_>) -> P<()> {
    alt!(p, |p: &mut Parser<'_>| p.capture_target(), |p: &mut Parser<'_>| p.soft("_").map(|_| ()))
}
