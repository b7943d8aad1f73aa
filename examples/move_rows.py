"""Moves the rows of auth101 from one database to another, or writes them as SQL for D1.

    python move_rows.py FROM > rows.sql          statements that D1 and SQLite take, for empty tables
    python move_rows.py FROM TO                  into empty tables that exist already, in one transaction
    python move_rows.py --replace FROM TO        the same, into tables with rows: TO then has the rows of FROM and no others

FROM and TO are URLs of SQLAlchemy: sqlite:///app.db, postgresql+psycopg2://user@host/name, mysql+pymysql://user@host/name.
It needs SQLAlchemy and the driver. The tables have the names by default (users, account, session, verification) unless
--tables names those of FROM and --into those of TO. For Django's:

    --tables auth101_user auth101_account auth101_session auth101_verification

Columns keep their names. The table of verifications, in which nothing is written, may be missing; no other may.

With --replace, rows that both have are updated in the columns that FROM has, so a column of the application's own keeps
its value and a row that refers to a user stays. Rows that FROM no longer has are deleted.
"""

import argparse
import datetime
import decimal
import json
import math
import os
import re
import sys
import uuid

import sqlalchemy

# Each after the one that it refers to.
TABLES = ["users", "account", "session", "verification"]
# Statements for D1 may have 100,000 bytes.
LIMIT = 100_000
# Columns that know of time zones are read and written in the session's.
IN_UTC = {
    "postgresql": "SET LOCAL TimeZone = 'UTC'",
    "mysql": "SET time_zone = '+00:00'",
    "mariadb": "SET time_zone = '+00:00'",
}


def main():
    sys.stdout.reconfigure(encoding="utf-8")
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("source", metavar="FROM")
    arguments.add_argument("target", metavar="TO", nargs="?")
    names = {"nargs": 4, "default": TABLES, "metavar": ("USERS", "ACCOUNT", "SESSION", "VERIFICATION")}
    arguments.add_argument("--tables", help="the tables of FROM", **names)
    arguments.add_argument("--into", help="the tables of TO, or in the statements", **names)
    arguments.add_argument("--replace", action="store_true", help="make the rows of TO those of FROM")
    given = arguments.parse_intermixed_args()
    if given.replace and not given.target:
        arguments.error("--replace needs TO")

    source = connect("FROM", given.source)
    target = connect("TO", given.target) if given.target else None
    moved = read(source, given.tables)
    if given.replace and not moved[0][1]:
        sys.exit(f"FROM: the table {given.tables[0]} has no rows, and --replace would delete all users of TO")
    if target:
        counts = write(moved, target, given.into, given.replace)
    else:
        # All of them before the first is printed: half a file would look like a whole one.
        statements = [insert(name, row) for name, (_, rows) in zip(given.into, moved) for row in rows]
        for statement in statements:
            print(statement)
        counts = [f"{len(rows)} rows" for _, rows in moved]
    for name, count in zip(given.into, counts):
        print(f"{name}: {count}", file=sys.stderr)


def connect(which, url):
    url = sqlalchemy.make_url(url)
    # SQLite would make the file.
    is_path = url.get_backend_name() == "sqlite" and not (url.database or "").startswith("file:")
    if is_path and not os.path.isfile(url.database or ""):
        sys.exit(f"{which}: there is no file {url.database}")
    return sqlalchemy.create_engine(url)


def read(engine, names):
    """Each table of FROM with its rows, as dictionaries."""
    with engine.connect() as reading:
        # One state of all tables, also while the application goes on.
        if engine.dialect.name == "sqlite":
            reading.exec_driver_sql("BEGIN")
        else:
            reading.execution_options(isolation_level="REPEATABLE READ")
        use_utc(reading)
        moved = []
        for entity, name in zip(TABLES, names):
            table = reflect("FROM", "--tables", entity, name, reading)
            rows = [] if table is None else [plain(table, row) for row in reading.execute(table.select()).mappings()]
            moved.append((table, rows))
        return moved


def reflect(which, option, entity, name, connection, rows=()):
    """The table as it is; none where that of verifications is missing, and there are no rows for it."""
    if sqlalchemy.inspect(connection).has_table(name):
        return sqlalchemy.Table(name, sqlalchemy.MetaData(), autoload_with=connection)
    if entity == "verification" and not rows:
        return None
    sys.exit(f"{which}: there is no table {name} for {entity}; {option} names the four tables")


