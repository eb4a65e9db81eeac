"""Conditions of the small platform: `if_match` alone."""

from __future__ import annotations

from typing import Any

import grpc


def check_match(request: Any, found: Any, context: Any) -> None:
    """Ends the call where the object (None: there is none) is not one that `if_match` names."""
    from tests.unit.sdk.fake_platform import Fault, abort

    wanted = request.conditions.if_match
    if wanted and (found is None or found.etag not in wanted):
        metadata = {} if found is not None else {"missing": "true"}
        fault = Fault(grpc.StatusCode.FAILED_PRECONDITION, "ETAG_MISMATCH", "it changed", metadata=metadata)
        abort(context, fault, context.ray_id)
