// Goal: traffic follows DNS and files without anybody applying anything. Method: a real agent, a DNS server in the test that answers as told, over
// UDP on loopback.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <thread>

#include "tests/integration/site.h"
#include "tests/unit/agent/discovery/dns_bytes.h"

namespace switchyard::integration {
namespace {

using harness::Eventually;
using harness::RawBackend;

// Answers every A question with 127.0.0.1, SRV with the services, AAAA with nothing or, when told, ::1; refuses while told to.
class DnsServer {
 public:
  DnsServer() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    socklen_t length = sizeof address;
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~DnsServer() {
    ending_ = true;
    thread_.join();
    ::close(fd_);
  }
  std::uint16_t port() const { return port_; }
  void SetServices(const std::vector<std::uint16_t>& ports) {
    const std::lock_guard lock(mutex_);
    ports_ = ports;
  }
  void Fail(bool fails) { fails_ = fails; }
  void HaveV6() { v6_ = true; }

 private:
  void Serve() {
    std::string buffer(1500, '\0');
    while (!ending_) {
      pollfd state{fd_, POLLIN, 0};
      if (::poll(&state, 1, 20) != 1) continue;
      sockaddr_in from{};
      socklen_t length = sizeof from;
      const ssize_t got = ::recvfrom(fd_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
      if (got < 16) continue;
      const std::string answer = Answer(buffer.substr(0, static_cast<std::size_t>(got)));
      (void)::sendto(fd_, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&from), length);
    }
  }
  std::string Answer(const std::string& query) {
    using namespace dns_bytes;
    const std::size_t end = query.find('\0', 12) + 1;
    const std::string question = query.substr(12, end + 4 - 12);
    const int type = static_cast<unsigned char>(query[end + 1]);
    if (fails_) return Response(query.substr(0, 2), question, "", 0, 2);
    if (type == 1) return Response(query.substr(0, 2), question, Record(1, 0, Address("127.0.0.1")), 1);
    if (type == 28 && v6_) return Response(query.substr(0, 2), question, Record(28, 0, Address("::1")), 1);
    if (type != 33) return Response(query.substr(0, 2), question, "", 0);
    const std::lock_guard lock(mutex_);
    std::string records;
    for (const std::uint16_t port : ports_) records += Record(33, 0, Srv(1, 1, port, "here.example.com"));
    return Response(query.substr(0, 2), question, records, static_cast<std::uint32_t>(ports_.size()));
  }

