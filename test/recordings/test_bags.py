from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from mobinet.errors import RecordingError
from mobinet.recordings.bags import BagMessage, BagReader, BagTopic, BagWriter, TopicQos

STORAGES = ("mcap", "sqlite3")
STRING = "std_msgs/msg/String"
OWN_DEFINITION = "uint8 one\nstd_msgs/Header header\n" + "=" * 80 + "\nMSG: std_msgs/Header\nstring frame_id\n"
OWN_HASH = "RIHS01_" + "0123456789abcdef" * 4
BEST_EFFORT = TopicQos("best_effort", "transient_local", "keep_last", 7, 1_500_000_000, 2, "automatic", 3_000_000_001)


def write_bag(path: Path, storage: str, count: int = 50, size: int = 20) -> list[BagMessage]:
    """Two topics in turn, stamps 1 ms apart from 1 s; the payload tells the number."""
    messages = []
    with BagWriter(path, storage) as writer:
        writer.add_topic("/a/text", STRING)
        writer.add_topic("/own", "own_msgs/msg/Own", OWN_DEFINITION, OWN_HASH, [BEST_EFFORT, TopicQos()])
        for index in range(count):
            topic, kind = ("/a/text", STRING) if index % 2 == 0 else ("/own", "own_msgs/msg/Own")
            cdr = b"\x00\x01\x00\x00" + index.to_bytes(4, "little") * (size // 4)
            messages.append(BagMessage(topic, kind, 1_000_000_000 + index * 1_000_000, cdr))
            writer.write(topic, messages[-1].stamp_ns, cdr)
    return messages


def storage_file(bag: Path) -> Path:
    return next(file for file in bag.iterdir() if file.suffix in (".mcap", ".db3"))


def read_all_that_comes(reader: BagReader) -> tuple[list[BagMessage], str]:
    """Messages before the error, and the error."""
    seen: list[BagMessage] = []
    try:
        for message in reader.messages():
            seen.append(message)
    except RecordingError as error:
        return seen, str(error)
    return seen, ""


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("as_file", [False, True], ids=["folder", "file"])
def test_round_trip(tmp_path: Path, storage: str, as_file: bool) -> None:
    bag = tmp_path / "bag"
    messages = write_bag(bag, storage)
    with BagReader(storage_file(bag) if as_file else bag) as reader:
        assert list(reader.messages()) == messages
        assert (reader.message_count, reader.start_ns, reader.duration_ns) == (50, 1_000_000_000, 49_000_000)
        assert (reader.damage, reader.warning) == ("", "")
        own = reader.topics["/own"]
    assert (own.type_name, own.count, own.qos, own.definition) == (
        "own_msgs/msg/Own", 25, (BEST_EFFORT, TopicQos()), OWN_DEFINITION,
    )  # fmt: skip
    # a single mcap has no place for the hash
    assert own.type_hash == ("" if as_file and storage == "mcap" else OWN_HASH)


def test_metadata_has_the_fields_of_rosbag2(tmp_path: Path) -> None:
    write_bag(tmp_path / "bag", "mcap")
    info = yaml.safe_load((tmp_path / "bag/metadata.yaml").read_text())["rosbag2_bagfile_information"]
    # the fields and the version of rosbag2 0.26 (Jazzy) and later
    assert set(info) == {
        "version", "storage_identifier", "duration", "starting_time", "message_count", "topics_with_message_count",
        "compression_format", "compression_mode", "relative_file_paths", "files", "custom_data", "ros_distro",
    }  # fmt: skip
    assert (info["version"], info["storage_identifier"], info["relative_file_paths"]) == (9, "mcap", ["bag.mcap"])
    own = info["topics_with_message_count"][1]["topic_metadata"]
    assert own["type_description_hash"] == OWN_HASH
    assert own["offered_qos_profiles"][0]["reliability"] == "best_effort"
    assert own["offered_qos_profiles"][1]["lifespan"] == {"sec": 9223372036, "nsec": 854775807}


@pytest.mark.parametrize("storage", STORAGES)
def test_topics_and_times_are_chosen(tmp_path: Path, storage: str) -> None:
    messages = write_bag(tmp_path / "bag", storage)
    with BagReader(tmp_path / "bag") as reader:
        assert list(reader.messages(["/own"])) == messages[1::2]
        assert list(reader.messages(start_ns=messages[10].stamp_ns, stop_ns=messages[20].stamp_ns)) == messages[10:20]
        assert list(reader.messages([])) == []
        with pytest.raises(RecordingError, match=r"no topic '/absent'; it has /a/text, /own"):
            reader.messages(["/absent"])


@pytest.mark.parametrize("storage", STORAGES)
def test_bag_without_messages(tmp_path: Path, storage: str) -> None:
    write_bag(tmp_path / "bag", storage, count=0)
    with BagReader(tmp_path / "bag") as reader:
        assert list(reader.messages()) == []
        assert (reader.message_count, reader.duration_ns, set(reader.topics)) == (0, 0, {"/a/text", "/own"})


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_truncated_bag_delivers_its_head_and_names_the_cure(tmp_path: Path, storage: str, keep: float) -> None:
    messages = write_bag(tmp_path / "bag", storage, count=2000, size=4000)
    file = storage_file(tmp_path / "bag")
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * keep)])
    with BagReader(tmp_path / "bag") as reader:
        seen, error = read_all_that_comes(reader)
        assert reader.message_count == len(seen)
    assert seen == messages[: len(seen)]
    assert (keep - 0.2) * 2000 < len(seen) < 2000  # at most the megabyte that the cut is in is lost
    cure = "mcap recover" if storage == "mcap" else "sqlite3 IN.db3 .recover"
    assert f"{len(seen)} messages before the damage can be read" in error
    assert cure in error


