// Goal: words of enums and kinds are read in every form that is promised, and the right one is suggested. Method: tables.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "common/config/field_words.h"
#include "common/config/resource_key.h"
#include "common/config/suggestion.h"
#include "common/config/utf8.h"
#include "switchyard/v1/outcome.pb.h"
#include "switchyard/v1/upstream.pb.h"

namespace switchyard::config {
namespace {

TEST(EnumWords, AreReadShortFullAndInAnyCase) {
  const auto& type = *v1::Balancer_descriptor();
  for (const std::string_view word : {"LEAST_REQUEST", "least_request", "Least_Request", "BALANCER_LEAST_REQUEST", "balancer_least_request"}) {
    const auto* value = FindEnumWord(type, word);
    ASSERT_NE(value, nullptr) << word;
    EXPECT_EQ(value->number(), v1::BALANCER_LEAST_REQUEST);
  }
  for (const std::string_view word : {"", "LEAST", "LEAST_REQUEST ", "2", "BALANCER_"}) EXPECT_EQ(FindEnumWord(type, word), nullptr) << word;
}

TEST(EnumWords, AreWrittenShort) {
  EXPECT_EQ(EnumWord(*v1::Balancer_descriptor(), v1::BALANCER_ROUND_ROBIN), "ROUND_ROBIN");
  EXPECT_EQ(EnumWord(*v1::Kind_descriptor(), v1::KIND_UPSTREAM), "Upstream");
  EXPECT_EQ(EnumWord(*v1::Balancer_descriptor(), 77), "77");
  EXPECT_EQ(EnumChoices(*v1::Balancer_descriptor()), "ROUND_ROBIN, LEAST_REQUEST, RANDOM, PEAK_EWMA, RING_HASH, MAGLEV, RENDEZVOUS, PREQUAL, ADAPTIVE");
}

TEST(EnumWords, OfEveryCauseReadBack) {
  const auto& type = *v1::Cause_descriptor();
  for (int i = 0; i < type.value_count(); ++i) {
    const auto* back = FindEnumWord(type, EnumWord(type, type.value(i)->number()));
    ASSERT_NE(back, nullptr) << type.value(i)->name();
    EXPECT_EQ(back->number(), type.value(i)->number());
  }
}

TEST(KindWords, TakeAnyCaseAndThePlural) {
  for (const std::string_view word : {"upstream", "Upstream", "UPSTREAMS", "upstreams"}) EXPECT_EQ(ParseKind(word), v1::KIND_UPSTREAM) << word;
  for (const std::string_view word : {"", "s", "upstreamss", "?", "kind_upstream "}) EXPECT_EQ(ParseKind(word), v1::KIND_UNSPECIFIED) << word;
}

TEST(Suggestion, IsTheNearestWordWhenNearEnough) {
  const std::vector<std::string_view> words = {"connect_timeout", "backends", "pool", "balancer"};
  EXPECT_EQ(Nearest("conect_timeout", words), "connect_timeout");
  EXPECT_EQ(Nearest("connectTimeout", words), "connect_timeout");
  EXPECT_EQ(Nearest("blaancer", words), "balancer");
  EXPECT_EQ(Nearest("POOL", words), "pool");
  EXPECT_EQ(Nearest("zzzz", words), "");
  EXPECT_EQ(Nearest("", words), "");
  EXPECT_EQ(Nearest(std::string(65, 'p'), words), "");
  EXPECT_EQ(DidYouMean("backend", words), "; did you mean \"backends\"?");
  EXPECT_EQ(DidYouMean("x", words), "");
}

TEST(Utf8, TakesCharactersAndRefusesTheirLookAlikes) {
  EXPECT_EQ(Utf8Length("a"), 1U);
  EXPECT_EQ(Utf8Length("\xc3\xa9"), 2U);
  EXPECT_EQ(Utf8Length("\xe2\x82\xac"), 3U);
  EXPECT_EQ(Utf8Length("\xf4\x8f\xbf\xbf"), 4U);
  // Overlong, surrogate, beyond U+10FFFF, alone, cut.
  for (const std::string_view bad : {"\xc0\xaf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80",
                                     "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80", "\xc3", "\xe2\x82"}) {
    EXPECT_EQ(Utf8Length(bad), 0U);
  }
  EXPECT_EQ(Utf8Length(""), 0U);
  EXPECT_EQ(FindInvalidUtf8("ab\xff"), 2U);
  EXPECT_EQ(FindInvalidUtf8("ab\xc3\xa9"), std::string_view::npos);
}

}  // namespace
}  // namespace switchyard::config
