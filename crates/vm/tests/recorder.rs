//! The second carrier of `Machine`: it runs a straight-line piece of bytecode and writes down, as IR text, what it did.
//!
//! It has no code per instruction, only a line or two per hook: that is the proof that a tracing JIT needs no second
//! description of the language. Questions are recorded as guards with their answer, slow paths as residual calls.

use ferropy_bytecode::{Instr, for_each_op};
use ferropy_vm::machine::{Flow, Hit, Machine, Slow};
use ferropy_vm::ops::iter;
use ferropy_vm::types::{Array, Cache, Caches, CellObject, CodeObject, Dict, Function, List, Tuple};
use ferropy_vm::{Builtin, CmpOp, Field, Gc, Interpreter, Thread, Value, handlers};

/// A value and its name in the trace.
#[derive(Clone, Copy)]
struct Rec<T> {
    x: T,
    id: u32,
}

struct Recorder<'a> {
    cx: &'a mut Thread,
    pc: *const u32,
    regs: *mut Value,
    code: Gc<CodeObject>,
    ids: Vec<u32>,
    next: u32,
    text: Vec<String>,
}

impl Recorder<'_> {
    fn def<T>(&mut self, x: T, what: String) -> Rec<T> {
        self.next += 1;
        self.text.push(format!("v{} = {what}", self.next));
        Rec { x, id: self.next }
    }
    fn note(&mut self, what: String) {
        self.text.push(what);
    }
    fn guard(&mut self, yes: bool, what: String) -> bool {
        self.text.push(format!("guard {}{what}", if yes { "" } else { "not " }));
        yes
    }
    fn int2(&mut self, r: Option<i64>, name: &str, a: Rec<i64>, b: Rec<i64>) -> Option<Rec<i64>> {
        let fits = r.is_some_and(|r| Value::try_int(r).is_some());
        if !fits {
            self.guard(false, format!("{name}_fits v{}, v{}", a.id, b.id));
            return None;
        }
        let r = self.def(r?, format!("{name} v{}, v{}", a.id, b.id));
        self.guard(true, format!("no_overflow v{}", r.id));
        Some(r)
    }
    fn float2(&mut self, x: f64, name: &str, a: Rec<f64>, b: Rec<f64>) -> Rec<f64> {
        self.def(x, format!("{name} v{}, v{}", a.id, b.id))
    }
    fn cache(&self, ext: u32) -> &'static Cache {
        let caches = self.code.caches.cast::<Caches>().unwrap();
        unsafe { &*(caches.at((ext >> 16) as usize) as *const Cache) }
    }
    fn list(v: Rec<Value>) -> Gc<List> {
        v.x.cast().unwrap()
    }
    fn at(n: i64, len: usize) -> usize {
        (if n < 0 { n + len as i64 } else { n }) as usize
    }
    fn save(&mut self) {
        self.cx.top().pc = self.pc;
    }
    fn residual_call(&mut self, s: &'static Slow, args: [Rec<Value>; 3], i: Instr, ext: u32) -> Option<Rec<Value>> {
        self.save();
        let names: Vec<String> = args.iter().filter(|a| !a.x.is_null()).map(|a| format!("v{}", a.id)).collect();
        let r = s.call(self.cx, args.map(|a| a.x), i, ext);
        let r = match r {
            Ok(v) => self.cx.finish(v),
            e => e,
        };
        let v = r.ok()?;
        Some(self.def(v, format!("call {}({}) effects={}", s.name, names.join(", "), s.effects.0)))
    }
}

