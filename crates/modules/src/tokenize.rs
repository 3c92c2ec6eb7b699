//! `_tokenize`: Python's tokens as `tokenize` shows them, comments and blank lines included.
//!
//! The source is read line by line up front and cut into tokens at once; the iterator then hands them out. An error
//! in the source is a token of its own, raised when its turn comes.

use ferropy_vm::class::flags;
use ferropy_vm::types::Str;
use ferropy_vm::{Args, Exc, Gc, NativeDef, R, Raised, Thread, TypeDef, Value, heap_kind};
use std::cell::{Cell, UnsafeCell};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_tokenize", |cx| {
        let m = cx.module_with("_tokenize", "", &[])?;
        cx.module_class(m, &TOKENIZER)?;
        Ok(m.value())
    });
}

const ENDMARKER: u8 = 0;
const NAME: u8 = 1;
const NUMBER: u8 = 2;
const STRING: u8 = 3;
const NEWLINE: u8 = 4;
const INDENT: u8 = 5;
const DEDENT: u8 = 6;
const OP: u8 = 55;
const FSTRING_START: u8 = 59;
const TSTRING_START: u8 = 62;
const COMMENT: u8 = 65;
const NL: u8 = 66;

type Pos = (usize, usize);

struct Token {
    kind: u8,
    text: String,
    start: Pos,
    end: Pos,
}

/// What is wrong with the source, where, and whether the indentation is.
struct Fault {
    message: String,
    at: Pos,
    class: Exc,
}

/// An f- or t-string that is being read.
struct Format {
    quote: char,
    triple: bool,
    raw: bool,
    start_kind: u8,
    /// Bracket depth at each open replacement field, and whether its format spec has begun.
    fields: Vec<(usize, bool)>,
}

#[derive(Default)]
struct Lexer {
    lines: Vec<Vec<char>>,
    row: usize,
    col: usize,
    out: Vec<Token>,
    brackets: Vec<(char, Pos)>,
    indents: Vec<usize>,
    formats: Vec<Format>,
}

const OPERATORS: &[&str] = &[
    "**=", "//=", ">>=", "<<=", "...", "!=", "->", ":=", "**", "//", ">>", "<<", "<=", ">=", "==", "+=", "-=", "*=",
    "/=", "%=", "&=", "|=", "^=", "@=", "<>",
];

impl Lexer {
    fn new(text: &str) -> Lexer {
        let lines = text.split_inclusive('\n').map(|l| l.chars().collect()).collect();
        Lexer { lines, indents: vec![0], ..Lexer::default() }
    }
    fn peek(&self, by: usize) -> char {
        self.lines.get(self.row).and_then(|l| l.get(self.col + by)).copied().unwrap_or('\0')
    }
    fn here(&self) -> Pos {
        (self.row + 1, self.col)
    }
    fn fault<T>(&self, message: impl Into<String>, at: Pos) -> Result<T, Fault> {
        Err(Fault { message: message.into(), at, class: Exc::SyntaxError })
    }
    /// The text from a position to here.
    fn since(&self, start: Pos) -> String {
        let mut text = String::new();
        for row in start.0 - 1..=self.row.min(self.lines.len().saturating_sub(1)) {
            let from = if row == start.0 - 1 { start.1 } else { 0 };
            let to = if row == self.row { self.col } else { self.lines[row].len() };
            text.extend(self.lines[row][from.min(to)..to].iter());
        }
        text
    }
    fn push(&mut self, kind: u8, start: Pos) {
        let token = Token { kind, text: self.since(start), start, end: self.here() };
        self.out.push(token);
    }

