"""What waits for its turn, and what is dropped when it waits too long."""

from __future__ import annotations

import threading

from mobinet.events import CameraPacket, PacketQueue

MS = 1_000_000


def packet(seq: int, size: int = 2) -> CameraPacket:
    return CameraPacket(bytes(size), "evt3", 64, 48, seq * MS, seq)


def seqs(packets: list[CameraPacket]) -> list[int]:
    return [one.seq for one in packets]


def test_all_that_waits_is_taken_in_its_order() -> None:
    queue = PacketQueue(longest_wait_s=0.1)
    for seq in range(5):
        queue.put(packet(seq), seq * 20 * MS)
    waiting = queue.take(1.0)
    assert waiting is not None
    assert (seqs(waiting.behind), seqs(waiting.packets)) == ([], [0, 1, 2, 3, 4])
    # nothing more within the time
    assert queue.take(0.0) == ([], [])


def test_the_older_half_is_behind_when_the_oldest_waited_too_long() -> None:
    queue = PacketQueue(longest_wait_s=0.1)
    for seq in range(13):
        queue.put(packet(seq), seq * 10 * MS)
    waiting = queue.take(1.0)
    assert waiting is not None
    # 120 ms wait: those of the last 50 ms are kept
    assert (seqs(waiting.behind), seqs(waiting.packets)) == (list(range(7)), list(range(7, 13)))


def test_stamps_say_nothing_about_waiting() -> None:
    queue = PacketQueue(longest_wait_s=0.1)
    # a recording with a gap of seconds, replayed at once
    for seq in (1, 5000, 9000):
        queue.put(packet(seq), 7 * MS)
    waiting = queue.take(1.0)
    assert waiting is not None
    assert seqs(waiting.packets) == [1, 5000, 9000]


def test_memory_is_bounded_and_what_is_thrown_away_is_counted() -> None:
    queue = PacketQueue(longest_wait_s=10.0, most_bytes=100)
    for seq in range(9):
        queue.put(packet(seq, size=30), seq)
    waiting = queue.take(1.0)
    assert waiting is not None
    assert seqs(waiting.packets) == [6, 7, 8]
    assert (queue.overflowed_packets, queue.overflowed_bytes) == (6, 180)
    # one packet is always taken, whatever its size
    queue.put(packet(9, size=300), 10)
    waiting = queue.take(1.0)
    assert waiting is not None
    assert seqs(waiting.packets) == [9]


def test_closing_wakes_who_waits() -> None:
    queue = PacketQueue(longest_wait_s=0.1)
    answers: list[object] = []
    thread = threading.Thread(target=lambda: answers.append(queue.take(60.0)))
    thread.start()
    queue.close()
    thread.join(30.0)
    assert answers == [None]
