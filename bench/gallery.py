"""A gallery of 10,000, 100,000 and a million vectors of 512: questions a second and who is found, ours and plain FAISS.

Vectors are made here: 32 hidden numbers an object, spread over 512 with noise, as networks make them (independent noise
in 512 directions would have no neighbourhoods to search). Each is an identity of its own; a question is another view of
one. Up to 100,000 the peer is FAISS's IndexFlatIP, above it FAISS's HNSW with the same graph and the same half
precision, so that what is compared is what we add: checks, whose a vector is, the second best, the verdict. Rates are
those of one core's time, since others may use the machine: the median, each question asked in turn by one way and the
other. Opening is by the clock too.

A million takes about a quarter of an hour of one core to store and to build; --folder keeps the files for another run.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from mobinet.reid.gallery import Gallery, GallerySettings, Known, Prototype, open_gallery
from mobinet.reid.gallery.store import Put
from mobinet.types import Float32

SIZES = {"10k": 10_000, "100k": 100_000, "1M": 1_000_000}
DIMENSION, HIDDEN, CHUNK = 512, 32, 20_000
QUESTIONS, AT_ONCE, ROUNDS = 200, 20, 7
MODEL = "bench:000000000000"
SETTINGS = GallerySettings(exact_up_to=100_000)


def unit(vectors: np.ndarray) -> Float32:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def chunk_of(number: int, count: int) -> Float32:
    spread = np.random.default_rng(0).normal(size=(HIDDEN, DIMENSION)) / np.sqrt(HIDDEN)
    rng = np.random.default_rng(number + 1)
    return unit(rng.normal(size=(count, HIDDEN)) @ spread + 0.1 * rng.normal(size=(count, DIMENSION)))


def chunks(total: int) -> Iterator[tuple[int, Float32]]:
    for start in range(0, total, CHUNK):
        yield start, chunk_of(start // CHUNK, min(CHUNK, total - start))


def questions(total: int) -> tuple[Float32, np.ndarray]:
    """Views, and which vector each is nearest to, by all products."""
    rng = np.random.default_rng(99)
    asked = np.sort(rng.choice(total, QUESTIONS, replace=False))
    views = np.concatenate([part[asked[(asked >= at) & (asked < at + len(part))] - at] for at, part in chunks(total)])
    views = unit(views + 0.03 * rng.normal(size=views.shape))
    best, nearest = np.full(QUESTIONS, -2.0), np.zeros(QUESTIONS, np.int64)
    for start, part in chunks(total):
        scores = views @ part.T
        there = scores.max(axis=1) > best
        best = np.maximum(best, scores.max(axis=1))
        nearest[there] = start + scores[there].argmax(axis=1)
    return views, nearest


def fill(path: Path, total: int) -> float:
    """Stores them; seconds of the process."""
    begin = time.process_time()
    with open_gallery(path, MODEL, DIMENSION, SETTINGS, load=False) as gallery:
        for start, part in chunks(total):
            names = [f"{start + row:016d}" for row in range(len(part))]
            known = [Known(name, observations=1, first_seen_ns=1, last_seen_ns=1) for name in names]
            looks = [(Prototype(vector, 1.0, 1.0, name),) for vector, name in zip(part, names, strict=True)]
            gallery.restore([Put(one, look) for one, look in zip(known, looks, strict=True)])
    return time.process_time() - begin


def plain(gallery: Gallery, total: int) -> Any:
    """FAISS alone, with the same vectors."""
    if total <= SETTINGS.exact_up_to:
        index = faiss.IndexFlatIP(DIMENSION)
        for _, part in chunks(total):
            index.add(part)
        return index
    graph, _ = gallery.store.search_index.graph()
    index = faiss.deserialize_index(np.frombuffer(graph, np.uint8))
    half, product = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    storage = faiss.IndexScalarQuantizer(DIMENSION, half, product)
    storage.is_trained = True
    for _, part in chunks(total):
        storage.add(part)
    index.storage, index.own_fields = storage, True
    storage.this.disown()
    index.hnsw.efSearch = 128
    return index


def in_turn(ways: dict[str, Callable[[Float32], object]], parts: list[Float32]) -> dict[str, float]:
    """Questions a second of each way: of the median time of a part, each asked in turn by one way and the other."""
    times: dict[str, list[int]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for part in parts:
            for name, way in ways.items():
                begin = time.process_time_ns()
                way(part)
                times[name].append(time.process_time_ns() - begin)
    return {name: round(len(parts[0]) * 1e9 / float(np.median(taken)), 1) for name, taken in times.items()}


def measure(path: Path, label: str, total: int) -> tuple[dict[str, float], dict[str, float]]:
    ours: dict[str, float] = {}
    if not path.exists():
        ours["store_us_a_vector"] = round(fill(path, total) / total * 1e6, 1)
    with open_gallery(path, settings=SETTINGS, load=False) as gallery:
        if total > SETTINGS.exact_up_to and not gallery.store.has_graph:
            gallery.compact()
    faiss.omp_set_num_threads(1)
    ours["bytes_a_vector"] = round(path.stat().st_size / total, 1)
    clock, begin = time.perf_counter(), time.process_time()
    with open_gallery(path, settings=SETTINGS) as gallery:
        ours["open_s"] = round(time.perf_counter() - clock, 2)
        ours["open_process_s"] = round(time.process_time() - begin, 2)
        views, nearest = questions(total)
        names = [f"{row:016d}" for row in nearest]
        index = plain(gallery, total)
        found = [match.best for match in gallery.identify_each(views)]
        ours["recall_at_1"] = round(float(np.mean([one == name for one, name in zip(found, names, strict=True)])), 4)
        peer = {"recall_at_1": round(float((index.search(views, 1)[1][:, 0] == nearest).mean()), 4)}
        ways = {"ours": gallery.identify_each, "faiss": lambda part: index.search(part, 2)}
        for kind, parts in (("single_per_s", QUESTIONS), ("batched_per_s", QUESTIONS // AT_ONCE)):
            rates = in_turn(ways, np.split(views, parts))
            ours[kind], peer[kind] = rates["ours"], rates["faiss"]
    for name, row in (("ours", ours), ("faiss", peer)):
        print(f"{label:6}{name:7}" + "  ".join(f"{key} {value:g}" for key, value in row.items()), flush=True)
    return ours, peer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="not used: the vectors are made here")
    parser.add_argument("--quick", action="store_true", help="the smallest size alone")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--folder", type=Path, help="where the galleries are kept; default: nowhere")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    peers: dict[str, float] = {}
    limit: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        for label in ["10k"] if options.quick else options.sizes:
            ours, peer = measure(folder / f"{label}.gallery", label, SIZES[label])
            figures |= {f"{label}/{key}": value for key, value in ours.items()}
            peers |= {f"{label}/{key}": value for key, value in peer.items()}
            limit |= {f"{label}/{key}": round(0.9 * value, 4) for key, value in peer.items()}
    print(json.dumps({"bench": "gallery", "ours": figures, "peers": {"faiss": peers}, "limit": limit}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
