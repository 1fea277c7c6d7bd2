// Goal: connections whose bytes pass unread get every byte to where it belongs, both ends of it and nothing of anyone else's; and who a client is
// said to be is believed only of those who may say so. Method: real agents; openssl, curl and raw sockets on either side.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/harness/process.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::Deadline;
using harness::Eventually;
using harness::RawBackend;
using harness::Socket;

// A listener with one route and one upstream, all of the given name.
class Tunnel {
 public:
  struct Options {
    std::string listener = "protocol: TCP";
    std::string route;
    std::string upstream;
    std::vector<std::string> backends;
  };

  explicit Tunnel(const Options& options) {
    static int made = 0;
    name_ = fmt::format("tunnel-{}", ++made);
    Apply(options, port());
  }
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;
  ~Tunnel() {
    if (SharedFleet() != nullptr) (void)SharedFleet()->Yardctl({"delete", "-f", "-"}, yaml_);
  }
  void Apply(const Options& options, std::uint16_t port) {
    std::string backends;
    for (const std::string& address : options.backends) backends += fmt::format("{}{{address: \"{}\"}}", backends.empty() ? "" : ", ", address);
    yaml_ = fmt::format(
        "kind: Listener\nname: {0}\nspec: {{address: 127.0.0.1, port: {1}, {2}}}\n---\n"
        "kind: Upstream\nname: {0}\nspec: {{backends: [{3}]{4}}}\n---\n"
        "kind: Route\nname: {0}\nspec: {{listeners: [{0}], forward: {{upstreams: [{{upstream: {0}}}]}}{5}}}\n",
        name_, port, options.listener, backends, options.upstream.empty() ? "" : ", " + options.upstream,
        options.route.empty() ? "" : ", " + options.route);
    ASSERT_NE(SharedFleet(), nullptr);
    const absl::Status status = SharedFleet()->Apply(yaml_);
    EXPECT_TRUE(status.ok()) << status;
  }
  std::uint16_t port() const { return port_.port(); }
  const std::string& name() const { return name_; }
  // Not valid when the connection was reset before it was seen to be there.
  Socket Connect() const {
    auto socket = Socket::ConnectLoopback(port());
    return socket.ok() ? *std::move(socket) : Socket();
  }
  // The counter of this cause reaches one.
  bool Counts(const std::string& cause) const {
    const std::string line = fmt::format("switchyard_request_causes_total{{listener=\"{}\",cause=\"{}\"}} 1", name_, cause);
    return Eventually([&] { return SharedFleet()->AdminGet(0, "/metrics").value_or("").find(line) != std::string::npos; });
  }

 private:
  harness::ReservedPort port_;
  std::string name_;
  std::string yaml_;
};

std::string ReadExactly(Socket& socket, std::size_t size) {
  const Deadline deadline;
  std::string out;
  while (out.size() < size) {
    const auto piece = socket.Read(deadline);
    if (!piece.ok() || piece->empty()) break;
    out += *piece;
  }
  return out;
}

// True: reset. False: ended in good order, or not at all.
bool IsReset(Socket& socket) {
  if (!socket.valid()) return true;
  const Deadline deadline;
  for (;;) {
    const auto piece = socket.Read(deadline);
    if (!piece.ok()) return piece.status().code() == absl::StatusCode::kUnavailable;
    if (piece->empty()) return false;
  }
}

std::string Pattern(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 1;
  for (char& c : out) c = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U);
  return out;
}

// Sends back what comes, until the end.
void Echo(BackendConnection& connection) {
  for (;;) {
    const auto byte = connection.ReadBytes(1);
    if (!byte.ok() || !connection.Write(*byte).ok()) return;
  }
}

