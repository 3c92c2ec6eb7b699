//! First pass: walks the tree and notes what each scope does with each name.

use super::{Role, Scope, ScopeId, ScopeKind, Settings, SymTable, Symbols, def, mangle};
use crate::errors::{ErrorKind, Failure, Res};
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, Expr, ExprContext, Mod, Parameters, Pattern, Stmt, TypeParam, name::Name};
use ruff_text_size::{Ranged, TextRange};

/// Deeper trees are refused.
const MAX_DEPTH: usize = 6000;
const RED_ZONE: usize = 256 * 1024;
const STACK: usize = 8 * 1024 * 1024;

const TOO_DEEP: (ErrorKind, &str) = (ErrorKind::Memory, "Parser stack overflowed - Python source too complex to parse");
const TOO_LONG: (ErrorKind, &str) = (ErrorKind::Recursion, "maximum recursion depth exceeded during compilation");

struct Collector<'a> {
    table: SymTable,
    current: ScopeId,
    private: Option<Name>,
    /// In the type parameters of a class only these names are mangled.
    mangled: Option<Vec<Name>>,
    conditional: bool,
    /// Nesting of comprehension iterables, where no walrus may be.
    comp_iter: usize,
    /// The current target binds a comprehension's variable.
    comp_target: bool,
    /// The scope of an annotation that is never evaluated.
    unevaluated: Option<ScopeId>,
    depth: usize,
    settings: &'a Settings,
    error: Option<Box<Failure>>,
}

pub fn collect(module: &Mod, settings: &Settings) -> Res<SymTable> {
    let mut c = Collector {
        table: SymTable::default(),
        current: 0,
        private: None,
        mangled: None,
        conditional: false,
        comp_iter: 0,
        comp_target: false,
        unevaluated: None,
        depth: 0,
        settings,
        error: None,
    };
    c.enter(module, Role::Body, ScopeKind::Module, Name::new_static("<module>"), module.range());
    match module {
        Mod::Module(m) => c.visit_body(&m.body),
        Mod::Expression(e) => c.visit_expr(&e.body),
    }
    match c.error {
        Some(e) => Err(e),
        None => Ok(c.table),
    }
}

impl<'a> Collector<'a> {
    fn fail(&mut self, message: impl Into<String>, range: TextRange) {
        self.error.get_or_insert_with(|| Failure::syntax(message, range));
    }

    fn scope(&mut self) -> &mut Scope {
        &mut self.table.scopes[self.current]
    }

    fn kind(&self) -> ScopeKind {
        self.table.scopes[self.current].kind
    }

    fn enter<T>(&mut self, node: &T, role: Role, kind: ScopeKind, name: Name, range: TextRange) -> ScopeId {
        let id = self.table.scopes.len();
        let parent = (id > 0).then_some(self.current);
        let nested = parent.is_some_and(|p| self.table.scopes[p].nested || self.table.scopes[p].is_function_like());
        self.table.scopes.push(Scope {
            kind,
            name,
            parent,
            children: Vec::new(),
            symbols: Symbols::default(),
            is_async: false,
            has_yield: false,
            has_await: false,
            has_return_value: false,
            has_walrus: false,
            nested,
            sees_class: false,
            needs_class_cell: false,
            needs_classdict: false,
            conditional_annotations: false,
            uses_annotations: false,
            annotations: None,
            what: "",
            range,
            at: range.start(),
        });
        if let Some(p) = parent {
            self.table.scopes[p].children.push(id);
        }
        self.table.by_node.insert((std::ptr::from_ref(node) as usize, role), id);
        self.current = id;
        id
    }

    fn leave(&mut self) {
        if let Some(p) = self.scope().parent {
            self.current = p;
        }
    }

    /// Makes the current scope look names up in the class around it.
    fn see_class(&mut self) {
        self.scope().sees_class = true;
        let name = Name::new_static("__classdict__");
        self.scope().symbols.entry(&name).flags |= def::USE;
    }

    fn mangle(&self, name: &Name) -> Name {
        match &self.mangled {
            Some(only) if !only.contains(name) => name.clone(),
            _ => mangle(self.private.as_deref(), name),
        }
    }

    fn add(&mut self, name: &Name, flags: u16, range: TextRange) {
        let name = self.mangle(name);
        self.add_mangled(&name, flags, range);
    }

