// Goal: lines come out as they went in, wholly or not at all. Method: a small ring against a plain string, lines of random length.
#include "agent/access_log/line_ring.h"

#include <gtest/gtest.h>

#include <string>

#include "common/base/random.h"

namespace switchyard::agent::access_log {
namespace {

std::string All(LineRing& ring) {
  const LineRing::Parts parts = ring.Peek();
  std::string text = std::string(parts.first) + std::string(parts.second);
  ring.Take(text.size());
  return text;
}

TEST(LineRing, GivesWhatWasPutAcrossItsEnd) {
  const std::uint64_t seed = SecureSeed();
  SCOPED_TRACE(seed);
  Random random(seed);
  LineRing ring(64);
  std::string in;
  std::string out;
  std::uint64_t refused = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string line(1 + random.Below(30), static_cast<char>('a' + random.Below(26)));
    if (ring.Put(line)) {
      in += line;
    } else {
      ++refused;
    }
    if (random.Below(2) == 0) out += All(ring);
  }
  out += All(ring);
  EXPECT_EQ(in, out);
  EXPECT_GT(refused, 0U);
  EXPECT_EQ(ring.dropped(), refused);
}

TEST(LineRing, DropsTheLineThatDoesNotFitAndTakesTheNextThatDoes) {
  LineRing ring(16);
  EXPECT_TRUE(ring.Put("0123456789"));
  EXPECT_FALSE(ring.Put("0123456"));
  EXPECT_TRUE(ring.Put("012345"));
  EXPECT_EQ(ring.used(), 16U);
  EXPECT_EQ(All(ring), "0123456789012345");
  EXPECT_TRUE(ring.Put("0123456789abcdef"));
}

}  // namespace
}  // namespace switchyard::agent::access_log
