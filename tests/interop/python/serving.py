"""What the three servers share: where they are told their configuration, and how the tests reach their database.

A server is started with one argument, a JSON object:

    database    a URL of SQLAlchemy
    secret      signs the tokens
    options     further arguments of Auth101, such as {"user": {"model_name": "members"}}
    django      settings of Django, such as {"USE_TZ": true}
    tables      statements that make tables of the application's own, before the package looks for them

It prints {"port": …} once it answers. Then every line on its standard input is a question and every line that it prints
an answer; it ends when the input does, so none outlives the tests.
"""

import json
import os
import sys
import threading
import warnings

# The package's own: datetime.utcnow, argon2's version, secrets under 32 bytes.
warnings.simplefilter("ignore")

from auth101.security.hashing import DEFAULT_PWD_CTX  # noqa: E402
from sqlalchemy import create_engine, text  # noqa: E402

CONFIGURATION = json.loads(sys.argv[1])
SECRET = CONFIGURATION["secret"]
OPTIONS = CONFIGURATION.get("options", {})
ENGINE = create_engine(CONFIGURATION["database"])
# For the questions: names in double quotes and times in UTC, whatever the server's own settings are.
SETTINGS = {
    "postgresql": {"options": "-c TimeZone=UTC"},
    "mysql": {"init_command": "SET SESSION sql_mode = 'ANSI_QUOTES'"},
}
QUESTIONS = create_engine(CONFIGURATION["database"], connect_args=SETTINGS.get(ENGINE.dialect.name, {}))
with QUESTIONS.begin() as connection:
    for statement in CONFIGURATION.get("tables", []):
        connection.execute(text(statement))


def listen(port):
    """Announces the port and answers questions until there are no more."""
    print(json.dumps({"port": port}), flush=True)
    threading.Thread(target=_answer_questions, daemon=True).start()


def _answer_questions():
    for line in sys.stdin:
        try:
            answer = {"answer": _answer(**json.loads(line))}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=str), flush=True)
    # The server's own threads have nothing to put in order.
    os._exit(0)


def _answer(sql=None, values=None, password=None, scheme=None, settings=None):
    """The rows of a statement, as objects; or a password's hash, by the library and the context of the package."""
    if password is not None:
        return DEFAULT_PWD_CTX.handler(scheme).using(**settings or {}).hash(password)
    with QUESTIONS.begin() as connection:
        result = connection.execute(text(sql), values or {})
        return [dict(row._mapping) for row in result] if result.returns_rows else []
