"""Web APIs, and applications behind them."""

from __future__ import annotations

from kaireon_orch.orchestration.connector import Connector


class RestApi(Connector):
    """An HTTP API that answers in JSON, JSON Lines or CSV.

    `source`: `{"path": "orders", "params": {"status": "open"}, "recordsPath": "data"}`.
    """

    type_slug = "rest_api"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Webhook(Connector):
    """What a webhook delivers.

    `source`: `{"recordsPath": "data"}`.
    """

    type_slug = "webhook"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class GraphQL(Connector):
    """A GraphQL API.

    `source`: `{"query": "{ orders { id } }", "recordsPath": "data.orders"}`.
    """

    type_slug = "graphql"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class GitHub(Connector):
    """Repositories of GitHub.

    `source`: `{"stream": "issues"}`.
    """

    type_slug = "github"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Jira(Connector):
    """A Jira Cloud site.

    `source`: `{"stream": "issues"}`.
    """

    type_slug = "jira"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Notion(Connector):
    """A Notion workspace.

    `source`: `{"stream": "pages"}`.
    """

    type_slug = "notion"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class GoogleSheets(Connector):
    """A Google Sheets spreadsheet.

    `source`: `{"sheet": "Orders", "cellRange": "A1:D100"}`.
    """

    type_slug = "google_sheets"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Salesforce(Connector):
    """A Salesforce organisation.

    `source`: `{"stream": "Opportunity"}` or `{"query": "SELECT Id, Amount FROM Opportunity"}`.
    """

    type_slug = "salesforce"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class HubSpot(Connector):
    """A HubSpot account.

    `source`: `{"stream": "contacts"}`.
    """

    type_slug = "hubspot"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Segment(Connector):
    """A Segment workspace.

    `source`: `{"stream": "sources"}`.
    """

    type_slug = "segment"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Mailchimp(Connector):
    """A Mailchimp account.

    `source`: `{"stream": "lists"}`.
    """

    type_slug = "mailchimp"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Shopify(Connector):
    """A Shopify shop.

    `source`: `{"stream": "orders"}`.
    """

    type_slug = "shopify"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Stripe(Connector):
    """A Stripe account.

    `source`: `{"stream": "charges"}`.
    """

    type_slug = "stripe"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)
