"""How revocations are shown, by `portico token` and `portico cert`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

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
    output.show_items(
        found, columns, as_json=caller.json, nothing=f"nothing of accounts/{caller.client.profile.account} is revoked"
    )


def show_all_revocations(data: Path, *, as_json: bool) -> None:
    """Those of every account, as the files of the platform on this machine hold them, with how many each has."""
    from portico_server import maintenance

    try:
        found = maintenance.revocations(data)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    columns: list[output.Column] = [
        ("account", lambda item: item.account or "the operator's list"),
        ("revoked", lambda item: f"{_KINDS.get(item.kind.value, 'tokens of')} {item.subject}"),
        ("at", lambda item: output.moment_of(item.revoked_at)),
        ("kept until", lambda item: output.moment_of(item.expires_at)),
        ("by", lambda item: item.revoked_by),
        ("reason", lambda item: item.reason),
    ]
    output.show_items(found, columns, as_json=as_json, nothing="nothing is revoked")
    counted = Counter(item.account or "the operator's list" for item in found)
    for account, number in counted.most_common() if not as_json else ():
        click.echo(f"{account}: {number:,} in force", err=True)


_KINDS = {"token": "token", "fingerprint": "certificate", "serial": "serial"}


def _what(revocation: Any) -> tuple[str, str]:
    field = revocation.WhichOneof("revoked")
    kinds = {"token_id": "token", "certificate_sha256": "certificate", "certificate_serial": "serial"}
    return (kinds.get(field, "tokens of"), getattr(revocation, field)) if field else ("", "")
