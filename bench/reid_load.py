"""Eight cameras' tracks at 15 Hz described by OSNet x0.25 within two cores: what share of tracks, and how old.

The path of ``reid_node`` without messages: every camera's newest image and tracks wait, all that wait are described
together within the budget, as the node's worker does it; time is the machine's. Images are noise, tracks boxes that
move. A track is described when its appearance is known at all; its age is the time since its last description.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from mobinet.reid import DescriberSettings, EmbedderSettings, TrackDescriber, describe_together, make_embedder
from mobinet.types import Frame, Track, TrackState

ROOT = Path(__file__).resolve().parent.parent
CAMERAS, RATE_HZ, TRACKS, LIFE_S = 8, 15.0, 6, 8.0
WIDTH, HEIGHT = 640, 480


class Traffic:
    """Tracks of one camera: each lives some seconds, then another takes its place."""

    def __init__(self, seed: int) -> None:
        self._draw = np.random.default_rng(seed)
        self.image = self._draw.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
        self._born = -self._draw.uniform(0, LIFE_S, TRACKS)
        self._ids = np.arange(TRACKS)
        self._starts = self._draw.uniform(0, 400, TRACKS)

    def at(self, now_s: float) -> list[Track]:
        for index in np.flatnonzero(now_s - self._born > LIFE_S):
            self._ids[index] = self._ids.max() + 1
            self._born[index] = now_s
        tracks = []
        for index in range(TRACKS):
            x = self._starts[index] + 20 * (now_s - self._born[index])
            box = np.array([x, 60 + 30 * index, x + 60, 210 + 30 * index], np.float32)
            tracks.append(
                Track(
                    int(self._ids[index]),
                    box,
                    0.9,
                    "person",
                    TrackState.CONFIRMED,
                    np.zeros(2, np.float32),
                    0,
                    0,
                    index,
                )
            )
        return tracks


def run(model: str, duration_s: float, budget_ms: float) -> dict[str, float]:
    embedder = make_embedder(EmbedderSettings(model=model, threads=2))
    settings = DescriberSettings(budget_ms=budget_ms)
    cameras = [Traffic(number) for number in range(CAMERAS)]
    describers = [TrackDescriber(embedder, settings) for _ in cameras]
    last: list[dict[int, float]] = [{} for _ in cameras]
    known, ages, views, overtaken = [], [], 0, 0
    worked, start, step = time.process_time(), time.perf_counter(), -1
    while (now_s := time.perf_counter() - start) < duration_s:
        newest = int(now_s * RATE_HZ)
        if newest == step:
            time.sleep(max((newest + 1) / RATE_HZ - now_s, 0))
            continue
        overtaken += newest - step - 1
        step = newest
        stamp_s = step / RATE_HZ
        tracks = [camera.at(stamp_s) for camera in cameras]
        plans = [
            describer.plan(Frame(int(stamp_s * 1e9), str(number), camera.image), mine)
            for number, (describer, camera, mine) in enumerate(zip(describers, cameras, tracks, strict=True))
        ]
        for number, found in enumerate(describe_together(plans)):
            views += len(found)
            last[number] |= {one.track_id: stamp_s for one in found}
        done_s = time.perf_counter() - start
        for mine, seen in zip(tracks, last, strict=True):
            known += [track.track_id in seen for track in mine]
            ages += [done_s - seen[track.track_id] for track in mine if track.track_id in seen]
    elapsed = time.perf_counter() - start
    return {
        "described_share": float(np.mean(known)),
        "age_median_s": float(np.median(ages)),
        "age_p95_s": float(np.percentile(ages, 95)),
        "views_per_s": views / elapsed,
        "overtaken_share": overtaken / max(step + 1, 1),
        "cores": (time.process_time() - worked) / elapsed,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOBINET_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--quick", action="store_true", help="4 s instead of 20")
    parser.add_argument("--budget", metavar="MS", type=float, default=20.0, help="of each camera, default 20")
    options = parser.parse_args()
    osnet = Path(options.data) / "models/osnet_x0_25/osnet_x0_25_msmt17_a.onnx"
    if not osnet.is_file():
        print(f"skipped: '{osnet}' is absent; set MOBINET_DATA")
        return 0
    figures: dict[str, dict[str, float]] = {}
    for name, model in (("osnet_x0_25", str(osnet)), ("street-embedder", "street-embedder")):
        found = run(model, 4.0 if options.quick else 20.0, options.budget)
        figures[name] = {key: round(value, 3) for key, value in found.items()}
        print(f"{name:16}" + "  ".join(f"{key} {value:.3f}" for key, value in found.items()))
    ours = figures.pop("osnet_x0_25")
    print(json.dumps({"bench": "reid_load", "ours": ours, "peers": figures, "limit": {}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
