// Ring: where rows of points are kept, by tier, group and time; the oldest give way to the newest.
//
// A group is what is read together: `f` (the fleet and its listeners), `u/<upstream>` (an upstream, whose own series has no name, and its
// backends).
// Promise: what `Write` took is there after `kill -9` of the process; a crash of the machine may lose what the system had not yet written.
// History is evidence, not intent: nothing waits for it, and losing it loses no configuration.
// Thread-safety: every method from any thread. Errors: INTERNAL (disk full, I/O); what was kept before stays readable.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controlplane/history/point.h"
#include "controlplane/history/row_codec.h"

namespace switchyard::controlplane::history {

class Ring {
 public:
  virtual ~Ring() = default;

  // All rows of one moment, by group. A moment that is there already is replaced.
  virtual absl::Status Write(Tier tier, std::int64_t time, const std::map<std::string, Row>& rows) = 0;
  // Calls `each` for the rows of a group in [from, to], in order of time. Rows that cannot be read are skipped.
  using Each = std::function<void(std::int64_t time, const Row& row)>;
  virtual absl::Status Read(Tier tier, std::string_view group, std::int64_t from, std::int64_t to, const Each& each) const = 0;
  // On disk, now and at most.
  virtual std::uint64_t bytes() const = 0;
  virtual std::uint64_t cap_bytes() const = 0;
};

// In `directory`, mode 0700, made if missing; at most `cap_bytes` (at least kMinCapBytes), shared out among the tiers. What cannot be opened (damage, another
// format) is put aside as `<directory>.damaged`, which replaces an earlier one, and begun anew; `note` then says so.
inline constexpr std::uint64_t kMinCapBytes = std::uint64_t{64} << 20;
absl::StatusOr<std::unique_ptr<Ring>> OpenRocksdbRing(const std::string& directory, std::uint64_t cap_bytes, std::string& note);
// In memory, for tests and for controllers without a disk of their own. Holds what its tiers' reach says.
std::unique_ptr<Ring> OpenMemoryRing();

}  // namespace switchyard::controlplane::history
