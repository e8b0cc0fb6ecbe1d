"""Every topic in one table: its name within a namespace, its type, its quality of service, its expected rate.

Names are relative: a camera's topics live in the camera's namespace (``/r1/front``), a robot's in the robot's
(``/r1``). Only the peers' topic is shared by all robots.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray
from event_camera_msgs.msg import EventPacket
from geometry_msgs.msg import PointStamped, PoseWithCovarianceStamped
from nav_msgs.msg import Odometry
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState
from tf2_msgs.msg import TFMessage
from trajectory_msgs.msg import JointTrajectory
from vision_msgs.msg import Detection2DArray, LabelInfo
from visualization_msgs.msg import MarkerArray

from mobinet_ros.msg import (
    AppearanceArray,
    ContactArray,
    Envelope,
    GroundTruthArray,
    IdentityArray,
    RecognitionArray,
    SightingArray,
    Target,
    TrackArray,
)


@dataclass(frozen=True)
class Topic:
    """One row of the table.

    Args:
        name: relative to the namespace in ``scope``.
        type: message class.
        scope: 'camera', 'robot' or 'global'.
        rate: 'image' (once an image), 'latched' (once), 'on demand' (when a user acts), or a number in Hz; what a
            healthy graph shows.
        reliable, latched, depth: its quality of service.
        stamped: False where a stamp of zero means "now".
    """

    name: str
    type: type
    scope: str
    rate: str | float = "image"
    reliable: bool = True
    latched: bool = False
    depth: int = 10
    stamped: bool = True

    @property
    def qos(self) -> QoSProfile:
        return QoSProfile(
            history=HistoryPolicy.KEEP_LAST,
            depth=self.depth,
            reliability=ReliabilityPolicy.RELIABLE if self.reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if self.latched else DurabilityPolicy.VOLATILE,
        )


# An image is published reliably, so that every subscriber matches, and taken best effort: a slow consumer must not hold
# up a camera. A few images of room outlast a moment without processor time; what works on them takes the newest.
IMAGE = Topic("image_raw", Image, "camera", depth=5)
IMAGE_IN = Topic("image_raw", Image, "camera", reliable=False, depth=5)
COMPRESSED = Topic("image_raw/compressed", CompressedImage, "camera", depth=5)
COMPRESSED_IN = Topic("image_raw/compressed", CompressedImage, "camera", reliable=False, depth=5)
CAMERA_INFO = Topic("camera_info", CameraInfo, "camera", depth=2)
CAMERA_INFO_IN = Topic("camera_info", CameraInfo, "camera", reliable=False, depth=5)
DEPTH = Topic("depth/image_raw", Image, "camera", depth=5)
DEPTH_INFO = Topic("depth/camera_info", CameraInfo, "camera", depth=2)
EVENTS = Topic("events", EventPacket, "camera", rate=250.0, reliable=False, depth=100)
EVENT_IMAGE = Topic("event_image", Image, "camera", depth=5)
DETECTIONS = Topic("detections", Detection2DArray, "camera")
LABEL_INFO = Topic("label_info", LabelInfo, "camera", rate="latched", latched=True, depth=1)
TRACKS = Topic("tracks", TrackArray, "camera")
APPEARANCES = Topic("appearances", AppearanceArray, "camera")
RECOGNITIONS = Topic("recognitions", RecognitionArray, "camera")
TARGET = Topic("target", Target, "camera")
TRUTH = Topic("truth", GroundTruthArray, "camera")
OVERLAY = Topic("overlay", Image, "camera", depth=2)
OVERLAY_COMPRESSED = Topic("overlay/compressed", CompressedImage, "camera", depth=2)
PTZ_COMMAND = Topic("ptz/joint_trajectory", JointTrajectory, "camera", rate=30.0, depth=1, stamped=False)
PTZ_STATE = Topic("ptz/joint_states", JointState, "camera", rate=50.0)
SIGHTINGS = Topic("sightings", SightingArray, "robot")
IDENTITIES = Topic("identities", IdentityArray, "robot", rate=5.0)
MARKERS = Topic("markers", MarkerArray, "robot", rate=5.0)
ODOM = Topic("odom", Odometry, "robot", rate=30.0)
POSE = Topic("pose", PoseWithCovarianceStamped, "robot", rate=30.0)
TRUE_ODOM = Topic("ground_truth/odom", Odometry, "robot", rate=30.0)
# what reaches a robot's radio and leaves it, in a simulated world with outages: the peers' topic of one robot
RADIO = Topic("radio", Envelope, "robot", rate=10.0, reliable=False, depth=50)
ROBOT_CLOCK = Topic("clock", Clock, "robot", rate=100.0, depth=1)
CLOCK = Topic("/clock", Clock, "global", rate=100.0, depth=1)
CONTACTS = Topic("/truth/contacts", ContactArray, "global", rate=10.0)
# what RViz's Publish Point tool sends
CLICKED_POINT = Topic("/clicked_point", PointStamped, "global", rate="on demand")
PEERS = Topic("/mobinet/v1/peers", Envelope, "global", rate=10.0, reliable=False, depth=50)
DIAGNOSTICS = Topic("/diagnostics", DiagnosticArray, "global", rate=1.0)
TF = Topic("/tf", TFMessage, "global", rate=30.0, depth=100)
TF_STATIC = Topic("/tf_static", TFMessage, "global", rate="latched", latched=True, depth=100)

TOPICS: tuple[Topic, ...] = (
    IMAGE,
    COMPRESSED,
    CAMERA_INFO,
    DEPTH,
    DEPTH_INFO,
    EVENTS,
    EVENT_IMAGE,
    DETECTIONS,
    LABEL_INFO,
    TRACKS,
    APPEARANCES,
    RECOGNITIONS,
    TARGET,
    TRUTH,
    OVERLAY,
    OVERLAY_COMPRESSED,
    PTZ_COMMAND,
    PTZ_STATE,
    SIGHTINGS,
    IDENTITIES,
    MARKERS,
    ODOM,
    POSE,
    TRUE_ODOM,
    RADIO,
    ROBOT_CLOCK,
    CLOCK,
    CONTACTS,
    CLICKED_POINT,
    PEERS,
    DIAGNOSTICS,
    TF,
    TF_STATIC,
)


def camera_topic(camera: str, topic: Topic) -> str:
    """Name of a camera's topic, relative to the robot's namespace; ``camera`` is '' for a node in the camera's own."""
    return f"{camera}/{topic.name}" if camera else topic.name
