"""What `cargo xtask release` trains the compiler with: one small loop for each thing that programs do often.

Each line of OPERATIONS is a statement, or a set-up and a statement with `;;` between them; `\\n` begins a new line. All
statements run for about the same time, so that no part of the interpreter is taken for one that is never used.
An argument is that time in seconds (default 0.02). Statements may use what `prepare` defines.
"""

import sys
from time import perf_counter

OPERATIONS = r"""
pass
x = i + 1; x = x - i; x = i * 3
x = i // 7; x = i % 7; x = i << 3; x = i & 255; x = i ^ 5
y = f * 2.0; y = y + f; y = y / 3.0; y = f - y
y = f ** 2; y = i ** 2; y = -i; y = ~i
y = i * 0.5; y = round(f, 2); y = int(f); y = float(i)
big * big; big + i; big // 7; big % 97; big >> 3; big == i
if i < 5 or i > 10 and i != 7: x = 1
if not i: x = 2
while i > 1000000: break
x = i if i & 1 else f
a, b = i, 2; a, b = b, a
(a, b), c = pair, 3
a, *b = items
call0()
call1(i)
call3(i, 1, 2)
defaults(i)
defaults(i, c=3)
defaults(b=1, a=2)
star(i, 1, 2)
star(*items)
starkw(i, x=1)
starkw(*items, **kwargs)
keyword_only(a=1, b=2)
deep(5)
fib(6)
(lambda: i)()
counter = closure();; counter()
point = Point(i, 2)
slotted = Slotted(i, 2)
Derived(i, 2)
point.x; point.y
point.x = i; point.y = 3
slotted.x = i; slotted.y
point.method()
point.method1(i)
derived.method()
derived.inherited()
bound = point.method;; bound()
point.area
Point.static(1); point.static(1)
Point.of_class(1)
Point.CONSTANT; point.CONSTANT
Data(i, 2)
data == data2; repr(data)
point == point2; point < point2; point + point2; point != point2
point[1]; len(point); i in point; point(); bool(point)
hash(point); str(point)
getattr(point, 'x', None); hasattr(point, 'nothing'); setattr(point, 'x', 1)
dynamic.anything
isinstance(i, int); isinstance(point, Derived); isinstance(i, (str, int))
type(i) is int; callable(call0); id(point)
len(items); abs(i); min(i, 3); max(items); sum(items)
l = [i, 2, 3]; l.append(4); l.pop(); l[0]; l[-1] = 1
l = [0] * 8; l[2:5]; l + items; l.index(0); l.reverse(); l.extend(items)
l = [3, 1, 2];; l.sort(); sorted(l); sorted(l, key=negate); l.insert(0, 2); l.remove(2)
[j for j in items]
[j * 2 for j in range(8) if j & 1]
{j for j in items}; {j: 1 for j in items}
list(generate(4))
sum(j for j in items); any(j > 5 for j in items); all(j for j in items)
for j in items: pass
for j in tuples: pass
for a, b in tuples: pass
for a, b in table.items(): pass
for k in table: pass
for v in table.values(): pass
for a, b in enumerate(items): pass
for a, b in zip(items, items): pass
for a in map(negate, items): pass
for a in filter(None, items): pass
for a in reversed(items): pass
for c in text: pass
for j in range(10): pass
for v in generate(5): pass
for v in chain(2): pass
for v in Countdown(3): pass
it = iter(items); next(it); next(it, None)
g = echo(); next(g); g.send(1); g.close()
run(coroutine(i))
d = {'a': i, 'b': 2}; d['a']; d['c'] = 3; d.get('x'); 'a' in d
d = {};; d[i & 1023] = i; d.get(i)
d = {(1, 2): 3, 'k': 4};; d[1, 2]; d.get((2, 3))
d = {};; d.setdefault('a', 1); d.pop('a', None); d.update(b=1); del d['b']
d = dict(a=1, b=2); d.copy(); d.keys(); list(d.items()); d | d
s = {1, 2};; s.add(i & 63); i in s; s.discard(5)
{1, 2, 3} | odd; odd & {1, 2}; odd - {1}; odd <= odd; odd == {1}; frozenset(items)
t = (i, 2, 3); t[0]; t + t; t == tuples[0]; hash(t); len(t); t < tuples[1]
named.first; named.second; named[0]
text[1]; text[2:4]; text == 'abc'; text < other; text + other; len(text); 'b' in text
text.split(); text.split(','); text.strip(); text.replace('a', 'xy'); text.find('c')
text.startswith('a'); text.endswith('f'); text.upper(); text.lower(); text.isdigit(); text.join(words)
','.join(words); text.encode(); raw.decode(); text.partition(' '); text.rstrip('f'); text.count('a')
'%s: %d' % (text, i); '%5.2f' % f; '%r' % text
f'{text}: {i}'; f'{f:.2f}'; f'{i:>5}'; '{}: {}'.format(text, i)
s = '';; s += 'x'
str(i); repr(text); repr(items); repr(table); int('123'); float('1.5'); str(f)
ord('a'); chr(65 + (i & 15)); hex(i); bin(i)
raw[1]; raw[1:3]; raw + raw; buffer[1]; buffer[2] = 5; buffer.append(1); buffer.pop(); bytes(items)
try: x = 1\nexcept ValueError: pass
try: raise ValueError('wrong')\nexcept ValueError as e: pass
try: table['nothing']\nexcept KeyError: pass
try: fail(3)\nexcept (TypeError, RuntimeError) as e: str(e)
try: x = 1\nfinally: y = 2
with Context() as c: pass
with managed() as c: pass
match pair:\n            case [(a, b), 1]: pass\n            case _: pass
match table:\n            case {'a': 1}: pass
match point:\n            case Point(x=0): pass\n            case Point(): pass
def f(a, b=1): return a
class C: x = 1
from functools import lru_cache;cached = lru_cache(negate);; cached(3)
from functools import partial;part = partial(call3, 1, 2);; part(3)
from functools import reduce;; reduce(add, items)
from operator import itemgetter, attrgetter;key = itemgetter(1);attribute = attrgetter('x');; key(items); attribute(point)
from collections import deque;q = deque();; q.append(i); q.appendleft(1); q.popleft(); q.pop()
from collections import defaultdict;d = defaultdict(list);; d[i & 7].append(1)
from collections import Counter;; Counter(text)
from collections import OrderedDict;o = OrderedDict();; o['a'] = 1; o.move_to_end('a')
from itertools import chain as ch, islice, product, combinations;; list(ch(items, items)); list(islice(items, 2)); list(product('ab', 'cd')); list(combinations('abc', 2))
from itertools import groupby, accumulate, count, repeat, permutations;; list(accumulate(items)); next(count(3)); list(repeat(1, 3)); list(permutations('abc')); [k for k, g in groupby('aabb')]
import re;p = re.compile(r'(\w+)\s*=\s*(\d+)');; p.match('abc = 123').group(1); p.search('x y = 3'); p.sub('', 'a=1, b=2'); p.findall('a=1 b=2')
import json;; json.loads('{"a": [1, 2.5, "x", null, true], "b": {"c": "d"}}'); json.dumps({'a': [1, 2.5, 'x', None], 'b': {}})
import struct;; struct.pack('<IHb', 1, 2, 3); struct.unpack('<IHb', b'1234567')
import math;; math.sqrt(f); math.floor(f); math.sin(f); math.gcd(i, 12); math.log(2.5)
import random;; random.random(); random.randint(1, 6); random.choice(items)
from copy import copy, deepcopy;; copy(point); deepcopy([1, [2, 3], {'a': (1, 2)}])
from heapq import heappush, heappop;h = [];; heappush(h, i); heappush(h, 5); heappop(h)
from bisect import bisect;; bisect(items, 2)
from decimal import Decimal;d = Decimal('1.25');; d + d; d * d; str(d); d.quantize(Decimal('.1'))
from fractions import Fraction;r = Fraction(1, 3);; r + r
from datetime import datetime, timedelta;now = datetime(2026, 1, 2);; now + timedelta(days=1); now.isoformat()
from enum import Enum\nclass Color(Enum):\n  RED = 1;; Color.RED; Color(1); Color.RED.value; Color['RED']
from abc import ABC\nclass Shape(ABC): pass;; isinstance(point, Shape); issubclass(Point, Shape)
from weakref import ref;; ref(point)()
from io import StringIO, BytesIO;; s = StringIO(); s.write('abc'); s.getvalue(); BytesIO(b'abc').read()
from array import array;r = array('d', [1.0, 2.0, 3.0]);; r[1]; r[1] = 2.5; len(r)
import string;; string.Template('$a b').substitute(a=1)
import hashlib, zlib, base64;; hashlib.sha256(b'abc').hexdigest(); zlib.crc32(b'abc'); base64.b64encode(b'abc')
import textwrap;; textwrap.wrap('some words to wrap', 8)
import pprint;; pprint.pformat({'a': [1, 2], 'b': ('c', 'd')})
import ast;; ast.parse('a = f(x, y) + 1'); ast.literal_eval('[1, (2, 3)]')
compile('def f(a, b=2): return [x * b for x in a if x > 1]', 'x', 'exec')
exec('a = 1; b = a + 1', {}); eval('1 + 2')
import logging;log = logging.getLogger('nothing');; log.debug('quiet %s', 1)
import contextlib, io, traceback\nout = io.StringIO();; print(i, text, file=out)
import threading;lock = threading.Lock();; lock.acquire(); lock.release()
import inspect;; inspect.signature(defaults)
import pickle;; pickle.loads(pickle.dumps({'a': [1, 'x', (2, 3)]}))
import typing\n@typing.runtime_checkable\nclass Sized(typing.Protocol):\n  def method(self): ...;; isinstance(point, Sized); typing.get_type_hints(call1); list[int]
import asyncio;; asyncio.new_event_loop().close()
"""

