// YAML and JSON <-> protobuf, strict, by reflection: the one way in which people write resources and read messages.
//
// A text holds resources, one per YAML document (`---` between them) or several in one list, bare or under `resources` (a ListResponse):
//
//   kind: Upstream
//   name: checkout
//   labels: {team: payments}
//   spec:
//     backends: [{address: "10.0.0.1:8080"}]
//     connect_timeout: 250ms
//
// Fields have their proto names (snake_case). Durations are `250ms`, `1h30m` (common/base/duration.h). Enums are short, `LEAST_REQUEST`; any case
// and the full name (`BALANCER_LEAST_REQUEST`) are read too. Timestamps are RFC 3339, bytes are hexadecimal, 64-bit numbers are plain numbers.
// A field whose text is `null` (or empty) counts as absent; `optional` fields are told apart from their default, so `weight: 0` is kept.
// JSON is read by the same rules, because YAML includes it. Output-only fields (`generation`, `updated`) are read, so that what was written can be
// applied again. What ToYaml and ToJson write is read back to the same message.
//
// Strict: an unknown or repeated field, a second alternative of a oneof, a wrong type, a number outside its field's range, a bad duration or
// enum word, a tag or a merge key, two resources of one kind and name: each is a violation with file, line and column, and all of them are
// collected. A resource with violations of its own is still returned, as far as it could be read.
//
// Thread-safety: pure functions. Cost: about 2 us per field; a position costs 16 bytes more.
// Bounds: kMaxInputBytes, kMaxResources, kMaxDepth, kMaxNodes; at each, one violation that names the bound, and reading stops there. Aliases are
// followed and count as the nodes that they stand for, names of fields included, so an alias bomb ends at kMaxNodes. Lists have no bound of their
// own: how many backends an upstream may have is for validation to say, which then names the resource.
// Errors: violations only; never throws.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/message.h>

#include "common/config/limits.h"
#include "common/config/source_map.h"
#include "common/config/violation.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::config {

inline constexpr std::size_t kMaxInputBytes = kMaxApplyBytes;
inline constexpr std::size_t kMaxResources = kMaxApplyResources;
inline constexpr std::size_t kMaxDepth = 32;
inline constexpr std::size_t kMaxNodes = 5'000'000;

struct ParsedResources {
  std::vector<v1::Resource> resources;
  SourceMap positions;
};

// `file_name` is for violations only.
ParsedResources ParseResources(std::string_view text, std::string_view file_name, ViolationList& out);

// As a person would write it, ending with a line end; without `---`. Output-only fields are left out.
std::string ToYaml(const v1::Resource& resource);
// Indented JSON without a line end at the end. A Resource has the shape above (`kind`, `name`, `labels`, `spec`) and, when they are set,
// `generation` and `updated`; default values are left out, except in `optional` fields. Of other messages every plain field is there, so that
// scripts find it; message and `optional` fields when they are set.
std::string ToJson(const google::protobuf::Message& message);

// Fills file, line and column in when the violation's resource is in the map; leaves a violation that has a place alone.
void Locate(v1::Violation& violation, const SourceMap& positions);

}  // namespace switchyard::config
