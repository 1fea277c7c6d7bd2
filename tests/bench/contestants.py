"""The proxies: each with one worker on the last core, its doors open, in the same arena. Each is ended with the stage."""
import contextlib
import os
import pathlib
import re
import resource
import shutil
import subprocess
import tempfile

import origins as origin_servers
import stage
import workloads


class Proxy:
    """`ports`: by door; a door that is missing is not measured."""

    def __init__(self, name, version, ports, process):
        self.name, self.version, self.ports, self.process = name, version, ports, process
        for port in ports.values():
            stage.wait_for(lambda: stage.connects(port), f"{name} on port {port}", process)

    def pids(self):
        """The process and its children: nginx works in a child."""
        own = self.process.pid
        children = pathlib.Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return [own] + [int(pid) for pid in children]

    def cpu_seconds(self):
        """User and system time of all threads that are there, to the nanosecond."""
        total = 0
        for pid in self.pids():
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    total += int(task.read_text().split()[0])
        return total / 1e9

    def pss_kib(self):
        """Proportional set size: shared libraries count in part. The kernel's socket memory is not in it."""
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total


class Arena:
    def __init__(self, on, binaries, wrap):
        self.stage, self.binaries, self.wrap = on, binaries, wrap
        self.origins = origin_servers.start(on, binaries)
        self.certificate = self.make_certificate()

    def make_certificate(self):
        chain, key = self.stage.directory / "chain.pem", self.stage.directory / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", chain,
                        "-days", "30", "-subj", "/CN=bench", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        (self.stage.directory / "both.pem").write_text(chain.read_text() + key.read_text())
        return chain, key

    def doors(self, *names):
        return {name: stage.free_port() for name in names if name != "grpc" or self.origins.http2}

    def start(self, *command):
        return self.stage.start(stage.proxy_core(), *self.wrap, *command)


def version_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return (done.stdout + done.stderr).strip().splitlines()[0]


# --- Switchyard, the way an operator sets it up: controller, token, agent, apply ---

def indented(path):
    return "".join(f"      {line}\n" for line in path.read_text().splitlines())


def switchyard_config(arena, ports):
    chain, key = arena.certificate
    backends = lambda found: "".join(f"\n    - address: 127.0.0.1:{port}" for port in found)  # noqa: E731
    parts = [f"kind: Secret\nname: bench\nspec:\n  certificate:\n    chain_pem: |\n{indented(chain)}    private_key_pem: |\n{indented(key)}"]
    parts.append(f"kind: Listener\nname: web\nspec: {{address: 127.0.0.1, port: {ports['h1']}}}\n")
    parts.append(f"kind: Listener\nname: secure\nspec:\n  address: 127.0.0.1\n  port: {ports['tls']}\n  tls: {{certificates: [{{secret: bench}}]}}\n")
    parts.append("kind: Route\nname: all\nspec: {listeners: [web, secure], forward: {upstreams: [{upstream: origins}]}}\n")
    parts.append(f"kind: Upstream\nname: origins\nspec:\n  balancer: ROUND_ROBIN\n  backends:{backends(arena.origins.http1)}\n")
    if "grpc" in ports:
        parts.append(f"kind: Listener\nname: grpc\nspec: {{address: 127.0.0.1, port: {ports['grpc']}}}\n")
        parts.append("kind: Route\nname: grpc\nspec: {listeners: [grpc], forward: {upstreams: [{upstream: services}]}}\n")
        parts.append(f"kind: Upstream\nname: services\nspec:\n  balancer: ROUND_ROBIN\n  protocol: HTTP2\n  backends:{backends(arena.origins.http2)}\n")
    if "routes" in ports:
        parts.append(f"kind: Listener\nname: routes\nspec: {{address: 127.0.0.1, port: {ports['routes']}}}\n")
        for number in range(workloads.ROUTE_HOSTS * workloads.ROUTE_PATHS):
            host, path = workloads.route(number)
            parts.append(f"kind: Route\nname: r{number}\nspec: {{listeners: [routes], hosts: [{host}], matches: [{{path: {{prefix: {path}}}}}], "
                         "forward: {upstreams: [{upstream: origins}]}}\n")
    return "---\n".join(parts)


