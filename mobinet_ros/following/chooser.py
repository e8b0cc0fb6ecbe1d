"""From what a user points at (a box, a track, an identity, a click) to a box in an image that is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mobinet.boxes import iou_matrix
from mobinet.errors import InputError, TransformError
from mobinet.settings import check_settings, setting
from mobinet.transforms import TransformBuffer
from mobinet.types import Float64, Identity
from mobinet_ros.following.camera_memory import CameraMemory, SeenBoxes
from mobinet_ros.identity_labels import IdentityLabels

BOXES_WITHIN_NS = 500_000_000
SAME_OBJECT_IOU = 0.5


@dataclass(frozen=True)
class ClickSettings:
    """What a click means."""

    click_reach: float = setting(
        0.05,
        "how far beside a box a click means it, share of the image's width",
        minimum=0.0,
        maximum=1.0,
        live=True,
    )
    click_size: float = setting(
        0.15,
        "side of the box around a click on an image where nothing is found, share of the image's height",
        minimum=0.01,
        maximum=1.0,
        live=True,
    )
    click_height_m: float = setting(
        1.7, "height of what stands on a clicked point of the map where nothing is found, m", minimum=0.05, live=True
    )
    click_width_m: float = setting(0.7, "its width, m", minimum=0.05, live=True)

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class Chosen:
    """A box in an image that is kept.

    Args:
        camera: whose image.
        stamp_ns: of the image.
        box: ``(4,)`` float64 xyxy pixels.
        name: what was asked for, a track id or an identity id; '' for a box or a click.
        identity: of the object, '' when it has none yet.
    """

    camera: str
    stamp_ns: int
    box: Float64
    name: str = ""
    identity: str = ""


class TargetChooser:
    """Knows what a robot's cameras and its fleet have said lately. Not thread-safe.

    Args:
        robot: name of this robot in identities.
        memories: by camera, filled by whoever listens to them.
        transforms: tf.
        settings: what a click means.
    """

    def __init__(
        self,
        robot: str,
        memories: Mapping[str, CameraMemory],
        transforms: TransformBuffer,
        settings: ClickSettings | None = None,
    ) -> None:
        self.settings = settings or ClickSettings()
        self._robot = robot
        self._memories = memories
        self._transforms = transforms
        self._identities: Sequence[Identity] = ()
        self._labels = IdentityLabels()

    def hear_identities(self, stamp_ns: int, identities: Sequence[Identity]) -> None:
        """Takes over what the robot says of identities."""
        self._identities = identities
        self._labels.update(stamp_ns, identities)

    def by_box(self, camera: str, stamp_ns: int, box: Float64) -> Chosen:
        """The box as it was chosen in the image at ``stamp_ns``, 0 for the newest.

        Raises:
            InputError: an unknown camera, no image.
        """
        memory = self._memory(camera)
        stamp_ns = memory.stamp_at(stamp_ns)
        return self._chosen(memory, stamp_ns, box)

    def by_track(self, camera: str, stamp_ns: int, text: str) -> Chosen:
        """A track of a camera, by its id in decimal.

        Raises:
            InputError: an unknown camera, no number, no such track.
        """
        memory = self._memory(camera)
        if not text.isdecimal():
            raise InputError(f"track id: expected a decimal number, got '{text}'")
        stamp_ns, box = memory.track_at(int(text), stamp_ns)
        return self._chosen(memory, stamp_ns, box, text)

    def by_identity(self, camera: str, identity_id: str) -> Chosen:
        """An identity of the network, by its id or an alias, where a track of this robot's cameras shows it now.

        Args:
            camera: where to look, '' for all cameras.
            identity_id: of the identity.

        Raises:
            InputError: an unknown camera or identity, or no track here shows it.
        """
        if camera:
            self._memory(camera)
        identity = self._identity(identity_id)
        for key in identity.tracks:
            memory = self._memories.get(key.camera)
            if key.robot != self._robot or memory is None or (camera and key.camera != camera):
                continue
            try:
                stamp_ns, box = memory.track_at(key.track_id, 0)
            except InputError:
                continue
            return Chosen(memory.name, stamp_ns, box, identity_id, identity.identity_id)
        where = f"camera '{camera}'" if camera else f"robot '{self._robot}'"
        raise InputError(
            f"no track of {where} shows identity '{identity_id}' now; shown by: "
            f"{', '.join(map(str, identity.tracks)) or 'none'}"
        )

    def by_pixel(self, camera: str, stamp_ns: int, pixel: Float64) -> Chosen:
        """What is under or near a pixel ``(2,)`` of the image at ``stamp_ns``, else a box around the pixel.

        Raises:
            InputError: an unknown camera, no image, a pixel outside it.
        """
        memory = self._memory(camera)
        stamp_ns = memory.stamp_at(stamp_ns)
        size = memory.size(stamp_ns)
        if not _is_inside(pixel, size):
            raise InputError(
                f"camera '{camera}': pixel {pixel.tolist()} is outside the image of {size[0]:.0f} x {size[1]:.0f}"
            )
        found = self._near(memory, stamp_ns, pixel, float(size[0]))
        if found is not None:
            return found[1]
        half = self.settings.click_size * size[1] / 2
        return self._chosen(memory, stamp_ns, np.concatenate([pixel - half, pixel + half]))

    def by_point(self, camera: str, stamp_ns: int, frame_id: str, point: Float64) -> Chosen:
        """What stands at a point ``(3,)`` of a frame, metres, else a box of a person's size there.

        Args:
            camera: '' for the camera that sees it best: a box nearest to it, then nearest to the middle of the image.
            stamp_ns: 0 for the newest image.
            frame_id, point: where; without a frame, or in a camera's own optical frame with z = 0, it is a pixel.

        Raises:
            InputError: no camera sees the point.
        """
        if not np.isfinite(point).all():
            raise InputError(f"point: expected finite numbers, got {point.tolist()}")
        memories = [self._memory(camera)] if camera else list(self._memories.values())
        if not frame_id:
            return self.by_pixel(camera, stamp_ns, point[:2])
        own = [memory.name for memory in memories if memory.frame_id == frame_id]
        if own and point[2] == 0:
            return self.by_pixel(own[0], stamp_ns, point[:2])
        seen: list[tuple[float, float, Chosen]] = []
        reasons = []
        for memory in memories:
            try:
                seen.append(self._standing_at(memory, stamp_ns, frame_id, point))
            except (InputError, TransformError) as error:
                reasons.append(str(error))
        if not seen:
            raise InputError(f"the point {point.tolist()} of '{frame_id}' is seen by no camera: {'; '.join(reasons)}")
        return min(seen, key=lambda one: one[:2])[2]

    def identity_of(self, camera: str, stamp_ns: int, box: Float64) -> str:
        """The identity of the track that lies on a box of an image; '' when there is none."""
        for _, seen in self._memories[camera].boxes_near(stamp_ns, BOXES_WITHIN_NS)[:1]:
            overlaps = iou_matrix(box[None], seen.boxes)
            if seen.ids and overlaps.size and overlaps.max() >= SAME_OBJECT_IOU:
                names = self._labels.of_camera(self._robot, camera)
                return names.get(seen.ids[int(overlaps.argmax())], "")
        return ""

    def _memory(self, camera: str) -> CameraMemory:
        if not camera and len(self._memories) == 1:
            return next(iter(self._memories.values()))
        memory = self._memories.get(camera)
        if memory is None:
            known = ", ".join(self._memories)
            raise InputError(f"camera '{camera}': expected one of {known}")
        return memory

    def _identity(self, identity_id: str) -> Identity:
        for identity in self._identities:
            if identity_id == identity.identity_id or identity_id in identity.aliases:
                return identity
        known = ", ".join(one.identity_id for one in self._identities) or "none"
        raise InputError(f"identity '{identity_id}' is not known; known: {known}")

    def _chosen(self, memory: CameraMemory, stamp_ns: int, box: Float64, name: str = "") -> Chosen:
        box = np.asarray(box, np.float64)
        return Chosen(memory.name, stamp_ns, box, name, self.identity_of(memory.name, stamp_ns, box))

    def _near(self, memory: CameraMemory, stamp_ns: int, pixel: Float64, width: float) -> tuple[float, Chosen] | None:
        """The box under a pixel or within reach, and how far it is: tracks before detections."""
        for stamp, seen in memory.boxes_near(stamp_ns, BOXES_WITHIN_NS):
            index = _nearest(pixel, seen.boxes)
            if index is None:
                continue
            away = float(_distances(pixel, seen.boxes)[index])
            if away <= self.settings.click_reach * width:
                name = str(seen.ids[index]) if seen.ids else ""
                return away, self._chosen(memory, stamp, seen.boxes[index], name)
        return None

    def _standing_at(
        self, memory: CameraMemory, stamp_ns: int, frame_id: str, point: Float64
    ) -> tuple[float, float, Chosen]:
        """What one camera sees at a point, how far off the point its box is, and how far off the image's middle."""
        if memory.model is None:
            raise InputError(f"camera '{memory.name}': no camera_info came yet")
        stamp_ns, seen_from = self._in_camera(memory, stamp_ns, frame_id, point)
        pixel, size = memory.model.project(seen_from)[0], memory.size(stamp_ns)
        if not _is_inside(pixel, size):
            raise InputError(f"camera '{memory.name}': the point is outside its image")
        off_middle = float(np.abs(pixel / size - 0.5).max())
        found = self._near(memory, stamp_ns, pixel, float(size[0]))
        if found is not None:
            return found[0], off_middle, found[1]
        focal, depth = np.diag(memory.model.matrix)[:2], float(seen_from[2])
        width, height = focal * (self.settings.click_width_m, self.settings.click_height_m) / depth
        box = np.array([pixel[0] - width / 2, pixel[1] - height, pixel[0] + width / 2, pixel[1]])
        return np.inf, off_middle, self._chosen(memory, stamp_ns, box)

    def _in_camera(self, memory: CameraMemory, stamp_ns: int, frame_id: str, point: Float64) -> tuple[int, Float64]:
        """The newest image not after ``stamp_ns`` whose transform is known, and the point in its optical frame."""
        newest = memory.stamp_at(stamp_ns)
        failure = None
        for stamp in reversed([one for one in memory.images.stamps() if one <= newest]):
            try:
                return stamp, self._transforms.lookup(memory.frame_id, frame_id, stamp).apply(point)
            except TransformError as error:  # tf comes a little later than images
                failure = failure or error
        raise failure or TransformError(f"no transform from '{frame_id}' to '{memory.frame_id}'")


def _is_inside(pixel: Float64, size: Float64) -> bool:
    return bool(np.isfinite(pixel).all() and (pixel >= 0).all() and (pixel < size).all())


def _distances(pixel: Float64, boxes: Float64) -> Float64:
    """``(N,)`` pixels from a point to each box, 0 inside."""
    beyond = np.maximum(np.maximum(boxes[:, :2] - pixel, pixel - boxes[:, 2:]), 0.0)
    return np.hypot(beyond[:, 0], beyond[:, 1])


def _nearest(pixel: Float64, boxes: Float64) -> int | None:
    """The nearest box; of several under the pixel the smallest, which stands before or beside the others."""
    if len(boxes) == 0:
        return None
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return int(np.lexsort((areas, _distances(pixel, boxes)))[0])


def to_seen(boxes: Iterable[Sequence[float]], ids: Iterable[int] = ()) -> SeenBoxes:
    """Rows xyxy as :class:`SeenBoxes`."""
    return SeenBoxes(np.array(list(boxes), np.float64).reshape(-1, 4), tuple(ids))
