// Good and bad tokens as a table; no message may hold the secret.
#include "agent/config/join_token.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace switchyard::agent::config {
namespace {

const std::string kPin(64, 'a');

TEST(JoinToken, IsReadWithWhiteSpaceAround) {
  const auto token = ParseJoinToken("  syt1.id-1.s3cret_X." + kPin + "\n");
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token->id, "id-1");
  EXPECT_EQ(token->ca_pin, kPin);
  EXPECT_EQ(token->text, "syt1.id-1.s3cret_X." + kPin);
}

TEST(JoinToken, RefusesWhatIsNotOne) {
  for (const std::string& text :
       {std::string(), std::string("syt1"), std::string("syt1.id.s3cret"), "syt1.id.s3cret." + kPin + ".more", "syt2.id.s3cret." + kPin, "syt1..s3cret." + kPin,
        "syt1.id.." + kPin, "syt1.id.s3cret." + kPin.substr(1), "syt1.id.s3cret." + std::string(64, 'G'), "syt1.id.s3 cret." + kPin,
        "syt1.id.s3cret." + std::string(600, 'a')}) {
    const auto token = ParseJoinToken(text);
    EXPECT_FALSE(token.ok()) << text;
    EXPECT_EQ(Message(token.status()).find("s3cret"), std::string_view::npos) << Message(token.status());
  }
}

}  // namespace
}  // namespace switchyard::agent::config
