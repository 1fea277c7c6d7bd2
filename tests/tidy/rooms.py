"""The rooms of the tree and the arrows between them, as data.

A room is a folder with its own library. A row says which rooms its files may include; a room may always include itself.
Arrows run one way: proto -> common -> {agent | controlplane} -> tools -> tests. Longest matching path wins.
"""

# Pure rooms take no Asio, gRPC, RocksDB or clock: the decision is separate from the world.
PURE = [
    "common/stats",
    "common/rules",
    "agent/codec",
    "agent/router",
    "agent/policy",
    "agent/balancer",
    "agent/breaker",
    "controlplane/validation",
    "controlplane/compiler",
]

# Rooms that are only the files right in the folder: a folder within needs a row of its own.
EXACT = ["agent", "controlplane"]

BASE = ["common/base"]
COMMON = ["common/base", "common/stats", "common/rules", "common/config", "common/tls", "common/rpc", "common/observe"]
CONFIG = ["common/base", "common/rules", "common/config"]

# room -> rooms it may include (besides itself).
ARROWS = {
    "proto": [],
    "common/base": [],
    "common/stats": BASE,
    "common/rules": BASE,
    "common/tls": BASE,
    "common/config": BASE + ["common/tls"],
    "common/rpc": BASE + ["common/tls"],
    "common/observe": BASE,

    "agent/report": COMMON + ["agent/health"],
    "agent/access_log": CONFIG + ["common/observe", "agent/codec"],
    "agent/balancer": BASE + ["common/stats", "agent/breaker"],
    "agent/breaker": BASE + ["common/stats"],
    "agent/codec": BASE + ["common/rules"],
    # The compiled route holds a pointer to its policies and knows no more of them.
    "agent/router": CONFIG + ["agent/codec"],
    "agent/policy": CONFIG + ["common/stats", "agent/codec", "agent/router"],
    "agent/health": CONFIG + ["agent/tls", "agent/codec", "agent/loop"],
    "agent/fleet": CONFIG + ["common/stats", "agent/health", "agent/report"],
    "agent/upstream": CONFIG + ["agent/tls", "agent/codec", "agent/balancer", "agent/breaker", "agent/health", "agent/report", "agent/loop"],
    "agent/loop": BASE + ["common/stats"],
    "agent/tls": BASE + ["common/tls", "agent/loop"],
    "agent/snapshot": CONFIG + ["common/tls", "agent/access_log", "agent/tls", "agent/policy", "agent/codec", "agent/router", "agent/balancer", "agent/breaker",
                                "agent/upstream", "agent/health", "agent/loop"],
    "agent/exchange": CONFIG + ["common/tls", "agent/access_log", "agent/policy", "agent/snapshot", "agent/codec", "agent/router", "agent/balancer",
                                "agent/breaker", "agent/upstream", "agent/report", "agent/loop"],
    "agent/listener": CONFIG + ["agent/tls", "agent/snapshot", "agent/codec", "agent/exchange", "agent/report", "agent/loop"],
    "agent/l4": CONFIG + ["agent/access_log", "agent/policy", "agent/snapshot", "agent/codec", "agent/router", "agent/upstream", "agent/exchange",
                          "agent/listener", "agent/report", "agent/loop", "agent/balancer", "agent/breaker", "agent/tls"],
    "agent/discovery": CONFIG + ["agent/config"],
    "agent/config": COMMON + ["agent/snapshot", "agent/router", "agent/balancer", "agent/upstream", "agent/health", "agent/report", "agent/listener"],
    "agent/runtime": COMMON + ["agent/access_log", "agent/tls", "agent/codec", "agent/router", "agent/balancer", "agent/upstream", "agent/health",
                               "agent/exchange", "agent/listener", "agent/l4", "agent/report", "agent/config", "agent/loop", "agent/snapshot"],
    "agent/handover": BASE,
    "agent/admin": COMMON + ["agent/runtime", "agent/discovery", "agent/report", "agent/health", "agent/config"],
    "agent": COMMON + ["agent/*"],

    "controlplane/store": CONFIG + ["common/tls"],
    "controlplane/runtime": BASE,
    "controlplane/validation": CONFIG + ["common/tls", "controlplane/store"],
    "controlplane/compiler": CONFIG + ["controlplane/store"],
    "controlplane/identity": COMMON + ["controlplane/store"],
    "controlplane/feedback": COMMON,
    # The fleet's loop: what evidence means. Pure; threads and streams are the stream room's.
    "controlplane/fleet": COMMON + ["controlplane/store", "controlplane/feedback"],
    "controlplane/history": COMMON + ["controlplane/feedback"],
    "controlplane/stream": COMMON + ["controlplane/fleet", "controlplane/store", "controlplane/compiler", "controlplane/identity", "controlplane/feedback",
                                     "controlplane/runtime"],
    "controlplane/backup": COMMON + ["controlplane/store"],
    "controlplane/kubernetes": COMMON + ["controlplane/store"],
    "controlplane/admin": COMMON + ["controlplane/store", "controlplane/backup", "controlplane/validation", "controlplane/compiler", "controlplane/identity",
                                    "controlplane/feedback", "controlplane/fleet", "controlplane/history", "controlplane/kubernetes", "controlplane/stream",
                                    "controlplane/runtime"],
    "controlplane/dashboard": COMMON + ["controlplane/store", "controlplane/identity", "controlplane/feedback", "controlplane/history",
                                        "controlplane/fleet", "controlplane/kubernetes", "controlplane/stream", "controlplane/admin",
                                        "controlplane/runtime"],
    "controlplane": COMMON + ["controlplane/*"],

    "tools/wire": BASE,
    "tools/yard-origin": COMMON + ["tools/wire"],
    "tools/yard-load": COMMON + ["tools/wire"],
    # Simulated agents speak to the controller as real ones do: by the same code.
    "tools/yard-swarm": COMMON + ["agent/config", "agent/loop"],
    # yardctl speaks RPC only; validation is pure and shared, so that `yardctl validate` and the controller cannot disagree.
    "tools/yardctl": COMMON + ["controlplane/validation", "controlplane/store"],

    "tests/harness": BASE + ["common/config"],
    "tests/unit": COMMON + ["agent", "agent/*", "controlplane", "controlplane/*", "tools/*", "tests/harness", "tests/unit/*"],
    "tests/sim": BASE + ["agent/balancer", "agent/breaker", "agent/fleet", "controlplane/fleet", "controlplane/store", "tests/unit"],
    "tests/contract": COMMON + ["agent/*", "controlplane", "controlplane/*", "tests/harness", "tests/unit"],
    "tests/fuzz": COMMON + ["agent/*", "controlplane/*"],
    "tests/bench": COMMON + ["agent/*", "controlplane/*", "tests/harness"],
    # Integration tests run the real programs; what they may include is the public API and the harness, and the store, which one of their
    # programs writes to until it is killed.
    "tests/integration": COMMON + ["tests/harness", "controlplane/store", "tests/unit"],
}

