// Goal: templates cover whole segments and nothing else. Method: tables.
#include "common/rules/path_template.h"

#include <gtest/gtest.h>

namespace switchyard::rules {
namespace {

TEST(PathTemplate, CoversSegmentBySegment) {
  struct Case {
    const char* pattern;
    const char* path;
    bool covers;
  };
  const Case cases[] = {{"/users/*", "/users/7", true},
                        {"/users/*", "/users/", false},
                        {"/users/*", "/users", false},
                        {"/users/*", "/users/7/x", false},
                        {"/users/{id}/posts", "/users/7/posts", true},
                        {"/users/{id}/posts", "/users/7/posts/", false},
                        {"/users/{id}/posts", "/users//posts", false},
                        {"/files/**", "/files", true},
                        {"/files/**", "/files/", true},
                        {"/files/**", "/files/a/b/c", true},
                        {"/files/**", "/filesx", false},
                        {"/**", "/", true},
                        {"/**", "/a", true},
                        {"/a/", "/a/", true},
                        {"/a/", "/a", false},
                        {"/*/Place", "/shop.v1.Orders/Place", true},
                        {"/*/Place", "*", false}};
  for (const Case& each : cases) {
    const auto pattern = PathTemplate::Parse(each.pattern);
    ASSERT_TRUE(pattern.ok()) << each.pattern << ": " << pattern.status();
    EXPECT_EQ(pattern->Matches(each.path), each.covers) << each.pattern << " " << each.path;
  }
}

TEST(PathTemplate, RefusesWhatIsNoTemplate) {
  for (const char* text : {"", "users", "/a*", "/{", "/{}", "/{a b}", "/**/x", "/x/{id}.json"}) {
    EXPECT_FALSE(PathTemplate::Parse(text).ok()) << text;
  }
  std::string deep;
  for (int i = 0; i < 65; ++i) deep += "/*";
  EXPECT_FALSE(PathTemplate::Parse(deep).ok());
}

}  // namespace
}  // namespace switchyard::rules
