# One line of base64 in, one line of JSON out: the requests that h11 sees in those bytes.
import base64
import json
import sys

import h11

LIMIT = 1 << 20


def view(data):
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LIMIT)
    connection.receive_data(data)
    requests, current, rest = [], None, "nothing"
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                rest = "partial" if current is not None or connection.trailing_data[0] else "nothing"
                break
            if event is h11.PAUSED:
                connection.start_next_cycle()
                continue
            if isinstance(event, h11.Request):
                fields = [(name.decode("latin1"), value.decode("latin1")) for name, value in event.headers]
                current = {
                    "method": event.method.decode("latin1"),
                    "target": event.target.decode("latin1"),
                    "fields": fields,
                    "body": "",
                }
            elif isinstance(event, h11.Data):
                current["body"] += bytes(event.data).decode("latin1")
            elif isinstance(event, h11.EndOfMessage):
                requests.append(current)
                current = None
                # Nothing that would accept an upgrade or a CONNECT.
                connection.send(h11.Response(status_code=404, headers=[("content-length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is h11.MUST_CLOSE:
                    rest = "partial" if connection.trailing_data[0] else "nothing"
                    break
            else:
                break
    except h11.RemoteProtocolError:
        rest = "bad"
    return {"requests": requests, "rest": rest}


for line in sys.stdin:
    print(json.dumps(view(base64.b64decode(line))))
