"""`portico objects`: what buckets are set to: who may read, locks, tags, and rules as documents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.group import objects
from portico_cli.place_arguments import BUCKET
from portico_cli.remote import Remote
from portico_cli.rules import pairs

if TYPE_CHECKING:
    from portico.objects.v1.buckets_pb2 import Bucket

_RETENTION = re.compile(r"(governance|compliance):(\d+)([dy])")


@objects.command()
@click.argument("bucket", type=BUCKET)
@calls_platform
def describe(caller: Caller, bucket: Remote) -> None:
    """Show a bucket and all that it is set to, as JSON.

    \b
    Examples:
      portico objects describe portico://photos
    """
    output.show_json(caller.client.buckets.get(bucket.bucket))


@objects.command()
@click.argument("bucket", type=BUCKET)
@click.option("--public-access", type=click.Choice(["none", "read"]), help="Whether anybody may read its objects.")
@click.option("--public-list/--no-public-list", default=None, help="Whether anybody may list its objects.")
@click.option(
    "--block-public-access/--no-block-public-access",
    default=None,
    help="Shut it to all whom no policy allows, and keep it from being opened; or let it be opened again.",
)
@click.option(
    "--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Its tags, in place of those it has; repeat it."
)
@click.option("--no-tags", is_flag=True, help="Take its tags away.")
@click.option("--object-lock", is_flag=True, help="Let versions be kept from deletion. Cannot be taken back.")
@click.option(
    "--retention",
    metavar="MODE:TIME",
    help="How new versions are kept by default: governance:30d, compliance:1y, or none. Means --object-lock.",
)
@calls_platform
def update(
    caller: Caller,
    bucket: Remote,
    public_access: str | None,
    public_list: bool | None,
    block_public_access: bool | None,
    tags: tuple[str, ...],
    no_tags: bool,
    object_lock: bool,
    retention: str | None,
) -> None:
    """Change what a bucket is set to. What is not named stays as it is.

    \b
    Examples:
      portico objects update portico://photos --public-access read
      portico objects update portico://records --block-public-access
      portico objects update portico://photos --tag team=web --tag cost=7
      portico objects update portico://backup --retention compliance:1y
    """
    from portico.objects.v1.buckets_pb2 import Bucket

    wanted, fields = Bucket(), []
    if public_access is not None:
        wanted.MergeFrom(Bucket(public_access=f"PUBLIC_ACCESS_{public_access.upper()}"))
        fields.append("public_access")
    if public_list is not None:
        wanted.public_list = public_list
        fields.append("public_list")
    if block_public_access is not None:
        if block_public_access:
            _block_everything(wanted)
        fields.append("public_access_block")
    if tags or no_tags:
        if tags and no_tags:
            raise click.UsageError("--tag and --no-tags contradict each other; give one of them")
        wanted.tags.update(pairs(tags, "--tag"))
        fields.append("tags")
    if object_lock or retention is not None:
        _set_lock(wanted, retention)
        fields.append("object_lock")
    if not fields:
        raise click.UsageError("nothing to change; see portico objects update --help")
    changed = caller.client.buckets.update(bucket.bucket, wanted, fields=fields)
    output.show_json(changed) if caller.json else click.echo(f"updated {', '.join(fields)} of {bucket}")


def _block_everything(wanted: Bucket) -> None:
    from portico.objects.v1.buckets_pb2 import PublicAccessBlock

    every = dict.fromkeys(PublicAccessBlock.DESCRIPTOR.fields_by_name, True)
    wanted.public_access_block.CopyFrom(PublicAccessBlock(**every))


def _set_lock(wanted: Bucket, retention: str | None) -> None:
    from portico.objects.v1.buckets_pb2 import ObjectLock

    wanted.object_lock.enabled = True
    if retention in (None, "none"):
        return
    match = _RETENTION.fullmatch(retention or "")
    if match is None:
        raise click.BadParameter("must be as governance:30d, compliance:1y, or none", param_hint="--retention")
    name, number, unit = match.groups()
    wanted.object_lock.MergeFrom(ObjectLock(default_mode=f"RETENTION_MODE_{name.upper()}"))
    if unit == "d":
        wanted.object_lock.default_days = int(number)
    else:
        wanted.object_lock.default_years = int(number)


def _rules_group(name: str, field: str, what: str, shapes: str, document: str) -> click.Group:
    """The commands `get`, `set` and `rm` for rules of one kind. `document`: one of such rules, in a line of YAML."""
    command = f"  portico objects {name}"
    examples = "\n\n\b\nExamples:\n"

    commands = f"{command} set photos rules.yaml\n{command} get photos"

    @objects.group(name, help=f"Rules of a bucket: {what}.{examples}{commands}")
    def group() -> None: ...

    @group.command("get", help=f"Show the rules as JSON, as `set` takes them.{examples}{command} get photos")
    @click.argument("bucket", type=BUCKET)
    @calls_platform
    def get(caller: Caller, bucket: Remote) -> None:
        output.show_json(_with_rules(field, getattr(caller.client.buckets.get(bucket.bucket), field)))

    @group.command(
        "set",
        help=f"Replace all rules by those of a file, YAML or JSON; - is standard input. {shapes}\n\n\b\n"
        f"A file:\n  {document}{examples}"
        f"{command} set photos rules.yaml\n{command} get photos | portico objects {name} set copies -",
    )
    @click.argument("bucket", type=BUCKET)
    @click.argument("file", type=click.File("r", encoding="utf-8"))
    @calls_platform
    def set_rules(caller: Caller, bucket: Remote, file: Any) -> None:
        from portico_cli.bucket_documents import MAX_BYTES, read_rules

        try:
            text = file.read(MAX_BYTES + 1)
        except UnicodeDecodeError:
            raise click.BadParameter("it is not UTF-8, so it is no document of rules") from None
        if len(text) > MAX_BYTES:
            raise click.BadParameter(f"more than {MAX_BYTES} characters are no document of rules")
        replace(caller, bucket, read_rules(text, field))

    @group.command(
        "rm",
        help=f"Remove rules by their ids; without one all of them.{examples}{command} rm photos\n"
        f"{command} rm photos old-logs",
    )
    @click.argument("bucket", type=BUCKET)
    @click.argument("ids", nargs=-1, metavar="[ID]...")
    @calls_platform
    def rm(caller: Caller, bucket: Remote, ids: tuple[str, ...]) -> None:
        found = caller.client.buckets.get(bucket.bucket)
        rules = getattr(found, field)
        missing = set(ids) - {rule.id for rule in rules}
        if missing:
            from portico.errors import NotFound

            told = ", ".join(map(output.quoted, sorted(missing)))
            raise NotFound(f"{bucket} has no rule {told}", reason="RULE_NOT_FOUND")
        left = _with_rules(field, [rule for rule in rules if ids and rule.id not in ids])
        replace(caller, bucket, left, found.etag)

    def replace(caller: Caller, bucket: Remote, wanted: Bucket, etag: str = "") -> None:
        changed = caller.client.buckets.update(bucket.bucket, wanted, fields=[field], etag=etag)
        number = len(getattr(changed, field))
        told = f"{bucket} has {number} {'rule' if number == 1 else 'rules'} of {name}"
        output.show_json(changed) if caller.json else click.echo(told)

    return group


def _with_rules(field: str, rules: Iterable[Any]) -> Bucket:
    """A bucket with these rules and nothing else."""
    from portico.objects.v1.buckets_pb2 import Bucket

    made = Bucket()
    getattr(made, field).extend(rules)
    return made


lifecycle = _rules_group(
    "lifecycle",
    "lifecycle_rules",
    "what is deleted by itself, and when",
    "They have the names of `get`, or those of S3 (`Rules`).",
    "- {id: drafts, enabled: true, filter: {prefix: drafts/}, expire_after_days: 30}",
)
cors = _rules_group(
    "cors",
    "cors_rules",
    "which pages may call the S3 door for it",
    "They have the names of `get`, or those of S3 (`CORSRules`).",
    "- {allowed_origins: ['https://app.example.com'], allowed_methods: [GET], max_age_seconds: 3600}",
)
notifications = _rules_group(
    "notifications",
    "notification_rules",
    "which queues and webhooks are told of what",
    "They have the names of `get`.",
    "- {events: [EVENT_OBJECT_CREATED], prefix: photos/, queue: accounts/default/queues/thumbnails}",
)
