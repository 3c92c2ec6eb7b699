//! Trees of the parser to Python's node objects: the frame, statements, patterns, parameters.

use super::class;
use ferropy_compiler::Source;
use ferropy_vm::types::List;
use ferropy_vm::{Gc, R, Thread, Value};
use ruff_python_ast::{self as ast, ExceptHandler, Mod, Pattern, Singleton, Stmt, TypeParam};
use ruff_text_size::{Ranged, TextRange};

/// Makes nodes for one source.
pub struct Builder<'s> {
    pub source: Source<'s>,
}

pub const NONE: Value = Value::NONE;

impl<'s> Builder<'s> {
    pub fn new(text: &'s str) -> Self {
        Builder { source: Source::new(text) }
    }

    /// A node without position.
    pub fn bare(&self, cx: &mut Thread, name: &'static str, fields: &[(&str, Value)]) -> R {
        let class = class(cx, name)?;
        let v = cx.alloc_instance(class)?;
        for (field, x) in fields {
            let key = cx.intern(field)?;
            cx.setattr(v, key, *x)?;
        }
        Ok(v)
    }
    pub fn node(&self, cx: &mut Thread, name: &'static str, range: TextRange, fields: &[(&str, Value)]) -> R {
        let v = self.bare(cx, name, fields)?;
        let (start, end) = (self.source.line_col(range.start()), self.source.line_col(range.end()));
        for (field, n) in
            [("lineno", start.0), ("col_offset", start.1), ("end_lineno", end.0), ("end_col_offset", end.1)]
        {
            let key = cx.intern(field)?;
            cx.setattr(v, key, Value::small_int(n as i64))?;
        }
        Ok(v)
    }
    pub fn list<T>(&self, cx: &mut Thread, items: &[T], mut f: impl FnMut(&mut Thread, &T) -> R) -> R {
        let out: Gc<List> = cx.new_list(&[])?;
        for item in items {
            let v = f(cx, item)?;
            cx.list_append(out, v)?;
        }
        Ok(out.value())
    }
    pub fn text(&self, cx: &mut Thread, s: &str) -> R {
        cx.intern(s)
    }
    fn opt_name(&self, cx: &mut Thread, name: &Option<ast::Identifier>) -> R {
        match name {
            Some(n) => self.text(cx, &n.id),
            None => Ok(NONE),
        }
    }

    pub fn module(&self, cx: &mut Thread, m: &Mod, interactive: bool) -> R {
        match m {
            Mod::Expression(e) => {
                let body = self.expr(cx, &e.body)?;
                self.bare(cx, "Expression", &[("body", body)])
            }
            Mod::Module(m) => {
                let body = self.body(cx, &m.body)?;
                if interactive {
                    return self.bare(cx, "Interactive", &[("body", body)]);
                }
                let ignores = cx.new_list(&[])?.value();
                self.bare(cx, "Module", &[("body", body), ("type_ignores", ignores)])
            }
        }
    }
    fn body(&self, cx: &mut Thread, body: &[Stmt]) -> R {
        self.list(cx, body, |cx, s| self.stmt(cx, s))
    }

