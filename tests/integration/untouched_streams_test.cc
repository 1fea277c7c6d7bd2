// Goal: a change that does not concern a connection closes none. Method: 500 long-lived streams (half WebSocket, half server-sent events) are
// opened; 1,000 changes to other resources are applied; each stream must then still carry bytes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/integration/fleet_api.h"
#include "tests/integration/origins.h"
#include "tests/integration/site.h"

namespace switchyard::integration {
namespace {

constexpr int kStreams = 500;
constexpr int kChanges = 1000;
// The agent syncs its last-good file now and then, and a disk that something else keeps busy can take many seconds for it.
constexpr Duration kSlowDisk = 3 * harness::kPatience;

const std::string kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
// A masked text frame "hi" (RFC 6455 section 5.2) and its echo, which is not masked.
const std::string kFrame("\x81\x82\x01\x02\x03\x04\x69\x6b", 8);
const std::string kEcho("\x81\x02hi", 4);

harness::RawHttpClient OpenStream(const Site& site, bool websocket) {
  harness::RawHttpClient client = site.Connect();
  EXPECT_TRUE(client.Send(websocket ? kUpgrade : Get("/sse?interval=200")).ok());
  const auto head = client.ReadResponseHead();
  EXPECT_TRUE(head.ok()) << head.status();
  if (head.ok()) {
    EXPECT_EQ(head->status(), websocket ? 101 : 200) << head->head;
  }
  return client;
}

bool StillCarries(harness::RawHttpClient& client, bool websocket) {
  if (!websocket) {
    // Far more than one event: bytes that were on their way before the changes do not count.
    return client.ReadBytes(512).ok();
  }
  if (!client.Send(kFrame).ok()) return false;
  const auto echo = client.ReadBytes(kEcho.size());
  return echo.ok() && *echo == kEcho;
}

TEST(UntouchedStreams, UnrelatedChangesCloseNone) {
  const Origins origins({"streams"});
  ASSERT_TRUE(origins.ok());
  const Site site({.backends = origins.addresses()});
  ASSERT_TRUE(site.ok());
  std::vector<harness::RawHttpClient> streams;
  for (int i = 0; i < kStreams; ++i) streams.push_back(OpenStream(site, i % 2 == 0));

  FleetApi api(site.fleet());
  const harness::ReservedPort other;
  for (int change = 0; change < kChanges; ++change) {
    // Another listener with its own route and upstream: created, then changed each time.
    v1::Resource upstream = MakeUpstream("unrelated", {"127.0.0.1:9"});
    upstream.mutable_upstream()->mutable_backends(0)->set_weight(static_cast<std::uint32_t>(change + 1));
    const auto applied =
        api.Apply({MakeListener("unrelated", other.port()), MakeRoute("unrelated", "unrelated", "unrelated"), upstream}, kSlowDisk);
    ASSERT_TRUE(applied.ok()) << applied.status();
    ASSERT_TRUE(applied->convergence().complete()) << applied->DebugString();
  }
  int closed = 0;
  for (int i = 0; i < kStreams; ++i) closed += StillCarries(streams[static_cast<std::size_t>(i)], i % 2 == 0) ? 0 : 1;
  EXPECT_EQ(closed, 0);
  fmt::print("{} streams, {} changes, {} closed\n", kStreams, kChanges, closed);
}

}  // namespace
}  // namespace switchyard::integration
