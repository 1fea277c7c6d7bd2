// FieldChecks: the rules that many fields share - bounds of numbers, durations, sizes and enums - each with one wording.
//
// One instance per resource. `field` is the whole path, e.g. `spec.http.max_headers`. A check that fails adds one violation.
// Thread-safety: one owner. Cost: nothing but the comparison when all is well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>

#include "common/config/limits.h"
#include "common/config/violation.h"

namespace switchyard::controlplane::validation {

class FieldChecks {
 public:
  FieldChecks(v1::ResourceKey key, config::ViolationList& out) : key_(std::move(key)), out_(out) {}

  void Fail(std::string_view field, std::string_view reason) { out_.Add(key_, std::string(field), std::string(reason)); }

  // A plain number: 0 stands for absent, unless the bound includes it.
  void Number(std::string_view field, std::uint64_t value, const config::CountBound& bound);
  // An `optional` number.
  void Number(std::string_view field, bool present, std::uint64_t value, const config::CountBound& bound);
  void Time(std::string_view field, bool present, const google::protobuf::Duration& value, const config::TimeBound& bound);
  // False when there are more than `most`; the caller then leaves the elements alone.
  bool Size(std::string_view field, std::size_t size, std::size_t most);
  void Length(std::string_view field, std::string_view text, std::size_t most);
  // A value that the enum does not know: from a client of a newer version, or a broken one.
  void Enum(std::string_view field, int value, const google::protobuf::EnumDescriptor& type);

 private:
  v1::ResourceKey key_;
  config::ViolationList& out_;
};

}  // namespace switchyard::controlplane::validation
