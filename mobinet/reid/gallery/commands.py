"""``mobinet gallery``: who is known, on the command line."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path

from mobinet.errors import InputError, ModelError
from mobinet.reid.embedder import EmbedderSettings
from mobinet.reid.factory import make_embedder
from mobinet.reid.gallery.data_commands import register_data_commands
from mobinet.reid.gallery.gallery import Gallery
from mobinet.reid.gallery.looks import VECTORS, Looks, read_pictures, read_vectors
from mobinet.reid.gallery.opening import exists, open_gallery
from mobinet.reid.gallery.records import Enrolment, Known
from mobinet.reid.gallery.settings import GallerySettings

Run = Callable[[argparse.Namespace], int]
_DAY_NS = 86_400 * 10**9


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds ``gallery ACTION``; each sets ``run``, a function of the parsed arguments to an exit code."""
    gallery = subparsers.add_parser("gallery", help="known objects: list, search, enroll, merge, forget, ...")
    actions = gallery.add_subparsers(dest="action", metavar="ACTION", required=True)

    def add(name: str, run: Run, purpose: str) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=purpose)
        parser.add_argument("gallery", metavar="GALLERY", help="file, or address of a Milvus server")
        parser.set_defaults(run=run)
        return parser

    listing = add("list", _list, "who is known, those seen last first")
    listing.add_argument("--count", metavar="N", type=int, default=50, help="at most so many (default: 50)")
    listing.add_argument("--json", action="store_true", help="a line of JSON each")
    add("show", _show, "all that is known of one").add_argument("name", metavar="NAME", help="id, alias or label")
    search = add("search", _search, "who looks like this")
    search.add_argument(
        "query", metavar="QUERY", type=Path, help="cut-out picture, folder of them, or .npy/.npz vectors"
    )
    search.add_argument("--count", metavar="N", type=int, default=10, help="at most so many (default: 10)")
    _add_model(search)
    enroll = add("enroll", _enroll, "keep objects from pictures or vectors; makes the gallery when absent")
    enroll.add_argument("looks", metavar="PATH", type=Path, help="as QUERY; of a folder of folders each is an object")
    enroll.add_argument("--into", metavar="NAME", default="", help="more views of this identity")
    enroll.add_argument("--label", metavar="TEXT", help="what to call it (default: the folder's name)")
    enroll.add_argument("--class", dest="class_name", metavar="NAME", default="", help="its class")
    enroll.add_argument("--thumbnails", action="store_true", help="keep the first picture of each too")
    _add_model(enroll)
    merge = add("merge", _merge, "two are one; the one seen first keeps its id")
    merge.add_argument("names", metavar="NAME", nargs=2)
    add("split", _split, "undo a merge").add_argument("alias", metavar="ALIAS")
    rename = add("rename", _rename, "change what one is called")
    rename.add_argument("name", metavar="NAME")
    rename.add_argument("label", metavar="LABEL", help="'' takes the label away")
    forget = add("forget", _forget, "erase identities for good")
    forget.add_argument("names", metavar="NAME", nargs="+")
    expire = add("expire", _expire, "erase who was not seen for long")
    expire.add_argument("--days", type=float, required=True, help="last seen more than so many days ago")
    expire.add_argument("--labelled", action="store_true", help="those with a label too")
    register_data_commands(add)


def opened(arguments: argparse.Namespace, load: bool = False, writes: bool = False) -> Gallery:
    """The gallery of the command line; only what is to be changed is locked."""
    return open_gallery(arguments.gallery, read_only=not writes, load=load)


def _add_model(parser: argparse.ArgumentParser) -> None:
    default = EmbedderSettings().model
    parser.add_argument("--model", default=default, help=f"embedder for pictures (default: {default})")


