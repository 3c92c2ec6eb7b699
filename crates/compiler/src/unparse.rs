//! Expressions back to text, for annotations that are kept as strings.

use crate::source::Source;
use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

pub fn expression(e: &Expr, source: &Source<'_>) -> String {
    source.slice(e.range()).split_whitespace().collect::<Vec<_>>().join(" ")
}
