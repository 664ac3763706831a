"""Random programs are run and analysed: a name that was really read from outside must be in `reads`.

The same programs every time, so that a change is what makes it fail; EASEL_FUZZ_SEED=random looks for new ones, another
number replays those, and EASEL_FUZZ_PROGRAMS changes how many there are.
"""

from __future__ import annotations

import os
import random
import warnings

from analysis_programs import Program, names_read
from easel_runtime.analyze import analyze


def test_every_name_that_a_random_program_reads_from_outside_is_reported() -> None:
    seed_given = os.environ.get("EASEL_FUZZ_SEED", "0")
    first = random.SystemRandom().randrange(2**31) if seed_given == "random" else int(seed_given)
    count = int(os.environ.get("EASEL_FUZZ_PROGRAMS", "2000"))
    print(f"EASEL_FUZZ_SEED={first} EASEL_FUZZ_PROGRAMS={count}")
    compiled = informative = 0
    for seed in range(first, first + count):
        source = Program(seed).source()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            document = analyze(source, "<program>")
        if document["error"] is not None:
            continue
        compiled += 1
        reported = set(document["reads"])
        for execution in range(2):
            read = names_read(source, seed + execution)
            informative += bool(read)
            missed = read - reported
            assert not missed, f"seed {seed}: {sorted(missed)} read but not reported in\n{source}"
    assert compiled > count * 0.5, "most random programs must be valid, or the test says nothing"
    assert informative > count * 0.3