@pytest.mark.parametrize("storage", STORAGES)
def test_topics_of_a_truncated_bag_keep_their_qos(tmp_path: Path, storage: str) -> None:
    write_bag(tmp_path / "bag", storage, count=2000, size=4000)
    file = storage_file(tmp_path / "bag")
    file.write_bytes(file.read_bytes()[:4_000_000])
    with BagReader(file) as reader:
        assert reader.topics["/own"].qos == (BEST_EFFORT, TopicQos())
        assert reader.topics["/own"].type_name == "own_msgs/msg/Own"


@pytest.mark.parametrize("storage", STORAGES)
def test_missing_metadata_is_a_warning(tmp_path: Path, storage: str) -> None:
    messages = write_bag(tmp_path / "bag", storage)
    (tmp_path / "bag/metadata.yaml").unlink()
    with BagReader(tmp_path / "bag") as reader:
        assert list(reader.messages()) == messages
        assert "ros2 bag reindex" in reader.warning


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mcap", b"", r"empty \(0 bytes\)"),
        ("a.db3", b"", r"empty \(0 bytes\)"),
        ("a.mcap", b"no bag at all" * 9, r"no message of it can be read: copy or record it again"),
        ("a.db3", b"no bag at all" * 9, r"no message of it can be read: copy or record it again"),
        ("a.txt", b"x", r"is no bag; expected a rosbag2 folder"),
    ],
)
def test_what_is_no_bag(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordingError, match=message):
        BagReader(tmp_path / name)


def test_absent_bag_and_folder_without_files(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="does not exist"):
        BagReader(tmp_path / "absent")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RecordingError, match="no \\.mcap or \\.db3 file is in it"):
        BagReader(tmp_path / "folder")


def test_damage_in_the_middle_is_named(tmp_path: Path) -> None:
    messages = write_bag(tmp_path / "bag", "mcap", count=2000, size=4000)
    file = storage_file(tmp_path / "bag")
    data = bytearray(file.read_bytes())
    # the length of the compressed chunk, and what follows
    middle = data.index(b"\x06", len(data) // 2)
    data[middle : middle + 400_000] = b"\xff" * 400_000
    file.write_bytes(data)
    with BagReader(tmp_path / "bag") as reader:
        seen, error = read_all_that_comes(reader)
    assert seen == messages[: len(seen)]
    assert 0 < len(seen) < 2000
    assert "damaged in its middle" in error


@pytest.mark.parametrize("mode", ["file", "message"])
def test_compressed_bags_are_read(tmp_path: Path, mode: str) -> None:
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    writer = Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.SQLITE3)
    writer.set_compression(CompressionMode[mode.upper()], CompressionFormat.ZSTD)
    with writer:
        connection = writer.add_connection("/t", STRING, typestore=get_typestore(Stores.LATEST))
        writer.write(connection, 5, b"\x00\x01\x00\x00abcd")
    with BagReader(tmp_path / "bag") as reader:
        assert list(reader.messages()) == [BagMessage("/t", STRING, 5, b"\x00\x01\x00\x00abcd")]


