//! `compile()` to a tree and of a tree; the module `builtins` finds these functions in the registry.

use super::build::Builder;
use super::place::{self, Places};
use ferropy_builtins::functions::compile::{COMPILE_AST, PARSE_AST, filename_arg, pycf, with_warnings};
use ferropy_builtins::functions::source::{Input, Origin, source_with};
use ferropy_compiler::{Mode, Options, SyntaxError, Warning};
use ferropy_vm::{Args, NativeDef, R, Thread, Value};

static FUNCTIONS: [NativeDef; 2] = [
    NativeDef::function("parse_to_ast(source, filename, mode, flags, feature_version=-1, /)", parse_to_ast, ""),
    NativeDef::function("ast_to_code(tree, filename, mode, flags, optimize, /)", ast_to_code, ""),
];
const FUTURE: i64 = 0x1ff_0000;

/// Puts the functions where `compile` looks.
pub fn install(cx: &mut Thread) -> R<()> {
    let module = cx.intern("_ast")?;
    for (key, def) in [PARSE_AST, COMPILE_AST].into_iter().zip(&FUNCTIONS) {
        let f = cx.native_function(module, def)?;
        cx.set_registry(key, f);
    }
    Ok(())
}

fn options(cx: &mut Thread, a: Args<'_>) -> R<(Options, String)> {
    let filename = filename_arg(cx, a[1])?;
    let mode = cx.expect_text(a[2], "compile() argument 'mode'")?.to_lossy();
    let flags = cx.index(a[3])?;
    let rust_mode = match mode.as_str() {
        "eval" | "func_type" => Mode::Eval,
        "single" => Mode::Single,
        _ => Mode::Exec,
    };
    let options = Options {
        filename,
        mode: rust_mode,
        future_flags: (flags & FUTURE) as u32,
        allow_top_level_await: flags & pycf::ALLOW_TOP_LEVEL_AWAIT != 0,
        keep_blocks: flags & pycf::DONT_IMPLY_DEDENT != 0,
        tell_incomplete: flags & pycf::ALLOW_INCOMPLETE_INPUT != 0,
        type_comments: flags & pycf::TYPE_COMMENTS != 0,
        max_digits: cx.vm().settings.max_str_digits,
        ..Options::default()
    };
    Ok((options, mode))
}

/// Source text to a tree.
pub fn parse_to_ast(cx: &mut Thread, a: Args<'_>) -> R {
    let (options, mode) = options(cx, a)?;
    if mode == "func_type" {
        let text = "compile() mode 'func_type' is not supported";
        return Err(cx.error(ferropy_vm::Exc::NotImplementedError, text));
    }
    let utf8 = cx.index(a[3])? & pycf::IGNORE_COOKIE != 0;
    let input = Input { filename: &options.filename, origin: Origin::Object, utf8 };
    let text = source_with(cx, a[0], "string, bytes or AST object", "compile", input)?;
    let tree = with_warnings(cx, &options.filename, |warn| ferropy_compiler::parse(&text, &options, warn))?;
    Builder::new(&text).module(cx, &tree, options.mode == Mode::Single)
}

/// A tree to code: by the source that `ast.unparse` makes of it.
pub fn ast_to_code(cx: &mut Thread, a: Args<'_>) -> R {
    let (mut options, mode) = options(cx, a)?;
    let wanted = match mode.as_str() {
        "eval" => "Expression",
        "single" => "Interactive",
        _ => "Module",
    };
    let class = super::class(cx, wanted)?;
    if !cx.is_instance(a[0], class) {
        let got = cx.class_name(a[0]);
        return Err(cx.type_error(format!("expected {wanted} node, got {got}")));
    }
    if cx.index(a[3])? & pycf::ONLY_AST != 0 {
        return Ok(a[0]);
    }
    options.optimize = cx.index(a[4])? as u8;
    place::validate(cx, a[0])?;
    let module = cx.import("ast")?;
    let source = cx.call_method(module, "unparse", &[a[0]])?;
    let text = cx.expect_text(source, "unparsed source")?.to_lossy();
    let mut places = source_places(cx, a[0], &text, &options)?;
    let mut code = with_warnings(cx, &options.filename, |warn| {
        ferropy_compiler::compile(&text, &options, &mut |w| warn(Warning { line: places.line(w.line), ..w }))
            .map_err(|e| SyntaxError { line: places.line(e.line), end_line: places.line(e.end_line), ..e })
    })?;
    places.apply(&mut code);
    Ok(cx.load_code(code)?.value())
}

/// Where the places of the tree's source are in the tree.
fn source_places(cx: &mut Thread, tree: Value, text: &str, options: &Options) -> R<Places> {
    // What is wrong with the source, compiling it will tell.
    let Ok(made) = ferropy_compiler::parse(text, options, &mut |_| {}) else { return Ok(Places::default()) };
    let made = Builder::new(text).module(cx, &made, options.mode == Mode::Single)?;
    Places::pair(cx, tree, made)
}
