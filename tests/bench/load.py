"""One burst of load on one door of one proxy, and what it cost the proxy. Generators: wrk, h2load, openssl s_time, and websocket.py."""
import dataclasses
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import origins
import stage
import workloads

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Result:
    requests: int
    rate: float
    cpu_us: float  # of the proxy, per request
    errors: int


class Bodies:
    """Files with request bodies, by name."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        (self.directory / "post4k").write_bytes(b"x" * 4096)
        (self.directory / "unary").write_bytes(origins.message(origins.UNARY_BYTES))

    def path(self, name):
        return self.directory / name


def script(workload, bodies):
    """wrk's Lua for what its flags cannot say."""
    lines = []
    if workload.body:
        lines += ['wrk.method = "POST"', f'wrk.body = string.rep("x", {bodies.path(workload.body).stat().st_size})']
    if workload.close:
        lines.append('wrk.headers["Connection"] = "close"')
    if workload.random_routes:
        lines.append(f"""request = function()
  local host = math.random(0, {workloads.ROUTE_HOSTS - 1})
  local path = math.random(0, {workloads.ROUTE_PATHS - 1})
  return "GET /service-" .. path .. "/bytes/128 HTTP/1.1\\r\\nHost: h" .. host .. ".example.com\\r\\n\\r\\n"
end""")
    return "\n".join(lines) + "\n"


def url(proxy, workload):
    return f"{'https' if workload.door == 'tls' else 'http'}://127.0.0.1:{proxy.ports[workload.door]}{workload.path}"


def pinned(*command, timeout):
    return subprocess.run(["taskset", "-c", stage.load_core(), *map(str, command)], capture_output=True, text=True, check=True, timeout=timeout).stdout


def run_wrk(proxy, workload, bodies, seconds):
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as lua:
        lua.write(script(workload, bodies))
        lua.flush()
        out = pinned("wrk", "-t1", f"-c{workload.connections}", f"-d{seconds}s", "-s", lua.name, url(proxy, workload), timeout=seconds + 30)
    errors = sum(int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", out))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    return requests, rate, errors + int(bad.group(1) if bad else 0)


def h2load_flags(workload, bodies):
    flags = [f"-c{workload.connections}", f"-m{workload.streams}", "-t1"]
    if workload.body:
        flags += ["-d", bodies.path(workload.body)]
    if workload.grpc:
        flags += ["-H", "content-type: application/grpc", "-H", "te: trailers"]
    return flags


def read_h2load(out):
    total, failed = re.search(r"(\d+) done, \d+ succeeded, (\d+) failed", out).groups()
    rate = re.search(r"finished in [^,]+, ([\d.]+) req/s", out).group(1)
    return int(total), float(rate), int(failed)


def run_h2load(proxy, workload, bodies, seconds):
    return read_h2load(pinned("h2load", *h2load_flags(workload, bodies), f"-D{seconds}", url(proxy, workload), timeout=seconds + 30))


def run_websocket(proxy, workload, _bodies, seconds):
    out = pinned(sys.executable, HERE / "websocket.py", proxy.ports[workload.door], workload.path, workload.connections, "--seconds", seconds,
                 timeout=seconds + 30)
    messages, rate = out.split()
    return int(messages), float(rate), 0


def run_s_time(proxy, workload, _bodies, seconds):
    """Each connection with a handshake of its own, which wrk, that resumes its sessions, does not make."""
    command = ["taskset", "-c", stage.load_core(), "openssl", "s_time", "-connect", f"127.0.0.1:{proxy.ports[workload.door]}", "-new",
               "-www", workload.path, "-time", str(seconds)]
    began = time.monotonic()
    clients = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for _ in range(workload.connections)]
    outs = [client.communicate(timeout=seconds + 30)[0] for client in clients]
    took = time.monotonic() - began
    counts = [re.search(r"(\d+) connections in \d+ real", out) for out in outs]
    done = sum(int(count.group(1)) for count in counts if count)
    failed = sum(client.returncode != 0 or count is None for client, count in zip(clients, counts))
    return done, done / took, failed


TOOLS = {"wrk": run_wrk, "s_time": run_s_time, "h2load": run_h2load, "websocket": run_websocket}


def run(proxy, workload, bodies, seconds):
    before = proxy.cpu_seconds()
    requests, rate, errors = TOOLS[workload.tool](proxy, workload, bodies, max(1, round(seconds)))
    return Result(requests, rate, (proxy.cpu_seconds() - before) * 1e6 / max(requests, 1), errors)


def run_counted(proxy, workload, bodies, count):
    """Exactly `count` requests, the same in every run."""
    target = url(proxy, workload)
    if workload.tool == "websocket":
        pinned(sys.executable, HERE / "websocket.py", proxy.ports[workload.door], workload.path, 4, "--messages", count, timeout=600)
        return
    if workload.random_routes:
        pinned(sys.executable, HERE / "walk_routes.py", proxy.ports[workload.door], count, timeout=600)
        return
    # A connection per request is as many clients as requests.
    clients = [f"-c{count}", "-m1", "-t1"] if workload.close else [f"-c{min(8, workload.connections)}", f"-m{workload.streams}", "-t1"]
    version = [] if workload.tool == "h2load" else ["--h1"]
    if version and workload.body:
        version += ["-d", bodies.path(workload.body)]
    flags = h2load_flags(workload, bodies)[3:] if workload.tool == "h2load" else []
    done, _, failed = read_h2load(pinned("h2load", *version, *clients, *flags, f"-n{count}", target, timeout=600))
    if done != count or failed:
        raise RuntimeError(f"{proxy.name}: {done} of {count} requests done, {failed} failed")