  const int fd_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<std::uint16_t> ports_;
  std::atomic<bool> fails_{false};
  std::atomic<bool> v6_{false};
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

// Which backend answers now.
std::string Answering(const Site& site) {
  auto client = site.Connect();
  const auto answer = client.Exchange(Get("/"));
  return answer.ok() ? fmt::format("{} {}", answer->status(), answer->body.substr(0, answer->body.find('\n'))) : answer.status().ToString();
}

bool Becomes(const Site& site, const std::string& wanted) {
  return Eventually([&] { return Answering(site).find(wanted) != std::string::npos; });
}

TEST(DnsDiscovery, TrafficFollowsServicesAndOutlivesTheServer) {
  RawBackend one(RawBackend::Answering("one"));
  RawBackend two(RawBackend::Answering("two"));
  DnsServer dns;
  dns.SetServices({one.port()});
  const Site site({.upstream_line = fmt::format(
                       "discovery: {{dns: {{name: _http._tcp.example.com, record: SRV, min_ttl: 100ms, max_ttl: 1s, resolvers: [\"127.0.0.1:{}\"]}}}}",
                       dns.port())});
  ASSERT_TRUE(site.ok());
  EXPECT_NE(Answering(site).find("one"), std::string::npos) << "the first answer is there when the configuration is: " << Answering(site);
  dns.SetServices({two.port()});
  EXPECT_TRUE(Becomes(site, "two")) << Answering(site);
  dns.Fail(true);
  const std::string failing = fmt::format("switchyard_discovery_failing{{upstream=\"{}\"}} 1", site.name());
  EXPECT_TRUE(Eventually([&] { return site.fleet().AdminGet(0, "/metrics").value_or("").find(failing) != std::string::npos; }));
  EXPECT_NE(Answering(site).find("two"), std::string::npos) << "the last good answer holds";
  EXPECT_NE(site.fleet().AdminGet(0, "/status").value_or("").find("DNS _http._tcp.example.com"), std::string::npos);
  dns.SetServices({one.port()});
  dns.Fail(false);
  EXPECT_TRUE(Becomes(site, "one"));
}

TEST(DnsDiscovery, AddressesTakeThePortOfTheUpstream) {
  RawBackend backend(RawBackend::Answering("by-address"));
  DnsServer dns;
  const Site site({.upstream_line = fmt::format("discovery: {{dns: {{name: api.example.com, port: {}, resolvers: [\"127.0.0.1:{}\"]}}}}", backend.port(),
                                                dns.port())});
  ASSERT_TRUE(site.ok());
  EXPECT_NE(Answering(site).find("by-address"), std::string::npos) << Answering(site);
}

// A port of ::1 to which a connection never comes up: its queue is full, so the kernel drops what asks to join.
class SilentPort {
 public:
  explicit SilentPort(std::uint16_t port) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    address.sin6_port = htons(port);
    const auto* plain = reinterpret_cast<const sockaddr*>(&address);
    listener_ = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int only = 1;
    ::setsockopt(listener_, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    ok_ = ::bind(listener_, plain, sizeof address) == 0 && ::listen(listener_, 0) == 0;
    for (int& filler : fillers_) {
      filler = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      (void)::connect(filler, plain, sizeof address);
    }
  }
  ~SilentPort() {
    for (const int filler : fillers_) ::close(filler);
    ::close(listener_);
  }
  bool ok() const { return ok_; }

 private:
  int listener_ = -1;
  int fillers_[4] = {-1, -1, -1, -1};
  bool ok_ = false;
};

class BothFamilies : public testing::Test {
 protected:
  BothFamilies() { dns_.HaveV6(); }
  // Every attempt asks for a connection of its own, and nothing but the race keeps it from waiting for the whole connect timeout.
  std::string Line() const {
    return fmt::format("connect_timeout: 3s\n  breaker: {{mode: 'OFF'}}\n"
                       "  discovery: {{dns: {{name: api.example.com, port: {}, resolvers: [\"127.0.0.1:{}\"]}}}}",
                       backend_.port(), dns_.port());
  }
  // The longest of `count` requests, all of which must be answered.
  Duration Slowest(const Site& site, int count) {
    const SystemClock clock;
    Duration slowest{};
    for (int i = 0; i < count; ++i) {
      const TimePoint start = clock.Now();
      EXPECT_NE(Answering(site).find("200 alive"), std::string::npos);
      slowest = std::max(slowest, clock.Now() - start);
    }
    return slowest;
  }
  bool Counts(const Site& site, const std::string& metric) {
    return Eventually([&] {
      const std::string all = site.fleet().AdminGet(0, "/metrics").value_or("");
      const std::size_t at = all.find(metric);
      return at != std::string::npos && all[at + metric.size()] != '0';
    });
  }

