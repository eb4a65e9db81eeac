"""What stands in deploy/: it names what there is, and is what its readers take."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from portico_cli.root import portico as root
from portico_server.host.run_folder import CONTROL_SOCKET
from portico_server.platform.settings import setting_names
from tests.e2e.test_metrics import OverSocket, fetch, parse
from tests.harness import RunningPlatform

CHECKOUT = Path(__file__).resolve().parents[2]
DEPLOY = CHECKOUT / "deploy"
METRIC = re.compile(r"\bportico_[a-z0-9_]+")


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DEPLOY / "grafana" / "portico.json").read_text())["panels"]
    return found


def named() -> set[str]:
    """The metrics that dashboard and alerts name."""
    expressions = [rule["expr"] for rule in alerts()]
    expressions += [target["expr"] for panel in panels() for target in panel["targets"]]
    return {name for expression in expressions for name in METRIC.findall(expression)}


def test_each_metric_that_dashboard_and_alerts_name_is_exported(platform: RunningPlatform) -> None:
    platform.http("GET", "/v1/accounts/default/buckets")  # one call, so that calls are counted
    _, text = fetch(OverSocket(platform.front_folder / CONTROL_SOCKET), "/metrics")
    exported = {name.partition("{")[0] for name in parse(text)}
    assert len(named()) >= 8
    assert named() - exported == set()


def test_each_alert_says_what_to_do_by_commands_that_there_are() -> None:
    for rule in alerts():
        assert rule["annotations"]["summary"]
        for command in re.findall(r"\bportico ([a-z]+)", rule["annotations"]["remedy"]):
            assert command in root.list_commands(None), (rule["alert"], command)  # type: ignore[arg-type]


def test_panels_neither_overlap_nor_lack_a_description() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        assert panel["description"]
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("there is no systemd-analyze here to ask")
    unit = (DEPLOY / "systemd" / "portico.service").read_text()
    program = re.search(r"^ExecStart=(\S+)", unit, re.MULTILINE)
    assert program is not None
    (tmp_path / "portico.service").write_text(unit.replace(program[1], "/bin/true"))  # it must exist to be verified
    done = subprocess.run(
        [verify, "verify", str(tmp_path / "portico.service")], capture_output=True, text=True, timeout=60, check=False
    )
    told = [line for line in done.stderr.splitlines() if "portico.service" in line]
    assert told == [], done.stderr
    assert done.returncode == 0, done.stderr


def test_the_unit_gives_the_service_no_more_than_it_needs() -> None:
    lines = (DEPLOY / "systemd" / "portico.service").read_text().splitlines()
    for line in ("User=portico", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "UMask=0077"):
        assert line in lines


def instructions() -> list[tuple[str, str]]:
    """Instruction and arguments, lines that go on put together."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def test_the_containers_parts_are_there() -> None:
    found = instructions()
    assert [rest.split()[0].partition(":")[0] for word, rest in found if word == "FROM"] == [
        "docker.io/library/python"
    ] * 2
    for word, rest in found:
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (CHECKOUT / source).exists(), source
    of_wheel = re.findall(r'"((?:gen|clients|servers)[^"]*)"', (CHECKOUT / "pyproject.toml").read_text())
    copied = {source for word, rest in found if word == "COPY" for source in rest.split()[:-1]}
    assert {path.split("/")[0] for path in of_wheel} <= copied


def test_the_container_runs_as_nobody_special_and_is_asked_for_its_health() -> None:
    found = dict(instructions())
    assert found["USER"].split(":")[0].isdigit()
    assert int(found["USER"].split(":")[0]) > 0
    check = json.loads(found["HEALTHCHECK"].partition("CMD ")[2])
    for command in (check, [*json.loads(found["ENTRYPOINT"]), *json.loads(found["CMD"])]):
        assert command[0] == "portico"
        assert command[1] in root.list_commands(None)  # type: ignore[arg-type]
    for variable in re.findall(r"\bPORTICO_([A-Z_]+)=", found["ENV"]):
        assert variable.lower() in setting_names() or variable == "PROFILE_DIR"
