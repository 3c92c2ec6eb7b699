//! Not written yet.

use ferropy_vm::Thread;

/// Registers the modules of this file.
pub fn register(_cx: &mut Thread) {}
