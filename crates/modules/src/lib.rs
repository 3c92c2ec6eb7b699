//! Standard-library modules that CPython writes in C; a file or a folder each.