def start_switchyard(arena, routes=True):
    folder, binaries = arena.stage.folder("switchyard"), arena.binaries
    ready_file = folder / "controller.json"
    arena.stage.start(stage.load_core(), binaries / "yard-controller", "--data-dir", folder / "controller", "--listen", "127.0.0.1:0",
                      "--ready-file", ready_file, "--metrics-listen", "127.0.0.1:0", "--dashboard-listen", "off")
    controller = f"127.0.0.1:{stage.read_ready(ready_file, 'the controller')['port']}"
    credential = next((folder / "controller").glob("admin*"))
    ctl = [binaries / "yardctl", "--credential", credential, "--controller", controller]
    token = subprocess.run([*ctl, "token", "create", "--uses", "5", "-o", "name"], capture_output=True, text=True, check=True).stdout.strip().splitlines()[-1]
    agent = arena.start(binaries / "yard-agent", "--controller", controller, "--join-token", token, "--node", "bench", "--workers", "1",
                        "--data-dir", folder / "agent", "--admin-listen", "127.0.0.1:0", "--ready-file", folder / "agent.json")
    stage.read_ready(folder / "agent.json", "the agent")
    ports = arena.doors("h1", "tls", "grpc", *(["routes"] if routes else []))
    done = subprocess.run([*ctl, "apply", "-f", "-", "--wait"], input=switchyard_config(arena, ports), text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"yardctl apply: {done.stderr[:2000]}")
    ports["h2"] = ports["h1"]
    return Proxy("switchyard", version_of(binaries / "yard-agent", "--version"), ports, agent)


# --- nginx ---

def nginx_routes(port):
    servers = []
    for host in range(workloads.ROUTE_HOSTS):
        places = "".join(f"location {workloads.route(host * workloads.ROUTE_PATHS + path)[1]} {{ proxy_pass http://origins; }} "
                         for path in range(workloads.ROUTE_PATHS))
        servers.append(f"  server {{ listen 127.0.0.1:{port}; server_name {workloads.route(host * workloads.ROUTE_PATHS)[0]}; {places}}}\n")
    return "".join(servers)


def start_nginx(arena, program="nginx", name="nginx", one_process=False, routes=True):
    folder = arena.stage.folder(name)
    ports = arena.doors("h1", "tls", "h2", "grpc", *(["routes"] if routes else []))
    upstream = lambda label, found: (f"  upstream {label} {{ {' '.join(f'server 127.0.0.1:{port};' for port in found)} "  # noqa: E731
                                     "keepalive 128; keepalive_requests 100000000; }\n")
    grpc = ""
    if "grpc" in ports:
        grpc = upstream("services", arena.origins.http2)
        grpc += f"  server {{ listen 127.0.0.1:{ports['grpc']} http2; location / {{ grpc_pass grpc://services; }} }}\n"
    config = folder / "nginx.conf"
    config.write_text(f"""daemon off; {'master_process off; ' if one_process else ''}worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 40000; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; keepalive_requests 100000000; proxy_request_buffering off;
  server_names_hash_max_size 8192; server_names_hash_bucket_size 128; http2_max_concurrent_streams 256;
  ssl_certificate {arena.certificate[0]}; ssl_certificate_key {arena.certificate[1]}; ssl_protocols TLSv1.2 TLSv1.3;
  proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header Connection "";
{upstream("origins", arena.origins.http1)}{grpc}
  server {{ listen 127.0.0.1:{ports['h1']}; listen 127.0.0.1:{ports['h2']} http2; listen 127.0.0.1:{ports['tls']} ssl http2;
    location / {{ proxy_pass http://origins; }}
    location /ws {{ proxy_pass http://origins; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; }} }}
{nginx_routes(ports['routes']) if routes else ''}
}}
""")
    process = arena.start(program, "-p", folder, "-c", config)
    return Proxy(name, version_of(program, "-v"), ports, process)


# --- HAProxy ---

