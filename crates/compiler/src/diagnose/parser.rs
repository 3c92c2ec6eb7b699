//! The machinery of the grammar: tokens, alternatives, memory, and raising errors.
//!
//! A rule is a method that gives a node, [`Miss::No`] if it does not match, or [`Miss::Error`] when the error to report is
//! known. CPython parses twice: first with the plain rules, to find how far they get, then with rules for what is often
//! written wrongly (`invalid` is set), the first of which that matches words the error.
//!
//! Invariants: a rule that does not match may leave `pos` anywhere (who tries another alternative puts it back); `fill`
//! counts the tokens that were looked at, since some errors are reported at the last of them. What is remembered of a
//! rule is remembered for exactly the rules of which CPython does so: results found without `invalid` hide errors.

use super::lexer::{Input, Kind, Lexer, Open, Stop, Token};
use super::node::{Node, Shape};
use super::text::Text;
use crate::errors::{ErrorKind, Failure};
use std::collections::HashMap;

pub enum Miss {
    No,
    Error,
}

pub type P<T> = Result<T, Miss>;

/// Rules whose results are remembered.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    Arguments,
    Attr,
    AwaitPrimary,
    BitAnd,
    BitOr,
    BitXor,
    Block,
    ClosedPattern,
    Conjunction,
    DelTarget,
    Disjunction,
    Expression,
    Factor,
    InvalidNamed,
    Inversion,
    Primary,
    Shift,
    SimpleStmt,
    StarAtomTarget,
    StarExpression,
    StarPattern,
    StarTarget,
    Strings,
    Sum,
    TPrimary,
    Term,
    TypeParam,
}

type Memo = HashMap<(Rule, usize), (Option<Node>, usize)>;

/// Steps after which the search for a better message is given up.
const MAX_STEPS: usize = 10_000_000;

