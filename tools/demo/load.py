"""Load on every agent for as long as a step lasts, and what came of it.

One yard-load per agent, open loop: each request has its intended start fixed beforehand and is counted exactly once, as a whole response or
as a failure (no whole response within 10 s, or a status of 400 and above). Like any HTTP client it may, and the figures say how often it did:
  resent     send a GET again when a kept-alive connection ended before any byte of the response (RFC 9112 section 9.3.1);
  failovers  go on to the next agent's address when one refuses the connection (as with several addresses of one name).
Nothing else is repeated.
"""
import json
import signal
import time

from processes import Process, StartError

CONNECTIONS = 4


class LoadResult:
    """The sum over all agents."""

    def __init__(self, parts):
        self.requests = sum(part["requests"] for part in parts)
        self.failed = sum(part["failed"] for part in parts)
        self.resent = sum(part["resent"] for part in parts)
        self.failovers = sum(part["failovers"] for part in parts)
        self.p99_ms = max((part["latency_ms"]["p99"] for part in parts), default=0)
        self.max_ms = max((part["latency_ms"]["max"] for part in parts), default=0)
        self.errors = {}
        self.statuses = {}
        self.origins = {}
        for part in parts:
            for target, source in ((self.errors, part["errors"]), (self.statuses, part["by_status"]), (self.origins, part["header_values"])):
                for key, count in source.items():
                    target[key] = target.get(key, 0) + count

    def share(self, prefix):
        """Share of the responses that came from origins whose name starts so."""
        total = sum(self.origins.values())
        return sum(count for name, count in self.origins.items() if name.startswith(prefix)) / total if total else 0.0

    def what_failed(self):
        parts = [f"{count} {kind}" for kind, count in self.errors.items() if count]
        parts += [f"{count} status {status}" for status, count in self.statuses.items() if int(status) >= 400]
        return ", ".join(parts)


class Load:
    """with Load(...) as load: ...; then load.result. The load has been running for `seconds` when the body starts, and goes on for as long
    after it, so that what the body does happens in the middle of traffic."""

    def __init__(self, fleet, rate, seconds):
        self._fleet = fleet
        self._rate = rate
        self._seconds = seconds
        self._processes = []
        self._outputs = []
        self.result = None

    def __enter__(self):
        agents = list(self._fleet.listener_ports)
        for index, agent in enumerate(agents):
            output = self._fleet.directory / f"load-{agent}.json"
            output.unlink(missing_ok=True)
            urls = [word for other in agents[index:] + agents[:index] for word in ("--url", self._fleet.url(other))]
            # Its own name for the log file each time: the result is the log.
            process = Process(f"load-{agent}.{time.monotonic_ns()}",
                              [self._fleet._binary("yard-load"), *urls, "--rate", self._rate, "--duration", "0", "--connections", CONNECTIONS,
                               "--count-header", "x-origin", "-o", "json", "--quiet"], self._fleet.directory)
            self._processes.append(process)
            self._fleet.loads.append(process)
        time.sleep(self._seconds)
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            time.sleep(self._seconds)
        for process in self._processes:
            process._popen.send_signal(signal.SIGTERM)
        parts = []
        for process in self._processes:
            process._popen.wait(30)
            self._fleet.loads.remove(process)
            try:
                parts.append(json.loads(process.log.read_text()))
            except ValueError:
                raise StartError(f"{process.name} gave no figures:\n{process.last_words()}") from None
        self.result = LoadResult(parts)
        return False
