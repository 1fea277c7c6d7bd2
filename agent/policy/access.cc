#include "agent/policy/access.h"

namespace switchyard::agent::policy {
namespace {

rules::NetworkTable TableOf(const std::vector<rules::Network>& allow, const std::vector<rules::Network>& deny) {
  std::vector<rules::NetworkTable::Entry> entries;
  for (const rules::Network& network : allow) entries.push_back({network, true});
  for (const rules::Network& network : deny) entries.push_back({network, false});
  return rules::NetworkTable(entries);
}

}  // namespace

Access::Access(const std::vector<rules::Network>& allow, const std::vector<rules::Network>& deny)
    : table_(TableOf(allow, deny)), open_(allow.empty()) {}

bool Access::Admits(std::string_view client_ip) const {
  const std::optional<rules::IpAddress> client = rules::IpAddress::Parse(client_ip);
  return client && table_.Find(*client).value_or(open_);
}

}  // namespace switchyard::agent::policy
