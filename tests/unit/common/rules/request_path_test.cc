// Goal: a path that two readers could resolve differently has a fault, and no other path has one. Method: tables.
#include "common/rules/request_path.h"

#include <gtest/gtest.h>

#include <string>

namespace switchyard::rules {
namespace {

TEST(RequestPath, OrdinaryPathsHaveNoFault) {
  for (const char* path : {"/", "/a/b/", "/a//b", "/...", "/a/..b", "/.hidden", "/%20", "/100%25", "/%2e%2e%2e", "/%2ea", "/a%c3%A9", "/%252F", "/*"}) {
    EXPECT_EQ(FaultOf(path), PathFault::kNone) << path;
  }
}

TEST(RequestPath, EachFaultIsNamed) {
  const std::pair<const char*, PathFault> cases[] = {
      {"", PathFault::kStart},         {"a", PathFault::kStart},         {"//a", PathFault::kStart},      {"/a\\b", PathFault::kBackslash},
      {"/%", PathFault::kEncoding},    {"/100%", PathFault::kEncoding},  {"/%2", PathFault::kEncoding},   {"/%2/", PathFault::kEncoding},
      {"/%g0", PathFault::kEncoding},  {"/%%41", PathFault::kEncoding},  {"/.", PathFault::kDots},        {"/..", PathFault::kDots},
      {"/a/../b", PathFault::kDots},   {"/%2e", PathFault::kDots},       {"/.%2E/a", PathFault::kDots},   {"/a/%2e%2e", PathFault::kDots},
      {"/a%2Fb", PathFault::kHidden},  {"/a%2fb", PathFault::kHidden},   {"/a%5Cb", PathFault::kHidden},  {"/a%00", PathFault::kHidden}};
  for (const auto& [path, fault] : cases) EXPECT_EQ(FaultOf(path), fault) << path;
}

TEST(RequestPath, TheWorseFaultIsNamedFirst) {
  EXPECT_EQ(FaultOf("/a%2Fb/%"), PathFault::kEncoding);
  EXPECT_EQ(FaultOf("/a%2Fb/.."), PathFault::kDots);
  EXPECT_EQ(FaultOf("//%"), PathFault::kStart);
}

}  // namespace
}  // namespace switchyard::rules