impl Machine for Recorder<'_> {
    type V = Rec<Value>;
    type I = Rec<i64>;
    type F = Rec<f64>;
    type B = Rec<bool>;

    fn reg(&mut self, n: usize) -> Rec<Value> {
        let x = unsafe { *self.regs.add(n) };
        if self.ids[n] == 0 {
            self.ids[n] = self.def(x, format!("reg r{n}")).id;
        }
        Rec { x, id: self.ids[n] }
    }
    fn set_reg(&mut self, n: usize, v: Rec<Value>) {
        unsafe { *self.regs.add(n) = v.x };
        self.ids[n] = v.id;
    }
    fn konst(&mut self, n: usize) -> Rec<Value> {
        let x = self.code.consts.cast::<Tuple>().unwrap().at(n);
        self.def(x, format!("const k{n}"))
    }
    fn constant(&mut self, v: Value) -> Rec<Value> {
        Rec { x: v, id: 0 }
    }
    fn ext(&mut self) -> u32 {
        let w = unsafe { *self.pc };
        self.pc = unsafe { self.pc.add(1) };
        w
    }
    fn jump(&mut self, offset: isize) {
        self.pc = unsafe { self.pc.offset(offset) };
    }
    fn jump_back(&mut self, offset: isize) -> Flow {
        self.jump(offset);
        Flow::Next
    }

    fn is_unbound(&mut self, v: Rec<Value>) -> bool {
        self.guard(v.x.is_null(), format!("unbound v{}", v.id))
    }
    fn same(&mut self, a: Rec<Value>, b: Rec<Value>) -> Rec<bool> {
        self.def(a.x == b.x, format!("same v{}, v{}", a.id, b.id))
    }
    fn is_none(&mut self, v: Rec<Value>) -> bool {
        self.guard(v.x.is_none(), format!("none v{}", v.id))
    }
    fn int(&mut self, v: Rec<Value>) -> Option<Rec<i64>> {
        let n = v.x.as_int();
        self.guard(n.is_some(), format!("int v{}", v.id));
        n.map(|x| Rec { x, id: v.id })
    }
    fn float(&mut self, v: Rec<Value>) -> Option<Rec<f64>> {
        let is = v.x.is_flonum();
        self.guard(is, format!("float v{}", v.id));
        is.then(|| Rec { x: v.x.flonum(), id: v.id })
    }
    fn has_shape(&mut self, v: Rec<Value>, shape: u32) -> bool {
        self.guard(v.x.shape() == shape, format!("shape v{}, {shape}", v.id))
    }
    fn truth(&mut self, v: Rec<Value>) -> Option<bool> {
        let b = ferropy_vm::ops::basic::quick_truth(v.x)?;
        Some(self.guard(b, format!("true v{}", v.id)))
    }
    fn decide(&mut self, b: Rec<bool>) -> bool {
        self.guard(b.x, format!("v{}", b.id))
    }

    fn int_add(&mut self, a: Rec<i64>, b: Rec<i64>) -> Option<Rec<i64>> {
        self.int2(a.x.checked_add(b.x), "int_add", a, b)
    }
    fn int_sub(&mut self, a: Rec<i64>, b: Rec<i64>) -> Option<Rec<i64>> {
        self.int2(a.x.checked_sub(b.x), "int_sub", a, b)
    }
    fn int_mul(&mut self, a: Rec<i64>, b: Rec<i64>) -> Option<Rec<i64>> {
        self.int2(a.x.checked_mul(b.x), "int_mul", a, b)
    }
    fn int_floor_div(&mut self, a: Rec<i64>, b: Rec<i64>) -> Option<Rec<i64>> {
        self.int2((b.x > 0).then(|| a.x.div_euclid(b.x)), "int_floor_div", a, b)
    }
    fn int_mod(&mut self, a: Rec<i64>, b: Rec<i64>) -> Option<Rec<i64>> {
        self.int2((b.x > 0).then(|| a.x.rem_euclid(b.x)), "int_mod", a, b)
    }
    fn int_shl(&mut self, a: Rec<i64>, b: Rec<i64>) -> Option<Rec<i64>> {
        let r = (0..63).contains(&b.x).then(|| (a.x as i128) << b.x).and_then(|r| i64::try_from(r).ok());
        self.int2(r, "int_shl", a, b)
    }
    fn int_shr(&mut self, a: Rec<i64>, b: Rec<i64>) -> Option<Rec<i64>> {
        self.int2((b.x >= 0).then(|| a.x >> b.x.min(63)), "int_shr", a, b)
    }
    fn int_and(&mut self, a: Rec<i64>, b: Rec<i64>) -> Rec<i64> {
        self.def(a.x & b.x, format!("int_and v{}, v{}", a.id, b.id))
    }
    fn int_or(&mut self, a: Rec<i64>, b: Rec<i64>) -> Rec<i64> {
        self.def(a.x | b.x, format!("int_or v{}, v{}", a.id, b.id))
    }
    fn int_xor(&mut self, a: Rec<i64>, b: Rec<i64>) -> Rec<i64> {
        self.def(a.x ^ b.x, format!("int_xor v{}, v{}", a.id, b.id))
    }
    fn int_compare(&mut self, op: CmpOp, a: Rec<i64>, b: Rec<i64>) -> Rec<bool> {
        self.def(op.of(a.x.cmp(&b.x)), format!("int{} v{}, v{}", op.symbol(), a.id, b.id))
    }
    fn int_to_float(&mut self, a: Rec<i64>) -> Option<Rec<f64>> {
        Some(self.def(a.x as f64, format!("int_to_float v{}", a.id)))
    }
    fn float_add(&mut self, a: Rec<f64>, b: Rec<f64>) -> Rec<f64> {
        self.float2(a.x + b.x, "float_add", a, b)
    }
    fn float_sub(&mut self, a: Rec<f64>, b: Rec<f64>) -> Rec<f64> {
        self.float2(a.x - b.x, "float_sub", a, b)
    }
    fn float_mul(&mut self, a: Rec<f64>, b: Rec<f64>) -> Rec<f64> {
        self.float2(a.x * b.x, "float_mul", a, b)
    }
    fn float_div(&mut self, a: Rec<f64>, b: Rec<f64>) -> Option<Rec<f64>> {
        self.guard(b.x != 0.0, format!("nonzero v{}", b.id)).then(|| self.float2(a.x / b.x, "float_div", a, b))
    }
    fn float_neg(&mut self, a: Rec<f64>) -> Rec<f64> {
        self.def(-a.x, format!("float_neg v{}", a.id))
    }
    fn float_compare(&mut self, op: CmpOp, a: Rec<f64>, b: Rec<f64>) -> Rec<bool> {
        self.def(op.of_floats(a.x, b.x), format!("float{} v{}, v{}", op.symbol(), a.id, b.id))
    }
    fn box_int(&mut self, i: Rec<i64>) -> Rec<Value> {
        Rec { x: Value::small_int(i.x), id: i.id }
    }
    fn set_float(&mut self, n: usize, f: Rec<f64>) -> Flow {
        let x = self.cx.float(f.x).ok().unwrap();
        self.set_reg(n, Rec { x, id: f.id });
        Flow::Next
    }
    fn box_bool(&mut self, b: Rec<bool>) -> Rec<Value> {
        Rec { x: Value::bool(b.x), id: b.id }
    }

    fn list_item(&mut self, list: Rec<Value>, i: Rec<i64>) -> Option<Rec<Value>> {
        let l = Self::list(list);
        let x = l.get(Self::at(i.x, l.len()))?;
        self.guard(true, format!("in_bounds v{}, v{}", list.id, i.id));
        Some(self.def(x, format!("list_item v{}, v{}", list.id, i.id)))
    }
    fn set_list_item(&mut self, list: Rec<Value>, i: Rec<i64>, v: Rec<Value>) -> bool {
        let l = Self::list(list);
        let at = Self::at(i.x, l.len());
        if !self.guard(at < l.len(), format!("in_bounds v{}, v{}", list.id, i.id)) {
            return false;
        }
        l.set(self.cx, at, v.x);
        self.note(format!("set_list_item v{}, v{}, v{}", list.id, i.id, v.id));
        true
    }
    fn dict_item(&mut self, dict: Rec<Value>, key: Rec<Value>) -> Option<Rec<Value>> {
        let x = self.cx.dict_quick_get(dict.x.cast()?, key.x).bound();
        self.guard(x.is_some(), format!("has_key v{}, v{}", dict.id, key.id));
        x.map(|x| self.def(x, format!("dict_item v{}, v{}", dict.id, key.id)))
    }
    fn set_dict_item(&mut self, dict: Rec<Value>, key: Rec<Value>, v: Rec<Value>) -> bool {
        let done = self.cx.dict_quick_set(dict.x.cast().unwrap(), key.x, v.x);
        self.guard(done, format!("has_key v{}, v{}", dict.id, key.id));
        self.note(format!("set_dict_item v{}, v{}, v{}", dict.id, key.id, v.id));
        done
    }
    fn tuple_item(&mut self, tuple: Rec<Value>, i: Rec<i64>) -> Option<Rec<Value>> {
        let t = tuple.x.cast::<Tuple>()?;
        let x = *t.items().get(Self::at(i.x, t.len))?;
        Some(self.def(x, format!("tuple_item v{}, {}", tuple.id, i.x)))
    }
    fn tuple_len(&mut self, tuple: Rec<Value>) -> usize {
        let n = tuple.x.cast::<Tuple>().unwrap().len;
        self.guard(true, format!("tuple_len v{} == {n}", tuple.id));
        n
    }
    fn list_len(&mut self, list: Rec<Value>) -> usize {
        Self::list(list).len()
    }
    fn list_push(&mut self, list: Rec<Value>, v: Rec<Value>) -> bool {
        let l = Self::list(list);
        let room = l.items.cast::<Array>().is_some_and(|a| l.len() < a.capacity());
        if !self.guard(room, format!("room v{}", list.id)) {
            return false;
        }
        self.cx.list_append(l, v.x).ok().unwrap();
        self.note(format!("list_push v{}, v{}", list.id, v.id));
        true
    }
    fn iter_next(&mut self, it: Rec<Value>) -> Option<Rec<Value>> {
        if !self.has_shape(it, Builtin::ListIterator as u32) {
            return None;
        }
        let x = iter::list_next(it.x.cast()?);
        Some(self.def(x, format!("list_iter_next v{}", it.id)))
    }
    fn cell_content(&mut self, cell: Rec<Value>) -> Rec<Value> {
        let x = cell.x.cast::<CellObject>().unwrap().content.get();
        self.def(x, format!("cell_content v{}", cell.id))
    }
    fn set_cell_content(&mut self, cell: Rec<Value>, v: Rec<Value>) {
        let c = cell.x.cast::<CellObject>().unwrap();
        c.content.set(self.cx, c, v.x);
        self.note(format!("set_cell_content v{}, v{}", cell.id, v.id));
    }
    fn closure_cell(&mut self, n: usize) -> Rec<Value> {
        let f = self.cx.top().func.cast::<Function>().unwrap();
        let x = f.closure.cast::<Tuple>().unwrap().at(n);
        self.def(x, format!("closure_cell {n}"))
    }

    fn global_hit(&mut self, ext: u32) -> Option<Rec<Value>> {
        let c = self.cache(ext);
        let g = self.cx.top().func.cast::<Function>()?.globals.cast::<Dict>()?;
        if c.shape.get() == 0 || g.version.get() != c.shape.get() || c.epoch.get() != 0 {
            return None;
        }
        // SAFETY: the version was compared.
        let x = unsafe { g.value_at(c.what.get()) };
        self.note(format!("watch globals n{}", ext & 0xffff));
        Some(self.def(x, "constant".into()))
    }
    fn attr_hit(&mut self, v: Rec<Value>, ext: u32, _store: bool) -> Hit<Rec<Value>> {
        let c = self.cache(ext);
        // See `attr_cache::noted_key`.
        let noted = match c.what.get() & 0xff {
            1 => 0,
            3 => 1 << 29,
            _ => 1 << 28,
        };
        let shape = v.x.shape();
        let hit = shape != 0 && shape | noted == c.shape.get() && c.epoch.get() == self.cx.vm().epoch.get();
        if !hit {
            return Hit::Miss;
        }
        self.guard(true, format!("shape v{}, {shape}", v.id));
        let slot = (c.what.get() >> 8) as usize;
        match c.what.get() & 0xff {
            1 => Hit::Inline(slot),
            2 => Hit::Overflow(slot),
            3 => Hit::Method(self.def(c.value.get(), "constant".into())),
            5 => Hit::Property(self.def(c.value.get(), "constant".into())),
            6 => Hit::Add(c.next_shape.get(), slot),
            _ => Hit::Miss,
        }
    }
    fn inline_slot(&mut self, v: Rec<Value>, n: usize) -> Rec<Value> {
        let x = unsafe { *(v.x.0 as *const Value).add(1 + n) };
        self.def(x, format!("slot v{}, {n}", v.id))
    }
    fn overflow_slot(&mut self, v: Rec<Value>, n: usize) -> Rec<Value> {
        let a = unsafe { *(v.x.0 as *const Value) }.cast::<Array>().unwrap();
        self.def(a.field(n).get(), format!("overflow_slot v{}, {n}", v.id))
    }
    fn set_inline_slot(&mut self, v: Rec<Value>, n: usize, x: Rec<Value>) {
        unsafe { (*(v.x.0 as *const Field).add(1 + n)).set(self.cx, v.x, x.x) };
        self.note(format!("set_slot v{}, {n}, v{}", v.id, x.id));
    }
    fn set_overflow_slot(&mut self, v: Rec<Value>, n: usize, x: Rec<Value>) {
        let a = unsafe { *(v.x.0 as *const Value) }.cast::<Array>().unwrap();
        a.field(n).set(self.cx, a, x.x);
        self.note(format!("set_overflow_slot v{}, {n}, v{}", v.id, x.id));
    }
    fn set_shape(&mut self, v: Rec<Value>, shape: u32) {
        v.x.header().unwrap().shape.store(shape, std::sync::atomic::Ordering::Relaxed);
        self.note(format!("set_shape v{}, {shape}", v.id));
    }

    fn call(&mut self, dst: usize, base: usize, argc: usize, _names: u32) -> Flow {
        let all: Vec<Rec<Value>> = (base..=base + argc).map(|n| self.reg(n)).collect();
        let args: Vec<Value> = all[1..].iter().map(|a| a.x).collect();
        self.save();
        let Ok(v) = self.cx.call(all[0].x, &args) else { return Flow::Raise };
        let names: Vec<String> = all.iter().map(|a| format!("v{}", a.id)).collect();
        let r = self.def(v, format!("call_python {}", names.join(", ")));
        self.set_reg(dst, r);
        Flow::Next
    }
    fn call_getter(&mut self, dst: usize, f: Rec<Value>, v: Rec<Value>) -> Flow {
        let Ok(x) = self.cx.call(f.x, &[v.x]) else { return Flow::Raise };
        let r = self.def(x, format!("call_python v{}, v{}", f.id, v.id));
        self.set_reg(dst, r);
        Flow::Next
    }
    fn resume_for(&mut self, _dst: usize, _it: Rec<Value>) -> Option<Flow> {
        None
    }
    fn ret(&mut self, v: Rec<Value>) -> Flow {
        self.note(format!("return v{}", v.id));
        Flow::Leave
    }
    fn yield_value(&mut self, v: Rec<Value>, _words: usize) -> Flow {
        self.note(format!("yield v{}", v.id));
        Flow::Leave
    }

    fn residual(&mut self, s: &'static Slow, args: [Rec<Value>; 3], i: Instr, ext: u32, dst: usize) -> Flow {
        match self.residual_call(s, args, i, ext) {
            Some(v) => {
                self.set_reg(dst, v);
                Flow::Next
            }
            None => Flow::Raise,
        }
    }
    fn effect(&mut self, s: &'static Slow, args: [Rec<Value>; 3], i: Instr, ext: u32) -> Flow {
        if self.residual_call(s, args, i, ext).is_some() { Flow::Next } else { Flow::Raise }
    }
    fn branch(&mut self, s: &'static Slow, args: [Rec<Value>; 3], i: Instr, ext: u32, sense: bool) -> Flow {
        let Some(v) = self.residual_call(s, args, i, ext) else { return Flow::Raise };
        if self.truth(v) == Some(sense) {
            self.jump(ext as i32 as isize);
        }
        Flow::Next
    }
    fn frame_op(&mut self, s: &'static Slow, i: Instr, ext: u32) -> Flow {
        self.note(format!("frame_op {}", s.name));
        self.save();
        let r = s.call(self.cx, [Value::NULL; 3], i, ext);
        self.ids.fill(0);
        if r.is_ok() { Flow::Next } else { Flow::Raise }
    }
    fn raise(&mut self, s: &'static Slow, _i: Instr, _ext: u32) -> Flow {
        self.note(format!("raise {}", s.name));
        Flow::Raise
    }
}

