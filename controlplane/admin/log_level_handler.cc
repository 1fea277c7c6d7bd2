#include "controlplane/admin/log_level_handler.h"

#include <memory>
#include <string>
#include <vector>

#include "common/rpc/proto_time.h"
#include "switchyard/v1/agent.pb.h"

namespace switchyard::controlplane::admin {
namespace {

constexpr int kMostNodes = 10'000;
constexpr Duration kLongest = std::chrono::hours(24);

absl::Status Check(const v1::SetLogLevelRequest& request) {
  if (request.level().level() == v1::LogLevel::LEVEL_UNSPECIFIED || !v1::LogLevel::Level_IsValid(request.level().level())) {
    return absl::InvalidArgumentError("level: expected debug, info, warn or error");
  }
  const Duration lasts = rpc::ToDuration(request.level().lasts());
  if (lasts < Duration::zero() || lasts > kLongest) return absl::InvalidArgumentError("level.lasts: expected at most 24h");
  if (request.nodes_size() > kMostNodes) return absl::InvalidArgumentError("nodes: at most 10000; `*` names them all");
  if (request.nodes().empty() && !request.controller()) return absl::InvalidArgumentError("name an agent, all of them (`*`), or the controller");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::SetLogLevelResponse> HandleSetLogLevel(stream::SessionRegistry& registry, const std::function<void(const v1::LogLevel&)>& set_own,
                                                          const v1::SetLogLevelRequest& request) {
  if (absl::Status checked = Check(request); !checked.ok()) return checked;
  v1::SetLogLevelResponse response;
  if (request.controller()) set_own(request.level());
  if (request.nodes().empty()) return response;
  v1::ControllerMessage message;
  *message.mutable_log_level() = request.level();
  const auto frame = std::make_shared<const std::string>(message.SerializeAsString());
  const std::vector<std::string> nodes(request.nodes().begin(), request.nodes().end());
  for (const auto& [node, told] : registry.Tell(nodes, frame)) *(told ? response.add_told() : response.add_absent()) = node;
  return response;
}

}  // namespace switchyard::controlplane::admin
