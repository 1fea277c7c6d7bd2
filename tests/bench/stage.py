"""Processes of one benchmark: started pinned, waited for, and ended in the other order. Nothing else is touched."""
import json
import os
import pathlib
import socket
import subprocess
import time


def connects(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition, what, process=None, seconds=60.0):
    """`process`: whose end makes waiting pointless."""
    end = time.monotonic() + seconds
    while not condition():
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{what} is gone: {pathlib.Path(process.log).read_text()[-2000:]}")
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def proxy_core():
    """The last core; load and origins have the first."""
    return str(max(os.sched_getaffinity(0)))


def load_core():
    return str(min(os.sched_getaffinity(0)))


def read_ready(path, what):
    wait_for(lambda: path.exists() and path.read_text().strip().endswith("}"), what)
    return json.loads(path.read_text())


class Stage:
    def __init__(self, directory):
        self.directory, self.running = pathlib.Path(directory), []

    def start(self, core, *command):
        log = open(self.directory / f"{len(self.running)}.log", "w", encoding="utf-8")
        process = subprocess.Popen(["taskset", "-c", core, *map(str, command)], stdout=log, stderr=subprocess.STDOUT)
        process.log = log.name
        self.running.append(process)
        return process

    def folder(self, name):
        path = self.directory / name
        path.mkdir(exist_ok=True)
        return path

    def end(self):
        for process in reversed(self.running):
            process.terminate()
        for process in self.running:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
