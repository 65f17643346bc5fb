"""`blue_green` keeps what a table is made of, or refuses by name; and windows are replaced exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

SWAP: dict[str, Any] = {"loadMode": "blue_green"}
ROWS = "id,label\n1,one\n2,two\n"
TYPES = {"id": "int64", "label": "string"}

MADE = """
CREATE TABLE public.parent (id bigint PRIMARY KEY);
INSERT INTO public.parent VALUES (1), (2), (3);
CREATE TABLE public.t (
    id bigint NOT NULL CONSTRAINT own_key PRIMARY KEY CONSTRAINT positive CHECK (id > 0),
    label text COLLATE "C" DEFAULT 'none',
    counter integer GENERATED ALWAYS AS IDENTITY (START 5 INCREMENT 5),
    old_counter serial,
    twice bigint GENERATED ALWAYS AS (id * 2) STORED,
    parent_id bigint DEFAULT 1 CONSTRAINT of_parent REFERENCES public.parent (id),
    self_id bigint CONSTRAINT of_self REFERENCES public.t (id),
    CONSTRAINT unique_label UNIQUE (label) DEFERRABLE
) WITH (fillfactor = 70);
CREATE INDEX by_lower ON public.t (lower(label)) WHERE id > 1;
CREATE INDEX by_both ON public.t (label DESC, id) INCLUDE (counter);
COMMENT ON TABLE public.t IS 'it''s the table';
COMMENT ON COLUMN public.t.label IS 'a label';
COMMENT ON INDEX public.by_lower IS 'an index';
COMMENT ON CONSTRAINT positive ON public.t IS 'a check';
COMMENT ON CONSTRAINT of_parent ON public.t IS 'a foreign key';
ALTER TABLE public.t REPLICA IDENTITY USING INDEX own_key;
ALTER TABLE public.t CLUSTER ON by_both;
CREATE ROLE {role}_reader; CREATE ROLE {role}_writer; CREATE ROLE {role}_owner;
GRANT CREATE, USAGE ON SCHEMA public TO {role}_owner;
ALTER TABLE public.t OWNER TO {role}_owner;
GRANT SELECT ON public.t TO {role}_reader WITH GRANT OPTION;
GRANT UPDATE (label) ON public.t TO {role}_writer;
GRANT SELECT ON public.t TO PUBLIC;
REVOKE TRUNCATE ON public.t FROM {role}_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT DELETE ON TABLES TO {role}_writer;
INSERT INTO public.t (id, label) VALUES (1, 'old'), (2, 'older');
"""

MAKING = """
SELECT 'column', attname::text, concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attcollation,
       pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, attnum),
       (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(attacl) x))
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
WHERE attrelid = 'public.t'::regclass AND attnum > 0
UNION ALL SELECT 'index', indexrelid::regclass::text, concat_ws(' ', pg_get_indexdef(indexrelid), indisclustered, indisreplident,
       indimmediate, obj_description(indexrelid, 'pg_class'))
FROM pg_index WHERE indrelid = 'public.t'::regclass
UNION ALL SELECT 'constraint', conname::text, pg_get_constraintdef(oid) || coalesce(obj_description(oid, 'pg_constraint'), '')
FROM pg_constraint WHERE conrelid = 'public.t'::regclass
UNION ALL SELECT 'table', relname::text, concat_ws(' ', pg_get_userbyid(relowner), reloptions, relreplident,
       obj_description(oid, 'pg_class'), (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM
          unnest(ARRAY(SELECT regexp_replace(y::text, '/.*', '') FROM unnest(relacl) y)) x))
