"""The thread that works on the newest item of each source."""

from __future__ import annotations

import threading

from mobinet_ros.worker import NewestWorker


def test_newest_replaces_waiting_and_is_counted():
    started, go_on, batches = threading.Event(), threading.Event(), []

    def process(items):
        batches.append(items)
        started.set()
        assert go_on.wait(10)

    worker = NewestWorker("test", process)
    worker.put("a", 1)
    assert started.wait(10)
    # while it works on the first: two of camera a, of which the newer stays, and one of camera b
    for key, item in (("a", 2), ("b", 3), ("a", 4)):
        worker.put(key, item)
    go_on.set()
    while len(batches) < 2:
        threading.Event().wait(0.01)
    worker.stop()
    assert batches == [{"a": 1}, {"a": 4, "b": 3}]
    assert worker.dropped == 1


def test_stop_ends_an_idle_worker():
    worker = NewestWorker("test", lambda items: None)
    worker.stop()
    worker.put("a", 1)  # nobody takes it, nothing happens
