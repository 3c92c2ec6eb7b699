//! Frame objects and tracebacks: made when somebody looks, or an exception passes.

use crate::frame::{Frame, flags as fflags};
use crate::object::{Gc, HeapObject};
use crate::types::{CodeObject, Exception, FrameObject, Generator, Traceback};
use crate::{Builtin as B, Field, R, Thread, Value, field};
use ferropy_bytecode::{Instr, Op};

impl Thread {
    /// The frame object of a live frame.
    pub fn frame_object(&mut self, frame: *mut Frame) -> R<Gc<FrameObject>> {
        // SAFETY: a live record.
        let f = unsafe { &mut *frame };
        if let Some(o) = f.object.cast::<FrameObject>() {
            return Ok(o);
        }
        let n = f.nregs();
        let size = size_of::<FrameObject>() + n * 8;
        let r = self.alloc_raw(FrameObject::kind(), B::Frame as u32, size, 0)?;
        // SAFETY: fresh zeroed memory of this size.
        let o = unsafe {
            let o = r.payload() as *mut FrameObject;
            (*o).nregs = n as u32;
            Gc::from_raw(o)
        };
        o.func.init(f.func);
        o.live.set(frame);
        if f.flags & fflags::LOCALS != 0 {
            o.locals.init(f.aux);
        }
        if f.flags & fflags::GENERATOR != 0 {
            o.generator.init(f.aux);
        }
        f.object = o.value();
        Ok(o)
    }

    /// The frame object of a suspended (or running) generator; None if it is finished.
    pub fn generator_frame(&mut self, g: Gc<Generator>) -> R<Option<Gc<FrameObject>>> {
        use crate::ops::generator::state;
        match g.state.get() {
            state::FINISHED => return Ok(None),
            state::RUNNING => {
                let mut at = self.frame;
                // SAFETY: live records down to the first.
                unsafe {
                    while at > self.stacks.first_frame() {
                        if (*at).flags & fflags::GENERATOR != 0 && (*at).aux == g.value() {
                            return self.frame_object(at).map(Some);
                        }
                        at = at.sub(1);
                    }
                }
                return Ok(None);
            }
            _ => {}
        }
        if let Some(o) = g.frame_obj.cast::<FrameObject>() {
            return Ok(Some(o));
        }
        let n = g.nregs as usize;
        let r = self.alloc_raw(FrameObject::kind(), B::Frame as u32, size_of::<FrameObject>() + n * 8, 0)?;
        // SAFETY: fresh zeroed memory of this size.
        let o = unsafe {
            let o = r.payload() as *mut FrameObject;
            (*o).nregs = n as u32;
            Gc::from_raw(o)
        };
        o.func.init(g.func.get());
        o.generator.init(g);
        o.pc.set(g.pc.get());
        g.frame_obj.set(self, g, o);
        Ok(Some(o))
    }

    /// Adds the running frame (at instruction `pc`) to the pending exception's traceback, unless the instruction raises
    /// again what was raised here before.
    pub(crate) fn add_traceback(&mut self, pc: usize) {
        let e = self.pending;
        let Some(x) = e.cast::<Exception>() else { return };
        if self.raises_again(pc) {
            return self.show_where_raised(x, pc);
        }
        // Keep the exception alive in a local; making objects may collect.
        let Ok(frame) = self.frame_object(self.frame) else { return };
        if let Some(t) = x.traceback.cast::<Traceback>()
            && t.frame.get() == frame.value()
            && t.lasti == CodeObject::offset(pc)
        {
            return;
        }
        let next = x.traceback.get();
        let tb =
            Traceback { next: field(next), frame: field(frame), lasti: CodeObject::offset(pc), lineno: (-1).into() };
        if let Ok(tb) = self.alloc(B::Traceback, tb) {
            x.traceback.set(self, e, tb);
        }
        self.pending = e;
    }

