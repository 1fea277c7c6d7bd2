#include "agent/router/sni_table.h"

#include <algorithm>

namespace switchyard::agent::router {

SniTable::SniTable(std::vector<std::shared_ptr<const Route>> routes) : routes_(std::move(routes)) {
  std::ranges::sort(routes_, {}, [](const auto& route) -> const std::string& { return route->name; });
  for (const auto& route : routes_) {
    if (route->matches.empty()) Add(*route, "");
    for (const MatchRule& rule : route->matches) {
      if (rule.sni.empty()) Add(*route, "");
      for (const std::string& name : rule.sni) Add(*route, name);
    }
  }
}

// The first of equals stays.
void SniTable::Add(const Route& route, std::string_view name) {
  if (name.empty()) {
    if (any_ == nullptr) any_ = &route;
    return;
  }
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  if (lower.starts_with("*.")) {
    suffix_.try_emplace(lower.substr(1), &route);
  } else {
    exact_.try_emplace(std::move(lower), &route);
  }
}

const Route* SniTable::Find(std::string_view name) const {
  if (const auto at = exact_.find(name); at != exact_.end()) return at->second;
  // From the second label on; the first suffix found has the most labels.
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos && !suffix_.empty(); dot = name.find('.', dot + 1)) {
    if (const auto at = suffix_.find(name.substr(dot)); at != suffix_.end()) return at->second;
  }
  return any_;
}

}  // namespace switchyard::agent::router
