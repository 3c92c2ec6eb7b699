//! Compares error messages with a list: blocks of `=== Class line:col-line:col message` and the program.

use ferropy_compiler::{ErrorKind, Options, compile};

fn main() {
    let Some(path) = std::env::args().nth(1) else { return eprintln!("usage: errors list.txt") };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) => return eprintln!("{path}: {e}"),
    };
    let (mut right, mut places, mut count) = (0, 0, 0);
    for block in text.split("=== ").skip(1) {
        let Some((expected, program)) = block.split_once('\n') else { continue };
        let got = match compile(program, &Options::default(), &mut |_| {}) {
            Ok(_) => "ok".to_string(),
            Err(e) => {
                let class = match e.kind {
                    ErrorKind::Indentation => "IndentationError",
                    ErrorKind::Tab => "TabError",
                    _ => "SyntaxError",
                };
                format!("{class} {}:{}-{}:{} {}", e.line, e.col, e.end_line, e.end_col, e.message)
            }
        };
        let without_place = |s: &str| {
            s.splitn(3, ' ').enumerate().filter(|(i, _)| *i != 1).map(|p| p.1.to_string()).collect::<Vec<_>>()
        };
        count += 1;
        let same = without_place(expected) == without_place(&got);
        right += same as usize;
        places += (expected == got) as usize;
        if expected != got {
            println!("{} want {expected}\n    got {got}\n{program}", if same { "PLACE" } else { "MESSAGE" });
        }
    }
    println!("{count} programs: {right} messages, {places} places right");
}
