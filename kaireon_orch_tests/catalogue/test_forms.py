"""What the API shows of a type, and how forms and credentials are read."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kaireon_orch import catalogue
from kaireon_orch.contract import credentials, forms
from kaireon_orch.contract.spec import missing

POSTGRESQL = catalogue.spec("postgresql")


def test_a_type_is_described_as_the_contract_says() -> None:
    shown = forms.describe(POSTGRESQL)
    assert set(shown) == {
        "type",
        "label",
        "category",
        "status",
        "proof",
        "description",
        "configSchema",
        "authMethods",
        "requiredFields",
        "steers",
        "capabilities",
        "docsUrl",
    }
    assert [set(method) for method in shown["authMethods"]] == [{"name", "label", "authSchema"}] * 2
    assert set(shown["capabilities"]) == {
        "streams",
        "rowLimit",
        "incremental",
        "discover",
        "preview",
        "target",
        "formats",
    }
    assert shown["requiredFields"] == ["host", "port", "database"]
    assert shown["category"] == "databases"
    assert shown["proof"] == "real"


def test_the_form_asks_for_what_is_needed_first() -> None:
    names = list(forms.config_schema(POSTGRESQL)["properties"])
    assert names[:3] == ["host", "port", "database"]
    assert names[-2:] == ["maxConcurrentRuns", "rowLimit"]


def test_a_port_is_suggested_and_not_assumed() -> None:
    port = forms.config_schema(POSTGRESQL)["properties"]["port"]
    assert port["examples"] == [5432]
    assert "default" not in port


def test_secrets_are_write_only_and_the_rest_is_not() -> None:
    fields = forms.auth_schema(POSTGRESQL.auth[0])["properties"]
    assert fields["password"]["writeOnly"] is True
    assert "writeOnly" not in fields["username"]


def test_an_api_key_in_config_is_a_secret() -> None:
    for type_ in ("salesforce", "hubspot"):
        spec = catalogue.spec(type_)
        assert forms.config_schema(spec)["properties"]["apiKey"]["writeOnly"] is True
        assert "planted" not in repr(spec.config.model_validate({"apiKey": "planted"}))


def test_a_connection_string_is_not_shown() -> None:
    config = catalogue.spec("mongodb").config.model_validate({"connectionString": "mongodb://u:planted@h/d"})
    assert "planted" not in repr(config)


def test_published_schemas_keep_unknown_fields_and_sources_refuse_them() -> None:
    odd: dict[str, Any] = {"noSuchField": 1}
    assert Draft202012Validator(forms.config_schema(POSTGRESQL)).is_valid(odd)
    assert Draft202012Validator(forms.auth_schema(POSTGRESQL.auth[0])).is_valid(odd)
    assert not Draft202012Validator(forms.source_schema(POSTGRESQL)).is_valid(odd)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({}, ["host", "port", "database"]),
        ({"host": "", "port": 5432, "database": " "}, ["host", "database"]),
        ({"host": None, "port": 0, "database": "d"}, ["host"]),
        ({"host": "h", "port": 1, "database": "d"}, []),
    ],
)
def test_missing_fields_are_named(given: dict[str, Any], left: list[str]) -> None:
    assert POSTGRESQL.missing_fields(given) == left


def test_either_of_two_is_enough() -> None:
    assert missing(("a|b",), {}) == ["a|b"]
    assert missing(("a|b",), {"b": "x"}) == []
    assert missing(("a",), {"a": False}) == []


def test_a_run_s_credentials_may_stand_in_the_config() -> None:
    salesforce = catalogue.spec("salesforce")
    assert salesforce.missing_credentials("bearer_token", {}, {}) == ["token"]
    assert salesforce.missing_credentials("bearer_token", {"apiKey": "planted"}, {}) == []
    delta = catalogue.spec("delta_lake")
    assert delta.missing_credentials("access_key", {"uri": "s3://lake/t"}, {}) == [
        "accessKeyId",
        "secretAccessKey",
    ]
    assert delta.missing_credentials("access_key", {"uri": "/data/lake"}, {}) == []
    assert POSTGRESQL.missing_credentials("basic", {}, {"username": "u"}) == ["password"]


def test_methods_are_found_by_their_other_names() -> None:
    github, shopify = catalogue.spec("github"), catalogue.spec("shopify")
    assert github.auth_method("pat") is github.auth[0]
    assert POSTGRESQL.auth_method("basic") is POSTGRESQL.auth[0]
    assert POSTGRESQL.auth_method("access_key") is POSTGRESQL.auth[0]
    assert shopify.auth_method("access_token") is shopify.auth[0]
    assert POSTGRESQL.auth_method("oauth") is None


def test_credentials_get_their_canonical_names() -> None:
    sent = {"user": "a", "secretKey": "b", "accessToken": "c", "credentialsJson": "d", "other": "e"}
    assert credentials.canonical_fields(sent) == {
        "username": "a",
        "secretAccessKey": "b",
        "token": "c",
        "serviceAccountJson": "d",
        "other": "e",
    }
    assert credentials.canonical_fields({"user": "a", "username": "b"}) == {"username": "b"}
    assert credentials.canonical_fields({"username": "b", "user": "a"}) == {"username": "b"}


def test_a_pipeline_s_source_defaults_to_what_the_connector_names() -> None:
    assert POSTGRESQL.default_source({"sourceTable": "public.orders", "host": "h"}) == {
        "table": "public.orders"
    }
    assert POSTGRESQL.default_source({"sourceTable": ""}) == {}


def test_table_and_query_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="not both"):
        POSTGRESQL.source.model_validate({"table": "t", "query": "SELECT 1"})
