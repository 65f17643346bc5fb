from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network import files
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.dial import ChildDoor
from kaireon_orch.network.guard import Policy
from kaireon_orch.network.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An allowed folder, among what must not be reached from it."""
    folder = tmp_path / "data"
    (folder / "sales" / "2026").mkdir(parents=True)
    (folder / "orders.csv").write_text("orders")
    (folder / "sales" / "a.csv").write_text("a")
    (folder / "sales" / "2026" / "b.csv").write_text("b")
    (folder / "sales" / ".hidden.csv").write_text("h")
    (tmp_path / "data-evil").mkdir()
    (tmp_path / "data-evil" / "x.csv").write_text("twin")
    (tmp_path / "secret.csv").write_text("secret")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "inner.csv").symlink_to("orders.csv")
    (folder / "up").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.csv")
    return folder


def code_of(call: Callable[..., object], *args: object) -> FaultCode:
    with pytest.raises(Fault) as caught:
        call(*args)
    return caught.value.fault


@pytest.mark.parametrize("path", ["orders.csv", "{root}/orders.csv", "./orders.csv", "sales/../orders.csv"])
def test_files_below_the_root_are_opened(root: Path, path: str) -> None:
    if ".." in path:
        assert code_of(files.open_file, [str(root)], path) is FaultCode.FILE_NOT_ALLOWED
        return
    with files.open_file([str(root)], path.format(root=root)) as file:
        assert file.read() == b"orders"
    assert files.check_path([str(root)], path.format(root=root)) == root / "orders.csv"


@pytest.mark.parametrize(
    "path",
    [
        *(
            "../secret.csv",
            "{root}/../secret.csv",
            "sales/../../secret.csv",
            "/etc/passwd",
            "/proc/self/environ",
        ),
        *("{root}-evil/x.csv", "{root}", ".", "", "/", "link.csv", "inner.csv", "up/secret.csv", "pipe.csv"),
        *("sales", "orders.csv/x", "file:///etc/passwd", "file://{root}/orders.csv", "orders.csv\0.png"),
        *("/dev/zero", "/dev/stdin", "~/.ssh/id_rsa/.."),
    ],
)
def test_everything_else_is_refused(root: Path, path: str) -> None:
    typed = path.format(root=root)
    assert code_of(files.open_file, [str(root)], typed) is FaultCode.FILE_NOT_ALLOWED
    assert code_of(files.check_path, [str(root)], typed) is FaultCode.FILE_NOT_ALLOWED


def test_a_device_is_refused_even_below_a_root() -> None:
    assert code_of(files.open_file, ["/dev"], "null") is FaultCode.FILE_NOT_ALLOWED


@pytest.mark.parametrize("path", ["none.csv", "none/x.csv", "{root}/none.csv", "~/orders.csv"])
def test_a_missing_file_is_told_as_missing(root: Path, path: str) -> None:
    assert code_of(files.open_file, [str(root)], path.format(root=root)) is FaultCode.OBJECT_MISSING


def test_without_roots_nothing_is_allowed(root: Path) -> None:
    assert code_of(files.open_file, [], str(root / "orders.csv")) is FaultCode.FILE_NOT_ALLOWED


def test_the_roots_are_tried_in_turn(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "new.csv").write_text("new")
    with files.open_file([str(root), str(other)], "new.csv") as file:
        assert file.read() == b"new"
    assert files.check_path([str(root), str(other)], "new.csv") == other / "new.csv"


def test_a_root_may_be_a_link_of_the_operator(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    for path in ("orders.csv", str(tmp_path / "alias" / "orders.csv"), str(root / "orders.csv")):
        assert files.check_path([str(tmp_path / "alias")], path) == root / "orders.csv"


def test_a_root_that_is_missing_holds_nothing(root: Path, tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    assert code_of(files.open_file, [gone], "orders.csv") is FaultCode.OBJECT_MISSING
    assert files.list_files([gone], "*.csv") == []


def test_a_file_yet_to_be_made_passes_where_it_may_be_missing(root: Path) -> None:
    assert files.check_path([str(root)], "sales/new.db", missing_ok=True) == root / "sales" / "new.db"
    for path in ("none/new.db", "up/new.db", "link.csv", "../new.db"):
        with pytest.raises(Fault):
            files.check_path([str(root)], path, missing_ok=True)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.csv", ["orders.csv"]),
        ("sales/*.csv", ["sales/a.csv"]),
        ("**/*.csv", ["orders.csv", "sales/2026/b.csv", "sales/a.csv"]),
        ("**", ["orders.csv", "sales/2026/b.csv", "sales/a.csv"]),
        ("sales/**/b.csv", ["sales/2026/b.csv"]),
        ("sales/.*", ["sales/.hidden.csv"]),
        ("s?les/[ab].csv", ["sales/a.csv"]),
        ("orders.csv", ["orders.csv"]),
        ("up/*", []),
        ("none/*.csv", []),
        ("{root}/sales/*", ["sales/a.csv"]),
    ],
)
def test_patterns_list_regular_files_alone(root: Path, pattern: str, names: list[str]) -> None:
    found = files.list_files([str(root)], pattern.format(root=root))
    assert found == [str(root / name) for name in names]


@pytest.mark.parametrize("pattern", ["../*", "/etc/*", "{root}/../*", "{root}-evil/*"])
def test_patterns_stay_below_the_roots(root: Path, pattern: str) -> None:
    assert code_of(files.list_files, [str(root)], pattern.format(root=root)) is FaultCode.FILE_NOT_ALLOWED


def test_the_warehouse_file_is_the_targets_alone(root: Path) -> None:
    warehouse = root / "orders.csv"
    policy = Policy(files=(str(root),), exact_files=(str(warehouse), str(root / "new.duckdb")))
    door = ChildDoor(policy, Deadline.after(5), Refusals.beside(root), kernel=False)
    for path in ("orders.csv", str(warehouse), "new.duckdb"):
        assert code_of(door.check_path, path) is FaultCode.FILE_NOT_ALLOWED
        assert code_of(door.open_file, path) is FaultCode.FILE_NOT_ALLOWED
    assert door.for_warehouse().check_path(str(warehouse)) == warehouse
    assert door.for_warehouse().check_path(str(root / "new.duckdb")) == root / "new.duckdb"
    assert door.list_files("sales/*.csv") == [str(root / "sales" / "a.csv")]
