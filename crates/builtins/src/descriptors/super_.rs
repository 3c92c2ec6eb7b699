//! `super`.

use ferropy_bytecode::code::VarKind;
use ferropy_vm::handlers::attr::super_start;
use ferropy_vm::ops::attr::object_getattribute;
use ferropy_vm::types::{CellObject, Class, CodeObject, Function, Super, Tuple};
use ferropy_vm::{Args, Builtin as B, Gc, NativeDef, R, Thread, Value, null_field};

static METHODS: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, /, *args, **kwargs)",
        new,
        "Create and return a new object.  See help(type) for accurate signature.",
    ),
    NativeDef::method(
        "__init__(self, type=<unrepresentable>, object_or_type=<unrepresentable>, /)",
        init,
        "Initialize self.  See help(type(self)) for accurate signature.",
    ),
    NativeDef::method("__getattribute__(self, name, /)", object_getattribute, "Return getattr(self, name)."),
    NativeDef::method(
        "__get__(self, instance, owner=None, /)",
        get,
        "Return an attribute of instance, which is of type owner.",
    ),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::getter("__thisclass__", get_class, "the class invoking super()").as_member(),
    NativeDef::getter("__self__", get_self, "the instance invoking super(); may be None").as_member(),
    NativeDef::getter("__self_class__", get_self_class, "the type of the instance invoking super(); may be None")
        .as_member(),
];

const DOC: &str = "super() -> same as super(__class__, <first argument>)\nsuper(type) -> unbound super object\nsuper(type, \
obj) -> bound super object; requires isinstance(obj, type)\nsuper(type, type2) -> bound super object; requires \
issubclass(type2, type)\nTypical use to call a cooperative superclass method:\nclass C(B):\n    def meth(self, arg):\n        \
super().meth(arg)\nThis works for class methods too:\nclass C(B):\n    @classmethod\n    def cmeth(cls, arg):\n        \
super().cmeth(arg)\n";

pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::Super);
    cx.add_methods(class, METHODS)?;
    crate::type_::set_doc(cx, class, DOC)
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<Super>> {
    v.cast::<Super>().ok_or_else(|| cx.type_error("super expected"))
}

fn new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(c) = a[0].cast::<Class>() else { return Err(cx.type_error("type expected")) };
    Ok(cx.alloc_of(c, Super { class: null_field(), this: null_field(), this_class: null_field() })?.value())
}

fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let (class, object) = match a.opt(1) {
        None => {
            let (c, o) = from_frame(cx)?;
            (c, Some(o))
        }
        Some(c) => match c.cast::<Class>() {
            Some(c) => (c, a.some(2)),
            None => {
                let got = cx.class_name(c);
                return Err(cx.type_error(format!("super() argument 1 must be a type, not {got}")));
            }
        },
    };
    fill(cx, s, class, object)?;
    Ok(Value::NONE)
}

fn fill(cx: &mut Thread, s: Gc<Super>, class: Gc<Class>, object: Option<Value>) -> R<()> {
    let start = match object {
        Some(o) => Some(super_start(cx, class, o)?),
        None => None,
    };
    s.class.set(cx, s, class);
    s.this.set(cx, s, object.unwrap_or(Value::NULL));
    s.this_class.set(cx, s, start.map_or(Value::NULL, |c| c.value()));
    Ok(())
}

/// Class cell and first argument of the running method.
fn from_frame(cx: &mut Thread) -> R<(Gc<Class>, Value)> {
    let Some(frame) = cx.current_frame() else { return Err(cx.runtime_error("super(): no current frame")) };
    // SAFETY: a live record.
    let f = unsafe { &*frame };
    let (Some(func), Some(code)) = (f.func.cast::<Function>(), f.code.cast::<CodeObject>()) else {
        return Err(cx.runtime_error("super(): no code object"));
    };
    if code.argcount == 0 {
        return Err(cx.runtime_error("super(): no arguments"));
    }
    let vars = &code.rust().vars;
    // SAFETY: the first parameter's register.
    let mut first = vars.first().map_or(Value::NULL, |v| unsafe { *f.regs.add(v.index as usize) });
    if vars.first().is_some_and(|v| v.kind == VarKind::Cell)
        && let Some(c) = first.cast::<CellObject>()
    {
        first = c.content.get();
    }
    let Some(first) = first.bound() else { return Err(cx.runtime_error("super(): arg[0] deleted")) };
    let free = vars.iter().find(|v| v.kind == VarKind::Free && v.name == "__class__");
    let cell = free.and_then(|v| func.closure.cast::<Tuple>()?.items().get(v.index as usize)?.cast::<CellObject>());
    let Some(cell) = cell else { return Err(cx.runtime_error("super(): __class__ cell not found")) };
    let content = cell.content.get();
    match content.cast::<Class>() {
        Some(c) => Ok((c, first)),
        None if content.is_null() => Err(cx.runtime_error("super(): empty __class__ cell")),
        None => {
            let got = cx.class_name(content);
            Err(cx.runtime_error(format!("super(): __class__ is not a type ({got})")))
        }
    }
}

fn get(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    if a[1].is_none() || !s.this.get().is_null() {
        return Ok(a[0]);
    }
    let class = cx.class_of(a[0]);
    let Some(of) = s.class.cast::<Class>() else { return Ok(a[0]) };
    if class != cx.builtin(B::Super) {
        return cx.call(class.value(), &[of.value(), a[1]]);
    }
    let new = cx.alloc_of(class, Super { class: null_field(), this: null_field(), this_class: null_field() })?;
    fill(cx, new, of, Some(a[1]))?;
    Ok(new.value())
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let class = s.class.cast::<Class>().map_or_else(|| "NULL".into(), |c| c.name());
    let of = match s.this_class.cast::<Class>() {
        Some(c) => format!("<{} object>", c.name()),
        None => "NULL".to_owned(),
    };
    Ok(cx.new_str(&format!("<super: <class '{class}'>, {of}>"))?.value())
}

fn get_class(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.class.get().bound().unwrap_or(Value::NONE))
}
fn get_self(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.this.get().bound().unwrap_or(Value::NONE))
}
fn get_self_class(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.this_class.get().bound().unwrap_or(Value::NONE))
}
