#include "common/tls/spiffe_id.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace switchyard::tls {
namespace {

constexpr std::string_view kScheme = "spiffe://";
constexpr std::size_t kMaxUri = 2048;

bool IsLowerAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

absl::Status Unfit(std::string_view uri) {
  return absl::InvalidArgumentError(fmt::format("expected spiffe://<trust domain>/<controller|agent|admin|operator|viewer>/<name>, found \"{}\"",
                                                uri.substr(0, std::min<std::size_t>(uri.size(), 80))));
}

}  // namespace

std::string_view RoleName(Role role) {
  static constexpr std::array<std::string_view, 6> kNames = {"authority", "controller", "agent", "admin", "viewer", "operator"};
  return kNames[static_cast<std::size_t>(role)];
}

int AccessLevel(Role role) {
  switch (role) {
    case Role::kViewer:
      return 1;
    case Role::kOperator:
      return 2;
    case Role::kAdmin:
      return 3;
    default:
      return 0;
  }
}

absl::StatusOr<SpiffeId> SpiffeId::Parse(std::string_view uri) {
  if (uri.size() > kMaxUri || uri.substr(0, kScheme.size()) != kScheme) return Unfit(uri);
  const std::string_view rest = uri.substr(kScheme.size());
  const std::size_t slash = rest.find('/');
  SpiffeId id;
  id.trust_domain = std::string(rest.substr(0, slash));
  if (!ValidTrustDomain(id.trust_domain)) return Unfit(uri);
  if (slash == std::string_view::npos) return id;
  const std::string_view path = rest.substr(slash + 1);
  for (const Role role : {Role::kController, Role::kAgent, Role::kAdmin, Role::kViewer, Role::kOperator}) {
    const std::string_view word = RoleName(role);
    if (path.size() <= word.size() + 1 || path.substr(0, word.size()) != word || path[word.size()] != '/') continue;
    id.role = role;
    id.name = std::string(path.substr(word.size() + 1));
    if (!ValidIdentityName(id.name)) return Unfit(uri);
    return id;
  }
  return Unfit(uri);
}

std::string SpiffeId::ToString() const {
  if (role == Role::kAuthority) return fmt::format("spiffe://{}", trust_domain);
  return fmt::format("spiffe://{}/{}/{}", trust_domain, RoleName(role), name);
}

bool ValidIdentityName(std::string_view name) {
  if (name.empty() || name.size() > 63 || !IsLowerAlnum(name.front()) || !IsLowerAlnum(name.back())) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return IsLowerAlnum(c) || c == '-' || c == '.'; });
}

bool ValidTrustDomain(std::string_view domain) {
  if (domain.empty() || domain.size() > 255) return false;
  return std::all_of(domain.begin(), domain.end(), [](char c) { return IsLowerAlnum(c) || c == '-' || c == '.' || c == '_'; });
}

}  // namespace switchyard::tls
