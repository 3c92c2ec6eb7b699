//! `staticmethod` and `classmethod`.

use ferropy_vm::types::Wrapper;
use ferropy_vm::{Args, Builtin as B, Exc, Gc, N, NativeDef, R, Thread, Value, null_field};

static COMMON: &[NativeDef] = &[
    NativeDef::getter("__func__", get_func, "").as_member(),
    NativeDef::getter("__wrapped__", get_func, "").as_member(),
    NativeDef::getter("__isabstractmethod__", get_abstract, ""),
    NativeDef::getset("__dict__", crate::object::layout::get_dict, crate::object::layout::set_dict, ""),
    NativeDef::getset("__annotations__", get_annotations, set_annotations, ""),
    NativeDef::getset("__annotate__", get_annotate, set_annotate, ""),
    NativeDef::method(
        "__init__(self, function, /)",
        init,
        "Initialize self.  See help(type(self)) for accurate signature.",
    ),
];

static STATIC: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, /, *args, **kwargs)",
        new_wrapper,
        "Create and return a new object.  See help(type) for accurate signature.",
    ),
    NativeDef::method(
        "__get__(self, instance, owner=None, /)",
        static_get,
        "Return an attribute of instance, which is of type owner.",
    ),
    NativeDef::method("__call__(self, /, *args, **kwargs)", static_call, "Call self as a function."),
    NativeDef::method("__repr__(self, /)", wrapper_repr, "Return repr(self)."),
];

static CLASS: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, /, *args, **kwargs)",
        new_wrapper,
        "Create and return a new object.  See help(type) for accurate signature.",
    ),
    NativeDef::method(
        "__get__(self, instance, owner=None, /)",
        class_get,
        "Return an attribute of instance, which is of type owner.",
    ),
    NativeDef::method("__repr__(self, /)", wrapper_repr, "Return repr(self)."),
];

const STATIC_DOC: &str = "Convert a function to be a static method.\n\nA static method does not receive an implicit first \
argument.\nTo declare a static method, use this idiom:\n\n     class C:\n         @staticmethod\n         def f(arg1, arg2, \
argN):\n             ...\n\nIt can be called either on the class (e.g. C.f()) or on an instance\n(e.g. C().f()). Both the \
class and the instance are ignored, and\nneither is passed implicitly as the first argument to the method.\n\nStatic \
methods in Python are similar to those found in Java or C++.\nFor a more advanced concept, see the classmethod builtin.";

const CLASS_DOC: &str = "Convert a function to be a class method.\n\nA class method receives the class as implicit first \
argument,\njust like an instance method receives the instance.\nTo declare a class method, use this idiom:\n\n  class C:\n\
      @classmethod\n      def f(cls, arg1, arg2, argN):\n          ...\n\nIt can be called either on the class (e.g. C.f()) \
or on an instance\n(e.g. C().f()).  The instance is ignored except for its class.\nIf a class method is called for a derived \
class, the derived class\nobject is passed as the implied first argument.\n\nClass methods are different than C++ or Java \
static methods.\nIf you want those, see the staticmethod builtin.";

pub fn install(cx: &mut Thread) -> R<()> {
    for (b, methods, doc) in [(B::StaticMethod, STATIC, STATIC_DOC), (B::ClassMethod, CLASS, CLASS_DOC)] {
        let class = cx.builtin(b);
        cx.add_methods(class, COMMON)?;
        cx.add_methods(class, methods)?;
        crate::type_::set_doc(cx, class, doc)?;
    }
    Ok(())
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<Wrapper>> {
    v.cast::<Wrapper>().ok_or_else(|| cx.type_error("staticmethod or classmethod expected"))
}

fn func(cx: &mut Thread, v: Value) -> R {
    match this(cx, v)?.func.get().bound() {
        Some(f) => Ok(f),
        None => {
            let kind = if cx.is_instance(v, cx.builtin(B::StaticMethod)) { "staticmethod" } else { "classmethod" };
            Err(cx.runtime_error(format!("uninitialized {kind} object")))
        }
    }
}

fn new_wrapper(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(c) = a[0].cast::<ferropy_vm::types::Class>() else { return Err(cx.type_error("type expected")) };
    Ok(cx.alloc_of(c, Wrapper { func: null_field() })?.value())
}

fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let w = this(cx, a[0])?;
    w.func.set(cx, a[0], a[1]);
    copy_attributes(cx, a[0], a[1])?;
    Ok(Value::NONE)
}

