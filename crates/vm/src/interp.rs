//! The interpreter: the [`Machine`] that just does it, and the dispatch loop.
//!
//! The loop holds no semantics: it decodes and calls the handler. pc, registers and code live in locals of the loop;
//! frame records are brought up to date where a slow path may look at them.

use crate::attr_cache::{Answer, NOTED_METHOD, NOTED_OTHER, dict_answer, what};
use crate::frame::{Cont, Frame, flags as fflags};
use crate::handlers;
use crate::machine::{Flow, Hit, Machine, Slow};
use crate::object::{Gc, HeapObject};
use crate::ops::{CmpOp, call::Argv, iter};
use crate::types::*;
use crate::{Builtin as B, R, Thread, Value};
use ferropy_bytecode::{Instr, Op, for_each_op};
use std::sync::atomic::Ordering::Relaxed;

/// State of the running frame, in machine registers.
struct Interp<'a> {
    cx: &'a mut Thread,
    pc: *const u32,
    regs: *mut Value,
    code: *const CodeObject,
}

impl Interp<'_> {
    /// Loads the state of the running frame.
    #[inline(always)]
    fn load(&mut self) {
        // SAFETY: the running frame's record is initialised.
        unsafe {
            let f = &*self.cx.frame;
            self.pc = f.pc;
            self.regs = f.regs;
            self.code = f.code.0 as *const CodeObject;
        }
    }
    /// Brings the frame's record up to date.
    #[inline(always)]
    fn save(&mut self) {
        // SAFETY: as above.
        unsafe { (*self.cx.frame).pc = self.pc };
    }
    #[inline(always)]
    fn list(v: Value) -> Gc<List> {
        // SAFETY: the handler asked for the shape.
        unsafe { v.cast_unchecked() }
    }
    #[inline(always)]
    fn cache(&self, ext: u32) -> &'static Cache {
        // SAFETY: verified code names existing caches, which live as long as the running code.
        unsafe {
            let c: *const Cache = (*self.code).caches.as_gc::<Caches>().at((ext >> 16) as usize);
            &*c
        }
    }
    #[inline(always)]
    fn area(v: Value, n: usize) -> *mut Value {
        // SAFETY: a hit says that v is a plain instance with this slot; its area begins at the payload.
        unsafe { (v.0 as *mut Value).add(n) }
    }
    /// After a call step: a value goes to the register, a pushed frame is loaded.
    #[inline(always)]
    fn done(&mut self, r: R, dst: usize) -> Flow {
        match r {
            Ok(v) if v == Value::PUSHED => Flow::Switch,
            Ok(v) => {
                self.set_reg(dst, v);
                Flow::Next
            }
            Err(_) => Flow::Raise,
        }
    }
}

