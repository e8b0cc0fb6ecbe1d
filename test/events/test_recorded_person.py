"""A recorded person before a still camera is one track."""

from __future__ import annotations

from pathlib import Path

import pytest

from mobinet.events import BackgroundActivityFilter, ClusterDetector, Events, Evt3Decoder, NoiseSettings, Windows
from mobinet.tracking import Tracker
from mobinet.types import Frame, TrackState

from .conftest import packets_of_bag


@pytest.mark.recordings
def test_the_walking_person_is_one_track(data_dir: Path) -> None:
    """2.08 s, of which the person moves from 0.7 s to 1.9 s; screens flicker at both borders all the time."""
    decoder = Evt3Decoder(640, 480)
    packets = packets_of_bag(data_dir / "events/evt3_person_walking_bag/test_events_1.db3")
    events = Events.concatenate([decoder.decode(packet) for packet in packets])
    noise, detector, tracker = (
        BackgroundActivityFilter(640, 480, NoiseSettings().support_s),
        ClusterDetector(640, 480),
        Tracker(),
    )
    begun_ns = int(events.t_ns[0])
    seen: dict[int, list[float]] = {}
    followed: set[int] = set()
    for window, some in Windows(640, 480, detector.window_settings).push(events):
        found = detector.detect(some[noise.keep(some)], window)
        for track in tracker.update(Frame(window.end_ns, "dvs", None), found):
            if track.state is not TrackState.TENTATIVE:
                followed.add(track.track_id)
            if track.detection_index >= 0:
                seen.setdefault(track.track_id, []).append((window.end_ns - begun_ns) * 1e-9)
                x1, y1, x2, y2 = track.box.tolist()
                # it stays in its place, and is cut by the upper border
                assert 280 < x1 < x2 < 430 or track.track_id not in followed
                assert y2 - y1 > 150 or track.track_id not in followed
    assert len(followed) == 1
    times = seen[followed.pop()]
    assert times[0] < 0.9
    assert times[-1] > 1.8
    # not once without a detection in between
    assert len(times) == round((times[-1] - times[0]) / 0.05) + 1
