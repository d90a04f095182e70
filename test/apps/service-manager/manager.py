"""Plays the service manager of sd_notify(3), which needs what Node lacks: datagram sockets of the unix kind.

manager.py listen SOCKET          prints every message as a line of JSON with the pid that the kernel says sent it
manager.py run SOCKET COMMAND...  becomes COMMAND with a descriptor `notify` connected to SOCKET (systemd's OpenFile=)
"""
import json
import os
import socket
import struct
import sys


def listen(path):
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    server.bind(path)
    os.chmod(path, 0o777)
    print(json.dumps({"pid": 0, "message": ["listening"]}), flush=True)
    while True:
        data, ancillary, _, _ = server.recvmsg(4096, socket.CMSG_SPACE(struct.calcsize("3i")))
        pid = next(struct.unpack("3i", value)[0] for _, kind, value in ancillary if kind == socket.SCM_CREDENTIALS)
        print(json.dumps({"pid": pid, "message": data.decode().strip().split("\n")}), flush=True)


def run(path, command):
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.connect(path)
    os.dup2(notify.fileno(), 3)
    # It may have been 3 before, and kept its mark.
    os.set_inheritable(3, True)
    environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "notify"}
    os.execvpe(command[0], command, {**os.environ, **environment})


if sys.argv[1] == "listen":
    listen(sys.argv[2])
else:
    run(sys.argv[2], sys.argv[3:])
