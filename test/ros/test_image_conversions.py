"""Image messages of every kind, and the wrong ones."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from mobinet.errors import InputError
from mobinet_ros.image_conversions import (
    ImageMessageFactory,
    compressed_msg_to_image,
    image_to_compressed_msg,
    msg_to_image,
)

PICTURE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


def message(image: np.ndarray, encoding: str, padding: int = 0, **changes) -> Image:
    rows = image.reshape(image.shape[0], -1)
    padded = np.pad(rows, ((0, 0), (0, padding)))
    fields = {"height": image.shape[0], "width": image.shape[1], "step": padded.shape[1]}
    return Image(encoding=encoding, data=array("B", padded.tobytes()), **{**fields, **changes})


@pytest.mark.parametrize(
    ("sent", "encoding", "expected"),
    [
        (PICTURE, "bgr8", PICTURE),
        (PICTURE, "rgb8", PICTURE[:, :, ::-1]),
        (PICTURE[:, :, 0], "mono8", PICTURE[:, :, 0]),
        (np.dstack([PICTURE, PICTURE[:, :, :1]]), "bgra8", PICTURE),
        (np.dstack([PICTURE[:, :, ::-1], PICTURE[:, :, :1]]), "rgba8", PICTURE),
    ],
)
@pytest.mark.parametrize("padding", [0, 5])  # drivers pad rows to a multiple of something
def test_pixels_arrive(sent, encoding, expected, padding):
    np.testing.assert_array_equal(msg_to_image(message(sent, encoding, padding)), expected)


def test_bgr8_is_not_copied():
    msg = message(PICTURE, "bgr8")
    image = msg_to_image(msg)
    msg.data[0] = 200
    assert image[0, 0, 0] == 200
    assert not image.flags.writeable


@pytest.mark.parametrize(
    ("msg", "named"),
    [
        (message(PICTURE, "bgr8", step=17), "step is 17"),  # shorter than a row
        (message(PICTURE, "bgr8", height=9), "9 rows of 18 bytes"),  # less data than announced
        (message(PICTURE, "bgr8", width=0), "empty images"),
        (message(PICTURE, "yuv9000"), "unknown encoding 'yuv9000'"),
        (message(PICTURE[:, :3, :2], "yuyv"), "cannot be yuyv"),  # two pixels share their colour: the width is even
        (Image(encoding="mono8", height=4, width=4, step=4), "0 bytes of data"),
    ],
)
def test_wrong_image_is_refused_by_name(msg, named):
    with pytest.raises(InputError, match=named):
        msg_to_image(msg)


@pytest.mark.parametrize("picture", [PICTURE, PICTURE[:, :, 0], PICTURE[:, ::2], PICTURE[:2]])
def test_factory_round_trip(picture):
    """One factory serves images of changing size and layout."""
    factory = ImageMessageFactory()
    for image in (PICTURE, picture, PICTURE):
        np.testing.assert_array_equal(msg_to_image(factory.fill(image, Header(frame_id="f"))), image)


def test_compressed_round_trip():
    grey = np.full((16, 16, 3), 130, np.uint8)
    image = compressed_msg_to_image(image_to_compressed_msg(grey, Header()))
    np.testing.assert_allclose(image, grey, atol=2)


@pytest.mark.parametrize("data", [b"", b"not a jpeg"])
def test_damaged_compressed_image(data):
    with pytest.raises(InputError, match="cannot be decoded"):
        compressed_msg_to_image(CompressedImage(format="jpeg", data=array("B", data)))
