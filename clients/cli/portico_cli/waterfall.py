"""A trace as a waterfall in the terminal: a line a span, below its parent, at its place in time."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from portico_cli.output import escaped

_NARROWEST_BAR = 14
_TIMES_AND_GAPS = 26
_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: times in nanoseconds, `start` counted from the begin of the whole."""

    scope: str
    name: str
    depth: int
    start: int
    duration: int
    error: str = ""


def lines_of(trace: Any) -> list[Line]:
    """The lines of a GetTraceResponse: its spans; of calls that were not sampled the steps in their events."""
    spanned = list(_from_spans(trace.spans))
    traced = {span.attributes.get("portico.ray_id") for span in trace.spans}
    for event in trace.request_events:
        if not spanned or (event.ray_id not in traced and not trace.spans):
            spanned.extend(_from_event(event))
    return spanned


def print_waterfall(trace: Any, width: int | None = None) -> None:
    """Prints the calls of a trace, then its waterfall."""
    for event in trace.request_events:
        outcome = click.style(escaped(event.reason) or _code(event.code), fg="red" if event.code else "green")
        took = f"{event.duration_nanos / 1e6:,.1f} ms"
        who = f"{event.principal} by {event.acting_service}" if event.acting_service else event.principal
        click.echo(f"ray {event.ray_id}  {outcome}  {took}  {escaped(f'{event.method[1:]}  {who}')}")
    lines = lines_of(trace)
    if not lines:
        return
    total = max(max(line.start + line.duration for line in lines), 1)
    labels = [f"{'  ' * line.depth}{line.name}" for line in lines]
    scope_width = max(len(line.scope) for line in lines)
    columns = width or shutil.get_terminal_size((100, 24)).columns
    label_width = min(max(map(len, labels)), max(20, columns - scope_width - _NARROWEST_BAR - _TIMES_AND_GAPS))
    bar_width = max(_NARROWEST_BAR, columns - scope_width - label_width - _TIMES_AND_GAPS)
    colours = {
        scope: _COLOURS[index % len(_COLOURS)] for index, scope in enumerate(dict.fromkeys(x.scope for x in lines))
    }
    click.echo()
    for line, label in zip(lines, labels, strict=True):
        bar = click.style(_bar(line, total, bar_width), fg="red" if line.error else colours[line.scope])
        times = f"{line.start / 1e6:8.2f} {line.duration / 1e6:8.2f} ms"
        shown = label if len(label) <= label_width else label[: label_width - 1] + "…"
        error = f"  {line.error}" if line.error else ""
        click.echo(f"{line.scope.ljust(scope_width)}  {shown.ljust(label_width)}  {bar}  {times}{error}")


def _bar(line: Line, total: int, width: int) -> str:
    begin = min(width - 1, line.start * width // total)
    length = max(1, min(width - begin, round(line.duration * width / total)))
    return " " * begin + "━" * length + " " * (width - begin - length)


def _from_spans(spans: Any) -> Iterator[Line]:
    """Depth first; a span whose parent was not recorded stands at the root."""
    known = {span.span_id for span in spans}
    children: dict[str, list[Any]] = defaultdict(list)
    for span in sorted(spans, key=lambda item: item.start_time.ToNanoseconds()):
        children[span.parent_span_id if span.parent_span_id in known else ""].append(span)
    begin = min((span.start_time.ToNanoseconds() for span in spans), default=0)

    def below(parent: str, depth: int) -> Iterator[Line]:
        for span in children[parent]:
            error = "" if not span.code else _code(span.code)
            start = span.start_time.ToNanoseconds() - begin
            yield Line(escaped(span.scope), escaped(_short(span.name)), depth, start, span.duration_nanos, error)
            yield from below(span.span_id, depth + 1)

    yield from below("", 0)


def _from_event(event: Any) -> Iterator[Line]:
    error = event.reason or (_code(event.code) if event.code else "")
    yield Line("gateway", _short(event.method), 0, 0, event.duration_nanos, error)
    for step in event.steps:
        yield Line("gateway", step.step, 1, step.start_nanos, step.duration_nanos)


def _short(name: str) -> str:
    """`ObjectService/PutObject` of a method's full name."""
    service, slash, method = name.removeprefix("/").rpartition("/")
    return f"{service.rpartition('.')[2]}/{method}" if slash else name


def _code(code: int) -> str:
    from google.rpc.code_pb2 import Code

    return str(Code.Name(code))
