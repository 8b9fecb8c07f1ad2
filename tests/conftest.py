"""What all tests share: hypothesis profiles, the sheet, and the folder of reference material."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from ratable.backends import Sheet, connect
from ratable.cases.playing import own_sheet
from tests.longest import longest_first

pytest.register_assert_rewrite("tests.factories")

ROOT = Path(__file__).resolve().parent.parent

# dev: a quick look. ci: the same examples on every machine. nightly: long and different each time.
hypothesis.settings.register_profile("dev", max_examples=25, deadline=None)
hypothesis.settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=True, database=None, print_blob=True
)
hypothesis.settings.register_profile("nightly", max_examples=2_000, deadline=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


QUICK_JAVA = (
    # Statements are planned by the thousand and run once: what the second compiler of Java gains it never earns back.
    "-XX:TieredStopAtLevel=1",
    # Two sessions share two processors: collecting beside the program, and marking whenever a class is loaded, costs more.
    "-XX:+UseSerialGC",
    "-XX:MetaspaceSize=256m",
    "-Xms512m",
    "-Xmn300m",
    # Nobody looks at what has been run: the plans of a thousand statements fill the heap.
    "-Dspark.sql.ui.retainedExecutions=1",
    "-Dspark.ui.retainedJobs=1",
    "-Dspark.ui.retainedStages=1",
    "-Dspark.ui.retainedTasks=1",
    "-Dspark.ui.showConsoleProgress=false",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Among workers the longest files begin; see `--no-loadscope-reorder` in the Makefile."""
    if hasattr(config, "workerinput"):
        longest_first(items)


def pytest_collection_finish() -> None:
    """What is imported and collected stays: the collector of rubbish need not look at it again and again.

    With this many objects it took up to a third of the time of tests that ask much of Django.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material (specifications, published vectors, real usage), which is not in the tree."""
    folder = Path(os.environ.get("RATABLE_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no reference material: {folder} is not a folder; RATABLE_SHARED=... names another")
    return folder


@pytest.fixture(scope="session")
def sheet(request: pytest.FixtureRequest) -> Iterator[Sheet]:
    """One sheet for all tests, the case player's own: what it has compiled once it only runs.

    RATABLE_BACKEND=spark runs them on Spark.
    """
    if os.environ.get("RATABLE_BACKEND", "duckdb") == "spark":
        yield request.getfixturevalue("spark")
        return
    shared_sheet = own_sheet()
    yield shared_sheet
    shared_sheet.backend.close()


@pytest.fixture(scope="session")
def spark() -> Iterator[Sheet]:
    """One sheet on Spark for all tests of a process: starting it takes longer than most of them."""
    pytest.importorskip("pyspark")
    os.environ.setdefault("SPARK_SUBMIT_OPTS", " ".join(QUICK_JAVA))
    shared_sheet = connect("spark")
    yield shared_sheet
    shared_sheet.backend.close()
