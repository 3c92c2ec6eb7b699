//! Generators and coroutines as resumable register files.
//!
//! A generator's registers lie in its object, also while it runs: resuming pushes a frame that points there, suspending
//! pops it. While it runs the frame is a root for them and they are written without barriers. `pc` is the index of the
//! yielding instruction.

use crate::class::Builtin as B;
use crate::frame::{Cont, Frame, flags as fflags};
use crate::object::{Gc, HeapObject};
use crate::types::*;
use crate::{Exc, N, R, RootedVec, Thread, Value};
use ferropy_bytecode::{Instr, Op, flags as cflags};

/// States of a generator.
pub mod state {
    pub const CREATED: u8 = 0;
    pub const SUSPENDED: u8 = 1;
    pub const RUNNING: u8 = 2;
    pub const FINISHED: u8 = 3;
}

/// Bits of `Generator::flags`.
pub mod gen_flags {
    /// Not registered for finalisation yet; to be when it is suspended where `close()` has something to do.
    pub const UNREGISTERED: u8 = 1;
    /// Async generators: the hooks were called.
    pub const HOOKED: u8 = 2;
    /// `aclose()` began, or the end was reached.
    pub const CLOSED: u8 = 4;
    /// An `asend`, `athrow` or `aclose` is under way.
    pub const RUNNING_ASYNC: u8 = 8;
}

/// Copies a few registers: a loop is quicker than a call of memcpy.
///
/// # Safety
/// Both ranges are valid and apart.
#[inline(always)]
unsafe fn copy_words(from: *const Value, to: *mut Value, n: usize) {
    // Two at a time; volatile, or the loop is turned into that call.
    let (from2, to2) = (from as *const [Value; 2], to as *mut [Value; 2]);
    for i in 0..n / 2 {
        std::ptr::write_volatile(to2.add(i), std::ptr::read(from2.add(i)));
    }
    if n % 2 == 1 {
        std::ptr::write_volatile(to.add(n - 1), *from.add(n - 1));
    }
}

/// How a resumed generator came back.
#[derive(Clone, Copy, Debug)]
pub enum Resumed {
    Yielded(Value),
    Returned(Value),
}

impl Thread {
    /// A generator, coroutine or async generator. Its parameters are bound at `params`, where the collector sees them: on
    /// the native stack, in the running frame's registers, or rooted.
    pub(crate) fn make_generator(&mut self, f: Gc<Function>, code: Gc<CodeObject>, params: *const Value) -> R {
        let class = if code.flags & cflags::COROUTINE != 0 {
            B::Coroutine
        } else if code.flags & cflags::ASYNC_GENERATOR != 0 {
            B::AsyncGenerator
        } else {
            B::Generator
        };
        let n = code.nregs as usize;
        let size = size_of::<Generator>() + n * 8;
        let r = self.alloc_raw(Generator::kind(), class as u32, size, 0)?;
        // SAFETY: fresh zeroed memory of this size.
        let g = unsafe {
            let g = r.payload() as *mut Generator;
            (*g).nregs = n as u32;
            (*g).func.init(f);
            (*g).code.init(code);
            (*g).name.init(f.name.get());
            (*g).qualname.init(f.qualname.get());
            Gc::from_raw(g)
        };
        // SAFETY: parameters come first among the registers; the object is fresh.
        unsafe { copy_words(params, g.regs(), code.nparams as usize) };
        if class != B::Generator {
            self.mutator.register_finalizable(g.as_ref());
        } else if code.rust().exceptions.len() > 1 {
            // The one entry of every generator turns StopIteration into RuntimeError.
            g.flags.set(gen_flags::UNREGISTERED);
        }
        if class == B::Coroutine
            && let Some(depth) = self.locals.get("coroutine_origin_depth")
            && let Some(depth) = depth.as_int().filter(|d| *d > 0)
        {
            self.note_coroutine_origin(g, depth)?;
        }
        Ok(g.value())
    }

    /// Remembers where a coroutine was made: a tuple of (file, line, function) from the innermost frame on.
    fn note_coroutine_origin(&mut self, g: Gc<Generator>, depth: i64) -> R<()> {
        let mut out = RootedVec::new(self);
        let mut at = self.frame;
        // SAFETY: live records down to the first, which is a sentinel.
        while at > self.stacks.first_frame() && (out.len() as i64) < depth {
            let code = unsafe { (*at).code }.cast::<CodeObject>();
            if let Some(code) = code {
                let pc = self.frame_pc(at);
                let line = Value::small_int(self.line_of(code, pc) as i64);
                let item = self.new_tuple(&[code.filename.get(), line, code.name.get()])?;
                out.push(item);
            }
            at = unsafe { at.sub(1) };
        }
        let origin = self.new_tuple(&out)?;
        g.extra.set(self, g, origin);
        Ok(())
    }

