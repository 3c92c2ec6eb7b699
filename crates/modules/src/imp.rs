//! `_imp`, `_stdlib`, and the start of importlib.
//!
//! Terms. *Frozen* modules are those of CPython that have no file: importlib's two halves, `zipimport` and the test
//! modules `__hello__` and `__phello__`. All other modules of the library are found through the virtual folder
//! `sys._stdlib_dir` (see `crates/stdlib/python/_stdlib_finder.py`).

use crate::thread;
use ferropy_builtins::functions::import::{BOOTSTRAP, import_native};
use ferropy_bytecode::{Code, Const};
use ferropy_stdlib::Module as Packed;
use ferropy_vm::types::{CodeObject, Dict};
use ferropy_vm::{Args, Exc, Gc, N, NativeDef, R, Thread, Value};

/// Frozen names and where they are in the pack.
const FROZEN: &[(&str, &str)] = &[
    ("_frozen_importlib", "importlib._bootstrap"),
    ("_frozen_importlib_external", "importlib._bootstrap_external"),
    ("zipimport", "zipimport"),
    ("__hello__", "__hello__"),
    ("__phello__", "__phello__"),
    ("__phello__.spam", "__phello__.spam"),
    ("__phello__.ham", "__phello__.ham"),
    ("__phello__.ham.eggs", "__phello__.ham.eggs"),
    ("_stdlib_finder", "_stdlib_finder"),
];

/// The number in the first bytes of a `.pyc`; changes with the bytecode and with what the compiler makes of a program.
pub const MAGIC: i64 = ferropy_stdlib::FINGERPRINT as i64 | 0x0a0d << 16;

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "extension_suffixes()",
        extension_suffixes,
        "Returns the list of file suffixes used to identify extension modules.",
    ),
    NativeDef::function("lock_held()", lock_held, "Return True if the import lock is currently held, else False."),
    NativeDef::function(
        "acquire_lock()",
        acquire_lock,
        "Acquires the interpreter's import lock for the current thread.",
    ),
    NativeDef::function("release_lock()", release_lock, "Release the interpreter's import lock."),
    NativeDef::function("find_frozen(name, /, *, withdata=False)", find_frozen, "Return info about a frozen module."),
    NativeDef::function(
        "get_frozen_object(name, data=None, /)",
        get_frozen_object,
        "Create a code object for a frozen module.",
    ),
    NativeDef::function("init_frozen(name, /)", init_frozen, "Initializes a frozen module."),
    NativeDef::function(
        "is_frozen(name, /)",
        is_frozen,
        "Returns True if the module name corresponds to a frozen module.",
    ),
    NativeDef::function(
        "is_frozen_package(name, /)",
        is_frozen_package,
        "Returns True if the module name is of a frozen package.",
    ),
    NativeDef::function("_frozen_module_names()", frozen_names, "Returns the list of available frozen modules."),
    NativeDef::function(
        "is_builtin(name, /)",
        is_builtin,
        "Returns True if the module name corresponds to a built-in module.",
    ),
    NativeDef::function("create_builtin(spec, /)", create_builtin, "Create an extension module."),
    NativeDef::function("exec_builtin(mod, /)", exec_builtin, "Initialize a built-in module."),
    NativeDef::function(
        "create_dynamic(spec, file=<unrepresentable>, /)",
        create_dynamic,
        "Create an extension module.",
    ),
    NativeDef::function(
        "_fix_co_filename(code, path, /)",
        fix_filename,
        "Changes code.co_filename to specify the passed-in file path.",
    ),
    NativeDef::function("source_hash(key, source)", source_hash, ""),
    NativeDef::function("_override_frozen_modules_for_tests(override, /)", ignore, ""),
    NativeDef::function("_override_multi_interp_extensions_check(override, /)", override_check, ""),
];

