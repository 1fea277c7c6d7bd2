#include "common/rpc/grpc_status.h"

#include <algorithm>
#include <string>

#include "common/base/status.h"
#include "common/rpc/transport_limits.h"

namespace switchyard::rpc {
namespace {

// Texts of violations may hold anything a person typed; a status message travels percent-encoded, so it may too, but must stay short.
constexpr std::size_t kMaxMessage = 4096;

std::string Short(std::string_view text) {
  if (text.size() <= kMaxMessage) return std::string(text);
  return std::string(text.substr(0, kMaxMessage)) + "...";
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), Short(Message(status))};
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

grpc::Status WithViolations(const absl::Status& status, v1::Violations violations) {
  violations.set_total(std::max(violations.total(), static_cast<std::uint32_t>(violations.violations_size())));
  auto& list = *violations.mutable_violations();
  while (!list.empty() && violations.ByteSizeLong() > kMaxDetailBytes) {
    // By halves: a few rounds whatever the number.
    list.DeleteSubrange(list.size() - (list.size() + 1) / 2, (list.size() + 1) / 2);
  }
  return {static_cast<grpc::StatusCode>(status.code()), Short(Message(status)), violations.SerializeAsString()};
}

v1::Violations ViolationsOf(const grpc::Status& status) {
  v1::Violations violations;
  if (!violations.ParseFromString(status.error_details())) violations.Clear();
  return violations;
}

}  // namespace switchyard::rpc
