"""Which of the icons that Dagster's UI knows stands for a connector type."""

from __future__ import annotations

import re
from types import MappingProxyType

ICONS = MappingProxyType(
    {
        "amazon_kinesis": "aws",
        "amazon_sqs": "aws",
        "apache_pulsar": "pulsar",
        "aws_s3": "s3",
        "azure_blob": "azure",
        "azure_data_lake": "azure",
        "azure_event_hubs": "azure",
        "confluent_kafka": "kafka",
        "delta_lake": "deltalake",
        "dynamics_365": "microsoft",
        "dynamodb": "aws",
        "firestore": "googlecloud",
        "ftp": "file",
        "google_ads": "google",
        "google_analytics": "google",
        "google_drive": "googledrive",
        "google_pubsub": "googlecloud",
        "google_sheets": "googlesheets",
        "meta_ads": "meta",
        "microsoft_teams": "teams",
        "s3_compatible": "s3",
        "sftp": "file",
        "smb": "file",
        "twilio_sms": "twilio",
        "webdav": "file",
        "whatsapp_business": "meta",
    }
)
"""By type, where the icon's name is not the type's own."""


def kind(type_slug: str) -> str:
    """The kind of an asset of that type; a type without an icon is a kind by its own name."""
    # Dagster's tag alphabet is a little smaller than a slug's may be.
    return ICONS.get(type_slug) or re.sub(r"[^A-Za-z0-9_-]", "_", type_slug)[:60]
