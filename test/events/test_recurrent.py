"""Recurrent networks on events, on graphs of a few nodes whose answers are known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

from mobinet.errors import InputError, ModelError, SettingsError
from mobinet.events import EventDetectorSettings, Events, Window, make_event_detector
from mobinet.events.recurrent import RecurrentDetector, RecurrentSettings
from mobinet.events.recurrent_input import RecurrentInput
from mobinet.events.recurrent_network import RecurrentNetwork
from mobinet.events.recurrent_sidecar import RecurrentSidecar

STEP_NS = 50_000_000
BOX = [20.0, 10.0, 8.0, 6.0]  # centre and size
SETTINGS = RecurrentSettings(network_score_threshold=0.0, network_threads=1)


def write_network(
    folder: Path,
    *,
    channels: int = 4,
    size: tuple[int | str, int | str] = (32, 64),
    states: Mapping[str, tuple[int | str, ...]] | None = None,
    rows: np.ndarray | None = None,
    sidecar: Mapping[str, Any] | None = None,
    name: str = "net",
) -> Path:
    """A network whose states are halved in each window, and then get the number of events; ``next_NAME`` has them.

    Output ``boxes`` is ``(1, 5, 1)``: ``BOX`` and a hundredth of the first state's sum; or ``rows`` as they are.
    """
    states = {"h": (1, 1, 1, 1)} if states is None else states
    constants = {"half": np.array(0.5, np.float32), "hundredth": np.array(0.01, np.float32)}
    nodes = [helper.make_node("ReduceSum", ["counts"], ["total"], keepdims=1)]
    for state in states:
        nodes.append(helper.make_node("Mul", [state, "half"], [f"half_{state}"]))
        nodes.append(helper.make_node("Add", [f"half_{state}", "total"], [f"next_{state}"]))
    if rows is None:
        constants |= {"box": np.array(BOX, np.float32).reshape(1, 4, 1), "shape": np.array([1, 1, 1])}
        nodes += [
            helper.make_node("ReduceMax", [f"next_{next(iter(states))}"], ["most"], keepdims=1),
            helper.make_node("Mul", ["most", "hundredth"], ["share"]),
            helper.make_node("Reshape", ["share", "shape"], ["score"]),
            helper.make_node("Concat", ["box", "score"], ["boxes"], axis=1),
        ]
    else:
        constants["rows"] = rows
        nodes.append(helper.make_node("Identity", ["rows"], ["boxes"]))
    inputs = [helper.make_tensor_value_info("counts", TensorProto.FLOAT, [1, channels, *size])]
    inputs += [helper.make_tensor_value_info(key, TensorProto.FLOAT, list(shape)) for key, shape in states.items()]
    outputs = [helper.make_tensor_value_info("boxes", TensorProto.FLOAT, None)]
    outputs += [helper.make_tensor_value_info(f"next_{key}", TensorProto.FLOAT, None) for key in states]
    initial = [numpy_helper.from_array(value, key) for key, value in constants.items()]
    graph = helper.make_graph(nodes, "test", inputs, outputs, initial)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), folder / f"{name}.onnx"
    )
    values = {"bins": channels // 2, "head": "scores", "class_names": ["person"]} | dict(sidecar or {})
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(values))
    return folder / f"{name}.onnx"


def events_in(window: Window, count: int, place: tuple[int, int] = (3, 4)) -> Events:
    """ON events of one pixel, evenly in time."""
    t_ns = np.linspace(window.start_ns, window.end_ns, count, endpoint=False).astype(np.int64)
    return Events(t_ns, np.full(count, place[0]), np.full(count, place[1]), np.ones(count, bool))


def window(number: float) -> Window:
    return Window(int(number * STEP_NS), int((number + 1) * STEP_NS))


def scores(detector: RecurrentDetector, numbers: list[float], count: int = 20) -> list[float]:
    return [float(detector.detect(events_in(window(number), count), window(number)).scores[0]) for number in numbers]


def test_what_was_seen_is_kept(tmp_path):
    detector = RecurrentDetector.load(str(write_network(tmp_path)), 64, 32, SETTINGS)
    assert scores(detector, [0, 1, 2]) == pytest.approx([0.20, 0.30, 0.35])
    # also over a window without events
    assert scores(detector, [3], count=0) == pytest.approx([0.175])


def test_reset_forgets(tmp_path):
    detector = RecurrentDetector.load(str(write_network(tmp_path)), 64, 32, SETTINGS)
    scores(detector, [4, 5])
    detector.reset()
    # time may begin anew
    assert scores(detector, [0]) == pytest.approx([0.20])


@pytest.mark.parametrize(("gap", "expected"), [(10.0, 0.30), (10.1, 0.20)])
def test_a_gap_of_more_than_half_a_second_forgets(tmp_path, gap, expected):
    detector = RecurrentDetector.load(str(write_network(tmp_path)), 64, 32, SETTINGS)
    assert scores(detector, [0, 1 + gap]) == pytest.approx([0.20, expected])


def test_one_network_serves_several_cameras(tmp_path):
    network = RecurrentNetwork(write_network(tmp_path, size=("h", "w")), threads=1)
    small, large = (RecurrentDetector(network, *size, SETTINGS) for size in ((64, 32), (1280, 720)))
    assert scores(small, [0, 1]) == pytest.approx([0.20, 0.30])
    assert scores(large, [0, 1]) == pytest.approx([0.20, 0.30])
    found = large.detect(events_in(window(2), 1), window(2))
    # 4 x 4 pixels are one to the network
    np.testing.assert_allclose(found.boxes[0], [64, 28, 96, 52])
    assert found.class_names == ("person",)


def test_windows_are_as_the_sidecar_or_the_settings_want(tmp_path):
    path = write_network(tmp_path, sidecar={"window_s": 0.02, "max_events": 5000})
    detector = RecurrentDetector.load(str(path), 64, 32, SETTINGS)
    assert (detector.window_settings.period_s, detector.window_settings.max_events) == (0.02, 5000)
    settings = RecurrentSettings(network_period_s=0.1, network_max_events=0)
    detector = RecurrentDetector.load(str(path), 64, 32, settings)
    assert (detector.window_settings.period_s, detector.window_settings.max_events) == (0.1, 0)


@pytest.mark.parametrize("order", ["polarity", "bin"])
@pytest.mark.parametrize("first", ["off", "on"])
@pytest.mark.parametrize("pooled", [1, 3])
def test_channels_against_counting_one_by_one(order, first, pooled):
    draw = np.random.default_rng(0)
    count, width, height = 500, 30 * pooled, 20 * pooled
    t_ns = np.sort(draw.integers(100, 400, count))
    events = Events(t_ns, draw.integers(0, width, count), draw.integers(0, height, count), draw.random(count) < 0.7)
    sidecar = RecurrentSidecar(
        bins=3, order=order, first=first, most_events=2, scale=2.0, mean=1.0, std=4.0, multiple=16
    )
    fixed = None if pooled == 1 else (32, 32)
    given = RecurrentInput(width, height, sidecar, fixed, "float32")
    given.fill(events, Window(0, 99))
    # the array is used again, and holds nothing of before
    found = given.fill(events, Window(100, 400))
    expected = np.zeros((6, 32, 32))
    for t, x, y, on in zip(t_ns, events.x, events.y, events.polarity, strict=True):
        polarity, part = int(on) ^ (first == "on"), (t - 100) // 100
        channel = 3 * polarity + part if order == "polarity" else 2 * part + polarity
        expected[channel, y // pooled, x // pooled] += 1
    np.testing.assert_allclose(found[0], (2 * np.minimum(expected, 2) - 1) / 4)


def yolox_rows(pixels: bool) -> np.ndarray:
    """64 x 64: grids of 64, 16 and 4 cells; the sixth cell of the second grid sees class 1."""
    rows = np.zeros((1, 84, 7), np.float32)
    rows[0, 64 + 5] = [24.0, 24.0, 32.0, 16.0, 0.9, 0.1, 0.8] if pixels else [0.5, 0.5, np.log(2), 0, 0.9, 0.1, 0.8]
    if pixels:
        # what has no size is dropped, and so is what is no number
        rows[0, 0] = [5, 5, 0, 0, 1, 1, 0]
        rows[0, 1] = [np.nan, 5, 3, 3, 1, 1, 0]
        # the same object, seen a little worse
        rows[0, 64 + 6] = [26.0, 24.0, 32.0, 16.0, 0.8, 0.1, 0.8]
    return rows


@pytest.mark.parametrize("pixels", [False, True])
def test_states_of_four_stages_and_a_yolox_head(tmp_path, pixels):
    # as a recurrent vision transformer has them: h and c of each stage, of strides 4 to 32
    shapes = {f"{kind}{n}": (1, 2**n, 64 >> n + 2, 64 >> n + 2) for n in range(4) for kind in "hc"}
    sidecar = {
        "head": "yolox_pixels" if pixels else "yolox",
        "states": [f"{name}=next_{name}" for name in reversed(shapes)],
        "class_names": ["pedestrian", "car"],
    }
    path = write_network(tmp_path, channels=20, size=(64, 64), states=shapes, rows=yolox_rows(pixels), sidecar=sidecar)
    detector = RecurrentDetector.load(str(path), 60, 50, RecurrentSettings(network_threads=1))
    found = detector.detect(events_in(window(0), 9), window(0))
    assert found.class_names == ("car",)
    np.testing.assert_allclose(found.boxes, [[8, 16, 40, 32]])
    assert found.scores[0] == pytest.approx(0.72)


def test_boxes_end_at_the_border(tmp_path):
    rows = np.array([[[2.0], [30.0], [20.0], [20.0], [0.9]]], np.float32)
    detector = RecurrentDetector.load(str(write_network(tmp_path, rows=rows)), 64, 32, SETTINGS)
    np.testing.assert_allclose(detector.detect(Events.empty(), window(0)).boxes, [[0, 20, 12, 32]])


def test_time_that_goes_back(tmp_path):
    detector = RecurrentDetector.load(str(write_network(tmp_path)), 64, 32, SETTINGS)
    scores(detector, [0, 1])
    with pytest.raises(InputError, match=r"begins at 100000000 ns or later.*reset\(\)"):
        detector.detect(Events.empty(), window(1.5))
    # and nothing was forgotten for it
    assert scores(detector, [2]) == pytest.approx([0.35])


def test_an_event_outside_the_sensor(tmp_path):
    detector = RecurrentDetector.load(str(write_network(tmp_path, size=(64, 64))), 64, 32, SETTINGS)
    # it would be inside the network's input
    with pytest.raises(InputError, match=r"\(3, 40\), outside the sensor of 64 x 32"):
        detector.detect(events_in(window(0), 2, (3, 40)), window(0))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        # other bins than the sidecar says
        ({"channels": 6, "sidecar": {"bins": 10}}, r"\(1, 20, height, width\)"),
        # no input of that name
        ({"sidecar": {"counts": "events"}}, "name it as 'counts'"),
        # a state that is not there, before or after
        ({"sidecar": {"states": ["c=next_h"]}}, "name it as 'counts'"),
        ({"sidecar": {"states": ["h=next_c"]}}, "no 'next_c'; pair them as 'states"),
        # one of two states is not said
        ({"states": {"h": (1, 1, 1, 1), "c": (1, 1, 1, 1)}, "sidecar": {"counts": "counts", "states": ["h=next_h"]}},
         "an output for each of the states h, c"),
        # states crossed, so that shapes differ
        ({"states": {"h": (1, 1, 1, 1), "c": (1, 2, 1, 1)}, "sidecar": {"states": ["h=next_c", "c=next_h"]}},
         r"state 'h' went in as float32 \(1, 1, 1, 1\), and 'next_c' came out as float32 \(1, 2, 1, 1\)"),
        # sizes that nobody tells
        ({"states": {"h": (1, 1, "a", "b")}}, "'state_strides' in net.yaml"),
        ({"states": {"h": (1, "c", 4, 4)}}, "'state_strides' in net.yaml"),
        ({"sidecar": {"state_strides": [8, 8]}}, "expected 1 state_strides"),
        # outputs of another head
        ({"sidecar": {"head": "yolox"}}, r"head 'yolox' expects .* found \(1, 5, 1\)"),
        ({"sidecar": {"boxes": "detections"}}, "name it as 'boxes'"),
    ],
)  # fmt: skip
def test_a_network_that_does_not_fit(tmp_path, options, said):
    with pytest.raises(ModelError, match=said):
        RecurrentDetector.load(str(write_network(tmp_path, **options)), 64, 32, SETTINGS)


@pytest.mark.parametrize(
    ("sidecar", "said"),
    [
        ({"class_names": ["a", "b"]}, "class_names: expected 1"),
        ({"class_names": [1]}, "quote them"),
        ({"states": ["h"]}, "expected INPUT=OUTPUT"),
        ({"states": ["h=next_h", "h=next_h"]}, "each name once"),
        ({"states": ["h=next_h"], "state_strides": [8, 16]}, "one for each of the 1 states"),
        ({"head": "yolo"}, "'yolo' is not one of"),
        ({"colour": "bgr"}, "unknown key 'colour'"),
        ({"bins": 0}, "out of range"),
    ],
)
def test_a_wrong_sidecar(tmp_path, sidecar, said):
    with pytest.raises(SettingsError, match=said):
        RecurrentDetector.load(str(write_network(tmp_path, sidecar=sidecar)), 64, 32, SETTINGS)


def test_the_factory_takes_a_path(tmp_path):
    settings = EventDetectorSettings(model=str(write_network(tmp_path)))
    detector = make_event_detector(settings, 64, 32, network=SETTINGS)
    assert detector.class_names == ("person",)
    with pytest.raises(ModelError, match="did you mean"):
        make_event_detector(EventDetectorSettings(model="street-event"), 64, 32)
