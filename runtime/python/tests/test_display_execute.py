"""Running a block's source: what is shown, where an error is, what notebook syntax is answered with."""

import inspect

import pytest
from easel_runtime import execute, guards, tracebacks

FILE = "blocks/clean.py"


def run(source, namespace=None):
    shown = []
    execute.run_source(source, FILE, {} if namespace is None else namespace, shown.append)
    return shown


def failure(source, **options):
    with pytest.raises(BaseException) as caught:
        run(source)
    return tracebacks.describe(caught.value, {FILE: "clean"}, [__file__], **options)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("1 + 1", [2]),
        ("1 + 1;", []),
        ("1 + 1;  # quiet", []),
        ("'a;b'  # no ; here", ["a;b"]),
        ("(1\n + 1)", [2]),
        ("x = 1; x", [1]),
        ("None", []),
        ("x = 1", []),
        ("", []),
        ("# only a comment", []),
        ("import asyncio\nawait asyncio.sleep(0)\nasync def f(): return 4\nawait f()", [4]),
        ("async def f():\n  yield 1\n[x async for x in f()]", [[1]]),
        ("from __future__ import annotations\ndef f(a: zz): pass\nf.__annotations__", [{"a": "zz"}]),
    ],
)
def test_the_last_expression_is_shown(source, shown):
    assert run(source) == shown


def test_names_land_in_the_very_dict():
    namespace = {}
    run("a = 1\ndef f(): return a", namespace)
    namespace["a"] = 5
    assert namespace["f"]() == 5
    assert namespace["__name__"] == "__main__"
    assert "__file__" not in namespace


def test_source_of_functions_can_be_asked_for():
    namespace = {}
    run("x = 1\ndef f():\n    return 1  # why\n", namespace)
    assert inspect.getsource(namespace["f"]) == "def f():\n    return 1  # why\n"


def test_no_loop_is_left_after_await():
    run(
        "import asyncio\nasync def forever():\n  await asyncio.sleep(1000)\nasyncio.create_task(forever())\nawait asyncio.sleep(0)"
    )
    assert run("import asyncio\nasyncio.run(asyncio.sleep(0, 7))") == [7]


def test_users_frames_have_block_and_line():
    found = failure("def f(x):\n    return 1 / x\n\nf(0)\n")
    assert found["ename"] == "ZeroDivisionError"
    assert found["line"] == 2
    assert found["kind"] == "exception"
    assert "block `clean`, line 4\n    f(0)" in found["traceback"]
    assert "block `clean`, line 2, in f\n    return 1 / x" in found["traceback"]
    assert "execute.py" not in found["traceback"]


def test_library_frames_are_folded():
    found = failure("import json\njson.loads('{')")
    assert "… 3 frames in json" in found["traceback"]
    assert found["line"] == 2


def test_the_line_is_the_running_blocks_when_another_blocks_function_fails():
    namespace = {}
    execute.run_source("def f():\n\n\n  return 1 / 0", "blocks/load.py", namespace, lambda value: None)
    with pytest.raises(ZeroDivisionError) as caught:
        run("x = 1\nf()", namespace)
    found = tracebacks.describe(caught.value, {FILE: "clean", "blocks/load.py": "load"}, [__file__])
    assert found["line"] == 2
    assert "block `load`, line 4, in f" in found["traceback"]


def test_endless_recursion_is_cut():
    found = failure("def f(): g()\ndef g(): f()\nf()")
    assert "frames left out" in found["traceback"]
    assert len(found["traceback"].splitlines()) < 100
    assert len(found["frames"]) <= tracebacks.MAX_FRAMES


def test_causes_groups_and_notes_are_told():
    found = failure("try:\n  1/0\nexcept Exception as e:\n  raise ValueError('x') from e")
    assert "ZeroDivisionError" in found["traceback"]
    assert "direct cause" in found["traceback"]
    assert (
        "ZeroDivisionError"
        not in failure("try: 1/0\nexcept Exception: raise ValueError('x') from None")["traceback"]
    )
    assert (
        "TypeError: é" in failure("raise ExceptionGroup('g', [ValueError(1), TypeError('é')])")["traceback"]
    )
    assert "note!" in failure("e = ValueError(1); e.add_note('note!'); raise e")["traceback"]


