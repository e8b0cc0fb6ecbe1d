"""Re-ranking by k-reciprocal neighbours: time and memory of ours and of the formula written down in dense NumPy.

Vectors of 512 numbers of objects seen five times each, half signal and half noise. Each way runs in a process of its
own; the memory is what the process grew by at most, over what it had with the vectors loaded. Where other programs run
too, compare the time of the processor.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mobinet.reid import k_reciprocal
from mobinet.types import Float32

SIZES = ((500, 5_000), (1_000, 20_000))
DIMENSION = 512
K1, K2, WEIGHT = 20, 6, 0.3


def some_vectors(queries: int, gallery: int) -> Float32:
    """Unit vectors, the queries first."""
    rng = np.random.default_rng(queries + gallery)
    total = queries + gallery
    centres = rng.normal(size=(total // 5, DIMENSION))
    vectors = centres[rng.integers(0, len(centres), total)] + rng.normal(size=(total, DIMENSION))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def dense(queries: Float32, gallery: Float32) -> Float32:
    """Zhong et al. (2017), equations 3 to 12, with matrices of all vectors by all."""
    count = len(queries)
    vectors = np.concatenate([queries, gallery])
    lengths = (vectors**2).sum(axis=1)
    original = np.maximum(lengths[:, None] + lengths - 2 * vectors @ vectors.T, 0)
    original /= original.max(axis=1, keepdims=True)
    rank = np.argsort(original, axis=1).astype(np.int32)
    encodings = np.zeros_like(original)
    for index in range(len(vectors)):
        mine = reciprocal(rank, index, K1)
        everyone = mine
        for candidate in mine:
            theirs = reciprocal(rank, candidate, round(K1 / 2))
            if len(np.intersect1d(theirs, mine)) > 2 / 3 * len(theirs):
                everyone = np.append(everyone, theirs)
        everyone = np.unique(everyone)
        weights = np.exp(-original[index, everyone])
        encodings[index, everyone] = weights / weights.sum()
    encodings = np.stack([encodings[rank[index, :K2]].mean(axis=0) for index in range(len(vectors))])
    members = [np.flatnonzero(encodings[:, index]) for index in range(len(vectors))]
    answer = np.empty((count, len(gallery)), np.float32)
    for query in range(count):
        shared = np.zeros(len(vectors), np.float32)
        for index in np.flatnonzero(encodings[query]):
            rows = members[index]
            shared[rows] += np.minimum(encodings[query, index], encodings[rows, index])
        jaccard = 1 - shared / (2 - shared)
        answer[query] = ((1 - WEIGHT) * jaccard + WEIGHT * original[query])[count:]
    return answer


def reciprocal(rank: np.ndarray, index: int, count: int) -> np.ndarray:
    near = rank[index, : count + 1]
    return near[(rank[near, : count + 1] == index).any(axis=1)]


def measure(way: Callable[[Float32, Float32], Float32], size: tuple[int, int], repeats: int, path: Path) -> None:
    vectors = some_vectors(*size)
    queries, gallery = vectors[: size[0]], vectors[size[0] :]
    # code is compiled before, and BLAS has its threads
    way(queries[:20], gallery[:200])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times, works = [], []
    for _ in range(repeats):
        start, worked = time.perf_counter(), time.process_time()
        answer = way(queries, gallery)
        times.append(time.perf_counter() - start)
        works.append(time.process_time() - worked)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    np.savez(path, answer=answer, seconds=np.median(times), cpu_s=np.median(works), peak_mb=peak)


def run(way: Callable[[Float32, Float32], Float32], size: tuple[int, int], repeats: int) -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.npz"
        process = multiprocessing.get_context("spawn").Process(target=measure, args=(way, size, repeats, path))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(f"{way.__name__} at {size} ended with {process.exitcode}; is there enough memory?")
        with np.load(path) as found:
            return dict(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="not used: the vectors are made here")
    parser.add_argument("--quick", action="store_true", help="the smaller size alone; the larger takes 10 GB")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    peers: dict[str, float] = {}
    limit: dict[str, float] = {}
    print(f"{'queries x gallery':20}{'':8}{'s':>9}{'of CPU':>9}{'MB':>9}")
    for size in SIZES[:1] if options.quick else SIZES:
        name = f"{size[0]}x{size[1]}"
        ours, peer = run(k_reciprocal, size, 3), run(dense, size, 1)
        for label, row in (("ours", ours), ("dense", peer)):
            print(f"{name:20}{label:8}{row['seconds']:9.2f}{row['cpu_s']:9.2f}{row['peak_mb']:9.0f}")
        difference = float(np.abs(ours["answer"] - peer["answer"]).max())
        for into, row in ((figures, ours), (peers, peer)):
            into[f"{name}/rerank_s"] = round(float(row["seconds"]), 3)
            into[f"{name}/rerank_cpu_s"] = round(float(row["cpu_s"]), 3)
            into[f"{name}/rerank_peak_mb"] = round(float(row["peak_mb"]), 1)
        figures[f"{name}/max_abs_difference"] = difference
        limit |= {
            f"{name}/rerank_s": round(float(peer["seconds"]) / 10, 3),
            f"{name}/rerank_peak_mb": round(float(peer["peak_mb"]) / 10, 1),
            f"{name}/max_abs_difference": 1e-5,
        }
    print(json.dumps({"bench": "rerank", "ours": figures, "peers": {"dense": peers}, "limit": limit}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
