"""YAML, strictly: what is read as what, and where what is at fault stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kaireon_orch.control.files import reading
from kaireon_orch.control.files.writing import Export
from kaireon_orch.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["no", "010", "2026-01-01", "1e3", "~"])
)
values = st.recursive(
    leaves, lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(min_size=1), part, max_size=3)
)


def faults(place: Path) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        reading.read(place)
    return [(each.field, each.message) for each in caught.value.details]


@example({"\x85": "a\x85b\u2028c\nd"})
@given(values)
def test_what_is_written_is_what_is_read(value: object) -> None:
    export = Export("connectors")
    export.add("a", {"name": "a", "config": {"x": value}})
    records = list(reading._records("f", export.text()))
    assert [record.value for record in records] == export.records


def test_scalars_are_those_of_json(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "name: no\nconfig: {a: on, b: 010, c: 2026-01-01, d: 12:30, e: 1_000, f: 0x1F, g: 5432, h: 1.5, "
        "i: true, j: ~, k: <<, l: '1'}\n"
    )
    (record,) = reading.read(path)
    assert record.value == {
        "name": "no",
        "config": {
            "a": "on",
            "b": "010",
            "c": "2026-01-01",
            "d": "12:30",
            "e": "1_000",
            "f": "0x1F",
            "g": 5432,
            "h": 1.5,
            "i": True,
            "j": None,
            "k": "<<",
            "l": "1",
        },
    }


def test_lists_and_single_records_in_many_files(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.yaml").write_text("connectors:\n- {name: A}\npipelines:\n- {name: P}\n---\nname: B\n---\n")
    (tmp_path / "sub" / "b.yml").write_text("name: Q\nconnector: A\n")
    (tmp_path / ".git" / "c.yaml").write_text("name: hidden\n")
    (tmp_path / "d.txt").write_text("name: no YAML\n")
    found = [(each.kind, each.name, each.place) for each in reading.read(tmp_path)]
    assert found == [
        ("connector", "A", "a.yaml:2"),
        ("pipeline", "P", "a.yaml:4"),
        ("connector", "B", "a.yaml:6"),
        ("pipeline", "Q", "sub/b.yml:1"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: a\nname: b\n", 2, "stands twice"),
        ("connectors:\n- name: a\n  config:\n    x: 1\n    x: 2\n", 5, "stands twice"),
        ("name: a\nconfig: &x {b: 1}\nother: *x\n", 3, "anchors"),
        ("name: !!python/object:os.system a\n", 1, "tag"),
        ("name: !!binary YQ==\n", 1, "tag"),
        ("name: a\n1: b\n", 2, "must be a text"),
        ("name: a\n b: c\n", 2, "no valid YAML"),
        ("- name: a\n", 1, "takes connectors"),
        ("connectors: {name: a}\n", 1, "takes a list"),
        ("connectors:\n- a\n", 2, "list of records"),
        ("connectors: []\nconector: []\n", 2, "not known here"),
    ],
)
def test_what_is_refused_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    ((place, message),) = faults(tmp_path)
    assert place == f"a.yaml:{line}"
    assert words in message


def test_what_is_no_text_and_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no YAML file"):
        reading.read(tmp_path)
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "b.yaml").write_text("[" * 20_000)
    (tmp_path / "c.yaml").symlink_to("nowhere")
    assert [place for place, _words in faults(tmp_path)] == ["a.yaml", "b.yaml", "c.yaml"]
