"""Fills a database with users, through the package itself, and prints what each of them knows as a list of JSON objects.

    fill.py '{"database": …, "secret": …, "users": 1000, "of_default_cost": 20}'

A hash of the default cost takes a good part of a second of a busy machine, a thousand of them some minutes. So only
`of_default_cost` users have one; the others' are by the same library and the same context with smaller parameters.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")

from auth101 import Auth101  # noqa: E402
from auth101.adapters import SQLAlchemyAdapter  # noqa: E402
from auth101.security.hashing import DEFAULT_PWD_CTX  # noqa: E402
from sqlalchemy import create_engine, event  # noqa: E402

given = json.loads(sys.argv[1])
engine = create_engine(given["database"])
if engine.dialect.name == "sqlite":
    # Nobody needs the rows after a loss of power.
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
auth = Auth101(secret=given["secret"], database=SQLAlchemyAdapter(engine))
# The package checks no address: these are what quotes, statements and line breaks are made of.
ODD = ["o'brien@example.com", 'quo"te;--@example.com', "line\nbreak@example.com", "jürgen 🦀@例え.jp", "back\\slash@example.com"]

people = []
for number in range(given["users"]):
    if number == given["of_default_cost"]:
        DEFAULT_PWD_CTX.update(argon2__memory_cost=1_024, argon2__rounds=1, argon2__parallelism=1)
    email = ODD[number] if number < len(ODD) else f"user-{number}@example.com"
    password = f"password of user {number}"
    answer = auth.sign_up(email, password)
    people.append({"email": email, "password": password, "refresh_token": answer["refresh_token"], "id": answer["user"]["id"]})
print(json.dumps(people))
