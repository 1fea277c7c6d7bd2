#!/usr/bin/env python3
"""A scripted API server of Kubernetes: EndpointSlices only, over TLS, with every way to fail that a test asks for.

  kubernetes_api.py CERTIFICATE KEY READY_FILE

READY_FILE gets {"port", "control"}. The control port takes, as JSON by POST, one of
  {"put": SLICE}  {"delete": NAME}      changes, told to watches
  {"mode": M}                           from now on: ok, hang (no answer), error (500), garbage, forbidden
  {"cut": true}                         ends every watch in the middle
  {"compact": true}                     forgets all events: watches from before get 410, those that run an ERROR event
and answers GET with {"requests": [{"path", "authorization"}…]}.
"""
import http.server
import json
import os
import socket
import ssl
import sys
import threading
import time
import urllib.parse

NAMESPACE = "shop"


class World:
    def __init__(self):
        self.condition = threading.Condition()
        self.version, self.oldest = 100, 100
        self.slices, self.events, self.requests = {}, [], []
        self.mode, self.cuts, self.compactions = "ok", 0, 0

    def change(self, kind, name, text):
        self.version += 1
        text["metadata"]["resourceVersion"] = str(self.version)
        self.events.append((self.version, kind, text))
        if kind == "DELETED":
            self.slices.pop(name, None)
        else:
            self.slices[name] = text

    def control(self, order):
        with self.condition:
            if "put" in order:
                name = order["put"]["metadata"]["name"]
                self.change("MODIFIED" if name in self.slices else "ADDED", name, order["put"])
            if "delete" in order:
                self.change("DELETED", order["delete"], json.loads(json.dumps(self.slices[order["delete"]])))
            self.mode = order.get("mode", self.mode)
            self.cuts += 1 if "cut" in order else 0
            if "compact" in order:
                self.version += 1
                self.oldest, self.events = self.version, []
                self.compactions += 1
            self.condition.notify_all()


WORLD = World()


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        with WORLD.condition:
            WORLD.requests.append({"path": self.path, "authorization": self.headers.get("Authorization", "")})
            mode = WORLD.mode
        place = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(place.query))
        if mode == "hang":
            with WORLD.condition:
                WORLD.condition.wait_for(lambda: WORLD.mode != "hang", 60)
            self.close_connection = True
            return None
        if mode == "error":
            return self.answer(500, {"kind": "Status", "code": 500, "message": "etcdserver: leader changed"})
        if mode == "garbage":
            return self.answer(200, b"<html>not what you look for</html>\n")
        if mode == "forbidden":
            return self.answer(403, {"kind": "Status", "code": 403, "message": "endpointslices is forbidden"})
        if place.path != f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices":
            return self.answer(404, {"kind": "Status", "code": 404, "message": "not found"})
        wanted = query.get("labelSelector", "")
        if "watch" in query:
            return self.watch(int(query["resourceVersion"]), float(query["timeoutSeconds"]), wanted)
        return self.list(int(query.get("limit", 500)), int(query.get("continue", "0")), wanted)

    def matches(self, one, wanted):
        names = wanted.partition("in (")[2].rstrip(")").split(",")
        return one["metadata"]["labels"].get("kubernetes.io/service-name") in names

    def list(self, limit, start, wanted):
        # Two to a page, so that every list of more has pages.
        limit = min(limit, 2)
        with WORLD.condition:
            every = [one for _, one in sorted(WORLD.slices.items()) if self.matches(one, wanted)]
            meta = {"resourceVersion": str(WORLD.version)}
        if start + limit < len(every):
            meta["continue"] = str(start + limit)
        self.answer(200, {"kind": "EndpointSliceList", "apiVersion": "discovery.k8s.io/v1", "metadata": meta, "items": every[start:start + limit]})

    def chunk(self, text):
        data = json.dumps(text).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def watch(self, version, lasts, wanted):
        with WORLD.condition:
            if version < WORLD.oldest:
                return self.answer(410, {"kind": "Status", "code": 410, "message": "too old resource version"})
            cuts, compactions = WORLD.cuts, WORLD.compactions
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        end = time.monotonic() + lasts
        try:
            while time.monotonic() < end:
                with WORLD.condition:
                    news = lambda: any(at > version for at, _, _ in WORLD.events) or WORLD.cuts != cuts or WORLD.compactions != compactions
                    WORLD.condition.wait_for(news, 1.0)
                    todo = [event for event in WORLD.events if event[0] > version]
                    cut, compacted = WORLD.cuts != cuts, WORLD.compactions != compactions
                for at, kind, one in todo:
                    version = at
                    if self.matches(one, wanted):
                        self.chunk({"type": kind, "object": one})
                if cut:
                    # In the middle of a line.
                    self.wfile.write(b"400\r\n{\"type\":\"ADDED\",\"obj")
                    self.wfile.flush()
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                if compacted:
                    self.chunk({"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old resource version"}})
                    break
                if not todo:
                    self.chunk({"type": "BOOKMARK", "object": {"kind": "EndpointSlice", "metadata": {"resourceVersion": str(version)}}})
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True


class Control(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def finish_with(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        WORLD.control(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.finish_with(b"{}")

    def do_GET(self):
        with WORLD.condition:
            self.finish_with(json.dumps({"requests": WORLD.requests}).encode())


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    # Handshakes in the connection's own thread, and failed ones in silence.
    def handle_error(self, *_):
        pass


def main():
    certificate, key, ready = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    api = Server(("127.0.0.1", 0), Api)
    api.socket = context.wrap_socket(api.socket, server_side=True, do_handshake_on_connect=False)
    control = Server(("127.0.0.1", 0), Control)
    threading.Thread(target=api.serve_forever, daemon=True).start()
    with open(ready + ".tmp", "w") as file:
        json.dump({"port": api.server_port, "control": control.server_port}, file)
    os.rename(ready + ".tmp", ready)
    control.serve_forever()


if __name__ == "__main__":
    main()
