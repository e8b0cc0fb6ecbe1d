"""pip's way to build mobinet_ros: run the package's own CMake build into a staging prefix and ship the result.

The message packages of interfaces/ that no prefix on AMENT_PREFIX_PATH provides are built first, so that a machine
with only Python has them too. An editable install leaves this source tree untouched: what CMake generates goes into
the environment, beside a path entry that points here.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

NAME = "mobinet_ros"
VERSION = "0.1.0"
HERE = Path(__file__).resolve().parent
INTERFACES = sorted(path.parent for path in HERE.glob("interfaces/*/package.xml"))
WHEEL_FIXES = HERE / "scripts" / "wheel_fixes.cmake"


def generator_prefixes() -> tuple[list[Path], bool]:
    """Prefixes that hold the rosidl generators, and whether this process's PYTHONPATH reaches them."""
    spec = importlib.util.find_spec("rosidl_adapter")
    if spec is not None and spec.origin is not None:  # this environment, or pip's isolated overlay
        return [Path(spec.origin).parents[4]], True
    return [Path(sys.prefix)], False


def sourced_prefixes() -> list[Path]:
    """Prefixes of a ROS distribution that the user has sourced."""
    own = Path(sys.prefix).resolve()
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    return [p for p in prefixes if p.resolve() != own]


def is_provided(package: str) -> bool:
    """Whether a sourced distribution has the package already: a second copy would shadow it."""
    marker = Path("share/ament_index/resource_index/packages") / package
    return any((prefix / marker).exists() for prefix in sourced_prefixes())


class CMakeBuild(build_ext):
    """Builds interfaces/* and this package with CMake; collects what they install."""

    def run(self) -> None:
        generators, keep_pythonpath = generator_prefixes()
        if platform.machine() != "x86_64" and not sourced_prefixes():
            raise SystemExit(
                f"mobinet-ros: PyPI has no ROS 2 wheels for {platform.machine()} (only x86_64). "
                "Install a ROS 2 distribution, source it, and use colcon build; "
                "'pip install ./mobinet' alone works everywhere."
            )
        temp = Path(self.build_temp).resolve()
        stage = temp / "stage"
        shutil.rmtree(stage, ignore_errors=True)
        missing = [path for path in INTERFACES if not is_provided(path.name)]
        for source in [*missing, HERE]:
            self._cmake(source, temp / source.name, stage, generators, keep_pythonpath)
        self._collect(stage, {path.name for path in missing} | {NAME})

    def _cmake(self, source: Path, build: Path, stage: Path, generators: list[Path], keep_pythonpath: bool) -> None:
        prefixes = os.pathsep.join(str(p) for p in dict.fromkeys([stage, *generators, *sourced_prefixes()]))
        env = dict(os.environ, AMENT_PREFIX_PATH=prefixes, CMAKE_PREFIX_PATH=prefixes)
        env.pop("DESTDIR", None)
        site = stage / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
        inherited = [env["PYTHONPATH"]] if keep_pythonpath and env.get("PYTHONPATH") else []
        env["PYTHONPATH"] = os.pathsep.join([str(site), *inherited])
        generator = ["-G", "Ninja"] if shutil.which("ninja") else []
        subprocess.check_call(
            [
                "cmake",
                *generator,
                "-S",
                str(source),
                "-B",
                str(build),
                "-DBUILD_TESTING=OFF",
                "-DCMAKE_BUILD_TYPE=Release",
                f"-DCMAKE_INSTALL_PREFIX={stage}",
                f"-DPython3_EXECUTABLE={sys.executable}",
                f"-DCMAKE_PROJECT_INCLUDE={WHEEL_FIXES}",
                "-DCMAKE_INSTALL_RPATH=$ORIGIN;$ORIGIN/../../..",
                "-DMOBINET_INSTALL_LIBRARY=OFF",
            ],
            env=env,
        )
        subprocess.check_call(["cmake", "--build", str(build), "--parallel", str(os.cpu_count() or 1)], env=env)
        subprocess.check_call(["cmake", "--install", str(build)], env=env, stdout=subprocess.DEVNULL)

    def _collect(self, stage: Path, packages: set[str]) -> None:
        site = next(stage.glob("lib/python3.*/site-packages"))
        for path in sorted(stage.rglob("*")):
            if path.is_dir() or "__pycache__" in path.parts or "environment" in path.parts:
                continue
            if site in path.parents:
                self._collect_module(path, path.relative_to(site), packages)
            elif self.editable_mode:
                copy(path, Path(sys.prefix) / path.relative_to(stage))
            else:
                self.distribution.data_files.append((str(path.parent.relative_to(stage)), [str(path)]))

    def _collect_module(self, path: Path, relative: Path, packages: set[str]) -> None:
        if relative.parts[0] not in packages or path.suffix == ".c":
            return  # CMake's own egg-info, generated C sources
        own_source = relative.parts[0] == NAME and (HERE / relative).exists()
        if not self.editable_mode:
            copy(path, Path(self.build_lib) / relative)
        elif not own_source:  # our own modules: the source tree is the package
            target = Path(self.get_finalized_command("install").install_platlib)
            copy(path, target / relative)

    def get_outputs(self) -> list[str]:
        return []

    def get_output_mapping(self) -> dict[str, str]:
        return {}

    def get_source_files(self) -> list[str]:
        patterns = ("msg/*.msg", "srv/*.srv", "action/*.action", "interfaces/*/*/*", "interfaces/*/*.*")
        return [str(p.relative_to(HERE)) for pattern in patterns for p in HERE.glob(pattern) if p.is_file()]


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


setup(
    name="mobinet-ros",
    version=VERSION,
    description="mobinet as a ROS 2 package: nodes, messages, launch",
    license="Apache-2.0",
    packages=[
        NAME,
        f"{NAME}.bags",
        f"{NAME}.doctor",
        f"{NAME}.following",
        f"{NAME}.ptz",
        f"{NAME}.rig",
        f"{NAME}.running",
        f"{NAME}.simulation",
    ],
    package_dir={"": "."},
    ext_modules=[Extension(f"{NAME}._interfaces", sources=[])],  # makes the wheel platform specific
    cmdclass={"build_ext": CMakeBuild},
    data_files=[],
    python_requires=">=3.10",
    install_requires=[
        f"mobinet=={VERSION}",
        "ros-rclpy[fastrtps]",
        "ros-common-interfaces",
        "rich>=13",
    ],
    entry_points={"mobinet.commands": ["ros = mobinet_ros.commands:register"]},
)
