//! The instruction set (one table), code objects' layout, the disassembler.
