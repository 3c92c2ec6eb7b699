//! Tracebacks.

use ferropy_vm::types::{FrameObject, Traceback};
use ferropy_vm::{Args, Builtin as B, Gc, NativeDef, R, Thread, Value, field};

static METHODS: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, /, tb_next, tb_frame, tb_lasti, tb_lineno)",
        new,
        "Create a new traceback object.",
    ),
    NativeDef::getset("tb_next", get_next, set_next, ""),
    NativeDef::getter("tb_frame", get_frame, "").as_member(),
    NativeDef::getter("tb_lasti", get_lasti, "").as_member(),
    NativeDef::getter("tb_lineno", get_lineno, ""),
    NativeDef::method("__dir__(self, /)", dir, ""),
];

pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::Traceback);
    cx.add_methods(class, METHODS)
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<Traceback>> {
    v.cast::<Traceback>().ok_or_else(|| cx.type_error("traceback expected"))
}

/// A traceback, or unbound for None.
fn link(cx: &mut Thread, v: Value) -> R {
    if v.is_none() {
        return Ok(Value::NULL);
    }
    if v.cast::<Traceback>().is_none() {
        let got = cx.class_name(v);
        return Err(cx.type_error(format!("expected traceback object or None, got '{got}'")));
    }
    Ok(v)
}

fn new(cx: &mut Thread, a: Args<'_>) -> R {
    let next = link(cx, a[1])?;
    let Some(frame) = a[2].cast::<FrameObject>() else {
        let got = cx.class_name(a[2]);
        return Err(cx.type_error(format!("traceback() argument 'tb_frame' must be frame, not {got}")));
    };
    let (lasti, lineno) = (cx.index(a[3])?, cx.index(a[4])?);
    let (Ok(lasti), Ok(lineno)) = (i32::try_from(lasti), i32::try_from(lineno)) else {
        return Err(cx.overflow_error("signed integer is greater than maximum"));
    };
    let tb = Traceback { next: field(next), frame: field(frame), lasti, lineno: lineno.into() };
    Ok(cx.alloc(B::Traceback, tb)?.value())
}

fn get_next(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.next.get().bound().unwrap_or(Value::NONE))
}

fn set_next(cx: &mut Thread, a: Args<'_>) -> R {
    let tb = this(cx, a[0])?;
    if a[1].is_null() {
        return Err(cx.type_error("can't delete tb_next attribute"));
    }
    let next = link(cx, a[1])?;
    let mut at = next;
    while let Some(t) = at.cast::<Traceback>() {
        if t == tb {
            return Err(cx.value_error("traceback loop detected"));
        }
        at = t.next.get();
    }
    tb.next.set(cx, tb, next);
    Ok(Value::NONE)
}

fn get_frame(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.frame.get())
}

fn get_lasti(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::small_int(this(cx, a[0])?.lasti as i64))
}

fn get_lineno(cx: &mut Thread, a: Args<'_>) -> R {
    let tb = this(cx, a[0])?;
    if tb.lineno.get() >= 0 {
        return Ok(Value::small_int(tb.lineno.get() as i64));
    }
    let n = cx.traceback_line(tb);
    Ok(if n == 0 { Value::NONE } else { Value::small_int(n as i64) })
}

fn dir(cx: &mut Thread, _: Args<'_>) -> R {
    let list = cx.new_list(&[])?;
    for n in ["tb_frame", "tb_next", "tb_lasti", "tb_lineno"] {
        let n = cx.intern(n)?;
        cx.list_append(list, n)?;
    }
    Ok(list.value())
}