    /// A suspended generator that must be closed when it dies is registered for that.
    #[cold]
    fn register_if_protected(&mut self, g: Gc<Generator>) {
        let Some(code) = self.generator_code(g) else { return };
        let table = &code.rust().exceptions;
        let (Some(whole), pc) = (table.last(), g.pc.get()) else { return };
        if table.iter().any(|e| e.start <= pc && pc < e.end && e.target != whole.target) {
            g.flags.set(g.flags.get() & !gen_flags::UNREGISTERED);
            self.mutator.register_finalizable(g.as_ref());
        }
    }

    pub fn generator_code(&self, g: Gc<Generator>) -> Option<Gc<CodeObject>> {
        g.code.cast::<CodeObject>()
    }

    /// The instruction that a suspended generator waits in.
    pub fn generator_instr(&self, g: Gc<Generator>) -> Option<Instr> {
        let code = self.generator_code(g)?;
        code.rust().instrs.get(g.pc.get() as usize).map(|w| Instr(*w))
    }

    /// What a suspended generator delegates to (`yield from`, `await`).
    pub fn generator_delegate(&self, g: Gc<Generator>) -> Option<Value> {
        if g.state.get() != state::SUSPENDED {
            return None;
        }
        let i = self.generator_instr(g)?;
        // SAFETY: verified code: the register exists.
        (i.op() == Op::YieldFrom).then(|| unsafe { *g.regs().add(i.c()) })
    }

    /// Pushes the frame of a generator that is not running or finished. `send` goes to the yield's register.
    pub(crate) fn push_generator(&mut self, g: Gc<Generator>, send: Value, cont: Cont, dst: u8) -> R<()> {
        // SAFETY: the limit is checked; generators are made with their code; the frame's registers are the generator's own.
        unsafe {
            let frame = self.frame.add(1);
            if frame >= self.frame_limit {
                return Err(self.recursion_error(""));
            }
            let (code, regs) = (g.code.as_gc::<CodeObject>(), g.regs());
            let mut pc = code.instrs.add(g.pc.get() as usize);
            if g.state.get() == state::SUSPENDED {
                let i = Instr(*pc);
                *regs.add(i.a()) = send;
                pc = pc.add(1 + (i.op() == Op::YieldFrom) as usize);
            }
            let object = g.frame_obj.get();
            *frame = Frame {
                pc,
                regs,
                func: g.func.get(),
                code: code.value(),
                aux: g.value(),
                handled: g.handled.get(),
                object,
                cont,
                dst,
                flags: fflags::GENERATOR,
                top: (*self.frame).top,
            };
            if !object.is_null()
                && let Some(o) = object.cast::<FrameObject>()
            {
                o.live.set(frame);
            }
            self.frame = frame;
        }
        g.state.set(state::RUNNING);
        Ok(())
    }

    /// Resumes a generator for the interpreter loop that runs, and with it the whole chain of generators that it
    /// delegates to: each waits in its `Send` as if it had just executed it.
    pub(crate) fn resume_chain(&mut self, g: Gc<Generator>, send: Value, cont: Cont, dst: u8) -> R<()> {
        let (mut g, mut cont, mut dst) = (g, cont, dst);
        loop {
            let inner = self.delegated_generator(g);
            self.push_generator(g, send, cont, dst)?;
            // SAFETY: pointers into the reserved stack.
            let room = unsafe { self.frame.add(1) } < self.frame_limit;
            let Some((next, to)) = inner.filter(|_| room) else { return Ok(()) };
            // SAFETY: the frame is behind its `YieldFrom`, whose two words follow the `Send`.
            let frame = self.top();
            frame.pc = unsafe { frame.pc.sub(2) };
            (g, cont, dst) = (next, Cont::SendGen, to);
        }
    }

    /// The suspended generator that a suspended one delegates to, and the register for what it yields.
    #[inline]
    fn delegated_generator(&self, g: Gc<Generator>) -> Option<(Gc<Generator>, u8)> {
        if g.state.get() != state::SUSPENDED {
            return None;
        }
        // SAFETY: a generator has code and waits in one of its instructions; `YieldFrom` stands behind a `Send`.
        let (from, inner) = unsafe {
            let at = g.code.as_gc::<CodeObject>().instrs.add(g.pc.get() as usize);
            let i = Instr(*at);
            if i.op() != Op::YieldFrom {
                return None;
            }
            (Instr(*at.sub(2)), *g.regs().add(i.c()))
        };
        let inner_generator = inner.cast::<Generator>()?;
        let fits = from.op() == Op::Send
            && inner.shape() != B::AsyncGenerator as u32
            && inner_generator.state.get() == state::SUSPENDED;
        fits.then_some((inner_generator, from.a() as u8))
    }