    /// A clean-up that passes an exception on has no place of its own: the running frame, which may outlive its run as an
    /// object, is put back to where the exception came from.
    fn show_where_raised(&mut self, x: Gc<Exception>, pc: usize) {
        let code = crate::handlers::code(self);
        let as_raised = code.rust().instrs.get(pc).is_some_and(|w| Instr(*w).op() == Op::Reraise && Instr(*w).c() == 1);
        let Some(t) = x.traceback.cast::<Traceback>().filter(|_| as_raised) else { return };
        let top = self.top();
        let word = CodeObject::word_at(t.lasti).filter(|w| *w < code.rust().instrs.len());
        if let Some(word) = word.filter(|_| t.frame.get() == top.object) {
            // SAFETY: an instruction of the frame's code; the pc of a record is that of the next word.
            top.pc = unsafe { code.instrs.add(word + 1) };
        }
    }

    /// Is the pending exception one that the running frame had caught?
    fn raises_again(&mut self, pc: usize) -> bool {
        let code = crate::handlers::code(self);
        let Some(word) = code.rust().instrs.get(pc) else { return false };
        let i = Instr(*word);
        match i.op() {
            Op::Reraise | Op::EndAsyncFor => true,
            Op::Raise => i.c() == 0 && self.pending == self.handled_exception(),
            _ => false,
        }
    }

    /// The line of the instruction that a traceback entry shows, 0 if there is none.
    pub fn traceback_line(&self, t: Gc<Traceback>) -> u32 {
        let code = t.frame.cast::<FrameObject>().and_then(|f| self.frame_code(f));
        code.zip(CodeObject::word_at(t.lasti)).map_or(0, |(c, word)| self.line_of(c, word))
    }

    /// Line of an instruction, 0 if it has none.
    pub fn line_of(&self, code: Gc<CodeObject>, pc: usize) -> u32 {
        ferropy_bytecode::positions::at(&code.rust().positions, pc).line
    }

    /// The current line of a frame object.
    pub fn frame_line(&self, o: Gc<FrameObject>) -> u32 {
        let Some(code) = self.frame_code(o) else { return 0 };
        self.line_of(code, self.frame_object_pc(o))
    }

    /// Instruction index of a frame object.
    pub fn frame_object_pc(&self, o: Gc<FrameObject>) -> usize {
        let live = o.live.get();
        if live.is_null() {
            return match o.generator.cast::<Generator>() {
                Some(g) if g.state.get() <= 1 => g.pc.get() as usize,
                _ => o.pc.get() as usize,
            };
        }
        self.frame_pc(live)
    }

    pub fn frame_code(&self, o: Gc<FrameObject>) -> Option<Gc<CodeObject>> {
        o.func.cast::<crate::types::Function>()?.code.cast()
    }

    /// Register `i` of a frame object, wherever its registers are now.
    pub fn frame_reg(&self, o: Gc<FrameObject>, i: usize) -> Value {
        if i >= o.nregs as usize {
            return Value::NULL;
        }
        let live = o.live.get();
        // SAFETY: a live record's registers, or a suspended generator's, or the object's own copy.
        unsafe {
            if !live.is_null() {
                return *(*live).regs.add(i);
            }
            match o.generator.cast::<Generator>() {
                Some(g) if g.state.get() <= 1 => *g.regs().add(i),
                _ => o.reg(i).get(),
            }
        }
    }

    /// Writes register `i` of a frame object.
    pub fn set_frame_reg(&mut self, o: Gc<FrameObject>, i: usize, v: Value) {
        if i >= o.nregs as usize {
            return;
        }
        let live = o.live.get();
        // SAFETY: as above; heap registers are written through the barrier.
        unsafe {
            if !live.is_null() {
                *(*live).regs.add(i) = v;
                return;
            }
            match o.generator.cast::<Generator>() {
                Some(g) if g.state.get() <= 1 => (*(g.regs().add(i) as *const Field)).set(self, g, v),
                _ => o.reg(i).set(self, o, v),
            }
        }
    }
}
