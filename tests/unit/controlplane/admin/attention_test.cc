// Goal: what needs a person is named, the worst first, and chance is not. Method: facts by hand.
#include "controlplane/admin/attention.h"

#include <gtest/gtest.h>

namespace switchyard::controlplane::admin {
namespace {
using std::chrono::hours;
using std::chrono::seconds;

history::Moment MakeMoment(double rate, double errors, std::uint32_t backends, std::uint32_t down) {
  history::Moment moment;
  v1::FlowRow row;
  row.set_name("checkout");
  row.set_rate(rate);
  row.set_errors(errors);
  row.set_backends(backends);
  moment.upstreams.push_back(row);
  moment.down_by_upstream.push_back(down);
  return moment;
}

v1::OverviewResponse Take(AttentionList& list) {
  v1::OverviewResponse response;
  list.MoveTo(response);
  return response;
}

TEST(Attention, AHealthyFleetNeedsNobody) {
  AttentionList list;
  list.AddUpstreams(MakeMoment(100, 1, 3, 0));
  list.AddUpstreams(MakeMoment(0.2, 0.2, 3, 0));
  EXPECT_EQ(Take(list).attention_total(), 0u);
}

TEST(Attention, NamesBackendsDownAndErrorsTheWorstFirst) {
  AttentionList list;
  list.AddUpstreams(MakeMoment(100, 10, 3, 1));
  list.AddUpstreams(MakeMoment(100, 80, 3, 3));
  const auto found = Take(list);
  ASSERT_EQ(found.attention_size(), 4);
  EXPECT_EQ(found.attention(0).severity(), v1::Attention::SEVERITY_CRITICAL);
  EXPECT_EQ(found.attention(0).subject(), "upstream/checkout");
  EXPECT_NE(found.attention(0).what().find("all 3 backends"), std::string::npos);
  EXPECT_EQ(found.attention(3).severity(), v1::Attention::SEVERITY_WARNING);
}

TEST(Attention, NamesBackendsThatTheFleetEjectedAndOverrides) {
  v1::WeightsResponse weights;
  const auto add = [&](const char* upstream, const char* backend, v1::Verdict verdict) {
    v1::WeightRow& row = *weights.add_rows();
    row.set_upstream(upstream);
    row.set_backend(backend);
    row.set_verdict(verdict);
  };
  add("checkout", "10.0.0.1:80", v1::VERDICT_GOOD);
  add("checkout", "10.0.0.2:80", v1::VERDICT_EJECTED);
  add("checkout", "10.0.0.3:80", v1::VERDICT_SOFT);
  add("search", "10.0.1.1:80", v1::VERDICT_FORCED_OUT);
  add("well", "10.0.2.1:80", v1::VERDICT_GOOD);
  AttentionList list;
  list.AddVerdicts(weights);
  const v1::OverviewResponse response = Take(list);
  ASSERT_EQ(response.attention_total(), 2u);
  EXPECT_EQ(response.attention(0).subject(), "upstream/checkout");
  EXPECT_EQ(response.attention(0).severity(), v1::Attention::SEVERITY_WARNING);
  EXPECT_EQ(response.attention(0).what(), "the fleet ejected 10.0.0.2:80, 1 of 3 backends");
  EXPECT_EQ(response.attention(0).remedy(), "yardctl explain checkout 10.0.0.2:80 says why");
  EXPECT_EQ(response.attention(1).subject(), "upstream/search");
  EXPECT_EQ(response.attention(1).severity(), v1::Attention::SEVERITY_NOTICE);
}

TEST(Attention, NamesWhatKubernetesDoesNotSay) {
  AttentionList list;
  kubernetes::WatchStatus watch;
  watch.namespaces = {{"shop", true, ""}, {"dark", false, "the API server answered 403"}};
  list.AddKubernetes({{"well", "shop/well", 3, true, true, ""},
                      {"kept", "dark/kept", 0, true, false, ""},
                      {"empty", "shop/empty", 0, true, true, ""},
                      {"many-ports", "shop/many", 0, true, true, "has several ports (a, b)"},
                      {"lost", "dark/lost", 0, false, false, ""}},
                     watch);
  const auto found = Take(list);
  ASSERT_EQ(found.attention_size(), 4);
  EXPECT_EQ(found.attention(0).subject(), "upstream/lost");
  EXPECT_EQ(found.attention(0).severity(), v1::Attention::SEVERITY_CRITICAL);
  EXPECT_EQ(found.attention(1).subject(), "kubernetes/dark");
  EXPECT_NE(found.attention(1).what().find("403"), std::string::npos);
  EXPECT_EQ(found.attention(2).what(), "shop/empty has no endpoints");
  EXPECT_EQ(found.attention(3).what(), "shop/many has several ports (a, b)");
}

TEST(Attention, NamesAgentsThatAreAwayInQuarantineBehindOrWithoutRenewal) {
  const WallTime wall(hours(500'000));
  const TimePoint now(hours(10));
  const auto agent = [&](const std::string& node) {
    stream::AgentRecord record;
    record.facts.node = node;
    record.facts.served_generation = 5;
    record.facts.certificate_not_after = wall + hours(20);
    record.facts.since = wall - seconds(60);
    record.connected = true;
    return record;
  };
  std::vector<stream::AgentRecord> agents = {agent("well"), agent("away"), agent("held"), agent("slow"), agent("old"), agent("fresh")};
  agents[1].connected = false;
  agents[2].facts.quarantined.emplace_back().set_field("spec.port");
  agents[3].facts.served_generation = 4;
  agents[3].facts.behind_since = now - seconds(30);
  agents[4].facts.certificate_not_after = wall + hours(1);
  agents[5].facts.served_generation = 4;
  agents[5].facts.behind_since = now - seconds(1);
  AttentionList list;
  list.AddAgents(agents, 5, now, wall);
  const auto found = Take(list);
  std::string subjects;
  for (const auto& item : found.attention()) subjects += item.subject() + " ";
  EXPECT_EQ(subjects, "agent/away agent/held agent/old agent/slow ");
}

TEST(Attention, KeepsTheWorstHundredAndCountsAll) {
  AttentionList list;
  for (int i = 0; i < 150; ++i) list.AddUpstreams(MakeMoment(10, i < 140 ? 1 : 9, 1, 0));
  const auto found = Take(list);
  EXPECT_EQ(found.attention_size(), static_cast<int>(kMaxAttention));
  EXPECT_EQ(found.attention_total(), 150u);
  EXPECT_EQ(found.attention(9).severity(), v1::Attention::SEVERITY_CRITICAL);
}

}  // namespace
}  // namespace switchyard::controlplane::admin
