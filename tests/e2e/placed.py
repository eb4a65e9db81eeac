"""Where a product may stand behind the door: what lies between carries many callers' streams on one connection."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from portico_server.host import local_http
from portico_server.platform.settings import from_json
from tests.harness import RunningPlatform, running_platform
from tests.harness.platform import TESTING_PRODUCT


@contextlib.contextmanager
def placed(where: str, folder: Path) -> Iterator[tuple[RunningPlatform, str]]:
    """A platform whose testing product is there, and the cluster by which its front reaches it."""
    if where == "process":
        with running_platform(folder, processes=("testing",), **TESTING_PRODUCT) as platform:
            yield platform, "testing"
    elif where == "plain":
        with running_platform(folder, host="plain", **TESTING_PRODUCT) as platform:
            yield platform, "application"
    else:
        with running_platform(folder / "far", mesh_listen="127.0.0.1:0", **TESTING_PRODUCT) as far:
            mesh = from_json((far.settings.run / "settings.json").read_text()).mesh_listen
            (folder / "near" / "data").mkdir(parents=True, mode=0o700)
            shutil.copytree(far.data / "keys", folder / "near" / "data" / "keys")
            peers: Any = {"peers": (f"testing={mesh}",)}
            with running_platform(folder / "near", **peers, **TESTING_PRODUCT) as near:
                yield near, "testing"


def counted(platform: RunningPlatform, cluster: str, name: str) -> int:
    """A figure of Envoy's about the front's way to the product."""
    key = f"cluster.{cluster}.{name}"
    text = local_http.request(platform.front_folder, "admin.sock", "GET", f"/stats?filter={key}$", timeout_seconds=30)
    return int(text.rpartition(":")[2])
