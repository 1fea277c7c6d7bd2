// Texts of resources: any bytes give resources or violations, never neither; and what was read without a mistake is written back, as YAML and as
// JSON, to texts that read the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/config/snapshot_digest.h"
#include "common/config/yaml_codec.h"

namespace {

using namespace switchyard;
using namespace switchyard::config;

void CheckReadsBack(const v1::Resource& resource, const std::string& text) {
  ViolationList violations;
  const ParsedResources back = ParseResources(text, "back", violations);
  if (!violations.empty() || back.resources.size() != 1) std::abort();
  if (CanonicalBytes(back.resources[0]) != CanonicalBytes(resource)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ViolationList violations;
  ParsedResources parsed = ParseResources(std::string_view(reinterpret_cast<const char*>(data), size), "in", violations);
  if (parsed.resources.empty() && violations.empty()) std::abort();
  // Every violation has text that protobuf can send, and finds its place.
  for (v1::Violation violation : violations.kept()) {
    if (violation.reason().empty() || violation.SerializeAsString().empty()) std::abort();
    violation.clear_line();
    Locate(violation, parsed.positions);
  }
  // With violations, resources may lack what is needed to write them back; writing must still work.
  for (const v1::Resource& resource : parsed.resources) {
    const std::string yaml = ToYaml(resource);
    const std::string json = ToJson(resource);
    if (!violations.empty()) continue;
    CheckReadsBack(resource, yaml);
    CheckReadsBack(resource, json);
  }
  return 0;
}
