//! Parsing, with errors worded as CPython words them.

mod lexical;
mod messages;
mod targets;
mod warnings;

use crate::errors::{ErrorKind, Failure, Res, Warning};
use crate::source::Source;
use crate::{Mode, Options};
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_ast::{Mod, PythonVersion};
use ruff_python_parser::{Mode as RuffMode, ParseOptions};
use ruff_text_size::{Ranged, TextRange};

/// CPython's limit of open brackets.
const MAX_BRACKETS: usize = 200;

pub fn parse(source: &Source<'_>, options: &Options, warn: &mut dyn FnMut(Warning)) -> Res<Mod> {
    check_nesting(source)?;
    let mode = match options.mode {
        Mode::Eval => RuffMode::Expression,
        Mode::Exec | Mode::Single => RuffMode::Module,
    };
    let ruff = ParseOptions::from(mode).with_target_version(PythonVersion::PY314);
    let parsed = ruff_python_parser::parse_unchecked(source.text, ruff);
    if source.text.contains('\t') {
        check_tabs(parsed.tokens(), source)?;
    }
    if !parsed.errors().is_empty() {
        return Err(messages::translate(&parsed, source));
    }
    if let Some(error) = parsed.unsupported_syntax_errors().first() {
        return Err(messages::unsupported(error));
    }
    warnings::check(&parsed, source, warn);
    let module = parsed.into_syntax();
    if options.mode == Mode::Single
        && let Mod::Module(m) = &module
        && m.body.len() > 1
    {
        let message = "multiple statements found while compiling a single statement";
        return Err(Failure::syntax(message, TextRange::empty(m.range.end())));
    }
    Ok(module)
}

/// A rough check before the parser recurses: brackets that are open at once.
fn check_nesting(source: &Source<'_>) -> Res<()> {
    let mut depth = 0usize;
    for (i, b) in source.text.bytes().enumerate() {
        match b {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_BRACKETS * 10 {
            let at = TextRange::empty(u32::try_from(i).unwrap_or(0).into());
            return Err(Failure::of(ErrorKind::Syntax, "too many nested parentheses", at));
        }
    }
    Ok(())
}

/// Indentation must mean the same whether a tab is eight columns or one.
fn check_tabs(tokens: &[Token], source: &Source<'_>) -> Res<()> {
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
                let (mut col, mut alt) = (0, 0);
                for b in source.line_text(line).unwrap_or("").bytes() {
                    match b {
                        b' ' => (col, alt) = (col + 1, alt + 1),
                        b'\t' => (col, alt) = ((col / 8 + 1) * 8, alt + 1),
                        b'\x0c' => (col, alt) = (0, 0),
                        _ => break,
                    }
                }
                while stack.len() > 1 && stack.last().is_some_and(|top| col < top.0) {
                    stack.pop();
                }
                let (top, alt_top) = stack.last().copied().unwrap_or((0, 0));
                let consistent = if col == top { alt == alt_top } else { alt > alt_top };
                if !consistent {
                    let message = "inconsistent use of tabs and spaces in indentation";
                    return Err(Failure::of(ErrorKind::Tab, message, TextRange::empty(token.start())));
                }
                if col > top {
                    stack.push((col, alt));
                }
            }
        }
    }
    Ok(())
}
