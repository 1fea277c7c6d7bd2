"""What the demo does, step by step, and the promises that each step puts to the test."""
import http.client
import json
import math
import re
import socket
import time

from fleet import AGENTS, ORIGINS, free_port
from load import Load
from processes import wait_until

# An agent that starts without a controller must serve within this.
START_BUDGET_MS = 200


def run(fleet, report, rate, seconds):
    start(fleet, report)
    apply_examples(fleet, report)
    for step in (shift_split, refuse_bad_change, quarantine, kill_backend, kill_controller, kill_agent_without_controller, drain_restart):
        step(fleet, report, rate, seconds)
        dead = fleet.fallen()
        report.promise("nothing died but what was killed", not dead, ", ".join(dead))
    final_state(fleet, report)


def rounded(text):
    """A duration of the API (`4ms877us43ns`) in milliseconds."""
    units = {"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4, "h": 3.6e6}
    return f"{sum(float(number) * units[unit] for number, unit in re.findall(r'([0-9.]+)(ns|us|ms|s|m|h)', text)):.1f} ms"


def none_failed(report, load):
    report.load(load.result)
    report.promise("no request failed", load.result.failed == 0, load.result.what_failed())


def applied_everywhere(report, answer, what):
    """After `apply --wait -o json`."""
    convergence = answer.json().get("convergence", {}) if answer.exit_code in (0, 5) else {}
    held = report.promise(f"{what} is live on every agent", answer.exit_code == 0 and convergence.get("total", 0) == len(AGENTS),
                          (answer.err or answer.out).strip())
    if held:
        report.took(f"live on {convergence['applied']} agents after {rounded(convergence['took'])} (command: {answer.seconds * 1000:.0f} ms)")


def first_answer_ms(fleet, agent, began, limit=10):
    """Milliseconds from `began` until the agent's listener gives its first 200."""
    def answered():
        try:
            connection = http.client.HTTPConnection("127.0.0.1", fleet.listener_ports[agent], timeout=1)
            connection.request("GET", "/")
            status = connection.getresponse().status
            connection.close()
            return status == 200
        except (OSError, http.client.HTTPException):
            return False
    wait_until(answered, limit, f"{agent} to serve")
    return (time.monotonic() - began) * 1000


def start(fleet, report):
    report.begin("start controller, 3 agents, 6 backends")
    began = time.monotonic()
    fleet.start_controller()
    token = fleet.yardctl("token", "create", "--uses", str(len(AGENTS)), "-o", "name")
    if not report.promise("the controller made itself a CA and yardctl a join token", token.exit_code == 0, token.err.strip()):
        return
    for agent in AGENTS:
        fleet.start_agent(agent, token.out.strip(), wait=False)
    for origin in ORIGINS:
        fleet.start_origin(origin)
    fleet.await_agents()
    report.took(f"{(time.monotonic() - began) * 1000:.0f} ms")
    stranger = fleet.yardctl("agents", "--credential", "/dev/null")
    report.promise("a caller without a credential gets nothing", stranger.exit_code != 0)


def apply_examples(fleet, report):
    report.begin("apply deploy/examples/demo")
    answer = fleet.apply(fleet.examples(), "--wait=15s", "--reason", "first configuration")
    applied_everywhere(report, answer, "the first generation")
    for agent in AGENTS:
        first_answer_ms(fleet, agent, time.monotonic())
    again = fleet.newest_generation()
    fleet.apply(fleet.examples(), "--wait=15s")
    report.promise("applying the same again makes no generation", fleet.newest_generation() == again)


def measured_share(fleet, report, rate, seconds, expected):
    """Share of canary answers under load, against the configured one: within four standard deviations of a fair draw."""
    with Load(fleet, rate, seconds / 2) as load:
        pass
    none_failed(report, load)
    share, total = load.result.share("canary"), max(1, load.result.requests)
    tolerance = 4 * math.sqrt(expected * (1 - expected) / total)
    report.promise(f"canary gets {expected * 100:.0f} % (measured {share * 100:.1f} %)", abs(share - expected) <= tolerance)


def shift_split(fleet, report, rate, seconds):
    report.begin("split 90/10 before")
    measured_share(fleet, report, rate, seconds, 0.10)
    report.begin("shift the split to 50/50 under load")
    half = fleet.example("route.yaml").replace("weight: 90", "weight: 50").replace("weight: 10", "weight: 50")
    with Load(fleet, rate, seconds) as load:
        applied_everywhere(report, fleet.apply(half, "--wait=15s", "--reason", "half and half"), "the split")
    none_failed(report, load)
    report.begin("split 50/50 after")
    measured_share(fleet, report, rate, seconds, 0.50)


def refuse_bad_change(fleet, report, rate, seconds):
    report.begin("a bad change under load")
    bad = fleet.example("route.yaml").replace("upstream: canary", "upstream: nowhere")
    before = fleet.newest_generation()
    with Load(fleet, rate, seconds) as load:
        answer = fleet.apply(bad, "--wait=15s")
    report.promise("it is refused (exit code 1)", answer.exit_code == 1, f"exit code {answer.exit_code}")
    report.promise("the complaint names resource, field and reason", all(word in answer.err for word in ("Route/shop", "spec.forward", "nowhere")),
                   answer.err.strip())
    report.note(f"yardctl: {answer.err.strip().splitlines()[0] if answer.err.strip() else ''}")
    report.promise("nothing was committed", fleet.newest_generation() == before)
    none_failed(report, load)


def extra_listener(port):
    """A second listener on edge-2, with a route of its own; and, in the same change, a label on an upstream as its sibling."""
    return f"""
kind: Listener
name: side-door
spec:
  address: 127.0.0.1
  port: {port}
  agents: {{match_labels: {{node: edge-2}}}}
---
kind: Route
name: side-door
spec:
  listeners: [side-door]
  forward: {{upstreams: [{{upstream: canary}}]}}
---
kind: Route
name: sibling
spec:
  listeners: [edge-1, edge-2, edge-3]
  matches: [{{path: {{exact: /sibling}}}}]
  forward: {{upstreams: [{{upstream: canary}}]}}
"""


def sibling_is_live(fleet):
    """Every agent serves /sibling from the canary alone: 20 answers each, which the 50/50 route would give with chance 10^-6."""
    for agent in AGENTS:
        for _ in range(20):
            connection = http.client.HTTPConnection("127.0.0.1", fleet.listener_ports[agent], timeout=5)
            connection.request("GET", "/sibling")
            answer = connection.getresponse()
            if answer.status != 200 or not answer.getheader("x-origin", "").startswith("canary"):
                return False
            connection.close()
    return True


def quarantine(fleet, report, rate, seconds):
    report.begin("a change that one agent cannot apply")
    with socket.socket() as taken, Load(fleet, rate, seconds) as load:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = fleet.apply(extra_listener(taken.getsockname()[1]), "--wait=5s", "--reason", "side door")
        report.promise("apply --wait says that it is not live everywhere (exit code 5)", answer.exit_code == 5, f"exit code {answer.exit_code}: {answer.err}")
        status = fleet.yardctl("status")
        report.promise("status names the agent, the resource and the field",
                       all(word in status.out for word in ("edge-2", "Listener/side-door", "spec.port")), status.out.strip())
        report.promise("status names no other agent", "edge-1" not in status.out and "edge-3" not in status.out, status.out.strip())
        for line in status.out.strip().splitlines()[1:]:
            report.note(line.strip())
        report.promise("its siblings in the same change are live on all three", sibling_is_live(fleet))
    none_failed(report, load)
    report.begin("the same change, mended")
    with Load(fleet, rate, seconds / 2) as load:
        applied_everywhere(report, fleet.apply(extra_listener(free_port()), "--wait=15s", "--reason", "another port"), "the mended change")
    none_failed(report, load)


# A backend that comes back must have its share again within this, once it listens.
BACK_BUDGET_S = 5
# Its share is counted in windows of so long, looked at so often.
SHARE_WINDOW_S = 1.0
LOOK_EVERY_S = 0.02


def answered(port):
    """How many requests this backend has had since its start, probes not counted; nothing while it is down."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        connection.request("GET", "/__origin/stats")
        count = json.loads(connection.getresponse().read())["requests"]
        connection.close()
        return count
    except (OSError, http.client.HTTPException):
        return None


def share_grows(fleet, name, siblings, seconds):
    """Watches a backend that has just started: seconds until its first request, and until it has had nine tenths of its share for a whole window."""
    began = time.monotonic()
    looks = []  # (time, its count, that of its siblings)
    first = None
    while time.monotonic() - began < seconds:
        own, others = answered(fleet.origin_ports[name]), [answered(fleet.origin_ports[one]) for one in siblings]
        if own is not None and None not in others:
            now = time.monotonic()
            looks.append((now, own, sum(others)))
            first = now - began if first is None and own > 0 else first
            while len(looks) > 1 and looks[1][0] <= now - SHARE_WINDOW_S:
                looks.pop(0)
            more, all_more = own - looks[0][1], own - looks[0][1] + sum(others) - looks[0][2]
            if now - looks[0][0] >= SHARE_WINDOW_S and all_more > 0 and more >= 0.9 * all_more / (1 + len(siblings)):
                return first, now - began
        time.sleep(LOOK_EVERY_S)
    return first, None


def kill_backend(fleet, report, rate, seconds):
    """Its requests are GETs, so an agent may send those in flight on it to another backend; none is to fail."""
    report.begin("kill -9 a backend under load")
    with Load(fleet, rate, seconds) as load:
        fleet.origins["stable-1"].kill()
    none_failed(report, load)
    report.begin("the backend comes back")
    with Load(fleet, rate, seconds) as load:
        fleet.start_origin("stable-1")
        # Probes must find it first; then it must prove itself before it gets its share.
        first, whole = share_grows(fleet, "stable-1", ("stable-2", "stable-3"), 4 * BACK_BUDGET_S)
    none_failed(report, load)
    if report.promise("it takes traffic again", first is not None):
        report.took(f"first request after {first * 1000:.0f} ms, its share after " + (f"{whole * 1000:.0f} ms" if whole is not None else "never"))
    report.promise(f"it has its share again within {BACK_BUDGET_S} s", whole is not None and whole <= BACK_BUDGET_S)


def restart_controller(fleet, report):
    began = time.monotonic()
    fleet.start_controller()
    fleet.await_agents()
    report.took(f"controller and 3 agents together again after {(time.monotonic() - began) * 1000:.0f} ms")


def kill_controller(fleet, report, rate, seconds):
    report.begin("kill -9 the controller under load")
    before = fleet.newest_generation()
    with Load(fleet, rate, seconds) as load:
        fleet.controller.kill()
    none_failed(report, load)
    report.promise("yardctl says that it cannot reach the controller (exit code 6)", fleet.yardctl("agents").exit_code == 6)
    report.begin("restart the controller under load")
    with Load(fleet, rate, seconds) as load:
        restart_controller(fleet, report)
    none_failed(report, load)
    report.promise("every acknowledged change is there", fleet.newest_generation() == before)
    back = fleet.example("route.yaml").replace("weight: 90", "weight: 70").replace("weight: 10", "weight: 30")
    answer = fleet.apply(back, "--wait=15s", "--reason", "after the restart")
    report.promise("a new change goes live on every agent", answer.exit_code == 0, answer.err.strip())


def kill_agent_without_controller(fleet, report, rate, seconds):
    report.begin("kill -9 an agent while the controller is down")
    fleet.controller.kill()
    with Load(fleet, rate, seconds) as load:
        fleet.agents["edge-3"].kill()
        # A moment without it, so that clients do meet the closed door.
        time.sleep(min(0.3, seconds))
        fleet.start_agent("edge-3", wait=False)
        took = first_answer_ms(fleet, "edge-3", fleet.agents["edge-3"].started)
    report.load(load.result)
    most = 2 * 4
    report.promise(f"only requests in flight on it failed (at most {most})", load.result.failed <= most, load.result.what_failed())
    report.took(f"first answer {took:.0f} ms after its start")
    report.note(f"this host at present: {fleet.host_state()}")
    report.promise(f"it serves its last configuration within {START_BUDGET_MS} ms, with no controller", took < START_BUDGET_MS, f"{took:.0f} ms")
    report.begin("the controller comes back once more")
    with Load(fleet, rate, seconds / 2) as load:
        restart_controller(fleet, report)
    none_failed(report, load)


def drain_restart(fleet, report, rate, seconds):
    report.begin("drain and restart an agent under load")
    with Load(fleet, rate, seconds) as load:
        began = time.monotonic()
        drained = fleet.agents["edge-2"].terminate(20)
        stopped = time.monotonic()
        fleet.start_agent("edge-2", wait=False)
        served = first_answer_ms(fleet, "edge-2", fleet.agents["edge-2"].started)
    report.promise("it ends by itself", drained)
    report.took(f"drained in {(stopped - began) * 1000:.0f} ms, first answer {served:.0f} ms after its start")
    none_failed(report, load)
    fleet.await_agents()


def final_state(fleet, report):
    report.begin("the fleet at the end")
    status = wait_until(lambda: (lambda answer: answer.exit_code == 0 and answer)(fleet.yardctl("status")), 10, "the newest generation to be live")
    report.note(status.out.strip().splitlines()[-1])
    report.say(fleet.yardctl("agents").out)
    report.say(fleet.yardctl("top", "--once").out)
    report.promise("every agent serves the newest generation, with nothing in quarantine", status.exit_code == 0)
