"""The types of `datetime` under the name of CPython's native module. They are the pure-Python ones."""

from _pydatetime import *
from _pydatetime import __doc__