TEST(TcpTunnel, EndsOneDirectionAndKeepsTheOther) {
  RawBackend backend([](BackendConnection& connection) {
    const auto question = connection.ReadBytes(8);
    if (!question.ok() || *question != "question" || !connection.PeerCloses()) return;
    (void)connection.Write("answer after your end");
  });
  const Tunnel tunnel({.backends = {backend.address()}});
  Socket client = tunnel.Connect();
  ASSERT_TRUE(client.Write("question", Deadline()).ok());
  client.ShutdownWrite();
  EXPECT_EQ(ReadExactly(client, 21), "answer after your end");
  EXPECT_EQ(client.Read(Deadline()).value_or("not an end"), "");
}

TEST(TcpTunnel, LetsTheServerSpeakFirst) {
  RawBackend backend([](BackendConnection& connection) {
    (void)connection.Write("220 ready\r\n");
    Echo(connection);
  });
  const Tunnel tunnel({.backends = {backend.address()}});
  Socket client = tunnel.Connect();
  EXPECT_EQ(ReadExactly(client, 11), "220 ready\r\n");
  ASSERT_TRUE(client.Write("QUIT", Deadline()).ok());
  EXPECT_EQ(ReadExactly(client, 4), "QUIT");
}

TEST(TcpTunnel, CarriesMuchBothWaysToALateReader) {
  const std::string data = Pattern(24U << 20U);
  RawBackend backend([&](BackendConnection& connection) {
    const auto got = connection.ReadBytes(data.size());
    if (got.ok() && *got == data) (void)connection.Write(data);
  });
  const Tunnel tunnel({.backends = {backend.address()}});
  Socket client = tunnel.Connect();
  ASSERT_TRUE(client.Write(data, Deadline()).ok());
  EXPECT_TRUE(ReadExactly(client, data.size()) == data);
  const auto line = [&](std::string_view direction) {
    return fmt::format("switchyard_tunnel_bytes_total{{listener=\"{}\",direction=\"{}\"}} {}", tunnel.name(), direction, data.size());
  };
  EXPECT_TRUE(Eventually([&] {
    const std::string metrics = SharedFleet()->AdminGet(0, "/metrics").value_or("");
    return metrics.find(line("sent")) != std::string::npos && metrics.find(line("received")) != std::string::npos;
  })) << SharedFleet()->AdminGet(0, "/metrics").value_or("");
}

TEST(TcpTunnel, GoesToAnotherBackendWhenOneRefuses) {
  RawBackend dead;
  dead.StopListening();
  RawBackend backend(Echo);
  const Tunnel tunnel({.upstream = "balancer: ROUND_ROBIN", .backends = {dead.address(), backend.address()}});
  for (int i = 0; i < 6; ++i) {
    Socket client = tunnel.Connect();
    ASSERT_TRUE(client.Write("hello", Deadline()).ok());
    EXPECT_EQ(ReadExactly(client, 5), "hello");
  }
}

TEST(TcpTunnel, WithoutABackendIsResetWithItsCause) {
  RawBackend dead;
  dead.StopListening();
  const Tunnel tunnel({.backends = {dead.address()}});
  Socket client = tunnel.Connect();
  EXPECT_TRUE(IsReset(client));
  EXPECT_TRUE(tunnel.Counts("connect_failed"));
}

TEST(TcpTunnel, PassesResetsOnBothWays) {
  RawBackend resets([](BackendConnection& connection) {
    (void)connection.ReadBytes(1);
    connection.Reset();
  });
  const Tunnel tunnel({.backends = {resets.address()}});
  Socket client = tunnel.Connect();
  ASSERT_TRUE(client.Write("x", Deadline()).ok());
  EXPECT_TRUE(IsReset(client));
  EXPECT_TRUE(tunnel.Counts("upstream_closed"));

  RawBackend backend(Echo);
  const Tunnel other({.backends = {backend.address()}});
  Socket leaver = other.Connect();
  ASSERT_TRUE(leaver.Write("x", Deadline()).ok());
  EXPECT_EQ(ReadExactly(leaver, 1), "x");
  leaver.ResetOnClose();
  leaver.Close();
  EXPECT_TRUE(other.Counts("client_gone"));
  EXPECT_TRUE(Eventually([&] { return backend.open() == 0; }));
}

