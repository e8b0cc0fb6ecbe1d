"""The live view in a browser: all cameras, the map, and plots, through Rerun (https://rerun.io)."""

from __future__ import annotations

import importlib
import socket
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np

from mobinet.errors import MissingDependencyError, SettingsError
from mobinet.geometry import Transform
from mobinet.settings import check_settings, setting
from mobinet.types import Float32, Float64, Frame, Identity, Image, Target, TargetState, Track, TrackState
from mobinet.viewing.colours import Rgb, identity_colour, target_colour, track_colour
from mobinet.viewing.overlay import OverlaySettings, label_text, target_text
from mobinet.viewing.rerun_layout import AGE, MAP, RATE, TIMELINE, CameraKey, build_layout
from mobinet.viewing.trails import Trails

GRPC_PORT = 9876
WEB_PORT = 9090
PORT_WAIT_S = 3.0
# readable on the light and the dark theme, and too grey for an identity's
_ROBOT_COLOUR: Rgb = (110, 130, 160)
_TRUTH_COLOUR = (255, 255, 255, 150)
_BELOW_TRACKS = 5.0
"""Rerun draws images at -10, boxes at 10."""
_ABOVE_TRACKS = 15.0
_JUMP_BACK_NS = 1_000_000_000
_DATES_FROM_NS = 10**17
"""Earlier stamps (before 1973) are simulated time, which counts from its own beginning."""
# Rerun serves a page until the process ends: a second view on the same port must not ask again
_pages_served: set[int] = set()


@dataclass(frozen=True)
class RerunSettings:
    """How much the view shows and keeps."""

    jpeg_quality: int = setting(70, "quality of the images in percent", minimum=5, maximum=100)
    max_image_width: int = setting(960, "wider images are scaled down to this many pixels", minimum=64, maximum=8192)
    trail_s: float = setting(10.0, "length of an identity's trail on the map in seconds", minimum=0.1, maximum=600.0)
    plot_s: float = setting(30.0, "seconds that the plots show", minimum=1.0, maximum=3600.0)
    memory_limit_mb: int = setting(256, "history kept for browsers that join late", minimum=16, maximum=65536)
    host: str = setting("localhost", "name under which browsers reach this machine")

    def __post_init__(self) -> None:
        check_settings(self)


