"""Where things are in the Rerun view: the paths of its entities and the layout of its panels."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple

TIMELINE = "stamp"
MAP = "map"
RATE = "plots/rate"
AGE = "plots/age"


class CameraKey(NamedTuple):
    """A camera in the whole network."""

    robot: str
    camera: str

    @property
    def path(self) -> str:
        """Entity that holds the image; boxes are below it."""
        return f"cameras/{self.robot}/{self.camera}"

    def __str__(self) -> str:
        return f"{self.robot}/{self.camera}"


def build_layout(blueprint: ModuleType, cameras: Sequence[CameraKey], plot_s: float) -> Any:
    """The panels: a grid of cameras left, map and plots right.

    Args:
        blueprint: the module ``rerun.blueprint``, handed in because only the view imports it.
        cameras: in the order of the grid.
        plot_s: how many seconds back the plots show.

    Returns:
        A ``rerun.blueprint.Blueprint``.
    """
    panels = [blueprint.Spatial2DView(origin=key.path, name=str(key)) for key in cameras]
    columns = 1 if len(panels) <= 3 else 2 if len(panels) <= 6 else 3
    world = blueprint.Spatial3DView(
        origin=MAP,
        name="map",
        line_grid=blueprint.LineGrid3D(visible=True, spacing=1.0, color=[90, 90, 90, 120]),
    )
    window = blueprint.VisibleTimeRange(
        TIMELINE,
        start=blueprint.TimeRangeBoundary.cursor_relative(seconds=-plot_s),
        end=blueprint.TimeRangeBoundary.cursor_relative(),
    )
    plots = blueprint.Horizontal(
        blueprint.TimeSeriesView(origin=RATE, name="rate of tracks (Hz)", time_ranges=window),
        blueprint.TimeSeriesView(origin=AGE, name="age of tracks (ms)", time_ranges=window),
    )
    return blueprint.Blueprint(
        blueprint.Horizontal(
            blueprint.Grid(*panels, grid_columns=columns, name="cameras"),
            blueprint.Vertical(world, plots, row_shares=[2, 1]),
            column_shares=[columns, 2],
        ),
        blueprint.TimePanel(state="collapsed", timeline=TIMELINE),
        blueprint.SelectionPanel(state="hidden"),
        blueprint.BlueprintPanel(state="hidden"),
        auto_views=False,
    )
