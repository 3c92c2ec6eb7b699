//! Parsing by ruff. What ruff refuses is looked at by `diagnose`, which words errors as CPython does.

pub mod escapes;
mod warnings;

use crate::diagnose;
use crate::errors::{Failure, Res, Warning};
use crate::source::Source;
use crate::{Mode, Options};
use ferropy_bytecode::flags;
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_ast::{Mod, PythonVersion};
use ruff_python_parser::{Mode as RuffMode, ParseOptions, Parsed};
use ruff_text_size::{Ranged, TextRange};

/// CPython's limits of open brackets and of nested blocks.
const MAX_BRACKETS: usize = 200;
const MAX_INDENTS: usize = 100;

pub fn parse(source: &Source<'_>, options: &Options, warn: &mut dyn FnMut(Warning)) -> Res<Mod> {
    let flufl = options.future_flags & flags::FUTURE_BARRY_AS_BDFL != 0 || source.text.contains("barry_as_FLUFL");
    let rewritten = match flufl {
        true => Some(diagnose::without_diamonds(source.text, options)?),
        false => None,
    };
    let text = rewritten.as_deref().unwrap_or(source.text);
    // Only our own parser knows where one statement ends.
    if options.mode == Mode::Single
        && let Some(failure) = diagnose::explain(source.text, options)
    {
        return Err(failure);
    }
    if has_deep_brackets(source.text, MAX_BRACKETS * 10) || source.text.starts_with('\u{feff}') {
        return Err(failure(source, options, TextRange::default()));
    }
    let mode = match options.mode {
        Mode::Eval => RuffMode::Expression,
        Mode::Exec | Mode::Single => RuffMode::Module,
    };
    let ruff = ParseOptions::from(mode).with_target_version(PythonVersion::PY314);
    let parsed = ruff_python_parser::parse_unchecked(text, ruff);
    if let Some(at) = first_error(&parsed) {
        return Err(failure(source, options, at));
    }
    if is_risky(&parsed, source, options)
        && let Some(failure) = diagnose::explain(source.text, options)
    {
        return Err(failure);
    }
    warnings::check(&parsed, source, warn);
    Ok(parsed.into_syntax())
}

/// Does the program have something in it that ruff may accept and CPython may not?
fn is_risky(parsed: &Parsed<Mod>, source: &Source<'_>, options: &Options) -> bool {
    let last_line = source.text.rsplit_once('\n').map_or("", |(_, last)| last);
    let bare_yield = |t: &[Token]| t[0].kind() == TokenKind::Yield && t[1].kind() == TokenKind::Comma;
    has_deep_brackets(source.text, MAX_BRACKETS)
        || has_strange_indents(parsed.tokens(), source)
        || parsed.tokens().windows(2).any(bare_yield)
        || has_deep_fields(parsed.tokens())
        || options.mode == Mode::Eval && !last_line.is_empty() && last_line.trim_ascii().is_empty()
}

fn first_error(parsed: &Parsed<Mod>) -> Option<TextRange> {
    let refused = parsed.unsupported_syntax_errors().first().map(|e| e.range);
    parsed.errors().iter().map(|e| e.location).min_by_key(|r| r.start()).or(refused)
}

/// The error of a program that ruff refuses at a place.
fn failure(source: &Source<'_>, options: &Options, at: TextRange) -> Box<Failure> {
    diagnose::explain(source.text, options).unwrap_or_else(|| Failure::syntax("invalid syntax", at))
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

/// Are there formatted strings whose braces are three deep?
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
        open.last().is_some_and(|depth| *depth > 2)
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
