"""A camera that is turned after its target: a lecturer in a simulated room, and people in wide recordings.

Every contender turns the same mount (latency, acceleration and fastest rate included) at the same zoom, and gets the
same noisy boxes late by 0, 100 and 300 ms: a camera that stands still, one that is turned in proportion to the error
in the image (at the one gain that suits all runs best, and at the gain that suits each single run best), and ours, with
one setting for all.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from following.loop import Contender, Fixed, Ours, Outcome, POnly, run  # noqa: E402
from following.people import people_of_video  # noqa: E402
from following.plot import draw_errors  # noqa: E402
from following.scenes import Lecture, Recorded, Scene  # noqa: E402

from mobinet.recordings.mot import read_mot, read_seqinfo  # noqa: E402
from mobinet.targets.corrections import make_corrections  # noqa: E402
from mobinet.targets.factory import load_matcher  # noqa: E402
from mobinet.targets.ptz_settings import PtzSettings  # noqa: E402
from mobinet.targets.settings import TargetSettings  # noqa: E402
from mobinet.targets.tracker import TargetTracker  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
LATENCIES_S = (0.0, 0.1, 0.3)
SAFE_GAIN = 3.0
GAINS = (1.0, 2.0, 3.0, 4.0, 6.0)
COLUMNS = ("central", "in_view", "rms_deg", "travel_deg", "jerk_deg")
PETS_SIZE, PETS_WINDOW = (768, 576), (256, 192)
PETS_PEOPLE = 4
SHORTEST_S = 12.0


def pets(folder: Path) -> list[Recorded]:
    """The people who are longest in a sequence, each a target of its own."""
    info, table = read_seqinfo(folder / "seqinfo.ini"), read_mot(folder / "gt.txt")
    identities, counts = np.unique(table.ids, return_counts=True)
    scenes = []
    for identity in identities[np.argsort(-counts, kind="stable")][:PETS_PEOPLE]:
        rows = table.ids == identity
        frames = table.frames[rows]
        boxes = np.full((frames.max() - frames.min() + 1, 4), np.nan)
        boxes[frames - frames.min()] = table.boxes[rows]
        if len(boxes) / info.rate >= SHORTEST_S:
            name = f"{folder.name.lower()}/{identity}"
            scenes.append(Recorded(name, info.rate, (info.width, info.height), PETS_WINDOW, boxes))
    return scenes


def recorded(data: Path) -> list[Scene]:
    """People of PETS09-S2L1 by its ground truth, and of the video by our own detector and tracker."""
    scenes: list[Scene] = []
    sequence, video = data / "mot" / "PETS09-S2L1", data / "video" / "one-by-one-person-detection.mp4"
    detector = data / "models" / "fastestdet" / "FastestDet.onnx"
    if sequence.is_dir():
        scenes += pets(sequence)
    if video.is_file() and detector.is_file():
        scenes += people_of_video(video, str(detector))
    if not scenes:
        print(f"no recordings in '{data}'; set --data or MOBINET_DATA: the simulated scene alone")
    return scenes


def ours(scene: Scene) -> Contender:
    mount = scene.new_mount().settings
    settings = PtzSettings(
        pan_limits_deg=mount.pan_limits_deg,
        tilt_limits_deg=mount.tilt_limits_deg,
        zoom_limits=mount.zoom_limits,
        actuation=mount.latency,
        picture=scene.picture,
        lost="hold",
    )
    return Ours(settings)


def measure(scenes: Sequence[Scene], seed: int) -> dict[str, dict[str, Outcome]]:
    """Outcomes by contender and ``SCENE/LATENCYms``.

    ``p_only`` has the gain with the least error over all runs together, ``p_best`` the best in each single run.
    """
    runs = {f"{scene.name}/{round(1000 * late)}ms": (scene, late) for scene in scenes for late in LATENCIES_S}
    by_gain = {gain: {k: run(s, POnly(gain), late, seed=seed) for k, (s, late) in runs.items()} for gain in GAINS}
    chosen = min(GAINS, key=lambda gain: sum(outcome.rms_deg**2 for outcome in by_gain[gain].values()))
    print(f"p_only: gain {chosen:g}")
    return {
        "fixed": {key: run(scene, Fixed(), late, seed=seed) for key, (scene, late) in runs.items()},
        "p_only": by_gain[chosen],
        "p_best": {key: min((each[key] for each in by_gain.values()), key=lambda o: o.rms_deg) for key in runs},
        "ours": {key: run(scene, ours(scene), late, seed=seed) for key, (scene, late) in runs.items()},
    }


def measure_tracked(scenes: Sequence[Scene], data: Path) -> dict[str, dict[str, Outcome]]:
    """As ``measure``, with the tracker of targets in the loop: where the camera does not look it sees nothing."""
    networks = data / "models" / "nanotrack_v2"
    backbone, head = (str(next(networks.glob(f"*{part}*.onnx"))) for part in ("backbone", "head"))
    settings = TargetSettings(network=backbone, head=head)
    matcher = load_matcher(settings)
    found: dict[str, dict[str, Outcome]] = {"p_only": {}, "ours": {}}
    for scene in scenes:
        for latency_s in LATENCIES_S:
            key = f"{scene.name}/{round(latency_s * 1000)}ms"
            for name, contender in (("p_only", POnly(SAFE_GAIN)), ("ours", ours(scene))):
                tracker = TargetTracker(matcher, make_corrections(matcher), settings)
                found[name][key] = run(scene, contender, latency_s, tracker=tracker)
    return found


def show(found: Mapping[str, Mapping[str, Outcome]]) -> None:
    print(f"{'':28}{'':>8}" + "".join(f"{column:>12}" for column in COLUMNS))
    for key in found["ours"]:
        for name, outcomes in found.items():
            values = "".join(f"{getattr(outcomes[key], column):12.2f}" for column in COLUMNS)
            print(f"{key if outcomes is next(iter(found.values())) else '':28}{name:>8}{values}", flush=True)


def plot(path: Path, found: Mapping[str, Mapping[str, Outcome]], scene: str) -> None:
    """Writes the error in pan over time, a row for each latency, as a PNG."""
    draw_errors(
        path, {name: {k: o for k, o in each.items() if k.startswith(f"{scene}/")} for name, each in found.items()}
    )


def flat(outcomes: Mapping[str, Outcome]) -> dict[str, float]:
    return {
        f"{key}/{column}": round(getattr(outcome, column), 3) for key, outcome in outcomes.items() for column in COLUMNS
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of recordings with mot/ (default: MOBINET_DATA)")
    parser.add_argument("--seed", type=int, default=1, help="of the noise of the boxes")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the errors on the lecture scenario over time")
    parser.add_argument(
        "--images", action="store_true",
        help="boxes from the target tracker in the images that the turned camera takes, instead of noisy true ones; "
        "the proportional one at the gain 3",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="the lecture scenario alone")
    options = parser.parse_args()
    scenes: list[Scene] = [Lecture()]
    data = options.data or Path(os.environ.get("MOBINET_DATA", ROOT.parent / "shared" / "data"))
    if not options.quick:
        scenes += recorded(data)
    if options.images:
        found = measure_tracked([scenes[0], *(each for each in scenes if getattr(each, "images", ()))], data)
    else:
        found = measure(scenes, options.seed)
    show(found)
    if options.plot:
        plot(options.plot, found, "lecture")
    figures = {name: flat(outcomes) for name, outcomes in found.items()}
    mine = figures.pop("ours")
    limit = {key: figures["p_only"][key] for key in mine if key.endswith("rms_deg") and "/0ms/" not in key}
    print(json.dumps({"bench": "ptz", "ours": mine, "peers": figures, "limit": limit}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
