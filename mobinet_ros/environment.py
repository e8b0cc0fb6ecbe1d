"""Which ROS this process runs on, and a clean environment for the processes that it starts.

On the ROS wheels of a virtual environment a sourced distribution must not reach in: its libraries and messages are of
another build, and what fails then is far from the cause. In a sourced distribution or workspace everything is left as
it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

PACKAGE = "mobinet_ros"
# of the checkout, where this is one
SOURCE_ROOT = Path(__file__).resolve().parent.parent
_MARKER = "MOBINET_ENVIRONMENT_CLEANED"
_SEARCH_PATHS = ("PYTHONPATH", "LD_LIBRARY_PATH", "PATH")
_PREFIX_LISTS = ("AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH", "COLCON_PREFIX_PATH")
_OF_DISTRIBUTION = ("ROS_DISTRO", "ROS_VERSION", "ROS_PYTHON_VERSION", "ROS_ETC_DIR", "COLCON_PREFIX_PATH")
_WHEELS_RMW = "rmw_fastrtps_cpp"


def runs_on_wheels(environment: Mapping[str, str] | None = None) -> bool:
    """Whether this Python environment brings its own ROS and is not run by a workspace that was built on top of it."""
    prefix = Path(sys.prefix).resolve()
    if not (prefix / "share/ament_index/resource_index/packages/rclpy").exists():
        return False
    own_command = Path(sys.argv[0]).resolve().parent == prefix / "bin" and Path(sys.argv[0]).name == "mobinet"
    here = Path(__file__).resolve()
    from_workspace = any(other in here.parents for other in foreign_prefixes(environment))
    return own_command or not from_workspace


def foreign_prefixes(environment: Mapping[str, str] | None = None) -> list[Path]:
    """Prefixes of ROS distributions and workspaces that the environment names, without this Python environment's."""
    variables = os.environ if environment is None else environment
    entries = [entry for name in _PREFIX_LISTS for entry in variables.get(name, "").split(os.pathsep) if entry]
    own = Path(sys.prefix).resolve()
    return [path for path in dict.fromkeys(Path(entry).resolve() for entry in entries) if path != own]


def clean_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """A copy of the environment (default: this process's) for the nodes.

    On the wheels, what a sourced distribution put in is taken out and the wheels' own prefix is put in; elsewhere
    nothing changes.
    """
    cleaned = dict(os.environ if environment is None else environment)
    if not runs_on_wheels(cleaned):
        return cleaned
    foreign = [*foreign_prefixes(cleaned), Path("/opt/ros")]
    for name in _SEARCH_PATHS:
        kept = [entry for entry in cleaned.get(name, "").split(os.pathsep) if entry and not _is_below(entry, foreign)]
        cleaned.pop(name, None)
        if kept:
            cleaned[name] = os.pathsep.join(kept)
    for name in _OF_DISTRIBUTION:
        cleaned.pop(name, None)
    if cleaned.get("RMW_IMPLEMENTATION", _WHEELS_RMW) != _WHEELS_RMW:
        del cleaned["RMW_IMPLEMENTATION"]
    cleaned["AMENT_PREFIX_PATH"] = sys.prefix
    return cleaned


def prepare() -> None:
    """Makes this process fit to import ROS: sets AMENT_PREFIX_PATH on the wheels, and starts Python again, once, when a
    sourced distribution's libraries or modules are on its search paths already."""
    cleaned = clean_environment()
    leaked = any(os.environ.get(name, "") != cleaned.get(name, "") for name in ("PYTHONPATH", "LD_LIBRARY_PATH"))
    if leaked and _MARKER not in os.environ:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**cleaned, _MARKER: "1"})
    for name in os.environ.keys() - cleaned.keys():
        del os.environ[name]
    os.environ.update(cleaned)


def share_path(relative: str) -> Path:
    """A file or folder of the package's share directory: of the source tree where this is one, else the installed."""
    if (SOURCE_ROOT / "package.xml").exists():
        return SOURCE_ROOT / relative
    from ament_index_python.packages import get_package_share_directory

    return Path(get_package_share_directory(PACKAGE)) / relative


def _is_below(entry: str, prefixes: list[Path]) -> bool:
    path = Path(entry).resolve()
    return any(prefix == path or prefix in path.parents for prefix in prefixes)
