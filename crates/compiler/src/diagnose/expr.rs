//! Expressions.

use super::lexer::{Kind, Token};
use super::node::{Node, Shape};
use super::parser::{Miss, P, Parser, Rule, alt};

const RED_ZONE: usize = 256 * 1024;
const STACK: usize = 8 * 1024 * 1024;

impl Parser<'_> {
    // ---- lists of expressions

    /// Elements with commas between them: a tuple unless it is one without a comma.
    fn tuple_of(&mut self, element: impl Fn(&mut Self) -> P<Node>) -> P<Node> {
        let start = self.token()?.start;
        let mut all = vec![element(self)?];
        while let Some(e) = self.opt(|p| {
            p.word(",")?;
            element(p)
        })? {
            all.push(e);
        }
        let comma = self.opt(|p| p.word(","))?.is_some();
        if all.len() == 1 && !comma {
            return Ok(all.swap_remove(0));
        }
        let end = self.end();
        Ok(Node::of(Shape::Tuple, start, end, all))
    }

    pub fn expressions(&mut self) -> P<Node> {
        self.tuple_of(Self::expression)
    }

    pub fn star_expressions(&mut self) -> P<Node> {
        self.tuple_of(Self::star_expression)
    }

    pub fn star_expression(&mut self) -> P<Node> {
        self.memo(Rule::StarExpression, |p| alt!(p, |p: &mut Self| p.starred_bitwise(), |p: &mut Self| p.expression()))
    }

    fn starred_bitwise(&mut self) -> P<Node> {
        let star = self.word("*")?;
        let e = self.bitwise_or()?;
        Ok(Node::of(Shape::Starred, star.start, self.end(), vec![e]))
    }

    pub fn star_named_expression(&mut self) -> P<Node> {
        alt!(self, |p: &mut Self| p.starred_bitwise(), |p: &mut Self| p.named_expression())
    }

    pub fn star_named_expressions(&mut self) -> P<Vec<Node>> {
        let all = self.gather(",", Self::star_named_expression)?;
        self.opt(|p| p.word(","))?;
        Ok(all)
    }

    pub fn yield_expr(&mut self) -> P<Node> {
        let start = self.word("yield")?.start;
        let from = self.opt(|p| {
            p.word("from")?;
            p.expression()
        })?;
        if from.is_none() {
            self.opt(Self::star_expressions)?;
        }
        Ok(Node::new(Shape::Yield, start, self.end()))
    }

    /// What may stand behind `=`, and in the field of a formatted string.
    pub fn annotated_rhs(&mut self) -> P<Node> {
        alt!(self, |p: &mut Self| p.yield_expr(), |p: &mut Self| p.star_expressions())
    }

    // ---- one expression

    pub fn expression(&mut self) -> P<Node> {
        stacker::maybe_grow(RED_ZONE, STACK, || {
            self.memo(Rule::Expression, |p| {
                if p.invalid {
                    p.opt(Self::invalid_expression)?;
                    p.opt(Self::invalid_expression_word)?;
                    p.opt(Self::invalid_legacy_expression)?;
                }
                p.plain_expression()
            })
        })
    }

    fn plain_expression(&mut self) -> P<Node> {
        alt!(self, |p: &mut Self| p.if_expression(), |p: &mut Self| p.disjunction(), |p: &mut Self| p.lambda(),)
    }

    fn if_expression(&mut self) -> P<Node> {
        let start = self.token()?.start;
        self.disjunction()?;
        self.word("if")?;
        self.disjunction()?;
        self.word("else")?;
        self.expression()?;
        Ok(Node::new(Shape::Conditional, start, self.end()))
    }

    pub(super) fn expression_without_invalid(&mut self) -> P<Node> {
        let invalid = std::mem::take(&mut self.invalid);
        let r = self.plain_expression();
        self.invalid = invalid;
        r
    }

    fn lambda(&mut self) -> P<Node> {
        let start = self.word("lambda")?.start;
        self.opt(|p| p.params(true))?;
        self.word(":")?;
        self.expression()?;
        Ok(Node::new(Shape::Lambda, start, self.end()))
    }

    fn assignment_expression(&mut self) -> P<Node> {
        let name = self.name()?;
        self.word(":=")?;
        self.expression()?;
        Ok(Node::new(Shape::Named, name.start(), self.end()))
    }

    pub fn named_expression(&mut self) -> P<Node> {
        if let Some(named) = self.opt(Self::assignment_expression)? {
            return Ok(named);
        }
        if self.invalid {
            self.opt(|p| p.memo(Rule::InvalidNamed, Self::invalid_named_expression))?;
        }
        self.plain_argument()
    }

    /// An expression that is no target of a walrus.
    fn plain_argument(&mut self) -> P<Node> {
        let e = self.expression()?;
        self.not(|p| p.word(":="))?;
        Ok(e)
    }

    // ---- operators

    /// `a word b word c`.
    fn chain(&mut self, word: &str, part: impl Fn(&mut Self) -> P<Node>) -> P<Node> {
        let start = self.token()?.start;
        let mut node = part(self)?;
        while self
            .opt(|p| {
                p.word(word)?;
                part(p)
            })?
            .is_some()
        {
            node = Node::new(Shape::Expression, start, self.end());
        }
        Ok(node)
    }

    pub fn disjunction(&mut self) -> P<Node> {
        self.memo(Rule::Disjunction, |p| p.chain("or", Self::conjunction))
    }

    fn conjunction(&mut self) -> P<Node> {
        self.memo(Rule::Conjunction, |p| p.chain("and", Self::inversion))
    }

    pub(super) fn inversion(&mut self) -> P<Node> {
        self.memo(Rule::Inversion, |p| {
            alt!(
                p,
                |p: &mut Self| {
                    let start = p.word("not")?.start;
                    p.inversion()?;
                    Ok(Node::new(Shape::Expression, start, p.end()))
                },
                |p: &mut Self| p.comparison()
            )
        })
    }

    fn comparison(&mut self) -> P<Node> {
        let start = self.token()?.start;
        let left = self.bitwise_or()?;
        let mut first = None;
        while let Some(op) = self.opt(|p| {
            let op = p.comparison_operator()?;
            p.bitwise_or()?;
            Ok(op)
        })? {
            first.get_or_insert(op);
        }
        Ok(match first {
            Some(shape) => Node::of(shape, start, self.end(), vec![left]),
            None => left,
        })
    }

    fn comparison_operator(&mut self) -> P<Shape> {
        if self.opt(|p| p.word("not"))?.is_some() {
            self.word("in")?;
            return Ok(Shape::Compare);
        }
        if self.opt(|p| p.word("is"))?.is_some() {
            self.opt(|p| p.word("not"))?;
            return Ok(Shape::Compare);
        }
        let t = self.any(&["==", "!=", "<=", "<", ">=", ">", "in"])?;
        self.check_inequality(t)?;
        Ok(if self.slice(t) == "in" { Shape::In } else { Shape::Compare })
    }

    /// `<>` is the inequality under `from __future__ import barry_as_FLUFL`, and only then.
    fn check_inequality(&mut self, t: Token) -> P<()> {
        if self.barry && self.slice(t) == "!=" {
            return Err(self.raise_token(t, "with Barry as BDFL, use '<>' instead of '!='"));
        }
        if self.slice(t) != "<" {
            return Ok(());
        }
        let adjacent = self.opt(|p| p.word(">").and_then(|s| if s.start == t.end { Ok(s) } else { Err(Miss::No) }))?;
        let Some(second) = adjacent else { return Ok(()) };
        if self.barry {
            self.diamonds.push(t.start);
            return Ok(());
        }
        if self.invalid {
            let message = "invalid syntax.  Maybe you meant '!=' instead of '<>'?";
            return Err(self.raise(t.start, second.end, message));
        }
        Err(Miss::No)
    }

    /// Operators of one precedence, applied from the left.
    fn left(&mut self, rule: Rule, words: &[&str], part: impl Fn(&mut Self) -> P<Node>) -> P<Node> {
        self.memo(rule, |p| {
            if p.invalid {
                match rule {
                    Rule::Shift => p.opt(Self::invalid_arithmetic)?,
                    Rule::Term => p.opt(Self::invalid_factor)?,
                    _ => None,
                };
            }
            let start = p.token()?.start;
            let mut left = part(p)?;
            while p
                .opt(|p| {
                    p.any(words)?;
                    part(p)
                })?
                .is_some()
            {
                left = Node::new(Shape::Expression, start, p.end());
            }
            Ok(left)
        })
    }

    pub fn bitwise_or(&mut self) -> P<Node> {
        self.left(Rule::BitOr, &["|"], |p| {
            p.left(Rule::BitXor, &["^"], |p| {
                p.left(Rule::BitAnd, &["&"], |p| p.left(Rule::Shift, &["<<", ">>"], Self::sum))
            })
        })
    }

    pub(super) fn sum(&mut self) -> P<Node> {
        self.left(Rule::Sum, &["+", "-"], |p| p.left(Rule::Term, &["*", "/", "//", "%", "@"], Self::factor))
    }

    pub(super) fn factor(&mut self) -> P<Node> {
        self.memo(Rule::Factor, |p| {
            alt!(
                p,
                |p: &mut Self| {
                    let start = p.any(&["+", "-", "~"])?.start;
                    p.factor()?;
                    Ok(Node::new(Shape::Expression, start, p.end()))
                },
                |p: &mut Self| p.power()
            )
        })
    }

    fn power(&mut self) -> P<Node> {
        let start = self.token()?.start;
        let base = self.await_primary()?;
        let exponent = self.opt(|p| {
            p.word("**")?;
            p.factor()
        })?;
        Ok(match exponent {
            Some(_) => Node::new(Shape::Expression, start, self.end()),
            None => base,
        })
    }

    fn await_primary(&mut self) -> P<Node> {
        self.memo(Rule::AwaitPrimary, |p| {
            alt!(
                p,
                |p: &mut Self| {
                    let start = p.word("await")?.start;
                    p.primary()?;
                    Ok(Node::new(Shape::Await, start, p.end()))
                },
                |p: &mut Self| p.primary()
            )
        })
    }

    // ---- primaries

    fn primary(&mut self) -> P<Node> {
        self.memo(Rule::Primary, |p| {
            let start = p.token()?.start;
            let mut node = p.atom()?;
            while let Some(shape) = p.opt(Self::trailer)? {
                node = Node::new(shape, start, p.end());
            }
            Ok(node)
        })
    }

    /// What follows a primary: an attribute, a call, a subscript.
    pub fn trailer(&mut self) -> P<Shape> {
        if self.opt(|p| p.word("."))?.is_some() {
            self.name()?;
            return Ok(Shape::Attribute);
        }
        if self.opt(Self::generator)?.is_some() {
            return Ok(Shape::Call);
        }
        if self.opt(|p| p.word("("))?.is_some() {
            self.opt(Self::arguments)?;
            self.word(")")?;
            return Ok(Shape::Call);
        }
        self.word("[")?;
        self.slices()?;
        self.word("]")?;
        Ok(Shape::Subscript)
    }

    fn slices(&mut self) -> P<()> {
        let one = self.opt(|p| {
            p.slice_item()?;
            p.not(|p| p.word(","))
        })?;
        if one.is_some() {
            return Ok(());
        }
        self.gather(",", |p| alt!(p, |p: &mut Self| p.slice_item(), |p: &mut Self| p.starred_expression()))?;
        self.opt(|p| p.word(","))?;
        Ok(())
    }

    fn slice_item(&mut self) -> P<Node> {
        alt!(
            self,
            |p: &mut Self| {
                let start = p.pos;
                p.opt(Self::expression)?;
                p.word(":")?;
                p.opt(Self::expression)?;
                p.opt(|p| {
                    p.word(":")?;
                    p.opt(Self::expression)
                })?;
                Ok(Node::new(Shape::Other(false), start, p.end()))
            },
            |p: &mut Self| p.named_expression()
        )
    }

    pub fn atom(&mut self) -> P<Node> {
        let t = self.token()?;
        let constant = match t.kind {
            Kind::Name => return self.name(),
            Kind::Number => "literal",
            Kind::Str | Kind::FStart | Kind::TStart => return self.strings(),
            Kind::Op | Kind::Keyword => match self.slice(t) {
                "(" => return self.parenthesized(),
                "[" => {
                    return alt!(self, |p: &mut Self| p.list(), |p: &mut Self| p.list_comp());
                }
                "{" => return self.braces(),
                "True" => "True",
                "False" => "False",
                "None" => "None",
                "..." => "ellipsis",
                _ => return Err(Miss::No),
            },
            _ => return Err(Miss::No),
        };
        self.pos += 1;
        Ok(Node::new(Shape::Constant(constant), t.start, t.end))
    }

    fn parenthesized(&mut self) -> P<Node> {
        alt!(self, |p: &mut Self| p.tuple(), |p: &mut Self| p.group(), |p: &mut Self| p.generator())
    }

    pub fn tuple(&mut self) -> P<Node> {
        let start = self.word("(")?.start;
        let parts = self.opt(|p| {
            let first = p.star_named_expression()?;
            p.word(",")?;
            let mut all = vec![first];
            all.extend(p.opt(Self::star_named_expressions)?.unwrap_or_default());
            Ok(all)
        })?;
        let end = self.word(")")?.end;
        Ok(Node::of(Shape::Tuple, start, end, parts.unwrap_or_default()))
    }

    fn group(&mut self) -> P<Node> {
        let plain = self.opt(|p| {
            p.word("(")?;
            let e = alt_group(p)?;
            p.word(")")?;
            Ok(e)
        })?;
        match plain {
            Some(e) => Ok(e),
            None if self.invalid => self.invalid_group(),
            None => Err(Miss::No),
        }
    }

    pub fn list(&mut self) -> P<Node> {
        let start = self.word("[")?.start;
        let parts = self.opt(Self::star_named_expressions)?.unwrap_or_default();
        let end = self.word("]")?.end;
        Ok(Node::of(Shape::List, start, end, parts))
    }

    fn braces(&mut self) -> P<Node> {
        alt!(
            self,
            |p: &mut Self| p.dict(),
            |p: &mut Self| {
                let start = p.word("{")?.start;
                p.star_named_expressions()?;
                let end = p.word("}")?.end;
                Ok(Node::new(Shape::Set, start, end))
            },
            |p: &mut Self| p.dict_comp(),
            |p: &mut Self| p.set_comp(),
        )
    }

    fn dict(&mut self) -> P<Node> {
        let start = self.word("{")?.start;
        let at = self.pos;
        if self.invalid {
            self.opt(|p| p.without_invalid(Self::missing_colon))?;
        }
        let plain = self.opt(|p| {
            p.opt(|p| {
                p.gather(",", Self::double_starred_pair)?;
                p.opt(|p| p.word(","))
            })?;
            p.word("}")
        })?;
        if let Some(end) = plain {
            return Ok(Node::new(Shape::Dict, start, end.end));
        }
        self.pos = at;
        if self.invalid {
            self.invalid_double_starred_pairs()?;
            self.word("}")?;
        }
        Err(Miss::No)
    }

    pub fn double_starred_pair(&mut self) -> P<()> {
        if self.opt(|p| p.word("**"))?.is_some() {
            return self.bitwise_or().map(|_| ());
        }
        self.pair()
    }

    fn pair(&mut self) -> P<()> {
        self.expression()?;
        self.word(":")?;
        self.expression()?;
        Ok(())
    }

    // ---- comprehensions

    /// Clauses of a comprehension; the last expression in them.
    pub fn for_if_clauses(&mut self) -> P<Node> {
        let mut all = self.many1(Self::for_if_clause)?;
        all.pop().ok_or(Miss::No)
    }

    fn for_if_clause(&mut self) -> P<Node> {
        let head = self.opt(|p| {
            p.opt(|p| p.word("async"))?;
            p.word("for")?;
            p.star_targets()?;
            p.word("in")
        })?;
        if head.is_some() {
            // Committed.
            let mut last = self.disjunction()?;
            while let Some(test) = self.opt(|p| {
                p.word("if")?;
                p.disjunction()
            })? {
                last = test;
            }
            return Ok(last);
        }
        if self.invalid {
            self.opt(Self::invalid_for_if_clause)?;
            self.opt(Self::invalid_for_target)?;
        }
        Err(Miss::No)
    }

    fn comprehension(&mut self, brackets: [&str; 2], shape: Shape) -> P<Node> {
        let plain = self.opt(|p| {
            let start = p.word(brackets[0])?.start;
            match shape {
                Shape::Generator => p.walrus_or_argument()?,
                _ => p.named_expression()?,
            };
            p.for_if_clauses()?;
            let end = p.word(brackets[1])?.end;
            Ok(Node::new(shape, start, end))
        })?;
        match plain {
            Some(node) => Ok(node),
            None if self.invalid => self.invalid_comprehension(),
            None => Err(Miss::No),
        }
    }

    fn list_comp(&mut self) -> P<Node> {
        self.comprehension(["[", "]"], Shape::ListComp)
    }
    fn set_comp(&mut self) -> P<Node> {
        self.comprehension(["{", "}"], Shape::SetComp)
    }
    pub fn generator(&mut self) -> P<Node> {
        self.comprehension(["(", ")"], Shape::Generator)
    }

    fn dict_comp(&mut self) -> P<Node> {
        let plain = self.opt(|p| {
            let start = p.word("{")?.start;
            p.pair()?;
            p.for_if_clauses()?;
            let end = p.word("}")?.end;
            Ok(Node::new(Shape::DictComp, start, end))
        })?;
        match plain {
            Some(node) => Ok(node),
            None if self.invalid => {
                self.word("{")?;
                let star = self.word("**")?;
                self.bitwise_or()?;
                self.for_if_clauses()?;
                self.word("}")?;
                Err(self.raise_token(star, "dict unpacking cannot be used in dict comprehension"))
            }
            None => Err(Miss::No),
        }
    }

    /// A walrus, or an expression that is none's target.
    fn walrus_or_argument(&mut self) -> P<Node> {
        match self.opt(Self::assignment_expression)? {
            Some(named) => Ok(named),
            None => self.plain_argument(),
        }
    }

    // ---- arguments

    pub fn arguments(&mut self) -> P<Node> {
        self.memo(Rule::Arguments, |p| {
            let plain = p.opt(|p| {
                let args = p.args()?;
                p.opt(|p| p.word(","))?;
                p.ahead(|p| p.word(")"))?;
                Ok(args)
            })?;
            match plain {
                Some(args) => Ok(args),
                None if p.invalid => p.invalid_arguments(),
                None => Err(Miss::No),
            }
        })
    }

    pub(super) fn positional(&mut self) -> P<Node> {
        let e = self.opt(Self::starred_expression)?;
        if let Some(e) = e {
            return Ok(e);
        }
        let e = self.walrus_or_argument()?;
        self.not(|p| p.word("="))?;
        Ok(e)
    }

    /// Arguments of a call: a node of the positional ones.
    pub(super) fn args(&mut self) -> P<Node> {
        let start = self.token()?.start;
        let positional = self.opt(|p| p.gather(",", Self::positional))?;
        let (parts, unpacks) = match positional {
            Some(mut parts) => {
                let keywords = self.opt(|p| {
                    p.word(",")?;
                    p.kwargs()
                })?;
                let unpacks = keywords.as_ref().is_some_and(|k| k.iter().any(|k| k.shape() == Shape::Other(true)));
                parts.extend(keywords.into_iter().flatten().filter(|k| k.shape() == Shape::Starred));
                (parts, unpacks)
            }
            None => {
                let keywords = self.kwargs()?;
                let unpacks = keywords.iter().any(|k| k.shape() == Shape::Other(true));
                (keywords.into_iter().filter(|k| k.shape() == Shape::Starred).collect(), unpacks)
            }
        };
        let end = self.end();
        Ok(Node::of(Shape::Other(unpacks), start, end, parts))
    }

    pub(super) fn kwargs(&mut self) -> P<Vec<Node>> {
        let both = self.opt(|p| {
            let mut all = p.gather(",", Self::keyword_or_starred)?;
            p.word(",")?;
            all.extend(p.gather(",", Self::keyword_or_double_starred)?);
            Ok(all)
        })?;
        if let Some(all) = both {
            return Ok(all);
        }
        if let Some(all) = self.opt(|p| p.gather(",", Self::keyword_or_starred))? {
            return Ok(all);
        }
        self.gather(",", Self::keyword_or_double_starred)
    }

    fn keyword(&mut self) -> P<Node> {
        let name = self.name()?;
        self.word("=")?;
        let value = self.expression()?;
        Ok(Node::new(Shape::Other(false), name.start(), value.end()))
    }

    fn keyword_or_starred(&mut self) -> P<Node> {
        if self.invalid {
            self.opt(Self::invalid_keyword)?;
        }
        alt!(self, |p: &mut Self| p.keyword(), |p: &mut Self| p.starred_expression())
    }

    fn keyword_or_double_starred(&mut self) -> P<Node> {
        if self.invalid {
            self.opt(Self::invalid_keyword)?;
        }
        alt!(self, |p: &mut Self| p.keyword(), |p: &mut Self| {
            let start = p.word("**")?.start;
            let e = p.expression()?;
            Ok(Node::new(Shape::Other(true), start, e.end()))
        })
    }

    pub fn starred_expression(&mut self) -> P<Node> {
        if self.invalid {
            self.opt(|p| {
                let star = p.word("*")?;
                p.expression()?;
                p.word("=")?;
                let value = p.expression()?;
                Err::<(), _>(p.raise(star.start, value.end(), "cannot assign to iterable argument unpacking"))
            })?;
        }
        let starred = self.opt(|p| {
            let star = p.word("*")?;
            let e = p.expression()?;
            Ok(Node::of(Shape::Starred, star.start, p.end(), vec![e]))
        })?;
        if let Some(node) = starred {
            return Ok(node);
        }
        if self.invalid {
            self.word("*")?;
            return Err(self.raise_last("Invalid star expression"));
        }
        Err(Miss::No)
    }
}

/// What parentheses may hold.
fn alt_group(p: &mut Parser<'_>) -> P<Node> {
    alt!(p, |p: &mut Parser<'_>| p.yield_expr(), |p: &mut Parser<'_>| p.named_expression())
}
