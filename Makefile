# Everything here needs only Python >= 3.11 with pip, and make. PYTHON=... chooses another interpreter.

BIN := .venv/bin
SOURCES := src tests
PYTEST_ARGS ?=
WORKERS ?= 2
STAGE_TESTS := $(addprefix tests/engine/test_,usage.py rating.py money.py minimums.py drawdown.py allocation.py recognition.py ledger.py reports.py checks.py)
RULE_TESTS := tests/test_tidy.py tests/server/test_house_rules.py tests/test_docs.py
SETUP_INPUTS := pyproject.toml requirements/constraints.txt tools/setup.sh

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-engine fuzz soak check check-style check-types check-rules format bench golden lock clean

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1  \2/p' $(MAKEFILE_LIST)

demo: .venv/.core  ## keep a sample company's books for a year; reports and exports go to demo-output/
	@echo "A sample company's year, on a PostgreSQL of its own; everything goes to demo-output/."
	$(BIN)/ratable demo --out demo-output

serve: .venv/.core  ## set up the books and answer the APIs on port 8000; PORT=... and HOST=... choose others
	$(BIN)/ratable init
	$(BIN)/ratable serve --host $(or $(HOST),127.0.0.1) --port $(or $(PORT),8000)

test: .venv/.dev .venv-sdk/.ready  ## all tests, on DuckDB and on Spark
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not spark" $(PYTEST_ARGS)
	@echo "Whole stories on Spark, and the stage tests once more."
	RATABLE_BACKEND=spark $(BIN)/pytest -n $(WORKERS) --dist worksteal tests/engine/test_spark.py $(STAGE_TESTS) $(PYTEST_ARGS)

test-engine: .venv/.dev  ## the fast tests: no Spark
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not spark and not slow" $(PYTEST_ARGS)

fuzz: .venv/.dev  ## the laws, the books and the API on many random stories, other ones each time; makes a failing one smaller (long)
	HYPOTHESIS_PROFILE=nightly $(BIN)/pytest tests/engine/laws tests/server/test_stories_in_books.py \
		tests/wire/test_schemathesis.py tests/wire/native/test_native_schemathesis.py \
		tests/wire/zuora/test_zuora_schemathesis.py $(PYTEST_ARGS)

soak: .venv/.dev  ## processes that write, close and are killed, for minutes (long)
	$(BIN)/pytest -m soak tests/server/concurrency tests/server/crash $(PYTEST_ARGS)

check: check-style check-types check-rules  ## format, lint, types, import contracts, house rules

check-style: .venv/.dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/lint-imports

check-types: .venv/.dev
	$(BIN)/mypy

check-rules: .venv/.dev
	$(BIN)/pytest -q $(RULE_TESTS)

format: .venv/.dev  ## format, and mend what the linter can mend
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

bench: .venv/.core  ## measure the engine, the ingest, the close and the API on made-up usage (long)
	$(BIN)/ratable bench
	$(BIN)/python -m ratable_server.bench.ingesting
	$(BIN)/python -m ratable_server.bench.closing
	$(BIN)/python -m ratable_server.bench.serving
	$(BIN)/python -m ratable_server.bench.volume

golden: .venv/.core  ## print where the golden cases differ from their expected figures; writes nothing
	$(BIN)/ratable check tests/golden

lock:  ## renew requirements/constraints.txt from what the index has today
	sh tools/setup.sh lock

clean:  ## remove what make and the tools have made
	rm -rf .venv .venv-lock .venv-sdk demo-output bench-output build dist
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache spark-warehouse
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps say what is installed; they are renewed when the project or its pins have changed.
.venv/.core: $(SETUP_INPUTS)
	@sh tools/setup.sh core

.venv/.dev: $(SETUP_INPUTS)
	@sh tools/setup.sh dev

# A client with pins of its own, which tests start as a program.
.venv-sdk/.ready: requirements/zuora-sdk.txt
	@sh tools/setup.sh sdk
