// Goal: the table of causes equals the public vocabulary of proto/switchyard/v1/outcome.proto. Method: every value of either side is looked up
// in the other, by number and by name.
#include "common/base/cause.h"

#include <cctype>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "switchyard/v1/outcome.pb.h"

namespace switchyard {
namespace {

// `CAUSE_NO_ROUTE` -> `no_route`; the value 0 is `none`.
std::string WordOf(const google::protobuf::EnumValueDescriptor& value) {
  if (value.number() == 0) return "none";
  std::string word = value.name().substr(std::string("CAUSE_").size());
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return word;
}

TEST(Cause, HasEveryValueOfTheApiWithItsNumberAndWord) {
  const auto& type = *v1::Cause_descriptor();
  ASSERT_EQ(static_cast<std::size_t>(type.value_count()), kCauseCount);
  for (int i = 0; i < type.value_count(); ++i) {
    const auto& value = *type.value(i);
    const CauseInfo& info = AllCauses()[static_cast<std::size_t>(i)];
    EXPECT_EQ(static_cast<int>(info.cause), value.number()) << value.name();
    EXPECT_EQ(info.name, WordOf(value));
  }
}

TEST(Cause, IsFoundByItsDenseIndex) {
  for (std::size_t i = 0; i < kCauseCount; ++i) {
    const CauseInfo& info = AllCauses()[i];
    EXPECT_EQ(CauseIndex(info.cause), i) << info.name;
    EXPECT_EQ(Describe(info.cause).name, info.name);
  }
}

TEST(Cause, BlamesTheSideThatItsNumberNames) {
  for (const CauseInfo& info : AllCauses()) {
    const auto number = static_cast<int>(info.cause);
    const Side side = number >= 300   ? Side::kBackend
                      : number >= 200 ? Side::kSwitchyard
                      : number >= 100 ? Side::kClient
                                      : Side::kNone;
    EXPECT_EQ(info.side, side) << info.name;
  }
}

TEST(Cause, AnswersWithAnErrorStatusOrNotAtAll) {
  for (const CauseInfo& info : AllCauses()) {
    EXPECT_TRUE(info.status == 0 || (info.status >= 400 && info.status <= 599)) << info.name;
    if (info.status == 0) continue;
    const bool client = info.status < 500 || info.status == 501 || info.status == 505;
    const bool backend = info.status == 502 || info.status == 504;
    EXPECT_TRUE(info.side != Side::kClient || client) << info.name;
    EXPECT_TRUE(info.side != Side::kBackend || backend) << info.name;
  }
}

TEST(Cause, WordsAreDistinct) {
  std::set<std::string_view> words;
  for (const CauseInfo& info : AllCauses()) EXPECT_TRUE(words.insert(info.name).second) << info.name;
}

}  // namespace
}  // namespace switchyard
