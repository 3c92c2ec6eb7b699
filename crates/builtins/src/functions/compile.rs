//! `compile`, `exec`, `eval`: source text to code, and running it.

use super::scopes::{caller_globals, caller_locals};
use super::source::{Input, Origin, decode_source, source_text, source_with};
use ferropy_bytecode::code::flags as cflags;
use ferropy_compiler::{ErrorKind, Mode, Options, SyntaxError, Warning, WarningCategory};
use ferropy_vm::types::{Bytes, CellObject, CodeObject, Dict, Tuple};
use ferropy_vm::{Args, Exc, Gc, HeapObject, N, NativeDef, R, Raised, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "compile(source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, _feature_version=-1)",
        compile,
        "Compile source into a code object that can be executed by exec() or eval().\n\nThe source code may represent \
         a Python module, statement or expression.\nThe filename will be used for run-time error messages.\nThe mode \
         must be 'exec' to compile a module, 'single' to compile a\nsingle (interactive) statement, or 'eval' to \
         compile an expression.\nThe flags argument, if present, controls which future statements influence\nthe \
         compilation of the code.\nThe dont_inherit argument, if true, stops the compilation inheriting\nthe effects \
         of any future statements in effect in the code calling\ncompile; if absent or false these statements do \
         influence the compilation,\nin addition to any features explicitly specified.",
    ),
    NativeDef::function(
        "exec(source, /, globals=None, locals=None, *, closure=None)",
        exec,
        "Execute the given source in the context of globals and locals.\n\nThe source may be a string representing one \
         or more Python statements\nor a code object as returned by compile().\nThe globals must be a dictionary and \
         locals can be any mapping,\ndefaulting to the current globals and locals.\nIf only globals is given, locals \
         defaults to it.\nThe closure must be a tuple of cellvars, and can only be used\nwhen source is a code object \
         requiring exactly that many cellvars.",
    ),
    NativeDef::function(
        "eval(source, /, globals=None, locals=None)",
        eval,
        "Evaluate the given source in the context of globals and locals.\n\nThe source may be a string representing a \
         Python expression\nor a code object as returned by compile().\nThe globals must be a dictionary and locals \
         can be any mapping,\ndefaulting to the current globals and locals.\nIf only globals is given, locals defaults \
         to it.",
    ),
];

/// Flags of `compile()`.
pub mod pycf {
    pub const SOURCE_IS_UTF8: i64 = 0x100;
    pub const DONT_IMPLY_DEDENT: i64 = 0x200;
    pub const ONLY_AST: i64 = 0x400;
    pub const IGNORE_COOKIE: i64 = 0x800;
    pub const TYPE_COMMENTS: i64 = 0x1000;
    pub const ALLOW_TOP_LEVEL_AWAIT: i64 = 0x2000;
    pub const ALLOW_INCOMPLETE_INPUT: i64 = 0x4000;
    pub const OPTIMIZED_AST: i64 = 0x8000 | ONLY_AST;
    /// All `__future__` features that CPython knows.
    pub const FUTURES: i64 = 0x1ff0000 | 0x10;
    pub const ALL: i64 = FUTURES | 0xff00;
}

/// Registry key: `(source, filename, mode, flags, feature_version) -> tree`, given by the module `_ast`.
pub const PARSE_AST: &str = "compile.parse_ast";
/// Registry key: `(tree, filename, mode, flags, optimize) -> code`.
pub const COMPILE_AST: &str = "compile.compile_ast";
/// Registry key: `warn_explicit(message, category, filename, lineno)`.
pub const WARN_EXPLICIT: &str = "compile.warn_explicit";

const FUTURE_BITS: u32 = cflags::FUTURE_ANNOTATIONS | cflags::FUTURE_BARRY_AS_BDFL;

/// Future features of the calling code.
fn inherited_flags(cx: &Thread) -> u32 {
    let Some(frame) = cx.current_frame() else { return 0 };
    // SAFETY: the running frame's record.
    let code = unsafe { (*frame).code };
    code.cast::<CodeObject>().map_or(0, |c| c.flags & FUTURE_BITS)
}

