"""Definitions, and what makes them hard to store: (what a block makes, what the next one asserts) by situation."""

from __future__ import annotations

# The package that a situation needs; only those of the default environment are there in CI.
NEEDS = {
    "attrs classes": "attrs",
    "pydantic models": "pydantic",
    "a block's own estimator in a pipeline": "sklearn",
    "a torch module, its optimiser, a view of a tensor": "torch",
    "functions and types of modules": "numpy",
}
SITUATIONS: dict[str, tuple[str, str]] = {
    "a function reads the namespace of the block that calls it": (
        """
rate = 2
def f(x): return x * rate
""",
        """
rate = 5
assert f(2) == 10
""",
    ),
    "two functions share a cell": (
        """
def make():
    n = 0
    def up():
        nonlocal n
        n += 1
        return n
    def get(): return n
    return up, get
up, get = make()
""",
        """
up(); assert get() == 1; up(); assert get() == 2
""",
    ),
    "two classes share a cell": (
        """
def make():
    state = []
    class A:
        def add(self, x): state.append(x)
    class B:
        def all(self): return state
    return A(), B()
a, b = make()
""",
        """
a.add(1); assert b.all() == [1]
""",
    ),
    "lru_cache": (
        """
import functools
@functools.lru_cache(maxsize=3)
def sq(x): return x*x
sq(2)
""",
        """
assert sq(3) == 9; assert sq.cache_info().maxsize == 3; assert sq.__name__ == 'sq'
""",
    ),
    "cache of a recursive function": (
        """
import functools
@functools.cache
def fib(n): return n if n < 2 else fib(n-1)+fib(n-2)
""",
        """
assert fib(30) == 832040
""",
    ),
    "attributes of a cached function": (
        """
import functools
@functools.lru_cache
def f(x):
    'doc'
    return x
f.extra = 5
""",
        """
assert f.extra == 5 and f.__doc__ == 'doc'
""",
    ),
    "a cached method": (
        """
import functools
class A:
    @functools.lru_cache(None)
    def m(self, x): return x+1
a = A(); a.m(1)
""",
        """
assert a.m(2) == 3
""",
    ),
    "singledispatch": (
        """
import functools
@functools.singledispatch
def show(x): return 'any'
@show.register
def _(x: int): return 'int'
@show.register(list)
def _l(x): return 'list'
""",
        """
assert show(1) == 'int' and show([]) == 'list' and show('') == 'any'
@show.register(str)
def _s(x): return 'str'
assert show('') == 'str'
""",
    ),
    "singledispatchmethod": (
        """
import functools
class A:
    @functools.singledispatchmethod
    def show(self, x): return 'any'
    @show.register
    def _(self, x: int): return 'int'
a = A()
""",
        """
assert a.show(1) == 'int' and a.show('') == 'any' and A().show(2) == 'int'
""",
    ),
    "cached_property": (
        """
import functools
class A:
    n = 0
    @functools.cached_property
    def v(self):
        A.n += 1
        return 42
a = A(); a.v
""",
        """
assert a.v == 42 and A.n == 1; b = A(); assert b.v == 42 and A.n == 2
""",
    ),
    "functools.wraps": (
        """
import functools
def deco(f):
    @functools.wraps(f)
    def inner(*a): return f(*a) + 1
    return inner
@deco
def g(x):
    'doc g'
    return x
""",
        """
assert g(1) == 2 and g.__doc__ == 'doc g' and g.__name__ == 'g' and g.__wrapped__(1) == 1
""",
    ),
    "partial": (
        """
import functools
def f(a,b,c=0): return (a,b,c)
p = functools.partial(f, 1, c=3)
p.note = 'n'
""",
        """
assert p(2) == (1,2,3) and p.note == 'n'
""",
    ),
    "partialmethod": (
        """
import functools
class A:
    def m(self, x, y): return (x, y)
    one = functools.partialmethod(m, 1)
a=A()
""",
        """
assert a.one(2) == (1,2)
""",
    ),
    "contextmanager": (
        """
from contextlib import contextmanager
log = []
@contextmanager
def ctx(x):
    log.append('in')
    yield x
    log.append('out')
""",
        """
with ctx(5) as v: assert v == 5
assert log == ['in', 'out']
""",
    ),
    "asynccontextmanager": (
        """
from contextlib import asynccontextmanager
@asynccontextmanager
async def ctx(x):
    yield x
""",
        """
import asyncio
async def go():
    async with ctx(3) as v: return v
assert asyncio.run(go()) == 3
""",
    ),
    "super and __class__": (
        """
class A:
    def f(self): return 1
class B(A):
    def f(self): return super().f() + 1
class C(B):
    def f(self): return super().f() + 1
    def cls(self): return __class__
c = C()
""",
        """
assert c.f() == 3 and c.cls() is C and type(c) is C and isinstance(c, A)
""",
    ),
    "__slots__": (
        """
class S:
    __slots__ = ('a', 'b')
s = S(); s.a = 1
""",
        """
assert s.a == 1 and not hasattr(s, 'b') and not hasattr(s, '__dict__')
s.b = 2
""",
    ),
    "a private slot and weak references": (
        """
class S:
    __slots__ = ('__a', '__weakref__')
    def __init__(self): self.__a = 5
    def get(self): return self.__a
s = S()
""",
        """
assert s.get() == 5
import weakref
assert weakref.ref(s)() is s
""",
    ),
    "slots of a base and a dict": (
        """
class S:
    __slots__ = ('a',)
class T(S):
    __slots__ = ('b', '__dict__')
t = T(); t.a = 1; t.b = 2; t.c = 3
""",
        """
assert (t.a, t.b, t.c) == (1, 2, 3)
""",
    ),
    "slots with documentation": (
        """
class S:
    __slots__ = {'a': 'doc of a'}
s = S(); s.a = 1
""",
        """
import inspect
assert s.a == 1 and inspect.getdoc(S.a) == 'doc of a'
""",
    ),
    "a metaclass with a registry": (
        """
class Meta(type):
    registry = {}
    def __new__(m, name, bases, ns, **kw):
        c = super().__new__(m, name, bases, ns)
        m.registry[name] = c
        c.kw = kw
        return c
    def __call__(cls, *a):
        o = super().__call__(*a)
        o.made = True
        return o
    @property
    def pretty(cls): return 'P' + cls.__name__
class A(metaclass=Meta, x=1): pass
class B(A, y=2): pass
b = B()
""",
        """
assert B.kw == {'y': 2} and Meta.registry == {'A': A, 'B': B} and b.made and B.pretty == 'PB' and type(B) is Meta and B().made
""",
    ),
    "abstract classes": (
        """
from abc import ABC, abstractmethod
class Shape(ABC):
    @abstractmethod
    def area(self): ...
    @property
    @abstractmethod
    def name(self): ...
class Sq(Shape):
    def area(self): return 4
    @property
    def name(self): return 'sq'
Shape.register(int)
s = Sq()
""",
        """
assert s.area() == 4 and s.name == 'sq' and isinstance(3, Shape) and isinstance(s, Shape)
try:
    Shape()
    assert False
except TypeError: pass
""",
    ),
    "Generic": (
        """
from typing import Generic, TypeVar, Optional
T = TypeVar('T')
class Box(Generic[T]):
    def __init__(self, v: T): self.v = v
    def get(self) -> Optional[T]: return self.v
class IntBox(Box[int]): pass
b = Box[int](5)
i = IntBox(6)
""",
        """
assert b.get() == 5 and i.v == 6 and b.__orig_class__ == Box[int] and Box.__parameters__ == (T,) and IntBox.__orig_bases__ == (Box[int],)
""",
    ),
    "what typing makes at run time": (
        """
from typing import ParamSpec, Callable, TypeVar, TypeVarTuple, Generic, Unpack, NewType, Annotated, Literal, Union
P = ParamSpec('P'); R = TypeVar('R', bound=int); Ts = TypeVarTuple('Ts')
def deco(f: Callable[P, R]) -> Callable[P, R]:
    def inner(*args: P.args, **kwargs: P.kwargs) -> R: return f(*args, **kwargs)
    return inner
@deco
def f(x: int) -> int: return x
class Arr(Generic[Unpack[Ts]]): pass
UserId = NewType('UserId', int)
A = Annotated[int, 'meta']; L = Literal['a', 1]; U = Union[int, None, list[str]]; U2 = int | str
""",
        """
from typing import *
assert f(1) == 1 and UserId(3) == 3 and A.__metadata__ == ('meta',) and get_args(L) == ('a', 1) and U == Union[int, None, list[str]] and U2 == int | str and Arr[int, str]
""",
    ),
    "protocols": (
        """
from typing import Protocol, runtime_checkable
@runtime_checkable
class HasArea(Protocol):
    x: int
    def area(self) -> float: ...
class S:
    x = 1
    def area(self): return 1.0
class P2(Protocol):
    def a(self): ...
s = S()
""",
        """
assert isinstance(s, HasArea) and not isinstance(3, HasArea)
class Q:
    pass
assert not isinstance(Q(), HasArea)
class R(P2): pass
R()
""",
    ),
    "enums and flags": (
        """
from enum import Enum, IntEnum, Flag, IntFlag, StrEnum, auto
class Color(Enum):
    RED = 1
    GREEN = 2
    ROSE = 1
    @property
    def nice(self): return self.name.lower()
    @classmethod
    def default(cls): return cls.RED
class N(IntEnum):
    A = 1
    B = 2
class F(Flag):
    R = auto(); W = auto(); X = auto()
    RW = R | W
class IFl(IntFlag):
    R = auto(); W = auto()
class S(StrEnum):
    A = auto()
class Planet(Enum):
    EARTH = (1, 2)
    def __init__(self, m, r): self.m = m; self.r = r
class M(Enum):
    @classmethod
    def _missing_(cls, v): return cls.A
    A = 1
c = Color.GREEN; n = N.B; f = F.R | F.X; fl = IFl.R | 8; s = S.A; d = {Color.RED: 1, F.RW: 2}
""",
        """
assert c is Color.GREEN and Color(1) is Color.RED and Color.ROSE is Color.RED and c.nice == 'green' and Color.default() is Color.RED
assert list(Color) == [Color.RED, Color.GREEN] and len(Color) == 2 and Color['RED'] is Color.RED and 'RED' in Color.__members__
assert n is N.B and n + 1 == 3 and isinstance(n, N)
assert f == F.R | F.X and F.X in f and F.W not in f and F.RW == F.R | F.W and ~F.R == F.W | F.X and list(f) == [F.R, F.X]
assert (fl & 1) and int(fl) == 9
assert s == 'a' and Planet.EARTH.r == 2 and Planet((1, 2)) is Planet.EARTH and M(7) is M.A
assert d[Color.RED] == 1 and d[F.RW] == 2
import pickle
try:
    Color.RED = 3
    assert False
except AttributeError: pass
""",
    ),
    "members of a deleted enum": (
        """
from enum import Enum, Flag, auto
class C(Enum):
    A=1
    B=2
class F(Flag):
    A=auto()
    B=auto()
x = C.A; y = F.A|F.B
del C, F
""",
        """
assert x.name == 'A' and type(x)(2).name == 'B' and type(y).A in y
""",
    ),
    "dataclasses": (
        """
from dataclasses import dataclass, field, replace, asdict, KW_ONLY, fields, InitVar
from typing import ClassVar
@dataclass
class P:
    x: int
    y: list = field(default_factory=list)
    z: ClassVar[int] = 9
    w: InitVar[int] = 0
    _: KW_ONLY
    k: int = 5
    def __post_init__(self, w): self.w2 = w
@dataclass(frozen=True)
class Fr:
    a: int = 1
    b: tuple = ()
@dataclass(slots=True)
class Sl:
    a: int
    b: int = 2
@dataclass(frozen=True, slots=True, order=True)
class FS:
    a: int
    b: int = 3
@dataclass
class Child(P):
    c: int = 7
@dataclass(slots=True)
class SlChild(Sl):
    c: int = 3
p = P(1); fr = Fr(2); sl = Sl(1); fs = FS(1); ch = Child(1, c=8); sc = SlChild(1)
""",
        """
from dataclasses import replace, asdict, fields, FrozenInstanceError
assert p == P(1) and asdict(p) == {'x': 1, 'y': [], 'k': 5} and replace(p, x=2, w=0).x == 2 and P.z == 9 and [f.name for f in fields(P)] == ['x','y','k']
assert P(3).y is not P(3).y and P(1, k=6).k == 6
assert fr == Fr(2) and hash(fr) == hash(Fr(2))
try:
    fr.a = 3
    assert False
except FrozenInstanceError: pass
assert sl.b == 2 and not hasattr(sl, '__dict__') and fs < FS(2) and {fs: 1}[FS(1)] == 1
try:
    fs.a = 3
    assert False
except FrozenInstanceError: pass
assert ch.c == 8 and isinstance(ch, P) and sc == SlChild(1) and repr(sc) == 'SlChild(a=1, b=2, c=3)'
""",
    ),
    "named tuples": (
        """
from collections import namedtuple
from typing import NamedTuple
P = namedtuple('P', 'x y', defaults=[3])
class Q(NamedTuple):
    'doc q'
    a: int
    b: str = 'x'
    def up(self): return self.b.upper()
    @property
    def both(self): return (self.a, self.b)
class R(P):
    __slots__ = ()
    def s(self): return self.x + self.y
p = P(1); q = Q(2); r = R(1, 2)
""",
        """
assert p == (1, 3) and p.y == 3 and p._replace(x=5).x == 5 and q.up() == 'X' and q.both == (2, 'x') and Q.__annotations__ == {'a': int, 'b': str} and r.s() == 3 and Q.__doc__ == 'doc q' and Q(1)._asdict() == {'a': 1, 'b': 'x'} and isinstance(q, Q) and P._fields == ('x', 'y')
""",
    ),
    "TypedDict": (
        """
from typing import TypedDict, NotRequired, Required
class TD(TypedDict, total=False):
    a: int
    b: Required[str]
t: TD = {'a': 1, 'b': 'x'}
TD2 = TypedDict('TD2', {'x-y': int})
""",
        """
assert t == {'a': 1, 'b': 'x'} and TD(a=1) == {'a': 1} and TD.__required_keys__ == frozenset({'b'}) and TD2.__annotations__ and TD.__total__ is False
""",
    ),
    "nested classes": (
        """
class Outer:
    class Inner:
        v = 1
        class Deep: pass
    def make(self): return self.Inner()
o = Outer(); i = o.make(); d = Outer.Inner.Deep()
""",
        """
assert type(i) is Outer.Inner and i.v == 1 and type(d) is Outer.Inner.Deep
""",
    ),
    "a local class that refers to itself": (
        """
def make():
    k = 3
    class Local:
        def get(self): return k
        def other(self): return Local
    return Local
L = make()
x = L()
""",
        """
assert x.get() == 3 and type(x) is L and x.other() is L and L.__qualname__ == 'make.<locals>.Local'
""",
    ),
    "property with setter and deleter": (
        """
class A:
    _x = 1
    @property
    def x(self):
        'the x'
        return self._x
    @x.setter
    def x(self, v): self._x = v
    @x.deleter
    def x(self): self._x = None
a = A(); a.x = 5
""",
        """
assert a.x == 5 and A.x.__doc__ == 'the x'; del a.x; assert a.x is None
""",
    ),
    "a descriptor is not named again": (
        """
class Typed:
    def __set_name__(self, owner, name): self.name = name; self.count = getattr(self, 'count', 0) + 1
    def __get__(self, o, t=None):
        if o is None: return self
        return o.__dict__.get(self.name, 0)
    def __set__(self, o, v): o.__dict__[self.name] = int(v)
class A:
    a = Typed()
    b = Typed()
x = A(); x.a = '5'
""",
        """
assert x.a == 5 and x.b == 0 and A.a.name == 'a' and A.a.count == 1; x.b = '7'; assert x.b == 7
""",
    ),
    "__init_subclass__ does not run again": (
        """
class Base:
    reg = []
    def __init_subclass__(cls, tag=None, **kw):
        super().__init_subclass__(**kw)
        cls.tag = tag
        Base.reg.append(cls)
class K(Base, tag='k'): pass
k = K()
""",
        """
assert Base.reg == [K] and K.tag == 'k'
class K2(Base, tag='z'): pass
assert Base.reg == [K, K2] and K2.tag == 'z'
""",
    ),
    "__class_getitem__": (
        """
class A:
    def __class_getitem__(cls, k): return ('got', k)
    def __getitem__(self, k): return k
a = A()
""",
        """
assert A[3] == ('got', 3) and a[1] == 1
""",
    ),
    "static and class methods": (
        """
class A:
    @staticmethod
    def s(x): return x
    @classmethod
    def c(cls): return cls
class B(A): pass
m = B.c; s = A.s
""",
        """
assert B.c() is B and A.s(2) == 2 and m() is B and s(3) == 3
""",
    ),
    "a bound method and its object": (
        """
class A:
    def __init__(self): self.n = 0
    def inc(self): self.n += 1; return self.n
a = A(); m = a.inc
""",
        """
m(); assert a.n == 1 and m.__self__ is a
""",
    ),
    "async functions and generators": (
        """
async def f(x):
    import asyncio
    await asyncio.sleep(0)
    return x
async def g():
    yield 1
def h():
    yield 1; yield 2
""",
        """
import asyncio
assert asyncio.run(f(3)) == 3 and list(h()) == [1, 2]
async def c(): return [x async for x in g()]
assert asyncio.run(c()) == [1]
""",
    ),
    "lambdas in containers": (
        """
fs = [lambda x, k=k: x + k for k in range(3)]
d = {'f': lambda: fs}
""",
        """
assert [f(1) for f in fs] == [1, 2, 3] and d['f']() is fs
""",
    ),
    "recursion": (
        """
def fact(n): return 1 if n == 0 else n * fact(n - 1)
""",
        """
assert fact(5) == 120
""",
    ),
    "mutual recursion": (
        """
def even(n): return n == 0 or odd(n-1)
def odd(n): return n != 0 and even(n-1)
""",
        """
assert even(4) and not odd(4)
""",
    ),
    "recursion through a cell": (
        """
def mk():
    def fact(n): return 1 if n == 0 else n * fact(n-1)
    return fact
fact = mk()
""",
        """
assert fact(4) == 24
""",
    ),
    "keyword defaults and annotations": (
        """
def f(a, /, b=1, *, c=[], d: int = 3, **k) -> str: c.append(b); return c
""",
        """
assert f(0) == [1] and f(0, 2) == [1, 2] and f.__annotations__ == {'d': int, 'return': str}
""",
    ),
    "attributes of a function": (
        """
def f(): f.n += 1; return f.n
f.n = 0
f()
""",
        """
assert f() == 2
""",
    ),
    "total_ordering": (
        """
import functools
@functools.total_ordering
class V:
    def __init__(s, v): s.v = v
    def __eq__(s, o): return s.v == o.v
    def __lt__(s, o): return s.v < o.v
a, b = V(1), V(2)
""",
        """
assert a < b and a <= b and b >= a
""",
    ),
    "exceptions with an initialiser and a cause": (
        """
class MyErr(Exception):
    def __init__(self, code, msg):
        super().__init__(msg)
        self.code = code
e = MyErr(3, 'bad')
try:
    try:
        1/0
    except ZeroDivisionError as z:
        raise MyErr(4, 'x') from z
except MyErr as x:
    e2 = x
""",
        """
assert e.code == 3 and str(e) == 'bad' and e2.code == 4 and isinstance(e2.__cause__, ZeroDivisionError)
""",
    ),
    "fields and notes of Python's exceptions": (
        """
es = [ValueError('a'), KeyError('k'), OSError(2, 'no', 'file'), UnicodeDecodeError('utf8', b'x', 0, 1, 'r'), StopIteration(5), SystemExit(3), ImportError('x', name='n', path='p'), ExceptionGroup('g', [ValueError(1)])]
es[0].add_note('hi')
""",
        """
assert es[2].errno == 2 and es[2].filename == 'file' and es[3].reason == 'r' and es[4].value == 5 and es[6].name == 'n' and es[7].exceptions[0].args == (1,) and es[0].__notes__ == ['hi'] and type(es[2]) is FileNotFoundError
""",
    ),
    "subclasses of built-in types that change what methods do": (
        """
class L(list):
    def __init__(self, *a): super().__init__(*a); self.tag = 't'
    def append(self, x): super().append(x * 2)
class D(dict):
    def __setitem__(self, k, v): super().__setitem__(k, v + 1)
class S(set): pass
class I(int):
    pass
class St(str): pass
l = L([1, 2]); d = D(); d['a'] = 1; s = S({1}); i = I(5); i.tag = 1; st = St('x'); st.tag = 2
""",
        """
assert list(l) == [1, 2] and l.tag == 't' and dict(d) == {'a': 2} and type(s) is S and i == 5 and i.tag == 1 and type(i) is I and st.tag == 2
""",
    ),
    "__new__ with arguments": (
        """
class T(tuple):
    def __new__(cls, a, b): return super().__new__(cls, (a, b))
class N:
    def __new__(cls, a):
        o = super().__new__(cls); o.a = a; return o
t = T(1, 2); n = N(3)
""",
        """
assert t == (1, 2) and type(t) is T and n.a == 3
""",
    ),
    "an object that cannot be changed": (
        """
class V:
    __slots__ = ('x',)
    def __init__(self, x): object.__setattr__(self, 'x', x)
    def __setattr__(self, *a): raise AttributeError('immutable')
v = V(3)
""",
        """
assert v.x == 3
""",
    ),
    "__getattr__ that needs state": (
        """
class G:
    def __init__(self): self.d = {'a': 1}
    def __getattr__(self, k): return self.d[k]
g = G()
""",
        """
assert g.a == 1
""",
    ),
    "a proxy": (
        """
class G:
    def __init__(self, w): self._w = w
    def __getattr__(self, k): return getattr(self._w, k)
g = G([1])
""",
        """
g.append(2)
assert g._w == [1, 2]
""",
    ),
    "__setstate__ uses globals": (
        """
import math
class A:
    def __init__(self): self.x = 2.0
    def __getstate__(self): return {'x': self.x}
    def __setstate__(self, s): self.x = math.sqrt(s['x'] ** 2); self.n = helper()

def helper(): return 1
a = A(); a.n = 1
""",
        """
assert a.x == 2.0
""",
    ),
    "collections": (
        """
from collections import defaultdict, Counter, OrderedDict, deque, ChainMap
d = defaultdict(list); d['a'].append(1)
e = defaultdict(lambda: 5)
c = Counter('aab'); o = OrderedDict(a=1); q = deque([1], maxlen=3); m = ChainMap({'a': 1}, {'b': 2})
""",
        """
assert d['b'] == [] and e['z'] == 5 and c['a'] == 2 and q.maxlen == 3 and m['b'] == 2
""",
    ),
    "operators and patterns": (
        """
import operator
g = operator.itemgetter(1); a = operator.attrgetter('x.y'); m = operator.methodcaller('upper')
import re
r = re.compile('a+', re.I)
""",
        """
assert g([1, 2]) == 2 and m('a') == 'A' and r.match('AA')
""",
    ),
    "functions and types of modules": (
        """
import numpy as np
f = np.sin; u = np.add.reduce; d = np.dtype([('a', int)])
t = type(np.zeros(1)); n = None.__class__; e = ...; b = print
""",
        """
assert f(0) == 0 and u([1, 2]) == 3 and n is type(None) and b is print
""",
    ),
    "namespaces, proxies, types made by a call": (
        """
import types
ns = types.SimpleNamespace(a=1, b=[2])
mp = types.MappingProxyType({'a': 1})
ga = list[int]; dct = type('Dyn', (), {'x': 1})
y = dct()
""",
        """
assert ns.b == [2] and mp['a'] == 1 and ga == list[int] and y.x == 1 and type(y) is dct
""",
    ),
    "a weak reference slot": (
        """
class W:
    __slots__ = ('__weakref__', 'v')
w = W(); w.v = 1
""",
        """
import weakref; r = weakref.ref(w); assert r() is w and w.v == 1
""",
    ),
    "annotations of a class": (
        """
class A:
    x: int = 1
    y: 'A'
""",
        """
import typing
assert A.__annotations__ == {'x': int, 'y': 'A'} and typing.get_type_hints(A)['y'] is A
""",
    ),
    "annotations as text": (
        """
from __future__ import annotations
from dataclasses import dataclass
@dataclass
class A:
    x: int
    y: A | None = None
a = A(1)
""",
        """
assert a.x == 1 and A(2).y is None
""",
    ),
    "operators and no hash": (
        """
class V:
    def __init__(s, *c): s.c = c
    def __add__(s, o): return V(*[a+b for a,b in zip(s.c,o.c)])
    def __eq__(s, o): return s.c == o.c
    __hash__ = None
v = V(1,2)
""",
        """
assert v + v == V(2, 4)
try:
    hash(v); assert False
except TypeError: pass
""",
    ),
    "a metaclass that keeps its one instance": (
        """
from abc import ABCMeta
class Single(ABCMeta):
    _i = {}
    def __call__(cls, *a):
        if cls not in cls._i: cls._i[cls] = super().__call__(*a)
        return cls._i[cls]
class Conf(metaclass=Single):
    def __init__(self): self.v = 1
c = Conf(); c.v = 9
""",
        """
assert Conf() is c and c.v == 9
""",
    ),
    "a class that keeps its one instance": (
        """
class One:
    _inst = None
    def __new__(cls):
        if cls._inst is None: cls._inst = super().__new__(cls)
        return cls._inst
o = One(); o.v = 4
""",
        """
assert One() is o and o.v == 4
""",
    ),
    "a class decorator with a registry": (
        """
reg = {}
def register(c):
    reg[c.__name__] = c
    return c
@register
class A: pass
a = A()
""",
        """
assert reg['A'] is A and type(a) is reg['A']
""",
    ),
    "a class defined twice": (
        """
class A:
    v = 1
a1 = A()
class A:
    v = 2
a2 = A()
""",
        """
assert a1.v == 1 and a2.v == 2 and type(a1) is not type(a2) and type(a2) is A
""",
    ),
    "a patched class and a method bound by hand": (
        """
class A:
    def f(self): return 1
a = A()
def f2(self): return 2
A.f = f2
a.g = f2.__get__(a)
""",
        """
assert a.f() == 2 and a.g() == 2
""",
    ),
    "a generator function": (
        """
def avg():
    t = n = 0
    while True:
        x = yield t / n if n else None
        t += x; n += 1
""",
        """
g = avg(); next(g); assert g.send(4) == 4.0
""",
    ),
    "lambdas inside lambdas": (
        """
f = lambda xs: [y := x + 1 for x in xs]
k = (lambda: (lambda: 3))()
""",
        """
assert f([1]) == [2] and k() == 3
""",
    ),
    "generic aliases of a block's class": (
        """
from typing import List, Dict, Callable, Type, Union
class A: pass
LA = List[A]; DA = Dict[str, A]; CA = Callable[[A], A]; TA = Type[A]; UA = Union[A, None]; la = list[A]; pa = A | None
""",
        """
import typing
assert typing.get_args(LA) == (A,) and la == list[A] and typing.get_args(UA)[0] is A and pa == A | None and typing.get_args(CA)[0] == [A]
""",
    ),
    "attrs classes": (
        """
import attr, attrs
@attrs.define
class A:
    x: int = attrs.field()
    y: list = attrs.field(factory=list)
    @x.validator
    def _v(self, a, v):
        if v < 0: raise ValueError
@attrs.frozen
class F:
    a: int = 1
@attr.s(auto_attribs=True, slots=False)
class B:
    z: int = attr.ib(default=3, converter=int)
a = A(1); f = F(2); b = B('7')
""",
        """
import attrs
assert a == A(1) and f == F(2) and b.z == 7 and attrs.asdict(a) == {'x': 1, 'y': []} and attrs.evolve(a, x=2).x == 2
try:
    A(-1); assert False
except ValueError: pass
assert attrs.fields(A).x.name == 'x'
""",
    ),
    "pydantic models": (
        """
from pydantic import BaseModel, Field, field_validator, computed_field, ConfigDict
from typing import Optional
class Addr(BaseModel):
    street: str
class P(BaseModel):
    model_config = ConfigDict(validate_assignment=True)
    name: str
    age: int = Field(3, ge=0)
    addr: Optional[Addr] = None
    tags: list[str] = Field(default_factory=list)
    _priv: int = 5
    @field_validator('name')
    @classmethod
    def up(cls, v): return v.upper()
    @computed_field
    @property
    def both(self) -> str: return self.name + str(self.age)
class Q(P):
    extra: int = 1
p = P(name='a', addr=Addr(street='s')); q = Q(name='z')
""",
        """
from pydantic import ValidationError
assert p.name == 'A' and p.addr.street == 's' and P(name='b').age == 3 and p.both == 'A3' and isinstance(q, P) and q._priv == 5
try:
    P(name='x', age=-1); assert False
except ValidationError: pass
try:
    p.age = -2; assert False
except ValidationError: pass
assert P.model_validate_json('{"name": "q"}').name == 'Q' and p.model_dump()['addr'] == {'street': 's'} and P.model_json_schema()['title'] == 'P' and p == P(name='a', addr=Addr(street='s'))
""",
    ),
    "a block's own estimator in a pipeline": (
        """
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import make_pipeline
from sklearn.linear_model import LinearRegression
import numpy as np
class Scale(BaseEstimator, TransformerMixin):
    def __init__(self, k=2): self.k = k
    def fit(self, X, y=None): self.m_ = X.mean(0); return self
    def transform(self, X): return (X - self.m_) * self.k
X = np.arange(10.).reshape(5, 2); y = X[:, 0]
pipe = make_pipeline(Scale(3), LinearRegression()).fit(X, y)
""",
        """
from sklearn.base import clone
assert np.allclose(pipe.predict(X), y) and pipe[0].k == 3 and clone(pipe[0]).k == 3 and isinstance(pipe[0], Scale)
""",
    ),
    "a torch module, its optimiser, a view of a tensor": (
        """
import torch, torch.nn as nn
class Net(nn.Module):
    def __init__(self):
        super().__init__(); self.l = nn.Linear(2, 3)
    def forward(self, x): return self.l(x).relu()
net = Net(); t = torch.arange(4.); v = t[1:]
opt = torch.optim.Adam(net.parameters())
""",
        """
assert net(torch.ones(1, 2)).shape == (1, 3) and net.l.weight.requires_grad; v[0] = 9; assert t[1] == 9; opt.zero_grad(); net(torch.ones(1,2)).sum().backward(); opt.step()
""",
    ),
}
