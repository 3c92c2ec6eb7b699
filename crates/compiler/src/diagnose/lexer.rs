//! Tokens as CPython's tokenizer makes them, up to the first thing that is none.
//!
//! Formatted strings are cut up as in CPython: a stack of modes tells whether text or an expression is read. Terms: a
//! *hard* error is reported wherever the parser fails; a *soft* one only when the parser gets that far.

use super::text::{Text, prefix};
use crate::errors::{ErrorKind, Failure};
use ferropy_text::unicode::{is_printable, is_xid_continue, is_xid_start};

mod numbers;
mod strings;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Name,
    Keyword,
    Number,
    Str,
    Newline,
    Indent,
    Dedent,
    FStart,
    FMiddle,
    FEnd,
    TStart,
    TMiddle,
    TEnd,
    Op,
    End,
}

#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    /// Brackets that are open behind it.
    pub level: usize,
}

impl Token {
    /// Tokens that CPython gives no columns.
    pub fn has_no_place(self) -> bool {
        matches!(self.kind, Kind::Indent | Kind::Dedent | Kind::End) || self.kind == Kind::Newline && self.is_empty()
    }

    fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Does one see the end of a text of such a length when one reads the token?
    pub fn sees_end(self, len: usize) -> bool {
        let by_itself = matches!(self.kind, Kind::Str | Kind::FEnd | Kind::TEnd | Kind::Newline);
        self.end == len && (!by_itself || self.is_empty())
    }
}

/// How text ends.
#[derive(Clone, Copy)]
pub struct Input {
    /// A statement that is typed in needs no newline at the end.
    pub single: bool,
    /// But then its blocks are not ended, either.
    pub keep_blocks: bool,
    /// `<>` is the inequality.
    pub barry: bool,
}

/// Why there are no more tokens.
pub enum Stop {
    /// The end token was read.
    End,
    Hard(Box<Failure>),
    Soft(Box<Failure>),
    /// The text ends inside brackets.
    Unclosed,
}

/// An open bracket.
#[derive(Clone, Copy)]
pub struct Open {
    pub bracket: u8,
    pub at: usize,
}

/// A formatted string that is being read.
struct Mode {
    /// `f` or `t`.
    letter: char,
    quote: u8,
    size: usize,
    start: usize,
    raw: bool,
    /// Text is read, not an expression.
    in_text: bool,
    in_spec: bool,
    debug: bool,
    /// Brackets that are open in it, and how many of them begin fields.
    depth: i32,
    fields: i32,
}

pub struct Lexer<'a> {
    pub text: &'a Text,
    src: &'a [u8],
    cur: usize,
    start: usize,
    /// Where the line begins at whose start no token was being read: columns of some errors count from there.
    buffer: usize,
    indents: Vec<(usize, usize)>,
    pending: i32,
    at_line_start: bool,
    pub open: Vec<Open>,
    modes: Vec<Mode>,
    pub tokens: Vec<Token>,
    input: Input,
    /// A token was read since the last line end that is not in the text.
    started: bool,
    /// Nothing but the end of the text stopped the tokenizer.
    pub stop_at_end: bool,
}

type Lexed<T> = Result<T, Stop>;

const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];
const LONG_OPERATORS: &[&str] = &[
    "**=", "//=", ">>=", "<<=", "...", "!=", "->", ":=", "**", "//", ">>", "<<", "<=", ">=", "==", "+=", "-=", "*=",
    "/=", "%=", "&=", "|=", "^=", "@=",
];
const MAX_INDENTS: usize = 100;
const MAX_BRACKETS: usize = 200;
const MAX_STRINGS: usize = 150;
const MAX_FIELDS: i32 = 3;

