"""Child processes with a log file each, ended by the demo and by nothing else's leave.

Every child gets a parent-death signal, so that none outlives a demo that was killed.
"""
import ctypes
import json
import pathlib
import signal
import subprocess
import time

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class StartError(Exception):
    """A program did not start or did not become ready; the text says which, and what it said."""


def wait_until(condition, seconds, what):
    """Calls `condition` until it returns something true, which is returned; StartError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise StartError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.002)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One run of one program."""

    def __init__(self, name, command, directory):
        self.name = name
        self.log = pathlib.Path(directory) / f"{name}.log"
        self.started = time.monotonic()
        self.ended_by_us = False
        with open(self.log, "ab") as log:
            self._popen = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           start_new_session=True, preexec_fn=_die_with_parent)

    def running(self):
        return self._popen.poll() is None

    def await_ready(self, ready_file, seconds=15):
        """The JSON of its ready file, once it is there."""
        def ready():
            if not self.running():
                raise StartError(f"{self.name} ended with {self._popen.returncode}:\n{self.last_words()}")
            return ready_file.exists() and json.loads(ready_file.read_text())
        return wait_until(ready, seconds, f"{self.name} to become ready (log: {self.log})")

    def last_words(self, lines=8):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self):
        """kill -9, and waits for it."""
        self.ended_by_us = True
        self._popen.kill()
        self._popen.wait()

    def terminate(self, seconds):
        """SIGTERM; true when it ended by itself within `seconds`. Otherwise it is killed."""
        self.ended_by_us = True
        self._popen.terminate()
        try:
            self._popen.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            self.kill()
            return False
