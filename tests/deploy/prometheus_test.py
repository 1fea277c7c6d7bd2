#!/usr/bin/env python3
"""Goal: a real Prometheus reads a live fleet, and alerts fire on the faults that they are for.
Method: controller, agent and backends as processes; Prometheus with the product's rules, their waiting times cut to nothing; then faults."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("YARD_BIN", ROOT / "build/release/bin"))
PATIENCE = 60


def eventually(what, condition):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            found = condition()
            if found:
                return found
        except (OSError, ValueError):
            pass
        time.sleep(0.1)
    raise AssertionError(f"never: {what}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Scrape(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="yard-prometheus-")
        self.path = pathlib.Path(self.folder.name)
        self.processes = []

    def tearDown(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        self.folder.cleanup()

    def start(self, *argv):
        log = open(self.path / f"{len(self.processes)}.log", "wb")
        process = subprocess.Popen([str(a) for a in argv], stdout=log, stderr=log, cwd=self.path)
        self.processes.append(process)
        return process

    def yardctl(self, *argv, stdin=""):
        done = subprocess.run([BIN / "yardctl", "--credential", self.path / "c/admin.credential", *argv], input=stdin, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def ready(self, name, key):
        return int(eventually(f"{name} is ready", lambda: json.loads((self.path / name).read_text())[key]))

    def prometheus(self, controller, agent):
        rules = re.sub(r"for: \w+", "for: 0s", (ROOT / "deploy/prometheus/switchyard.rules.yaml").read_text())
        (self.path / "rules.yaml").write_text(rules)
        (self.path / "prometheus.yaml").write_text(
            "global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}\nrule_files: [rules.yaml]\nscrape_configs:\n"
            f"  - {{job_name: switchyard-controller, static_configs: [{{targets: ['127.0.0.1:{controller}']}}]}}\n"
            f"  - {{job_name: switchyard-agent, static_configs: [{{targets: ['127.0.0.1:{agent}']}}]}}\n")
        self.port = free_port()
        self.start("prometheus", "--config.file=prometheus.yaml", f"--storage.tsdb.path={self.path}/tsdb", f"--web.listen-address=127.0.0.1:{self.port}")

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=5) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        return self.get("query?query=" + urllib.parse.quote(expression))["result"]

    def firing(self):
        return {a["labels"]["alertname"] for a in self.get("alerts")["alerts"] if a["state"] == "firing"}

    def test_a_fleet_is_read_and_its_faults_fire(self):
        self.assertIsNotNone(shutil.which("prometheus"), "tools/install-deps test")
        controller = self.start(BIN / "yard-controller", "--data-dir", "c", "--listen", "127.0.0.1:0",
                                "--metrics-listen", "127.0.0.1:0", "--ready-file", "c.ready")
        port, metrics = self.ready("c.ready", "port"), self.ready("c.ready", "metrics_port")
        token = re.search(r"syt1\.\S+", self.yardctl("token", "create"))[0]
        agent = self.start(BIN / "yard-agent", "--controller", f"127.0.0.1:{port}", "--join-token", token, "--data-dir", "a", "--admin", "127.0.0.1:0",
                           "--workers", "1", "--node", "one", "--ready-file", "a.ready")
        admin = self.ready("a.ready", "admin_port")
        backends = [free_port(), free_port()]
        origin = self.start(BIN / "yard-origin", *[f"--listen=127.0.0.1:{p}" for p in backends])
        listen = free_port()
        self.yardctl("apply", "-f", "-", "--wait", stdin=f"""
kind: Listener
name: web
spec: {{address: 127.0.0.1, port: {listen}}}
---
kind: Upstream
name: app
spec:
  backends: [{{address: "127.0.0.1:{backends[0]}"}}, {{address: "127.0.0.1:{backends[1]}"}}]
  health_check: {{http: {{path: /}}, interval: 500ms, timeout: 300ms}}
---
kind: Route
name: all
spec: {{listeners: [web], forward: {{upstreams: [{{upstream: app}}]}}}}
""")
        self.prometheus(metrics, admin)
        eventually("both targets are up", lambda: len(self.query("up == 1")) == 2)
        eventually("the backends are well", lambda: self.query('switchyard_backends{upstream="app",state="healthy"} == 2'))
        for _ in range(50):
            with urllib.request.urlopen(f"http://127.0.0.1:{listen}/", timeout=10) as answer:
                answer.read()
        eventually("requests are counted", lambda: self.query('switchyard_requests_total{listener="web",class="2xx"} >= 50'))
        self.assertFalse(self.firing() - {"SwitchyardNotConverged"}, "nothing is wrong yet")
        # The backends go.
        origin.kill()
        eventually("the upstream is down", lambda: {"SwitchyardBackendDown", "SwitchyardUpstreamDown"} <= self.firing())
        # Something else listens where the agent is to.
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        subprocess.run([BIN / "yardctl", "--credential", self.path / "c/admin.credential", "apply", "-f", "-"], check=True, capture_output=True, text=True,
                       input=f"kind: Listener\nname: taken\nspec: {{address: 127.0.0.1, port: {taken.getsockname()[1]}}}\n")
        eventually("a resource in quarantine", lambda: {"SwitchyardQuarantine", "SwitchyardNotConverged"} <= self.firing())
        controller.kill()
        eventually("no controller", lambda: "SwitchyardControllerDown" in self.firing())
        agent.kill()
        eventually("no agent", lambda: "SwitchyardAgentDown" in self.firing())


if __name__ == "__main__":
    unittest.main(verbosity=2)
