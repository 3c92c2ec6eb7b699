//! Where the code of a tree comes from.
//!
//! A tree is compiled by way of the source that `ast.unparse` makes of it. That source's own tree has the same nodes at
//! other places: pairing the two tells where each place of the source was in the tree that was given.

use ferropy_bytecode::{Code, Const, Ext, Instr, Op, Operand, Position, positions};
use ferropy_vm::types::{List, Tuple};
use ferropy_vm::{R, RootedVec, Thread, Value};
use std::collections::{BTreeMap, HashMap, VecDeque};

type Spot = (u32, u32);

/// From places in the source to places in the tree.
#[derive(Default)]
pub struct Places {
    exact: HashMap<(Spot, Spot), (Spot, Spot)>,
    starts: HashMap<Spot, Spot>,
    ends: HashMap<Spot, Spot>,
    lines: BTreeMap<u32, u32>,
    /// Lines of lambdas and generator expressions, in order, by their lines in the source: there may be several in one.
    nameless: HashMap<u32, VecDeque<u32>>,
}

impl Places {
    /// Pairs the tree that was given with that of the source.
    pub fn pair(cx: &mut Thread, given: Value, made: Value) -> R<Places> {
        let mut places = Places::default();
        let mut todo = RootedVec::new(cx);
        todo.push(given);
        todo.push(made);
        while let (Some(made), Some(given)) = (todo.pop(), todo.pop()) {
            places.nodes(cx, given, made)?;
            children(cx, given, made, &mut todo)?;
        }
        Ok(places)
    }

    /// Notes the places of two nodes. Outer nodes come first: a line belongs to the first that begins there, a place to
    /// the last that has it.
    fn nodes(&mut self, cx: &mut Thread, given: Value, made: Value) -> R<()> {
        let (Some((start, end)), Some((to_start, to_end))) = (spots(cx, made)?, spots(cx, given)?) else {
            return Ok(());
        };
        self.lines.entry(start.0).or_insert(to_start.0);
        if matches!(&*cx.class_name(given), "Lambda" | "GeneratorExp") {
            self.nameless.entry(start.0).or_default().push_back(to_start.0);
        }
        self.starts.insert(start, to_start);
        self.ends.insert(end, to_end);
        let shown = shown_start(cx, given)?.unwrap_or(to_start);
        self.exact.insert((start, end), (shown, to_end));
        Ok(())
    }

    /// The line in the tree of a line of the source.
    pub fn line(&self, line: u32) -> u32 {
        self.lines.range(..=line).next_back().map_or(line, |(_, &to)| to)
    }

    fn position(&self, p: Position) -> Position {
        if p.line == 0 {
            return p;
        }
        let (Some(col), Some(end_col)) = (p.col, p.end_col) else { return self.only_line(p) };
        let (start, end) = ((p.line, col), (p.end_line, end_col));
        let pieces = || self.starts.get(&start).copied().zip(self.ends.get(&end).copied());
        match self.exact.get(&(start, end)).copied().or_else(pieces) {
            Some((start, end)) if start <= end => {
                Position { line: start.0, end_line: end.0, col: Some(start.1), end_col: Some(end.1) }
            }
            _ => self.only_line(p),
        }
    }

    fn only_line(&self, p: Position) -> Position {
        let line = self.line(p.line);
        Position { line, end_line: line, col: None, end_col: None }
    }

    fn first_line(&mut self, code: &Code) -> u32 {
        match (&*code.name, self.nameless.get_mut(&code.firstlineno)) {
            ("<module>", _) => code.firstlineno,
            // A `finally` body's code may be there more often than in the tree.
            ("<lambda>" | "<genexpr>", Some(lines)) if lines.len() > 1 => lines.pop_front().unwrap_or(code.firstlineno),
            ("<lambda>" | "<genexpr>", Some(lines)) => lines[0],
            _ => self.line(code.firstlineno),
        }
    }

    /// Puts code that was compiled from the source where the tree says.
    pub fn apply(&mut self, code: &mut Code) {
        let (old, new) = (code.firstlineno, self.first_line(code));
        let map = |p: Position| match p.col {
            None if p.line == old => Position { line: new, end_line: new, ..p },
            _ => self.position(p),
        };
        let words: Vec<Position> =
            positions::decode(&code.positions).flat_map(|(_, n, p)| std::iter::repeat_n(map(p), n)).collect();
        code.positions = positions::encode(&words);
        code.firstlineno = new;
        if code.names.iter().map(String::as_str).take(4).eq(CLASS_NAMES) {
            self.class_line(code);
        }
        for c in &mut code.consts {
            if let Const::Code(inner) = c {
                self.apply(inner);
            }
        }
    }
}

/// What a class's body begins with.
const CLASS_NAMES: [&str; 4] = ["__name__", "__module__", "__qualname__", "__firstlineno__"];

impl Places {
    /// The line that a class's body stores is a constant. If that serves others, too, it gets one of its own.
    fn class_line(&self, code: &mut Code) {
        let (mut at, mut load) = (0, None);
        while let Some(word) = code.instrs.get(at).copied() {
            let ins = Instr(word);
            let stored = code.instrs.get(at + 1).map(|w| *w as usize & 0xffff);
            if ins.op() == Op::StoreName && stored == Some(CLASS_NAMES.len() - 1) {
                break;
            }
            load = (ins.op() == Op::LoadConst).then_some(at);
            at += ins.op().words();
        }
        let Some(load) = load else { return };
        let ins = Instr(code.instrs[load]);
        let (Some(&Const::Int(line)), Ok(end)) = (code.consts.get(ins.bx()), u16::try_from(code.consts.len())) else {
            return;
        };
        let line = Const::Int(self.line(line as u32) as i64);
        if uses(code, ins.bx()) == 1 {
            code.consts[ins.bx()] = line;
        } else {
            code.consts.push(line);
            code.instrs[load] = Instr::abx(Op::LoadConst, ins.a() as u8, end).0;
        }
    }
}

