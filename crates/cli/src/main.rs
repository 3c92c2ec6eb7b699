//! The executable `ferropy`: options, REPL, tools.

fn main() {
    println!("ferropy");
}