impl Machine for Interp<'_> {
    type V = Value;
    /// Tagged: twice the integer plus one.
    type I = i64;
    type F = f64;
    type B = bool;

    #[inline(always)]
    fn reg(&mut self, n: usize) -> Value {
        // SAFETY: verified code names existing registers.
        unsafe { *self.regs.add(n) }
    }
    #[inline(always)]
    fn set_reg(&mut self, n: usize, v: Value) {
        // SAFETY: as above.
        unsafe { *self.regs.add(n) = v }
    }
    #[inline(always)]
    fn konst(&mut self, n: usize) -> Value {
        // SAFETY: verified code names existing constants.
        unsafe { *((*self.code).consts.get().0 as *const Value).add(Tuple::HEAD + n) }
    }
    #[inline(always)]
    fn constant(&mut self, v: Value) -> Value {
        v
    }
    #[inline(always)]
    fn ext(&mut self) -> u32 {
        // SAFETY: verified code has the word.
        unsafe {
            let w = *self.pc;
            self.pc = self.pc.add(1);
            w
        }
    }
    #[inline(always)]
    fn jump(&mut self, offset: isize) {
        // SAFETY: verified code jumps to instructions.
        self.pc = unsafe { self.pc.offset(offset) };
    }
    #[inline(always)]
    fn jump_back(&mut self, offset: isize) -> Flow {
        self.jump(offset);
        if self.cx.interrupt.load(Relaxed) != 0 {
            self.save();
            if self.cx.safepoint().is_err() {
                return Flow::Raise;
            }
        }
        Flow::Next
    }

    #[inline(always)]
    fn is_unbound(&mut self, v: Value) -> bool {
        v.is_null()
    }
    #[inline(always)]
    fn same(&mut self, a: Value, b: Value) -> bool {
        a == b
    }
    #[inline(always)]
    fn is_none(&mut self, v: Value) -> bool {
        v.is_none()
    }
    #[inline(always)]
    fn int(&mut self, v: Value) -> Option<i64> {
        v.is_int().then_some(v.0 as i64)
    }
    #[inline(always)]
    fn float(&mut self, v: Value) -> Option<f64> {
        v.is_flonum().then(|| v.flonum())
    }
    #[inline(always)]
    fn has_shape(&mut self, v: Value, shape: u32) -> bool {
        v.shape() == shape
    }
    #[inline(always)]
    fn truth(&mut self, v: Value) -> Option<bool> {
        match v {
            Value::TRUE => Some(true),
            Value::FALSE | Value::NONE => Some(false),
            v if v.is_int() => Some(v.0 != 1),
            v => crate::ops::basic::quick_truth(v),
        }
    }
    #[inline(always)]
    fn decide(&mut self, b: bool) -> bool {
        b
    }

    #[inline(always)]
    fn int_add(&mut self, a: i64, b: i64) -> Option<i64> {
        a.checked_add(b - 1)
    }
    #[inline(always)]
    fn int_sub(&mut self, a: i64, b: i64) -> Option<i64> {
        a.checked_sub(b - 1)
    }
    #[inline(always)]
    fn int_mul(&mut self, a: i64, b: i64) -> Option<i64> {
        (a - 1).checked_mul(b >> 1).map(|r| r | 1)
    }
    #[inline(always)]
    fn int_floor_div(&mut self, a: i64, b: i64) -> Option<i64> {
        let (x, y) = (a >> 1, b >> 1);
        if y <= 0 {
            return None;
        }
        Some(x.div_euclid(y) << 1 | 1)
    }
    #[inline(always)]
    fn int_mod(&mut self, a: i64, b: i64) -> Option<i64> {
        let (x, y) = (a >> 1, b >> 1);
        if y <= 0 {
            return None;
        }
        Some(x.rem_euclid(y) << 1 | 1)
    }
    #[inline(always)]
    fn int_shl(&mut self, a: i64, b: i64) -> Option<i64> {
        let (x, n) = (a - 1, b >> 1);
        if !(0..63).contains(&n) {
            return None;
        }
        let r = x << n;
        (r >> n == x).then_some(r | 1)
    }
    #[inline(always)]
    fn int_shr(&mut self, a: i64, b: i64) -> Option<i64> {
        let n = b >> 1;
        (n >= 0).then(|| a >> n.min(63) | 1)
    }
    #[inline(always)]
    fn int_and(&mut self, a: i64, b: i64) -> i64 {
        a & b
    }
    #[inline(always)]
    fn int_or(&mut self, a: i64, b: i64) -> i64 {
        a | b
    }
    #[inline(always)]
    fn int_xor(&mut self, a: i64, b: i64) -> i64 {
        a ^ b | 1
    }
    #[inline(always)]
    fn int_compare(&mut self, op: CmpOp, a: i64, b: i64) -> bool {
        match op {
            CmpOp::Lt => a < b,
            CmpOp::Le => a <= b,
            CmpOp::Eq => a == b,
            CmpOp::Ne => a != b,
            CmpOp::Gt => a > b,
            CmpOp::Ge => a >= b,
        }
    }
    #[inline(always)]
    fn int_to_float(&mut self, a: i64) -> Option<f64> {
        let n = a >> 1;
        (n.unsigned_abs() <= 1 << 53).then_some(n as f64)
    }
    #[inline(always)]
    fn float_add(&mut self, a: f64, b: f64) -> f64 {
        a + b
    }
    #[inline(always)]
    fn float_sub(&mut self, a: f64, b: f64) -> f64 {
        a - b
    }
    #[inline(always)]
    fn float_mul(&mut self, a: f64, b: f64) -> f64 {
        a * b
    }
    #[inline(always)]
    fn float_div(&mut self, a: f64, b: f64) -> Option<f64> {
        (b != 0.0).then(|| a / b)
    }
    #[inline(always)]
    fn float_neg(&mut self, a: f64) -> f64 {
        -a
    }
    #[inline(always)]
    fn float_compare(&mut self, op: CmpOp, a: f64, b: f64) -> bool {
        op.of_floats(a, b)
    }
    #[inline(always)]
    fn box_int(&mut self, i: i64) -> Value {
        Value(i as u64)
    }
    #[inline(always)]
    fn set_float(&mut self, n: usize, f: f64) -> Flow {
        if let Some(v) = Value::try_float(f) {
            self.set_reg(n, v);
            return Flow::Next;
        }
        let r = self.cx.float(f);
        self.done(r, n)
    }
    #[inline(always)]
    fn box_bool(&mut self, b: bool) -> Value {
        Value::bool(b)
    }

    #[inline(always)]
    fn list_item(&mut self, list: Value, i: i64) -> Option<Value> {
        let l = Self::list(list);
        let n = i >> 1;
        let at = if n < 0 { n + l.len() as i64 } else { n };
        l.get(at as usize)
    }
    #[inline(always)]
    fn set_list_item(&mut self, list: Value, i: i64, v: Value) -> bool {
        let l = Self::list(list);
        let n = i >> 1;
        let at = if n < 0 { n + l.len() as i64 } else { n };
        if at as usize >= l.len() {
            return false;
        }
        // SAFETY: a list with items has an array; `at` is in bounds.
        unsafe {
            let array = l.items.as_gc::<Array>();
            array.field(at as usize).set(self.cx, array, v);
        }
        true
    }
    #[inline(always)]
    fn dict_item(&mut self, dict: Value, key: Value) -> Option<Value> {
        // SAFETY: the handler asked for the shape.
        self.cx.dict_quick_get(unsafe { dict.cast_unchecked() }, key).bound()
    }
    #[inline(always)]
    fn set_dict_item(&mut self, dict: Value, key: Value, v: Value) -> bool {
        // SAFETY: as above.
        self.cx.dict_quick_set(unsafe { dict.cast_unchecked() }, key, v)
    }
    #[inline(always)]
    fn tuple_item(&mut self, tuple: Value, i: i64) -> Option<Value> {
        // SAFETY: the handler asked for the shape.
        let t = unsafe { tuple.cast_unchecked::<Tuple>() };
        let n = i >> 1;
        let at = if n < 0 { n + t.len as i64 } else { n };
        t.items().get(at as usize).copied()
    }
    #[inline(always)]
    fn tuple_len(&mut self, tuple: Value) -> usize {
        // SAFETY: as above.
        unsafe { tuple.cast_unchecked::<Tuple>() }.len
    }
    #[inline(always)]
    fn list_len(&mut self, list: Value) -> usize {
        Self::list(list).len()
    }
    #[inline(always)]
    fn list_push(&mut self, list: Value, v: Value) -> bool {
        let l = Self::list(list);
        let n = l.len();
        let Some(array) = l.items.cast::<Array>() else { return false };
        if n >= array.capacity() {
            return false;
        }
        array.field(n).set(self.cx, array, v);
        l.len.set(n + 1);
        true
    }
    #[inline(always)]
    fn iter_next(&mut self, it: Value) -> Option<Value> {
        let s = it.shape();
        // SAFETY: the shape tells the exact class.
        unsafe {
            if s == B::ListIterator as u32 {
                return Some(iter::list_next(it.cast_unchecked()));
            }
            if s == B::RangeIterator as u32 {
                return Some(iter::range_next(it.cast_unchecked()));
            }
            if s == B::TupleIterator as u32 {
                return Some(iter::tuple_next(it.cast_unchecked()));
            }
        }
        None
    }
    #[inline(always)]
    fn cell_content(&mut self, cell: Value) -> Value {
        // SAFETY: the compiler names registers that hold cells.
        unsafe { cell.cast_unchecked::<CellObject>() }.content.get()
    }
    #[inline(always)]
    fn set_cell_content(&mut self, cell: Value, v: Value) {
        // SAFETY: as above.
        let c = unsafe { cell.cast_unchecked::<CellObject>() };
        c.content.set(self.cx, c, v);
    }
    #[inline(always)]
    fn closure_cell(&mut self, n: usize) -> Value {
        // SAFETY: functions with free variables are made with their closure.
        unsafe {
            let f = (*self.cx.frame).func.cast_unchecked::<Function>();
            *(f.closure.get().0 as *const Value).add(Tuple::HEAD + n)
        }
    }

    #[inline(always)]
    fn global_hit(&mut self, ext: u32) -> Option<Value> {
        let c = self.cache(ext);
        let version = c.shape.get();
        if version == 0 {
            return None;
        }
        // SAFETY: a function's globals are a dict; a filled cache says that its builtins are one too.
        unsafe {
            let f = (*self.cx.frame).func.cast_unchecked::<Function>();
            let g = f.globals.as_gc::<Dict>();
            if g.version.get() != version {
                return None;
            }
            if c.epoch.get() == 0 {
                return Some(g.value_at(c.what.get()));
            }
            let b = f.builtins.as_gc::<Dict>();
            if b.version.get() != c.epoch.get() {
                return None;
            }
            Some(b.value_at(c.what.get()))
        }
    }
    #[inline(always)]
    fn attr_hit(&mut self, v: Value, ext: u32, store: bool) -> Hit<Value> {
        let c = self.cache(ext);
        let (shape, noted) = (v.shape(), c.shape.get());
        let current = c.epoch.get() == self.cx.vm().epoch.get();
        let slot = (c.what.get() >> 8) as usize;
        // An empty cache is of no epoch.
        if shape == noted && current {
            return Hit::Inline(slot);
        }
        if shape | NOTED_METHOD == noted && current {
            return Hit::Method(c.value.get());
        }
        let a = if shape | NOTED_OTHER == noted && current {
            Answer { what: c.what.get(), next: c.next_shape.get(), value: c.value.get() }
        } else {
            handlers::attr::answer_of_others(self.cx, v, ext, store)
        };
        let slot = a.slot_number();
        match a.kind() {
            what::INLINE => Hit::Inline(slot),
            what::OVERFLOW => Hit::Overflow(slot),
            what::METHOD => Hit::Method(a.value),
            what::DICT => dict_answer(a).map_or(Hit::Miss, Hit::Constant),
            what::STATIC => Hit::Constant(a.value),
            what::PROPERTY => Hit::Property(a.value),
            what::ADD => Hit::Add(a.next, slot),
            _ => Hit::Miss,
        }
    }
    #[inline(always)]
    fn inline_slot(&mut self, v: Value, n: usize) -> Value {
        // SAFETY: see `area`.
        unsafe { *Self::area(v, 1 + n) }
    }
    #[inline(always)]
    fn overflow_slot(&mut self, v: Value, n: usize) -> Value {
        // SAFETY: the shape says that the overflow array has this element.
        unsafe { (*Self::area(v, 0)).cast_unchecked::<Array>().field(n).get() }
    }
    #[inline(always)]
    fn set_inline_slot(&mut self, v: Value, n: usize, x: Value) {
        // SAFETY: see `area`.
        unsafe { (*(Self::area(v, 1 + n) as *const crate::Field)).set(self.cx, v, x) }
    }
    #[inline(always)]
    fn set_overflow_slot(&mut self, v: Value, n: usize, x: Value) {
        // SAFETY: as in `overflow_slot`.
        unsafe {
            let a = (*Self::area(v, 0)).cast_unchecked::<Array>();
            a.field(n).set(self.cx, a, x);
        }
    }
    #[inline(always)]
    fn set_shape(&mut self, v: Value, shape: u32) {
        if let Some(h) = v.header() {
            h.shape.store(shape, Relaxed);
        }
    }

    #[inline(always)]
    fn call(&mut self, dst: usize, base: usize, argc: usize, names: u32) -> Flow {
        // SAFETY: verified code: the window lies in the frame.
        let first = unsafe { self.regs.add(base + 1) };
        let f = self.reg(base);
        self.save();
        if names == 0 && f.kind() == Function::kind() && self.cx.interrupt.load(Relaxed) == 0 {
            // SAFETY: the kind was tested; a function has code.
            let (func, code) = unsafe {
                let func = f.cast_unchecked::<Function>();
                (func, func.code.as_gc::<CodeObject>())
            };
            if code.simple_args as usize == argc && self.near() {
                if self.cx.push_frame(func, code, first, Cont::Store, dst as u8).is_err() {
                    return Flow::Raise;
                }
                self.pc = code.instrs;
                self.regs = first;
                self.code = code.as_ptr();
                return Flow::Next;
            }
        }
        if names == 0 && f.kind() == NativeFn::kind() {
            let window = self.near();
            // SAFETY: the kind was tested.
            let r = native_window(self.cx, unsafe { f.cast_unchecked() }, first, argc, window);
            return self.done(r, dst);
        }
        let names = if names == 0 { Value::NULL } else { self.konst(names as usize - 1) };
        let window = self.near();
        let r = call_window(self.cx, f, Argv { first, count: argc, names, window }, dst as u8);
        self.done(r, dst)
    }
    #[inline(always)]
    fn call_getter(&mut self, dst: usize, f: Value, v: Value) -> Flow {
        self.save();
        let r = call_one(self.cx, f, v, dst as u8);
        self.done(r, dst)
    }
    #[inline(always)]
    fn resume_for(&mut self, dst: usize, it: Value) -> Option<Flow> {
        // SAFETY: the handler asked for the shape.
        let g = unsafe { it.cast_unchecked::<Generator>() };
        if g.state.get() > crate::ops::generator::state::SUSPENDED {
            return None;
        }
        self.save();
        Some(match self.cx.push_generator(g, Value::NONE, Cont::ForGen, dst as u8) {
            Ok(()) => {
                self.load();
                Flow::Next
            }
            Err(_) => Flow::Raise,
        })
    }
    #[inline(always)]
    fn ret(&mut self, v: Value) -> Flow {
        // SAFETY: the running frame; below it is its caller's record.
        unsafe {
            let f = &*self.cx.frame;
            if f.cont == Cont::Store && f.flags & fflags::GENERATOR == 0 && f.object.is_null() {
                let dst = f.dst as usize;
                self.cx.frame = self.cx.frame.sub(1);
                self.load();
                self.set_reg(dst, v);
                return Flow::Next;
            }
        }
        self.save();
        let flow = self.cx.return_slow(v);
        if flow == Flow::Next {
            self.load();
        }
        flow
    }
    #[inline(always)]
    fn yield_value(&mut self, v: Value, words: usize) -> Flow {
        // SAFETY: the instruction lies `words` back.
        let at = unsafe { self.pc.sub(words) };
        let flow = self.cx.yield_slow(v, at);
        if flow == Flow::Next {
            self.load();
        }
        flow
    }

    #[inline(always)]
    fn residual(&mut self, s: &'static Slow, args: [Value; 3], i: Instr, ext: u32, dst: usize) -> Flow {
        self.save();
        let r = s.call(self.cx, args, i, ext);
        self.done(r, dst)
    }
    #[inline(always)]
    fn effect(&mut self, s: &'static Slow, args: [Value; 3], i: Instr, ext: u32) -> Flow {
        self.save();
        match s.call(self.cx, args, i, ext) {
            Ok(v) if v == Value::PUSHED => Flow::Switch,
            Ok(_) => Flow::Next,
            Err(_) => Flow::Raise,
        }
    }
    #[inline(always)]
    fn branch(&mut self, s: &'static Slow, args: [Value; 3], i: Instr, ext: u32, sense: bool) -> Flow {
        self.save();
        match s.call(self.cx, args, i, ext) {
            Ok(v) if v == Value::PUSHED => {
                branch_pushed(self.cx);
                Flow::Switch
            }
            Ok(v) => {
                let Ok(b) = decide_slow(self.cx, v) else { return Flow::Raise };
                if b == sense {
                    self.jump(ext as i32 as isize);
                }
                Flow::Next
            }
            Err(_) => Flow::Raise,
        }
    }
    #[inline(always)]
    fn frame_op(&mut self, s: &'static Slow, i: Instr, ext: u32) -> Flow {
        self.effect(s, [Value::NULL; 3], i, ext)
    }
    #[inline(always)]
    fn raise(&mut self, s: &'static Slow, i: Instr, ext: u32) -> Flow {
        self.save();
        let _ = s.call(self.cx, [Value::NULL; 3], i, ext);
        Flow::Raise
    }
}

