"""gRPC's Python client through an agent: grpc_client.py TARGET [CA FILE]. Prints one line per check; exits with 1 when one failed."""
import itertools
import sys
import time

import grpc

LARGE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
failed = False


def check(what, good, seen=""):
    global failed
    failed = failed or not good
    print(f"{'ok  ' if good else 'FAIL'} {what}" + ("" if good else f": {seen}"), flush=True)


def error_of(call):
    try:
        call()
        return None
    except grpc.RpcError as error:
        return error


def checks(channel):
    unary = channel.unary_unary("/t.Echo/Unary")
    answer, call = unary.with_call(b"hello", metadata=(("x-ask", "why"),), timeout=10)
    check("unary", answer == b"hello", answer)
    check("trailing metadata", ("x-answer", "why") in call.trailing_metadata(), call.trailing_metadata())
    check("server streaming", list(channel.unary_stream("/t.Echo/Down")(b"x", timeout=10)) == [b"x"] * 5)
    check("client streaming", channel.stream_unary("/t.Echo/Up")(iter([b"x"] * 100), timeout=10) == b"100")
    both = channel.stream_stream("/t.Echo/Both")(iter([str(i).encode() for i in range(200)]), timeout=10)
    check("both ways", list(both) == [str(i).encode() for i in range(200)])
    large = bytes(range(256)) * 40_000
    check("10 MB each way", unary(large, timeout=30) == large)
    check("1000 calls on one connection", all(unary(b"%d" % i, timeout=10) == b"%d" % i for i in range(1000)))
    error = error_of(lambda: channel.unary_unary("/t.Echo/Fail")(b"", timeout=10))
    check("status and message", error and error.code() == grpc.StatusCode.NOT_FOUND and error.details() == "no such thing: \u00fc", error)
    began = time.monotonic()
    error = error_of(lambda: channel.unary_unary("/t.Echo/Wait")(b"", timeout=0.3))
    check("deadline", error and error.code() == grpc.StatusCode.DEADLINE_EXCEEDED and time.monotonic() - began < 5, error)
    endless = channel.stream_stream("/t.Echo/Both")(itertools.repeat(b"x"), timeout=20)
    check("a stream under way", next(endless) == b"x")
    endless.cancel()
    error = error_of(lambda: [None for _ in endless])
    check("cancellation", error and error.code() == grpc.StatusCode.CANCELLED, error)
    check("calls after it", unary(b"still", timeout=10) == b"still")
    error = error_of(lambda: channel.unary_unary("/t.Nobody/Asks")(b"", timeout=10))
    check("an unknown service", error and error.code() == grpc.StatusCode.UNIMPLEMENTED, error)


def main():
    if len(sys.argv) > 2:
        with open(sys.argv[2], "rb") as file:
            channel = grpc.secure_channel(sys.argv[1], grpc.ssl_channel_credentials(file.read()), LARGE)
    else:
        channel = grpc.insecure_channel(sys.argv[1], LARGE)
    with channel:
        checks(channel)
    sys.exit(1 if failed else 0)


main()
