// FakeSession: a SessionHandle that remembers what it was told.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/stream/session_handle.h"

namespace switchyard::controlplane::stream {

class FakeSession final : public SessionHandle {
 public:
  explicit FakeSession(std::string node) : node_(std::move(node)) {}
  const std::string& node() const override { return node_; }
  void SetTarget(SnapshotPtr target, SnapshotPtr base) override {
    const std::lock_guard lock(mutex_);
    targets_.push_back(std::move(target));
    bases_.push_back(std::move(base));
  }
  void SetCertificate(WallTime not_after) override { certificate = not_after; }
  void SetTicketKeys(Frame frame) override {
    const std::lock_guard lock(mutex_);
    keys_ = std::move(frame);
  }
  Frame keys() {
    const std::lock_guard lock(mutex_);
    return keys_;
  }
  void Tell(Frame message) override {
    const std::lock_guard lock(mutex_);
    told_ = std::move(message);
  }
  Frame told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  void End(const absl::Status& status) override { end = status; }

  std::vector<SnapshotPtr> targets() {
    const std::lock_guard lock(mutex_);
    return targets_;
  }
  std::vector<SnapshotPtr> bases() {
    const std::lock_guard lock(mutex_);
    return bases_;
  }

  absl::Status end;
  WallTime certificate;

 private:
  std::string node_;
  std::mutex mutex_;
  std::vector<SnapshotPtr> targets_;
  std::vector<SnapshotPtr> bases_;
  Frame keys_;
  Frame told_;
};

}  // namespace switchyard::controlplane::stream
