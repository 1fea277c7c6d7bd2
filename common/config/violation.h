// ViolationList: everything that is wrong with an input, collected instead of stopping at the first mistake.
//
// Each entry says which resource, which field (`spec.backends[2].address`), what is wrong and what was expected, and, when the input was a
// text, file, line and column. Entries keep the order in which they were found.
//
// Thread-safety: one owner at a time. Bounds: the first 1000 are kept, all are counted; a reason or field longer than kMaxTextBytes is cut.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "switchyard/v1/fleet.pb.h"
#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::config {

class ViolationList {
 public:
  static constexpr std::size_t kMaxKept = 1000;
  static constexpr std::size_t kMaxTextBytes = 1024;

  // `key` without kind and name: the input as a whole is meant. Text that is not UTF-8 is made so (protobuf strings must be).
  void Add(const v1::ResourceKey& key, std::string field, std::string reason);
  // As given, with its position.
  void Add(v1::Violation violation);

  bool empty() const { return total_ == 0; }
  // Whether further violations are counted only. Whoever finds many asks before making a costly reason.
  bool full() const { return kept_.size() >= kMaxKept; }
  // All that were added.
  std::size_t total() const { return total_; }
  // The first kMaxKept of them.
  const std::vector<v1::Violation>& kept() const { return kept_; }
  // For filling in positions afterwards (see Locate in yaml_codec.h).
  std::vector<v1::Violation>& mutable_kept() { return kept_; }

  // Status detail of an INVALID_ARGUMENT answer.
  v1::Violations ToProto() const;
  // OK when empty, else INVALID_ARGUMENT with the first violation and the number of others.
  absl::Status ToStatus() const;

 private:
  std::vector<v1::Violation> kept_;
  std::size_t total_ = 0;
};

// One line: `file:line:column: Kind/name: field: reason`, leaving out what is not known.
std::string ToString(const v1::Violation& violation);

// `text` with every byte that is not part of valid UTF-8 replaced by `?`, cut at `most` bytes (between characters, `...` added).
std::string CleanText(std::string_view text, std::size_t most = ViolationList::kMaxTextBytes);

}  // namespace switchyard::config
