"""State travels from block to block exactly, or is named as not carried."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Iterator

import pytest
from journey import Journey


@pytest.fixture
def chain() -> Iterator[Journey]:
    made = Journey()
    yield made
    made.close()


def test_plain_values_come_back_equal(chain: Journey) -> None:
    chain.block("a, b, c, d = 1, 'text', [1, {'k': (2.5, None)}], {1, 2}")
    after = chain.block("e = a + 1")
    assert (after["a"], after["b"], after["c"], after["d"], after["e"]) == (
        1,
        "text",
        [1, {"k": (2.5, None)}],
        {1, 2},
        2,
    )


def test_unread_variables_are_inherited_without_loading(chain: Journey) -> None:
    chain.block("a = [1]; b = [2]")
    before = chain.slot("a")
    after = chain.block("b.append(3)", reads=["b"])
    assert "a" not in after
    assert chain.slot("a") == before
    assert chain.block("")["b"] == [2, 3]


def test_a_value_that_was_only_read_keeps_its_slot(chain: Journey) -> None:
    chain.block("a = [1, 2, 3]; b = {'x': [a]}; c = [9]")
    slots = chain.slot("a"), chain.slot("c")
    chain.block("total = sum(a) + c[0]")
    assert (chain.slot("a"), chain.slot("c")) == slots


def test_a_changed_value_gets_new_content_and_a_new_origin(chain: Journey) -> None:
    chain.block("a = [1]; b = [1]")
    chain.block("a.append(2)")
    assert chain.state["variables"]["a"]["origin"] == "b1"
    assert chain.state["variables"]["b"]["origin"] == "b0"


def test_deleted_names_are_gone(chain: Journey) -> None:
    chain.block("a = 1; b = 2")
    chain.block("del a")
    assert list(chain.state["variables"]) == ["b"]


def test_aliases_stay_aliases(chain: Journey) -> None:
    chain.block("x = []; y = x; z = {'inner': x}")
    chain.block("x.append(1)")
    after = chain.block("")
    assert after["x"] is after["y"] is after["z"]["inner"]
    assert after["y"] == [1]


def test_an_alias_made_by_a_later_block_stays_one(chain: Journey) -> None:
    chain.block("x = [1]")
    chain.block("y = x")
    chain.block("y.append(2)")
    after = chain.block("")
    assert after["x"] is after["y"]
    assert after["x"] == [1, 2]


def test_an_alias_of_which_only_one_name_is_read_still_changes_both(chain: Journey) -> None:
    chain.block("x = [1]; y = x")
    chain.block("x.append(2)", reads=["x"])
    after = chain.block("")
    assert after["y"] == [1, 2]
    assert after["x"] is after["y"]


def test_rebinding_one_alias_leaves_the_other(chain: Journey) -> None:
    chain.block("x = [1]; y = x")
    chain.block("x = [5]")
    after = chain.block("")
    assert (after["x"], after["y"]) == ([5], [1])


def test_equal_small_numbers_do_not_tie_variables_together(chain: Journey) -> None:
    chain.block("a = 5; b = 5")
    assert chain.slot("a") != chain.slot("b")


def test_functions_see_the_namespace_of_the_block_that_calls_them(chain: Journey) -> None:
    chain.block("factor = 2\ndef f(x):\n    return x * factor")
    assert "factor" in chain.state["slots"][chain.slot("f")]["reads"]
    after = chain.block("factor = 10\nresult = f(3)")
    assert after["result"] == 30


def test_instances_keep_their_class_across_blocks(chain: Journey) -> None:
    chain.block(
        "class P:\n    def __init__(self, x):\n        self.x = x\n    def twice(self):\n        return 2 * self.x"
    )
    chain.block("p = P(3)")
    chain.block("q = P(4)", reads=["P"])
    after = chain.block("same = type(p) is type(q) is P; t = p.twice() + q.twice()")
    assert after["same"]
    assert after["t"] == 14


def test_a_class_changed_later_is_seen_by_its_older_instances(chain: Journey) -> None:
    chain.block("class P:\n    kind = 'old'\np = P()")
    chain.block("P.kind = 'new'", reads=["P"])
    after = chain.block("k = p.kind")
    assert after["k"] == "new"
    assert isinstance(after["p"], after["P"])


def test_a_redefined_class_leaves_older_instances_with_theirs(chain: Journey) -> None:
    chain.block("class P:\n    v = 1\np = P()")
    chain.block("class P:\n    v = 2")
    after = chain.block("values = (p.v, P.v, isinstance(p, P))")
    assert after["values"] == (1, 2, False)


def test_inheritance_super_and_abstract_classes(chain: Journey) -> None:
    chain.block(
        "import abc\n"
        "class A(abc.ABC):\n"
        "    @abc.abstractmethod\n    def f(self): ...\n"
        "    def g(self): return 'A.g'\n"
        "class B(A):\n"
        "    def f(self): return 'f'\n"
        "    def g(self): return 'B' + super().g()\n"
    )
    after = chain.block(
        "b = B(); r = (b.f(), b.g(), isinstance(b, A))\ntry:\n    A()\nexcept TypeError as e:\n    m = str(e)"
    )
    assert after["r"] == ("f", "BA.g", True)
    assert "abstract" in after["m"]


def test_dataclasses_enums_named_tuples_slots(chain: Journey) -> None:
    chain.block(
        "import dataclasses, enum, typing\n"
        "@dataclasses.dataclass\nclass D:\n    a: int\n    b: list = dataclasses.field(default_factory=list)\n"
        "class E(enum.Enum):\n    RED = 1\n    BLUE = 2\n"
        "class N(typing.NamedTuple):\n    x: int\n    y: int = 7\n"
        "class S:\n    __slots__ = ('a', 'b')\n    def __init__(self):\n        self.a = 1; self.b = [2]\n"
        "class I(enum.IntFlag):\n    R = 1\n    W = 2\n"
        "d = D(1); e = E.RED; n = N(3); s = S(); i = I.R | I.W\n"
    )
    after = chain.block(
        "r = (d == D(1), D(2).b, e is E.RED, E(2) is E.BLUE, list(E), n == N(3), n.y, N(1, 2).x, s.a, s.b, i == I.R | I.W)"
    )
    assert after["r"][:4] == (True, [], True, True)
    assert [m.name for m in after["r"][4]] == ["RED", "BLUE"]
    assert after["r"][5:] == (True, 7, 1, 1, [2], True)


def test_closures_share_their_cells(chain: Journey) -> None:
    chain.block(
        "def make():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n        return n\n"
        "    def get():\n        return n\n    return up, get\nup, get = make()"
    )
    chain.block("up(); up()")
    assert chain.block("value = get()")["value"] == 2


def test_decorators(chain: Journey) -> None:
    chain.block(
        "import functools, contextlib\n"
        "def loud(f):\n    @functools.wraps(f)\n    def inner(*a):\n        return f(*a).upper()\n    return inner\n"
        "@loud\ndef hi(): return 'hi'\n"
        "@functools.lru_cache(maxsize=None)\ndef fib(n): return n if n < 2 else fib(n-1) + fib(n-2)\n"
        "@functools.singledispatch\ndef kind(x): return 'other'\n"
        "@kind.register\ndef _(x: int): return 'int'\n"
        "class C:\n    @functools.cached_property\n    def p(self): return 42\n    @property\n    def q(self): return 1\n"
        "    @staticmethod\n    def s(): return 's'\n    @classmethod\n    def c(cls): return cls.__name__\n"
        "@contextlib.contextmanager\ndef ctx():\n    yield 'in'\n"
        "part = functools.partial(max, 3)\n"
    )
    after = chain.block(
        "c = C()\nwith ctx() as inside: pass\n"
        "r = (hi(), fib(20), kind(1), kind('a'), c.p, c.q, C.s(), C.c(), inside, part(2), hi.__name__)"
    )
    assert after["r"] == ("HI", 6765, "int", "other", 42, 1, "s", "C", "in", 3, "hi")


def test_definitions_that_refer_to_each_other_in_a_circle(chain: Journey) -> None:
    chain.block("class A: pass\nclass B: pass\nA.other = B; B.other = A\na = A()")
    after = chain.block("r = A.other is B and B.other is A and isinstance(a, A)")
    assert after["r"]


def test_the_same_code_on_other_lines_has_the_same_digest(chain: Journey) -> None:
    other = Journey()
    try:
        chain.block("def f(x):\n    return x + 1\nclass K:\n    def m(self): return 1")
        other.block(
            "# a comment\n\n\ndef f(x):\n    # another\n    return x + 1\n\nclass K:\n\n    def m(self): return 1"
        )
        assert chain.digest("f") == other.digest("f")
        assert chain.digest("K") == other.digest("K")
    finally:
        other.close()


def test_source_text_and_lines_travel_with_functions(chain: Journey) -> None:
    chain.block("x = 1\ndef f():\n    raise ValueError('here')")
    after = chain.block(
        "try:\n    f()\nexcept ValueError as e:\n    line = e.__traceback__.tb_next.tb_lineno; code = e.__traceback__.tb_next.tb_frame.f_code.co_filename"
    )
    assert (after["line"], after["code"]) == (3, "blocks/b0.py")


def test_the_text_of_a_function_ends_where_it_ended(chain: Journey) -> None:
    source = 'x = 1\ndef f():\n    """Only\n    words."""\n\n\ndef g(): return 1\n\nclass C:\n    def m(self):\n        return 2\n'
    linecache.cache["blocks/b0.py"] = (len(source), None, source.splitlines(keepends=True), "blocks/b0.py")
    try:
        chain.block(source)
        del linecache.cache["blocks/b0.py"]
        after = chain.block("")
        lines = source.splitlines(keepends=True)
        assert inspect.getsource(after["f"]) == "".join(lines[1:4])
        assert inspect.getsource(after["g"]) == lines[6]
        assert inspect.getsource(after["C"].m) == "".join(lines[9:11])
    finally:
        linecache.cache.pop("blocks/b0.py", None)


def test_what_python_notes_in_a_module_for_itself_is_no_variable(chain: Journey) -> None:
    chain.block(
        "import warnings\nwith warnings.catch_warnings(record=True):\n    warnings.warn('once')\nx = 1"
    )
    assert set(chain.state["variables"]) == {"warnings", "x"}


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("import threading; bad = threading.Lock()", "lock"),
        ("bad = (i for i in range(3))", "generator"),
        ("import sqlite3; bad = sqlite3.connect(':memory:')", "connection"),
        ("bad = open('/dev/null')", "open file"),
        ("import socket; bad = socket.socket()", "connection"),
        ("import weakref\nclass A: pass\na = A(); bad = weakref.ref(a)", "weak reference"),
        ("class L:\n    def __reduce__(self): return (dict, ())\nbad = L()", "come back as a `builtins.dict`"),
        ("class L:\n    def __reduce__(self): raise ValueError('no way')\nbad = L()", "no way"),
        ("class L:\n    def __reduce__(self): return (int, ('x',))\nbad = L()", "cannot be loaded again"),
        ("bad = iter([1, 2])", "position"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_named(chain: Journey, source: str, word: str) -> None:
    chain.block("good = [1]\n" + source)
    bad = chain.state["variables"]["bad"]
    assert word in bad["not_carried"]["reason"]
    assert bad["not_carried"]["advice"]
    assert [name for name, _ in chain.notices] == ["bad"]
    assert chain.block("")["good"] == [1]


def test_a_container_of_something_that_cannot_be_kept_names_it(chain: Journey) -> None:
    chain.block("import threading\nrows = [1]\nholder = {'rows': rows, 'lock': threading.Lock()}")
    assert "_thread.lock" in chain.state["variables"]["holder"]["not_carried"]["reason"]
    assert chain.block("")["rows"] == [1]


def test_what_uses_something_that_is_not_kept_is_not_kept_either(chain: Journey) -> None:
    chain.block("import threading\ndef f(lock=threading.Lock()): return lock\nclass U:\n    g = f\nfs = [f]")
    assert "uses `f`" in chain.state["variables"]["fs"]["not_carried"]["reason"]


def test_mutated_default_arguments_and_function_attributes(chain: Journey) -> None:
    chain.block("def f(seen=[]):\n    seen.append(1)\n    return len(seen)\nf(); f.tag = 'x'")
    after = chain.block("n = f(); t = f.tag")
    assert (after["n"], after["t"]) == (2, "x")
    assert chain.block("n = f()")["n"] == 3


def test_deeply_nested_lists_are_named(chain: Journey) -> None:
    chain.block("x = []\nfor _ in range(100000): x = [x]")
    assert "nested too deeply" in chain.state["variables"]["x"]["not_carried"]["reason"]


def test_generic_classes_and_type_variables(chain: Journey) -> None:
    chain.block(
        "import typing\nT = typing.TypeVar('T')\nclass Box(typing.Generic[T]):\n    def __init__(self, v: T): self.v = v\nb = Box[int](3)"
    )
    assert chain.block("r = (b.v, isinstance(b, Box), Box.__parameters__ == (T,))")["r"] == (3, True, True)


def test_modules_come_back_as_modules(chain: Journey) -> None:
    chain.block("import json as j, os.path")
    assert chain.block("s = j.dumps(os.path.join('a', 'b'))")["s"] == '"a/b"'


def test_metaclasses_and_subclass_hooks_do_not_run_again(chain: Journey) -> None:
    chain.block(
        "log = []\nclass M(type):\n    def __new__(m, n, b, d, **k):\n        log.append(n)\n        return super().__new__(m, n, b, d)\n"
        "class Base:\n    subs = []\n    def __init_subclass__(cls, **k): Base.subs.append(cls.__name__)\n"
        "class X(metaclass=M): pass\nclass Y(Base): pass"
    )
    after = chain.block("r = (list(log), list(Base.subs), type(X) is M)")
    assert after["r"] == (["X"], ["Y"], True)


def test_instances_and_subclasses_of_a_class_without_a_name_keep_sharing_it(chain: Journey) -> None:
    chain.block("class A:\n    pass\nx = A(); y = A()\nclass B(A):\n    pass\nclass C(A):\n    pass\ndel A")
    after = chain.block("r = (type(x) is type(y), B.__bases__ == C.__bases__, isinstance(B(), type(x)))")
    assert after["r"] == (True, True, True)


def test_two_equal_values_stay_two(chain: Journey) -> None:
    chain.block("x = [1, 2]")
    chain.block("y = x; x = [1, 2]")
    assert chain.block("same = x is y")["same"] is False


def test_an_object_that_answers_no_question_about_itself_comes_back(chain: Journey) -> None:
    chain.block(
        "class Mute:\n    def __getattribute__(self, name):\n        raise RuntimeError('no')\nmute = Mute(); good = [1]"
    )
    after = chain.block("")
    assert type(after["mute"]) is after["Mute"] and after["good"] == [1]
