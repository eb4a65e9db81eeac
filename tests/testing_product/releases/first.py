"""Release 1 of the product that keeps notes."""

from __future__ import annotations

from tests.testing_product.releases import of_release

PRODUCT = of_release(1)
