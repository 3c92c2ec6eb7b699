"""Imports from the packed standard library.

The library has a virtual folder, `sys._stdlib_dir`, which is an ordinary entry of `sys.path`: the hook here answers for
it and for the packages below it, so that the order of `sys.path` decides as it does with files.
"""

import sys
import _imp
import _frozen_importlib as _bootstrap
import _stdlib

ROOT = sys._stdlib_dir


class StdlibLoader:
    """Loads one module of the packed library."""

    __slots__ = ("name", "path", "_real")

    def __init__(self, name, path, real):
        self.name = name
        self.path = path
        self._real = real

    def __repr__(self):
        return f"<StdlibLoader {self.name!r}>"

    def __eq__(self, other):
        return self.__class__ is other.__class__ and (self.name, self.path) == (other.name, other.path)

    def __hash__(self):
        return hash(self.name) ^ hash(self.path)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        code = _stdlib.get_code(self._real, self.path)
        _bootstrap._call_with_frames_removed(exec, code, module.__dict__)

    def load_module(self, fullname=None):
        return _bootstrap._load_module_shim(self, fullname or self.name)

    def _check(self, fullname):
        if fullname is not None and fullname != self.name:
            raise ImportError(f"loader for {self.name} cannot handle {fullname}", name=fullname)

    def get_code(self, fullname=None):
        self._check(fullname)
        return _stdlib.get_code(self._real, self.path)

    def get_source(self, fullname=None):
        self._check(fullname)
        return _stdlib.get_source(self._real)

    def get_filename(self, fullname=None):
        self._check(fullname)
        return self.path

    def is_package(self, fullname=None):
        self._check(fullname)
        return _stdlib.find(self._real)

    def get_data(self, path):
        name = _name_of(path)
        if name is not None:
            return _stdlib.get_source(name).encode("utf-8")
        with open(path, "rb") as file:
            return file.read()

    def get_resource_reader(self, fullname=None):
        self._check(fullname)
        if not self.is_package():
            return None
        return StdlibReader(self._real, self.path)


class StdlibReader:
    """Resources of a package: the sources of its modules."""

    def __init__(self, package, path):
        self._package = package
        self._folder = path.rpartition("/")[0]

    def open_resource(self, resource):
        import io

        name = _name_of(f"{self._folder}/{resource}")
        if name is None:
            raise FileNotFoundError(2, "No such file or directory", resource)
        return io.BytesIO(_stdlib.get_source(name).encode("utf-8"))

    def resource_path(self, resource):
        raise FileNotFoundError(resource)

    def is_resource(self, name):
        return _name_of(f"{self._folder}/{name}") is not None

    def contents(self):
        for name, package in _stdlib.children(self._package):
            yield name if package else name + ".py"
        yield "__init__.py"


def _name_of(path):
    """The module that a virtual source path belongs to, or None."""
    if not path.startswith(ROOT + "/") or not path.endswith(".py"):
        return None
    name = path[len(ROOT) + 1 : -3].replace("/", ".").removesuffix(".__init__")
    package = _stdlib.find(name)
    if package is None or package != path.endswith("/__init__.py"):
        return None
    return name


class StdlibFinder:
    """Finds modules in one folder of the packed library."""

    def __init__(self, path):
        self.path = path
        below = path[len(ROOT) + 1 :].replace("/", ".")
        self._package = below
        self._prefix = below + "." if below else ""

    def __repr__(self):
        return f"StdlibFinder({self.path!r})"

    def find_spec(self, fullname, target=None):
        tail = fullname.rpartition(".")[2]
        real = self._prefix + tail
        package = _stdlib.find(real)
        if package is None:
            return None
        path = f"{self.path}/{tail}/__init__.py" if package else f"{self.path}/{tail}.py"
        loader = StdlibLoader(fullname, path, real)
        spec = _bootstrap.ModuleSpec(fullname, loader, origin=path, is_package=package)
        spec.has_location = True
        if package:
            spec.submodule_search_locations.append(f"{self.path}/{tail}")
        return spec

    def invalidate_caches(self):
        pass

    def iter_modules(self, prefix=""):
        for name, package in _stdlib.children(self._package):
            if not name.startswith("_stdlib_") :
                yield prefix + name, package


def path_hook(path):
    """The hook for `sys.path_hooks`."""
    if path == ROOT:
        return StdlibFinder(path)
    if path.startswith(ROOT + "/") and _stdlib.find(path[len(ROOT) + 1 :].replace("/", ".")):
        return StdlibFinder(path)
    raise ImportError("not a folder of the packed library", path=path)


def zip_hook(path):
    """Zip archives; the module for them is imported when the first one is met."""
    import posix

    try:
        mode = posix.stat(path).st_mode
    except (OSError, ValueError):
        head, _, tail = path.rpartition("/")
        if ".zip" not in head and ".egg" not in head and ".whl" not in head and ".pyz" not in head:
            raise ImportError("not a Zip file", path=path) from None
    else:
        if mode & 0o170000 != 0o100000:
            raise ImportError("not a Zip file", path=path)
    import zipimport

    return zipimport.zipimporter(path)


def install():
    sys.path_hooks[:0] = [path_hook, zip_hook]