impl Interp<'_> {
    /// May a callee's registers begin in this frame's window?
    #[inline(always)]
    fn near(&self) -> bool {
        // SAFETY: the running code.
        unsafe { (*self.code).near }
    }
}

/// A native function with positional arguments.
#[inline(never)]
fn native_window(cx: &mut Thread, f: Gc<NativeFn>, first: *mut Value, argc: usize, window: bool) -> R {
    if cx.interrupt.load(Relaxed) != 0 {
        cx.safepoint()?;
    }
    cx.call_native_object(f, Argv { first, count: argc, names: Value::NULL, window })
}

#[inline(never)]
fn call_window(cx: &mut Thread, f: Value, argv: Argv, dst: u8) -> R {
    // Calls are safepoints too: recursion without a loop must see signals.
    if cx.interrupt.load(Relaxed) != 0 {
        cx.safepoint()?;
    }
    cx.call_step(f, argv, Cont::Store, dst)
}

#[inline(never)]
fn call_one(cx: &mut Thread, f: Value, v: Value, dst: u8) -> R {
    cx.call_step(f, Argv::slice(&[v]), Cont::Store, dst)
}

/// A frame pushed for a test: unless it is a stage of a comparison, its truth decides.
#[inline(never)]
fn branch_pushed(cx: &mut Thread) {
    let top = cx.top();
    if top.cont == Cont::Store {
        top.cont = Cont::Branch;
    }
    cx.mark_test();
}

