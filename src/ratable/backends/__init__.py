"""Where stages run: DuckDB in the process or Spark, the same expressions and the same digits.

Owns connections, the exact-arithmetic macros of each backend and the cache of compiled
statements. Does not own any rule of the calculation.
"""

from ratable.backends.sheet import Backend, Sheet, Stored

__all__ = ["Backend", "Sheet", "Stored", "connect"]


def connect(name: str = "duckdb", *, threads: int | None = None) -> Sheet:
    """A sheet on a fresh backend: `duckdb` (default) or `spark` (extra `spark`).

    `threads` limits DuckDB; on a handful of rows one thread is the quickest.
    """
    if name == "spark":
        from ratable.backends.spark import SparkBackend

        return Sheet(SparkBackend())
    from ratable.backends.duck import DuckBackend

    return Sheet(DuckBackend(threads=threads))
