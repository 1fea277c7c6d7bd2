#include "controlplane/admin/watch_cursor.h"

#include <utility>

#include <fmt/format.h>

#include "common/config/redaction.h"

namespace switchyard::controlplane::admin {

WatchCursor::WatchCursor(const store::Store* store, std::uint64_t after) : store_(store), delivered_(after) {}

absl::Status WatchCursor::Begin(std::uint64_t newest) {
  const std::uint64_t oldest = store_->OldestGeneration();
  if (delivered_ > newest) {
    return absl::OutOfRangeError(fmt::format("generation {} does not exist; the newest is {}", delivered_, newest));
  }
  if (delivered_ == 0) {
    delivered_ = oldest == 0 ? newest : oldest - 1;
  } else if (oldest != 0 && delivered_ + 1 < oldest) {
    return absl::OutOfRangeError(
        fmt::format("generation {} is no longer in the history, which begins at {}; list the resources and watch from there", delivered_ + 1, oldest));
  }
  begun_ = true;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<v1::WatchResponse>> WatchCursor::Next() {
  const std::uint64_t newest = store_->Read()->generation;
  if (!begun_) {
    if (auto status = Begin(newest); !status.ok()) return status;
  }
  if (delivered_ >= newest) {
    caught_up_ = true;
    return std::nullopt;
  }
  if (caught_up_ && newest - delivered_ > kMaxLag) {
    return absl::ResourceExhaustedError(
        fmt::format("the watcher is {} generations behind; at most {}: watch again from generation {}", newest - delivered_, kMaxLag, delivered_));
  }
  auto change = store_->ChangeAt(delivered_ + 1);
  if (absl::IsNotFound(change.status())) {
    return absl::OutOfRangeError(fmt::format("generation {} fell out of the history before it was read", delivered_ + 1));
  }
  if (!change.ok()) return change.status();
  ++delivered_;
  v1::WatchResponse response;
  *response.mutable_entry() = std::move(change->entry);
  for (auto& resource : change->resources) *response.add_resources() = std::move(resource);
  config::Redact(*response.mutable_resources());
  return std::optional(std::move(response));
}

}  // namespace switchyard::controlplane::admin
