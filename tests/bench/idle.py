"""What an idle kept-alive connection costs a proxy in memory of its own."""
import dataclasses
import pathlib
import resource
import socket
import time

REQUEST = b"GET /bytes/128 HTTP/1.1\r\nHost: bench\r\n\r\n"
RESERVE = 200  # descriptors for everything else


@dataclasses.dataclass
class Idle:
    connections: int
    rest_kib: int
    idle_kib: int

    @property
    def bytes_each(self):
        return (self.idle_kib - self.rest_kib) * 1024 / max(self.connections, 1)


def pss_kib(pids):
    """Proportional set size: shared libraries count in part. The kernel's socket memory is not in it."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total


def measure(proxy, wanted):
    """One request on each of `wanted` connections (fewer where descriptors are short), then silence."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(wanted, hard - RESERVE)
    rest = pss_kib(proxy.pids())
    clients = []
    try:
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
            clients.append(client)
            client.sendall(REQUEST)
            client.recv(4096)
        time.sleep(0.5)
        return Idle(count, rest, pss_kib(proxy.pids()))
    finally:
        for client in clients:
            client.close()