    fn stmt(&self, cx: &mut Thread, s: &Stmt) -> R {
        cx.check_recursion(" during ast construction")?;
        let range = s.range();
        match s {
            Stmt::FunctionDef(f) => self.function(cx, f),
            Stmt::ClassDef(c) => self.class_def(cx, c),
            Stmt::Try(t) => self.try_stmt(cx, t),
            Stmt::If(i) => self.if_stmt(cx, i),
            Stmt::For(f) => {
                let fields = [
                    ("target", self.expr(cx, &f.target)?),
                    ("iter", self.expr(cx, &f.iter)?),
                    ("body", self.body(cx, &f.body)?),
                    ("orelse", self.body(cx, &f.orelse)?),
                    ("type_comment", NONE),
                ];
                self.node(cx, if f.is_async { "AsyncFor" } else { "For" }, range, &fields)
            }
            Stmt::While(w) => {
                let fields = [
                    ("test", self.expr(cx, &w.test)?),
                    ("body", self.body(cx, &w.body)?),
                    ("orelse", self.body(cx, &w.orelse)?),
                ];
                self.node(cx, "While", range, &fields)
            }
            Stmt::With(w) => {
                let items = self.list(cx, &w.items, |cx, i| {
                    let fields = [
                        ("context_expr", self.expr(cx, &i.context_expr)?),
                        ("optional_vars", self.opt(cx, i.optional_vars.as_deref())?),
                    ];
                    self.bare(cx, "withitem", &fields)
                })?;
                let fields = [("items", items), ("body", self.body(cx, &w.body)?), ("type_comment", NONE)];
                self.node(cx, if w.is_async { "AsyncWith" } else { "With" }, range, &fields)
            }
            Stmt::Match(m) => {
                let subject = self.expr(cx, &m.subject)?;
                let cases = self.list(cx, &m.cases, |cx, c| {
                    let fields = [
                        ("pattern", self.pattern(cx, &c.pattern)?),
                        ("guard", self.opt(cx, c.guard.as_deref())?),
                        ("body", self.body(cx, &c.body)?),
                    ];
                    self.bare(cx, "match_case", &fields)
                })?;
                self.node(cx, "Match", range, &[("subject", subject), ("cases", cases)])
            }
            _ => self.simple(cx, s),
        }
    }

    fn simple(&self, cx: &mut Thread, s: &Stmt) -> R {
        let range = s.range();
        match s {
            Stmt::Return(r) => {
                let v = self.opt(cx, r.value.as_deref())?;
                self.node(cx, "Return", range, &[("value", v)])
            }
            Stmt::Delete(d) => {
                let v = self.exprs(cx, &d.targets)?;
                self.node(cx, "Delete", range, &[("targets", v)])
            }
            Stmt::Assign(a) => {
                let fields = [
                    ("targets", self.exprs(cx, &a.targets)?),
                    ("value", self.expr(cx, &a.value)?),
                    ("type_comment", NONE),
                ];
                self.node(cx, "Assign", range, &fields)
            }
            Stmt::AugAssign(a) => {
                let fields = [
                    ("target", self.expr(cx, &a.target)?),
                    ("op", super::expr::operator(cx, a.op)?),
                    ("value", self.expr(cx, &a.value)?),
                ];
                self.node(cx, "AugAssign", range, &fields)
            }
            Stmt::AnnAssign(a) => {
                let fields = [
                    ("target", self.expr(cx, &a.target)?),
                    ("annotation", self.expr(cx, &a.annotation)?),
                    ("value", self.opt(cx, a.value.as_deref())?),
                    ("simple", Value::small_int(a.simple as i64)),
                ];
                self.node(cx, "AnnAssign", range, &fields)
            }
            Stmt::TypeAlias(t) => {
                let fields = [
                    ("name", self.expr(cx, &t.name)?),
                    ("type_params", self.type_params(cx, t.type_params.as_deref())?),
                    ("value", self.expr(cx, &t.value)?),
                ];
                self.node(cx, "TypeAlias", range, &fields)
            }
            Stmt::Raise(r) => {
                let fields = [("exc", self.opt(cx, r.exc.as_deref())?), ("cause", self.opt(cx, r.cause.as_deref())?)];
                self.node(cx, "Raise", range, &fields)
            }
            Stmt::Assert(a) => {
                let fields = [("test", self.expr(cx, &a.test)?), ("msg", self.opt(cx, a.msg.as_deref())?)];
                self.node(cx, "Assert", range, &fields)
            }
            Stmt::Expr(e) => {
                let v = self.expr(cx, &e.value)?;
                self.node(cx, "Expr", range, &[("value", v)])
            }
            _ => self.small(cx, s),
        }
    }

