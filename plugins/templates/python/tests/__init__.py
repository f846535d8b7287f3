"""`python3 -m unittest` finds the sources without an installation."""

import sys

sys.path[:0] = ["src", "vendor"]
