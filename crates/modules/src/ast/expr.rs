//! Trees of the parser to Python's node objects: expressions.

use super::build::{Builder, NONE};
use super::singleton;
use dashu_int::IBig;
use ferropy_compiler::{expression_text, without_comments, wtf8};
use ferropy_vm::types::List;
use ferropy_vm::{Gc, R, Thread, Value};
use ruff_python_ast::{
    self as ast, BoolOp, CmpOp, Expr, ExprContext, FStringPart, InterpolatedElement, InterpolatedStringElement, Number,
    Operator, UnaryOp,
};
use ruff_text_size::{Ranged, TextRange};

pub fn operator(cx: &mut Thread, op: Operator) -> R {
    singleton(
        cx,
        match op {
            Operator::Add => "Add",
            Operator::Sub => "Sub",
            Operator::Mult => "Mult",
            Operator::MatMult => "MatMult",
            Operator::Div => "Div",
            Operator::Mod => "Mod",
            Operator::Pow => "Pow",
            Operator::LShift => "LShift",
            Operator::RShift => "RShift",
            Operator::BitOr => "BitOr",
            Operator::BitXor => "BitXor",
            Operator::BitAnd => "BitAnd",
            Operator::FloorDiv => "FloorDiv",
        },
    )
}
fn unary(cx: &mut Thread, op: UnaryOp) -> R {
    singleton(
        cx,
        match op {
            UnaryOp::Invert => "Invert",
            UnaryOp::Not => "Not",
            UnaryOp::UAdd => "UAdd",
            UnaryOp::USub => "USub",
        },
    )
}
fn comparison(cx: &mut Thread, op: CmpOp) -> R {
    singleton(
        cx,
        match op {
            CmpOp::Eq => "Eq",
            CmpOp::NotEq => "NotEq",
            CmpOp::Lt => "Lt",
            CmpOp::LtE => "LtE",
            CmpOp::Gt => "Gt",
            CmpOp::GtE => "GtE",
            CmpOp::Is => "Is",
            CmpOp::IsNot => "IsNot",
            CmpOp::In => "In",
            CmpOp::NotIn => "NotIn",
        },
    )
}
fn context(cx: &mut Thread, ctx: ExprContext) -> R {
    singleton(
        cx,
        match ctx {
            ExprContext::Store => "Store",
            ExprContext::Del => "Del",
            _ => "Load",
        },
    )
}

