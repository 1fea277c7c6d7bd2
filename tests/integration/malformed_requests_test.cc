// Goal: no odd request is misread, and none reaches a backend in another shape than it was accepted in.
// Method: every case of data/malformed_requests.txt is sent to a real agent byte by byte as written; the responses, the fate of the
// connection and what the backend saw are compared with the table. After each case a probe request on a new connection (or on the same
// one, where it must stay open) has to be the only further thing that the backend sees, so nothing smuggled can hide behind it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <strings.h>

#include <algorithm>
#include <cstdlib>

#include "tests/harness/temp_dir.h"
#include "tests/integration/request_cases.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::HttpMessage;
using harness::Printable;

constexpr Duration kClose = std::chrono::seconds(8);
constexpr std::string_view kLimits =
    "{max_head_bytes: 4096, max_headers: 20, max_target_bytes: 256, max_body_bytes: 1024, head_timeout: 10s, keep_alive_timeout: 30s}";

std::string ReadTable() {
  const char* source = std::getenv("YARD_SOURCE");
  return harness::ReadFile(std::string(source != nullptr ? source : ".") + "/tests/integration/data/malformed_requests.txt");
}

bool ContainsIgnoringCase(std::string_view text, std::string_view piece) {
  return std::search(text.begin(), text.end(), piece.begin(), piece.end(),
                     [](char a, char b) { return ::tolower(static_cast<unsigned char>(a)) == ::tolower(static_cast<unsigned char>(b)); }) != text.end();
}

std::string Describe(const std::vector<ExpectedResponse>& accepted) {
  std::string out;
  for (const ExpectedResponse& each : accepted) out += fmt::format("{}{} {}", out.empty() ? "" : " or ", each.status, each.cause);
  return out;
}

bool Accepts(const std::vector<ExpectedResponse>& accepted, const HttpMessage& got) {
  return std::any_of(accepted.begin(), accepted.end(), [&](const ExpectedResponse& each) {
    return got.status() == each.status && got.Header("x-switchyard-cause") == each.cause;
  });
}

// Runs one case and returns what was wrong, empty when nothing was.
class CaseRun {
 public:
  CaseRun(const RequestCase& test, const Site& site, harness::RawBackend& backend)
      : test_(test), backend_(backend), client_(site.Connect()), probe_(site.Connect()) {}

  std::string Run() {
    backend_.Clear();
    // A refusal may end the connection before all is sent; what counts is what comes back.
    (void)client_.Send(test_.bytes);
    CheckResponses();
    if (wrong_.empty()) CheckEnd();
    CheckProbe();
    CheckBackend();
    return wrong_;
  }

 private:
  void Wrong(const std::string& what) { wrong_ += "  " + what + "\n"; }

  void CheckResponses() {
    for (const auto& accepted : test_.responses) {
      auto got = client_.ReadResponse(accepted.front().to_head, kClose);
      if (!got.ok()) return Wrong(fmt::format("expected {}, got: {}", Describe(accepted), got.status().ToString()));
      closes_ = test_.closes.value_or(!got->Header("x-switchyard-cause").empty());
      if (!Accepts(accepted, *got)) return Wrong(fmt::format("expected {}, got:\n  {}{}", Describe(accepted), Printable(got->head), Printable(got->body)));
    }
  }

  // Close or reset: bytes that the agent never read may turn its close into a reset.
  void CheckEnd() {
    if (!closes_) return;
    const absl::Status end = client_.ExpectClose(kClose);
    if (!end.ok() && end.code() != absl::StatusCode::kUnavailable) Wrong(fmt::format("expected the connection to end: {}", end.ToString()));
  }

  void CheckProbe() {
    harness::RawHttpClient& client = closes_ || !wrong_.empty() ? probe_ : client_;
    auto got = client.Exchange(Get("/probe"));
    if (!got.ok()) return Wrong("the probe request behind it failed: " + got.status().ToString());
    if (got->status() != 200) Wrong("the probe request behind it got: " + got->start_line);
  }

