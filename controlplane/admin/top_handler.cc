#include "controlplane/admin/top_handler.h"

#include "common/rpc/proto_time.h"

namespace switchyard::controlplane::admin {

absl::StatusOr<v1::TopResponse> HandleTop(const feedback::Aggregator& aggregator, const v1::TopRequest& request) {
  constexpr Duration kDefault = std::chrono::seconds(10);
  const Duration window = request.has_window() ? rpc::ToDuration(request.window()) : kDefault;
  if (window < std::chrono::seconds(1) || window > std::chrono::seconds(60)) {
    return absl::InvalidArgumentError("window: must be 1s-60s");
  }
  return aggregator.Top(request.upstream(), window);
}

}  // namespace switchyard::controlplane::admin
