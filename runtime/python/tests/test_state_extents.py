"""What lies in memory as one range is stored as one, comes back as one, and costs what changed of it."""

from __future__ import annotations

import gc
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from easel_runtime import _easel
from easel_runtime.state import extents as extents_module
from easel_runtime.state.encoded import CHUNK, lay_out
from easel_runtime.state.extents import Extents, Run, Stored
from journey import Journey

numpy = pytest.importorskip("numpy")
MIB = 1 << 20
PAGE = 4096


@pytest.fixture
def chain() -> Iterator[Journey]:
    journey = Journey()
    yield journey
    journey.close()


def object_sizes(chain: Journey) -> dict[str, int]:
    folder = pathlib.Path(chain.root) / "objects"
    return {path.name: path.stat().st_size for path in folder.glob("*/*")}


def added(chain: Journey, source: str, reads: list[str] | None = None) -> int:
    """Bytes of the objects that a block adds."""
    before = set(object_sizes(chain))
    chain.block(source, reads)
    return sum(size for name, size in object_sizes(chain).items() if name not in before)


def component(chain: Journey, name: str) -> Any:
    """The stored component that holds a variable."""
    from easel_runtime.state.objects import ObjectFolder

    slot = chain.state["slots"][chain.slot(name)]
    folder = ObjectFolder(os.path.join(chain.root, "objects"))
    return folder.component(slot["object"], slot["offset"], slot["length"])


# -- what is written ----------------------------------------------------------------------------------------------


def test_only_the_chunk_that_changed_is_written(chain: Journey) -> None:
    assert added(chain, f"import numpy as np; x = np.arange({8 * MIB}, dtype='u1')") >= 8 * MIB
    base = chain.state["slots"][chain.slot("x")]["object"]
    assert added(chain, f"x[{5 * MIB + 7}] = 200") < MIB + 3 * PAGE
    slot = chain.state["slots"][chain.slot("x")]
    assert slot["objects"] == [base] and slot["object"] != base
    runs = component(chain, "x").extents[0].runs
    assert [(r.object == base, r.length) for r in runs] == [
        (True, 5 * MIB),
        (False, MIB),
        (True, 2 * MIB),
    ]
    space = chain.block("assert x[5 * 2**20 + 7] == 200; total = int(x.sum())", ["x"])
    want = numpy.arange(8 * MIB, dtype="u1")
    want[5 * MIB + 7] = 200
    assert (space["x"] == want).all()


def test_reading_writes_nothing_and_keeps_the_slot(chain: Journey) -> None:
    chain.block(f"import numpy as np; x = np.arange({4 * MIB}, dtype='u1')")
    slot = chain.slot("x")
    chain.block("y = int(x.sum())")
    assert chain.slot("x") == slot


def test_what_is_written_and_put_back_is_unchanged(chain: Journey) -> None:
    chain.block(f"import numpy as np; x = np.arange({4 * MIB}, dtype='u1')")
    slot = chain.slot("x")
    chain.block("x += 1; x -= 1")
    assert chain.slot("x") == slot


def test_patches_upon_patches(chain: Journey) -> None:
    chain.block(f"import numpy as np; x = np.zeros({16 * MIB}, dtype='u1')")
    want = numpy.zeros(16 * MIB, dtype="u1")
    for i in range(12):
        at = (i * 5 * MIB + i) % (16 * MIB)
        assert added(chain, f"x[{at}] = {i + 1}") < MIB + 4 * PAGE
        want[at] = i + 1
    space = chain.block("", ["x"])
    assert (space["x"] == want).all()


def test_an_extent_of_too_many_runs_is_written_whole(chain: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extents_module, "MAX_RUNS", 4)
    chain.block(f"import numpy as np; x = np.zeros({8 * MIB}, dtype='u1')")
    chain.block(f"x[{MIB}] = 1; x[{3 * MIB}] = 1; x[{5 * MIB}] = 1")
    assert "objects" not in chain.state["slots"][chain.slot("x")]
    assert len(component(chain, "x").extents[0].runs) == 1
    space = chain.block("", ["x"])
    assert space["x"].sum() == 3


def test_an_extent_of_which_little_is_kept_is_written_whole(chain: Journey) -> None:
    chain.block(f"import numpy as np; x = np.zeros({16 * MIB}, dtype='u1')")
    chain.block(f"x[:{15 * MIB}] = 1")
    assert "objects" not in chain.state["slots"][chain.slot("x")]


