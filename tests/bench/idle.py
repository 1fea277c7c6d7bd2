"""What an idle kept-alive connection costs a proxy in memory of its own: HTTP/1, TLS 1.3, HTTP/2."""
import dataclasses
import resource
import socket
import ssl
import time

REQUEST = b"GET /bytes/128 HTTP/1.1\r\nHost: bench\r\n\r\n"
RESERVE = 500  # descriptors for everything else


@dataclasses.dataclass
class Idle:
    connections: int
    rest_kib: int
    idle_kib: int

    @property
    def bytes_each(self):
        return (self.idle_kib - self.rest_kib) * 1024 / max(self.connections, 1)


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def literal(name, value):
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


# Preface, SETTINGS, and one request as literals (RFC 9113, RFC 7541 section 6.2.2).
H2_REQUEST = (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") +
              frame(1, 0x5, 1, literal(b":method", b"GET") + literal(b":scheme", b"http") + literal(b":authority", b"bench") +
                    literal(b":path", b"/bytes/128")))


def h1_client(port):
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(REQUEST)
    client.recv(4096)
    return client


CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname, CONTEXT.verify_mode = False, ssl.CERT_NONE
CONTEXT.minimum_version = ssl.TLSVersion.TLSv1_3


def tls_client(port):
    client = CONTEXT.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=30))
    client.sendall(REQUEST)
    client.recv(4096)
    return client


def exactly(client, size):
    data = b""
    while len(data) < size:
        more = client.recv(size - len(data))
        if not more:
            raise ConnectionError("closed in the middle of a frame")
        data += more
    return data


def h2_client(port):
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(H2_REQUEST)
    while True:
        head = exactly(client, 9)
        exactly(client, int.from_bytes(head[:3], "big"))
        kind, flags = head[3], head[4]
        if kind == 4 and not flags & 1:
            client.sendall(frame(4, 1, 0, b""))
        if kind in (0, 1) and flags & 1:
            return client


DOORS = {"h1": ("h1", h1_client), "TLS 1.3": ("tls", tls_client), "h2": ("h2", h2_client)}


def measure(proxy, kind, wanted):
    """One request on each of `wanted` connections (fewer where descriptors are short), then silence."""
    door, connect = DOORS[kind]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # HAProxy keeps a descriptor for the other side of each.
    count = min(wanted, hard // 2 - RESERVE)
    # What the first connections make once and for all is not theirs.
    for client in [connect(proxy.ports[door]) for _ in range(50)]:
        client.close()
    time.sleep(0.3)
    rest = proxy.pss_kib()
    clients = []
    try:
        for _ in range(count):
            clients.append(connect(proxy.ports[door]))
        time.sleep(0.5)
        return Idle(count, rest, proxy.pss_kib())
    finally:
        for client in clients:
            client.close()
