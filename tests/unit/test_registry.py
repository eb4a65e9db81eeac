"""The registry puts products in order and refuses what cannot run."""

from contextlib import asynccontextmanager

import pytest

from portico_server.platform.placement import Placement
from portico_server.platform.product import Product, Running
from portico_server.platform.settings import SettingError, Settings
from portico_server.registry import in_order, load, products


@asynccontextmanager
async def nothing(platform):
    yield Running(servicers=())


def product(name, *requires):
    return Product(name=name, contracts=(), run=nothing, requires=requires)


def names(chosen):
    return [item.name for item in chosen]


def test_a_product_starts_behind_those_it_requires():
    assert names(in_order([product("a", "b"), product("b", "c"), product("c")])) == ["c", "b", "a"]


def test_a_circle_is_refused_and_shown():
    with pytest.raises(SettingError, match="a -> b -> a"):
        in_order([product("a", "b"), product("b", "a")])


def test_a_missing_requirement_is_refused():
    with pytest.raises(SettingError, match="'a' requires 'b'"):
        in_order([product("a", "b")])


def test_two_products_of_one_name_are_refused():
    with pytest.raises(SettingError, match="two products are named 'a'"):
        in_order([product("a"), product("a")])


def test_a_module_without_a_product_is_refused():
    with pytest.raises(SettingError, match="has no PRODUCT"):
        load("json")


def test_every_node_keeps_the_policies_whatever_only_says():
    settings = Settings(only=("objects",))
    assert names(products(settings, Placement(settings))) == ["access", "objects"]


def test_a_product_that_was_added_may_be_built_in_by_now():
    settings = Settings(extra_products=("portico_server.access",))
    assert names(products(settings, Placement(settings))).count("access") == 1


def test_other_nodes_cannot_keep_the_policies_for_one():
    settings = Settings(peers=("access=other:8444",))
    with pytest.raises(SettingError, match="leave it out of `peers`"):
        products(settings, Placement(settings))


def test_an_unknown_product_in_only_is_refused_and_the_known_ones_are_named():
    with pytest.raises(SettingError, match="objects"):
        products(Settings(only=("nonsense",)), Placement(Settings()))
