"""Writes schema.json: the tables that the Python package auth101 0.3.1 creates, per dialect.

    pip install "auth101[all]==0.3.1" && python tests/vectors/make_schema.py

The statements are captured from the package's own `create_all` through SQLAlchemy's mock engine, so no server is needed.
"""

import gc
import json
import pathlib
import re

import sqlalchemy
from auth101.adapters.sqlalchemy import SQLAlchemyAdapter
from auth101 import Auth101

DIALECTS = {"sqlite": "sqlite://", "postgres": "postgresql://", "mysql": "mysql+pymysql://"}
TABLE = re.compile(r"CREATE TABLE [\"`]?(\w+)[\"`]? \((.*)\)", re.S)
INDEX = re.compile(r"CREATE (UNIQUE )?INDEX [\"`]?(\w+)[\"`]? ON [\"`]?(\w+)[\"`]? \([\"`]?(\w+)[\"`]?\)")


def metadata():
    """The tables as the package declares them: each of its stores keeps a MetaData of its own."""
    adapter = SQLAlchemyAdapter("sqlite://")
    Auth101(secret="x" * 32, database=adapter)
    tables = {table.name: table for store in gc.get_objects() if isinstance(store, sqlalchemy.MetaData) for table in store.sorted_tables}
    merged = sqlalchemy.MetaData()
    for name in ("users", "account", "session", "verification"):
        tables[name].to_metadata(merged)
    return merged


def describe(url, tables):
    statements = []
    engine = sqlalchemy.create_mock_engine(url, lambda sql, *_: statements.append(str(sql.compile(dialect=engine.dialect))))
    tables.create_all(engine, checkfirst=False)
    result = {}
    for statement in statements:
        text = " ".join(statement.split())
        if match := TABLE.search(text):
            columns, key = [], None
            for line in re.split(r", (?![^(]*\))", match[2].strip()):
                line = line.strip()
                if line.startswith("PRIMARY KEY"):
                    key = re.findall(r"\w+", line.split("(", 1)[1])[0]
                    continue
                name, kind = line.split(" ", 1)
                columns.append([name.strip('"`'), kind.removesuffix(" NOT NULL"), not kind.endswith(" NOT NULL")])
            result[match[1]] = {"columns": columns, "key": key, "indexes": []}
        elif match := INDEX.search(text):
            result[match[3]]["indexes"].append([match[2], bool(match[1]), match[4]])
    for table in result.values():
        table["indexes"].sort()
    return result


if __name__ == "__main__":
    tables = metadata()
    schema = {name: describe(url, tables) for name, url in DIALECTS.items()}
    path = pathlib.Path(__file__).with_name("schema.json")
    path.write_text(json.dumps(schema, indent=1) + "\n")
    print(f"{path.name}: {', '.join(schema)}")
