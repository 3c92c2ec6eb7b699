//! What is said when a module lacks a name: a circular import, or a file that hides the module that was meant.

use crate::types::{Class, Dict, Function, List, Module, NativeFn, Set, Str};
use crate::{Exc, Gc, HeapObject, N, R, Raised, Thread, Value};

/// The registry's key of the folder that the command line put in front of `sys.path`, a str.
pub const SCRIPT_FOLDER: &str = "sys.path[0]";

/// How a module that lacks a name came about.
#[derive(Default)]
struct Circumstances {
    /// Its file, if its spec says so.
    origin: Option<String>,
    /// The file lies where the program lies.
    beside_program: bool,
    /// The standard library has a module of that name, which the file hides.
    hides_stdlib: bool,
    /// Its body is still running.
    initializing: bool,
}

impl Thread {
    /// `name` of a module whose dict does not have it.
    pub(super) fn module_getattr(&mut self, m: Gc<Module>, name: Value) -> R {
        let dict = m.dict.cast::<Dict>();
        let entry = |cx: &mut Thread, n: N| {
            let key = cx.name(n);
            dict.and_then(|d| cx.dict_get_str(d, key))
        };
        if let Some(f) = entry(self, N::__getattr__) {
            return self.call(f, &[name]);
        }
        let text = name.cast::<Str>().map_or_else(|| "?".into(), |s| s.to_lossy());
        let spec = entry(self, N::__spec__).filter(|s| !s.is_none());
        let Some(module) = entry(self, N::__name__).filter(|n| n.cast::<Str>().is_some()) else {
            return Err(self.attribute_error(format!("module has no attribute '{text}'"), m.value(), name));
        };
        let how = match spec {
            Some(s) => self.circumstances(s, module)?,
            None => Circumstances::default(),
        };
        let module = module.cast::<Str>().map_or_else(String::new, |s| s.to_lossy());
        let missing = format!("module '{module}' has no attribute '{text}'");
        let origin = how.origin.as_deref();
        let message = match origin {
            Some(file) if how.hides_stdlib => format!("{missing} ({})", hidden_stdlib(file, &module)),
            Some(file) if how.initializing && how.beside_program => format!("{missing} ({})", hidden_other(file)),
            _ if how.initializing => {
                let from = origin.map_or_else(String::new, |file| format!(" from '{file}'"));
                format!(
                    "partially initialized module '{module}'{from} has no attribute '{text}' (most likely due to a \
                     circular import)"
                )
            }
            _ if self.is_unready_submodule(spec, name)? => {
                format!("cannot access submodule '{text}' of module '{module}' (most likely due to a circular import)")
            }
            _ => missing,
        };
        Err(self.attribute_error(message, m.value(), name))
    }

    /// `from module import name` where there is no such name.
    pub(crate) fn import_from_error(&mut self, module: Value, package: Option<Value>, name: Value) -> Raised {
        let result = (|| {
            let key = self.name(N::__spec__);
            let spec = self.getattr_opt(module, key)?.filter(|s| !s.is_none());
            let package = package.filter(|p| p.cast::<Str>().is_some());
            let how = match spec {
                Some(s) => self.circumstances(s, package.unwrap_or(Value::NONE))?,
                None => Circumstances::default(),
            };
            let key = self.name(N::__file__);
            let file = self.getattr_opt(module, key)?.and_then(|f| f.cast::<Str>()).map(|s| s.to_lossy());
            let origin = how.origin.clone().or(file);
            let message = self.import_from_message(&how, origin.as_deref(), package, name)?;
            let message = self.new_str(&message)?.value();
            let path = match &origin {
                Some(o) => self.new_str(o)?.value(),
                None => Value::NONE,
            };
            let class = self.exc_class(Exc::ImportError).value();
            let details = [("name", package.unwrap_or(Value::NONE)), ("path", path), ("name_from", name)];
            let e = self.call_kw(class, &[message], &details)?;
            Ok::<_, Raised>(self.raise_value(e))
        })();
        match result {
            Ok(r) | Err(r) => r,
        }
    }

