#!/usr/bin/env python3
"""Echoes over WebSockets as fast as they come back: websocket.py PORT PATH CONNECTIONS (--seconds S | --messages N). Prints messages and rate."""
import argparse
import selectors
import socket
import time

PAYLOAD = b"w" * 128
# A masked text frame with a mask of zeros; the answer comes unmasked.
FRAME = bytes([0x81, 0x80 | 126]) + len(PAYLOAD).to_bytes(2, "big") + b"\0\0\0\0" + PAYLOAD
ANSWER_BYTES = 4 + len(PAYLOAD)
REQUEST = ("GET {} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


def open_one(port, path):
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(REQUEST.format(path).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        more = client.recv(1)
        if not more:
            raise ConnectionError("closed before it was upgraded")
        head += more
    if not head.startswith(b"HTTP/1.1 101"):
        raise ConnectionError(head.decode(errors="replace"))
    client.setblocking(False)
    return client


def pump(clients, done):
    """Until `done(messages)`; each client has one message on its way."""
    waiting = selectors.DefaultSelector()
    missing = {}
    messages = 0
    for client in clients:
        waiting.register(client, selectors.EVENT_READ)
        missing[client] = ANSWER_BYTES
        client.send(FRAME)
    while not done(messages):
        for key, _ in waiting.select(1):
            client = key.fileobj
            got = client.recv(4096)
            if not got:
                raise ConnectionError("closed in the middle")
            missing[client] -= len(got)
            if missing[client] == 0:
                messages += 1
                missing[client] = ANSWER_BYTES
                client.send(FRAME)
    return messages


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("connections", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--messages", type=int)
    options = parser.parse_args()
    clients = [open_one(options.port, options.path) for _ in range(options.connections)]
    start = time.monotonic()
    if options.messages:
        messages = pump(clients, lambda count: count >= options.messages)
    else:
        messages = pump(clients, lambda _: time.monotonic() - start >= options.seconds)
    print(messages, messages / (time.monotonic() - start))


if __name__ == "__main__":
    main()
