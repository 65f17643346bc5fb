"""Lists: limits, cursors whose rows are gone, filters, wildcards that are letters."""

from collections.abc import Callable

import pytest

from kaireon_orch_tests.api.conftest import Tenant
from kaireon_orch_tests.api_hardening.bodies import bad


def made(tenant: Tenant, name: str, **more: object) -> str:
    return str(
        tenant.editor.made("/connectors", name=name, type="csv", config={"path": "a.csv"}, **more)["id"]
    )


def walked(tenant: Tenant, path: str, between: Callable[[list[str]], None] = lambda _: None) -> list[str]:
    """The ids of every page; `between` is told the ids of each page once it is read."""
    seen: list[str] = []
    cursor = ""
    while True:
        page = tenant.admin.get(f"{path}{cursor}").json()
        ids = [row["id"] for row in page["data"]]
        seen += ids
        between(ids)
        assert page["pagination"]["hasMore"] == (page["pagination"]["cursor"] is not None)
        if not page["pagination"]["hasMore"]:
            return seen
        cursor = f"&cursor={page['pagination']['cursor']}"


def test_every_row_that_stays_is_seen_once_while_others_go_and_come(tenant: Tenant) -> None:
    ids = [made(tenant, f"c{number:02}") for number in range(12)]
    stay = [record for record in ids if ids.index(record) % 3]

    def disturb(page: list[str]) -> None:
        for record in page:
            if record not in stay:
                tenant.editor.delete(f"/connectors/{record}")
        made(tenant, f"new{page[-1]}")

    seen = walked(tenant, "/connectors?limit=3", disturb)
    assert [record for record in seen if record in stay] == stay[::-1]
    assert len(seen) == len(set(seen))


def test_a_filtered_walk_counts_what_it_filters(tenant: Tenant) -> None:
    ids = [made(tenant, f"c{number}", description="odd" if number % 2 else "even") for number in range(7)]
    page = tenant.viewer.get("/connectors?q=odd&limit=2").json()["pagination"]
    assert page == {"total": 3, "hasMore": True, "limit": 2, "cursor": ids[3]}
    assert walked(tenant, "/connectors?q=odd&limit=2") == [ids[5], ids[3], ids[1]]


def test_a_full_last_page_has_no_more(tenant: Tenant) -> None:
    for number in range(4):
        made(tenant, f"c{number}")
    page = tenant.viewer.get("/connectors?limit=4").json()["pagination"]
    assert page == {"total": 4, "hasMore": False, "limit": 4, "cursor": None}
    assert tenant.viewer.get("/connectors").json()["pagination"]["limit"] == 20


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nope",
        "conn_",
        "conn_zzzzzzzzzzzzzzzzzzzzzzzzzz",
        "conn_01k0000000000000000000000u",
        "CONN_01K00000000000000000000000",
        "pipe_01k00000000000000000000000",
        "01k00000000000000000000000",
        "%F0%9F%98%80",
        "1",
        "null",
    ],
)
def test_a_cursor_that_no_page_gave_out_is_named(tenant: Tenant, cursor: str) -> None:
    assert bad(tenant.viewer.get(f"/connectors?cursor={cursor}")) == ["cursor"]


def test_the_cursor_of_a_row_that_is_gone_works(tenant: Tenant) -> None:
    ids = [made(tenant, f"c{number}") for number in range(3)]
    for record in ids[1:]:
        tenant.editor.delete(f"/connectors?id={record}")
    rest = tenant.viewer.get(f"/connectors?cursor={ids[1]}").json()
    assert [row["id"] for row in rest["data"]] == [ids[0]]


@pytest.mark.parametrize(
    "limit", ["", "0", "101", "-1", "1.5", "1e1", "abc", "+5", "٣", "%205", "99999999999999999999"]
)
def test_limits_out_of_bounds(tenant: Tenant, limit: str) -> None:
    assert bad(tenant.viewer.get(f"/connectors?limit={limit}")) == ["limit"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("%25", ["50% off"]),
        ("_", ["snake_case"]),
        ("%5C", ["back\\slash"]),
        ("%27", ["it's"]),
        ("ÄPFEL", ["Äpfel"]),
        ("SNAKE", ["snake_case"]),
        ("in+words", ["it's"]),
        ("nothing", []),
        ("%FF", []),
    ],
)
def test_wildcards_are_letters(tenant: Tenant, q: str, found: list[str]) -> None:
    for name in ("50% off", "snake_case", "back\\slash", "Äpfel"):
        made(tenant, name)
    made(tenant, "it's", description="In Words")
    assert [row["name"] for row in tenant.viewer.get(f"/connectors?q={q}").json()["data"]] == found


def test_filters(tenant: Tenant) -> None:
    made(tenant, "x")
    assert tenant.viewer.get("/connectors?type=nosuchtype").json()["data"] == []
    assert bad(tenant.viewer.get("/connectors?status=nosuchstatus")) == ["status"]
    assert tenant.viewer.get("/connectors?type=csv&status=inactive&q=x").json()["pagination"]["total"] == 1


@pytest.mark.parametrize("path", ["/api-keys?limit=2", "/audit-logs?limit=2"])
def test_the_other_lists_have_the_same_manners(tenant: Tenant, path: str) -> None:
    for number in range(4):
        tenant.admin.made("/api-keys", role="viewer", name=f"k{number}")
    seen = walked(tenant, path)
    assert len(seen) == len(set(seen)) == tenant.admin.get(path).json()["pagination"]["total"] == 7
    assert bad(tenant.admin.get(f"{path}&cursor=conn_01k00000000000000000000000")) == ["cursor"]