    fn add_mangled(&mut self, name: &Name, flags: u16, range: TextRange) {
        let old = self.scope().symbols.get(name).map_or(0, |s| s.flags);
        if flags & def::PARAM != 0 && old & def::PARAM != 0 {
            return self.fail(format!("duplicate argument '{name}' in function definition"), range);
        }
        if flags & def::TYPE_PARAM != 0 && old & def::TYPE_PARAM != 0 {
            return self.fail(format!("duplicate type parameter '{name}'"), range);
        }
        self.scope().symbols.entry(name).flags |= flags;
    }

    fn declare(&mut self, names: &[ast::Identifier], range: TextRange, flag: u16) {
        let word = if flag == def::GLOBAL { "global" } else { "nonlocal" };
        for ident in names {
            let name = self.mangle(&ident.id);
            let old = self.scope().symbols.get(&name).map_or(0, |s| s.flags);
            let problem = if old & def::PARAM != 0 {
                Some(format!("name '{}' is parameter and {word}", ident.id))
            } else if old & def::USE != 0 {
                Some(format!("name '{}' is used prior to {word} declaration", ident.id))
            } else if old & def::ANNOT != 0 {
                Some(format!("annotated name '{}' can't be {word}", ident.id))
            } else if old & def::LOCAL != 0 {
                Some(format!("name '{}' is assigned to before {word} declaration", ident.id))
            } else {
                None
            };
            if let Some(message) = problem {
                return self.fail(message, range);
            }
            let symbol = self.scope().symbols.entry(&name);
            symbol.flags |= flag;
            symbol.declared.get_or_insert(range);
            if flag == def::GLOBAL && self.current != 0 {
                self.table.scopes[0].symbols.entry(&name).flags |= def::GLOBAL;
            }
        }
    }

    fn parameters_defaults(&mut self, parameters: &Parameters) {
        for p in parameters.iter_non_variadic_params() {
            if let Some(d) = &p.default {
                self.visit_expr(d);
            }
        }
    }

    fn parameters_define(&mut self, parameters: &Parameters) {
        for p in parameters.iter_non_variadic_params() {
            self.add(&p.parameter.name.id, def::PARAM, p.parameter.range);
        }
        for p in parameters.vararg.iter().chain(parameters.kwarg.iter()) {
            self.add(&p.name.id, def::PARAM, TextRange::new(p.name.range.start(), p.range.end()));
        }
    }

    fn function(&mut self, f: &ast::StmtFunctionDef) {
        self.add(&f.name.id, def::LOCAL, f.range);
        self.parameters_defaults(&f.parameters);
        for d in &f.decorator_list {
            self.visit_expr(&d.expression);
        }
        let generic = f.type_params.as_deref();
        if let Some(params) = generic {
            self.enter_type_params(f, &f.name.id, params, None);
            let has = |s: &mut Self, n: &'static str| s.add(&Name::new_static(n), def::PARAM, f.range);
            if f.parameters.posonlyargs.iter().chain(f.parameters.args.iter()).any(|p| p.default.is_some()) {
                has(self, ".defaults");
            }
            if f.parameters.kwonlyargs.iter().any(|p| p.default.is_some()) {
                has(self, ".kwdefaults");
            }
        }
        self.function_annotations(f);
        self.enter(f, Role::Body, ScopeKind::Function, f.name.id.clone(), f.range);
        self.scope().at = f.name.range.start();
        self.scope().is_async = f.is_async;
        let outer = (std::mem::take(&mut self.conditional), std::mem::take(&mut self.comp_iter), self.mangled.take());
        self.parameters_define(&f.parameters);
        self.visit_body(&f.body);
        (self.conditional, self.comp_iter, self.mangled) = outer;
        self.leave();
        if generic.is_some() {
            self.leave();
        }
    }

    fn function_annotations(&mut self, f: &ast::StmtFunctionDef) {
        let params = f.parameters.iter().filter_map(|p| p.annotation());
        let all: Vec<&Expr> = params.chain(f.returns.as_deref()).collect();
        if all.is_empty() {
            return;
        }
        self.enter_annotation(f, Role::Annotations, f.range);
        self.scope().at = f.name.range.start();
        for e in all.into_iter().filter(|_| !self.settings.future_annotations) {
            self.visit_expr(e);
        }
        self.leave();
    }

