// Goal: each request and tunnel leaves one line that says what became of it and shows no credential; nothing is lost by a rotation, and a disk that
// is full costs lines, counted, and nothing else.
// Method: real agents that write to files; every line is parsed as JSON and compared with what the client saw.
#include <fmt/format.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "tests/harness/h2_client.h"
#include "tests/harness/temp_dir.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::BackendConnection;
using harness::Deadline;
using harness::Eventually;
using harness::Fleet;
using harness::RawBackend;
using harness::RawHttpClient;
using harness::Socket;

using Line = google::protobuf::Struct;

std::string Text(const Line& line, const std::string& key) {
  const auto at = line.fields().find(key);
  return at == line.fields().end() ? "(absent)" : at->second.string_value();
}

double Number(const Line& line, const std::string& key) {
  const auto at = line.fields().find(key);
  return at == line.fields().end() ? -1 : at->second.number_value();
}

std::string HeaderIn(const Line& line, const std::string& key, const std::string& name) {
  const auto at = line.fields().find(key);
  return at == line.fields().end() ? "(absent)" : Text(at->second.struct_value(), name);
}

// The lines of a file that belong to a listener; each must be JSON. What is still being written is left out.
std::vector<Line> LinesOf(const std::string& path, const std::string& listener) {
  std::vector<Line> lines;
  const std::string text = harness::ReadFile(path);
  for (std::size_t at = 0, end = text.find('\n'); end != std::string::npos; at = end + 1, end = text.find('\n', at)) {
    Line line;
    const std::string one = text.substr(at, end - at);
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(one, &line).ok()) << one;
    if (Text(line, "listener") == listener) lines.push_back(std::move(line));
  }
  return lines;
}

// One fleet for the whole program whose agent writes to a file.
class LogEnvironment : public testing::Environment {
 public:
  Fleet* Get() {
    if (fleet_ == nullptr && !tried_) {
      auto fleet = Fleet::Start({.agent_flags = {"--access-log", path()}});
      EXPECT_TRUE(fleet.ok()) << fleet.status();
      if (fleet.ok()) fleet_ = *std::move(fleet);
    }
    tried_ = true;
    return fleet_.get();
  }
  std::string path() const { return directory_.Sub("access.log"); }
  std::string Old(int number) const { return fmt::format("{}.{}", path(), number); }
  void TearDown() override { fleet_.reset(); }

 private:
  harness::TempDir directory_;
  std::unique_ptr<Fleet> fleet_;
  bool tried_ = false;
};

LogEnvironment* const kLog = static_cast<LogEnvironment*>(testing::AddGlobalTestEnvironment(new LogEnvironment));

class AccessLog : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(kLog->Get(), nullptr); }
  // Those of the listener, once there are so many; fewer when they do not come.
  static std::vector<Line> Await(const std::string& listener, std::size_t count) {
    std::vector<Line> lines;
    EXPECT_TRUE(Eventually([&] { return (lines = LinesOf(kLog->path(), listener)).size() >= count; })) << harness::ReadFile(kLog->path());
    EXPECT_LE(lines.size(), count);
    lines.resize(count);
    return lines;
  }
  static Site MakeSite(SiteOptions options) {
    options.fleet = kLog->Get();
    return Site(std::move(options));
  }
};

