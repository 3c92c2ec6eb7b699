//! `_symtable`: the compiler's scopes, for the module `symtable`.
//!
//! Terms. An *entry* is a scope. The flags of a name are those of `def` below and how the name is reached, shifted.

use crate::os_util;
use ferropy_builtins::functions::compile::{filename_arg, with_warnings};
use ferropy_builtins::functions::source::source_text;
use ferropy_compiler::ast::name::Name;
use ferropy_compiler::symtable::{Resolve, Scope, ScopeKind, SymTable, def};
use ferropy_compiler::{Mode, Options, Source, parse, scopes};
use ferropy_vm::class::flags;
use ferropy_vm::{Args, Field, Gc, NativeDef, R, Thread, TypeDef, Value, field, heap_kind};
use ruff_text_size::TextSize;

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_symtable", module);
}

static FUNCTIONS: &[NativeDef] = &[NativeDef::function(
    "symtable(source, filename, startstr, /)",
    symtable,
    "Return symbol and scope dictionaries used internally by compiler.",
)];

/// CPython's numbers of what is done with a name, beside the compiler's.
static FLAGS: &[(&str, u16, i64)] = &[
    ("DEF_GLOBAL", def::GLOBAL, 1),
    ("DEF_LOCAL", def::LOCAL, 2),
    ("DEF_PARAM", def::PARAM, 4),
    ("DEF_NONLOCAL", def::NONLOCAL, 8),
    ("USE", def::USE, 16),
    ("DEF_FREE_CLASS", def::FREE_CLASS, 64),
    ("DEF_IMPORT", def::IMPORT, 128),
    ("DEF_ANNOT", def::ANNOT, 256),
    ("DEF_COMP_ITER", def::COMP_ITER, 512),
    ("DEF_TYPE_PARAM", def::TYPE_PARAM, 1024),
];
static CONSTANTS: &[(&str, i64)] = &[
    ("DEF_COMP_CELL", COMP_CELL),
    ("DEF_BOUND", 2 | 4 | 128),
    ("TYPE_FUNCTION", 0),
    ("TYPE_CLASS", 1),
    ("TYPE_MODULE", 2),
    ("TYPE_ANNOTATION", 3),
    ("TYPE_TYPE_ALIAS", 4),
    ("TYPE_TYPE_PARAMETERS", 5),
    ("TYPE_TYPE_VARIABLE", 6),
    ("LOCAL", 1),
    ("GLOBAL_EXPLICIT", 2),
    ("GLOBAL_IMPLICIT", 3),
    ("FREE", 4),
    ("CELL", 5),
    ("SCOPE_OFF", SHIFT),
    ("SCOPE_MASK", 15),
];
const SHIFT: i64 = 12;
const COMP_CELL: i64 = 2048;
const LOCAL: i64 = 1;
const CELL: i64 = 5;

#[repr(C)]
pub struct Entry {
    name: Field,
    symbols: Field,
    varnames: Field,
    children: Field,
    kind: i64,
    line: u32,
    nested: bool,
}
heap_kind!(Entry, "symtable entry", 4);
static ENTRY: TypeDef = TypeDef::new::<Entry>("symtable entry", METHODS, "").flags(flags::IMMUTABLE | flags::NO_NEW);
static METHODS: &[NativeDef] = &[
    NativeDef::method("__repr__(self, /)", entry_repr, "Return repr(self)."),
    NativeDef::getter("id", entry_id, ""),
    NativeDef::getter("name", |cx, a| Ok(entry(cx, a[0])?.name.get()), ""),
    NativeDef::getter("symbols", |cx, a| Ok(entry(cx, a[0])?.symbols.get()), ""),
    NativeDef::getter("varnames", |cx, a| Ok(entry(cx, a[0])?.varnames.get()), ""),
    NativeDef::getter("children", |cx, a| Ok(entry(cx, a[0])?.children.get()), ""),
    NativeDef::getter("nested", |cx, a| Ok(Value::small_int(entry(cx, a[0])?.nested as i64)), ""),
    NativeDef::getter("type", |cx, a| Ok(Value::small_int(entry(cx, a[0])?.kind)), ""),
    NativeDef::getter("lineno", |cx, a| Ok(Value::small_int(entry(cx, a[0])?.line as i64)), ""),
];
fn entry(cx: &mut Thread, v: Value) -> R<Gc<Entry>> {
    v.cast::<Entry>().ok_or_else(|| cx.type_error("a symtable entry is expected"))
}
fn entry_id(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.id(a[0]);
    cx.uint(n as u64)
}
fn entry_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let e = entry(cx, a[0])?;
    let name = cx.str(e.name.get())?.to_lossy();
    let text = format!("<symtable entry {name}({}), line {}>", cx.id(a[0]), e.line);
    Ok(cx.new_str(&text)?.value())
}

fn symtable(cx: &mut Thread, a: Args<'_>) -> R {
    let text = source_text(cx, a[0], "string or bytes object", "symtable")?;
    let filename = filename_arg(cx, a[1])?;
    let Some(mode) = a[2].as_str().map(|s| s.to_lossy()) else {
        let class = cx.class_name(a[2]);
        return Err(cx.type_error(format!("symtable() argument 3 must be str, not {class}")));
    };
    let mode = match mode.as_str() {
        "exec" => Mode::Exec,
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        _ => return Err(cx.value_error("symtable() arg 3 must be 'exec' or 'eval' or 'single'")),
    };
    let options = Options { filename, mode, ..Options::default() };
    let table = with_warnings(cx, &options.filename, |warn| {
        parse(&text, &options, warn).and_then(|tree| scopes(&tree, &text, &options))
    })?;
    View::new(&table, 0, &Source::new(&text)).value(cx)
}

