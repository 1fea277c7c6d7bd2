// Goal: only harmless names of requests are accepted, and those that are made are UUIDs. Method: tables.
#include "agent/exchange/request_id.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace switchyard::agent::exchange {
namespace {

TEST(RequestId, AcceptsWhatLogsAndPagesCanHold) {
  for (const char* text : {"a", "550e8400-e29b-41d4-a716-446655440000", "AbZ09._:+/=@-"}) EXPECT_TRUE(IsRequestId(text)) << text;
  for (const std::string& text : {std::string(), std::string("a b"), std::string("<b>"), std::string("a\""), std::string("a,b"), std::string(129, 'a')}) {
    EXPECT_FALSE(IsRequestId(text)) << text;
  }
}

TEST(RequestId, MakesDistinctUuids) {
  Random random(1);
  const std::regex uuid("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    std::string id;
    AppendRequestId(random, id);
    EXPECT_TRUE(std::regex_match(id, uuid)) << id;
    EXPECT_TRUE(IsRequestId(id));
    EXPECT_TRUE(seen.insert(id).second);
  }
}

}  // namespace
}  // namespace switchyard::agent::exchange
