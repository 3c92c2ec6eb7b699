//! The methods of the built-in types and the functions of the module builtins.