fn kind_number(kind: ScopeKind) -> i64 {
    match kind {
        ScopeKind::Function | ScopeKind::Lambda | ScopeKind::GenExpr | ScopeKind::Comp => 0,
        ScopeKind::Class => 1,
        ScopeKind::Module => 2,
        ScopeKind::Annotation => 3,
        ScopeKind::TypeAlias => 4,
        ScopeKind::TypeParams => 5,
        ScopeKind::TypeVariable => 6,
    }
}
fn scope_name(scope: &Scope) -> &str {
    match scope.kind {
        ScopeKind::Module => "top",
        _ => scope.name.trim_matches(['<', '>']),
    }
}
fn reached(r: Resolve) -> i64 {
    match r {
        Resolve::Local => LOCAL,
        Resolve::GlobalExplicit => 2,
        Resolve::GlobalImplicit => 3,
        Resolve::Free => 4,
        Resolve::Cell => CELL,
    }
}

/// A name of a scope as CPython shows it.
struct Shown {
    name: Name,
    flags: i64,
    reached: i64,
}
/// A scope as CPython shows it: what inlined comprehensions have belongs to the scope that holds them.
struct View {
    kind: ScopeKind,
    name: Name,
    line: u32,
    at: TextSize,
    nested: bool,
    symbols: Vec<Shown>,
    children: Vec<View>,
}

impl View {
    fn new(table: &SymTable, id: usize, source: &Source<'_>) -> View {
        let scope = &table.scopes[id];
        let mut view = View {
            kind: scope.kind,
            name: Name::new(scope_name(scope)),
            line: if id == 0 { 0 } else { source.line_col(scope.at).0 },
            at: scope.at,
            nested: scope.nested,
            symbols: Vec::new(),
            children: Vec::new(),
        };
        if scope.kind == ScopeKind::Comp {
            view.push(".0", 4, LOCAL);
        }
        for (name, s) in scope.symbols.iter() {
            let implied = scope.kind == ScopeKind::Annotation && name == "__conditional_annotations__";
            if s.flags != def::HOISTED && !(implied && s.resolve == Resolve::GlobalImplicit) {
                view.push(name, FLAGS.iter().filter(|f| s.flags & f.1 != 0).map(|f| f.2).sum(), reached(s.resolve));
            }
        }
        for child in &scope.children {
            let child = View::new(table, *child, source);
            if child.kind == ScopeKind::Comp && !scope.sees_class {
                view.inline(child);
                continue;
            }
            if child.kind == ScopeKind::Function && !view.ends_with_annotations(&child) {
                let annotations = View::no_annotations(&child, scope);
                view.children.push(annotations);
            }
            view.children.push(child);
        }
        view
    }
    fn push(&mut self, name: &str, flags: i64, reached: i64) {
        self.symbols.push(Shown { name: Name::new(name), flags, reached });
    }
    /// Takes in what a comprehension has.
    fn inline(&mut self, comp: View) {
        for s in comp.symbols {
            if s.flags & 4 != 0 {
                continue;
            }
            let is_cell = s.reached == CELL || s.flags & COMP_CELL != 0;
            let i = match self.symbols.iter().position(|t| t.name == s.name) {
                Some(i) => i,
                None => {
                    self.symbols.push(s);
                    self.symbols.len() - 1
                }
            };
            let here = &mut self.symbols[i];
            if is_cell {
                here.flags |= COMP_CELL;
                if here.reached == LOCAL {
                    here.reached = CELL;
                }
            }
        }
        self.children.extend(comp.children);
    }
    /// Is the last scope that of the function's annotations?
    fn ends_with_annotations(&self, function: &View) -> bool {
        self.children.last().is_some_and(|c| c.kind == ScopeKind::Annotation && c.at == function.at)
    }
    /// The scope of a function's annotations that has none: CPython makes it all the same.
    fn no_annotations(function: &View, parent: &Scope) -> View {
        let mut view = View {
            kind: ScopeKind::Annotation,
            name: Name::new_static("__annotate__"),
            line: function.line,
            at: function.at,
            nested: parent.nested || parent.is_function_like(),
            symbols: Vec::new(),
            children: Vec::new(),
        };
        view.push(".format", 4 | 16, LOCAL);
        if parent.kind == ScopeKind::Class || parent.sees_class {
            view.push("__classdict__", 16, 4);
        }
        view
    }

    /// The entry object with those inside it.
    fn value(&self, cx: &mut Thread) -> R {
        cx.check_recursion(" in symtable()")?;
        let symbols = cx.new_dict()?;
        let varnames = cx.new_list(&[])?;
        for s in &self.symbols {
            let key = cx.intern(&s.name)?;
            cx.dict_set_str(symbols, key, Value::small_int(s.flags | s.reached << SHIFT))?;
            if s.flags & 4 != 0 {
                cx.list_append(varnames, key)?;
            }
        }
        let children = cx.new_list(&[])?;
        for child in &self.children {
            let v = child.value(cx)?;
            cx.list_append(children, v)?;
        }
        let name = cx.intern(&self.name)?;
        let class = cx.native_class(&ENTRY)?;
        let e = Entry {
            name: field(name),
            symbols: field(symbols),
            varnames: field(varnames),
            children: field(children),
            kind: kind_number(self.kind),
            line: self.line,
            nested: self.nested,
        };
        Ok(cx.alloc_of(class, e)?.value())
    }
}

fn module(cx: &mut Thread) -> R {
    let m = cx.module_with("_symtable", "", FUNCTIONS)?;
    for (name, _, n) in FLAGS {
        cx.module_set(m, name, Value::small_int(*n))?;
    }
    os_util::set_numbers(cx, m, CONSTANTS)?;
    Ok(m.value())
}
