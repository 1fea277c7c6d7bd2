#include "common/config/resource_key.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace switchyard::config {
namespace {
constexpr std::array<std::pair<v1::Kind, std::string_view>, 4> kKinds = {
    {{v1::KIND_LISTENER, "Listener"}, {v1::KIND_ROUTE, "Route"}, {v1::KIND_UPSTREAM, "Upstream"}, {v1::KIND_SECRET, "Secret"}}};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return Lower(x) == Lower(y); });
}

}  // namespace

v1::Kind KindOf(const v1::Resource& resource) {
  switch (resource.spec_case()) {
    case v1::Resource::kListener:
      return v1::KIND_LISTENER;
    case v1::Resource::kRoute:
      return v1::KIND_ROUTE;
    case v1::Resource::kUpstream:
      return v1::KIND_UPSTREAM;
    case v1::Resource::kSecret:
      return v1::KIND_SECRET;
    case v1::Resource::SPEC_NOT_SET:
      break;
  }
  return v1::KIND_UNSPECIFIED;
}

v1::ResourceKey KeyOf(const v1::Resource& resource) {
  v1::ResourceKey key;
  key.set_kind(KindOf(resource));
  key.set_name(resource.name());
  return key;
}

std::string_view KindName(v1::Kind kind) {
  for (const auto& [value, name] : kKinds) {
    if (value == kind) return name;
  }
  return "?";
}

v1::Kind ParseKind(std::string_view text) {
  for (const auto& [value, name] : kKinds) {
    const bool plural = text.size() == name.size() + 1 && Lower(text.back()) == 's';
    if (EqualsIgnoreCase(plural ? text.substr(0, name.size()) : text, name)) return value;
  }
  return v1::KIND_UNSPECIFIED;
}

std::string ToString(const v1::ResourceKey& key) { return fmt::format("{}/{}", KindName(key.kind()), key.name()); }

}  // namespace switchyard::config
