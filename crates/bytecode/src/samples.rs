//! Codes for the tests of this crate.
//!
//! `sample` is valid and has something of everything: parameters, a loop, a handler, nested code, all constants.

use crate::code::{Code, Const, ExceptionEntry, Var, VarKind, flags};
use crate::op::{Instr, Op};
use crate::positions::{self, Position};

/// A code of these (single-word) instructions and nothing else.
pub fn body(nregs: u32, instrs: &[Instr]) -> Code {
    Code { qualname: "t".into(), nregs, instrs: instrs.iter().map(|i| i.0).collect(), ..Code::default() }
}

fn constants() -> Vec<Const> {
    let items = vec![Const::Int(-5), Const::Str(b"x".to_vec()), Const::Tuple(vec![])];
    vec![
        Const::None,
        Const::True,
        Const::False,
        Const::Ellipsis,
        Const::Int(i64::MIN),
        Const::BigInt(true, vec![1; 9]),
        Const::Float((-0.0f64).to_bits()),
        Const::Complex(1.5f64.to_bits(), f64::NAN.to_bits()),
        Const::Str("h\u{e9}llo\n'".as_bytes().to_vec()),
        Const::Str(b"\xed\xa0\x80".to_vec()),
        Const::Bytes(b"\0\xff\"".to_vec()),
        Const::Tuple(items.clone()),
        Const::FrozenSet(items),
        Const::Slice(Box::new([Const::None, Const::Int(1), Const::None])),
    ]
}

/// `def f(x, *args): total = 0; try: for total in x: print(total) except ...`, and so on.
pub fn sample() -> Code {
    let ret = Instr::abc(Op::Return, 0, 0, 0);
    let inner = Code {
        name: "inner".into(),
        filename: "s.py".into(),
        firstlineno: 9,
        nfree: 1,
        vars: vec![Var { name: "x".into(), kind: VarKind::Free, index: 0 }],
        ..body(1, &[Instr::abc(Op::LoadClosure, 0, 0, 0), ret])
    };
    let mut consts = constants();
    consts.push(Const::Code(Box::new(inner)));
    let instrs = vec![
        Instr::abc(Op::GetIter, 2, 0, 0).0,    // 0
        Instr::abc(Op::ForIter, 3, 2, 0).0,    // 1: exhausted -> 8
        5,                                     // 2
        Instr::abc(Op::LoadGlobal, 4, 0, 0).0, // 3
        1 << 16,                               // 4
        Instr::abc(Op::Move, 5, 3, 0).0,       // 5
        Instr::abc(Op::Call, 4, 4, 1).0,       // 6
        Instr::jump(Op::JumpBack, -7).0,       // 7
        Instr::abc(Op::Return, 3, 0, 0).0,     // 8
        Instr::abc(Op::Reraise, 6, 0, 0).0,    // 9
    ];
    let mut code = Code {
        name: "f".into(),
        qualname: "m.f".into(),
        filename: "s.py".into(),
        flags: flags::OPTIMIZED | flags::VARARGS,
        argcount: 1,
        nregs: 7,
        firstlineno: 3,
        ncaches: 2,
        consts,
        names: vec!["print".into(), "caf\u{e9}".into()],
        vars: ["x", "args", "total"]
            .iter()
            .zip([0, 1, 3])
            .map(|(name, index)| Var { name: (*name).into(), kind: VarKind::Local, index })
            .collect(),
        exceptions: vec![ExceptionEntry { start: 0, end: 8, target: 9, reg: 6 }],
        instrs,
        ..Code::default()
    };
    let line = |line| Position { line, end_line: line, col: Some(4), end_col: Some(9) };
    code.positions = positions::encode(&[3, 4, 4, 5, 5, 5, 5, 4, 6, 0].map(line));
    code
}

/// A cheap source of numbers for tests that damage their input.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % n
    }
}
