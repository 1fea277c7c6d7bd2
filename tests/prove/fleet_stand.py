"""What loop and recovery stand on: a controller, agents with one worker each, and open-loop clients in this process. Ends only what it started."""
import asyncio
import collections
import pathlib
import random
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "demo"))
from processes import Process  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from ports import free_ports  # noqa: E402


class Client:
    """Open loop through one agent: intended starts fixed beforehand, keep-alive connections reused. `answered` is told the head of each 200.
    `agent` is told to backends."""

    def __init__(self, port, rate, routes, answered=None, agent=""):
        self.port, self.rate, self.routes, self.answered = port, rate, routes, answered
        self.header = f"x-agent: {agent}\r\n" if agent else ""
        self.idle = []
        self.ok = self.failed = 0
        self.why = collections.Counter()  # of failures: status and cause, or what became of the connection
        self.tasks = set()

    async def run(self):
        loop = asyncio.get_running_loop()
        due = loop.time() + random.random() / self.rate
        while True:
            await asyncio.sleep(max(0, due - loop.time()))
            due += random.expovariate(self.rate)
            task = loop.create_task(self.one())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def one(self):
        try:
            reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(f"GET /{random.randrange(self.routes)} HTTP/1.1\r\nHost: a\r\n{self.header}\r\n".encode())
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r")[0])
            await reader.readexactly(length)
            self.idle.append((reader, writer))
            good = head.startswith(b"HTTP/1.1 200")
            why = head.split(b" ", 2)[1].decode() + "".join(re.findall(r"x-switchyard-cause: (\w+)", " " + head.decode()))
            if good and self.answered is not None:
                self.answered(head)
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, IndexError) as error:
            good, why = False, type(error).__name__
        if not good:
            self.why[why] += 1
        self.ok += good
        self.failed += not good


class Fleet:
    """Programs by name, and their ready files. Listeners: `ports`, one per agent."""

    def __init__(self, binaries, directory, agents):
        self.binaries, self.directory, self.agents = pathlib.Path(binaries).resolve(), directory, agents
        self.processes = []
        self.admin_ports = []
        self.ports = free_ports(agents)

    def start(self, name, program, *arguments):
        ready = self.directory / f"{name}.ready"
        ready.unlink(missing_ok=True)
        process = Process(name, [self.binaries / program, *arguments, "--ready-file", ready], self.directory)
        self.processes.append(process)
        return process, process.await_ready(ready, 60)

    def yardctl(self, *arguments, text=""):
        return subprocess.run([self.binaries / "yardctl", "--credential", self.directory / "c" / "admin.credential", *arguments], input=text,
                              capture_output=True, text=True, timeout=60)

    def open_control(self):
        """The controller and the agents; nothing is applied yet."""
        self.controller_command = ["yard-controller", "--data-dir", self.directory / "c", "--listen", f"127.0.0.1:{free_ports(1)[0]}", "--metrics-listen", ""]
        _, facts = self.start("controller", *self.controller_command)
        token = self.yardctl("token", "create", "--uses", str(self.agents)).stdout.strip()
        for i in range(self.agents):
            _, ready = self.start(f"agent-{i}", "yard-agent", "--controller", f"127.0.0.1:{facts['port']}", "--data-dir", self.directory / f"a{i}",
                                  "--join-token", token, "--node", f"agent-{i}", "--label", f"node=agent-{i}", "--zone", f"z{i % 3}", "--workers", "1",
                                  "--admin-listen", "127.0.0.1:0", "--log-level", "warn")
            self.admin_ports.append(ready["admin_port"])

    def apply(self, text):
        applied = self.yardctl("apply", "-f", "-", "--wait=30s", text=text)
        if applied.returncode != 0:
            raise SystemExit(applied.stdout + applied.stderr)

    def listeners_yaml(self, routes, own=True):
        """A listener per agent, and routes /0, /1, ... to upstream `app`: of each listener its own, or the same for all."""
        out = []
        for i, port in enumerate(self.ports):
            out.append(f"kind: Listener\nname: l{i}\nspec:\n  address: 127.0.0.1\n  port: {port}\n  agents: {{match_labels: {{node: agent-{i}}}}}\n")
        every = [f"l{i}" for i in range(self.agents)]
        for name, listeners in [(f"{listener}-", [listener]) for listener in every] if own else [("", every)]:
            out += [f"kind: Route\nname: {name}r{k}\nspec:\n  listeners: [{', '.join(listeners)}]\n  matches: [{{path: {{prefix: /{k}}}}}]\n"
                    "  timeouts: {response: 2s}\n  forward: {upstreams: [{upstream: app}]}\n" for k in range(routes)]
        return out

    def close(self):
        for process in reversed(self.processes):
            process.kill()