def start_haproxy(arena, program="haproxy", name="haproxy", routes=True):
    folder = arena.stage.folder(name)
    ports = arena.doors("h1", "tls", "h2", "grpc", *(["routes"] if routes else []))
    table = folder / "routes.map"
    table.write_text("".join("{}{} origins\n".format(*workloads.route(n)) for n in range(workloads.ROUTE_HOSTS * workloads.ROUTE_PATHS)))
    servers = lambda found, how="": "".join(f"  server s{i} 127.0.0.1:{port}{how}\n" for i, port in enumerate(found))  # noqa: E731
    grpc = ""
    if "grpc" in ports:
        grpc = (f"frontend grpc\n  bind 127.0.0.1:{ports['grpc']} proto h2\n  default_backend services\n"
                f"backend services\n  balance roundrobin\n{servers(arena.origins.http2, ' proto h2')}")
    front = f"frontend routes\n  bind 127.0.0.1:{ports['routes']}\n  use_backend %[base,map_beg({table},none)]\n" if routes else ""
    # Two per connection; HAProxy does not start without.
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    config = folder / "haproxy.cfg"
    config.write_text(f"""global
  nbthread 1
  maxconn {descriptors // 2 - 300}
  tune.ssl.default-dh-param 2048
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
  http-reuse always
  option forwardfor
frontend web
  bind 127.0.0.1:{ports['h1']}
  bind 127.0.0.1:{ports['h2']} proto h2
  bind 127.0.0.1:{ports['tls']} ssl crt {arena.stage.directory}/both.pem alpn h2,http/1.1
  default_backend origins
{front}backend origins
  balance roundrobin
{servers(arena.origins.http1)}{grpc}""")
    process = arena.start(program, "-db", "-f", config)
    return Proxy(name, version_of(program, "-v"), ports, process)


# --- nghttpx: the peer to beat for HTTP/2 ---

def start_nghttpx(arena):
    ports = arena.doors("h2", "tls", "grpc")
    first = [f"--backend=127.0.0.1,{port}" for port in arena.origins.http1]
    shared = ["--conf=/dev/null", "--workers=1", "--accesslog-file=/dev/null", "--errorlog-file=/dev/stderr", "--single-process"]
    chain, key = arena.certificate
    fronts = [f"--frontend=127.0.0.1,{ports['h2']};no-tls", f"--frontend=127.0.0.1,{ports['tls']}"]
    process = arena.start("nghttpx", *shared, *fronts, *first, key, chain)
    if "grpc" in ports:
        # One process has one kind of backend per path; gRPC has one of its own.
        second = [f"--backend=127.0.0.1,{port};;proto=h2" for port in arena.origins.http2]
        other = arena.start("nghttpx", *shared, f"--frontend=127.0.0.1,{ports['grpc']};no-tls", *second)
        return Twins("nghttpx", version_of("nghttpx", "--version"), ports, process, other)
    return Proxy("nghttpx", version_of("nghttpx", "--version"), ports, process)


# --- The floor: bytes carried and not looked at ---

def start_relay(arena):
    ports = arena.doors("h1")
    process = arena.start(arena.binaries / "bench-relay", ports["h1"], *arena.origins.http1)
    return Proxy("relay", "bench-relay: carries bytes, reads nothing; the floor, not a peer", ports, process)


class Twins(Proxy):
    def __init__(self, name, version, ports, process, other):
        self.other = other
        super().__init__(name, version, ports, process)

    def pids(self):
        return super().pids() + [self.other.pid]


def peers(arena, one_process=False, routes=True):
    """Those of Debian that are installed, and those that YARD_BENCH_HAPROXY and YARD_BENCH_NGINX name by path."""
    if shutil.which("nginx"):
        yield start_nginx(arena, one_process=one_process, routes=routes)
    if shutil.which("haproxy"):
        yield start_haproxy(arena, routes=routes)
    if shutil.which("nghttpx") and not one_process:
        yield start_nghttpx(arena)
    for variable, start in (("YARD_BENCH_HAPROXY", start_haproxy), ("YARD_BENCH_NGINX", start_nginx)):
        program = os.environ.get(variable)
        if program:
            found = re.search(r"\d+\.\d+", version_of(program, "-v"))
            name = f"{variable.rsplit('_', 1)[1].lower()} {found.group(0) if found else 'given'}"
            yield start(arena, program, name, routes=routes)


@contextlib.contextmanager
def arena(binaries, wrap=()):
    """`wrap`: a command in front of each proxy's own."""
    with tempfile.TemporaryDirectory(prefix="yard-bench-") as directory:
        os.chmod(directory, 0o755)
        on = stage.Stage(directory)
        try:
            yield Arena(on, binaries, wrap)
        finally:
            on.end()
