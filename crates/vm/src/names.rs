//! Well-known interned strings, by index.

macro_rules! names {
    ($($name:ident)*) => {
        /// Index of a well-known name; `cx.name(N::__init__)` is the interned string.
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub enum N { $($name,)* }
        /// Their texts, by index.
        pub static NAMES: &[&str] = &[$(stringify!($name),)*];
    };
}

names! {
    __abs__ __add__ __aenter__ __aexit__ __aiter__ __all__ __and__ __anext__ __annotate__ __annotate_func__
    __annotations__ __annotations_cache__ __await__ __bases__ __bool__ __buffer__ __build_class__ __builtins__ __bytes__
    __call__ __cause__ __ceil__ __class__ __class_getitem__ __classcell__ __classdictcell__ __complex__
    __conditional_annotations__ __contains__ __context__ __copy__ __debug__ __deepcopy__ __defaults__ __del__
    __delattr__ __delete__ __delitem__ __dict__ __dir__ __divmod__ __doc__ __enter__ __eq__ __exit__ __file__
    __firstlineno__ __float__ __floor__ __floordiv__ __format__ __fspath__ __func__ __ge__ __get__ __getattr__
    __getattribute__ __getitem__ __getnewargs__ __getnewargs_ex__ __getstate__ __gt__ __hash__ __iadd__ __iand__
    __ifloordiv__ __ilshift__ __imatmul__ __imod__ __import__ __imul__ __index__ __init__ __init_subclass__
    __instancecheck__ __int__ __invert__ __ior__ __ipow__ __irshift__ __isabstractmethod__ __isub__ __iter__
    __itruediv__ __ixor__ __kwdefaults__ __le__ __len__ __length_hint__ __loader__ __lshift__ __lt__ __main__
    __match_args__ __matmul__ __missing__ __mod__ __module__ __mro_entries__ __mro__ __mul__ __name__ __ne__ __neg__
    __new__ __next__ __notes__ __objclass__ __or__ __orig_bases__ __orig_class__ __origin__ __package__
    __parameters__ __path__ __pos__ __post_init__ __pow__ __prepare__ __qualname__ __radd__ __rand__ __rdivmod__
    __reduce__ __reduce_ex__ __release_buffer__ __repr__ __reversed__ __rfloordiv__ __rlshift__ __rmatmul__ __rmod__
    __rmul__ __ror__ __round__ __rpow__ __rrshift__ __rshift__ __rsub__ __rtruediv__ __rxor__ __self__ __set__
    __set_name__ __setattr__ __setitem__ __setstate__ __sizeof__ __slots__ __spec__ __static_attributes__ __str__
    __sub__ __subclasscheck__ __subclasshook__ __subclasses__ __suppress_context__ __traceback__ __truediv__ __trunc__
    __type_params__ __typing_subst__ __typing_is_unpacked_typevartuple__ __unpacked__ __weakref__ __wrapped__
    __xor__ _abc_impl _fields _handleWarnings _initializing _is_coroutine_mark abs add append args argv athrow big
    breakpointhook buffer builtins category clear close code copy count data decode default_factory defaults
    displayhook encode encoding end end_colno end_lineno end_offset errno errors excepthook exceptions extend
    external file filename filename2 flush format fromlist func fget fset fdel gi_frame gi_yieldfrom group__
    index items iter join key keys lineno little locals globals main message meta_path method metaclass mode
    modules mro msg name namespace newline next obj object offset open path path_hooks pop popitem
    print print_file_and_line read readline reason remove repr reset result reverse send sep seek
    setdefault signal sort start stderr stdin stdout step stop strict symmetric_difference_update sys
    tell text throw tracebacklimit unraisablehook update value values version warn warnings weakref
    write writelines importlib _bootstrap _bootstrap_external _find_and_load _gcd_import _handle_fromlist
    _lock_unlock_module is_integer float int return_ level characters_written winerror strerror
    name_from print_function string strings interpolations expression conversion format_spec zipimport
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_distinct() {
        let set: std::collections::HashSet<_> = super::NAMES.iter().collect();
        assert_eq!(set.len(), super::NAMES.len());
    }
}
