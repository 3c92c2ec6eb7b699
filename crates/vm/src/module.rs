//! Native modules: how they are made and registered.

use crate::class::{Builtin as B, TypeDef};
use crate::native::NativeDef;
use crate::object::Gc;
use crate::thread::ModuleInit;
use crate::types::{Dict, Module};
use crate::{N, R, Thread, Value, field};

impl Thread {
    /// Registers a native module under its full name; `init` makes it at the first import.
    pub fn register_module(&mut self, name: &'static str, init: ModuleInit) {
        self.vm_mut().module_table.push((name, init));
    }

    /// An empty module object with name and doc.
    pub fn new_module(&mut self, name: &str, doc: &str) -> R<Gc<Module>> {
        let dict = self.new_dict()?;
        let n = self.intern(name)?;
        let m = self.alloc(B::Module, Module { dict: field(dict), name: field(n) })?;
        let d = if doc.is_empty() { Value::NONE } else { self.new_str(doc)?.value() };
        for (key, v) in [
            (N::__name__, n),
            (N::__doc__, d),
            (N::__package__, Value::NONE),
            (N::__loader__, Value::NONE),
            (N::__spec__, Value::NONE),
        ] {
            let key = self.name(key);
            self.dict_set_str(dict, key, v)?;
        }
        Ok(m)
    }

    /// A module with functions.
    pub fn module_with(&mut self, name: &str, doc: &str, functions: &'static [NativeDef]) -> R<Gc<Module>> {
        let m = self.new_module(name, doc)?;
        self.add_functions(m, functions)?;
        Ok(m)
    }

    pub fn add_functions(&mut self, m: Gc<Module>, functions: &'static [NativeDef]) -> R<()> {
        let module = m.name.get();
        for def in functions {
            let f = self.native_function(module, def)?;
            self.module_set(m, def.name(), f)?;
        }
        Ok(())
    }

    /// Binds a name in a module.
    pub fn module_set(&mut self, m: Gc<Module>, name: &str, v: Value) -> R<()> {
        let key = self.intern(name)?;
        let Some(d) = m.dict.cast::<Dict>() else { return Ok(()) };
        self.dict_set_str(d, key, v)
    }

    /// Binds a native class in a module, under its plain name.
    pub fn module_class(&mut self, m: Gc<Module>, def: &'static TypeDef) -> R<()> {
        let class = self.native_class(def)?;
        let name = class.name();
        self.module_set(m, &name, class.value())
    }

    /// `import name` from native code: the module itself (of a dotted name the innermost).
    pub fn import(&mut self, name: &str) -> R {
        let n = self.intern(name)?;
        let modules = self.vm().modules;
        if let Some(d) = modules.cast::<Dict>()
            && let Some(m) = self.dict_get_str(d, n)
        {
            return Ok(m);
        }
        let key = self.name(N::__import__);
        let import = self.vm().builtins.cast::<Dict>().and_then(|b| self.dict_get_str(b, key));
        let Some(import) = import else {
            return Err(self.error(crate::Exc::ImportError, "__import__ not found"));
        };
        let from = self.new_list(&[key])?.value();
        self.call(import, &[n, Value::NONE, Value::NONE, from, Value::small_int(0)])
    }
}
