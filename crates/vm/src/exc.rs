//! The built-in exception classes, and raising them from native code.
//!
//! A native function that fails sets the thread's pending exception and returns `Err(Raised)`; the helpers here do both.

use crate::{Gc, R, Thread, Value, types};

/// Proof that an exception is pending in the thread.
#[derive(Clone, Copy, Debug)]
pub struct Raised;

macro_rules! exceptions {
    ($($name:ident : $base:ident)*) => {
        /// A built-in exception class.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Exc { $($name,)* }
        /// (name, base) of each, in the order of [`Exc`]; a base stands before its subclasses.
        pub static EXCEPTIONS: &[(&str, Exc)] = &[$((stringify!($name), Exc::$base),)*];
    };
}

exceptions! {
    BaseException: BaseException
    Exception: BaseException
    BaseExceptionGroup: BaseException
    GeneratorExit: BaseException
    KeyboardInterrupt: BaseException
    SystemExit: BaseException
    ExceptionGroup: BaseExceptionGroup
    ArithmeticError: Exception
    FloatingPointError: ArithmeticError
    OverflowError: ArithmeticError
    ZeroDivisionError: ArithmeticError
    AssertionError: Exception
    AttributeError: Exception
    BufferError: Exception
    EOFError: Exception
    ImportError: Exception
    ModuleNotFoundError: ImportError
    LookupError: Exception
    IndexError: LookupError
    KeyError: LookupError
    MemoryError: Exception
    NameError: Exception
    UnboundLocalError: NameError
    OSError: Exception
    BlockingIOError: OSError
    ChildProcessError: OSError
    ConnectionError: OSError
    BrokenPipeError: ConnectionError
    ConnectionAbortedError: ConnectionError
    ConnectionRefusedError: ConnectionError
    ConnectionResetError: ConnectionError
    FileExistsError: OSError
    FileNotFoundError: OSError
    InterruptedError: OSError
    IsADirectoryError: OSError
    NotADirectoryError: OSError
    PermissionError: OSError
    ProcessLookupError: OSError
    TimeoutError: OSError
    ReferenceError: Exception
    RuntimeError: Exception
    NotImplementedError: RuntimeError
    PythonFinalizationError: RuntimeError
    RecursionError: RuntimeError
    StopAsyncIteration: Exception
    StopIteration: Exception
    SyntaxError: Exception
    IndentationError: SyntaxError
    _IncompleteInputError: SyntaxError
    TabError: IndentationError
    SystemError: Exception
    TypeError: Exception
    ValueError: Exception
    UnicodeError: ValueError
    UnicodeDecodeError: UnicodeError
    UnicodeEncodeError: UnicodeError
    UnicodeTranslateError: UnicodeError
    Warning: Exception
    BytesWarning: Warning
    DeprecationWarning: Warning
    EncodingWarning: Warning
    FutureWarning: Warning
    ImportWarning: Warning
    PendingDeprecationWarning: Warning
    ResourceWarning: Warning
    RuntimeWarning: Warning
    SyntaxWarning: Warning
    UnicodeWarning: Warning
    UserWarning: Warning
}

impl Thread {
    /// The class.
    pub fn exc_class(&self, e: Exc) -> Gc<types::Class> {
        self.vm().exc_classes[e as usize]
    }

    /// Sets the pending exception to a new one of class `e` with a message.
    #[cold]
    #[inline(never)]
    pub fn error(&mut self, e: Exc, message: impl AsRef<str>) -> Raised {
        let text = match self.new_str(message.as_ref()) {
            Ok(t) => t.value(),
            Err(r) => return r,
        };
        self.error_with(e, &[text])
    }

    /// The same with given `args` (passed to the class, so `__init__` sets the fields).
    #[cold]
    #[inline(never)]
    pub fn error_with(&mut self, e: Exc, args: &[Value]) -> Raised {
        let class = self.exc_class(e);
        match self.call(class.value(), args) {
            Ok(v) => self.raise_value(v),
            Err(r) => r,
        }
    }

    /// Makes an exception object pending. The exception handled now becomes its context.
    pub fn raise_value(&mut self, v: Value) -> Raised {
        self.set_context(v);
        self.pending = v;
        Raised
    }

    /// Makes it pending again as it is (context untouched).
    pub fn reraise(&mut self, v: Value) -> Raised {
        self.pending = v;
        Raised
    }

    /// Takes the pending exception, to handle it natively.
    pub fn take_pending(&mut self) -> Value {
        std::mem::replace(&mut self.pending, Value::NULL)
    }

    /// Is the pending exception an instance of the class?
    pub fn pending_is(&self, e: Exc) -> bool {
        let class = self.exc_class(e);
        !self.pending.is_null() && self.class_of(self.pending).is_subclass(class)
    }

    /// `Ok(None)` if `r` failed with class `e` (the exception is dropped).
    pub fn catch<T>(&mut self, e: Exc, r: R<T>) -> R<Option<T>> {
        match r {
            Ok(v) => Ok(Some(v)),
            Err(raised) => {
                if self.pending_is(e) {
                    self.pending = Value::NULL;
                    Ok(None)
                } else {
                    Err(raised)
                }
            }
        }
    }

