//! Strings and the text of formatted strings.

use super::{Kind, Lexed, Lexer, MAX_FIELDS, MAX_STRINGS, Mode};

impl Lexer<'_> {
    /// Which of the letters b, u, r, f, t do not go together?
    pub(super) fn check_prefixes(&self, [b, u, r, f, t]: [bool; 5]) -> Lexed<()> {
        let pairs = [(u && b, "u", "b"), (u && r, "u", "r"), (u && f, "u", "f"), (u && t, "u", "t")];
        let more = [(b && f, "b", "f"), (b && t, "b", "t"), (f && t, "f", "t")];
        match pairs.into_iter().chain(more).find(|p| p.0) {
            Some((_, x, y)) => {
                self.error_range(self.start, self.cur, format!("'{x}' and '{y}' prefixes are incompatible"))
            }
            None => Ok(()),
        }
    }

    /// Behind the first quote: is it one of three, and does an empty string end here?
    fn quotes(&mut self, quote: u8) -> usize {
        let three = self.src[self.cur..].starts_with(&[quote, quote]);
        self.cur += if three { 2 } else { 0 };
        if three { 3 } else { 1 }
    }

    pub(super) fn string(&mut self, quote: u8) -> Lexed<Kind> {
        let size = self.quotes(quote);
        let (mut seen, mut escaped_quote) = (0, false);
        while seen < size {
            match self.next() {
                None => {
                    let r = self.unterminated(quote, size, escaped_quote);
                    self.stop_at_end = !self.modes.last().is_some_and(|m| m.quote == quote && m.size == size);
                    return r;
                }
                Some(b'\n') if size == 1 => return self.unterminated(quote, size, escaped_quote),
                Some(c) if c == quote => seen += 1,
                Some(b'\\') => {
                    seen = 0;
                    escaped_quote |= self.next() == Some(quote);
                }
                Some(_) => seen = 0,
            }
        }
        self.push(Kind::Str)
    }

    fn unterminated(&mut self, quote: u8, size: usize, escaped_quote: bool) -> Lexed<Kind> {
        let line = self.line();
        self.cur = self.start + 1;
        if let Some(mode) = self.modes.last()
            && mode.quote == quote
            && mode.size == size
        {
            return self.error(format!("{}-string: expecting '}}'", mode.letter));
        }
        let kind = if size == 3 { "triple-quoted " } else { "" };
        let hint = if escaped_quote && size == 1 { "; perhaps you escaped the end quote?" } else { "" };
        self.error(format!("unterminated {kind}string literal (detected at line {line}){hint}"))
    }

    pub(super) fn format_start(&mut self, quote: u8, seen: [bool; 5]) -> Lexed<Kind> {
        let size = self.quotes(quote);
        if self.modes.len() + 1 >= MAX_STRINGS {
            return self.error("too many nested f-strings or t-strings");
        }
        self.modes.push(Mode {
            letter: if seen[3] { 'f' } else { 't' },
            quote,
            size,
            start: self.start,
            raw: seen[2],
            in_text: true,
            in_spec: false,
            debug: false,
            depth: 0,
            fields: -1,
        });
        self.push(if seen[3] { Kind::FStart } else { Kind::TStart })
    }

    fn format_kind(&self, f: Kind, t: Kind) -> Kind {
        if self.modes.last().is_some_and(|m| m.letter == 'f') { f } else { t }
    }

    /// A field begins.
    fn enter_field(&mut self) -> Lexed<()> {
        let Some(mode) = self.modes.last_mut() else { return Ok(()) };
        mode.fields += 1;
        let letter = mode.letter;
        if mode.fields >= MAX_FIELDS {
            return self.error(format!("{letter}-string: expressions nested too deeply"));
        }
        mode.in_text = false;
        Ok(())
    }

    /// The next part of a formatted string: text, its end, or the brace of a field.
    pub(super) fn string_part(&mut self) -> Lexed<Kind> {
        self.start = self.cur;
        let Some(mode) = self.modes.last() else { return self.normal() };
        let (quote, size) = (mode.quote, mode.size);
        if self.peek() == Some(b'{') && self.src.get(self.cur + 1) != Some(&b'{') {
            self.enter_field()?;
            return self.normal();
        }
        if self.src[self.cur..].starts_with(&[quote; 3][..size]) {
            self.cur += size;
            let kind = self.format_kind(Kind::FEnd, Kind::TEnd);
            self.modes.pop();
            return self.push(kind);
        }
        self.string_text(quote, size)
    }

    fn string_text(&mut self, quote: u8, size: usize) -> Lexed<Kind> {
        let kind = self.format_kind(Kind::FMiddle, Kind::TMiddle);
        let (mut seen, mut in_name) = (0, false);
        while seen < size {
            let Some(mode) = self.modes.last() else { break };
            let (in_spec, raw, depth) = (mode.in_spec && mode.fields >= 0, mode.raw, mode.depth);
            let c = self.next();
            match c {
                Some(b'\n') if size == 1 && in_spec => return self.newline_in_spec(kind),
                None => {
                    self.stop_at_end = size == 3;
                    return self.unterminated_format();
                }
                Some(b'\n') if size == 1 => return self.unterminated_format(),
                Some(c) if c == quote => {
                    seen += 1;
                    continue;
                }
                Some(b'{') if self.peek() != Some(b'{') || in_spec => {
                    self.cur -= 1;
                    self.enter_field()?;
                    if let Some(mode) = self.modes.last_mut() {
                        mode.in_spec = false;
                    }
                    return self.push(kind);
                }
                Some(b'{') => return self.doubled(kind),
                Some(b'}') if in_name => return self.push(kind),
                Some(b'}') if self.peek() == Some(b'}') && !in_spec && depth == 0 => return self.doubled(kind),
                Some(b'}') => {
                    self.cur -= 1;
                    if let Some(mode) = self.modes.last_mut() {
                        (mode.in_text, mode.in_spec) = (false, false);
                    }
                    return self.push(kind);
                }
                Some(b'\\') => self.escaped(raw, &mut in_name),
                Some(_) => {}
            }
            seen = 0;
        }
        self.cur -= size;
        self.push(kind)
    }

    fn escaped(&mut self, raw: bool, in_name: &mut bool) {
        if matches!(self.peek(), Some(b'{' | b'}')) {
            return;
        }
        if self.next() == Some(b'N') && !raw {
            *in_name |= self.eat(b'{');
        }
    }

    /// A doubled brace: one of them belongs to the text.
    fn doubled(&mut self, kind: Kind) -> Lexed<Kind> {
        let end = self.cur;
        self.cur += 1;
        self.push_to(kind, end)
    }

    /// A line ends in the format specifier of a string with single quotes.
    fn newline_in_spec(&mut self, kind: Kind) -> Lexed<Kind> {
        let letter = self.modes.last().map_or('f', |m| m.letter);
        let _ = kind;
        self.error(format!(
            "{letter}-string: newlines are not allowed in format specifiers for single quoted {letter}-strings"
        ))
    }

    fn unterminated_format(&mut self) -> Lexed<Kind> {
        let line = self.line();
        let Some(mode) = self.modes.last() else { return self.normal() };
        let kind = if mode.size == 3 { "triple-quoted " } else { "" };
        let message = format!("unterminated {kind}{}-string literal (detected at line {line})", mode.letter);
        self.error_before(mode.start + 1, message)
    }
}
