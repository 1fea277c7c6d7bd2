#!/usr/bin/env python3
"""Goal: a real Prometheus reads a live fleet; each alert fires on a fault that is its cause, and goes when the fault does.
Method: controller, two agents and backends as processes, under load; Prometheus and Alertmanager with the product's rules, only their time cut
(small_fleet.py); then faults, one after the other. At the end every alert of the rules has fired."""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest
import urllib.request

sys.dont_write_bytecode = True
from small_fleet import BIN, ROOT, SmallFleet, eventually, free_port  # noqa: E402

GOOD_RATE = 500
# Failing requests a second beside GOOD_RATE: shares of 0.2, 0.45, 0.95 and 4 %, each between the thresholds of two rules.
BURNS = [(1, {1}), (2.25, {1, 3}), (4.8, {1, 3, 6}), (20, {1, 3, 6, 14})]


class Alerts(unittest.TestCase):
    def setUp(self):
        self.assertIsNotNone(shutil.which("prometheus"), "tools/install-deps test")
        self.fleet = SmallFleet()
        self.addCleanup(self.fleet.stop)
        self.seen = set()
        self.began = time.monotonic()

    def say(self, text):
        print(f"{time.monotonic() - self.began:5.1f} s  {text}", flush=True)

    def look(self):
        now = self.fleet.firing()
        self.seen |= {re.sub(r"\{.*", "", alert) for alert in now}
        return now

    def await_firing(self, *alerts):
        try:
            eventually(f"{alerts} fire", lambda: set(alerts) <= self.look())
        except AssertionError as error:
            raise AssertionError(f"{error}; there are {sorted(self.look())}") from None
        self.say("fire: " + ", ".join(alerts))

    def await_gone(self, *alerts):
        try:
            eventually(f"{alerts} are gone", lambda: not set(alerts) & self.look())
        except AssertionError as error:
            raise AssertionError(f"{error}; there are {sorted(self.look())}") from None
        self.say("gone: " + ", ".join(alerts))

    # --- what is there ---

    def secret(self, days):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem", "-out",
                        "cert.pem", "-days", str(days), "-subj", "/CN=a.example", "-addext", "subjectAltName=DNS:a.example"],
                       cwd=self.fleet.path, check=True, capture_output=True)
        indent = lambda name: (self.fleet.path / name).read_text().rstrip().replace("\n", "\n      ")  # noqa: E731
        return (f"kind: Secret\nname: site\nspec:\n  certificate:\n    chain_pem: |\n      {indent('cert.pem')}\n"
                f"    private_key_pem: |\n      {indent('key.pem')}\n")

    def site(self):
        """Listeners `web` (well, and burning) and `shaky`, on agent one; `tls` on it shows a Secret."""
        self.ports = {name: free_port() for name in ("web", "shaky", "tls", "well", "down-1", "down-2", "half-1", "half-2", "shaky-1", "shaky-2")}
        port = self.ports
        one = "agents: {match_labels: {node: one}}"
        parts = [self.secret(365)]
        for name in ("web", "shaky"):
            parts.append(f"kind: Listener\nname: {name}\nspec: {{address: 127.0.0.1, port: {port[name]}, {one}}}\n")
        parts.append(f"kind: Listener\nname: tls\nspec:\n  address: 127.0.0.1\n  port: {port['tls']}\n  {one}\n  tls: {{certificates: [{{secret: site}}]}}\n")
        probe = "health_check: {http: {path: /healthz}, interval: 500ms, timeout: 300ms}"
        upstreams = {"well": f"breaker: {{mode: 'OFF'}}, {probe}", "down": probe, "half": probe,
                     "shaky": "breaker: {mode: COUNT, failure_threshold: 3, success_threshold: 1, open_timeout: 2s}"}
        for name, more in upstreams.items():
            backends = ", ".join(f'{{address: "127.0.0.1:{p}"}}' for key, p in port.items() if key.split("-")[0] == name)
            parts.append(f"kind: Upstream\nname: {name}\nspec: {{backends: [{backends}], {more}}}\n")
        for name, listener, path in (("well", "web", "/"), ("down", "web", "/down"), ("half", "web", "/half"), ("shaky", "shaky", "/")):
            parts.append(f"kind: Route\nname: {name}\nspec: {{listeners: [{listener}], matches: [{{path: {{prefix: {path}}}}}], "
                         f"forward: {{upstreams: [{{upstream: {name}}}]}}}}\n")
        return "---\n".join(parts)

    def behave(self, port, behaviour):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/__origin/behaviour", data=behaviour.encode(), method="PUT")
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()

    def start(self):
        fleet = self.fleet
        fleet.start_controller()
        fleet.start_agent("one", join=True)
        fleet.start_agent("two", join=True)
        site = self.site()
        port = self.ports
        self.origins = {name: fleet.start_origin(*[p for key, p in port.items() if key.startswith(name)])
                        for name in ("well", "down", "half-1", "half-2", "shaky-1", "shaky-2")}
        fleet.apply(site, "--wait")
        fleet.start_prometheus()
        eventually("all targets are up", lambda: len(fleet.query("up == 1")) == 3)
        eventually("the backends are well", lambda: len(fleet.query('switchyard_backends{upstream=~"down|half",state="healthy"} == 2')) == 2)
        fleet.load(port["web"], GOOD_RATE)
        fleet.load(port["shaky"], 50)
        eventually("requests are counted", lambda: fleet.query('switchyard_requests_total{listener="web",class="2xx"} >= 500'))
        eventually("nothing is wrong", lambda: not self.fleet.firing())
        self.say("the fleet is read, and nothing is wrong")

    def burn(self, step):
        """Some of the requests fail from now on; exactly the rules fire whose threshold that share is over."""
        rate, rules = BURNS[step]
        if step > 0:
            self.fleet.end(self.failing)
        self.failing = self.fleet.load(self.ports["web"], rate, "/status/500")
        self.burning = {f"ErrorBudgetBurn{rule}{{web}}" for rule in rules}

    def await_burn(self):
        def exactly():
            return {alert for alert in self.look() if alert.startswith("ErrorBudgetBurn") and alert.endswith("{web}")} == self.burning
        eventually(f"exactly {self.burning} fire", exactly)
        self.say("fire: " + ", ".join(sorted(self.burning)))

    # --- the faults, in order ---

    def test_each_alert_fires_on_its_cause_and_goes_with_it(self):
        self.start()
        self.burn(0)
        self.backends_go()
        self.await_burn()
        self.burn(1)
        self.configurations_go_wrong()
        self.await_burn()
        self.burn(2)
        self.agent_goes()
        self.await_burn()
        self.burn(3)
        self.controller_goes()
        self.await_burn()
        self.fleet.end(self.failing)
        self.certificate_ends()
        self.await_gone(*self.burning)
        rules = (ROOT / "deploy/prometheus/switchyard.rules.yaml").read_text()
        self.assertEqual(self.seen, set(re.findall(r"alert: Switchyard(\w+)", rules)), "every alert has fired")
        eventually("nothing is wrong any more", lambda: not self.look())

    def backends_go(self):
        for name in ("down", "half-1"):
            self.fleet.end(self.origins[name])
        self.behave(self.ports["shaky-1"], '{"error_rate": 1, "error_status": 503}')
        self.log_disk(full=True)
        self.await_firing("BackendDown{down}", "UpstreamDown{down}", "BackendDown{half}", "BreakerOpen{shaky}", "AccessLogLoses{one}")
        self.assertNotIn("UpstreamDown{half}", self.look())
        eventually("one page for an upstream that is down", lambda: "BackendDown{down}" in self.fleet.held_back())
        self.assertNotIn("BackendDown{half}", self.fleet.held_back())
        self.fleet.start_origin(self.ports["down-1"], self.ports["down-2"])
        self.fleet.start_origin(self.ports["half-1"])
        self.behave(self.ports["shaky-1"], '{"error_rate": 0}')
        self.log_disk(full=False)
        self.await_gone("BackendDown{down}", "UpstreamDown{down}", "BackendDown{half}", "BreakerOpen{shaky}", "AccessLogLoses{one}")

    def log_disk(self, full):
        """A device that is always full takes the place of the disk on which agent one writes its access log."""
        log = self.fleet.access_log("one")
        log.unlink()
        if full:
            log.symlink_to("/dev/full")
        self.fleet.agents["one"].send_signal(signal.SIGHUP)

    def configurations_go_wrong(self):
        def listener(name, address, port):
            return f"kind: Listener\nname: {name}\nspec: {{address: {address}, port: {port}, agents: {{match_labels: {{node: two}}}}}}\n"
        # Something else listens where the agent is to; a certificate that was not renewed; more listeners than a metric holds.
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = free_port()
        many = [listener(f"many-{i}", f"127.77.{i // 200}.{i % 200 + 1}", port) for i in range(260)]
        self.fleet.apply("---\n".join([listener("taken", "127.0.0.1", taken.getsockname()[1]), self.secret(5), *many]))
        self.await_firing("Quarantine{two}", "NotConverged", "SecretEnds{site}", "MetricsCeiling{two}")
        self.fleet.yardctl("delete", "listener", "taken", *[f"many-{i}" for i in range(260)])
        self.fleet.apply(self.secret(365), "--wait")
        self.await_gone("Quarantine{two}", "NotConverged", "SecretEnds{site}", "MetricsCeiling{two}")

    def agent_goes(self):
        self.fleet.end(self.fleet.agents["two"])
        self.await_firing("AgentDown{two}")

    def controller_goes(self):
        self.fleet.end(self.fleet.controller)
        self.await_firing("ControllerDown")
        # The host comes back after twenty minutes, with what it had, and there is no controller.
        old = time.time() - 1200
        os.utime(self.fleet.path / "two/snapshot.last", (old, old))
        self.fleet.start_agent("two")
        self.await_firing("AgentStale{two}")
        self.await_gone("AgentDown{two}")
        self.fleet.start_controller("--agent-certificate-life", "5h")
        self.await_gone("ControllerDown", "AgentStale{two}")

    def certificate_ends(self):
        """A host whose certificates do not last: its agent joins a controller that gives five hours."""
        def join_anew():
            self.fleet.end(self.fleet.agents["two"])
            shutil.rmtree(self.fleet.path / "two")
            self.fleet.start_agent("two", join=True)
        join_anew()
        self.await_firing("AgentCertificateEnds{two}")
        self.fleet.end(self.fleet.controller)
        self.fleet.start_controller()
        join_anew()
        self.await_gone("AgentCertificateEnds{two}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
