//! Where ruff's parser accepts more than CPython's: programs with such things are looked at by `diagnose`, too.

use crate::source::Source;
use crate::{Mode, Options};
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Mod, Pattern};
use ruff_python_parser::Parsed;
use ruff_text_size::{Ranged, TextRange};

/// CPython's limits of open brackets, of nested blocks, and of nested formatted strings.
const MAX_BRACKETS: usize = 200;
const MAX_INDENTS: usize = 100;
const MAX_STRINGS: usize = 149;

/// Is the text nested too deeply for ruff's parser, which recurses?
pub fn is_too_deep(text: &str) -> bool {
    has_deep_brackets(text, MAX_BRACKETS * 10)
}

/// Does the program have something in it that ruff accepts and CPython may refuse?
pub fn accepts(parsed: &Parsed<Mod>, source: &Source<'_>, options: &Options) -> bool {
    let last_line = source.text.rsplit_once('\n').map_or("", |(_, last)| last);
    has_deep_brackets(source.text, MAX_BRACKETS)
        || has_strange_indents(parsed.tokens(), source)
        || parsed.tokens().windows(2).any(is_bare_yield)
        || has_deep_fields(parsed.tokens())
        || lacks_commas(parsed, source)
        || options.mode == Mode::Eval && !last_line.is_empty() && last_line.trim_ascii().is_empty()
}

/// Patterns of a sequence without commas between them.
fn lacks_commas(parsed: &Parsed<Mod>, source: &Source<'_>) -> bool {
    if !parsed.tokens().iter().any(|t| t.kind() == TokenKind::Match) {
        return false;
    }
    let mut commas = Commas { source, missing: false };
    if let Mod::Module(m) = parsed.syntax() {
        commas.visit_body(&m.body);
    }
    commas.missing
}

struct Commas<'a> {
    source: &'a Source<'a>,
    missing: bool,
}

impl<'a> Visitor<'a> for Commas<'_> {
    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        if let Pattern::MatchSequence(s) = pattern {
            self.missing |= s.patterns.windows(2).any(|pair| {
                let gap = self.source.slice(TextRange::new(pair[0].end(), pair[1].start()));
                !gap.lines().any(|line| line.split('#').next().unwrap_or("").contains(','))
            });
        }
        visitor::walk_pattern(self, pattern);
    }
}

/// A rough count of brackets that are open at once; those in strings and comments count, too.
fn has_deep_brackets(text: &str, most: usize) -> bool {
    let mut depth = 0usize;
    text.bytes().any(|b| {
        match b {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > most
    })
}

/// A `yield` before an operator that begins no expression.
fn is_bare_yield(tokens: &[Token]) -> bool {
    use TokenKind::{Colon, Equal, Lbrace, Lpar, Lsqb, Minus, Plus, Rbrace, Rpar, Rsqb, Semi, Star, Tilde};
    let [first, second] = tokens else { return false };
    let harmless = matches!(
        second.kind(),
        Colon | Equal | Lbrace | Lpar | Lsqb | Minus | Plus | Rbrace | Rpar | Rsqb | Semi | Star | Tilde
    );
    first.kind() == TokenKind::Yield && second.kind().is_operator() && !harmless
}

/// Are there formatted strings whose braces are three deep, or very many in one another?
fn has_deep_fields(tokens: &[Token]) -> bool {
    let mut open: Vec<usize> = Vec::new();
    tokens.iter().any(|t| {
        match (t.kind(), open.last_mut()) {
            (TokenKind::FStringStart | TokenKind::TStringStart, _) => open.push(0),
            (TokenKind::FStringEnd | TokenKind::TStringEnd, _) => drop(open.pop()),
            (TokenKind::Lbrace, Some(depth)) => *depth += 1,
            (TokenKind::Rbrace, Some(depth)) => *depth = depth.saturating_sub(1),
            _ => {}
        }
        open.len() >= MAX_STRINGS || open.last().is_some_and(|depth| *depth > 2)
    })
}

/// Indentation must mean the same whether a tab is eight columns or one, and not go too deep.
fn has_strange_indents(tokens: &[Token], source: &Source<'_>) -> bool {
    let deepest = tokens.iter().scan(0usize, |depth, t| {
        match t.kind() {
            TokenKind::Indent => *depth += 1,
            TokenKind::Dedent => *depth -= 1,
            _ => {}
        }
        Some(*depth)
    });
    if deepest.max().is_some_and(|d| d >= MAX_INDENTS) {
        return true;
    }
    if !source.text.contains('\t') {
        return false;
    }
    let mut stack = vec![(0usize, 0usize)];
    let mut fresh = true;
    for token in tokens {
        match token.kind() {
            TokenKind::Newline => fresh = true,
            TokenKind::Comment
            | TokenKind::NonLogicalNewline
            | TokenKind::Indent
            | TokenKind::Dedent
            | TokenKind::EndOfFile => {}
            _ if !fresh => {}
            _ => {
                fresh = false;
                let (line, _) = source.line_col(token.start());
                if !fits(&mut stack, source.line_text(line).unwrap_or("")) {
                    return true;
                }
            }
        }
    }
    false
}

/// Does the line's indentation agree with that of the lines around it?
fn fits(stack: &mut Vec<(usize, usize)>, line: &str) -> bool {
    let (mut col, mut alt) = (0, 0);
    for b in line.bytes() {
        match b {
            b' ' => (col, alt) = (col + 1, alt + 1),
            b'\t' => (col, alt) = ((col / 8 + 1) * 8, alt + 1),
            b'\x0c' => (col, alt) = (0, 0),
            _ => break,
        }
    }
    let depth = stack.len();
    while stack.len() > 1 && stack.last().is_some_and(|top| col < top.0) {
        stack.pop();
    }
    let (top, alt_top) = stack.last().copied().unwrap_or((0, 0));
    if col > top {
        if stack.len() < depth {
            return false;
        }
        stack.push((col, alt));
    }
    if col == top { alt == alt_top } else { alt > alt_top }
}
