"""`blue_green` in PostgreSQL: a table of the same making beside the old one, which then takes its name.

What such a table cannot take over (views, foreign keys that point at it, triggers, …) is refused by name beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from psycopg import sql

from kaireon_orch.contract.load import NEXT_SUFFIX
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import pg_catalog
from kaireon_orch.families.sql.identifiers import literal, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.families.sql.pg_catalog import Connection

LONGEST: Final = 63
"""Bytes of a name; PostgreSQL cuts longer ones off in silence (NAMEDATALEN)."""

_KEPT_BACK: Final = """
    SELECT CASE v.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, v.oid::regclass::text
    FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %(oid)s
      AND v.oid <> %(oid)s
    UNION SELECT 'foreign key', conname || ' of ' || conrelid::regclass FROM pg_constraint
    WHERE contype = 'f' AND confrelid = %(oid)s AND conrelid <> %(oid)s
    UNION SELECT 'trigger', tgname::text FROM pg_trigger WHERE tgrelid = %(oid)s AND NOT tgisinternal
    UNION SELECT 'policy', polname::text FROM pg_policy WHERE polrelid = %(oid)s
    UNION SELECT 'row level security', relname::text FROM pg_class WHERE oid = %(oid)s AND relrowsecurity
    UNION SELECT 'publication', p.pubname::text FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
    WHERE r.prrelid = %(oid)s
    UNION SELECT 'rule', rulename::text FROM pg_rewrite WHERE ev_class = %(oid)s
    UNION SELECT 'partition or inheritance', inhrelid::regclass || ' under ' || inhparent::regclass FROM pg_inherits
    WHERE %(oid)s IN (inhrelid, inhparent)
    UNION SELECT 'kind of relation', relname::text FROM pg_class WHERE oid = %(oid)s AND relkind <> 'r'
    UNION SELECT 'dependent object', pg_describe_object(d.classid, d.objid, d.objsubid)
    FROM pg_depend d JOIN pg_class c ON c.oid = %(oid)s
    WHERE d.deptype = 'n' AND d.classid IN ('pg_proc'::regclass, 'pg_class'::regclass)
      AND ((d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid)
        OR (d.refclassid = 'pg_type'::regclass AND d.refobjid = c.reltype))
    ORDER BY 1, 2
"""

_OF_TABLE: Final = """
    SELECT quote_ident(pg_get_userbyid(relowner)), relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user),
           relpersistence = 'u', reloptions, obj_description(oid, 'pg_class'), relreplident::text
    FROM pg_class WHERE oid = %s
"""

_RIGHTS: Final = """
    SELECT a.privilege_type, a.is_grantable, g.name, '' FROM pg_class c,
         aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a, {grantee} WHERE c.oid = %s
    UNION ALL
    SELECT a.privilege_type, a.is_grantable, g.name, '(' || quote_ident(x.attname) || ')' FROM pg_attribute x,
         aclexplode(x.attacl) a, {grantee} WHERE x.attrelid = %s AND NOT x.attisdropped
""".replace(
    "{grantee}",
    "LATERAL (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS name) g",
)

_INDEXES: Final = """
    SELECT c.relname::text, concat_ws(' ', i.indisunique, i.indisprimary, i.indisexclusion, i.indimmediate,
           regexp_replace(pg_get_indexdef(i.indexrelid), '^.*? USING ', '')), i.indisclustered, i.indisreplident
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = %s ORDER BY 2, i.indexrelid
"""

_SEQUENCES: Final = """
    SELECT d.deptype::text, a.attname::text, n.nspname::text, s.relname::text
    FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = s.relnamespace
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %s
      AND d.deptype IN ('a', 'i')
"""

_COLUMN_STATISTICS: Final = """
    SELECT attname::text, coalesce(attstattarget, -1), attoptions FROM pg_attribute
    WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped AND (attstattarget >= 0 OR attoptions IS NOT NULL)
"""

_STATISTICS: Final = """
    SELECT n.nspname::text, s.stxname::text, concat_ws(' ', s.stxkind::text,
           ARRAY(SELECT a.attname::text FROM unnest(s.stxkeys::int2[]) k
                 JOIN pg_attribute a ON a.attrelid = s.stxrelid AND a.attnum = k ORDER BY 1)::text)
    FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE s.stxrelid = %s ORDER BY 3, s.oid