    fn enter_annotation<T>(&mut self, node: &T, role: Role, range: TextRange) -> ScopeId {
        let in_class = self.kind() == ScopeKind::Class || self.scope().sees_class;
        let id = self.enter(node, role, ScopeKind::Annotation, Name::new_static("__annotate__"), range);
        self.add(&Name::new_static(".format"), def::PARAM | def::USE, range);
        if in_class && !self.settings.future_annotations {
            self.see_class();
        }
        id
    }

    /// Opens the scope of type parameters and defines them. For a class `class` is its name.
    fn enter_type_params<T>(&mut self, node: &T, name: &Name, params: &ast::TypeParams, class: Option<&Name>) {
        let in_class = self.kind() == ScopeKind::Class;
        self.enter(node, Role::TypeParams, ScopeKind::TypeParams, name.clone(), params.range);
        if in_class {
            self.see_class();
        }
        if let Some(class) = class {
            self.private = Some(class.clone());
            self.mangled = Some(params.iter().map(|p| p.name().id.clone()).collect());
            self.add(&Name::new_static(".type_params"), def::LOCAL | def::USE, params.range);
            self.add(&Name::new_static(".generic_base"), def::LOCAL | def::USE, params.range);
        }
        let mut seen_default = false;
        for p in params.iter() {
            let (bound, default) = match p {
                TypeParam::TypeVar(t) => (t.bound.as_deref(), t.default.as_deref()),
                TypeParam::TypeVarTuple(t) => (None, t.default.as_deref()),
                TypeParam::ParamSpec(t) => (None, t.default.as_deref()),
            };
            let id = &p.name().id;
            match id.as_str() {
                "__debug__" => self.fail("cannot assign to __debug__", p.range()),
                "__classdict__" | "__conditional_annotations__" | ".defaults" => {
                    self.fail(format!("reserved name '{id}' cannot be used for type parameter"), p.range());
                }
                _ => {}
            }
            self.add(id, def::TYPE_PARAM | def::LOCAL, p.range());
            if default.is_none() && seen_default {
                let name = &p.name().id;
                self.fail(format!("non-default type parameter '{name}' follows default type parameter"), p.range());
            }
            seen_default |= default.is_some();
            let kinds = match p {
                TypeParam::TypeVar(_) if bound.is_some_and(Expr::is_tuple_expr) => {
                    ["a TypeVar constraint", "a TypeVar default"]
                }
                TypeParam::TypeVar(_) => ["a TypeVar bound", "a TypeVar default"],
                TypeParam::TypeVarTuple(_) => ["", "a TypeVarTuple default"],
                TypeParam::ParamSpec(_) => ["", "a ParamSpec default"],
            };
            self.type_variable(p, Role::Bound, bound, kinds[0]);
            self.type_variable(p, Role::Default, default, kinds[1]);
        }
    }

    fn type_variable(&mut self, p: &TypeParam, role: Role, e: Option<&Expr>, what: &'static str) {
        let Some(e) = e else { return };
        let in_class = self.scope().sees_class;
        self.enter(p, role, ScopeKind::TypeVariable, p.name().id.clone(), e.range());
        self.scope().what = what;
        self.add(&Name::new_static(".format"), def::PARAM | def::USE, e.range());
        if in_class {
            self.see_class();
        }
        self.visit_expr(e);
        self.leave();
    }

    fn class(&mut self, c: &ast::StmtClassDef) {
        self.add(&c.name.id, def::LOCAL, c.range);
        for d in &c.decorator_list {
            self.visit_expr(&d.expression);
        }
        let outer = (self.private.clone(), self.mangled.take());
        if let Some(params) = c.type_params.as_deref() {
            self.enter_type_params(c, &c.name.id, params, Some(&c.name.id));
        }
        if let Some(arguments) = &c.arguments {
            self.visit_arguments(arguments);
        }
        self.enter(c, Role::Body, ScopeKind::Class, c.name.id.clone(), c.range);
        self.scope().at = c.name.range.start();
        self.private = Some(c.name.id.clone());
        self.mangled = None;
        if c.type_params.is_some() {
            self.add(&Name::new_static("__type_params__"), def::LOCAL, c.range);
            self.add(&Name::new_static(".type_params"), def::USE, c.range);
        }
        let conditional = (std::mem::take(&mut self.conditional), std::mem::take(&mut self.comp_iter));
        self.visit_body(&c.body);
        (self.conditional, self.comp_iter) = conditional;
        self.leave();
        if c.type_params.is_some() {
            self.leave();
        }
        (self.private, self.mangled) = outer;
    }

