"""The state of a graph over a few seconds, as plain records: what the checks see.

Times are integer nanoseconds; node and topic names are fully qualified (``/r1/tracker``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

IMAGE_TYPE = "sensor_msgs/msg/Image"
COMPRESSED_TYPE = "sensor_msgs/msg/CompressedImage"
CAMERA_INFO_TYPE = "sensor_msgs/msg/CameraInfo"
EVENTS_TYPE = "event_camera_msgs/msg/EventPacket"
DETECTIONS_TYPE = "vision_msgs/msg/Detection2DArray"
TRACKS_TYPE = "mobinet_ros/msg/TrackArray"
TARGET_TYPE = "mobinet_ros/msg/Target"
SIGHTINGS_TYPE = "mobinet_ros/msg/SightingArray"
TF_TYPE = "tf2_msgs/msg/TFMessage"
CLOCK_TYPE = "rosgraph_msgs/msg/Clock"
DIAGNOSTICS_TYPE = "diagnostic_msgs/msg/DiagnosticArray"
IMAGE_TYPES = (IMAGE_TYPE, COMPRESSED_TYPE)
# what a camera and the stages behind it publish for every image, so that silence means a fault
CHAIN_TYPES = (*IMAGE_TYPES, CAMERA_INFO_TYPE, EVENTS_TYPE, DETECTIONS_TYPE, TRACKS_TYPE, TARGET_TYPE)
# what a user's click sends, by RViz's default name: a listener without a publisher is no fault
CLICKED_POINT = "/clicked_point"


@dataclass(frozen=True)
class Qos:
    """The policies that decide whether two endpoints match; ``None`` is an infinite duration."""

    reliability: str = "reliable"
    durability: str = "volatile"
    liveliness: str = "automatic"
    deadline_ns: int | None = None
    lease_ns: int | None = None


@dataclass(frozen=True)
class Endpoint:
    """A publisher or a subscription; ``type_hash`` is empty where the other side does not tell it (Humble)."""

    node: str
    type: str
    type_hash: str = ""
    qos: Qos = Qos()


@dataclass(frozen=True)
class Topic:
    name: str
    publishers: tuple[Endpoint, ...] = ()
    subscriptions: tuple[Endpoint, ...] = ()

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return self.publishers + self.subscriptions

    @property
    def publisher_nodes(self) -> list[str]:
        return [e.node for e in self.publishers]

    @property
    def subscriber_nodes(self) -> list[str]:
        return [e.node for e in self.subscriptions]


@dataclass(frozen=True)
class Node:
    """One node.

    Args:
        name: fully qualified.
        use_sim_time: ``None`` where its parameter service does not answer.
        lifecycle: label of its state; ``None`` for a plain node, '' when the service does not answer.
        models: its parameters that name a network's file, by parameter name.
        missing_models: those of ``models`` that do not exist on this machine.
        same_host: whether it runs on this machine; ``None`` where the middleware does not tell.
    """

    name: str
    use_sim_time: bool | None = None
    lifecycle: str | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    missing_models: tuple[str, ...] = ()
    same_host: bool | None = None


@dataclass(frozen=True)
class Stream:
    """What came on one topic while the doctor listened.

    Args:
        count: messages.
        age_ns: median of arrival minus stamp by the wall clock, ``None`` when nothing stamped came.
        clock_ages_ns: the same against each simulated clock that ran at arrival.
        zero_stamps, jumps_back: how many messages had stamp zero, or one earlier than the message before.
        frame_ids: every one seen.
        size: width and height in pixels of an image or camera_info, ``None`` where unknown.
        calibrated: of a camera_info: whether K is set; true for other types.
        encodings, sizes, lost: of events: all encodings, all widths and heights in pixels, and packets that never came.
    """

    count: int = 0
    age_ns: int | None = None
    clock_ages_ns: Mapping[str, int] = field(default_factory=dict)
    zero_stamps: int = 0
    jumps_back: int = 0
    frame_ids: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    calibrated: bool = True
    encodings: tuple[str, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()
    lost: int = 0


@dataclass(frozen=True)
class Link:
    """One transform: ``age_ns`` is that of the newest stamp by the wall clock, 0 for a static one."""

    parent: str
    child: str
    static: bool = False
    age_ns: int = 0


@dataclass(frozen=True)
class Clock:
    """A topic of simulated time: how many messages came and how far it moved."""

    count: int = 0
    moved_ns: int = 0


@dataclass(frozen=True)
class Diagnostic:
    """The newest word of one component on /diagnostics; ``level`` 0 ok, 1 warn, 2 error, 3 stale."""

    level: int
    name: str
    message: str


@dataclass(frozen=True)
class Machine:
    """This machine: the variables that steer discovery, and what is wrong with its shared memory.

    Args:
        environment: the ROS and Fast DDS variables that are set.
        rmw: the middleware in use, e.g. 'rmw_fastrtps_cpp'.
        missing_files: variables that name a file that is not there.
        shared_memory: complaints about /dev/shm, each 'what; cure'.
        leaked: what killed processes left there, in the same form; '' for nothing.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    rmw: str = ""
    missing_files: tuple[str, ...] = ()
    shared_memory: tuple[str, ...] = ()
    leaked: str = ""


@dataclass(frozen=True)
class Snapshot:
    """Everything the checks may look at.

    Args:
        seconds: how long the doctor listened.
        map_frame: the frame that all robots share.
        nodes: one entry a node; two with one name are two entries.
        topics: with all their endpoints but the doctor's own.
        streams: by topic; only the topics that were listened to.
        own_hashes: type hash of this machine's definition, by topic that was listened to.
        unknown_types: types whose package is not installed here, so that nothing could be listened to.
        expected_nodes: what the rig file asks for, empty without one.
    """

    seconds: float = 3.0
    map_frame: str = "map"
    nodes: tuple[Node, ...] = ()
    topics: tuple[Topic, ...] = ()
    streams: Mapping[str, Stream] = field(default_factory=dict)
    own_hashes: Mapping[str, str] = field(default_factory=dict)
    unknown_types: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    machine: Machine = Machine()
    expected_nodes: tuple[str, ...] = ()

    def topic(self, name: str) -> Topic:
        """The topic of that name; one without endpoints where nobody uses it."""
        return next((t for t in self.topics if t.name == name), Topic(name))

    def node(self, name: str) -> Node:
        return next((n for n in self.nodes if n.name == name), Node(name))

    def of_type(self, *types: str) -> Iterator[Topic]:
        """Topics with an endpoint of one of the types."""
        return (t for t in self.topics if any(e.type in types for e in t.endpoints))

    def is_inactive(self, node: str) -> bool:
        """Whether a managed node is known not to be active, so that its silence is explained."""
        return self.node(node).lifecycle not in (None, "active")


def sibling(topic: str, name: str) -> str:
    """The topic ``name`` beside an image topic: of '/r1/front/image_raw/compressed' in '/r1/front'."""
    base = raw_image(topic)
    return f"{base.rsplit('/', 1)[0]}/{name}"


def raw_image(topic: str) -> str:
    """The image topic that a transport belongs to: '.../image_raw' for '.../image_raw/compressed'."""
    return topic.removesuffix("/compressed")