    /// Suspends the running generator's frame (its instruction is at `pc`) and pops it.
    pub(crate) fn suspend(&mut self, pc: *const u32) {
        // SAFETY: the running frame belongs to a generator.
        unsafe {
            let frame = &mut *self.frame;
            let g = frame.aux.cast_unchecked::<Generator>();
            let code = frame.code.cast_unchecked::<CodeObject>();
            // Its registers were written without barriers while its frame was a root.
            self.mutator.barrier(g.as_ref());
            g.pc.set(pc.offset_from(code.instrs) as u32);
            g.handled.init(frame.handled);
            g.frame_obj.init(frame.object);
            if !frame.object.is_null()
                && let Some(o) = frame.object.cast::<FrameObject>()
            {
                o.live.set(std::ptr::null_mut());
                o.pc.set(g.pc.get());
            }
            g.state.set(state::SUSPENDED);
            self.frame = self.frame.sub(1);
            if g.flags.get() & gen_flags::UNREGISTERED != 0 {
                self.register_if_protected(g);
            }
        }
    }

    /// The generator of the running frame is done: its registers are cleared.
    pub(crate) fn finish_generator(&mut self, g: Gc<Generator>) {
        g.state.set(state::FINISHED);
        self.mutator.finalizer_done(g.as_ref());
        // The registers are not cleared: the collector does not look at them any more.
        self.mutator.barrier(g.as_ref());
        g.handled.init(Value::NULL);
    }

    #[inline(always)]
    fn check_resumable(&mut self, g: Gc<Generator>) -> R<()> {
        if g.state.get() <= state::SUSPENDED { Ok(()) } else { self.check_not_resumable(g) }
    }

    #[cold]
    fn check_not_resumable(&mut self, g: Gc<Generator>) -> R<()> {
        let kind = match g.shape() {
            s if s == B::Coroutine as u32 => "coroutine",
            s if s == B::AsyncGenerator as u32 => "async generator",
            _ => "generator",
        };
        match g.state.get() {
            state::RUNNING => Err(self.value_error(format!("{kind} already executing"))),
            state::FINISHED if kind == "coroutine" => Err(self.runtime_error("cannot reuse already awaited coroutine")),
            _ => Ok(()),
        }
    }

    /// Sends a value in.
    pub fn generator_send(&mut self, g: Gc<Generator>, value: Value) -> R<Resumed> {
        self.check_resumable(g)?;
        if g.state.get() == state::FINISHED {
            return Ok(Resumed::Returned(Value::NONE));
        }
        if g.state.get() == state::CREATED && !value.is_none() {
            let kind = self.class_name(g.value()).replace('_', " ");
            return Err(self.type_error(format!("can't send non-None value to a just-started {kind}")));
        }
        self.push_generator(g, value, Cont::ExitGen, 0)?;
        let r = self.run();
        self.resumed(g, r)
    }

    fn resumed(&mut self, g: Gc<Generator>, r: R) -> R<Resumed> {
        let v = r?;
        Ok(if g.state.get() == state::SUSPENDED { Resumed::Yielded(v) } else { Resumed::Returned(v) })
    }

    /// `next(g)`, None at the end (the return value is dropped).
    pub fn generator_next(&mut self, g: Gc<Generator>) -> R<Option<Value>> {
        match self.generator_send(g, Value::NONE)? {
            Resumed::Yielded(v) => Ok(Some(v)),
            Resumed::Returned(_) => Ok(None),
        }
    }

    /// Throws an exception object in.
    pub fn generator_throw(&mut self, g: Gc<Generator>, exc: Value) -> R<Resumed> {
        self.generator_throw_as(g, exc, true)
    }

    /// The same; `closing` says whether GeneratorExit closes what the generator delegates to (or is thrown into it).
    pub fn generator_throw_as(&mut self, g: Gc<Generator>, exc: Value, closing: bool) -> R<Resumed> {
        self.check_resumable(g)?;
        if let Some(sub) = self.generator_delegate(g) {
            return self.throw_into_delegate(g, sub, exc, closing);
        }
        self.throw_here(g, exc)
    }

    /// Raises in the generator's own frame.
    fn throw_here(&mut self, g: Gc<Generator>, exc: Value) -> R<Resumed> {
        if g.state.get() == state::FINISHED {
            return Err(self.raise_value(exc));
        }
        // One that was not started raises at its first line.
        self.push_generator(g, Value::NONE, Cont::ExitGen, 0)?;
        self.raise_value(exc);
        let r = self.run_raising();
        self.resumed(g, r)
    }

