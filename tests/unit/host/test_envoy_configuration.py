"""The rendered configuration: Envoy itself finds nothing wrong with it, whatever the settings."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from portico_server.host.embedding import find_embedding
from portico_server.host.envoy import (
    Door,
    WatchedFiles,
    descriptors,
    faces,
    jwt,
    render_bootstrap,
    render_inner_bootstrap,
    routes,
    tls,
)
from portico_server.host.envoy.bootstrap import DESCRIPTORS
from portico_server.host.envoy.upstreams import Upstream
from portico_server.platform.keyring import Keyring
from portico_server.platform.placement import Here, Nodes, Process
from portico_server.platform.settings import Settings
from tests.harness.platform import ROOT, TESTING_PRODUCT

VALIDATION_SECONDS = 60


OBJECTS = Upstream("objects", "/portico.objects.", Process("objects"))
NODES = Upstream("testing", "/portico.testing.", Nodes((("127.0.0.1", 1), ("localhost", 2))))


def prepared(settings: Settings, upstreams: Sequence[Upstream]) -> tuple[WatchedFiles, descriptors.Contracts]:
    """All files that the configuration names."""
    keyring = Keyring.open(settings.data, settings.trust_domain, settings.hostnames)
    watched = WatchedFiles(settings.run / "watched")
    watched.write(tls.NODE, tls.node_certificate(keyring.new_node_certificate(lifetime_seconds=3600)))
    watched.write(tls.AUTHORITY, tls.authority(keyring.authority_pem))
    watched.write(jwt.RULES, jwt.token_rules(settings.trust_domain, keyring.jwks()))
    contracts = descriptors.merge(settings.extra_descriptors)
    watched.write(routes.ROUTES, routes.routes(upstreams, contracts.reads))
    watched.write(routes.INNER_ROUTES, routes.routes(name=routes.INNER_ROUTES))
    (settings.run / DESCRIPTORS).write_bytes(contracts.content)
    return watched, contracts


def rendered(settings: Settings, doors: list[Door], upstreams: Sequence[Upstream] = ()) -> dict[str, Any]:
    watched, contracts = prepared(settings, upstreams)
    return render_bootstrap(settings, doors, watched, contracts, find_embedding(), upstreams)


def validated(settings: Settings, configuration: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Envoy's own word; it loads the application for it."""
    (settings.run / "envoy.json").write_text(json.dumps(configuration))
    embedding = find_embedding()
    paths = {"PYTHONPATH": str(ROOT), "PORTICO_APPLICATION": "tests.e2e.host.application:app"}
    return subprocess.run(
        [embedding.envoy, "--mode", "validate", "--config-path", "envoy.json", "--log-level", "warning"],
        cwd=settings.run,
        env=embedding.environment({**os.environ, **paths}),
        capture_output=True,
        text=True,
        timeout=VALIDATION_SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    ("changes", "doors"),
    [
        ({}, [Door("127.0.0.1", 8443, client_certificate=True)]),
        ({"client_certificates": "optional", **TESTING_PRODUCT}, [Door("::1", 8443, client_certificate=False)]),
        (
            {"max_streams": 1, "max_connections": 1, "max_message_bytes": 1024, "trust_domain": "a.example"},
            [
                Door("127.0.0.1", 8443, client_certificate=True),
                Door("127.0.0.1", 9443, client_certificate=False, web=True),
                Door("127.0.0.1", 9000, client_certificate=False, face="s3"),
            ],
        ),
    ],
)
def test_envoy_accepts_it(tmp_path: Path, changes: dict[str, Any], doors: list[Door]) -> None:
    settings = Settings(data=tmp_path / "data", **changes)
    answer = validated(settings, rendered(settings, doors))
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == "", "no warning of what is deprecated or insecure either"


