// Input: the resources that `-f` names, and where each of their fields stands.
//
// `-f` takes a file, `-` for standard input, or a directory: then every *.yaml, *.yml and *.json in it (not below it), in order of name, is
// read as one change. Every mistake in every file is collected, not the first only.
// Thread-safety: a value. Bounds: kMaxFiles files, kMaxBytes in all. Errors: NOT_FOUND or PERMISSION_DENIED for what cannot be read,
// RESOURCE_EXHAUSTED for what is too large; mistakes inside the text go to the violation list.
#pragma once

#include <cstddef>
#include <istream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/config/violation.h"
#include "common/config/yaml_codec.h"
#include "switchyard/v1/resource.pb.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::tools::yardctl {

class Input {
 public:
  static constexpr std::size_t kMaxFiles = 10'000;
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

  // `standard_input` is read for `-` only.
  static absl::StatusOr<Input> Read(const std::vector<std::string>& paths, std::istream& standard_input, config::ViolationList& violations);

  const std::vector<v1::Resource>& resources() const { return resources_; }
  // Fills file, line and column in when the violation's resource came from here.
  void Locate(v1::Violation& violation) const;

 private:
  void Parse(const std::string& text, const std::string& name, config::ViolationList& violations);

  std::vector<v1::Resource> resources_;
  std::vector<config::SourceMap> positions_;  // one per file
};

}  // namespace switchyard::tools::yardctl
