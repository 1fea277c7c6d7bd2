#include "controlplane/admin/get_handler.h"

#include <fmt/format.h>

#include "common/config/redaction.h"
#include "common/config/resource_key.h"

namespace switchyard::controlplane::admin {

absl::StatusOr<v1::Resource> HandleGet(const store::Store& store, const v1::GetRequest& request) {
  const v1::ResourceKey& key = request.key();
  if (key.kind() == v1::KIND_UNSPECIFIED || key.name().empty()) {
    return absl::InvalidArgumentError("key: kind and name are required");
  }
  const auto catalog = store.Read();
  const v1::Resource* resource = catalog->Find(key.kind(), key.name());
  if (resource == nullptr) return absl::NotFoundError(fmt::format("there is no {}", config::ToString(key)));
  v1::Resource answer = *resource;
  config::Redact(answer);
  return answer;
}

}  // namespace switchyard::controlplane::admin
