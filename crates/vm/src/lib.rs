//! Values, object types, the meaning of every operation, interpreter, frames, exceptions.
