//! Programs that are large or deep: they compile and verify, or are refused; nothing overflows.

use ferropy_bytecode::verify;
use ferropy_compiler::{ErrorKind, Options, compile};

fn compiles(source: &str) {
    let code = compile(source, &Options::default(), &mut |_| {}).unwrap_or_else(|e| panic!("{e}"));
    verify::verify(&code).unwrap_or_else(|e| panic!("{e}"));
}

/// Compiles or fails, but not by a fault of the compiler.
fn survives(source: &str) {
    match compile(source, &Options::default(), &mut |_| {}) {
        Ok(code) => {
            let _ = verify::verify(&code);
        }
        Err(e) => assert_ne!(e.kind, ErrorKind::System, "{e}"),
    }
}

fn refused(source: &str, message: &str) {
    match compile(source, &Options::default(), &mut |_| {}) {
        Ok(_) => panic!("compiles: {source}"),
        Err(e) => assert_eq!(e.message, message),
    }
}

fn list(n: usize, item: impl Fn(usize) -> String) -> String {
    (0..n).map(item).collect::<Vec<_>>().join(", ")
}

#[test]
fn deep_expressions() {
    compiles(&format!("x = {}1{}", "(".repeat(150), ")".repeat(150)));
    compiles(&format!("x = {}1{}", "[".repeat(90), "]".repeat(90)));
    compiles(&format!("x = {}1{}", "f(".repeat(150), ")".repeat(150)));
    compiles(&format!("x = {}1{}", "{a: ".repeat(60), "}".repeat(60)));
    compiles(&format!("x = {}1{}", "a + (".repeat(150), ")".repeat(150)));
    compiles(&format!("x = y{}", ".a".repeat(2000)));
    compiles(&format!("x = y{}", " + y".repeat(3000)));
    compiles(&format!("x = {}y", "not ".repeat(2000)));
    compiles(&format!("x = {}y", "-".repeat(2000)));
    survives(&format!("x = {}y", "-".repeat(100_000)));
    survives(&format!("x = y{}", ".a".repeat(100_000)));
    survives(&format!("x = {}", "(".repeat(100_000)));
    survives(&format!("x = {}1{}", "[".repeat(1500), "]".repeat(1500)));
    survives(&format!("{}x", "lambda: ".repeat(3000)));
}

#[test]
fn deep_statements() {
    let nested = |head: &str, n: usize| {
        let lines = (0..n).map(|i| format!("{}{head}\n", " ".repeat(i)));
        lines.collect::<String>() + &" ".repeat(n) + "pass\n"
    };
    compiles(&nested("if x:", 90));
    compiles(&nested("for x in y:", 20));
    compiles(&nested("with x:", 20));
    refused(&nested("for x in y:", 60), "too many statically nested blocks");
    refused(&nested("with x:", 60), "too many statically nested blocks");
    refused(&nested("if x:", 100), "too many levels of indentation");
    compiles(&nested("def f(x):", 60));
    compiles(&nested("class A:", 60));
    survives(&nested("with x:", 60));
    survives(&nested("if x:", 3000));
}

#[test]
fn many_of_everything() {
    compiles(&format!("x = [{}]", list(5000, |i| format!("a{i}"))));
    compiles(&format!("x = ({})", list(5000, |i| i.to_string())));
    compiles(&format!("x = {{{}}}", list(5000, |i| format!("{i}: a"))));
    compiles(&format!("f({})", list(300, |i| format!("a{i}"))));
    compiles(&format!("f({})", list(300, |i| format!("a{i}=b"))));
    compiles(&format!("class A({}): pass", list(300, |i| format!("a{i}"))));
    compiles(&format!("x = {}", list(70_000, |i| i.to_string())));
    compiles(&format!("f'{}'", (0..500).map(|i| format!("{{a{i}}} ")).collect::<String>()));
    let locals: String = (0..400).map(|i| format!(" a{i} = {i}\n a{i} += b\n")).collect();
    compiles(&format!("def f(b):\n{locals} return lambda: a3 + a399\n"));
    for n in [100, 128, 129, 200, 255, 256, 300, 600] {
        let params = list(n, |i| format!("a{i}"));
        compiles(&format!("def f({params}):\n x = a{} + a0\n return lambda: a{}\n", n - 1, n - 2));
    }
    let deep = format!("{}1{}", "f(".repeat(150), ")".repeat(150));
    compiles(&format!("def f(b):\n{locals} return {deep}\n"));
    let constants: String = (0..70_000).map(|i| format!("x = {i}.5\n")).collect();
    compiles(&constants);
}
