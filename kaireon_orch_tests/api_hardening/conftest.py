"""The API's own fixtures, and servers as processes of their own."""

from kaireon_orch_tests.api.conftest import anonymous, new_tenant, served, tenant

__all__ = ["anonymous", "new_tenant", "served", "tenant"]
