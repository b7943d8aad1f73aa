"""An application on Flask, as the package's documentation shows it, behind Flask's own server."""

import logging

from auth101 import Auth101
from auth101.adapters import SQLAlchemyAdapter
from flask import Flask, g
from werkzeug.serving import make_server

import serving

auth = Auth101(secret=serving.SECRET, database=SQLAlchemyAdapter(serving.ENGINE), **serving.OPTIONS)
app = Flask(__name__)
app.register_blueprint(auth.flask_blueprint(), url_prefix="/auth")


@app.get("/me")
@auth.flask_login_required()
def me():
    return {"id": g.auth_user.id, "email": g.auth_user.email}


logging.disable()
server = make_server("127.0.0.1", 0, app, threaded=True)
serving.listen(server.server_port)
server.serve_forever()
