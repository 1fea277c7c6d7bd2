#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "common/base/endpoint.h"
#include "common/config/limits.h"
#include "common/config/resource_key.h"
#include "controlplane/validation/catalog_rules.h"

namespace switchyard::controlplane::validation {
namespace {

using Labels = google::protobuf::Map<std::string, std::string>;

// A listener of one port.
struct Claim {
  const v1::Resource* resource = nullptr;
  Endpoint endpoint;
  bool wildcard = false;
  bool touched = false;
  std::size_t order = 0;

  const Labels& selector() const { return resource->listener().agents().match_labels(); }
};

bool IsWildcard(const Endpoint& endpoint) { return endpoint.ip() == "0.0.0.0" || endpoint.ip() == "::"; }

bool SameAddress(const Claim& a, const Claim& b) {
  if (a.endpoint.is_v6() != b.endpoint.is_v6()) return false;
  return a.wildcard || b.wildcard || a.endpoint == b.endpoint;
}

// Whether some set of labels satisfies both.
bool CanMeet(const Labels& a, const Labels& b) {
  const Labels& fewer = a.size() <= b.size() ? a : b;
  const Labels& more = a.size() <= b.size() ? b : a;
  for (const auto& [key, value] : fewer) {
    const auto other = more.find(key);
    if (other != more.end() && other->second != value) return false;
  }
  return true;
}

std::string SelectorText(const Labels& a, const Labels& b) {
  std::map<std::string, std::string> both(a.begin(), a.end());
  both.insert(b.begin(), b.end());
  std::string out;
  for (const auto& [key, value] : both) out += fmt::format("{}{}={}", out.empty() ? "" : ", ", key, value);
  return out.empty() ? "every agent" : fmt::format("an agent with {}", out);
}

void Report(const Claim& claim, const Claim& other, config::ViolationList& out) {
  out.Add(config::KeyOf(*claim.resource), "spec.port",
          fmt::format("{} is also claimed by {} ({}), and {} would open both; change the port, the address or the agents of one",
                      claim.endpoint.ToString(), config::ToString(config::KeyOf(*other.resource)), other.endpoint.ToString(),
                      SelectorText(claim.selector(), other.selector())));
}

// The claims on one port, sorted into shelves by their value of the commonest selector label; two of different shelves never meet.
class Port {
 public:
  explicit Port(const std::vector<Claim>& claims) : claims_(claims), label_(CommonestLabel(claims)) {
    for (const Claim& claim : claims) {
      const auto value = claim.selector().find(std::string(label_));
      (value == claim.selector().end() ? anywhere_ : shelves_[value->second]).push_back(&claim);
    }
  }

  void Check(config::ViolationList& out) const {
    std::size_t pairs = 0;
    for (const Claim& claim : claims_) {
      if (!claim.touched) continue;
      const auto value = claim.selector().find(std::string(label_));
      if (value == claim.selector().end()) {
        for (const auto& [text, shelf] : shelves_) CompareAll(claim, shelf, pairs, out);
      } else {
        CompareAll(claim, shelves_.at(value->second), pairs, out);
      }
      CompareAll(claim, anywhere_, pairs, out);
      if (pairs > kMaxPortPairs) {
        out.Add(config::KeyOf(*claim.resource), "spec.port",
                fmt::format("{} listeners share port {}, too many to compare; give them other ports, or one selector label each",
                            claims_.size(), claim.endpoint.port()));
        return;
      }
    }
  }

 private:
  using Shelf = std::vector<const Claim*>;

  static std::string_view CommonestLabel(const std::vector<Claim>& claims) {
    std::map<std::string_view, std::size_t> counts;
    for (const Claim& claim : claims) {
      for (const auto& [key, value] : claim.selector()) ++counts[key];
    }
    std::string_view best;
    std::size_t most = 0;
    for (const auto& [key, count] : counts) {
      if (count > most) best = key;
      most = std::max(most, count);
    }
    return best;
  }

  // A pair of touched listeners is reported on the later one.
  static void CompareAll(const Claim& claim, const Shelf& shelf, std::size_t& pairs, config::ViolationList& out) {
    pairs += shelf.size();
    if (pairs > kMaxPortPairs) return;
    for (const Claim* other : shelf) {
      if (other == &claim || (other->touched && other->order > claim.order)) continue;
      if (!SameAddress(claim, *other) || !CanMeet(claim.selector(), other->selector())) continue;
      if (out.full()) {
        out.Add({}, {}, {});
      } else {
        Report(claim, *other, out);
      }
    }
  }

  const std::vector<Claim>& claims_;
  std::string_view label_;
  std::map<std::string_view, Shelf> shelves_;
  Shelf anywhere_;
};

}  // namespace

void CheckPorts(const store::Catalog& candidate, const Touched& touched, config::ViolationList& out) {
  std::map<std::uint32_t, std::vector<Claim>> ports;
  for (auto it = candidate.resources.lower_bound(store::Catalog::Key(v1::KIND_LISTENER, "")); it != candidate.resources.end(); ++it) {
    if (it->first.first != v1::KIND_LISTENER) break;
    const v1::Listener& listener = it->second->listener();
    if (listener.port() == 0 || listener.port() > config::kMaxPort) continue;
    const auto endpoint = Endpoint::FromIp(config::Address(listener), static_cast<std::uint16_t>(listener.port()));
    if (!endpoint.ok()) continue;
    std::vector<Claim>& claims = ports[listener.port()];
    claims.push_back({it->second.get(), *endpoint, IsWildcard(*endpoint), touched.contains(it->first), claims.size()});
  }
  for (const auto& [number, claims] : ports) {
    if (claims.size() > 1) Port(claims).Check(out);
  }
}

}  // namespace switchyard::controlplane::validation
