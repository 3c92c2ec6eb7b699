//! Messages and lines of syntax errors, as CPython 3.14 gives them.

use ferropy_compiler::{ErrorKind, Options, compile};

#[test]
fn messages() {
    let list = include_str!("data/errors.txt");
    let mut wrong = Vec::new();
    for block in list.split("=== ").skip(1) {
        let Some((expected, program)) = block.split_once('\n') else { continue };
        let got = match compile(program, &Options::default(), &mut |_| {}) {
            Ok(_) => "ok".to_string(),
            Err(e) => {
                let class = match e.kind {
                    ErrorKind::Indentation => "IndentationError",
                    ErrorKind::Tab => "TabError",
                    _ => "SyntaxError",
                };
                format!("{class} {} {}", e.line, e.message)
            }
        };
        if got != expected {
            wrong.push(format!("want {expected}\n got {got}\n{program}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