#[inline(never)]
fn decide_slow(cx: &mut Thread, v: Value) -> R<bool> {
    cx.truth(v)
}

macro_rules! dispatch {
    ($($name:ident $a:ident $b:ident $c:ident $x:ident $doc:literal;)*) => {
        /// Runs until the frame that was on top at the start is done.
        fn execute(cx: &mut Thread, raising: bool) -> R {
            let first = cx.frame;
            let mut m = Interp { cx, pc: std::ptr::null(), regs: std::ptr::null_mut(), code: std::ptr::null() };
            let mut flow = if raising { Flow::Raise } else { Flow::Switch };
            loop {
                match flow {
                    Flow::Next => {}
                    Flow::Switch => m.load(),
                    Flow::Raise => {
                        if !m.cx.unwind(first) {
                            return Err(crate::Raised);
                        }
                        m.load();
                    }
                    Flow::Leave => return Ok(std::mem::replace(&mut m.cx.pending, Value::NULL)),
                }
                loop {
                    // SAFETY: verified code does not run off its end.
                    let i = Instr(unsafe { *m.pc });
                    m.pc = unsafe { m.pc.add(1) };
                    // Each arm goes on by itself, so that the handlers that always do need no test.
                    match i.op() {
                        $(Op::$name => {
                            flow = handlers::$name(&mut m, i);
                            if flow == Flow::Next {
                                continue;
                            }
                        })*
                    }
                    break;
                }
            }
        }
    };
}
for_each_op!(dispatch);

