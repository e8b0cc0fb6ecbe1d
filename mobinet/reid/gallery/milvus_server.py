"""A connection to Milvus, embedded or a server: its two collections, and its errors in words.

Only this file imports pymilvus.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mobinet.errors import GalleryError, MissingDependencyError, ModelError

PREFIX = "milvus:"
FORMAT = "mobinet-gallery/1"
# what Milvus gives at once; and the longest text that it keeps
_PAGE = 1000
LONGEST_TEXT = 65_535
_DEFAULT_NAME = "mobinet"
# a row among the identities that says whose vectors these are; its "last_seen" is below 0, as no identity's is
HEAD = "#gallery"


class MilvusServer:
    """Two collections: ``NAME_views`` has vectors and whose they are, ``NAME_identities`` a record an identity.

    Args:
        where: ``milvus:`` and a path ending in ``.db`` (embedded) or an ``http://`` address; ``#NAME`` names the
            collections. The variable ``MILVUS_TOKEN`` is given to a server.
        model: fingerprint of the network whose vectors these are; '' takes the server's.
        dimension: their length; 0 takes the server's.

    Raises:
        MissingDependencyError: no pymilvus.
        GalleryError: there is no gallery and none can be made, or the server does not answer.
        ModelError: the vectors are another network's.
    """

    def __init__(self, where: str, model: str = "", dimension: int = 0) -> None:
        self.where = where
        self._milvus = _import_milvus()
        address, _, name = where.removeprefix(PREFIX).partition("#")
        name = name or _DEFAULT_NAME
        self.views, self.identities = f"{name}_views", f"{name}_identities"
        with self.errors():
            self.client = self._milvus.MilvusClient(address, token=os.environ.get("MILVUS_TOKEN", ""))
            if not self.client.has_collection(self.identities):
                self._create(model, dimension)
            for collection in (self.views, self.identities):
                self.client.load_collection(collection)
            head = self._head(model, dimension)
        self.model, self.dimension = str(head["model"]), int(head["dimension"])
        if (model and model != self.model) or (dimension and dimension != self.dimension):
            raise ModelError(
                f"gallery '{where}' holds vectors of network {self.model} ({self.dimension} numbers), and this is "
                f"{model} ({dimension}): vectors of two networks never compare; use that network, or another '#NAME'"
            )

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Milvus' errors as GalleryError."""
        try:
            yield
        except GalleryError:
            raise
        except (self._milvus.MilvusException, OSError) as error:
            raise GalleryError(
                f"gallery '{self.where}': {str(error).strip()}; nothing of this call is acknowledged: check the "
                "server, its address and MILVUS_TOKEN, and try again"
            ) from error

    def select(self, collection: str, condition: str, fields: Sequence[str]) -> Iterator[dict[str, Any]]:
        """All rows that satisfy the condition."""
        with self.errors():
            pages = self.client.query_iterator(
                collection, filter=condition, output_fields=list(fields), batch_size=_PAGE, consistency_level="Strong"
            )
            try:
                while page := pages.next():
                    yield from page
            finally:
                pages.close()

    def count(self, collection: str, condition: str) -> int:
        with self.errors():
            rows = self.client.query(
                collection, filter=condition, output_fields=["count(*)"], consistency_level="Strong"
            )
        return int(rows[0]["count(*)"])

    def close(self) -> None:
        self.client.close()

    def _create(self, model: str, dimension: int) -> None:
        if not model or dimension < 1:
            raise GalleryError(
                f"gallery '{self.where}' does not exist: check the address, or enroll somebody to make it"
            )
        kinds = self._milvus.DataType
        views = self.client.create_schema(auto_id=False, enable_dynamic_field=False)
        views.add_field("slot", kinds.INT64, is_primary=True)
        views.add_field("identity", kinds.VARCHAR, max_length=16)
        views.add_field("vector", kinds.FLOAT_VECTOR, dim=dimension)
        views.add_field("record", kinds.VARCHAR, max_length=256)
        index = self.client.prepare_index_params()
        index.add_index("vector", index_type="AUTOINDEX", metric_type="IP")
        self.client.create_collection(self.views, schema=views, index_params=index, consistency_level="Strong")
        # last: who finds it finds both
        identities = self.client.create_schema(auto_id=False, enable_dynamic_field=False)
        identities.add_field("id", kinds.VARCHAR, max_length=16, is_primary=True)
        identities.add_field("last_seen", kinds.INT64)
        identities.add_field("label", kinds.VARCHAR, max_length=1024)
        identities.add_field("aliases", kinds.JSON)
        identities.add_field("slots", kinds.JSON)
        identities.add_field("record", kinds.VARCHAR, max_length=LONGEST_TEXT)
        # Milvus has no collection without vectors
        identities.add_field("unused", kinds.FLOAT_VECTOR, dim=2)
        index = self.client.prepare_index_params()
        index.add_index("unused", index_type="FLAT", metric_type="IP")
        self.client.create_collection(
            self.identities, schema=identities, index_params=index, consistency_level="Strong"
        )

    def _head(self, model: str, dimension: int) -> dict[str, Any]:
        """What the vectors are; said by whoever comes first after the collections were made."""
        rows = list(self.select(self.identities, f"id == {json.dumps(HEAD)}", ("record",)))
        if not rows:
            if not model or dimension < 1:
                raise GalleryError(f"gallery '{self.where}' is empty: enroll somebody to begin it")
            head = {"format": FORMAT, "model": model, "dimension": dimension}
            self.client.upsert(self.identities, [identity_row(HEAD, -1, json.dumps(head))])
            return head
        head = dict(json.loads(rows[0]["record"]))
        if head.get("format") != FORMAT:
            raise GalleryError(f"collection '{self.identities}' of '{self.where}' is no gallery: give another '#NAME'")
        return head


def identity_row(
    name: str, last_seen_ns: int, record: str, label: str = "", aliases: Sequence[str] = (), slots: Sequence[int] = ()
) -> dict[str, Any]:
    """A row of ``NAME_identities``."""
    return {
        "id": name,
        "last_seen": last_seen_ns,
        "label": label,
        "aliases": list(aliases),
        "slots": list(slots),
        "record": record,
        "unused": [0.0, 0.0],
    }


def _import_milvus() -> Any:
    try:
        import pymilvus
    except ImportError as error:
        raise MissingDependencyError("mobinet[milvus]", "a gallery in Milvus") from error
    # it warns at every page that the embedded Milvus does not tell its time
    logging.getLogger("pymilvus.orm.iterator").setLevel(logging.ERROR)
    return pymilvus
