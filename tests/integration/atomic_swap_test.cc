// Goal: a request sees exactly one generation. Method: one change after another swaps listener, route and upstream together, in ways that
// show in the response (Via from the listener, x-origin from the upstream's backend), while clients ask without pause; the two must agree in
// every response, and none may be an error of the agent's own.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "tests/integration/fleet_api.h"
#include "tests/integration/origins.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

constexpr int kSwaps = 1000;
constexpr int kClients = 4;
// The agent syncs its last-good file now and then, and a disk that something else keeps busy can take many seconds for it.
constexpr Duration kSlowDisk = 3 * harness::kPatience;

struct Tally {
  std::atomic<std::uint64_t> even{0};
  std::atomic<std::uint64_t> odd{0};
  std::atomic<std::uint64_t> mixed{0};
  std::atomic<std::uint64_t> failed{0};
  std::mutex mutex;
  std::string first_failure;
};

void Note(Tally& tally, std::atomic<std::uint64_t>& counter, const std::string& what) {
  if (counter++ != 0) return;
  const std::lock_guard lock(tally.mutex);
  tally.first_failure += what + "\n";
}

void Ask(std::uint16_t port, const std::atomic<bool>& stop, Tally& tally) {
  auto client = harness::RawHttpClient::Connect(port);
  while (!stop) {
    if (!client.ok()) return Note(tally, tally.failed, client.status().ToString());
    const auto answer = client->Exchange(Get("/bytes/16"));
    if (!answer.ok() || answer->status() != 200) {
      return Note(tally, tally.failed, answer.ok() ? answer->head : answer.status().ToString());
    }
    const bool even = answer->Header("x-origin") == "even";
    const std::string_view via = answer->Header("via");
    if (via != (even ? "1.1 even" : "1.1 odd")) Note(tally, tally.mixed, answer->head);
    ++(even ? tally.even : tally.odd);
  }
}

// The resources of one generation: everything names the parity, and what only the other parity has is gone from the routes.
std::vector<v1::Resource> Generation(const std::string& parity, const std::string& address, std::uint16_t port) {
  v1::Resource listener = MakeListener("swap", port);
  listener.mutable_listener()->mutable_http()->set_via(parity);
  return {listener, MakeRoute("swap", "swap", "swap-" + parity), MakeUpstream("swap-" + parity, {address})};
}

TEST(AtomicSwap, NoResponseMixesGenerations) {
  harness::Fleet* fleet = SharedFleet();
  ASSERT_NE(fleet, nullptr);
  const Origins origins({"even", "odd"});
  ASSERT_TRUE(origins.ok());
  const harness::ReservedPort port;
  FleetApi api(*fleet);
  const auto first = api.Apply(Generation("even", origins.addresses()[0], port.port()), harness::kPatience);
  ASSERT_TRUE(first.ok()) << first.status();

  Tally tally;
  std::atomic<bool> stop{false};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) clients.emplace_back([&] { Ask(port.port(), stop, tally); });
  for (int swap = 1; swap <= kSwaps; ++swap) {
    const bool even = swap % 2 == 0;
    const auto applied = api.Apply(Generation(even ? "even" : "odd", origins.addresses()[even ? 0 : 1], port.port()), kSlowDisk);
    EXPECT_TRUE(applied.ok()) << applied.status();
    if (!applied.ok()) break;
    EXPECT_TRUE(applied->convergence().complete()) << applied->DebugString();
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(tally.failed, 0U) << tally.first_failure;
  EXPECT_EQ(tally.mixed, 0U) << tally.first_failure;
  EXPECT_GT(tally.even, 0U);
  EXPECT_GT(tally.odd, 0U);
  fmt::print("swaps {}, responses {} even, {} odd, {} mixed, {} failed\n", kSwaps, tally.even.load(), tally.odd.load(), tally.mixed.load(),
             tally.failed.load());
}

}  // namespace
}  // namespace switchyard::integration
