"""What stands behind every proxy: four HTTP/1 origins (yard-origin) and, where nghttpd is installed, four HTTP/2 ones."""
import dataclasses
import shutil

import stage

ORIGINS = 4
# A gRPC message: a flag byte, four bytes of length, the message.
UNARY_BYTES = 32
STREAM_MESSAGES, STREAM_BYTES = 64, 1024


@dataclasses.dataclass
class Origins:
    http1: list
    http2: list  # empty: no nghttpd


def message(size):
    return b"\0" + size.to_bytes(4, "big") + b"g" * size


def start(on, binaries):
    path = on.directory / "origins.json"
    listens = [flag for _ in range(ORIGINS) for flag in ("--listen", "127.0.0.1:0")]
    on.start(stage.load_core(), binaries / "yard-origin", *listens, "--ready-file", path)
    http1 = stage.read_ready(path, "the origins")["ports"]
    return Origins(http1, start_http2(on) if shutil.which("nghttpd") else [])


def start_http2(on):
    files = on.folder("htdocs")
    (files / "unary").write_bytes(message(UNARY_BYTES))
    (files / "stream").write_bytes(message(STREAM_BYTES) * STREAM_MESSAGES)
    ports = [stage.free_port() for _ in range(ORIGINS)]
    for port in ports:
        on.start(stage.load_core(), "nghttpd", "--no-tls", "-d", files, "--trailer", "grpc-status: 0", "-a", "127.0.0.1", port)
    for port in ports:
        stage.wait_for(lambda: stage.connects(port), f"nghttpd on port {port}")
    return ports
