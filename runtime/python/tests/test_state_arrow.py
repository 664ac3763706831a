"""The codec `arrow`: every table comes back bit for bit, or declines and does so from its pickle."""

from __future__ import annotations

import json
import mmap
import os
import pathlib
import pickle
import random
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("pandas", minversion="3")
pytest.importorskip("pyarrow")
pytest.importorskip("polars")

import numpy as np
import pandas as pd
import pyarrow as pa
from easel_runtime import _easel
from easel_runtime.state import arrow
from random_tables import random_frame
from same_tables import differences
from table_cases import CASES, helpers

HELPERS = helpers()


def make(source: str) -> Any:
    return eval(source, dict(HELPERS))


def file_of(encoding: arrow.Encoding) -> bytes:
    return b"".join(encoding.pieces)


@pytest.fixture
def place() -> Iterator[Any]:
    """A function that writes bytes to a file and maps it as states are mapped."""
    with tempfile.TemporaryDirectory() as folder:
        made = 0

        def mapped(data: bytes) -> memoryview:
            nonlocal made
            made += 1
            path = os.path.join(folder, str(made))
            with open(path, "wb") as file:
                file.write(data)
            with open(path, "rb") as file:
                return memoryview(
                    mmap.mmap(
                        file.fileno(),
                        len(data),
                        flags=mmap.MAP_PRIVATE,
                        prot=mmap.PROT_READ | mmap.PROT_WRITE,
                    )
                )

        yield mapped


def by_pickle(value: Any) -> Any:
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(value, 5, buffer_callback=buffers.append)
    return pickle.loads(data, buffers=[b if b.raw().readonly else bytearray(b.raw()) for b in buffers])


@pytest.mark.parametrize(("name", "route", "source"), CASES, ids=[case[0] for case in CASES])
def test_a_table_is_exact_by_the_route_it_takes(name: str, route: str, source: str, place: Any) -> None:
    value = make(source)
    assert differences(value, make(source)) == [], "the comparison itself must hold"
    try:
        encoded = arrow.encode_or_explain(value)
    except arrow.DeclinedError as reason:
        assert route == "pickle5", reason
        assert differences(value, by_pickle(value)) == []
        return
    assert route == "arrow"
    assert encoded.rows == len(value)
    data = file_of(encoded)
    check_file(data, encoded.rows)
    again = arrow.encode_or_explain(make(source))
    assert (again.recipe, file_of(again)) == (encoded.recipe, data), "equal tables give equal bytes"
    found = arrow.decode(encoded.recipe, place(data))
    assert differences(value, found) == []
    restored = arrow.encode_or_explain(found)
    assert file_of(restored) == data
    assert restored.recipe == encoded.recipe


def check_file(data: bytes, rows: int) -> None:
    """Any Arrow reader can open it: one uncompressed record batch, valid to the last byte."""
    reader = pa.ipc.open_file(pa.py_buffer(data))
    assert reader.num_record_batches == 1
    batch = reader.get_batch(0)
    batch.validate(full=True)
    assert batch.num_rows == rows


def test_pickled_subclasses_are_not_taken_for_frames() -> None:
    assert arrow.encode(make("Sub({'a': [1]})")) is None


@pytest.mark.parametrize("seed", range(150))
def test_random_frames_are_exact(seed: int, place: Any) -> None:
    frame = random_frame(random.Random(seed))
    encoded = arrow.encode(frame)
    if encoded is None:
        assert differences(frame, by_pickle(frame)) == []
        return
    data = file_of(encoded)
    check_file(data, len(frame))
    found = arrow.decode(encoded.recipe, place(data))
    assert differences(frame, found) == []
    again = arrow.encode_or_explain(random_frame(random.Random(seed)))
    assert (again.recipe, file_of(again)) == (encoded.recipe, data)


def address(view: memoryview) -> int:
    return int(np.frombuffer(view, "u1").__array_interface__["data"][0])


def numbers(rows: int = 300_000) -> pd.DataFrame:
    return pd.DataFrame(
        {"i": np.arange(rows), "f": np.arange(rows) / 3, "g": np.ones(rows), "b": np.arange(rows) % 2 == 0}
    )


