"""What shares a mutable object or memory is found; what only looks alike is not."""

from __future__ import annotations

import array
import collections
import importlib.util
import mmap
import os
import random
import types
from typing import Any

import pytest
import sharing_oracle
from easel_runtime.state.sharing import ATOMS, shared
from structures import HOME, Structure

STRUCTURES = int(os.environ.get("EASEL_STATE_PROGRAMS", "400"))
FIRST = int(os.environ.get("EASEL_STATE_SEED", "0"))
needs_numpy = pytest.mark.skipif(
    importlib.util.find_spec("numpy") is None, reason="numpy is not in this environment"
)


def groups(*roots: Any, stops: list[Any] | None = None) -> list[list[int]]:
    firsts, _ = shared(list(roots), stops or [])
    found: dict[int, list[int]] = {}
    for i, first in enumerate(firsts):
        found.setdefault(first, []).append(i)
    return sorted(found.values())


def test_random_roots_are_grouped_as_the_plain_walk_does() -> None:
    """sharing_oracle.py says the same in Python, and slowly."""
    together = 0
    for seed in range(FIRST, FIRST + STRUCTURES):
        structure = Structure(seed, False)
        pool = [v for v in structure.made if type(v) not in ATOMS and not isinstance(v, types.MethodType)]
        chosen = random.Random(seed).choices(pool, k=6)
        stops = [*[v for v in structure.made if isinstance(v, types.FunctionType)][:2], HOME["Plain"]]
        structure.made.clear()  # or everything would have a second reference
        del pool
        plain = sharing_oracle.Sharing()
        for root in chosen:
            plain.add(root, {id(s) for s in stops} - {id(root)})
        assert groups(*chosen, stops=stops) == plain.groups(), f"seed {seed}"
        together += len(plain.groups()) < len(chosen)
    assert together > STRUCTURES // 4


def test_what_joins() -> None:
    x: list[int] = []
    d = {"x": x}
    assert groups(x, [x], [[x]], {"k": x}, (x,), {1: (2, x)}) == [[0, 1, 2, 3, 4, 5]]
    assert groups(d, types.MappingProxyType(d)) == [[0, 1]]
    assert groups(x, x.append) == [[0, 1]]
    assert groups(collections.deque([x]), frozenset({(1, x.append)})) == [[0, 1]]
    p = HOME["Plain"](x, 1)
    assert groups(p, p.__dict__, x) == [[0, 1, 2]]
    f = HOME["make"](x)
    assert groups(f, x, f.__closure__[0], f.__defaults__[0]) == [[0, 1, 2, 3]]


def test_what_lies_in_a_shared_tuple_joins_however_few_refer_to_it() -> None:
    t = ("text", ([1],))
    assert groups(t, [t, t]) == [[0, 1]]
    assert groups([(1, t)], {"k": t}) == [[0, 1]]


def test_what_does_not_join() -> None:
    t = (1, (2, "text"))
    assert groups([5, "a" * 50, t, None], [5, "a" * 50, t, None], t) == [[0], [1], [2]]
    assert groups([1], [1]) == [[0], [1]]
    assert groups([os], [os.path.join], [len], [dict]) == [[0], [1], [2], [3]]


def test_a_definition_that_has_a_slot_ends_the_walk_but_not_at_itself() -> None:
    x: list[int] = []
    f = HOME["make"](x)
    assert groups([f], {"f": f}, stops=[f]) == [[0], [1]]
    assert groups([f], {"f": f}) == [[0, 1]]
    assert groups(f, x, stops=[f]) == [[0, 1]]


def test_instances_of_a_class_that_no_slot_has_share_it() -> None:
    made = [HOME["Plain"](1, 2), HOME["Plain"](1, 2)]
    assert groups(*made) == [[0, 1]]
    assert groups(*made, stops=[HOME["Plain"]]) == [[0], [1]]


def test_types_of_ctypes_hide_their_dict() -> None:
    import ctypes

    library = ctypes.CDLL(None)
    assert groups(library, [library], ctypes.c_int(3)) == [[0, 1], [2]]


def test_a_bytearray_and_what_looks_into_it() -> None:
    data = bytearray(10)
    assert groups(data, [data]) == [[0, 1]]
    assert groups(array.array("d", [1]), array.array("d", [1])) == [[0], [1]]


@needs_numpy
def test_arrays_join_where_their_memory_overlaps() -> None:
    import numpy as np

    a = np.arange(20.0)
    data = bytearray(64)
    machine = array.array("d", [1, 2, 3])
    objects = np.array([[1], [2], None], dtype=object)
    window = np.lib.stride_tricks.sliding_window_view(a, 3)
    assert groups(a, a[3:5], [a[::-1]], window) == [[0, 1, 2, 3]]
    assert groups(a[:3], a[5:]) == [[0, 1]]  # both refer to the array that owns the memory
    assert groups(data, np.frombuffer(data, "u1")[3:], machine, np.asarray(machine)) == [[0, 1], [2, 3]]
    assert groups(np.frombuffer(data, "u1", 8), np.frombuffer(data, "u1", 8, 32)) == [[0, 1]]
    assert shared([window, a], [])[1] == {id(a)}
    assert groups(objects, objects[1:], [objects[0]]) == [[0, 1, 2]]
    assert groups(a, a.copy(), np.zeros(3), np.zeros(0)) == [[0], [1], [2], [3]]


@needs_numpy
def test_parts_of_one_mapping_that_do_not_overlap_stay_apart() -> None:
    import numpy as np

    memory = mmap.mmap(-1, 4096)
    parts = [np.frombuffer(memory, "u1", 64, 64 * i) for i in range(4)]
    assert groups(*parts) == [[0], [1], [2], [3]]


@needs_numpy
def test_which_arrays_are_looked_into_by_others() -> None:
    import numpy as np

    a, b = np.zeros(5), np.zeros(5)
    assert shared([a, a[1:], b], [])[1] == {id(a)}


def test_frames_show_only_the_objects_in_them() -> None:
    pandas = pytest.importorskip("pandas")
    inner = [1]
    frame = pandas.DataFrame({"n": [1, 2], "o": pandas.Series([inner, "x"], dtype=object)})
    copy = frame.copy(deep=False)
    times = [pandas.Timestamp("2020-01-01")] * 3
    assert groups(frame, inner, frame["n"], times, list(times)) == [[0, 1], [2], [3], [4]]
    assert groups(frame, copy) == [[0, 1]]  # both hold the list
    assert groups(frame[["n"]], frame["n"]) == [[0], [1]]


def test_a_deep_structure_needs_no_stack() -> None:
    deep: list[Any] = []
    bottom = deep
    for _ in range(1_000_000):
        deep = [deep]
    assert groups(deep, bottom) == [[0, 1]]
    while deep:
        deep = deep.pop()


@needs_numpy
def test_a_cycle_through_a_view_of_objects_ends() -> None:
    import numpy as np

    o = np.empty(2, dtype=object)
    o[0] = [o[:]]
    alone = np.empty(3, dtype=object)
    alone[1] = [1]
    assert groups(o, [o[0]], [alone[1:]]) == [[0, 1], [2]]


def test_a_cycle_ends() -> None:
    x: list[Any] = []
    x.append({"x": x})
    assert groups(x, x[0]) == [[0, 1]]
