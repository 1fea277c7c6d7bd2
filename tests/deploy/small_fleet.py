"""A small fleet of real programs with a real Prometheus and Alertmanager on it, for tests of what deploy/prometheus says.

The rules are the shipped ones: expressions and thresholds as they are; only time is cut, see `shorten`.
"""
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "demo"))
from fleet import free_port  # noqa: E402

BIN = pathlib.Path(os.environ.get("YARD_BIN", ROOT / "build/release/bin"))
PATIENCE = 60
# Windows of the rules -> what they are here. Their order stays.
WINDOWS = {"5m": "4s", "15m": "4s", "30m": "4s", "1h": "5s", "2h": "5s", "6h": "6s", "1d": "6s", "3d": "7s"}


def eventually(what, condition, seconds=PATIENCE):
    """What `condition` returns once that is true."""
    end = time.monotonic() + seconds
    while True:
        found = None
        try:
            found = condition()
        except (OSError, ValueError):
            pass
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"never: {what}")
        time.sleep(0.1)


def shorten(rules):
    """The rules with their time cut: waiting times, pace and windows."""
    rules = re.sub(r"for: \w+", "for: 1s", rules)
    rules = re.sub(r"\n +interval: \w+", "", rules)
    return re.sub(r"\[(\w+)\]", lambda window: f"[{WINDOWS[window[1]]}]", rules)


class SmallFleet:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="yard-prometheus-")
        self.path = pathlib.Path(self.folder.name)
        self.processes = []
        self.controller = None
        self.controller_port = self.metrics_port = 0
        self.agents = {}
        # Where programs write; empty: a file each.
        self.log = ""
        self.admin = {"one": free_port(), "two": free_port()}

    def stop(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        self.folder.cleanup()

    def start(self, *argv):
        with open(self.log or self.path / f"{len(self.processes)}.{pathlib.Path(argv[0]).name}.log", "wb") as log:
            process = subprocess.Popen([str(a) for a in argv], stdout=log, stderr=log, cwd=self.path)
        self.processes.append(process)
        return process

    def ready(self, name):
        return eventually(f"{name} is ready", lambda: json.loads((self.path / name).read_text()))

    # --- the fleet ---

    def start_controller(self, *flags):
        (self.path / "c.ready").unlink(missing_ok=True)
        self.metrics_port = self.metrics_port or free_port()
        self.controller = self.start(BIN / "yard-controller", "--data-dir", "c", "--listen", f"127.0.0.1:{self.controller_port}", "--metrics-listen",
                                     f"127.0.0.1:{self.metrics_port}", "--dashboard-listen", "127.0.0.1:0", "--ready-file", "c.ready", *flags)
        self.controller_port = self.ready("c.ready")["port"]

    def start_agent(self, node, join=False):
        (self.path / f"{node}.ready").unlink(missing_ok=True)
        token = ["--join-token", re.search(r"syt1\.\S+", self.yardctl("token", "create"))[0]] if join else []
        self.agents[node] = self.start(BIN / "yard-agent", "--controller", f"127.0.0.1:{self.controller_port}", "--data-dir", node, "--node", node,
                                       "--label", f"node={node}", "--admin", f"127.0.0.1:{self.admin[node]}", "--workers", "1", "--drain-timeout", "1s",
                                       "--ready-file", f"{node}.ready", "--access-log", self.access_log(node), *token)
        self.ready(f"{node}.ready")

    def access_log(self, node):
        return self.path / f"{node}.access"

    def start_origin(self, *ports):
        process = self.start(BIN / "yard-origin", *[f"--listen=127.0.0.1:{p}" for p in ports])
        for port in ports:
            eventually("a backend listens", lambda port=port: socket.create_connection(("127.0.0.1", port), 1).close() is None)
        return process

    def load(self, port, rate, path="/"):
        return self.start(BIN / "yard-load", "--url", f"http://127.0.0.1:{port}{path}", "--rate", rate, "--duration", "600s", "--connections", 4, "--quiet")

    @staticmethod
    def end(process):
        process.kill()
        process.wait()

    def yardctl(self, *argv, stdin="", may_fail=False):
        done = subprocess.run([BIN / "yardctl", "--credential", self.path / "c/admin.credential", *argv], input=stdin, capture_output=True, text=True,
                              timeout=60, check=False, cwd=self.path)
        if done.returncode != 0 and not may_fail:
            raise AssertionError(done.stdout + done.stderr)
        return done.stdout

    def apply(self, yaml, *flags, **more):
        return self.yardctl("apply", "-f", "-", *flags, stdin=yaml, **more)

    # --- who watches it ---

    def start_prometheus(self):
        rules = (ROOT / "deploy/prometheus/switchyard.rules.yaml").read_text()
        (self.path / "rules.yaml").write_text(shorten(rules))
        pager = free_port()
        (self.path / "prometheus.yaml").write_text(
            "global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}\nrule_files: [rules.yaml]\n"
            f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{pager}']}}]}}]}}\nscrape_configs:\n"
            f"  - {{job_name: switchyard-controller, static_configs: [{{targets: ['127.0.0.1:{self.metrics_port}']}}]}}\n"
            f"  - {{job_name: switchyard-agent, static_configs: [{{targets: {[f'127.0.0.1:{p}' for p in self.admin.values()]}}}]}}\n")
        self.start("prometheus-alertmanager", f"--config.file={ROOT}/deploy/prometheus/alertmanager.yaml", f"--storage.path={self.path}/pager",
                   f"--web.listen-address=127.0.0.1:{pager}", "--cluster.listen-address=")
        self.pager = f"http://127.0.0.1:{pager}/api/v2"
        port = free_port()
        self.start("prometheus", "--config.file=prometheus.yaml", f"--storage.tsdb.path={self.path}/tsdb", f"--web.listen-address=127.0.0.1:{port}")
        self.prometheus = f"http://127.0.0.1:{port}/api/v1"

    @staticmethod
    def get(url):
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)

    def query(self, expression):
        return self.get(f"{self.prometheus}/query?query={urllib.parse.quote(expression)}")["data"]["result"]

    def firing(self):
        """Alerts that fire, as name{what it is about}."""
        about = {f"127.0.0.1:{port}": node for node, port in self.admin.items()}
        out = set()
        for alert in self.get(f"{self.prometheus}/alerts")["data"]["alerts"]:
            if alert["state"] != "firing":
                continue
            labels = alert["labels"]
            which = next((labels[name] for name in ("listener", "upstream", "secret", "instance") if name in labels), "")
            out.add(labels["alertname"].removeprefix("Switchyard") + (f"{{{about.get(which, which)}}}" if which else ""))
        return out

    def held_back(self):
        """Alerts that the Alertmanager tells nobody, because another one says it all."""
        return {a["labels"]["alertname"].removeprefix("Switchyard") + f"{{{a['labels'].get('upstream', '')}}}"
                for a in self.get(f"{self.pager}/alerts") if a["status"]["inhibitedBy"]}
