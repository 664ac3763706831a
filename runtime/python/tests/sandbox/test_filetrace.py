"""Which files count for a block."""

import hashlib
import os
import sys

import pytest

COLLECT = """
from easel_runtime import filetrace
answer = filetrace.collect()
"""


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def listing(*names):
    return digest("".join(name + "\n" for name in sorted(names)))


@pytest.fixture
def traced(start, runtime, canvas, user):
    """Run code in one traced worker after another and return what it read and wrote."""
    zygote = start(user=user, shim=os.path.join(runtime, "libeasel_trace.so"))
    for name in ("data.csv", "other.csv"):
        (canvas / "files" / name).write_text(name)
        (canvas / "files" / name).chmod(0o666)
    return lambda code: zygote.run(canvas, code + COLLECT)


def test_files_that_are_read_count_with_their_digest(traced):
    said = traced("open('data.csv').read()")
    assert said["read"] == {"data.csv": digest("data.csv")}
    assert said["written"] == {}


def test_a_block_that_touches_nothing_reads_nothing(traced):
    said = traced("import json, csv, sqlite3, decimal\nx = 1")
    assert said == {"read": {}, "written": {}, "outside": {}}


def test_subprocesses_and_forks_count(traced):
    said = traced("""import os, subprocess
subprocess.run(["sh", "-c", "cat data.csv > copy.csv"], check=True)
if os.fork() == 0:
    open("other.csv").read()
    os._exit(0)
os.wait()""")
    assert set(said["read"]) == {"data.csv", "other.csv"}
    assert said["written"] == {"copy.csv": digest("data.csv")}


def test_c_code_counts(traced):
    said = traced("""import ctypes
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.fclose(ctypes.c_void_p(libc.fopen(b"data.csv", b"r")))""")
    assert set(said["read"]) == {"data.csv"}


def test_a_file_that_is_not_there_counts_as_absent(traced):
    said = traced("""import os
os.path.exists("gone.csv")
try:
    open("lost.csv")
except FileNotFoundError:
    pass""")
    assert said["read"] == {"gone.csv": "absent", "lost.csv": "absent"}


def test_a_listed_folder_counts_by_its_names(traced, canvas):
    raw = canvas / "files" / "raw"
    raw.mkdir()
    raw.chmod(0o777)
    (raw / "b").write_text("")
    (raw / "a").write_text("")
    assert traced("import os; os.listdir('raw')")["read"] == {"raw/": listing("a", "b")}
    assert traced("import glob; glob.glob('raw/*')")["read"] == {"raw/": listing("a", "b")}
    assert traced("import subprocess; subprocess.run(['ls', 'raw'])")["read"] == {"raw/": listing("a", "b")}


def test_a_local_module_counts_as_read_and_the_search_for_modules_does_not(traced, canvas):
    (canvas / "files" / "helpers.py").write_text("import helpers_inner\n")
    (canvas / "files" / "helpers_inner.py").write_text("")
    said = traced(
        "import os, sys; sys.path.insert(0, os.getcwd()); import helpers, colorsys\n"
        "import importlib.metadata, pkgutil\n"
        "list(importlib.metadata.distributions()); list(pkgutil.iter_modules())"
    )
    assert set(said["read"]) == {"helpers.py", "helpers_inner.py"}
    assert said["written"] == {}
    assert not (canvas / "files" / "__pycache__").exists()


def test_what_a_spawned_python_lists_to_find_modules_does_not_count(traced, canvas):
    (canvas / "files" / "script.py").write_text("import colorsys\n")
    said = traced(
        "import os, subprocess, sys; sys.path.insert(0, os.getcwd())\n"
        "subprocess.run([sys.executable, 'script.py'], check=True)"
    )
    assert set(said["read"]) == {"script.py"}


def test_a_file_made_and_read_again_counts_as_written_only(traced):
    said = traced("open('out', 'w').write('made'); open('out').read()")
    assert said == {"read": {}, "written": {"out": digest("made")}, "outside": {}}


def test_a_file_looked_for_and_then_made_counts_as_written_only(traced):
    said = traced("import os\nif not os.path.exists('out'):\n    open('out', 'w').write('made')")
    assert (said["read"], set(said["written"])) == ({}, {"out"})


def test_a_file_written_beside_and_renamed_counts_under_its_last_name(traced):
    said = traced("import os\nopen('out.tmp', 'w').write('made')\nos.replace('out.tmp', 'out')")
    assert (said["read"], said["written"]) == ({}, {"out": digest("made")})


def test_a_folder_written_beside_and_renamed_counts_by_its_files(traced):
    said = traced("import os\nos.mkdir('t')\nopen('t/a', 'w').write('1')\nos.rename('t', 'table')")
    assert said["written"] == {"table/a": digest("1")}


def test_a_temporary_file_leaves_no_trace(traced):
    assert traced("import os\nopen('t', 'w').close()\nopen('t').close()\nos.unlink('t')")["written"] == {}


def test_a_file_opened_for_both_that_stays_as_it_was_counts_as_read(traced):
    said = traced("open('data.csv', 'r+').read()")
    assert (set(said["read"]), said["written"]) == ({"data.csv"}, {})


