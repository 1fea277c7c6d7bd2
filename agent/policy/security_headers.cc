#include "agent/policy/security_headers.h"

#include "agent/policy/facts.h"

namespace switchyard::agent::policy {

void SecurityHeaders::Apply(std::string_view scheme, std::vector<codec::Header>& headers) const {
  for (const auto& [name, value] : always) {
    if (FindHeader(headers, name).data() == nullptr) AddHeader(headers, name, value);
  }
  constexpr std::string_view kName = "Strict-Transport-Security";
  if (scheme == "https" && !transport_security.empty() && FindHeader(headers, kName).data() == nullptr) {
    AddHeader(headers, kName, transport_security);
  }
}

}  // namespace switchyard::agent::policy
