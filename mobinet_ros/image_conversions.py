"""Image messages to arrays and back, without a copy where the encoding allows it."""

from __future__ import annotations

from array import array

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Header

from mobinet.errors import InputError
from mobinet.types import Image

# encoding -> (dtype, channels, OpenCV conversion to BGR or grey, None when it is that already)
ENCODINGS: dict[str, tuple[type, int, int | None]] = {
    "bgr8": (np.uint8, 3, None),
    "8UC3": (np.uint8, 3, None),
    "mono8": (np.uint8, 1, None),
    "8UC1": (np.uint8, 1, None),
    "rgb8": (np.uint8, 3, cv2.COLOR_RGB2BGR),
    "bgra8": (np.uint8, 4, cv2.COLOR_BGRA2BGR),
    "rgba8": (np.uint8, 4, cv2.COLOR_RGBA2BGR),
    "bayer_rggb8": (np.uint8, 1, cv2.COLOR_BayerBG2BGR),
    "bayer_bggr8": (np.uint8, 1, cv2.COLOR_BayerRG2BGR),
    "bayer_gbrg8": (np.uint8, 1, cv2.COLOR_BayerGR2BGR),
    "bayer_grbg8": (np.uint8, 1, cv2.COLOR_BayerGB2BGR),
    "yuv422": (np.uint8, 2, cv2.COLOR_YUV2BGR_UYVY),
    "uyvy": (np.uint8, 2, cv2.COLOR_YUV2BGR_UYVY),
    "yuv422_yuy2": (np.uint8, 2, cv2.COLOR_YUV2BGR_YUY2),
    "yuyv": (np.uint8, 2, cv2.COLOR_YUV2BGR_YUY2),
}


def msg_to_image(msg: ImageMessage) -> Image:
    """The pixels as BGR ``(H, W, 3)`` or grey ``(H, W)``; shares the message's memory for bgr8 and mono8.

    Raises:
        InputError: empty image, ``step`` or length that does not fit, unknown encoding (with the known ones).
    """
    if msg.encoding not in ENCODINGS:
        return _rare_encoding_to_image(msg)
    dtype, channels, conversion = ENCODINGS[msg.encoding]
    height, width, step = int(msg.height), int(msg.width), int(msg.step)
    row = width * channels
    if height == 0 or width == 0:
        raise InputError(f"image: {width}x{height} pixels; the camera publishes empty images")
    if step < row:
        raise InputError(f"image: step is {step} bytes, {msg.encoding} of width {width} needs at least {row}")
    if len(msg.data) < step * (height - 1) + row:
        raise InputError(f"image: {len(msg.data)} bytes of data, {height} rows of {step} bytes were announced")
    flat = np.frombuffer(msg.data, dtype)
    shape, strides = ((height, width), (step, 1))
    if channels > 1:
        shape, strides = ((height, width, channels), (step, channels, 1))  # type: ignore[assignment]
    image = np.lib.stride_tricks.as_strided(flat, shape, strides, writeable=False)
    if conversion is None:
        return image
    try:
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), conversion), np.uint8)
    except cv2.error as error:  # e.g. an odd width, where two pixels share their colour
        raise InputError(f"image: {width}x{height} pixels cannot be {msg.encoding}: {error}") from error


def _rare_encoding_to_image(msg: ImageMessage) -> Image:
    """By cv_bridge, where the distribution has a working one (it breaks with NumPy 2 or OpenCV 5 in some)."""
    known = ", ".join(ENCODINGS)
    try:
        from cv_bridge import CvBridge
    except Exception as error:
        raise InputError(
            f"image: unknown encoding '{msg.encoding}'; without cv_bridge the known ones are {known} ({error})"
        ) from error
    try:
        image = CvBridge().imgmsg_to_cv2(msg, desired_encoding="bgr8")
    except Exception as error:
        raise InputError(f"image: cv_bridge cannot convert '{msg.encoding}' to bgr8: {error}") from error
    return np.asarray(image, np.uint8)


def compressed_msg_to_image(msg: CompressedImage) -> Image:
    """Decodes JPEG, PNG and what else OpenCV knows; raises InputError for damaged data."""
    data = np.frombuffer(msg.data, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise InputError(f"compressed image: {data.size} bytes of '{msg.format}' cannot be decoded")
    return np.asarray(image, np.uint8)


class ImageMessageFactory:
    """Fills one message again and again: a new ``data`` array for each image costs more than the copy into it.

    The message that ``fill`` returns is valid until the next call; rclpy serialises within ``publish``.
    """

    def __init__(self) -> None:
        self._msg = ImageMessage()
        self._view = np.zeros(0, np.uint8)

    def fill(self, image: Image, header: Header) -> ImageMessage:
        msg = self._msg
        if self._view.size != image.size:
            msg.data = array("B", bytes(image.size))
            self._view = np.frombuffer(msg.data, np.uint8)
        np.copyto(self._view.reshape(image.shape), image)
        msg.header = header
        msg.height, msg.width = image.shape[:2]
        msg.encoding = "bgr8" if image.ndim == 3 else "mono8"
        msg.step = image.shape[1] * (3 if image.ndim == 3 else 1)
        return msg


def image_to_compressed_msg(image: Image, header: Header, quality: int = 90) -> CompressedImage:
    done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise InputError(f"image of shape {image.shape} cannot be written as JPEG")
    return CompressedImage(header=header, format="jpeg", data=array("B", jpeg.tobytes()))
