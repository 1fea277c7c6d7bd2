#include "controlplane/admin/delete_handler.h"

#include "common/rpc/proto_time.h"

namespace switchyard::controlplane::admin {

Intent IntentOf(const v1::DeleteRequest& request, const std::string& credential) {
  Intent intent;
  intent.deletes.assign(request.keys().begin(), request.keys().end());
  intent.dry_run = request.dry_run();
  intent.author = request.author().empty() ? credential : request.author();
  intent.reason = request.reason();
  if (request.has_expected_generation()) intent.expected_generation = request.expected_generation();
  if (request.has_wait()) intent.wait = rpc::ToDuration(request.wait());
  return intent;
}

v1::DeleteResponse DeleteResponseOf(const IntentResult& result) {
  v1::DeleteResponse response;
  response.set_generation(result.generation);
  response.mutable_changes()->Assign(result.changes.begin(), result.changes.end());
  return response;
}

}  // namespace switchyard::controlplane::admin
