"""Sister cameras of a tracker node: which belongs to which, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.camera import CameraModel
from mobinet.errors import SettingsError, TransformError
from mobinet.geometry import Transform
from mobinet.settings import check_settings, setting
from mobinet.sister_camera import SisterCamera, SisterSettings
from mobinet.transforms import TransformBuffer

# Detectors of images take longer than those of events: their detections come late by so much, seconds.
LATE_S = 0.3


@dataclass(frozen=True)
class SistersSettings:
    """Which cameras help which.

    Raises:
        SettingsError: no pair of names, or one camera in two pairs.
    """

    sisters: tuple[str, ...] = setting(
        (), "event cameras that help a camera beside them, e.g. 'front=front_events': their detections feed its tracks"
    )

    def __post_init__(self) -> None:
        check_settings(self)
        named: list[str] = []
        for pair in self.sisters:
            camera, is_pair, sister = pair.partition("=")
            if not is_pair or not sister or sister == camera:
                raise SettingsError(f"sisters: expected CAMERA=SISTER, e.g. 'front=front_events', got '{pair}'")
            named += [camera, sister]
        doubled = sorted({name for name in named if named.count(name) > 1})
        if doubled:
            raise SettingsError(f"sisters: '{doubled[0]}' is in two pairs; a camera has one sister")

    def by_camera(self, cameras: tuple[str, ...]) -> dict[str, str]:
        """The sister of each camera that has one.

        Raises:
            SettingsError: a camera that the node does not serve, or a sister that has tracks of her own here.
        """
        pairs = dict(pair.split("=", 1) for pair in self.sisters)
        for camera, sister in pairs.items():
            if camera not in cameras:
                raise SettingsError(f"sisters: '{camera}' is none of the cameras {', '.join(cameras)}; add it to them")
            if sister in cameras:
                raise SettingsError(f"sisters: '{sister}' is in 'cameras' too: its detections would be followed twice")
        return pairs


class Sister:
    """Where the sister of one camera is, and how both see.

    Args:
        name: of the sister.
        transforms: filled by the node.
        settings: of the mapping.
        ground_frame: its z = 0 is the ground.
    """

    def __init__(self, name: str, transforms: TransformBuffer, settings: SisterSettings, ground_frame: str) -> None:
        self.name = name
        self.settings = settings
        self._transforms = transforms
        self._ground_frame = ground_frame
        self.model: CameraModel | None = None
        self.camera_model: CameraModel | None = None
        self.camera_frame = ""

    def what_is_missing(self) -> str:
        """What has to come before detections can be mapped; '' for nothing."""
        if self.camera_model is None:
            return "camera_info of the camera itself has not come"
        return "its camera_info has not come" if self.model is None else ""

    def at(self, frame_id: str, stamp_ns: int) -> SisterCamera:
        """The mapping from the sister's frame ``frame_id`` at a time.

        Raises:
            TransformError: tf does not connect the two, or a calibration has not come.
            InputError: the transform turns one away from the other.
        """
        missing = self.what_is_missing()
        if missing or self.camera_model is None or self.model is None:
            raise TransformError(f"sister '{self.name}': {missing}")
        sister2camera = self._transforms.lookup(self.camera_frame, frame_id, stamp_ns)
        return SisterCamera(self.camera_model, self.model, sister2camera, self.settings)

    def camera2map(self, stamp_ns: int) -> Transform | None:
        """The camera's pose over the ground; ``None`` where nobody tells it."""
        try:
            return self._transforms.lookup(self._ground_frame, self.camera_frame, stamp_ns)
        except TransformError:
            return None
