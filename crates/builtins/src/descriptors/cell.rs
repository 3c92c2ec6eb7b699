//! Cells of closures.

use ferropy_vm::types::CellObject;
use ferropy_vm::{Args, Builtin as B, CmpOp, Gc, NativeDef, R, Thread, Value};

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, contents=<unrepresentable>, /)", new, "Create a new cell object."),
    NativeDef::getset("cell_contents", get_contents, set_contents, ""),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__eq__(self, value, /)", eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", ne, "Return self!=value."),
    NativeDef::method("__lt__(self, value, /)", lt, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", le, "Return self<=value."),
    NativeDef::method("__gt__(self, value, /)", gt, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", ge, "Return self>=value."),
];

pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::Cell);
    cx.add_methods(class, METHODS)
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<CellObject>> {
    v.cast::<CellObject>().ok_or_else(|| cx.type_error("cell expected"))
}

fn new(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(cx.new_cell(a.or(1, Value::NULL))?.value())
}

fn get_contents(cx: &mut Thread, a: Args<'_>) -> R {
    match this(cx, a[0])?.content.get().bound() {
        Some(v) => Ok(v),
        None => Err(cx.value_error("Cell is empty")),
    }
}

fn set_contents(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    c.content.set(cx, c, a[1]);
    Ok(Value::NONE)
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let what = match c.content.get().bound() {
        Some(v) => format!("{} object at {:#x}", cx.class_name(v), cx.id(v)),
        None => "empty".to_owned(),
    };
    let text = format!("<cell at {:#x}: {what}>", cx.id(a[0]));
    Ok(cx.new_str(&text)?.value())
}

/// Contents are compared; an empty cell comes before all others.
fn compare(cx: &mut Thread, a: Args<'_>, op: CmpOp) -> R {
    let c = this(cx, a[0])?;
    let Some(d) = a[1].cast::<CellObject>() else { return Ok(Value::NOT_IMPLEMENTED) };
    match (c.content.get().bound(), d.content.get().bound()) {
        (Some(x), Some(y)) => cx.compare(op, x, y),
        (x, y) => {
            let (x, y) = (Value::small_int(x.is_some() as i64), Value::small_int(y.is_some() as i64));
            cx.compare(op, x, y)
        }
    }
}

fn eq(cx: &mut Thread, a: Args<'_>) -> R {
    compare(cx, a, CmpOp::Eq)
}
fn ne(cx: &mut Thread, a: Args<'_>) -> R {
    compare(cx, a, CmpOp::Ne)
}
fn lt(cx: &mut Thread, a: Args<'_>) -> R {
    compare(cx, a, CmpOp::Lt)
}
fn le(cx: &mut Thread, a: Args<'_>) -> R {
    compare(cx, a, CmpOp::Le)
}
fn gt(cx: &mut Thread, a: Args<'_>) -> R {
    compare(cx, a, CmpOp::Gt)
}
fn ge(cx: &mut Thread, a: Args<'_>) -> R {
    compare(cx, a, CmpOp::Ge)
}
