#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "common/config/resource_key.h"
#include "common/config/suggestion.h"
#include "controlplane/validation/catalog_rules.h"

namespace switchyard::controlplane::validation {
namespace {

class References {
 public:
  References(const store::Catalog& candidate, const Touched& touched, config::ViolationList& out)
      : candidate_(candidate), touched_(touched), out_(out) {}

  void Check(const v1::Resource& resource) {
    const v1::Route& route = resource.route();
    for (int i = 0; i < route.listeners_size(); ++i) CheckOne(resource, v1::KIND_LISTENER, route.listeners(i), "spec.listeners[{}]", i);
    const auto& shares = route.forward().upstreams();
    for (int i = 0; i < shares.size(); ++i) CheckOne(resource, v1::KIND_UPSTREAM, shares[i].upstream(), "spec.forward.upstreams[{}].upstream", i);
  }

 private:
  void CheckOne(const v1::Resource& route, v1::Kind kind, const std::string& name, const char* field, int index) {
    if (name.empty() || candidate_.Find(kind, name) != nullptr) return;
    if (touched_.contains(store::Catalog::Key(v1::KIND_ROUTE, route.name()))) {
      out_.Add(config::KeyOf(route), fmt::format(fmt::runtime(field), index),
               fmt::format("there is no {} \"{}\"{}", config::KindName(kind), name, Suggestion(kind, name)));
    } else if (touched_.contains(store::Catalog::Key(kind, name))) {
      v1::ResourceKey key;
      key.set_kind(kind);
      key.set_name(name);
      out_.Add(key, "", fmt::format("cannot be deleted: {} refers to it in {}; change or delete that first, or in the same change",
                                    config::ToString(config::KeyOf(route)), fmt::format(fmt::runtime(field), index)));
    }
  }

  std::string Suggestion(v1::Kind kind, const std::string& name) {
    if (suggestions_ >= kMaxSuggestions) return {};
    ++suggestions_;
    std::vector<std::string_view> names;
    for (auto it = candidate_.resources.lower_bound(store::Catalog::Key(kind, "")); it != candidate_.resources.end() && it->first.first == kind; ++it) {
      names.emplace_back(it->first.second);
    }
    return config::DidYouMean(name, names);
  }

  const store::Catalog& candidate_;
  const Touched& touched_;
  config::ViolationList& out_;
  int suggestions_ = 0;
};

}  // namespace

void CheckReferences(const store::Catalog& candidate, const Touched& touched, config::ViolationList& out) {
  References references(candidate, touched, out);
  for (auto it = candidate.resources.lower_bound(store::Catalog::Key(v1::KIND_ROUTE, "")); it != candidate.resources.end(); ++it) {
    if (it->first.first != v1::KIND_ROUTE) break;
    references.Check(*it->second);
  }
}

}  // namespace switchyard::controlplane::validation
