//! Scopes: which names a block binds and uses, and how each is reached.
//!
//! Two passes. `collect` walks the syntax tree and notes in every scope what is done with each name; `analyze` then
//! decides how each name is reached ([`Resolve`]). Terms. A *comprehension* scope ([`ScopeKind::Comp`]) belongs to a list,
//! set or dict comprehension, which is inlined: names it does not bind are resolved by the code that holds it. All other
//! scopes become code objects of their own. A scope *sees the class* if it evaluates annotations, type parameters or
//! aliases directly inside a class body: its names are first looked up in the class namespace.
//!
//! Invariants: scopes are found by the address and role of their syntax node, so the tree must not move while the table
//! is used; names are stored mangled.

mod analyze;
mod collect;

use crate::errors::Res;
use ruff_python_ast::{Mod, name::Name};
use ruff_text_size::{TextRange, TextSize};
use std::collections::HashMap;

/// What is done with a name in a scope.
pub mod def {
    pub const GLOBAL: u16 = 1;
    pub const LOCAL: u16 = 2;
    pub const PARAM: u16 = 4;
    pub const NONLOCAL: u16 = 8;
    pub const USE: u16 = 16;
    pub const IMPORT: u16 = 32;
    pub const ANNOT: u16 = 64;
    pub const COMP_ITER: u16 = 128;
    pub const TYPE_PARAM: u16 = 256;
    /// Free for the scopes inside a class, though the class binds the name too.
    pub const FREE_CLASS: u16 = 512;
    /// Used by a comprehension that is inlined here.
    pub const HOISTED: u16 = 1024;
    pub const BOUND: u16 = LOCAL | PARAM | IMPORT | TYPE_PARAM;
}

/// How a name is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Resolve {
    #[default]
    GlobalImplicit,
    GlobalExplicit,
    Local,
    Cell,
    Free,
}

#[derive(Clone, Debug, Default)]
pub struct Symbol {
    pub flags: u16,
    pub resolve: Resolve,
    /// Where a `global` or `nonlocal` statement (or a walrus) declared it.
    pub declared: Option<TextRange>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScopeKind {
    Module,
    Class,
    Function,
    Lambda,
    GenExpr,
    /// An inlined comprehension.
    Comp,
    Annotation,
    TypeParams,
    TypeAlias,
    /// Bound, constraints or default of a type parameter.
    TypeVariable,
}

pub type ScopeId = usize;

#[derive(Debug)]
pub struct Scope {
    pub kind: ScopeKind,
    pub name: Name,
    pub parent: Option<ScopeId>,
    pub children: Vec<ScopeId>,
    pub symbols: Symbols,
    pub is_async: bool,
    pub has_yield: bool,
    pub has_await: bool,
    pub has_return_value: bool,
    pub has_walrus: bool,
    pub nested: bool,
    pub sees_class: bool,
    pub needs_class_cell: bool,
    pub needs_classdict: bool,
    pub conditional_annotations: bool,
    pub uses_annotations: bool,
    /// The scope of a module's or class's `__annotate__`.
    pub annotations: Option<ScopeId>,
    /// What the expression of a type variable's scope is.
    pub what: &'static str,
    pub range: TextRange,
    /// Where the scope's definition begins, behind decorators.
    pub at: TextSize,
}

impl Scope {
    /// Becomes a function whose locals live in registers.
    pub fn is_function_like(&self) -> bool {
        !matches!(self.kind, ScopeKind::Module | ScopeKind::Class)
    }

    pub fn resolve(&self, name: &str) -> Resolve {
        self.symbols.get(name).map_or(Resolve::GlobalImplicit, |s| s.resolve)
    }

    /// Names of the closure's cells, in their order.
    pub fn free_names(&self) -> Vec<Name> {
        let mut names: Vec<Name> = self
            .symbols
            .iter()
            .filter(|(_, s)| s.resolve == Resolve::Free || s.flags & def::FREE_CLASS != 0)
            .map(|(n, _)| n.clone())
            .collect();
        names.sort();
        names
    }
}

/// Symbols in the order in which they first appeared.
#[derive(Default, Debug)]
pub struct Symbols {
    list: Vec<(Name, Symbol)>,
    index: HashMap<Name, usize>,
}

impl Symbols {
    pub fn get(&self, name: &str) -> Option<&Symbol> {
        self.index.get(name).map(|&i| &self.list[i].1)
    }

    pub fn entry(&mut self, name: &Name) -> &mut Symbol {
        let i = *self.index.entry(name.clone()).or_insert_with(|| {
            self.list.push((name.clone(), Symbol::default()));
            self.list.len() - 1
        });
        &mut self.list[i].1
    }

    pub fn iter(&self) -> impl Iterator<Item = &(Name, Symbol)> {
        self.list.iter()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut (Name, Symbol)> {
        self.list.iter_mut()
    }
}

/// What of a syntax node a scope belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    Body,
    TypeParams,
    Annotations,
    Value,
    Bound,
    Default,
}

#[derive(Default, Debug)]
pub struct SymTable {
    pub scopes: Vec<Scope>,
    by_node: HashMap<(usize, Role), ScopeId>,
    /// Nesting of the deepest expression or statement.
    pub depth: usize,
}

impl SymTable {
    /// Builds the table of a module or expression.
    pub fn build(module: &Mod, options: &Settings) -> Res<SymTable> {
        let mut table = collect::collect(module, options)?;
        analyze::analyze(&mut table)?;
        Ok(table)
    }

    pub fn find<T>(&self, node: &T, role: Role) -> Option<ScopeId> {
        self.by_node.get(&(std::ptr::from_ref(node) as usize, role)).copied()
    }
}

/// What the table depends on beside the tree.
pub struct Settings {
    pub future_annotations: bool,
    pub allow_top_level_await: bool,
}

/// `__name` inside class `class` is `_class__name`.
pub fn mangle(class: Option<&str>, name: &Name) -> Name {
    let Some(class) = class else { return name.clone() };
    if !name.starts_with("__") || name.ends_with("__") || name.contains('.') {
        return name.clone();
    }
    match class.trim_start_matches('_') {
        "" => name.clone(),
        bare => Name::new(format!("_{bare}{name}")),
    }
}