TEST_F(AccessLog, TellsOfARequestAndShowsNoCredential) {
  RawBackend backend(RawBackend::Scripted({"HTTP/1.1 201 Created\r\nContent-Length: 4\r\nX-Backend: b-1\r\nSet-Cookie: session=s3cret\r\n\r\nfine"}));
  const Site site = MakeSite({.http = "{request_id: ENSURE}",
                              .listener_line = "access_log: {request_headers: [User-Agent, authorization, x-api-key], "
                                               "response_headers: [x-backend, set-cookie], redacted_headers: [X-API-Key]}",
                              .backends = {backend.address()}});
  auto client = site.Connect();
  const auto answer = client.Exchange(
      "POST /buy?card=s3cret HTTP/1.1\r\nHost: shop.example:81\r\nUser-Agent: test/1\r\nAuthorization: Bearer s3cret\r\nX-Api-Key: s3cret\r\n"
      "Content-Length: 5\r\n\r\nhello");
  ASSERT_TRUE(answer.ok()) << answer.status();
  const Line line = Await(site.name(), 1)[0];
  EXPECT_EQ(Text(line, "id"), answer->Header("x-request-id"));
  EXPECT_EQ(Text(line, "client"), "127.0.0.1");
  EXPECT_EQ(Text(line, "route"), site.name());
  EXPECT_EQ(Text(line, "upstream"), site.name());
  EXPECT_EQ(Text(line, "backend"), backend.address());
  EXPECT_EQ(Text(line, "method"), "POST");
  EXPECT_EQ(Text(line, "host"), "shop.example");
  EXPECT_EQ(Text(line, "path"), "/buy?");
  EXPECT_EQ(Text(line, "protocol"), "HTTP/1.1");
  EXPECT_EQ(Number(line, "status"), 201);
  EXPECT_EQ(Text(line, "cause"), "(absent)");
  EXPECT_EQ(Number(line, "bytes_in"), 5);
  EXPECT_EQ(Number(line, "bytes_out"), 4);
  EXPECT_EQ(Number(line, "attempts"), 1);
  EXPECT_GE(Number(line, "upstream_ms"), 0);
  EXPECT_GE(Number(line, "duration_ms"), Number(line, "upstream_ms"));
  EXPECT_EQ(HeaderIn(line, "request_headers", "user-agent"), "test/1");
  EXPECT_EQ(HeaderIn(line, "request_headers", "authorization"), "(redacted)");
  EXPECT_EQ(HeaderIn(line, "request_headers", "x-api-key"), "(redacted)");
  EXPECT_EQ(HeaderIn(line, "response_headers", "x-backend"), "b-1");
  EXPECT_EQ(HeaderIn(line, "response_headers", "set-cookie"), "(redacted)");
  EXPECT_EQ(harness::ReadFile(kLog->path()).find("s3cret"), std::string::npos);
}

