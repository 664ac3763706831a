"""Parking workers and handing blocks over."""

from executor_double import gone


def test_a_parked_worker_runs_the_block_it_is_given(start, canvas, user):
    zygote = start(user=user)
    assert zygote.ready["mode"] == "local"
    worker = zygote.park()
    assert worker.run(canvas, "print('hello'); answer = 6 * 7") == 42
    assert worker.text() == "hello\n"
    exited = zygote.wait("exited", worker.number)
    assert exited["status"] == 0
    assert gone(worker.pid)
