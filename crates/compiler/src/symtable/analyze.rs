//! Second pass: decides for each name of each scope how it is reached.
//!
//! Works from the outside in with the names that enclosing functions bind, and hands back the names that inner scopes
//! need from outside (*free* names), which makes locals into cells on the way. A comprehension's own uses count as uses of
//! the scope that holds it: only closures inside a comprehension need cells.

use super::{Resolve, Scope, ScopeId, ScopeKind, SymTable, def};
use crate::errors::{Failure, Res};
use ruff_python_ast::name::Name;
use std::collections::HashSet;

type Set = HashSet<Name>;

/// Names that a class body provides to the functions in it without binding them itself.
const CLASS_CELLS: [&str; 3] = ["__class__", "__classdict__", "__conditional_annotations__"];

/// What a scope gets from the scopes around it.
#[derive(Clone, Default)]
struct Outer {
    bound: Set,
    global: Set,
    type_params: Set,
    /// The class whose namespace this scope sees.
    class: Option<ScopeId>,
}

pub fn analyze(table: &mut SymTable) -> Res<()> {
    for id in (0..table.scopes.len()).rev() {
        hoist(table, id);
    }
    analyze_scope(table, 0, Outer::default()).map(|_| ())
}

/// Makes what an inlined comprehension uses from outside a use of the scope that holds it. Inner comprehensions have
/// greater numbers, so going down from the last scope reaches them first.
fn hoist(table: &mut SymTable, id: ScopeId) {
    let scope = &table.scopes[id];
    let Some(parent) = scope.parent else { return };
    if scope.kind != ScopeKind::Comp || !shares_names(&table.scopes[parent]) {
        return;
    }
    let outward: Vec<(Name, u16)> = scope
        .symbols
        .iter()
        .filter(|(_, s)| s.flags & def::BOUND == 0)
        .map(|(n, s)| (n.clone(), s.flags & (def::NONLOCAL | def::GLOBAL)))
        .collect();
    let in_comp = matches!(table.scopes[parent].kind, ScopeKind::GenExpr | ScopeKind::Comp);
    for (name, flags) in outward {
        let symbol = table.scopes[parent].symbols.entry(&name);
        let declared = if in_comp && symbol.flags & def::BOUND == 0 { flags } else { 0 };
        symbol.flags |= def::HOISTED | declared;
    }
}

/// Has a comprehension in this scope the same view of names? Not if a class namespace is looked at first.
fn shares_names(parent: &Scope) -> bool {
    parent.kind != ScopeKind::Class && !parent.sees_class
}

/// Resolves the scope's names and those inside it; the result is what they need from outside.
fn analyze_scope(table: &mut SymTable, id: ScopeId, mut outer: Outer) -> Res<Set> {
    let mut free = Set::new();
    let mut local = Set::new();
    let inlined = table.scopes[id].kind == ScopeKind::Comp
        && table.scopes[id].parent.is_some_and(|p| shares_names(&table.scopes[p]));
    let is_class = table.scopes[id].kind == ScopeKind::Class;
    let function_like = table.scopes[id].is_function_like();
    let inner_bound = is_class.then(|| outer.clone());
    let mut symbols = std::mem::take(&mut table.scopes[id].symbols);
    for (name, symbol) in symbols.iter_mut() {
        symbol.resolve = resolve(table, id, name, symbol, &mut outer, &mut local)?;
        if symbol.resolve == Resolve::Free && !inlined {
            free.insert(name.clone());
        }
    }
    table.scopes[id].symbols = symbols;
    let mut inner = inner_bound.unwrap_or_else(|| outer.clone());
    if function_like {
        inner.bound.extend(local.iter().cloned());
    } else if is_class {
        inner.bound.extend(CLASS_CELLS.into_iter().map(Name::new_static));
    }
    let class = if is_class { Some(id) } else { outer.class };
    let mut needed = Set::new();
    for child in table.scopes[id].children.clone() {
        let sees = table.scopes[child].sees_class;
        let given = Outer { class: if sees { class } else { None }, ..inner.clone() };
        needed.extend(analyze_scope(table, child, given)?);
    }
    settle(table, id, &mut needed, &outer.bound);
    free.extend(needed);
    Ok(free)
}

fn resolve(
    table: &SymTable,
    id: ScopeId,
    name: &Name,
    symbol: &super::Symbol,
    outer: &mut Outer,
    local: &mut Set,
) -> Res<Resolve> {
    let flags = symbol.flags;
    let at = symbol.declared.unwrap_or(table.scopes[id].range);
    if flags & def::GLOBAL != 0 {
        if flags & def::NONLOCAL != 0 {
            return Err(Failure::syntax(format!("name '{name}' is nonlocal and global"), at));
        }
        outer.global.insert(name.clone());
        outer.bound.remove(name);
        return Ok(Resolve::GlobalExplicit);
    }
    if flags & def::NONLOCAL != 0 {
        if table.scopes[id].kind == ScopeKind::Module {
            return Err(Failure::syntax("nonlocal declaration not allowed at module level", at));
        }
        if !outer.bound.contains(name) {
            return Err(Failure::syntax(format!("no binding for nonlocal '{name}' found"), at));
        }
        if outer.type_params.contains(name) {
            return Err(Failure::syntax(format!("nonlocal binding not allowed for type parameter '{name}'"), at));
        }
        return Ok(Resolve::Free);
    }
    if flags & def::BOUND != 0 {
        local.insert(name.clone());
        outer.global.remove(name);
        if flags & def::TYPE_PARAM != 0 {
            outer.type_params.insert(name.clone());
        } else {
            outer.type_params.remove(name);
        }
        return Ok(Resolve::Local);
    }
    if let Some(class) = outer.class.filter(|_| name != "__classdict__") {
        let in_class = table.scopes[class].symbols.get(name).map_or(0, |s| s.flags);
        if in_class & def::GLOBAL != 0 {
            return Ok(Resolve::GlobalExplicit);
        }
        if in_class & def::BOUND != 0 && in_class & def::NONLOCAL == 0 {
            return Ok(Resolve::GlobalImplicit);
        }
    }
    Ok(if outer.bound.contains(name) { Resolve::Free } else { Resolve::GlobalImplicit })
}

/// Makes cells of the locals that inner scopes need and passes on what is not bound here.
fn settle(table: &mut SymTable, id: ScopeId, needed: &mut Set, bound: &Set) {
    let scope = &mut table.scopes[id];
    if scope.is_function_like() {
        for (name, symbol) in scope.symbols.iter_mut() {
            if symbol.resolve == Resolve::Local && needed.remove(name) {
                symbol.resolve = Resolve::Cell;
            }
        }
    } else if scope.kind == ScopeKind::Class {
        scope.needs_class_cell |= needed.remove("__class__");
        scope.needs_classdict |= needed.remove("__classdict__");
        scope.conditional_annotations |= needed.remove("__conditional_annotations__");
    }
    if scope.kind == ScopeKind::Comp {
        return;
    }
    let mut names: Vec<&Name> = needed.iter().collect();
    names.sort();
    for name in names {
        let is_new = scope.symbols.get(name).is_none();
        let symbol = scope.symbols.entry(name);
        if is_new {
            if bound.contains(name) {
                symbol.resolve = Resolve::Free;
            }
        } else if scope.kind == ScopeKind::Class && symbol.flags & (def::BOUND | def::GLOBAL) != 0
            || scope.sees_class && symbol.resolve == Resolve::GlobalImplicit && bound.contains(name)
        {
            symbol.flags |= def::FREE_CLASS;
        }
    }
}
