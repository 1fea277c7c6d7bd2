// Goal: every second is recorded once, the coarse tiers from their own figures; a disk that refuses costs the past only; the ring keeps its
// cap and what it was given before a reopening. Method: a manual clock, hand-made reports, both rings.
#include "controlplane/history/recorder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/harness/temp_dir.h"

namespace switchyard::controlplane::history {
namespace {
using std::chrono::seconds;

v1::Report MakeReport(std::uint64_t sequence, std::uint64_t good, std::uint64_t bad) {
  v1::Report report;
  report.set_sequence(sequence);
  report.mutable_length()->set_seconds(1);
  auto* backend = report.add_backends();
  backend->set_upstream("checkout");
  backend->set_backend("10.0.0.1:80");
  backend->set_succeeded(good);
  backend->set_server_errors(bad);
  backend->set_health(v1::HEALTH_UNHEALTHY);
  auto* listener = report.add_listeners();
  listener->set_listener("web");
  for (const std::uint64_t n : {std::uint64_t{0}, good, std::uint64_t{0}, std::uint64_t{0}, bad}) listener->add_by_class(n);
  report.set_open_connections(12);
  report.set_resident_bytes(1000);
  return report;
}

class BrokenRing final : public Ring {
 public:
  absl::Status Write(Tier, std::int64_t, const std::map<std::string, Row>&) override {
    ++writes;
    return broken ? absl::InternalError("No space left on device") : absl::OkStatus();
  }
  absl::Status Read(Tier, std::string_view, std::int64_t, std::int64_t, const Each&) const override { return absl::OkStatus(); }
  std::uint64_t bytes() const override { return 0; }
  std::uint64_t cap_bytes() const override { return 0; }
  bool broken = true;
  int writes = 0;
};

class RecorderTest : public testing::Test {
 protected:
  Recorder Make(Ring* ring) {
    return Recorder({&clock_, &log_, &aggregator_, &board_, ring, [] { return AgentCounts{3, 5}; }});
  }
  // One second with 90 good and 10 bad, recorded.
  void Second(Recorder& recorder) {
    const auto report = MakeReport(++sequence_, 90, 10);
    aggregator_.OnReport("n", "i", report);
    board_.OnReport("n", "i", report);
    clock_.Advance(seconds(1));
    recorder.Tick();
  }
  std::size_t Count(const Ring& ring, Tier tier, const std::string& group) {
    std::size_t count = 0;
    EXPECT_TRUE(ring.Read(tier, group, 0, INT64_MAX / 2, [&](std::int64_t, const Row&) { ++count; }).ok());
    return count;
  }