TEST(TcpTunnel, ABackendThatHasAnsweredAndLeftHasNotFailed) {
  RawBackend backend([](BackendConnection& connection) {
    if (connection.ReadBytes(8).ok()) (void)connection.Write("answer");
  });
  const Tunnel tunnel({.backends = {backend.address()}});
  Socket client = tunnel.Connect();
  ASSERT_TRUE(client.Write("question", Deadline()).ok());
  EXPECT_EQ(ReadExactly(client, 6), "answer");
  EXPECT_EQ(client.Read(Deadline()).value_or("not an end"), "");
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(client.Write("more", Deadline()).ok()) << i;
    // By the time that this is answered the write has met the backend's reset.
    (void)SharedFleet()->AdminGet(0, "/metrics");
  }
  client.ShutdownWrite();
  EXPECT_EQ(client.Read(Deadline()).value_or("reset"), "");
  // What is counted later shows that nothing was counted before.
  backend.StopListening();
  Socket refused = tunnel.Connect();
  EXPECT_TRUE(tunnel.Counts("connect_failed"));
  const std::string metrics = SharedFleet()->AdminGet(0, "/metrics").value_or("");
  EXPECT_EQ(metrics.find(fmt::format("listener=\"{}\",cause=\"upstream_closed\"", tunnel.name())), std::string::npos);
}

TEST(TcpTunnel, EndsWhenSilentAndWhenOld) {
  RawBackend backend(Echo);
  const Tunnel silent({.route = "timeouts: {idle: 200ms}", .backends = {backend.address()}});
  Socket client = silent.Connect();
  ASSERT_TRUE(client.Write("x", Deadline()).ok());
  EXPECT_EQ(ReadExactly(client, 1), "x");
  EXPECT_TRUE(IsReset(client));
  EXPECT_TRUE(silent.Counts("idle_timeout"));

  const Tunnel old({.listener = "protocol: TCP, tcp: {max_duration: 1s}", .backends = {backend.address()}});
  Socket busy = old.Connect();
  while (busy.Write("x", Deadline()).ok() && ReadExactly(busy, 1) == "x") {
  }
  EXPECT_TRUE(old.Counts("tunnel_expired"));
}

TEST(TcpTunnel, OutlivesItsListenerAndAnAddressChange) {
  RawBackend backend(Echo);
  Socket client;
  {
    const Tunnel tunnel({.backends = {backend.address()}});
    client = tunnel.Connect();
    ASSERT_TRUE(client.Write("before", Deadline()).ok());
    EXPECT_EQ(ReadExactly(client, 6), "before");
  }
  ASSERT_TRUE(client.Write("after", Deadline()).ok());
  EXPECT_EQ(ReadExactly(client, 5), "after");

  Tunnel moving({.backends = {backend.address()}});
  Socket old = moving.Connect();
  ASSERT_TRUE(old.Write("before", Deadline()).ok());
  EXPECT_EQ(ReadExactly(old, 6), "before");
  const harness::ReservedPort port;
  moving.Apply({.backends = {backend.address()}}, port.port());
  ASSERT_TRUE(old.Write("after", Deadline()).ok());
  EXPECT_EQ(ReadExactly(old, 5), "after");
  auto moved = Socket::ConnectLoopback(port.port());
  ASSERT_TRUE(moved.ok());
  ASSERT_TRUE(moved->Write("new", Deadline()).ok());
  EXPECT_EQ(ReadExactly(*moved, 3), "new");
  EXPECT_FALSE(Socket::ConnectLoopback(moving.port()).ok()) << "nobody listens at the old address";
}

TEST(TcpTunnel, OverTheCapIsReset) {
  RawBackend backend(Echo);
  // One per worker: the kernel chooses the worker, so the third of three is too many wherever it lands.
  const Tunnel tunnel({.listener = "protocol: TCP, tcp: {max_connections: 2}", .backends = {backend.address()}});
  std::vector<Socket> clients;
  for (int i = 0; i < 12; ++i) clients.push_back(tunnel.Connect());
  int served = 0;
  for (Socket& client : clients) {
    if (client.Write("x", Deadline()).ok() && ReadExactly(client, 1) == "x") ++served;
  }
  EXPECT_GE(served, 1);
  EXPECT_LE(served, 2);
}