"""

_FOREIGN_KEYS: Final = """
    SELECT conname::text, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint') FROM pg_constraint
    WHERE contype = 'f' AND conrelid = %s ORDER BY conname
"""


def refuse(connection: Connection, oid: int, name: str) -> None:
    """Raises `Fault` TARGET_REFUSED naming what would be lost."""
    found = connection.execute(_KEPT_BACK, {"oid": oid}).fetchall()
    if found:
        named = ", ".join(f"{kind} {what}" for kind, what in found)
        raise Fault(
            FaultCode.TARGET_REFUSED,
            f"blue_green would not keep what depends on {name}: {named}. Take truncate, or remove it.",
        )


@dataclass(frozen=True, slots=True)
class Swap:
    """One table and the one that takes its place; both in one transaction, so that nothing is left of a failure."""

    connection: Connection
    schema: str
    table: str
    oid: int

    @property
    def next_name(self) -> str:
        """`<table>__next`, shortened where it would be too long."""
        room = LONGEST - len(NEXT_SUFFIX)
        return self.table.encode()[:room].decode(errors="ignore") + NEXT_SUFFIX

    def build(self) -> str:
        """Make the new table; its quoted name. Raises `Fault` TARGET_REFUSED."""
        refuse(self.connection, self.oid, f"{self.schema}.{self.table}")
        if pg_catalog.relation(self.connection, self.schema, self.next_name) is not None:
            raise Fault(
                FaultCode.TARGET_REFUSED, f"There is a table {self.next_name} already: remove or rename it."
            )
        owner, own, unlogged, options, comment, _ = self._row(_OF_TABLE, self.oid)
        kind = "UNLOGGED TABLE" if unlogged else "TABLE"
        self._run(f"CREATE {kind} {self.next} (LIKE {self.old} INCLUDING ALL)")
        if options:
            self._run(f"ALTER TABLE {self.next} SET ({', '.join(map(_option, options))})")
        if comment is not None:
            self._run(f"COMMENT ON TABLE {self.next} IS {literal(comment)}")
        self._keep_column_statistics()
        self._continue_identities()
        self._grant()
        if not own:
            self._run(f"ALTER TABLE {self.next} OWNER TO {owner}")
        return self.next

    def finish(self) -> None:
        """Let the new table take the old one's place and names. Waits for readers; raises what PostgreSQL does."""
        self._run(f"LOCK TABLE {self.old} IN ACCESS EXCLUSIVE MODE")
        new = self._oid()
        foreign = self.connection.execute(_FOREIGN_KEYS, (self.oid,)).fetchall()
        indexes = list(self._index_names(new))
        statistics = list(zip(self._statistics(new), self._statistics(self.oid), strict=True))
        identity = self._row(_OF_TABLE, self.oid)[5]
        renamed = self._move_sequences(new)
        self._run(f"DROP TABLE {self.old}")
        self._run(f"ALTER TABLE {self.next} RENAME TO {quote(self.table)}")
        for schema, made, kept in renamed:
            self._run(f"ALTER SEQUENCE {quote(schema, made)} RENAME TO {quote(kept)}")
        for made, kept, clustered, replica in indexes:
            self._keep_index(made, kept, clustered=clustered, replica=replica)
        if identity in {"f", "n"}:
            self._run(f"ALTER TABLE {self.old} REPLICA IDENTITY {'FULL' if identity == 'f' else 'NOTHING'}")
        self._add_foreign(foreign)
        for new_name, old_name in statistics:
            self._keep_statistics(new_name, old_name)

    def _keep_column_statistics(self) -> None:
        """How closely each column is looked at, and what the planner was told of it."""
        for column, target, options in self.connection.execute(_COLUMN_STATISTICS, (self.oid,)).fetchall():
            change = f"ALTER TABLE {self.next} ALTER COLUMN {quote(column)} SET"
            if target >= 0:
                self._run(f"{change} STATISTICS {int(target)}")
            if options:
                self._run(f"{change} ({', '.join(map(_option, options))})")

    def _statistics(self, oid: int) -> list[tuple[str, str]]:
        """Schemas and names of extended statistics, in the order of what they are about."""
        return [(row[0], row[1]) for row in self.connection.execute(_STATISTICS, (oid,)).fetchall()]

    def _keep_statistics(self, made: tuple[str, str], kept: tuple[str, str]) -> None:
        self._run(f"ALTER STATISTICS {quote(*made)} RENAME TO {quote(kept[1])}")
        if made[0] != kept[0]:
            self._run(f"ALTER STATISTICS {quote(made[0], kept[1])} SET SCHEMA {quote(kept[0])}")

    @property
    def old(self) -> str:
        return quote(self.schema, self.table)

    @property
    def next(self) -> str:
        return quote(self.schema, self.next_name)

    def _grant(self) -> None:
        """The same rights for the same people, whatever the schema's default privileges say."""
        for grantee in {row[2] for row in self._rights(self._oid())}:
            self._run(f"REVOKE ALL ON {self.next} FROM {grantee}")
        for privilege, grantable, grantee, column in self._rights(self.oid):
            option = " WITH GRANT OPTION" if grantable else ""
            self._run(f"GRANT {privilege} {column} ON {self.next} TO {grantee}{option}")

    def _rights(self, oid: int) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql.SQL(_RIGHTS), (oid, oid)).fetchall()

    def _index_names(self, new: int) -> Iterator[tuple[str, str, bool, bool]]:
        """Pairs of the new and the old table's indexes, told by their definitions."""
        made, kept = (self.connection.execute(_INDEXES, (oid,)).fetchall() for oid in (new, self.oid))
        for mine, old in zip(made, kept, strict=True):
            yield mine[0], old[0], old[2], old[3]

    def _keep_index(self, made: str, kept: str, *, clustered: bool, replica: bool) -> None:
        if made != kept:
            self._run(f"ALTER INDEX {quote(self.schema, made)} RENAME TO {quote(kept)}")
        if clustered:
            self._run(f"ALTER TABLE {self.old} CLUSTER ON {quote(kept)}")
        if replica:
            self._run(f"ALTER TABLE {self.old} REPLICA IDENTITY USING INDEX {quote(kept)}")

    def _move_sequences(self, new: int) -> list[tuple[str, str, str]]:
        """Serial columns keep their sequence; an identity's new one is to be called like the old."""
        made = {row[1]: row[2:] for row in self._sequences(new)}
        renamed = []
        for kind, column, schema, name in self._sequences(self.oid):
            if kind == "a":
                self._run(f"ALTER SEQUENCE {quote(schema, name)} OWNED BY {self.next}.{quote(column)}")
            elif column in made:
                renamed.append((*made[column], name))
        return renamed

    def _continue_identities(self) -> None:
        """An identity's new sequence goes on where the old one is."""
        old = {row[1]: quote(*row[2:]) for row in self._sequences(self.oid) if row[0] == "i"}
        for _, column, schema, name in self._sequences(self._oid()):
            if column in old:
                new = literal(quote(schema, name))
                self._run(f"SELECT setval({new}, last_value, is_called) FROM {old[column]}")  # noqa: S608  quoted

    def _sequences(self, oid: int) -> list[tuple[Any, ...]]:
        return self.connection.execute(_SEQUENCES, (oid,)).fetchall()

    def _add_foreign(self, keys: list[tuple[Any, ...]]) -> None:
        for name, definition, comment in keys:
            self._run(f"ALTER TABLE {self.old} ADD CONSTRAINT {quote(name)} {definition}")
            if comment is not None:
                self._run(f"COMMENT ON CONSTRAINT {quote(name)} ON {self.old} IS {literal(comment)}")

    def _oid(self) -> int:
        return int(pg_catalog.relation(self.connection, self.schema, self.next_name) or 0)

    def _row(self, statement: str, oid: int) -> tuple[Any, ...]:
        return self.connection.execute(sql.SQL(statement), (oid,)).fetchone() or ()

    def _run(self, statement: str) -> None:
        self.connection.execute(sql.SQL(statement))


def _option(option: str) -> str:
    name, _, value = option.partition("=")
    return f"{name} = {literal(value)}"