impl Thread {
    /// Runs the frame on top until it returns; for native callers, which pushed it with a leaving continuation.
    pub fn run(&mut self) -> R {
        self.run_loop(false)
    }

    /// The same, beginning with the pending exception.
    pub fn run_raising(&mut self) -> R {
        self.run_loop(true)
    }

    fn run_loop(&mut self, raising: bool) -> R {
        if self.native_stack_used_up() {
            let generator = self.top().flags & fflags::GENERATOR != 0;
            if generator && let Some(g) = self.top().aux.cast::<Generator>() {
                self.finish_generator(g);
            }
            // SAFETY: the frame just pushed is dropped again.
            self.frame = unsafe { self.frame.sub(1) };
            return Err(self.recursion_error(""));
        }
        self.with_native_share(|cx| {
            let raising = raising || cx.interrupt.load(Relaxed) != 0 && cx.safepoint().is_err();
            execute(cx, raising)
        })
    }

    /// Delivers a returned value where the continuation is not a plain store. `Leave`: the value is in `pending`.
    #[inline(never)]
    pub(crate) fn return_slow(&mut self, v: Value) -> Flow {
        // SAFETY: the running frame and its caller's record.
        let f = unsafe { &mut *self.frame };
        let (cont, dst, aux, flags) = (f.cont, f.dst as usize, f.aux, f.flags);
        self.leave_frame();
        if flags & fflags::GENERATOR != 0
            && let Some(g) = aux.cast::<Generator>()
        {
            self.finish_generator(g);
        }
        self.deliver(cont, dst, aux, v)
    }

