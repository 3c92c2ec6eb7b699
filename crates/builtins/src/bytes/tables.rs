//! The method tables of `bytes` and `bytearray`.

use super::{array, edit, make, query, split, text};
use ferropy_vm::NativeDef;

pub const BYTES_DOC: &str = "bytes(iterable_of_ints) -> bytes\nbytes(string, encoding[, errors]) -> bytes\nbytes(bytes_or_buffer) -> immutable copy of bytes_or_buffer\nbytes(int) -> bytes object of size given by the parameter initialized with null bytes\nbytes() -> empty bytes object\n\nConstruct an immutable array of bytes from:\n  - an iterable yielding integers in range(256)\n  - a text string encoded using the specified encoding\n  - any object implementing the buffer API.\n  - an integer";
pub const BYTEARRAY_DOC: &str = "bytearray(iterable_of_ints) -> bytearray\nbytearray(string, encoding[, errors]) -> bytearray\nbytearray(bytes_or_buffer) -> mutable copy of bytes_or_buffer\nbytearray(int) -> bytes array of size given by the parameter initialized with null bytes\nbytearray() -> empty bytes array\n\nConstruct a mutable bytearray object from:\n  - an iterable yielding integers in range(256)\n  - a text string encoded using the specified encoding\n  - a bytes or a buffer object\n  - any object implementing the buffer API.\n  - an integer";

