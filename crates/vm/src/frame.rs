//! Frames and the two stacks of a thread: frame records and registers.
//!
//! A call pushes a [`Frame`] record; the callee's registers begin at the caller's argument area. Both stacks are reserved
//! address space, so pointers into them stay valid. A generator's frame points at registers in its object instead. Record 0 is a sentinel that is never executed.
//!
//! Invariants: `regs..regs + nregs()` of every frame is initialised (unbound or a value); what lies above the top frame's
//! registers is dead. `pc` of a frame that is not running points behind the instruction that it waits in.

use crate::object::Gc;
use crate::types::{CodeObject, Function, Generator};
use crate::{R, Thread, Value};
use ferropy_bytecode::code::VarKind;
use ferropy_bytecode::liveness::Liveness;
use std::io;

/// What happens with the value that a frame returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Cont {
    /// Leaves the interpreter loop: a native caller waits.
    Exit,
    /// Into the caller's register `dst`.
    Store,
    /// `__init__`: must be None; the instance in `aux` goes to `dst`.
    Init,
    /// The result is of no interest (`__setitem__`, `__setattr__`, `__delitem__`, ...).
    Drop,
    /// Truth of the result, perhaps negated, to `dst`: `__contains__`, `__bool__` of `not`.
    Truth,
    NotTruth,
    /// Truth of the result decides the jump of the caller's instruction.
    Branch,
    /// First or second attempt of a binary operation or comparison: NotImplemented goes on with the next.
    Binary,
    /// `__next__` of a for loop: StopIteration ends it.
    Next,
    /// A generator resumed by a for loop: yield delivers, return ends the loop.
    ForGen,
    /// A generator resumed by `Send`: yield delivers, return jumps with the result.
    SendGen,
    /// A generator resumed by a native function (`next`, `send`, `throw`): leaves the loop.
    ExitGen,
    /// `__getattribute__`: AttributeError tries `__getattr__`.
    GetAttr,
    /// `__len__` as truth (`if x:`), `__iter__` whose result must be an iterator.
    Iter,
}

/// The record of a running or waiting frame: one cache line.
#[repr(C, align(64))]
pub struct Frame {
    pub pc: *const u32,
    pub regs: *mut Value,
    /// The running function; its code.
    pub func: Value,
    pub code: Value,
    /// Mapping of names (module, class, exec), or the generator, or the continuation's value.
    pub aux: Value,
    /// The exception being handled in this frame, or unbound.
    pub handled: Value,
    /// The frame object, once somebody looked.
    pub object: Value,
    pub cont: Cont,
    pub dst: u8,
    pub flags: u8,
    /// Where the register stack is free above this frame, counted from its beginning.
    pub top: u32,
}

/// Makes registers unbound, up to `end` and perhaps three beyond: what lies above a frame being pushed is dead, and
/// the stacks have spare room. Volatile because the loop would be turned into a call of `memset`, which costs more
/// than the few words to be written.
///
/// # Safety
/// `from` is on the register stack, `end` below its limit.
#[inline(always)]
unsafe fn clear(from: *mut Value, end: *mut Value) {
    let mut r = from;
    while r < end {
        for i in 0..4 {
            r.add(i).write_volatile(Value::NULL);
        }
        r = r.add(4);
    }
}

impl Frame {
    /// How many registers the frame has.
    #[inline(always)]
    pub fn nregs(&self) -> usize {
        // SAFETY: a frame has code, but for the sentinel; code does not move.
        if self.code.is_null() { 0 } else { unsafe { self.code.cast_unchecked::<CodeObject>() }.nregs as usize }
    }
}

const _: () = assert!(size_of::<Frame>() == 64);

/// Bits of `Frame::flags`.
pub mod flags {
    /// `aux` is the locals mapping.
    pub const LOCALS: u8 = 1;
    /// `aux` is the generator whose frame this is.
    pub const GENERATOR: u8 = 2;
    /// For Cont::Truth and the like: negate.
    pub const NEGATE: u8 = 4;
    /// For Cont::Binary: the attempt that runs.
    pub const SECOND: u8 = 8;
    /// Of a comparison's or `in`'s slow path: how often NotImplemented came back.
    pub const THIRD: u8 = 16;
}

/// Reserved memory for frames and registers.
pub struct Stacks {
    frames: *mut Frame,
    regs: *mut Value,
}

const MAX_FRAMES: usize = 1 << 21;
const MAX_REGS: usize = 1 << 25;
/// Records and registers beyond the limits that error handling may use.
const SPARE_FRAMES: usize = 128;
const SPARE_REGS: usize = 70_000;

fn reserve(bytes: usize) -> io::Result<*mut u8> {
    // SAFETY: a fresh anonymous mapping.
    let p = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if p == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(p.cast()) }
}

