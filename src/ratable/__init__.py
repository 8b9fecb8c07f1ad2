"""Ratable: usage in, recognized revenue out.

`__version__` is the calculation version: it is stored on every run and rises whenever the
same inputs could give other figures.
"""

__version__ = "0.1.0"
