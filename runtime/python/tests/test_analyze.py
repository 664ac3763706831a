"""What the analysis says about sources as people write them. The shared vectors are `contracts/vectors/analysis`."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest
from easel_runtime.analyze import analyze

ROOT = pathlib.Path(__file__).resolve().parents[3]
VECTORS = sorted((ROOT / "contracts/vectors/analysis").glob("*.json"))
SCRIPT = ROOT / "runtime/python/easel_runtime/analyze.py"


def reads(source: str) -> set[str]:
    document = analyze(source, "blocks/b.py")
    assert document["error"] is None, document["error"]
    return set(document["reads"])


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_the_vectors_hold(path: pathlib.Path) -> None:
    vector = json.loads(path.read_text())
    if "equal_digests" in vector:
        assert len({analyze(source, "b")["digest"] for source in vector["equal_digests"]}) == 1
        different = vector["different_digests"]
        assert len({analyze(source, "b")["digest"] for source in different}) == len(different)
        return
    document = analyze(vector["source"], "blocks/b.py")
    assert {name: document[name] for name in vector["expected"]} == vector["expected"]


OWN_NAMES = {
    "opened file": ("with open('f') as f:\n    rows = f.readlines()\nn = len(rows)", {"f", "rows", "n"}),
    "inherited harmless manager": ("with torch.no_grad():\n    y = model(x)\nprint(y)", {"y"}),
    "handler that raises": ("try:\n    a = g()\nexcept ValueError as e:\n    raise\nprint(a)", {"a"}),
    "handler that assigns": ("try:\n    a = 1\nexcept Exception:\n    a = 2\nprint(a)", {"a"}),
    "finally": ("try:\n    g()\nfinally:\n    a = 1\nprint(a)", {"a"}),
    "every branch": ("if c:\n    a = 1\nelif d:\n    a = 2\nelse:\n    a = 3\nprint(a)", {"a"}),
    "loop until break": ("while True:\n    a = g()\n    if a:\n        break\nprint(a)", {"a"}),
    "loop over a literal": ("for name in ['x', 'y']:\n    last = name\nprint(last, name)", {"last", "name"}),
    "deleted in a loop": ("for p in paths:\n    d = g(p)\n    h(d)\n    del d", {"d"}),
    "comprehension": ("y = [a * b for a in rows for b in a if b]", {"a", "b"}),
    "walrus in a condition": ("if (m := g()) and m.x:\n    print(m)", {"m"}),
    "helper below": (
        "def f():\n    return helper(K)\ndef helper(v):\n    return v\nK = 1\nf()",
        {"helper", "K", "f"},
    ),
    "method uses later constant": (
        "class A:\n    def m(self):\n        return K\nK = 1\nA().m()",
        {"K", "A"},
    ),
    "lambda as a key": ("k = 2\nz = sorted(rows, key=lambda r: r[k])", {"k", "r"}),
    "unused function": ("def f():\n    return somewhere", {"somewhere"}),
    "type checking only": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import z\n    z.q(w)",
        {"w"},
    ),
    "lazy annotations": (
        "from __future__ import annotations\ndef f(x: Frame) -> Other: ...",
        {"Frame", "Other"},
    ),
    "match with a default": (
        "match c:\n    case 1:\n        a = 1\n    case _:\n        a = 2\nprint(a)",
        {"a"},
    ),
    "own names of a class": ("class A:\n    n = 1\n    m = n + 1", {"n"}),
    "nested function": ("def f():\n    t = 1\n    def g():\n        return t\n    return g\nf()", {"t", "g"}),
    "attribute and keyword": ("x.attribute(keyword=1)", {"attribute", "keyword"}),
    "raised above": ("raise ValueError\nprint(after)", {"after"}),
    "dunder name": ("if __name__ == '__main__':\n    pass", {"__name__"}),
}


@pytest.mark.parametrize("case", OWN_NAMES, ids=str)
def test_the_block_s_own_names_are_not_reads(case: str) -> None:
    source, own = OWN_NAMES[case]
    assert not reads(source) & own


READ = {
    "zero iterations": ("for x in rows:\n    a = x\nprint(a, x)", {"a", "x"}),
    "suppressed": ("from contextlib import suppress\nwith suppress(E):\n    a = g()\nprint(a)", {"a"}),
    "own suppressing manager": (
        "class S:\n    def __exit__(self, *e):\n        return True\nwith S():\n    a = g()\nprint(a)",
        {"a"},
    ),
    "assigned in try only": ("try:\n    a = g()\nexcept ValueError:\n    pass\nprint(a)", {"a"}),
    "augmented": ("total += 1", {"total"}),
    "deleted, then read": ("a = 1\ndel a\nprint(a)", {"a"}),
    "used before assignment": ("print(a)\na = 1", {"a"}),
    "function called too early": ("def f():\n    return K\nf()\nK = 1", {"K"}),
    "decorated by someone else": ("@register\ndef f():\n    return K\nK = 1", {"K", "register"}),
    "class body": ("class A:\n    x = x", {"x"}),
    "method deep in a helper": (
        "def f():\n    return A().m()\nclass A:\n    def m(self):\n        return q\nf()",
        {"q"},
    ),
    "global in a function": ("def f():\n    global n\n    n += 1\nf()", {"n"}),
    "deleted by a function": ("def f():\n    global a\n    del a\na = 1\nf()\nprint(a)", {"a"}),
    "default value": ("def f(x=limit): ...", {"limit"}),
    "annotation": ("def f(x: Frame): ...", {"Frame"}),
    "f-string": ("print(f'{a:{width}}')", {"a", "width"}),
    "unknown manager": ("with quiet():\n    a = g()\nprint(a)", {"a"}),
    "private name in a class": ("class A:\n    def m(self):\n        return __secret\nA()", {"_A__secret"}),
    "guarded capture": ("match c:\n    case a if a > 1:\n        pass\nprint(a)", set()),
    "alternatives": ("match c:\n    case [a]:\n        pass\nprint(a)", {"a"}),
}


@pytest.mark.parametrize("case", READ, ids=str)
def test_what_may_come_from_a_parent_is_a_read(case: str) -> None:
    source, expected = READ[case]
    assert expected <= reads(source)


@pytest.mark.parametrize("source", [
    "vars()", "dir()", "eval('x')", "exec(s)", "locals()", "get_ipython()", "import __main__", "__import__('__main__')",
    "import sys\nsys.modules['__main__']", "import sys\nsys.modules[__name__]", "from m import *",
    "def f():\n    return globals()\nf()", "import sys\nsys._getframe().f_locals",
])  # fmt: skip
def test_access_to_every_name_is_noticed(source: str) -> None:
    document = analyze(source, "b")
    assert document["reads_all"]
    assert document["reads_all_reason"]


@pytest.mark.parametrize("source", [
    "vars(x)", "dir(x)", "df.eval('x + y')", "def f(eval):\n    return eval", "if __name__ == '__main__':\n    pass",
    "import sys\nsys.modules['pandas']",
])  # fmt: skip
def test_harmless_relatives_do_not_read_everything(source: str) -> None:
    assert not analyze(source, "b")["reads_all"]


def test_docstrings_are_no_possible_reads_but_queries_are() -> None:
    source = "'''Uses df.'''\ndef f():\n    '''Mentions other.'''\n    return duckdb.sql('from sales')\nf()\n"
    assert analyze(source, "b")["possible_reads"] == ["sales"]


def test_a_query_about_an_own_frame_is_no_read_of_a_parent_s() -> None:
    assert "df" not in analyze("df = load()\nduckdb.sql('from df')", "b")["possible_reads"]


HOSTILE = {
    "null byte": "x = 1\0", "surrogate": "x = '\ud800'", "deep parentheses": "(" * 5000 + ")" * 5000,
    "long sum": "x = " + "1+" * 20000 + "1", "deep attributes": "x" + ".a" * 20000, "deep calls": "f(" * 3000,
    "deep blocks": "".join("    " * depth + "if x:\n" for depth in range(150)), "return": "return 1",
    "break": "break", "nonlocal": "nonlocal x", "huge number": "x = 0x" + "f" * 20000, "decimal": "x = " + "9" * 5000,
    "tab": "if x:\n\ty\n        z", "unterminated": "x = '", "bytes": "b'\xe9'", "two stars": "f(**a, *b)",
    "deep minus": "-" * 100000 + "1", "deep not": "not " * 5000 + "x", "deep list": "[" * 150 + "]" * 150,
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE, ids=str)
def test_no_source_crashes_the_analysis(case: str) -> None:
    document = analyze(HOSTILE[case], "b")
    json.dumps(document).encode("utf-8")
    error = document["error"]
    if error is not None:
        assert error["message"]
        assert error["line"] >= 0
        error["text"].encode("utf-8")


@pytest.mark.parametrize(
    ("source", "word"),
    [("%matplotlib inline", "magic"), ("!pip install x", "environment"), ("%pip install x", "environment"),
     ("files = !ls", "subprocess"), ("df?", "help"), ("%%time\nx = 1", "magic")],
)  # fmt: skip
def test_notebook_syntax_is_explained(source: str, word: str) -> None:
    error = analyze(source, "b")["error"]
    assert word in error["message"]
    assert error["line"] == 1


def test_a_byte_order_mark_and_foreign_line_ends_change_nothing() -> None:
    plain = analyze("x = 1\ny = x\n", "b")
    assert analyze("\ufeffx = 1\r\ny = x\r\n", "b") == plain


def test_a_program_of_many_functions_takes_time_in_proportion() -> None:
    source = "".join(f"def f{i}():\n    return f{i + 1}() + x{i}\n" for i in range(400)) + "f0()\n"
    assert {f"x{i}" for i in range(400)} <= reads(source)


def test_the_server_answers_in_order_and_survives_nonsense() -> None:
    lines: list[Any] = [
        {"id": 1, "source": "x = y", "filename": "a.py"}, "nonsense", {"id": 2}, {"id": 3, "source": "(" * 9999},
        {"id": 4, "source": "z", "filename": None},
    ]  # fmt: skip
    sent = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    command = [sys.executable, "-I", str(SCRIPT)]
    done = subprocess.run(command, input=sent, capture_output=True, text=True, check=True)
    ready, *answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert ready == {"ready": True, "python": f"3.{sys.version_info.minor}", "version": 1}
    assert [answer["id"] for answer in answers] == [1, None, 2, 3, 4]
    assert answers[0]["analysis"]["reads"] == ["y"]
    assert "not a request" in answers[1]["error"]
    assert "not a request" in answers[2]["error"]
    assert answers[3]["analysis"]["error"]
    assert answers[4]["analysis"]["reads"] == ["z"]
    assert done.stderr == ""


def test_a_manager_that_is_defined_later_comes_from_another_block_and_may_swallow() -> None:
    source = "with Guard():\n    x = f()\ny = x\nclass Guard:\n    def __enter__(self): ...\n    def __exit__(self, *e): ..."
    assert "x" in reads(source)