def test_numbers_are_neither_copied_to_be_stored_nor_to_be_loaded(place: Any) -> None:
    frame = numbers()
    encoded = arrow.encode_or_explain(frame)
    addresses = {address(piece) for piece in encoded.pieces if piece.nbytes > 1000}
    for block in frame._mgr.blocks:
        assert block.values.__array_interface__["data"][0] in addresses
    data = place(file_of(encoded))
    found = arrow.decode(encoded.recipe, data)
    for block in found._mgr.blocks:
        at = block.values.__array_interface__["data"][0]
        assert address(data) <= at < address(data) + len(data)
    found.loc[5, "f"] = 7.0
    assert found["f"][5] == 7.0


def test_what_was_loaded_lies_where_it_was_when_it_is_stored_again(place: Any) -> None:
    frame = numbers()
    frame["s"] = pd.array([f"text {i % 1000}" for i in range(len(frame))], dtype="str")
    frame["n"] = pd.array([None if i % 3 == 0 else i for i in range(len(frame))], dtype="Int64")
    encoded = arrow.encode_or_explain(frame)
    data = place(file_of(encoded))
    restored = arrow.encode_or_explain(arrow.decode(encoded.recipe, data))
    at = in_place = 0
    for piece in restored.pieces:
        if piece.nbytes and address(piece) == address(data) + at:
            in_place += piece.nbytes
        at += piece.nbytes
    assert in_place / len(data) > 0.98


def test_a_column_that_is_added_leaves_large_ones_where_they_were(place: Any) -> None:
    frame = pd.DataFrame(np.arange(3.0 * 2**20).reshape(2**20, 3), columns=list("abc"))
    encoded = arrow.encode_or_explain(frame)
    data = place(file_of(encoded))
    found = arrow.decode(encoded.recipe, data)
    found["d"] = 1
    again = arrow.encode_or_explain(found)
    at = stays = 0
    for piece in again.pieces:
        if piece.nbytes > 1 << 20 and address(piece) == address(data) + at:
            assert at % (1 << 20) == 0
            stays += piece.nbytes
        at += piece.nbytes
    assert stays == 3 * 8 * 2**20
    check_file(file_of(again), len(found))


def test_a_frame_and_its_slice_are_stored_apart_and_stay_independent(place: Any) -> None:
    frame = numbers(1000)
    part = frame.iloc[100:200]
    one, other = (arrow.encode_or_explain(value) for value in (frame, part))
    frame.loc[150, "f"] = -1.0
    assert part["f"][150] == 50.0
    found = arrow.decode(other.recipe, place(file_of(other)))
    found.loc[150, "f"] = 5.0
    assert part["f"][150] == 50.0
    assert one.rows == 1000


def test_an_index_is_marked_in_the_file() -> None:
    frame = pd.DataFrame({"v": [1.0, 2.0]}, index=pd.Index(["a", "b"], name="key"))
    schema = pa.ipc.open_file(pa.py_buffer(file_of(arrow.encode_or_explain(frame)))).schema
    assert schema.names == ["key", "v"]
    assert schema.field(0).metadata == {b"easel.index": b"0"}


def test_strings_longer_than_two_gib_in_sum_would_use_wide_offsets() -> None:
    # The switch itself is tested by the offsets' width that a reader must accept.
    out = np.empty(2, object)
    _easel.strings_decode(out, np.array([0, 1, 3], "i8"), 8, b"abc", None, None, None, 0)
    assert out.tolist() == ["a", "bc"]


@pytest.mark.parametrize(
    ("offsets", "width", "data", "validity", "indices", "index_bytes"),
    [
        ([0, 1, 9], 4, b"abc", None, None, 0),
        ([0, -1, 3], 4, b"abc", None, None, 0),
        ([2, 1, 3], 4, b"abc", None, None, 0),
        ([0, 1], 4, b"abc", None, None, 0),
        ([0, 1, 3], 3, b"abc", None, None, 0),
        ([0, 1, 3], 4, b"\xff\xff\xff", None, None, 0),
        ([0, 1, 3], 4, b"abc", b"", None, 0),
        ([0, 1, 3], 4, b"abc", None, b"\x00\x02", 1),
        ([0, 1, 3], 4, b"abc", None, b"\x00\xff", 1),
        ([0, 1, 3], 4, b"abc", None, b"\x00", 1),
        ([0, 1, 3], 4, b"abc", None, b"\x00\x01\x00", 3),
        ([], 4, b"", None, b"\x00\x00", 1),
    ],
)
def test_damaged_buffers_of_strings_are_errors(
    offsets: list[int], width: int, data: bytes, validity: Any, indices: Any, index_bytes: int
) -> None:
    out = np.empty(2, object)
    with pytest.raises(ValueError):
        _easel.strings_decode(out, np.array(offsets, "i4"), width, data, validity, None, indices, index_bytes)


