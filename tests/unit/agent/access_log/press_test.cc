// Goal: no line is lost without being counted, none is torn, and whatever the file does holds up nobody. Method: real files, pipes and
// /dev/full; the clock stands still until it is moved, and the rest is waited for by what can be seen.
#include "agent/access_log/press.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <set>
#include <sstream>
#include <thread>

#include "tests/harness/deadline.h"
#include "tests/harness/temp_dir.h"

namespace switchyard::agent::access_log {
namespace {

using harness::Eventually;
using harness::ReadFile;

std::vector<std::string> LinesOf(const std::string& path) {
  std::vector<std::string> lines;
  std::istringstream text(ReadFile(path));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

class PressTest : public testing::Test {
 protected:
  std::unique_ptr<Press> Open(const std::string& target, std::size_t ring_bytes = Press::kRingBytes) {
    auto press = Press::Open(target, clock_, log_, ring_bytes);
    EXPECT_TRUE(press.ok()) << press.status();
    return press.ok() ? *std::move(press) : nullptr;
  }
  std::string Path(const std::string& name) const { return dir_.path() + "/" + name; }
  static void Write(Pen& pen, const std::string& path, Cause cause = Cause::kNone, const Terms& terms = {}) {
    pen.Write({.path = path, .cause = cause}, terms);
  }

  harness::TempDir dir_;
  ManualClock clock_;
  observe::CapturingLog log_;
};

TEST_F(PressTest, WritesEveryLineOfEveryPenOnceAndInOrder) {
  constexpr int kPens = 4;
  constexpr int kLines = 20'000;
  auto press = Open(Path("access.log"));
  std::vector<std::unique_ptr<Pen>> pens;
  for (int i = 0; i < kPens; ++i) pens.push_back(press->MakePen(static_cast<std::uint64_t>(i)));
  std::vector<std::thread> writers;
  for (int i = 0; i < kPens; ++i) {
    writers.emplace_back([&, i] {
      for (int line = 0; line < kLines; ++line) Write(*pens[static_cast<std::size_t>(i)], "/" + std::to_string(i) + "/" + std::to_string(line));
    });
  }
  for (std::thread& writer : writers) writer.join();
  press->Stop();
  const PressCounts counts = press->counts();
  EXPECT_EQ(counts.written + counts.dropped, std::uint64_t{kPens} * kLines);
  EXPECT_EQ(counts.failed, 0U);
  const std::vector<std::string> lines = LinesOf(Path("access.log"));
  EXPECT_EQ(lines.size(), counts.written);
  std::vector<int> last(kPens, -1);
  for (const std::string& line : lines) {
    int pen = 0;
    int number = 0;
    const std::size_t at = line.find("\"path\":\"/");
    ASSERT_NE(at, std::string::npos) << line;
    ASSERT_EQ(std::sscanf(line.c_str() + at, "\"path\":\"/%d/%d\"", &pen, &number), 2) << line;
    EXPECT_EQ(line.back(), '}');
    EXPECT_GT(number, last[static_cast<std::size_t>(pen)]);
    last[static_cast<std::size_t>(pen)] = number;
  }
}

TEST(Bell, OneLineEndsASleep) {
  const auto bell = Bell::Open();
  ASSERT_TRUE(bell.ok()) << bell.status();
  (*bell)->LieDown(Bell::Rest::kSleep);
  (*bell)->Tell(/*much=*/false);
  // Hangs for ever otherwise.
  (*bell)->Wait(Bell::Rest::kSleep, {});
}

TEST(Bell, ANapIsEndedByMuchOnly) {
  const auto bell = Bell::Open();
  ASSERT_TRUE(bell.ok()) << bell.status();
  const SystemClock clock;
  const TimePoint start = clock.Now();
  (*bell)->LieDown(Bell::Rest::kNap);
  (*bell)->Tell(/*much=*/false);
  (*bell)->Wait(Bell::Rest::kNap, std::chrono::milliseconds(5));
  EXPECT_GE(clock.Now() - start, std::chrono::milliseconds(5));
  (*bell)->LieDown(Bell::Rest::kNap);
  (*bell)->Tell(/*much=*/true);
  (*bell)->Wait(Bell::Rest::kNap, std::chrono::hours(1));
}

TEST_F(PressTest, GoesOnInANewFileAfterReopenAndLosesNothing) {
  constexpr int kLines = 30'000;
  auto press = Open(Path("access.log"));
  const auto pen = press->MakePen(1);
  std::thread writer([&] {
    for (int i = 0; i < kLines; ++i) Write(*pen, "/" + std::to_string(i));
  });
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(std::rename(Path("access.log").c_str(), Path("access.log." + std::to_string(i)).c_str()), 0);
    press->Reopen();
    ASSERT_TRUE(Eventually([&] { return ::access(Path("access.log").c_str(), F_OK) == 0; }));
  }
  writer.join();
  press->Stop();
  std::set<std::string> seen;
  std::size_t all = 0;
  for (const std::string name : {"access.log.0", "access.log.1", "access.log.2", "access.log.3", "access.log.4", "access.log"}) {
    const auto lines = LinesOf(Path(name));
    all += lines.size();
    seen.insert(lines.begin(), lines.end());
  }
  EXPECT_EQ(all + press->counts().dropped, static_cast<std::size_t>(kLines));
  EXPECT_EQ(seen.size(), all);
}

TEST_F(PressTest, KeepsTheFileBeforeWhenTheNewOneCannotBeOpened) {
  ASSERT_EQ(::mkdir(Path("logs").c_str(), 0700), 0);
  auto press = Open(Path("logs/access.log"));
  const auto pen = press->MakePen(1);
  ASSERT_EQ(std::rename(Path("logs").c_str(), Path("moved").c_str()), 0);
  press->Reopen();
  ASSERT_TRUE(Eventually([&] { return log_.Contains("not opened anew"); }));
  Write(*pen, "/kept");
  press->Stop();
  EXPECT_NE(ReadFile(Path("moved/access.log")).find("/kept"), std::string::npos);
}

TEST_F(PressTest, AFullDiskIsCountedSaidOnceAndGotOver) {
  ASSERT_EQ(::symlink("/dev/full", Path("access.log").c_str()), 0);
  auto press = Open(Path("access.log"));
  const auto pen = press->MakePen(1);
  for (int i = 0; i < 3; ++i) {
    Write(*pen, "/lost");
    ASSERT_TRUE(Eventually([&] { return press->counts().failed == static_cast<std::uint64_t>(i + 1); }));
  }
  EXPECT_TRUE(press->counts().failing);
  EXPECT_EQ(log_.lines().size(), 1U);
  EXPECT_TRUE(log_.Contains("No space left on device"));
  ASSERT_EQ(::unlink(Path("access.log").c_str()), 0);
  press->Reopen();
  ASSERT_TRUE(Eventually([&] { return log_.Contains("opened anew"); }));
  Write(*pen, "/kept");
  ASSERT_TRUE(Eventually([&] { return press->counts().written == 1; }));
  EXPECT_TRUE(Eventually([&] { return !press->counts().failing && log_.Contains("written again"); }));
  EXPECT_TRUE(log_.Contains("lines_lost=3"));
  EXPECT_NE(ReadFile(Path("access.log")).find("/kept"), std::string::npos);
}

TEST_F(PressTest, TriesAgainAfterASecondNotAtEachLine) {
  ASSERT_EQ(::symlink("/dev/full", Path("access.log").c_str()), 0);
  auto press = Open(Path("access.log"));
  const auto pen = press->MakePen(1);
  Write(*pen, "/lost");
  ASSERT_TRUE(Eventually([&] { return press->counts().failing; }));
  clock_.Advance(Press::kRetry);
  Write(*pen, "/lost");
  ASSERT_TRUE(Eventually([&] { return press->counts().failed == 2; }));
  EXPECT_EQ(log_.lines().size(), 1U);
}

TEST_F(PressTest, APipeThatNobodyReadsDropsLinesAndHoldsUpNobody) {
  std::signal(SIGPIPE, SIG_IGN);
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  const int reader = ::open(Path("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  {
    auto press = Open(Path("pipe"), 64 * 1024);
    const auto pen = press->MakePen(1);
    for (int i = 0; i < 20'000; ++i) Write(*pen, "/" + std::string(100, 'x'));
    EXPECT_GT(press->counts().dropped, 0U);
    // Ends although its thread hangs in a write.
    press->Stop();
  }
  ::close(reader);
}

TEST_F(PressTest, AFifoWithoutAReaderIsAnErrorAtTheStart) {
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_FALSE(Press::Open(Path("pipe"), clock_, log_).ok());
}

TEST_F(PressTest, AFileThatCannotBeOpenedIsNamed) {
  const auto press = Press::Open(Path("no/such/directory.log"), clock_, log_);
  ASSERT_FALSE(press.ok());
  EXPECT_NE(std::string(press.status().message()).find(Path("no/such/directory.log")), std::string::npos);
}

TEST_F(PressTest, NewFilesAreNotForEverybody) {
  auto press = Open(Path("access.log"));
  struct stat facts {};
  ASSERT_EQ(::stat(Path("access.log").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0137U, 0U);
}

TEST_F(PressTest, AShareIsDrawnAndFailuresAreAlwaysKept) {
  auto press = Open(Path("access.log"));
  const auto pen = press->MakePen(7);
  Terms terms;
  terms.share = 0.1;
  terms.slow = std::chrono::seconds(1);
  for (int i = 0; i < 2000; ++i) pen->Write({.path = "/fine", .status = 200, .took = std::chrono::seconds(1)}, terms);
  for (int i = 0; i < 50; ++i) pen->Write({.path = "/cause", .status = 200, .cause = Cause::kClientGone}, terms);
  for (int i = 0; i < 50; ++i) pen->Write({.path = "/status", .status = 500}, terms);
  for (int i = 0; i < 50; ++i) pen->Write({.path = "/slow", .status = 200, .took = std::chrono::seconds(1) + Duration(1)}, terms);
  press->Stop();
  const std::string text = ReadFile(Path("access.log"));
  const auto count = [&](const std::string& path) {
    std::size_t found = 0;
    for (std::size_t at = text.find(path); at != std::string::npos; at = text.find(path, at + 1)) ++found;
    return found;
  };
  EXPECT_GT(count("/fine"), 140U);
  EXPECT_LT(count("/fine"), 260U);
  EXPECT_EQ(count("/cause"), 50U);
  EXPECT_EQ(count("/status"), 50U);
  EXPECT_EQ(count("/slow"), 50U);
}

}  // namespace
}  // namespace switchyard::agent::access_log
