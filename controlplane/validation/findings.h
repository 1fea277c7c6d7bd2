// Findings: the violations of one resource, and the checks that many of its fields share.
//
// Field paths are those of the YAML form: `name`, `labels[team]`, `spec.http.max_head_bytes`, `spec.backends[2].address`. Reasons say what
// was found, what is expected and, where it is not plain, what to do. Thread-safety: one owner at a time. Cost: nothing is allocated by a
// check that passes.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/generated_enum_reflection.h>
#include <google/protobuf/map.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/config/limits.h"
#include "common/config/violation.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::controlplane::validation {

class Findings {
 public:
  // `out` must outlive it.
  Findings(v1::ResourceKey key, config::ViolationList& out) : key_(std::move(key)), out_(out) {}

  const v1::ResourceKey& key() const { return key_; }
  void Add(std::string field, std::string reason) { out_.Add(key_, std::move(field), std::move(reason)); }

 private:
  v1::ResourceKey key_;
  config::ViolationList& out_;
};

using Text = std::string_view;

// `parent.field`.
std::string At(Text parent, Text field);
// `parent[index]`.
std::string At(Text parent, int index);

// For reasons: in double quotes, control characters as `?`, cut at 80 bytes.
std::string Quoted(Text text);

// How many elements a repeated field may have. Returns how many to look at: all of them, or the bound, so that a huge list stays cheap.
int CheckSize(Text parent, Text field, int size, std::size_t max, Findings& out);

// A plain number, where 0 stands for the default.
void CheckCount(Text parent, Text field, std::uint32_t value, const config::CountBound& bound, Findings& out);
// A number whose presence is known; 0 is a value.
void CheckOptional(Text parent, Text field, bool present, std::uint32_t value, const config::CountBound& bound, Findings& out);
// A duration. Also refuses one that is malformed (nanoseconds out of range or of the other sign).
void CheckTime(Text parent, Text field, bool present, const google::protobuf::Duration& value, const config::TimeBound& bound,
               Findings& out);

// A duration without which there is no limit; `bound.fallback` does not matter.
void CheckLimit(Text parent, Text field, bool present, const google::protobuf::Duration& value, const config::TimeBound& bound,
                Findings& out);

// A number that stands for no word of the enum. (Text formats refuse unknown words themselves; the API can carry any number.)
void CheckEnum(Text parent, Text field, int value, const google::protobuf::EnumDescriptor* words, Findings& out);

}  // namespace switchyard::controlplane::validation
