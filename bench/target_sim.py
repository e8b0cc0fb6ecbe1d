"""One person followed through simulated worlds: hidden behind a wall for 20 to 60 images, or among 1 to 5 look-alikes.

The same trackers and measures as in bench/target.py, over one world a seed and kind, with the standard deviation from
world to world. The target counts as hidden while less than half of its silhouette shows. Seeds from 1000 on are for
this table alone: nothing is tuned on them. Images are rendered once, into build/bench/.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from targets.contenders import add_options, by_whom, contenders, find_networks, one_core, recordings  # noqa: E402
from targets.rendered import rendered  # noqa: E402
from targets.runs import combined, follow, judge, show  # noqa: E402
from targets.worlds import WORLDS  # noqa: E402

from mobinet.errors import MissingDependencyError  # noqa: E402

FIRST_SEED, SEEDS, QUICK_SEEDS = 1000, 20, 1


def compare(kind: str, seeds: range, networks: Path, options: argparse.Namespace) -> dict[str, dict[str, float | None]]:
    """Figures by tracker: of all worlds together, with the spread of the AUC over them."""
    worlds = [rendered(kind, seed) for seed in seeds]
    results: dict[str, dict[str, float | None]] = {}
    with contenders(options, networks) as followers:
        for name, follower in followers.items():
            judged = {one.name: judge(follow(one.frames(), one.truth, follower, one.places)) for one in worlds}
            spread = float(np.std([each.target.success for each in judged.values()]))
            after = [each.absences.success_after for each in judged.values() if each.absences.after]
            results[name] = {
                **combined(judged),
                "auc_spread": round(100 * spread, 2),
                "auc_after_spread": round(100 * float(np.std(after)), 2) if after else None,
            }
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED, help="of the worlds")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="number of worlds of each kind")
    parser.add_argument("--quick", action="store_true", help="one world of each kind")
    add_options(parser)
    options = parser.parse_args()
    one_core()
    seeds = range(options.first_seed, options.first_seed + (QUICK_SEEDS if options.quick else options.seeds))
    try:
        networks = find_networks(options, recordings() / "sot")
        results = {kind: compare(kind, seeds, networks, options) for kind in WORLDS}
    except (MissingDependencyError, FileNotFoundError) as error:
        print(f"skipped: {error}")
        return 0
    for kind, figures in results.items():
        print(f"{kind}, {len(seeds)} worlds")
        show(figures)
    print(json.dumps({"bench": "target_sim", **{kind: by_whom(figures) for kind, figures in results.items()}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