impl Builder<'_> {
    pub fn opt(&self, cx: &mut Thread, e: Option<&Expr>) -> R {
        match e {
            Some(e) => self.expr(cx, e),
            None => Ok(NONE),
        }
    }
    pub fn exprs(&self, cx: &mut Thread, items: &[Expr]) -> R {
        self.list(cx, items, |cx, e| self.expr(cx, e))
    }

    pub fn expr(&self, cx: &mut Thread, e: &Expr) -> R {
        cx.check_recursion(" during ast construction")?;
        let range = e.range();
        match e {
            Expr::Name(n) => {
                let fields = [("id", self.text(cx, &n.id)?), ("ctx", context(cx, n.ctx)?)];
                self.node(cx, "Name", range, &fields)
            }
            Expr::Attribute(a) => {
                let fields = [
                    ("value", self.expr(cx, &a.value)?),
                    ("attr", self.text(cx, &a.attr.id)?),
                    ("ctx", context(cx, a.ctx)?),
                ];
                self.node(cx, "Attribute", range, &fields)
            }
            Expr::Call(c) => {
                let fields = [
                    ("func", self.expr(cx, &c.func)?),
                    ("args", self.exprs(cx, &c.arguments.args)?),
                    ("keywords", self.keywords(cx, &c.arguments.keywords)?),
                ];
                self.node(cx, "Call", range, &fields)
            }
            Expr::Subscript(s) => {
                let fields = [
                    ("value", self.expr(cx, &s.value)?),
                    ("slice", self.expr(cx, &s.slice)?),
                    ("ctx", context(cx, s.ctx)?),
                ];
                self.node(cx, "Subscript", range, &fields)
            }
            Expr::Slice(s) => {
                let fields = [
                    ("lower", self.opt(cx, s.lower.as_deref())?),
                    ("upper", self.opt(cx, s.upper.as_deref())?),
                    ("step", self.opt(cx, s.step.as_deref())?),
                ];
                self.node(cx, "Slice", range, &fields)
            }
            Expr::BinOp(b) => {
                let fields = [
                    ("left", self.expr(cx, &b.left)?),
                    ("op", operator(cx, b.op)?),
                    ("right", self.expr(cx, &b.right)?),
                ];
                self.node(cx, "BinOp", range, &fields)
            }
            Expr::Compare(c) => {
                let fields = [
                    ("left", self.expr(cx, &c.left)?),
                    ("ops", self.list(cx, &c.ops, |cx, op| comparison(cx, *op))?),
                    ("comparators", self.exprs(cx, &c.comparators)?),
                ];
                self.node(cx, "Compare", range, &fields)
            }
            _ => self.operation(cx, e),
        }
    }

    fn operation(&self, cx: &mut Thread, e: &Expr) -> R {
        let range = e.range();
        match e {
            Expr::BoolOp(b) => {
                let op = singleton(cx, if b.op == BoolOp::And { "And" } else { "Or" })?;
                let values = self.exprs(cx, &b.values)?;
                self.node(cx, "BoolOp", range, &[("op", op), ("values", values)])
            }
            Expr::UnaryOp(u) => {
                let fields = [("op", unary(cx, u.op)?), ("operand", self.expr(cx, &u.operand)?)];
                self.node(cx, "UnaryOp", range, &fields)
            }
            Expr::Named(n) => {
                let fields = [("target", self.expr(cx, &n.target)?), ("value", self.expr(cx, &n.value)?)];
                self.node(cx, "NamedExpr", range, &fields)
            }
            Expr::Lambda(l) => {
                let fields =
                    [("args", self.parameters(cx, l.parameters.as_deref())?), ("body", self.expr(cx, &l.body)?)];
                self.node(cx, "Lambda", range, &fields)
            }
            Expr::If(i) => {
                let fields = [
                    ("test", self.expr(cx, &i.test)?),
                    ("body", self.expr(cx, &i.body)?),
                    ("orelse", self.expr(cx, &i.orelse)?),
                ];
                self.node(cx, "IfExp", range, &fields)
            }
            Expr::Await(a) => {
                let v = self.expr(cx, &a.value)?;
                self.node(cx, "Await", range, &[("value", v)])
            }
            Expr::Yield(y) => {
                let v = self.opt(cx, y.value.as_deref())?;
                self.node(cx, "Yield", range, &[("value", v)])
            }
            Expr::YieldFrom(y) => {
                let v = self.expr(cx, &y.value)?;
                self.node(cx, "YieldFrom", range, &[("value", v)])
            }
            Expr::Starred(s) => {
                let fields = [("value", self.expr(cx, &s.value)?), ("ctx", context(cx, s.ctx)?)];
                self.node(cx, "Starred", range, &fields)
            }
            _ => self.display(cx, e),
        }
    }

    fn display(&self, cx: &mut Thread, e: &Expr) -> R {
        let range = e.range();
        match e {
            Expr::List(l) => {
                let fields = [("elts", self.exprs(cx, &l.elts)?), ("ctx", context(cx, l.ctx)?)];
                self.node(cx, "List", range, &fields)
            }
            Expr::Tuple(t) => {
                let fields = [("elts", self.exprs(cx, &t.elts)?), ("ctx", context(cx, t.ctx)?)];
                self.node(cx, "Tuple", range, &fields)
            }
            Expr::Set(s) => {
                let v = self.exprs(cx, &s.elts)?;
                self.node(cx, "Set", range, &[("elts", v)])
            }
            Expr::Dict(d) => {
                let fields = [
                    ("keys", self.list(cx, &d.items, |cx, i| self.opt(cx, i.key.as_ref()))?),
                    ("values", self.list(cx, &d.items, |cx, i| self.expr(cx, &i.value))?),
                ];
                self.node(cx, "Dict", range, &fields)
            }
            Expr::ListComp(c) => self.comprehension(cx, "ListComp", range, &c.elt, &c.generators),
            Expr::SetComp(c) => self.comprehension(cx, "SetComp", range, &c.elt, &c.generators),
            Expr::Generator(c) => {
                let range = self.source.generator_range(c);
                self.comprehension(cx, "GeneratorExp", range, &c.elt, &c.generators)
            }
            Expr::DictComp(c) => {
                let fields = [
                    ("key", self.opt(cx, c.key.as_deref())?),
                    ("value", self.expr(cx, &c.value)?),
                    ("generators", self.generators(cx, &c.generators)?),
                ];
                self.node(cx, "DictComp", range, &fields)
            }
            _ => self.literal(cx, e),
        }
    }
    fn comprehension(
        &self,
        cx: &mut Thread,
        name: &'static str,
        range: TextRange,
        elt: &Expr,
        generators: &[ast::Comprehension],
    ) -> R {
        let fields = [("elt", self.expr(cx, elt)?), ("generators", self.generators(cx, generators)?)];
        self.node(cx, name, range, &fields)
    }
    fn generators(&self, cx: &mut Thread, generators: &[ast::Comprehension]) -> R {
        self.list(cx, generators, |cx, g| {
            let fields = [
                ("target", self.expr(cx, &g.target)?),
                ("iter", self.expr(cx, &g.iter)?),
                ("ifs", self.exprs(cx, &g.ifs)?),
                ("is_async", Value::small_int(g.is_async as i64)),
            ];
            self.bare(cx, "comprehension", &fields)
        })
    }

    fn constant(&self, cx: &mut Thread, range: TextRange, value: Value, kind: Value) -> R {
        self.node(cx, "Constant", range, &[("value", value), ("kind", kind)])
    }
    fn literal(&self, cx: &mut Thread, e: &Expr) -> R {
        let range = e.range();
        match e {
            Expr::StringLiteral(s) => {
                let text: Vec<u8> = s.value.iter().flat_map(|p| self.string_part(p)).collect();
                let value = cx.new_wtf8(&text)?.value();
                let unicode = s.value.iter().next().is_some_and(|p| p.flags.prefix().is_unicode());
                let kind = if unicode { self.text(cx, "u")? } else { NONE };
                self.constant(cx, range, value, kind)
            }
            Expr::BytesLiteral(b) => {
                let data: Vec<u8> = b.value.bytes().collect();
                let value = cx.new_bytes(&data)?.value();
                self.constant(cx, range, value, NONE)
            }
            Expr::NumberLiteral(n) => {
                let value = self.number(cx, &n.value)?;
                self.constant(cx, range, value, NONE)
            }
            Expr::BooleanLiteral(b) => self.constant(cx, range, Value::bool(b.value), NONE),
            Expr::EllipsisLiteral(_) => self.constant(cx, range, Value::ELLIPSIS, NONE),
            Expr::FString(f) => {
                let values = cx.new_list(&[])?;
                let mut open = Open::default();
                for part in f.value.as_slice() {
                    match part {
                        FStringPart::Literal(l) => open.add(&self.string_part(l), l.range),
                        FStringPart::FString(s) => {
                            self.elements(cx, values, &mut open, &s.elements, s.flags.prefix().is_raw(), false)?;
                        }
                    }
                }
                self.close(cx, values, &mut open)?;
                self.node(cx, "JoinedStr", range, &[("values", values.value())])
            }
            Expr::TString(t) => {
                let values = cx.new_list(&[])?;
                let mut open = Open::default();
                for s in t.value.as_slice() {
                    self.elements(cx, values, &mut open, &s.elements, s.flags.prefix().is_raw(), true)?;
                }
                self.close(cx, values, &mut open)?;
                self.node(cx, "TemplateStr", range, &[("values", values.value())])
            }
            _ => self.constant(cx, range, NONE, NONE),
        }
    }
    fn number(&self, cx: &mut Thread, n: &Number) -> R {
        match n {
            Number::Float(f) => cx.float(*f),
            Number::Complex { real, imag } => cx.complex(*real, *imag),
            Number::Int(i) => match i.as_i64() {
                Some(n) => cx.int(n),
                None => {
                    let text: String = i.to_string().to_ascii_lowercase().replace('_', "");
                    let (radix, digits) = match text.get(..2) {
                        Some("0x") => (16, &text[2..]),
                        Some("0o") => (8, &text[2..]),
                        Some("0b") => (2, &text[2..]),
                        _ => (10, text.as_str()),
                    };
                    match IBig::from_str_radix(digits, radix) {
                        Ok(n) => cx.bigint(&n),
                        Err(_) => Err(cx.value_error("invalid integer literal")),
                    }
                }
            },
        }
    }
    fn string_part(&self, part: &ast::StringLiteral) -> Vec<u8> {
        if !part.value.contains('\u{fffd}') {
            return part.value.as_bytes().to_vec();
        }
        wtf8(&part.value, self.source.slice(part.content_range()), part.flags.prefix().is_raw())
    }

    // ---- formatted strings

    /// Ends the literal that is being gathered.
    fn close(&self, cx: &mut Thread, values: Gc<List>, open: &mut Open) -> R<()> {
        if let Some((text, range)) = open.0.take()
            && !text.is_empty()
        {
            let value = cx.new_wtf8(&text)?.value();
            let node = self.constant(cx, range, value, NONE)?;
            cx.list_append(values, node)?;
        }
        Ok(())
    }
    fn elements(
        &self,
        cx: &mut Thread,
        values: Gc<List>,
        open: &mut Open,
        elements: &[InterpolatedStringElement],
        raw: bool,
        template: bool,
    ) -> R<()> {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(l) => {
                    open.add(&wtf8(&l.value, self.source.slice(l.range), raw), l.range);
                }
                InterpolatedStringElement::Interpolation(i) => {
                    if let Some(debug) = &i.debug_text {
                        open.add(without_comments(debug.as_str()).as_bytes(), i.range);
                    }
                    self.close(cx, values, open)?;
                    let node = self.interpolation(cx, i, template)?;
                    cx.list_append(values, node)?;
                }
            }
        }
        Ok(())
    }
    fn interpolation(&self, cx: &mut Thread, i: &InterpolatedElement, template: bool) -> R {
        let value = self.expr(cx, &i.expression)?;
        let conversion = match i.conversion.to_byte() {
            None if i.debug_text.is_some() && i.format_spec.is_none() => b'r' as i64,
            None => -1,
            Some(b) => b as i64,
        };
        let spec = match &i.format_spec {
            None => NONE,
            Some(spec) => {
                let values = cx.new_list(&[])?;
                let mut open = Open::default();
                self.elements(cx, values, &mut open, &spec.elements, false, false)?;
                self.close(cx, values, &mut open)?;
                self.node(cx, "JoinedStr", spec.range, &[("values", values.value())])?
            }
        };
        let conversion = Value::small_int(conversion);
        if !template {
            let fields = [("value", value), ("conversion", conversion), ("format_spec", spec)];
            return self.node(cx, "FormattedValue", i.range, &fields);
        }
        let text = cx.new_str(&expression_text(self.source.text, i))?.value();
        let fields = [("value", value), ("str", text), ("conversion", conversion), ("format_spec", spec)];
        self.node(cx, "Interpolation", i.range, &fields)
    }
}

/// A literal piece that is being gathered, and where it lies.
#[derive(Default)]
struct Open(Option<(Vec<u8>, TextRange)>);

impl Open {
    fn add(&mut self, text: &[u8], range: TextRange) {
        match &mut self.0 {
            Some((all, r)) => {
                all.extend_from_slice(text);
                *r = r.cover(range);
            }
            None => self.0 = Some((text.to_vec(), range)),
        }
    }
}
