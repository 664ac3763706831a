"""The verifier: what comes back as something else is named, what a class leaves out on purpose stays, and nothing that
happens while a copy is made reaches the worker."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from easel_runtime.state import checking
from easel_runtime.state.verify import Check, Limits, Verdict, verify
from journey import Journey


@pytest.fixture
def chain() -> Iterator[Journey]:
    journey = Journey()
    yield journey
    journey.close()


LIARS = {
    "another type": ("def __reduce__(self): return (list, ([1],))", "`x` would come back as a `builtins.list`"),
    "a lost value": (
        "def __init__(self): self.cache = {1: 2}\n    def __getstate__(self): return {'cache': None}",
        "`x.cache` would come back as None instead of a `builtins.dict`",
    ),
    "a lost attribute": (
        "def __init__(self): self.a = 1; self.b = 2\n    def __getstate__(self): return {'a': 1}",
        "`x.b` would not come back",
    ),
    "a changed number": (
        "def __init__(self): self.a = 1\n    def __getstate__(self): return {'a': 2}",
        "`x.a` would come back as 2 instead of 1",
    ),
    "minus zero": (
        "def __init__(self): self.a = 0.0\n    def __getstate__(self): return {'a': -0.0}",
        "`x.a` would come back as -0.0 instead of 0.0",
    ),
    "a shorter list": (
        "def __init__(self): self.a = [1, 2]\n    def __getstate__(self): return {'a': [1]}",
        "`x.a` would come back with 1 element(s) instead of 2",
    ),
    "another order of keys": (
        "def __init__(self): self.a = {1: 0, 2: 0}\n    def __getstate__(self): return {'a': {2: 0, 1: 0}}",
        "(its key number 1)` would come back as 2 instead of 1",
    ),
    "other elements of a set": (
        "def __init__(self): self.a = {1, 2}\n    def __getstate__(self): return {'a': {1, 3}}",
        "`x.a` would come back with other elements",
    ),
    "one list that becomes two": (
        "def __init__(self): self.a = []; self.b = self.a\n"
        "    def __getstate__(self): return {'a': [], 'b': []}",
        "`x.a` and `x.b` are one object and would come back as two",
    ),
    "two lists that become one": (
        "def __init__(self): self.a = []; self.b = []\n"
        "    def __getstate__(self):\n        one = []\n        return {'a': one, 'b': one}",
        "`x.a` and `x.b` are two objects and would come back as one",
    ),
    "equality that lies": (
        "def __init__(self): self.a = 1\n    def __eq__(self, other): return True\n    __hash__ = None\n"
        "    def __getstate__(self): return {'a': 2}",
        "`x.a` would come back as 2 instead of 1",
    ),
    "a class that lies": (
        "__class__ = property(lambda self: dict)\n    def __reduce__(self): return (dict, ())",
        "`x` would come back as a `builtins.dict`",
    ),
    "a dictionary that lies": (
        "def __init__(self): self.a = 1\n    def __reduce__(self): return (Liar,)\n"
        "    @property\n    def __dict__(self): return {'b': 2}",
        "cannot be",
    ),
    "an exception": (
        "def __reduce__(self): return (int, ('no number',))",
        "it was stored but cannot be loaded again: ValueError",
    ),
    "the end of the interpreter": ("def __reduce__(self): return (exit, (3,))", "cannot be loaded again: "),
    "the end of the process": (
        "def __reduce__(self): return (os._exit, (3,))", "loading it again ended the process (exit status 3)",
    ),
    "a name that is gone": ("def __reduce__(self): return 'x'", "cannot be loaded again"),
    "one that is stored only once": (
        "def __init__(self): self.n = 0\n"
        "    def __reduce__(self): return (again, (1,)) if self.n == 0 else (list, ())\n"
        "def again(n):\n    made = Liar()\n    made.n = n\n    return made",
        "`x.n` would come back as 1 instead of 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", LIARS)
def test_a_liar_is_named(chain: Journey, what: str) -> None:
    body, reason = LIARS[what]
    chain.block(f"import os\nclass Liar:\n    {body}\nx = Liar()\ngood = [1]")
    assert reason in chain.state["variables"]["x"]["not_carried"]["reason"]
    assert chain.block("")["good"] == [1]


def test_a_liar_inside_a_list_is_named_with_its_place(chain: Journey) -> None:
    chain.block("class Liar:\n    def __reduce__(self): return (list, ())\nx = [1, {'k': Liar()}]")
    reason = chain.state["variables"]["x"]["not_carried"]["reason"]
    assert reason == "`x[1]['k']` would come back as a `builtins.list` instead of a `Liar`"


def test_a_liar_does_not_take_along_what_shares_with_it(chain: Journey) -> None:
    chain.block(
        "shared = [0]\nclass Liar:\n    def __init__(self): self.s = shared\n"
        "    def __reduce__(self): return (tuple, ([self.s],))\nbad = Liar()\ngood = {'s': shared}"
    )
    after = chain.block("shared.append(1)")
    assert after["good"]["s"] is after["shared"] == [0, 1]
    assert "not_carried" in chain.state["variables"]["bad"]


PURPOSE = {
    "a lock is made again": (
        "import threading\nclass A:\n    def __init__(self): self.lock = threading.Lock(); self.n = 1\n"
        "    def __getstate__(self): return {'n': self.n}\n"
        "    def __setstate__(self, s): self.__dict__.update(s); self.lock = threading.Lock()\nx = A()",
        "",
    ),
    "a lock is left out": (
        "import threading\nclass A:\n    def __init__(self): self.lock = threading.Lock(); self.n = 1\n"
        "    def __getstate__(self): return {'n': self.n}\nx = A()",
        "`x.lock` (a `_thread.lock`) is dropped by its class",
    ),
    "a cache begins empty": (
        "class A:\n    def __init__(self): self._cache = {1: 2}; self.n = 1\n"
        "    def __getstate__(self): return {**self.__dict__, '_cache': {}}\nx = A()",
        "`x._cache` is emptied by its class",
    ),
    "a connection is opened again": (
        "import sqlite3\nclass A:\n    def __init__(self): self.n = 1; self.db = sqlite3.connect(':memory:')\n"
        "    def __reduce__(self): return (A, ())\nx = A()",
        "",
    ),
    "something is noted on loading": (
        "class A:\n    def __init__(self): self.n = 1\n"
        "    def __setstate__(self, s): self.__dict__.update(s); self._loaded = True\nx = A()",
        "",
    ),
}


@pytest.mark.parametrize("what", PURPOSE)
def test_what_a_class_leaves_out_on_purpose_is_carried_and_said(chain: Journey, what: str) -> None:
    source, remark = PURPOSE[what]
    chain.block(source)
    assert "not_carried" not in chain.state["variables"]["x"]
    assert chain.remarks == ([f"`x` is kept, but {remark}"] if remark else [])
    assert chain.block("")["x"].n == 1


def test_cycles_and_deep_nesting_are_compared(chain: Journey) -> None:
    chain.block(
        "class N:\n    def __init__(self): self.next = None\n    def __setstate__(self, s): self.__dict__.update(s)\n"
        "a = N(); b = N(); a.next = b; b.next = a; a.me = a"
    )
    after = chain.block("")
    assert after["a"].next.next is after["a"] is after["a"].me


# -- the process ----------------------------------------------------------------------------------------------------


def check(**members: Any) -> Check:
    data = pickle.dumps(members)
    return Check(members, len(data), "0", lambda: pickle.loads(data), lambda c: "1", lambda: None)


def acts(act: Callable[[], Any]) -> Check:
    return Check({"x": 1}, 1, "0", lambda: act() or {"x": 1}, lambda _: "1", lambda: None)


def crash() -> None:
    signal.pthread_kill(threading.get_ident(), signal.SIGSEGV)
    time.sleep(10)


def test_crashes_and_hangs_are_named_and_the_others_are_verified() -> None:
    quick = Limits(load_seconds=0.5)
    found = verify([acts(crash), check(a=[1]), acts(lambda: time.sleep(60)), acts(crash), check(b=2)], quick)
    assert [v.reason for v in found] == [
        "loading it again ended the process (SIGSEGV)", None, "loading it again took longer than 0 s",
        "loading it again ended the process (SIGSEGV)", None,
    ]  # fmt: skip


def test_nothing_of_the_child_reaches_the_worker(capfd: pytest.CaptureFixture[str]) -> None:
    here = {"n": 0}
    reader, writer = os.pipe()

    def act() -> None:
        here["n"] = 1
        print("loud")
        os.write(2, b"loud")
        sys.modules["json"] = None  # type: ignore[assignment]
        try:
            os.write(writer, b"loud")
        except OSError:
            pass
        signal.alarm(1)

    before = len(os.listdir("/proc/self/fd"))
    assert verify([acts(act)])[0].reason is None
    assert here == {"n": 0} and sys.modules["json"] is not None
    assert capfd.readouterr() == ("", "") and len(os.listdir("/proc/self/fd")) == before
    os.close(writer)
    assert os.read(reader, 10) == b""
    os.close(reader)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def _shout(data: bytes) -> None:
    for name in os.listdir("/proc/self/fd"):
        try:
            os.write(int(name), data)
        except OSError:
            pass


def test_a_child_that_says_nonsense_is_not_believed() -> None:
    assert verify([acts(lambda: _shout(b'nonsense\n{"stage": 5}\n[]\n') and None)])[0].reason is None


def test_what_the_budget_does_not_reach_is_unverified_and_small_ones_come_first() -> None:
    large = check(a=["x" * 10_000])
    found = verify([large, check(b=1)], Limits(all_bytes=5_000))
    assert [v.unverified for v in found] == [True, False]
    assert verify([check(b=1)], Limits(all_seconds=0.0)) == [Verdict(unverified=True)]


def test_a_fork_that_fails_leaves_everything_unverified(monkeypatch: pytest.MonkeyPatch) -> None:
    def no() -> int:
        raise BlockingIOError

    monkeypatch.setattr("easel_runtime.state.verify._fork", no)
    assert verify([check(a=1)])[0].unverified


def test_a_digest_that_changes_once_is_settled_and_one_that_always_does_unstable() -> None:
    def stored(again: Callable[[dict[str, Any]], str]) -> Verdict:
        return verify([check(a=[1])._replace(digest="first", again=again)])[0]

    assert stored(lambda _: "first") == Verdict()
    assert stored(lambda _: "then") == Verdict(settled="then")
    numbers = iter("12")
    assert stored(lambda _: hashlib.sha256(next(numbers).encode()).hexdigest()).unstable


def test_threads_of_the_worker_do_not_stop_the_verifier() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert verify([check(a=[1])])[0] == Verdict(settled="1")
    finally:
        stop.set()
        thread.join()


# -- in a capture ---------------------------------------------------------------------------------------------------


def test_what_is_unverified_says_so(chain: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "verify", lambda checks: verify(checks, Limits(all_bytes=0)))
    chain.block("class A:\n    def __setstate__(self, s): self.__dict__.update(s)\nx = A(); x.n = 1")
    assert chain.state["slots"][chain.slot("x")]["unverified"] is True
    assert chain.remarks[0].startswith("`x` is kept unverified")


def test_a_set_of_objects_without_an_order_is_unstable_until_a_block_changes_it(chain: Journey) -> None:
    chain.block(
        "class A:\n    def __init__(self, n): self.n = n\n    def __reduce__(self): return (A, (self.n,))\nx = [{A(n) for n in range(50)}]"
    )
    assert chain.state["slots"][chain.slot("x")]["unstable"] is True


def test_a_plain_value_is_not_loaded_again(chain: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(checking, "verify", lambda checks: seen.append(len(checks)) or verify(checks))
    chain.block(
        "import datetime\nclass P:\n    def __init__(self): self.a = [1]\nx = [P(), {'d': datetime.date.today()}]"
    )
    assert sum(seen) == 0


def test_a_fitted_forest_settles(chain: Journey) -> None:
    pytest.importorskip("sklearn")
    chain.block(
        "import numpy as np\nfrom sklearn.ensemble import RandomForestClassifier\nfrom sklearn.pipeline import make_pipeline\n"
        "X = np.arange(40.0).reshape(20, 2); y = np.arange(20) % 2\n"
        "model = RandomForestClassifier(5, random_state=0).fit(X, y)\npipe = make_pipeline(model).fit(X, y)"
    )
    entry = chain.state["slots"][chain.slot("model")]
    assert entry["unstable"] is False
    before = (chain.slot("model"), chain.digest("model"), chain.digest("pipe"))
    chain.block("model.predict(X); pipe.predict(X)")
    assert (chain.slot("model"), chain.digest("model"), chain.digest("pipe")) == before


def test_what_a_library_keeps_under_private_names_may_come_back_in_another_form(chain: Journey) -> None:
    pytest.importorskip("plotly")
    chain.block(
        "import plotly.graph_objects as go, numpy as np\nfig = go.Figure(go.Scatter(x=np.arange(3.0)))"
    )
    assert list(chain.block("")["fig"].data[0].x) == [0.0, 1.0, 2.0]


def test_a_figure_is_kept_and_marked_unstable(chain: Journey) -> None:
    pytest.importorskip("matplotlib")
    chain.block(
        "import matplotlib; matplotlib.use('agg')\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots(); ax.plot([1])"
    )
    assert chain.state["slots"][chain.slot("fig")]["unstable"] is True
    after = chain.block("")
    assert after["fig"].axes[0] is after["ax"]
