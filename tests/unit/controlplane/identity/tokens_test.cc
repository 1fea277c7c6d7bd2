// Join tokens on a memory store and a clock that is moved by hand: text, life, uses, races, bounds.
#include "controlplane/identity/tokens.h"

#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "common/base/random.h"
#include "common/base/status.h"
#include "common/tls/sha256.h"
#include "controlplane/store/memory_store.h"

namespace switchyard::controlplane::identity {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class TokensTest : public testing::Test {
 protected:
  v1::CreateTokenResponse Create(std::uint32_t uses, Duration life) {
    v1::CreateTokenRequest request;
    request.set_uses(uses);
    request.set_description("for a test");
    request.mutable_ttl()->set_seconds(life / seconds(1));
    const auto created = tokens_.Create(request);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? *created : v1::CreateTokenResponse();
  }
  static absl::StatusCode CodeOf(const absl::StatusOr<std::string>& redeemed) { return redeemed.status().code(); }

  ManualClock clock_;
  RefusalCounters refusals_;
  std::unique_ptr<store::Store> store_ = store::OpenMemoryStore();
  Tokens tokens_{*store_, clock_, refusals_, tls::Sha256("the CA")};
};

TEST(TokenText, ReadsBackWhatItWrote) {
  const TokenParts parts{"0123456789abcdef", SecureBytes(32), tls::Sha256("ca")};
  const auto parsed = ParseToken(FormatToken(parts));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->id, parts.id);
  EXPECT_EQ(parsed->secret, parts.secret);
  EXPECT_EQ(parsed->ca_fingerprint, parts.ca_fingerprint);
}

TEST(TokenText, RefusesEverythingElseWithoutQuotingIt) {
  const std::string good = FormatToken({"0123456789abcdef", std::string(32, 's'), std::string(32, 'c')});
  std::vector<std::string> bad = {"",         "syt1", "syt1...", "hello", good + ".x", good + "x", good.substr(1), std::string(300, 'a'),
                                  good + "\n"};
  std::string upper = good;
  upper[5] = 'A';
  bad.push_back(upper);
  bad.push_back("syt2" + good.substr(4));
  for (const std::string& text : bad) {
    const auto parsed = ParseToken(text);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(Message(parsed.status()).find(tls::ToHex(std::string(32, 's'))), std::string_view::npos);
  }
}

TEST(TokenText, SurvivesAnything) {
  const std::uint64_t seed = SecureSeed();
  std::cout << "seed " << seed << "\n";
  Random random(seed);
  const std::string good = FormatToken({"0123456789abcdef", std::string(32, 's'), std::string(32, 'c')});
  for (int i = 0; i < 2000; ++i) {
    std::string text = good;
    for (int edits = 0; edits < 3; ++edits) text[random.Below(text.size())] = static_cast<char>(random.Below(256));
    text.resize(random.Below(text.size() + 1));
    (void)ParseToken(text);
  }
}