    /// Sets `__context__` of a new exception to the one being handled, avoiding a cycle.
    fn set_context(&mut self, v: Value) {
        let Some(exc) = v.cast::<types::Exception>() else { return };
        let handled = self.handled_exception();
        if handled.is_null() || handled == v {
            return;
        }
        let mut at = handled;
        let mut steps = 0;
        while let Some(e) = at.cast::<types::Exception>() {
            let next = e.context.get();
            if next == v {
                e.context.set(self, at, Value::NULL);
                break;
            }
            at = next;
            steps += 1;
            if steps > 100_000 {
                break;
            }
        }
        exc.context.set(self, v, handled);
    }

    /// Adds a note to the pending exception.
    #[cold]
    pub fn note(&mut self, text: &str) -> Raised {
        let exc = self.take_pending();
        if exc.cast::<types::Exception>().is_none() {
            return self.reraise(exc);
        }
        let done = self.new_str(text).and_then(|text| self.call_method(exc, "add_note", &[text.value()]));
        match done {
            Ok(_) => self.reraise(exc),
            Err(r) => r,
        }
    }

    pub fn type_error(&mut self, message: impl AsRef<str>) -> Raised {
        self.error(Exc::TypeError, message)
    }
    pub fn value_error(&mut self, message: impl AsRef<str>) -> Raised {
        self.error(Exc::ValueError, message)
    }
    pub fn index_error(&mut self, message: impl AsRef<str>) -> Raised {
        self.error(Exc::IndexError, message)
    }
    pub fn overflow_error(&mut self, message: impl AsRef<str>) -> Raised {
        self.error(Exc::OverflowError, message)
    }
    pub fn runtime_error(&mut self, message: impl AsRef<str>) -> Raised {
        self.error(Exc::RuntimeError, message)
    }
    /// KeyError(key).
    pub fn key_error(&mut self, key: Value) -> Raised {
        self.error_with(Exc::KeyError, &[key])
    }
    /// StopIteration, with a value unless unbound.
    pub fn stop_iteration(&mut self, value: Value) -> Raised {
        match value.bound() {
            Some(v) if !v.is_none() => self.error_with(Exc::StopIteration, &[v]),
            _ => self.error_with(Exc::StopIteration, &[]),
        }
    }
    /// AttributeError with name and obj set.
    #[cold]
    pub fn attribute_error(&mut self, message: impl AsRef<str>, obj: Value, name: Value) -> Raised {
        let r = self.error(Exc::AttributeError, message);
        self.set_exc_fields(&[name, obj]);
        r
    }
    /// The heap is exhausted.
    ///
    /// Usually there is memory enough for a new exception object, which keeps nothing alive beyond its own life; the one
    /// made beforehand is the last resort. It is taken away while the new one is made, so that this cannot recurse.
    #[cold]
    pub fn memory_error(&mut self) -> Raised {
        let spare = std::mem::replace(&mut self.vm_mut().memory_error, Value::NULL);
        let Some(last_resort) = spare.cast::<types::Exception>() else {
            return self.reraise(Value::NULL);
        };
        let class = self.exc_class(Exc::MemoryError);
        let made = self.call(class.value(), &[]);
        self.vm_mut().memory_error = spare;
        match made {
            Ok(e) => self.raise_value(e),
            Err(_) => {
                last_resort.traceback.set(self, spare, Value::NULL);
                last_resort.context.set(self, spare, Value::NULL);
                self.reraise(spare)
            }
        }
    }
    /// OSError from an errno value; picks the subclass as Python does.
    pub fn os_error(&mut self, errno: i32, filename: Option<Value>) -> Raised {
        // SAFETY: strerror returns a string that stays valid until the next call in this thread.
        let text = unsafe { std::ffi::CStr::from_ptr(libc::strerror(errno)) }.to_string_lossy().into_owned();
        let text = match self.new_str(&text) {
            Ok(t) => t.value(),
            Err(r) => return r,
        };
        let n = Value::small_int(errno as i64);
        match filename {
            Some(f) => self.error_with(Exc::OSError, &[n, text, f]),
            None => self.error_with(Exc::OSError, &[n, text]),
        }
    }
    /// The same from Rust's error.
    pub fn io_error(&mut self, e: &std::io::Error, filename: Option<Value>) -> Raised {
        match e.raw_os_error() {
            Some(n) => self.os_error(n, filename),
            None => self.error(Exc::OSError, e.to_string()),
        }
    }

    /// Replaces the first fields of the pending exception's data (see `exception` types in `builtins`).
    pub fn set_exc_fields(&mut self, fields: &[Value]) {
        let Some(exc) = self.pending.cast::<types::Exception>() else { return };
        if let Some(data) = exc.data.cast::<types::Array>() {
            for (i, f) in fields.iter().enumerate().take(data.capacity()) {
                data.field(i).set(self, data, *f);
            }
            return;
        }
        if let Ok(array) = self.new_array(fields.len().max(6)) {
            for (i, f) in fields.iter().enumerate() {
                array.field(i).init(*f);
            }
            if let Some(exc) = self.pending.cast::<types::Exception>() {
                exc.data.set(self, exc, array);
            }
        }
    }
}