    fn type_alias(&mut self, t: &ast::StmtTypeAlias) {
        self.visit_expr(&t.name);
        let name = match t.name.as_ref() {
            Expr::Name(n) => n.id.clone(),
            _ => Name::new_static("TypeAlias"),
        };
        if let Some(params) = t.type_params.as_deref() {
            self.enter_type_params(t, &name, params, None);
        }
        let in_class = self.kind() == ScopeKind::Class || self.scope().sees_class;
        self.enter(t, Role::Value, ScopeKind::TypeAlias, name, t.range);
        self.add(&Name::new_static(".format"), def::PARAM | def::USE, t.range);
        if in_class {
            self.see_class();
        }
        self.visit_expr(&t.value);
        self.leave();
        if t.type_params.is_some() {
            self.leave();
        }
    }

    fn ann_assign(&mut self, a: &ast::StmtAnnAssign) {
        if let Expr::Name(n) = a.target.as_ref() {
            let name = self.mangle(&n.id);
            let old = self.scope().symbols.get(&name).map_or(0, |s| s.flags);
            if a.simple && old & (def::GLOBAL | def::NONLOCAL) != 0 && (self.current != 0) {
                let word = if old & def::GLOBAL != 0 { "global" } else { "nonlocal" };
                return self.fail(format!("annotated name '{}' can't be {word}", n.id), a.range);
            }
            if a.simple {
                self.add(&n.id, def::ANNOT | def::LOCAL, a.range);
            } else if a.value.is_some() {
                self.add(&n.id, def::LOCAL, a.range);
            }
        } else {
            self.visit_expr(&a.target);
        }
        if let Some(v) = &a.value {
            self.visit_expr(v);
        }
        self.annotation(&a.annotation);
    }

    /// The annotation of a variable.
    fn annotation(&mut self, e: &Expr) {
        let kind = self.kind();
        self.scope().uses_annotations = true;
        if self.settings.future_annotations {
            return;
        }
        let evaluated = matches!(kind, ScopeKind::Module | ScopeKind::Class);
        let name = Name::new_static("__conditional_annotations__");
        if evaluated && (kind == ScopeKind::Module || self.conditional) {
            self.scope().conditional_annotations = true;
            self.scope().symbols.entry(&name).flags |= def::USE;
        }
        let parent = self.current;
        let needs_set = self.scope().conditional_annotations;
        match self.scope().annotations {
            Some(id) => self.current = id,
            None => {
                let range = self.scope().range;
                let id = self.enter_annotation(e, Role::Annotations, range);
                self.scope().at = e.range().start();
                self.table.scopes[parent].annotations = Some(id);
            }
        }
        if needs_set {
            self.scope().symbols.entry(&name).flags |= def::USE;
        }
        // Annotations of local variables are never evaluated: only scopes inside them and errors count.
        let outer = std::mem::replace(&mut self.unevaluated, (!evaluated).then_some(self.current));
        self.visit_expr(e);
        self.unevaluated = outer;
        self.leave();
    }

    fn lambda(&mut self, l: &ast::ExprLambda) {
        if let Some(p) = &l.parameters {
            self.parameters_defaults(p);
        }
        self.enter(l, Role::Body, ScopeKind::Lambda, Name::new_static("<lambda>"), l.range);
        if let Some(p) = &l.parameters {
            self.parameters_define(p);
        }
        self.visit_expr(&l.body);
        self.leave();
    }

    fn comprehension<T: Ranged>(
        &mut self,
        node: &T,
        kind: ScopeKind,
        name: &'static str,
        elements: &[&Expr],
        generators: &[ast::Comprehension],
    ) {
        let Some(first) = generators.first() else { return };
        self.comp_iter += 1;
        self.visit_expr(&first.iter);
        self.comp_iter -= 1;
        self.enter(node, Role::Body, kind, Name::new_static(name), node.range());
        if kind == ScopeKind::GenExpr {
            self.add(&Name::new_static(".0"), def::PARAM, node.range());
        }
        for (i, g) in generators.iter().enumerate() {
            self.scope().is_async |= g.is_async;
            let outer = std::mem::replace(&mut self.comp_target, true);
            self.visit_expr(&g.target);
            self.comp_target = outer;
            if i > 0 {
                self.comp_iter += 1;
                self.visit_expr(&g.iter);
                self.comp_iter -= 1;
            }
            for e in &g.ifs {
                self.visit_expr(e);
            }
        }
        for e in elements {
            self.visit_expr(e);
        }
        let is_async = self.scope().has_await || self.scope().is_async;
        self.scope().is_async = is_async;
        let walrus = self.scope().has_walrus;
        self.leave();
        if is_async && kind == ScopeKind::Comp && !self.may_await() {
            self.fail("asynchronous comprehension outside of an asynchronous function", node.range());
        }
        if kind == ScopeKind::Comp {
            self.scope().has_await |= is_async;
            self.scope().has_walrus |= walrus;
        }
    }

