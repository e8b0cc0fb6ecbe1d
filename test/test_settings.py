"""Settings dataclasses: types, ranges and unknown keys."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mobinet.errors import SettingsError
from mobinet.settings import check_settings, setting, settings_from_mapping


@dataclass(frozen=True)
class Example:
    rate: float = setting(1.0, "hertz", minimum=0.0, maximum=10.0)
    count: int = setting(3, "pieces", minimum=1)
    mode: str = setting("a", "mode", choices=("a", "b"))
    on: bool = setting(True, "switch")
    names: tuple[str, ...] = setting((), "names")
    points: tuple[float, ...] = setting((0.0,), "points", maximum=1.0)

    def __post_init__(self) -> None:
        check_settings(self)


@pytest.mark.parametrize(
    "values",
    [
        {"rate": 0.0},  # the ends belong to the range
        {"rate": 10},  # a whole number stands for a float
        {"count": 1},
        {"mode": "b"},
        {"names": ["x", "y"]},
        {"points": [0.5, 1.0]},
    ],
)
def test_accepted(values):
    settings = settings_from_mapping(Example, values, "file.yaml")
    for name, value in values.items():
        assert getattr(settings, name) == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"rate": -0.1}, "rate: -0.1 is out of range, allowed 0.0 to 10.0"),
        ({"rate": float("nan")}, "rate: expected a finite number"),
        ({"rate": "fast"}, "rate: expected float, got 'fast'"),
        ({"count": 1.5}, "count: expected int"),
        ({"count": True}, "count: expected int, got True"),  # bool is an int in Python, not here
        ({"on": 1}, "on: expected bool"),
        ({"mode": "c"}, "mode: 'c' is not one of a, b"),
        ({"names": "x"}, "names: expected a list"),
        ({"points": [0.0, 2.0]}, "points: 2.0 is out of range"),
        ({"rat": 1.0}, "unknown key 'rat'; known: count, mode, names, on, points, rate"),
    ],
)
def test_refused_by_name(values, named):
    with pytest.raises(SettingsError, match=r"file\.yaml") as caught:
        settings_from_mapping(Example, values, "file.yaml")
    assert named in str(caught.value)
