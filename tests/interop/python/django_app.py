"""A site on Django with the package's own models, as its documentation shows it, behind the server of `runserver`."""

import logging

import django
import pymysql
from django.conf import settings
from sqlalchemy.engine import make_url

import serving

# Django asks for mysqlclient, which has to be compiled; this driver stands in for it.
pymysql.install_as_MySQLdb()

ENGINES = {"sqlite": "sqlite3", "postgresql": "postgresql", "mysql": "mysql"}


def database():
    url = make_url(serving.CONFIGURATION["database"])
    engine = "django.db.backends." + ENGINES[url.get_backend_name()]
    if url.get_backend_name() == "sqlite":
        return {"ENGINE": engine, "NAME": url.database}
    return {"ENGINE": engine, "NAME": url.database, "HOST": url.host, "PORT": url.port, "USER": url.username}


settings.configure(
    **{
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "DATABASES": {"default": database()},
        "INSTALLED_APPS": ["auth101.contrib.django"],
        "MIDDLEWARE": ["__main__.Auth101Middleware"],
        "ROOT_URLCONF": "__main__",
        "SECRET_KEY": serving.SECRET,
        "TIME_ZONE": "UTC",
        "USE_TZ": False,
    }
    | serving.CONFIGURATION.get("django", {})
)
django.setup()

from auth101 import Auth101  # noqa: E402
from auth101.adapters import DjangoAdapter  # noqa: E402
from auth101.contrib.django.models import Auth101User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import include, path  # noqa: E402

auth = Auth101(secret=serving.SECRET, database=DjangoAdapter(Auth101User), **serving.OPTIONS)
Auth101Middleware = auth.get_django_middleware()


@auth.django_login_required()
def me(request):
    return JsonResponse({"id": request.auth_user.id, "email": request.auth_user.email})


def seen_by_middleware(request):
    return JsonResponse({"email": request.auth_user and request.auth_user.email})


urlpatterns = [
    path("auth/", include(auth.django_urls())),
    path("me", me),
    path("seen-by-middleware", seen_by_middleware),
]

logging.disable()
# The package's application has no migrations.
call_command("migrate", run_syncdb=True, verbosity=0)
server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
server.set_app(get_wsgi_application())
serving.listen(server.server_port)
server.serve_forever()
