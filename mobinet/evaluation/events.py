"""How well objects are found in events: average precision of boxes that carry their own times.

The protocol of the event data sets Gen1 (de Tournemire et al. 2020) and 1 Mpx (Perot et al., "Learning to detect
objects with a 1 megapixel event camera", 2020): results are compared at the stamps of the truth, the first half second
and small boxes do not count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mobinet.errors import InputError
from mobinet.evaluation.detection import DetectionReport, DetectionSettings, evaluate_detection
from mobinet.evaluation.tables import BoxTable
from mobinet.settings import check_settings, setting
from mobinet.types import Int64


@dataclass(frozen=True)
class EventSettings:
    """What counts; the defaults are those of Gen1 (304 x 240). 1 Mpx has a diagonal of 60 and a side of 20 pixels.

    Raises:
        SettingsError: a value is out of range.
    """

    tolerance_s: float = setting(
        0.05, "a result counts at a true stamp that is at most this far away, seconds", minimum=0.0, maximum=10.0
    )
    skip_s: float = setting(0.5, "boxes before this time do not count, seconds since the start", minimum=0.0)
    minimum_diagonal_px: float = setting(30.0, "boxes of a smaller diagonal do not count, pixels", minimum=0.0)
    minimum_side_px: float = setting(10.0, "boxes of a smaller width or height do not count, pixels", minimum=0.0)

    def __post_init__(self) -> None:
        check_settings(self)


def evaluate_events(
    truth: BoxTable,
    results: BoxTable,
    start_ns: int,
    settings: EventSettings | None = None,
    rules: DetectionSettings | None = None,
) -> DetectionReport:
    """Average precision and recall of one recording.

    At every stamp of the truth all results within the tolerance compete, as in the protocol: a detector that answers
    more often than the truth is labelled should give its newest box alone, or its repetitions count as wrong.

    Args:
        truth, results: ``images`` are stamps in nanoseconds.
        start_ns: stamp of the first event.

    Raises:
        InputError: no result is near a stamp of the truth; as :func:`evaluate_detection`.
    """
    settings = settings or EventSettings()
    for table, what in ((truth, "truth"), (results, "results")):
        if table.images.dtype.kind not in "iu":
            raise InputError(f"{what}: expected stamps in nanoseconds, got {table.images.dtype}")
    truth, results = _that_count(truth, start_ns, settings), _that_count(results, start_ns, settings)
    if not len(truth):
        raise InputError(
            "no true box counts: all are too early or too small; lower skip_s, minimum_diagonal_px or minimum_side_px"
        )
    stamps = np.unique(truth.images)
    near = _near(results, stamps, round(settings.tolerance_s * 1e9))
    if len(results) and not len(near):
        raise InputError(
            f"no result is within {settings.tolerance_s:g} s of the truth: truth has stamps {stamps[0]} to "
            f"{stamps[-1]}, results {results.images.min()} to {results.images.max()} ns; expected one clock and one "
            "unit in both"
        )
    return evaluate_detection(truth, near, rules, images=stamps.tolist())


def _that_count(table: BoxTable, start_ns: int, settings: EventSettings) -> BoxTable:
    width, height = (table.boxes[:, 2:] - table.boxes[:, :2]).astype(np.float64).T
    large = (np.hypot(width, height) >= settings.minimum_diagonal_px) & (
        np.minimum(width, height) >= settings.minimum_side_px
    )
    return table[large & (table.images - start_ns >= settings.skip_s * 1e9)]


def _near(results: BoxTable, stamps: Int64, tolerance_ns: int) -> BoxTable:
    """The results at each stamp that are within the tolerance of it, as if they had that stamp."""
    ordered = results[np.argsort(results.images, kind="stable")]
    starts = np.searchsorted(ordered.images, stamps - tolerance_ns, "left")
    ends = np.searchsorted(ordered.images, stamps + tolerance_ns, "right")
    rows = np.concatenate([np.arange(start, end) for start, end in zip(starts, ends, strict=True)])
    return replace(ordered[rows.astype(np.int64)], images=np.repeat(stamps, ends - starts))
