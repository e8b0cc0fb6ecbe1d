"""Puts what a robot's cameras see on the map, tells the other robots, and agrees with them on who is who."""

from __future__ import annotations

import sys
from array import array
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from sensor_msgs.msg import CameraInfo

from mobinet.camera import CameraModel
from mobinet.cooperation import (
    CameraPose,
    CameraView,
    GroundSettings,
    IdentityMap,
    IdentitySettings,
    make_sightings,
)
from mobinet.cooperation.peers import EnvelopeWriter, PeerEnvelope, PeerGuard, PeerSettings, Refusal
from mobinet.cooperation.wire import decode_sightings, encode_sightings
from mobinet.errors import SettingsError, TransformError
from mobinet.settings import check_settings, setting
from mobinet.transforms import TransformBuffer
from mobinet.types import Appearance, Sighting, TrackKey
from mobinet_ros import topics
from mobinet_ros.conversions import (
    camera_info_to_model,
    identities_to_msg,
    make_header,
    msg_to_appearances,
    msg_to_tracks,
    sightings_to_msg,
    stamp_to_ns,
)
from mobinet_ros.image_hub import ImageHub
from mobinet_ros.lifecycle import CamerasSettings, StageNode
from mobinet_ros.msg import AppearanceArray, Envelope, TrackArray
from mobinet_ros.process import run
from mobinet_ros.stamp_order import Order, StampOrder
from mobinet_ros.tf_listener import listen_to_tf

CAMERA_INFOS_KEPT = 60
TRACKS_KEPT = 60
CAMERA_INFO_GRACE_NS = 2_000_000_000


@dataclass(frozen=True)
class CooperationSettings:
    """What the node has beside the map's and the ground's settings."""

    robot: str = setting("", "name of this robot, unique in the fleet; empty: the last part of the namespace")
    map_frame: str = setting("map", "the frame that all robots share")
    peers_topic: str = setting(
        topics.PEERS.name, "where robots talk to each other; the same on all, but for simulated radios"
    )
    evidence_rate: float = setting(5.0, "how often a track is told to the others, Hz", minimum=0.1, maximum=100.0)
    appearance_rate: float = setting(
        1.0, "how often the looks of a track are told to the others, Hz", minimum=0.01, maximum=100.0
    )
    identities_rate: float = setting(5.0, "how often identities are published, Hz", minimum=0.1, maximum=100.0)
    tf_wait: float = setting(0.3, "how long tracks wait for the transform at their stamp, s", minimum=0.0, maximum=10.0)

    def __post_init__(self) -> None:
        check_settings(self)


