//! What instructions small programs become.

use ferropy_bytecode::{Code, Const, disasm, verify};
use ferropy_compiler::{Mode, Options, Warning, compile};

fn build(source: &str, options: &Options) -> (Code, Vec<Warning>) {
    let mut warnings = Vec::new();
    let code = compile(source, options, &mut |w| warnings.push(w)).unwrap_or_else(|e| panic!("{e}"));
    verify::verify(&code).unwrap_or_else(|e| panic!("{e}"));
    (code, warnings)
}

/// The operations of the innermost first function of a program.
fn function(source: &str) -> (Code, Vec<&'static str>) {
    let (module, _) = build(source, &Options::default());
    let inner = module.consts.iter().find_map(|c| if let Const::Code(c) = c { Some((**c).clone()) } else { None });
    let code = inner.unwrap_or(module);
    let ops = disasm::instructions(&code).map(|i| i.name()).collect();
    (code, ops)
}

#[test]
fn arithmetic_in_place() {
    let (code, ops) = function("def f(a, b):\n c = a + b\n c += 1\n return c\n");
    assert_eq!(ops, ["Add", "InplaceAddK", "Return"]);
    assert_eq!(code.nregs, 3);
}

#[test]
fn loops_have_fused_tests() {
    let (_, ops) = function("def f(n):\n i = 0\n while i < 10:\n  i += n\n return i\n");
    assert_eq!(ops, ["LoadConst", "TestLtK", "InplaceAdd", "JumpBack", "Return"]);
    let (_, ops) = function("def f(n):\n for i in n:\n  if i is None: break\n");
    // Both ways out return by themselves, each at its own line.
    let ends = ["LoadConst", "Return", "LoadConst", "Return"];
    assert_eq!(ops, [&["GetIter", "ForIter", "JumpIfNone", "JumpBack"][..], &ends[..]].concat());
}

#[test]
fn unsure_locals_are_checked() {
    let (_, ops) = function("def f(a):\n if a: x = 1\n return x\n");
    assert_eq!(ops, ["JumpIfFalse", "LoadConst", "CheckLocal", "Return"]);
    let (_, ops) = function("def f(a):\n if a: x = 1\n else: x = 2\n return x\n");
    assert!(!ops.contains(&"CheckLocal"));
    let (_, ops) = function("def f(a):\n del a\n return a\n");
    assert_eq!(ops, ["Unbind", "CheckLocal", "Return"]);
    let (_, ops) = function("def f(a):\n try:\n  x = a()\n except E: pass\n return x\n");
    assert!(ops.contains(&"CheckLocal"));
}

#[test]
fn swaps_need_one_temporary() {
    let (_, ops) = function("def f(a, b):\n a, b = b, a + b\n return a\n");
    assert_eq!(ops, ["Move", "Add", "Move", "Return"]);
}

#[test]
fn methods_and_super() {
    let (_, ops) = function("def f(a):\n return a.b(1)\n");
    assert_eq!(ops, ["GetMethod", "LoadConst", "CallMethod", "Return"]);
    let (module, _) = build("class A:\n def f(self): return super().f()\n", &Options::default());
    assert!(disasm::disassemble(&module).contains("GetSuperMethod"));
}

#[test]
fn walrus_does_not_change_an_operand() {
    let (_, ops) = function("def f(x):\n return x + (x := 5)\n");
    assert_eq!(ops[0], "Move");
}

#[test]
fn docstrings_and_optimization() {
    let source = "def f():\n '''Doc.\n   more'''\n assert x\n";
    let (module, _) = build(source, &Options::default());
    let inner =
        |m: &Code| m.consts.iter().find_map(|c| if let Const::Code(c) = c { Some((**c).clone()) } else { None });
    let code = inner(&module).unwrap_or_default();
    assert_eq!(code.consts[0], Const::Str(b"Doc.\nmore".to_vec()));
    let (module, _) = build(source, &Options { optimize: 2, ..Options::default() });
    let code = inner(&module).unwrap_or_default();
    assert_eq!(code.consts, [Const::None]);
}

#[test]
fn modes() {
    let (code, _) = build("1 + x", &Options { mode: Mode::Eval, ..Options::default() });
    assert!(disasm::disassemble(&code).contains("LoadName"));
    let (code, _) = build("x\n", &Options { mode: Mode::Single, ..Options::default() });
    assert!(disasm::disassemble(&code).contains("Intrinsic1"));
    let options = Options { allow_top_level_await: true, ..Options::default() };
    let (code, _) = build("await x\n", &options);
    assert_ne!(code.flags & ferropy_bytecode::flags::COROUTINE, 0);
}

#[test]
fn warnings() {
    let source = "x = '\\d'\nif x is 1: pass\nassert (1, 2)\ndef f():\n try: pass\n finally: return\n";
    let (_, warnings) = build(source, &Options::default());
    let lines: Vec<u32> = warnings.iter().map(|w| w.line).collect();
    assert_eq!(lines, [1, 2, 3, 6], "{warnings:?}");
}

#[test]
fn surrogates_stay() {
    let (code, _) = build("x = '\\ud800'\n", &Options::default());
    assert!(code.consts.contains(&Const::Str(vec![0xed, 0xa0, 0x80])));
}
