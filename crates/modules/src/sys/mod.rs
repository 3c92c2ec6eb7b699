//! The module `sys`.
//!
//! Its namespace is the VM's `sys` dict, so that native code finds `stdout` and friends without an import. [`Config`] is
//! what the command line and the environment decided; [`configure`] writes it into the namespace.

mod functions;
pub mod hooks;
mod info;
mod jit;
mod monitoring;
pub mod traceback_text;

pub use info::{HEXVERSION, VERSION, version_text};

use crate::imp::module_around;
use ferropy_vm::types::Dict;
use ferropy_vm::{Builtin as B, Gc, R, Thread, Value};

/// What the command line and the environment decided.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Texts are WTF-8 (bytes that are no UTF-8 as surrogates).
    pub argv: Vec<Vec<u8>>,
    pub orig_argv: Vec<Vec<u8>>,
    pub executable: Vec<u8>,
    pub prefix: Vec<u8>,
    pub path: Vec<Vec<u8>>,
    pub warnoptions: Vec<Vec<u8>>,
    /// Names and values (None: True).
    pub xoptions: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub pycache_prefix: Option<Vec<u8>>,
    pub debug: u8,
    pub inspect: bool,
    pub interactive: bool,
    pub optimize: u8,
    pub dont_write_bytecode: bool,
    pub no_user_site: bool,
    pub no_site: bool,
    pub ignore_environment: bool,
    pub verbose: u8,
    pub bytes_warning: u8,
    pub quiet: bool,
    pub hash_randomization: bool,
    pub isolated: bool,
    pub dev_mode: bool,
    pub utf8_mode: bool,
    pub warn_default_encoding: bool,
    pub safe_path: bool,
    pub max_str_digits: usize,
}

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("sys", sys_module);
    hooks::install(cx);
}

/// The namespace.
pub fn namespace(cx: &Thread) -> Gc<Dict> {
    // SAFETY: always a dict.
    unsafe { cx.vm().sys.cast_unchecked() }
}

pub fn set(cx: &mut Thread, name: &str, v: Value) -> R<()> {
    let key = cx.intern(name)?;
    let d = namespace(cx);
    cx.dict_set_str(d, key, v)
}

pub fn get(cx: &mut Thread, name: &str) -> R<Option<Value>> {
    let key = cx.intern(name)?;
    Ok(cx.dict_get_str(namespace(cx), key))
}

fn set_text(cx: &mut Thread, name: &str, text: &str) -> R<()> {
    let v = cx.new_str(text)?.value();
    set(cx, name, v)
}

fn texts(cx: &mut Thread, items: &[Vec<u8>]) -> R {
    let list = cx.new_list(&[])?;
    for t in items {
        let v = cx.new_wtf8(t)?.value();
        cx.list_append(list, v)?;
    }
    Ok(list.value())
}

/// The module object, always the same.
fn sys_module(cx: &mut Thread) -> R {
    if let Some(m) = cx.registry("module sys") {
        return Ok(m);
    }
    let m = module_around(cx, "sys", |cx| cx.vm().sys)?;
    cx.set_registry("module sys", m);
    functions::install(cx)?;
    constants(cx)?;
    jit::install(cx)?;
    monitoring::install(cx)?;
    let config = Config { max_str_digits: 4300, hash_randomization: true, ..Config::default() };
    configure(cx, &config)?;
    Ok(m)
}

fn constants(cx: &mut Thread) -> R<()> {
    set_text(cx, "version", &version_text())?;
    set_text(cx, "copyright", info::COPYRIGHT)?;
    set_text(cx, "platform", "linux")?;
    set_text(cx, "byteorder", if cfg!(target_endian = "little") { "little" } else { "big" })?;
    set_text(cx, "float_repr_style", "short")?;
    set_text(cx, "platlibdir", "lib")?;
    set_text(cx, "abiflags", "")?;
    set_text(cx, "_framework", "")?;
    set(cx, "hexversion", Value::small_int(HEXVERSION))?;
    set(cx, "api_version", Value::small_int(1013))?;
    let max = cx.int(i64::MAX)?;
    set(cx, "maxsize", max)?;
    set(cx, "maxunicode", Value::small_int(0x10ffff))?;
    let v = info::version_info(cx)?;
    set(cx, "version_info", v)?;
    let v = info::implementation(cx)?;
    set(cx, "implementation", v)?;
    for (name, v) in info::tuples(cx)? {
        set(cx, name, v)?;
    }
    let (name, empty) = (cx.intern("Ferropy")?, cx.intern("")?);
    let git = cx.new_tuple(&[name, empty, empty])?.value();
    set(cx, "_git", git)?;
    let modules = cx.vm().modules;
    set(cx, "modules", modules)?;
    for name in ["meta_path", "path_hooks"] {
        let list = cx.new_list(&[])?.value();
        set(cx, name, list)?;
    }
    let cache = cx.new_dict()?.value();
    set(cx, "path_importer_cache", cache)?;
    module_names(cx)
}

fn module_names(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::FrozenSet).value();
    let list = cx.new_list(&[])?;
    for name in info::LIBRARY.split(' ') {
        let v = cx.intern(name)?;
        cx.list_append(list, v)?;
    }
    let names = cx.call(class, &[list.value()])?;
    set(cx, "stdlib_module_names", names)?;
    let mut known: Vec<&'static str> = cx.vm().module_table.iter().map(|(n, _)| *n).collect();
    known.sort_unstable();
    known.dedup();
    let list = cx.new_list(&[])?;
    for name in known {
        let v = cx.intern(name)?;
        cx.list_append(list, v)?;
    }
    let names = cx.tuple_from(list.value())?.value();
    set(cx, "builtin_module_names", names)
}

/// Writes the configuration into the namespace.
pub fn configure(cx: &mut Thread, c: &Config) -> R<()> {
    for (name, items) in
        [("argv", &c.argv), ("orig_argv", &c.orig_argv), ("path", &c.path), ("warnoptions", &c.warnoptions)]
    {
        let list = texts(cx, items)?;
        set(cx, name, list)?;
    }
    for (name, text) in [
        ("executable", &c.executable),
        ("_base_executable", &c.executable),
        ("prefix", &c.prefix),
        ("exec_prefix", &c.prefix),
        ("base_prefix", &c.prefix),
        ("base_exec_prefix", &c.prefix),
    ] {
        let v = cx.new_wtf8(text)?.value();
        set(cx, name, v)?;
    }
    let dir = [&c.prefix[..], b"/lib/python3.14"].concat();
    let dir = cx.new_wtf8(&dir)?.value();
    set(cx, "_stdlib_dir", dir)?;
    set(cx, "_home", Value::NONE)?;
    let prefix = match &c.pycache_prefix {
        Some(p) => cx.new_wtf8(p)?.value(),
        None => Value::NONE,
    };
    set(cx, "pycache_prefix", prefix)?;
    set(cx, "dont_write_bytecode", Value::bool(c.dont_write_bytecode))?;
    let flags = info::flags(cx, c)?;
    set(cx, "flags", flags)?;
    let options = cx.new_dict()?;
    for (name, value) in &c.xoptions {
        let key = cx.new_wtf8(name)?.value();
        let v = match value {
            Some(v) => cx.new_wtf8(v)?.value(),
            None => Value::TRUE,
        };
        cx.dict_set(options, key, v)?;
    }
    set(cx, "_xoptions", options.value())
}