def test_a_file_changed_in_place_counts_as_written(traced):
    said = traced("open('data.csv', 'a').write('!')")
    assert (said["read"], said["written"]) == ({}, {"data.csv": digest("data.csv!")})


def test_a_file_that_was_there_and_is_removed_counts_as_written_absent(traced):
    assert traced("import os; os.unlink('data.csv')")["written"] == {"data.csv": "absent"}


def test_a_file_that_somebody_else_changes_meanwhile_is_not_given_a_digest(start, runtime, canvas, user):
    zygote = start(user=user, shim=os.path.join(runtime, "libeasel_trace.so"))
    (canvas / "files" / "data.csv").write_text("old")
    worker = zygote.park()
    worker.hand_over(
        canvas,
        """import os
open("data.csv").read()
print("read", flush=True)
while os.stat("data.csv").st_size == 3:
    pass"""
        + COLLECT,
    )
    assert worker.text() == "read\n"
    (canvas / "files" / "data.csv").write_text("newer")
    assert worker.result()["answer"]["read"] == {"data.csv": "changed"}


def test_other_files_of_the_canvas_count_and_its_state_does_not(traced, canvas):
    (canvas / "blocks" / "note.txt").write_text("n")
    (canvas / ".easel" / "x").write_text("n")
    said = traced("open('../blocks/note.txt').read(); open('../.easel/x').read()")
    assert set(said["read"]) == {"../blocks/note.txt"}


def test_files_elsewhere_count_by_size_and_time_and_those_of_the_system_do_not(traced):
    path = f"/opt/easel-test-{os.getpid()}"
    with open(path, "w") as file:
        file.write("abc")
    try:
        said = traced(f"open({path!r}).read(); open('/etc/passwd').read(); open('/usr/bin/env', 'rb').read()")
        assert said["outside"] == {path: f"3:{os.stat(path).st_mtime_ns}"}
    finally:
        os.unlink(path)


def test_a_block_that_closes_every_descriptor_is_still_traced(traced):
    said = traced("""import os
saved = os.dup2(3, 800)
os.closerange(4, 800); os.closerange(801, 5000)
hole = [os.open("/dev/null", os.O_WRONLY) for _ in range(5)]
open("data.csv").read()""")
    assert set(said["read"]) == {"data.csv"}


def test_without_the_shim_the_missing_trace_is_named(start, canvas, user):
    worker = start(user=user).park()
    worker.run(canvas, "pass")
    assert worker.started["missing"] == ["file_trace"]


PACKAGES = os.environ.get("EASEL_TEST_PYTHON", sys.executable)


@pytest.mark.skipif(not os.path.exists(PACKAGES), reason="EASEL_TEST_PYTHON names no Python with packages")
def test_native_readers_count_and_packages_work(start, runtime, canvas, user):
    code = """import numpy, pandas, polars, pyarrow.parquet, pyarrow.csv, duckdb
pandas.DataFrame({"a": [1, 2]}).to_csv("made.csv", index=False)
answers = [pandas.read_csv("1.csv").a.sum(), polars.read_csv("2.csv")["a"].sum(),
           polars.scan_csv("3.csv").collect()["a"].sum(),
           pyarrow.csv.read_csv("4.csv").num_rows, duckdb.sql("select sum(a) from '5.csv'").fetchall()[0][0],
           numpy.loadtxt("6.csv", skiprows=1).sum()]
assert [int(answer) for answer in answers] == [3, 3, 3, 2, 3, 3], answers"""
    zygote = start(
        user=user,
        python=PACKAGES,
        shim=os.path.join(runtime, "libeasel_trace.so"),
        preload=["numpy", "pandas", "pyarrow", "polars", "duckdb", "matplotlib.pyplot", "sklearn"],
    )
    assert zygote.ready["fork_safe"], zygote.ready
    for number in range(1, 7):
        (canvas / "files" / f"{number}.csv").write_text("a\n1\n2\n")
    said = zygote.run(canvas, code + COLLECT)
    assert {name for name in said["read"] if not name.endswith("/")} == {
        f"{number}.csv" for number in range(1, 7)
    }
    assert set(said["written"]) == {"made.csv"}


@pytest.mark.skipif(not os.path.exists(PACKAGES), reason="EASEL_TEST_PYTHON names no Python with packages")
def test_libraries_draw_different_numbers_and_use_all_processors(start, canvas, user):
    zygote = start(user=user, python=PACKAGES, preload=["numpy", "scipy.linalg"])
    assert zygote.ready["threads"] == 1
    code = """import numpy, os
numbers = float(numpy.random.rand())
a = numpy.random.rand(800, 800)
a @ a
answer = [numbers, len(os.listdir("/proc/self/task"))]"""
    one, two = zygote.run(canvas, code), zygote.run(canvas, code)
    assert one[0] != two[0]
    assert one[1] >= min(2, len(os.sched_getaffinity(0)))


@pytest.mark.skipif(not os.path.exists(PACKAGES), reason="EASEL_TEST_PYTHON names no Python with packages")
def test_joblib_pools_work(start, canvas, user):
    code = """import joblib
answer = joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(-n) for n in range(4))"""
    assert start(user=user, python=PACKAGES, preload=["sklearn"]).run(canvas, code) == [0, 1, 2, 3]