/// Raises what the compiler reported.
pub fn raise_syntax_error(cx: &mut Thread, e: &SyntaxError) -> Raised {
    let class = match e.kind {
        ErrorKind::Syntax => Exc::SyntaxError,
        ErrorKind::Indentation => Exc::IndentationError,
        ErrorKind::Tab => Exc::TabError,
        ErrorKind::Incomplete => Exc::_IncompleteInputError,
        ErrorKind::Memory => return cx.error(Exc::MemoryError, &e.message),
        ErrorKind::Recursion => return cx.error(Exc::RecursionError, &e.message),
        ErrorKind::System => return cx.error(Exc::SystemError, &e.message),
    };
    let made = (|| -> R<[Value; 2]> {
        let message = cx.new_str(&e.message)?.value();
        let file = cx.new_str(&e.filename)?.value();
        let text = match e.text.clone().or_else(|| line_of_file(cx, &e.filename, e.line)) {
            Some(t) => cx.new_str(&t)?.value(),
            None => Value::NONE,
        };
        let n = Value::small_int;
        let (line, end_line) = (n(e.line as i64), n(e.end_line as i64));
        let place = cx.new_tuple(&[file, line, n(e.col as i64), text, end_line, n(e.end_col as i64)])?;
        Ok([message, place.value()])
    })();
    match made {
        Ok(args) => {
            let r = cx.error_with(class, &args);
            note_source(cx, e).err().unwrap_or(r)
        }
        Err(r) => r,
    }
}

/// Gives the pending SyntaxError what `traceback` looks for misspelled keywords in.
fn note_source(cx: &mut Thread, e: &SyntaxError) -> R<()> {
    let Some(source) = &e.source else { return Ok(()) };
    let error = cx.pending;
    let text = cx.new_str(source)?.value();
    let zero = Value::small_int(0);
    let metadata = cx.new_tuple(&[zero, zero, text])?.value();
    let name = cx.intern("_metadata")?;
    cx.setattr(error, name, metadata)?;
    cx.pending = error;
    Ok(())
}

/// A line as it is in the file.
fn line_of_file(cx: &mut Thread, filename: &str, line: u32) -> Option<String> {
    let data = std::fs::read(filename).ok()?;
    let lossy = String::from_utf8_lossy(&data).into_owned();
    let text = match decode_source(cx, data, Input { filename, origin: Origin::File, utf8: false }) {
        Ok(text) => text,
        Err(_) => {
            cx.take_pending();
            lossy
        }
    };
    text.split_inclusive('\n').nth((line as usize).checked_sub(1)?).map(str::to_owned)
}

/// Compiles text to a code object; warnings go through `warnings`.
pub fn compile_text(cx: &mut Thread, text: &str, options: &Options) -> R<Gc<CodeObject>> {
    let options = Options { max_digits: cx.vm().settings.max_str_digits, ..options.clone() };
    let code = with_warnings(cx, &options.filename, |warn| ferropy_compiler::compile(text, &options, warn))?;
    cx.load_code(code)
}

/// Runs a part of the compiler, issues its warnings, then raises its error.
pub fn with_warnings<T>(
    cx: &mut Thread,
    filename: &str,
    f: impl FnOnce(&mut dyn FnMut(Warning)) -> Result<T, SyntaxError>,
) -> R<T> {
    let mut warnings = Vec::new();
    let result = f(&mut |w| warnings.push(w));
    for w in &warnings {
        issue_warning(cx, w, filename)?;
    }
    result.map_err(|e| raise_syntax_error(cx, &e))
}

/// Issues a warning of the compiler. If the filters make it an error, that is a SyntaxError at the place.
fn issue_warning(cx: &mut Thread, w: &Warning, filename: &str) -> R<()> {
    let Some(f) = cx.registry(WARN_EXPLICIT) else { return Ok(()) };
    let class = match w.category {
        WarningCategory::Syntax => Exc::SyntaxWarning,
        WarningCategory::Deprecation => Exc::DeprecationWarning,
    };
    let message = cx.new_str(&w.message)?.value();
    let file = cx.new_str(filename)?.value();
    let category = cx.exc_class(class).value();
    let Err(r) = cx.call(f, &[message, category, file, Value::small_int(w.line as i64)]) else { return Ok(()) };
    if !cx.pending_is(class) {
        return Err(r);
    }
    cx.take_pending();
    Err(raise_syntax_error(cx, &w.error))
}

