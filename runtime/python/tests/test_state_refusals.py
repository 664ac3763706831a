"""What is not carried is named: which place inside the value it is, why, and what to do instead."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator

import pytest
from easel_runtime.state.refusals import BY_TYPE
from journey import Journey


@pytest.fixture
def chain() -> Iterator[Journey]:
    journey = Journey()
    yield journey
    journey.close()


# (what a block does, the reason, a word of the advice); `x` is what is refused.
REFUSED = {
    "a lock": ("import threading\nx = threading.RLock()", "a lock only means something", "make it in the block"),
    "a thread pool": ("import concurrent.futures as c\nx = c.ThreadPoolExecutor(1)", "a pool's threads", "with"),
    "a thread": ("import threading\nx = threading.Thread()", "ends with its block", "result"),
    "a future": ("import concurrent.futures as c\nx = c.Future()", "a future is tied", ".result()"),
    "a queue": ("import queue\nx = queue.PriorityQueue()", "a queue is shared", "list"),
    "a socket": ("import socket\nx = socket.socket()", "a live connection", "open it again"),
    "a cursor": ("import sqlite3\nx = sqlite3.connect(':memory:').cursor()", "a cursor stands", "fetchall"),
    "an open file": ("x = open('/dev/null')", "an open file", "path"),
    "a zip file": ("import zipfile, io\nx = zipfile.ZipFile(io.BytesIO(), 'w')", "an open file", "path"),
    "a temporary folder": ("import tempfile\nx = tempfile.TemporaryDirectory()", "is deleted", "canvas's files"),
    "a csv reader": ("import csv\nx = csv.reader(['a,b'])", "stands at a position", "frame or list"),
    "a csv reader of dicts": ("import csv\nx = csv.DictReader(['a,b'])", "stands at a position", "frame or list"),
    "a folder being listed": ("import os\nx = os.scandir('/')", "stands at a position", "list"),
    "a generator": ("x = (i for i in [1])", "half-run function", "list(...)"),
    "a coroutine": ("async def f(): pass\nx = f()", "half-run function", "await"),
    "a list's iterator": ("x = iter([1])", "knows its position", "iter"),
    "a counter": ("import itertools\nx = itertools.count()", "knows its position", "iter"),
    "a weak reference": ("import weakref\nclass A: pass\na = A()\nx = weakref.ref(a)", "does not keep", "keep the object"),
    "a weak dictionary": ("import weakref\nx = weakref.WeakValueDictionary()", "does not keep", "keep the object"),
    "a view of memory": ("x = memoryview(b'abc')", "memory of this process", "copy"),
    "a pointer": ("import ctypes\nx = ctypes.pointer(ctypes.c_int(1))", "an address", "copy"),
    "a C function": ("import ctypes\nx = ctypes.CDLL(None).getpid", "a function of a C library", "load the library"),
    "a digest": ("import hashlib\nx = hashlib.sha256()", "in progress", "hexdigest"),
    "an entered context": ("import contextlib\nx = contextlib.ExitStack()", "entered or left", "function"),
    "a frame": ("import sys\nx = sys._getframe()", "ends with its call", "values"),
    "a traceback": ("try: 1 / 0\nexcept Exception as e: x = e.__traceback__", "frames", "format_exc"),
    "a match": ("import re\nx = re.match('a', 'a')", "the text that was searched", ".groups()"),
    "a log handler": ("import logging\nx = logging.StreamHandler()", "a log handler", "in the block that logs"),
    "an event loop": ("import asyncio\nx = asyncio.new_event_loop()", "an event loop", "await"),
    "a context variable": ("import contextvars\nx = contextvars.ContextVar('v')", "a context variable", ".get()"),
    "numpy: a mapped file": ("import numpy\nx = numpy.memmap('/etc/hosts', 'u1', 'r')", "a file mapped", "numpy.array"),
    "numpy: an iterator": ("import numpy\nx = numpy.nditer(numpy.zeros(2))", "knows its position", "list"),
    "pandas: a reader of chunks": (
        "import pandas, io\nx = pandas.read_csv(io.StringIO('a\\n1'), chunksize=1)", "stands at a position", "path",
    ),
    "pyarrow: a reader of batches": (
        "import pyarrow\nt = pyarrow.table({'a': [1]})\nx = t.to_reader()", "stands at a position", "frame",
    ),
    "duckdb: a connection": ("import duckdb\nx = duckdb.connect()", "a live connection", "open it again"),
    "duckdb: a relation": ("import duckdb\nx = duckdb.sql('select 1')", "a query on a live connection", ".df()"),
    "matplotlib: an animation": (
        "import matplotlib; matplotlib.use('agg')\nimport matplotlib.pyplot as p, matplotlib.animation as m\n"
        "x = m.FuncAnimation(p.figure(), lambda i: [], frames=2)", "an animation", "to_jshtml",
    ),
    "tqdm: a bar": ("import tqdm, io\nx = tqdm.tqdm([1], file=io.StringIO())", "a progress bar", "goes over"),
    "requests: a session": ("import requests\nx = requests.Session()", "a session holds live connections", "returned"),
    "sqlalchemy: an engine": ("import sqlalchemy as s\nx = s.create_engine('sqlite://')", "a live connection", "again"),
    "sqlalchemy: a mapped class": (
        "from sqlalchemy.orm import DeclarativeBase\nclass x(DeclarativeBase): pass", "a mapped class", "import them",
    ),
    "torch: a tensor with a history": (
        "import torch\nx = torch.ones(2, requires_grad=True) * 2", "gradients flow through", ".detach()",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.filterwarnings("ignore")
def test_each_kind_has_its_own_sentence(chain: Journey, what: str) -> None:
    package = what.partition(":")[0] if ":" in what else None
    if package is not None and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not in this environment")
    source, reason, advice = REFUSED[what]
    namespace = chain.block("good = [1]\n" + source)
    lost = chain.state["variables"]["x"]["not_carried"]
    assert reason in lost["reason"] and advice in lost["advice"]
    assert "it holds" not in lost["reason"]  # it is the variable itself
    for close in ("close", "stop", "shutdown", "cleanup"):
        if type(namespace["x"]).__module__ not in ("torch", "__main__") and hasattr(namespace["x"], close):
            getattr(namespace["x"], close)()
            break
    assert chain.block("")["good"] == [1]


@pytest.mark.parametrize(
    ("source", "place"),
    [
        (
            "class Model: pass\nx = Model(); x.db = {'main': [None, sqlite3.connect(':memory:')]}",
            "x.db['main'][1]",
        ),
        ("x = [1, {'k': (2, threading.Lock())}]", "x[1]['k'][1]"),
        ("x = lambda c=sqlite3.connect(':memory:'): c", "x.__defaults__[0]"),
        (
            "def make():\n    lock = threading.Lock()\n    return lambda: lock\nx = make()",
            "x.<lock>.cell_contents",
        ),
        ("class x:\n    lock = threading.Lock()", "x.lock"),
        ("class Deep:\n    __slots__ = ('a',)\nx = Deep(); x.a = Deep(); x.a.a = open('/dev/null')", "x.a.a"),
        ("import functools\nx = functools.partial(print, file=open('/dev/null'))", "x.keywords['file']"),
        (
            "class A:\n    def m(self): pass\na = A(); a.lock = threading.Lock(); x = a.m; del a",
            "x.__self__.lock",
        ),
    ],
)
def test_the_place_inside_the_value_is_named(chain: Journey, source: str, place: str) -> None:
    chain.block("import threading, sqlite3\n" + source)
    assert chain.state["variables"]["x"]["not_carried"]["reason"].startswith(f"`{place}` is a `")


def test_what_pickle_itself_refuses_is_named_with_its_place(chain: Journey) -> None:
    chain.block("import _thread, time, select\nx = {'poll': [select.poll()]}")
    assert chain.state["variables"]["x"]["not_carried"]["reason"].startswith("`x['poll'][0]` ")


def test_a_hash_that_needs_the_state_that_is_not_there_yet_is_named(chain: Journey) -> None:
    chain.block(
        "class Node:\n    def __init__(self, k): self.k = k; self.seen = {self}\n"
        "    def __hash__(self): return hash(self.k)\n    def __eq__(self, o): return self.k == o.k\nx = Node(1)"
    )
    assert "cannot be loaded again: AttributeError" in chain.state["variables"]["x"]["not_carried"]["reason"]


def test_a_refused_member_leaves_the_others_of_its_group(chain: Journey) -> None:
    chain.block(
        "import threading\nshared = []\ngood = [shared]\nbad = [shared, threading.Lock()]\n"
        "class Bad:\n    lock = threading.Lock()\n    kept = shared\nuser = [Bad, shared]"
    )
    lost = {n: v["not_carried"]["reason"] for n, v in chain.state["variables"].items() if "not_carried" in v}
    assert set(lost) == {"bad", "Bad", "user"} and lost["user"].startswith(
        "it uses `Bad`, which could not be kept"
    )
    after = chain.block("shared.append(1)")
    assert after["good"][0] is after["shared"]


def test_sentences_say_why_and_what_to_do() -> None:
    for name, (reason, advice) in BY_TYPE.items():
        assert (
            len(reason) > 10 and len(advice) > 10 and not reason.endswith(".") and not advice.endswith(".")
        ), name
        assert re.match(r"[\w<>.]+$", name), name
