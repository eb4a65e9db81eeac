"""The command `portico` and all its subcommands by name. A subcommand's module is loaded when it runs, so `--help` is
quick."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

_GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "A platform here": {
        "up": ("up:up", "Start a platform."),
        "down": ("up:down", "Stop it."),
        "restart": ("up:restart", "Replace its processes one after the other."),
        "status": ("status:status", "Say how it is."),
        "connections": ("connections:connections", "Show who is connected to whom, and the calls in flight."),
        "doctor": ("status:doctor", "Check what it needs, and say how to mend it."),
        "logs": ("logs:logs", "Show its logs."),
        "config": ("config:config", "Show the settings in force, and what each means."),
        "demo": ("demo:demo", "Show the main job: one file, four ways through the gateway."),
    },
    "Its state": {
        "backup": ("backup:backup", "Back up a whole platform while it runs; verify a backup."),
        "state": ("state:state", "Move the databases from files to PostgreSQL, or back."),
        "stores": ("stores:stores", "Where objects' bytes are: ls, check, claim."),
        "restore": ("backup:restore", "Restore a backup into an empty data directory."),
    },
    "Objects": {
        "objects": ("objects:objects", "Buckets and objects: ls, cp, mv, sync, rm, cat, mb, rb, …"),
    },
    "DNS": {
        "zones": ("zones:zones", "Domains of the account: list, get, create, verify, update, delete."),
        "dns": ("dns:dns", "Records of a zone: list, get, create, update, delete, import, export."),
    },
    "What happened": {
        "trace": ("trace:trace", "Show one call or trace as a waterfall."),
        "requests": ("requests:requests", "List recent calls."),
        "operations": ("operations:operations", "Work longer than a call: get, wait, list, cancel, delete."),
        "health": ("status:health", "Ask the gateway whether it serves."),
    },
    "Who may do what": {
        "access": ("access:access", "Accounts, members, policies: list, invite, grant, explain, export."),
    },
    "Who you are": {
        "login": ("login:login", "Log in by an API token, or as a service account."),
        "logout": ("login:logout", "Forget what a profile logs in by."),
        "whoami": ("login:whoami", "Say who you are to the platform."),
        "profile": ("profile:profile", "How platforms are reached: list, show."),
        "token": ("token:token", "Print a valid token; revoke tokens."),
        "cert": ("cert:cert", "Client certificates: show, renew, create, revoke."),
        "authority": ("authority:authority", "The certificate authority: show, add, use, remove."),
    },
    "Other programs": {
        "trust": ("trust:trust", "Make programs of this machine trust the platform's authority."),
        "env": ("env:env", "Print the variables that other clients need."),
        "grpcurl": ("grpcurl:grpcurl", "Run grpcurl with address and credentials filled in."),
        "completion": ("completion:completion", "Print the completion script of a shell."),
    },
}

_EPILOG = """\b
First steps:
  portico demo                                     see it work
  portico up                                       start a platform
  portico objects mb portico://photos              make a bucket
  portico objects cp cat.jpg portico://photos/     store a file

\b
Exit codes: 0 done, 1 error, 2 wrong usage, 3 not found, 4 not allowed, 5 the state
does not allow it, 6 not reachable or out of time, 130 stopped. PORTICO_PROFILE
chooses the profile, PORTICO_DEBUG=1 shows tracebacks.
"""


class _Commands(click.Group):
    """Loads subcommands when they are asked for, and lists them by what they are about."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [name for commands in _GROUPS.values() for name in commands]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        for commands in _GROUPS.values():
            if name in commands:
                module, _, attribute = commands[name][0].partition(":")
                command: Any = getattr(import_module(f"portico_cli.commands.{module}"), attribute)
                assert isinstance(command, click.Command)
                return command
        return None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in _GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, help_text) for name, (_, help_text) in commands.items()], col_max=14)


def _print_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"portico {version('portico')}")
        context.exit()


@click.group(cls=_Commands, epilog=_EPILOG, context_settings={"max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def portico() -> None:
    """Portico: a self-hosted edge cloud behind one gateway."""