fn is_name_start(c: u8) -> bool {
    c.is_ascii_alphabetic() || c == b'_' || c >= 128
}
fn is_name_part(c: u8) -> bool {
    is_name_start(c) || c.is_ascii_digit()
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a Text, input: Input) -> Lexer<'a> {
        Lexer {
            text,
            src: text.text.as_bytes(),
            cur: 0,
            start: 0,
            buffer: 0,
            indents: vec![(0, 0)],
            pending: 0,
            at_line_start: true,
            open: Vec::new(),
            modes: Vec::new(),
            tokens: Vec::new(),
            input,
            started: false,
            stop_at_end: false,
        }
    }

    pub fn in_string(&self) -> bool {
        !self.modes.is_empty()
    }

    /// Reads all tokens.
    pub fn run(&mut self) -> Stop {
        loop {
            let in_text = self.modes.last().is_some_and(|m| m.in_text);
            match if in_text { self.string_part() } else { self.normal() } {
                Ok(Kind::End) => return Stop::End,
                Ok(_) => {}
                Err(stop) => return stop,
            }
        }
    }

    // ---- characters

    fn next(&mut self) -> Option<u8> {
        let c = self.src.get(self.cur).copied();
        self.cur += c.is_some() as usize;
        c
    }

    fn peek(&self) -> Option<u8> {
        self.src.get(self.cur).copied()
    }

    fn eat(&mut self, c: u8) -> bool {
        let is = self.peek() == Some(c);
        self.cur += is as usize;
        is
    }

    /// The line of the last character that was read.
    fn line(&self) -> u32 {
        self.text.line(self.cur.saturating_sub(1))
    }

    // ---- results

    fn push(&mut self, kind: Kind) -> Lexed<Kind> {
        self.push_to(kind, self.cur)
    }

    fn push_to(&mut self, kind: Kind, end: usize) -> Lexed<Kind> {
        self.started = true;
        self.tokens.push(Token { kind, start: self.start, end, level: self.open.len() });
        Ok(kind)
    }

    /// A hard error at the last character that was read.
    fn error<T>(&self, message: impl Into<String>) -> Lexed<T> {
        self.error_before(self.cur, message)
    }

    fn error_before<T>(&self, at: usize, message: impl Into<String>) -> Lexed<T> {
        let line = self.text.line(at.saturating_sub(1));
        let col = self.text.chars(line, at);
        Err(Stop::Hard(self.text.failure(
            ErrorKind::Syntax,
            message.into(),
            [line as i32, col, line as i32, col],
            false,
        )))
    }

    /// A hard error over a range of columns (from 1) in the line of `start`.
    fn error_range<T>(&self, start: usize, end: usize, message: impl Into<String>) -> Lexed<T> {
        let line = self.text.line(start);
        let (col, end) = (self.text.chars(line, start) + 1, self.text.chars(line, end));
        Err(Stop::Hard(self.text.failure(
            ErrorKind::Syntax,
            message.into(),
            [line as i32, col, line as i32, end],
            false,
        )))
    }

    fn soft<T>(&self, kind: ErrorKind, message: &str, place: [i32; 4]) -> Lexed<T> {
        Err(Stop::Soft(self.text.failure(kind, message.into(), place, true)))
    }

    // ---- lines

    fn tab_error<T>(&self) -> Lexed<T> {
        let line = self.line() as i32;
        self.soft(ErrorKind::Tab, "inconsistent use of tabs and spaces in indentation", [line, 1, line, 0])
    }

    /// Indentation at the start of a line; true if the line is blank.
    fn indentation(&mut self) -> Lexed<bool> {
        let (mut col, mut alt, mut continued) = (0, 0, None);
        loop {
            match self.peek() {
                Some(b' ') => (col, alt) = (col + 1, alt + 1),
                Some(b'\t') => (col, alt) = ((col / 8 + 1) * 8, alt + 1),
                Some(0x0c) => (col, alt) = (0, 0),
                Some(b'\\') => {
                    continued = continued.or((col > 0).then_some(col));
                    self.cur += 1;
                    self.continuation()?;
                    self.buffer = self.cur;
                    continue;
                }
                _ => break,
            }
            self.cur += 1;
        }
        if matches!(self.peek(), Some(b'#' | b'\n')) {
            return Ok(true);
        }
        if self.open.is_empty() {
            if let Some(c) = continued {
                (col, alt) = (c, c);
            }
            self.indent_to(col, alt)?;
        }
        Ok(false)
    }

    fn indent_to(&mut self, col: usize, alt: usize) -> Lexed<()> {
        let (top, top_alt) = self.indents.last().copied().unwrap_or((0, 0));
        if col > top {
            if self.indents.len() >= MAX_INDENTS {
                let line = self.line() as i32;
                return self.soft(ErrorKind::Indentation, "too many levels of indentation", [line, 1, line, 0]);
            }
            if alt <= top_alt {
                return self.tab_error();
            }
            self.pending += 1;
            self.indents.push((col, alt));
            return Ok(());
        }
        while self.indents.len() > 1 && self.indents.last().is_some_and(|i| col < i.0) {
            self.indents.pop();
            self.pending -= 1;
        }
        let (top, top_alt) = self.indents.last().copied().unwrap_or((0, 0));
        if col != top {
            let line = self.line();
            let end = self.text.line_text(line).chars().count() as i32;
            let message = "unindent does not match any outer indentation level";
            return self.soft(ErrorKind::Indentation, message, [line as i32, end, line as i32, -1]);
        }
        if alt != top_alt { self.tab_error() } else { Ok(()) }
    }

    /// Behind a backslash: the line must end, and another one must follow.
    fn continuation(&mut self) -> Lexed<()> {
        if self.next() != Some(b'\n') {
            let line = self.line();
            let col = prefix(self.text.line_text(line), self.cur - self.buffer);
            let message = "unexpected character after line continuation character";
            return self.soft(ErrorKind::Syntax, message, [line as i32, col, line as i32, 0]);
        }
        if self.peek().is_none() {
            if !self.open.is_empty() {
                return self.unclosed();
            }
            self.stop_at_end = true;
            let line = self.line();
            let end = self.text.chars(line, self.cur);
            return self.soft(ErrorKind::Syntax, "unexpected EOF while parsing", [line as i32, end, line as i32, -1]);
        }
        Ok(())
    }

    fn normal(&mut self) -> Lexed<Kind> {
        loop {
            let mut blank = false;
            if std::mem::take(&mut self.at_line_start) {
                self.buffer = self.cur;
                blank = self.indentation()?;
            }
            self.start = self.cur;
            if self.pending != 0 {
                let kind = if self.pending < 0 { Kind::Dedent } else { Kind::Indent };
                self.pending -= self.pending.signum();
                return self.push(kind);
            }
            loop {
                while matches!(self.peek(), Some(b' ' | b'\t' | 0x0c)) {
                    self.cur += 1;
                }
                self.start = self.cur;
                match self.peek() {
                    // The token behind a comment begins where the comment does.
                    Some(b'#') => {
                        self.cur += self.src[self.cur..].iter().take_while(|c| **c != b'\n').count();
                        break;
                    }
                    Some(b'\\') => {
                        self.cur += 1;
                        self.continuation()?;
                    }
                    _ => break,
                }
            }
            if !self.eat(b'\n') {
                return self.token();
            }
            self.at_line_start = true;
            if !blank && self.open.is_empty() {
                return self.push_to(Kind::Newline, self.cur);
            }
        }
    }

    fn token(&mut self) -> Lexed<Kind> {
        let Some(c) = self.next() else { return self.end_of_text() };
        match c {
            c if is_name_start(c) => self.name(c),
            b'"' | b'\'' => self.string(c),
            b'0'..=b'9' => self.number(c),
            b'.' if self.peek().is_some_and(|c| c.is_ascii_digit()) => self.number(c),
            0 => self.error("source code cannot contain null bytes"),
            c => self.operator(c),
        }
    }

    fn end_of_text(&mut self) -> Lexed<Kind> {
        if !self.open.is_empty() {
            return self.unclosed();
        }
        self.start = self.cur;
        if !self.input.single || !self.started {
            return self.push(Kind::End);
        }
        if !self.input.keep_blocks {
            self.pending = 1 - self.indents.len() as i32;
            self.indents.truncate(1);
        }
        let r = self.push(Kind::Newline);
        self.started = false;
        r
    }

    fn unclosed<T>(&mut self) -> Lexed<T> {
        self.stop_at_end = true;
        Err(Stop::Unclosed)
    }

    fn name(&mut self, first: u8) -> Lexed<Kind> {
        let mut seen = [false; 5];
        let mut c = first;
        // Letters that may stand before a string, each of them once.
        while let Some(i) = b"burft".iter().position(|p| *p == c.to_ascii_lowercase()).filter(|i| !seen[*i]) {
            seen[i] = true;
            match self.peek() {
                Some(q @ (b'"' | b'\'')) => {
                    self.cur += 1;
                    self.check_prefixes(seen)?;
                    return if seen[3] || seen[4] { self.format_start(q, seen) } else { self.string(q) };
                }
                Some(next) if is_name_part(next) => {
                    self.cur += 1;
                    c = next;
                }
                _ => break,
            }
        }
        while self.peek().is_some_and(is_name_part) {
            self.cur += 1;
        }
        self.check_name()?;
        let keyword = KEYWORDS.contains(&&self.text.text[self.start..self.cur]);
        self.push(if keyword { Kind::Keyword } else { Kind::Name })
    }

    fn check_name(&mut self) -> Lexed<()> {
        let name = &self.text.text[self.start..self.cur];
        let bad = name.char_indices().find(|(i, c)| {
            let c = *c as u32;
            !(c == '_' as u32 || if *i == 0 { is_xid_start(c) } else { is_xid_continue(c) })
        });
        let Some((i, c)) = bad else { return Ok(()) };
        self.cur = self.start + i + c.len_utf8();
        if is_printable(c as u32) {
            return self.error(format!("invalid character '{c}' (U+{:04X})", c as u32));
        }
        self.error(format!("invalid non-printable character U+{:04X}", c as u32))
    }

    // ---- operators and brackets

    fn operator(&mut self, c: u8) -> Lexed<Kind> {
        let field = self.modes.last().map(|m| (m.depth - (c != b'{') as i32, m.fields));
        if let Some((depth, fields)) = field
            && c == b':'
            && depth == fields
            && let Some(mode) = self.modes.last_mut()
        {
            (mode.in_text, mode.in_spec) = (true, true);
            return self.push(Kind::Op);
        }
        if let Some(op) = LONG_OPERATORS.iter().find(|op| self.src[self.start..].starts_with(op.as_bytes())) {
            self.cur = self.start + op.len();
            return self.push(Kind::Op);
        }
        match c {
            b'(' | b'[' | b'{' => self.open_bracket(c)?,
            b')' | b']' | b'}' => self.close_bracket(c)?,
            b'=' => {
                if let Some(mode) = self.modes.last_mut().filter(|m| m.fields >= 0) {
                    mode.debug = true;
                }
            }
            c if c < 32 || c == 127 => return self.error(format!("invalid non-printable character U+{c:04X}")),
            _ => {}
        }
        self.push(Kind::Op)
    }

    fn open_bracket(&mut self, c: u8) -> Lexed<()> {
        if self.open.len() >= MAX_BRACKETS {
            return self.error("too many nested parentheses");
        }
        self.open.push(Open { bracket: c, at: self.start });
        if let Some(mode) = self.modes.last_mut() {
            mode.depth += 1;
        }
        Ok(())
    }

    fn close_bracket(&mut self, c: u8) -> Lexed<()> {
        let letter = self.modes.last().map(|m| m.letter);
        if let Some(mode) = self.modes.last()
            && mode.depth == 0
            && c == b'}'
        {
            return self.error(format!("{}-string: single '}}' is not allowed", mode.letter));
        }
        let c = c as char;
        let Some(open) = self.open.pop() else { return self.error(format!("unmatched '{c}'")) };
        let opening = open.bracket as char;
        if !matches!((opening, c), ('(', ')') | ('[', ']') | ('{', '}')) {
            if let Some(mode) = self.modes.last()
                && opening == '{'
                && mode.depth - 1 == mode.fields
            {
                return self.error(format!("{}-string: unmatched '{c}'", mode.letter));
            }
            let line = self.text.line(open.at);
            let place = if line == self.line() { String::new() } else { format!(" on line {line}") };
            let message = format!("closing parenthesis '{c}' does not match opening parenthesis '{opening}'{place}");
            return self.error(message);
        }
        let Some(mode) = self.modes.last_mut() else { return Ok(()) };
        mode.depth -= 1;
        if mode.depth < 0 {
            return self.error(format!("{}-string: unmatched '{c}'", letter.unwrap_or('f')));
        }
        if c == '}' && mode.depth == mode.fields {
            mode.fields -= 1;
            (mode.in_text, mode.in_spec, mode.debug) = (true, false, false);
        }
        Ok(())
    }
}
