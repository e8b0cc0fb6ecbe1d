"""Fast DDS: the transport profile that carries camera images, and the shared memory that it needs."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mobinet_ros.environment import share_path

SHARED_MEMORY = Path("/dev/shm")
PROCESS_MB = 35
"""Size of one process's segment under our profile, rounded up."""

# share folder of the library -> the variable that it reads. Fast DDS 3 (Kilted and newer) also takes the older one, but
# warns in every process; Fast DDS 2 (Jazzy and older) reads only the older one.
PROFILE_VARIABLES = {"fastdds": "FASTDDS_DEFAULT_PROFILES_FILE", "fastrtps": "FASTRTPS_DEFAULT_PROFILES_FILE"}
_SEGMENT_PREFIXES = ("fastdds_", "fastrtps_")
_LOCK_SUFFIX = "_el"


@dataclass(frozen=True)
class LeakedMemory:
    """Segments in shared memory whose process died without removing them.

    Args:
        segments: their files.
        size_mb: of all of them.
    """

    segments: tuple[Path, ...]
    size_mb: float

    def advice(self) -> str:
        """One line with the cure; empty when nothing leaked."""
        if not self.segments:
            return ""
        folder = self.segments[0].parent
        names = " ".join(f"{path.name}*" for path in self.segments[:3])
        more = " ..." if len(self.segments) > 3 else ""
        return (
            f"{len(self.segments)} Fast DDS segments ({self.size_mb:.0f} MB) in {folder} belong to processes that were "
            f"killed; remove them: 'fastdds shm clean', or 'cd {folder} && rm {names}{more}'"
        )


def profile_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variable that names our profile to the Fast DDS generation at hand; none when the user has set one."""
    variables = os.environ if environment is None else environment
    if any(variables.get(name) for name in PROFILE_VARIABLES.values()):
        return {}
    prefixes = [Path(entry) for entry in variables.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if entry]
    found = [
        variable
        for generation, variable in PROFILE_VARIABLES.items()
        if any((prefix / "share" / generation).is_dir() for prefix in [*prefixes, Path(sys.prefix)])
    ]
    # where both are seen, or none, one warning is better than no profile
    return dict.fromkeys(found or PROFILE_VARIABLES.values(), str(share_path("config/fastdds.xml")))


def leaked_memory(folder: Path = SHARED_MEMORY) -> LeakedMemory:
    """Looks for segments whose lock nobody holds: the kernel drops a process's lock when it dies."""
    locks = [lock for prefix in _SEGMENT_PREFIXES for lock in sorted(folder.glob(f"{prefix}*{_LOCK_SUFFIX}"))]
    dead = [lock.with_name(lock.name.removesuffix(_LOCK_SUFFIX)) for lock in locks if not _is_held(lock)]
    segments = tuple(path for path in dead if "port" not in path.name and path.exists())
    return LeakedMemory(segments, sum(path.stat().st_size for path in segments) / 1e6)


def shared_memory_complaints(processes: int, folder: Path = SHARED_MEMORY) -> list[str]:
    """What is wrong with shared memory for so many processes, each line with its cure; empty when all is well."""
    if not folder.is_dir():
        return [f"{folder} does not exist: images go through UDP; mount a tmpfs there for shared memory"]
    complaints = []
    leaked = leaked_memory(folder)
    if leaked.segments:
        complaints.append(leaked.advice())
    status = os.statvfs(folder)
    free_mb, needed_mb = status.f_bavail * status.f_frsize / 1e6, processes * PROCESS_MB
    if free_mb < needed_mb:
        complaints.append(
            f"{folder} has {free_mb:.0f} MB free, {processes} processes take about {needed_mb} MB; enlarge it "
            f"(mount -o remount,size=1G {folder}; in a container --shm-size=1g) or run fewer processes (composed)"
        )
    return complaints


def _is_held(lock: Path) -> bool:
    """Whether a living process holds the lock; one that vanishes meanwhile or is another user's counts as held."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
