"""Pictures of a world, by MuJoCo through EGL: no screen, window system or GPU is needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobinet.camera import CameraModel
from mobinet.errors import MissingDependencyError
from mobinet.geometry import Transform
from mobinet.sim.actors import Actor, Fixture
from mobinet.sim.looks import generator
from mobinet.sim.painter import EGL_CURE, Painter
from mobinet.sim.repaint import repaint_scenery, repaint_textures
from mobinet.sim.scene import FAR_M, write_scene
from mobinet.sim.shapes import Placement, join
from mobinet.sim.world import World
from mobinet.types import Float32, Image

_SHOWN, _HIDDEN = 1, 5
_SMOOTH, _PLAIN = 4, 0  # samples a pixel
NOTHING = -1


class Renderer:
    """Draws one world at one instant after the other.

    Args:
        world: for its light and seed.
        actors, fixtures: what is drawn; in label pictures the fixtures come first, ``0 .. F - 1``, then the actors.
        sizes: width and height of the pictures that will be asked for.
        repainted: with strange textures, see :mod:`mobinet.sim.repaint`.

    Raises:
        MissingDependencyError: no MuJoCo, or no EGL.
    """

    def __init__(
        self,
        world: World,
        actors: Sequence[Actor],
        fixtures: Sequence[Fixture],
        sizes: Iterable[tuple[int, int]],
        *,
        repainted: bool = False,
    ) -> None:
        self._mujoco = _import_mujoco()
        sizes = sorted(set(sizes))
        largest = (max(width for width, _ in sizes), max(height for _, height in sizes))
        xml, files = write_scene(world, actors, fixtures, largest)
        self._model = self._mujoco.MjModel.from_xml_string(xml, files)
        if repainted:
            repaint_textures(self._model, generator(world.seed, "textures"))
        self._data = self._mujoco.MjData(self._model)
        self._mujoco.mj_forward(self._model, self._data)
        self._actors = actors
        counts = [len(thing.parts) for thing in fixtures] + [len(actor.body.parts) for actor in actors]
        self._owner = np.repeat(np.arange(len(counts)), counts)
        self._first_moving = sum(counts[: len(fixtures)])
        self._place(0, join(*(thing.placement for thing in fixtures)))
        self._option = self._mujoco.MjvOption()
        self._option.geomgroup[:] = 0
        self._option.geomgroup[_SHOWN] = 1
        most = len(self._owner) + 100
        self._painter = Painter(self._mujoco, self._model, _SMOOTH if world.antialias else _PLAIN, most)
        # labels must not be blended at edges
        self._marker = Painter(self._mujoco, self._model, _PLAIN, most)

    def move_to(self, stamp_ns: int) -> None:
        """Puts every actor where it is at a time since the beginning of the world."""
        self._place(self._first_moving, join(*(a.body.place(a.trajectory.at(stamp_ns)) for a in self._actors)))

    def picture(self, camera: CameraModel, optical2map: Transform, hidden: Iterable[int] = ()) -> Image:
        """``(H, W, 3)`` BGR ``uint8``; ``hidden`` are labels not to draw."""
        self._show(np.isin(self._owner, list(hidden), invert=True))
        self._painter.aim(self._data, self._option, camera, optical2map)
        return self._painter.colours()

    def labels(
        self,
        camera: CameraModel,
        optical2map: Transform,
        *,
        shown: Iterable[int] | None = None,
        hidden: Iterable[int] = (),
        regions: NDArray[np.int64] | None = None,
    ) -> NDArray[np.int32]:
        """``(H, W)`` what each pixel shows: the label of a fixture or an actor, ``NOTHING`` for the sky.

        Args:
            shown: only these labels are drawn; all when ``None``.
            hidden: labels not to draw.
            regions: ``(N, 4)`` xyxy pixels to look at; elsewhere is ``NOTHING``. All when ``None``.
        """
        visible = np.ones(len(self._owner), bool) if shown is None else np.isin(self._owner, list(shown))
        self._show(visible & np.isin(self._owner, list(hidden), invert=True))
        self._marker.aim(self._data, self._option, camera, optical2map)
        return np.asarray(np.append(self._owner, NOTHING)[self._marker.geoms(regions)], np.int32)

    def depth(self, camera: CameraModel, optical2map: Transform, hidden: Iterable[int] = ()) -> Float32:
        """``(H, W)`` metres along the optical axis (REP 118); infinite for the sky."""
        self._show(np.isin(self._owner, list(hidden), invert=True))
        self._marker.aim(self._data, self._option, camera, optical2map)
        depth = self._marker.depth()
        depth[depth > 0.99 * FAR_M] = np.inf
        return depth

    def repaint(self, seed: int) -> None:
        """Gives fixtures other colours and the world other light from now on."""
        repaint_scenery(self._model, self._first_moving, np.random.default_rng(seed))
        self._mujoco.mj_camlight(self._model, self._data)

    def close(self) -> None:
        """Frees the pictures' buffers."""
        self._painter.close()
        self._marker.close()

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _place(self, first: int, placement: Placement) -> None:
        """Writes the poses of parts; meshes are kept by MuJoCo in a frame of their own."""
        model, data = self._model, self._data
        last = first + len(placement.positions)
        positions, rotations = placement.positions.copy(), placement.rotations.copy()
        for row in np.flatnonzero(model.geom_dataid[first:last] >= 0):
            mesh = model.geom_dataid[first + row]
            turn = np.zeros(9)
            self._mujoco.mju_quat2Mat(turn, model.mesh_quat[mesh])
            positions[row] += rotations[row] @ model.mesh_pos[mesh]
            rotations[row] = rotations[row] @ turn.reshape(3, 3)
        data.geom_xpos[first:last] = positions
        data.geom_xmat[first:last] = rotations.reshape(-1, 9)

    def _show(self, visible: NDArray[np.bool_]) -> None:
        self._model.geom_group[:] = np.where(visible, _SHOWN, _HIDDEN)


def _import_mujoco() -> Any:
    # MuJoCo decides when it is imported how it draws
    if sys.platform == "linux":
        os.environ.setdefault("MUJOCO_GL", "egl")
    try:
        import mujoco
    except ModuleNotFoundError as error:
        raise MissingDependencyError("mujoco", "the simulated world") from error
    except ImportError as error:
        raise MissingDependencyError("mujoco", f"the simulated world ({error})") from error
    except AttributeError as error:
        # PyOpenGL looks for functions in an EGL that it did not find
        raise MissingDependencyError("EGL", f"rendering ({error})", EGL_CURE) from error
    return mujoco
