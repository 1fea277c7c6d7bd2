#!/usr/bin/env python3
"""A fixed number of requests over the 10,000 routes, in an order that is the same each time: walk_routes.py PORT COUNT."""
import random
import socket
import sys

import workloads


def main():
    port, count = int(sys.argv[1]), int(sys.argv[2])
    order = random.Random(7)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        for _ in range(count):
            host, path = workloads.route(order.randrange(workloads.ROUTE_HOSTS * workloads.ROUTE_PATHS))
            client.sendall(f"GET {path}bytes/128 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            head = client.recv(65536)
            if not head.startswith(b"HTTP/1.1 200"):
                sys.exit(f"walk_routes: {head[:200]!r}")
            while b"\r\n\r\n" not in head or len(head.split(b"\r\n\r\n", 1)[1]) < length(head):
                head += client.recv(65536)


def length(head):
    for line in head.split(b"\r\n\r\n", 1)[0].split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


if __name__ == "__main__":
    main()