    /// Pops the running frame; its frame object, if any, takes the registers along.
    pub(crate) fn leave_frame(&mut self) {
        // SAFETY: the running frame.
        unsafe {
            let f = &mut *self.frame;
            if let Some(o) = f.object.cast::<FrameObject>() {
                self.detach_frame(o);
            }
            self.frame = self.frame.sub(1);
        }
    }

    /// Copies a live frame's state into its object, because the frame ends.
    fn detach_frame(&mut self, o: Gc<FrameObject>) {
        let live = o.live.get();
        if live.is_null() {
            return;
        }
        o.pc.set(self.frame_pc(live) as u32);
        // SAFETY: a live record.
        unsafe {
            for i in 0..o.nregs as usize {
                let v = *(*live).regs.add(i);
                o.reg(i).set(self, o, v);
            }
            if (*live).flags & fflags::LOCALS != 0 {
                o.locals.set(self, o, (*live).aux);
            }
        }
        // A generator's frame has no caller of its own; others remember theirs, which tracebacks lead to.
        // SAFETY: live records; the sentinel below the first one is never looked at.
        unsafe {
            if (*live).flags & fflags::GENERATOR == 0 && live.sub(1) > self.stacks.first_frame() {
                let pending = self.pending;
                if let Ok(back) = self.frame_object(live.sub(1)) {
                    o.back.set(self, o, back);
                }
                self.pending = pending;
            }
        }
        o.live.set(std::ptr::null_mut());
    }