    fn small(&self, cx: &mut Thread, s: &Stmt) -> R {
        let range = s.range();
        match s {
            Stmt::Import(i) => {
                let names = self.aliases(cx, &i.names)?;
                self.node(cx, "Import", range, &[("names", names)])
            }
            Stmt::ImportFrom(i) => {
                let fields = [
                    ("module", self.opt_name(cx, &i.module)?),
                    ("names", self.aliases(cx, &i.names)?),
                    ("level", Value::small_int(i.level as i64)),
                ];
                self.node(cx, "ImportFrom", range, &fields)
            }
            Stmt::Global(g) => {
                let names = self.list(cx, &g.names, |cx, n| self.text(cx, &n.id))?;
                self.node(cx, "Global", range, &[("names", names)])
            }
            Stmt::Nonlocal(g) => {
                let names = self.list(cx, &g.names, |cx, n| self.text(cx, &n.id))?;
                self.node(cx, "Nonlocal", range, &[("names", names)])
            }
            Stmt::Break(_) => self.node(cx, "Break", range, &[]),
            Stmt::Continue(_) => self.node(cx, "Continue", range, &[]),
            _ => self.node(cx, "Pass", range, &[]),
        }
    }

    fn aliases(&self, cx: &mut Thread, names: &[ast::Alias]) -> R {
        self.list(cx, names, |cx, a| {
            let fields = [("name", self.text(cx, &a.name.id)?), ("asname", self.opt_name(cx, &a.asname)?)];
            self.node(cx, "alias", a.range, &fields)
        })
    }

    /// A definition begins at its keyword, not at the decorators.
    fn definition_range(&self, range: TextRange, decorators: &[ast::Decorator]) -> TextRange {
        let Some(last) = decorators.last() else { return range };
        let rest = self.source.slice(TextRange::new(last.range.end(), range.end()));
        let mut skip = 0;
        for line in rest.split_inclusive('\n') {
            let body = line.trim_start();
            if !body.is_empty() && !body.starts_with('#') {
                skip += line.len() - body.len();
                break;
            }
            skip += line.len();
        }
        let skip = u32::try_from(skip).unwrap_or(0);
        TextRange::new(last.range.end() + ruff_text_size::TextSize::new(skip), range.end())
    }

    fn function(&self, cx: &mut Thread, f: &ast::StmtFunctionDef) -> R {
        let fields = [
            ("name", self.text(cx, &f.name.id)?),
            ("args", self.parameters(cx, Some(&f.parameters))?),
            ("body", self.body(cx, &f.body)?),
            ("decorator_list", self.list(cx, &f.decorator_list, |cx, d| self.expr(cx, &d.expression))?),
            ("returns", self.opt(cx, f.returns.as_deref())?),
            ("type_comment", NONE),
            ("type_params", self.type_params(cx, f.type_params.as_deref())?),
        ];
        let range = self.definition_range(f.range, &f.decorator_list);
        self.node(cx, if f.is_async { "AsyncFunctionDef" } else { "FunctionDef" }, range, &fields)
    }
    fn class_def(&self, cx: &mut Thread, c: &ast::StmtClassDef) -> R {
        let (bases, keywords) = match c.arguments.as_deref() {
            Some(a) => (self.exprs(cx, &a.args)?, self.keywords(cx, &a.keywords)?),
            None => (cx.new_list(&[])?.value(), cx.new_list(&[])?.value()),
        };
        let fields = [
            ("name", self.text(cx, &c.name.id)?),
            ("bases", bases),
            ("keywords", keywords),
            ("body", self.body(cx, &c.body)?),
            ("decorator_list", self.list(cx, &c.decorator_list, |cx, d| self.expr(cx, &d.expression))?),
            ("type_params", self.type_params(cx, c.type_params.as_deref())?),
        ];
        let range = self.definition_range(c.range, &c.decorator_list);
        self.node(cx, "ClassDef", range, &fields)
    }
    pub fn keywords(&self, cx: &mut Thread, keywords: &[ast::Keyword]) -> R {
        self.list(cx, keywords, |cx, k| {
            let fields = [("arg", self.opt_name(cx, &k.arg)?), ("value", self.expr(cx, &k.value)?)];
            self.node(cx, "keyword", k.range, &fields)
        })
    }
    fn type_params(&self, cx: &mut Thread, params: Option<&ast::TypeParams>) -> R {
        let params: &[TypeParam] = params.map_or(&[], |p| &p.type_params);
        self.list(cx, params, |cx, p| match p {
            TypeParam::TypeVar(t) => {
                let fields = [
                    ("name", self.text(cx, &t.name.id)?),
                    ("bound", self.opt(cx, t.bound.as_deref())?),
                    ("default_value", self.opt(cx, t.default.as_deref())?),
                ];
                self.node(cx, "TypeVar", t.range, &fields)
            }
            TypeParam::TypeVarTuple(t) => {
                let fields =
                    [("name", self.text(cx, &t.name.id)?), ("default_value", self.opt(cx, t.default.as_deref())?)];
                self.node(cx, "TypeVarTuple", t.range, &fields)
            }
            TypeParam::ParamSpec(t) => {
                let fields =
                    [("name", self.text(cx, &t.name.id)?), ("default_value", self.opt(cx, t.default.as_deref())?)];
                self.node(cx, "ParamSpec", t.range, &fields)
            }
        })
    }