/// Makes the wrapper look like what it wraps.
fn copy_attributes(cx: &mut Thread, to: Value, from: Value) -> R<()> {
    for n in [N::__module__, N::__name__, N::__qualname__, N::__doc__] {
        let key = cx.name(n);
        if let Some(v) = cx.getattr_opt(from, key)? {
            cx.setattr(to, key, v)?;
        }
    }
    Ok(())
}

fn get_func(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.func.get().bound().unwrap_or(Value::NONE))
}

fn get_abstract(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?.func.get();
    Ok(Value::bool(is_abstract(cx, f)?))
}

/// Truth of `f.__isabstractmethod__`, if it has that.
pub fn is_abstract(cx: &mut Thread, f: Value) -> R<bool> {
    let Some(f) = f.bound() else { return Ok(false) };
    let key = cx.name(N::__isabstractmethod__);
    match cx.getattr_opt(f, key)? {
        Some(v) => cx.truth(v),
        None => Ok(false),
    }
}

/// An attribute of the function, remembered in the wrapper's dict.
fn through(cx: &mut Thread, v: Value, n: N) -> R {
    let key = cx.name(n);
    let d = cx.instance_dict(v)?.cast::<ferropy_vm::types::Dict>();
    if let Some(x) = d.and_then(|d| cx.dict_get_str(d, key)) {
        return Ok(x);
    }
    let f = func(cx, v)?;
    let x = cx.getattr(f, key)?;
    if let Some(d) = d {
        cx.dict_set_str(d, key, x)?;
    }
    Ok(x)
}

fn set_through(cx: &mut Thread, v: Value, n: N, x: Value) -> R {
    let key = cx.name(n);
    let Some(d) = cx.instance_dict(v)?.cast::<ferropy_vm::types::Dict>() else { return Ok(Value::NONE) };
    match x.bound() {
        Some(x) => cx.dict_set_str(d, key, x)?,
        None => {
            if cx.dict_remove(d, key)?.is_none() {
                return Err(cx.error_with(Exc::AttributeError, &[key]));
            }
        }
    }
    Ok(Value::NONE)
}

fn get_annotations(cx: &mut Thread, a: Args<'_>) -> R {
    through(cx, a[0], N::__annotations__)
}
fn set_annotations(cx: &mut Thread, a: Args<'_>) -> R {
    set_through(cx, a[0], N::__annotations__, a[1])
}
fn get_annotate(cx: &mut Thread, a: Args<'_>) -> R {
    through(cx, a[0], N::__annotate__)
}
fn set_annotate(cx: &mut Thread, a: Args<'_>) -> R {
    set_through(cx, a[0], N::__annotate__, a[1])
}

fn static_get(cx: &mut Thread, a: Args<'_>) -> R {
    func(cx, a[0])
}

fn static_call(cx: &mut Thread, a: Args<'_>) -> R {
    let f = func(cx, a[0])?;
    // SAFETY: the binder made a tuple.
    let args = unsafe { a[1].cast_unchecked() };
    cx.call_ex(f, args, a[2])
}

fn class_get(cx: &mut Thread, a: Args<'_>) -> R {
    let f = func(cx, a[0])?;
    let class = match a.some(2) {
        Some(c) => c,
        None => cx.class_of(a[1]).value(),
    };
    cx.new_bound_method(f, class)
}

fn wrapper_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?.func.get().bound().unwrap_or(Value::NONE);
    let shown = cx.repr(f)?;
    let name = if cx.is_instance(a[0], cx.builtin(B::StaticMethod)) { "staticmethod" } else { "classmethod" };
    let head = cx.new_str(&format!("<{name}("))?;
    let head = cx.concat(head, shown)?;
    let tail = cx.new_str(")>")?;
    Ok(cx.concat(head, tail)?.value())
}