class RerunView:
    """What one network sees, sent to any number of browsers.

    Nothing is shown before ``serve``; whatever is logged must carry the stamp of the image it belongs to, in
    nanoseconds. May be called from several threads.

    Args:
        cameras: fixes the layout, in this order.
        settings: sizes and limits.

    Raises:
        MissingDependencyError: rerun-sdk is not installed.
    """

    def __init__(self, cameras: Sequence[CameraKey], settings: RerunSettings | None = None) -> None:
        self._rerun = _import_rerun()
        self._settings = settings or RerunSettings()
        self._cameras = tuple(CameraKey(*key) for key in cameras)
        self._scales: dict[CameraKey, float] = {}
        self._sizes: dict[CameraKey, tuple[int, int]] = {}
        self._trails: Trails[str] = Trails(self._settings.trail_s)
        self._lock = threading.RLock()
        self._newest_ns: dict[str, int] = {}
        self._server = ""
        self._recordings = [self._new_recording()]

    def serve(self, port: int = GRPC_PORT, web_port: int = WEB_PORT, open_browser: bool = False) -> str:
        """Starts the servers and returns the address to open in a browser.

        Args:
            port: TCP port of the data.
            web_port: TCP port of the page.
            open_browser: also open the page on this machine.

        Raises:
            SettingsError: a port is taken.
        """
        host = self._settings.host
        _check_free(port)
        if web_port not in _pages_served:
            _check_free(web_port)
        self._recordings[0].serve_grpc(
            grpc_port=port,
            default_blueprint=self._layout(),
            server_memory_limit=f"{self._settings.memory_limit_mb}MB",
            newest_first=True,  # a browser that joins late shows now at once, and gets the past after it
            cors_allow_origin=[f"http://{host}:{web_port}"],
        )
        self._log_static(self._recordings[0])
        if web_port not in _pages_served:
            self._rerun.serve_web_viewer(web_port=web_port, open_browser=False)
            _pages_served.add(web_port)
        self._server = f"rerun+http://127.0.0.1:{port}/proxy"
        data = f"rerun+http://{host}:{port}/proxy"
        url = f"http://{host}:{web_port}/?url={quote(data, safe='')}"
        if open_browser:
            importlib.import_module("webbrowser").open(url)
        return url

    def close(self) -> None:
        """Sends what is left and stops serving data."""
        for recording in reversed(self._recordings):
            recording.flush()
            recording.disconnect()

    def log_image(self, robot: str, camera: str, stamp_ns: int, image: Image) -> None:
        """Shows an image, ``(H, W, 3)`` BGR or ``(H, W)`` grey uint8, as JPEG.

        Raises:
            InputError: the image's shape or type is wrong.
        """
        key = CameraKey(robot, camera)
        image = Frame(stamp_ns, str(key), image).require_image()
        scale = min(1.0, self._settings.max_image_width / image.shape[1])
        if scale < 1.0:
            image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self._scales[key], self._sizes[key] = scale, (image.shape[1], image.shape[0])
        _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._settings.jpeg_quality])
        self._log(key.path, stamp_ns, self._rerun.EncodedImage(contents=jpeg.tobytes(), media_type="image/jpeg"))

    def log_compressed(self, robot: str, camera: str, stamp_ns: int, data: bytes) -> None:
        """Shows an image that is JPEG or PNG already, as it is."""
        key = CameraKey(robot, camera)
        self._scales[key] = 1.0
        self._log(key.path, stamp_ns, self._rerun.EncodedImage(contents=data))

    def log_tracks(
        self,
        robot: str,
        camera: str,
        stamp_ns: int,
        tracks: Sequence[Track],
        identity_names: Mapping[int, str] | None = None,
    ) -> None:
        """Shows the boxes of one camera's tracks; ``identity_names`` gives identity ids by track id."""
        key = CameraKey(robot, camera)
        names = identity_names or {}
        known = [track for track in tracks if track.state != TrackState.TENTATIVE]
        boxes = self._shown_boxes(key, np.array([track.box for track in known], np.float32))
        inside = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        shown, boxes = [track for track, is_in in zip(known, inside, strict=True) if is_in], boxes[inside]
        colours = [_colour(track.track_id, names) for track in shown]
        labels = [label_text(track, names.get(track.track_id), OverlaySettings()) for track in shown]
        # a coasting box is only a prediction: drawn thinner
        radii = [0.75 if track.state == TrackState.COASTING else 1.5 for track in shown]
        entity = self._rerun.Boxes2D(
            array=boxes,
            array_format=self._rerun.Box2DFormat.XYXY,
            labels=labels,
            colors=colours,
            radii=radii,
            show_labels=True,
        )
        self._log(f"{key.path}/tracks", stamp_ns, entity)

    def log_truth(self, robot: str, camera: str, stamp_ns: int, boxes: Float32) -> None:
        """Shows where objects really are in an image: ``(N, 4)`` xyxy in pixels, thin and white below the tracks."""
        key = CameraKey(robot, camera)
        entity = self._rerun.Boxes2D(
            array=self._shown_boxes(key, boxes),
            array_format=self._rerun.Box2DFormat.XYXY,
            colors=[_TRUTH_COLOUR],
            radii=0.5,
            draw_order=_BELOW_TRACKS,
        )
        self._log(f"{key.path}/truth", stamp_ns, entity)

    def log_target(self, robot: str, camera: str, stamp_ns: int, target: Target, name: str = "") -> None:
        """Shows the object that a camera was told to follow, in the colour of its state; LOST as a frame of the image.

        Args:
            name: what was asked for.
        """
        key = CameraKey(robot, camera)
        boxes: Float32 = np.zeros((0, 4), np.float32)
        if target.box is not None:
            boxes = self._shown_boxes(key, target.box[None].astype(np.float32))
        elif target.state == TargetState.LOST and key in self._sizes:
            boxes = np.array([[0, 0, *self._sizes[key]]], np.float32)
        colours = [target_colour(target.state)] * len(boxes)
        corners = self._rerun.Boxes2D(
            array=boxes,
            array_format=self._rerun.Box2DFormat.XYXY,
            colors=colours,
            radii=3.0,
            draw_order=_ABOVE_TRACKS,
        )
        self._log(f"{key.path}/target", stamp_ns, corners)
        # a label stands below its point: above the box, for the track has its own label below it
        height = self._sizes.get(key, (0, 0))[1]
        places = np.column_stack([boxes[:, [0, 2]].mean(axis=1), np.maximum(boxes[:, 1] - 0.15 * height, 0)])
        texts = [target_text(target, name)] * len(boxes)
        label = self._rerun.Points2D(places, labels=texts, colors=colours, radii=0.1, show_labels=True)
        self._log(f"{key.path}/target/label", stamp_ns, label)

    def log_true_positions(self, stamp_ns: int, positions: Sequence[Float64]) -> None:
        """Shows where objects really are on the map, each ``(3,)`` metres, as small white points."""
        points = self._rerun.Points3D(_rows(positions), colors=[_TRUTH_COLOUR], radii=0.1)
        self._log(f"{MAP}/truth", stamp_ns, points)

    def log_identities(self, stamp_ns: int, identities: Sequence[Identity]) -> None:
        """Shows identities and their trails on the map, small and unnamed those that no track shows now.

        Give what all robots agree on, see ``merge_identities``.
        """
        self._trails.update(stamp_ns, {one.identity_id: one.position for one in identities})
        seen = [one for one in identities if one.tracks]
        remembered = [one for one in identities if not one.tracks]
        self._log(f"{MAP}/identities", stamp_ns, self._points(seen, radius=0.25, named=True))
        self._log(f"{MAP}/remembered", stamp_ns, self._points(remembered, radius=0.12, named=False))
        keys = [key for key in self._trails.living() if len(self._trails.points(key)) > 1]
        strips = self._rerun.LineStrips3D(
            [self._trails.points(key) for key in keys], colors=[identity_colour(key) for key in keys], radii=0.04
        )
        self._log(f"{MAP}/trails", stamp_ns, strips)

    def log_robot(self, robot: str, stamp_ns: int, robot2map: Transform) -> None:
        """Shows where a robot is and, by an arrow of one metre, where it points (its x axis)."""
        arrow = self._rerun.Arrows3D(
            origins=[robot2map.translation],
            vectors=[robot2map.rotation[:, 0]],
            labels=[robot],
            colors=[_ROBOT_COLOUR],
            radii=0.08,
        )
        self._log(f"{MAP}/robots/{robot}", stamp_ns, arrow)

    def log_metrics(self, robot: str, camera: str, stamp_ns: int, rate_hz: float, age_ms: float) -> None:
        """Adds a point to a camera's plots: rate of its tracks, and their age on arrival."""
        self._log(f"{RATE}/{CameraKey(robot, camera)}", stamp_ns, self._rerun.Scalars([rate_hz]))
        self._log(f"{AGE}/{CameraKey(robot, camera)}", stamp_ns, self._rerun.Scalars([age_ms]))

    def _shown_boxes(self, key: CameraKey, boxes: Float32) -> Float32:
        """``(N, 4)`` in pixels of the image that is shown, cut at its border: the panel would shrink to show all."""
        scaled = np.asarray(boxes, np.float32).reshape(-1, 4) * np.float32(self._scales.get(key, 1.0))
        if key in self._sizes:
            width, height = self._sizes[key]
            scaled = np.clip(scaled, 0, np.array([width, height, width, height], np.float32))
        return scaled

    def _points(self, identities: Sequence[Identity], radius: float, named: bool) -> Any:
        return self._rerun.Points3D(
            _rows([one.position for one in identities]),
            labels=[one.identity_id for one in identities] if named else None,
            colors=[identity_colour(one.identity_id) for one in identities],
            radii=radius,
            show_labels=named,
        )

    def _log(self, path: str, stamp_ns: int, entity: Any) -> None:
        with self._lock:
            if stamp_ns < self._newest_ns.get(path, 0) - _JUMP_BACK_NS and self._server:
                self._restart()
            self._newest_ns[path] = max(stamp_ns, self._newest_ns.get(path, 0))
            recording = self._recordings[-1]
            # the time is kept by thread: every call must set it
            if stamp_ns < _DATES_FROM_NS:
                recording.set_time(TIMELINE, duration=np.timedelta64(stamp_ns, "ns"))
            else:
                recording.set_time(TIMELINE, timestamp=np.datetime64(stamp_ns, "ns"))
            recording.log(path, entity)

    def _restart(self) -> None:
        """A replay began anew: a fresh recording, or browsers would stay at the newest time of the old one."""
        for recording in self._recordings[1:]:
            recording.flush()
            recording.disconnect()
        # the first one owns the server and must live as long as it
        self._recordings = [self._recordings[0], self._new_recording()]
        self._recordings[1].connect_grpc(self._server, default_blueprint=self._layout())
        self._log_static(self._recordings[1])
        self._newest_ns.clear()
        self._trails.reset()

    def _new_recording(self) -> Any:
        # without an id of its own, every recording of a process is one and the same
        return self._rerun.RecordingStream("mobinet", recording_id=uuid.uuid4())

    def _log_static(self, recording: Any) -> None:
        """What holds at all times. After the server is there: some releases hang when data waits for it."""
        recording.log(MAP, self._rerun.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
        for key in self._cameras:
            line = self._rerun.SeriesLines(names=[str(key)], colors=[identity_colour(str(key))])
            for plot in (RATE, AGE):
                recording.log(f"{plot}/{key}", line, static=True)

    def _layout(self) -> Any:
        return build_layout(importlib.import_module("rerun.blueprint"), self._cameras, self._settings.plot_s)


def merge_identities(by_robot: Mapping[str, Sequence[Identity]]) -> list[Identity]:
    """One list from what several robots say: of equal ids the one seen last, ordered by id."""
    newest: dict[str, Identity] = {}
    for identities in by_robot.values():
        for one in identities:
            known = newest.get(one.identity_id)
            if known is None or one.last_seen_ns > known.last_seen_ns:
                newest[one.identity_id] = one
    return [newest[key] for key in sorted(newest)]


def _check_free(port: int) -> None:
    """Rerun itself only logs that a port is taken, and then serves nothing. A view just closed frees its port late."""
    deadline = time.monotonic() + PORT_WAIT_S
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise SettingsError(
                        f"the view cannot use port {port}: {error.strerror}; choose another one"
                    ) from None
        time.sleep(0.1)


def _colour(track_id: int, names: Mapping[int, str]) -> Rgb:
    return identity_colour(names[track_id]) if track_id in names else track_colour(track_id)


def _rows(positions: Sequence[Float64]) -> Float64:
    return np.array(positions, np.float64).reshape(-1, 3)


def _import_rerun() -> ModuleType:
    try:
        return importlib.import_module("rerun")
    except ImportError:
        raise MissingDependencyError("rerun-sdk", "the live view") from None
