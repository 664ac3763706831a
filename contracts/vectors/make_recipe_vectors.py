"""Writes `recipe/` anew, from docs/formats/recipe.md and not from our code. Needs pyarrow (the default environment has it)."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import pyarrow as pa

HERE = Path(__file__).parent / "recipe"
RANGE = {"range": [0, 3, 1], "name": {"value": None}}
LABELS: dict[str, Any] = {"dtype": {"string": "pyarrow", "na": "nan"}, "name": {"value": None}}


def file_of(columns: dict[str, pa.Array]) -> bytes:
    batch = pa.record_batch(columns)
    out = io.BytesIO()
    with pa.ipc.new_file(out, batch.schema) as writer:
        writer.write_batch(batch)
    return out.getvalue()


def recipe_of(document: dict[str, Any], *parts: bytes) -> bytes:
    text = json.dumps({"recipe": 1, **document, "pickles": [len(part) for part in parts]}).encode()
    return struct.pack("<I", len(text)) + text + b"".join(parts)


def vector(name: str, file: bytes, recipe: bytes, **more: str) -> None:
    """`value` is an expression of pandas that makes what must come out, or `error` a text of the message."""
    HERE.mkdir(exist_ok=True)
    (HERE / f"{name}.arrow").write_bytes(file)
    (HERE / f"{name}.recipe").write_bytes(recipe)
    (HERE / f"{name}.json").write_text(json.dumps(more, indent=1) + "\n")


def numbers(change: dict[str, Any] | None = None, **document: Any) -> tuple[bytes, bytes]:
    """Two float columns: blocks of their own, at whatever places pyarrow gave them."""
    values = {"a": [1.5, -0.0, float("nan")], "b": [1.0, 2.0, 3.0]}
    file = file_of({name: pa.array(column) for name, column in values.items()})
    body = file.index(struct.pack("<3d", *values["a"]))
    stride = file.index(struct.pack("<3d", *values["b"])) - body
    place = {"numpy": "<f8", "shape": [2, 3], "at": 0, "stride": stride, **(change or {})}
    whole = {
        "kind": "pandas.DataFrame",
        "rows": 3,
        "body": body,
        "index": RANGE,
        "columns": {"labels": ["a", "b"], **LABELS},
        "blocks": [{"columns": {"first": 0, "count": 2}, "array": place}],
        **document,
    }
    return file, recipe_of(whole)


def main() -> None:
    frame = "pd.DataFrame(np.array([[1.5, 1.0], [-0.0, 2.0], [np.nan, 3.0]]), columns=['a', 'b'])"
    vector("numbers", *numbers(), value=frame)
    flags = f"{frame}.set_flags(allows_duplicate_labels=False)"
    vector("no_duplicate_labels", *numbers(allows_duplicate_labels=False), value=flags)
    texts = file_of({"index": pa.array(["x", "y", "z"], pa.large_string()), "s": pa.array(["ä", None, ""])})
    index = {
        "index": "Index",
        "name": {"value": "k"},
        "array": {"arrow": 0, "dtype": {"string": "pyarrow", "na": "nan"}},
    }
    series = {
        "kind": "pandas.Series",
        "rows": 3,
        "body": 0,
        "index": index,
        "name": {"value": "s"},
        "array": {"strings": [1], "shape": [3], "nulls": ["None"]},
    }
    made = "pd.Series(['ä', None, ''], index=pd.Index(['x', 'y', 'z'], name='k'), name='s', dtype=object)"
    vector("strings", texts, recipe_of(series), value=made)
    cut = {"kind": "pyarrow.Table", "rows": 3, "body": 0, "chunks": [[1, 0, 2], [3]]}
    chunks = "pa.table({'index': pa.chunked_array([['x'], [], ['y', 'z']], pa.large_string()), 's': ['ä', None, '']})"
    vector("chunks", texts, recipe_of(cut), value=chunks)

    vector("outside", *numbers({"at": 1 << 20}), error="outside of the file")
    vector("negative", *numbers({"at": -64}), error="outside of the file")
    vector("objects", *numbers({"numpy": "|O"}), error="no possible dtype")
    vector("short", *numbers({"shape": [2, 2]}), error="another")
    vector("missing_pickle", *numbers(attrs={"pickle": 3}), error="does not have")
    vector("unknown_kind", *numbers(kind="vaex.DataFrame"), error="unknown kind")
    vector("columns_twice", *numbers(columns={"labels": ["a", "b", "c"], **LABELS}), error="blocks")
    file, recipe = numbers()
    vector("newer", file, recipe.replace(b'"recipe": 1', b'"recipe": 9'), error="version 9")
    vector("torn", file, recipe[:40], error="damaged recipe")
    vector("chunks_too_long", texts, recipe_of({**cut, "chunks": [[1, 3], [3]]}), error="chunks")
    vector("file_cut", texts[:-20], recipe_of(cut), error="Arrow file")


if __name__ == "__main__":
    main()
