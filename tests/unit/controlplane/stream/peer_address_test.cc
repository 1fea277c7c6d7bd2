// Goal: addresses read as people write them. Method: gRPC's own forms.
#include "controlplane/stream/peer_address.h"

#include <gtest/gtest.h>

namespace switchyard::controlplane::stream {
namespace {

TEST(PeerAddress, DropsTheSchemeAndDecodesBrackets) {
  EXPECT_EQ(PeerAddress("ipv4:10.0.0.1:5000"), "10.0.0.1:5000");
  EXPECT_EQ(PeerAddress("ipv6:%5B::1%5D:5000"), "[::1]:5000");
  EXPECT_EQ(PeerAddress("ipv6:[::1]:5000"), "[::1]:5000");
  EXPECT_EQ(PeerAddress("unix:/run/x"), "unix:/run/x");
  EXPECT_EQ(PeerAddress(""), "");
}

}  // namespace
}  // namespace switchyard::controlplane::stream
