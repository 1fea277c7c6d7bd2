// Goal: every frame of RFC 9113 that must be an error is one, of the right kind; no abuse is unbounded; and no HTTP/2 request reaches an HTTP/1
// backend in another shape than it was accepted in.
// Method: every case of data/h2_cases.txt is sent to a real agent as written; what comes back, what the backend saw and what the agent
// counted are compared with the table. After each case a probe request on a new connection has to be the only further thing that the
// backend sees, so nothing smuggled can hide behind it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <strings.h>

#include <algorithm>
#include <cstdlib>

#include "tests/harness/h2_client.h"
#include "tests/harness/temp_dir.h"
#include "tests/integration/h2_cases.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

using harness::H2Client;
using harness::HttpMessage;
using harness::Printable;

constexpr std::uint32_t kFurther = 9001;
constexpr std::string_view kLimits =
    "{max_head_bytes: 4096, max_headers: 20, max_target_bytes: 256, max_body_bytes: 1024, head_timeout: 10s, http2: {max_concurrent_streams: 8, "
    "max_resets: 20, max_control_frames: 50, max_continuations: 4}}";

std::string ReadTable() {
  const char* source = std::getenv("YARD_SOURCE");
  return harness::ReadFile(std::string(source != nullptr ? source : ".") + "/tests/integration/data/h2_cases.txt");
}

bool ContainsIgnoringCase(std::string_view text, std::string_view piece) {
  return std::search(text.begin(), text.end(), piece.begin(), piece.end(),
                     [](char a, char b) { return ::tolower(static_cast<unsigned char>(a)) == ::tolower(static_cast<unsigned char>(b)); }) != text.end();
}

// Runs one case and returns what was wrong, empty when nothing was.
class CaseRun {
 public:
  CaseRun(const H2Case& test, const Site& site, harness::RawBackend& backend) : test_(test), site_(site), backend_(backend) {}

  std::string Run() {
    backend_.Clear();
    auto client = H2Client::Connect(site_.port(), test_.raw);
    if (!client.ok()) return client.status().ToString();
    client_ = *std::move(client);
    // A refusal may end the connection before all is sent; what counts is what comes back.
    (void)client_->Send(test_.bytes);
    for (const H2Expectation& each : test_.expects) Check(each);
    if (!test_.counts.empty()) CheckCounted();
    client_.reset();
    CheckProbe();
    CheckBackend();
    return wrong_;
  }

 private:
  void Wrong(const std::string& what) { wrong_ += "  " + what + "\n"; }

  void Check(const H2Expectation& expected) {
    switch (expected.kind) {
      case H2Expectation::Kind::kStatus:
        return CheckStatus(expected);
      case H2Expectation::Kind::kReset: {
        auto got = client_->ReadAnswer(expected.stream);
        if (!got.ok()) return Wrong("expected a reset, got " + got.status().ToString());
        if (!got->reset) return Wrong(fmt::format("expected a reset, got status {} {}", got->status(), got->Header("x-switchyard-cause")));
        return CheckError(expected, got->reset_error);
      }
      case H2Expectation::Kind::kGoaway: {
        auto got = client_->ReadGoaway();
        if (!got.ok()) return Wrong("expected GOAWAY, got " + got.status().ToString());
        if (!client_->ReadToEnd()) Wrong("the connection did not end");
        return CheckError(expected, *got);
      }
      case H2Expectation::Kind::kOpen: {
        (void)client_->SendHeaders(kFurther, {{":method", "GET"}, {":scheme", "http"}, {":path", "/further"}, {":authority", "a"}}, true);
        auto got = client_->ReadAnswer(kFurther);
        if (!got.ok() || got->status() != 200) Wrong("a further request was not served: " + got.status().ToString());
        further_ = true;
        return;
      }
      case H2Expectation::Kind::kClosed:
        if (!client_->ReadToEnd()) Wrong("the connection did not end");
    }
  }

  void CheckStatus(const H2Expectation& expected) {
    auto got = client_->ReadAnswer(expected.stream);
    if (!got.ok()) return Wrong(fmt::format("expected {}, got {}", expected.status, got.status().ToString()));
    if (got->status() != expected.status || got->Header("x-switchyard-cause") != expected.cause) {
      Wrong(fmt::format("expected {} {}, got {} {} (reset {} {})", expected.status, expected.cause, got->status(),
                        got->Header("x-switchyard-cause"), got->reset, got->reset_error));
    }
  }

  void CheckError(const H2Expectation& expected, std::uint32_t got) {
    if (std::find(expected.errors.begin(), expected.errors.end(), got) == expected.errors.end()) Wrong(fmt::format("error code {}", got));
  }

  void CheckCounted() {
    const std::string line = fmt::format("cause=\"{}\"", test_.counts);
    const bool counted = harness::Eventually([&] {
      auto metrics = SharedFleet()->AdminGet(0, "/metrics");
      return metrics.ok() && metrics->find(line) != std::string::npos;
    });
    if (!counted) Wrong("not counted: " + test_.counts);
  }

  void CheckProbe() {
    auto client = site_.Connect();
    auto got = client.Exchange(Get("/probe"));
    if (!got.ok() || got->status() != 200) Wrong("the probe request behind it failed");
  }

  void CheckBackend() {
    if (!harness::Eventually([&] { return backend_.Quiet(); })) Wrong("the backend still has an unfinished request");
    std::vector<std::string> lines;
    for (const HttpMessage& request : backend_.SeenRequests()) lines.push_back(request.start_line);
    std::erase(lines, "GET /probe HTTP/1.1");
    if (further_) std::erase(lines, "GET /further HTTP/1.1");
    const std::string bytes = backend_.SeenBytes();
    if (test_.sees_nothing && !lines.empty()) Wrong("the backend saw a request");
    if (!test_.sees.empty() && lines != test_.sees) Wrong("the backend saw other requests");
    for (const std::string& text : test_.has) {
      if (!ContainsIgnoringCase(bytes, text)) Wrong("the backend did not see: " + Printable(text));
    }
    for (const std::string& text : test_.lacks) {
      if (ContainsIgnoringCase(bytes, text)) Wrong("the backend saw: " + Printable(text));
    }
    if (ContainsIgnoringCase(bytes, "\nGET /smuggled HTTP/1.1\r\n") && test_.sees.empty()) Wrong("a request was smuggled");
    if (!wrong_.empty()) Wrong("backend saw:\n  " + Printable(bytes));
  }

  const H2Case& test_;
  const Site& site_;
  harness::RawBackend& backend_;
  std::unique_ptr<H2Client> client_;
  std::string wrong_;
  bool further_ = false;
};

TEST(H2Conformance, EveryCaseOfTheTable) {
  auto cases = ParseH2Cases(ReadTable());
  ASSERT_TRUE(cases.ok()) << cases.status();
  ASSERT_GE(cases->size(), 100u);
  harness::RawBackend backend;
  const Site site({.http = std::string(kLimits), .backends = {backend.address()}});
  ASSERT_TRUE(site.ok());
  for (const H2Case& test : *cases) {
    CaseRun run(test, site, backend);
    const std::string wrong = run.Run();
    EXPECT_TRUE(wrong.empty()) << "h2_cases.txt:" << test.line << ": " << test.name << "\n" << wrong;
  }
}

}  // namespace
}  // namespace switchyard::integration
