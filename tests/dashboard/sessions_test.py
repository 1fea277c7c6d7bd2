#!/usr/bin/env python3
"""Goal: a session that is stolen, forged or over opens nothing, over HTTPS and with the real program.
Method: a controller whose sessions are short, as its options make them. That nobody uses a session is told by the count of sessions on the metrics
port, which asks for none: so the test waits for what it is about, and for no time."""
import http.client
import json
import pathlib
import re
import ssl
import subprocess
import sys
import unittest
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "deploy"))
from small_fleet import BIN, SmallFleet, eventually  # noqa: E402


class Sessions(unittest.TestCase):
    def start(self, *flags):
        self.fleet = SmallFleet()
        self.addCleanup(self.fleet.stop)
        self.fleet.start_controller(*flags)

    def ask(self, path, cookie="", body=None, **headers):
        """Status, Set-Cookie and body; a connection of its own each time, as from another place."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(self.netloc, context=context, timeout=60)
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("POST" if body is not None else "GET", path, None if body is None else urllib.parse.urlencode(body), {"Cookie": cookie, **headers})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers["Set-Cookie"] or "", text

    def log_in(self):
        login = json.loads(self.fleet.yardctl("dashboard", "-o", "json"))
        self.netloc = urllib.parse.urlsplit(login["url"]).netloc
        status, cookie, body = self.ask("/api/login", body={"code": login["code"]})
        self.assertEqual(status, 200, body)
        return cookie, json.loads(body)

    def open_sessions(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.fleet.metrics_port}/metrics", timeout=5) as answer:
            return int(re.search(r"(?m)^switchyard_controller_dashboard_sessions (\d+)$", answer.read().decode())[1])

    def assert_over(self, cookie, csrf):
        for path in ("/api/me", "/api/overview", "/api/live?t0=/api/overview", "/api/tokens"):
            self.assertEqual(self.ask(path, cookie)[0], 401, path)
        yaml = 'kind: Upstream\nname: late\nspec: {backends: [{address: "127.0.0.1:1"}]}\n'
        self.assertEqual(self.ask("/api/apply", cookie, {"yaml": yaml}, **{"X-CSRF-Token": csrf})[0], 401)
        self.assertEqual(json.loads(self.fleet.yardctl("overview", "-o", "json"))["generation"], 0, "nothing was applied")

    def test_a_session_that_nobody_uses_ends(self):
        self.start("--session-idle", "1s")
        header, me = self.log_in()
        cookie = header.split(";")[0]
        self.assertEqual(self.open_sessions(), 1)
        eventually("the session is idle for long enough", lambda: self.open_sessions() == 0)
        self.assert_over(cookie, me["csrf"])

    def test_use_keeps_a_session_but_not_for_ever(self):
        self.start("--session-idle", "3s", "--session-life", "6s")
        header, me = self.log_in()
        cookie = header.split(";")[0]
        self.assertIn("Max-Age=6", header)
        uses = 0

        def over():
            nonlocal uses
            status = self.ask("/api/me", cookie)[0]
            self.assertIn(status, (200, 401))
            uses += status == 200
            return status == 401
        eventually("the session is old enough", over)
        self.assertGreater(uses, 2)
        self.assert_over(cookie, me["csrf"])

    def test_a_cookie_is_no_more_than_its_session(self):
        self.start()
        header, me = self.log_in()
        cookie, csrf = header.split(";")[0], me["csrf"]
        for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(word, header)
        name, secret = cookie.split("=", 1)
        self.assertEqual(self.ask("/api/me", cookie)[0], 200)
        flipped = secret[:-1] + ("0" if secret[-1] != "0" else "1")
        for forged in ("", "x", secret[:-1], flipped, secret.upper(), csrf, secret + "0", "0" * 4000):
            self.assertIn(self.ask("/api/me", f"{name}={forged}")[0], (400, 401, 431), forged[:80])
        # Stolen, but without the token: from another site's page, say.
        self.assertEqual(self.ask("/api/rollback", cookie, {"generation": 1})[0], 403)
        self.assertEqual(self.ask("/api/rollback", cookie, {"generation": 1}, **{"X-CSRF-Token": csrf, "Origin": "https://evil.example"})[0], 403)
        # Stolen, and logged out meanwhile; then the controller starts anew.
        other = self.log_in()[0].split(";")[0]
        self.assertEqual(self.ask("/api/logout", cookie, {}, **{"X-CSRF-Token": csrf})[0], 200)
        self.assert_over(cookie, csrf)
        self.assertEqual(self.ask("/api/me", other)[0], 200, "another session of the same person goes on")
        self.fleet.end(self.fleet.controller)
        self.fleet.start_controller()
        self.log_in()
        self.assert_over(other, csrf)

    def test_sessions_that_make_no_sense_are_refused_at_the_start(self):
        for flags, word in ((["--session-idle", "0s"], "--session-idle"), (["--session-life", "8d"], "--session-life"),
                            (["--session-life", "soon"], "--session-life"), (["--session-idle", "2h", "--session-life", "1h"], "--session-idle")):
            done = subprocess.run([BIN / "yard-controller", *flags], capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 2, flags)
            self.assertIn(word, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
