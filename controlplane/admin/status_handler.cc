#include "controlplane/admin/status_handler.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/config/secret_expiry.h"
#include "common/rpc/proto_time.h"

namespace switchyard::controlplane::admin {

namespace {

constexpr std::size_t kMostEnds = 20;

void AddSecretEnds(const store::Catalog& catalog, v1::StatusResponse& response) {
  std::vector<std::pair<WallTime, std::string>> ends;
  for (auto at = catalog.resources.lower_bound(store::Catalog::Key(v1::KIND_SECRET, "")); at != catalog.resources.end(); ++at) {
    if (at->first.first != v1::KIND_SECRET) break;
    if (const auto end = config::EarliestEnd(at->second->secret())) ends.emplace_back(*end, at->first.second);
  }
  std::sort(ends.begin(), ends.end());
  if (ends.size() > kMostEnds) ends.resize(kMostEnds);
  for (const auto& [end, name] : ends) {
    v1::SecretEnd& out = *response.add_secrets();
    out.set_name(name);
    *out.mutable_not_after() = rpc::ToProto(end);
  }
}

}  // namespace

absl::StatusOr<v1::StatusResponse> HandleStatus(const store::Store& store, const stream::SessionRegistry& registry,
                                                const v1::StatusRequest& request) {
  v1::StatusResponse response;
  const auto catalog = store.Read();
  response.set_newest_generation(catalog->generation);
  AddSecretEnds(*catalog, response);
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
