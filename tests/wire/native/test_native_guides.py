"""The guides of the API, followed to the letter: their commands are run by a shell, against the server, in order."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.server.usage.test_guide import GUIDE as INGEST
from tests.server.usage.test_guide import GUIDES, files_of
from tests.wire.native.calling import Native, document
from tests.wire.serving import serving

API = (GUIDES / "api.md").read_text(encoding="utf-8")
FIRST_MONTH = (GUIDES / "first-closed-month.md").read_text(encoding="utf-8")


def blocks(guide: str, kind: str) -> list[str]:
    found: list[str] = re.findall(rf"(?ms)^```{kind}\n(.*?)^```$", guide)
    return found


def followed(guide: str, folder: Path, *, port: int, token: str) -> list[Any]:
    """What the commands of a guide print, each answer as it is read."""
    for name, text in {**files_of(FIRST_MONTH), **files_of(INGEST)}.items():
        (folder / name).write_text(text, encoding="utf-8")
    said = {"API": f"http://127.0.0.1:{port}", "TOKEN": token}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "".join(blocks(guide, "bash"))],
        cwd=folder, env={**os.environ, **said}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def has(told: Any, shown: Any) -> bool:
    """Is what a guide shows a part of an answer?"""
    if isinstance(shown, dict):
        return isinstance(told, dict) and all(name in told and has(told[name], shown[name]) for name in shown)
    if isinstance(shown, list):
        same = isinstance(told, list) and len(told) == len(shown)
        return same and all(has(mine, theirs) for mine, theirs in zip(told, shown, strict=True))
    return bool(told == shown)


@pytest.mark.parametrize(("guide", "shown"), [(API, 5), (INGEST, 4)], ids=["api", "ingest"])
def test_the_guide_holds(native: Native, tmp_path: Path, guide: str, shown: int):
    if guide is INGEST:
        terms = files_of(FIRST_MONTH)["terms.yaml"]
        assert native.send("POST", "terms", terms, media="application/yaml").status == 201
    with serving("--threads", "2", "--no-worker") as (port, _):
        answers = followed(guide, tmp_path, port=port, token=native.token)
    examples = [json.loads(text) for text in blocks(guide, "json")]
    assert len(examples) == shown
    for example in examples:
        assert [told for told in answers if has(told, example)], (example, answers)
    if guide is API:
        assert (tmp_path / "revenue.csv").read_text(encoding="utf-8").startswith("customer_id,")
        assert (tmp_path / "journal.csv").stat().st_size > 100


def test_every_path_that_the_guide_names_is_served():
    served = {re.sub(r"\{\w+\}", "*", path) for path in document()["paths"]}
    named = {re.sub(r"/(?:[A-Z]+|2026-\d\d)(?=/|$)", "/*", path) for path in re.findall(r"`(/api/v1/[^`]*)`", API)}
    assert named <= served | {"/api/v1/receipts"}
    assert {path.split("/")[3] for path in served} - {path.split("/")[3] for path in named} == {"problems"}
