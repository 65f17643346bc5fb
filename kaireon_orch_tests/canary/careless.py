"""What a careless or a malicious job author does with secrets: everything that Dagster would keep.

`python -m kaireon_orch_tests.canary.careless <executor>` runs each of these assets once on the instance of DAGSTER_HOME.
"""

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import dagster as dg

import kaireon_orch as ko
from kaireon_orch.orchestration.opening import open_registry

KEY = "vault"


def secrets_of(connector: ko.Connector) -> list[str]:
    """As whoever looks into a client finds them."""
    with open_registry() as registry:
        opened = connector._opened(registry)
    values = [str(value) for value in (opened.auth or {}).values()]
    password = values[-1]
    return [
        *values,
        f"postgresql://u:{quote(password, safe='')}@h/db",
        json.dumps({"password": password}),
        repr({"password": password}),
        password.encode().hex(),
    ]


@dg.asset
def prints(vault: ko.Connector) -> None:
    said = secrets_of(vault)
    print(vault, repr(vault), *said)  # noqa: T201  the point
    print(said, file=sys.stderr)  # noqa: T201  the point
    sys.stdout.writelines(said)
    sys.stdout.buffer.write("\n".join(said).encode())
    sys.stdout.flush()
    warnings.warn(said[-1], stacklevel=1)


@dg.asset
def logs(context: dg.AssetExecutionContext, vault: ko.Connector) -> None:
    said = secrets_of(vault)
    context.log.info(f"{vault!r} {said}")  # noqa: G004  as careless code does
    context.log.warning("with arguments: %s %s", said[0], {"it": said[1]})
    logging.getLogger("careless").error("python's own: %s", said)
    dg.get_dagster_logger().debug(said[-1])
    try:
        int(said[0])
    except ValueError:
        context.log.exception("with its traceback")
        logging.getLogger("careless").exception("and in Python's own")


@dg.asset(check_specs=[dg.AssetCheckSpec("told", asset="tells")])
def tells(context: dg.AssetExecutionContext, vault: ko.Connector) -> Iterator[Any]:
    said = secrets_of(vault)
    metadata: dict[str, Any] = {
        "text": said[0],
        "json": {"inside": [said[1]]},
        "url": dg.MetadataValue.url(said[2]),
        "path": dg.MetadataValue.path(said[0]),
        "md": dg.MetadataValue.md(said[3]),
        "table": dg.MetadataValue.table([dg.TableRecord({"it": said[0]})]),
    }
    context.log_event(dg.AssetObservation(asset_key="tells", description=said[0], metadata=metadata))
    yield dg.AssetCheckResult(passed=False, check_name="told", metadata=metadata, description=said[0])
    yield dg.MaterializeResult(metadata=metadata)


@dg.asset
def raises(vault: ko.Connector) -> None:
    error = RuntimeError(f"could not connect: {secrets_of(vault)}")
    error.add_note(f"with {secrets_of(vault)[0]}")
    raise error


@dg.asset
def raises_from(vault: ko.Connector) -> None:
    said = secrets_of(vault)
    try:
        try:
            int(said[0])
        except ValueError as inner:
            raise KeyError(said[1]) from inner
    except KeyError:
        raise RuntimeError(said[2])  # noqa: B904  the point is its context


@dg.asset
def raises_many(vault: ko.Connector) -> None:
    said = secrets_of(vault)
    raise ExceptionGroup(said[0], [ValueError(said[1]), KeyError(said[2])])


@dg.asset
def fails(vault: ko.Connector) -> None:
    said = secrets_of(vault)
    raise dg.Failure(description=said[0], metadata={"dsn": said[2]}, allow_retries=False)


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
def fails_twice(vault: ko.Connector) -> None:
    raise RuntimeError(secrets_of(vault)[0])


ASSETS = [prints, logs, tells, raises, raises_from, raises_many, fails, fails_twice]


def job() -> dg.JobDefinition:
    """All of them, for executors that load it in processes of their own."""
    made = dg.Definitions(
        assets=ASSETS,
        jobs=[dg.define_asset_job("careless")],
        resources={KEY: ko.Connector(KEY)},
        executor=dg.multi_or_in_process_executor,
    )
    return made.resolve_job_def("careless")


def main() -> None:
    """Run them; the run's id on the last line."""
    executor = sys.argv[1]
    config: dict[str, Any] = {"execution": {"config": {executor: {}}}}
    with dg.DagsterInstance.get() as instance:
        done = dg.execute_job(dg.reconstructable(job), instance, run_config=config, raise_on_error=False)
        names = {event.step_key for event in done.all_events if event.is_step_failure}
        sys.__stdout__.write(f"\n{done.run_id} {','.join(sorted(map(str, names)))}\n")  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
