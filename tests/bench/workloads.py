"""Every workload as data: who makes the load, on which door of the proxy, and what is asked for."""
import dataclasses

# Doors that each proxy opens: h1 (HTTP/1), tls (HTTP/1 and, by ALPN, HTTP/2), h2 (prior knowledge), grpc (HTTP/2 to HTTP/2 origins), routes.
ROUTE_HOSTS, ROUTE_PATHS = 1000, 10


@dataclasses.dataclass(frozen=True)
class Workload:
    door: str = "h1"
    tool: str = "wrk"  # or h2load, websocket, s_time (full TLS handshakes: wrk resumes sessions)
    path: str = "/bytes/128"
    body: str = ""  # file of the request's body, see load.Bodies
    connections: int = 64
    streams: int = 1  # per connection, h2load only
    close: bool = False
    random_routes: bool = False
    grpc: bool = False
    # The callgrind run: how many requests make one figure; 0: what counts them cannot make this load.
    counted: int = 2000
    goal: float = 0.0  # ratio of CPU per request to the better peer; 0: none stated


WORKLOADS = {
    "h1 128 B": Workload(goal=0.80),
    "h1 10 KiB": Workload(path="/bytes/10240", goal=0.80),
    "h1 1 MiB": Workload(path="/bytes/1048576", connections=16, counted=100, goal=0.88),
    "h1 POST 4 KiB": Workload(path="/echo", body="post4k", goal=0.80),
    "h1 connection per request": Workload(close=True, counted=1000, goal=1.00),
    "10,000 routes": Workload(door="routes", path="/", random_routes=True, goal=0.80),
    "TLS 128 B": Workload(door="tls", goal=0.80),
    "TLS 1 MiB": Workload(door="tls", path="/bytes/1048576", connections=16, counted=50, goal=0.92),
    "TLS handshake": Workload(door="tls", tool="s_time", close=True, connections=8, counted=200, goal=0.95),
    "TLS resumption": Workload(door="tls", close=True, connections=16, counted=0, goal=0.95),
    "h2 to h1 128 B": Workload(door="h2", tool="h2load", connections=8, streams=16, goal=1.05),
    "h2 to h1 10 KiB": Workload(door="h2", tool="h2load", path="/bytes/10240", connections=8, streams=16, goal=1.05),
    "gRPC unary, 1 stream": Workload(door="grpc", tool="h2load", path="/unary", body="unary", connections=32, grpc=True, goal=1.00),
    "gRPC unary, 32 streams": Workload(door="grpc", tool="h2load", path="/unary", body="unary", connections=4, streams=32, grpc=True, goal=1.00),
    "gRPC stream of 64 KiB": Workload(door="grpc", tool="h2load", path="/stream", body="unary", connections=8, streams=4, grpc=True, counted=300),
    "WebSocket echo 128 B": Workload(tool="websocket", path="/ws", connections=32),
}

SMOKE = ["h1 128 B", "h1 POST 4 KiB", "TLS 128 B", "h2 to h1 128 B", "WebSocket echo 128 B"]
# What `make bench-diff` compares.
DIFF = ["h1 128 B", "h1 10 KiB", "h1 POST 4 KiB", "h1 connection per request", "TLS 128 B", "h2 to h1 128 B", "gRPC unary, 32 streams"]


def route(number):
    """Host and path of one of the 10,000 routes."""
    return f"h{number // ROUTE_PATHS}.example.com", f"/service-{number % ROUTE_PATHS}/"