# Third-party headers: (pattern of the include, what it is, its homes, the remedy). A home is a path prefix; tests that mirror a home
# (tests/unit/<home>) may include it too.
HEADERS = [
    (r"spdlog/", "spdlog", ["common/observe/"], "log through common/observe/log.h"),
    (r"prometheus/", "prometheus-cpp", ["common/observe/metrics"], "count through common/observe/metrics.h"),
    (r"rocksdb/", "RocksDB", ["controlplane/store/rocksdb_", "controlplane/history/rocksdb_"], "use the Store interface in controlplane/store/store.h"),
    (r"yaml-cpp/", "yaml-cpp", ["common/config/yaml_"], "parse through common/config/yaml_codec.h"),
    (r"openssl/", "OpenSSL", ["common/tls/", "agent/tls/"], "use common/tls, or agent/tls for sessions"),
    (r"llhttp\.h", "llhttp", ["agent/codec/", "tests/fuzz/"], "parse through agent/codec"),
    (r"ares\.h|ares_", "c-ares", ["agent/discovery/ares_resolver.cc"], "ask through agent/discovery/resolver.h"),
    (r"curl/", "libcurl", ["controlplane/kubernetes/curl_client"], "ask through controlplane/kubernetes/http_client.h"),
    (r"boost/json", "Boost.JSON", ["controlplane/kubernetes/slice_json"], "read through controlplane/kubernetes/slice_json.h"),
    (r"nghttp2/", "nghttp2", ["tests/harness/h2_", "tests/unit/agent/codec/"],
     "the product speaks HTTP/2 through agent/codec/h2_session.h; nghttp2 is what tests compare it with"),
    (r"re2/", "RE2", ["common/rules/pattern"], "match through common/rules/pattern.h"),
    (r"zlib\.h|brotli/|zstd\.h", "the content codings", ["agent/policy/gzip_", "agent/policy/brotli_", "agent/policy/zstd_", "agent/policy/encoder_test"],
     "compress through agent/policy/encoder.h"),
    (r"CLI/", "CLI11", ["agent/options.cc", "controlplane/options.cc", "tools/yard-origin/options.cc", "tools/yard-load/options.cc", "tools/yard-swarm/main.cc",
                        "tools/yardctl/"], "parse the command line in the program's options.cc"),
    (r"boost/asio|boost/system", "Asio",
     ["agent/loop/", "agent/runtime/", "agent/listener/", "agent/upstream/", "agent/health/", "agent/admin/", "agent/exchange/", "agent/discovery/",
      "agent/handover/",
      "tools/yard-origin/", "tools/yard-load/", "tools/wire/", "tests/unit/tools/",
      "controlplane/dashboard/http_"], "keep I/O in the rooms of the agent that do I/O; pass callbacks"),
    (r"boost/(?!asio|system|json)", "Boost outside Asio", ["agent/loop/", "agent/admin/", "tools/yard-origin/", "controlplane/dashboard/http_"],
     "use the standard library"),
    (r"grpcpp/|grpc/|.*\.grpc\.pb\.h", "gRPC",
     ["common/rpc/", "controlplane/stream/", "controlplane/admin/", "controlplane/identity/", "controlplane/controller", "agent/config/",
      "controlplane/main.cc", "agent/agent.", "agent/main.cc", "tools/yardctl/", "tests/contract/", "tests/integration/", "tests/unit/tools/"],
     "speak RPC in common/rpc and the rooms that own a service"),
    (r"absl/(?!status/)", "Abseil beyond Status", ["common/rpc/mutex_checks.cc"],
     "absl/status only (Debian's Abseil has its own string_view); text by fmt, containers by the standard library"),
    (r"gtest/|gmock/", "GoogleTest", ["tests/"], "keep test code in tests/"),
]

# What no pure room may hold, beside the headers above: (pattern in code, remedy).
IMPURE = [
    (r"\bSystemClock\b|\bSystemLoop\b", "take the time as an argument"),
    (r"#\s*include\s*[<\"](boost|grpcpp|grpc|rocksdb|spdlog|sys/socket)[/.]", "move I/O to the caller and pass values"),
]
