"""Workbooks made by hand, cell by cell, so that a test knows what Excel would have written."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
FORMATS = {"date": 14, "moment": 22, "time": 21, "span": 46}
"""Excel's own number formats."""


def text(value: str) -> str:
    return f' t="inlineStr"><is><t>{escape(value)}</t></is>'


def number(value: str, shown: str | None = None) -> str:
    style = "" if shown is None else f' s="{1 + list(FORMATS).index(shown)}"'
    return f"{style}><v>{value}</v>"


def truth(value: int) -> str:
    return f' t="b"><v>{value}</v>'


def error(value: str) -> str:
    return f' t="e"><v>{value}</v>'


def book(sheets: Mapping[str, Sequence[Sequence[str | None]]], merged: str | None = None) -> bytes:
    """A workbook of these sheets, each a list of rows of cells."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in _parts(sheets, merged).items():
            file.writestr(name, f'<?xml version="1.0"?>{content}')
    return held.getvalue()


def _parts(sheets: Mapping[str, Sequence[Sequence[str | None]]], merged: str | None) -> dict[str, str]:
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{at}" r:id="rId{at}"/>'
        for at, name in zip(numbers, sheets, strict=True)
    )
    links = "".join(
        f'<Relationship Id="rId{at}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in numbers
    )
    formats = "".join(f'<xf numFmtId="{number}"/>' for number in (0, *FORMATS.values()))
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{links}<Relationship '
        f'Id="rIdS" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs>{formats}</cellXfs></styleSheet>',
    }
    for at, rows in zip(numbers, sheets.values(), strict=True):
        parts[f"xl/worksheets/sheet{at}.xml"] = _sheet(rows, merged)
    return parts


def _sheet(rows: Sequence[Sequence[str | None]], merged: str | None) -> str:
    lines = []
    for at, row in enumerate(rows, 1):
        cells = "".join(
            f'<c r="{chr(65 + position)}{at}"{cell}</c>'
            for position, cell in enumerate(row)
            if cell is not None
        )
        lines.append(f'<row r="{at}">{cells}</row>')
    merges = f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData>{merges}</worksheet>'
