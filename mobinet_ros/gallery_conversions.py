"""Between a gallery's records and their messages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from std_msgs.msg import Header

from mobinet.errors import GalleryError, InputError, MobinetError, ModelError, UnknownIdentityError
from mobinet.reid.gallery import Known, Match
from mobinet.reid.gallery.recogniser import Recognised
from mobinet.types import Float32, Float64
from mobinet_ros import msg as messages
from mobinet_ros.conversions import ns_to_stamp

_CODES = (
    (UnknownIdentityError, messages.GalleryStatus.UNKNOWN_ID),
    (InputError, messages.GalleryStatus.BAD_INPUT),
    (ModelError, messages.GalleryStatus.OTHER_NETWORK),
)


def known_to_msg(known: Known) -> messages.GalleryIdentity:
    """Without the number of prototypes, which the record does not hold."""
    first_ns, last_ns = known.seen
    return messages.GalleryIdentity(
        id=known.identity_id,
        aliases=list(known.aliases),
        label=known.name,
        class_id=known.kind,
        observations=min(known.total_observations, 2**32 - 1),
        first_seen=ns_to_stamp(first_ns),
        last_seen=ns_to_stamp(last_ns),
    )


def match_to_msg(match: Match, known: Known | None, track: messages.TrackKey) -> messages.Recognition:
    return messages.Recognition(
        track=track,
        verdict=int(match.verdict),
        id="" if known is None else known.identity_id,
        aliases=[] if known is None else list(known.aliases),
        label="" if known is None else known.name,
        score=float(match.score),
        runner_up_score=float(match.runner_up_score),
        best_id=match.best,
        runner_up_id=match.runner_up,
    )


def recognitions_to_msg(
    recognised: Sequence[Recognised], header: Header, model: str, robot: str, camera: str
) -> messages.RecognitionArray:
    keys = [messages.TrackKey(robot=robot, camera=camera, track_id=str(one.track_id)) for one in recognised]
    found = [match_to_msg(one.match, one.known, key) for one, key in zip(recognised, keys, strict=True)]
    return messages.RecognitionArray(header=header, model=model, recognitions=found)


def views_of(views: Sequence[messages.Appearance]) -> tuple[Float32, Float64]:
    """``(V, D)`` vectors and V qualities; raises InputError where lengths differ or there is none."""
    lengths = {len(view.embedding) for view in views}
    if len(lengths) != 1:
        raise InputError(f"views: expected at least one vector, all of one length, got lengths {sorted(lengths)}")
    vectors = np.array([view.embedding for view in views], np.float32)
    return vectors, np.array([view.quality for view in views], np.float64)


def error_to_status(error: MobinetError, read_only: bool) -> messages.GalleryStatus:
    code = next((code for kind, code in _CODES if isinstance(error, kind)), messages.GalleryStatus.FAILED)
    if isinstance(error, GalleryError) and read_only:
        code = messages.GalleryStatus.READ_ONLY
    return messages.GalleryStatus(code=code, message=str(error))
