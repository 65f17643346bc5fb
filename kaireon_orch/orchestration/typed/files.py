"""Files on disk or at a URL."""

from __future__ import annotations

from kaireon_orch.orchestration.connector import Connector


class Csv(Connector):
    """CSV files, on disk or at a URL.

    `source`: `{"pattern": "orders-*.csv", "formatOptions": {"delimiter": ";"}}`
    or `{"member": "orders.csv"}`.
    """

    type_slug = "csv"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Json(Connector):
    """JSON or JSON Lines files, on disk or at a URL.

    `source`: `{"pattern": "*.jsonl"}` or `{"recordsPath": "data.orders"}`.
    """

    type_slug = "json"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Parquet(Connector):
    """Parquet files, on disk or at a URL.

    `source`: `{"pattern": "orders/*.parquet"}`.
    """

    type_slug = "parquet"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Excel(Connector):
    """Excel workbooks, on disk or at a URL.

    `source`: `{"sheet": "Orders", "cellRange": "A1:D100"}`.
    """

    type_slug = "excel"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Avro(Connector):
    """Avro files, on disk or at a URL.

    `source`: `{"pattern": "*.avro"}`.
    """

    type_slug = "avro"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)
