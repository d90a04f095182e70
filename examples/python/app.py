"""A Python program hosted out-of-process: the standard library only, listening on the port in PORT."""
import json
import os
import platform
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps(
            {
                "program": "python",
                "version": platform.python_version(),
                "pid": os.getpid(),
                "base": os.environ.get("ASPNETCORE_APPL_PATH", ""),
                "path": self.path,
                "client": self.headers.get("X-Forwarded-For", self.client_address[0]),
            }
        ).encode() + b"\n"
        self.answer(body, "application/json")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(body, self.headers.get("Content-Type", "application/octet-stream"))

    def answer(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Handler)
server.daemon_threads = True
server.serve_forever()