def test_bag_of_several_files_of_which_the_last_is_truncated(tmp_path: Path) -> None:
    first = write_bag(tmp_path / "one", "mcap", count=10)
    second = write_bag(tmp_path / "two", "mcap", count=2000, size=4000)
    bag = tmp_path / "bag"
    bag.mkdir()
    shutil.copy(storage_file(tmp_path / "one"), bag / "bag_0.mcap")
    (bag / "bag_1.mcap").write_bytes(storage_file(tmp_path / "two").read_bytes()[:4_000_000])
    with BagReader(bag) as reader:
        seen, error = read_all_that_comes(reader)
    assert seen[:10] == first
    assert seen[10:] == second[: len(seen) - 10]
    assert len(seen) > 500
    assert "mcap recover" in error


@pytest.mark.parametrize("storage", STORAGES)
def test_a_half_written_bag_never_looks_whole(tmp_path: Path, storage: str) -> None:
    bag = tmp_path / "bag"
    writer = BagWriter(bag, storage)
    writer.add_topic("/t", STRING)
    writer.write("/t", 1, b"\x00\x01\x00\x00abcd")
    with pytest.raises(KeyboardInterrupt), writer:
        raise KeyboardInterrupt
    assert not bag.exists()
    assert not list(tmp_path.rglob("metadata.yaml"))
    with pytest.raises(RecordingError, match="was left by a recording that was cut off"):
        BagWriter(bag, storage)


@pytest.mark.parametrize("storage", STORAGES)
def test_a_killed_recorder_leaves_what_can_be_read(tmp_path: Path, storage: str) -> None:
    # 3 MB, so that more than what is buffered was written
    script = f"""
import os, time
from mobinet.recordings import bag_writer
writer = bag_writer.BagWriter({str(tmp_path / "bag")!r}, {storage!r})
writer.add_topic("/t", {STRING!r})
for index in range(3000):
    # once, and not by the clock, which a busy machine would stretch
    bag_writer.COMMIT_PERIOD_S = 0.0 if index == 2000 else 1e9
    writer.write("/t", index, bytes(1000))
os._exit(9)
"""
    subprocess.run([sys.executable, "-c", script], check=False)
    with BagReader(tmp_path / "bag.partial/bag") as reader:
        seen, _ = read_all_that_comes(reader)
    assert [message.stamp_ns for message in seen] == list(range(len(seen)))
    assert len(seen) > 1500


