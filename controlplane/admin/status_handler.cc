#include "controlplane/admin/status_handler.h"

#include "common/rpc/proto_time.h"

namespace switchyard::controlplane::admin {

absl::StatusOr<v1::StatusResponse> HandleStatus(const store::Store& store, const stream::SessionRegistry& registry,
                                                const v1::StatusRequest& request) {
  v1::StatusResponse response;
  response.set_newest_generation(store.Read()->generation);
  const std::uint64_t generation = request.generation() == 0 ? response.newest_generation() : request.generation();
  if (generation == 0) {
    response.mutable_convergence()->set_complete(true);
    return response;
  }
  auto change = store.ChangeAt(generation);
  if (!change.ok()) return change.status();
  *response.mutable_entry() = std::move(change->entry);
  *response.mutable_convergence() = registry.ConvergenceOf(generation, rpc::ToWallTime(response.entry().time()));
  return response;
}

}  // namespace switchyard::controlplane::admin
