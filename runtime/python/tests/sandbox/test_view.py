"""What a block sees of the machine, and what of it it can change."""

import os
import pathlib

import pytest

WRITE = """
def attempt(path):
    try:
        open(path, "a").close()
        return "written"
    except OSError as error:
        return type(error).__name__
answer = {path: attempt(path) for path in PATHS}
"""


def attempts(zygote, canvas, paths):
    return zygote.run(canvas, WRITE.replace("PATHS", repr([str(path) for path in paths])))


def test_a_block_writes_its_files_its_staging_folder_home_and_temporary_folders_only(
    start, canvas, user, tmp_path
):
    other = tmp_path / "other"
    (other / "files").mkdir(parents=True)
    os.chmod(other / "files", 0o777)
    zygote = start(user=user)
    private = f"/tmp/{tmp_path.name}.private"
    said = attempts(
        zygote,
        canvas,
        [
            canvas / "files" / "x",
            tmp_path / "home" / "x",
            private,
            "/dev/shm/x",
            canvas / ".easel" / "staging" / "1" / "x",
            canvas / "canvas.yaml",
            canvas / "blocks" / "x",
            canvas / ".easel" / "x",
            canvas / ".easel" / "staging" / "x",
            other / "files" / "x",
            "/etc/x",
            "/usr/x",
            "/usr/lib/python3/dist-packages/x",
            "/var/tmp/x",
            "/root/x",
            "/x",
            "/proc/sys/kernel/hostname",
            "/sys/kernel/mm/ksm/run",
            "/dev/x",
        ],
    )
    assert [path for path, outcome in said.items() if outcome == "written"] == list(said)[:5]
    assert (canvas / "files" / "x").exists()
    assert not pathlib.Path(private).exists()
    assert not any((other / "files").iterdir())


def test_the_canvas_is_readable_and_the_working_directory_is_its_files_folder(start, canvas, user):
    (canvas / "blocks" / "a.py").write_text("x = 1\n")
    (canvas / ".easel" / "manifest").write_text("kept")
    (canvas / "files" / "data.csv").write_text("a\n1\n")
    code = """import os
answer = [open("data.csv").read(), open("../blocks/a.py").read(), open("../.easel/manifest").read(), os.getcwd()]"""
    assert start(user=user).run(canvas, code) == ["a\n1\n", "x = 1\n", "kept", str(canvas / "files")]


def test_other_things_in_the_machines_tmp_are_not_there(start, canvas, user, tmp_path):
    (tmp_path / "neighbour").mkdir()
    answer = start(user=user).run(
        canvas, f"import os; answer = [os.listdir('/tmp'), os.listdir({str(tmp_path)!r})]"
    )
    assert "neighbour" not in answer[1] and "a canvas" in answer[1]
    assert "easel_brief.md" not in answer[0]


def test_hidden_folders_are_empty_and_hidden_files_have_no_content(start, canvas, user, tmp_path):
    person = pathlib.Path("/var/tmp") / f"easel-person-{os.getpid()}-{user}"
    (person / ".ssh").mkdir(parents=True)
    (person / ".ssh" / "id").write_text("secret")
    (person / ".netrc").write_text("secret")
    (person / "data").write_text("fine")
    try:
        zygote = start(
            user=user, hide=[str(person / ".ssh"), str(person / ".netrc"), str(person / "missing")]
        )
        code = f"""import os
answer = [os.listdir("{person}/.ssh"), open("{person}/.netrc").read(), open("{person}/data").read()]
try:
    open("{person}/.ssh/new", "w")
except OSError as error:
    answer.append(error.errno)"""
        assert zygote.run(canvas, code)[:3] == [[], "", "fine"]
    finally:
        for path in (person / ".ssh" / "id", person / ".netrc", person / "data"):
            path.unlink()
        (person / ".ssh").rmdir()
        person.rmdir()


def test_credentials_of_the_person_are_hidden_when_nothing_is_said(start, canvas, user, tmp_path):
    person = tmp_path / "person"
    (person / ".aws").mkdir(parents=True)
    (person / ".aws" / "credentials").write_text("secret")
    # Not below /tmp, where nothing is visible anyway.
    zygote = start(user=user, hide=None, environment={"HOME": str(person)})
    assert zygote.run(canvas, f"import os; answer = os.path.exists('{person}/.aws/credentials')") is False


@pytest.mark.parametrize("where", ["/var/tmp", "/tmp"])
def test_a_canvas_works_wherever_it_is(start, user, where, tmp_path):
    import shutil
    import tempfile

    root = tempfile.mkdtemp(prefix="a b ü ", dir=where)
    try:
        os.makedirs(os.path.join(root, "files"))
        os.makedirs(os.path.join(root, ".easel", "staging", "1"))
        for folder, _, _ in os.walk(root):
            os.chmod(folder, 0o777)
        zygote = start(
            user=user, home=tempfile.mkdtemp(dir=root) if user is None else os.path.join(root, "files")
        )
        assert zygote.ready["mode"] == "local"
        zygote.run(root, "open('out', 'w').write('made')")
        assert open(os.path.join(root, "files", "out")).read() == "made"
    finally:
        shutil.rmtree(root)


def test_root_writes_into_a_canvas_of_another_user(start, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    root = tmp_path / "theirs"
    for folder in (root, root / "files", root / ".easel", root / ".easel" / "staging"):
        folder.mkdir(mode=0o755, parents=True)
    os.chown(root / "files", 65534, 65534)
    start().run(root, "open('x', 'w').close()")
    assert (root / "files" / "x").exists()


def test_without_network_there_is_only_the_loopback(start, canvas, user):
    code = """import socket
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
answer = open("/proc/net/dev").read().count(":")"""
    assert start(user=user, network=False).run(canvas, code) == 1


def test_a_folder_that_is_missing_is_a_failure_that_names_it(start, canvas, user):
    worker = start(user=user).park()
    worker.hand_over(canvas, "", files=str(canvas / "nowhere"))
    failure = worker.result()["failure"]
    assert failure["kind"] == "sandbox" and "nowhere" in failure["message"]
