"""What stands in for easel_runtime/worker.py in these tests: runs the code, and reports what it set `answer` to."""

import json
import os
import struct
import sys
import traceback


def run(channel, spec, mode, missing):
    def say(frame):
        data = json.dumps(frame).encode()
        channel.sendall(struct.pack("<I", len(data)) + data)

    say({"event": "started", "missing": missing, "mode": mode})
    names = {"__name__": "__main__", "answer": None, "spec": spec}
    failure = None
    try:
        exec(compile(spec["code"], "blocks/x.py", "exec"), names)
    except BaseException:
        failure = {"message": traceback.format_exc()}
    sys.stdout.flush()
    say({"event": "result", "answer": names["answer"], "failure": failure})
    os._exit(0)
