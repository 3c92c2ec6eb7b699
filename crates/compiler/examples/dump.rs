//! Shows the code of a Python file: `cargo run --example dump file.py [0|1|2]`.

use ferropy_compiler::{Options, compile};

fn main() {
    let mut args = std::env::args().skip(1);
    let Some(path) = args.next() else { return eprintln!("usage: dump file.py [optimize]") };
    let optimize = args.next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) => return eprintln!("{path}: {e}"),
    };
    let options = Options { filename: path, optimize, ..Options::default() };
    match compile(&text, &options, &mut |w| eprintln!("{}: {:?}: {}", w.line, w.category, w.message)) {
        Ok(code) => println!("{}", ferropy_bytecode::disasm::disassemble(&code)),
        Err(e) => eprintln!("{e:?}"),
    }
}
