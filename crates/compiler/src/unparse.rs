//! Expressions back to text, for annotations that are kept as strings: as `ast.unparse` writes them.
//!
//! Invariant: parentheses are written where the tree needs them, by the binding strength (`level`) of what is around.

use crate::codegen::literal;
use crate::fold;
use crate::source::Source;
use ferropy_bytecode::Const;
use ruff_python_ast::{self as ast, BoolOp, Expr, Operator, UnaryOp};
use ruff_text_size::Ranged;

// Binding strengths, from loose to tight.
const TUPLE: u8 = 0;
const TEST: u8 = 1;
const OR: u8 = 2;
const AND: u8 = 3;
const NOT: u8 = 4;
const CMP: u8 = 5;
const BOR: u8 = 6;
const FACTOR: u8 = 12;
const POWER: u8 = 13;
const AWAIT: u8 = 14;
const ATOM: u8 = 15;

pub fn expression(e: &Expr, source: &Source<'_>) -> String {
    let mut w = Writer { out: String::new(), source };
    w.expr(e, TEST);
    w.out
}

struct Writer<'a> {
    out: String,
    source: &'a Source<'a>,
}

fn operator(op: Operator) -> (&'static str, u8) {
    match op {
        Operator::BitOr => ("|", BOR),
        Operator::BitXor => ("^", 7),
        Operator::BitAnd => ("&", 8),
        Operator::LShift => ("<<", 9),
        Operator::RShift => (">>", 9),
        Operator::Add => ("+", 10),
        Operator::Sub => ("-", 10),
        Operator::Mult => ("*", 11),
        Operator::MatMult => ("@", 11),
        Operator::Div => ("/", 11),
        Operator::Mod => ("%", 11),
        Operator::FloorDiv => ("//", 11),
        Operator::Pow => ("**", POWER),
    }
}

