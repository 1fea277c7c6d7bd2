// Access: which client addresses a route lets in.
//
// The longest network that covers an address decides; an address that none covers may come in if nothing is allowed by name.
// Thread-safety: immutable. Cost: see common/rules/network.h. Source: `AddressRules` in route.proto.
#pragma once

#include <string_view>
#include <vector>

#include "common/rules/network.h"

namespace switchyard::agent::policy {

class Access {
 public:
  Access(const std::vector<rules::Network>& allow, const std::vector<rules::Network>& deny);
  // What is not an address is not let in.
  bool Admits(std::string_view client_ip) const;

 private:
  rules::NetworkTable table_;
  bool open_ = true;
};

}  // namespace switchyard::agent::policy
