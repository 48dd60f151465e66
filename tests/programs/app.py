"""The least that gunicorn (by WSGI) and uvicorn (by ASGI) serve."""


def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Length", "6")])
    return [b"hello\n"]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    head = [(b"content-length", b"6")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": b"hello\n"})
