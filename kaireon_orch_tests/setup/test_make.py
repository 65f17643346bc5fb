"""The two commands and what CI runs, as far as they can be run without installing anything."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = {"setup", "up", "demo", "check", "test", "test-full", "servers", "docs", "lock", "clean"}
MAKE = shutil.which("make") or "make"
FROM_MAKE = {"ARGS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}  # what `make test` hands on to the tests
SHOW_PYTHON = "show:;@echo $(PYTHON)"


def _make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MAKE, "-C", str(ROOT), "--no-print-directory", *arguments],
        env=os.environ | {"MAKEFLAGS": "", "ARGS": ""} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_make_alone_lists_the_targets() -> None:
    said = _make()
    assert said.returncode == 0
    assert {line.split()[0] for line in said.stdout.splitlines()} >= TARGETS


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_every_target_can_be_planned(target: str) -> None:
    assert _make("--dry-run", target).returncode == 0


def test_up_ends_in_kaireon_up_with_the_demo() -> None:
    assert _make("--dry-run", "up").stdout.splitlines()[-1].split()[-3:] == [
        ".venv/bin/kaireon",
        "up",
        "--demo",
    ]


def test_a_python_that_is_there_but_does_not_run_is_passed_over(tmp_path: Path) -> None:
    _program(tmp_path / "python3.11", "exit 127")
    _program(tmp_path / "python3.12", "exit 127")
    _program(tmp_path / "python3.13", f'exec "{sys.executable}" "$@"')
    path = f"{tmp_path}:/usr/bin:/bin"
    assert _make("--eval", SHOW_PYTHON, "show", PATH=path).stdout == "python3.13\n"


def test_a_machine_without_a_fitting_python_is_told(tmp_path: Path) -> None:
    for name in ("python3.11", "python3.12", "python3.13", "python3"):
        _program(tmp_path / name, "exit 1")
    said = _make("-B", ".venv/bin/python", PYTHON="", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert said.returncode != 0
    assert "Python 3.11, 3.12 or 3.13 is needed" in said.stderr


@pytest.mark.parametrize(("outcome", "code"), [("0", 0), ("1", 2), ("5", 2)])
def test_ci_checks_then_tests_and_tells_how_it_ended(tmp_path: Path, outcome: str, code: int) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "Makefile").write_text(
        f"check:\n\t@echo checked\ntest:\n\t@cat; echo tested; exit {outcome}\n"
    )
    said = subprocess.run(
        [tmp_path / ".ci" / "run"],
        cwd="/",
        input="not for the tests",
        env={name: value for name, value in os.environ.items() if name not in FROM_MAKE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout.splitlines() == ["checked", "tested"]
    assert said.returncode == code


def test_the_wheel_carries_what_kaireon_up_renders() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {
        "dagster.yaml": "kaireon_orch/dagster.yaml",
        "workspace.yaml": "kaireon_orch/workspace.yaml",
    }


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.lock")), ids=lambda lock: lock.stem)
def test_locks_pin_every_hash_and_name_no_host(lock: Path) -> None:
    lines = [line for line in lock.read_text().splitlines() if not line.lstrip().startswith("#")]
    assert [line for line in lines if "://" in line or "-index-url" in line] == []
    pins = re.split(r"\n(?=\S)", "\n".join(line for line in lines if line))
    assert [pin.split()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []
