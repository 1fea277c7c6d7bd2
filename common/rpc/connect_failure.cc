#include "common/rpc/connect_failure.h"

#include <algorithm>
#include <array>

namespace switchyard::rpc {
namespace {

bool Has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool IsNoTls(std::string_view message) {
  static constexpr std::array<std::string_view, 4> kSigns = {"wrong version number", "WRONG_VERSION_NUMBER", "packet length too long",
                                                             "http request"};
  return std::any_of(kSigns.begin(), kSigns.end(), [&](std::string_view sign) { return Has(message, sign); });
}

}  // namespace

bool IsForeignCa(std::string_view message) { return Has(message, "certificate verify failed") || Has(message, "CERTIFICATE_VERIFY_FAILED"); }

bool NeverConnected(std::string_view message) { return Has(message, "failed to connect to all addresses"); }

std::string_view ConnectRemedy(std::string_view message) {
  if (IsForeignCa(message)) return "its certificate is of another authority; use that controller's own credential, or enrol with its join token";
  if (IsNoTls(message)) return "what listens there does not speak TLS: is it the controller's port?";
  return {};
}

}  // namespace switchyard::rpc
