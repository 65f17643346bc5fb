"""The one answer that shows a key."""

from pydantic import Field

from kaireon_orch.control.views import KeyView


class CreatedKey(KeyView):
    key: str = Field(description="Shown once.")
