"""What a guarded child is born with: its environment, by an allow-list, and its private folder."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT = ("PATH", "LANG", "TZ", "SSL_CERT_FILE")
# Drivers that would look for the operator's cloud, which is not the tenant's to use.
FIXED = {"AWS_EC2_METADATA_DISABLED": "true", "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true"}


def environment(home: Path, scratch: Path, outer: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The child's whole environment: none of the operator's credentials, proxies, or our own keys is in it."""
    kept = {name: outer[name] for name in KEPT if name in outer}
    return kept | FIXED | {"HOME": str(home), "TMPDIR": str(scratch)} | _python_path()


def private_folders(base: Path) -> tuple[Path, Path]:
    """(an empty home, a scratch folder) below `base`, mode 0700."""
    home, scratch = base / "home", base / "work"
    for folder in (home, scratch):
        folder.mkdir(mode=0o700)
    return home, scratch


def _python_path() -> dict[str, str]:
    """Where this package is to be found when it is not where the interpreter looks by itself.

    A source checkout, or a user's own site folder: the child's HOME is another.
    """
    known = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    root = str(Path(__file__).parents[2])
    wanted = [root, *(path for path in (site.getusersitepackages(),) if path in sys.path)]
    missing = list(dict.fromkeys(path for path in wanted if path not in known))
    return {"PYTHONPATH": os.pathsep.join(missing)} if missing else {}
