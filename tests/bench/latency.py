"""Latency at a fixed rate below saturation, open loop (yard-load): what the proxy adds to talking with the origin itself."""
import dataclasses
import json

import load


@dataclasses.dataclass
class Latency:
    p50_us: float
    p99_us: float
    p999_us: float


def measure(binaries, port, rate, seconds):
    out = load.pinned(binaries / "yard-load", "--url", f"http://127.0.0.1:{port}/bytes/128", "--rate", rate, "--duration", f"{seconds}s",
                      "--warmup", "500ms", "--connections", "64", "-q", "-o", "json", timeout=seconds + 30)
    found = json.loads(out)["latency_ms"]
    return Latency(*(found[name] * 1000 for name in ("p50", "p99", "p99.9")))
