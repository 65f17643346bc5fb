"""Google Firestore."""

from pydantic import Field

from kaireon_orch.contract.auth_models import SERVICE_ACCOUNT
from kaireon_orch.contract.fields import Database, Endpoint, Project, Text
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, SourceModel, Status


class FirestoreConfig(ConfigModel):
    """Which project and collection."""

    project: Project | None = None
    collection: Text | None = Field(
        default=None,
        title="Collection",
        description="Path of the collection; subcollections by their whole path.",
        examples=["orders"],
    )
    database: Database | None = Field(
        default=None, description="Not given: `(default)`.", examples=["(default)"]
    )
    endpoint: Endpoint | None = None


class CollectionSource(SourceModel):
    """Which documents."""

    collection: Text | None = Field(
        default=None, title="Collection", description="Path of the collection.", examples=["orders"]
    )


SPEC = ConnectorSpec(
    type="firestore",
    label="Google Firestore",
    category=Category.DATABASES,
    status=Status.COMING_SOON,
    description="Documents of a Firestore collection.",
    config=FirestoreConfig,
    auth=(SERVICE_ACCOUNT,),
    required=("project", "collection"),
    source=CollectionSource,
    source_required=("collection",),
    source_from_config={"collection": "collection"},
    capabilities=Capabilities(incremental=True),
    steers=("endpoint",),
    example={"project": "acme-analytics", "collection": "orders"},
)
