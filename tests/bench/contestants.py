"""Starts the origins and each proxy, hands them out while they run, and ends exactly what it started."""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

ORIGINS = 4


class Proxy:
    def __init__(self, name, version, port, process, deadline=10.0):
        self.name, self.version, self.port, self.process = name, version, port, process
        wait_for(lambda: connects(port), f"{name} on port {port}", deadline)

    def pids(self):
        """The process and its children: nginx works in a child."""
        own = self.process.pid
        children = pathlib.Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return [own] + [int(pid) for pid in children]

    def resident_mib(self):
        pages = sum(int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids())
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def connects(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition, what, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def last_core():
    return str(max(os.sched_getaffinity(0)))


class Stage:
    """Processes in order of start; ended in the other order."""

    def __init__(self, directory):
        self.directory, self.running = pathlib.Path(directory), []

    def start(self, core, *command):
        log = open(self.directory / f"{len(self.running)}.log", "w", encoding="utf-8")
        process = subprocess.Popen(["taskset", "-c", core, *map(str, command)], stdout=log, stderr=subprocess.STDOUT)
        self.running.append(process)
        return process

    def end(self):
        for process in reversed(self.running):
            process.terminate()
        for process in self.running:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()


def ready(path, what):
    wait_for(lambda: path.exists() and path.read_text().strip().endswith("}"), what)
    return json.loads(path.read_text())


def start_origins(stage, binaries):
    path = stage.directory / "origins.json"
    listens = [flag for _ in range(ORIGINS) for flag in ("--listen", "127.0.0.1:0")]
    stage.start("0", binaries / "yard-origin", *listens, "--ready-file", path)
    return ready(path, "the origins")["ports"]


def start_switchyard(stage, binaries, origins):
    """The way an operator does it: controller, token, agent, apply."""
    folder, port = stage.directory, free_port()
    ready_file = folder / "controller.json"
    stage.start("0", binaries / "yard-controller", "--data-dir", folder / "controller", "--listen", "127.0.0.1:0", "--ready-file", ready_file,
                "--metrics-listen", "127.0.0.1:0")
    controller = f"127.0.0.1:{ready(ready_file, 'the controller')['port']}"
    credential = next((folder / "controller").glob("admin*"))
    ctl = [binaries / "yardctl", "--credential", credential, "--controller", controller]
    token = subprocess.run([*ctl, "token", "create", "-o", "name"], capture_output=True, text=True, check=True).stdout.strip().splitlines()[-1]
    agent = stage.start(last_core(), binaries / "yard-agent", "--controller", controller, "--join-token", token, "--node", "bench", "--workers", "1",
                        "--data-dir", folder / "agent", "--admin-listen", "127.0.0.1:0", "--ready-file", folder / "agent.json")
    ready(folder / "agent.json", "the agent")
    backends = "".join(f"\n    - address: 127.0.0.1:{origin}" for origin in origins)
    config = f"""kind: Listener
name: web
spec: {{address: 127.0.0.1, port: {port}}}
---
kind: Route
name: all
spec: {{listeners: [web], forward: {{upstreams: [{{upstream: origins}}]}}}}
---
kind: Upstream
name: origins
spec:
  balancer: ROUND_ROBIN
  backends:{backends}
"""
    subprocess.run([*ctl, "apply", "-f", "-", "--wait"], input=config, text=True, check=True, capture_output=True)
    version = subprocess.run([binaries / "yard-agent", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return Proxy("switchyard", version, port, agent)


def start_nginx(stage, origins):
    port = free_port()
    servers = " ".join(f"server 127.0.0.1:{origin};" for origin in origins)
    config = stage.directory / "nginx.conf"
    config.write_text(f"""daemon off; worker_processes 1; pid {stage.directory}/nginx.pid; error_log {stage.directory}/nginx.err;
events {{ worker_connections 40000; }}
http {{
  access_log off; client_body_temp_path {stage.directory}/nginx-body; proxy_temp_path {stage.directory}/nginx-proxy;
  fastcgi_temp_path {stage.directory}/nginx-f; uwsgi_temp_path {stage.directory}/nginx-u; scgi_temp_path {stage.directory}/nginx-s;
  keepalive_requests 100000000; proxy_buffering on; proxy_request_buffering off;
  upstream origins {{ {servers} keepalive 128; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://origins; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; }} }}
}}
""")
    process = stage.start(last_core(), "nginx", "-p", stage.directory, "-c", config)
    version = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr.strip()
    return Proxy("nginx", version, port, process)


def start_haproxy(stage, origins):
    port = free_port()
    servers = "\n".join(f"  server s{i} 127.0.0.1:{origin}" for i, origin in enumerate(origins))
    config = stage.directory / "haproxy.cfg"
    config.write_text(f"""global
  nbthread 1
  maxconn 9800
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  http-reuse always
  option forwardfor
frontend web
  bind 127.0.0.1:{port}
  default_backend origins
backend origins
  balance roundrobin
{servers}
""")
    process = stage.start(last_core(), "haproxy", "-db", "-f", config)
    version = subprocess.run(["haproxy", "-v"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return Proxy("haproxy", version, port, process)


@contextlib.contextmanager
def arena(binaries):
    with tempfile.TemporaryDirectory(prefix="yard-bench-") as directory:
        os.chmod(directory, 0o755)
        stage = Stage(directory)
        try:
            origins = start_origins(stage, binaries)
            proxies = [start_switchyard(stage, binaries, origins)]
            if shutil.which("nginx"):
                proxies.append(start_nginx(stage, origins))
            if shutil.which("haproxy"):
                proxies.append(start_haproxy(stage, origins))
            yield proxies
        finally:
            stage.end()