impl Writer<'_> {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Writes `f`, in parentheses if its strength `own` is less than what is needed.
    fn at(&mut self, own: u8, level: u8, f: impl FnOnce(&mut Self)) {
        let parentheses = own < level;
        if parentheses {
            self.push("(");
        }
        f(self);
        if parentheses {
            self.push(")");
        }
    }

    fn list<'e>(&mut self, items: impl IntoIterator<Item = &'e Expr>) {
        for (i, e) in items.into_iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            self.expr(e, TEST);
        }
    }

    fn expr(&mut self, e: &Expr, level: u8) {
        match e {
            Expr::Name(n) => self.push(&n.id),
            Expr::NoneLiteral(_) => self.push("None"),
            Expr::EllipsisLiteral(_) => self.push("..."),
            Expr::BooleanLiteral(b) => self.push(if b.value { "True" } else { "False" }),
            Expr::StringLiteral(s) => {
                let text = literal::string(s, self.source);
                self.string(&text, "");
            }
            Expr::BytesLiteral(b) => {
                let bytes: Vec<u8> = b.value.bytes().collect();
                self.bytes(&bytes);
            }
            Expr::NumberLiteral(n) => self.number(n),
            Expr::Attribute(a) => {
                self.expr(&a.value, ATOM);
                if matches!(&*a.value, Expr::NumberLiteral(n) if n.value.is_int()) {
                    self.push(" ");
                }
                self.push(".");
                self.push(&a.attr.id);
            }
            Expr::Subscript(s) => self.subscript(s),
            Expr::Starred(s) => {
                self.push("*");
                self.expr(&s.value, BOR);
            }
            Expr::Tuple(t) => self.tuple(t, level),
            Expr::List(l) => {
                self.push("[");
                self.list(&l.elts);
                self.push("]");
            }
            Expr::Set(s) => {
                self.push("{");
                self.list(&s.elts);
                self.push("}");
            }
            Expr::Dict(d) => self.dict(d),
            Expr::Call(c) => self.call(c),
            Expr::BinOp(b) => {
                let (text, own) = operator(b.op);
                let right_assoc = b.op == Operator::Pow;
                self.at(own, level, |w| {
                    w.expr(&b.left, own + right_assoc as u8);
                    w.push(&format!(" {text} "));
                    w.expr(&b.right, if right_assoc { own } else { own + 1 });
                });
            }
            Expr::UnaryOp(u) => {
                let (text, own) = match u.op {
                    UnaryOp::Not => ("not ", NOT),
                    UnaryOp::USub => ("-", FACTOR),
                    UnaryOp::UAdd => ("+", FACTOR),
                    UnaryOp::Invert => ("~", FACTOR),
                };
                self.at(own, level, |w| {
                    w.push(text);
                    w.expr(&u.operand, own);
                });
            }
            Expr::BoolOp(b) => {
                let (text, own) = if b.op == BoolOp::Or { (" or ", OR) } else { (" and ", AND) };
                self.at(own, level, |w| {
                    for (i, v) in b.values.iter().enumerate() {
                        if i > 0 {
                            w.push(text);
                        }
                        w.expr(v, own + 1);
                    }
                });
            }
            Expr::Compare(c) => self.at(CMP, level, |w| {
                w.expr(&c.left, CMP + 1);
                for (op, right) in c.ops.iter().zip(&c.comparators) {
                    w.push(&format!(" {} ", op.as_str()));
                    w.expr(right, CMP + 1);
                }
            }),
            Expr::If(i) => self.at(TEST, level, |w| {
                w.expr(&i.body, TEST + 1);
                w.push(" if ");
                w.expr(&i.test, TEST + 1);
                w.push(" else ");
                w.expr(&i.orelse, TEST);
            }),
            Expr::Await(a) => self.at(AWAIT, level, |w| {
                w.push("await ");
                w.expr(&a.value, ATOM);
            }),
            // Rare in annotations: as written.
            e => {
                let text: Vec<&str> = self.source.slice(e.range()).split_whitespace().collect();
                let text = text.join(" ");
                self.push(&text);
            }
        }
    }

    fn tuple(&mut self, t: &ast::ExprTuple, level: u8) {
        let bare = level == TUPLE && !t.elts.is_empty();
        if !bare {
            self.push("(");
        }
        self.list(&t.elts);
        if t.elts.len() == 1 {
            self.push(",");
        }
        if !bare {
            self.push(")");
        }
    }

    fn subscript(&mut self, s: &ast::ExprSubscript) {
        self.expr(&s.value, ATOM);
        self.push("[");
        match &*s.slice {
            Expr::Slice(slice) => self.slice(slice),
            Expr::Tuple(t) if t.elts.iter().any(Expr::is_slice_expr) => {
                for (i, e) in t.elts.iter().enumerate() {
                    if i > 0 {
                        self.push(", ");
                    }
                    match e {
                        Expr::Slice(slice) => self.slice(slice),
                        e => self.expr(e, TEST),
                    }
                }
            }
            e => self.expr(e, TUPLE),
        }
        self.push("]");
    }

    fn slice(&mut self, s: &ast::ExprSlice) {
        if let Some(e) = &s.lower {
            self.expr(e, TEST);
        }
        self.push(":");
        if let Some(e) = &s.upper {
            self.expr(e, TEST);
        }
        if let Some(e) = &s.step {
            self.push(":");
            self.expr(e, TEST);
        }
    }

    fn dict(&mut self, d: &ast::ExprDict) {
        self.push("{");
        for (i, item) in d.items.iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            match &item.key {
                Some(key) => {
                    self.expr(key, TEST);
                    self.push(": ");
                    self.expr(&item.value, TEST);
                }
                None => {
                    self.push("**");
                    self.expr(&item.value, BOR);
                }
            }
        }
        self.push("}");
    }

    fn call(&mut self, c: &ast::ExprCall) {
        self.expr(&c.func, ATOM);
        self.push("(");
        self.list(&c.arguments.args);
        for (i, k) in c.arguments.keywords.iter().enumerate() {
            if i > 0 || !c.arguments.args.is_empty() {
                self.push(", ");
            }
            match &k.arg {
                Some(name) => self.push(&format!("{}=", name.id)),
                None => self.push("**"),
            }
            self.expr(&k.value, TEST);
        }
        self.push(")");
    }

    fn number(&mut self, n: &ast::ExprNumberLiteral) {
        match literal::number(&n.value) {
            Ok(Const::Int(n)) => self.push(&n.to_string()),
            Ok(Const::Float(bits)) => self.push(&float(f64::from_bits(bits))),
            Ok(c @ Const::BigInt(..)) => {
                if let Some(n) = fold::big(&c) {
                    self.push(&n.to_string());
                }
            }
            _ => {
                let text = self.source.slice(n.range).to_string();
                self.push(&text);
            }
        }
    }

    /// As `repr` writes it; what is no character stays as an escape.
    fn string(&mut self, text: &[u8], prefix: &str) {
        let lossy = String::from_utf8_lossy(text);
        let quote = if lossy.contains('\'') && !lossy.contains('"') { '"' } else { '\'' };
        self.push(prefix);
        self.out.push(quote);
        for c in lossy.chars() {
            match c {
                '\n' => self.push("\\n"),
                '\r' => self.push("\\r"),
                '\t' => self.push("\\t"),
                '\\' => self.push("\\\\"),
                c if c == quote => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                c if (c as u32) < 0x20 || c as u32 == 0x7f => self.push(&format!("\\x{:02x}", c as u32)),
                c => self.out.push(c),
            }
        }
        self.out.push(quote);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
        self.push("b");
        self.out.push(quote);
        for &b in bytes {
            match b {
                b'\n' => self.push("\\n"),
                b'\r' => self.push("\\r"),
                b'\t' => self.push("\\t"),
                b'\\' => self.push("\\\\"),
                b if b as char == quote => {
                    self.out.push('\\');
                    self.out.push(quote);
                }
                0x20..0x7f => self.out.push(b as char),
                b => self.push(&format!("\\x{b:02x}")),
            }
        }
        self.out.push(quote);
    }
}

/// A float as `repr` writes it; infinity as a literal that gives it.
fn float(x: f64) -> String {
    if x.is_infinite() {
        return "1e309".into();
    }
    let text = format!("{x:?}");
    match text.split_once('e') {
        None => text,
        Some((mantissa, exponent)) => {
            let (sign, digits) = match exponent.strip_prefix('-') {
                Some(digits) => ('-', digits),
                None => ('+', exponent),
            };
            format!("{mantissa}e{sign}{digits:0>2}")
        }
    }
}
