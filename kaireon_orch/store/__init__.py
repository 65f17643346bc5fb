"""The registry's rows: tables, migrations, tenant-scoped queries."""