VECTORS = pathlib.Path(__file__).parents[3] / "contracts/vectors/recipe"


@pytest.mark.parametrize("name", sorted(path.stem for path in VECTORS.glob("*.json")))
def test_the_vectors_of_recipes(name: str, place: Any) -> None:
    vector = json.loads((VECTORS / f"{name}.json").read_text())
    recipe, data = ((VECTORS / f"{name}.{suffix}").read_bytes() for suffix in ("recipe", "arrow"))
    if "error" in vector:
        with pytest.raises(arrow.RecipeError, match=vector["error"]):
            arrow.decode(recipe, place(data))
    else:
        assert differences(arrow.decode(recipe, place(data)), make(vector["value"])) == []


DAMAGED = [
    "pd.DataFrame({'a': np.arange(50.0), 'b': np.arange(50), 's': pd.Series(objects(*'ab' * 25), dtype=object)})",
    "pd.DataFrame({'c': pd.Categorical(['x', 'y'] * 9), 'n': pd.array([1, None] * 9, dtype='Int8'), 't': ['a', None] * 9})",
    "pd.DataFrame({'v': range(4), 'z': pd.date_range('2024', periods=4, tz='UTC')}, index=pd.MultiIndex.from_product([['x', 'y'], [1, 2]]))",
    "pa.table({'i': pa.chunked_array([[1, 2], [3]]), 's': pa.chunked_array([['a', 'b', 'c']])})",
    "pd.Series(['a', None, 'b'], name='x')",
]


@pytest.mark.parametrize("source", DAMAGED)
def test_a_damaged_recipe_is_an_error_and_never_a_crash(source: str, place: Any) -> None:
    encoded = arrow.encode_or_explain(make(source))
    data = place(file_of(encoded))
    rng = random.Random(7)
    text = 4 + int.from_bytes(encoded.recipe[:4], "little")
    for _ in range(400):
        damaged = bytearray(encoded.recipe)
        for _ in range(rng.choice((1, 1, 3))):
            damaged[rng.randrange(text)] = rng.choice(b'0123456789,[]{}":-einull\x00\xff')
        try:
            found = arrow.decode(bytes(damaged), data)
        except Exception as error:
            assert isinstance(error, (arrow.RecipeError, ImportError)), repr(error)
            continue
        repr(found)  # what was accepted can be looked at
    for cut in range(0, len(encoded.recipe), 7):
        with pytest.raises((arrow.RecipeError, ImportError)):
            arrow.decode(encoded.recipe[:cut], data)
    for cut in range(0, len(data), 61):
        try:
            repr(arrow.decode(encoded.recipe, place(bytes(data[:cut]) or b"\0")))
        except arrow.RecipeError:
            pass


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"columns":{"first":0,"count":1}', '"columns":{"first":0,"count":2147483648}'),
        ('"rows":4', '"rows":2147483648'),
        ('"numpy":"|O"', '"numpy":"0,"'),
    ],
    ids=["more columns than there are", "more rows than there are", "a dtype that numpy reads as Python"],
)
def test_a_recipe_that_asks_for_the_impossible_is_refused_at_once(old: str, new: str, place: Any) -> None:
    source = "pd.DataFrame({'s': pd.Series(objects('a', 'b', 'a', None), dtype=object)}, columns=pd.Index(['s'], dtype=object))"
    encoded = arrow.encode_or_explain(make(source))
    text = 4 + int.from_bytes(encoded.recipe[:4], "little")
    document, parts = encoded.recipe[4:text].decode(), encoded.recipe[text:]
    assert old in document, document
    changed = document.replace(old, new).encode()
    with pytest.raises(arrow.RecipeError):
        arrow.decode(len(changed).to_bytes(4, "little") + changed + parts, place(file_of(encoded)))
