"""The load of a soak: one class per protocol, each counting what it did and telling a Ledger of every error with its cause."""
import asyncio
import base64
import collections
import json
import os
import re
import ssl
import time
import zlib

# What a backend that refuses, resets, hangs or answers 503 may look like to a client while it does so. Never on what goes to steady backends.
FAULT_CAUSES = {"upstream_closed", "upstream_reset", "connect_failed", "connect_timeout", "response_timeout", "attempt_timeout", "breaker_open",
                "bad_response", "answered 503"}


class Ledger:
    def __init__(self):
        self.done = collections.Counter()
        self.explained = collections.Counter()
        self.unexplained = collections.Counter()
        self.first = {}
        self.faults = []  # [start, end]; end None: still on

    def ok(self, driver, count=1):
        self.done[driver] += count

    def error(self, driver, cause, since, count=1, flapping=False):
        """`since`: when the failed request (or the burst that it was in) began."""
        fault = flapping and cause in FAULT_CAUSES and any(end is None or end + 3 > since for _, end in self.faults)
        (self.explained if fault else self.unexplained)[driver, cause] += count
        if not fault and (driver, cause) not in self.first:
            self.first[driver, cause] = time.strftime("%H:%M:%S")


async def read_head(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = head.split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    return int(lines[0].split()[1]), fields


async def exchange(reader, writer, request, body=b""):
    writer.write(request + body)
    await writer.drain()
    status, fields = await read_head(reader)
    return status, fields, await reader.readexactly(int(fields.get("content-length", 0)))


class Steady:
    """Whole requests over connections that are made anew now and then; TLS if `context`. No error is expected, ever."""

    def __init__(self, name, ledger, port, context=None, post=0, per_connection=50):
        self.name, self.ledger, self.port, self.context, self.post, self.per_connection = name, ledger, port, context, post, per_connection
        self.serials = set()

    async def run(self, until):
        while time.monotonic() < until:
            start = time.monotonic()
            try:
                await asyncio.wait_for(self.connection(until), 60)
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ValueError) as error:
                self.ledger.error(self.name, f"{type(error).__name__}: {error}"[:100], start)
                await asyncio.sleep(0.1)

    async def connection(self, until):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.context, server_hostname="localhost" if self.context else None)
        try:
            if self.context:
                self.serials.add(writer.get_extra_info("peercert")["serialNumber"])
            for _ in range(self.per_connection):
                if time.monotonic() >= until:
                    return
                await self.one(reader, writer)
                await asyncio.sleep(0.01)
        finally:
            writer.close()

    async def one(self, reader, writer):
        start = time.monotonic()
        body = os.urandom(self.post)
        method = b"POST /steady/echo" if self.post else b"GET /steady/bytes/1000"
        status, fields, answer = await exchange(reader, writer, method + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body), body)
        if status != 200:
            self.ledger.error(self.name, fields.get("x-switchyard-cause", f"answered {status}"), start)
        elif self.post and f"{zlib.crc32(body):08x}" not in answer.decode():
            self.ledger.error(self.name, f"another body arrived: {answer[:60]!r}", start)
        else:
            self.ledger.ok(self.name)


class WebSocket:
    """One connection from beginning to end, an echo every 100 ms."""

    def __init__(self, ledger, port):
        self.ledger, self.port = ledger, port

    async def run(self, until):
        start = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(b"GET /steady/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                         b"Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)) + b"\r\n\r\n")
            status, fields = await read_head(reader)
            if status != 101:
                return self.ledger.error("WebSocket", fields.get("x-switchyard-cause", f"answered {status}"), start)
            while time.monotonic() < until:
                payload = os.urandom(100)
                writer.write(bytes([0x82, 0x80 | 100, 0, 0, 0, 0]) + payload)
                answer = await asyncio.wait_for(reader.readexactly(102), 10)
                if answer[2:] != payload:
                    return self.ledger.error("WebSocket", "another message came back", start)
                self.ledger.ok("WebSocket")
                await asyncio.sleep(0.1)
            writer.close()
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
            self.ledger.error("WebSocket", f"cut after {time.monotonic() - start:.0f} s: {type(error).__name__}", start)


