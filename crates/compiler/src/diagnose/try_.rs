//! `try` statements.

use super::lexer::{Kind, Token};
use super::parser::{Miss, P, Parser};

impl Parser<'_> {
    pub fn try_stmt(&mut self) -> P<()> {
        if self.invalid {
            self.opt(Self::invalid_try)?;
        }
        self.word("try")?;
        self.forced(":")?;
        self.block()?;
        if self.opt(Self::finally_block)?.is_some() {
            return Ok(());
        }
        if self.opt(|p| p.many1(|p| p.except_block(false)))?.is_none() {
            self.many1(|p| p.except_block(true))?;
        }
        self.opt(Self::else_block)?;
        self.opt(Self::finally_block)?;
        Ok(())
    }

    fn finally_block(&mut self) -> P<()> {
        if self.invalid {
            self.opt(|p| {
                let t = p.word("finally")?;
                p.word(":")?;
                p.expect_indent("'finally' statement", t)
            })?;
        }
        self.word("finally")?;
        self.forced(":")?;
        self.block()
    }

    /// `except`, with a star or not.
    fn except(&mut self, star: bool) -> P<Token> {
        let t = self.word("except")?;
        if star {
            self.word("*")?;
        }
        Ok(t)
    }

    /// An expression, perhaps with a name for the exception.
    fn except_one(&mut self) -> P<()> {
        self.expression()?;
        self.opt(|p| {
            p.word("as")?;
            p.name()
        })?;
        Ok(())
    }

    fn except_block(&mut self, star: bool) -> P<()> {
        if self.invalid {
            self.opt(|p| {
                let t = p.except(star)?;
                if p.opt(|p| {
                    p.except_one()?;
                    p.word(":")
                })?
                .is_none()
                {
                    if star {
                        return Err(Miss::No);
                    }
                    p.word(":")?;
                }
                p.expect_indent(if star { "'except*' statement" } else { "'except' statement" }, t)
            })?;
        }
        let plain = self.opt(|p| {
            p.except(star)?;
            let head = p.opt(|p| {
                p.except_one()?;
                p.word(":")
            })?;
            if head.is_none() {
                let several = p.opt(|p| {
                    p.expressions()?;
                    p.word(":")
                })?;
                if several.is_none() {
                    if star {
                        return Err(Miss::No);
                    }
                    p.word(":")?;
                }
            }
            p.block()
        })?;
        match plain {
            Some(()) => Ok(()),
            None if self.invalid => self.invalid_except(star),
            None => Err(Miss::No),
        }
    }

    fn invalid_except(&mut self, star: bool) -> P<()> {
        self.except(star)?;
        let several = self.opt(|p| {
            let a = p.expression()?;
            p.word(",")?;
            p.expressions()?;
            p.word("as")?;
            p.name()?;
            p.word(":")?;
            Ok(a)
        })?;
        if let Some(a) = several {
            let message = "multiple exception types must be parenthesized when using 'as'";
            return Err(self.raise_from(a.start(), message));
        }
        let no_colon = self.opt(|p| {
            p.except_one()?;
            p.kind(Kind::Newline)
        })?;
        if no_colon.is_some() || !star && self.opt(|p| p.kind(Kind::Newline))?.is_some() {
            return Err(self.raise_last("expected ':'"));
        }
        if star {
            let none = self.opt(|p| p.kind(Kind::Newline))?.is_some() || self.opt(|p| p.word(":"))?.is_some();
            if none {
                return Err(self.raise_last("expected one or more exception types"));
            }
        }
        self.expression()?;
        self.word("as")?;
        let a = self.expression()?;
        self.word(":")?;
        self.block()?;
        let word = if star { "except*" } else { "except" };
        Err(self.raise_node(&a, format!("cannot use {word} statement with {}", a.name())))
    }

    fn invalid_try(&mut self) -> P<()> {
        const BOTH: &str = "cannot have both 'except' and 'except*' on the same 'try'";
        let t = self.word("try")?;
        self.word(":")?;
        self.opt(|p| p.expect_indent("'try' statement", t))?;
        let alone = self.opt(|p| {
            p.block()?;
            p.not(|p| p.any(&["except", "finally"]))
        })?;
        if alone.is_some() {
            return Err(self.raise_last("expected 'except' or 'finally' block"));
        }
        let star_second = self.opt(|p| {
            p.many(Self::block)?;
            p.many1(|p| p.except_block(false))?;
            let a = p.word("except")?;
            let b = p.word("*")?;
            p.except_one()?;
            p.word(":")?;
            Ok((a, b))
        })?;
        if let Some((a, b)) = star_second {
            return Err(self.raise(a.start, b.end, BOTH));
        }
        self.many(Self::block)?;
        self.many1(|p| p.except_block(true))?;
        let a = self.word("except")?;
        self.opt(Self::except_one)?;
        self.word(":")?;
        Err(self.raise_token(a, BOTH))
    }
}