def use_utc(connection):
    if connection.dialect.name in IN_UTC:
        connection.exec_driver_sql(IN_UTC[connection.dialect.name])


def plain(table, row):
    """A row without what only some databases know: times in UTC without saying so, as auth101 keeps them; JSON and
    UUIDs as text."""
    return {column: plain_value(table.columns[column], value) for column, value in row.items()}


def plain_value(column, value):
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(column.type, sqlalchemy.JSON) and value is not None:
        return json.dumps(value, ensure_ascii=False)
    return value


def fitting(table, row):
    """A plain row as its table takes it."""
    return {column: fitting_value(table.columns[column], value) for column, value in row.items()}


def fitting_value(column, value):
    if isinstance(value, str) and isinstance(column.type, sqlalchemy.JSON):
        return json.loads(value)
    if isinstance(value, str) and isinstance(column.type, sqlalchemy.Uuid):
        return uuid.UUID(value)
    return value


def write(moved, engine, names, replace):
    """Writes the rows in one transaction; what became of each table, in words."""
    with engine.begin() as writing:
        use_utc(writing)
        tables = [
            reflect("TO", "--into", entity, name, writing, rows) for entity, name, (_, rows) in zip(TABLES, names, moved)
        ]
        plans = [plan(table, *of, replace, writing) for table, of in zip(tables, moved)]
        # Those that refer to users go before the users, and come after them.
        for table, (_, _, gone) in reversed(list(zip(tables, plans))):
            if gone:
                writing.execute(table.delete().where(key_of(table) == sqlalchemy.bindparam("moved_key")), gone)
        for table, (new, changed, _) in zip(tables, plans):
            if changed:
                writing.execute(table.update().where(key_of(table) == sqlalchemy.bindparam("moved_key")), changed)
            if new:
                writing.execute(table.insert(), new)
        return [f"{len(new)} rows new, {len(changed)} updated, {len(gone)} deleted" for new, changed, gone in plans]


def plan(table, source, rows, replace, connection):
    """The rows to insert, those to update and the keys to delete."""
    if source is None or table is None:
        return [], [], []
    for column in source.columns.keys():
        if column not in table.columns:
            sys.exit(f"TO: the table {table.name} has no column {column}; columns keep their names")
    rows = [fitting(table, row) for row in rows]
    if not replace:
        return rows, [], []
    key = key_of(table)
    if key is None or key.name not in source.columns:
        sys.exit(f"TO: the primary key of the table {table.name} is not a column that FROM has")
    # As text: one database may give an identifier as text and the other as a number.
    there = {str(value): value for value in connection.scalars(sqlalchemy.select(key))}
    new, changed = [], []
    for row in rows:
        if str(row[key.name]) in there:
            others = {column: value for column, value in row.items() if column != key.name}
            changed.append({**others, "moved_key": there.pop(str(row[key.name]))})
        else:
            new.append(row)
    return new, changed, [{"moved_key": value} for value in there.values()]


def key_of(table):
    columns = list(table.primary_key.columns)
    return columns[0] if len(columns) == 1 else None


def insert(name, row):
    columns = ", ".join(quoted(column) for column in row)
    values = ", ".join(literal(name, column, value) for column, value in row.items())
    statement = f"INSERT INTO {quoted(name)} ({columns}) VALUES ({values});"
    if len(statement.encode()) > LIMIT:
        sys.exit(f"{name}: the row {next(iter(row.values()))} is longer than D1 takes")
    return statement


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def literal(name, column, value):
    """A value in the words of SQLite."""
    if value is None:
        return "NULL"
    if isinstance(value, (bool, int)) and -(2**63) <= value < 2**63:
        return str(int(value))
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, decimal.Decimal) and value.is_finite():
        # Text keeps every digit; a column of numbers makes it one.
        return text(str(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"X'{bytes(value).hex()}'"
    if isinstance(value, datetime.datetime):
        return text(value.isoformat(" ", "microseconds"))
    if isinstance(value, datetime.date):
        return text(value.isoformat())
    if isinstance(value, datetime.time):
        return text(value.isoformat("microseconds"))
    if isinstance(value, str):
        return text(value)
    sys.exit(f"{name}.{column}: a value of the type {type(value).__name__} cannot be written for D1")


def text(value):
    if re.search(r"[\x00-\x1f]", value):
        # Line breaks and the like, which would not survive as text.
        return f"CAST(X'{value.encode().hex()}' AS TEXT)"
    return "'" + value.replace("'", "''") + "'"


if __name__ == "__main__":
    main()
