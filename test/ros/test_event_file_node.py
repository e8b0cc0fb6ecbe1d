"""The node that plays recordings of event cameras, over the real middleware."""

from __future__ import annotations

import time

import numpy as np
import pytest
from lifecycle_msgs.msg import Transition

from mobinet.events import Events, encode_evt3, make_decoder
from mobinet.recordings.event_files import raw_header
from mobinet_ros import topics
from mobinet_ros.conversions import stamp_to_ns

SIZE = 64, 48
STEP_NS = 4_000_000
COUNT = 50


@pytest.fixture
def recording(tmp_path):
    """An event every 4 ms for 0.2 s, which its column counts; the camera had been on for 7 s."""
    numbers = np.arange(COUNT)
    events = Events(7 * 10**9 + numbers * STEP_NS, numbers, numbers % 48, numbers % 2 > 0)
    path = tmp_path / "events.raw"
    path.write_bytes(raw_header(*SIZE) + encode_evt3(events))
    return path


def decoded(messages):
    """The robot's time and the column of each event, by what the messages alone say."""
    found = []
    decoder = make_decoder("evt3", *SIZE)
    for message in messages:
        assert (message.encoding, message.width, message.height) == ("evt3", *SIZE)
        events = decoder.decode(message.events, message.time_base)
        offset_ns = stamp_to_ns(message.header.stamp) - decoder.packet_start_ns
        found += list(zip((events.t_ns + offset_ns).tolist(), events.x.tolist(), strict=True))
    return found


@pytest.mark.parametrize("rate", [1.0, 0.5])
def test_events_come_at_their_time_again_and_again(graph, recording, rate):
    start_ns = (int(time.time()) + 3) * 10**9
    options = {"source": recording, "loop": True, "rate": rate, "start_time": start_ns / 1e9}
    packets = graph.collect(topics.EVENTS.type, "/r1/dvs/events", topics.EVENTS.qos)
    graph.start_node("event_file_node", "/r1/dvs", **options)
    assert graph.spin_until(lambda: len(decoded(packets)) > 2 * COUNT), graph.logs()
    assert {message.header.frame_id for message in packets} == {"r1/dvs_optical"}
    # a packet every 5 ms, also without events: its number tells how many were before it, sent or not
    assert [stamp_to_ns(message.header.stamp) for message in packets] == [
        start_ns + 5_000_000 * message.seq for message in packets
    ]
    # 0.2 s have 40 periods less the last event's own: one round begins at the end of the last packet of the one before
    step_ns = round(STEP_NS / rate)
    round_ns = ((COUNT - 1) * step_ns // 5_000_000 + 1) * 5_000_000
    for at_ns, column in decoded(packets):
        rounds, since_ns = divmod(at_ns - start_ns, round_ns)
        assert rounds >= 0
        assert since_ns == column * step_ns


def test_the_lens_is_told_and_the_end_too(graph, recording):
    graph.start_node("event_file_node", "/r1/dvs", source=recording, horizontal_fov_deg=90.0, autostart=False)
    said = graph.said_by("/r1/dvs/event_file_node")
    packets = graph.collect(topics.EVENTS.type, "/r1/dvs/events", topics.EVENTS.qos)
    infos = graph.collect(topics.CAMERA_INFO.type, "/r1/dvs/camera_info")
    assert graph.change_state("/r1/dvs/event_file_node", Transition.TRANSITION_CONFIGURE)
    assert graph.spin_until(lambda: graph.node.count_publishers("/r1/dvs/events") == 1)
    assert graph.change_state("/r1/dvs/event_file_node", Transition.TRANSITION_ACTIVATE)
    assert graph.spin_until(lambda: any("has ended; set loop to repeat it" in text for text in said())), graph.logs()
    assert infos
    assert infos[0].k[0] == pytest.approx(SIZE[0] / 2)
    columns = [column for _, column in decoded(packets)]
    assert columns
    assert columns == sorted(set(columns))
    # activated again it starts again
    packets.clear()
    assert graph.change_state("/r1/dvs/event_file_node", Transition.TRANSITION_DEACTIVATE)
    assert graph.change_state("/r1/dvs/event_file_node", Transition.TRANSITION_ACTIVATE)
    assert graph.spin_until(lambda: len(decoded(packets)) > 1), graph.logs()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "none.raw"}, "'none.raw' does not exist"),
        ({}, "source: expected a file of events"),
        ({"start_offset": 5.0}, "has no events from start_offset 5 s on; lower it"),
        # cut within a word; what was before the damage is played
        ({"cut": True}, "ends within a word, at byte"),
    ],
)
def test_what_is_wrong_is_told(graph, recording, options, message):
    if options.pop("cut", False):
        recording.write_bytes(recording.read_bytes() + b"\x00")
        options = {"loop": True}
    given = {"source": recording} if options and "source" not in options else {}
    process = graph.start_node("event_file_node", "/r1/dvs", **given, **options)
    said = graph.said_by("/r1/dvs/event_file_node")
    assert graph.spin_until(lambda: any(message in text for text in said())), (said(), graph.logs())
    assert process.poll() is None