static STDLIB: &[NativeDef] = &[
    NativeDef::function("find(name, /)", stdlib_find, "None if there is no such module, else whether it is a package."),
    NativeDef::function("get_code(name, filename, /)", stdlib_code, "The code of a module."),
    NativeDef::function("get_source(name, /)", stdlib_source, "The source of a module."),
    NativeDef::function("children(package, /)", stdlib_children, "[(name, is_package)] of the modules in a package."),
];

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_imp", |cx| {
        let m =
            cx.module_with("_imp", "(Extremely) low-level import machinery bits as used by importlib.", FUNCTIONS)?;
        let mode = cx.intern("default")?;
        cx.module_set(m, "check_hash_based_pycs", mode)?;
        cx.module_set(m, "pyc_magic_number_token", Value::small_int(MAGIC))?;
        Ok(m.value())
    });
    cx.register_module("_stdlib", |cx| Ok(cx.module_with("_stdlib", "The packed standard library.", STDLIB)?.value()));
    cx.register_module("builtins", builtins_module);
}

/// Extension modules are made for CPython's interface: there is none here, so that none can be loaded.
fn create_dynamic(cx: &mut Thread, a: Args<'_>) -> R {
    let mut texts = [Value::NONE; 2];
    for (slot, field) in texts.iter_mut().zip(["name", "origin"]) {
        *slot = cx.getattr_str(a[0], field)?;
        if cx.expect_text(*slot, field)?.bytes().contains(&0) {
            return Err(cx.value_error("embedded null character"));
        }
    }
    let path = cx.expect_text(texts[1], "origin")?.to_lossy();
    let message = cx.new_str(&format!("{path}: extension modules are not supported"))?.value();
    let class = cx.exc_class(Exc::ImportError).value();
    let e = cx.call_kw(class, &[message], &[("name", texts[0]), ("path", texts[1])])?;
    Err(cx.raise_value(e))
}

/// The module `builtins`, around the namespace that the VM made.
fn builtins_module(cx: &mut Thread) -> R {
    if let Some(m) = cx.registry("module builtins") {
        return Ok(m);
    }
    let m = module_around(cx, "builtins", |cx| cx.vm().builtins)?;
    cx.set_registry("module builtins", m);
    Ok(m)
}

/// A module object whose dict is an existing one.
pub fn module_around(cx: &mut Thread, name: &str, dict: fn(&mut Thread) -> Value) -> R {
    let m = cx.new_module(name, "")?;
    let dict = dict(cx);
    // SAFETY: both are dicts.
    let (own, new) = unsafe { (m.dict.as_gc::<Dict>(), dict.cast_unchecked::<Dict>()) };
    let mut i = 0;
    while let Some((next, _, k, v)) = own.next_entry(i) {
        i = next;
        cx.dict_set_default(new, k, v)?;
    }
    m.dict.set(cx, m, dict);
    Ok(m.value())
}

fn text(v: Value) -> String {
    v.as_str().map_or_else(String::new, |s| s.to_lossy())
}

fn expect_name(cx: &mut Thread, v: Value, func: &str) -> R<String> {
    match v.as_str() {
        Some(s) => Ok(s.to_lossy()),
        None => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("{func}() argument must be str, not {class}")))
        }
    }
}

fn extension_suffixes(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(cx.new_list(&[])?.value())
}

/// The import lock: an RLock.
const LOCK: &str = "import lock";

fn lock(cx: &mut Thread) -> R {
    if let Some(l) = cx.registry(LOCK) {
        return Ok(l);
    }
    let l = thread::new_rlock(cx)?;
    cx.set_registry(LOCK, l);
    Ok(l)
}

fn lock_held(cx: &mut Thread, _: Args<'_>) -> R {
    let l = lock(cx)?;
    thread::rlock_locked(cx, Args::new(&[l]))
}

pub fn acquire_lock(cx: &mut Thread, _: Args<'_>) -> R {
    let l = lock(cx)?;
    thread::rlock_acquire(cx, Args::new(&[l]))?;
    Ok(Value::NONE)
}

pub fn release_lock(cx: &mut Thread, _: Args<'_>) -> R {
    let l = lock(cx)?;
    if thread::rlock_owned(cx, Args::new(&[l]))? != Value::TRUE {
        return Err(cx.runtime_error("not holding the import lock"));
    }
    thread::rlock_release(cx, Args::new(&[l]))
}

