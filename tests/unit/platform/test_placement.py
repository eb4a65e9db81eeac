"""Where products are served, as each process sees it, and settings that contradict one another."""

from __future__ import annotations

from typing import Any

import pytest

from portico_server.platform.placement import Here, Nodes, Placement, Process, fronts, product_of
from portico_server.platform.settings import SettingError, Settings

POSTGRESQL = "postgresql://portico@db/portico"


def placement(process: str = "front", **settings: Any) -> Placement:
    return Placement(Settings(**settings), process)


def test_everything_is_served_by_the_front_unless_settings_say_otherwise() -> None:
    assert placement().of_product("objects") == Here()
    assert placement().elsewhere() == {}


def test_a_product_with_a_process_of_its_own_is_there_for_the_front_and_here_for_itself() -> None:
    assert placement(processes=("objects",)).of_product("objects") == Process("objects")
    assert placement("objects", processes=("objects",)).of_product("objects") == Here()


def test_a_product_process_finds_the_others_in_their_processes_and_at_the_front() -> None:
    seen = placement("objects", processes=("objects", "access"), mesh_listen="0.0.0.0:8444")
    assert seen.of_product("access") == Process("access")
    assert seen.of_product("testing") == Nodes((("127.0.0.1", 8444),))


def test_a_product_of_several_nodes_is_at_all_of_them() -> None:
    seen = placement(peers=("objects=10.0.0.2:8444", "objects=[fd00::3]:8444"))
    assert seen.of_product("objects") == Nodes((("10.0.0.2", 8444), ("fd00::3", 8444)))
    assert list(seen.elsewhere()) == ["objects"]


def test_every_worker_is_a_front() -> None:
    settings = Settings(workers=3, database=POSTGRESQL, processes=("objects",))
    assert fronts(settings) == ["front", "front-2", "front-3"]
    assert [Placement(settings, name).is_front for name in (*fronts(settings), "objects")] == [True] * 3 + [False]
    assert placement("front-2", workers=2, database=POSTGRESQL).of_product("objects") == Here()


@pytest.mark.parametrize(
    ("service", "product"),
    [
        ("portico.objects.v1.ObjectService", "objects"),
        ("portico.gateway.v1.CredentialService", "gateway"),
        ("grpc.health.v1.Health", ""),
        ("google.longrunning.Operations", ""),
        ("portico", ""),
        ("portico.Bare", ""),
    ],
)
def test_a_services_package_says_of_which_product_it_is(service: str, product: str) -> None:
    assert product_of(service) == product


def test_the_gateways_and_foreign_services_are_everywhere() -> None:
    seen = placement("objects", processes=("objects",))
    assert seen.of_service("portico.gateway.v1.TelemetryService") == Here()
    assert seen.of_service("grpc.health.v1.Health") == Here()
    assert seen.of_service("portico.testing.v1.TestingService") != Here()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"workers": 2}, "set database to a PostgreSQL server"),
        ({"workers": 31, "database": POSTGRESQL, "processes": ("objects",)}, "workers is 31 and `processes` names 1"),
        ({"processes": ("gateway",)}, "'gateway' cannot be placed elsewhere"),
        ({"processes": ("front",)}, "'front' cannot be placed elsewhere"),
        ({"processes": ("objects",), "peers": ("objects=a:1",)}, "in `processes` and in `peers`"),
        ({"only": ("objects",), "peers": ("objects=a:1",)}, "in `only` and in `peers`"),
        ({"only": ("testing",), "processes": ("objects",)}, "in `processes` and not in `only`"),
    ],
)
def test_settings_that_contradict_one_another_are_refused_with_the_remedy(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        placement(**settings)


def test_a_product_that_there_is_not_cannot_be_placed() -> None:
    with pytest.raises(SettingError, match=r"`peers` names 'oject'; the products are objects, testing"):
        placement(peers=("oject=a:1",)).check_products(["testing", "objects"])
