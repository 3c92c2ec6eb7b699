//! `from __future__ import ...`: which features a module switches on.

use crate::errors::{Failure, Res};
use crate::source::Source;
use ferropy_bytecode::flags;
use ruff_python_ast::{Expr, Mod, Stmt};
use ruff_text_size::TextRange;

/// Features that are always on now.
const MANDATORY: [&str; 8] = [
    "nested_scopes",
    "generators",
    "division",
    "absolute_import",
    "with_statement",
    "print_function",
    "unicode_literals",
    "generator_stop",
];

/// The flags of the module, `given` included.
pub fn flags(module: &Mod, source: &Source<'_>, given: u32) -> Res<u32> {
    let mut result = given & (flags::FUTURE_ANNOTATIONS | flags::FUTURE_BARRY_AS_BDFL);
    let Mod::Module(m) = module else { return Ok(result) };
    let mut done = false;
    for (i, stmt) in m.body.iter().enumerate() {
        match stmt {
            Stmt::ImportFrom(f) if f.level == 0 && f.module.as_ref().is_some_and(|m| m.id == "__future__") => {
                if done {
                    let message = "from __future__ imports must occur at the beginning of the file";
                    return Err(Failure::syntax(message, f.range));
                }
                for alias in &f.names {
                    result |= feature(&alias.name.id, source, alias.range)?;
                }
            }
            Stmt::Expr(e) if i == 0 && matches!(*e.value, Expr::StringLiteral(_)) => {}
            _ => done = true,
        }
    }
    Ok(result)
}

fn feature(name: &str, _source: &Source<'_>, range: TextRange) -> Res<u32> {
    match name {
        "annotations" => Ok(flags::FUTURE_ANNOTATIONS),
        "barry_as_FLUFL" => Ok(flags::FUTURE_BARRY_AS_BDFL),
        "braces" => Err(Failure::syntax("not a chance", range)),
        name if MANDATORY.contains(&name) => Ok(0),
        name => Err(Failure::syntax(format!("future feature {name} is not defined"), range)),
    }
}
