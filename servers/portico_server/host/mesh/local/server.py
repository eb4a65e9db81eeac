"""The called side within the process: each call in a task and a context of its own, through the whole pipeline."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from typing import Any

from portico_server.host.adapter.calls import unknown
from portico_server.host.adapter.serving import Serving
from portico_server.host.adapter.status import outcome_of
from portico_server.host.mesh.local.call import CANCELLED, LocalCall, Target
from portico_server.host.mesh.messages import Crossing, Deserialize, Serialize, classes_of
from portico_server.host.mesh.outgoing import Outgoing
from portico_server.platform.call import current
from portico_server.platform.errors import to_api_error

_log = logging.getLogger(__name__)


class LocalServer:
    """Serves to callers in this process what `serving` has, whichever host brings the other calls.

    With `through_bytes` every message is serialized and parsed again: then whoever relies on sharing an object with the
    other side fails in a test.
    """

    def __init__(self, serving: Serving, *, through_bytes: bool = False) -> None:
        self._serving = serving
        self._through_bytes = through_bytes
        self._tasks: set[asyncio.Task[None]] = set()

    def target(self, path: str, serialize: Serialize | None, deserialize: Deserialize | None) -> Target:
        """What is called at a path by a stub with these functions."""
        found = self._serving.binding_of(path, ())
        binding = found or unknown(path)
        request_class, response_class = classes_of(path)
        through = self._through_bytes
        requests = Crossing(path, request_class, serialize, binding.deserialize, through_bytes=through)
        responses = Crossing(path, response_class, binding.serialize, deserialize, through_bytes=through)
        return Target(binding, requests, responses, known=found is not None)

    def begin(self, target: Target, outgoing: Outgoing, request: Any) -> LocalCall:
        """Starts a call. `request` is the one message of a unary request, which from here on belongs to it."""
        begun = LocalCall(target, outgoing, request, self._serving.max_message_bytes)
        if begun.responses.outcome is not None:  # its time was over before it began
            begun.end()
            return begun
        task = begun.loop.create_task(self._serve(begun), context=contextvars.Context())
        begun.exchange.adopt(task)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return begun

    async def _serve(self, begun: LocalCall) -> None:
        current.set(begun.call)
        requests = begun.context.requests
        self._serving.watch.add(requests)
        try:
            outcome = await self._serving.serve(begun.call, begun.binding, begun.context)
            begun.finish(CANCELLED if outcome is None or begun.exchange.disconnected else outcome)
        except Exception as error:  # a bug of the host or the pipeline, for which nobody shall wait
            _log.exception("a call within the process failed: %s", begun.binding.method.path)
            begun.finish(outcome_of(to_api_error(error, {}), begun.call.ray_id))
        finally:
            self._serving.watch.remove(requests)
            begun.end()