TEST_F(AccessLog, TakesTheIdThatTheClientSent) {
  RawBackend backend;
  const Site site = MakeSite({.backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Exchange("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc-1\r\n\r\n").ok());
  ASSERT_TRUE(client.Exchange("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: not an id\r\n\r\n").ok());
  const auto lines = Await(site.name(), 2);
  EXPECT_EQ(Text(lines[0], "id"), "abc-1");
  EXPECT_EQ(Text(lines[1], "id"), "(absent)");
}

TEST_F(AccessLog, TellsOfHttp2AndOfGrpcStatuses) {
  RawBackend backend(RawBackend::Scripted({"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                                           "HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\ngrpc-status: 5\r\nContent-Length: 0\r\n\r\n"}));
  const Site site = MakeSite({.backends = {backend.address()}});
  auto client = harness::H2Client::Connect(site.port());
  ASSERT_TRUE(client.ok()) << client.status();
  const auto ask = [&](std::uint32_t stream, harness::HeaderList more) {
    harness::HeaderList fields = {{":method", "POST"}, {":scheme", "http"}, {":authority", "h2.example"}, {":path", "/two"}};
    fields.insert(fields.end(), more.begin(), more.end());
    ASSERT_TRUE((*client)->SendHeaders(stream, fields, true).ok());
    ASSERT_TRUE((*client)->ReadAnswer(stream).ok());
  };
  ask(1, {});
  ask(3, {{"content-type", "application/grpc"}, {"te", "trailers"}});
  const auto lines = Await(site.name(), 2);
  EXPECT_EQ(Text(lines[0], "protocol"), "HTTP/2");
  EXPECT_EQ(Text(lines[0], "host"), "h2.example");
  EXPECT_EQ(Number(lines[0], "bytes_out"), 2);
  EXPECT_EQ(Number(lines[0], "grpc_status"), -1);
  EXPECT_EQ(Number(lines[1], "status"), 200);
  EXPECT_EQ(Number(lines[1], "grpc_status"), 5);
}

TEST_F(AccessLog, NamesTheCauseOfAFailureAsTheHeaderDoes) {
  const harness::ReservedPort nobody;
  const Site site = MakeSite({.backends = {fmt::format("127.0.0.1:{}", nobody.port())}});
  auto client = site.Connect();
  const auto failed = client.Exchange(Get("/down"));
  ASSERT_TRUE(failed.ok()) << failed.status();
  const auto refused = site.Connect().Exchange("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n");
  ASSERT_TRUE(refused.ok()) << refused.status();
  const auto lines = Await(site.name(), 2);
  EXPECT_EQ(Number(lines[0], "status"), 502);
  EXPECT_EQ(Text(lines[0], "cause"), "connect_failed");
  EXPECT_EQ(Text(lines[0], "cause"), failed->Header("x-switchyard-cause"));
  EXPECT_EQ(Number(lines[1], "status"), 400);
  EXPECT_EQ(Text(lines[1], "cause"), refused->Header("x-switchyard-cause"));
  EXPECT_EQ(Text(lines[1], "method"), "(absent)");
}

TEST_F(AccessLog, TellsOfAClientThatLeft) {
  RawBackend backend([](BackendConnection& connection) {
    if (connection.ReadRequest().ok()) (void)connection.PeerCloses();
  });
  const Site site = MakeSite({.backends = {backend.address()}});
  auto client = site.Connect();
  ASSERT_TRUE(client.Send(Get("/wait")).ok());
  ASSERT_TRUE(Eventually([&] { return !backend.SeenRequests().empty(); }));
  client.Reset();
  const Line line = Await(site.name(), 1)[0];
  EXPECT_EQ(Text(line, "cause"), "client_gone");
  EXPECT_EQ(Number(line, "status"), -1);
}

void Echo(BackendConnection& connection) {
  while (true) {
    const auto byte = connection.ReadBytes(1);
    if (!byte.ok() || !connection.Write(*byte).ok()) return;
  }
}

TEST_F(AccessLog, TellsOfAWebSocketWhenItEnds) {
  RawBackend backend([](BackendConnection& connection) {
    if (!connection.ReadHead().ok()) return;
    (void)connection.Write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    Echo(connection);
  });
  const Site site = MakeSite({.backends = {backend.address()}});
  {
    auto client = site.Connect();
    ASSERT_TRUE(client.Send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                            "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n").ok());
    ASSERT_TRUE(client.ReadResponseHead().ok());
    ASSERT_TRUE(client.Send("hello").ok());
    ASSERT_TRUE(client.ReadBytes(5).ok());
    EXPECT_TRUE(LinesOf(kLog->path(), site.name()).empty());
  }
  const Line line = Await(site.name(), 1)[0];
  EXPECT_EQ(Number(line, "status"), 101);
  EXPECT_EQ(Number(line, "bytes_in"), 5);
  EXPECT_EQ(Number(line, "bytes_out"), 5);
}

TEST_F(AccessLog, TellsOfATunnelWhenItEnds) {
  RawBackend backend(Echo);
  const harness::ReservedPort port;
  ASSERT_TRUE(kLog->Get()
                  ->Apply(fmt::format("kind: Listener\nname: tunnel\nspec: {{address: 127.0.0.1, port: {}, protocol: TCP}}\n---\n"
                                      "kind: Upstream\nname: tunnel\nspec: {{backends: [{{address: \"{}\"}}]}}\n---\n"
                                      "kind: Route\nname: tunnel\nspec: {{listeners: [tunnel], forward: {{upstreams: [{{upstream: tunnel}}]}}}}\n",
                                      port.port(), backend.address()))
                  .ok());
  {
    auto client = Socket::ConnectLoopback(port.port());
    ASSERT_TRUE(client.ok()) << client.status();
    ASSERT_TRUE(client->Write("hello", Deadline()).ok());
    std::string back;
    while (back.size() < 5) {
      const auto piece = client->Read(Deadline());
      ASSERT_TRUE(piece.ok() && !piece->empty());
      back += *piece;
    }
  }
  const Line line = Await("tunnel", 1)[0];
  EXPECT_EQ(Text(line, "protocol"), "TCP");
  EXPECT_EQ(Text(line, "route"), "tunnel");
  EXPECT_EQ(Text(line, "backend"), backend.address());
  EXPECT_EQ(Number(line, "bytes_in"), 5);
  EXPECT_EQ(Number(line, "bytes_out"), 5);
  EXPECT_EQ(Number(line, "status"), -1);
}

TEST_F(AccessLog, TellsOfATunnelThatNeverBecameOne) {
  const harness::ReservedPort port;
  ASSERT_TRUE(kLog->Get()
                  ->Apply(fmt::format("kind: Listener\nname: hello\nspec: {{address: 127.0.0.1, port: {}, protocol: TLS_PASSTHROUGH}}\n", port.port()))
                  .ok());
  auto client = Socket::ConnectLoopback(port.port());
  ASSERT_TRUE(client.ok()) << client.status();
  ASSERT_TRUE(client->Write("GET / HTTP/1.1\r\n\r\n", Deadline()).ok());
  const Line line = Await("hello", 1)[0];
  EXPECT_EQ(Text(line, "protocol"), "TLS");
  EXPECT_EQ(Text(line, "cause"), "bad_client_hello");
}

TEST_F(AccessLog, DrawsAShareAndKeepsEveryFailure) {
  RawBackend backend([](BackendConnection& connection) {
    while (true) {
      const auto request = connection.ReadRequest();
      if (!request.ok()) return;
      const bool bad = request->start_line.find("/bad") != std::string::npos;
      (void)connection.Write(fmt::format("HTTP/1.1 {}\r\nContent-Length: 0\r\n\r\n", bad ? "503 Unavailable" : "200 OK"));
    }
  });
  const Site site = MakeSite({.upstream_line = "breaker: {mode: OFF}", .listener_line = "access_log: {percent: 0}", .backends = {backend.address()}});
  auto client = site.Connect();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.Exchange(Get("/fine")).ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.Exchange(Get("/bad")).ok());
  for (const Line& line : Await(site.name(), 5)) EXPECT_EQ(Number(line, "status"), 503);
}

TEST_F(AccessLog, LosesNothingInARotationUnderLoad) {
  constexpr int kClients = 4;
  constexpr int kRotations = 5;
  RawBackend backend;
  const Site site = MakeSite({.backends = {backend.address()}});
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> sent{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      auto client = site.Connect();
      for (int request = 0; !stop; ++request) {
        if (!client.Exchange(Get(fmt::format("/{}-{}", i, request))).ok()) break;
        ++sent;
      }
    });
  }
  for (int i = 0; i < kRotations; ++i) {
    ASSERT_TRUE(Eventually([&] { return !LinesOf(kLog->path(), site.name()).empty(); }));
    ASSERT_EQ(std::rename(kLog->path().c_str(), kLog->Old(i).c_str()), 0);
    kLog->Get()->agent(0).Signal(SIGHUP);
    ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(kLog->path()); }));
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  std::multiset<std::string> paths;
  const auto collect = [&] {
    paths.clear();
    for (int i = 0; i < kRotations; ++i) {
      for (const Line& line : LinesOf(kLog->Old(i), site.name())) paths.insert(Text(line, "path"));
    }
    for (const Line& line : LinesOf(kLog->path(), site.name())) paths.insert(Text(line, "path"));
    return paths.size() >= sent;
  };
  EXPECT_TRUE(Eventually(collect));
  EXPECT_EQ(paths.size(), sent);
  EXPECT_EQ(std::set<std::string>(paths.begin(), paths.end()).size(), sent);
  RecordProperty("requests", static_cast<int>(sent));
}

