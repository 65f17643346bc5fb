"""The file that type checkers read: whole, and refused where its ignores are taken away."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kaireon_orch as ko
from kaireon_orch.orchestration import typed

READ = Path(__file__).with_name("public_api.py")
ROOT = Path(__file__).resolve().parents[2]
IGNORE = re.compile(r"\s*# type: ignore\[([a-z-]+)\]")
PUBLIC: list[str] = getattr(ko, "__all__")  # noqa: B009  made when it is asked for


def test_every_public_name_is_in_it() -> None:
    used = {
        node.attr
        for node in ast.walk(ast.parse(READ.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ko"
    }
    assert set(PUBLIC) <= used


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_and_its_methods_say_what_they_are(name: str) -> None:
    value = getattr(ko, name)
    assert (value.__doc__ or "").strip()
    own = vars(value).items() if isinstance(value, type) and name not in typed.NAMES else ()
    plain = [each for attribute, each in own if inspect.isfunction(each) and not attribute.startswith("_")]
    assert [each.__name__ for each in plain if not inspect.getdoc(each)] == []


@pytest.mark.full
@pytest.mark.timeout(900)
def test_wrong_uses_are_refused(tmp_path: Path) -> None:
    lines = READ.read_text().splitlines()
    wrong = {at: found[1] for at, line in enumerate(lines, 1) if (found := IGNORE.search(line))}
    copy = tmp_path / "wrong_uses.py"
    copy.write_text("\n".join(IGNORE.sub("", line) for line in lines))
    command = [sys.executable, "-m", "mypy", str(copy)]  # with the cache of `make check`
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    told = re.findall(r"wrong_uses.py:(\d+): error: .*\[([a-z-]+)\]", done.stdout)
    assert len(wrong) > 20
    assert {int(at): code for at, code in told} == wrong
