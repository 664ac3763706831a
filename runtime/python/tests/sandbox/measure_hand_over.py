"""Measure hand-over -> first byte of the block's output, and parking. Not a test: `python3 measure_hand_over.py RUNTIME [N]`.

RUNTIME is a runtime folder whose easel_runtime/worker.py is fake_worker.py.
"""

import os
import select
import statistics
import sys
import tempfile
import time

from executor_double import Zygote

PYTHON = os.environ.get("EASEL_TEST_PYTHON", "/usr/bin/python3")


def main():
    runtime, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 50
    for mode in ("local", "pod", "none"):
        canvas = tempfile.mkdtemp(dir="/var/tmp")
        zygote = Zygote(
            runtime,
            python=PYTHON,
            mode=mode,
            home=tempfile.mkdtemp(dir="/var/tmp"),
            network=True,
            preload=["pandas", "pyarrow"] if PYTHON != "/usr/bin/python3" else [],
            shim=os.path.join(runtime, "libeasel_trace.so"),
        )
        first, park, end = [], [], []
        waiting = zygote.park()
        for _ in range(rounds):
            worker = waiting
            start = time.perf_counter()
            worker.hand_over(canvas, "print('x', flush=True)")
            select.select([worker.out], [], [])
            first.append((time.perf_counter() - start) * 1000)
            worker.result()
            start = time.perf_counter()
            zygote.wait("exited", worker.number)
            end.append((time.perf_counter() - start) * 1000)
            worker.close()
            start = time.perf_counter()
            waiting = zygote.park()
            park.append((time.perf_counter() - start) * 1000)
        for name, values in (("hand-over to first byte", first), ("park", park), ("result to exited", end)):
            values.sort()
            print(
                f"{mode:5} {name:24} min {values[0]:.2f}  p50 {statistics.median(values):.2f}  "
                f"p90 {values[int(len(values) * 0.9)]:.2f}  max {values[-1]:.2f} ms"
            )
        zygote.workers = [waiting]
        zygote.close()
    print("load", os.getloadavg())


main()
