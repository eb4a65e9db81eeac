"""Which host serves: `embedded`, Python inside Envoy, or `plain`, Python beside it. More in docs/hosts.md."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from portico_server.host.embedding import CannotEmbed, Embedding, find_embedding, find_envoy

EMBEDDED, PLAIN = "embedded", "plain"


@dataclass(frozen=True, slots=True)
class Host:
    """`embedding`: how Python gets into Envoy; None on the plain host. `notice`: what whoever starts the platform
    should know of the choice, in one line; empty where it is the setting's."""

    envoy: Path
    embedding: Embedding | None
    notice: str = ""

    @property
    def name(self) -> str:
        return PLAIN if self.embedding is None else EMBEDDED

    def command(self, arguments: Sequence[str]) -> list[str | Path]:
        """What starts a process of the platform, to be run in its folder; `arguments` are Envoy's."""
        if self.embedding is not None:
            return [self.embedding.envoy, *arguments]
        return [sys.executable, "-P", "-m", "portico_server.host.plain", self.envoy, *arguments]

    def environment(self, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
        """That process's environment."""
        return dict(inherited) if self.embedding is None else self.embedding.environment(inherited)


def choose(setting: str) -> Host:
    """The host to use where the setting `host` has this value. Where Python cannot be embedded, the plain one steps in.
    Raises CannotEmbed where neither can run."""
    if setting == PLAIN:
        return Host(find_envoy(), None)
    try:
        embedding = find_embedding()
    except CannotEmbed as error:
        notice = f"{error.problem} The plain host serves instead, which is slower. {error.remedy}"
        return Host(find_envoy(), None, notice)
    return Host(embedding.envoy, embedding)
