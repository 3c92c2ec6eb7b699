//! What the grammar remembers of what it parsed: enough to name it in a message and to look for a wrong target in it.

use std::rc::Rc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    Name,
    Attribute,
    Subscript,
    Starred,
    List,
    Tuple,
    Lambda,
    Call,
    /// Operators.
    Expression,
    Generator,
    Yield,
    Await,
    ListComp,
    SetComp,
    DictComp,
    Dict,
    Set,
    FString,
    TString,
    /// None, True, False, `...`, or a literal.
    Constant(&'static str),
    Compare,
    /// A comparison whose first operator is `in`.
    In,
    Conditional,
    Named,
    /// Not an expression: statements, patterns, arguments. True: keyword arguments are unpacked among them.
    Other(bool),
}

impl Shape {
    /// As messages call it.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Name => "name",
            Shape::Attribute => "attribute",
            Shape::Subscript => "subscript",
            Shape::Starred => "starred",
            Shape::List => "list",
            Shape::Tuple => "tuple",
            Shape::Lambda => "lambda",
            Shape::Call => "function call",
            Shape::Expression => "expression",
            Shape::Generator => "generator expression",
            Shape::Yield => "yield expression",
            Shape::Await => "await expression",
            Shape::ListComp => "list comprehension",
            Shape::SetComp => "set comprehension",
            Shape::DictComp => "dict comprehension",
            Shape::Dict => "dict literal",
            Shape::Set => "set display",
            Shape::FString => "f-string expression",
            Shape::TString => "t-string expression",
            Shape::Constant(name) => name,
            Shape::Compare | Shape::In => "comparison",
            Shape::Conditional => "conditional expression",
            Shape::Named => "named expression",
            Shape::Other(_) => "expression",
        }
    }
}

struct Inner {
    shape: Shape,
    start: usize,
    end: usize,
    parts: Vec<Node>,
}

#[derive(Clone)]
pub struct Node(Rc<Inner>);

/// What a wrong target is looked for in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Targets {
    Star,
    Del,
    For,
}

impl Node {
    pub fn new(shape: Shape, start: usize, end: usize) -> Node {
        Node::of(shape, start, end, Vec::new())
    }
    pub fn of(shape: Shape, start: usize, end: usize, parts: Vec<Node>) -> Node {
        Node(Rc::new(Inner { shape, start, end, parts }))
    }
    pub fn shape(&self) -> Shape {
        self.0.shape
    }
    pub fn start(&self) -> usize {
        self.0.start
    }
    pub fn end(&self) -> usize {
        self.0.end
    }
    pub fn parts(&self) -> &[Node] {
        &self.0.parts
    }
    pub fn name(&self) -> &'static str {
        self.0.shape.name()
    }

    /// The first part that cannot be assigned to or deleted.
    pub fn invalid_target(&self, kind: Targets) -> Option<Node> {
        match self.shape() {
            Shape::List | Shape::Tuple => self.parts().iter().find_map(|p| p.invalid_target(kind)),
            Shape::Starred if kind == Targets::Del => Some(self.clone()),
            Shape::Starred => self.parts().first()?.invalid_target(kind),
            Shape::In if kind == Targets::For => self.parts().first()?.invalid_target(kind),
            Shape::Compare if kind == Targets::For => None,
            Shape::Name | Shape::Subscript | Shape::Attribute => None,
            _ => Some(self.clone()),
        }
    }
}