// --- who the client is ---

TEST(ProxyProtocolIn, AnnouncedClientIsTheClient) {
  RawBackend backend;
  const std::string require = "proxy_protocol: {trusted_sources: [127.0.0.0/8]}";
  const Tunnel tunnel({.listener = require, .backends = {backend.address()}});
  for (const std::string& header :
       {std::string("PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n"),
        std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\x00\x71\x09\xc0\x00\x02\x01\xdc\x04\x01\xbb", 28)}) {
    backend.Clear();
    Socket client = tunnel.Connect();
    // In three pieces, so that it is never whole at once.
    ASSERT_TRUE(client.Write(header.substr(0, 5), Deadline()).ok());
    ASSERT_TRUE(client.Write(header.substr(5, 10), Deadline()).ok());
    ASSERT_TRUE(client.Write(header.substr(15) + Get("/") , Deadline()).ok());
    ASSERT_TRUE(Eventually([&] { return !backend.SeenRequests().empty(); }));
    EXPECT_NE(backend.SeenBytes().find("203.0.113.9"), std::string::npos) << backend.SeenBytes();
    EXPECT_EQ(backend.SeenBytes().find("PROXY"), std::string::npos);
  }
}

TEST(ProxyProtocolIn, CurlIsServedWithAndNotWithoutAHeader) {
  RawBackend backend;
  const Tunnel tunnel({.listener = "proxy_protocol: {trusted_sources: [127.0.0.1]}", .backends = {backend.address()}});
  const std::string url = fmt::format("http://127.0.0.1:{}/", tunnel.port());
  const auto with = harness::RunProgram({.argv = {"/usr/bin/curl", "-sS", "--haproxy-protocol", url}});
  ASSERT_TRUE(with.ok()) << with.status();
  EXPECT_EQ(with->exit.code, 0) << with->err;
  EXPECT_NE(with->out.find("backend"), std::string::npos) << with->out;
  const auto without = harness::RunProgram({.argv = {"/usr/bin/curl", "-sS", url}});
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_NE(without->exit.code, 0);
  EXPECT_TRUE(tunnel.Counts("bad_proxy_header"));
}

TEST(ProxyProtocolIn, StrangersAndLateHeadersAreReset) {
  RawBackend backend;
  const Tunnel strange({.listener = "proxy_protocol: {trusted_sources: [10.0.0.0/8]}", .backends = {backend.address()}});
  Socket stranger = strange.Connect();
  EXPECT_TRUE(IsReset(stranger));
  EXPECT_TRUE(strange.Counts("proxy_not_trusted"));
  const Tunnel late({.listener = "proxy_protocol: {trusted_sources: [0.0.0.0/0], timeout: 200ms}", .backends = {backend.address()}});
  Socket slow = late.Connect();
  ASSERT_TRUE(slow.Write("PROXY TCP4 ", Deadline()).ok());
  EXPECT_TRUE(IsReset(slow));
  EXPECT_TRUE(late.Counts("proxy_header_timeout"));
  EXPECT_EQ(backend.connections(), 0U);
}

TEST(ProxyProtocolOut, TunnelsTellWhoseConnectionItIs) {
  RawBackend backend(Echo);
  const Tunnel v1({.listener = "protocol: TCP, proxy_protocol: {trusted_sources: [127.0.0.1]}",
                   .upstream = "proxy_protocol: V1", .backends = {backend.address()}});
  Socket client = v1.Connect();
  const std::string header = "PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n";
  ASSERT_TRUE(client.Write(header + "payload", Deadline()).ok());
  EXPECT_EQ(ReadExactly(client, header.size() + 7), header + "payload") << "the announced addresses go on as they came";
  const Tunnel v2({.listener = "protocol: TCP", .upstream = "proxy_protocol: V2", .backends = {backend.address()}});
  Socket other = v2.Connect();
  ASSERT_TRUE(other.Write("payload", Deadline()).ok());
  const std::string got = ReadExactly(other, 28 + 7);
  ASSERT_EQ(got.size(), 35U);
  EXPECT_EQ(got.substr(0, 20), std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01", 20));
  EXPECT_EQ(static_cast<unsigned char>(got[26]) << 8 | static_cast<unsigned char>(got[27]), v2.port()) << "where the client connected to";
  EXPECT_EQ(got.substr(28), "payload");
}

TEST(ProxyProtocolOut, HttpConnectionsBelongToOneClient) {
  RawBackend backend([](BackendConnection& connection) {
    // The header line is read byte by byte, then requests as usual.
    std::string line;
    while (!line.ends_with("\r\n")) {
      const auto byte = connection.ReadBytes(1);
      if (!byte.ok()) return;
      line += *byte;
    }
    line.resize(line.size() - 2);
    while (connection.ReadRequest().ok()) {
      if (!connection.Write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", line.size(), line)).ok()) return;
    }
  });
  const Site site({.upstream_line = "proxy_protocol: V1", .backends = {backend.address()}});
  ASSERT_TRUE(site.ok());
  auto first = site.Connect();
  auto second = site.Connect();
  std::vector<std::string> told;
  for (int round = 0; round < 3; ++round) {
    for (auto* client : {&first, &second}) {
      const auto answer = client->Exchange(Get("/"));
      ASSERT_TRUE(answer.ok()) << answer.status();
      EXPECT_EQ(answer->status(), 200);
      told.push_back(answer->body);
      EXPECT_TRUE(answer->body.starts_with("PROXY TCP4 127.0.0.1 127.0.0.1 ")) << answer->body;
      EXPECT_TRUE(answer->body.ends_with(fmt::format(" {}", site.port()))) << answer->body;
    }
  }
  EXPECT_EQ(told[0], told[2]);
  EXPECT_EQ(told[1], told[5]);
  EXPECT_NE(told[0], told[1]);
  EXPECT_EQ(backend.connections(), 2U) << "each client keeps its own connection";
}

// --- TLS passed through by server name ---

class Servers {
 public:
  // One openssl s_server per name, with a certificate for it.
  explicit Servers(const std::vector<std::string>& names) {
    for (const std::string& name : names) Start(name);
  }
  std::uint16_t port(std::size_t i) const { return ports_[i]; }

 private:
  void Start(const std::string& name) {
    const std::string base = directory_.path() + "/" + name;
    const auto made = harness::RunProgram({.argv = {"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                                                    "-keyout", base + ".key", "-out", base + ".pem", "-days", "2", "-subj", "/CN=" + name}});
    ASSERT_TRUE(made.ok() && made->exit.code == 0) << (made.ok() ? made->err : made.status().ToString());
    // -www answers any request with a page about the session.
    auto server = harness::Process::Start(
        {.argv = {"/usr/bin/openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", base + ".pem", "-key", base + ".key", "-www"}});
    ASSERT_TRUE(server.ok()) << server.status();
    // "ACCEPT 127.0.0.1:PORT"
    std::string out;
    ASSERT_TRUE(Eventually([&] {
      out = (*server)->Stdout();
      return out.find("ACCEPT 127.0.0.1:") != std::string::npos && out.find('\n', out.find("ACCEPT")) != std::string::npos;
    })) << (*server)->Describe();
    ports_.push_back(static_cast<std::uint16_t>(std::stoi(out.substr(out.find("ACCEPT 127.0.0.1:") + 17))));
    servers_.push_back(*std::move(server));
  }

  harness::TempDir directory_;
  std::vector<std::unique_ptr<harness::Process>> servers_;
  std::vector<std::uint16_t> ports_;
};

// The subject of the certificate that a client gets for this name, or what it said.
std::string SubjectFor(std::uint16_t port, const std::vector<std::string>& how) {
  std::vector<std::string> argv = {"/usr/bin/openssl", "s_client", "-connect", fmt::format("127.0.0.1:{}", port)};
  argv.insert(argv.end(), how.begin(), how.end());
  const auto done = harness::RunProgram({.argv = argv, .input = "Q\n"});
  if (!done.ok()) return done.status().ToString();
  const std::size_t at = done->out.find("subject=CN = ");
  if (at == std::string::npos) return done->err;
  return done->out.substr(at + 13, done->out.find('\n', at) - at - 13);
}

TEST(TlsPassthrough, GoesWhereTheServerNameSays) {
  const Servers servers({"one.example.com", "wild.example.net", "default.example.org"});
  const harness::ReservedPort port;
  std::string yaml = fmt::format("kind: Listener\nname: sni\nspec: {{address: 127.0.0.1, port: {}, protocol: TLS_PASSTHROUGH}}\n", port.port());
  const std::vector<std::string> matches = {"[one.example.com]", "['*.example.net']"};
  for (std::size_t i = 0; i < 2; ++i) {
    yaml += fmt::format(
        "---\nkind: Upstream\nname: sni-{0}\nspec: {{backends: [{{address: '127.0.0.1:{1}'}}]}}\n"
        "---\nkind: Route\nname: sni-{0}\nspec: {{listeners: [sni], matches: [{{sni: {2}}}], forward: {{upstreams: [{{upstream: sni-{0}}}]}}}}\n",
        i, servers.port(i), matches[i]);
  }
  ASSERT_NE(SharedFleet(), nullptr);
  ASSERT_TRUE(SharedFleet()->Apply(yaml).ok());
  EXPECT_EQ(SubjectFor(port.port(), {"-servername", "one.example.com"}), "one.example.com");
  EXPECT_EQ(SubjectFor(port.port(), {"-servername", "ONE.example.com", "-tls1_2"}), "one.example.com");
  EXPECT_EQ(SubjectFor(port.port(), {"-servername", "x.y.example.net"}), "wild.example.net");
  EXPECT_NE(SubjectFor(port.port(), {"-servername", "stranger.example.org"}).find("unrecognized name"), std::string::npos);
  EXPECT_NE(SubjectFor(port.port(), {"-noservername"}).find("unrecognized name"), std::string::npos);
  const std::string rest = fmt::format(
      "kind: Upstream\nname: sni-2\nspec: {{backends: [{{address: '127.0.0.1:{}'}}]}}\n---\nkind: Route\nname: sni-2\nspec: {{listeners: [sni], "
      "forward: {{upstreams: [{{upstream: sni-2}}]}}}}\n",
      servers.port(2));
  ASSERT_TRUE(SharedFleet()->Apply(rest).ok());
  EXPECT_EQ(SubjectFor(port.port(), {"-noservername"}), "default.example.org");
  EXPECT_EQ(SubjectFor(port.port(), {"-servername", "stranger.example.org"}), "default.example.org");
  (void)SharedFleet()->Yardctl({"delete", "-f", "-"}, yaml + "---\n" + rest);
}

TEST(TlsPassthrough, WhatIsNoHelloGetsAnAlertAndLateOnesAReset) {
  RawBackend backend(Echo);
  const Tunnel tunnel({.listener = "protocol: TLS_PASSTHROUGH, tcp: {hello_timeout: 500ms}", .backends = {backend.address()}});
  Socket plain = tunnel.Connect();
  ASSERT_TRUE(plain.Write(Get("/"), Deadline()).ok());
  EXPECT_EQ(ReadExactly(plain, 7), std::string("\x15\x03\x03\x00\x02\x02\x32", 7)) << "decode_error";
  EXPECT_TRUE(tunnel.Counts("bad_client_hello"));
  Socket slow = tunnel.Connect();
  ASSERT_TRUE(slow.Write(std::string("\x16\x03\x01\x02", 4), Deadline()).ok());
  EXPECT_TRUE(IsReset(slow));
  EXPECT_TRUE(tunnel.Counts("client_hello_timeout"));
  EXPECT_EQ(backend.connections(), 0U);
}

}  // namespace
}  // namespace switchyard::integration