def test_envoy_accepts_upstreams_in_processes_and_at_nodes(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    door = Door("127.0.0.1", 8443, client_certificate=True)
    mesh = Door("127.0.0.1", 8444, client_certificate=True, nodes=True)
    answer = validated(settings, rendered(settings, [door, mesh], [OBJECTS, NODES]))
    assert (answer.returncode, answer.stderr) == (0, "")


def test_envoy_accepts_the_configuration_of_a_process_behind_the_front(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    watched, _ = prepared(settings, ())
    answer = validated(settings, render_inner_bootstrap(settings, watched, find_embedding()))
    assert (answer.returncode, answer.stderr) == (0, "")


def test_only_reads_are_sent_again_and_only_what_reached_nobody(tmp_path: Path) -> None:
    found = routes.routes([OBJECTS], descriptors.merge([]).reads)["virtual_hosts"][0]["routes"]
    again = [route["match"] for route in found if "retry_policy" in route["route"]]
    assert {"path": "/portico.objects.v1.ObjectService/GetObject"} in again
    assert {"path": "/portico.objects.v1.ObjectService/PutObject"} not in again
    assert all("path" in match for match in again)
    assert {route["route"]["timeout"] for route in found if route["route"]["cluster"] == "objects"} == {"0s"}


def test_the_door_of_a_face_opens_where_its_product_is_served(tmp_path: Path) -> None:
    def doors(**changes: Any) -> list[tuple[str, object]]:
        given = Settings(data=tmp_path, extra_descriptors=TESTING_PRODUCT["extra_descriptors"], **changes)
        found = faces.face_doors(given, descriptors.merge(given.extra_descriptors))
        return [(door.product, door.place) for door in found]

    assert doors(only=("testing",)) == [("testing", Here())]
    assert doors(only=("testing",), processes=("testing",)) == [("testing", Process("testing"))]
    assert doors(only=("access",), peers=("testing=192.0.2.1:8444",)) == [("testing", Nodes((("192.0.2.1", 8444),)))]
    assert doors(only=("access",)) == []
    assert doors(only=("testing",), s3_listen="") == []


def test_envoy_would_say_what_is_wrong(tmp_path: Path) -> None:
    """The test above can fail."""
    settings = Settings(data=tmp_path / "data")
    configuration = rendered(settings, [Door("127.0.0.1", 8443, client_certificate=True)])
    configuration["static_resources"]["listeners"][0]["surprise"] = True
    answer = validated(settings, configuration)
    assert answer.returncode != 0
    assert "surprise" in answer.stderr


def test_all_doors_share_one_listener_and_one_application(tmp_path: Path) -> None:
    doors = [Door("127.0.0.1", port, client_certificate=True) for port in (8443, 9443, 9000)]
    configuration = rendered(Settings(data=tmp_path / "data"), doors)
    [listener] = configuration["static_resources"]["listeners"]
    assert len(listener["additional_addresses"]) == 2
    assert json.dumps(configuration).count("dynamic_module_config") == 1


def test_no_secret_is_in_the_bootstrap(tmp_path: Path) -> None:
    configuration = rendered(Settings(data=tmp_path / "data"), [Door("127.0.0.1", 8443, client_certificate=True)])
    assert "PRIVATE KEY" not in json.dumps(configuration)


def test_contracts_with_rest_paths_are_found() -> None:
    contracts = descriptors.merge(TESTING_PRODUCT["extra_descriptors"])
    assert "portico.testing.v1.TestingService" in contracts.services
    assert "portico.objects.v1.ObjectService" in contracts.services
    assert set(contracts.uploads) == {
        descriptors.RawUpload("PUT", "/v1/{name=accounts/*/buckets/*/objects/**}"),
        descriptors.RawUpload("PUT", "/v1/uploads/{name=accounts/*/buckets/*/objects/**}"),
    }


def test_a_contract_that_is_in_both_sets_is_taken_once() -> None:
    once = descriptors.merge([])
    assert descriptors.merge([descriptors.built_in()]) == once