TEST_F(AccessLog, GoesOnInTheProcessThatTakesOver) {
  RawBackend backend;
  const Site site = MakeSite({.backends = {backend.address()}});
  ASSERT_TRUE(site.Connect().Exchange(Get("/before")).ok());
  const auto old = kLog->Get()->UpgradeAgent(0);
  ASSERT_TRUE(old.ok()) << old.status();
  ASSERT_TRUE(site.Connect().Exchange(Get("/after")).ok());
  const auto lines = Await(site.name(), 2);
  EXPECT_EQ(Text(lines[1], "path"), "/after");
}

double Metric(Fleet& fleet, const std::string& series) {
  const std::string text = fleet.AdminGet(0, "/metrics").value_or("");
  const std::size_t at = text.find("\n" + series + " ");
  return at == std::string::npos ? 0 : std::atof(text.c_str() + at + series.size() + 2);
}

// A file system of 32 MiB where one may be mounted: full until the filler goes, then with room for all that the test writes.
class SmallDisk {
 public:
  SmallDisk() : mounted_(::mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, "size=32m") == 0) {}
  ~SmallDisk() {
    if (mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }
  std::string Sub(std::string_view name) const { return directory_.Sub(name); }

 private:
  harness::TempDir directory_;
  const bool mounted_;
};

