// Each response is fed whole and then byte by byte: the answer must not depend on how the network cut it.
#include "agent/health/probe_response.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchyard::agent::health {
namespace {

using Progress = ProbeResponse::Progress;

struct Outcome {
  Progress progress;
  std::uint32_t status;
};

Outcome Feed(const std::string& bytes, std::size_t piece) {
  ProbeResponse response;
  Progress progress = Progress::kNeedMore;
  for (std::size_t at = 0; at < bytes.size(); at += piece) progress = response.Feed(std::string_view(bytes).substr(at, piece));
  return {progress, progress == Progress::kDone ? response.status() : 0};
}

void ExpectStatus(const std::string& bytes, std::uint32_t status) {
  for (const std::size_t piece : {bytes.size(), std::size_t{1}, std::size_t{3}}) {
    const Outcome outcome = Feed(bytes, piece);
    EXPECT_EQ(outcome.progress, Progress::kDone) << bytes << " in pieces of " << piece;
    EXPECT_EQ(outcome.status, status) << bytes;
  }
}

void ExpectMalformed(const std::string& bytes) {
  for (const std::size_t piece : {bytes.size(), std::size_t{1}}) {
    EXPECT_EQ(Feed(bytes, piece).progress, Progress::kMalformed) << bytes << " in pieces of " << piece;
  }
}

TEST(ProbeResponse, ReadsTheStatus) {
  ExpectStatus("HTTP/1.1 200 OK\r\n", 200);
  ExpectStatus("HTTP/1.0 503 Service Unavailable\r\nX: y\r\n\r\nbody", 503);
  ExpectStatus("HTTP/1.1 204\r\n", 204);
  ExpectStatus("HTTP/1.1 404 \n", 404);
}

TEST(ProbeResponse, SkipsInterimResponses) {
  ExpectStatus("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 200);
}

TEST(ProbeResponse, TakesSwitchingProtocolsAsFinal) { ExpectStatus("HTTP/1.1 101 Switching Protocols\r\n", 101); }

TEST(ProbeResponse, WaitsForTheEndOfTheLine) {
  EXPECT_EQ(Feed("HTTP/1.1 200 O", 14).progress, Progress::kNeedMore);
  EXPECT_EQ(Feed("HTTP/1.1 100 Continue\r\nX: y\r\n", 100).progress, Progress::kNeedMore);
}

TEST(ProbeResponse, RefusesWhatIsNotHttp) {
  for (const char* bytes : {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/2 200 OK\r\n", "HTTP/1.1  200 OK\r\n", "HTTP/1.1 20 OK\r\n", "HTTP/1.1 2000 OK\r\n",
                            "HTTP/1.1 099 OK\r\n", "\r\n", "http/1.1 200 OK\r\n", "HTTP/1.1 -20 OK\r\n"}) {
    ExpectMalformed(bytes);
  }
}

TEST(ProbeResponse, FindsAStrangerOutWithoutALineEnd) { EXPECT_EQ(Feed("\x16\x03\x01\x02", 4).progress, Progress::kMalformed); }

TEST(ProbeResponse, StopsAtItsBound) {
  ProbeResponse response;
  EXPECT_EQ(response.Feed("HTTP/1.1 100 Continue\r\n"), Progress::kNeedMore);
  Progress progress = Progress::kNeedMore;
  for (int i = 0; i < 20 && progress == Progress::kNeedMore; ++i) progress = response.Feed(std::string(1024, 'x'));
  EXPECT_EQ(progress, Progress::kMalformed);
}

}  // namespace
}  // namespace switchyard::agent::health
