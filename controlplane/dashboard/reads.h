// Reads: every GET below /api/ that needs no change: from path and query to JSON, by the handlers of the API.
//
// Answers are shared: whatever target was read within the last second is answered with the same bytes, however many pages ask. That, and one
// encoding per target for all live pages, is why open dashboards cost next to nothing.
// Thread-safety: every method from any thread. Cost: as the handler, at most once a second per target. Bounds: kMaxShared targets are
// shared at once.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "controlplane/dashboard/form.h"
#include "controlplane/dashboard/parts.h"

namespace switchyard::controlplane::dashboard {

inline constexpr std::size_t kMaxShared = 256;

class Reads {
 public:
  using Body = std::shared_ptr<const std::string>;

  // `parts` outlives it.
  explicit Reads(const Parts& parts) : parts_(parts) {}

  // The least role level (tls::AccessLevel) for a path; 0: there is no such path.
  static int LevelOf(std::string_view path);
  // May take long: not for the threads that carry connections.
  absl::StatusOr<Body> Read(const std::string& path, const std::string& query);
  // A change was made: what was read before is old.
  void Forget();

 private:
  absl::StatusOr<std::string> Make(std::string_view path, const Form& form) const;
  absl::StatusOr<std::string> MakeLists(std::string_view path, const Form& form) const;

  const Parts& parts_;
  std::mutex mutex_;
  std::int64_t second_ = 0;
  std::map<std::string, Body> shared_;
};

}  // namespace switchyard::controlplane::dashboard
