#include "controlplane/identity/refusals.h"

namespace switchyard::controlplane::identity {

std::string_view RefusalName(Refusal refusal) {
  static constexpr std::array<std::string_view, kRefusalCount> kNames = {
      "no_certificate",  "other_authority", "expired",       "not_yet_valid", "unfit_certificate", "wrong_role", "unknown_method",  "revoked",
      "malformed_token", "unknown_token",   "expired_token", "used_token",    "bad_node_name",     "bad_request"};
  return kNames[static_cast<std::size_t>(refusal)];
}

}  // namespace switchyard::controlplane::identity
