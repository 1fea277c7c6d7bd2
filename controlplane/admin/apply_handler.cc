#include "controlplane/admin/apply_handler.h"

#include "common/rpc/proto_time.h"

namespace switchyard::controlplane::admin {

Intent IntentOf(const v1::ApplyRequest& request, const std::string& credential) {
  Intent intent;
  intent.upserts.assign(request.resources().begin(), request.resources().end());
  intent.dry_run = request.dry_run();
  intent.author = request.author().empty() ? credential : request.author();
  intent.reason = request.reason();
  if (request.has_expected_generation()) intent.expected_generation = request.expected_generation();
  if (request.has_wait()) intent.wait = rpc::ToDuration(request.wait());
  return intent;
}

v1::ApplyResponse ApplyResponseOf(const IntentResult& result) {
  v1::ApplyResponse response;
  response.set_generation(result.generation);
  response.mutable_changes()->Assign(result.changes.begin(), result.changes.end());
  response.mutable_warnings()->Assign(result.warnings.begin(), result.warnings.end());
  response.mutable_diffs()->Assign(result.diffs.begin(), result.diffs.end());
  return response;
}

}  // namespace switchyard::controlplane::admin