    /// May the current scope hold an asynchronous comprehension? What holds a comprehension is asked in its turn.
    fn may_await(&self) -> bool {
        let scope = &self.table.scopes[self.current];
        match scope.kind {
            ScopeKind::Comp | ScopeKind::GenExpr => true,
            ScopeKind::Function => scope.is_async,
            ScopeKind::Module => self.settings.allow_top_level_await,
            _ => false,
        }
    }

    fn named(&mut self, n: &ast::ExprNamed) {
        if self.comp_iter > 0 {
            let message = "assignment expression cannot be used in a comprehension iterable expression";
            return self.fail(message, n.range);
        }
        self.scope().has_walrus = true;
        if let Expr::Name(target) = n.target.as_ref()
            && matches!(self.kind(), ScopeKind::Comp | ScopeKind::GenExpr)
        {
            self.bind_outside(&target.id, target.range);
            self.visit_expr(&n.value);
            return;
        }
        self.forbid("named expression", n.range);
        self.visit_expr(&n.value);
        self.visit_expr(&n.target);
    }

    /// A walrus in a comprehension binds in the first scope around that is none.
    fn bind_outside(&mut self, id: &Name, range: TextRange) {
        let name = self.mangle(id);
        let mut at = self.current;
        loop {
            let scope = &self.table.scopes[at];
            let flags = scope.symbols.get(&name).map_or(0, |s| s.flags);
            let place = match scope.kind {
                ScopeKind::Comp | ScopeKind::GenExpr => {
                    if flags & def::COMP_ITER != 0 {
                        let message = "assignment expression cannot rebind comprehension iteration variable";
                        return self.fail(format!("{message} '{id}'"), range);
                    }
                    match scope.parent {
                        Some(p) => at = p,
                        None => return,
                    }
                    continue;
                }
                ScopeKind::Function | ScopeKind::Lambda => {
                    let flag = if flags & def::GLOBAL != 0 { def::GLOBAL } else { def::NONLOCAL };
                    let symbol = self.scope().symbols.entry(&name);
                    symbol.flags |= flag;
                    symbol.declared.get_or_insert(range);
                    let outer = &mut self.table.scopes[at];
                    outer.has_walrus = true;
                    outer.symbols.entry(&name).flags |= def::LOCAL;
                    return;
                }
                ScopeKind::Module => {
                    self.scope().symbols.entry(&name).flags |= def::GLOBAL;
                    self.table.scopes[at].symbols.entry(&name).flags |= def::GLOBAL;
                    return;
                }
                ScopeKind::Class => "cannot be used in a class body",
                ScopeKind::TypeParams => "cannot be used within the definition of a generic",
                ScopeKind::TypeAlias => "cannot be used in a type alias",
                ScopeKind::TypeVariable => &format!("cannot be used in {}", scope.what),
                ScopeKind::Annotation => "cannot be used in an annotation",
            };
            let message = format!("assignment expression within a comprehension {place}");
            return self.fail(message, range);
        }
    }

    /// Refuses expressions that annotation-like scopes cannot hold.
    fn forbid(&mut self, what: &str, range: TextRange) {
        let place = match self.kind() {
            ScopeKind::Annotation => "an annotation",
            ScopeKind::TypeVariable => self.table.scopes[self.current].what,
            ScopeKind::TypeAlias => "a type alias",
            ScopeKind::TypeParams => "the definition of a generic",
            _ => return,
        };
        self.fail(format!("{what} cannot be used within {place}"), range);
    }

    /// An asynchronous statement must be in an asynchronous function.
    fn check_async(&mut self, what: &str, range: TextRange) {
        let module = self.kind() == ScopeKind::Module && self.settings.allow_top_level_await;
        if !module && !self.scope().is_async {
            self.fail(format!("{what} outside async function"), range);
        }
    }

