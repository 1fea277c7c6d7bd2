// Goal: every response that Switchyard makes itself names its cause in the header and in the text, with the status of the cause.
// Method: all causes.
#include "agent/exchange/local_reply.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/cause.h"

namespace switchyard::agent::exchange {
namespace {

TEST(LocalReply, NamesItsCause) {
  for (const CauseInfo& info : AllCauses()) {
    if (info.status == 0) continue;
    SCOPED_TRACE(info.name);
    const LocalReply reply = MakeLocalReply(info.cause);
    EXPECT_EQ(reply.status, info.status);
    EXPECT_GE(reply.status, 400);
    const auto cause =
        std::find_if(reply.headers.begin(), reply.headers.end(), [](const auto& h) { return h.name == "x-switchyard-cause"; });
    ASSERT_NE(cause, reply.headers.end());
    EXPECT_EQ(cause->value, info.name);
    EXPECT_NE(reply.body.find(info.name), std::string::npos);
    EXPECT_EQ(reply.body.back(), '\n');
    EXPECT_NE(reply.body.front(), ':');
  }
}

TEST(LocalReply, IsNotStoredByCaches) {
  const LocalReply reply = MakeLocalReply(Cause::kNoBackend);
  EXPECT_TRUE(std::any_of(reply.headers.begin(), reply.headers.end(),
                          [](const auto& h) { return h.name == "Cache-Control" && h.value == "no-store"; }));
}

}  // namespace
}  // namespace switchyard::agent::exchange