    fn parameter(&self, cx: &mut Thread, p: &ast::Parameter, star: bool) -> R {
        let annotation = self.opt(cx, p.annotation.as_deref())?;
        let fields = [("arg", self.text(cx, &p.name.id)?), ("annotation", annotation), ("type_comment", NONE)];
        // The star does not belong to the node.
        let range = if star { TextRange::new(p.name.range.start(), p.range.end()) } else { p.range };
        self.node(cx, "arg", range, &fields)
    }
    pub fn parameters(&self, cx: &mut Thread, p: Option<&ast::Parameters>) -> R {
        let empty = ast::Parameters::default();
        let p = p.unwrap_or(&empty);
        let defaults = cx.new_list(&[])?;
        for d in p.posonlyargs.iter().chain(&p.args).filter_map(|p| p.default.as_deref()) {
            let v = self.expr(cx, d)?;
            cx.list_append(defaults, v)?;
        }
        let star = |cx: &mut Thread, p: &Option<Box<ast::Parameter>>| match p {
            Some(p) => self.parameter(cx, p, true),
            None => Ok(NONE),
        };
        let fields = [
            ("posonlyargs", self.list(cx, &p.posonlyargs, |cx, p| self.parameter(cx, &p.parameter, false))?),
            ("args", self.list(cx, &p.args, |cx, p| self.parameter(cx, &p.parameter, false))?),
            ("vararg", star(cx, &p.vararg)?),
            ("kwonlyargs", self.list(cx, &p.kwonlyargs, |cx, p| self.parameter(cx, &p.parameter, false))?),
            ("kw_defaults", self.list(cx, &p.kwonlyargs, |cx, p| self.opt(cx, p.default.as_deref()))?),
            ("kwarg", star(cx, &p.kwarg)?),
            ("defaults", defaults.value()),
        ];
        self.bare(cx, "arguments", &fields)
    }