    fn check_await(&mut self, range: TextRange) {
        let place = match self.kind() {
            _ if self.settings.allow_top_level_await => return,
            ScopeKind::Module | ScopeKind::Class => "function",
            ScopeKind::Function | ScopeKind::Lambda if !self.scope().is_async => "async function",
            _ => return,
        };
        self.fail(format!("'await' outside {place}"), range);
    }

    fn yields(&mut self, range: TextRange) {
        self.forbid("yield expression", range);
        let place = match self.kind() {
            ScopeKind::GenExpr => "generator expression",
            ScopeKind::Comp => match self.scope().name.as_str() {
                "<listcomp>" => "list comprehension",
                "<setcomp>" => "set comprehension",
                _ => "dict comprehension",
            },
            _ => {
                self.scope().has_yield = true;
                return;
            }
        };
        self.fail(format!("'yield' inside {place}"), range);
    }

    fn name(&mut self, n: &ast::ExprName) {
        if n.ctx == ExprContext::Load {
            if self.unevaluated == Some(self.current) {
                return;
            }
            self.add(&n.id, def::USE, n.range);
            if n.id == "super" && self.scope().is_function_like() {
                self.add(&Name::new_static("__class__"), def::USE, n.range);
            }
            return;
        }
        let iter = if self.comp_target { def::COMP_ITER } else { 0 };
        if iter != 0 {
            let name = self.mangle(&n.id);
            let old = self.scope().symbols.get(&name).map_or(0, |s| s.flags);
            if old & (def::GLOBAL | def::NONLOCAL) != 0 {
                let message = "comprehension inner loop cannot rebind assignment expression target";
                return self.fail(format!("{message} '{}'", n.id), n.range);
            }
        }
        self.add(&n.id, def::LOCAL | iter, n.range);
    }

    fn import(&mut self, names: &[ast::Alias], is_from: bool) {
        for alias in names {
            let bound = match &alias.asname {
                Some(name) => name.id.clone(),
                None if is_from => alias.name.id.clone(),
                None => Name::new(alias.name.id.split('.').next().unwrap_or("")),
            };
            if bound != "*" {
                self.add(&bound, def::IMPORT, alias.range);
            } else if self.kind() != ScopeKind::Module {
                self.fail("import * only allowed at module level", alias.range);
            }
        }
    }