/// How many operands are the constant.
fn uses(code: &Code, index: usize) -> usize {
    let (mut at, mut n) = (0, 0);
    while let Some(word) = code.instrs.get(at).copied() {
        let ins = Instr(word);
        let info = ins.op().info();
        let extension = code.instrs.get(at + 1).filter(|_| info.ext == Ext::Konst);
        n += (info.b == Operand::Konst && ins.b() == index) as usize;
        n += (info.c == Operand::Konst && ins.c() == index) as usize;
        n += (info.b == Operand::Konst16 && ins.bx() == index) as usize;
        n += extension.is_some_and(|w| *w as usize == index) as usize;
        at += ins.op().words();
    }
    n
}

fn number(cx: &mut Thread, node: Value, name: &str) -> R<Option<u32>> {
    let key = cx.intern(name)?;
    let found = cx.getattr_opt(node, key)?;
    Ok(found.and_then(Value::as_int).and_then(|n| u32::try_from(n).ok()))
}

/// Start and end of a node that has a place.
fn spots(cx: &mut Thread, node: Value) -> R<Option<(Spot, Spot)>> {
    let mut found = [0; 4];
    for (slot, name) in found.iter_mut().zip(["lineno", "col_offset", "end_lineno", "end_col_offset"]) {
        match number(cx, node, name)? {
            Some(n) => *slot = n,
            None => return Ok(None),
        }
    }
    let [line, col, end_line, end_col] = found;
    Ok(Some(((line, col), (end_line, end_col))))
}

/// Attributes over several lines, and calls of them, are shown from the attribute's name on.
fn shown_start(cx: &mut Thread, node: Value) -> R<Option<Spot>> {
    let attribute = match &*cx.class_name(node) {
        "Attribute" => node,
        "Call" => cx.getattr_str(node, "func")?,
        _ => return Ok(None),
    };
    if cx.class_name(attribute) != "Attribute" {
        return Ok(None);
    }
    let Some((start, (line, end))) = spots(cx, attribute)? else { return Ok(None) };
    let name = cx.getattr_str(attribute, "attr")?;
    let len = name.as_str().map_or(0, |s| s.bytes().len() as u32);
    Ok((start.0 != line && len <= end).then(|| (line, end.saturating_sub(len))))
}

fn is_node(cx: &mut Thread, v: Value) -> bool {
    cx.registry("ast.AST").and_then(|c| c.cast()).is_some_and(|c| cx.is_instance(v, c))
}

/// Appends the pairs of children of two nodes of one class. Where they differ in number they say nothing.
fn children(cx: &mut Thread, given: Value, made: Value, out: &mut RootedVec) -> R<()> {
    if cx.class_name(given) != cx.class_name(made) {
        return Ok(());
    }
    let fields = cx.getattr_str(made, "_fields")?;
    let Some(fields) = fields.cast::<Tuple>() else { return Ok(()) };
    // The last in is the first out.
    for i in (0..fields.len).rev() {
        let name = fields.at(i);
        let (Some(x), Some(y)) = (cx.getattr_opt(given, name)?, cx.getattr_opt(made, name)?) else { continue };
        match (x.cast::<List>(), y.cast::<List>()) {
            (Some(xs), Some(ys)) if xs.len() == ys.len() => {
                for k in (0..xs.len()).rev() {
                    if let (Some(x), Some(y)) = (xs.get(k), ys.get(k)) {
                        push_pair(cx, x, y, out);
                    }
                }
            }
            _ => push_pair(cx, x, y, out),
        }
    }
    Ok(())
}

fn push_pair(cx: &mut Thread, given: Value, made: Value, out: &mut RootedVec) {
    if is_node(cx, given) && is_node(cx, made) {
        out.push(given);
        out.push(made);
    }
}

/// Refuses trees that no source has, as far as unparsing would hide or misname the fault.
pub fn validate(cx: &mut Thread, tree: Value) -> R<()> {
    let mut todo = RootedVec::new(cx);
    todo.push(tree);
    while let Some(node) = todo.pop() {
        let (field, message) = match &*cx.class_name(node) {
            "NamedExpr" => ("target", "NamedExpr target must be a Name"),
            "TypeAlias" => ("name", "TypeAlias with non-Name name"),
            _ => ("", ""),
        };
        if !field.is_empty() {
            let name = cx.getattr_str(node, field)?;
            if cx.class_name(name) != "Name" {
                return Err(cx.type_error(message));
            }
        }
        let fields = cx.getattr_str(node, "_fields")?;
        let Some(fields) = fields.cast::<Tuple>() else { continue };
        for i in 0..fields.len {
            let Some(v) = cx.getattr_opt(node, fields.at(i))? else { continue };
            let items = v.cast::<List>().map_or(1, |l| l.len());
            for k in 0..items {
                let item = v.cast::<List>().map_or(Some(v), |l| l.get(k));
                if let Some(item) = item.filter(|v| is_node(cx, *v)) {
                    todo.push(item);
                }
            }
        }
    }
    Ok(())
}
