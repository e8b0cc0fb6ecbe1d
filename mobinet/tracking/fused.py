"""One tracker for two cameras of a robot: the tracks are those of the one, and the other one helps."""

from __future__ import annotations

from mobinet.geometry import Transform
from mobinet.sister_camera import SisterCamera
from mobinet.tracking.fusion import FusionSettings
from mobinet.tracking.late import PatientTracker
from mobinet.tracking.settings import TrackerSettings
from mobinet.tracking.tracker import Tracker
from mobinet.types import Detections, Float32, Float64, Frame, Int64, Track


class FusedTracker:
    """Follows the objects of a camera with the help of a sister camera beside it, e.g. an event camera.

    Tracks live in the image of the camera itself. What the sister detects is mapped there, and how badly that is known
    becomes the noise of her detections. Between two images, in the dark and in fast motion she keeps tracks alive.

    Args:
        sister: maps the sister's boxes.
        settings, fusion: may be replaced between two updates.
        late_s: how far detections of one camera may come behind those of the other one, seconds, see
            :class:`PatientTracker`; 0 for detections that come in order of time.
    """

    def __init__(
        self,
        sister: SisterCamera,
        settings: TrackerSettings = TrackerSettings(),  # noqa: B008 (frozen)
        fusion: FusionSettings = FusionSettings(),  # noqa: B008 (frozen)
        late_s: float = 0.0,
    ) -> None:
        self.sister = sister
        self.patient = PatientTracker(Tracker(settings, fusion), late_s)

    @property
    def tracker(self) -> Tracker:
        """The one that both feed."""
        return self.patient.tracker

    def reset(self) -> None:
        """As :meth:`Tracker.reset`."""
        self.patient.reset()

    def update(
        self,
        frame: Frame,
        detections: Detections,
        embeddings: Float32 | None = None,
        image_motion: Float64 | None = None,
    ) -> list[Track]:
        """The camera's own detections, as :meth:`PatientTracker.update`; the motion is since the last call of either.

        ``detection_index`` is -1 for all where newer detections of the sister are known.
        """
        tracks = self.patient.update(frame, detections, embeddings, image_motion)
        return tracks if self._is_newest(frame, sister=False) else _without_indices(tracks)

    def update_sister(
        self,
        frame: Frame,
        detections: Detections,
        camera2map: Transform | None = None,
        image_motion: Float64 | None = None,
    ) -> list[Track]:
        """The sister's detections.

        Args:
            frame: of the sister: when she saw them; the camera's name is not looked at.
            detections: in the sister's image. Those that are not in the camera's are left out.
            camera2map: pose of the camera's optical frame at that time, the ground at z = 0: then the foot of a box
                tells how far it is. ``None`` where it is not known.
            image_motion: of the camera's image, as in :meth:`Tracker.update`, since the last call of either.

        Returns:
            All living tracks in the camera's image, as of the newest stamp; ``detection_index`` is a row of
            ``detections``, and -1 for all where newer ones of the camera itself are known.

        Raises:
            InputError: as :meth:`Tracker.update_sister`.
        """
        seen, sigmas, mapped_rows = map_detections(self.sister, detections, camera2map)
        tracks = self.patient.update_sister(frame, seen, sigmas, image_motion)
        if not self._is_newest(frame, sister=True):
            return _without_indices(tracks)
        rows = [*mapped_rows.tolist(), -1]
        return [track._replace(detection_index=rows[track.detection_index]) for track in tracks]

    def tracks_of(self, frame: Frame, *, sister: bool = False) -> list[Track]:
        """The tracks as of a frame of the last ``late_s`` seconds, as they are known by now.

        Raises:
            InputError: there was none, or it is too long ago.
        """
        return self.patient.tracks_of(frame.stamp_ns, sister)

    def _is_newest(self, frame: Frame, *, sister: bool) -> bool:
        """Whether tracks are as of these detections; of one stamp, those of the sister are the newer ones."""
        senses = self.tracker.senses
        newest = max((senses.own_ns or 0, False), (senses.sister_ns or 0, True))
        return newest == (frame.stamp_ns, sister)


def _without_indices(tracks: list[Track]) -> list[Track]:
    return [track._replace(detection_index=-1) for track in tracks]


def map_detections(
    sister: SisterCamera, detections: Detections, camera2map: Transform | None = None
) -> tuple[Detections, Float64, Int64]:
    """Detections of the sister's image in that of the camera, as :meth:`Tracker.update_sister` takes them.

    Returns:
        The K of them that are in the camera's image, ``(K, 4)`` standard deviations of their cx, cy, w, h in pixels,
        and ``(K,)`` which of ``detections`` they are.
    """
    mapped = sister.map(detections.boxes, camera2map)
    names = tuple(detections.class_names[row] for row in mapped.rows)
    return Detections(mapped.boxes, detections.scores[mapped.rows], names), mapped.sigmas, mapped.rows
