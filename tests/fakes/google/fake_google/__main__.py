"""Run the double by itself: `python -m fake_google --seed seeds/acme.json`.

Prints one line of JSON when it listens: the address of each service, of `kubernetes` and of `control`. Ends at SIGTERM or when
its standard input is closed.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from .certificates import make
from .clock import Clock
from .double import Double
from .seed import plant
from .services import SERVICES
from .world import World


def main() -> None:
    parser = argparse.ArgumentParser(prog="fake_google", description=__doc__)
    parser.add_argument(
        "--seed", type=Path, action="append", default=[], help="a file of seed.py's form; may be repeated"
    )
    parser.add_argument("--latency-ms", type=float, default=0, help="answer no request sooner")
    parser.add_argument("--clock", type=float, help="start the clock at so many seconds since 1970")
    parser.add_argument(
        "--speed", type=float, default=1, help="seconds of the double's clock for each second"
    )
    parser.add_argument(
        "--tls", action="append", default=[], metavar="SERVICE", help="speak TLS; may be repeated"
    )
    parser.add_argument("--tls-folder", type=Path, help="where ca.pem is written, which clients must trust")
    options = parser.parse_args()
    if options.tls and options.tls_folder is None:
        parser.error("--tls needs --tls-folder")
    if unknown := set(options.tls) - set(SERVICES):
        parser.error(f"there is no service {sorted(unknown)[0]}; there are {', '.join(SERVICES)}")
    context = make(options.tls_folder) if options.tls else None
    world = World(Clock(options.clock, options.speed))
    for path in options.seed:
        plant(world, json.loads(path.read_text()))
    double = Double(world, options.latency_ms / 1000).start(
        tls={name: context for name in options.tls if context}
    )
    print(json.dumps(double.endpoints), flush=True)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())

    def wait_for_end_of_input() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        ended.set()

    threading.Thread(target=wait_for_end_of_input, daemon=True).start()
    while not ended.wait(0.2):
        pass
    double.stop()


if __name__ == "__main__":
    main()
