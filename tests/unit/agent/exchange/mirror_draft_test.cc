// Goal: a copy has its place from its first byte to its end, whichever way it ends, and keeps what the request was. Method: drafts alone.
#include <gtest/gtest.h>

#include "agent/exchange/mirror_request.h"

namespace switchyard::agent::exchange {
namespace {

using loop::Ref;

class MirrorDraftTest : public testing::Test {
 protected:
  std::unique_ptr<MirrorDraft> Begin(const policy::Mirror& policy) {
    request_.headers = &headers_;
    return MirrorDraft::Begin(request_, policy, *set_);
  }

  std::vector<codec::Header> headers_;
  upstream::OutgoingRequest request_;
  const Ref<MirrorSet> set_{new MirrorSet()};
};

TEST_F(MirrorDraftTest, ARouteHasSoManyPlacesAndGetsThemBack) {
  const policy::Mirror policy(1'000'000, 10);
  std::vector<std::unique_ptr<MirrorDraft>> drafts;
  for (std::uint32_t i = 0; i < policy::Mirror::kMost; ++i) drafts.push_back(Begin(policy));
  EXPECT_NE(drafts.back(), nullptr);
  EXPECT_EQ(Begin(policy), nullptr);
  EXPECT_EQ(policy.under_way, policy::Mirror::kMost) << "the one that found no room left nothing behind";
  drafts.pop_back();
  EXPECT_NE(Begin(policy), nullptr);
  drafts.clear();
  EXPECT_EQ(policy.under_way, 0U);
}

TEST_F(MirrorDraftTest, AWorkerHasSoManyPlacesForAllItsRoutes) {
  const policy::Mirror one(1'000'000, 10);
  const policy::Mirror two(1'000'000, 10);
  std::vector<std::unique_ptr<MirrorDraft>> drafts;
  for (std::size_t i = 0; i < MirrorSet::kMost; ++i) drafts.push_back(Begin(i % 2 == 0 ? one : two));
  EXPECT_NE(drafts.back(), nullptr);
  EXPECT_EQ(Begin(one), nullptr);
  EXPECT_EQ(one.under_way, MirrorSet::kMost / 2);
  drafts.clear();
  EXPECT_NE(Begin(one), nullptr);
}

TEST_F(MirrorDraftTest, KeepsWhatTheRequestWasButForExpect) {
  headers_ = {{"Host", "a", codec::FieldId::kHost}, {"Expect", "100-continue", codec::FieldId::kExpect}};
  request_.method = "POST";
  request_.path_and_query = "/a?b";
  request_.framing = codec::Framing::kChunked;
  request_.te_trailers = true;
  const policy::Mirror policy(1'000'000, 10);
  const auto draft = Begin(policy);
  ASSERT_NE(draft, nullptr);
  EXPECT_EQ(draft->method, "POST");
  EXPECT_EQ(draft->path_and_query, "/a?b");
  EXPECT_TRUE(draft->te_trailers);
  EXPECT_TRUE(draft->has_body);
  ASSERT_EQ(draft->headers.size(), 2U);
  EXPECT_EQ(draft->headers[0].first, "Host");
  EXPECT_EQ(draft->headers[1].first, "X-Mirrored");
  EXPECT_TRUE(draft->Append("01234"));
  EXPECT_TRUE(draft->Append("56789"));
  EXPECT_FALSE(draft->Append("x"));
  EXPECT_EQ(draft->body, "0123456789");
}

}  // namespace
}  // namespace switchyard::agent::exchange
