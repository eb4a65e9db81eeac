"""The metrics of all processes as one: what Prometheus reads where `metrics_listen` says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from portico_server.host import local_http
from portico_server.host.control import METRICS
from portico_server.host.run_folder import CONTROL_SOCKET

_TIMEOUT_SECONDS = 5.0


async def of_processes(folders: Mapping[str, Path]) -> str:
    """Reads the metrics of the processes by name, each in its folder. One that does not answer is left out."""

    def read(folder: Path) -> str:
        try:
            return local_http.request(folder, CONTROL_SOCKET, "GET", METRICS, timeout_seconds=_TIMEOUT_SECONDS)
        except local_http.LocalError:
            return ""

    texts = await asyncio.gather(*(asyncio.to_thread(read, folder) for folder in folders.values()))
    return merged(dict(zip(folders, texts, strict=True)))


def merged(texts: Mapping[str, str]) -> str:
    """One text of several processes', in the text exposition format: each family once, each sample with the label
    `process`."""
    comments: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for process, text in texts.items():
        family = ""
        for line in text.splitlines():
            if line.startswith("# "):
                family = line.split(" ", 3)[2]
                known = comments.setdefault(family, [])
                if line not in known:
                    known.append(line)
            elif line:
                samples.setdefault(family, []).append(_labelled(line, process))
    lines = [line for family, known in comments.items() for line in (*known, *samples.get(family, ()))]
    return "".join(f"{line}\n" for line in lines)


def _labelled(sample: str, process: str) -> str:
    name, brace, labels = sample.partition("{")
    if brace:
        return f'{name}{{process="{process}",{labels}'
    name, _, value = sample.partition(" ")
    return f'{name}{{process="{process}"}} {value}'
