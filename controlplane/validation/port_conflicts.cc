#include "controlplane/validation/port_conflicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/endpoint.h"
#include "common/config/limits.h"
#include "common/config/resource_key.h"
#include "controlplane/validation/findings.h"

namespace switchyard::controlplane::validation {
namespace {

using Label = std::pair<std::string_view, std::string_view>;

// What matters of a listener here.
struct Claim {
  const v1::Resource* resource = nullptr;
  Endpoint endpoint;
  bool any_address = false;
  bool touched = false;
  std::vector<Label> labels;  // by key
};
using Claims = std::vector<const Claim*>;

bool AddressesClash(const Claim& a, const Claim& b) {
  if (a.endpoint.is_v6() != b.endpoint.is_v6()) return false;
  return a.any_address || b.any_address || a.endpoint == b.endpoint;
}

bool CanMeet(const Claim& a, const Claim& b) {
  auto left = a.labels.begin();
  auto right = b.labels.begin();
  while (left != a.labels.end() && right != b.labels.end()) {
    if (left->first == right->first && left->second != right->second) return false;
    const bool step_left = left->first <= right->first;
    const bool step_right = right->first <= left->first;
    if (step_left) ++left;
    if (step_right) ++right;
  }
  return true;
}

std::string AgentsText(const Claim& a, const Claim& b) {
  std::map<std::string_view, std::string_view> both(a.labels.begin(), a.labels.end());
  both.insert(b.labels.begin(), b.labels.end());
  if (both.empty()) return "every agent";
  std::string out = "an agent with the labels ";
  for (const auto& [key, value] : both) out += fmt::format("{}{}={}", key == both.begin()->first ? "" : ", ", key, value);
  return out;
}

class PortCheck {
 public:
  explicit PortCheck(config::ViolationList& out) : out_(out) {}

  // All of one port, in order of name.
  void Port(const Claims& claims) {
    if (claims.size() < 2 || std::none_of(claims.begin(), claims.end(), [](const Claim* c) { return c->touched; })) return;
    std::map<std::string_view, Claims> groups;
    Claims rest;
    const std::string_view key = CommonKey(claims);
    for (const Claim* claim : claims) {
      const auto it = std::find_if(claim->labels.begin(), claim->labels.end(), [&](const Label& label) { return label.first == key; });
      if (it == claim->labels.end()) {
        rest.push_back(claim);
      } else {
        groups[it->second].push_back(claim);
      }
    }
    // Members of different groups want different values of one label and cannot meet.
    Within(rest);
    for (const auto& [value, group] : groups) {
      Within(group);
      Between(rest, group);
    }
  }

 private:
  // The label that most of the selectors ask for.
  static std::string_view CommonKey(const Claims& claims) {
    std::map<std::string_view, std::size_t> counts;
    for (const Claim* claim : claims) {
      for (const Label& label : claim->labels) ++counts[label.first];
    }
    const auto most = std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == counts.end() ? std::string_view() : most->first;
  }

  void Within(const Claims& claims) {
    for (std::size_t i = 0; i < claims.size(); ++i) {
      for (std::size_t j = i + 1; j < claims.size() && !crowded_; ++j) Pair(*claims[i], *claims[j]);
    }
  }

  void Between(const Claims& some, const Claims& others) {
    for (const Claim* a : some) {
      for (const Claim* b : others) {
        if (crowded_) return;
        Pair(*a, *b);
      }
    }
  }

  void Pair(const Claim& a, const Claim& b) {
    if (!a.touched && !b.touched) return;
    if (++pairs_ > kMaxPortPairs) return Crowded(a);
    if (!AddressesClash(a, b) || !CanMeet(a, b)) return;
    // On the one that the change brings; of two such, on the later name.
    const bool a_is_later = b.resource->name() < a.resource->name();
    const bool on_a = a.touched && (!b.touched || a_is_later);
    Clash(on_a ? a : b, on_a ? b : a);
  }

  void Clash(const Claim& mine, const Claim& other) {
    out_.Add(
        config::KeyOf(*mine.resource), "spec.port",
        fmt::format("is {} on {}, which Listener \"{}\" claims on {}; {} would have to open both: change port or address, or give the two "
                    "selectors different values of one label",
                    mine.endpoint.port(), mine.endpoint.ip(), other.resource->name(), other.endpoint.ip(), AgentsText(mine, other)));
  }

  void Crowded(const Claim& claim) {
    crowded_ = true;
    out_.Add(config::KeyOf(*claim.resource), "spec.port",
             fmt::format("is {}, which too many listeners of this change share to compare them all (at most {} pairs); apply fewer of them "
                         "at a time, or "
                         "let their selectors differ in one label that all of them have",
                         claim.endpoint.port(), kMaxPortPairs));
  }

  config::ViolationList& out_;
  std::size_t pairs_ = 0;
  bool crowded_ = false;
};

// False: the field rules refuse its address or port anyway.
bool MakeClaim(const v1::Resource& resource, Claim& out) {
  const v1::Listener& listener = resource.listener();
  if (listener.port() == 0 || listener.port() > config::kMaxPort) return false;
  const absl::StatusOr<Endpoint> endpoint = Endpoint::FromIp(config::Address(listener), static_cast<std::uint16_t>(listener.port()));
  if (!endpoint.ok()) return false;
  out.resource = &resource;
  out.endpoint = *endpoint;
  out.any_address = endpoint->ip() == "0.0.0.0" || endpoint->ip() == "::";
  for (const auto& [key, value] : listener.agents().match_labels()) out.labels.emplace_back(key, value);
  std::sort(out.labels.begin(), out.labels.end());
  return true;
}

}  // namespace

void CheckPortConflicts(const store::Catalog& candidate, const std::vector<v1::ResourceKey>& touched, config::ViolationList& out) {
  std::set<std::string_view> changed;
  for (const v1::ResourceKey& key : touched) {
    if (key.kind() == v1::KIND_LISTENER) changed.insert(key.name());
  }
  if (changed.empty()) return;
  std::map<std::uint16_t, std::vector<Claim>> ports;
  auto it = candidate.resources.lower_bound(store::Catalog::Key(v1::KIND_LISTENER, ""));
  for (; it != candidate.resources.end() && it->first.first == v1::KIND_LISTENER; ++it) {
    Claim claim;
    if (!MakeClaim(*it->second, claim)) continue;
    claim.touched = changed.contains(it->first.second);
    ports[claim.endpoint.port()].push_back(std::move(claim));
  }
  PortCheck check(out);
  for (const auto& [port, claims] : ports) {
    Claims pointers;
    for (const Claim& claim : claims) pointers.push_back(&claim);
    check.Port(pointers);
  }
}

}  // namespace switchyard::controlplane::validation
