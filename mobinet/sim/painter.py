"""Draws what MuJoCo's scene holds into a buffer without a screen, and reads colours, geoms or depth from it."""

from __future__ import annotations

import os
import weakref
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mobinet.camera import CameraModel
from mobinet.errors import MissingDependencyError
from mobinet.geometry import Transform
from mobinet.sim.scene import FAR_M, NEAR_M
from mobinet.types import Float32, Image

EGL_CURE = "apt-get install libegl1 libgl1 libgl1-mesa-dri"
NO_GEOM = -1


class Painter:
    """One OpenGL context and its buffer.

    MuJoCo's own ``Renderer`` reads whole pictures and turns labels into objects with general arrays, which took half of
    the time of a label picture; here one look-up does, and only the pixels of a region are read where that is enough.

    Args:
        mujoco: the module.
        model: with ``offwidth`` and ``offheight`` of the largest picture.
        samples: a pixel; 0 draws hard edges, which labels need.
        most_geoms: that are drawn at once.

    Raises:
        MissingDependencyError: no EGL.
    """

    def __init__(self, mujoco: Any, model: Any, samples: int, most_geoms: int) -> None:
        self._mujoco, self._model = mujoco, model
        self._scene = mujoco.MjvScene(model, maxgeom=most_geoms)
        self._camera = mujoco.MjvCamera()
        self._rect = mujoco.MjrRect(0, 0, 0, 0)
        model.vis.quality.offsamples = samples
        try:
            self._screen = _open_screen(mujoco, model.vis.global_.offwidth, model.vis.global_.offheight)
            self._screen.make_current()
            self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        except (AttributeError, ImportError, RuntimeError, TypeError, mujoco.FatalError) as error:
            # what MuJoCo raises without a display driver depends on where its OpenGL bindings stumble
            raise MissingDependencyError("EGL", f"rendering ({error})", EGL_CURE) from error
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        # at the interpreter's end the OpenGL bindings are taken down before the objects that need them
        self._free = weakref.finalize(self, _free, self._screen, self._context)

    def aim(self, data: Any, option: Any, camera: CameraModel, optical2map: Transform) -> None:
        """Takes the geoms as they are now, and looks at them with an ideal camera."""
        mujoco, scene = self._mujoco, self._scene
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(self._model, data, option, None, self._camera, everything, scene)
        self._rect = mujoco.MjrRect(0, 0, camera.width, camera.height)
        (fx, cx), (fy, cy) = camera.matrix[0, [0, 2]], camera.matrix[1, [1, 2]]
        # pixel centres are at integers, so the image spans -0.5 to width - 0.5
        left, right = NEAR_M * (-0.5 - cx) / fx, NEAR_M * (camera.width - 0.5 - cx) / fx
        top, bottom = NEAR_M * (cy + 0.5) / fy, NEAR_M * (cy - camera.height + 0.5) / fy
        for eye in scene.camera:
            eye.pos[:] = optical2map.translation
            eye.forward[:] = optical2map.rotation[:, 2]
            eye.up[:] = -optical2map.rotation[:, 1]
            eye.frustum_center = (left + right) / 2
            eye.frustum_width = (right - left) / 2
            eye.frustum_bottom, eye.frustum_top = bottom, top
            eye.frustum_near, eye.frustum_far = NEAR_M, FAR_M

    def colours(self) -> Image:
        """``(H, W, 3)`` BGR ``uint8``."""
        self._draw(labels=False)
        pixels = self._read(self._rect)
        return np.asarray(cv2.flip(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), 0), np.uint8)

    def geoms(self, regions: NDArray[np.int64] | None = None) -> NDArray[np.int32]:
        """``(H, W)`` the geom that each pixel shows, ``NO_GEOM`` for the sky.

        Args:
            regions: ``(N, 4)`` xyxy pixels inside the picture to read; the rest is ``NO_GEOM``. All when ``None``.
        """
        self._draw(labels=True)
        height, width = self._rect.height, self._rect.width
        owner = np.full(self._scene.ngeom + 1, NO_GEOM, np.int32)
        for geom in self._scene.geoms[: self._scene.ngeom]:
            if geom.segid >= 0:
                owner[geom.segid + 1] = geom.objid
        if regions is None:
            regions = np.array([[0, 0, width, height]])
        found = np.full((height, width), NO_GEOM, np.int32)
        for x1, y1, x2, y2 in regions.tolist():
            # OpenGL counts rows from below
            code = self._read(self._mujoco.MjrRect(x1, height - y2, x2 - x1, y2 - y1))
            number = code[::-1, :, 0] | (code[::-1, :, 1].astype(np.uint16) << 8)
            found[y1:y2, x1:x2] = np.maximum(found[y1:y2, x1:x2], owner[number])
        return found

    def depth(self) -> Float32:
        """``(H, W)`` metres along the optical axis; ``FAR_M`` for the sky."""
        self._draw(labels=True)
        nearness = np.empty((self._rect.height, self._rect.width), np.float32)
        self._mujoco.mjr_readPixels(None, nearness, self._rect, self._context)
        # the buffer holds 1 at the near plane and 0 at the far plane, linear in 1 / depth
        inverse = np.float32(1 / FAR_M) + nearness * np.float32(1 / NEAR_M - 1 / FAR_M)
        return np.ascontiguousarray(np.flipud(1 / inverse))

    def close(self) -> None:
        """Frees the buffer."""
        self._free()

    def _draw(self, *, labels: bool) -> None:
        flags = self._mujoco.mjtRndFlag
        self._scene.flags[flags.mjRND_SEGMENT] = labels
        self._scene.flags[flags.mjRND_IDCOLOR] = labels
        self._screen.make_current()
        self._mujoco.mjr_render(self._rect, self._scene, self._context)

    def _read(self, rect: Any) -> Image:
        pixels = np.empty((rect.height, rect.width, 3), np.uint8)
        self._mujoco.mjr_readPixels(pixels, None, rect, self._context)
        return pixels


def _open_screen(mujoco: Any, width: int, height: int) -> Any:
    """An OpenGL context of the kind that MUJOCO_GL names."""
    if os.environ.get("MUJOCO_GL") != "egl":
        return mujoco.GLContext(width, height)
    # MuJoCo chose its own kind when it was first imported, perhaps by others who have a screen
    from mujoco.egl import GLContext

    return GLContext(width, height)


def _free(screen: Any, context: Any) -> None:
    screen.make_current()
    context.free()
    screen.free()