  ManualClock clock_;
  observe::CapturingLog log_;
  feedback::Aggregator aggregator_{&clock_};
  feedback::TrafficBoard board_{&clock_};
  std::uint64_t sequence_ = 0;
};

TEST_F(RecorderTest, TheNewestMomentHasWhatTheLastSecondSaw) {
  const auto ring = OpenMemoryRing();
  Recorder recorder = Make(ring.get());
  EXPECT_TRUE(recorder.newest()->upstreams.empty());
  Second(recorder);
  const auto moment = recorder.newest();
  EXPECT_DOUBLE_EQ(moment->fleet.rate(), 100);
  EXPECT_DOUBLE_EQ(moment->fleet.errors(), 10);
  EXPECT_EQ(moment->fleet.in_flight(), 12u);
  ASSERT_EQ(moment->upstreams.size(), 1u);
  EXPECT_EQ(moment->upstreams[0].backends(), 1u);
  EXPECT_EQ(moment->backends_down, 1u);
  EXPECT_EQ(moment->down_by_upstream[0], 1u);
  ASSERT_EQ(moment->listeners.size(), 1u);
  EXPECT_EQ(moment->listeners[0].name(), "web");
}

TEST_F(RecorderTest, WritesEachTierAtItsOwnPace) {
  const auto ring = OpenMemoryRing();
  Recorder recorder = Make(ring.get());
  for (int i = 0; i < 125; ++i) Second(recorder);
  EXPECT_EQ(Count(*ring, Tier::kSecond, "f"), 125u);
  EXPECT_EQ(Count(*ring, Tier::kTenSeconds, "f"), 12u);
  EXPECT_EQ(Count(*ring, Tier::kMinute, "f"), 2u);
  EXPECT_EQ(Count(*ring, Tier::kTenSeconds, "u/checkout"), 12u);
  ASSERT_TRUE(ring->Read(Tier::kMinute, "f", 0, INT64_MAX / 2, [](std::int64_t time, const Row& row) {
    EXPECT_EQ(time % 60, 0);
    EXPECT_NEAR(row.at(0).second.rate, 100, 0.01) << "a minute's rate comes from that minute";
    EXPECT_EQ(row.at(0).second.healthy, 3u);
    EXPECT_EQ(row.at(0).second.unhealthy, 2u);
  }).ok());
}

TEST_F(RecorderTest, ALateTickStillEndsItsTier) {
  const auto ring = OpenMemoryRing();
  Recorder recorder = Make(ring.get());
  Second(recorder);
  clock_.Advance(seconds(25));
  recorder.Tick();
  EXPECT_EQ(Count(*ring, Tier::kTenSeconds, "f"), 1u);
  EXPECT_EQ(Count(*ring, Tier::kSecond, "f"), 2u);
}

TEST_F(RecorderTest, AFullDiskCostsThePastOnlyAndIsToldOnceAMinute) {
  BrokenRing ring;
  Recorder recorder = Make(&ring);
  for (int i = 0; i < 30; ++i) Second(recorder);
  EXPECT_DOUBLE_EQ(recorder.newest()->fleet.rate(), 100);
  EXPECT_GE(recorder.failures(), 30u);
  EXPECT_EQ(log_.lines().size(), 1u);
  ring.broken = false;
  const auto failures = recorder.failures();
  Second(recorder);
  EXPECT_EQ(recorder.failures(), failures);
}

TEST(RocksdbRing, KeepsWhatItWasGivenOverAReopening) {
  harness::TempDir directory;
  std::string note;
  {
    const auto ring = OpenRocksdbRing(directory.Sub("history"), 0, note);
    ASSERT_TRUE(ring.ok());
    ASSERT_TRUE((*ring)->Write(Tier::kSecond, 1000, {{"f", {{"", {1}}}}, {"u/a", {{"", {2}}, {"b", {3}}}}}).ok());
    ASSERT_TRUE((*ring)->Write(Tier::kSecond, 1001, {{"f", {{"", {4}}}}}).ok());
    EXPECT_FALSE(OpenRocksdbRing(directory.Sub("history"), 0, note).ok()) << "one at a time";
    EXPECT_EQ(note, "") << "a lock is no damage";
  }
  const auto ring = OpenRocksdbRing(directory.Sub("history"), 0, note);
  ASSERT_TRUE(ring.ok());
  std::vector<double> rates;
  ASSERT_TRUE((*ring)->Read(Tier::kSecond, "f", 0, 2000, [&](std::int64_t, const Row& row) { rates.push_back(row.at(0).second.rate); }).ok());
  EXPECT_EQ(rates, (std::vector<double>{1, 4}));
  rates.clear();
  ASSERT_TRUE((*ring)->Read(Tier::kSecond, "f", 1001, 1001, [&](std::int64_t, const Row& row) { rates.push_back(row.at(0).second.rate); }).ok());
  EXPECT_EQ(rates, (std::vector<double>{4}));
  EXPECT_EQ(note, "");
}

TEST(RocksdbRing, PutsADamagedOneAsideAndBeginsAnew) {
  harness::TempDir directory;
  std::string note;
  { ASSERT_TRUE(OpenRocksdbRing(directory.Sub("history"), 0, note).ok()); }
  std::ofstream(directory.Sub("history") + "/CURRENT") << "nonsense";
  const auto ring = OpenRocksdbRing(directory.Sub("history"), 0, note);
  ASSERT_TRUE(ring.ok());
  EXPECT_NE(note.find(".damaged"), std::string::npos) << note;
  EXPECT_TRUE(std::filesystem::exists(directory.Sub("history") + ".damaged"));
}

TEST(RocksdbRing, NeverPassesItsCap) {
  harness::TempDir directory;
  std::string note;
  const auto ring = OpenRocksdbRing(directory.Sub("history"), kMinCapBytes, note);
  ASSERT_TRUE(ring.ok());
  // Figures that do not compress, several times the cap.
  std::uint64_t state = 1;
  std::uint64_t most = 0;
  for (std::int64_t time = 0; time < 150; ++time) {
    std::map<std::string, Row> rows;
    for (int group = 0; group < 20; ++group) {
      Row& row = rows["u/" + std::to_string(group)];
      for (int i = 0; i < 500; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        const auto noise = static_cast<double>(state >> 20);
        row.emplace_back("backend-" + std::to_string(i), Point{noise, noise / 3, noise / 7, noise / 11, static_cast<std::uint32_t>(state), 0, 0, noise});
      }
    }
    ASSERT_TRUE((*ring)->Write(kTiers[static_cast<std::size_t>(time) % kTierCount], time, rows).ok());
    most = std::max(most, (*ring)->bytes());
  }
  EXPECT_LE(most, kMinCapBytes);
  EXPECT_GT(most, kMinCapBytes / 4) << "the test wrote too little to say anything";
  std::size_t kept = 0;
  ASSERT_TRUE((*ring)->Read(Tier::kSecond, "u/7", 0, 1000, [&](std::int64_t time, const Row&) {
    if (time > 120) ++kept;
  }).ok());
  EXPECT_GT(kept, 5u) << "the newest stay";
}

}  // namespace
}  // namespace switchyard::controlplane::history
