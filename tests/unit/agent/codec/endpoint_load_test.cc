#include "agent/codec/endpoint_load.h"

#include <gtest/gtest.h>

#include <string>

namespace switchyard::agent::codec {
namespace {

TEST(EndpointLoad, ReadsTextAndJson) {
  const auto text = ReadEndpointLoad("TEXT cpu_utilization=0.3, mem_utilization=0.8,rps_fractional=120.5, eps=2,named_metrics.in_flight=4");
  ASSERT_TRUE(text);
  EXPECT_EQ(text->cpu_utilization, 0.3);
  EXPECT_EQ(text->requests_per_second, 120.5);
  EXPECT_EQ(text->errors_per_second, 2);
  EXPECT_EQ(text->in_flight, 4);
  const auto json = ReadEndpointLoad(R"(JSON {"cpu_utilization": 0.3, "application_utilization":1.2, "named_metrics": {"x": 1, "in_flight": 7}})");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->utilization(), 1.2);
  EXPECT_EQ(json->in_flight, 7);
}

TEST(EndpointLoad, WhatIsNoNumberIsNotSaid) {
  for (const char* mad : {"nan", "inf", "-1", "1e999", "0.5x", ""}) {
    const auto load = ReadEndpointLoad(std::string("TEXT eps=1,cpu_utilization=") + mad);
    ASSERT_TRUE(load) << mad;
    EXPECT_LT(load->cpu_utilization, 0) << mad;
  }
}

TEST(EndpointLoad, WhatCannotBeReadToItsEndSaysNothing) {
  for (const char* bad : {"", "TEXT", "TEXT x", "TEXT cpu_utilization=0.5,broken", "JSON", "JSON {", "JSON {\"cpu_utilization\":0.5", "JSON [1]",
                          "JSON {\"cpu_utilization\":0.5} x", "JSON {\"a\":{\"b\":{\"c\":1}}}", "BIN abc", "cpu_utilization=0.5", "TEXT mem_utilization=0.5",
                          "JSON {\"cpu_utilization\":\"0.5\"}"}) {
    EXPECT_FALSE(ReadEndpointLoad(bad)) << bad;
  }
  EXPECT_FALSE(ReadEndpointLoad("TEXT cpu_utilization=0.5," + std::string(kMaxEndpointLoad, 'a') + "=1"));
}

}  // namespace
}  // namespace switchyard::agent::codec