fn frozen(name: &str) -> Option<Packed> {
    let (_, packed) = FROZEN.iter().find(|(n, _)| *n == name)?;
    ferropy_stdlib::find(packed)
}

fn no_frozen(cx: &mut Thread, name: Value) -> ferropy_vm::Raised {
    let message = format!("No such frozen object named {}", text(name));
    import_error(cx, &message, name)
}

/// ImportError with `name` set.
fn import_error(cx: &mut Thread, message: &str, name: Value) -> ferropy_vm::Raised {
    let made = (|| -> R {
        let text = cx.new_str(message)?.value();
        let class = cx.exc_class(Exc::ImportError).value();
        cx.call_kw(class, &[text], &[("name", name)])
    })();
    match made {
        Ok(e) => cx.raise_value(e),
        Err(r) => r,
    }
}

fn find_frozen(cx: &mut Thread, a: Args<'_>) -> R {
    let name = expect_name(cx, a[0], "find_frozen")?;
    let Some(m) = frozen(&name) else { return Ok(Value::NONE) };
    let origin = cx.new_str(m.name())?.value();
    let data = match a.opt(1) {
        Some(w) if cx.truth(w)? => cx.new_bytes(m.code())?.value(),
        _ => Value::NONE,
    };
    Ok(cx.new_tuple(&[data, Value::bool(m.is_package()), origin])?.value())
}

fn frozen_filename(m: Packed) -> String {
    // Under this name the finder is taken for a part of the import machinery, which tracebacks and warnings leave out.
    let name = if m.name() == "_stdlib_finder" { "importlib._bootstrap_stdlib" } else { m.name() };
    format!("<frozen {name}>")
}

fn get_frozen_object(cx: &mut Thread, a: Args<'_>) -> R {
    let name = expect_name(cx, a[0], "get_frozen_object")?;
    if let Some(data) = a.some(1) {
        let marshal = cx.import("marshal")?;
        let code = cx.call_method(marshal, "loads", &[data]);
        return match cx.catch(Exc::Exception, code)?.filter(|c| c.cast::<CodeObject>().is_some()) {
            Some(code) => Ok(code),
            None => {
                let shown = cx.repr(a[0])?.to_lossy();
                Err(import_error(cx, &format!("Frozen object named {shown} is invalid"), a[0]))
            }
        };
    }
    match frozen(&name) {
        Some(m) => Ok(packed_code(cx, m, &frozen_filename(m))?.value()),
        None => Err(no_frozen(cx, a[0])),
    }
}

fn init_frozen(cx: &mut Thread, a: Args<'_>) -> R {
    let name = expect_name(cx, a[0], "init_frozen")?;
    if frozen(&name).is_none() {
        return Ok(Value::NONE);
    }
    run_frozen(cx, &name)
}

fn is_frozen(cx: &mut Thread, a: Args<'_>) -> R {
    let name = expect_name(cx, a[0], "is_frozen")?;
    Ok(Value::bool(frozen(&name).is_some()))
}

fn is_frozen_package(cx: &mut Thread, a: Args<'_>) -> R {
    let name = expect_name(cx, a[0], "is_frozen_package")?;
    match frozen(&name) {
        Some(m) => Ok(Value::bool(m.is_package())),
        None => Err(no_frozen(cx, a[0])),
    }
}

fn frozen_names(cx: &mut Thread, _: Args<'_>) -> R {
    let list = cx.new_list(&[])?;
    for (name, _) in FROZEN {
        let v = cx.intern(name)?;
        cx.list_append(list, v)?;
    }
    Ok(list.value())
}

fn is_builtin(cx: &mut Thread, a: Args<'_>) -> R {
    let name = expect_name(cx, a[0], "is_builtin")?;
    // Modules that cannot be made anew are told apart.
    let n = match name.as_str() {
        "sys" | "builtins" => -1,
        _ => cx.vm().module_table.iter().any(|(n, _)| *n == name) as i64,
    };
    Ok(Value::small_int(n))
}