    /// What a continuation does with a value; the caller's frame is on top.
    fn deliver(&mut self, cont: Cont, dst: usize, aux: Value, v: Value) -> Flow {
        let result = match cont {
            Cont::Exit | Cont::ExitGen => {
                self.pending = v;
                return Flow::Leave;
            }
            Cont::Store => Ok(v),
            Cont::Init if v.is_none() => Ok(aux),
            Cont::Init => self.check_init(v, aux),
            Cont::Drop => return Flow::Next,
            Cont::Truth => self.truth(v).map(Value::bool),
            Cont::NotTruth => self.truth(v).map(|b| Value::bool(!b)),
            Cont::Branch => return self.deliver_branch(v),
            Cont::Binary => return self.deliver_binary(dst, aux, v),
            Cont::Next => Ok(v),
            Cont::ForGen => {
                // The generator returned: the loop ends.
                self.jump_by_ext();
                return Flow::Next;
            }
            Cont::SendGen => {
                self.jump_by_ext();
                Ok(v)
            }
            Cont::GetAttr => Ok(v),
            Cont::Iter => self.check_iterator(v),
        };
        match result {
            Ok(v) => {
                handlers::set(self, dst, v);
                Flow::Next
            }
            Err(_) => Flow::Raise,
        }
    }

    /// Jumps by the extension word of the instruction that the top frame waits in.
    fn jump_by_ext(&mut self) {
        let f = self.top();
        // SAFETY: the waiting instruction has an extension word with a jump offset, and pc is behind it.
        unsafe { f.pc = f.pc.offset(*f.pc.sub(1) as i32 as isize) };
    }

    /// The instruction (with extension word) that the top frame waits in.
    fn waiting_instr(&mut self) -> Instr {
        let f = self.top();
        // SAFETY: pc is behind a two-word instruction.
        Instr(unsafe { *f.pc.sub(2) })
    }

    /// Truth of a test's outcome decides on the jump.
    fn deliver_branch(&mut self, v: Value) -> Flow {
        let i = self.waiting_instr();
        let sense = match i.op() {
            Op::JumpIfTrue => true,
            Op::JumpIfFalse => false,
            _ => i.c() != 0,
        };
        // `__bool__` itself must return a bool; other outcomes are asked for their truth.
        if matches!(i.op(), Op::JumpIfTrue | Op::JumpIfFalse) && v.as_bool().is_none() {
            let class = self.class_name(v);
            let _ = self.type_error(format!("__bool__ should return bool, returned {class}"));
            return Flow::Raise;
        }
        match self.truth(v) {
            Ok(b) => {
                if b == sense {
                    self.jump_by_ext();
                }
                Flow::Next
            }
            Err(_) => Flow::Raise,
        }
    }