def test_exceptions_with_a_hostile_str_are_described():
    found = failure("class E(Exception):\n  def __str__(self): raise ValueError\nraise E")
    assert found["evalue"] == "<str of E failed: ValueError>"
    assert len(failure("raise ValueError('x' * 10**7)")["evalue"]) < 5000
    loop = "a = ValueError(1); b = ValueError(2); a.__cause__ = b; b.__cause__ = a; raise a"
    assert failure(loop)["ename"] == "ValueError"


def test_exit_and_interrupt_have_kinds_of_their_own():
    assert failure("import sys; sys.exit(0)")["kind"] == "exit"
    assert "leaves no state" in failure("raise SystemExit")["evalue"]
    assert failure("raise KeyboardInterrupt")["kind"] == "cancelled"


def test_syntax_errors_show_the_place():
    found = failure("x = 1\ny = (1,\n     2 3)")
    assert (found["kind"], found["line"]) == ("syntax", 3)
    assert "block `clean`, line 3\n    2 3)\n    ^^^" in found["traceback"]
    assert failure("x = 1\x00")["kind"] == "syntax"
    assert failure("exec('a b')")["kind"] == "exception"


def test_missing_names_are_explained():
    assert "Did you mean: 'data'?" in failure("data = 1\ndta")["evalue"]
    assert "forget to import 'json'" in failure("json.loads")["evalue"]
    found = failure("conn.execute", explain_name=lambda name: f"{name} was a connection")
    assert found["evalue"].endswith("conn was a connection")
    assert "requirements.txt" in failure("import surely_not_installed")["traceback"]
    assert "IPython" in failure("get_ipython()")["traceback"]


@pytest.mark.parametrize(
    ("source", "line", "advice"),
    [
        ("x = 1\n!pip install pandas", 2, "requirements.txt"),
        ("%pip install pandas", 1, "requirements.txt"),
        ("%matplotlib inline\nimport os", 1, "figures are shown without it"),
        ("\n%%time\nf()", 2, "perf_counter"),
        ("files = !ls -l", 1, "subprocess.run('ls -l'"),
        ("df?", 1, "help(df)"),
        ("??df.head", 1, "help(df.head)"),
        ("def f():\n    %timeit f()", 2, "timeit.timeit"),
        ("%%bash\necho 1", 1, "subprocess.run"),
        ("%unknown_thing", 1, "plain Python"),
    ],
)
def test_notebook_syntax_is_answered_with_what_to_do(source, line, advice):
    found = failure(source)
    assert (found["kind"], found["line"]) == ("syntax", line)
    assert advice in found["evalue"]


@pytest.mark.parametrize("source", ["x = 5 %", "if x != :", "print('%d' % 1", "a = b ? c : d"])
def test_ordinary_mistakes_stay_ordinary(source):
    assert "notebook" not in failure(source)["evalue"]
    assert "magic" not in failure(source)["evalue"]


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        ("input('name? ')", "--env NAME"),
        ("import getpass\ngetpass.getpass()", "--env NAME"),
        ("breakpoint()", "easel state"),
        ("import pdb\npdb.set_trace()", "easel state"),
    ],
)
def test_what_waits_for_a_keyboard_says_what_to_do(source, advice, monkeypatch):
    import builtins
    import sys

    monkeypatch.setattr(builtins, "input", builtins.input)
    monkeypatch.setattr(sys, "breakpointhook", sys.breakpointhook)
    for name, attributes in {"pdb": ("set_trace", "post_mortem", "pm"), "getpass": ("getpass",)}.items():
        module = __import__(name)
        for attribute in attributes:
            monkeypatch.setattr(module, attribute, getattr(module, attribute))
    guards.install()
    assert advice in failure(source)["evalue"]