fn create_builtin(cx: &mut Thread, a: Args<'_>) -> R {
    let name = cx.getattr_str(a[0], "name")?;
    let Some(s) = name.as_str() else { return Err(cx.type_error("name must be string")) };
    let name = cx.intern_str(s)?;
    let wanted = text(name);
    let init = cx.vm().module_table.iter().find(|(n, _)| *n == wanted).map(|(_, init)| *init);
    match init {
        Some(init) => init(cx),
        None => Ok(Value::NONE),
    }
}

fn exec_builtin(_cx: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::small_int(0))
}

fn ignore(_cx: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::NONE)
}

fn override_check(_cx: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::small_int(0))
}

/// Names the file in a code object and all codes inside of it.
fn set_filename(code: &mut Code, filename: &str) {
    filename.clone_into(&mut code.filename);
    fn inside(c: &mut Const, filename: &str) {
        match c {
            Const::Code(code) => set_filename(code, filename),
            Const::Tuple(items) => items.iter_mut().for_each(|c| inside(c, filename)),
            _ => {}
        }
    }
    code.consts.iter_mut().for_each(|c| inside(c, filename));
}

fn fix_filename(cx: &mut Thread, a: Args<'_>) -> R {
    let (Some(code), Some(path)) = (a[0].cast::<CodeObject>(), a[1].as_str()) else {
        return Err(cx.type_error("_fix_co_filename() argument 1 must be code"));
    };
    let old = text(code.filename.get());
    rename(cx, code, &old, path.value())?;
    Ok(Value::NONE)
}

/// Gives the code and what it contains another path; code of another file stays as it is.
fn rename(cx: &mut Thread, code: Gc<CodeObject>, old: &str, path: Value) -> R<()> {
    if text(code.filename.get()) != old {
        return Ok(());
    }
    code.filename.set(cx, code, path);
    // SAFETY: the code's own Rust form; nobody else holds a reference to it now.
    unsafe { (*code.code).filename = text(path) };
    let Some(consts) = code.consts.cast::<ferropy_vm::types::Tuple>() else { return Ok(()) };
    for i in 0..consts.len {
        if let Some(inner) = consts.at(i).cast::<CodeObject>() {
            rename(cx, inner, old, path)?;
        }
    }
    Ok(())
}

/// A keyed 64-bit hash of a source (SipHash-1-3, as for hash-based `.pyc` files).
fn source_hash(cx: &mut Thread, a: Args<'_>) -> R {
    let key = cx.index(a[0])? as u64;
    let data = cx.bytes_of(a[1])?;
    let h = ferropy_text::hash::Key(key, 0).bytes(&data);
    Ok(cx.new_bytes(&h.to_le_bytes())?.value())
}

/// Tells the system that the pages of a packed module will not be needed soon: they are part of the executable file, and
/// would count as this process's memory for nothing.
fn release_pages(bytes: &'static [u8]) {
    const PAGE: usize = 4096;
    let start = bytes.as_ptr() as usize;
    let (first, last) = ((start + PAGE - 1) & !(PAGE - 1), (start + bytes.len()) & !(PAGE - 1));
    if first < last {
        // SAFETY: whole pages of a read-only mapping of a file; they are read again when touched.
        unsafe { libc::madvise(first as *mut _, last - first, libc::MADV_DONTNEED) };
    }
}

// ---- the packed library

/// The code of a packed module.
pub fn packed_code(cx: &mut Thread, m: Packed, filename: &str) -> R<Gc<CodeObject>> {
    let optimize = cx.vm().settings.optimize;
    if m.code().is_empty() || optimize > 0 {
        // Not compiled ahead (an error, which is raised now), or compiled with asserts.
        let source = match m.source() {
            Ok(s) => s,
            Err(e) => return Err(cx.io_error(&e, None)),
        };
        let options = ferropy_compiler::Options { filename: filename.to_owned(), optimize, ..Default::default() };
        return ferropy_builtins::functions::compile::compile_text(cx, &source, &options);
    }
    let read = ferropy_bytecode::serial::read(m.code());
    release_pages(m.code());
    match read {
        Ok(mut code) => {
            set_filename(&mut code, filename);
            // The pack was made by our own compiler when this program was built.
            cx.load_verified(Box::new(code))
        }
        Err(e) => Err(cx.error(Exc::SystemError, format!("bad code of {}: {e:?}; please report", m.name()))),
    }
}

