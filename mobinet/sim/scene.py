"""The world as MuJoCo's model: every part is one geom of the fixed world, moved by writing its pose before rendering.

Nothing is simulated: where things are follows from the time alone, so MuJoCo only draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from mobinet.sim.actors import Actor, Fixture
from mobinet.sim.interior import INDOOR_LIGHT
from mobinet.sim.meshes import meshes
from mobinet.sim.shapes import Part
from mobinet.sim.textures import EXTENT_M, paint_texture
from mobinet.sim.world import World

NEAR_M, FAR_M = 0.05, 400.0


@dataclass(frozen=True)
class Light:
    """Colours of sky and lamps of one time of day or indoors; each ``"red green blue"``, 0..1."""

    zenith: str
    horizon: str
    ambient: str
    sun: str
    headlight: str = "0 0 0"
    lamps: bool = False
    fill: str = ""


LIGHT_OF = {
    "day": Light("0.36 0.52 0.78", "0.78 0.84 0.90", "0.46 0.47 0.50", "0.62 0.60 0.56"),
    "dusk": Light("0.16 0.18 0.32", "0.72 0.46 0.34", "0.30 0.28 0.32", "0.34 0.24 0.18"),
    "night": Light("0.01 0.01 0.03", "0.04 0.04 0.07", "0.10 0.10 0.14", "0.03 0.03 0.05", "0.05 0.05 0.05", True),
    # lamps all over the ceiling: light from above, and some from the side so that walls differ
    INDOOR_LIGHT: Light("0.50 0.64 0.86", "0.82 0.87 0.92", "0.62 0.61 0.59", "0.34 0.33 0.31", fill="0.24 0.24 0.23"),
}
_LAMP_SPACING_M = 14.0
_LAMP_COUNT = 3


def write_scene(
    world: World, actors: Sequence[Actor], fixtures: Sequence[Fixture], size: tuple[int, int]
) -> tuple[str, dict[str, bytes]]:
    """MJCF and the files that it names; geoms are in the order of fixtures, then actors, part by part.

    Args:
        size: width and height in pixels of the largest picture to render.
    """
    parts = [part for thing in fixtures for part in thing.parts] + [part for a in actors for part in a.body.parts]
    textures = sorted({part.texture for part in parts if part.texture})
    surfaces = sorted({_surface(part) for part in parts})
    light = LIGHT_OF[world.light]
    assets = "".join(f'<texture name="{name}" type="2d" file="{name}.png"/>\n' for name in textures)
    assets += "".join(_material(f"surface_{index}", surface) for index, surface in enumerate(surfaces))
    assets += "".join(_mesh_asset(name) for name in sorted(meshes()))
    xml = f"""<mujoco>
  <statistic extent="1" center="0 0 0"/>
  <visual>
    <global offwidth="{size[0]}" offheight="{size[1]}"/>
    <quality shadowsize="4096" numslices="14" numstacks="8" numquads="1"/>
    <map znear="{NEAR_M}" zfar="{FAR_M}" shadowclip="25" shadowscale="1"/>
    <headlight active="1" ambient="{light.ambient}" diffuse="{light.headlight}" specular="0 0 0"/>
  </visual>
  <asset>
    <texture name="sky" type="skybox" builtin="gradient" rgb1="{light.zenith}" rgb2="{light.horizon}"
      width="128" height="768"/>
    {assets}
  </asset>
  <worldbody>
    {_lights(world, light)}
    {"".join(_geom(part, f"surface_{surfaces.index(_surface(part))}") for part in parts)}
  </worldbody>
</mujoco>"""
    return xml, {f"{name}.png": _png(name, world.seed) for name in textures}


def _lights(world: World, light: Light) -> str:
    shadow = "true" if world.shadows else "false"
    found = (
        f'<light type="directional" pos="10.5 -13.5 24.6" dir="-0.35 0.45 -0.82" diffuse="{light.sun}" '
        f'specular="0.2 0.2 0.2" ambient="0 0 0" castshadow="{shadow}"/>'
    )
    if light.fill:
        found += (
            f'<light type="directional" pos="0 0 9" dir="0.75 -0.4 -0.53" diffuse="{light.fill}" '
            'specular="0 0 0" ambient="0 0 0" castshadow="false"/>'
        )
    if light.lamps:
        for index in range(_LAMP_COUNT):
            x = (index - (_LAMP_COUNT - 1) / 2) * _LAMP_SPACING_M
            found += (
                f'<light type="spot" pos="{x:g} 0 7" dir="0 0 -1" diffuse="0.75 0.62 0.42" specular="0.1 0.1 0.1" '
                'ambient="0 0 0" cutoff="75" exponent="1" attenuation="1 0.02 0.002" castshadow="false"/>'
            )
    return found


def _geom(part: Part, material: str) -> str:
    red, green, blue = part.colour
    shape = f'mesh="{part.mesh}" type="mesh"' if part.shape == "mesh" else f'type="{part.shape}"'
    size = "" if part.shape == "mesh" else f'size="{" ".join(f"{value:.5g}" for value in part.size)}"'
    colour = f"{red:.4g} {green:.4g} {blue:.4g} 1"
    return f'<geom {shape} {size} material="{material}" rgba="{colour}" contype="0" conaffinity="0" group="1"/>\n'


def _surface(part: Part) -> tuple[str, float, float]:
    """What a material is made from: texture, shine and glow."""
    return part.texture, part.shine, part.glow


def _material(name: str, surface: tuple[str, float, float]) -> str:
    texture, shine, glow = surface
    look = f'specular="{shine:g}" shininess="{0.3 + 0.5 * shine:g}" emission="{glow:g}"'
    if texture:
        repeat = 2 / EXTENT_M[texture]  # MuJoCo counts repetitions by half metres
        look += f' texture="{texture}" texuniform="true" texrepeat="{repeat:g} {repeat:g}"'
    return f'<material name="{name}" {look}/>\n'


def _mesh_asset(name: str) -> str:
    mesh = meshes()[name]
    vertices = " ".join(f"{value:.5g}" for value in mesh.vertices.ravel())
    faces = f' face="{" ".join(map(str, mesh.faces.ravel()))}"' if len(mesh.faces) else ""
    return f'<mesh name="{name}" inertia="shell" smoothnormal="false" vertex="{vertices}"{faces}/>\n'


def _png(name: str, seed: int) -> bytes:
    _, data = cv2.imencode(".png", paint_texture(name, seed))
    return bytes(np.asarray(data, np.uint8))
