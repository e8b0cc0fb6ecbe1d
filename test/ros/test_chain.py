"""The chain of one camera as separate processes: what a user sees with ``ros2 topic echo``."""

from __future__ import annotations

import signal

from mobinet_ros import topics


def stamps(messages):
    return {(m.header.stamp.sec, m.header.stamp.nanosec) for m in messages}


def start_chain(graph, video, **camera):
    graph.start_node("tracker_node", "/r1", cameras="[front]")
    graph.start_node("detector_node", "/r1", cameras="[front]")
    return graph.start_node("camera_node", "/r1/front", source=video, **camera)


def test_video_becomes_tracks(graph, data_dir):
    video = data_dir / "mot/PETS09-S2L1/vtest_480x360_795.avi"
    detector = data_dir / "models/fastestdet/FastestDet.onnx"
    graph.start_node("tracker_node", "/r1", cameras="[front]")
    graph.start_node("detector_node", "/r1", cameras="[front]", model=detector)
    graph.start_node("camera_node", "/r1/front", source=video, rate=7.0)
    tracks = graph.collect(topics.TRACKS.type, "/r1/front/tracks")
    detections = graph.collect(topics.DETECTIONS.type, "/r1/front/detections")

    assert graph.spin_until(lambda: any(len(m.tracks) >= 3 for m in tracks)), graph.logs()
    # tracks are published under the header of their image
    assert graph.spin_until(lambda: bool(stamps(tracks) & stamps(detections)))
    assert tracks[0].header.frame_id == "r1/front_optical"
    ids = [track.detection.id for track in tracks[-1].tracks]
    assert len(set(ids)) == len(ids)


def test_tracker_killed_and_started_again_harms_no_other(graph, data_dir):
    video = data_dir / "mot/PETS09-S2L1/vtest_480x360_795.avi"
    start_chain(graph, video, rate=5.0)
    tracker = graph.processes[0]
    tracks = graph.collect(topics.TRACKS.type, "/r1/front/tracks")
    detections = graph.collect(topics.DETECTIONS.type, "/r1/front/detections")
    assert graph.spin_until(lambda: bool(tracks)), graph.logs()

    tracker.send_signal(signal.SIGKILL)
    tracker.wait()
    seen = len(detections)
    assert graph.spin_until(lambda: len(detections) > seen + 3), "the detector went down with the tracker"

    tracks.clear()
    graph.start_node("tracker_node", "/r1", cameras="[front]")
    assert graph.spin_until(lambda: bool(tracks)), graph.logs()
