//! Binding of arguments to the parameters of Python functions.
//!
//! `bind_plain` does what is common without making anything on the heap; `bind_args` does everything, and words the
//! errors.

use super::call::{Argv, FEW_PARAMS, closest};
use crate::types::{CodeObject, Dict, Function, Str, Tuple};
use crate::{Gc, R, Raised, Thread, Value};
use ferropy_bytecode::flags as cflags;

impl Thread {
    /// Binds positional and keyword arguments to parameters without stars, into `to`. False: something is left over or
    /// missing, or the names are not interned; [`Thread::bind_args`] tells.
    pub(super) fn bind_plain(
        &mut self,
        f: Gc<Function>,
        code: Gc<CodeObject>,
        argv: Argv,
        to: &mut [Value; FEW_PARAMS],
    ) -> bool {
        let rust = code.rust();
        // SAFETY: code objects hold a tuple of parameter names.
        let params = unsafe { code.params.as_gc::<Tuple>() };
        let names = argv.names.cast::<Tuple>();
        let (want, given) = (code.argcount as usize, argv.count - names.map_or(0, |n| n.len));
        if given > want {
            return false;
        }
        to[..given].copy_from_slice(&argv.as_slice()[..given]);
        if let Some(names) = names {
            let from = given.max(rust.posonlyargcount as usize);
            let Some(open) = params.items().get(from..) else { return false };
            for (name, value) in names.items().iter().zip(&argv.as_slice()[given..]) {
                let Some(at) = open.iter().position(|p| p == name) else { return false };
                if !std::mem::replace(&mut to[from + at], *value).is_null() {
                    return false;
                }
            }
        }
        let defaults = f.defaults.cast::<Tuple>();
        let first = want - defaults.map_or(0, |d| d.len).min(want);
        for i in given..want {
            if to[i].is_null() {
                let Some(d) = defaults.filter(|_| i >= first) else { return false };
                to[i] = d.at(i + d.len - want);
            }
        }
        for i in want..code.nparams as usize {
            if to[i].is_null() {
                let Some(d) = f.kwdefaults.cast::<Dict>() else { return false };
                let Some(v) = self.dict_get_str(d, params.at(i)) else { return false };
                to[i] = v;
            }
        }
        true
    }

    /// Binds arguments to parameters, into `to[0..nparams]`.
    pub(super) fn bind_args(&mut self, f: Gc<Function>, code: Gc<CodeObject>, argv: Argv, to: *mut Value) -> R<()> {
        let rust = code.rust();
        let npos = rust.argcount as usize;
        let nkw = rust.kwonlyargcount as usize;
        let named = argv.named();
        let given = argv.count - named;
        let (varargs, varkw) = (rust.flags & cflags::VARARGS != 0, rust.flags & cflags::VARKEYWORDS != 0);
        // SAFETY (all writes through `to`): room for the frame's registers was checked.
        let put = |i: usize, v: Value| unsafe { *to.add(i) = v };
        let get = |i: usize| unsafe { *to.add(i) };
        for i in 0..code.nparams as usize {
            put(i, Value::NULL);
        }
        for i in 0..given.min(npos) {
            put(i, argv.at(i));
        }
        if varargs {
            let rest = if given > npos { &argv.as_slice()[npos..given] } else { &[] };
            let t = self.new_tuple(rest)?;
            put(npos + nkw, t.value());
        } else if given > npos {
            return Err(self.too_many_positional(f, code, given, argv));
        }
        let kwdict = if varkw {
            let d = self.new_dict()?;
            put(npos + nkw + varargs as usize, d.value());
            Some(d)
        } else {
            None
        };
        if named > 0 {
            self.bind_named(f, code, argv, given, kwdict, to)?;
        }
        self.fill_defaults(f, code, given, to)?;
        // SAFETY: see above; `fill_defaults` bound everything or raised.
        debug_assert!((0..npos + nkw).all(|i| !get(i).is_null()));
        Ok(())
    }

    fn bind_named(
        &mut self,
        f: Gc<Function>,
        code: Gc<CodeObject>,
        argv: Argv,
        given: usize,
        kwdict: Option<Gc<Dict>>,
        to: *mut Value,
    ) -> R<()> {
        let rust = code.rust();
        let (npos, nkw, posonly) =
            (rust.argcount as usize, rust.kwonlyargcount as usize, rust.posonlyargcount as usize);
        // SAFETY: code objects hold a tuple of parameter names.
        let params = unsafe { code.params.as_gc::<Tuple>() };
        let Some(names) = argv.names.cast::<Tuple>() else { return Ok(()) };
        let mut wrong_posonly = Vec::new();
        for i in 0..names.len {
            let (name, value) = (names.at(i), argv.at(given + i));
            // Names in the code are interned, as parameters' names are.
            let mut found = (posonly..npos + nkw).find(|p| params.at(*p) == name);
            let Some(s) = name.cast::<Str>() else { return Err(self.type_error("keywords must be strings")) };
            let mut key = name;
            if found.is_none() {
                key = self.intern_str(s)?;
                found = (posonly..npos + nkw).find(|p| params.at(*p) == key);
            }
            if let Some(p) = found {
                // SAFETY: a parameter's register.
                unsafe {
                    if !(*to.add(p)).is_null() {
                        let fname = self.function_name(f);
                        return Err(
                            self.type_error(format!("{fname}() got multiple values for argument '{}'", s.to_lossy()))
                        );
                    }
                    *to.add(p) = value;
                }
                continue;
            }
            match kwdict {
                Some(d) => {
                    if self.dict_get_str(d, key).is_some() {
                        let fname = self.function_name(f);
                        return Err(self.type_error(format!(
                            "{fname}() got multiple values for keyword argument '{}'",
                            s.to_lossy()
                        )));
                    }
                    self.dict_set_str(d, name, value)?;
                }
                None if (0..posonly).any(|p| params.at(p) == key) => wrong_posonly.push(s.to_lossy()),
                None => return Err(self.unexpected_keyword(f, params, posonly, npos + nkw, s)),
            }
        }
        if !wrong_posonly.is_empty() {
            let fname = self.function_name(f);
            return Err(self.type_error(format!(
                "{fname}() got some positional-only arguments passed as keyword arguments: '{}'",
                wrong_posonly.join(", ")
            )));
        }
        Ok(())
    }

