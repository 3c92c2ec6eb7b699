//! Code objects, frames, tracebacks as Python sees them, and `locals()`.

use ferropy_bytecode::code::VarKind;
use ferropy_vm::frame::{Frame, flags as fflags};
use ferropy_vm::types::{CellObject, CodeObject, Dict, Function, Tuple};
use ferropy_vm::{Gc, R, Thread, Value};

/// Adds this part to a new interpreter.
pub fn install(_cx: &mut Thread) -> R<()> {
    Ok(())
}

/// Globals of the innermost Python frame.
pub fn caller_globals(cx: &mut Thread) -> Option<Gc<Dict>> {
    let frame = cx.current_frame()?;
    // SAFETY: a live record.
    unsafe { (*frame).func }.cast::<Function>()?.globals.cast()
}

/// What `locals()` gives for a live frame: the namespace of modules and classes, else a new dict of the variables.
pub fn frame_locals(cx: &mut Thread, frame: *mut Frame) -> R {
    // SAFETY: a live record.
    let f = unsafe { &*frame };
    if f.flags & fflags::LOCALS != 0 && f.flags & fflags::GENERATOR == 0 {
        return Ok(f.aux);
    }
    let d = cx.new_dict()?;
    let (Some(func), Some(code)) = (f.func.cast::<Function>(), f.code.cast::<CodeObject>()) else {
        return Ok(d.value());
    };
    for var in &code.rust().vars {
        // SAFETY: registers of a live frame; verified code names existing ones.
        let value = match var.kind {
            VarKind::Local => unsafe { *f.regs.add(var.index as usize) },
            VarKind::Cell => cell_content(unsafe { *f.regs.add(var.index as usize) }),
            VarKind::Free => {
                let cells = func.closure.cast::<Tuple>();
                cells.and_then(|c| c.items().get(var.index as usize).copied()).map_or(Value::NULL, cell_content)
            }
            VarKind::Hidden => Value::NULL,
        };
        if let Some(v) = value.bound() {
            let name = cx.intern(&var.name)?;
            cx.dict_set_str(d, name, v)?;
        }
    }
    Ok(d.value())
}

/// The content of a cell; before its `MakeCell` the register of a parameter holds the value itself.
fn cell_content(v: Value) -> Value {
    v.cast::<CellObject>().map_or(v, |c| c.content.get())
}