def test_an_array_that_grew_at_its_end_by_another_name_keeps_its_bytes(chain: Journey) -> None:
    """A prefix that begins at a chunk and lies where it was loaded is stored already."""
    chain.block(f"import numpy as np; x = np.arange({4 * MIB}, dtype='u1')")
    assert added(chain, f"y = x[{MIB}:]; del x") < 2 * PAGE
    space = chain.block("", ["y"])
    assert (space["y"] == numpy.arange(4 * MIB, dtype="u1")[MIB:]).all()


def test_a_copy_of_something_loaded_costs_what_was_changed_of_it(chain: Journey) -> None:
    chain.block(
        f"import numpy as np; x = np.random.default_rng(1).integers(0, 255, {8 * MIB} + 100, dtype='u1')"
    )
    assert added(chain, "y = x.copy()") < 3 * PAGE
    assert added(chain, f"z = y.copy(); z[{3 * MIB}] ^= 1; z[-1] ^= 1", ["y"]) < MIB + 4 * PAGE
    assert (
        added(chain, f"longer = np.concatenate([np.ones({MIB}, 'u1'), z[{2 * MIB}:]])", ["z", "np"])
        < MIB + 4 * PAGE
    )
    space = chain.block("", ["x", "y", "z", "longer"])
    assert (space["x"] == space["y"]).all() and (space["x"] != space["z"]).sum() == 2
    assert (space["longer"][MIB:] == space["z"][2 * MIB :]).all() and space["longer"][:MIB].all()


def test_many_equal_chunks_are_not_gathered_one_by_one(
    chain: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extents_module, "MAX_RUNS", 4)
    chain.block(f"import numpy as np; x = np.zeros({2 * MIB}, dtype='u1')")
    chain.block(f"y = np.zeros({20 * MIB}, dtype='u1'); z = np.zeros({4 * MIB}, dtype='u1')", ["x", "np"])
    assert "objects" not in chain.state["slots"][chain.slot("y")]
    assert [run.length for run in component(chain, "y").extents[0].runs] == [20 * MIB]
    assert len(component(chain, "z").extents[0].runs) == 2
    space = chain.block("", ["y", "z"])
    assert not space["y"].any() and not space["z"].any()


