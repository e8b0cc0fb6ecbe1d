"""What tracks of one camera look like, cut out of its images, for who asks for pictures to be kept."""

from __future__ import annotations

from collections.abc import Mapping

import cv2

from mobinet.errors import InputError
from mobinet.reid.embedder import crops_of
from mobinet.types import Frame, Image, Track
from mobinet_ros.frame_buffer import FrameBuffer


class TrackPictures:
    """Joins the last images and the last tracks of a camera by their stamp."""

    def __init__(self) -> None:
        self._frames = FrameBuffer()
        self._tracks: Mapping[int, Track] = {}
        self._stamp_ns = -1

    def add_image(self, stamp_ns: int, image: Image) -> None:
        self._frames.add(stamp_ns, image)

    def set_tracks(self, stamp_ns: int, tracks: Mapping[int, Track]) -> None:
        self._stamp_ns, self._tracks = stamp_ns, tracks

    def jpeg(self, track_id: int) -> bytes | None:
        """The track as it was last seen; None where its image or box is not there any more."""
        image, track = self._frames.get(self._stamp_ns), self._tracks.get(track_id)
        if image is None or track is None:
            return None
        try:
            crops = crops_of(Frame(self._stamp_ns, "", image), track.box[None])
        except InputError:
            # a box outside the image: the track is only predicted
            return None
        encoded, jpeg = cv2.imencode(".jpg", crops[0])
        return jpeg.tobytes() if encoded else None