/// Methods of both.
pub static COMMON: &[NativeDef] = &[
    NativeDef::method("__lt__(self, value, /)", super::lt, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", super::le, "Return self<=value."),
    NativeDef::method("__eq__(self, value, /)", super::eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", super::ne, "Return self!=value."),
    NativeDef::method("__gt__(self, value, /)", super::gt, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", super::ge, "Return self>=value."),
    NativeDef::method("__repr__(self, /)", super::repr, "Return repr(self)."),
    NativeDef::method("__str__(self, /)", super::str, "Return str(self)."),
    NativeDef::method("__iter__(self, /)", super::iter, "Implement iter(self)."),
    NativeDef::method(
        "__buffer__(self, flags, /)",
        super::buffer,
        "Return a buffer object that exposes the underlying memory of the object.",
    ),
    NativeDef::method("__mod__(self, value, /)", super::modulo, "Return self%value."),
    NativeDef::method("__rmod__(self, value, /)", super::rmodulo, "Return value%self."),
    NativeDef::method("__len__(self, /)", super::len, "Return len(self)."),
    NativeDef::method("__getitem__(self, key, /)", query::getitem, "Return self[key]."),
    NativeDef::method("__add__(self, value, /)", super::add, "Return self+value."),
    NativeDef::method("__mul__(self, value, /)", super::mul, "Return self*value."),
    NativeDef::method("__rmul__(self, value, /)", super::mul, "Return value*self."),
    NativeDef::method("__contains__(self, key, /)", query::contains, "Return bool(key in self)."),
    NativeDef::method(
        "capitalize(self, /)",
        edit::capitalize,
        "B.capitalize() -> copy of B\n\nReturn a copy of B with only its first character capitalized (ASCII)\nand the rest lower-cased.",
    ),
    NativeDef::method(
        "lower(self, /)",
        edit::lower,
        "B.lower() -> copy of B\n\nReturn a copy of B with all ASCII characters converted to lowercase.",
    ),
    NativeDef::method(
        "upper(self, /)",
        edit::upper,
        "B.upper() -> copy of B\n\nReturn a copy of B with all ASCII characters converted to uppercase.",
    ),
    NativeDef::method(
        "swapcase(self, /)",
        edit::swapcase,
        "B.swapcase() -> copy of B\n\nReturn a copy of B with uppercase ASCII characters converted\nto lowercase ASCII and vice versa.",
    ),
    NativeDef::method(
        "title(self, /)",
        edit::title,
        "B.title() -> copy of B\n\nReturn a titlecased version of B, i.e. ASCII words start with uppercase\ncharacters, all remaining cased characters have lowercase.",
    ),
    NativeDef::method(
        "center(self, width, fillchar=b' ', /)",
        edit::center,
        "Return a centered string of length width.\n\nPadding is done using the specified fill character.",
    ),
    NativeDef::method(
        "ljust(self, width, fillchar=b' ', /)",
        edit::ljust,
        "Return a left-justified string of length width.\n\nPadding is done using the specified fill character.",
    ),
    NativeDef::method(
        "rjust(self, width, fillchar=b' ', /)",
        edit::rjust,
        "Return a right-justified string of length width.\n\nPadding is done using the specified fill character.",
    ),
    NativeDef::method(
        "count(self, sub, start=<unrepresentable>, end=<unrepresentable>, /)",
        query::count,
        "Return the number of non-overlapping occurrences of subsection 'sub' in bytes B[start:end].",
    ),
    NativeDef::method(
        "find(self, sub, start=<unrepresentable>, end=<unrepresentable>, /)",
        query::find,
        "Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].",
    ),
    NativeDef::method(
        "index(self, sub, start=<unrepresentable>, end=<unrepresentable>, /)",
        query::index,
        "Return the lowest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].",
    ),
    NativeDef::method(
        "rfind(self, sub, start=<unrepresentable>, end=<unrepresentable>, /)",
        query::rfind,
        "Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].",
    ),
    NativeDef::method(
        "rindex(self, sub, start=<unrepresentable>, end=<unrepresentable>, /)",
        query::rindex,
        "Return the highest index in B where subsection 'sub' is found, such that 'sub' is contained within B[start,end].",
    ),
    NativeDef::method(
        "startswith(self, prefix, start=<unrepresentable>, end=<unrepresentable>, /)",
        query::startswith,
        "Return True if the bytes starts with the specified prefix, False otherwise.",
    ),
    NativeDef::method(
        "endswith(self, suffix, start=<unrepresentable>, end=<unrepresentable>, /)",
        query::endswith,
        "Return True if the bytes ends with the specified suffix, False otherwise.",
    ),
    NativeDef::method(
        "decode(self, /, encoding='utf-8', errors='strict')",
        make::decode,
        "Decode the bytes using the codec registered for encoding.",
    ),
    NativeDef::method(
        "expandtabs(self, /, tabsize=8)",
        edit::expandtabs,
        "Return a copy where all tab characters are expanded using spaces.",
    ),
    NativeDef::class_method(
        "fromhex(cls, string, /)",
        text::fromhex,
        "Create a bytes object from a string of hexadecimal numbers.",
    ),
    NativeDef::method(
        "hex(self, /, sep=<unrepresentable>, bytes_per_sep=1)",
        text::hex,
        "Create a string of hexadecimal numbers from a bytes object.\n\n\
         sep\n    What stands between bytes: a str or bytes of length 1.\n\
         bytes_per_sep\n    How many bytes stand together: counted from the right, or if negative from the left.\n\n\
         >>> data = b'\\n\\x0b\\xff'\n>>> data.hex()\n'0a0bff'\n>>> data.hex('-', 2)\n'0a-0bff'\n>>> data.hex('-', -2)\n'0a0b-ff'",
    ),
    NativeDef::method("isalnum(self, /)", query::isalnum, "B.isalnum() -> bool"),
    NativeDef::method("isalpha(self, /)", query::isalpha, "B.isalpha() -> bool"),
    NativeDef::method("isascii(self, /)", query::isascii, "B.isascii() -> bool"),
    NativeDef::method("isdigit(self, /)", query::isdigit, "B.isdigit() -> bool"),
    NativeDef::method("islower(self, /)", query::islower, "B.islower() -> bool"),
    NativeDef::method("isspace(self, /)", query::isspace, "B.isspace() -> bool"),
    NativeDef::method("istitle(self, /)", query::istitle, "B.istitle() -> bool"),
    NativeDef::method("isupper(self, /)", query::isupper, "B.isupper() -> bool"),
    NativeDef::method("join(self, iterable_of_bytes, /)", split::join, "Concatenate any number of bytes objects."),
    NativeDef::method(
        "strip(self, bytes=None, /)",
        edit::strip,
        "Strip leading and trailing bytes contained in the argument.",
    ),
    NativeDef::method("lstrip(self, bytes=None, /)", edit::lstrip, "Strip leading bytes contained in the argument."),
    NativeDef::method("rstrip(self, bytes=None, /)", edit::rstrip, "Strip trailing bytes contained in the argument."),
    NativeDef::static_method(
        "maketrans(frm, to, /)",
        edit::maketrans,
        "Return a translation table usable for the bytes or bytearray translate method.",
    ),
    NativeDef::method(
        "partition(self, sep, /)",
        split::partition,
        "Partition the bytes into three parts using the given separator.",
    ),
    NativeDef::method(
        "rpartition(self, sep, /)",
        split::rpartition,
        "Partition the bytes into three parts using the given separator.",
    ),
    NativeDef::method(
        "replace(self, old, new, count=-1, /)",
        edit::replace,
        "Return a copy with all occurrences of substring old replaced by new.",
    ),
    NativeDef::method(
        "removeprefix(self, prefix, /)",
        edit::removeprefix,
        "Return a bytes object with the given prefix string removed if present.",
    ),
    NativeDef::method(
        "removesuffix(self, suffix, /)",
        edit::removesuffix,
        "Return a bytes object with the given suffix string removed if present.",
    ),
    NativeDef::method(
        "split(self, /, sep=None, maxsplit=-1)",
        split::split,
        "Return a list of the sections in the bytes, using sep as the delimiter.",
    ),
    NativeDef::method(
        "rsplit(self, /, sep=None, maxsplit=-1)",
        split::rsplit,
        "Return a list of the sections in the bytes, using sep as the delimiter.",
    ),
    NativeDef::method(
        "splitlines(self, /, keepends=False)",
        split::splitlines,
        "Return a list of the lines in the bytes, breaking at line boundaries.",
    ),
    NativeDef::method(
        "translate(self, table, /, delete=b'')",
        edit::translate,
        "Return a copy with each character mapped by the given translation table.",
    ),
    NativeDef::method(
        "zfill(self, width, /)",
        edit::zfill,
        "Pad a numeric string with zeros on the left, to fill a field of the given width.\n\nThe original string is never truncated.",
    ),
];

/// Of `bytes` only.
pub static BYTES: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, source=b'', encoding='utf-8', errors='strict')",
        make::new,
        "Create and return a new object.  See help(type) for accurate signature.",
    ),
    NativeDef::method("__hash__(self, /)", super::hash, "Return hash(self)."),
    NativeDef::method("__getnewargs__(self, /)", make::getnewargs, ""),
    NativeDef::method("__bytes__(self, /)", make::bytes, "Convert this value to exact type bytes."),
];