def limit_file_size(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize(
    ("storage", "disk", "least"),
    # sqlite3 commits each message here and so keeps nearly all; mcap keeps whole chunks of a megabyte
    [("mcap", 2_500_000, 1500), ("sqlite3", 200_000, 100)],
)
def test_full_disk_is_one_clear_error(tmp_path: Path, storage: str, disk: int, least: int) -> None:
    # a limit on the size of files stands for the full disk: it too fails where bytes are written
    script = f"""
from mobinet.errors import RecordingError
from mobinet.recordings import bag_writer
bag_writer.COMMIT_PERIOD_S = 0.0
try:
    with bag_writer.BagWriter({str(tmp_path / "bag")!r}, {storage!r}) as writer:
        writer.add_topic("/t", {STRING!r})
        for index in range(5000):
            writer.write("/t", index, bytes(1000))
except RecordingError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        preexec_fn=lambda: limit_file_size(disk),
        check=True,
    )
    assert "cannot be written" in done.stdout
    assert "make room on the disk or record elsewhere" in done.stdout
    assert not (tmp_path / "bag").exists()
    with BagReader(tmp_path / "bag.partial/bag") as reader:
        assert reader.message_count > least


def edit_metadata(bag: Path, old: str, new: str) -> None:
    text = (bag / "metadata.yaml").read_text()
    assert old in text
    (bag / "metadata.yaml").write_text(text.replace(old, new))


@pytest.mark.parametrize("storage", STORAGES)
def test_messages_are_read_where_metadata_and_file_differ_in_qos(tmp_path: Path, storage: str) -> None:
    # so are the bags of `ros2 bag convert` and `reindex`; rosbags alone reads no message of them, and says nothing
    messages = write_bag(tmp_path / "bag", storage)
    edit_metadata(tmp_path / "bag", "depth: 7", "depth: 0")
    with BagReader(tmp_path / "bag") as reader:
        assert list(reader.messages()) == messages


def test_metadata_that_promises_more_is_damage(tmp_path: Path) -> None:
    messages = write_bag(tmp_path / "bag", "mcap")
    edit_metadata(tmp_path / "bag", "message_count: 25", "message_count: 35")
    with BagReader(tmp_path / "bag") as reader:
        seen, error = read_all_that_comes(reader)
    assert seen == messages
    assert "holds 50 of the 70 messages" in error


def test_metadata_that_names_an_absent_file(tmp_path: Path) -> None:
    messages = write_bag(tmp_path / "bag", "mcap")
    edit_metadata(tmp_path / "bag", "- bag.mcap", "- bag.mcap\n  - bag_1.mcap")
    with BagReader(tmp_path / "bag") as reader:
        assert list(reader.messages()) == messages
        assert "missing" in reader.warning
        assert "bag_1.mcap" in reader.warning


def test_other_serialisation_is_refused(tmp_path: Path) -> None:
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        store = get_typestore(Stores.LATEST)
        connection = writer.add_connection("/t", STRING, typestore=store, serialization_format="protobuf")
        writer.write(connection, 5, b"x")
    with pytest.raises(RecordingError, match="'/t' is serialised as 'protobuf', expected cdr"):
        BagReader(tmp_path / "bag")


def test_writer_refuses_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(RecordingError, match="never overwritten"):
        BagWriter(tmp_path / "there")
    with pytest.raises(RecordingError, match="expected mcap or sqlite3"):
        BagWriter(tmp_path / "bag", "text")
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/t", STRING)
        with pytest.raises(RecordingError, match="add it once"):
            writer.add_topic("/t", STRING)
        with pytest.raises(RecordingError, match="call add_topic"):
            writer.write("/u", 1, b"")
        with pytest.raises(RecordingError, match="expected a stamp of 0 ns or later"):
            writer.write("/t", -1, b"")
        with pytest.raises(RecordingError, match="give its definition to add_topic"):
            writer.add_topic("/u", "own_msgs/msg/Own")


def test_standard_definitions_are_written_without_being_given(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/image", "sensor_msgs/msg/Image")
    with BagReader(tmp_path / "bag") as reader:
        topic = reader.topics["/image"]
    # the hash that ROS 2 publishes for this message
    assert topic.type_hash == "RIHS01_d31d41a9a4c4bc8eae9be757b0beed306564f7526c88ea6a4588fb9582527d47"
    assert "MSG: std_msgs/Header" in topic.definition


def test_hash_is_made_from_the_definition(tmp_path: Path) -> None:
    definition = "std_msgs/Header header\nfloat32[] values\n"
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/image", "own_msgs/msg/Values", definition)
        with pytest.raises(RecordingError, match="definition of 'own_msgs/msg/Bad' cannot be read"):
            writer.add_topic("/bad", "own_msgs/msg/Bad", "this is no definition ! 5")
    with BagReader(tmp_path / "bag") as reader:
        assert reader.topics["/image"].type_hash.startswith("RIHS01_")
        assert definition in reader.topics["/image"].definition


def test_old_sqlite_bags_without_hash_column_are_salvaged(tmp_path: Path) -> None:
    file = tmp_path / "old.db3"
    with sqlite3.connect(file) as database:
        database.executescript(
            "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT);"
            "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB);"
        )
        database.execute("INSERT INTO topics VALUES (1, '/t', ?, 'cdr')", (STRING,))
        database.executemany("INSERT INTO messages VALUES (?, 1, ?, ?)", [(i, i, bytes(1000)) for i in range(1, 2001)])
    database.close()
    file.write_bytes(file.read_bytes()[:1_000_000])
    with BagReader(file) as reader:
        assert 500 < reader.message_count < 2000
        assert reader.topics["/t"] == BagTopic("/t", STRING, reader.message_count)


@pytest.mark.recordings
def test_real_recording(data_dir: Path) -> None:
    with BagReader(data_dir / "events/evt3_person_walking_bag") as reader:
        messages = list(reader.messages())
        topic = reader.topics["/event_camera/events"]
        assert (reader.message_count, reader.duration_ns) == (517, 2_076_072_832)
    assert topic.type_name == "event_camera_msgs/msg/EventPacket"
    assert topic.type_hash.startswith("RIHS01_d6fa1762")
    assert len(messages) == 517
    assert all(first.stamp_ns <= second.stamp_ns for first, second in pairwise(messages))
