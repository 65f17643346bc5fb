"""Frames as tables on a DuckDB connection that reaches nothing outside its file.

DuckDB looks for a frame of the calling code (`SELECT * FROM frame`) only where it may read any file as well. A file that
others made may hold views which read files, so it may not; the frames are registered by name instead.
"""

from __future__ import annotations

import inspect
import re
from collections import ChainMap
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    import duckdb

_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_KNOWN: Final = (
    "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal"
)


class FramedConnection:
    """A `DuckDBPyConnection`, to whose `execute`, `sql` and `query` the caller's frames are tables; tables go first."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._registered: set[str] = set()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  all the rest is the connection's
        return getattr(self._connection, name)

    def execute(self, query: Any, *args: Any, **more: Any) -> FramedConnection:  # noqa: ANN401  DuckDB's own
        """As the connection's; the frames of the call before are let go of."""
        self._let_go()
        self._register(query, inspect.currentframe())
        self._connection.execute(query, *args, **more)
        return self

    def sql(self, query: Any, *args: Any, **more: Any) -> Any:  # noqa: ANN401  DuckDB's own
        """As the connection's. The relation may be asked later, so its frames are kept until `execute` or the end."""
        self._register(query, inspect.currentframe())
        return self._connection.sql(query, *args, **more)

    query = sql

    def close(self) -> None:
        self._connection.close()

    def _register(self, query: object, method: FrameType | None) -> None:
        """The frames that the caller of `method` knows by names that stand in the query."""
        caller = method.f_back if method else None
        if caller is None or not isinstance(query, str):
            return
        names: Mapping[str, object] = ChainMap(caller.f_locals, caller.f_globals)
        found = {word: names[word] for word in _WORD.findall(query) if _is_frame(names.get(word))}
        if found:
            tables = {name for (name,) in self._connection.execute(_KNOWN).fetchall()} - self._registered
            for name in found.keys() - tables:
                self._connection.register(name, found[name])
                self._registered.add(name)

    def _let_go(self) -> None:
        for name in self._registered:
            self._connection.unregister(name)
        self._registered.clear()


def _is_frame(value: object) -> bool:
    """What DuckDB can register: by the package and the name of its class, since none of these need be installed."""
    kind = type(value)
    return (kind.__module__.partition(".")[0], kind.__name__) in _FRAMES


_FRAMES: Final = frozenset(
    {
        ("pandas", "DataFrame"),
        ("polars", "DataFrame"),
        ("polars", "LazyFrame"),
        ("pyarrow", "Table"),
        ("pyarrow", "RecordBatchReader"),
    }
)
