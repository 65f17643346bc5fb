"""Types of other people's packages, by an entry point, in a fresh process that has them installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from kaireon_orch import catalogue

SPEC = """
from dataclasses import replace
from kaireon_orch.connectors.braze.spec import SPEC as BRAZE
from kaireon_orch.contract.spec import Proof, Status
SPEC = replace(BRAZE, type={type!r}, label="Acme", status=Status.READY, proof=Proof.REAL, extra="acme")
"""
SOURCE = "import {driver}\n\n\ndef open_source(opening):\n    return 'opened'\n"


def install(site: Path, type_: str, driver: str = "json") -> None:
    """A distribution with one type, laid out as an installer would."""
    room = site / f"outside_{type_}"
    room.mkdir(parents=True)
    (room / "__init__.py").touch()
    (room / "spec.py").write_text(SPEC.format(type=type_))
    (room / "source.py").write_text(SOURCE.format(driver=driver))
    (room / "notes.md").write_text("## What is read\n")
    meta = site / f"outside_{type_}-1.dist-info"
    meta.mkdir()
    (meta / "METADATA").write_text(f"Metadata-Version: 2.1\nName: outside-{type_}\nVersion: 1\n")
    (meta / "entry_points.txt").write_text(f"[kaireon_orch.connectors]\n{type_} = outside_{type_}\n")


def run(site: Path, code: str) -> str:
    prelude = f"import sys; sys.path.insert(0, {str(site)!r})\nfrom kaireon_orch import catalogue\n"
    done = subprocess.run(
        [sys.executable, "-c", prelude + code], check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()


def test_an_outside_type_is_a_type_like_others(tmp_path: Path) -> None:
    install(tmp_path, "acme")
    code = (
        "print('acme' in catalogue.types(), len(catalogue.types()), catalogue.spec('acme').label,\n"
        "      catalogue.built('acme'), 'outside_acme.source' in sys.modules, catalogue.notes('acme').strip(),\n"
        "      catalogue.source('acme')(None))"
    )
    assert run(tmp_path, code) == f"True {len(catalogue.types()) + 1} Acme True False ## What is read opened"


def test_a_missing_driver_is_named_by_its_extra(tmp_path: Path) -> None:
    install(tmp_path, "acme", driver="a_driver_that_nobody_has")
    code = (
        "from kaireon_orch.errors import Fault\n"
        "try:\n    catalogue.source('acme')\n"
        "except Fault as fault:\n    print(fault.code, fault.message)"
    )
    shown = run(tmp_path, code)
    assert shown.startswith("NOT_READY ")
    assert "kaireon-orch[acme]" in shown


def test_a_broken_module_of_the_type_s_own_is_no_missing_driver(tmp_path: Path) -> None:
    install(tmp_path, "acme", driver="outside_acme.nothing")
    with pytest.raises(subprocess.CalledProcessError) as failure:
        run(tmp_path, "catalogue.source('acme')")
    assert "ModuleNotFoundError" in failure.value.stderr


def test_a_folder_of_ours_goes_before_an_entry_point(tmp_path: Path) -> None:
    install(tmp_path, "stripe")
    code = "print(catalogue.spec('stripe').label, len(catalogue.types()))"
    assert run(tmp_path, code) == f"Stripe {len(catalogue.types())}"
