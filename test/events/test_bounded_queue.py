"""What waits for its turn, and what is dropped when it waits too long."""

from __future__ import annotations

import threading

from mobinet.events.bounded_queue import BoundedQueue, Waiting

MS = 1_000_000


def test_all_that_waits_is_taken_in_its_order() -> None:
    queue: BoundedQueue[int] = BoundedQueue(longest_wait_s=0.1)
    for number in range(5):
        queue.put(number, number * 20 * MS, 1)
    assert queue.take(1.0) == Waiting([], [0, 1, 2, 3, 4])
    # nothing more within the time
    assert queue.take(0.0) == Waiting([], [])


def test_the_older_half_is_behind_when_the_oldest_waited_too_long() -> None:
    queue: BoundedQueue[int] = BoundedQueue(longest_wait_s=0.1)
    for number in range(13):
        queue.put(number, number * 10 * MS, 1)
    # 120 ms wait: those of the last 50 ms are kept
    assert queue.take(1.0) == Waiting(list(range(7)), list(range(7, 13)))
    assert queue.overflowed == 0


def test_what_waited_for_twice_as_long_is_thrown_away() -> None:
    queue: BoundedQueue[int] = BoundedQueue(longest_wait_s=0.1)
    for number in range(31):
        queue.put(number, number * 10 * MS, 3)
    assert queue.take(1.0) == Waiting(list(range(10, 25)), list(range(25, 31)))
    assert (queue.overflowed, queue.overflowed_bytes) == (10, 30)


def test_memory_is_bounded_and_what_is_thrown_away_is_counted() -> None:
    queue: BoundedQueue[int] = BoundedQueue(longest_wait_s=10.0, most_bytes=100)
    for number in range(9):
        queue.put(number, number, size=30)
    assert queue.take(1.0) == Waiting([], [6, 7, 8])
    assert queue.overflowed == 6
    # one is always taken, whatever its size
    queue.put(9, 10, size=300)
    assert queue.take(1.0) == Waiting([], [9])


def test_closing_wakes_who_waits() -> None:
    queue: BoundedQueue[int] = BoundedQueue(longest_wait_s=0.1)
    answers: list[object] = []
    thread = threading.Thread(target=lambda: answers.append(queue.take(60.0)))
    thread.start()
    queue.close()
    thread.join(30.0)
    assert answers == [None]
