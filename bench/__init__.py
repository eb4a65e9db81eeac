"""Measures Portico beside what one would use instead; `python -m bench` writes the figures into README.md."""

import sys
from pathlib import Path

# The testing contract, which is measured, is no part of what is installed.
sys.path.append(str(Path(__file__).parents[1] / "tests" / "testing_product" / "gen"))
