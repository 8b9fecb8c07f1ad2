"""Where stages run: DuckDB in the process or Spark, the same expressions and the same digits.

Owns connections, the exact-arithmetic macros of each backend and the cache of compiled
statements. Does not own any rule of the calculation.
"""

from ratable.backends.sheet import Backend, Sheet, Stored

__all__ = ["Backend", "Sheet", "Stored", "connect"]


def connect(name: str = "duckdb", *, is_small: bool = False) -> Sheet:
    """A sheet on a fresh backend: `duckdb` (default) or `spark` (extra `spark`).

    `is_small` is for a handful of rows: no second thread, no optimizer.
    """
    if name == "spark":
        from ratable.backends.spark import SparkBackend

        return Sheet(SparkBackend())
    from ratable.backends.duck import DuckBackend

    return Sheet(DuckBackend(is_small=is_small))
