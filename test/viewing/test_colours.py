"""Colours tell objects apart and mean the same everywhere."""

from __future__ import annotations

import colorsys
import os
import subprocess
import sys

import pytest

from mobinet.viewing.colours import identity_colour, text_colour, track_colour


def hue(colour: tuple[int, int, int]) -> float:
    return colorsys.rgb_to_hsv(*(c / 255 for c in colour))[0]


def test_same_colour_in_another_process() -> None:
    # Python's own hash differs from process to process; robots must not
    code = "from mobinet.viewing.colours import identity_colour as c; print(c('r1-7'), c('anna'))"
    environment = dict(os.environ, PYTHONHASHSEED="12345")
    output = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert output.stdout.split("\n")[0] == f"{identity_colour('r1-7')} {identity_colour('anna')}"


@pytest.mark.parametrize("prefix", ["", "r1-", "r2:"])
def test_eight_neighbours_are_told_apart(prefix: str) -> None:
    hues = sorted(hue(identity_colour(f"{prefix}{number}")) for number in range(100, 108))
    gaps = [b - a for a, b in zip(hues, [*hues[1:], hues[0] + 1], strict=True)]
    assert min(gaps) > 0.05


def test_a_track_is_never_as_saturated_as_an_identity() -> None:
    def saturation(colour: tuple[int, int, int]) -> float:
        return colorsys.rgb_to_hsv(*(c / 255 for c in colour))[1]

    assert max(saturation(track_colour(i)) for i in range(50)) < min(
        saturation(identity_colour(str(i))) for i in range(50)
    )


@pytest.mark.parametrize(
    ("background", "expected"),
    [
        ((255, 255, 0), (0, 0, 0)),  # yellow is bright
        ((0, 0, 255), (255, 255, 255)),  # blue is dark, although as saturated
        ((0, 230, 0), (0, 0, 0)),  # green is bright
    ],
)
def test_text_contrasts(background: tuple[int, int, int], expected: tuple[int, int, int]) -> None:
    assert text_colour(background) == expected