/// A file name argument: str, bytes or path-like.
pub fn filename_arg(cx: &mut Thread, v: Value) -> R<String> {
    if let Some(s) = v.as_str() {
        return Ok(s.to_lossy());
    }
    if let Some(path) = cx.call_special(v, N::__fspath__, &[])? {
        return filename_arg(cx, path);
    }
    match v.cast::<Bytes>() {
        Some(b) => Ok(String::from_utf8_lossy(b.data()).into_owned()),
        None => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("expected str, bytes or os.PathLike object, not {class}")))
        }
    }
}

fn compile(cx: &mut Thread, a: Args<'_>) -> R {
    let filename = filename_arg(cx, a[1])?;
    let Some(mode_name) = a[2].as_str().map(|s| s.to_lossy()) else {
        let class = cx.class_name(a[2]);
        return Err(cx.type_error(format!("compile() argument 'mode' must be str, not {class}")));
    };
    let flags = match a.opt(3) {
        Some(f) => cx.index(f)?,
        None => 0,
    };
    let inherit = match a.opt(4) {
        Some(v) => !cx.truth(v)?,
        None => true,
    };
    let optimize = match a.opt(5) {
        Some(v) => cx.index(v)?,
        None => -1,
    };
    if flags & !pycf::ALL != 0 {
        return Err(cx.value_error("compile(): unrecognised flags"));
    }
    if !(-1..=2).contains(&optimize) {
        return Err(cx.value_error("compile(): invalid optimize value"));
    }
    let mode = match mode_name.as_str() {
        "exec" => Mode::Exec,
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        "func_type" if flags & pycf::ONLY_AST != 0 => Mode::Eval,
        "func_type" => {
            return Err(cx.value_error("compile() mode 'func_type' requires flag PyCF_ONLY_AST"));
        }
        _ if flags & pycf::ONLY_AST != 0 => {
            return Err(cx.value_error("compile() mode must be 'exec', 'eval', 'single' or 'func_type'"));
        }
        _ => return Err(cx.value_error("compile() mode must be 'exec', 'eval' or 'single'")),
    };
    let mut future = flags as u32 & FUTURE_BITS;
    if inherit {
        future |= inherited_flags(cx);
    }
    let level = if optimize < 0 { cx.vm().settings.optimize } else { optimize as u8 };
    if let Some(r) = compile_tree(cx, a, flags | future as i64, level)? {
        return Ok(r);
    }
    let utf8 = flags & pycf::IGNORE_COOKIE != 0;
    let input = Input { filename: &filename, origin: Origin::Object, utf8 };
    let text = source_with(cx, a[0], "string, bytes or AST object", "compile", input)?;
    let options = Options {
        filename,
        mode,
        optimize: level,
        future_flags: future,
        allow_top_level_await: flags & pycf::ALLOW_TOP_LEVEL_AWAIT != 0,
        keep_blocks: flags & pycf::DONT_IMPLY_DEDENT != 0,
        tell_incomplete: flags & pycf::ALLOW_INCOMPLETE_INPUT != 0,
        ..Options::default()
    };
    Ok(compile_text(cx, &text, &options)?.value())
}

/// Trees: source to tree, and tree to code, as the module `_ast` does them.
fn compile_tree(cx: &mut Thread, a: Args<'_>, flags: i64, optimize: u8) -> R<Option<Value>> {
    let flags = Value::small_int(flags);
    if let Some(f) = cx.registry(COMPILE_AST)
        && a[0].as_str().is_none()
        && let Some(class) = cx.registry("ast.AST")
        && cx.isinstance(a[0], class)?
    {
        let level = Value::small_int(optimize as i64);
        return cx.call(f, &[a[0], a[1], a[2], flags, level]).map(Some);
    }
    if flags.as_int().unwrap_or(0) & pycf::ONLY_AST == 0 {
        return Ok(None);
    }
    if cx.registry(PARSE_AST).is_none() {
        cx.import("_ast")?;
    }
    let Some(f) = cx.registry(PARSE_AST) else {
        return Err(cx.error(Exc::NotImplementedError, "compile() to a tree needs the module _ast"));
    };
    let version = a.or(6, Value::small_int(-1));
    cx.call(f, &[a[0], a[1], a[2], flags, version]).map(Some)
}

