"""How revocations are shown, by `portico token` and `portico cert`."""

from __future__ import annotations

from typing import Any

from portico_cli import output
from portico_cli.calling import Caller


def show_revocation(caller: Caller, revocation: Any) -> None:
    if caller.json:
        output.show_json(revocation)
        return
    kind, subject = _what(revocation)
    output.show_fields(
        {
            "revoked": f"{kind} {subject}",
            "issued before": output.moment(revocation.issued_before_time),
            "at": output.moment(revocation.revoke_time),
            "kept until": output.moment(revocation.expire_time),
            "by": revocation.revoker,
            "reason": revocation.reason,
        }
    )


def show_revocations(caller: Caller) -> None:
    columns: list[output.Column] = [
        ("revoked", lambda item: " ".join(_what(item))),
        ("at", lambda item: output.moment(item.revoke_time)),
        ("kept until", lambda item: output.moment(item.expire_time)),
        ("by", lambda item: item.revoker.rpartition("/")[2]),
        ("reason", lambda item: item.reason),
    ]
    found = caller.client.credentials.revocations()
    output.show_items(found, columns, as_json=caller.json, nothing="nothing is revoked")


def _what(revocation: Any) -> tuple[str, str]:
    field = revocation.WhichOneof("revoked")
    kinds = {"token_id": "token", "certificate_sha256": "certificate", "certificate_serial": "serial"}
    return (kinds.get(field, "tokens of"), getattr(revocation, field)) if field else ("", "")
