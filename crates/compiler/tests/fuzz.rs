//! Programs with random pieces changed: what is refused is refused with a message and a place, without a panic, and soon.

use ferropy_compiler::{ErrorKind, Mode, Options, compile};

const PROGRAMS: &[&str] = &[
    r#"def f(a, /, b: int = 1, *args, c=2, **kw) -> str:
    """Doc."""
    return f'{a!r:>{b}} {c=}' + 'é' + g(rb'\x')
"#,
    "class A[T: int, *Ts, **P](B, metaclass=M):
    x: list[int] = [i for i in y if i]
    @d
    async def g(self):
        async with a as b, c:
            return [await x async for x in y if x]
",
    "try:
    while x := f(*a, **b):
        continue
    else:
        del a[1:2, ...], b.c
except* (E, F) as e:
    raise G from e
finally:
    pass
",
    "match x:
    case {'a': 1, **rest} if y:
        pass
    case 'b' | [1, *_, -2.5j]:
        pass
    case A.b(c, d=None) as z:
        global q
    case _:
        assert x, 'no'
",
    "from . import (a as b, c,)
import os.path as p
type X[T] = lambda x, *y: {1: 2, **z}
with (open(f) as g, h):
\tif a < b is not c:
\t\tx += [*y, {3}]
\telif not 0xff:
\t\tprint(t'{x!a}', end='''
''') \\
\t\t; y = 1
",
];
const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    ".",
    ";",
    "=",
    ":=",
    "!",
    "<>",
    "->",
    "*",
    "**",
    "'",
    "\"",
    "\"\"\"",
    "f'",
    "t\"",
    "\\",
    "\\\n",
    "\n",
    "\n ",
    "\n\t",
    "\t",
    " ",
    "#",
    "0",
    "1_",
    "0x",
    "1e",
    "é",
    "\u{200b}",
    "\u{1d518}",
    "\0",
    "\r",
    "\x0c",
    "$",
    "?",
    "if ",
    " else ",
    "for ",
    " in ",
    "async ",
    "await ",
    "lambda ",
    "yield ",
    "print ",
    "match ",
    "case ",
    "except ",
    "not ",
    "with ",
    "as ",
    "import ",
    "from ",
    "def ",
    "class ",
    "del ",
    "None",
    "_",
    "{{",
    "}}",
    "!r",
    "\\N{",
    "b'",
];

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }

    fn cut(&mut self, text: &str) -> usize {
        let at = self.below(text.len() + 1);
        (0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
    }

    fn changed(&mut self, program: &str) -> String {
        let mut text = program.to_string();
        for _ in 0..1 + self.below(4) {
            let (a, b) = (self.cut(&text), self.cut(&text));
            let (a, b) = (a.min(b), a.max(b));
            match self.below(5) {
                0 => text.insert_str(a, PIECES[self.below(PIECES.len())]),
                1 => text.insert_str(b, &text[a..b].chars().take(9).collect::<String>()),
                2 => text.truncate(b),
                _ => {
                    let end = a + text[a..].chars().next().map_or(0, char::len_utf8);
                    let piece = if self.below(2) == 0 { "" } else { PIECES[self.below(PIECES.len())] };
                    text.replace_range(a..end, piece);
                }
            }
        }
        text
    }
}

/// Is it right?
fn check(text: &str, options: &Options) -> bool {
    let Err(e) = compile(text, options, &mut |_| {}) else { return true };
    assert_ne!(e.kind, ErrorKind::System, "{e}\n{text}");
    assert!(!e.message.is_empty(), "{text}");
    assert!(e.line as usize <= text.split(['\n', '\r']).count() + 1, "{e:?}\n{text}");
    false
}

#[test]
fn changed_programs() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let modes = [Mode::Exec, Mode::Exec, Mode::Single, Mode::Eval];
    for i in 0..20_000 {
        let text = numbers.changed(PROGRAMS[i % PROGRAMS.len()]);
        let mode = modes[numbers.below(modes.len())];
        let (tell_incomplete, keep_blocks) = (i % 7 == 0, i % 3 == 0);
        check(&text, &Options { mode, tell_incomplete, keep_blocks, ..Options::default() });
    }
}

#[test]
fn right_programs() {
    for text in PROGRAMS {
        assert!(check(text, &Options::default()), "{text}");
    }
}

/// Deep nesting with something wrong at its innermost point.
#[test]
fn deep_and_wrong() {
    let pairs = [
        ("(", ")"),
        ("[", "]"),
        ("{1: ", "}"),
        ("{", "}"),
        ("f(", ")"),
        ("x[", "]"),
        ("f(a=", ")"),
        ("lambda x=(", ")"),
        ("(lambda: ", ")"),
        ("(yield ", ")"),
        ("(a for b in ", ")"),
        ("not ", ""),
        ("-", ""),
        ("await ", ""),
        ("a if b else ", ""),
        ("a.b + ", ""),
        ("a, ", ""),
        ("a = ", ""),
        ("f'{", "}'"),
        ("(a := ", ")"),
        ("*", ""),
        ("@x\n", ""),
        ("if x:\n ", ""),
        ("match x:\n case [", "]: pass"),
        ("class A(", "): pass"),
        ("def f(a: ", "): pass"),
    ];
    for (open, close) in pairs {
        for n in [1, 10, 100, 199, 1000, 5000] {
            for wrong in ["x y", "", "1 = 2", "print 3", "for"] {
                check(&format!("{}{wrong}{}", open.repeat(n), close.repeat(n)), &Options::default());
            }
        }
    }
}
