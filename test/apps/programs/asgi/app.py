"""The promises of a hosted program as an ASGI application, WebSocket too; uvicorn serves it."""
import asyncio
import os
import tempfile

mark = os.path.join(tempfile.gettempdir(), "released")


async def application(scope, receive, send):
    if scope["type"] == "http":
        await request(scope, receive, send)
    elif scope["type"] == "websocket":
        await websocket(receive, send)
    else:
        await lifespan(receive, send)


async def request(scope, receive, send):
    path = scope["path"]
    headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}

    async def head(status=200):
        kind = headers.get("content-type", "text/plain").encode("latin-1")
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})

    async def body(data, more=False):
        await send({"type": "http.response.body", "body": data, "more_body": more})

    if path.endswith("/who"):
        lines = [
            f"pid {os.getpid()}",
            f"path {path}?{scope['query_string'].decode()}",
            f"client {headers.get('x-forwarded-for', '')}",
            f"scheme {headers.get('x-forwarded-proto', '')}",
        ]
        await head()
        await body("\n".join(lines).encode())
    elif path.endswith("/echo"):
        await head()
        more = True
        while more:
            message = await receive()
            more = message.get("more_body", False)
            await body(message.get("body", b""), more)
    elif path.endswith("/stream"):
        await head()
        await body(b"one\n", True)
        while not os.path.exists(mark):
            await asyncio.sleep(0.02)
        await body(b"two\n")
    elif path.endswith("/release"):
        open(mark, "w").close()
        await head()
        await body(b"released")
    else:
        await head(404)
        await body(b"")


async def websocket(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        await send({"type": "websocket.send", "text": message.get("text")})


async def lifespan(receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    print("lifespan ended", flush=True)
    await send({"type": "lifespan.shutdown.complete"})
