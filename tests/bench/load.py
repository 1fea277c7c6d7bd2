"""One burst of load on one proxy by wrk, and what it cost the proxy."""
import dataclasses
import pathlib
import re
import subprocess
import tempfile

TICKS = 100.0  # per second, as Linux reports process times


@dataclasses.dataclass
class Workload:
    path: str
    method: str = "GET"
    body_bytes: int = 0
    connections: int = 64
    close: bool = False


@dataclasses.dataclass
class Result:
    rate: float
    cpu_us: float
    errors: int
    requests: int


def script(workload):
    """wrk's Lua for what its flags cannot say."""
    lines = [f'wrk.method = "{workload.method}"']
    if workload.body_bytes:
        lines.append(f'wrk.body = string.rep("x", {workload.body_bytes})')
    if workload.close:
        lines.append('wrk.headers["Connection"] = "close"')
    return "\n".join(lines) + "\n"


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def run(proxy, workload, seconds):
    url = f"http://127.0.0.1:{proxy.port}{workload.path}"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as lua:
        lua.write(script(workload))
        lua.flush()
        duration = max(1, round(seconds))
        before = cpu_seconds(proxy.pids())
        out = subprocess.run(["taskset", "-c", "0", "wrk", "-t1", f"-c{workload.connections}", f"-d{duration}s", "-s", lua.name, url],
                             capture_output=True, text=True, check=True, timeout=duration + 30).stdout
        spent = cpu_seconds(proxy.pids()) - before
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    errors = sum(int(n) for n in re.findall(r"(?:connect|read|write|timeout) (\d+)", out))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    errors += int(bad.group(1)) if bad else 0
    return Result(rate=rate, cpu_us=spent * 1e6 / max(requests, 1), errors=errors, requests=requests)
