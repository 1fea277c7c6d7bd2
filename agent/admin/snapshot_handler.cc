#include "agent/admin/snapshot_handler.h"

#include "common/config/yaml_codec.h"

namespace switchyard::agent::admin {

Page HandleSnapshot(AgentView& view) {
  const v1::Snapshot& snapshot = view.Snapshot();
  if (snapshot.generation() == 0) return {404, kTextType, "no configuration yet\n"};
  return {200, kJsonType, switchyard::config::ToJson(snapshot) + "\n"};
}

}  // namespace switchyard::agent::admin
