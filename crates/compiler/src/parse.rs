//! Parsing, with errors worded as CPython words them.

use crate::errors::{ErrorKind, Failure, Res, Warning};
use crate::source::Source;
use crate::{Mode, Options};
use ruff_python_ast::{Mod, PythonVersion};
use ruff_python_parser::{Mode as RuffMode, ParseError, ParseOptions};
use ruff_text_size::TextRange;

/// CPython's limit of open brackets.
const MAX_BRACKETS: usize = 200;

pub fn parse(source: &Source<'_>, options: &Options, _warn: &mut dyn FnMut(Warning)) -> Res<Mod> {
    check_nesting(source)?;
    let mode = match options.mode {
        Mode::Eval => RuffMode::Expression,
        Mode::Exec | Mode::Single => RuffMode::Module,
    };
    let ruff = ParseOptions::from(mode).with_target_version(PythonVersion::PY314);
    let parsed = ruff_python_parser::parse_unchecked(source.text, ruff);
    if let Some(error) = parsed.errors().first() {
        return Err(translate(error, source));
    }
    if let Some(error) = parsed.unsupported_syntax_errors().first() {
        return Err(Failure::syntax("invalid syntax", error.range));
    }
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

fn translate(error: &ParseError, _source: &Source<'_>) -> Box<Failure> {
    Failure::syntax(error.error.to_string(), error.location)
}
