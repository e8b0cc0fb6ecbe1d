"""Recordings: whom a picture shows, found again in another view or at another time; rank-1 and mAP of OSNet x0.25.

The pools of ``shipped_embedder.py``: a man of EPFL's lab in one view looked for in another, among people of TUD-Campus,
and the people of TUD-Campus across stretches of time. Plain feature, and with what fits so few views: mirrored
crops and re-ranking by few neighbours. Little data of few people: it shows that nothing breaks, not how good
anything is.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from shipped_embedder import ROOT, Pool, of_lab, of_recording

from mobinet.evaluation import Pictures, ReidScores, evaluate_reid
from mobinet.reid import EmbedderSettings, make_embedder
from mobinet.reid.ranking import RankingSettings, Views, rank

PLAIN = RankingSettings(whitening=False, camera_penalty=0.0, pooling=False, enhancement=0, reciprocal=False)
RERANKED = RankingSettings(whitening=False, camera_penalty=0.0, pooling=False, enhancement=0, k1=6, k2=3)


def score(chosen: Pool, model: str, flip: bool, settings: RankingSettings) -> ReidScores:
    embedder = make_embedder(EmbedderSettings(model=model, threads=1, flip=flip))
    vectors = embedder.embed_clips([[crop] for crop in chosen.crops])
    views = Views(vectors, cameras=chosen.pictures.cameras)
    asked = Views(vectors[chosen.queries], cameras=chosen.pictures.cameras[chosen.queries])
    queries = Pictures(chosen.pictures.ids[chosen.queries], chosen.pictures.cameras[chosen.queries])
    return evaluate_reid(rank(asked, views, settings), queries, chosen.pictures)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOBINET_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--quick", action="store_true", help="TUD-Campus alone")
    options = parser.parse_args()
    data = Path(options.data)
    tud, osnet = data / "mot/TUD-Campus", data / "models/osnet_x0_25/osnet_x0_25_msmt17_a.onnx"
    if not (tud.is_dir() and osnet.is_file()):
        print(f"skipped: '{data}' lacks TUD-Campus or OSNet; set MOBINET_DATA")
        return 0
    pools = {"TUD-Campus": of_recording(tud / "TUD-Campus.mp4", tud / "gt.txt", 1.0, 24, 3)}
    if not options.quick:
        pools["EPFL lab"] = of_lab(data, pools["TUD-Campus"])
    ways = {"plain": (False, PLAIN), "flip": (True, PLAIN), "flip, re-ranked": (True, RERANKED)}
    models = {"osnet_x0_25": str(osnet), "street-embedder": "street-embedder"}
    figures: dict[str, dict[str, float]] = {model: {} for model in models}
    print(f"{'':12}{'':16}{'':18}{'queries':>8}{'rank-1':>8}{'mAP':>8}")
    for place, chosen in pools.items():
        for name, model in models.items():
            for way, (flip, settings) in ways.items():
                found = score(chosen, model, flip, settings)
                print(f"{place:12}{name:16}{way:>18}{found.queries:8}{found.rank(1):8.3f}{found.mean_ap:8.3f}")
                figures[name] |= {
                    f"{place}/{way}/rank1": round(found.rank(1), 3),
                    f"{place}/{way}/mAP": round(found.mean_ap, 3),
                }
    ours = figures.pop("osnet_x0_25")
    print(json.dumps({"bench": "reid_real", "ours": ours, "peers": figures, "limit": {}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