def _list(arguments: argparse.Namespace) -> int:
    with opened(arguments) as gallery:
        known = gallery.recent(max(arguments.count, 1))
        if arguments.json:
            for one in known:
                print(json.dumps(_described(gallery, one)))
            return 0
        _print_known(known, ["" for _ in known])
        print(f"\n{len(gallery)} identities, {gallery.store.prototype_count()} prototypes of {gallery.model}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    with opened(arguments) as gallery:
        for key, value in _described(gallery, gallery.find(arguments.name)).items():
            print(f"{key:14} {value}")
        for prototype in gallery.prototypes(arguments.name):
            print(
                f"prototype      weight {prototype.weight:.2f}, quality {prototype.quality:.2f}, of {prototype.origin}"
            )
    return 0


def _search(arguments: argparse.Namespace) -> int:
    with opened(arguments, load=True) as gallery:
        for looks in _looks(arguments.query, arguments.model, gallery):
            match = gallery.identify(looks.vectors)
            hits = gallery.search(looks.vectors, arguments.count)
            print(f"{looks.name}: {match.verdict.name} (margin {match.margin:.3f})")
            _print_known([hit.identity for hit in hits], [f"{hit.score:.3f}" for hit in hits])
    return 0


def _enroll(arguments: argparse.Namespace) -> int:
    settings = GallerySettings(thumbnails=arguments.thumbnails)
    if arguments.looks.suffix.lower() in VECTORS:
        # of what network vectors are nobody knows but the user
        looks, model = read_vectors(arguments.looks), "" if exists(arguments.gallery) else arguments.model
    else:
        embedder = make_embedder(EmbedderSettings(model=arguments.model))
        looks, model = read_pictures(arguments.looks, embedder), embedder.model
    if (arguments.into or arguments.label is not None) and len(looks) > 1:
        raise InputError(f"'{arguments.looks}' shows {len(looks)} objects: --into and --label are for one")
    label = arguments.label
    with open_gallery(arguments.gallery, model, looks[0].vectors.shape[1], settings, load=False) as gallery:
        now_ns = time.time_ns()
        known = gallery.enroll_all(
            [
                Enrolment(
                    one.vectors,
                    now_ns,
                    arguments.into,
                    label=_label(label, one, arguments.into),
                    class_name=arguments.class_name,
                    thumbnail=one.picture,
                )
                for one in looks
            ]
        )
        _print_known(known, ["" for _ in known])
    return 0


def _merge(arguments: argparse.Namespace) -> int:
    first, second = arguments.names
    with opened(arguments, writes=True) as gallery:
        _print_known([gallery.merge(first, second, time.time_ns())], [""])
    return 0


def _split(arguments: argparse.Namespace) -> int:
    with opened(arguments, writes=True) as gallery:
        _print_known(gallery.split(arguments.alias), ["", ""])
    return 0


def _rename(arguments: argparse.Namespace) -> int:
    with opened(arguments, writes=True) as gallery:
        _print_known([gallery.rename(arguments.name, label=arguments.label)], [""])
    return 0


def _forget(arguments: argparse.Namespace) -> int:
    with opened(arguments, writes=True) as gallery:
        for name in arguments.names:
            forgotten = gallery.forget(name)
            print(f"{' '.join(forgotten.ids)}: forgotten, {forgotten.views} prototypes erased")
    return 0


def _expire(arguments: argparse.Namespace) -> int:
    if not arguments.days >= 0:
        raise InputError(f"--days: expected 0 or more, got {arguments.days}")
    with opened(arguments, writes=True) as gallery:
        gone = gallery.expire(max(time.time_ns() - round(arguments.days * _DAY_NS), 0), arguments.labelled)
    print(f"{len(gone)} identities forgotten, {sum(one.views for one in gone)} prototypes erased")
    return 0


def _label(given: str | None, looks: Looks, into: str) -> str:
    """Views of somebody who is there leave the label as it is."""
    if given is not None:
        return given
    return "" if into else looks.name


def _looks(path: Path, model: str, gallery: Gallery) -> list[Looks]:
    """Raises ModelError for pictures where ``model`` is not the gallery's network."""
    if path.suffix.lower() in VECTORS:
        return read_vectors(path)
    embedder = make_embedder(EmbedderSettings(model=model))
    if embedder.model != gallery.model:
        raise ModelError(f"--model: the gallery's network is {gallery.model}, and '{model}' is {embedder.model}")
    return read_pictures(path, embedder)


def _described(gallery: Gallery, known: Known) -> dict[str, object]:
    first_ns, last_ns = known.seen
    return {
        "id": known.identity_id,
        "aliases": list(known.aliases),
        "label": known.name,
        "class": known.kind,
        "prototypes": len(gallery.prototypes(known.identity_id)),
        "observations": known.total_observations,
        "first_seen": _time_text(first_ns),
        "last_seen": _time_text(last_ns),
        "merged": [f"{part.identity_id} at {_time_text(part.merged_ns)}" for part in list(known.parts())[1:]],
        "picture": gallery.thumbnail(known.identity_id) is not None,
    }


def _print_known(known: Sequence[Known], scores: Iterable[str]) -> None:
    rows = [("ID", "SCORE", "LABEL", "CLASS", "VIEWS SEEN", "LAST SEEN", "ALIASES")]
    for one, score in zip(known, scores, strict=True):
        seen = _time_text(one.seen[1])
        rows.append(
            (one.identity_id, score, one.name, one.kind, str(one.total_observations), seen, " ".join(one.aliases))
        )
    columns = [column for column in zip(*rows, strict=True) if any(column[1:]) or column[0] == "ID"]
    for row in zip(*columns, strict=True):
        widths = [max(map(len, column)) for column in columns]
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _time_text(stamp_ns: int) -> str:
    return datetime.fromtimestamp(stamp_ns / 1e9, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