macro_rules! dispatch {
    ($($name:ident $a:ident $b:ident $c:ident $x:ident $doc:literal;)*) => {
        fn step(m: &mut Recorder<'_>, i: Instr) -> Flow {
            match i.op() {
                $(ferropy_bytecode::Op::$name => handlers::$name(m, i),)*
            }
        }
    };
}
for_each_op!(dispatch);

/// Runs `setup`, then records one call of its function `f` with the arguments that its list `args` holds, after `warm`
/// calls by the interpreter.
fn record(setup: &str, warm: usize) -> String {
    let setup = setup.to_owned();
    let body = move || {
        let mut cx = Interpreter::start(ferropy_gc::Config::default(), 0).unwrap();
        let cx = &mut *cx;
        let opts = ferropy_compiler::Options { filename: "<test>".into(), ..Default::default() };
        let code = ferropy_compiler::compile(&setup, &opts, &mut |_| {}).unwrap();
        let code = cx.load_code(code).ok().unwrap();
        let globals = cx.new_dict().ok().unwrap();
        cx.set_registry("globals", globals.value());
        cx.exec_code(code, globals, globals.value(), Value::NULL).ok().unwrap();
        let get = |cx: &mut Thread, n: &str| {
            let k = cx.intern(n).ok().unwrap();
            cx.dict_get_str(globals, k).unwrap()
        };
        let f = get(cx, "f");
        let args = get(cx, "args").cast::<Tuple>().unwrap();
        for _ in 0..warm {
            cx.call(f, args.items()).ok().unwrap();
        }
        let f = f.cast::<Function>().unwrap();
        let code = f.code.cast::<CodeObject>().unwrap();
        let regs = cx.stack_top();
        for (i, a) in args.items().iter().enumerate() {
            unsafe { *regs.add(i) = *a };
        }
        cx.push_frame(f, code, regs, ferropy_vm::frame::Cont::Exit, 0).ok().unwrap();
        let ids = vec![0; code.nregs as usize + 1];
        let mut m = Recorder { pc: code.instrs, regs, code, ids, next: 0, text: Vec::new(), cx };
        loop {
            let i = Instr(unsafe { *m.pc });
            m.pc = unsafe { m.pc.add(1) };
            if step(&mut m, i) != Flow::Next {
                break;
            }
        }
        m.text.join("\n")
    };
    std::thread::Builder::new().stack_size(64 << 20).spawn(body).unwrap().join().unwrap()
}

