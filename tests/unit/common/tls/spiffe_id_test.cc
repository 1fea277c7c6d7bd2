// SPIFFE ids: what is ours is read back as written; everything else is refused.
#include "common/tls/spiffe_id.h"

#include <gtest/gtest.h>

#include <string>

namespace switchyard::tls {
namespace {

TEST(SpiffeId, ReadsBackWhatItWrote) {
  for (const SpiffeId& id : {SpiffeId{"switchyard", Role::kAgent, "node-1"}, SpiffeId{"fleet.example.com", Role::kAdmin, "ann"},
                             SpiffeId{"a_b", Role::kController, "c.d"}, SpiffeId{"switchyard", Role::kAuthority, ""}}) {
    const auto parsed = SpiffeId::Parse(id.ToString());
    ASSERT_TRUE(parsed.ok()) << id.ToString();
    EXPECT_EQ(*parsed, id);
  }
}

TEST(SpiffeId, WritesTheUriOfTheStandard) {
  EXPECT_EQ((SpiffeId{"switchyard", Role::kAgent, "web-1"}).ToString(), "spiffe://switchyard/agent/web-1");
}

TEST(SpiffeId, RefusesEverythingElse) {
  const std::string long_name(64, 'a');
  for (const std::string& text :
       {std::string(), std::string("spiffe://"), std::string("http://switchyard/agent/a"), std::string("spiffe:///agent/a"),
        std::string("spiffe://switchyard/"), std::string("spiffe://switchyard/agent"), std::string("spiffe://switchyard/agent/"),
        std::string("spiffe://switchyard/root/a"), std::string("spiffe://switchyard/agent/a/b"), std::string("spiffe://switchyard/agent/A"),
        std::string("spiffe://switchyard/agent/-a"), std::string("spiffe://switchyard/agent/a?x"), std::string("spiffe://switch:1/agent/a"),
        std::string("spiffe://Switchyard/agent/a"), std::string("spiffe://switchyard/agentx/a"), "spiffe://switchyard/agent/" + long_name,
        std::string("spiffe://switchyard/agent/a\0b", 28), std::string(3000, 's')}) {
    EXPECT_FALSE(SpiffeId::Parse(text).ok()) << text;
  }
}

TEST(IdentityName, FollowsTheRulesOfResourceNames) {
  EXPECT_TRUE(ValidIdentityName("a"));
  EXPECT_TRUE(ValidIdentityName(std::string(63, 'a')));
  EXPECT_FALSE(ValidIdentityName(""));
  EXPECT_FALSE(ValidIdentityName(std::string(64, 'a')));
  EXPECT_FALSE(ValidIdentityName("a."));
  EXPECT_FALSE(ValidIdentityName("a_b"));
}

}  // namespace
}  // namespace switchyard::tls
