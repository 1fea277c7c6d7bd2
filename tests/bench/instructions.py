"""Instructions per request in user space, by callgrind on a fixed number of requests: the figure that does not depend on what else the machine does.

Of the thread that ran most, which is the worker: others report and log by time, not by request.
"""
import pathlib
import re
import subprocess
import time

import contestants
import load
import workloads

WARM = 200


def wrap(directory):
    return ("valgrind", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=yes", f"--callgrind-out-file={directory}/callgrind.%p")


def control(pid, *command):
    subprocess.run(["callgrind_control", *command, str(pid)], check=True, capture_output=True, timeout=120)


def total(directory, pid, known):
    """Of the busiest thread in the newest dump; callgrind writes a file per dump and thread, and the sum at the end of each."""
    for _ in range(200):
        fresh = [path for path in pathlib.Path(directory).glob(f"callgrind.{pid}.*") if path not in known]
        found = [re.search(r"^totals: (\d+)\s*$", path.read_text(errors="replace")[-200:], re.M) for path in fresh]
        if fresh and all(found):
            known.update(fresh)
            return max(int(match.group(1)) for match in found)
        time.sleep(0.05)
    raise TimeoutError("callgrind wrote no dump")


def count(proxy, workload, bodies, directory, known, share):
    pid = proxy.process.pid
    requests = max(20, int(workload.counted * share))
    load.run_counted(proxy, workload, bodies, min(WARM, requests))
    control(pid, "-i", "on")
    load.run_counted(proxy, workload, bodies, requests)
    control(pid, "-i", "off")
    control(pid, "-d")
    return total(directory, pid, known) / requests


def measure(binaries, names, with_peers, share=1.0):
    """instructions[workload][proxy]"""
    found = {}
    with contestants.arena(binaries) as arena:
        arena.wrap = wrap(arena.stage.directory)
        routes = "10,000 routes" in names
        proxies = [contestants.start_switchyard(arena, routes=routes)]
        if with_peers:
            proxies += list(contestants.peers(arena, one_process=True, routes=routes))
        bodies = load.Bodies(arena.stage.directory)
        known = set()
        for name in names:
            workload = workloads.WORKLOADS[name]
            if workload.counted == 0:
                continue
            found[name] = {proxy.name: count(proxy, workload, bodies, arena.stage.directory, known, share)
                           for proxy in proxies if workload.door in proxy.ports}
    return found