    fn import_from_message(
        &mut self,
        how: &Circumstances,
        origin: Option<&str>,
        package: Option<Value>,
        name: Value,
    ) -> R<String> {
        let shown_name = self.repr(name)?.to_lossy();
        let shown_module = match package {
            Some(p) => self.repr(p)?.to_lossy(),
            None => "'<unknown module name>'".to_owned(),
        };
        let missing = format!("cannot import name {shown_name} from {shown_module}");
        Ok(match origin {
            Some(file) if how.hides_stdlib => {
                let module = package.and_then(|p| p.cast::<Str>()).map_or_else(String::new, |s| s.to_lossy());
                format!("{missing} ({})", hidden_stdlib(file, &module))
            }
            Some(file) if how.initializing && how.beside_program => format!("{missing} ({})", hidden_other(file)),
            _ if how.initializing => {
                let place = origin.map_or_else(String::new, |file| format!(" ({file})"));
                format!(
                    "cannot import name {shown_name} from partially initialized module {shown_module} (most likely due \
                     to a circular import){place}"
                )
            }
            Some(file) => format!("{missing} ({file})"),
            None => format!("{missing} (unknown location)"),
        })
    }

    /// A hint for those who call a module and mean the thing in it that has its name.
    pub(super) fn callable_inside(&mut self, v: Value) -> String {
        let Some(dict) = v.cast::<Module>().and_then(|m| m.dict.cast::<Dict>()) else { return String::new() };
        let key = self.name(N::__name__);
        let Some(name) = self.dict_get_str(dict, key).filter(|n| n.cast::<Str>().is_some()) else {
            return String::new();
        };
        let inside = self.dict_get_str(dict, name);
        let callable = inside.is_some_and(|f| {
            let k = f.kind();
            k == Function::kind()
                || k == NativeFn::kind()
                || k == Class::kind()
                || self.lookup_special(f, N::__call__).is_some()
        });
        if !callable {
            return String::new();
        }
        let name = name.cast::<Str>().map_or_else(String::new, |s| s.to_lossy());
        format!(". Did you mean: '{name}.{name}(...)'?")
    }

    fn circumstances(&mut self, spec: Value, module: Value) -> R<Circumstances> {
        let mut how = Circumstances::default();
        if self.spec_flag(spec, "has_location")? {
            let key = self.intern("origin")?;
            how.origin = self.getattr_opt(spec, key)?.and_then(|o| o.cast::<Str>()).map(|s| s.to_lossy());
        }
        how.beside_program = how.origin.as_deref().is_some_and(|o| self.is_beside_program(o));
        if how.beside_program {
            let key = self.intern("stdlib_module_names")?;
            let known = self.vm().sys.cast::<Dict>().and_then(|d| self.dict_get_str(d, key));
            if let Some(known) = known.and_then(|k| k.cast::<Set>()) {
                how.hides_stdlib = self.set_contains(known, module)?;
            }
        }
        how.initializing = self.spec_flag(spec, "_initializing")?;
        Ok(how)
    }

    fn spec_flag(&mut self, spec: Value, name: &str) -> R<bool> {
        let key = self.intern(name)?;
        match self.getattr_opt(spec, key)? {
            Some(v) => self.truth(v),
            None => Ok(false),
        }
    }

    /// Does the file, or the package whose `__init__.py` it is, lie in the folder of the program?
    fn is_beside_program(&self, file: &str) -> bool {
        let Some(folder) = self.registry(SCRIPT_FOLDER).and_then(|v| v.cast::<Str>()) else { return false };
        let Some((mut place, last)) = file.rsplit_once('/') else { return false };
        if last == "__init__.py" {
            let Some((outer, _)) = place.rsplit_once('/') else { return false };
            place = outer;
        }
        let folder = folder.to_lossy();
        if !folder.is_empty() {
            return folder == place;
        }
        std::env::current_dir().is_ok_and(|here| here.as_os_str() == place)
    }

    /// Is it a submodule whose import is under way?
    fn is_unready_submodule(&mut self, spec: Option<Value>, name: Value) -> R<bool> {
        let Some(spec) = spec else { return Ok(false) };
        let key = self.intern("_uninitialized_submodules")?;
        match self.getattr_opt(spec, key)?.filter(|v| v.cast::<List>().is_some()) {
            Some(list) => self.contains(list, name),
            None => Ok(false),
        }
    }
}

fn hidden_stdlib(file: &str, module: &str) -> String {
    format!(
        "consider renaming '{file}' since it has the same name as the standard library module named '{module}' and \
         prevents importing that standard library module"
    )
}

fn hidden_other(file: &str) -> String {
    format!("consider renaming '{file}' if it has the same name as a library you intended to import")
}
