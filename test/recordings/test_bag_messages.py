from __future__ import annotations

import sqlite3

import pytest

from mobinet.errors import RecordingError
from mobinet.recordings.bag_messages import read_messages, stamp_to_ns
from mobinet.recordings.bags import BagReader, BagWriter

OWN = "own_msgs/msg/Own"
DEFINITION = "builtin_interfaces/Time stamp\nown_msgs/Part[] parts\n" + "=" * 80 + "\nMSG: own_msgs/Part\nuint8 one\n"
# 3 s and 4 ns, then two parts
CDR = bytes([0, 1, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 7, 8])


def test_messages_are_decoded_by_the_definition_in_the_bag(tmp_path):
    with BagWriter(tmp_path / "bag") as writer:
        for topic in ("/a", "/b"):
            writer.add_topic(topic, OWN, DEFINITION, "RIHS01_" + "0" * 64)
        writer.write("/b", 5, CDR)
        writer.write("/a", 6, CDR)
    with BagReader(tmp_path / "bag") as reader:
        found = list(read_messages(reader, OWN))
        assert list(read_messages(reader, "own_msgs/msg/Other")) == []
    assert [(topic, stamp) for topic, stamp, _ in found] == [("/b", 5), ("/a", 6)]
    message = found[0][2]
    assert stamp_to_ns(message.stamp) == 3_000_000_004
    assert [part.one for part in message.parts] == [7, 8]


def test_bytes_that_do_not_fit_are_named(tmp_path):
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/a", OWN, DEFINITION, "RIHS01_" + "0" * 64)
        writer.write("/a", 5, CDR[:-1])
    with (
        BagReader(tmp_path / "bag") as reader,
        pytest.raises(RecordingError, match=r"'/a' at 5 ns is no own_msgs/msg/Own"),
    ):
        list(read_messages(reader, OWN))


def test_a_bag_that_does_not_tell_its_types_is_named(tmp_path):
    with BagWriter(tmp_path / "bag", "sqlite3") as writer:
        writer.add_topic("/a", OWN, DEFINITION, "RIHS01_" + "0" * 64)
        writer.write("/a", 5, CDR)
    with sqlite3.connect(next((tmp_path / "bag").glob("*.db3"))) as database:
        database.execute("DELETE FROM message_definitions")
    with (
        BagReader(tmp_path / "bag") as reader,
        pytest.raises(RecordingError, match="does not tell what own_msgs/msg/Own is"),
    ):
        list(read_messages(reader, OWN))