    fn run(&mut self) -> Result<(), Fault> {
        while self.row < self.lines.len() {
            self.line()?;
        }
        if let Some(f) = self.formats.last() {
            let what = if f.start_kind == FSTRING_START { 'f' } else { 't' };
            let triple = if f.triple { "triple-quoted " } else { "" };
            return self.fault(format!("unterminated {triple}{what}-string literal"), self.here());
        }
        if !self.brackets.is_empty() {
            return self.fault("unexpected EOF in multi-line statement", (self.lines.len(), 0));
        }
        self.finish();
        Ok(())
    }
    /// The tokens at the end: a missing newline, dedents, the end marker.
    fn finish(&mut self) {
        let last = self.out.iter().rev().find(|t| t.kind != DEDENT);
        if let Some(t) = last
            && t.kind != NEWLINE
            && t.kind != NL
        {
            let at = t.end;
            let kind = if t.kind == COMMENT { NL } else { NEWLINE };
            self.out.push(Token { kind, text: String::new(), start: at, end: (at.0, at.1 + 1) });
        }
        let end = (self.lines.len() + 1, 0);
        for _ in 1..self.indents.len() {
            self.out.push(Token { kind: DEDENT, text: String::new(), start: end, end });
        }
        self.out.push(Token { kind: ENDMARKER, text: String::new(), start: end, end });
    }

    /// One logical line, or the rest of one.
    fn line(&mut self) -> Result<(), Fault> {
        if self.col == 0 && self.brackets.is_empty() && self.formats.is_empty() && !self.indentation()? {
            return Ok(());
        }
        loop {
            if let Some(f) = self.formats.last()
                && (f.fields.is_empty() || f.fields.last().is_some_and(|s| s.1 && s.0 == self.brackets.len()))
            {
                self.format_text()?;
                continue;
            }
            while matches!(self.peek(0), ' ' | '\t' | '\x0c') {
                self.col += 1;
            }
            if self.row >= self.lines.len() {
                return Ok(());
            }
            if self.col >= self.lines[self.row].len() {
                self.row += 1;
                self.col = 0;
                return Ok(());
            }
            if self.peek(0) == '\n' || self.peek(0) == '\r' && self.peek(1) == '\n' {
                return self.newline();
            }
            if self.peek(0) == '\\' && matches!(self.peek(1), '\n' | '\r') {
                self.row += 1;
                self.col = 0;
                if self.row >= self.lines.len() {
                    return self.fault("unexpected EOF while parsing", (self.row, 0));
                }
                continue;
            }
            self.token()?;
        }
    }
    fn newline(&mut self) -> Result<(), Fault> {
        let start = self.here();
        let open = !self.brackets.is_empty() || !self.formats.is_empty();
        let blank = self.out.last().is_none_or(|t| matches!(t.kind, NEWLINE | NL)) || self.comment_only();
        self.col += if self.peek(0) == '\r' { 2 } else { 1 };
        self.push(if open || blank { NL } else { NEWLINE }, start);
        self.row += 1;
        self.col = 0;
        Ok(())
    }
    /// Is a comment all that this line has?
    fn comment_only(&self) -> bool {
        let mut back = self.out.iter().rev();
        back.next().is_some_and(|t| t.kind == COMMENT)
            && back.next().is_none_or(|t| matches!(t.kind, NEWLINE | NL | INDENT | DEDENT))
    }
    /// Indentation at the start of a line; false: the line is blank and done.
    fn indentation(&mut self) -> Result<bool, Fault> {
        let mut width = 0;
        loop {
            match self.peek(0) {
                ' ' => width += 1,
                '\t' => width = (width / 8 + 1) * 8,
                '\x0c' => width = 0,
                _ => break,
            }
            self.col += 1;
        }
        match self.peek(0) {
            '#' | '\n' | '\r' => {
                if self.peek(0) == '#' {
                    self.comment();
                }
                if self.col < self.lines[self.row].len() {
                    let start = self.here();
                    self.col = self.lines[self.row].len();
                    self.push(NL, start);
                }
                self.row += 1;
                self.col = 0;
                return Ok(false);
            }
            '\0' if self.col >= self.lines[self.row].len() => {
                self.row += 1;
                self.col = 0;
                return Ok(false);
            }
            _ => {}
        }
        let current = self.indents.last().copied().unwrap_or(0);
        if width > current {
            self.indents.push(width);
            self.push(INDENT, (self.row + 1, 0));
        }
        while width < self.indents.last().copied().unwrap_or(0) {
            self.indents.pop();
            if width > self.indents.last().copied().unwrap_or(0) {
                let message = "unindent does not match any outer indentation level".to_owned();
                return Err(Fault { message, at: self.here(), class: Exc::IndentationError });
            }
            let at = self.here();
            self.out.push(Token { kind: DEDENT, text: String::new(), start: at, end: at });
        }
        Ok(true)
    }
    fn comment(&mut self) {
        let start = self.here();
        while self.col < self.lines[self.row].len() && !matches!(self.peek(0), '\n' | '\r') {
            self.col += 1;
        }
        self.push(COMMENT, start);
    }