    /// Runs `f` on a deeper level of nesting. `error` is raised if there are too many.
    fn deeper(&mut self, range: TextRange, error: (ErrorKind, &'static str), f: impl FnOnce(&mut Self)) {
        if self.error.is_some() {
            return;
        }
        self.depth += 1;
        self.table.depth = self.table.depth.max(self.depth);
        if self.depth > MAX_DEPTH {
            self.error = Some(Failure::of(error.0, error.1, range));
        } else {
            stacker::maybe_grow(RED_ZONE, STACK, || f(self));
        }
        self.depth -= 1;
    }

    fn stmt(&mut self, stmt: &Stmt) {
        let outer = self.conditional;
        match stmt {
            Stmt::With(w) if w.is_async => self.check_async("'async with'", w.range),
            Stmt::For(f) if f.is_async => self.check_async("'async for'", f.range),
            _ => {}
        }
        match stmt {
            Stmt::FunctionDef(f) => self.function(f),
            Stmt::ClassDef(c) => self.class(c),
            Stmt::TypeAlias(t) => self.type_alias(t),
            Stmt::AnnAssign(a) => self.ann_assign(a),
            Stmt::AugAssign(a) => {
                // The target is marked as stored only: a use before a `global` would be reported wrongly otherwise.
                self.visit_expr(&a.target);
                self.visit_expr(&a.value);
            }
            // The order of names is that of CPython: targets come first.
            Stmt::Assign(a) => {
                for target in &a.targets {
                    self.visit_expr(target);
                }
                self.visit_expr(&a.value);
            }
            Stmt::For(f) => {
                self.conditional = true;
                self.visit_expr(&f.target);
                self.visit_expr(&f.iter);
                self.visit_body(&f.body);
                self.visit_body(&f.orelse);
            }
            Stmt::Global(g) => self.declare(&g.names, g.range, def::GLOBAL),
            Stmt::Nonlocal(n) => self.declare(&n.names, n.range, def::NONLOCAL),
            Stmt::Import(i) => self.import(&i.names, false),
            Stmt::ImportFrom(i) => self.import(&i.names, true),
            Stmt::Return(r) => {
                self.scope().has_return_value |= r.value.is_some();
                visitor::walk_stmt(self, stmt);
            }
            Stmt::Try(t) => {
                self.conditional = true;
                visitor::walk_body(self, &t.body);
                for ast::ExceptHandler::ExceptHandler(h) in &t.handlers {
                    if let Some(e) = &h.type_ {
                        self.visit_expr(e);
                    }
                    if let Some(name) = &h.name {
                        self.add(&name.id, def::LOCAL, h.range);
                    }
                    visitor::walk_body(self, &h.body);
                }
                visitor::walk_body(self, &t.orelse);
                visitor::walk_body(self, &t.finalbody);
            }
            Stmt::If(_) | Stmt::While(_) | Stmt::With(_) | Stmt::Match(_) => {
                self.conditional = true;
                visitor::walk_stmt(self, stmt);
            }
            _ => visitor::walk_stmt(self, stmt),
        }
        self.conditional = outer;
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Name(n) => self.name(n),
            Expr::Lambda(l) => self.lambda(l),
            Expr::Named(n) => self.named(n),
            Expr::ListComp(c) => self.comprehension(c, ScopeKind::Comp, "<listcomp>", &[&c.elt], &c.generators),
            Expr::SetComp(c) => self.comprehension(c, ScopeKind::Comp, "<setcomp>", &[&c.elt], &c.generators),
            Expr::DictComp(c) => {
                // The value is looked at first.
                let elements: Vec<&Expr> = [&*c.value].into_iter().chain(c.key.iter().map(|k| &**k)).collect();
                self.comprehension(c, ScopeKind::Comp, "<dictcomp>", &elements, &c.generators);
            }
            Expr::Dict(d) => {
                for key in d.items.iter().filter_map(|i| i.key.as_ref()) {
                    self.visit_expr(key);
                }
                for item in &d.items {
                    self.visit_expr(&item.value);
                }
            }
            Expr::Call(c) => {
                visitor::walk_expr(self, expr);
                // A generator that is the only argument begins at the call's parenthesis.
                if let [Expr::Generator(g)] = &*c.arguments.args
                    && !g.parenthesized
                    && let Some(id) = self.table.find(g, Role::Body)
                {
                    self.table.scopes[id].at = c.arguments.range.start();
                }
            }
            Expr::Generator(c) => self.comprehension(c, ScopeKind::GenExpr, "<genexpr>", &[&c.elt], &c.generators),
            Expr::Yield(y) => {
                self.yields(y.range);
                visitor::walk_expr(self, expr);
            }
            Expr::YieldFrom(y) => {
                self.yields(y.range);
                visitor::walk_expr(self, expr);
            }
            Expr::Await(a) => {
                self.forbid("await expression", a.range);
                self.check_await(a.range);
                self.scope().has_await = true;
                visitor::walk_expr(self, expr);
            }
            Expr::Attribute(_) | Expr::Subscript(_) => {
                // The parts of an attribute or subscript that is a target are used, not bound.
                let outer = std::mem::take(&mut self.comp_target);
                visitor::walk_expr(self, expr);
                self.comp_target = outer;
            }
            _ => visitor::walk_expr(self, expr),
        }
    }
}

impl<'a> Visitor<'a> for Collector<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        self.deeper(stmt.range(), TOO_DEEP, |c| c.stmt(stmt));
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        // Chains that grow to the right are no nesting for a parser.
        let chain = matches!(expr, Expr::Call(_) | Expr::Attribute(_) | Expr::Subscript(_) | Expr::BinOp(_));
        self.deeper(expr.range(), if chain { TOO_LONG } else { TOO_DEEP }, |c| c.expr(expr));
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        match pattern {
            Pattern::MatchAs(ast::PatternMatchAs { name: Some(n), .. })
            | Pattern::MatchStar(ast::PatternMatchStar { name: Some(n), .. })
            | Pattern::MatchMapping(ast::PatternMatchMapping { rest: Some(n), .. }) => {
                self.add(&n.id, def::LOCAL, pattern.range());
            }
            _ => {}
        }
        self.deeper(pattern.range(), TOO_DEEP, |c| visitor::walk_pattern(c, pattern));
    }
}
