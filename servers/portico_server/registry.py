"""The only place that names the products, and puts them in the order in which they start (and, reversed, stop)."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from importlib import resources

from portico_server.platform.backup.subject import ProductState
from portico_server.platform.placement import Nodes, Placement, product_of
from portico_server.platform.product import Product
from portico_server.platform.settings import SettingError, Settings

BUILT_IN = ("portico_server.access", "portico_server.objects", "portico_server.dns")
"""Packages with a `PRODUCT`. To add a product, add its package here; see CONTRIBUTING.md."""


def products(settings: Settings, placement: Placement) -> list[Product]:
    """The products of this platform, each behind those it requires; `placement` says where they are served. Raises
    SettingError for what cannot run."""
    every = [load(module) for module in _modules(settings)]
    placement.check_products(product.name for product in every)
    elsewhere = placement.elsewhere()
    on_every_node = [product.name for product in every if product.keeps_policies]
    for name in on_every_node:
        if isinstance(elsewhere.get(name), Nodes):
            raise SettingError(
                f"the product {name!r} cannot be served by other nodes, as each node decides by the policies that it "
                "keeps: leave it out of `peers`, and have the nodes share them by PostgreSQL (the setting `database`)"
            )
    only = (*settings.only, *on_every_node, *elsewhere) if settings.only else ()
    chosen = in_order(_chosen(every, only))
    for product in chosen:
        if product.name in elsewhere:
            _check_package(product)
    return chosen


def _check_package(product: Product) -> None:
    """Calls find a product elsewhere by the package of its services."""
    for service in product.services:
        if product_of(service.full_name) != product.name:
            raise SettingError(
                f"the product {product.name!r} cannot be served elsewhere: its service {service.full_name} is not of "
                f"the package portico.{product.name}"
            )


def _modules(settings: Settings) -> Iterable[str]:
    """Each once: one that was added may be built in by now."""
    return dict.fromkeys((*BUILT_IN, *settings.extra_products))


def product_states(settings: Settings) -> list[ProductState]:
    """What backups must know of all products, those too that `only` leaves out, and of the gateway, which has state of
    its own in PostgreSQL. Raises SettingError."""
    found = [ProductState("gateway", resources.files("portico_server.gateway") / "migrations")]
    for module in _modules(settings):
        product = load(module)
        imported = importlib.import_module(module)
        package = module if hasattr(imported, "__path__") else imported.__package__ or module
        migrations = resources.files(package) / "migrations"
        queries = product.blobs_in_use, product.stores_in_use
        found.append(ProductState(product.name, migrations if migrations.is_dir() else None, *queries))
    return found


def load(module: str) -> Product:
    """The `PRODUCT` of a module."""
    try:
        product = importlib.import_module(module).PRODUCT
    except ImportError as error:
        raise SettingError(f"the product module {module} cannot be imported: {error}") from error
    except AttributeError:
        raise SettingError(f"the product module {module} has no PRODUCT") from None
    if not isinstance(product, Product):
        raise SettingError(f"PRODUCT of {module} is not a portico_server.platform.product.Product")
    return product


def in_order(chosen: Iterable[Product]) -> list[Product]:
    """Each product behind those it requires. Rejects doubles, what is missing, and cycles."""
    by_name: dict[str, Product] = {}
    for product in chosen:
        if product.name in by_name:
            raise SettingError(f"two products are named {product.name!r}")
        by_name[product.name] = product
    ordered: dict[str, Product] = {}
    for name in by_name:
        _place(name, by_name, ordered, ())
    return list(ordered.values())


def _place(name: str, by_name: dict[str, Product], ordered: dict[str, Product], above: tuple[str, ...]) -> None:
    if name in ordered:
        return
    if name in above:
        raise SettingError("products require one another in a circle: " + " -> ".join((*above, name)))
    if name not in by_name:
        raise SettingError(f"the product {above[-1]!r} requires {name!r}, which does not run here")
    for required in by_name[name].requires:
        _place(required, by_name, ordered, (*above, name))
    ordered[name] = by_name[name]


def _chosen(every: Sequence[Product], only: Sequence[str]) -> list[Product]:
    names = [product.name for product in every]
    for name in only:
        if name not in names:
            raise SettingError(f"the setting `only` names {name!r}; the products are {', '.join(names)}")
    return [product for product in every if not only or product.name in only]
