// The harness itself: what other tests rely on. Each part is driven against another part of it, or a program that every system has.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/harness/process.h"
#include "tests/harness/raw_backend.h"
#include "tests/harness/raw_http_client.h"
#include "tests/harness/ready_file.h"

namespace switchyard::harness {
namespace {

constexpr Duration kBrief = std::chrono::milliseconds(50);

TEST(Process, KeepsOutputAndExitCode) {
  auto done = RunProgram({{"/bin/sh", "-c", "cat; echo err >&2; exit 7"}, {}, "in"});
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->exit.code, 7);
  EXPECT_EQ(done->out, "in");
  EXPECT_EQ(done->err, "err\n");
}

TEST(Process, SaysWhenAProgramIsNotThere) { EXPECT_FALSE(Process::Start({{"/no/such/program"}, {}, {}}).ok()); }

TEST(Process, WaitEndsAtItsDeadlineAndKillEndsTheProcess) {
  auto process = Process::Start({{"/bin/sh", "-c", "exec tail -f /dev/null"}, {}, {}});
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_FALSE((*process)->Wait(kBrief).ok());
  EXPECT_TRUE((*process)->Running());
  (*process)->Kill();
  auto exit = (*process)->Wait();
  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->signal, SIGKILL);
}

TEST(Process, PassesEnvironment) {
  auto done = RunProgram({{"/bin/sh", "-c", "printf %s \"$YARD_TEST\""}, {{"YARD_TEST", "value"}}, {}});
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->out, "value");
}

TEST(ReadyFile, FindsPortsInEitherForm) {
  EXPECT_EQ(PortIn(R"({"port": 7400, "x": 1})", "port"), 7400);
  EXPECT_EQ(PortIn(R"({"admin":"127.0.0.1:7401"})", "admin"), 7401);
  EXPECT_EQ(PortIn(R"({"admin":)", "admin"), std::nullopt);
  EXPECT_EQ(PortIn(R"({"port": 70000})", "port"), std::nullopt);
}

TEST(RawBackend, AnswersAndRecordsRequestsOnOneConnection) {
  RawBackend backend;
  auto client = RawHttpClient::Connect(backend.port());
  ASSERT_TRUE(client.ok());
  ASSERT_TRUE(client->Send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nt: 1\r\n\r\n").ok());
  for (const char* line : {"GET /a HTTP/1.1", "POST /b HTTP/1.1"}) {
    auto answer = client->ReadResponse();
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status(), 200);
    EXPECT_EQ(answer->body, std::string("backend ") + line);
  }
  const auto seen = backend.SeenRequests();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].body, "abc");
  ASSERT_EQ(seen[1].trailers.size(), 1u);
  EXPECT_EQ(backend.connections(), 1u);
  EXPECT_NE(backend.SeenBytes().find("3\r\nabc\r\n0\r\nt: 1\r\n\r\n"), std::string::npos);
}

TEST(RawBackend, ScriptsCloseWhenTheyAreUsedUp) {
  RawBackend backend(RawBackend::Scripted({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"}));
  auto client = RawHttpClient::Connect(backend.port());
  ASSERT_TRUE(client.ok());
  auto answer = client->Exchange("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable) << answer.status();
}

TEST(RawBackend, ResetsOnDemand) {
  RawBackend backend([](BackendConnection& connection) {
    (void)connection.ReadHead();
    connection.Reset();
  });
  auto client = RawHttpClient::Connect(backend.port());
  ASSERT_TRUE(client.ok());
  EXPECT_EQ(client->Exchange("GET / HTTP/1.1\r\n\r\n").status().code(), absl::StatusCode::kUnavailable);
}

TEST(RawBackend, EndsAlthoughAHandlerStillReads) {
  RawBackend backend;
  auto client = RawHttpClient::Connect(backend.port());
  ASSERT_TRUE(client.ok());
  ASSERT_TRUE(client->Send("GET /half").ok());
  EXPECT_TRUE(Eventually([&] { return backend.open() == 1; }));
}

TEST(RawHttpClient, TellsSilenceFromCloseAndCloseFromBytes) {
  RawBackend backend([](BackendConnection& connection) {
    (void)connection.ReadBytes(1);
    (void)connection.Write("HTTP/1.1 204 No Content\r\n\r\n");
    (void)connection.ReadBytes(1);
  });
  auto client = RawHttpClient::Connect(backend.port());
  ASSERT_TRUE(client.ok());
  EXPECT_EQ(client->ReadResponse(false, kBrief).status().code(), absl::StatusCode::kDeadlineExceeded);
  ASSERT_TRUE(client->Send("x").ok());
  auto answer = client->ReadResponse();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status(), 204);
  ASSERT_TRUE(client->Send("y").ok());
  EXPECT_TRUE(client->ExpectClose().ok());
}

TEST(ReservedPort, KeepsItsPortButServesNobody) {
  const ReservedPort reserved;
  EXPECT_NE(reserved.port(), 0);
  EXPECT_FALSE(RawHttpClient::Connect(reserved.port()).ok());
}

TEST(Printable, ShowsControlCharactersAndCutsLongText) {
  EXPECT_EQ(Printable(std::string("a\r\nb\0c", 6)), "a\\r\\n\n  b\\x00c");
  EXPECT_EQ(Printable(std::string(10, 'x'), 4), "xxxx... (10 bytes)");
}

}  // namespace
}  // namespace switchyard::harness
