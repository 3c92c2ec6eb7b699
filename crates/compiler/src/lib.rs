//! Source text to bytecode: ruff's AST, scopes, code generation.
//!
//! `parse` turns text into ruff's tree and words its errors as CPython does; `symtable` finds the scopes; `codegen` makes
//! instructions, which `assembler` lays out and `flow` cleans. `compile` does it all. Nothing here panics on bad input:
//! what the program does wrong is a `SyntaxError`, what the compiler cannot do is one of kind `Memory` or `System`.

mod assembler;
mod codegen;
mod diagnose;
mod errors;
mod flow;
mod fold;
mod future;
mod parse;
mod source;
pub mod symtable;
mod unparse;

pub use codegen::fstring::{expression_text, without_comments};
pub use errors::{ErrorKind, SyntaxError, Warning, WarningCategory};
pub use ferropy_bytecode::Code;
pub use ruff_python_ast as ast;
pub use source::{Source, wtf8};

use errors::Res;
use ruff_python_ast::Mod;
use symtable::{Settings, SymTable};

/// Stack for the work on a tree. Dropping a tree recurses as deep as the tree is, which is bounded by the text's length.
const MIN_STACK: usize = 1 << 20;
const MAX_STACK: usize = 1 << 30;
const STACK_PER_BYTE: usize = 1024;

/// What is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// A module.
    #[default]
    Exec,
    /// One expression.
    Eval,
    /// One statement typed in; values of expressions are shown.
    Single,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub filename: String,
    pub mode: Mode,
    /// 0, 1 (`-O`) or 2 (`-OO`).
    pub optimize: u8,
    /// Bits of `__future__` features that are on already.
    pub future_flags: u32,
    pub allow_top_level_await: bool,
    /// The end of the text does not end the blocks of a single statement: an empty line must.
    pub keep_blocks: bool,
    /// What more text might make right is an error of kind `Incomplete`.
    pub tell_incomplete: bool,
    /// The most digits of a decimal integer; 0 for no limit.
    pub max_digits: usize,
    /// `# type:` comments mean something.
    pub type_comments: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            filename: "<string>".into(),
            mode: Mode::Exec,
            optimize: 0,
            future_flags: 0,
            allow_top_level_await: false,
            keep_blocks: false,
            tell_incomplete: false,
            max_digits: 0,
            type_comments: false,
        }
    }
}

/// Compiles source text.
pub fn compile(text: &str, options: &Options, warn: &mut dyn FnMut(Warning)) -> Result<Code, SyntaxError> {
    on_big_stack(text, options, |source| {
        let module = parse::parse(source, options, warn)?;
        // What CPython's parser refuses is reported before what its compiler does, and ruff accepts a little more.
        generate(&module, source, options, warn).map_err(|e| match e.kind {
            ErrorKind::Syntax => diagnose::explain(source.text, options).unwrap_or(e),
            _ => e,
        })
    })
}

/// Parses source text.
pub fn parse(text: &str, options: &Options, warn: &mut dyn FnMut(Warning)) -> Result<Mod, SyntaxError> {
    on_big_stack(text, options, |source| parse::parse(source, options, warn))
}

/// Compiles a tree that [`parse`] made of `text`.
pub fn compile_ast(
    module: &Mod,
    text: &str,
    options: &Options,
    warn: &mut dyn FnMut(Warning),
) -> Result<Code, SyntaxError> {
    on_big_stack(text, options, |source| generate(module, source, options, warn))
}

/// The scopes of a tree that [`parse`] made of `text`.
pub fn scopes(module: &Mod, text: &str, options: &Options) -> Result<SymTable, SyntaxError> {
    on_big_stack(text, options, |source| {
        let flags = future::flags(module, source, options.future_flags)?;
        SymTable::build(module, &settings(options, flags))
    })
}

fn on_big_stack<T>(text: &str, options: &Options, f: impl FnOnce(&Source<'_>) -> Res<T>) -> Result<T, SyntaxError> {
    let source = Source::new(text);
    let stack = text.len().saturating_mul(STACK_PER_BYTE).clamp(MIN_STACK, MAX_STACK);
    stacker::maybe_grow(stack, stack + MIN_STACK, || f(&source)).map_err(|e| e.publish(&source, &options.filename))
}

fn settings(options: &Options, flags: u32) -> Settings {
    Settings {
        future_annotations: flags & ferropy_bytecode::flags::FUTURE_ANNOTATIONS != 0,
        allow_top_level_await: options.allow_top_level_await,
    }
}

fn generate(module: &Mod, source: &Source<'_>, options: &Options, warn: &mut dyn FnMut(Warning)) -> Res<Code> {
    let flags = future::flags(module, source, options.future_flags)?;
    let table = SymTable::build(module, &settings(options, flags))?;
    codegen::generate(module, source, &table, options, flags, warn)
}