    /// A stage of a binary operation or comparison came back.
    fn deliver_binary(&mut self, dst: usize, aux: Value, v: Value) -> Flow {
        let f = self.top();
        // SAFETY: the waiting instruction is one word (arithmetic, comparison) or two (tests): ask the last word first.
        let (one, two) = unsafe { (Instr(*f.pc.sub(1)), Instr(*f.pc.sub(2))) };
        let is_test = aux.as_int().unwrap_or(0) & TEST != 0;
        let i = if is_test { two } else { one };
        let stage = (aux.as_int().unwrap_or(0) & 0xff) as u8;
        if v != Value::NOT_IMPLEMENTED {
            if is_test {
                return self.deliver_branch(v);
            }
            handlers::set(self, dst, v);
            return Flow::Next;
        }
        let r = self.next_stage(i, stage, dst as u8);
        match r {
            Ok(Value::PUSHED) => {
                if is_test {
                    self.mark_test();
                }
                Flow::Next
            }
            Ok(v) if is_test => self.deliver_branch(v),
            Ok(v) => {
                handlers::set(self, dst, v);
                Flow::Next
            }
            Err(_) => Flow::Raise,
        }
    }

    fn next_stage(&mut self, i: Instr, stage: u8, dst: u8) -> R {
        let op = i.op();
        let test = op >= Op::TestLt && op <= Op::TestGeK;
        let (left, right) = if test { (i.a(), i.b()) } else { (i.b(), i.c()) };
        let info = op.info();
        let konst = if test { info.b } else { info.c } == ferropy_bytecode::Operand::Konst;
        let a = handlers::reg(self, left);
        let b = if konst { handlers::konst(self, right) } else { handlers::reg(self, right) };
        if op >= Op::Lt {
            return self.compare_step(handlers::test_op(i), a, b, Some(stage), dst);
        }
        let (bin, inplace) = handlers::binary_op_of(op);
        self.binary_step(bin, a, b, inplace, Some(stage), dst)
    }

    /// Suspends the running generator with a value.
    #[inline(never)]
    pub(crate) fn yield_slow(&mut self, v: Value, at: *const u32) -> Flow {
        let (cont, dst) = (self.top().cont, self.top().dst as usize);
        self.suspend(at);
        match cont {
            Cont::ForGen | Cont::SendGen => {
                handlers::set(self, dst, v);
                Flow::Next
            }
            _ => {
                self.pending = v;
                Flow::Leave
            }
        }
    }

    /// Finds the handler of the pending exception in the frames down to `last`; false: there is none (they are popped).
    #[inline(never)]
    fn unwind(&mut self, last: *mut Frame) -> bool {
        let mut last = last;
        loop {
            if self.frame < last {
                // The frame that the loop was entered for is gone already (popped by a failing continuation).
                return false;
            }
            let at = self.frame;
            let pc = self.frame_pc(at);
            self.add_traceback(pc);
            let code = handlers::code(self);
            let entry = code.rust().exceptions.iter().find(|e| (e.start as usize) <= pc && pc < e.end as usize);
            if let Some(e) = entry {
                let v = self.take_pending();
                handlers::set(self, e.reg as usize, v);
                // SAFETY: verified code: the target is an instruction.
                self.top().pc = unsafe { code.instrs.add(e.target as usize) };
                return true;
            }
            let f = self.top();
            let (cont, dst, aux, flags) = (f.cont, f.dst as usize, f.aux, f.flags);
            self.leave_frame();
            if flags & fflags::GENERATOR != 0
                && let Some(g) = aux.cast::<Generator>()
            {
                self.finish_generator(g);
            }
            if cont == Cont::Exit || cont == Cont::ExitGen || at == last {
                return false;
            }
            if self.caught_by_cont(cont, dst) {
                return true;
            }
            last = last.min(at);
        }
    }

    /// Continuations that an exception may end normally: `__next__` of a loop.
    fn caught_by_cont(&mut self, cont: Cont, _dst: usize) -> bool {
        if cont == Cont::Next && self.pending_is(crate::Exc::StopIteration) {
            self.pending = Value::NULL;
            self.jump_by_ext();
            return true;
        }
        false
    }
}

/// In the stage number of a comparison's frame: it was pushed by a test.
pub(crate) const TEST: i64 = 0x100;

impl Thread {
    fn mark_test(&mut self) {
        let top = self.top();
        if top.cont == Cont::Binary {
            top.aux = Value::small_int(top.aux.as_int().unwrap_or(0) | TEST);
        }
    }
}