    fn throw_into_delegate(&mut self, g: Gc<Generator>, sub: Value, exc: Value, closing: bool) -> R<Resumed> {
        let exit = self.exc_class(Exc::GeneratorExit);
        if closing && self.is_instance(exc, exit) {
            g.state.set(state::RUNNING);
            let closed = self.close_iterator(sub);
            g.state.set(state::SUSPENDED);
            return match closed {
                Ok(()) => self.throw_here(g, exc),
                Err(_) => {
                    let e = self.take_pending();
                    self.throw_here(g, e)
                }
            };
        }
        // While the delegate runs, the frame of this one is on the stack below it.
        let at = g.pc.get() as usize;
        self.push_generator(g, Value::NONE, Cont::ExitGen, 0)?;
        let r = self.throw_into(sub, exc, closing);
        let r = match r {
            Ok(None) => {
                self.raise_value(exc);
                self.run_raising()
            }
            Ok(Some(Resumed::Yielded(v))) => {
                // SAFETY: the frame pushed above is on top again; its code has this instruction.
                let pc = unsafe { crate::handlers::code(self).instrs.add(at) };
                self.suspend(pc);
                return Ok(Resumed::Yielded(v));
            }
            Ok(Some(Resumed::Returned(v))) => {
                self.skip_delegation(v);
                self.run()
            }
            Err(_) => self.run_raising(),
        };
        self.resumed(g, r)
    }

    /// The delegate of the generator that is on top ended with result `v`: goes on behind the `yield from`.
    fn skip_delegation(&mut self, v: Value) {
        // SAFETY: the frame's pc is behind its YieldFrom and that one's extension word.
        unsafe {
            let frame = self.top();
            let i = Instr(*frame.pc.sub(2));
            frame.pc = frame.pc.offset(*frame.pc.sub(1) as i32 as isize);
            *frame.regs.add(i.b()) = v;
        }
    }

    /// `throw` of the delegate; None if it has none.
    fn throw_into(&mut self, sub: Value, exc: Value, closing: bool) -> R<Option<Resumed>> {
        if let Some(g) = sub.cast::<Generator>()
            && sub.shape() != B::AsyncGenerator as u32
        {
            return self.generator_throw_as(g, exc, closing).map(Some);
        }
        let name = self.name(N::throw);
        let Some(f) = self.getattr_opt(sub, name)? else { return Ok(None) };
        let r = self.call(f, &[exc]);
        match r {
            Ok(v) => Ok(Some(Resumed::Yielded(v))),
            Err(e) => match self.take_stop_value()? {
                Some(v) => Ok(Some(Resumed::Returned(v))),
                None => Err(e),
            },
        }
    }

    /// `it.close()` if it has that.
    fn close_iterator(&mut self, it: Value) -> R<()> {
        if let Some(g) = it.cast::<Generator>()
            && it.shape() != B::AsyncGenerator as u32
        {
            self.generator_close(g)?;
            return Ok(());
        }
        let name = self.name(N::close);
        if let Some(f) = self.getattr_opt(it, name)? {
            self.call(f, &[])?;
        }
        Ok(())
    }

    /// `g.close()`; the value that the generator returned, if it did.
    pub fn generator_close(&mut self, g: Gc<Generator>) -> R {
        match g.state.get() {
            state::CREATED => {
                self.finish_generator(g);
                return Ok(Value::NONE);
            }
            state::FINISHED => return Ok(Value::NONE),
            state::RUNNING => {
                self.check_resumable(g)?;
            }
            _ => {}
        }
        let class = self.exc_class(Exc::GeneratorExit).value();
        let exc = self.call(class, &[])?;
        match self.generator_throw(g, exc) {
            Ok(Resumed::Yielded(_)) => {
                let kind = self.class_name(g.value()).replace('_', " ");
                Err(self.runtime_error(format!("{kind} ignored GeneratorExit")))
            }
            Ok(Resumed::Returned(v)) => Ok(v),
            Err(e) => {
                if self.pending_is(Exc::GeneratorExit) || self.pending_is(Exc::StopIteration) {
                    self.pending = Value::NULL;
                    return Ok(Value::NONE);
                }
                Err(e)
            }
        }
    }

    /// If StopIteration is pending: takes it and returns its value.
    pub fn take_stop_value(&mut self) -> R<Option<Value>> {
        if !self.pending_is(Exc::StopIteration) {
            return Ok(None);
        }
        let e = self.take_pending();
        Ok(Some(self.stop_value(e)))
    }

    /// `value` of a StopIteration.
    pub fn stop_value(&mut self, e: Value) -> Value {
        let Some(exc) = e.cast::<Exception>() else { return Value::NONE };
        if let Some(d) = exc.data.cast::<Array>()
            && d.capacity() > 0
        {
            return d.field(0).get().bound().unwrap_or(Value::NONE);
        }
        exc.args.cast::<Tuple>().and_then(|a| a.items().first().copied()).unwrap_or(Value::NONE)
    }
}