/// Of `bytearray` only.
pub static BYTEARRAY: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, *args, **kwargs)",
        array::new,
        "Create and return a new object.  See help(type) for accurate signature.",
    ),
    NativeDef::method(
        "__init__(self, /, source=b'', encoding='utf-8', errors='strict')",
        array::init,
        "Initialize self.  See help(type(self)) for accurate signature.",
    ),
    NativeDef::method(
        "__release_buffer__(self, buffer, /)",
        super::release_buffer,
        "Release the buffer object that exposes the underlying memory of the object.",
    ),
    NativeDef::method("__setitem__(self, key, value, /)", array::setitem, "Set self[key] to value."),
    NativeDef::method("__delitem__(self, key, /)", array::delitem, "Delete self[key]."),
    NativeDef::method("__iadd__(self, value, /)", array::iadd, "Implement self+=value."),
    NativeDef::method("__imul__(self, value, /)", array::imul, "Implement self*=value."),
    NativeDef::method(
        "__alloc__(self, /)",
        array::alloc,
        "B.__alloc__() -> int\n\nReturn the number of bytes actually allocated.",
    ),
    NativeDef::method("__reduce__(self, /)", array::reduce, "Return state information for pickling."),
    NativeDef::method("__reduce_ex__(self, proto=0, /)", array::reduce_ex, "Return state information for pickling."),
    NativeDef::method(
        "__sizeof__(self, /)",
        array::sizeof,
        "Returns the size of the bytearray object in memory, in bytes.",
    ),
    NativeDef::method("append(self, item, /)", array::append, "Append a single item to the end of the bytearray."),
    NativeDef::method("clear(self, /)", array::clear, "Remove all items from the bytearray."),
    NativeDef::method("copy(self, /)", array::copy, "Return a copy of B."),
    NativeDef::method(
        "extend(self, iterable_of_ints, /)",
        array::extend,
        "Append all the items from the iterator or sequence to the end of the bytearray.",
    ),
    NativeDef::method(
        "insert(self, index, item, /)",
        array::insert,
        "Insert a single item into the bytearray before the given index.",
    ),
    NativeDef::method("pop(self, index=-1, /)", array::pop, "Remove and return a single item from B."),
    NativeDef::method(
        "remove(self, value, /)",
        array::remove,
        "Remove the first occurrence of a value in the bytearray.",
    ),
    NativeDef::method("resize(self, size, /)", array::resize, "Resize the internal buffer of bytearray to len."),
    NativeDef::method("reverse(self, /)", array::reverse, "Reverse the order of the values in B in place."),
];