    /// `elif` is an `If` in the `orelse` of the one before.
    fn if_stmt(&self, cx: &mut Thread, i: &ast::StmtIf) -> R {
        let mut orelse = cx.new_list(&[])?.value();
        for clause in i.elif_else_clauses.iter().rev() {
            let body = self.body(cx, &clause.body)?;
            orelse = match &clause.test {
                None => body,
                Some(test) => {
                    let fields = [("test", self.expr(cx, test)?), ("body", body), ("orelse", orelse)];
                    let range = TextRange::new(clause.range.start(), i.range.end());
                    let node = self.node(cx, "If", range, &fields)?;
                    cx.new_list(&[node])?.value()
                }
            };
        }
        let fields = [("test", self.expr(cx, &i.test)?), ("body", self.body(cx, &i.body)?), ("orelse", orelse)];
        self.node(cx, "If", i.range, &fields)
    }
    fn try_stmt(&self, cx: &mut Thread, t: &ast::StmtTry) -> R {
        let body = self.body(cx, &t.body)?;
        let handlers = self.list(cx, &t.handlers, |cx, h| {
            let ExceptHandler::ExceptHandler(h) = h;
            let fields = [
                ("type", self.opt(cx, h.type_.as_deref())?),
                ("name", self.opt_name(cx, &h.name)?),
                ("body", self.body(cx, &h.body)?),
            ];
            self.node(cx, "ExceptHandler", h.range, &fields)
        })?;
        let fields = [
            ("body", body),
            ("handlers", handlers),
            ("orelse", self.body(cx, &t.orelse)?),
            ("finalbody", self.body(cx, &t.finalbody)?),
        ];
        self.node(cx, if t.is_star { "TryStar" } else { "Try" }, t.range, &fields)
    }

    fn patterns(&self, cx: &mut Thread, p: &[Pattern]) -> R {
        self.list(cx, p, |cx, p| self.pattern(cx, p))
    }
    fn pattern(&self, cx: &mut Thread, p: &Pattern) -> R {
        cx.check_recursion(" during ast construction")?;
        let range = p.range();
        match p {
            Pattern::MatchValue(v) => {
                let v = self.expr(cx, &v.value)?;
                self.node(cx, "MatchValue", range, &[("value", v)])
            }
            Pattern::MatchSingleton(s) => {
                let v = match s.value {
                    Singleton::None => NONE,
                    Singleton::True => Value::TRUE,
                    Singleton::False => Value::FALSE,
                };
                self.node(cx, "MatchSingleton", range, &[("value", v)])
            }
            Pattern::MatchSequence(s) => {
                let v = self.patterns(cx, &s.patterns)?;
                self.node(cx, "MatchSequence", range, &[("patterns", v)])
            }
            Pattern::MatchMapping(m) => {
                let fields = [
                    ("keys", self.exprs(cx, &m.keys)?),
                    ("patterns", self.patterns(cx, &m.patterns)?),
                    ("rest", self.opt_name(cx, &m.rest)?),
                ];
                self.node(cx, "MatchMapping", range, &fields)
            }
            Pattern::MatchClass(c) => {
                let words = &c.arguments.keywords;
                let fields = [
                    ("cls", self.expr(cx, &c.cls)?),
                    ("patterns", self.patterns(cx, &c.arguments.patterns)?),
                    ("kwd_attrs", self.list(cx, words, |cx, k| self.text(cx, &k.attr.id))?),
                    ("kwd_patterns", self.list(cx, words, |cx, k| self.pattern(cx, &k.pattern))?),
                ];
                self.node(cx, "MatchClass", range, &fields)
            }
            Pattern::MatchStar(s) => {
                let name = self.opt_name(cx, &s.name)?;
                self.node(cx, "MatchStar", range, &[("name", name)])
            }
            Pattern::MatchAs(a) => {
                let inner = match a.pattern.as_deref() {
                    Some(p) => self.pattern(cx, p)?,
                    None => NONE,
                };
                let name = self.opt_name(cx, &a.name)?;
                self.node(cx, "MatchAs", range, &[("pattern", inner), ("name", name)])
            }
            Pattern::MatchOr(o) => {
                let v = self.patterns(cx, &o.patterns)?;
                self.node(cx, "MatchOr", range, &[("patterns", v)])
            }
        }
    }
}
