"""What soak and overload stand on: one controller, one agent, origins, certificates, and looks at the agent from outside. Ends only what it started."""
import json
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "demo"))
from processes import Process, wait_until  # noqa: E402


def connects(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Certificates:
    """A CA, and leaves for localhost that it signed."""

    def __init__(self, directory, count):
        self.directory = directory
        self.ca = directory / "ca.pem"
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=soak", "-keyout",
                 directory / "ca.key", "-out", self.ca)
        (directory / "leaf.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self.leaves = [self.issue(i) for i in range(count)]

    def run(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def issue(self, number):
        key, request, leaf = (self.directory / f"leaf-{number}.{end}" for end in ("key", "csr", "pem"))
        self.run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-keyout", key, "-out", request)
        self.run("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.directory / "ca.key", "-set_serial", str(1000 + number), "-days", "20",
                 "-extfile", self.directory / "leaf.ext", "-out", leaf)
        return leaf.read_text(), key.read_text()

    def secret(self, name, number):
        chain, key = self.leaves[number % len(self.leaves)]
        block = lambda text: "".join(f"      {line}\n" for line in text.splitlines())
        return f"kind: Secret\nname: {name}\nspec:\n  certificate:\n    chain_pem: |\n{block(chain)}    private_key_pem: |\n{block(key)}"


class Stand:
    def __init__(self, binaries, directory):
        self.binaries, self.directory = pathlib.Path(binaries).resolve(), pathlib.Path(directory)
        self.processes = []
        self.agent = None
        self.admin = 0

    def start(self, name, *command):
        process = Process(name, command, self.directory)
        self.processes.append(process)
        return process

    def start_ready(self, name, *command):
        ready = self.directory / f"{name}.ready"
        ready.unlink(missing_ok=True)
        process = self.start(name, *command, "--ready-file", ready)
        return process, process.await_ready(ready, 60)

    def open(self, workers, pin=()):
        _, facts = self.start_ready("controller", self.binaries / "yard-controller", "--data-dir", self.directory / "c", "--listen", "127.0.0.1:0",
                                    "--metrics-listen", "127.0.0.1:0", "--dashboard-listen", "off", "--log-level", "warn")
        token = self.yardctl("token", "create").strip()
        ready = self.directory / "agent.ready"
        self.agent = self.start("agent", *pin, self.binaries / "yard-agent", "--controller", f"127.0.0.1:{facts['port']}", "--data-dir", self.directory / "a",
                                "--join-token", token, "--node", "agent-0", "--workers", str(workers), "--admin-listen", "127.0.0.1:0", "--log-level", "warn",
                                "--ready-file", ready)
        self.admin = self.agent.await_ready(ready, 60)["admin_port"]
        # What is applied before it is connected waits for nobody.
        wait_until(lambda: "\nswitchyard_controller_connected 1" in self.admin_get("/metrics")[1], 60, "the agent to be connected")

    def origin(self, name, port=0, *more):
        process, facts = self.start_ready(name, self.binaries / "yard-origin", "--listen", f"127.0.0.1:{port}", "--name", name, "--threads", "1", *more)
        return process, facts["ports"][0]

    def forget(self, process):
        """Ends one that is to be started again."""
        process.kill()
        self.processes.remove(process)

    def yardctl(self, *arguments, text=""):
        done = subprocess.run([self.binaries / "yardctl", "--credential", self.directory / "c" / "admin.credential", *arguments], input=text,
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"yardctl {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def apply(self, *texts, wait="30s"):
        self.yardctl("apply", "-f", "-", f"--wait={wait}", text="---\n".join(texts))

    def admin_get(self, path, timeout=5):
        """Seconds that the admin port took, and what it said."""
        start = time.monotonic()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=timeout) as answer:
            body = answer.read()
        return time.monotonic() - start, body.decode()

    def slowest_admin_answer(self):
        return max(self.admin_get(path)[0] for path in ("/live", "/metrics"))

    def pid(self):
        return self.agent._popen.pid

    def memory_kib(self):
        for line in pathlib.Path(f"/proc/{self.pid()}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0

    def descriptors(self):
        return sum(1 for _ in pathlib.Path(f"/proc/{self.pid()}/fd").iterdir())

    def alive(self):
        return self.agent.running()

    def close(self):
        for process in reversed(self.processes):
            process.kill()


def seconds_to_get(url, timeout=5):
    start = time.monotonic()
    urllib.request.urlopen(url, timeout=timeout).read()
    return time.monotonic() - start


def put_behaviour(port, behaviour):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/__origin/behaviour", json.dumps(behaviour).encode(), method="PUT")
    urllib.request.urlopen(request, timeout=5).read()


__all__ = ["Certificates", "Process", "Stand", "connects", "put_behaviour", "seconds_to_get", "wait_until"]
