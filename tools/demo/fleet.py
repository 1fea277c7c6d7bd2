"""The fleet of the demo: which programs run, with which arguments, on which ports."""
import json
import os
import pathlib
import socket
import subprocess
import time

from processes import Process, StartError, wait_until

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "examples" / "demo"
AGENTS = ("edge-1", "edge-2", "edge-3")
# Backend name -> the address that stands for it in deploy/examples/demo/upstreams.yaml.
ORIGINS = {
    "stable-1": "127.0.0.1:19001", "stable-2": "127.0.0.1:19002", "stable-3": "127.0.0.1:19003",
    "canary-1": "127.0.0.1:19011", "canary-2": "127.0.0.1:19012", "canary-3": "127.0.0.1:19013",
}
# How long a backend takes: some requests are in flight at any time, so that a kill does hit some.
BEHAVIOUR = '{"latency": {"kind": "lognormal", "median_ms": 8, "sigma": 0.6}, "body_size": 1024}'
# Agent -> the listener port that stands for it in deploy/examples/demo/listeners.yaml.
PORTS = {"edge-1": 18081, "edge-2": 18082, "edge-3": 18083}


def free_port():
    """A port that nobody has just now. Listener ports stand in the configuration, so they cannot be left to the kernel."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Yardctl:
    """The result of one yardctl call."""

    def __init__(self, completed, seconds):
        self.exit_code = completed.returncode
        self.out = completed.stdout
        self.err = completed.stderr
        self.seconds = seconds

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            raise StartError(f"yardctl did not answer in JSON (exit code {self.exit_code}): {self.err.strip() or self.out.strip()}") from None


class Fleet:
    def __init__(self, binaries, directory):
        self.binaries = binaries
        self.directory = directory
        self.controller = None
        self.controller_address = "127.0.0.1:0"
        self.agents = {}
        self.origins = {}
        self.origin_ports = {}
        self.listener_ports = {agent: free_port() for agent in AGENTS}
        self.loads = []
        self._runs = 0

    # --- programs ---

    def _binary(self, name):
        path = self.binaries / name
        if not path.exists():
            raise StartError(f"{path} is not there; build first (make build)")
        return path

    def _start(self, name, program, *arguments):
        self._runs += 1
        ready = self.directory / f"{name}.{self._runs}.ready"
        process = Process(name, [self._binary(program), *arguments, "--ready-file", ready], self.directory)
        return process, ready

    def start_controller(self):
        self.controller, ready = self._start("controller", "yard-controller", "--data-dir", self.directory / "controller",
                                             "--listen", self.controller_address, "--metrics-listen", "127.0.0.1:0",
                                             "--dashboard-listen", "127.0.0.1:0")
        port = self.controller.await_ready(ready)["port"]
        self.controller_address = f"127.0.0.1:{port}"

    def start_agent(self, node, token=None, wait=True, flags=()):
        """With a token it enrols; without it uses the identity that it has."""
        arguments = ["--node", node, "--label", f"node={node}", "--controller", self.controller_address, "--workers", "1",
                     "--data-dir", self.directory / node, "--admin", "127.0.0.1:0", *flags]
        if token:
            token_file = self.directory / f"join-token.{node}"
            token_file.touch(mode=0o600)
            token_file.write_text(token)
            arguments += ["--join-token-file", token_file]
        self.agents[node], ready = self._start(node, "yard-agent", *arguments)
        if wait:
            self.agents[node].await_ready(ready)

    def start_origin(self, name):
        """On the port that it had before, if it had one."""
        self.origins[name], ready = self._start(name, "yard-origin", "--name", name, "--behaviour", BEHAVIOUR, "--listen",
                                                f"127.0.0.1:{self.origin_ports.get(name, 0)}")
        self.origin_ports[name] = self.origins[name].await_ready(ready)["ports"][0]

    def host_state(self):
        """How busy the host is, to read times by: its load, and what starting and ending a program costs that does nothing."""
        began = time.monotonic()
        subprocess.run([self._binary("yard-agent"), "--version"], stdout=subprocess.DEVNULL, check=False)
        taken = (time.monotonic() - began) * 1000
        return f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores, `yard-agent --version` takes {taken:.0f} ms"

    def stop(self):
        for process in [*self.loads, *self.agents.values(), *self.origins.values(), self.controller]:
            if process is not None and process.running():
                process.kill()

    def fallen(self):
        """Programs that ended although nobody here ended them, each with its last words; named once."""
        fallen = []
        for process in [*self.agents.values(), *self.origins.values(), self.controller]:
            if process is not None and not process.running() and not process.ended_by_us:
                process.ended_by_us = True
                fallen.append(f"{process.name}: {process.last_words(1)}")
        return fallen

    # --- configuration ---

    def yardctl(self, *arguments, stdin=None):
        began = time.monotonic()
        command = [self._binary("yardctl"), "--credential", self.directory / "controller" / "admin.credential",
                   "--controller", self.controller_address, *arguments]
        completed = subprocess.run([str(word) for word in command], input=stdin, capture_output=True, text=True, timeout=120, check=False)
        return Yardctl(completed, time.monotonic() - began)

    def example(self, name):
        """A file of deploy/examples/demo with the ports of this run in place of those in it."""
        text = (EXAMPLES / name).read_text()
        for origin, address in ORIGINS.items():
            text = text.replace(address, f"127.0.0.1:{self.origin_ports[origin]}")
        for agent, port in PORTS.items():
            text = text.replace(f"port: {port}", f"port: {self.listener_ports[agent]}")
        return text

    def examples(self):
        return "\n---\n".join(self.example(name) for name in ("listeners.yaml", "upstreams.yaml", "route.yaml"))

    def apply(self, text, *flags):
        return self.yardctl("apply", "-f", "-", "-o", "json", *flags, stdin=text)

    def newest_generation(self):
        return self.yardctl("history", "--limit", "1", "-o", "name").out.strip()

    def connected_agents(self):
        answer = self.yardctl("agents", "-o", "json")
        if answer.exit_code != 0:
            return 0
        return sum(1 for agent in answer.json().get("agents", []) if agent.get("connected"))

    def await_agents(self, count=len(AGENTS), seconds=30):
        wait_until(lambda: self.connected_agents() >= count, seconds, f"{count} agents to be connected")

    def url(self, agent, path="/"):
        return f"http://127.0.0.1:{self.listener_ports[agent]}{path}"

    def how_to_play(self):
        return (f"\n  export PATH={self.binaries}:$PATH YARDCTL_CREDENTIAL={self.directory / 'controller' / 'admin.credential'}\n"
                f"  yardctl agents; yardctl get all; yardctl top\n"
                + "".join(f"  curl -i {self.url(agent)}\n" for agent in AGENTS)
                + "\nA service of your own behind it (docs/quickstart.md):\n"
                + "  python3 -m http.server 8000 --bind 127.0.0.1 &\n"
                + f"  yardctl apply --wait -f {EXAMPLES / 'own-service.yaml'}\n"
                + f"  curl --retry 5 -H 'Host: mine.example' {self.url(next(iter(AGENTS)))}\n")
