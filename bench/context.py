"""What every measure is given: how long to measure, where to put files, and the candidates, started when asked for."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.bucket import Bucket
from bench.candidates import Endpoint, envoy_jwt, grpc_aio, hosted, portico
from bench.credentials import Credentials, prepare
from bench.stores import Store, s3_door
from portico_server.platform.settings import Settings


@dataclass(slots=True)
class Bench:
    """One run. `seconds` is how long each candidate is measured in a round."""

    scratch: Path
    stack: ExitStack
    rounds: int
    seconds: float
    quick: bool
    _running: dict[str, Endpoint] = field(default_factory=dict)
    _door: Store | None = None

    @property
    def settings(self) -> Settings:
        """The platform's settings: the defaults, besides the testing contract that is measured."""
        return portico.settings(self.scratch / "data")

    @property
    def credentials(self) -> Credentials:
        folder = self.scratch / "credentials"
        return Credentials(folder) if folder.exists() else prepare(self.settings, folder)

    def portico(self) -> Endpoint:
        return self._once("portico", lambda: portico.start(self.settings, self.credentials, self.scratch))

    def s3(self) -> Store:
        """The S3 door of `portico`, where its bucket is."""
        if self._door is None:
            Bucket.create(self.portico())
            self._door = s3_door(self.portico())
        return self._door

    def hosted(self) -> Endpoint:
        settings = self._sharing_keys("hosted").replace(s3_listen="")  # it has no products, whose door that is
        return self._once("hosted", lambda: hosted.start(settings, self.credentials, self.scratch))

    def variant(self, name: str, **changes: Any) -> Endpoint:
        """Portico with other settings; what is in `name` names its data directory too."""
        settings = self._sharing_keys(re.sub(r"\W+", "-", name)).replace(**changes)
        return self._once(name, lambda: portico.start(settings, self.credentials, self.scratch, name=name))

    def filled(self, name: str, fill: Callable[[Settings], None]) -> Endpoint:
        """Portico with state that `fill` writes, given its settings, after it was started once and stopped."""
        settings = self._sharing_keys(re.sub(r"\W+", "-", name))

        def start() -> AbstractContextManager[Endpoint]:
            with portico.start(settings, self.credentials, self.scratch):
                pass
            fill(settings)
            return portico.start(settings, self.credentials, self.scratch, name=name)

        return self._once(name, start)

    def _sharing_keys(self, folder: str) -> Settings:
        """Settings of a platform with a data directory of its own and the first one's keys: one client knows both."""
        settings = portico.settings(self.scratch / folder)
        assert self.credentials  # made with the keys
        shutil.copytree(self.settings.data / "keys", settings.data / "keys", dirs_exist_ok=True)
        return settings

    def grpc_aio(self) -> Endpoint:
        return self._once("grpc_aio", lambda: grpc_aio.start(self.credentials, self.scratch))

    def envoy_jwt(self) -> Endpoint:
        domain = self.settings.trust_domain
        return self._once("envoy_jwt", lambda: envoy_jwt.start(self.credentials, self.scratch, trust_domain=domain))

    def _once(self, name: str, start: Callable[[], AbstractContextManager[Endpoint]]) -> Endpoint:
        if name not in self._running:
            self._running[name] = self.stack.enter_context(start())
        return self._running[name]
