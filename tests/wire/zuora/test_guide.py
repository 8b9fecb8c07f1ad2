"""The guide of the dialect, followed to the letter: its commands by a shell, its program by Zuora's own client."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.oauth_clients import create_oauth_client
from ratable_server.operations.tokens import create_token
from tests.server.conftest import AT
from tests.server.usage.test_guide import files_of
from tests.wire.native.calling import Native
from tests.wire.native.test_native_guides import FIRST_MONTH, blocks, has
from tests.wire.zuora.test_sdk import PYTHON, ROOT, port

__all__ = ["port"]

GUIDE = (ROOT / "docs" / "guides" / "zuora.md").read_text(encoding="utf-8")


@pytest.fixture
def said(actor: Actor, port: int) -> dict[str, str]:
    """What a reader of the guide has: terms in the books, a server, an id and a secret."""
    native = Native(token=create_token(actor=actor, email="a@b.test", role="admin", at=AT).token, actor=actor)
    told = native.send("POST", "terms", files_of(FIRST_MONTH)["terms.yaml"], media="application/yaml")
    assert told.status == 201, told.text
    client = create_oauth_client(actor=actor, name="billing", role="preparer", at=AT)
    secrets = {"CLIENT_ID": client.client_id, "CLIENT_SECRET": client.client_secret}
    return {**os.environ, **secrets, "API": f"http://127.0.0.1:{port}"}


def test_the_commands_of_the_guide_hold(said: dict[str, str], tmp_path: Path) -> None:
    script = "".join(blocks(GUIDE, "bash"))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path, env=said, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    examples = [json.loads(text) for text in blocks(GUIDE, "json")]
    assert len(examples) == 4
    for example in examples:
        assert [told for told in answers if has(told, example)], (example, answers)


@pytest.mark.skipif(not PYTHON.exists(), reason="Zuora's client is not installed: make .venv-sdk/.ready")
def test_the_program_of_the_guide_holds(said: dict[str, str], tmp_path: Path) -> None:
    (program,) = blocks(GUIDE, "python")
    done = subprocess.run(
        [str(PYTHON), "-c", program],
        cwd=tmp_path, env=said, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "10\n['10']\n"), done.stderr


def test_every_path_that_the_guide_names_is_in_the_table_of_paths() -> None:
    named = {re.sub(r"\{\w+\}", "*", path) for path in re.findall(r"(/v1/[a-z/{}-]+\b\}?)", GUIDE)}
    table = (ROOT / "openapi" / "zuora.csv").read_text(encoding="utf-8")
    known = {re.sub(r"\{[\w-]+\}", "*", line.split(",")[0]) for line in table.splitlines()[1:]}
    assert {path for path in named if not any(each.startswith(path.rstrip("/*")) for each in known)} == set()
