"""What the API's process carries: no Dagster, no data plane, no driver but the registry's own."""

import json
import subprocess
import sys

# Drivers and engines by top-level module; psycopg and sqlite3 are the registry's.
FOREIGN = {
    "adbc_driver_manager",
    "adbc_driver_postgresql",
    "adbc_driver_sqlite",
    "azure",
    "boto3",
    "botocore",
    "confluent_kafka",
    "dagster",
    "dagster_shared",
    "databricks",
    "duckdb",
    "google",
    "kafka",
    "numpy",
    "obstore",
    "pandas",
    "paramiko",
    "pgpq",
    "psycopg2",
    "pyarrow",
    "pymongo",
    "pymysql",
    "snowflake",
}
PROGRAM = """
import json, sys
at_start = set(sys.modules)  # what the environment's .pth files load is not ours
import api.app
from kaireon_orch import catalogue
for name in catalogue.types():
    catalogue.spec(name)
print(json.dumps(sorted({module.partition(".")[0] for module in sys.modules.keys() - at_start})))
"""


def test_the_app_and_all_specs_load_no_driver() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "fastapi" in loaded
    assert not loaded & FOREIGN
