#!/usr/bin/env python3
"""Goal: who follows docs/quickstart.md, and nothing else, has a service behind the fleet in five commands.
Method: the demo's fleet as it is when it is kept up; the page's commands, pasted into a shell at once. Only ports are other ones."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "demo"))
from fleet import AGENTS, ORIGINS, PORTS, Fleet, free_port  # noqa: E402

BIN = pathlib.Path(os.environ.get("YARD_BIN", ROOT / "build/release/bin"))


class QuickStart(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="yard-quickstart-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.fleet = Fleet(BIN.resolve(), self.path)
        self.addCleanup(self.fleet.stop)
        self.fleet.start_controller()
        for origin in ORIGINS:
            self.fleet.start_origin(origin)
        token = self.fleet.yardctl("token", "create", "--uses", "3").out.strip()
        for agent in AGENTS:
            self.fleet.start_agent(agent, token)
        self.fleet.await_agents()
        applied = self.fleet.apply(self.fleet.examples(), "--wait=20s")
        self.assertEqual(applied.exit_code, 0, applied.err)

    def test_a_service_of_ones_own_in_five_commands(self):
        page = (ROOT / "docs/quickstart.md").read_text()
        first, second = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)[:2]
        commands = [line for block in (first, second) for line in block.splitlines() if line.strip()]
        self.assertLessEqual(len(commands), 5, commands)
        self.assertTrue(first.startswith("make demo"), first)
        printed = self.fleet.how_to_play()
        export = re.search(r"export PATH.*", printed)[0]
        self.assertIn("export PATH=…", second, "the page says which line of the demo to take")
        # A port that is free here; the file as it is otherwise.
        port = str(free_port())
        yaml = (ROOT / "deploy/examples/demo/own-service.yaml").read_text()
        self.assertIn("127.0.0.1:8000", yaml)
        (self.path / "own-service.yaml").write_text(yaml.replace("8000", port))
        for agent in AGENTS:
            shell = re.sub(r"export PATH=….*", lambda _: export, second).replace(" 8000 ", f" {port} ").replace("PORT/", f"{self.fleet.listener_ports[agent]}/")
            shell = shell.replace("deploy/examples/demo/own-service.yaml", str(self.path / "own-service.yaml"))
            done = subprocess.run(["bash", "-c", f"trap 'kill $!' EXIT\n{shell}"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("Directory listing", done.stdout, done.stdout + done.stderr)
        self.assertEqual(set(PORTS), set(AGENTS))

    def test_what_the_demo_prints_is_what_the_page_says(self):
        page = (ROOT / "docs/quickstart.md").read_text()
        for line in re.findall(r"(python3 -m http.server [^&]*&|yardctl apply --wait|curl --retry 5 -H 'Host: mine.example')", self.fleet.how_to_play()):
            self.assertIn(line, page)


if __name__ == "__main__":
    unittest.main(verbosity=2)