class CooperationNode(StageNode):
    """First version: sightings of all robots in, identities out; the map is a function of the sightings alone.

    Every robot adds to its map exactly what it tells the others, in the precision in which it tells it.
    """

    def __init__(self, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__("cooperation_node", cli_args, hub)
        self._cameras = self.parameters.declare(CamerasSettings)
        self._settings = self.parameters.declare(CooperationSettings)
        self._ground = self.parameters.declare(GroundSettings)
        self._map_settings = self.parameters.declare(IdentitySettings)
        self._robot = self._settings.robot or self.robot
        if not self._robot:
            raise SettingsError("robot: this robot needs a name; set the parameter or run the node in a namespace")
        self._peer_settings = self.parameters.declare(PeerSettings)
        self._writer = EnvelopeWriter(self._robot)
        self._forget_all()

    def _forget_all(self) -> None:
        self._map = IdentityMap(self._map_settings)
        self._guard = PeerGuard(self._robot, self._writer.boot_id, self._peer_settings)
        self._transforms = TransformBuffer()
        self._models: dict[str, OrderedDict[int, CameraModel]] = {}
        self._appearances: dict[str, dict[int, Appearance]] = {}
        self._embedding_model: dict[str, str] = {}
        self._waiting: deque[tuple[str, TrackArray]] = deque(maxlen=TRACKS_KEPT)
        self._told_ns: OrderedDict[TrackKey, int] = OrderedDict()
        self._described_ns: dict[TrackKey, int] = {}
        self._order = StampOrder()

    def configure(self) -> None:
        self._forget_all()
        self._sightings = self.advertise(topics.SIGHTINGS)
        self._identities = self.advertise(topics.IDENTITIES)
        self._peers = self.advertise(topics.PEERS, self._settings.peers_topic)
        self.listen(topics.PEERS, self._on_envelope, self._settings.peers_topic, optional=True)
        listen_to_tf(self, self._transforms)
        for camera in self._cameras.names():
            self._listen_to(camera)

    def _listen_to(self, camera: str) -> None:
        self._models[camera] = OrderedDict()
        self._appearances[camera] = {}
        for topic, callback, optional in (
            (topics.CAMERA_INFO_IN, self._on_camera_info, False),
            (topics.APPEARANCES, self._on_appearances, True),
            (topics.TRACKS, self._on_tracks, False),
        ):
            self.listen(topic, partial(callback, camera), topics.camera_topic(camera, topic), optional)

    def activate(self) -> None:
        self._active_since_ns = self.now_ns
        self._periodic = [
            self.every(1.0 / self._settings.identities_rate, self._publish_identities),
            self.every(max(self._settings.tf_wait / 3, 0.02), self._work_off),
        ]

    def deactivate(self) -> None:
        for timer in self._periodic:
            self.destroy_timer(timer)

    def reconfigure(self, settings: object) -> None:
        if isinstance(settings, GroundSettings):
            self._ground = settings

    # what comes from this robot's cameras

    def _on_camera_info(self, camera: str, msg: CameraInfo) -> None:
        models = self._models[camera]
        models[stamp_to_ns(msg.header.stamp)] = camera_info_to_model(msg)
        while len(models) > CAMERA_INFOS_KEPT:
            models.popitem(last=False)

    def _on_appearances(self, camera: str, msg: AppearanceArray) -> None:
        self._embedding_model[camera] = msg.model
        self._appearances[camera].update({a.track_id: a for a in msg_to_appearances(msg)})

    def _on_tracks(self, camera: str, msg: TrackArray) -> None:
        self._forget_after_jump(camera, stamp_to_ns(msg.header.stamp))
        self._waiting.append((camera, msg))
        self._work_off()

    def _forget_after_jump(self, camera: str, stamp_ns: int) -> None:
        """A replay that starts again: what is known of later times would refuse everything as late."""
        if self._order.judge(camera, stamp_ns) is not Order.JUMPED_BACK:
            return
        self.report("back", f"{camera or 'camera'}: stamps jumped back: the map starts anew")
        self._order.forget()
        self._order.judge(camera, stamp_ns)
        self._map.reset()
        self._guard.reset()
        self._transforms.clear()
        self._waiting.clear()
        self._told_ns.clear()
        self._described_ns.clear()

    def _work_off(self) -> None:
        """Takes the waiting tracks in their order, as far as their transforms have come."""
        while self.active and self._waiting:
            camera, msg = self._waiting[0]
            try:
                pose = self._transforms.lookup(
                    self._settings.map_frame, msg.header.frame_id, stamp_to_ns(msg.header.stamp)
                )
            except TransformError as error:
                if self.now_ns - stamp_to_ns(msg.header.stamp) < self._settings.tf_wait * 1e9:
                    return
                self.health.count("tracks_without_transform")
                self.report("tf", str(error))
                self._waiting.popleft()
                continue
            self._waiting.popleft()
            self.guarded(self._see, camera, msg, CameraPose(pose))

    def _see(self, camera: str, msg: TrackArray, pose: CameraPose) -> None:
        stamp_ns = stamp_to_ns(msg.header.stamp)
        model = self._model_at(camera, stamp_ns)
        if model is None:
            self.health.count("tracks_without_camera_info")
            if self.now_ns - self._active_since_ns > CAMERA_INFO_GRACE_NS:
                self.report("camera_info", f"{camera or 'camera'}: no camera_info; does the camera publish it?")
            return
        tracks = msg_to_tracks(msg)
        alive = {track.track_id for track in tracks}
        known = {i: a for i, a in self._appearances[camera].items() if i in alive}
        self._appearances[camera] = known
        view = CameraView(self._robot, camera, stamp_ns, model, pose)
        sighted = make_sightings(view, tracks, known, self._embedding_model.get(camera, ""), self._ground)
        for reason, number in sighted.left_out.items():
            self.health.count(f"not_on_the_ground_{reason}", number)
        header = make_header(stamp_ns, self._settings.map_frame)
        self.send(self._sightings, sightings_to_msg(sighted.sightings, header))
        self._tell(self._due(sighted.sightings))

    def _model_at(self, camera: str, stamp_ns: int) -> CameraModel | None:
        """Intrinsics at an image's stamp (a zoom or a moving window changes them), else the newest."""
        models = self._models[camera]
        if stamp_ns in models:
            return models[stamp_ns]
        return next(reversed(models.values()), None)

    def _due(self, sightings: list[Sighting]) -> list[Sighting]:
        """What the others are told: each track now and then, its looks more seldom, for they fill half a datagram."""
        due = []
        for sighting in sightings:
            if not _is_over(self._told_ns.get(sighting.key), sighting.stamp_ns, self._settings.evidence_rate):
                continue
            self._told_ns[sighting.key] = sighting.stamp_ns
            self._told_ns.move_to_end(sighting.key)
            if _is_over(self._described_ns.get(sighting.key), sighting.stamp_ns, self._settings.appearance_rate):
                self._described_ns[sighting.key] = sighting.stamp_ns
                due.append(sighting)
            else:
                due.append(replace(sighting, embedding=None, model=""))
        while len(self._told_ns) > self._map_settings.max_tracks:
            key, _ = self._told_ns.popitem(last=False)
            self._described_ns.pop(key, None)
        return due

    # what robots tell each other

    def _tell(self, sightings: list[Sighting]) -> None:
        payloads = encode_sightings(sightings)
        self._map.add([told for payload in payloads for told in decode_sightings(self._robot, payload)])
        for envelope in self._writer.wrap(payloads):
            self.health.count("told_bytes", len(envelope.payload))
            self.send(self._peers, envelope_to_msg(envelope))

    def _on_envelope(self, msg: Envelope) -> None:
        verdict = self._guard.receive(msg_to_envelope(msg), self.now_ns)
        if verdict.refused is Refusal.OWN:
            return
        if verdict.refused is not None:
            self.health.count(f"refused_{verdict.refused.value.replace(' ', '_')}")
            self.report(f"peer {msg.robot} {verdict.refused.value}", verdict.detail)
        self._map.add(verdict.sightings)
        self.health.count("heard_bytes", len(msg.payload))

    def _publish_identities(self) -> None:
        now_ns = self.now_ns
        identities = self._map.identities(now_ns)
        # the time that the positions were predicted to
        header = make_header(now_ns, self._settings.map_frame)
        self.send(self._identities, identities_to_msg(identities, header))
        self.health.set_counter("identities", len(identities))
        for reason, number in self._map.refused.items():
            self.health.set_counter(f"refused_{reason}", number)


def _is_over(last_ns: int | None, stamp_ns: int, rate: float) -> bool:
    """Whether it is time again; a tenth of the period early counts, for images do not come on the dot."""
    return last_ns is None or not 0 <= stamp_ns - last_ns < 0.9e9 / rate


def envelope_to_msg(envelope: PeerEnvelope) -> Envelope:
    return Envelope(
        protocol=envelope.protocol,
        robot=envelope.robot,
        boot_id=envelope.boot_id,
        seq=envelope.seq,
        payload=array("B", envelope.payload),
        signature=array("B", envelope.signature),
    )


def msg_to_envelope(msg: Envelope) -> PeerEnvelope:
    return PeerEnvelope(
        int(msg.protocol), msg.robot, int(msg.boot_id), int(msg.seq), bytes(msg.payload), bytes(msg.signature)
    )


def main() -> int:
    return run(CooperationNode)


if __name__ == "__main__":
    sys.exit(main())
