"""A terminal with a program on it, for tests: `terminal.py ROWS COLUMNS COMMAND [ARGUMENT ...]`.

On stdin come lines of JSON: {"keys": "q"} is typed, {"size": [ROWS, COLUMNS]} is a drag at the window's corner,
{"signal": 15} goes to the program. What the program writes goes to stdout as it is. When it has ended, stderr gets one
line: how, and whether the terminal is in the mode in which the program found it.
"""

import fcntl
import json
import os
import pty
import selectors
import signal
import struct
import subprocess
import sys
import termios


def main():
    rows, columns, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    ours, theirs = pty.openpty()
    resize(ours, rows, columns)
    before = termios.tcgetattr(theirs)
    program = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    try:
        serve(program, ours)
    finally:
        program.kill()
    told = {"code": program.wait(), "restored": termios.tcgetattr(theirs) == before}
    print(json.dumps(told), file=sys.stderr)


def serve(program, ours):
    """Until the program has ended and all that it wrote was read; whoever started us may go first."""
    watched = selectors.DefaultSelector()
    watched.register(ours, selectors.EVENT_READ)
    watched.register(sys.stdin.fileno(), selectors.EVENT_READ)
    asked = b""
    while True:
        has_ended = program.poll() is not None
        ready = [key.fd for key, _ in watched.select(0 if has_ended else 0.05)]
        if ours in ready:
            os.write(sys.stdout.fileno(), os.read(ours, 65536))
        elif has_ended:
            return
        if sys.stdin.fileno() in ready:
            more = os.read(sys.stdin.fileno(), 65536)
            if not more:
                return
            *lines, asked = (asked + more).split(b"\n")
            for line in lines:
                obey(json.loads(line), program, ours)


def obey(order, program, ours):
    if "keys" in order:
        os.write(ours, order["keys"].encode())
    if "size" in order:
        resize(ours, *order["size"])
    if "signal" in order:
        program.send_signal(order["signal"])


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


signal.signal(signal.SIGPIPE, signal.SIG_DFL)
main()
