"""Read by type checkers alone: what each public name is to them, and which wrong uses they refuse.

An `ignore` that is not needed is an error of the checker's own, so each of them proves that the use is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, assert_type
from uuid import UUID

import dagster as dg
import pandas as pd
import polars as pl
import pyarrow as pa

import kaireon_orch as ko
from kaireon_orch.control.previews import StreamView
from kaireon_orch.control.views import TestResult
from kaireon_orch.orchestration.code_assets import Materialized
from kaireon_orch.orchestration.reading import Rows
from kaireon_orch.orchestration.writing import Written

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from dagster.components.lib.sql_component.sql_client import SQLClient


def connectors(shop: ko.Connector) -> None:
    assert_type(ko.Connector("shop"), ko.Connector)
    assert_type(shop.connector, str)
    assert_type(shop.probe(), TestResult)
    assert_type(shop.discover(), list[StreamView])
    assert_type(shop.read("orders", row_limit=10), pa.RecordBatchReader)
    shop.read({"table": "orders"})
    shop.read()
    rows = pa.table({"id": [1]})
    assert_type(shop.write(rows, "orders", schema="sales", mode=ko.Upsert(key="id")), Written)
    shop.write(pd.DataFrame({"id": [1]}), "orders", mode="upsert", key=["id"], load_id="one")
    shop.write(pl.DataFrame({"id": [1]}), "orders")
    assert_type(ko.resources(), dict[str, ko.Connector])
    ko.Connector()  # type: ignore[call-arg]
    ko.Connector(7)  # type: ignore[arg-type]
    ko.Snowflake("lake", "second")  # type: ignore[call-arg]
    shop.read(7)  # type: ignore[arg-type]
    shop.read("orders", 10)  # type: ignore[misc]
    shop.query("SELECT 1")  # type: ignore[attr-defined]
    shop.write(rows, table=7)  # type: ignore[arg-type]
    shop.write(rows, "orders", mode=ko.Cursor("id"))  # type: ignore[arg-type]
    ko.Postgres("shop")  # type: ignore[attr-defined]


def queries(shop: ko.SqlConnector) -> None:
    rows = shop.query("SELECT id FROM orders")
    assert_type(rows, Rows)
    assert_type(rows.arrow(), pa.Table)
    assert_type(rows.pandas(), pd.DataFrame)
    assert_type(rows.polars(), pl.DataFrame)
    assert_type(rows.batches(), Iterator[pa.RecordBatch])
    assert_type(rows.one(), dict[str, Any])
    moment = dt.datetime.now(dt.UTC)
    shop.query("…", [None, True, 1, 1.5, Decimal("1.50"), "a", b"a", moment.date(), moment.time(), moment])
    shop.query("…", {"id": UUID(int=1), "ids": [1, None], "names": ("a", "b")}, row_limit=10)
    client: SQLClient = shop
    client.connect_and_execute("DELETE FROM orders")
    shop.query("…", {"id": {1}})  # type: ignore[dict-item]
    shop.query("…", {1: 1})  # type: ignore[dict-item]
    shop.query("…", 7)  # type: ignore[arg-type]
    shop.query("…", [object()])  # type: ignore[list-item]


def sql_types() -> list[ko.SqlConnector]:
    return [
        ko.Athena("a"),
        ko.BigQuery("a"),
        ko.ClickHouse("a"),
        ko.Databricks("a"),
        ko.DuckDB("a"),
        ko.MariaDB("a"),
        ko.MySQL("a"),
        ko.PostgreSQL("a"),
        ko.Redshift("a"),
        ko.SQLServer("a"),
        ko.Snowflake("a"),
        ko.Sqlite("a"),
        ko.Trino("a"),
    ]


def other_types() -> list[ko.Connector]:
    files = [ko.Avro("a"), ko.Csv("a"), ko.Excel("a"), ko.Json("a"), ko.Parquet("a")]
    stores = [
        ko.AzureBlob("a"),
        ko.FTP("a"),
        ko.GCS("a"),
        ko.GoogleDrive("a"),
        ko.S3("a"),
        ko.S3Compatible("a"),
    ]
    servers = [ko.SFTP("a"), ko.SMB("a"), ko.WebDAV("a"), ko.DeltaLake("a"), ko.Iceberg("a")]
    streams = [
        ko.ConfluentKafka("a"),
        ko.Kafka("a"),
        ko.MQTT("a"),
        ko.NATS("a"),
        ko.PubSub("a"),
        ko.RabbitMQ("a"),
    ]
    stored = [ko.DynamoDB("a"), ko.Elasticsearch("a"), ko.InfluxDB("a"), ko.MongoDB("a"), ko.Neo4j("a")]
    searched = [ko.OpenSearch("a"), ko.Prometheus("a"), ko.Redis("a"), ko.SQS("a")]
    asked = [
        ko.GitHub("a"),
        ko.GoogleSheets("a"),
        ko.GraphQL("a"),
        ko.Jira("a"),
        ko.Notion("a"),
        ko.RestApi("a"),
    ]
    sold = [
        ko.HubSpot("a"),
        ko.Mailchimp("a"),
        ko.Salesforce("a"),
        ko.Segment("a"),
        ko.Shopify("a"),
        ko.Stripe("a"),
    ]
    kafka = ko.Kafka("a")
    kafka.query("SELECT 1")  # type: ignore[attr-defined]
    found: list[ko.Connector] = []
    for kind in (files, stores, servers, streams, stored, searched, asked, sold):
        found += kind
    return [*found, kafka, ko.Webhook("a")]


def tables() -> list[ko.Table]:
    ko.Table()  # type: ignore[call-arg]
    ko.Table("orders", mode="upsert")  # type: ignore[arg-type]
    ko.Table("orders", cursor="at")  # type: ignore[arg-type]
    ko.Table("orders", rowlimit=1)  # type: ignore[call-arg]
    ko.Upsert()  # type: ignore[call-arg]
    ko.Partition("at", "yearly")  # type: ignore[arg-type]
    return [
        ko.Table("a", mode=ko.Append(), partition=ko.Partition("at", "daily", start="2026-01-01")),
        ko.Table("b", mode=ko.Truncate(allow_empty=True), partition=ko.Partition("region", keys=["eu"])),
        ko.Table("c", mode=ko.BlueGreen()),
        ko.Table("d", mode=ko.Upsert(key=("id", "line")), columns={"exclude": ["note"]}),
        ko.Table("e", mode=ko.Incremental(key="id"), cursor=ko.Cursor("at", lookback="15m")),
        ko.Table("f", mode=ko.Scd2(key="id"), source={"query": "SELECT 1"}, target="g", schema="sales"),
    ]


@ko.pipeline_assets(source="shop", target="lake", tables=["orders", ko.Table("people")])
def decorated(
    context: dg.AssetExecutionContext, kaireon: ko.Kaireon, config: ko.RunConfig
) -> Iterator[Materialized]:
    assert_type(kaireon.run(context, config), Iterator[Materialized])
    yield from kaireon.run(context)


def assets() -> dg.Definitions:
    assert_type(decorated, dg.AssetsDefinition)
    built = ko.build_pipeline_assets(
        source="shop", tables=["orders"], partition=ko.Partition("at", start="2026-01-01")
    )
    assert_type(built, dg.AssetsDefinition)
    assert_type(ko.definitions(), dg.Definitions)
    ko.build_pipeline_assets("shop", tables=["orders"])  # type: ignore[misc]
    ko.build_pipeline_assets(source="shop", tables=[7])  # type: ignore[list-item]
    return dg.Definitions(assets=[built], resources=ko.resources())


def runs() -> None:
    config = ko.RunConfig(row_limit=10, full_refresh=True, verify=True)
    assert_type(config.row_limit, int | None)
    assert_type(ko.pipeline_op("orders"), dg.OpDefinition)
    assert_type(ko.run_pipeline, dg.OpDefinition)
    ko.RunConfig(row_limit="ten")  # type: ignore[arg-type]
    ko.RunConfig(limit=10)  # type: ignore[call-arg]


def fakes() -> None:
    fake = ko.FakeConnector("shop", {"orders": pa.table({"id": [1]})})
    assert_type(fake.query("SELECT :a", {"a": 1}), Rows)
    assert_type(fake.read("orders"), pa.RecordBatchReader)
    assert_type(fake.table("orders"), pa.Table)
    within: AbstractContextManager[None] = ko.override(shop=fake, warehouse=ko.MemoryTarget())
    with within:
        pass
    ko.override(shop=ko.Connector("shop"))  # type: ignore[arg-type]


class Translator(ko.PipelineTranslator):
    def get_asset_spec(self, pipeline: Any) -> dg.AssetSpec:
        return assert_type(super().get_asset_spec(pipeline), dg.AssetSpec)


def components() -> tuple[type[dg.Component], type[dg.Component]]:
    return ko.RegistryComponent, ko.PipelineComponent


def dbt() -> Callable[..., object]:
    return ko.dbt_translator
