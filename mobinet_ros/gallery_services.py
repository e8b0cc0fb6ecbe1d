"""The services of a gallery: who is this, and what somebody says of who is who."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mobinet.errors import GalleryError, InputError, MobinetError, ModelError
from mobinet.reid.gallery import Enrolment, Gallery, Known
from mobinet.types import Appearance, Float32, Float64
from mobinet_ros import msg as messages
from mobinet_ros import srv
from mobinet_ros.conversions import stamp_to_ns
from mobinet_ros.gallery_conversions import error_to_status, known_to_msg, match_to_msg, views_of
from mobinet_ros.lifecycle import StageNode

_MOST_HITS = 10
_NO_GALLERY = "the gallery is not open yet: activate the node; a new one begins with the first appearances or 'enroll'"


@dataclass(frozen=True)
class Ask:
    """What the services need of the node.

    Args:
        gallery: the open one, or None.
        begin: opens a new one for vectors of a network and a length.
        track: the last description of a live track, and its network; raises InputError for none.
        now_ns: the node's time.
        enrolls: whether anybody may be enrolled.
    """

    gallery: Callable[[], Gallery | None]
    begin: Callable[[str, int], Gallery]
    track: Callable[[messages.TrackKey], tuple[Appearance, str]]
    now_ns: Callable[[], int]
    enrolls: Callable[[], bool]


class GalleryServices:
    """Answers ``~/identify``, ``~/search``, ``~/enroll``, ``~/merge``, ``~/split`` and ``~/forget``.

    Args:
        node: which serves them, until it is cleaned up.
        ask: what they need of it.
    """

    def __init__(self, node: StageNode, ask: Ask) -> None:
        self._node = node
        self._ask = ask
        for kind, name, work in (
            (srv.Identify, "identify", self._identify),
            (srv.Search, "search", self._search),
            (srv.Enroll, "enroll", self._enroll),
            (srv.Merge, "merge", self._merge),
            (srv.Split, "split", self._split),
            (srv.Forget, "forget", self._forget),
        ):
            node.serve(kind, f"~/{name}", self._answering(work))

    def _answering(self, work: Callable[[Any, Any], None]) -> Callable[[Any, Any], Any]:
        """Errors become the answer's status."""

        def answer(request: Any, response: Any) -> Any:
            try:
                if not self._node.active:
                    raise GalleryError("the gallery's node is not active: activate it")
                work(request, response)
            except MobinetError as error:
                gallery = self._ask.gallery()
                response.status = error_to_status(error, gallery is not None and gallery.read_only)
            return response

        return answer

    def _identify(self, request: srv.Identify.Request, response: srv.Identify.Response) -> None:
        gallery = self._gallery()
        vectors, qualities = self._views(request, gallery)
        match = gallery.identify(vectors, qualities)
        known = gallery.find(match.identity_id) if match.identity_id else None
        response.recognition = match_to_msg(match, known, request.track)

    def _search(self, request: srv.Search.Request, response: srv.Search.Response) -> None:
        gallery = self._gallery()
        count = request.count or _MOST_HITS
        if not request.views and not request.track.track_id:
            recent = [gallery.find(request.id)] if request.id else gallery.recent(count)
            response.hits = [messages.GalleryHit(identity=self._described(gallery, known)) for known in recent]
            return
        vectors, qualities = self._views(request, gallery)
        if request.id:
            found = [(gallery.find(request.id), gallery.compare(request.id, vectors, qualities))]
        else:
            found = [(hit.identity, hit.score) for hit in gallery.search(vectors, count, qualities)]
        response.hits = [
            messages.GalleryHit(identity=self._described(gallery, known), score=float(score)) for known, score in found
        ]

    def _enroll(self, request: srv.Enroll.Request, response: srv.Enroll.Response) -> None:
        if not self._ask.enrolls():
            raise GalleryError("this node enrolls nobody: set its parameter 'enroll' to 'asked' or 'confirmed'")
        vectors, qualities = self._views(request, self._ask.gallery())
        gallery = self._ask.gallery() or self._ask.begin(request.model, vectors.shape[1])
        stamp_ns = stamp_to_ns(request.stamp) or self._ask.now_ns()
        known = gallery.enroll(Enrolment(vectors, stamp_ns, request.id, qualities, request.label, request.class_id))
        response.identity = self._described(gallery, known)

    def _merge(self, request: srv.Merge.Request, response: srv.Merge.Response) -> None:
        gallery = self._gallery()
        known = gallery.merge(request.first, request.second, self._ask.now_ns())
        response.identity = self._described(gallery, known)

    def _split(self, request: srv.Split.Request, response: srv.Split.Response) -> None:
        gallery = self._gallery()
        remaining, part = gallery.split(request.alias)
        response.remaining, response.split_off = self._described(gallery, remaining), self._described(gallery, part)

    def _forget(self, request: srv.Forget.Request, response: srv.Forget.Response) -> None:
        forgotten = self._gallery().forget(request.id)
        response.ids, response.views = list(forgotten.ids), forgotten.views

    def _gallery(self) -> Gallery:
        gallery = self._ask.gallery()
        if gallery is None:
            raise GalleryError(_NO_GALLERY)
        return gallery

    def _views(self, request: Any, gallery: Gallery | None) -> tuple[Float32, Float64]:
        """What the request shows: a live track or views, of the gallery's network."""
        if request.track.track_id and request.views:
            raise InputError("expected a track or views, got both")
        if request.track.track_id:
            appearance, model = self._ask.track(request.track)
            vectors, qualities = views_of(
                [messages.Appearance(embedding=appearance.embedding, quality=appearance.quality)]
            )
        else:
            model = request.model
            vectors, qualities = views_of(request.views)
        if gallery is not None and model != gallery.model:
            raise ModelError(
                f"model: expected the gallery's network {gallery.model}, got '{model}': vectors of two networks never "
                "compare"
            )
        return vectors, qualities

    @staticmethod
    def _described(gallery: Gallery, known: Known) -> messages.GalleryIdentity:
        described = known_to_msg(known)
        described.views = len(gallery.prototypes(known.identity_id))
        return described