    fn token(&mut self) -> Result<(), Fault> {
        let start = self.here();
        match self.peek(0) {
            '#' => self.comment(),
            '"' | '\'' => return self.string(start),
            c if c.is_ascii_digit() || c == '.' && self.peek(1).is_ascii_digit() => return self.number(start),
            c if c == '_' || c.is_alphabetic() || c as u32 >= 128 => {
                while self.peek(0) == '_' || self.peek(0).is_alphanumeric() || self.peek(0) as u32 >= 128 {
                    self.col += 1;
                }
                let prefix = self.since(start).to_ascii_lowercase();
                let is_prefix =
                    matches!(prefix.as_str(), "r" | "u" | "b" | "br" | "rb" | "f" | "fr" | "rf" | "t" | "tr" | "rt");
                if is_prefix && matches!(self.peek(0), '"' | '\'') {
                    if prefix.contains(['f', 't']) {
                        self.format_start(start, &prefix);
                        return Ok(());
                    }
                    return self.string(start);
                }
                self.push(NAME, start);
            }
            _ => return self.operator(start),
        }
        Ok(())
    }
    fn operator(&mut self, start: Pos) -> Result<(), Fault> {
        let c = self.peek(0);
        let in_field = self.formats.last().and_then(|f| f.fields.last()).is_some_and(|s| s.0 == self.brackets.len());
        if in_field && (c == ':' || c == '!' && self.peek(1) != '=') {
            self.col += 1;
            self.push(OP, start);
            if c == ':'
                && let Some(s) = self.formats.last_mut().and_then(|f| f.fields.last_mut())
            {
                s.1 = true;
            }
            return Ok(());
        }
        for op in OPERATORS {
            if op.chars().enumerate().all(|(i, c)| self.peek(i) == c) {
                self.col += op.len();
                self.push(OP, start);
                return Ok(());
            }
        }
        // `$`, `?` and the backtick mean nothing in Python, which the parser says; text signatures are tokenised with them.
        if !"()[]{}:,;+-*/|&<>=.%~^@!$?`".contains(c) {
            let message = if c.is_control() || c == '\0' {
                format!("invalid non-printable character U+{:04X}", c as u32)
            } else {
                format!("invalid character '{c}' (U+{:04X})", c as u32)
            };
            if c == '\\' {
                return self.fault("unexpected character after line continuation character", start);
            }
            return self.fault(message, start);
        }
        self.col += 1;
        self.push(OP, start);
        match c {
            '(' | '[' | '{' => self.brackets.push((c, start)),
            ')' | ']' | '}' => return self.close(c, start),
            _ => {}
        }
        Ok(())
    }
    fn close(&mut self, c: char, at: Pos) -> Result<(), Fault> {
        let Some((open, _)) = self.brackets.pop() else { return self.fault(format!("unmatched '{c}'"), at) };
        if !matches!((open, c), ('(', ')') | ('[', ']') | ('{', '}')) {
            let text = format!("closing parenthesis '{c}' does not match opening parenthesis '{open}'");
            return self.fault(text, at);
        }
        if let Some(f) = self.formats.last_mut()
            && f.fields.last().is_some_and(|s| s.0 == self.brackets.len() + 1)
        {
            f.fields.pop();
        }
        Ok(())
    }
    fn number(&mut self, start: Pos) -> Result<(), Fault> {
        let radix = match (self.peek(0), self.peek(1).to_ascii_lowercase()) {
            ('0', 'x') => 16,
            ('0', 'o') => 8,
            ('0', 'b') => 2,
            _ => 10,
        };
        if radix != 10 {
            self.col += 2;
            while self.peek(0).is_digit(radix) || self.peek(0) == '_' {
                self.col += 1;
            }
        } else {
            self.digits();
            if self.peek(0) == '.' {
                self.col += 1;
                self.digits();
            }
            let sign = matches!(self.peek(1), '+' | '-') as usize;
            if matches!(self.peek(0), 'e' | 'E') && self.peek(1 + sign).is_ascii_digit() {
                self.col += 1 + sign;
                self.digits();
            }
            if matches!(self.peek(0), 'j' | 'J') {
                self.col += 1;
            }
        }
        if radix == 10 && (self.peek(0).is_alphabetic() || self.peek(0) == '_') {
            let rest: String = self.lines[self.row][self.col..].iter().take_while(|c| c.is_alphanumeric()).collect();
            let keyword = ["and", "else", "for", "if", "in", "is", "not", "or"].iter().any(|k| rest.starts_with(k));
            if !keyword {
                return self.fault("invalid decimal literal", start);
            }
        }
        self.push(NUMBER, start);
        Ok(())
    }
    fn digits(&mut self) {
        while self.peek(0).is_ascii_digit() || self.peek(0) == '_' && self.peek(1).is_ascii_digit() {
            self.col += 1;
        }
    }
    /// Past the quote of a string: the quote and whether there are three.
    fn open_quote(&mut self) -> (char, bool) {
        let q = self.peek(0);
        let triple = self.peek(1) == q && self.peek(2) == q;
        self.col += if triple { 3 } else { 1 };
        (q, triple)
    }
    fn at_quote(&self, q: char, triple: bool) -> bool {
        self.peek(0) == q && (!triple || self.peek(1) == q && self.peek(2) == q)
    }
    /// Goes on to the next line inside of a string; an error where that cannot be.
    fn string_newline(&mut self, triple: bool, escaped: bool, start: Pos, what: &str) -> Result<(), Fault> {
        if !triple && !escaped || self.row + 1 >= self.lines.len() {
            let (kind, line) = (if triple { "triple-quoted " } else { "" }, self.row + 1);
            return self.fault(format!("unterminated {kind}{what} literal (detected at line {line})"), start);
        }
        self.row += 1;
        self.col = 0;
        Ok(())
    }
    fn string(&mut self, start: Pos) -> Result<(), Fault> {
        let (q, triple) = self.open_quote();
        while !self.at_quote(q, triple) {
            let escaped = self.peek(0) == '\\';
            if escaped {
                self.col += 1;
                if self.peek(0) == '\r' && self.peek(1) == '\n' {
                    self.col += 1;
                }
            }
            let at_end = self.col >= self.lines[self.row].len();
            if at_end || self.peek(0) == '\n' {
                self.string_newline(triple, escaped && !at_end, start, "string")?;
            } else {
                self.col += 1;
            }
        }
        self.col += if triple { 3 } else { 1 };
        self.push(STRING, start);
        Ok(())
    }
    fn format_start(&mut self, start: Pos, prefix: &str) {
        let start_kind = if prefix.contains('f') { FSTRING_START } else { TSTRING_START };
        let (quote, triple) = self.open_quote();
        self.push(start_kind, start);
        self.formats.push(Format { quote, triple, raw: prefix.contains('r'), start_kind, fields: Vec::new() });
    }
    /// Literal text of an f-string up to a field, the end of the field or of the string.
    fn format_text(&mut self) -> Result<(), Fault> {
        let Some(f) = self.formats.last() else { return Ok(()) };
        let (q, triple, raw, kind, in_spec) = (f.quote, f.triple, f.raw, f.start_kind, !f.fields.is_empty());
        let what = if kind == FSTRING_START { "f-string" } else { "t-string" };
        let start = self.here();
        let mut text = String::new();
        // Doubled braces count once in the token's text and end it where the next piece begins.
        loop {
            let c = self.peek(0);
            if self.col >= self.lines.get(self.row).map_or(0, |l| l.len()) {
                self.string_newline(triple, true, start, what)?;
            } else if self.at_quote(q, triple) && !(in_spec && triple) {
                break;
            } else if c == '\\' && !raw && self.peek(1) == 'N' && self.peek(2) == '{' && !in_spec {
                while self.peek(0) != '}' && self.peek(0) != '\0' {
                    text.push(self.peek(0));
                    self.col += 1;
                }
            } else if c == '\\' && !matches!(self.peek(1), '{' | '}' | '\0') {
                text.push(c);
                self.col += 1;
                text.push(self.peek(0));
                let newline = self.peek(0) == '\n';
                self.col += 1;
                if newline {
                    self.string_newline(triple, true, start, what)?;
                }
            } else if (c == '{' || c == '}') && self.peek(1) == c && !in_spec {
                text.push(c);
                self.col += 1;
                self.middle(kind, &mut text, start);
                self.col += 1;
                return Ok(());
            } else if c == '{' || c == '}' && in_spec {
                break;
            } else if c == '}' {
                return self.fault(format!("{what}: single '}}' is not allowed"), self.here());
            } else if c == '\n' {
                text.push(c);
                self.string_newline(triple, false, start, what)?;
            } else {
                text.push(c);
                self.col += 1;
            }
        }
        if !text.is_empty() || in_spec && self.peek(0) == '}' && self.out.last().is_some_and(|t| t.text == "}") {
            self.middle(kind, &mut text, start);
        }
        self.format_end_or_field(q, triple, kind)
    }
    fn middle(&mut self, kind: u8, text: &mut String, start: Pos) {
        let token = Token { kind: kind + 1, text: std::mem::take(text), start, end: self.here() };
        self.out.push(token);
    }
    fn format_end_or_field(&mut self, q: char, triple: bool, kind: u8) -> Result<(), Fault> {
        let at = self.here();
        match self.peek(0) {
            '{' => {
                self.col += 1;
                self.push(OP, at);
                self.brackets.push(('{', at));
                let depth = self.brackets.len();
                if let Some(f) = self.formats.last_mut() {
                    f.fields.push((depth, false));
                }
            }
            '}' => {
                self.col += 1;
                self.push(OP, at);
                return self.close('}', at);
            }
            _ => {
                let open = self.formats.last().is_some_and(|f| !f.fields.is_empty());
                if open || !self.at_quote(q, triple) {
                    let what = if kind == FSTRING_START { "f-string" } else { "t-string" };
                    return self.fault(format!("{what}: expecting '}}'"), at);
                }
                self.col += if triple { 3 } else { 1 };
                self.push(kind + 2, at);
                self.formats.pop();
            }
        }
        Ok(())
    }
}

