"""Names whose answers change, mix or lead inside, in a network namespace of the test's own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch_tests.attacks.attempts import csv, discover, kinesis, postgresql, probe
from kaireon_orch_tests.attacks.lab import INSIDE, INSIDE6, METADATA, PUBLIC

if TYPE_CHECKING:
    from collections.abc import Callable

    from kaireon_orch_tests.attacks.conftest import Tally

FORBIDDEN = {INSIDE, INSIDE6, METADATA}
LAB = (sys.executable, "-P", "-m", "kaireon_orch_tests.attacks.lab")
TYPES: dict[str, Callable[[str], dict[str, Any]]] = {
    "postgresql": lambda host: postgresql(host, 5432, sslMode="disable"),
    "csv": lambda host: csv(f"http://{host}/orders.csv"),
    "amazon_kinesis": lambda host: kinesis(f"https://{host}"),
}


def in_the_lab(
    *batches: list[dict[str, Any]],
    rules: tuple[str, ...] = (),
    redirect: str = "http://inside.test/",
    unguarded: str | None = None,
) -> list[dict[str, Any]]:
    """What came of each batch: `told`, codes and words; `visits`, the addresses that saw a connection."""
    plan = {"batches": batches, "rules": rules, "redirect": redirect, "unguarded": unguarded}
    ran = subprocess.run(
        [shutil.which("unshare") or "unshare", "--net", "--mount", *LAB],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        pytest.fail(
            f"The lab needs a network namespace (root, or CAP_SYS_ADMIN):\n{ran.stderr}", pytrace=False
        )
    answers: list[dict[str, Any]] = json.loads(ran.stdout)
    return answers


def test_the_lab_catches_out_who_looks_twice() -> None:
    (naive,) = in_the_lab(unguarded="r1-naive.test")
    assert naive["visits"] == [INSIDE]


def test_an_answer_that_changes_reaches_nobody_inside(tally: Tally) -> None:
    """Whatever number of look-ups the checks eat, the next one's address is judged as well."""
    attacks = [
        [probe(of(f"r{good}-{type_.replace('_', '')}.test")) for good in (0, 1, 2, 3)]
        for type_, of in TYPES.items()
    ]
    control = [[probe(of("public.test"))] for of in TYPES.values()]
    answers = in_the_lab(*attacks, *control)
    tally(sum(map(len, attacks)))
    for type_, attack in zip(TYPES, answers, strict=False):
        assert not FORBIDDEN.intersection(attack["visits"]), (type_, attack)
        assert attack["told"][0]["code"] == "ADDRESS_BLOCKED", (type_, attack)
        assert INSIDE not in str(attack["told"])
    assert [one["visits"] for one in answers[len(TYPES) :]] == [[PUBLIC]] * len(TYPES)


NAMES = (
    *("inside", "metadata", "mixed", "mixed6", "inside6", "mapped", "nat64", "alias", "chain", "zero"),
    *("inside.test.", "METADATA"),
)


def test_answers_that_lead_inside_are_refused_as_one(tally: Tally) -> None:
    hosts = [name if "." in name else f"{name}.test" for name in NAMES]
    answers = in_the_lab(*([probe(of(host)) for host in hosts] for of in TYPES.values()))
    tally(len(hosts) * len(TYPES))
    for type_, attack in zip(TYPES, answers, strict=True):
        assert attack["visits"] == [], type_
        for host, one in zip(hosts, attack["told"], strict=True):
            assert one["code"] == "ADDRESS_BLOCKED", (type_, host, one)
        assert len({one["message"].partition(" is ")[2] for one in attack["told"]}) == 1


def test_metadata_stays_shut_where_the_operator_allowed_its_range(tally: Tally) -> None:
    hosts = ("metadata.test", METADATA, "fd00:ec2::254")
    tries = [probe(TYPES["postgresql"](host)) for host in hosts]
    tries += [probe(of(host)) for host in hosts[:2] for of in (TYPES["csv"], TYPES["amazon_kinesis"])]
    wide = ("169.254.0.0/16", "fd00::/8", "10.0.0.0/8")
    attack, control = in_the_lab(tries, [probe(TYPES["postgresql"]("inside.test"))], rules=wide)
    tally(len(tries))
    assert [one["code"] for one in attack["told"]] == ["ADDRESS_BLOCKED"] * len(tries)
    assert attack["visits"] == []
    assert control["visits"] == [INSIDE]


@pytest.mark.parametrize("to", ["http://r1-redirect.test/x", "http://mixed.test/"])
def test_a_redirect_is_judged_as_the_url_was(to: str) -> None:
    (attack,) = in_the_lab([discover(csv("http://public.test/away"))], redirect=to)
    assert PUBLIC in attack["visits"]
    assert not FORBIDDEN.intersection(attack["visits"])
