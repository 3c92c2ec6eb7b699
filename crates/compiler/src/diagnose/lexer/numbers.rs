//! Numbers, and what may not follow them.

use super::{Kind, Lexed, Lexer, is_name_part};

/// Keywords that may directly follow a number.
const MAY_FOLLOW: &[&str] = &["and", "else", "for", "if", "in", "is", "or", "not"];

impl Lexer<'_> {
    pub(super) fn number(&mut self, first: u8) -> Lexed<Kind> {
        if first == b'0' {
            match self.peek().map(|c| c.to_ascii_lowercase()) {
                Some(b'x') => return self.radix(16, "hexadecimal"),
                Some(b'o') => return self.radix(8, "octal"),
                Some(b'b') => return self.radix(2, "binary"),
                _ => return self.zeros(),
            }
        }
        if first == b'.' {
            return self.fraction();
        }
        self.digits()?;
        if self.eat(b'.') { self.fraction() } else { self.exponent() }
    }

    fn radix(&mut self, radix: u32, kind: &str) -> Lexed<Kind> {
        self.cur += 1;
        let is = |c: Option<u8>| c.is_some_and(|c| (c as char).is_digit(radix));
        loop {
            self.eat(b'_');
            if !is(self.peek()) {
                return match self.peek() {
                    Some(c) if c.is_ascii_digit() => self.bad_digit(c, kind),
                    _ => self.error(format!("invalid {kind} literal")),
                };
            }
            while is(self.peek()) {
                self.cur += 1;
            }
            if self.peek() != Some(b'_') {
                break;
            }
        }
        match self.peek() {
            Some(c) if c.is_ascii_digit() => self.bad_digit(c, kind),
            _ => self.number_end(kind),
        }
    }

    fn bad_digit(&mut self, c: u8, kind: &str) -> Lexed<Kind> {
        self.cur += 1;
        self.error(format!("invalid digit '{}' in {kind} literal", c as char))
    }

    /// Digits, single underscores between them.
    fn digits(&mut self) -> Lexed<()> {
        loop {
            while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                self.cur += 1;
            }
            if !self.eat(b'_') {
                return Ok(());
            }
            if !self.peek().is_some_and(|c| c.is_ascii_digit()) {
                return self.error("invalid decimal literal");
            }
        }
    }

    /// A decimal number that begins with 0.
    fn zeros(&mut self) -> Lexed<Kind> {
        loop {
            if self.eat(b'_') && !self.peek().is_some_and(|c| c.is_ascii_digit()) {
                return self.error("invalid decimal literal");
            }
            if !self.eat(b'0') {
                break;
            }
        }
        let zeros_end = self.cur + 1;
        let other = self.peek().is_some_and(|c| c.is_ascii_digit());
        if other {
            self.digits()?;
        }
        match self.peek() {
            Some(b'.') => {
                self.cur += 1;
                self.fraction()
            }
            Some(b'e' | b'E' | b'j' | b'J') => self.exponent(),
            _ if other => {
                let message = "leading zeros in decimal integer literals are not permitted; use an 0o prefix for \
                               octal integers";
                self.error_range(self.start, zeros_end, message)
            }
            _ => self.number_end("decimal"),
        }
    }

    fn fraction(&mut self) -> Lexed<Kind> {
        if self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.digits()?;
        }
        self.exponent()
    }

    fn exponent(&mut self) -> Lexed<Kind> {
        if matches!(self.peek(), Some(b'e' | b'E')) {
            let at = self.cur;
            self.cur += 1;
            let signed = matches!(self.peek(), Some(b'+' | b'-'));
            self.cur += signed as usize;
            if !self.peek().is_some_and(|c| c.is_ascii_digit()) {
                if signed {
                    return self.error("invalid decimal literal");
                }
                // Perhaps a keyword: `1else`.
                self.cur = at;
                return self.number_end("decimal");
            }
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'j' | b'J')) {
            self.cur += 1;
            return self.number_end("imaginary");
        }
        self.number_end("decimal")
    }

    fn number_end(&mut self, kind: &str) -> Lexed<Kind> {
        let rest = &self.text.text[self.cur..];
        let word = MAY_FOLLOW.iter().any(|k| {
            let whole = |rest: &str| !rest.bytes().next().is_some_and(is_name_part);
            rest.strip_prefix(k).is_some_and(|rest| matches!(*k, "if" | "in" | "is") || whole(rest))
        });
        if !word && self.peek().is_some_and(|c| c < 128 && is_name_part(c)) {
            return self.error(format!("invalid {kind} literal"));
        }
        self.push(Kind::Number)
    }
}
