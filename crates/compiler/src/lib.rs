//! Source text to bytecode: ruff's AST, scopes, code generation.
