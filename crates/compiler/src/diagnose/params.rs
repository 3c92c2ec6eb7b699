//! Parameters of functions and lambdas, which differ in annotations and in what ends the list; type parameters.

use super::node::{Node, Shape};
use super::parser::{Miss, P, Parser, Rule, alt};

/// What kind of parameter a rule asks for.
#[derive(Clone, Copy, PartialEq)]
enum Default {
    None,
    Given,
    Maybe,
}

fn closing(lambda: bool) -> &'static str {
    if lambda { ":" } else { ")" }
}

impl Parser<'_> {
    pub fn params(&mut self, lambda: bool) -> P<()> {
        if self.invalid {
            self.opt(|p| p.invalid_parameters(lambda))?;
        }
        self.parameters(lambda)
    }

    fn parameters(&mut self, lambda: bool) -> P<()> {
        let plain = |p: &mut Self| p.many(|p| p.parameter(lambda, Default::None));
        let given = |p: &mut Self| p.many(|p| p.parameter(lambda, Default::Given));
        let star = |p: &mut Self| p.opt(|p| p.star_etc(lambda)).map(|_| ());
        alt!(
            self,
            |p: &mut Self| {
                p.slash_no_default(lambda)?;
                plain(p)?;
                given(p)?;
                star(p)
            },
            |p: &mut Self| {
                p.slash_with_default(lambda)?;
                given(p)?;
                star(p)
            },
            |p: &mut Self| {
                p.many1(|p| p.parameter(lambda, Default::None))?;
                given(p)?;
                star(p)
            },
            |p: &mut Self| {
                p.many1(|p| p.parameter(lambda, Default::Given))?;
                star(p)
            },
            |p: &mut Self| p.star_etc(lambda),
        )
    }

    fn slash(&mut self, lambda: bool) -> P<()> {
        self.word("/")?;
        alt!(self, |p: &mut Self| p.word(",").map(|_| ()), |p: &mut Self| p.ahead(|p| p.word(closing(lambda))))
    }

    fn slash_no_default(&mut self, lambda: bool) -> P<()> {
        self.many1(|p| p.parameter(lambda, Default::None))?;
        self.slash(lambda)
    }

    fn slash_with_default(&mut self, lambda: bool) -> P<()> {
        self.many(|p| p.parameter(lambda, Default::None))?;
        self.many1(|p| p.parameter(lambda, Default::Given))?;
        self.slash(lambda)
    }

    fn any_slash(&mut self, lambda: bool) -> P<()> {
        alt!(self, |p: &mut Self| p.slash_no_default(lambda), |p: &mut Self| p.slash_with_default(lambda))
    }

    /// A parameter with the comma behind it, if it is not the last.
    fn parameter(&mut self, lambda: bool, default: Default) -> P<Node> {
        let node = self.param(lambda)?;
        match default {
            Default::None => {}
            Default::Given => self.default()?,
            Default::Maybe => self.opt(Self::default).map(|_| ())?,
        }
        self.param_end(lambda)?;
        Ok(node)
    }

    fn param_end(&mut self, lambda: bool) -> P<()> {
        alt!(self, |p: &mut Self| p.word(",").map(|_| ()), |p: &mut Self| p.ahead(|p| p.word(closing(lambda))))
    }

    fn param(&mut self, lambda: bool) -> P<Node> {
        let name = self.name()?;
        if !lambda {
            self.opt(|p| {
                p.word(":")?;
                p.expression()
            })?;
        }
        Ok(Node::new(Shape::Other(false), name.start(), self.end()))
    }

    /// `*name: *annotation`.
    fn starred_annotation(&mut self) -> P<()> {
        self.name()?;
        self.word(":")?;
        self.star_expression()?;
        self.param_end(false)
    }

    fn default(&mut self) -> P<()> {
        let plain = self.opt(|p| {
            p.word("=")?;
            p.expression()
        })?;
        if plain.is_some() {
            return Ok(());
        }
        if self.invalid {
            let equal = self.word("=")?;
            self.ahead(|p| p.any(&[")", ","]))?;
            return Err(self.raise_token(equal, "expected default value expression"));
        }
        Err(Miss::No)
    }

    fn star_etc(&mut self, lambda: bool) -> P<()> {
        if self.invalid {
            self.opt(|p| p.invalid_star_etc(lambda))?;
        }
        let maybe = |p: &mut Self| p.many(|p| p.parameter(lambda, Default::Maybe));
        let kwds = |p: &mut Self| p.opt(|p| p.kwds(lambda)).map(|_| ());
        alt!(
            self,
            |p: &mut Self| {
                p.word("*")?;
                p.parameter(lambda, Default::None)?;
                maybe(p)?;
                kwds(p)
            },
            |p: &mut Self| {
                p.word("*")?;
                if lambda {
                    return Err(Miss::No);
                }
                p.starred_annotation()?;
                maybe(p)?;
                kwds(p)
            },
            |p: &mut Self| {
                p.word("*")?;
                p.word(",")?;
                p.many1(|p| p.parameter(lambda, Default::Maybe))?;
                kwds(p)
            },
            |p: &mut Self| p.kwds(lambda),
        )
    }

    fn kwds(&mut self, lambda: bool) -> P<()> {
        if self.invalid {
            self.opt(|p| p.invalid_kwds(lambda))?;
        }
        self.word("**")?;
        self.parameter(lambda, Default::None)?;
        Ok(())
    }

    // ---- what is often wrong

    fn invalid_parameters(&mut self, lambda: bool) -> P<()> {
        let at = self.pos;
        let slash_first = self.opt(|p| {
            let slash = p.word("/")?;
            p.word(",")?;
            Ok(slash)
        })?;
        if let Some(t) = slash_first {
            return Err(self.raise_token(t, "at least one argument must precede /"));
        }
        let twice = self.opt(|p| {
            p.any_slash(lambda)?;
            p.many(|p| p.parameter(lambda, Default::Maybe))?;
            p.word("/")
        })?;
        if let Some(t) = twice {
            return Err(self.raise_token(t, "/ may appear only once"));
        }
        let no_default = self.opt(|p| {
            p.opt(|p| p.slash_no_default(lambda))?;
            p.many(|p| p.parameter(lambda, Default::None))?;
            if p.opt(|p| p.slash_with_default(lambda))?.is_none() {
                p.many1(|p| p.parameter(lambda, Default::Given))?;
            }
            p.parameter(lambda, Default::None)
        })?;
        if let Some(node) = no_default {
            return Err(self.raise_node(&node, "parameter without a default follows parameter with a default"));
        }
        self.pos = at;
        self.opt(|p| p.parenthesized_parameters(lambda))?;
        self.invalid_slash(lambda)
    }

    fn parenthesized_parameters(&mut self, lambda: bool) -> P<()> {
        self.many(|p| p.parameter(lambda, Default::None))?;
        let a = self.word("(")?;
        if lambda {
            self.gather(",", |p| p.param(true))?;
        } else {
            self.many1(|p| p.parameter(false, Default::None))?;
        }
        self.opt(|p| p.word(","))?;
        let b = self.word(")")?;
        let what = if lambda { "Lambda expression" } else { "Function" };
        Err(self.raise(a.start, b.end, format!("{what} parameters cannot be parenthesized")))
    }

    fn invalid_slash(&mut self, lambda: bool) -> P<()> {
        let behind_star = self.opt(|p| {
            p.opt(|p| p.any_slash(lambda))?;
            p.many(|p| p.parameter(lambda, Default::Maybe))?;
            p.word("*")?;
            if p.opt(|p| p.word(","))?.is_none() {
                p.parameter(lambda, Default::None)?;
            }
            p.many(|p| p.parameter(lambda, Default::Maybe))?;
            p.word("/")
        })?;
        if let Some(t) = behind_star {
            return Err(self.raise_token(t, "/ must be ahead of *"));
        }
        self.many1(|p| p.parameter(lambda, Default::Maybe))?;
        self.word("/")?;
        let star = self.word("*")?;
        Err(self.raise_token(star, "expected comma between / and *"))
    }

    fn invalid_star_etc(&mut self, lambda: bool) -> P<()> {
        let close = closing(lambda);
        let bare = self.opt(|p| {
            let star = p.word("*")?;
            if p.opt(|p| p.word(close))?.is_none() {
                p.word(",")?;
                p.any(&[close, "**"])?;
            }
            Ok(star)
        })?;
        if let Some(star) = bare {
            let message = "named arguments must follow bare *";
            return Err(if lambda { self.raise_last(message) } else { self.raise_token(star, message) });
        }
        let default = self.opt(|p| {
            p.word("*")?;
            p.param(lambda)?;
            p.word("=")
        })?;
        if let Some(t) = default {
            return Err(self.raise_token(t, "var-positional argument cannot have default value"));
        }
        let star_end = |p: &mut Self| {
            alt!(p, |p: &mut Self| p.parameter(lambda, Default::None).map(|_| ()), |p: &mut Self| p
                .word(",")
                .map(|_| ()))
        };
        self.word("*")?;
        star_end(self)?;
        self.many(|p| p.parameter(lambda, Default::Maybe))?;
        let again = self.word("*")?;
        star_end(self)?;
        Err(self.raise_token(again, "* argument may appear only once"))
    }

    fn invalid_kwds(&mut self, lambda: bool) -> P<()> {
        const FOLLOWS: &str = "arguments cannot follow var-keyword argument";
        self.word("**")?;
        self.param(lambda)?;
        if let Some(t) = self.opt(|p| p.word("="))? {
            return Err(self.raise_token(t, "var-keyword argument cannot have default value"));
        }
        self.word(",")?;
        if let Some(node) = self.opt(|p| p.param(lambda))? {
            return Err(self.raise_node(&node, FOLLOWS));
        }
        let t = self.any(&["*", "**", "/"])?;
        Err(self.raise_token(t, FOLLOWS))
    }

    // ---- type parameters

    pub fn type_params(&mut self) -> P<()> {
        if self.invalid {
            self.opt(|p| {
                p.word("[")?;
                let close = p.word("]")?;
                Err::<(), _>(p.raise_from(close.start, "Type parameter list cannot be empty"))
            })?;
        }
        self.word("[")?;
        self.gather(",", |p| p.memo(Rule::TypeParam, Self::type_param))?;
        self.opt(|p| p.word(","))?;
        self.word("]")?;
        Ok(())
    }

    fn type_default(&mut self, starred: bool) -> P<()> {
        self.opt(|p| {
            p.word("=")?;
            if starred { p.star_expression() } else { p.expression() }
        })?;
        Ok(())
    }

    fn type_param(&mut self) -> P<Node> {
        let start = self.token()?.start;
        alt!(
            self,
            |p: &mut Self| {
                p.name()?;
                p.opt(|p| {
                    p.word(":")?;
                    p.expression()
                })?;
                p.type_default(false)?;
                Ok(Node::new(Shape::Other(false), start, p.end()))
            },
            |p: &mut Self| if p.invalid { p.bound_of_several() } else { Err(Miss::No) },
            |p: &mut Self| {
                let star = p.any(&["*", "**"])?;
                p.name()?;
                let starred = p.slice(star) == "*";
                p.type_default(starred)?;
                Ok(Node::new(Shape::Other(false), start, p.end()))
            },
        )
    }

    fn bound_of_several(&mut self) -> P<Node> {
        let star = self.any(&["*", "**"])?;
        self.name()?;
        let colon = self.word(":")?;
        let e = self.expression()?;
        let what = if e.shape() == Shape::Tuple { "constraints" } else { "bound" };
        let kind = if self.slice(star) == "*" { "TypeVarTuple" } else { "ParamSpec" };
        Err(self.raise_from(colon.start, format!("cannot use {what} with {kind}")))
    }
}
