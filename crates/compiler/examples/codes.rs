//! Lists the code objects of Python files, one a line, for comparison with another compiler.

use ferropy_bytecode::{Code, Const, VarKind};
use ferropy_compiler::{Options, compile};

fn show(code: &Code, path: &str) {
    let names = |kind: VarKind| {
        let mut v: Vec<&str> = code.vars.iter().filter(|v| v.kind == kind).map(|v| v.name.as_str()).collect();
        v.sort_unstable();
        v.join(",")
    };
    let nparams = code.nparams();
    let mut cells: Vec<&str> = code.vars.iter().filter(|v| v.kind == VarKind::Cell).map(|v| v.name.as_str()).collect();
    cells.sort_unstable();
    let params: Vec<&str> = code.vars.iter().take(nparams).map(|v| v.name.as_str()).collect();
    println!(
        "{path}|{}|{}|{}|{}/{}/{}|{:x}|{}|cells {}|free {}",
        code.qualname,
        code.name,
        code.firstlineno,
        code.posonlyargcount,
        code.argcount,
        code.kwonlyargcount,
        code.flags & 0xfff_ffff,
        params.join(","),
        cells.join(","),
        names(VarKind::Free),
    );
    for c in &code.consts {
        if let Const::Code(c) = c {
            show(c, path);
        }
    }
}

fn main() {
    for path in std::env::args().skip(1) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let short = path.split("python3.14/").last().unwrap_or(&path);
        match compile(&text, &Options::default(), &mut |w| println!("{short}|WARN {} {}", w.line, w.message)) {
            Ok(code) => show(&code, short),
            Err(e) => println!("{short}|ERROR {e}"),
        }
    }
}
