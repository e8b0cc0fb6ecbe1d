from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from mobinet.errors import InputError, ModelError, SettingsError
from mobinet.reid import Embedder, EmbedderSettings, make_embedder
from mobinet.types import Frame

onnx = pytest.importorskip("onnx")


def people() -> np.ndarray:
    """Three figures in clothes of different colours on a noisy grey floor; the third wears the first's clothes."""
    rng = np.random.default_rng(1)
    image = rng.integers(110, 140, (240, 400, 3)).astype(np.uint8)
    clothes = {
        40: ((40, 40, 200), (120, 60, 30)),
        180: ((60, 160, 60), (40, 40, 40)),
        320: ((45, 42, 190), (115, 65, 35)),
    }
    for x, (shirt, trousers) in clothes.items():
        cv2.rectangle(image, (x - 15, 40), (x + 15, 110), shirt, -1)
        cv2.rectangle(image, (x - 12, 110), (x + 12, 190), trousers, -1)
        cv2.circle(image, (x, 25), 12, (120, 150, 190), -1)
    return image


BOXES = np.array([[20, 10, 60, 195], [160, 10, 200, 195], [300, 10, 340, 195]], np.float32)


def network(
    path: Path, batch: int | str = "batch", size: tuple[int | str, int | str] = (32, 16), gain: float = 1.0
) -> Path:
    """Mean of each colour over the image, through a matrix of random numbers: the smallest embedder."""
    helper, dtype = onnx.helper, onnx.TensorProto.FLOAT
    weights = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32) * gain
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["vector"]),
    ]
    graph = helper.make_graph(
        nodes,
        "embedder",
        [helper.make_tensor_value_info("image", dtype, [batch, 3, *size])],
        [helper.make_tensor_value_info("vector", dtype, [batch, 8])],
        [onnx.numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path


@pytest.fixture(params=["histogram", "network"])
def embedder(request: pytest.FixtureRequest, tmp_path: Path) -> Embedder:
    model = "histogram" if request.param == "histogram" else str(network(tmp_path / "tiny.onnx"))
    return make_embedder(EmbedderSettings(model=model, threads=1))


def test_gives_unit_vectors(embedder: Embedder) -> None:
    vectors = embedder.embed(Frame(0, "c", people()), BOXES)
    assert vectors.shape == (3, embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_same_clothes_are_more_alike(embedder: Embedder) -> None:
    first, second, third = embedder.embed(Frame(0, "c", people()), BOXES)
    assert first @ third > first @ second + 0.1


def test_no_boxes_give_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed(Frame(0, "c", people()), np.zeros((0, 4), np.float32)).shape == (0, embedder.dimension)


def test_the_part_inside_the_image_counts(embedder: Embedder) -> None:
    frame = Frame(0, "c", people())
    over, clipped = np.array([[-30, -20, 60, 195], [0, 0, 60, 195]], np.float32)
    np.testing.assert_array_equal(embedder.embed(frame, over[None]), embedder.embed(frame, clipped[None]))


def test_grey_images_are_described(embedder: Embedder) -> None:
    grey = people()[..., 0].copy()
    assert embedder.embed(Frame(0, "c", grey), BOXES).shape == (3, embedder.dimension)


def test_flat_images_are_described() -> None:
    # no gradient, no colour: nothing to normalise by
    vectors = make_embedder(EmbedderSettings()).embed(Frame(0, "c", np.zeros((50, 50, 3), np.uint8)), BOXES[:1] / 5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("box", "text"),
    [
        ([500.0, 10, 600, 100], "box 0 .* 2 x 2 pixels inside the 400 x 240 image"),  # beside the image
        ([-50.0, 10, 1, 100], "box 0 .* inside"),  # a sliver of one pixel
        ([np.nan, 0, 1, 1], "box 0"),
        ([10.0, 10, 10, 20], "box 0"),
    ],
)
def test_boxes_without_pixels_are_named(embedder: Embedder, box: list[float], text: str) -> None:
    with pytest.raises(InputError, match=text):
        embedder.embed(Frame(0, "c", people()), np.array([box], np.float32))


@pytest.mark.parametrize("batch", [1, 2, "batch"])
def test_any_batch_size_gives_the_same(tmp_path: Path, batch: int | str) -> None:
    path = network(tmp_path / "tiny.onnx", batch)
    vectors = make_embedder(EmbedderSettings(model=str(path), batch=2)).embed(Frame(0, "c", people()), BOXES)
    reference = make_embedder(EmbedderSettings(model=str(network(tmp_path / "other.onnx"))))
    np.testing.assert_allclose(vectors, reference.embed(Frame(0, "c", people()), BOXES), atol=1e-6)


def test_preprocessing_is_that_of_imagenet(tmp_path: Path) -> None:
    # a plain colour, so that the mean that the network takes is known: RGB, /255, mean and standard deviation
    path = network(tmp_path / "tiny.onnx")
    image = np.full((40, 40, 3), (10, 100, 200), np.uint8)
    weights = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    pixel = (np.array([200, 100, 10]) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    expected = pixel @ weights / np.linalg.norm(pixel @ weights)
    vector = make_embedder(EmbedderSettings(model=str(path))).embed(Frame(0, "c", image), np.float32([[0, 0, 40, 40]]))
    np.testing.assert_allclose(vector[0], expected, atol=1e-5)


def test_the_sidecar_changes_the_preprocessing(tmp_path: Path) -> None:
    path = network(tmp_path / "tiny.onnx", size=("h", "w"))
    (tmp_path / "tiny.yaml").write_text(
        "input_size: [64, 32]\ncolour: bgr\nscale: 1.0\nmean: [0.0, 0.0, 0.0]\nstd: [1, 1, 1]\n"
    )
    image = np.full((40, 40, 3), (10, 100, 200), np.uint8)
    weights = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    expected = np.array([10, 100, 200]) @ weights
    vector = make_embedder(EmbedderSettings(model=str(path))).embed(Frame(0, "c", image), np.float32([[0, 0, 40, 40]]))
    np.testing.assert_allclose(vector[0], expected / np.linalg.norm(expected), atol=1e-5)


@pytest.mark.parametrize("text", ["colour: red", "mean: [1]", "size: [2, 3]", "- a", "a: ["])
def test_a_wrong_sidecar_is_named(tmp_path: Path, text: str) -> None:
    path = network(tmp_path / "tiny.onnx")
    (tmp_path / "tiny.yaml").write_text(text)
    with pytest.raises(SettingsError, match=r"tiny\.yaml.*read as the sidecar of 'tiny\.onnx'"):
        make_embedder(EmbedderSettings(model=str(path)))


def test_a_network_that_gives_nonsense_is_refused(tmp_path: Path) -> None:
    broken = make_embedder(EmbedderSettings(model=str(network(tmp_path / "nan.onnx", gain=np.nan))))
    with pytest.raises(ModelError, match="zero or not finite"):
        broken.embed(Frame(0, "c", people()), BOXES)


def test_a_network_that_is_no_embedder_is_refused(tmp_path: Path) -> None:
    helper, dtype = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "none",
        [helper.make_tensor_value_info("x", dtype, [1, 7])],
        [helper.make_tensor_value_info("y", dtype, [1, 7])],
    )
    path = tmp_path / "none.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    with pytest.raises(ModelError, match="expected one input"):
        make_embedder(EmbedderSettings(model=str(path)))
    with pytest.raises(ModelError, match="does not exist"):
        make_embedder(EmbedderSettings(model=str(tmp_path / "missing.onnx")))


def output_network(path: Path, shapes: list[list[int]]) -> Path:
    """Gives zeros of these shapes, whatever the image."""
    helper, dtype = onnx.helper, onnx.TensorProto.FLOAT
    nodes, outputs = [], []
    for number, shape in enumerate(shapes):
        value = onnx.numpy_helper.from_array(np.ones(shape, np.float32))
        nodes.append(helper.make_node("Constant", [], [f"y{number}"], value=value))
        outputs.append(helper.make_tensor_value_info(f"y{number}", dtype, shape))
    inputs = [helper.make_tensor_value_info("x", dtype, [1, 3, 32, 16])]
    graph = helper.make_graph(nodes, "outputs", inputs, outputs)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


@pytest.mark.parametrize("shape", [[1, 1], [1, 4096], [1, 512, 1, 1]])
def test_outputs_of_embedders(tmp_path: Path, shape: list[int]) -> None:
    path = output_network(tmp_path / "some.onnx", [shape])
    assert make_embedder(EmbedderSettings(model=str(path))).dimension == shape[1]


@pytest.mark.parametrize(
    "shapes",
    [
        [[1, 85, 22, 22]],  # a detector's grid
        [[1, 8, 1]],
        [[1, 4097]],
        [[8]],
        [[2, 8]],  # two vectors of one image
        [[1, 8], [1, 8]],  # which of them?
    ],
)
def test_outputs_of_other_networks_are_refused(tmp_path: Path, shapes: list[list[int]]) -> None:
    path = output_network(tmp_path / "some.onnx", shapes)
    found = ", ".join(str(tuple(shape)) for shape in shapes)
    with pytest.raises(ModelError, match=re.escape(f"got {found}; this is no embedder")):
        make_embedder(EmbedderSettings(model=str(path)))


def test_fingerprints_differ_between_files(tmp_path: Path) -> None:
    one = make_embedder(EmbedderSettings(model=str(network(tmp_path / "a.onnx"))))
    other = make_embedder(EmbedderSettings(model=str(network(tmp_path / "b.onnx", gain=2.0))))
    assert len({one.model, other.model, make_embedder(EmbedderSettings()).model}) == 3


@pytest.mark.recordings
@pytest.mark.parametrize(("model", "least"), [("histogram", 0.7), ("osnet", 0.75)])
def test_the_same_person_looks_more_alike_on_video(data_dir: Path, model: str, least: float) -> None:
    # TUD-Campus: share of (same, different) pairs a second apart that are ordered rightly; chance is 0.5
    if model == "osnet":
        model = str(data_dir / "models/osnet_x0_25/osnet_x0_25_msmt17_a.onnx")
    embedder = make_embedder(EmbedderSettings(model=model, threads=1))
    truth = np.loadtxt(data_dir / "mot/TUD-Campus/gt.txt", delimiter=",", usecols=range(6))
    video = cv2.VideoCapture(str(data_dir / "mot/TUD-Campus/TUD-Campus.mp4"))
    vectors, people_seen, times = [], [], []
    for number in range(1, 72):
        image = video.read()[1]
        if number % 14 != 1:
            continue
        rows = truth[truth[:, 0] == number]
        boxes = rows[:, 2:6].astype(np.float32)
        boxes[:, 2:] += boxes[:, :2]
        vectors.append(embedder.embed(Frame(number, "c", image), boxes))
        people_seen.extend(rows[:, 1])
        times.extend(rows[:, 0])
    video.release()
    stacked, who, when = np.concatenate(vectors), np.array(people_seen), np.array(times)
    similarity = stacked @ stacked.T
    same = (who[:, None] == who) & (np.abs(when[:, None] - when) > 14)
    different = who[:, None] != who
    ordered = (similarity[same][:, None] > similarity[different]).mean()
    assert ordered > least


def clip_network(path: Path, length: int | str = 3) -> Path:
    """The mean colour of every image of a clip of 8 x 4 pixels, side by side; as an embedder of clips."""
    helper, dtype = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("ReduceMean", ["clip"], ["means"], axes=[3, 4], keepdims=0),
        helper.make_node("Flatten", ["means"], ["vector"]),
    ]
    graph = helper.make_graph(
        nodes,
        "clips",
        [helper.make_tensor_value_info("clip", dtype, ["batch", length, 3, 8, 4])],
        [helper.make_tensor_value_info("vector", dtype, ["batch", None])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    path.with_suffix(".yaml").write_text("mean: [0.0, 0.0, 0.0]\nstd: [1.0, 1.0, 1.0]\nclip_length: 3\n")
    return path


@pytest.mark.parametrize("length", [3, "T"])  # fixed in the file, or told beside it
def test_clips_are_of_one_length_the_newest_last(tmp_path: Path, length: int | str) -> None:
    embedder = make_embedder(EmbedderSettings(model=str(clip_network(tmp_path / "clips.onnx", length))))
    assert (embedder.clip_length, embedder.dimension) == (3, 9)
    greys = [np.full((20, 10, 3), value, np.uint8) for value in (10, 20, 30, 40)]
    short, long = embedder.embed_clips([greys[:2], greys])
    # the oldest again where there are too few, the newest where there are too many
    for found, values in ((short, (10, 10, 20)), (long, (20, 30, 40))):
        expected = np.repeat(values, 3) / np.linalg.norm(np.repeat(values, 3))
        np.testing.assert_allclose(found, expected, atol=1e-5)
    frame = Frame(0, "c", people())
    assert embedder.embed(frame, BOXES).shape == (3, 9)


def test_mirrored_crops_are_part_of_the_mean(tmp_path: Path) -> None:
    path = tmp_path / "left.onnx"
    helper, dtype = onnx.helper, onnx.TensorProto.FLOAT
    # what is in the picture, pixel by pixel, is the vector: mirrored it is another
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["image"], ["vector"])],
        "pixels",
        [helper.make_tensor_value_info("image", dtype, ["batch", 3, 8, 8])],
        [helper.make_tensor_value_info("vector", dtype, ["batch", 192])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    crop = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    plain, flipped = (make_embedder(EmbedderSettings(model=str(path), flip=flip)) for flip in (False, True))
    one, mirrored = plain.embed_clips([[crop], [np.ascontiguousarray(crop[:, ::-1])]])
    np.testing.assert_allclose(
        flipped.embed_clips([[crop]])[0], (one + mirrored) / np.linalg.norm(one + mirrored), atol=1e-5
    )
    assert flipped.model == plain.model


def test_an_ensemble_compares_by_its_weights(tmp_path: Path) -> None:
    first, second = network(tmp_path / "first.onnx"), "histogram"
    members = [make_embedder(EmbedderSettings(model=str(model))) for model in (first, second)]
    joined = make_embedder(EmbedderSettings(model=str(first), ensemble=(second,), weights=(0.75, 0.25)))
    frame = Frame(0, "c", people())
    vectors, parts = joined.embed(frame, BOXES), [member.embed(frame, BOXES) for member in members]
    np.testing.assert_allclose(
        vectors @ vectors.T, 0.75 * parts[0] @ parts[0].T + 0.25 * parts[1] @ parts[1].T, atol=1e-5
    )
    assert joined.dimension == sum(member.dimension for member in members)
    other = make_embedder(EmbedderSettings(model=str(first), ensemble=(second,)))
    assert other.model.startswith("first+histogram:")
    assert other.model != joined.model


@pytest.mark.parametrize("weights", [(1.0,), (0.0, 0.0), (1.0, 1.0, 1.0)])
def test_weights_that_do_not_fit(weights: tuple[float, ...]) -> None:
    with pytest.raises(SettingsError, match="weights: expected 2 numbers from 0, one for each model"):
        make_embedder(EmbedderSettings(ensemble=("histogram",), weights=weights))
