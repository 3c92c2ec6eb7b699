//! Sub-interpreters: interpreters beside the first one, in the same process.
//!
//! They share the heap, the built-in classes (as CPython's share their static types) and the lock. What each has for
//! itself is its *namespace*: modules, built-in functions, `sys`, what native modules keep, and settings. The namespace of
//! the running thread is loaded in the [`Interpreter`]; the others are parked. A thread belongs to one namespace and loads
//! it when it gets the lock.

use crate::thread::{Interpreter, Registry, Settings};
use crate::{R, Thread, Value};
use std::mem::swap;

/// What an interpreter has for itself.
struct Namespace {
    number: u32,
    modules: Value,
    builtins: Value,
    sys: Value,
    registry: Registry,
    settings: Settings,
}

/// The namespaces that are not loaded, and what tells them apart.
pub struct Namespaces {
    /// The number of the one that is loaded; the first is 0.
    loaded: u32,
    /// How many there have been beside the first.
    made: u32,
    parked: Vec<Namespace>,
    /// What native code had registered and the built-in functions before any Python code ran: each namespace begins with
    /// these.
    base: Registry,
    base_builtins: Value,
}

impl Default for Namespaces {
    fn default() -> Self {
        Namespaces { loaded: 0, made: 0, parked: Vec::new(), base: Registry::default(), base_builtins: Value::NULL }
    }
}

impl Namespaces {
    /// Roots.
    pub(crate) fn visit(&mut self, value: &mut dyn FnMut(&mut Value)) {
        self.base.values_mut().for_each(&mut *value);
        value(&mut self.base_builtins);
        for n in &mut self.parked {
            [&mut n.modules, &mut n.builtins, &mut n.sys].into_iter().for_each(&mut *value);
            n.registry.values_mut().for_each(&mut *value);
        }
    }
}

impl Interpreter {
    /// Loads a namespace, if it still exists; the one that was loaded is parked.
    fn load_namespace(&mut self, number: u32) {
        if self.namespaces.loaded == number {
            return;
        }
        let Some(n) = self.namespaces.parked.iter_mut().find(|n| n.number == number) else { return };
        swap(&mut self.modules, &mut n.modules);
        swap(&mut self.builtins, &mut n.builtins);
        swap(&mut self.sys, &mut n.sys);
        swap(&mut self.registry, &mut n.registry);
        swap(&mut self.settings, &mut n.settings);
        swap(&mut self.namespaces.loaded, &mut n.number);
    }
}

impl Thread {
    /// Loads the thread's own namespace: other threads had the lock.
    pub(crate) fn load_own_namespace(&mut self) {
        let number = self.namespace;
        self.vm_mut().load_namespace(number);
    }

    /// New namespaces begin with what is registered and bound now.
    pub fn base_complete(&mut self) -> R<()> {
        if let Some(d) = self.vm().builtins.cast() {
            self.vm_mut().namespaces.base_builtins = self.dict_copy(d)?.value();
        }
        self.vm_mut().namespaces.base = self.vm().registry.clone();
        Ok(())
    }

    /// Runs `f` in a new interpreter, which ends with it. `f` finds nothing but the built-in functions.
    pub fn run_beside<T>(&mut self, f: impl FnOnce(&mut Thread) -> R<T>) -> R<T> {
        let (modules, sys) = (self.new_dict()?.value(), self.new_dict()?.value());
        let builtins = match self.vm().namespaces.base_builtins.cast() {
            Some(d) => self.dict_copy(d)?.value(),
            None => self.new_dict()?.value(),
        };
        let vm = self.vm_mut();
        let (settings, registry) = (vm.settings.clone(), vm.namespaces.base.clone());
        vm.namespaces.made += 1;
        let number = vm.namespaces.made;
        vm.namespaces.parked.push(Namespace { number, modules, builtins, sys, registry, settings });
        vm.load_namespace(number);
        let outer = std::mem::replace(&mut self.namespace, number);
        let result = f(self);
        self.namespace = outer;
        let vm = self.vm_mut();
        vm.load_namespace(outer);
        vm.namespaces.parked.retain(|n| n.number != number);
        result
    }

    /// The number of the interpreter that the thread belongs to.
    pub fn namespace_number(&self) -> u32 {
        self.namespace
    }
}
