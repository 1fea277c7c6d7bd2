#include "agent/admin/snapshot_handler.h"

#include "common/config/redaction.h"
#include "common/config/yaml_codec.h"

namespace switchyard::agent::admin {

Page HandleSnapshot(AgentView& view) {
  if (view.Snapshot().generation() == 0) return {404, kTextType, "no configuration yet\n"};
  v1::Snapshot snapshot = view.Snapshot();
  switchyard::config::Redact(*snapshot.mutable_resources());
  switchyard::config::Redact(*snapshot.mutable_held());
  return {200, kJsonType, switchyard::config::ToJson(snapshot) + "\n"};
}

}  // namespace switchyard::agent::admin
