#include "controlplane/admin/attention.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "common/base/duration.h"
#include "common/config/secret_expiry.h"
#include "common/config/violation.h"

namespace switchyard::controlplane::admin {
namespace {

using v1::Attention;

// Below this an error or two is chance.
constexpr double kLeastRate = 0.5;
constexpr double kBadShare = 0.05;
constexpr double kTerribleShare = 0.5;
// Behind for longer than any healthy push takes.
constexpr Duration kSlowPush = std::chrono::seconds(10);
// Agents renew at a third of 24 h left; with less than this, renewing does not work.
constexpr Duration kAgentEnd = std::chrono::hours(4);
constexpr Duration kSecretEnd = std::chrono::hours(24 * 14);
constexpr Duration kSecretEndClose = std::chrono::hours(24 * 2);
constexpr Duration kAuthorityEnd = std::chrono::hours(24 * 90);

std::string Left(Duration left) {
  if (left <= Duration::zero()) return fmt::format("ended {} ago", FormatDurationRounded(-left));
  return fmt::format("ends in {}", FormatDurationRounded(left));
}

}  // namespace

void AttentionList::Add(Attention::Severity severity, std::string subject, std::string what, std::string remedy) {
  Attention item;
  item.set_severity(severity);
  item.set_subject(std::move(subject));
  item.set_what(std::move(what));
  item.set_remedy(std::move(remedy));
  items_.push_back(std::move(item));
}

void AttentionList::AddUpstreams(const history::Moment& moment) {
  for (std::size_t i = 0; i < moment.upstreams.size(); ++i) {
    const v1::FlowRow& row = moment.upstreams[i];
    const std::uint32_t down = moment.down_by_upstream[i];
    const std::string subject = "upstream/" + row.name();
    if (down > 0 && down == row.backends()) {
      Add(Attention::SEVERITY_CRITICAL, subject, fmt::format("all {} backends are unhealthy", down),
          "look at the backends; probes say why in the agents' logs");
    } else if (down > 0) {
      Add(Attention::SEVERITY_WARNING, subject, fmt::format("{} of {} backends are unhealthy", down, row.backends()));
    }
    const double share = row.rate() > 0 ? row.errors() / row.rate() : 0;
    if (row.rate() < kLeastRate || share < kBadShare) continue;
    Add(share >= kTerribleShare ? Attention::SEVERITY_CRITICAL : Attention::SEVERITY_WARNING, subject,
        fmt::format("{:.1f} % of attempts fail ({:.1f} per second)", share * 100, row.errors()));
  }
}

void AttentionList::AddVerdicts(const v1::WeightsResponse& weights) {
  struct Count {
    std::uint32_t backends = 0;
    std::uint32_t ejected = 0;
    std::uint32_t overruled = 0;
    std::string first;
  };
  std::map<std::string, Count> upstreams;
  for (const v1::WeightRow& row : weights.rows()) {
    Count& count = upstreams[row.upstream()];
    ++count.backends;
    const bool ejected = row.verdict() == v1::VERDICT_EJECTED;
    if (ejected && ++count.ejected == 1) count.first = row.backend();
    if (row.verdict() == v1::VERDICT_FORCED_OUT || row.verdict() == v1::VERDICT_FORCED_IN) ++count.overruled;
  }
  for (const auto& [name, count] : upstreams) {
    const std::string subject = "upstream/" + name;
    if (count.ejected > 0) {
      Add(Attention::SEVERITY_WARNING, subject,
          count.ejected == 1 ? fmt::format("the fleet ejected {}, 1 of {} backends", count.first, count.backends)
                             : fmt::format("the fleet ejected {} of {} backends", count.ejected, count.backends),
          fmt::format("yardctl explain {} {} says why", name, count.first));
    }
    if (count.overruled == 0) continue;
    Add(Attention::SEVERITY_NOTICE, subject, fmt::format("a person overrules the verdict on {} of {} backends", count.overruled, count.backends));
  }
}

void AttentionList::AddAgents(const std::vector<stream::AgentRecord>& agents, std::uint64_t generation, TimePoint now, WallTime wall) {
  for (const stream::AgentRecord& agent : agents) {
    const std::string subject = "agent/" + agent.facts.node;
    if (!agent.connected) {
      Add(Attention::SEVERITY_WARNING, subject, 
          fmt::format("not connected for {}", FormatDurationRounded(std::max(wall - agent.facts.since, Duration::zero()))),
          "it serves what it has; look whether its process and its way to the controller are there");
      continue;
    }
    if (agent.facts.rejected_generation != 0) {
      Add(Attention::SEVERITY_CRITICAL, subject, fmt::format("refused generation {} as a whole", agent.facts.rejected_generation),
          agent.facts.rejected.empty() ? "" : config::ToString(agent.facts.rejected.front()));
    } else if (!agent.facts.quarantined.empty()) {
      Add(Attention::SEVERITY_WARNING, subject, fmt::format("holds resources in quarantine ({} violations)", agent.facts.quarantined.size()),
          config::ToString(agent.facts.quarantined.front()));
    } else if (agent.facts.served_generation < generation && agent.facts.behind_since && now - *agent.facts.behind_since > kSlowPush) {
      Add(Attention::SEVERITY_WARNING, subject,
          fmt::format("behind for {}: serves generation {}", FormatDurationRounded(now - *agent.facts.behind_since), agent.facts.served_generation));
    }
    const Duration left = agent.facts.certificate_not_after - wall;
    if (left < kAgentEnd) Add(Attention::SEVERITY_WARNING, subject, "its certificate " + Left(left), "it renews by itself; its log says why it does not");
  }
}

void AttentionList::AddCertificates(const store::Catalog& catalog, WallTime ca_not_after, WallTime wall) {
  for (auto at = catalog.resources.lower_bound(store::Catalog::Key(v1::KIND_SECRET, "")); at != catalog.resources.end(); ++at) {
    if (at->first.first != v1::KIND_SECRET) break;
    const auto end = config::EarliestEnd(at->second->secret());
    if (!end || *end - wall > kSecretEnd) continue;
    const bool close = *end - wall <= kSecretEndClose;
    Add(close ? Attention::SEVERITY_CRITICAL : Attention::SEVERITY_WARNING, "secret/" + at->first.second, "its certificate " + Left(*end - wall),
        "apply the Secret with a new certificate");
  }
  if (ca_not_after - wall > kAuthorityEnd) return;
  Add(Attention::SEVERITY_WARNING, "controller", "the certificate authority " + Left(ca_not_after - wall), "plan a new one: every agent must enrol again");
}

void AttentionList::AddKubernetes(const std::vector<kubernetes::FoundStatus>& upstreams, const kubernetes::WatchStatus& watch) {
  for (const kubernetes::FoundStatus& one : upstreams) {
    const std::string subject = "upstream/" + one.upstream;
    if (!one.known) {
      Add(Attention::SEVERITY_CRITICAL, subject, fmt::format("the endpoints of {} are not known", one.source),
          "agents that serve it go on with what they have, and get no change until Kubernetes answers");
    } else if (!one.problem.empty()) {
      Add(Attention::SEVERITY_WARNING, subject, fmt::format("{} {}", one.source, one.problem));
    } else if (one.answered && one.backends == 0) {
      Add(Attention::SEVERITY_WARNING, subject, fmt::format("{} has no endpoints", one.source));
    }
  }
  for (const kubernetes::NamespaceStatus& one : watch.namespaces) {
    if (one.error.empty()) continue;
    Add(Attention::SEVERITY_WARNING, "kubernetes/" + one.name, "endpoints cannot be watched: " + one.error, "the last lists hold; docs/discovery.md");
  }
}

void AttentionList::AddHistory(std::uint64_t failures) {
  if (failures == 0) return;
  Add(Attention::SEVERITY_NOTICE, "controller", fmt::format("{} points of the history could not be written", failures),
      "see the controller's log; often the disk is full");
}

void AttentionList::MoveTo(v1::OverviewResponse& response) {
  response.set_attention_total(static_cast<std::uint32_t>(items_.size()));
  std::stable_sort(items_.begin(), items_.end(), [](const Attention& a, const Attention& b) {
    return std::pair(-a.severity(), a.subject()) < std::pair(-b.severity(), b.subject());
  });
  if (items_.size() > kMaxAttention) items_.resize(kMaxAttention);
  for (Attention& item : items_) *response.add_attention() = std::move(item);
}

}  // namespace switchyard::controlplane::admin