    fn unexpected_keyword(&mut self, f: Gc<Function>, params: Gc<Tuple>, from: usize, to: usize, s: Gc<Str>) -> Raised {
        let fname = self.function_name(f);
        let name = s.to_lossy();
        let known: Vec<String> = (from..to).filter_map(|i| params.at(i).cast::<Str>()).map(|s| s.to_lossy()).collect();
        let hint = match closest(&name, &known) {
            Some(k) => format!(". Did you mean '{k}'?"),
            None => String::new(),
        };
        self.type_error(format!("{fname}() got an unexpected keyword argument '{name}'{hint}"))
    }

    fn fill_defaults(&mut self, f: Gc<Function>, code: Gc<CodeObject>, given: usize, to: *mut Value) -> R<()> {
        let rust = code.rust();
        let (npos, nkw) = (rust.argcount as usize, rust.kwonlyargcount as usize);
        if given < npos {
            let defaults = f.defaults.cast::<Tuple>();
            let ndef = defaults.map_or(0, |d| d.len);
            let first = npos.saturating_sub(ndef);
            for i in given..npos {
                // SAFETY: a parameter's register.
                let slot = unsafe { &mut *to.add(i) };
                if slot.is_null()
                    && let Some(d) = defaults
                    && i >= first
                {
                    *slot = d.at(i - first + ndef.saturating_sub(npos));
                }
            }
        }
        // SAFETY: parameters' registers.
        let is_missing = |i: &usize| unsafe { (*to.add(*i)).is_null() };
        if (given..npos).any(|i| is_missing(&i)) {
            let lost: Vec<usize> = (given..npos).filter(is_missing).collect();
            return Err(self.missing_arguments(f, code, &lost, "positional"));
        }
        if nkw > 0 {
            let kwd = f.kwdefaults.cast::<Dict>();
            // SAFETY: as above.
            let params = unsafe { code.params.as_gc::<Tuple>() };
            for i in npos..npos + nkw {
                let slot = unsafe { &mut *to.add(i) };
                if slot.is_null()
                    && let Some(d) = kwd
                    && let Some(v) = self.dict_get_str(d, params.at(i))
                {
                    *slot = v;
                }
            }
            if (npos..npos + nkw).any(|i| is_missing(&i)) {
                let lost: Vec<usize> = (npos..npos + nkw).filter(is_missing).collect();
                return Err(self.missing_arguments(f, code, &lost, "keyword-only"));
            }
        }
        Ok(())
    }

    /// Name of a function for messages: its `__qualname__`.
    pub fn function_name(&self, f: Gc<Function>) -> String {
        f.qualname.cast::<Str>().map_or_else(|| "?".into(), |s| s.to_lossy())
    }

    #[cold]
    fn missing_arguments(&mut self, f: Gc<Function>, code: Gc<CodeObject>, lost: &[usize], what: &str) -> Raised {
        let params = code.params.cast::<Tuple>();
        let names: Vec<String> =
            lost.iter().filter_map(|i| params?.at(*i).cast::<Str>()).map(|s| format!("'{}'", s.to_lossy())).collect();
        let list = match names.len() {
            1 => names[0].clone(),
            2 => format!("{} and {}", names[0], names[1]),
            n => format!("{}, and {}", names[..n - 1].join(", "), names[n - 1]),
        };
        let (n, s) = (names.len(), if names.len() == 1 { "" } else { "s" });
        let fname = self.function_name(f);
        self.type_error(format!("{fname}() missing {n} required {what} argument{s}: {list}"))
    }

    #[cold]
    fn too_many_positional(&mut self, f: Gc<Function>, code: Gc<CodeObject>, given: usize, argv: Argv) -> Raised {
        let rust = code.rust();
        let npos = rust.argcount as usize;
        let ndef = f.defaults.cast::<Tuple>().map_or(0, |d| d.len);
        let kwonly_given = argv.names.cast::<Tuple>().map_or(0, |names| {
            let params = code.params.cast::<Tuple>();
            let range = npos..npos + rust.kwonlyargcount as usize;
            names.items().iter().filter(|n| params.is_some_and(|p| range.clone().any(|i| p.at(i) == **n))).count()
        });
        let (takes, plural) =
            if ndef > 0 { (format!("from {} to {npos}", npos - ndef), true) } else { (npos.to_string(), npos != 1) };
        let fname = self.function_name(f);
        let s = |p: bool| if p { "s" } else { "" };
        let were = if given == 1 && kwonly_given == 0 { "was" } else { "were" };
        let extra = if kwonly_given > 0 {
            format!(
                " positional argument{} (and {kwonly_given} keyword-only argument{})",
                s(given != 1),
                s(kwonly_given != 1)
            )
        } else {
            String::new()
        };
        self.type_error(format!(
            "{fname}() takes {takes} positional argument{} but {given}{extra} {were} given",
            s(plural)
        ))
    }
}
