"""The engine's figures, as ours."""

from __future__ import annotations

from drills.sandbox.compose.service_stats import Limits, Usage

CPU = {"cpu_usage": {"total_usage": 2_500_000_000}}


def test_memory_counts_without_what_the_kernel_can_drop_in_either_version_of_control_groups() -> None:
    one = {"cpu_stats": CPU, "memory_stats": {"usage": 1000, "stats": {"total_inactive_file": 300}}}
    two = {"cpu_stats": CPU, "memory_stats": {"usage": 1000, "stats": {"inactive_file": 300}}}
    assert Usage.of(one) == Usage.of(two) == Usage(memory_bytes=700, cpu_seconds=2.5, pids=0)


def test_a_container_that_has_just_ended_uses_nothing() -> None:
    assert Usage.of({"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}}) == Usage(0, 0.0, 0)


def test_limits_that_are_not_set_are_none() -> None:
    told = {"HostConfig": {"Memory": 0, "NanoCpus": 0}, "RestartCount": 0, "State": {"OOMKilled": False}}
    assert Limits.of(told) == Limits(None, None, 0, False)
    told = {"HostConfig": {"Memory": 2**29, "NanoCpus": 500_000_000}, "RestartCount": 1, "State": {"OOMKilled": True}}
    assert Limits.of(told) == Limits(2**29, 0.5, 1, True)
