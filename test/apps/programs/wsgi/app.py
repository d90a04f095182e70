"""The promises of a hosted program as a WSGI application; gunicorn and waitress serve it."""
import os
import tempfile
import time

mark = os.path.join(tempfile.gettempdir(), "released")


def application(environ, start_response):
    path = environ["PATH_INFO"]

    def answer(body, kind="text/plain"):
        start_response("200 OK", [("Content-Type", kind)])
        return body

    if path.endswith("/who"):
        lines = [
            f"pid {os.getpid()}",
            f"path {path}?{environ['QUERY_STRING']}",
            f"client {environ.get('HTTP_X_FORWARDED_FOR', '')}",
            f"scheme {environ.get('HTTP_X_FORWARDED_PROTO', '')}",
        ]
        return answer(["\n".join(lines).encode()])
    if path.endswith("/echo"):
        return answer([environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))], environ["CONTENT_TYPE"])
    if path.endswith("/stream"):
        return answer(stream())
    if path.endswith("/release"):
        open(mark, "w").close()
        return answer([b"released"])
    start_response("404 Not Found", [("Content-Length", "0")])
    return []


def stream():
    yield b"one\n"
    while not os.path.exists(mark):
        time.sleep(0.02)
    yield b"two\n"
