#include "common/base/host_port.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace {

TEST(ParseHostPort, TakesNamesAndAddresses) {
  EXPECT_EQ(ParseHostPort("fleet.example:7400")->host, "fleet.example");
  EXPECT_EQ(ParseHostPort("10.0.0.1:1")->port, 1);
  EXPECT_EQ(ParseHostPort("[::1]:65535")->host, "::1");
}

TEST(ParseHostPort, RefusesEverythingElse) {
  for (const char* text : {"", "nonsense", ":7400", "host:", "host:0", "host:65536", "host:7x", "a b:1", "::1:7400", "[]:1", "http://a:1", "dns:///a:1"}) {
    EXPECT_EQ(ParseHostPort(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(ParseHostPort(std::string(300, 'a') + ":1").ok());
}

}  // namespace
}  // namespace switchyard
