"""stdout and stderr of a block: prompt, in order, through forks, threads, closed descriptors and subprocesses."""

import os
import pathlib
import select
import subprocess
import sys
import time

RUNTIME = pathlib.Path(__file__).resolve().parent.parent
PROLOGUE = (
    f"import sys; sys.path.insert(0, {str(RUNTIME)!r})\n"
    "from easel_runtime import streams\nS = streams.Streams(); S.install()\n"
)


# As a worker ends: Python's own end would stop the thread that writes at any place, maybe with a stream's lock in its hand.
WAIT_AND_END = "sys.stdin.read(1)\nimport os\nos._exit(0)"


class Reader:
    """Reads both pipes of a program as the executor does: whichever has something, in the order of arrival."""

    def __init__(self, source, stdout_bytes=65536):
        self.records = []
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", PROLOGUE + source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )

    def read_until(self, text):
        while text not in b"".join(data for _, data in self.records) and self.read_some():
            pass
        return b"".join(data for _, data in self.records)

    def read_some(self):
        pipes = {self.process.stdout: "out", self.process.stderr: "err"}
        ready, _, _ = select.select([pipe for pipe in pipes if not pipe.closed], [], [], 30)
        assert ready, f"nothing came within 30 s after {self.records}"
        for pipe in ready:
            data = os.read(pipe.fileno(), 65536)
            if data:
                self.records.append((pipes[pipe], data))
            else:
                pipe.close()
        return not (self.process.stdout.closed and self.process.stderr.closed)

    def finish(self):
        while self.read_some():
            pass
        self.process.stdin.close()
        assert self.process.wait(30) == 0, self.records
        return self

    def text(self, stream=None):
        return b"".join(data for name, data in self.records if stream in (None, name)).decode()


def run(source):
    return Reader(source).finish()


def test_alternating_writes_arrive_in_the_order_written():
    source = (
        "for i in range(300):\n"
        " print('o', i)\n"
        " print('e', i, file=sys.stderr)\n"
        " if i % 3 == 0: sys.stdout.write(f'w {i}\\n')\n"
        "S.drain()\n"
    )
    expected = "".join(f"o {i}\ne {i}\n" + (f"w {i}\n" if i % 3 == 0 else "") for i in range(300))
    assert run(source).text() == expected


def test_first_write_is_seen_while_the_block_goes_on():
    reader = Reader("print('hello')\nsys.stdin.read(1)\nprint('end')\nS.drain()")
    assert reader.read_until(b"hello\n") == b"hello\n"
    reader.process.stdin.write(b"x")
    assert reader.finish().text() == "hello\nend\n"


def test_writes_after_the_first_are_seen_without_a_flush():
    reader = Reader("for i in range(5): print(i)\n" + WAIT_AND_END)
    assert reader.read_until(b"4\n") == b"0\n1\n2\n3\n4\n"
    reader.process.stdin.write(b"x")
    reader.finish()


def test_a_kept_write_method_is_seen_without_a_flush():
    reader = Reader(
        "print('a')\nwrite = sys.stdout.write\nprint('b', file=sys.stderr)\nwrite('kept\\n')\n" + WAIT_AND_END
    )
    assert b"kept\n" in reader.read_until(b"kept\n")
    reader.process.stdin.write(b"x")
    reader.finish()


def test_nothing_is_lost_in_many_lines():
    assert run("for i in range(200_000): print(i)\nS.drain()").text() == "".join(
        f"{i}\n" for i in range(200_000)
    )


def test_bytes_and_text_and_odd_characters():
    source = (
        "sys.stdout.write('ä\\udc80')\nsys.stdout.flush()\nsys.stdout.buffer.write(b'\\xff\\n')\n"
        "print(sys.stdout.fileno(), sys.stdout.isatty(), sys.stdout.encoding, sys.stdout.name)\nS.drain()"
    )
    reader = run(source)
    assert b"".join(d for _, d in reader.records) == "ä\\udc80".encode() + b"\xff\n1 False utf-8 <stdout>\n"


def test_a_forked_child_repeats_nothing_and_can_print():
    source = (
        "import os\nprint('before')\nprint('pending')\npid = os.fork()\n"
        "if pid == 0:\n print('child'); print('more')\n S.drain(); os._exit(0)\n"
        "os.waitpid(pid, 0)\nprint('after')\nS.drain()"
    )
    assert run(source).text() == "before\npending\nchild\nmore\nafter\n"


def test_multiprocessing_children_print():
    source = (
        "import multiprocessing as m\nprint('start')\n"
        "with m.get_context('fork').Pool(2) as pool: pool.map(print, range(20))\nprint('end')\nS.drain()"
    )
    assert sorted(run(source).text().split()) == sorted(["start", "end", *map(str, range(20))])


def test_the_flushing_thread_is_not_a_thread_of_the_block():
    source = "import threading\nprint(1)\nprint(2)\nprint(len(threading.enumerate()))\nS.drain()"
    assert run(source).text() == "1\n2\n1\n"


def test_program_output_comes_after_what_was_printed_before_it():
    source = (
        "import subprocess\nsys.addaudithook(S.on_audit)\n"
        "for i in range(20):\n print('python', i)\n subprocess.run(['echo', 'echo', str(i)])\nS.drain()"
    )
    assert run(source).text() == "".join(f"python {i}\necho {i}\n" for i in range(20))


def test_native_code_that_buffers_is_flushed_at_the_end():
    source = "import ctypes, os\nctypes.CDLL(None).printf(b'from C\\n')\nassert S.drain()\nos._exit(0)"
    assert run(source).text() == "from C\n"


def test_a_closed_descriptor_fails_the_print_and_nothing_hangs():
    source = (
        "import os\nprint('x')\nos.close(1)\nfailed = False\n"
        "for i in range(100_000):\n"
        " try: print(i)\n"
        " except OSError: failed = True; break\n"
        "S.drain()\nos.write(2, b'failed' if failed or S.problems else b'silent')\nos._exit(0)"
    )
    reader = run(source)
    assert reader.text("out").startswith("x")
    assert reader.text("err") == "failed"


def test_a_closed_stream_does_not_break_drain():
    assert (
        run("print('x')\nsys.stdout.close()\nS.drain()\nprint('y', file=sys.stderr)\nS.drain()").text()
        == "x\ny\n"
    )


def test_a_pipe_made_non_blocking_loses_nothing():
    reader = run("import os\nos.set_blocking(1, False)\nfor i in range(100_000): print(i)\nS.drain()")
    assert reader.text() == "".join(f"{i}\n" for i in range(100_000))


def test_threads_that_print_together_lose_nothing():
    source = (
        "import threading\n"
        "def work(n):\n for i in range(2000): print(f'{n}:{i}', file=sys.stdout if i % 2 else sys.stderr)\n"
        "threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\nS.drain()"
    )
    words = run(source).text().replace("\n", " ").split()
    assert sum(word.count(":") for word in words) == 8000


def test_drain_gives_up_on_a_reader_that_does_not_read():
    reader = Reader("print('x')\nwaited = S.drain(0.05)\nimport os\nos.write(2, str(waited).encode())")
    assert os.read(reader.process.stderr.fileno(), 100) == b"False"
    reader.finish()


def test_print_rate_is_reported(record_property):
    source = (
        "import time\nt = time.perf_counter()\nfor i in range(10**6): print(i)\nS.drain()\n"
        "t = time.perf_counter() - t\nprint(1e6 / t, file=sys.stderr)\nS.drain()"
    )
    started = time.monotonic()
    rate = float(run(source).text("err"))
    record_property("lines_per_second", rate)
    assert rate > 0
    assert time.monotonic() - started < 60