PREPARE = r'''
from dataclasses import dataclass
from collections import namedtuple
from contextlib import contextmanager
from operator import add

class Point:
    CONSTANT = 3
    def __init__(self, x, y):
        self.x = x
        self.y = y
    def method(self): return self.x
    def method1(self, a): return self.y + a
    def inherited(self): return self.y
    @property
    def area(self): return self.x * self.y
    @staticmethod
    def static(a): return a
    @classmethod
    def of_class(cls, a): return cls
    def __eq__(self, other): return self.x == other.x
    def __lt__(self, other): return self.x < other.x
    def __add__(self, other): return self.x + other.x
    def __getitem__(self, i): return i
    def __len__(self): return 3
    def __contains__(self, x): return True
    def __call__(self): return 1
    def __hash__(self): return 7
    def __str__(self): return 'point'

class Derived(Point):
    def __init__(self, x, y): super().__init__(x, y)
    def method(self): return super().method()

class Slotted:
    __slots__ = ('x', 'y')
    def __init__(self, x, y):
        self.x = x
        self.y = y

class Dynamic:
    def __getattr__(self, name): return name

class Countdown:
    def __init__(self, n): self.n = n
    def __iter__(self): return self
    def __next__(self):
        self.n -= 1
        if self.n < 0: raise StopIteration
        return self.n

class Context:
    def __enter__(self): return self
    def __exit__(self, *exc): return False

@contextmanager
def managed(): yield 1

@dataclass
class Data:
    a: int
    b: int

Named = namedtuple('Named', 'first second')

def call0(): pass
def call1(a: int) -> int: return a
def call3(a, b, c): return b
def defaults(a, b=1, c=2): return c
def star(*args): return args
def starkw(*args, **kwargs): return kwargs
def keyword_only(*, a, b): return a
def deep(n): return n and deep(n - 1)
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
def negate(x): return -x
def closure():
    n = 0
    def counter():
        nonlocal n
        n += 1
        return n
    return counter
def generate(n):
    for i in range(n): yield i
def chain(n):
    yield from generate(n)
    yield from generate(n)
def echo():
    x = None
    while True: x = yield x
async def inner(x): return x
async def coroutine(x): return await inner(x) + await inner(1)
def run(c):
    try: c.send(None)
    except StopIteration as e: return e.value
def fail(n):
    if n: fail(n - 1)
    raise RuntimeError('no')

point, point2, derived, slotted, dynamic = Point(1, 2), Point(1, 3), Derived(1, 2), Slotted(1, 2), Dynamic()
data, data2, named = Data(1, 2), Data(1, 2), Named(1, 2)
items, pair, tuples = [1, 2, 3, 4], ((1, 2), 1), [(1, 2), (3, 4), (5, 6)]
table, kwargs, odd = {'a': 1, 'b': 2, 'c': 3}, {'k': 1}, {1, 3, 5}
text, other, words, raw, buffer = 'abc def', 'xyz', ['some', 'more', 'words'], b'abcdef', bytearray(b'abcdef')
big, f = 12345678901234567890123, 1.5
'''


def prepare(line):
    """The function that runs a line's statement so many times and returns how long that took."""
    setup, separator, statement = line.replace(r"\n", "\n").partition(";;")
    if not separator:
        setup, statement = "", setup
    names = {"clock": perf_counter}
    exec(PREPARE, names)
    indent = lambda text, by: "".join(f"{' ' * by}{part}\n" for part in text.strip().split("\n"))
    source = (
        f"def loop(n):\n    f = 1.5\n{indent(setup or 'pass', 4)}    start = clock()\n"
        f"    for i in range(n):\n{indent(statement, 8)}    return clock() - start\n"
    )
    exec(source, names)
    return names["loop"]


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.02
    for line in OPERATIONS.strip().split("\n"):
        try:
            loop = prepare(line)
            n = 20
            while loop(n) < seconds:
                n *= 2
        except Exception as e:
            sys.exit(f"{line}: {type(e).__name__}: {e}")


main()