pub struct Parser<'a> {
    pub text: &'a Text,
    tokens: Vec<Token>,
    stop: Option<Stop>,
    /// Nothing but the end of the text stopped the tokenizer.
    stop_at_end: bool,
    /// The parser asked for more tokens than there are.
    stopped: bool,
    /// The tokens end inside of a formatted string.
    in_string: bool,
    open: Vec<Open>,
    pub pos: usize,
    pub fill: usize,
    pub invalid: bool,
    memo: Memo,
    /// Another one, for looking ahead with the plain rules in the second pass.
    plain_memo: Memo,
    /// `<>` is the inequality.
    pub barry: bool,
    /// Where it stands.
    pub diamonds: Vec<usize>,
    pub failure: Option<Box<Failure>>,
    /// What CPython reports only if the parser finds nothing wrong.
    pub late: Option<Box<Failure>>,
    steps: usize,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a Text, input: Input) -> Parser<'a> {
        let mut lexer = Lexer::new(text, input);
        let stop = lexer.run();
        Parser {
            text,
            stop: Some(stop),
            stop_at_end: lexer.stop_at_end,
            stopped: false,
            in_string: lexer.in_string(),
            open: lexer.open,
            tokens: lexer.tokens,
            pos: 0,
            fill: 0,
            invalid: false,
            memo: Memo::new(),
            plain_memo: Memo::new(),
            barry: input.barry,
            diamonds: Vec::new(),
            failure: None,
            late: None,
            steps: 0,
        }
    }

    // ---- tokens

    /// The token at `pos`.
    pub fn token(&mut self) -> P<Token> {
        self.steps += 1;
        match self.tokens.get(self.pos) {
            Some(t) if self.steps < MAX_STEPS => {
                self.fill = self.fill.max(self.pos + 1);
                Ok(*t)
            }
            Some(_) => Err(Miss::Error),
            None => {
                self.stopped = true;
                let failure = match self.stop.take() {
                    Some(Stop::Hard(f) | Stop::Soft(f)) => Some(f),
                    _ => self.never_closed(),
                };
                self.failure = self.failure.take().or(failure);
                Err(Miss::Error)
            }
        }
    }

    pub fn slice(&self, t: Token) -> &'a str {
        self.text.text.get(t.start..t.end).unwrap_or("")
    }

    pub fn kind(&mut self, kind: Kind) -> P<Token> {
        let t = self.token()?;
        if t.kind != kind {
            return Err(Miss::No);
        }
        self.pos += 1;
        Ok(t)
    }

    /// An operator or keyword.
    pub fn word(&mut self, word: &str) -> P<Token> {
        let t = self.token()?;
        if !matches!(t.kind, Kind::Op | Kind::Keyword) || self.slice(t) != word {
            return Err(Miss::No);
        }
        self.pos += 1;
        Ok(t)
    }

    /// One of several operators or keywords.
    pub fn any(&mut self, words: &[&str]) -> P<Token> {
        let t = self.token()?;
        if !matches!(t.kind, Kind::Op | Kind::Keyword) || !words.contains(&self.slice(t)) {
            return Err(Miss::No);
        }
        self.pos += 1;
        Ok(t)
    }

    /// A name that means something here only.
    pub fn soft(&mut self, word: &str) -> P<Token> {
        let t = self.token()?;
        if t.kind != Kind::Name || self.slice(t) != word {
            return Err(Miss::No);
        }
        self.pos += 1;
        Ok(t)
    }

    pub fn name(&mut self) -> P<Node> {
        let t = self.kind(Kind::Name)?;
        Ok(Node::new(Shape::Name, t.start, t.end))
    }

    /// Raises unless the token is there.
    pub fn forced(&mut self, word: &str) -> P<Token> {
        let t = self.token()?;
        match self.word(word) {
            Err(Miss::No) => Err(self.raise_token(t, format!("expected '{word}'"))),
            r => r,
        }
    }

    /// End of the last token that was taken.
    pub fn end(&self) -> usize {
        self.pos.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(0, |t| t.end)
    }

    /// The last token that was looked at.
    pub fn last(&self) -> Option<Token> {
        self.fill.checked_sub(1).and_then(|i| self.tokens.get(i)).copied()
    }

    /// The parser has seen the end of the text, so more text might have helped.
    pub fn saw_end(&self) -> bool {
        if self.stopped { self.stop_at_end } else { self.last().is_some_and(|t| t.sees_end(self.text.text.len())) }
    }

    /// Is there anything but comments behind the last token that was taken?
    pub fn has_rest(&self) -> bool {
        let rest = self.text.text.get(self.end()..).unwrap_or("");
        rest.lines().any(|l| !matches!(l.trim_start_matches([' ', '\t', '\x0c']).bytes().next(), None | Some(b'#')))
    }

    /// Is one of the tokens since the number `from` the name?
    pub fn mentions(&self, from: usize, name: &str) -> bool {
        self.tokens.get(from..self.pos).is_some_and(|all| all.iter().any(|t| self.slice(*t) == name))
    }

    /// Brackets that are open behind the last token that was taken.
    pub fn level(&self) -> usize {
        self.pos.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(0, |t| t.level)
    }

    // ---- combinations

    pub fn opt<T>(&mut self, f: impl FnOnce(&mut Self) -> P<T>) -> P<Option<T>> {
        let at = self.pos;
        match f(self) {
            Ok(v) => Ok(Some(v)),
            Err(Miss::No) => {
                self.pos = at;
                Ok(None)
            }
            Err(Miss::Error) => Err(Miss::Error),
        }
    }

    pub fn many<T>(&mut self, f: impl Fn(&mut Self) -> P<T>) -> P<Vec<T>> {
        let mut all = Vec::new();
        while let Some(v) = self.opt(&f)? {
            all.push(v);
        }
        Ok(all)
    }

    pub fn many1<T>(&mut self, f: impl Fn(&mut Self) -> P<T>) -> P<Vec<T>> {
        let all = self.many(f)?;
        if all.is_empty() { Err(Miss::No) } else { Ok(all) }
    }

    /// One or more, with separators between them.
    pub fn gather<T>(&mut self, separator: &str, f: impl Fn(&mut Self) -> P<T>) -> P<Vec<T>> {
        let mut all = vec![f(self)?];
        while let Some(v) = self.opt(|p| {
            p.word(separator)?;
            f(p)
        })? {
            all.push(v);
        }
        Ok(all)
    }

    /// Succeeds if `f` would; takes nothing.
    pub fn ahead<T>(&mut self, f: impl FnOnce(&mut Self) -> P<T>) -> P<()> {
        let at = self.pos;
        let r = f(self);
        self.pos = at;
        r.map(|_| ())
    }

    /// Succeeds if `f` would not; takes nothing.
    pub fn not<T>(&mut self, f: impl FnOnce(&mut Self) -> P<T>) -> P<()> {
        let at = self.pos;
        let r = f(self);
        self.pos = at;
        match r {
            Ok(_) => Err(Miss::No),
            Err(Miss::No) => Ok(()),
            Err(Miss::Error) => Err(Miss::Error),
        }
    }

    pub fn memo(&mut self, rule: Rule, f: impl FnOnce(&mut Self) -> P<Node>) -> P<Node> {
        let at = self.pos;
        if let Some((found, end)) = self.memo.get(&(rule, at)) {
            self.pos = *end;
            return found.clone().ok_or(Miss::No);
        }
        let r = f(self);
        let known = match &r {
            Ok(node) => Some(node.clone()),
            Err(Miss::No) => None,
            Err(Miss::Error) => return r,
        };
        self.memo.insert((rule, at), (known, self.pos));
        r
    }

    /// Applies the plain rules only, and remembers nothing of it.
    pub fn without_invalid<T>(&mut self, f: impl FnOnce(&mut Self) -> P<T>) -> P<T> {
        std::mem::swap(&mut self.memo, &mut self.plain_memo);
        let invalid = std::mem::take(&mut self.invalid);
        let r = f(self);
        self.invalid = invalid;
        std::mem::swap(&mut self.memo, &mut self.plain_memo);
        r
    }

    /// Begins the second pass.
    pub fn start_over(&mut self) {
        self.memo.clear();
        self.pos = 0;
        self.invalid = true;
    }

    // ---- errors

    /// Raises over a range of the text.
    pub fn raise(&mut self, start: usize, end: usize, message: impl Into<String>) -> Miss {
        let (line, end_line) = (self.text.line(start), self.text.line(end.max(start + 1) - 1));
        let cols = [self.text.chars(line, start) + 1, self.text.end_col(line, end_line, end)];
        self.raise_at(ErrorKind::Syntax, message.into(), [line as i32, cols[0], end_line as i32, cols[1]])
    }

    pub fn raise_at(&mut self, kind: ErrorKind, message: String, place: [i32; 4]) -> Miss {
        let reached = self.last().map_or(1, |t| self.text.line(t.end.max(1) - 1));
        let whole = reached as i32 <= place[0];
        let failure = self.text.failure(kind, message, place, whole);
        self.failure.get_or_insert(failure);
        Miss::Error
    }

    pub fn raise_token(&mut self, t: Token, message: impl Into<String>) -> Miss {
        if t.has_no_place() {
            let line = self.text.token_line(t.start) as i32;
            return self.raise_at(ErrorKind::Syntax, message.into(), [line, 0, line, 0]);
        }
        self.raise(t.start, t.end, message)
    }

    pub fn raise_node(&mut self, node: &Node, message: impl Into<String>) -> Miss {
        self.raise(node.start(), node.end(), message)
    }

    /// Raises from a place up to where the tokenizer is.
    pub fn raise_from(&mut self, start: usize, message: impl Into<String>) -> Miss {
        let end = self.last().map_or(start, |t| t.end);
        let (line, end_line) = (self.text.line(start), self.text.line(end.max(start + 1) - 1));
        let (col, end_col) = (self.text.chars(line, start) + 1, self.text.end_col(line, end_line, end.max(1) - 1));
        self.raise_at(ErrorKind::Syntax, message.into(), [line as i32, col, end_line as i32, end_col])
    }

    /// Raises at the last token that was looked at.
    pub fn raise_last(&mut self, message: impl Into<String>) -> Miss {
        self.raise_last_as(ErrorKind::Syntax, message.into())
    }

    pub fn raise_next(&mut self, message: impl Into<String>) -> Miss {
        match self.token() {
            Ok(t) => self.raise_token_as(ErrorKind::Syntax, t, message.into()),
            Err(miss) => miss,
        }
    }

    pub fn raise_last_as(&mut self, kind: ErrorKind, message: String) -> Miss {
        match self.last() {
            Some(t) => self.raise_token_as(kind, t, message),
            None => self.raise_at(kind, message, [0, 0, 0, -1]),
        }
    }

    fn raise_token_as(&mut self, kind: ErrorKind, t: Token, message: String) -> Miss {
        let line = self.text.token_line(t.start);
        let col = self.text.chars(line, t.start);
        if t.has_no_place() {
            return self.raise_at(kind, message, [line as i32, col, line as i32, -1]);
        }
        let end_line = self.text.line(t.end.max(t.start + 1) - 1);
        let end = self.text.end_col(line, end_line, t.end);
        self.raise_at(kind, message, [line as i32, col + 1, end_line as i32, end])
    }

    /// "expected an indented block" behind a line that ends in a colon.
    pub fn expect_indent(&mut self, what: &str, keyword: Token) -> P<()> {
        self.kind(Kind::Newline)?;
        self.not(|p| p.kind(Kind::Indent))?;
        let line = self.text.line(keyword.start);
        let message = format!("expected an indented block after {what} on line {line}");
        Err(self.raise_last_as(ErrorKind::Indentation, message))
    }

    // ---- the end

    fn never_closed(&self) -> Option<Box<Failure>> {
        let open = self.open.last()?;
        let line = self.text.line(open.at);
        let col = self.text.chars(line, open.at) + 1;
        let message = format!("'{}' was never closed", open.bracket as char);
        let last = self.text.token_line(usize::MAX);
        Some(self.text.failure(ErrorKind::Syntax, message, [line as i32, col, line as i32, 0], last <= line))
    }

    /// What CPython reports at last: errors of the tokenizer behind the place where the parser failed come first.
    pub fn verdict(&mut self, first_last: Option<Token>) -> Option<Box<Failure>> {
        if self.steps >= MAX_STEPS {
            return None;
        }
        let reached = self.last();
        if self.failure.is_some() && self.saw_end() {
            return self.failure.take();
        }
        if self.failure.is_none() {
            let t = first_last?;
            match t.kind {
                Kind::Indent => self.raise_last_or(t, "unexpected indent"),
                Kind::Dedent => self.raise_last_or(t, "unexpected unindent"),
                _ => {
                    self.raise_token(t, "invalid syntax");
                }
            }
            if matches!(t.kind, Kind::Indent | Kind::Dedent) {
                return self.failure.take();
            }
        }
        match self.stop.take() {
            // What is wrong in an expression of a string explains what follows in the string.
            Some(Stop::Hard(f)) if !self.in_string => Some(f),
            Some(Stop::Unclosed | Stop::Soft(_)) if !self.open.is_empty() => {
                let line = self.open.last().map_or(0, |o| self.text.line(o.at));
                let at = reached.map_or(0, |t| self.text.token_line(t.start));
                if at > line { self.never_closed() } else { self.failure.take() }
            }
            _ => self.failure.take(),
        }
    }

    fn raise_last_or(&mut self, t: Token, message: &str) {
        self.raise_token_as(ErrorKind::Indentation, self.last().unwrap_or(t), message.to_string());
    }
}

/// Tries alternatives in turn.
macro_rules! alt {
    ($p:expr, $($f:expr),+ $(,)?) => {{
        let at = $p.pos;
        $(
            match ($f)($p) {
                Err(Miss::No) => $p.pos = at,
                done => return done,
            }
        )+
        let _ = at;
        Err(Miss::No)
    }};
}
pub(super) use alt;
