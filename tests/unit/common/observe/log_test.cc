// Lines are compared as whole text, since the format is what operators' tools read. Time stands still at a known instant.
#include "common/observe/log.h"

#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/status.h"

namespace switchyard::observe {
namespace {

WallTime Instant() { return WallTime(std::chrono::seconds(1'767'225'600) + std::chrono::milliseconds(42)); }

TEST(Log, WritesOneJsonObjectPerLine) {
  EXPECT_EQ(FormatJsonLine(Instant(), LogLevel::kInfo, "snapshot applied",
                           {{"generation", 42}, {"node", "web-1"}, {"took_ms", 1.5}, {"full", false}, {"bytes", std::size_t{7}}}),
            R"({"time":"2026-01-01T00:00:00.042Z","level":"info","msg":"snapshot applied",)"
            R"("generation":42,"node":"web-1","took_ms":1.5,"full":false,"bytes":7})");
}

TEST(Log, WritesForEyesOnATerminal) {
  EXPECT_EQ(FormatHumanLine(Instant(), LogLevel::kWarn, "controller lost", {{"error", "connect refused"}, {"code", 14}, {"peer", "10.0.0.1:7400"}}),
            R"(2026-01-01T00:00:00.042Z warn controller lost error="connect refused" code=14 peer=10.0.0.1:7400)");
}

TEST(Log, CannotBeTrickedIntoASecondLine) {
  const std::string line = FormatHumanLine(Instant(), LogLevel::kError, "refused", {{"name", "x\nerror forged"}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(Log, CutsLongLinesAndStaysValid) {
  const std::string line = FormatJsonLine(Instant(), LogLevel::kInfo, "big", {{"blob", std::string(100'000, 'x')}, {"small", 1}});
  EXPECT_LT(line.size(), 17'000U);
  EXPECT_NE(line.find(R"("small":1)"), std::string::npos);
  EXPECT_NE(line.find(R"("cut":true})"), std::string::npos);
}

TEST(Log, NamesTheLevelsItKnows) {
  EXPECT_EQ(*ParseLogLevel("warn"), LogLevel::kWarn);
  EXPECT_EQ(Message(ParseLogLevel("loud").status()), "log level 'loud': expected debug, info, warn or error");
  EXPECT_EQ(*ParseLogFormat("json"), LogFormat::kJson);
  EXPECT_FALSE(ParseLogFormat("xml").ok());
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  SystemClock clock;
  std::unique_ptr<Log> log = OpenLog({LogLevel::kWarn, LogFormat::kJson, &clock});
  testing::internal::CaptureStderr();
  log->Info("quiet");
  log->Warn("loud", {{"n", 1}});
  log.reset();
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_EQ(written.find("quiet"), std::string::npos);
  EXPECT_NE(written.find(R"("msg":"loud","n":1})"), std::string::npos);
  EXPECT_EQ(written.back(), '\n');
}

TEST(Log, KeepsLinesForTests) {
  CapturingLog log;
  log.Error("went wrong", {{"why", "no reason"}});
  EXPECT_TRUE(log.Contains(R"(error went wrong why="no reason")"));
}

}  // namespace
}  // namespace switchyard::observe
