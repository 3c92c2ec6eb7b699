//! Small programs without built-in functions, run through the interpreter; their globals are checked.

use ferropy_vm::{Interpreter, R, Thread, Value, types::Dict};

fn with_program(text: &str, stress: u32, check: impl FnOnce(&mut Thread, &dyn Fn(&mut Thread, &str) -> Value) + Send) {
    std::thread::scope(|s| {
        let body = move || {
            let config = ferropy_gc::Config { stress, ..Default::default() };
            let mut cx = Interpreter::start(config, 0).unwrap();
            let cx = &mut *cx;
            let m = cx.new_module("__main__", "").ok().unwrap();
            let d = m.dict.cast::<Dict>().unwrap();
            cx.set_registry("main", m.value());
            if run(cx, text, m.dict.get()).is_err() {
                let e = cx.take_pending();
                panic!("{} raised", cx.class_name(e));
            }
            let get = move |cx: &mut Thread, n: &str| {
                let k = cx.intern(n).ok().unwrap();
                cx.dict_get_str(d, k).unwrap_or(Value::NULL)
            };
            check(cx, &get);
        };
        std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(s, body).unwrap().join().unwrap();
    });
}

fn run(cx: &mut Thread, text: &str, globals: Value) -> R {
    let opts = ferropy_compiler::Options { filename: "<test>".into(), ..Default::default() };
    let code = ferropy_compiler::compile(text, &opts, &mut |_| {}).unwrap();
    let code = cx.load_code(code)?;
    cx.exec_code(code, globals.cast().unwrap(), globals, Value::NULL)
}

fn int_result(text: &str) -> i64 {
    let mut out = [0; 2];
    for (i, stress) in [0, 7].into_iter().enumerate() {
        with_program(text, stress, |cx, get| out[i] = get(cx, "r").as_int().unwrap());
    }
    assert_eq!(out[0], out[1]);
    out[0]
}

#[test]
fn arithmetic_and_loops() {
    assert_eq!(int_result("r = 0\ni = 0\nwhile i < 1000:\n    r += i & 7\n    i += 1\n"), 3500);
    assert_eq!(int_result("def f(n):\n    if n < 2: return n\n    return f(n-1) + f(n-2)\nr = f(15)\n"), 610);
    assert_eq!(int_result("x = 1.5\nfor i in (1, 2, 3):\n    x = x * 2 + i\nr = 0\nif x == 23.0: r = 1\n"), 1);
    assert_eq!(int_result("a, *b, c = [1, 2, 3, 4]\nr = a + c + b[0] * b[-1]\n"), 11);
    assert_eq!(int_result("d = {'a': 1, **{'b': 2}}\nd['c'] = 3\nr = 0\nfor k in d:\n    r += d[k]\n"), 6);
}

#[test]
fn calls_and_closures() {
    assert_eq!(
        int_result(
            "def f(a, b=2, *c, d=4, **e):\n    return a + b * 10 + d * 100 + e['x'] * 1000 + c[0] * 10000\nr = f(1, 2, 5, x=3)\n"
        ),
        53421
    );
    assert_eq!(
        int_result(
            "def counter():\n    n = 0\n    def inc():\n        nonlocal n\n        n += 1\n        return n\n    return inc\nc = counter()\nc(); c()\nr = c()\n"
        ),
        3
    );
    assert_eq!(int_result("f = lambda x, *, y: x - y\nr = f(*(5,), **{'y': 3})\n"), 2);
    assert_eq!(
        int_result("r = 0\nfor x in [i * j for i in (1, 2, 3) for j in (1, 2) if i != j]:\n    r = r * 10 + x\n"),
        2236
    );
}

#[test]
fn generators() {
    assert_eq!(
        int_result(
            "def g(n):\n    i = 0\n    while i < n:\n        yield i\n        i += 1\nr = 0\nfor x in g(10):\n    r += x\n"
        ),
        45
    );
    assert_eq!(
        int_result(
            "def a():\n    x = yield from b()\n    yield x\ndef b():\n    yield 1\n    return 5\nr = 0\nfor x in a():\n    r = r * 10 + x\n"
        ),
        15
    );
    assert_eq!(
        int_result(
            "def g(*a):\n    for x in a:\n        yield x\nr = 0\nfor x, y in [(p, q) for p in g(1, 2) for q in (u + 1 for u in g(3))]:\n    r += x * y\n"
        ),
        12
    );
}