TEST(AccessLogDisk, AFullOneCostsLinesAndNothingElse) {
  const SmallDisk disk;
  const std::string path = disk.Sub("access.log");
  // Without the right to mount: a device that is always full stands for the disk, and a rotation for the space that was made.
  if (!disk.mounted()) std::filesystem::create_symlink("/dev/full", path);
  auto started = Fleet::Start({.agent_flags = {"--access-log", path}});
  ASSERT_TRUE(started.ok()) << started.status();
  const std::unique_ptr<Fleet> fleet = *std::move(started);
  RawBackend backend;
  std::size_t sent = 0;
  {
    const Site site({.backends = {backend.address()}, .fleet = fleet.get()});
    auto client = site.Connect();
    const auto serve_until = [&](double failing) {
      return Eventually([&] {
        for (int i = 0; i < 100; ++i, ++sent) {
          const auto answer = client.Exchange(Get("/" + std::string(100, 'x')));
          if (!answer.ok() || answer->status() != 200) return false;
        }
        return Metric(*fleet, "switchyard_access_log_failing") == failing;
      });
    };
    // A page or so is left.
    if (disk.mounted()) std::ofstream(disk.Sub("filler")) << std::string(32 * 1024 * 1024 - 8 * 1024, 'f');
    ASSERT_TRUE(serve_until(1));
    if (disk.mounted()) {
      ASSERT_TRUE(std::filesystem::remove(disk.Sub("filler")));
    } else {
      std::filesystem::remove(path);
      fleet->agent(0).Signal(SIGHUP);
    }
    // It tries again with a line, a second after it failed; few lines, because the disk is small.
    bool goes_on = false;
    for (int i = 0; i < 10 && !goes_on; ++i, ++sent) {
      ASSERT_TRUE(client.Exchange(Get("/again")).ok());
      goes_on = Eventually([&] { return Metric(*fleet, "switchyard_access_log_failing") == 0; }, std::chrono::seconds(3));
    }
    ASSERT_TRUE(goes_on);
    const auto counted = [&](const char* result) { return Metric(*fleet, fmt::format("switchyard_access_log_lines_total{{result=\"{}\"}}", result)); };
    EXPECT_TRUE(Eventually([&] { return counted("written") + counted("failed") + counted("dropped") == static_cast<double>(sent); }));
    EXPECT_GT(counted("failed"), 0);
    EXPECT_GT(counted("written"), 0);
    EXPECT_NE(harness::ReadFile(path).find("\"path\":\"/again\""), std::string::npos);
  }
  const std::string said = fleet->agent(0).Stderr();
  // A line when it stops and one when it goes on, by turns: a disk that is nearly full may take a little now and then.
  const std::string stops = "the access log cannot be written";
  const std::string goes_on = "the access log is written again";
  std::size_t at = 0;
  int turns = 0;
  for (std::size_t stop = said.find(stops); stop != std::string::npos; stop = said.find(stops, at), ++turns) {
    at = said.find(goes_on, stop);
    ASSERT_NE(at, std::string::npos) << said;
    EXPECT_GT(said.find(stops, stop + 1), at) << said;
  }
  EXPECT_GE(turns, 1) << said;
}

}  // namespace
}  // namespace switchyard::integration
