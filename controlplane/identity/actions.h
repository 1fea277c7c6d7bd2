// Actions: who did what through the admin API, newest last, kept in the store.
//
// What is done is written after it was done, so a crash in between loses the line, never the deed; changes are in the history in any case.
// Refused attempts of people with a credential are kept too; strangers at the door are counted by the Gate and not written, so that they
// cannot make the disk busy.
// Thread-safety: every method from any thread. Bounds: kMaxActions; the oldest go, a hundred at a time. Texts are cut to 256 bytes.
// Errors: the store's.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "controlplane/store/store.h"
#include "switchyard/v1/access.pb.h"

namespace switchyard::controlplane::identity {

inline constexpr std::size_t kMaxActions = 1000;

class Actions {
 public:
  // Both outlive it.
  Actions(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // `refused` empty: it was done.
  absl::Status Add(std::string_view who, std::string_view verb, std::string_view subject, std::string_view refused = {});
  absl::StatusOr<v1::ActionsResponse> List(const v1::ActionsRequest& request) const;

 private:
  absl::Status Prune();

  store::Store& store_;
  const Clock& clock_;
  std::mutex mutex_;
  // The next number; read from the store at the first need.
  std::optional<std::uint64_t> next_;
};

}  // namespace switchyard::controlplane::identity