  void CheckBackend() {
    if (!harness::Eventually([&] { return backend_.Quiet(); }, kClose)) Wrong("the backend still has an unfinished request");
    auto requests = backend_.SeenRequests();
    const std::string bytes = backend_.SeenBytes();
    const auto probe = std::find_if(requests.begin(), requests.end(), [](const HttpMessage& m) { return m.start_line == "GET /probe HTTP/1.1"; });
    if (probe == requests.end()) return Wrong("the backend did not see the probe request");
    if (test_.saw == BackendSaw::kNothing && bytes != probe->head) Wrong("the backend saw something");
    requests.erase(probe);
    if (test_.saw == BackendSaw::kNothing || test_.saw == BackendSaw::kPartial) CheckLines(requests, {});
    if (test_.saw == BackendSaw::kRequests) CheckLines(requests, test_.requests);
    for (const std::string& text : test_.has) {
      if (!ContainsIgnoringCase(bytes, text)) Wrong("the backend did not see: " + Printable(text));
    }
    for (const std::string& text : test_.lacks) {
      if (ContainsIgnoringCase(bytes, text)) Wrong("the backend saw: " + Printable(text));
    }
    if (!wrong_.empty()) Wrong("backend saw:\n  " + Printable(bytes));
  }

  void CheckLines(const std::vector<HttpMessage>& requests, const std::vector<std::string>& expected) {
    std::vector<std::string> lines;
    for (const HttpMessage& request : requests) lines.push_back(request.start_line);
    if (lines != expected) Wrong(fmt::format("the backend saw {} whole requests, expected {}", lines.size(), expected.size()));
  }

  const RequestCase& test_;
  harness::RawBackend& backend_;
  harness::RawHttpClient client_;
  harness::RawHttpClient probe_;
  std::string wrong_;
  bool closes_ = false;
};

TEST(MalformedRequests, AreRefusedAsTheTableSays) {
  auto cases = ParseRequestCases(ReadTable());
  ASSERT_TRUE(cases.ok()) << cases.status();
  ASSERT_GE(cases->size(), 80u);
  harness::RawBackend backend;
  const Site site({.http = std::string(kLimits), .listener_line = "protocol: HTTP1", .backends = {backend.address()}});
  ASSERT_TRUE(site.ok());
  for (const RequestCase& test : *cases) {
    const std::string wrong = CaseRun(test, site, backend).Run();
    EXPECT_TRUE(wrong.empty()) << "case \"" << test.name << "\" (line " << test.line << ")\nsent:\n  " << Printable(test.bytes) << "\n" << wrong;
    if (!site.fleet().agent(0).Running()) FAIL() << site.fleet().agent(0).Describe();
  }
  RecordProperty("cases", static_cast<int>(cases->size()));
}

TEST(MalformedRequests, AreTheSameInOneByteSteps) {
  auto cases = ParseRequestCases(ReadTable());
  ASSERT_TRUE(cases.ok()) << cases.status();
  harness::RawBackend backend;
  const Site site({.http = std::string(kLimits), .listener_line = "protocol: HTTP1", .backends = {backend.address()}});
  ASSERT_TRUE(site.ok());
  for (const RequestCase& test : *cases) {
    if (test.bytes.size() > 300) continue;
    auto client = site.Connect();
    for (const char byte : test.bytes) {
      if (!client.Send(std::string_view(&byte, 1)).ok()) break;
    }
    for (const auto& accepted : test.responses) {
      auto got = client.ReadResponse(accepted.front().to_head, kClose);
      ASSERT_TRUE(got.ok()) << test.name << ": " << got.status();
      EXPECT_TRUE(Accepts(accepted, *got)) << test.name << ": " << Printable(got->head);
    }
  }
}

TEST(RequestCases, NameTheLineOfATableThatIsWrong) {
  EXPECT_NE(ParseRequestCases("case: a\nsend: x\nexpect: 200\n\nsend: y\n").status().ToString().find("line 5"), std::string::npos);
  EXPECT_FALSE(ParseRequestCases("case: a\nsend: x\n").ok());
  EXPECT_FALSE(ParseRequestCases("case: a\nsend: \\q\nexpect: 200\n").ok());
  EXPECT_EQ(*Unescape("a\\x41{3*\\0}\\\\"), std::string("aA\0\0\0\\", 6));
}

}  // namespace
}  // namespace switchyard::integration
