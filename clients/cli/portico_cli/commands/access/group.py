"""The group `portico access`, to which its modules add their commands."""

from __future__ import annotations

import click

from portico_cli.groups import Group


@click.group(cls=Group)
def access() -> None:
    """Accounts, members and policies. KIND is accounts, permission-groups, resource-groups, domain-groups, policies,
    groups, members, service-accounts, tokens or keys.

    \b
    Examples:
      portico access invite ada --role dns --on production
      portico access grant ada objects --on everything
      portico access list policies
      portico access explain objects.object.read accounts/default/buckets/photos --principal ada
      portico access export > policies.yaml
    """