// ---- the iterator

struct Tokens {
    list: Vec<Token>,
    fault: Option<Fault>,
    lines: Vec<String>,
    extra: bool,
}

#[repr(C)]
pub struct Tokenizer {
    tokens: UnsafeCell<Option<Box<Tokens>>>,
    at: Cell<usize>,
}
heap_kind!(Tokenizer, "TokenizerIter", 0, drop);
pub static TOKENIZER: TypeDef =
    TypeDef::new::<Tokenizer>("_tokenize.TokenizerIter", METHODS, "").flags(flags::IMMUTABLE);
static METHODS: &[NativeDef] = &[
    NativeDef::method("__init__(self, readline, /, *, encoding=None, extra_tokens=False)", init, ""),
    NativeDef::method("__iter__(self, /)", |_, a| Ok(a[0]), ""),
    NativeDef::method("__next__(self, /)", next, ""),
];

fn this(cx: &mut Thread, v: Value) -> R<Gc<Tokenizer>> {
    v.cast::<Tokenizer>().ok_or_else(|| cx.type_error("a TokenizerIter is expected"))
}

/// All lines of a `readline` function.
fn read_source(cx: &mut Thread, readline: Value, encoding: Option<Value>) -> R<String> {
    let mut text = String::new();
    loop {
        let line = cx.call(readline, &[]);
        let Some(line) = cx.catch(Exc::StopIteration, line)? else { break };
        let line = match encoding {
            Some(e) if line.cast::<Str>().is_none() => cx.call_method(line, "decode", &[e])?,
            _ => line,
        };
        let Some(s) = line.cast::<Str>() else {
            return Err(cx.type_error("readline() returned a non-string object"));
        };
        if s.is_empty() {
            break;
        }
        text.push_str(&s.to_lossy());
    }
    Ok(text)
}
fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    let extra = match a.opt(3) {
        Some(e) => cx.truth(e)?,
        None => false,
    };
    let text = read_source(cx, a[1], a.some(2))?;
    let mut lexer = Lexer::new(&text);
    let fault = lexer.run().err();
    let lines = text.split_inclusive('\n').map(str::to_owned).collect();
    // SAFETY: only `init` writes, under the interpreter lock.
    unsafe { *t.tokens.get() = Some(Box::new(Tokens { list: lexer.out, fault, lines, extra })) };
    t.at.set(0);
    Ok(Value::NONE)
}
fn raise(cx: &mut Thread, f: &Fault, line: &str) -> Raised {
    let made = (|| {
        let (message, text) = (cx.new_str(&f.message)?.value(), cx.new_str(line)?.value());
        let file = cx.new_str("<string>")?.value();
        let (row, col) = (Value::small_int(f.at.0 as i64), Value::small_int(f.at.1 as i64 + 1));
        let place = cx.new_tuple(&[file, row, col, text, row, col])?.value();
        Ok::<_, Raised>([message, place])
    })();
    match made {
        Ok(args) => cx.error_with(f.class, &args),
        Err(r) => r,
    }
}
fn next(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    // SAFETY: as above; nothing below runs `init`.
    let Some(tokens) = (unsafe { (*t.tokens.get()).as_ref() }) else { return Err(cx.stop_iteration(Value::NULL)) };
    let Some(token) = tokens.list.get(t.at.get()) else {
        let first = t.at.get() == tokens.list.len();
        t.at.set(tokens.list.len() + 1);
        return match &tokens.fault {
            Some(f) if first => {
                let line = tokens.lines.get(f.at.0.saturating_sub(1)).map_or("", |l| l.as_str());
                Err(raise(cx, f, line))
            }
            _ => Err(cx.stop_iteration(Value::NULL)),
        };
    };
    t.at.set(t.at.get() + 1);
    if !tokens.extra && matches!(token.kind, COMMENT | NL) {
        return next(cx, a);
    }
    let (first, last) = (token.start.0 - 1, token.end.0.max(token.start.0));
    let line: String = tokens.lines.get(first..last.min(tokens.lines.len())).map_or(String::new(), |l| l.concat());
    let (text, line) = (cx.new_str(&token.text)?.value(), cx.new_str(&line)?.value());
    let number = |n: usize| Value::small_int(n as i64);
    let start = cx.new_tuple(&[number(token.start.0), number(token.start.1)])?.value();
    let end = cx.new_tuple(&[number(token.end.0), number(token.end.1)])?.value();
    Ok(cx.new_tuple(&[Value::small_int(token.kind as i64), text, start, end, line])?.value())
}
