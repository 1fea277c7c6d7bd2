"""A gRPC server as its Python library makes them, on a port of its own choice, which it prints. Messages are bytes.

/t.Echo/Unary answers with its message, /Down with its message 5 times, /Up with how many came, /Both with each as it comes, /Wait with nothing,
/Fail with NOT_FOUND. A call with metadata `x-ask` gets it back as trailing metadata `x-answer`.
"""
import concurrent.futures
import sys
import threading

import grpc

LARGE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def answer_metadata(context):
    asked = dict(context.invocation_metadata()).get("x-ask")
    if asked:
        context.set_trailing_metadata((("x-answer", asked),))


def unary(message, context):
    answer_metadata(context)
    return message


def down(message, context):
    answer_metadata(context)
    for _ in range(5):
        yield message


def up(messages, context):
    answer_metadata(context)
    return str(sum(1 for _ in messages)).encode()


def both(messages, context):
    answer_metadata(context)
    yield from messages


def wait(_, context):
    over = threading.Event()
    context.add_callback(over.set)
    over.wait(30)
    return b""


def fail(_, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "no such thing: \u00fc")


def main():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(16), options=LARGE)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.Echo", {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Down": grpc.unary_stream_rpc_method_handler(down),
        "Up": grpc.stream_unary_rpc_method_handler(up),
        "Both": grpc.stream_stream_rpc_method_handler(both),
        "Wait": grpc.unary_unary_rpc_method_handler(wait),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
    }),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.read()  # until whoever started it is gone
    server.stop(0)


main()
