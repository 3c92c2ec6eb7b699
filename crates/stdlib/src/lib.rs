//! The pure-Python standard library: compiled when this crate is built, packed into one blob.
//!
//! The pack: number of modules, then a row for each (sorted by name): offset and length of the name (bit 31 of the length:
//! a package), of the serialised code, of the deflated source, and the source's length. All words are little-endian u32.
//! Nothing of it is read before somebody asks for a module.

use std::io::Read;

static PACK: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stdlib.pack"));
const ROW: usize = 28;

/// Stands for the compiler that made the pack: another compiler's code files must not be taken for ours.
pub const FINGERPRINT: u16 = include!(concat!(env!("OUT_DIR"), "/fingerprint.in"));

/// A module of the library.
#[derive(Clone, Copy)]
pub struct Module {
    row: usize,
}

fn word(at: usize) -> usize {
    let bytes = PACK.get(at..at + 4).and_then(|b| b.try_into().ok());
    u32::from_le_bytes(bytes.unwrap_or_default()) as usize
}

fn part(offset: usize, len: usize) -> &'static [u8] {
    PACK.get(offset..offset + len).unwrap_or_default()
}

impl Module {
    pub fn name(self) -> &'static str {
        let len = word(self.row + 4) & 0x7fff_ffff;
        std::str::from_utf8(part(word(self.row), len)).unwrap_or_default()
    }
    pub fn is_package(self) -> bool {
        word(self.row + 4) >> 31 != 0
    }
    /// The serialised code object; empty if the source did not compile.
    pub fn code(self) -> &'static [u8] {
        part(word(self.row + 8), word(self.row + 12))
    }
    /// The source text.
    pub fn source(self) -> std::io::Result<String> {
        let mut text = String::with_capacity(word(self.row + 24));
        let packed = part(word(self.row + 16), word(self.row + 20));
        flate2::read::DeflateDecoder::new(packed).read_to_string(&mut text)?;
        Ok(text)
    }
    /// Path below the library's folder.
    pub fn path(self) -> String {
        format!("{}{}", self.name().replace('.', "/"), if self.is_package() { "/__init__.py" } else { ".py" })
    }
}

/// Number of modules.
pub fn len() -> usize {
    word(0)
}

/// Module number `i` in the order of names.
pub fn nth(i: usize) -> Module {
    Module { row: 4 + i * ROW }
}

/// The module of this full name.
pub fn find(name: &str) -> Option<Module> {
    let (mut low, mut high) = (0, len());
    while low < high {
        let mid = (low + high) / 2;
        match nth(mid).name().cmp(name) {
            std::cmp::Ordering::Equal => return Some(nth(mid)),
            std::cmp::Ordering::Less => low = mid + 1,
            std::cmp::Ordering::Greater => high = mid,
        }
    }
    None
}

/// All modules, in the order of their names.
pub fn modules() -> impl Iterator<Item = Module> {
    (0..len()).map(nth)
}

#[cfg(test)]
mod tests {
    #[test]
    fn modules_are_found() {
        assert!(super::len() > 300);
        let os = super::find("os").unwrap();
        assert!(!os.is_package() && !os.code().is_empty());
        assert!(os.source().unwrap().contains("def walk("));
        assert!(super::find("json").unwrap().is_package());
        assert!(super::find("jso").is_none());
    }
}
