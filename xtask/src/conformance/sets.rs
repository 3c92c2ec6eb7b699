//! Which modules of CPython's test suite belong together.

use std::fs;
use std::path::Path;

use crate::args::Args;
use crate::{Result, repo};

/// The core language and the modules that almost every program leans on.
const FOUNDATION: &str = "
    test_grammar test_syntax test_compile test_scope test_generators test_generator_stop test_genexps test_listcomps
    test_setcomps test_dictcomps test_yield_from test_coroutines test_asyncgen test_patma test_with test_raise
    test_exceptions test_except_star test_exception_group test_exception_variations test_baseexception test_class
    test_descr test_super test_property test_decorators test_metaclass test_subclassinit test_isinstance test_iter
    test_iterlen test_call test_extcall test_keywordonlyarg test_positional_only_arg test_named_expressions test_unpack
    test_unpack_ex test_augassign test_binop test_compare test_richcmp test_bool test_int test_long test_float
    test_complex test_str test_bytes test_list test_tuple test_dict test_dictviews test_set test_range test_slice
    test_enumerate test_fstring test_tstring test_string_literals test_global test_opcodes test_type_params
    test_type_annotations test_type_aliases test_annotationlib test_types test_typing test_dataclasses test_enum
    test_functools test_itertools test_collections test_ordered_dict test_deque test_defaultdict test_operator
    test_builtin test_format test_hash test_index test_math test_struct test_re test_json test_random test_heapq
    test_bisect test_contextlib test_copy test_pprint test_textwrap test_traceback test_weakref test_import test_io";

/// The modules the options `--modules`, `--set` and `--all` ask for; `None` when none of them was given.
pub fn chosen(args: &Args, tests: &Path) -> Result<Option<Vec<String>>> {
    if args.has("all") {
        return Ok(Some(all(tests)?));
    }
    if let Some(set) = args.text("set") {
        return named(set).map(Some);
    }
    let Some(modules) = args.list("modules") else { return Ok(None) };
    for module in &modules {
        if !tests.join(format!("{module}.py")).exists() && !tests.join(module).is_dir() {
            return Err(format!("CPython's test suite has no module '{module}'").into());
        }
    }
    Ok(Some(modules))
}

/// A set by its name: `foundation`, or `ci`, the list in tests/conformance/ci.txt.
pub fn named(set: &str) -> Result<Vec<String>> {
    match set {
        "foundation" => Ok(FOUNDATION.split_whitespace().map(str::to_string).collect()),
        "ci" => {
            let text = repo::read(&repo::root().join("tests/conformance/ci.txt"))?;
            let lines = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
            Ok(lines.filter(|line| !line.is_empty()).map(str::to_string).collect())
        }
        other => Err(format!("no set is called '{other}': there are foundation and ci").into()),
    }
}

/// Every `test_*` module and package there is.
fn all(tests: &Path) -> Result<Vec<String>> {
    let mut modules = Vec::new();
    for entry in fs::read_dir(tests)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_package = entry.path().join("__init__.py").exists();
        let module = name.strip_suffix(".py").or(is_package.then_some(name.as_str()));
        modules.extend(module.filter(|module| module.starts_with("test_")).map(str::to_string));
    }
    modules.sort();
    Ok(modules)
}