  RawBackend backend_{[](harness::BackendConnection& connection) {
    while (connection.ReadRequest().ok()) {
      if (!connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nalive\n").ok()) return;
      return;
    }
  }};
  DnsServer dns_;
};

TEST_F(BothFamilies, ASilentFamilyCostsNobodyTheConnectTimeout) {
  const SilentPort silent(backend_.port());
  ASSERT_TRUE(silent.ok());
  const Site site({.pool = "{max_idle_per_backend: 0}", .upstream_line = Line()});
  ASSERT_TRUE(site.ok());
  const Duration slowest = Slowest(site, 24);
  EXPECT_GT(slowest, std::chrono::milliseconds(200)) << "no request went to the silent family first, so this shows nothing";
  EXPECT_LT(slowest, std::chrono::milliseconds(2500));
  // It is charged all the same, when its time is over.
  EXPECT_TRUE(Counts(site, fmt::format("switchyard_upstream_failures_total{{upstream=\"{}\",cause=\"connect_timeout\"}} ", site.name())))
      << site.fleet().AdminGet(0, "/metrics").value_or("");
}

TEST_F(BothFamilies, AFamilyThatRefusesIsLeftAtOnce) {
  const Site site({.pool = "{max_idle_per_backend: 0}", .upstream_line = Line()});
  ASSERT_TRUE(site.ok());
  EXPECT_LT(Slowest(site, 16), std::chrono::milliseconds(2500));
}

TEST_F(BothFamilies, WithTheBreakerOnASilentFamilySoonCostsNothing) {
  const SilentPort silent(backend_.port());
  ASSERT_TRUE(silent.ok());
  std::string line = Line();
  line.replace(line.find("breaker: {mode: 'OFF'}"), 22, "breaker: {mode: EVIDENCE}");
  line.replace(line.find("connect_timeout: 3s"), 19, "connect_timeout: 500ms");
  const Site site({.pool = "{max_idle_per_backend: 0}", .upstream_line = line});
  ASSERT_TRUE(site.ok());
  EXPECT_TRUE(Eventually([&] { return Slowest(site, 8) < std::chrono::milliseconds(200); })) << "the failures that nobody waited for open the breaker";
}

TEST(FileDiscovery, TrafficFollowsTheFileAndABadOneChangesNothing) {
  RawBackend one(RawBackend::Answering("one"));
  RawBackend two(RawBackend::Answering("two"));
  const harness::TempDir directory;
  const std::string path = directory.path() + "/backends.yaml";
  const auto write = [&](const std::string& text) {
    std::ofstream(path + ".new") << text;
    ASSERT_EQ(std::rename((path + ".new").c_str(), path.c_str()), 0);
  };
  write(fmt::format("backends: [{{address: '{}'}}]", one.address()));
  const Site site({.upstream_line = fmt::format("discovery: {{file: {{path: {}}}}}", path)});
  ASSERT_TRUE(site.ok());
  EXPECT_NE(Answering(site).find("one"), std::string::npos) << Answering(site);
  write("backends: [{address: nobody}]");
  EXPECT_TRUE(Eventually([&] { return site.fleet().AdminGet(0, "/status").value_or("").find("nobody") != std::string::npos; }));
  EXPECT_NE(Answering(site).find("one"), std::string::npos);
  write(fmt::format("backends: [{{address: '{}'}}]", two.address()));
  EXPECT_TRUE(Becomes(site, "two")) << Answering(site);
}

TEST(WarmUp, ConnectionsAreThereBeforeRequestsAndAgainAfterTheyEnd) {
  RawBackend backend;
  const Site site({.pool = "{min_idle_per_backend: 4, max_age: 1s}", .backends = {backend.address()}});
  ASSERT_TRUE(site.ok());
  EXPECT_TRUE(Eventually([&] { return backend.connections() == 4; }));
  // They end of age, and others come.
  EXPECT_TRUE(Eventually([&] { return backend.connections() >= 8; }));
  EXPECT_TRUE(Eventually([&] { return backend.open() == 4; }));
  EXPECT_TRUE(backend.SeenBytes().empty());
}

TEST(WarmUp, AConnectionThatARequestUsedUpIsReplaced) {
  RawBackend backend;
  const Site site({.pool = "{min_idle_per_backend: 4, max_requests_per_connection: 1}", .backends = {backend.address()}});
  ASSERT_TRUE(site.ok());
  EXPECT_TRUE(Eventually([&] { return backend.open() == 4; }));
  auto client = site.Connect();
  ASSERT_TRUE(client.Exchange(Get("/")).ok());
  EXPECT_TRUE(Eventually([&] { return backend.connections() >= 5 && backend.open() == 4; }));
}

}  // namespace
}  // namespace switchyard::integration
