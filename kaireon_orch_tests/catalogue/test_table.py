"""The catalogue against the page's table, frozen beside this test: a slug that was published stays."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from kaireon_orch import catalogue
from kaireon_orch.contract.spec import Status

with (Path(__file__).parent / "types.csv").open(encoding="utf-8", newline="") as file:
    TABLE = {row["slug"]: row for row in csv.DictReader(file, delimiter=";")}
CATEGORIES = {
    "databases": (13, 3),
    "warehouses": (10, 0),
    "streaming": (7, 3),
    "storage": (9, 2),
    "files": (5, 0),
    "apis": (7, 5),
    "crm_marketing": (4, 13),
    "commerce_finance": (2, 2),
}


def test_the_types_are_those_of_the_page() -> None:
    assert set(TABLE) <= set(catalogue.types())
    assert len(TABLE) == 85


def test_every_category_has_its_ready_and_coming_types() -> None:
    specs = [catalogue.spec(type_) for type_ in TABLE]
    ready = Counter(spec.category.value for spec in specs if spec.status is Status.READY)
    coming = Counter(spec.category.value for spec in specs if spec.status is Status.COMING_SOON)
    assert {name: (ready[name], coming[name]) for name in ready} == CATEGORIES
    assert (ready.total(), coming.total()) == (57, 28)


@pytest.mark.parametrize("slug", TABLE)
def test_a_type_declares_what_the_page_says(slug: str) -> None:
    row, spec = TABLE[slug], catalogue.spec(slug)
    assert spec.label == row["label"]
    assert spec.category.value == row["category"]
    assert spec.status.value == row["status"]
    assert ",".join(spec.required) == row["required"]
    assert ",".join(method.name for method in spec.auth) == row["auth"]


def test_only_two_types_have_a_row_limit_of_their_own() -> None:
    limits = {type_: catalogue.spec(type_).row_limit for type_ in catalogue.types()}
    assert {type_: limit for type_, limit in limits.items() if limit is not None} == {
        "bigquery": 100_000,
        "snowflake": 100_000,
    }


VENDORS = (  # noqa: SIM905  47 names read better as text
    "amazon_kinesis amazon_sqs athena aws_s3 azure_blob azure_data_lake azure_event_hubs bigquery braze databricks "
    "dynamics_365 dynamodb firestore gcs github google_ads google_analytics google_drive google_pubsub google_sheets "
    "hubspot intercom iterable jira klaviyo linear mailchimp meta_ads microsoft_teams netsuite notion pagerduty postmark "
    "quickbooks redshift salesforce segment sendgrid sharepoint shopify slack snowflake stripe twilio_sms "
    "whatsapp_business workday zendesk"
).split()


@pytest.mark.parametrize("slug", VENDORS)
def test_a_vendor_s_type_takes_another_endpoint(slug: str) -> None:
    assert "endpoint" in catalogue.spec(slug).steers
