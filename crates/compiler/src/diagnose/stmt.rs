//! Statements.

use super::lexer::{Kind, Token};
use super::node::{Node, Shape, Targets};
use super::parser::{Miss, P, Parser, Rule, alt};
use crate::errors::ErrorKind;

const AUGMENTED: &[&str] = &["+=", "-=", "*=", "@=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "**=", "//="];

const NO_NAMES: &str = "Expected one or more names after 'import'";

impl Parser<'_> {
    // ---- whole programs

    pub fn file(&mut self) -> P<()> {
        self.opt(Self::statements)?;
        self.kind(Kind::End)?;
        Ok(())
    }

    pub fn eval(&mut self) -> P<()> {
        self.expressions()?;
        self.many(|p| p.kind(Kind::Newline))?;
        self.kind(Kind::End)?;
        Ok(())
    }

    /// One statement typed in; what is behind it does not matter.
    pub fn interactive(&mut self) -> P<()> {
        alt!(
            self,
            |p: &mut Self| {
                p.compound_stmt()?;
                p.kind(Kind::Newline)?;
                Ok(())
            },
            |p: &mut Self| p.simple_stmts(),
            |p: &mut Self| p.kind(Kind::Newline).map(|_| ()),
            |p: &mut Self| p.kind(Kind::End).map(|_| ()),
        )
    }

    fn statements(&mut self) -> P<()> {
        self.many1(alt_statement)?;
        Ok(())
    }

    // ---- simple statements

    pub fn simple_stmts(&mut self) -> P<()> {
        self.gather(";", Self::simple_stmt)?;
        self.opt(|p| p.word(";"))?;
        self.kind(Kind::Newline)?;
        Ok(())
    }

    pub fn simple_stmt(&mut self) -> P<()> {
        self.memo(Rule::SimpleStmt, |p| {
            let start = p.token()?.start;
            p.any_simple_stmt()?;
            Ok(Node::new(Shape::Other(false), start, p.end()))
        })?;
        Ok(())
    }

    fn any_simple_stmt(&mut self) -> P<()> {
        if self.opt(Self::assignment)?.is_some() || self.opt(Self::type_alias)?.is_some() {
            return Ok(());
        }
        if self.opt(Self::star_expressions)?.is_some() {
            return Ok(());
        }
        let t = self.token()?;
        if t.kind != Kind::Keyword {
            return Err(Miss::No);
        }
        match self.slice(t) {
            "return" => {
                self.word("return")?;
                self.opt(Self::star_expressions).map(|_| ())
            }
            "import" | "from" => self.import(),
            "raise" => self.raise_stmt(),
            "pass" | "break" | "continue" => self.any(&["pass", "break", "continue"]).map(|_| ()),
            "del" => self.del_stmt(),
            "yield" => self.yield_expr().map(|_| ()),
            "assert" => self.assert_stmt(),
            "global" | "nonlocal" => {
                self.any(&["global", "nonlocal"])?;
                self.gather(",", Self::name).map(|_| ())
            }
            _ => Err(Miss::No),
        }
    }

    fn assignment(&mut self) -> P<()> {
        let plain = self.opt(|p| {
            alt!(
                p,
                |p: &mut Self| {
                    p.name()?;
                    p.annotation()
                },
                |p: &mut Self| {
                    alt_annotated_target(p)?;
                    p.annotation()
                },
                |p: &mut Self| {
                    p.many1(|p| {
                        p.star_targets()?;
                        p.word("=")
                    })?;
                    p.annotated_rhs()?;
                    p.not(|p| p.word("="))
                },
            )
        })?;
        if plain.is_some() {
            return Ok(());
        }
        let augmented = self.opt(|p| {
            p.single_target()?;
            p.any(AUGMENTED)
        })?;
        if augmented.is_some() {
            // Committed.
            return self.annotated_rhs().map(|_| ());
        }
        if self.invalid { self.invalid_assignment() } else { Err(Miss::No) }
    }

    fn annotation(&mut self) -> P<()> {
        self.word(":")?;
        self.expression()?;
        self.opt(|p| {
            p.word("=")?;
            p.annotated_rhs()
        })?;
        Ok(())
    }

    fn invalid_assignment(&mut self) -> P<()> {
        let list = self.opt(|p| {
            let a = p.invalid_annotated_target()?;
            p.word(":")?;
            p.expression()?;
            Ok(a)
        })?;
        if let Some(a) = list {
            let message = format!("only single target (not {}) can be annotated", a.name());
            return Err(self.raise_node(&a, message));
        }
        let several = self.opt(|p| {
            let a = p.star_named_expression()?;
            p.word(",")?;
            p.many(Self::star_named_expressions)?;
            p.word(":")?;
            p.expression()?;
            Ok(a)
        })?;
        if let Some(a) = several {
            return Err(self.raise_node(&a, "only single target (not tuple) can be annotated"));
        }
        let other = self.opt(|p| {
            let a = p.expression()?;
            p.word(":")?;
            p.expression()?;
            Ok(a)
        })?;
        if let Some(a) = other {
            return Err(self.raise_node(&a, "illegal target for annotation"));
        }
        self.opt(|p| {
            let a = p.wrong_assignment(Self::star_expressions)?;
            p.wrong_target(&a, Targets::Star)
        })?;
        if let Some(a) = self.opt(|p| p.wrong_assignment(Self::yield_expr))? {
            return Err(self.raise_node(&a, "assignment to yield expression not possible"));
        }
        let a = self.star_expressions()?;
        self.any(AUGMENTED)?;
        self.annotated_rhs()?;
        let message = format!("'{}' is an illegal expression for augmented assignment", a.name());
        Err(self.raise_node(&a, message))
    }

    /// Targets, then something that may be none.
    fn wrong_assignment(&mut self, e: impl Fn(&mut Self) -> P<Node>) -> P<Node> {
        self.many(|p| {
            p.star_targets()?;
            p.word("=")
        })?;
        let a = e(self)?;
        self.word("=")?;
        Ok(a)
    }

    fn invalid_annotated_target(&mut self) -> P<Node> {
        alt!(self, |p: &mut Self| p.list(), |p: &mut Self| p.tuple(), |p: &mut Self| {
            p.word("(")?;
            let a = p.invalid_annotated_target()?;
            p.word(")")?;
            Ok(a)
        })
    }

    fn type_alias(&mut self) -> P<()> {
        self.soft("type")?;
        self.name()?;
        self.opt(Self::type_params)?;
        self.word("=")?;
        self.expression().map(|_| ())
    }

    fn raise_stmt(&mut self) -> P<()> {
        self.word("raise")?;
        self.opt(|p| {
            p.expression()?;
            p.opt(|p| {
                p.word("from")?;
                p.expression()
            })
        })?;
        Ok(())
    }

    fn assert_stmt(&mut self) -> P<()> {
        self.word("assert")?;
        self.expression()?;
        self.opt(|p| {
            p.word(",")?;
            p.expression()
        })?;
        Ok(())
    }

    fn del_stmt(&mut self) -> P<()> {
        self.word("del")?;
        let at = self.pos;
        let plain = self.opt(|p| {
            p.del_targets()?;
            p.ahead(|p| if p.opt(|p| p.word(";"))?.is_some() { Ok(()) } else { p.kind(Kind::Newline).map(|_| ()) })
        })?;
        if plain.is_some() {
            return Ok(());
        }
        self.pos = at;
        if !self.invalid {
            return Err(Miss::No);
        }
        let a = self.star_expressions()?;
        self.wrong_target(&a, Targets::Del).map(|_| ())
    }

    // ---- imports

    fn import(&mut self) -> P<()> {
        if self.invalid {
            self.opt(Self::invalid_import)?;
        }
        alt!(
            self,
            |p: &mut Self| {
                p.word("import")?;
                p.gather(",", Self::dotted_as_name)?;
                Ok(())
            },
            |p: &mut Self| {
                let at = p.pos;
                p.word("from")?;
                let dots = !p.many(|p| p.any(&[".", "..."]))?.is_empty();
                let name = p.opt(Self::dotted_name)?.is_some();
                if !dots && !name {
                    return Err(Miss::No);
                }
                p.word("import")?;
                p.import_targets()?;
                p.barry |= !dots && p.mentions(at, "__future__") && p.mentions(at, "barry_as_FLUFL");
                Ok(())
            },
        )
    }

    fn dotted_name(&mut self) -> P<()> {
        self.gather(".", Self::name)?;
        Ok(())
    }

    fn dotted_as_name(&mut self) -> P<()> {
        if self.invalid {
            self.opt(|p| {
                p.dotted_name()?;
                p.wrong_alias()
            })?;
        }
        self.dotted_name()?;
        self.alias()
    }

    fn alias(&mut self) -> P<()> {
        self.opt(|p| {
            p.word("as")?;
            p.name()
        })?;
        Ok(())
    }

    fn wrong_alias(&mut self) -> P<()> {
        self.word("as")?;
        self.not(|p| {
            p.name()?;
            if p.opt(|p| p.any(&[",", ")", ";"]))?.is_none() {
                p.kind(Kind::Newline)?;
            }
            Ok(())
        })?;
        let a = self.expression()?;
        let message = format!("cannot use {} as import target", a.name());
        Err(self.raise_node(&a, message))
    }

    fn import_from_as_name(&mut self) -> P<()> {
        if self.invalid {
            self.opt(|p| {
                p.name()?;
                p.wrong_alias()
            })?;
        }
        self.name()?;
        self.alias()
    }

    fn import_targets(&mut self) -> P<()> {
        let plain = self.opt(|p| {
            alt!(
                p,
                |p: &mut Self| {
                    p.word("(")?;
                    p.gather(",", Self::import_from_as_name)?;
                    p.opt(|p| p.word(","))?;
                    p.word(")").map(|_| ())
                },
                |p: &mut Self| {
                    p.gather(",", Self::import_from_as_name)?;
                    p.not(|p| p.word(","))
                },
                |p: &mut Self| p.word("*").map(|_| ()),
            )
        })?;
        if plain.is_some() {
            return Ok(());
        }
        if !self.invalid {
            return Err(Miss::No);
        }
        self.opt(|p| {
            p.gather(",", Self::import_from_as_name)?;
            p.word(",")?;
            p.kind(Kind::Newline)?;
            Err::<(), _>(p.raise_last("trailing comma not allowed without surrounding parentheses"))
        })?;
        self.no_names()
    }

    fn no_names(&mut self) -> P<()> {
        let t = self.kind(Kind::Newline)?;
        if t.has_no_place() {
            let line = self.text.token_line(t.start);
            let place = [line as i32, 0, line as i32, self.text.chars(line, t.end)];
            return Err(self.raise_at(ErrorKind::Syntax, NO_NAMES.to_string(), place));
        }
        Err(self.raise_from(t.start, NO_NAMES))
    }

    fn invalid_import(&mut self) -> P<()> {
        let t = self.word("import")?;
        let from = self.opt(|p| {
            p.gather(",", Self::dotted_name)?;
            p.word("from")?;
            p.dotted_name()
        })?;
        if from.is_some() {
            return Err(self.raise_from(t.start, "Did you mean to use 'from ... import ...' instead?"));
        }
        self.no_names()
    }

    // ---- blocks

    pub fn block(&mut self) -> P<()> {
        self.memo(Rule::Block, |p| {
            let start = p.token()?.start;
            p.any_block()?;
            Ok(Node::new(Shape::Other(false), start, p.end()))
        })?;
        Ok(())
    }

    fn any_block(&mut self) -> P<()> {
        alt!(
            self,
            |p: &mut Self| {
                p.kind(Kind::Newline)?;
                p.kind(Kind::Indent)?;
                p.statements()?;
                p.kind(Kind::Dedent).map(|_| ())
            },
            |p: &mut Self| p.simple_stmts(),
            |p: &mut Self| {
                if !p.invalid {
                    return Err(Miss::No);
                }
                p.kind(Kind::Newline)?;
                p.not(|p| p.kind(Kind::Indent))?;
                Err(p.raise_last_as(ErrorKind::Indentation, "expected an indented block".to_string()))
            },
        )
    }

    pub(super) fn compound_stmt(&mut self) -> P<()> {
        let t = self.token()?;
        if t.kind == Kind::Name {
            return self.match_stmt();
        }
        match self.slice(t) {
            "def" => self.function(),
            "@" => alt!(
                self,
                |p: &mut Self| {
                    p.decorators()?;
                    p.function()
                },
                |p: &mut Self| {
                    p.decorators()?;
                    p.class()
                }
            ),
            "async" => {
                alt!(self, |p: &mut Self| p.function(), |p: &mut Self| p.with_stmt(), |p: &mut Self| p.for_stmt(),)
            }
            "if" => self.if_stmt("if"),
            "class" => self.class(),
            "with" => self.with_stmt(),
            "for" => self.for_stmt(),
            "try" => self.try_stmt(),
            "while" => self.while_stmt(),
            _ => Err(Miss::No),
        }
    }

    fn decorators(&mut self) -> P<()> {
        self.many1(|p| {
            p.word("@")?;
            p.named_expression()?;
            p.kind(Kind::Newline)
        })?;
        Ok(())
    }

    /// A line that lacks its colon, or the block behind it.
    fn invalid_head(&mut self, what: &str, keyword: Token) -> P<()> {
        if self.opt(|p| p.kind(Kind::Newline))?.is_some() {
            return Err(self.raise_last("expected ':'"));
        }
        self.word(":")?;
        self.expect_indent(what, keyword)
    }

    fn class_head(&mut self) -> P<Token> {
        let word = self.word("class")?;
        self.name()?;
        self.opt(Self::type_params)?;
        self.opt(|p| {
            p.word("(")?;
            p.opt(Self::arguments)?;
            p.word(")")
        })?;
        Ok(word)
    }

    fn class(&mut self) -> P<()> {
        if self.invalid {
            self.opt(|p| {
                let word = p.class_head()?;
                p.invalid_head("class definition", word)
            })?;
        }
        self.class_head()?;
        self.word(":")?;
        self.block()
    }

    fn function(&mut self) -> P<()> {
        // This rule for wrong functions matches right ones, too.
        if self.invalid && self.opt(Self::invalid_function)?.is_some() {
            return Ok(());
        }
        self.opt(|p| p.word("async"))?;
        self.word("def")?;
        self.name()?;
        self.opt(Self::type_params)?;
        self.word("(")?;
        self.function_tail()?;
        self.word(":")?;
        self.block()
    }

    fn function_tail(&mut self) -> P<()> {
        self.opt(|p| p.params(false))?;
        self.word(")")?;
        self.opt(|p| {
            p.word("->")?;
            p.expression()
        })?;
        Ok(())
    }

    fn invalid_function(&mut self) -> P<()> {
        self.opt(|p| p.word("async"))?;
        let word = self.word("def")?;
        self.name()?;
        self.opt(Self::type_params)?;
        self.opt(|p| {
            p.word("(")?;
            p.function_tail()?;
            p.word(":")?;
            p.expect_indent("function definition", word)
        })?;
        self.forced("(")?;
        self.function_tail()?;
        self.forced(":")?;
        self.block()
    }

    fn if_stmt(&mut self, word: &str) -> P<()> {
        if self.invalid {
            self.opt(|p| {
                let t = p.word(word)?;
                p.named_expression()?;
                p.invalid_head(&format!("'{word}' statement"), t)
            })?;
        }
        self.word(word)?;
        self.named_expression()?;
        self.word(":")?;
        self.block()?;
        if self.opt(|p| p.if_stmt("elif"))?.is_none() {
            self.opt(Self::else_block)?;
        }
        Ok(())
    }

    pub(super) fn else_block(&mut self) -> P<()> {
        if self.invalid {
            self.opt(|p| {
                let t = p.word("else")?;
                p.word(":")?;
                p.expect_indent("'else' statement", t)
            })?;
            self.opt(|p| {
                p.word("else")?;
                p.word(":")?;
                p.block()?;
                p.word("elif")?;
                Err::<(), _>(p.raise_last("'elif' block follows an 'else' block"))
            })?;
        }
        self.word("else")?;
        self.forced(":")?;
        self.block()
    }

    fn while_stmt(&mut self) -> P<()> {
        if self.invalid {
            self.opt(|p| {
                let t = p.word("while")?;
                p.named_expression()?;
                p.invalid_head("'while' statement", t)
            })?;
        }
        self.word("while")?;
        self.named_expression()?;
        self.word(":")?;
        self.block()?;
        self.opt(Self::else_block)?;
        Ok(())
    }

    fn for_stmt(&mut self) -> P<()> {
        if self.invalid {
            self.opt(|p| {
                p.opt(|p| p.word("async"))?;
                let t = p.word("for")?;
                p.star_targets()?;
                p.word("in")?;
                p.star_expressions()?;
                p.invalid_head("'for' statement", t)
            })?;
        }
        let head = self.opt(|p| {
            p.opt(|p| p.word("async"))?;
            p.word("for")?;
            p.star_targets()?;
            p.word("in")
        })?;
        if head.is_some() {
            // Committed.
            self.star_expressions()?;
            self.word(":")?;
            self.block()?;
            self.opt(Self::else_block)?;
            return Ok(());
        }
        if self.invalid { self.invalid_for_target().map(|_| ()) } else { Err(Miss::No) }
    }

    // ---- with

    fn with_stmt(&mut self) -> P<()> {
        if self.invalid {
            self.opt(|p| p.invalid_with(true))?;
        }
        let plain = self.opt(|p| {
            p.opt(|p| p.word("async"))?;
            p.word("with")?;
            alt!(
                p,
                |p: &mut Self| {
                    p.word("(")?;
                    p.gather(",", Self::with_item)?;
                    p.opt(|p| p.word(","))?;
                    p.word(")")?;
                    p.word(":")?;
                    p.block()
                },
                |p: &mut Self| {
                    p.gather(",", Self::with_item)?;
                    p.word(":")?;
                    p.block()
                },
            )
        })?;
        match plain {
            Some(()) => Ok(()),
            None if self.invalid => self.invalid_with(false),
            None => Err(Miss::No),
        }
    }

    fn with_item(&mut self) -> P<()> {
        let named = self.opt(|p| {
            p.expression()?;
            p.word("as")?;
            p.star_target()?;
            p.ahead(|p| p.any(&[",", ")", ":"]))
        })?;
        if named.is_some() {
            return Ok(());
        }
        if self.invalid {
            self.opt(|p| {
                p.expression()?;
                p.word("as")?;
                let a = p.expression()?;
                p.ahead(|p| p.any(&[",", ")", ":"]))?;
                p.wrong_target(&a, Targets::Star)
            })?;
        }
        self.expression().map(|_| ())
    }

    /// A `with` without its block (`indent`) or without its colon.
    fn invalid_with(&mut self, indent: bool) -> P<()> {
        let item = |p: &mut Self, several: bool| {
            if several {
                p.expressions()?
            } else {
                p.expression()?
            };
            p.opt(|p| {
                p.word("as")?;
                p.star_target()
            })
        };
        let end = |p: &mut Self, t: Token| {
            if indent {
                p.word(":")?;
                return p.expect_indent("'with' statement", t);
            }
            p.kind(Kind::Newline)?;
            Err(p.raise_last("expected ':'"))
        };
        self.opt(|p| p.word("async"))?;
        let t = self.word("with")?;
        alt!(
            self,
            |p: &mut Self| {
                p.gather(",", |p| item(p, false))?;
                end(p, t)
            },
            |p: &mut Self| {
                p.word("(")?;
                p.gather(",", |p| item(p, true))?;
                p.opt(|p| p.word(","))?;
                p.word(")")?;
                end(p, t)
            },
        )
    }
}

fn alt_statement(p: &mut Parser<'_>) -> P<()> {
    alt!(p, |p: &mut Parser<'_>| p.compound_stmt(), |p: &mut Parser<'_>| p.simple_stmts())
}

/// A target in parentheses, an attribute or a subscript.
fn alt_annotated_target(p: &mut Parser<'_>) -> P<Node> {
    alt!(
        p,
        |p: &mut Parser<'_>| {
            p.word("(")?;
            let e = p.single_target()?;
            p.word(")")?;
            Ok(e)
        },
        |p: &mut Parser<'_>| p.subscript_or_attribute(),
    )
}