FROM pg_class WHERE oid = 'public.t'::regclass
UNION ALL SELECT 'sequence', c.relname::text, '' FROM pg_class c JOIN pg_depend d ON d.objid = c.oid
WHERE c.relkind = 'S' AND d.refobjid = 'public.t'::regclass
ORDER BY 1, 2
"""


def made(ends: Ends) -> None:
    for statement in MADE.format(role=ends.database).split(";\n"):
        if statement.strip():
            ends.in_postgres(statement)


@pytest.fixture
def roles(ends: Ends) -> Any:
    """What the roles of a test own goes with them."""
    yield
    for role in ("reader", "writer", "owner"):
        ends.in_postgres(f"DROP OWNED BY {ends.database}_{role} CASCADE")
        ends.in_postgres(f"DROP ROLE {ends.database}_{role}")


@pytest.mark.usefixtures("roles")
def test_postgresql_keeps_the_whole_making(ends: Ends) -> None:
    made(ends)
    before, oid = ends.in_postgres(MAKING), ends.in_postgres("SELECT 'public.t'::regclass::oid")
    result = ends.run(ends.csv(ROWS, types=TYPES), ends.postgresql(), **SWAP)
    assert (result["rowsLoaded"], result["rowCount"]) == (2, 2)
    assert ends.in_postgres(MAKING) == before
    assert ends.in_postgres("SELECT 'public.t'::regclass::oid") != oid
    assert ends.in_postgres("SELECT id, label, twice, parent_id FROM public.t ORDER BY id") == [
        (1, "one", 2, 1),
        (2, "two", 4, 1),
    ]
    ends.in_postgres("INSERT INTO public.t (id, label) VALUES (3, 'three')")
    assert ends.in_postgres("SELECT counter, old_counter FROM public.t ORDER BY id") == [
        (15, 3),
        (20, 4),
        (25, 5),
    ]
    assert ends.in_postgres("SELECT to_regclass('public.t__next')") == [(None,)]


REFUSED = {
    "view": ("CREATE VIEW public.v AS SELECT id FROM public.t", "view v"),
    "materialized view": (
        "CREATE MATERIALIZED VIEW public.mv AS SELECT id FROM public.t",
        "materialized view mv",
    ),
    "foreign key": (
        "CREATE TABLE public.c (t_id bigint CONSTRAINT fk REFERENCES public.t (id))",
        "foreign key fk of c",
    ),
    "trigger": (
        "CREATE TRIGGER tr BEFORE UPDATE ON public.t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "trigger tr",
    ),
    "policy": ("CREATE POLICY pol ON public.t", "policy pol"),
    "row security": ("ALTER TABLE public.t ENABLE ROW LEVEL SECURITY", "row level security"),
    "publication": ("CREATE PUBLICATION pub FOR TABLE public.t", "publication pub"),
    "rule": ("CREATE RULE r AS ON DELETE TO public.t DO ALSO SELECT 1", "rule r"),
    "child": ("CREATE TABLE public.c () INHERITS (public.t)", "inheritance c under t"),
    "row type": ("CREATE TABLE public.c (whole public.t)", "column whole of table c"),
    "function": (
        "CREATE FUNCTION f() RETURNS bigint BEGIN ATOMIC SELECT max(id) FROM public.t; END",
        "function f()",
    ),
    "taken name": ("CREATE TABLE public.t__next (id int)", "t__next"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_postgresql_refuses_by_name(ends: Ends, case: str) -> None:
    statement, named = REFUSED[case]
    ends.in_postgres("CREATE TABLE public.t (id bigint PRIMARY KEY, label text)")
    ends.in_postgres("INSERT INTO public.t VALUES (7, 'old')")
    ends.in_postgres(statement)
    with pytest.raises(Fault) as caught:
        ends.run(ends.csv(ROWS, types=TYPES), ends.postgresql(), **SWAP)
    assert caught.value.fault is FaultCode.TARGET_REFUSED
    assert named in caught.value.message
    assert ends.in_postgres("SELECT id FROM ONLY public.t") == [(7,)]


def test_readers_of_postgresql_go_on_until_the_swap(ends: Ends) -> None:
    ends.run(ends.csv("id,label\n9,old\n", types=TYPES), ends.postgresql(), **SWAP)
    with psycopg.connect(ends.postgres.dsn(ends.database), autocommit=True) as reader:
        assert reader.execute("SELECT id FROM public.t").fetchall() == [(9,)]
        ends.run(ends.csv(ROWS, types=TYPES), ends.postgresql(), **SWAP)
        assert reader.execute("SELECT id FROM public.t ORDER BY id").fetchall() == [(1,), (2,)]


def test_a_table_that_grows_by_a_column_is_swapped_with_it(ends: Ends) -> None:
    for target, look in ((ends.postgresql(), ends.in_postgres), (ends.duckdb(), ends.in_duckdb)):
        ends.run(ends.csv(ROWS, types=TYPES), target, **SWAP)
        look("CREATE INDEX by_id ON public.t (id)")
        ends.run(ends.csv("id,label,more\n3,x,y\n", types={**TYPES, "more": "string"}), target, **SWAP)
        assert look("SELECT id, label, more FROM public.t") == [(3, "x", "y")]


def test_nothing_to_load_swaps_nothing(ends: Ends) -> None:
    for target, look in ((ends.postgresql(), ends.in_postgres), (ends.duckdb(), ends.in_duckdb)):
        ends.run(ends.csv(ROWS, types=TYPES), target, **SWAP)
        with pytest.raises(Fault) as caught:
            ends.run(ends.csv("id,label\n", types=TYPES), target, **SWAP)
        assert caught.value.fault is FaultCode.EMPTY_SOURCE
        assert look("SELECT count(*) FROM public.t") == [(2,)]


def test_duckdb_keeps_what_it_can_hold(ends: Ends) -> None:
    ends.run(ends.csv("a\n1\n"), ends.duckdb(), table="other")
    for statement in (
        "CREATE SEQUENCE public.s START 10",
        "CREATE TABLE public.p (id BIGINT PRIMARY KEY)",
        "INSERT INTO public.p VALUES (1)",
        "CREATE TABLE public.t (id BIGINT PRIMARY KEY CHECK (id > 0), label VARCHAR UNIQUE)",
        "ALTER TABLE public.t ADD COLUMN n BIGINT DEFAULT nextval('public.s')",
        "ALTER TABLE public.t ADD COLUMN p BIGINT DEFAULT 1",
        "CREATE INDEX by_n ON public.t (n)",
        "COMMENT ON TABLE public.t IS 'it''s'",
        "COMMENT ON COLUMN public.t.label IS 'c'",
        "COMMENT ON INDEX public.by_n IS 'i'",
        "CREATE VIEW public.v AS SELECT label FROM public.t",
        "INSERT INTO public.t (id, label) VALUES (1, 'old'), (5, 'gone')",
    ):
        ends.in_duckdb(statement)
    making = (
        "SELECT sql, comment FROM duckdb_tables() WHERE table_name = 't' UNION ALL "
        "SELECT column_name || data_type || coalesce(column_default, ''), comment FROM duckdb_columns() WHERE table_name = 't' "
        "UNION ALL SELECT sql, comment FROM duckdb_indexes() WHERE table_name = 't' ORDER BY 1"
    )
    before = ends.in_duckdb(making)
    ends.run(ends.csv(ROWS, types=TYPES), ends.duckdb(), **SWAP)
    assert ends.in_duckdb(making) == before
    assert ends.in_duckdb("SELECT * FROM public.v ORDER BY label") == [("one",), ("two",)]
    assert ends.in_duckdb("SELECT n, p FROM public.t ORDER BY n") == [(12, 1), (13, 1)]


def test_duckdb_refuses_a_foreign_key_that_points_at_it(ends: Ends) -> None:
    ends.run(ends.csv("a\n1\n"), ends.duckdb(), table="other")
    ends.in_duckdb("CREATE TABLE public.t (id BIGINT PRIMARY KEY, label VARCHAR)")
    ends.in_duckdb("CREATE TABLE public.child (t_id BIGINT REFERENCES public.t (id))")
    with pytest.raises(Fault, match=r"public\.child") as caught:
        ends.run(ends.csv(ROWS, types=TYPES), ends.duckdb(), **SWAP)
    assert caught.value.fault is FaultCode.TARGET_REFUSED


@pytest.mark.parametrize("mode", ["append", "truncate", "blue_green"])
def test_a_window_is_replaced_exactly(ends: Ends, mode: str) -> None:
    origin = ends.postgresql()
    ends.in_postgres(
        "CREATE TABLE s AS SELECT x AS id, DATE '2026-01-01' + x AS day FROM generate_series(0, 9) x"
    )
    for target, look in ((ends.postgresql(), ends.in_postgres), (ends.duckdb(), ends.in_duckdb)):
        ends.run(origin, target, source={"table": "s"})
        look("UPDATE public.t SET id = id + 100")
        payload = ends.payload(origin, target, source={"table": "s"}, loadMode=mode)
        window = {"column": "day", "start": "2026-01-03", "end": "2026-01-05"}
        for _ in range(2):
            loaded = ends.work({**payload, "runId": f"{mode}{_}", "window": window})
            assert loaded["rowsRead"] == 2
        assert look("SELECT id FROM public.t ORDER BY id") == [
            (2,),
            (3,),
            (100,),
            (101,),
            (104,),
            (105,),
            (106,),
            (107,),
            (108,),
            (109,),
        ]


def test_what_the_planner_knows_is_kept(ends: Ends) -> None:
    ends.in_postgres("CREATE TABLE public.t (gone int, a bigint, b text COMPRESSION pglz)")
    ends.in_postgres(
        "ALTER TABLE public.t DROP COLUMN gone, ALTER a SET STATISTICS 500, ALTER b SET STORAGE EXTERNAL, ALTER b SET (n_distinct = -0.5)"
    )
    ends.in_postgres("CREATE STATISTICS public.both_ndistinct (ndistinct) ON a, b FROM public.t")
    ends.in_postgres("CREATE STATISTICS public.both_mcv (mcv) ON a, b FROM public.t")
    columns = (
        "SELECT attname, attstattarget, attoptions, attstorage, attcompression FROM pg_attribute "
        "WHERE attrelid = 'public.t'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    )
    extended = (
        "SELECT stxname, stxkind::text FROM pg_statistic_ext WHERE stxrelid = 'public.t'::regclass ORDER BY 1"
    )
    before = ends.in_postgres(columns), ends.in_postgres(extended)
    ends.run(ends.csv("a,b\n1,x\n"), ends.postgresql(), loadMode="blue_green")
    assert (ends.in_postgres(columns), ends.in_postgres(extended)) == before