/// Each wanted line occurs, in this order.
fn has_lines(text: &str, wanted: &[&str]) {
    let mut lines = text.lines();
    for w in wanted {
        assert!(lines.any(|l| l.contains(w)), "no `{w}` (in order) in\n{text}");
    }
}

#[test]
fn arithmetic() {
    let t = record("def f(a, b):\n    c = a + b\n    return c * a - 1\nargs = (3, 4)\n", 0);
    has_lines(&t, &["guard int v1", "guard int v2", "int_add v1, v2", "no_overflow", "int_mul", "int_sub", "return"]);
    let t = record("def f(a, b):\n    return a * b + 0.5\nargs = (1.5, 2.5)\n", 0);
    has_lines(&t, &["guard not int", "guard float v1", "guard float v2", "float_mul", "float_add", "return"]);
    let t = record("def f(a):\n    return a + a\nargs = (4611686018427387000,)\n", 0);
    has_lines(&t, &["guard not int_add_fits", "call binary(v1, v1)", "return"]);
}

#[test]
fn comparisons_and_jumps() {
    let t = record("def f(a, b):\n    if a < b:\n        return a\n    return b\nargs = (3, 4)\n", 0);
    has_lines(&t, &["int< v1, v2", "guard v3", "return v1"]);
}

#[test]
fn attributes_after_the_cache_is_warm() {
    // No class statement yet without built-ins: a function object carries the attribute.
    let t = record("def g(): pass\ng.x = 5\ndef f(o):\n    return o.x\nargs = (g,)\n", 1);
    has_lines(&t, &["call get_attr(v1)", "return"]);
}

