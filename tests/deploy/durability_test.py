#!/usr/bin/env python3
"""Goal: what was acknowledged is kept, whatever is done to the controller: a backup under 100 changes a second is exactly one committed generation, a file
that is cut or foreign changes nothing, a full disk costs what it must and no more, kill -9 costs at most a second of the past.
Method: real programs; changes through the dashboard's API from several writers at once; a data directory on a file system of 64 MiB, where the
kernel lets an ordinary user have one."""
import ctypes
import http.client
import itertools
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse

sys.dont_write_bytecode = True
from small_fleet import BIN, SmallFleet, eventually, free_port  # noqa: E402

RATE = 100
WRITERS = 4
WRITER = BIN.parent / "tests" / "past_writer"


class Api:
    """The dashboard's API, over one kept connection of an admin."""

    def __init__(self, fleet):
        login = json.loads(fleet.yardctl("dashboard", "-o", "json"))
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.connection = http.client.HTTPSConnection(urllib.parse.urlsplit(login["url"]).netloc, context=context, timeout=60)
        self.headers = {}
        self.post("/api/login", code=login["code"])
        self.headers["X-CSRF-Token"] = self.ask("GET", "/api/me")["csrf"]

    def ask(self, method, path, body=None):
        self.connection.request(method, path, body, {**self.headers, **({"Content-Type": "application/x-www-form-urlencoded"} if body else {})})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise AssertionError(f"{path}: {answer.status} {text[:300]!r}")
        if cookie := answer.headers["Set-Cookie"]:
            self.headers["Cookie"] = cookie.split(";")[0]
        return json.loads(text)

    def post(self, path, **fields):
        return self.ask("POST", path, urllib.parse.urlencode(fields))


def upstream(name, value):
    return f'kind: Upstream\nname: {name}\nspec: {{backends: [{{address: "127.0.0.1:{value}"}}]}}\n'