TEST_F(TokensTest, AdmitsOncePerUse) {
  const auto created = Create(2, hours(1));
  EXPECT_EQ(*tokens_.Redeem(created.token()), created.info().id());
  EXPECT_TRUE(tokens_.Check(created.token()).ok());
  EXPECT_TRUE(tokens_.Redeem(created.token()).ok());
  EXPECT_EQ(CodeOf(tokens_.Redeem(created.token())), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(refusals_.Count(Refusal::kUsedToken), 1u);
}

TEST_F(TokensTest, TakesNoUseWhenWhatGoesAlongCannotBeWritten) {
  const auto created = Create(1, hours(1));
  const auto along = [](std::uint64_t expected) {
    return [expected](const std::string& id) { return store::RecordPut{"enrolment", "web-1", "by " + id, expected}; };
  };
  EXPECT_EQ(CodeOf(tokens_.Redeem(created.token(), along(99))), absl::StatusCode::kAborted);
  EXPECT_TRUE(tokens_.Check(created.token()).ok());
  EXPECT_TRUE(tokens_.Redeem(created.token(), along(0)).ok());
  EXPECT_EQ(store_->GetRecord("enrolment", "web-1")->value, "by " + created.info().id());
  EXPECT_EQ(CodeOf(tokens_.Redeem(created.token(), along(0))), absl::StatusCode::kUnauthenticated);
}

TEST_F(TokensTest, CarriesTheFingerprintOfTheAuthority) {
  EXPECT_EQ(ParseToken(Create(1, hours(1)).token())->ca_fingerprint, tls::Sha256("the CA"));
}

TEST_F(TokensTest, EndsAtItsExpiry) {
  const auto created = Create(5, hours(1));
  clock_.Advance(hours(1) - seconds(1));
  EXPECT_TRUE(tokens_.Redeem(created.token()).ok());
  clock_.Advance(seconds(1));
  const auto late = tokens_.Redeem(created.token());
  EXPECT_EQ(CodeOf(late), absl::StatusCode::kUnauthenticated);
  EXPECT_NE(Message(late.status()).find("expired"), std::string_view::npos);
  EXPECT_EQ(refusals_.Count(Refusal::kExpiredToken), 1u);
}

TEST_F(TokensTest, TellsAWrongSecretAndAnUnknownIdInTheSameWords) {
  const auto created = Create(1, hours(1));
  TokenParts parts = *ParseToken(created.token());
  parts.secret = SecureBytes(32);
  const auto wrong = tokens_.Redeem(FormatToken(parts));
  parts = *ParseToken(created.token());
  parts.id = "0000000000000000";
  const auto unknown = tokens_.Redeem(FormatToken(parts));
  EXPECT_EQ(CodeOf(wrong), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Message(wrong.status()), Message(unknown.status()));
  EXPECT_EQ(refusals_.Count(Refusal::kUnknownToken), 2u);
  EXPECT_EQ(CodeOf(tokens_.Redeem("")), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(refusals_.Count(Refusal::kMalformedToken), 1u);
  EXPECT_TRUE(tokens_.Redeem(created.token()).ok());
}

TEST_F(TokensTest, StoresNoSecret) {
  const auto created = Create(1, hours(1));
  const std::string secret = ParseToken(created.token())->secret;
  const auto stored = store_->GetRecord("token", created.info().id());
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored->value.find(secret), std::string::npos);
  EXPECT_EQ(stored->value.find(tls::ToHex(secret)), std::string::npos);
}

TEST_F(TokensTest, LetsExactlyOneOfManyHaveTheLastUse) {
  const auto created = Create(3, hours(1));
  std::atomic<int> won{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> agents;
  for (int i = 0; i < 16; ++i) {
    agents.emplace_back([&] {
      const auto redeemed = tokens_.Redeem(created.token());
      if (redeemed.ok()) ++won;
      if (absl::IsUnauthenticated(redeemed.status())) ++refused;
    });
  }
  for (std::thread& agent : agents) agent.join();
  EXPECT_EQ(won, 3);
  EXPECT_EQ(refused, 13);
}

TEST_F(TokensTest, LetsExactlyOneWinAcrossTwoBooksOnOneStore) {
  Tokens other(*store_, clock_, refusals_, tls::Sha256("the CA"));
  const auto created = Create(1, hours(1));
  std::atomic<int> won{0};
  std::vector<std::thread> agents;
  for (Tokens* book : {&tokens_, &other, &tokens_, &other}) {
    agents.emplace_back([&won, &created, book] {
      if (book->Redeem(created.token()).ok()) ++won;
    });
  }
  for (std::thread& agent : agents) agent.join();
  EXPECT_EQ(won, 1);
}

TEST_F(TokensTest, ListsWhatMayBeUsedByExpiry) {
  const auto second = Create(1, hours(2));
  const auto first = Create(4, hours(1));
  const auto used = Create(1, hours(1));
  Create(1, minutes(1));
  ASSERT_TRUE(tokens_.Redeem(used.token()).ok());
  clock_.Advance(minutes(2));
  const auto listed = tokens_.List();
  ASSERT_EQ(listed->tokens_size(), 2);
  EXPECT_EQ(listed->tokens(0).id(), first.info().id());
  EXPECT_EQ(listed->tokens(0).uses_left(), 4u);
  EXPECT_EQ(listed->tokens(0).description(), "for a test");
  EXPECT_EQ(listed->tokens(1).id(), second.info().id());
}

TEST_F(TokensTest, RevokesForGood) {
  const auto created = Create(1, hours(1));
  EXPECT_TRUE(tokens_.Revoke(created.info().id()).ok());
  EXPECT_EQ(tokens_.Revoke(created.info().id()).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(tokens_.Revoke("nonsense").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(tokens_.Redeem(created.token())), absl::StatusCode::kUnauthenticated);
}

TEST_F(TokensTest, TakesTheDefaultsOfTheProto) {
  const auto created = tokens_.Create({});
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(created->info().uses_left(), 1u);
  EXPECT_EQ(created->info().expires().seconds() - created->info().created().seconds(), 3600);
}

TEST_F(TokensTest, RefusesRequestsBeyondTheBounds) {
  const auto code = [&](auto&& edit) {
    v1::CreateTokenRequest request;
    edit(request);
    return tokens_.Create(request).status().code();
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(code([](auto& r) { r.set_uses(100001); }), kInvalid);
  EXPECT_EQ(code([](auto& r) { r.mutable_ttl()->set_seconds(59); }), kInvalid);
  EXPECT_EQ(code([](auto& r) { r.mutable_ttl()->set_seconds(366 * 86400); }), kInvalid);
  EXPECT_EQ(code([](auto& r) { r.mutable_ttl()->set_seconds(-1); }), kInvalid);
  EXPECT_EQ(code([](auto& r) { r.mutable_ttl()->set_seconds(INT64_MAX); }), kInvalid);
  EXPECT_EQ(code([](auto& r) { r.set_description(std::string(129, 'x')); }), kInvalid);
  EXPECT_EQ(code([](auto& r) { r.mutable_ttl()->set_seconds(365 * 86400); }), absl::StatusCode::kOk);
}

TEST_F(TokensTest, HoldsABoundedNumberAndForgetsDeadOnesFirst) {
  const auto dead = Create(1, minutes(1));
  clock_.Advance(minutes(2));
  for (std::size_t i = 0; i + 1 < kMaxTokens; ++i) Create(1, hours(1));
  // The thousandth pushes the dead one out before its day of memory is over; the next finds only usable ones.
  EXPECT_TRUE(tokens_.Create({}).ok());
  EXPECT_EQ(store_->GetRecord("token", dead.info().id()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(tokens_.Create({}).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(TokensTest, ForgetsDeadOnesAfterADay) {
  const auto dead = Create(1, minutes(1));
  clock_.Advance(hours(23));
  Create(1, hours(1));
  EXPECT_TRUE(store_->GetRecord("token", dead.info().id()).ok());
  clock_.Advance(hours(2));
  Create(1, hours(1));
  EXPECT_FALSE(store_->GetRecord("token", dead.info().id()).ok());
}

}  // namespace
}  // namespace switchyard::controlplane::identity