#[test]
fn subscripts_and_unpacking() {
    let t = record("def f(l, i):\n    l[i] = l[0]\n    return l[i]\nargs = ([7, 8], 1)\n", 0);
    has_lines(&t, &["guard shape v1", "in_bounds", "list_item", "set_list_item", "list_item", "return"]);
    let t = record("def f(t):\n    a, b = t\n    return b\nargs = ((1, 2),)\n", 0);
    has_lines(&t, &["tuple_len v1 == 2", "tuple_item v1, 0", "tuple_item v1, 1", "return"]);
}

#[test]
fn calls_globals_and_cells() {
    let t = record("def g(x): return x\ndef f(a):\n    return g(a)\nargs = (1,)\n", 1);
    has_lines(&t, &["watch globals", "constant", "call_python", "return"]);
    let t = record(
        "def h():\n    n = 1\n    def f(a):\n        nonlocal n\n        n = n + a\n        return n\n    return f\nf = h()\nargs = (2,)\n",
        0,
    );
    has_lines(&t, &["closure_cell 0", "cell_content", "int_add", "set_cell_content", "return"]);
}

#[test]
fn iteration() {
    let t = record("def f(l):\n    s = 0\n    for x in l:\n        s += x\n    return s\nargs = ([1, 2],)\n", 0);
    has_lines(
        &t,
        &[
            "call get_iter(v",
            "list_iter_next",
            "guard not unbound",
            "int_add",
            "list_iter_next",
            "guard unbound",
            "return",
        ],
    );
}