class Writers:
    """Change one upstream each, RATE times a second in all; know what each generation held."""

    def __init__(self, fleet):
        self.lock = threading.Lock()
        self.acknowledged = []  # (generation, writer, value)
        self.error = None
        self.stop = threading.Event()
        self.apis = [Api(fleet) for _ in range(WRITERS)]
        self.threads = [threading.Thread(target=self.run, args=(i, self.apis[i])) for i in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def run(self, writer, api):
        due = time.monotonic()
        value = 1000
        try:
            while not self.stop.wait(max(0, due - time.monotonic())):
                due += WRITERS / RATE
                value += 1
                answer = api.post("/api/apply", yaml=upstream(f"writer-{writer}", value), reason=f"value {value}")
                with self.lock:
                    self.acknowledged.append((answer["generation"], writer, value))
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def count(self):
        with self.lock:
            return len(self.acknowledged)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        for api in self.apis:
            api.connection.close()
        if self.error:
            raise self.error

    def at(self, generation):
        """Writer -> what it had said last when this generation was committed."""
        held = {}
        for number, writer, value in sorted(self.acknowledged):
            if number <= generation:
                held[f"writer-{writer}"] = value
        return held


class Durability(unittest.TestCase):
    def setUp(self):
        self.fleet = SmallFleet()
        self.addCleanup(self.fleet.stop)

    def values(self):
        """Upstream -> port of its backend, and the newest generation."""
        out = json.loads(self.fleet.yardctl("get", "upstreams", "-o", "json"))
        resources = out.get("resources", out) if isinstance(out, dict) else out
        held = {r["name"]: int(r["spec"]["backends"][0]["address"].rsplit(":", 1)[1]) for r in resources}
        return held, int(json.loads(self.fleet.yardctl("overview", "-o", "json"))["generation"])

    def test_a_backup_under_a_hundred_changes_a_second_is_one_committed_generation(self):
        fleet = self.fleet
        fleet.start_controller()
        writers = Writers(fleet)
        began = time.monotonic()
        for number in range(3):
            before = eventually("changes go on", lambda n=writers.count(): writers.count() > n + 30 and writers.count())
            fleet.yardctl("backup", f"{number}.backup")
            print(f"{writers.count() - before} changes while backup {number} was made", flush=True)
        eventually("changes go on after it", lambda n=writers.count(): writers.count() > n + 10)
        writers.end()
        print(f"{writers.count() / (time.monotonic() - began):.0f} changes a second, {writers.count()} in all")
        fleet.end(fleet.controller)
        generations = []
        for number in range(3):
            shutil.move(fleet.path / "c", fleet.path / f"old-{number}")
            fleet.start_controller("--restore", f"{number}.backup", "--restore-seal-key", f"old-{number}/seal.key")
            held, generation = self.values()
            self.assertEqual(held, writers.at(generation), f"backup {number} is of generation {generation}, and holds something else")
            newest = json.loads(fleet.yardctl("history", "--limit", "1", "-o", "json"))["entries"][0]
            self.assertEqual(int(newest["generation"]), generation, "the history ends with the same change")
            generations.append(generation)
            fleet.end(fleet.controller)
        self.assertEqual(generations, sorted(set(generations)), "later backups hold more")

    def test_a_file_that_is_cut_or_foreign_changes_nothing_and_says_why(self):
        fleet = self.fleet
        fleet.start_controller()
        fleet.apply(upstream("mine", 1))
        fleet.yardctl("backup", "good.backup")
        fleet.apply(upstream("mine", 2))
        whole = (fleet.path / "good.backup").read_bytes()
        bad = {"empty": b"", "cut": whole[:len(whole) // 2], "without its end": whole[:-1], "bent": whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
               "more": whole + b"x", "a text": b"kind: Upstream\n"}
        for what, content in bad.items():
            (fleet.path / "bad.backup").write_bytes(content)
            done = subprocess.run([BIN / "yardctl", "--credential", fleet.path / "c/admin.credential", "restore", fleet.path / "bad.backup"],
                                  capture_output=True, text=True, check=False)
            self.assertNotEqual(done.returncode, 0, what)
            self.assertRegex(done.stderr, "backup", what)
            new = subprocess.run([BIN / "yard-controller", "--data-dir", fleet.path / "new", "--listen", "127.0.0.1:0", "--metrics-listen", "off",
                                  "--dashboard-listen", "off", "--restore", fleet.path / "bad.backup", "--restore-seal-key", fleet.path / "c/seal.key"],
                                 capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(new.returncode, 1, what)
            self.assertRegex(new.stderr, "backup", what)
            self.assertFalse((fleet.path / "new/store").exists(), what)
        self.assertEqual(self.values()[0], {"mine": 2}, "nothing was changed")

    def test_a_generation_that_no_longer_validates_is_not_gone_back_to(self):
        fleet = self.fleet
        (fleet.path / "c").mkdir(mode=0o700)
        subprocess.run([WRITER, fleet.path / "c/store"], check=True)
        fleet.start_controller("--new-authority")
        self.assertEqual(self.values(), ({"app": 80}, 2))
        for flags in (["--dry-run"], []):
            done = subprocess.run([BIN / "yardctl", "--credential", fleet.path / "c/admin.credential", "rollback", "1", *flags], capture_output=True, text=True,
                                  check=False)
            self.assertNotEqual(done.returncode, 0, flags)
            self.assertRegex(done.stderr, "(?s)app.*backends.*address", "it says which resource and which field")
        api = Api(fleet)
        for dry_run in ("true", "false"):
            with self.assertRaisesRegex(AssertionError, "400.*violations.*address"):
                api.post("/api/rollback", generation=1, dry_run=dry_run)
        self.assertEqual(self.values(), ({"app": 80}, 2), "nothing was changed")
        self.assertEqual(len(json.loads(fleet.yardctl("history", "-o", "json"))["entries"]), 2)
        # Nor is the way forward closed: the newest is one that can be gone back to.
        fleet.apply(upstream("app", 81))
        fleet.yardctl("rollback", "2")
        self.assertEqual(self.values(), ({"app": 80}, 4))

    def test_kill_9_costs_at_most_the_last_second_of_the_past(self):
        fleet = self.fleet
        fleet.start_controller()

        def times():
            return json.loads(fleet.yardctl("series", "--last", "1m", "-o", "json"))["series"][0].get("time", [])
        for _ in range(3):
            before = eventually("a new point", lambda n=max(times(), default=0): max(times(), default=0) > n and max(times()))
            fleet.end(fleet.controller)
            fleet.start_controller()
            kept = [t for t in times() if t <= before]
            self.assertGreaterEqual(max(kept, default=0), before - 1)

    def test_a_full_disk_costs_changes_and_the_past_but_no_more(self):
        if not self.mount_small():
            self.skipTest("the kernel lets this user mount nothing (unshare: user namespaces)")
        fleet = self.fleet
        fleet.start_controller()
        fleet.start_agent("one", join=True)
        backend, listen = free_port(), free_port()
        fleet.start_origin(backend)
        site = upstream("app", backend) + f"---\nkind: Listener\nname: web\nspec: {{address: 127.0.0.1, port: {listen}}}\n"
        fleet.apply(site + "---\nkind: Route\nname: all\nspec: {listeners: [web], forward: {upstreams: [{upstream: app}]}}\n", "--wait")
        self.pending = itertools.count(10)
        filler = fleet.path / "c/filler"
        with open(filler, "wb", buffering=0) as file:
            for piece in (1 << 16, 1 << 12):
                try:
                    while file.write(bytes(piece)) == piece:
                        pass
                except OSError:
                    pass
        refused = eventually("a change is refused", lambda: self.refusal(backend))
        self.assertIn("c/store", refused, "it says where")
        self.assertRegex(refused, "space|full", "it says why")
        self.assertIsNone(fleet.controller.poll())
        full = self.values()
        self.assertTrue(self.refusal(backend))
        self.assertEqual(self.values(), full, "what was refused is not there by half")
        attention = eventually("the overview tells of it",
                               lambda: [a for a in json.loads(fleet.yardctl("overview", "-o", "json")).get("attention", []) if "history" in a["what"]])
        self.assertIn("disk", attention[0]["remedy"])
        self.assertEqual(self.status(listen), 200, "agents serve on")
        filler.unlink()
        eventually("changes are taken again", lambda: not self.refusal(backend))
        self.assertEqual(self.values()[1], full[1] + 1)

        def newest():
            return max(json.loads(fleet.yardctl("series", "--last", "1m", "-o", "json"))["series"][0].get("time", []), default=0)
        eventually("the past is written again", lambda began=newest(): newest() > began + 1)

    def refusal(self, backend):
        """What a change is told that is new each time; empty when it was taken. A large one: RocksDB has some room set aside."""
        number = next(self.pending)
        bulk = "".join(f'\n  - {{address: "127.{number % 200}.{i // 200}.{i % 200 + 1}:80"}}' for i in range(5000))
        done = subprocess.run([BIN / "yardctl", "--credential", self.fleet.path / "c/admin.credential", "apply", "-f", "-"], capture_output=True, text=True,
                              input=f"{upstream('app', backend)}---\nkind: Upstream\nname: bulk\nspec:\n  backends:{bulk}\n", timeout=60, check=False)
        return done.stderr if done.returncode != 0 else ""

    @staticmethod
    def status(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/")
        status = connection.getresponse().status
        connection.close()
        return status

    def mount_small(self):
        """A file system of 64 MiB as the controller's directory, in a mount namespace of this process alone."""
        target = self.fleet.path / "c"
        target.mkdir(mode=0o700)
        libc = ctypes.CDLL(None, use_errno=True)
        new_user, new_mounts, private, recursive = 0x10000000, 0x00020000, 1 << 18, 1 << 14
        uid, gid = os.getuid(), os.getgid()
        if uid == 0:
            if libc.unshare(new_mounts) != 0:
                return False
        else:
            if libc.unshare(new_user | new_mounts) != 0:
                return False
            pathlib.Path("/proc/self/setgroups").write_text("deny")
            pathlib.Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
            pathlib.Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
        libc.mount(b"none", b"/", None, private | recursive, None)
        if libc.mount(b"tmpfs", str(target).encode(), b"tmpfs", 0, b"size=64m,mode=0700") != 0:
            return False
        self.addCleanup(lambda: libc.umount2(str(target).encode(), 2))
        return True

    def test_a_log_that_cannot_be_written_holds_up_nobody(self):
        fleet = self.fleet
        backend, listen = free_port(), free_port()
        fleet.start_origin(backend)
        fleet.log = "/dev/full"
        fleet.start_controller()
        fleet.start_agent("one", join=True)
        fleet.apply(upstream("app", backend) + f"---\nkind: Listener\nname: web\nspec: {{address: 127.0.0.1, port: {listen}}}\n"
                    "---\nkind: Route\nname: all\nspec: {listeners: [web], forward: {upstreams: [{upstream: app}]}}\n", "--wait")
        for _ in range(200):
            self.assertEqual(self.status(listen), 200)
        self.assertIsNone(fleet.controller.poll())
        self.assertIsNone(fleet.agents["one"].poll())


if __name__ == "__main__":
    unittest.main(verbosity=2)