fn packed(cx: &mut Thread, name: Value) -> R<Packed> {
    match ferropy_stdlib::find(&text(name)) {
        Some(m) => Ok(m),
        None => {
            let message = format!("no module named {}", text(name));
            Err(import_error(cx, &message, name))
        }
    }
}

fn stdlib_find(_cx: &mut Thread, a: Args<'_>) -> R {
    Ok(ferropy_stdlib::find(&text(a[0])).map_or(Value::NONE, |m| Value::bool(m.is_package())))
}

fn stdlib_code(cx: &mut Thread, a: Args<'_>) -> R {
    let m = packed(cx, a[0])?;
    Ok(packed_code(cx, m, &text(a[1]))?.value())
}

fn stdlib_source(cx: &mut Thread, a: Args<'_>) -> R {
    let m = packed(cx, a[0])?;
    match m.source() {
        Ok(s) => Ok(cx.new_str(&s)?.value()),
        Err(e) => Err(cx.io_error(&e, None)),
    }
}

fn stdlib_children(cx: &mut Thread, a: Args<'_>) -> R {
    let package = text(a[0]);
    let list = cx.new_list(&[])?;
    for m in ferropy_stdlib::modules() {
        let (parent, name) = m.name().rsplit_once('.').unwrap_or(("", m.name()));
        if parent == package {
            let name = cx.intern(name)?;
            let pair = cx.new_tuple(&[name, Value::bool(m.is_package())])?.value();
            cx.list_append(list, pair)?;
        }
    }
    Ok(list.value())
}

// ---- start of importlib

/// Runs a frozen module under its own name and puts it into `sys.modules`.
fn run_frozen(cx: &mut Thread, name: &str) -> R {
    let Some(packed) = frozen(name) else {
        return Err(cx.error(Exc::ImportError, format!("no frozen module {name}; please report")));
    };
    let code = packed_code(cx, packed, &frozen_filename(packed))?;
    let m = cx.new_module(name, "")?;
    let key = cx.intern(name)?;
    // SAFETY: always dicts.
    let (modules, dict) = unsafe { (cx.vm().modules.cast_unchecked::<Dict>(), m.dict.as_gc::<Dict>()) };
    cx.dict_set(modules, key, m.value())?;
    let (builtins, builtins_key) = (cx.vm().builtins, cx.name(N::__builtins__));
    cx.dict_set_str(dict, builtins_key, builtins)?;
    // importlib takes it from here for the module's spec.
    let origin = cx.new_str(packed.name())?.value();
    cx.module_set(m, "__origname__", origin)?;
    cx.exec_code(code, dict, dict.value(), Value::NULL)?;
    Ok(m.value())
}

fn native(cx: &mut Thread, name: &str) -> R {
    let key = cx.intern(name)?;
    // SAFETY: always a dict.
    let modules = unsafe { cx.vm().modules.cast_unchecked::<Dict>() };
    match cx.dict_get_str(modules, key) {
        Some(m) => Ok(m),
        None => import_native(cx, key),
    }
}

/// Brings importlib up, as CPython does at its start: afterwards everything can be imported.
pub fn install_importlib(cx: &mut Thread) -> R<()> {
    native(cx, "builtins")?;
    let sys = native(cx, "sys")?;
    let imp = native(cx, "_imp")?;
    let bootstrap = run_frozen(cx, "_frozen_importlib")?;
    cx.call_method(bootstrap, "_install", &[sys, imp])?;
    // From here on the import statement goes through importlib.
    cx.set_registry(BOOTSTRAP, bootstrap);
    cx.call_method(bootstrap, "_install_external_importers", &[])?;
    let finder = cx.import("_stdlib_finder")?;
    cx.call_method(finder, "install", &[])?;
    Ok(())
}
