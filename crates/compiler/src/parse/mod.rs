//! Parsing by ruff. What ruff refuses is looked at by `diagnose`, which words errors as CPython does.

pub mod escapes;
mod lenient;
mod warnings;

use crate::diagnose;
use crate::errors::{Failure, Res, Warning};
use crate::source::Source;
use crate::{Mode, Options};
use ferropy_bytecode::flags;
use ruff_python_ast::{Mod, PythonVersion};
use ruff_python_parser::{Mode as RuffMode, ParseOptions, Parsed};
use ruff_text_size::{Ranged, TextLen, TextRange};

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
    if lenient::is_too_deep(source.text) || source.text.starts_with('\u{feff}') {
        return Err(failure(source, options, TextRange::default()));
    }
    let mode = match options.mode {
        Mode::Eval => RuffMode::Expression,
        Mode::Exec | Mode::Single => RuffMode::Module,
    };
    let ruff = ParseOptions::from(mode).with_target_version(PythonVersion::PY314);
    let parsed = ruff_python_parser::parse_unchecked(text, ruff);
    let refused = first_error(&parsed);
    let end = refused.map_or(source.text.text_len(), |at| at.start());
    warnings::check(&parsed, source, options, end, warn);
    if let Some(at) = refused {
        return Err(failure(source, options, at));
    }
    if lenient::accepts(&parsed, source, options)
        && let Some(failure) = diagnose::explain(source.text, options)
    {
        return Err(failure);
    }
    Ok(parsed.into_syntax())
}

fn first_error(parsed: &Parsed<Mod>) -> Option<TextRange> {
    let refused = parsed.unsupported_syntax_errors().first().map(|e| e.range);
    parsed.errors().iter().map(|e| e.location).min_by_key(|r| r.start()).or(refused)
}

/// The error of a program that ruff refuses at a place.
fn failure(source: &Source<'_>, options: &Options, at: TextRange) -> Box<Failure> {
    diagnose::explain(source.text, options).unwrap_or_else(|| Failure::syntax("invalid syntax", at))
}