/// Namespaces of exec and eval: (globals, locals).
fn namespaces(cx: &mut Thread, a: Args<'_>, func: &str) -> R<(Gc<Dict>, Value)> {
    let globals = match a.some(1) {
        Some(g) => match g.cast::<Dict>() {
            Some(d) => d,
            None => {
                let class = cx.class_name(g);
                let mapping = cx.lookup_special(g, N::__getitem__).is_some();
                return Err(if func == "exec" {
                    cx.type_error(format!("exec() globals must be a dict, not {class}"))
                } else if mapping {
                    cx.type_error("globals must be a real dict; try eval(code, {}, mapping)")
                } else {
                    cx.type_error("globals must be a dict")
                });
            }
        },
        None => match caller_globals(cx) {
            Some(d) => d,
            None => cx.new_dict()?,
        },
    };
    let locals = match a.some(2) {
        Some(l) => l,
        None if a.some(1).is_some() => globals.value(),
        None => caller_locals(cx)?,
    };
    if locals.kind() != Dict::kind() && cx.lookup_special(locals, N::__getitem__).is_none() {
        let class = cx.class_name(locals);
        return Err(if func == "exec" {
            cx.type_error(format!("locals must be a mapping or None, not {class}"))
        } else {
            cx.type_error("locals must be a mapping")
        });
    }
    let key = cx.name(N::__builtins__);
    if cx.dict_get_str(globals, key).is_none() {
        let builtins = cx.vm().builtins;
        let value = cx.import("builtins").unwrap_or(builtins);
        cx.take_pending();
        cx.dict_set_str(globals, key, value)?;
    }
    Ok((globals, locals))
}

fn exec(cx: &mut Thread, a: Args<'_>) -> R {
    let (globals, locals) = namespaces(cx, a, "exec")?;
    let closure = a.some(3).unwrap_or(Value::NULL);
    let code = match a[0].cast::<CodeObject>() {
        Some(code) => {
            check_closure(cx, code, closure)?;
            code
        }
        None if !closure.is_null() => {
            return Err(cx.type_error("closure argument can only be used when source is a code object"));
        }
        None => {
            let text = source_text(cx, a[0], "string, bytes or code object", "exec")?;
            let options = Options {
                optimize: cx.vm().settings.optimize,
                future_flags: inherited_flags(cx),
                ..Options::default()
            };
            compile_text(cx, &text, &options)?
        }
    };
    cx.exec_code(code, globals, locals, closure)?;
    Ok(Value::NONE)
}

fn check_closure(cx: &mut Thread, code: Gc<CodeObject>, closure: Value) -> R<()> {
    let nfree = code.rust().nfree as usize;
    if nfree == 0 {
        if !closure.is_null() {
            return Err(cx.type_error("cannot use a closure with this code object"));
        }
        return Ok(());
    }
    let cells = closure.cast::<Tuple>().filter(|t| t.len == nfree);
    if cells.is_none_or(|t| t.items().iter().any(|c| c.kind() != CellObject::kind())) {
        return Err(cx.type_error(format!("code object requires a closure of exactly length {nfree}")));
    }
    Ok(())
}

fn eval(cx: &mut Thread, a: Args<'_>) -> R {
    let (globals, locals) = namespaces(cx, a, "eval")?;
    if let Some(code) = a[0].cast::<CodeObject>() {
        if code.rust().nfree > 0 {
            return Err(cx.type_error("code object passed to eval() may not contain free variables"));
        }
        return cx.exec_code(code, globals, locals, Value::NULL);
    }
    let text = source_text(cx, a[0], "string, bytes or code object", "eval")?;
    let text = text.trim_start_matches([' ', '\t']);
    let options = Options {
        mode: Mode::Eval,
        optimize: cx.vm().settings.optimize,
        future_flags: inherited_flags(cx),
        ..Options::default()
    };
    let code = compile_text(cx, text, &options)?;
    cx.exec_code(code, globals, locals, Value::NULL)
}