class Events:
    """One stream of events from beginning to end; none may be missing for ten intervals."""

    def __init__(self, ledger, port):
        self.ledger, self.port = ledger, port

    async def run(self, until):
        start = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
            writer.write(b"GET /steady/sse?interval=200&count=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            status, fields = await read_head(reader)
            if status != 200:
                return self.ledger.error("SSE", fields.get("x-switchyard-cause", f"answered {status}"), start)
            while time.monotonic() < until:
                line = await asyncio.wait_for(reader.readuntil(b"\n"), 10)
                if line.startswith(b"data:"):
                    self.ledger.ok("SSE")
            writer.close()
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
            self.ledger.error("SSE", f"cut after {time.monotonic() - start:.0f} s: {type(error).__name__}", start)


async def output(*command):
    process = await asyncio.create_subprocess_exec(*map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    out, errors = await process.communicate()
    return out.decode(), errors.decode()


class Bursts:
    """h2load, two seconds at a time: HTTP/2 in plain text or TLS, gRPC. No error is expected."""

    def __init__(self, name, ledger, url, *flags):
        self.name, self.ledger, self.url, self.flags = name, ledger, url, flags

    async def run(self, until):
        while until - time.monotonic() > 1:
            start = time.monotonic()
            # A fixed number of requests: what is under way when a time is over would count as failed.
            out, errors = await output("h2load", "-t1", "-c4", "-m10", "-n600", "--rps=75", *self.flags, self.url)
            counts = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", out)
            codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", out)
            if counts is None or codes is None:
                self.ledger.error(self.name, f"h2load said: {(errors or out).strip()[:80]}", start)
                await asyncio.sleep(1)
                continue
            self.ledger.ok(self.name, int(codes[1]))
            for cause, count in (("failed", counts[2]), ("status 3xx", codes[2]), ("status 4xx", codes[3]), ("status 5xx", codes[4])):
                if int(count):
                    self.ledger.error(self.name, cause, start, int(count))


class Flapping:
    """yard-load on the upstream whose backends fail by turns: idempotent requests with retries."""

    def __init__(self, ledger, program, url, rate):
        self.ledger, self.program, self.url, self.rate = ledger, program, url, rate

    async def run(self, until):
        while until - time.monotonic() > 1:
            start = time.monotonic()
            seconds = min(5, max(1, int(until - start)))
            out, errors = await output(self.program, "--url", self.url, "--rate", self.rate, "--duration", f"{seconds}s", "--warmup", "0s",
                                       "--connections", "32", "--threads", "1", "--timeout", "20s", "--count-header", "x-switchyard-cause", "-o", "json", "-q")
            try:
                result = json.loads(out)
            except ValueError:
                self.ledger.error("HTTP/1.1, flapping", f"yard-load said: {(errors or out).strip()[:80]}", start)
                await asyncio.sleep(1)
                continue
            self.count(result, start)

    def count(self, result, start):
        name = "HTTP/1.1, flapping"
        self.ledger.ok(name, result["by_status"].get("200", 0))
        for cause, count in result["errors"].items():
            if count:
                self.ledger.error(name, cause, start, count)
        bad = sum(count for status, count in result["by_status"].items() if status != "200")
        for cause, count in result["header_values"].items():
            if cause and bad:
                self.ledger.error(name, cause, start, count, flapping=True)
                bad -= count
        if bad > 0:
            # Without a cause of ours it is the backend's own answer.
            for status, count in result["by_status"].items():
                if status != "200" and bad > 0:
                    self.ledger.error(name, f"answered {status}", start, min(count, bad), flapping=True)
                    bad -= min(count, bad)


def client_context(ca):
    context = ssl.create_default_context(cafile=str(ca))
    return context