def test_without_a_page_map_hashing_finds_the_same(chain: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(address: int, length: int, grain: int) -> bytes:
        raise PermissionError(13, "no page map")

    chain.block(f"import numpy as np; x = np.arange({8 * MIB}, dtype='u1')")
    monkeypatch.setattr(extents_module._easel, "written_to", refuse)
    slot = chain.slot("x")
    assert added(chain, "y = int(x[0])") < 2 * PAGE
    assert chain.slot("x") == slot
    assert added(chain, f"x[{5 * MIB + 7}] = 200") < MIB + 3 * PAGE
    space = chain.block("", ["x"])
    assert space["x"][5 * MIB + 7] == 200
    assert chain.slow == ""
    monkeypatch.setattr(extents_module, "_WORTH_SAYING", MIB)
    chain.block("x[0] = 3", ["x"])
    assert "no page map" in chain.slow and "8 MiB" in chain.slow


def test_large_bytes_and_bytearrays(chain: Journey) -> None:
    chain.block("import os; b = os.urandom(3_000_000); a = bytearray(b); same = a; pair = [bytearray(b)] * 2")
    before = chain.slot("a")
    space = chain.block("assert a == b and type(b) is bytes and same is a and pair[0] is pair[1]")
    assert type(space["a"]) is bytearray
    assert chain.slot("a") == before
    assert added(chain, "a[2_500_000] ^= 1", ["a"]) < MIB + 3 * PAGE
    space = chain.block("a.append(3)")
    assert len(space["a"]) == 3_000_001
    space = chain.block("", ["a", "b"])
    assert space["a"][:2_500_000] == space["b"][:2_500_000] and space["a"][2_500_000] != space["b"][2_500_000]


def test_what_two_frames_share_unseen_is_stored_once_and_never_seen_shared(chain: Journey) -> None:
    pytest.importorskip("pandas")
    size = added(
        chain,
        f"import pandas as pd, numpy as np; f = pd.DataFrame({{'a': np.arange({MIB}), 'b': np.ones({MIB})}})\n"
        "g = f.copy(deep=False); both = [f.copy(deep=False), f.copy(deep=False)]",
    )
    assert (
        size < (17 + 16) * MIB + 200_000
    )  # `f` and `g` are one Arrow file, the frames in the list their arrays
    space = chain.block("both[0].iloc[0, 0] = 7; f.iloc[1, 0] = 8", ["f", "g", "both"])
    assert space["both"][1].iloc[0, 0] == 0 and space["g"].iloc[1, 0] == 1
    space = chain.block("", ["f", "g", "both"])
    assert [x.iloc[0, 0] for x in space["both"]] == [7, 0]
    assert space["f"].iloc[1, 0] == 8 and space["g"].iloc[1, 0] == 1


# -- what comes back ----------------------------------------------------------------------------------------------


def test_buffers_that_overlap_overlap_again(chain: Journey) -> None:
    chain.block(
        "import numpy as np\n"
        "import ctypes\n"
        "memory = memoryview((ctypes.c_ubyte * 256_000)(*range(256))).cast('B')\n"
        "pair = [np.frombuffer(memory[:200_000], 'u1'), np.frombuffer(memory[100_000:], 'u1')]\n"
        "del memory"
    )
    assert len(component(chain, "pair").extents) == 1
    space = chain.block("pair[0][150_000] = 99")
    assert space["pair"][1][50_000] == 99
    space = chain.block("", ["pair"])
    assert space["pair"][1][50_000] == space["pair"][0][150_000] == 99


def test_gaps_that_overlap_overlap_again(chain: Journey) -> None:
    """Each of the two would be a dense copy if it were alone."""
    chain.block(
        "import numpy as np\n"
        "import ctypes\n"
        "memory = memoryview((ctypes.c_ubyte * 300_000)()).cast('B')\n"
        "pair = [np.frombuffer(memory, 'u1')[::10], np.frombuffer(memory, 'u1')[5::7]]\n"
        "del memory"
    )
    space = chain.block("pair[0][0:140:7] = 9", ["pair"])
    space = chain.block("", ["pair"])
    expected = numpy.zeros(300_000, "u1")
    expected[::10][0:140:7] = 9
    assert (space["pair"][1] == expected[5::7]).all() and (space["pair"][0] == expected[::10]).all()


def test_an_array_over_bytes_that_a_variable_holds_sees_them(chain: Journey) -> None:
    chain.block("import numpy as np, array; b = bytearray(1000); x = [np.frombuffer(b, 'u1')[3:], b]")
    chain.block("assert x[0].base is x[1]; x[1][5] = 7", ["x"])
    space = chain.block("x[0][0] = 9", ["x"])
    assert space["x"][0][2] == 7 and space["x"][1][3] == 9
    chain.block("c = array.array('d', [0.0] * 100); y = (np.asarray(c), c)")
    space = chain.block("y[0][3] = 2.5", ["y"])
    assert space["y"][1][3] == 2.5


def test_windows_and_views_of_objects_see_what_they_look_into(chain: Journey) -> None:
    chain.block(
        "import numpy as np\ndata = np.arange(20_000); window = np.lib.stride_tricks.sliding_window_view(data, 3)\n"
        "o = np.array([[1, 'a'], [None, 2.5]], dtype=object, order='F'); v = o[:, 1][::-1]"
    )
    for _ in range(2):
        space = chain.block("data[2] += 50; o[0, 1] += 'b'")
        assert space["window"][0, 2] == space["data"][2] == space["window"][2, 0]
        assert not space["window"].flags.writeable
        assert space["v"][1] is space["o"][0, 1] and space["v"].shape == (2,)
    assert space["o"][0, 1] == "abb" and space["data"][2] == 102


@pytest.mark.parametrize(
    "make",
    (
        "np.arange(60_000.).reshape(100, 600).T",
        "np.arange(60_000.).reshape(10, 100, 60).transpose(1, 2, 0)",
        "np.arange(60_000.)[::-1]",
        "np.arange(60_000.).reshape(300, 200)[::-1, ::-1]",
        "np.broadcast_to(np.arange(100.), (50_000, 100))",
        "np.lib.stride_tricks.sliding_window_view(np.arange(60_000.), 50)",
        "np.asfortranarray(np.arange(60_000.).reshape(300, 200))",
        "np.arange(60_000.)[7:50_000]",
        "np.arange(60_000).astype('M8[s]')",
        "np.array(['a', 'bcd'] * 30_000)",
        "np.zeros(20_000, [('a', 'i4'), ('b', 'f8', (2,))])",
        "np.arange(60_000, dtype='>i4')",
        "np.arange(6.).reshape(1, 2, 3).transpose(2, 0, 1)",
        "np.array(3.5)",
        "np.empty((0, 3))",
        "np.zeros((3, 0, 2), order='F')",
        "np.arange(12.).reshape(3, 4)[::-1]",
        "np.zeros(70_000, bool)",
    ),
)
def test_arrays_come_back_with_their_strides(chain: Journey, make: str) -> None:
    made = chain.block(f"import numpy as np\nx = {make}")["x"]
    slot = chain.slot("x")
    for _ in range(2):
        got = chain.block("", ["x"])["x"]
        assert type(got) is numpy.ndarray and got.dtype == made.dtype and got.shape == made.shape
        assert got.strides == made.strides
        assert got.flags.writeable == made.flags.writeable
        assert (got == made).all()
        assert chain.slot("x") == slot


def test_a_view_that_sees_little_of_its_memory_costs_what_it_sees(chain: Journey) -> None:
    assert added(chain, f"import numpy as np; x = np.arange({8 * MIB}, dtype='u1')[::64]") < 200_000
    slot = chain.slot("x")
    got = chain.block("", ["x"])["x"]
    assert (got == numpy.arange(8 * MIB, dtype="u1")[::64]).all() and got.flags.writeable
    assert chain.slot("x") == slot


@pytest.mark.parametrize("n", (10, 100_000))
def test_read_only_arrays_stay_read_only_and_can_be_unlocked_where_they_could(chain: Journey, n: int) -> None:
    chain.block(
        f"import numpy as np\nx = np.arange({n}); x.flags.writeable = False\n"
        f"y = np.frombuffer(bytes({n}), 'u1'); w = np.arange({n})"
    )
    for _ in range(2):
        chain.block(
            "def refused(change):\n"
            "    try: change()\n"
            "    except ValueError: return True\n"
            "assert w.flags.writeable and not x.flags.writeable and not y.flags.writeable\n"
            "assert refused(lambda: y.setflags(write=True))\n"
        )
    space = chain.block("x.flags.writeable = True; x[3] = 77", ["x"])
    assert chain.block("", ["x"])["x"][3] == 77
    assert space["x"].flags.writeable


def test_small_arrays_own_their_memory(chain: Journey) -> None:
    chain.block("import numpy as np; many = [np.full(3, i) for i in range(1000)]")
    slot = chain.slot("many")
    space = chain.block("assert all(a.flags.owndata and a.flags.writeable for a in many)")
    assert [int(a.sum()) for a in space["many"]] == [3 * i for i in range(1000)]
    assert chain.slot("many") == slot


def test_memory_is_given_back_with_its_last_user(chain: Journey) -> None:
    chain.block(f"import numpy as np; x = np.ones({32 * MIB}, dtype='u1'); z = 1")
    space = chain.block("part = x[5:9]; del x", ["x"])

    def mapped() -> int:
        with open("/proc/self/maps") as maps:
            return sum("/objects/" in line for line in maps)

    gc.collect()
    before = mapped()
    assert space["part"].sum() == 4
    del space["part"]
    chain.loaded.members.clear()
    chain.loaded.given.clear()
    del chain.loaded.watch
    gc.collect()
    assert mapped() < before


def test_a_stored_file_is_never_changed(chain: Journey) -> None:
    chain.block(f"import numpy as np; x = np.ones({4 * MIB}, dtype='u1')")
    folder = pathlib.Path(chain.root) / "objects"
    before = {path.name: path.read_bytes() for path in folder.glob("*/*")}
    chain.block("x[:] = 9; x[0] = 1")
    assert all((folder / name[:2] / name).read_bytes() == content for name, content in before.items())


# -- parts --------------------------------------------------------------------------------------------------------


def file_of(folder: pathlib.Path, name: str, content: bytes) -> int:
    path = folder / name
    path.write_bytes(content)
    return os.open(path, os.O_RDONLY)


def test_runs_are_neighbours_in_memory_and_their_files_stay_as_they_are(tmp_path: pathlib.Path) -> None:
    one = file_of(tmp_path, "one", b"a" * 2 * PAGE)
    two = file_of(tmp_path, "two", b"b" * PAGE + b"c" * 100)
    mapping = _easel.map_runs(2 * PAGE + 100, [(one, PAGE, PAGE), (two, 0, PAGE), (two, PAGE, 100)])
    os.close(one)
    os.close(two)
    view = memoryview(mapping)
    assert bytes(view) == b"a" * PAGE + b"b" * PAGE + b"c" * 100
    assert bytes(_easel.written_to(_easel.address(view), view.nbytes, PAGE)) == b"\0\0\0"
    view[PAGE + 5] = 0
    assert bytes(_easel.written_to(_easel.address(view), view.nbytes, PAGE)) == b"\0\1\0"
    assert (tmp_path / "two").read_bytes()[5:6] == b"b"


@pytest.mark.parametrize(
    ("length", "runs"),
    (
        (PAGE, []),
        (PAGE, [(0, 1, PAGE)]),
        (PAGE, [(0, 0, 2 * PAGE)]),
        (2 * PAGE, [(0, 0, PAGE)]),
        (2 * PAGE, [(0, 0, 100), (0, 0, 2 * PAGE - 100)]),
        (PAGE, [(0, -PAGE, PAGE)]),
        (PAGE, [(0, 0, -1)]),
        (0, [(0, 0, 0)]),
    ),
)
def test_runs_that_make_no_extent_are_refused(
    tmp_path: pathlib.Path, length: int, runs: list[tuple[int, int, int]]
) -> None:
    fd = file_of(tmp_path, "f", bytes(4 * PAGE))
    try:
        with pytest.raises(ValueError):
            _easel.map_runs(length, [(fd, offset, n) for _, offset, n in runs])
    finally:
        os.close(fd)


def test_a_mapping_ends_with_its_last_view_and_is_forgotten(tmp_path: pathlib.Path) -> None:
    fd = file_of(tmp_path, "f", bytes(MIB))
    known = Extents()
    mapping = _easel.map_runs(MIB, [(fd, 0, MIB)])
    os.close(fd)
    known.add(mapping, Stored(MIB, [Run("f", 0, MIB)], lambda: bytes(32)))
    view = memoryview(mapping)[100:200]
    address = _easel.address(view)
    del mapping
    assert known.find(address, 100) is not None
    view[3] = 1
    del view
    assert known.find(address, 100) is None


def test_small_buffers_share_an_extent_and_large_ones_have_their_own() -> None:
    small = [bytearray(b"x" * n) for n in (1, 64, 100)]
    large = bytearray(CHUNK)
    buffers = [memoryview(b) for b in (small[0], large, small[1], small[2])]
    extents, places = lay_out(buffers, set())
    assert [sum(p.nbytes for p in pieces) for pieces in extents] == [CHUNK, 64 + 64 + 100]
    assert places == [(1, 0, 1), (0, 0, CHUNK), (1, 64, 64), (1, 128, 100)]


def test_extents_come_in_the_order_of_their_buffers_wherever_they_lie() -> None:
    memory = memoryview(bytearray(10 * CHUNK))
    buffers = [
        memory[8 * CHUNK :],
        memory[: 2 * CHUNK],
        memory[CHUNK : 3 * CHUNK],
        memory[5 * CHUNK : 6 * CHUNK],
    ]
    extents, places = lay_out(buffers, set())
    assert [sum(p.nbytes for p in pieces) for pieces in extents] == [2 * CHUNK, 3 * CHUNK, CHUNK]
    assert places == [(0, 0, 2 * CHUNK), (1, 0, 2 * CHUNK), (1, CHUNK, 2 * CHUNK), (2, 0, CHUNK)]


def test_memory_that_must_not_be_seen_shared_is_laid_apart() -> None:
    memory = memoryview(bytearray(2 * CHUNK))
    extents, places = lay_out([memory, memory, memory[CHUNK:]], {0, 1})
    assert [sum(p.nbytes for p in pieces) for pieces in extents] == [2 * CHUNK, 2 * CHUNK]
    assert places == [(0, 0, 2 * CHUNK), (1, 0, 2 * CHUNK), (0, CHUNK, CHUNK)]
