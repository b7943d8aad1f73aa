"""An application on FastAPI, as the package's documentation shows it, behind uvicorn."""

import asyncio
import socket

import uvicorn
from auth101 import Auth101
from auth101.adapters import SQLAlchemyAdapter
from fastapi import Depends, FastAPI

import serving

auth = Auth101(secret=serving.SECRET, database=SQLAlchemyAdapter(serving.ENGINE), **serving.OPTIONS)
app = FastAPI()
app.include_router(auth.fastapi_router(), prefix="/auth")
CurrentUser = auth.fastapi_current_user()


@app.get("/me")
async def me(user=Depends(CurrentUser)):
    return {"id": user.id, "email": user.email}


async def serve():
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    serving.listen(listener.getsockname()[1])
    await server.serve(sockets=[listener])


asyncio.run(serve())
