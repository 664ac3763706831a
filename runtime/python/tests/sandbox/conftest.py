"""A runtime folder with natives and the stand-in worker, and zygotes that end with their test."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from executor_double import Zygote

SOURCES = pathlib.Path(__file__).resolve().parents[2]
NOBODY = 65534


@pytest.fixture(scope="session")
def natives(tmp_path_factory):
    """Build the native parts as runtime/CMakeLists.txt does."""
    folder = tmp_path_factory.mktemp("natives")
    native = SOURCES.parent / "native"
    include = subprocess.run(
        ["/usr/bin/python3", "-c", "import sysconfig; print(sysconfig.get_path('include'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    compiler = ["cc", "-O2", "-std=gnu11"]
    others = {"init.c", "trace.c", "trace_hooks.c"}  # programs and libraries of their own
    module = [source for source in sorted(native.glob("*.c")) if source.name not in others]
    subprocess.run(
        [
            *compiler,
            "-shared",
            "-fPIC",
            "-DPy_LIMITED_API=0x030B0000",
            f"-I{include}",
            *module,
            "-o",
            folder / "_easel.abi3.so",
        ],
        check=True,
    )
    subprocess.run(
        [
            *compiler,
            "-shared",
            "-fPIC",
            native / "trace.c",
            native / "trace_hooks.c",
            "-ldl",
            "-o",
            folder / "libeasel_trace.so",
        ],
        check=True,
    )
    subprocess.run([*compiler, "-static", native / "init.c", "-o", folder / "easel_init"], check=True)
    return folder


@pytest.fixture(scope="session")
def runtime(tmp_path_factory, natives):
    """Lay out a runtime folder with the stand-in worker, readable by every user."""
    root = tmp_path_factory.mktemp("runtime")
    shutil.copytree(
        SOURCES / "easel_runtime",
        root / "easel_runtime",
        ignore=shutil.ignore_patterns("__pycache__", "worker.py"),
    )
    shutil.copy(pathlib.Path(__file__).parent / "fake_worker.py", root / "easel_runtime" / "worker.py")
    shutil.copy(natives / "_easel.abi3.so", root / "easel_runtime")
    shutil.copy(natives / "libeasel_trace.so", root)
    shutil.copy(natives / "easel_init", root)
    for folder in (root, *root.parents):
        if folder == pathlib.Path("/tmp"):
            break
        folder.chmod(0o755)
    return str(root)


@pytest.fixture
def start(runtime, tmp_path):
    """Start zygotes; they end with the test."""
    started = []

    def begin(**options):
        options.setdefault("home", str(tmp_path / "home"))
        zygote = Zygote(runtime, **options)
        started.append(zygote)
        return zygote

    yield begin
    for zygote in started:
        zygote.close()


@pytest.fixture(params=["root", "unprivileged"])
def user(request, tmp_path):
    """Who runs the zygote: a test with it is run as root and as an unprivileged user."""
    if os.geteuid() != 0:
        if request.param == "root":
            pytest.skip("needs root")
        return None
    if request.param == "root":
        return None
    for folder in (tmp_path, *tmp_path.parents):
        if folder == pathlib.Path("/tmp"):
            break
        folder.chmod(0o755)
    os.chown(tmp_path, NOBODY, NOBODY)
    return NOBODY


@pytest.fixture
def canvas(tmp_path, user):
    """Make an empty canvas folder with a blank in its name, owned by the user of the test."""
    root = tmp_path / "a canvas"
    for folder in (
        root,
        root / "files",
        root / "blocks",
        root / ".easel",
        root / ".easel" / "staging",
        tmp_path / "home",
    ):
        folder.mkdir()
        if user is not None:
            os.chown(folder, user, user)
            folder.chmod(0o777)
    return root
