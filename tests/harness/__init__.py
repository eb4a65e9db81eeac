"""Starts real platforms for tests: the supervisor as a process, Envoy with Python inside, certificates, tokens."""

from tests.harness.clients import Response
from tests.harness.platform import RunningPlatform, StartFailed, running_platform

__all__ = ["Response", "RunningPlatform", "StartFailed", "running_platform"]