impl Stacks {
    pub fn new() -> io::Result<Stacks> {
        let frames = reserve(MAX_FRAMES * size_of::<Frame>())? as *mut Frame;
        let regs = reserve(MAX_REGS * 8)? as *mut Value;
        // SAFETY: fresh zeroed memory; the sentinel's registers begin at the stack's start.
        unsafe { (*frames).regs = regs };
        Ok(Stacks { frames, regs })
    }
    pub fn first_frame(&self) -> *mut Frame {
        self.frames
    }
    /// The record at which recursion depth `n` is reached.
    pub fn frame_at(&self, n: usize) -> *mut Frame {
        // SAFETY: within the reservation.
        unsafe { self.frames.add(n.min(MAX_FRAMES - SPARE_FRAMES)) }
    }
    pub fn regs_limit(&self) -> *mut Value {
        // SAFETY: within the reservation.
        unsafe { self.regs.add(MAX_REGS - SPARE_REGS) }
    }
    /// Depth of a frame.
    pub fn depth(&self, frame: *const Frame) -> usize {
        // SAFETY: both lie in the reservation.
        unsafe { frame.offset_from(self.frames) as usize }
    }
    /// Visits all frames up to `top` and the registers in use.
    pub(crate) unsafe fn visit(&mut self, top: *mut Frame, f: &mut dyn FnMut(*mut u64)) {
        let mut at = self.frames;
        while at <= top {
            let fr = &mut *at;
            for v in [&mut fr.func, &mut fr.code, &mut fr.aux, &mut fr.handled, &mut fr.object] {
                f(&mut v.0);
            }
            if fr.flags & flags::GENERATOR != 0 {
                // The generator may just have moved, and its registers with it.
                fr.regs = fr.aux.cast_unchecked::<Generator>().regs();
            }
            // Registers of a caller end where its callee's begin, but the callee's arguments are the caller's too.
            for i in 0..fr.nregs() {
                f(fr.regs.add(i) as *mut u64);
            }
            at = at.add(1);
        }
    }
}

impl Drop for Stacks {
    fn drop(&mut self) {
        // SAFETY: the thread is gone.
        unsafe {
            libc::munmap(self.frames.cast(), MAX_FRAMES * size_of::<Frame>());
            libc::munmap(self.regs.cast(), MAX_REGS * 8);
        }
    }
}

impl Thread {
    /// First register above the running frame: where arguments of a call from native code go.
    #[inline(always)]
    pub fn stack_top(&self) -> *mut Value {
        // SAFETY: the running frame's record.
        unsafe { self.stacks.regs.add((*self.frame).top as usize) }
    }

    /// The exception being handled, unbound if none.
    pub fn handled_exception(&self) -> Value {
        let mut at = self.frame;
        let first = self.stacks.first_frame();
        // SAFETY: records up to the running one are initialised.
        unsafe {
            while at >= first {
                if !(*at).handled.is_null() {
                    return (*at).handled;
                }
                at = at.sub(1);
            }
        }
        Value::NULL
    }

    /// Pushes a frame whose arguments (bound to all parameters) lie at `regs`; clears the other registers.
    #[inline(always)]
    pub fn push_frame(
        &mut self,
        func: Gc<Function>,
        code: Gc<CodeObject>,
        regs: *mut Value,
        cont: Cont,
        dst: u8,
    ) -> R<()> {
        // SAFETY: limits are checked before the new record and registers are written.
        unsafe {
            let frame = self.frame.add(1);
            let end = regs.add(code.nregs as usize);
            if frame >= self.frame_limit || end > self.regs_limit {
                return Err(self.recursion_error(""));
            }
            clear(regs.add(code.nparams as usize), end);
            *frame = Frame {
                pc: code.instrs,
                regs,
                func: func.value(),
                code: code.value(),
                aux: Value::NULL,
                handled: Value::NULL,
                object: Value::NULL,
                cont,
                dst,
                flags: 0,
                top: end.offset_from(self.stacks.regs) as u32,
            };
            self.frame = frame;
        }
        Ok(())
    }

    /// The running frame.
    #[inline(always)]
    pub fn top(&mut self) -> &mut Frame {
        // SAFETY: always points at an initialised record.
        unsafe { &mut *self.frame }
    }

    /// Index of the instruction that a frame is in (its first word).
    pub fn frame_pc(&self, frame: *const Frame) -> usize {
        // SAFETY: a live record; its pc points into its code's instructions.
        unsafe {
            let f = &*frame;
            let Some(code) = f.code.cast::<CodeObject>() else { return 0 };
            (f.pc.offset_from(code.instrs) as usize).saturating_sub(1)
        }
    }

    /// A full collection that finds what no program can reach any more: registers of expressions that are done with and
    /// caches do not count.
    pub fn collect_all(&mut self) {
        self.clear_dead_registers();
        let vm = self.vm_mut();
        vm.epoch.set(vm.epoch.get().wrapping_add(1).max(1));
        vm.method_cache.fill(crate::class::CacheEntry::EMPTY);
        self.mutator.collect();
    }

    /// Empties registers that no variable owns and nobody will read.
    fn clear_dead_registers(&mut self) {
        let mut at = self.frame;
        let mut end = self.stack_top();
        let first = self.stacks.first_frame();
        while at > first {
            // SAFETY: records above the first are those of Python frames; `end` is where the registers of the next one
            // begin, which overlap this one's.
            unsafe {
                if let Some(code) = (*at).code.cast::<CodeObject>() {
                    let pc = self.frame_pc(at);
                    let regs = (*at).regs;
                    // A generator's registers lie in its object, where nothing overlaps them.
                    let on_stack = (*at).flags & flags::GENERATOR == 0;
                    let room = if on_stack { end.offset_from(regs).max(0) as usize } else { 256 };
                    let n = (*at).nregs().min(room).min(256);
                    let code = code.rust();
                    let live = Liveness::new(code).live_before(code, pc);
                    let named = |r: usize| {
                        code.vars
                            .iter()
                            .any(|v| matches!(v.kind, VarKind::Local | VarKind::Cell) && v.index as usize == r)
                    };
                    for r in (0..n).filter(|r| !live.contains(*r) && !named(*r)) {
                        *regs.add(r) = Value::NULL;
                    }
                    if on_stack {
                        end = regs;
                    }
                }
                at = at.sub(1);
            }
        }
    }

    /// The innermost Python frame, if there is one.
    pub fn current_frame(&self) -> Option<*mut Frame> {
        (self.frame > self.stacks.first_frame()).then_some(self.frame)
    }
}
