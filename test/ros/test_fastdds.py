"""The Fast DDS profile and the shared memory that it needs."""

from __future__ import annotations

import fcntl
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mobinet_ros import fastdds

NAMESPACE = {"dds": "http://www.eprosima.com"}


def test_the_profile_has_large_shared_memory_and_udp() -> None:
    path = next(iter(fastdds.profile_environment({}).values()))
    tree = ElementTree.parse(path)
    kinds = {node.text for node in tree.iterfind(".//dds:transport_descriptor/dds:type", NAMESPACE)}
    assert kinds == {"SHM", "UDPv4"}  # shared memory alone cuts robots off
    assert tree.findtext(".//dds:segment_size", namespaces=NAMESPACE) == str(32 * 1024 * 1024)
    assert tree.findtext(".//dds:maxMessageSize", namespaces=NAMESPACE) == str(8 * 1024 * 1024)
    used = {node.text for node in tree.iterfind(".//dds:userTransports/dds:transport_id", NAMESPACE)}
    named = {node.text for node in tree.iterfind(".//dds:transport_descriptor/dds:transport_id", NAMESPACE)}
    assert used == named


@pytest.mark.parametrize("variable", list(fastdds.PROFILE_VARIABLES.values()))
def test_the_user_s_own_profile_is_left_alone(variable: str) -> None:
    assert fastdds.profile_environment({variable: "/own.xml"}) == {}


@pytest.mark.parametrize(
    ("present", "variables"),
    [
        (["fastdds"], {"FASTDDS_DEFAULT_PROFILES_FILE"}),
        (["fastrtps"], {"FASTRTPS_DEFAULT_PROFILES_FILE"}),
        ([], {"FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"}),
    ],
)
def test_each_generation_is_given_the_variable_that_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, present: list[str], variables: set[str]
) -> None:
    monkeypatch.setattr("sys.prefix", str(tmp_path / "nothing"))
    for name in present:
        (tmp_path / "share" / name).mkdir(parents=True)
    assert set(fastdds.profile_environment({"AMENT_PREFIX_PATH": str(tmp_path)})) == variables


@pytest.fixture
def shared_memory(tmp_path: Path) -> Path:
    """A segment of Fast DDS 3 and one of 2 whose owners are dead, a port's, and what others keep there."""
    for name in ("fastdds_aa", "fastrtps_bb", "fastdds_port7001"):
        (tmp_path / name).write_bytes(bytes(1000))
        (tmp_path / f"{name}_el").touch()
    (tmp_path / "sem.other").touch()
    return tmp_path


def test_segments_of_dead_processes_are_found(shared_memory: Path) -> None:
    leaked = fastdds.leaked_memory(shared_memory)
    assert [path.name for path in leaked.segments] == ["fastdds_aa", "fastrtps_bb"]
    assert "2 Fast DDS segments" in leaked.advice()
    assert "fastdds shm clean" in leaked.advice()


def test_a_living_process_s_segment_is_not_leaked(shared_memory: Path) -> None:
    with (shared_memory / "fastdds_aa_el").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert [path.name for path in fastdds.leaked_memory(shared_memory).segments] == ["fastrtps_bb"]


def test_too_little_shared_memory_is_said_with_the_cure(tmp_path: Path) -> None:
    assert fastdds.shared_memory_complaints(1, tmp_path) == []
    (complaint,) = fastdds.shared_memory_complaints(10**9, tmp_path)
    assert "35000000000 MB; enlarge it" in complaint
    (absent,) = fastdds.shared_memory_complaints(1, tmp_path / "absent")
    assert "does not exist" in absent
