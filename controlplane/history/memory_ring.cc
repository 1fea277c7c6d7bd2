#include <algorithm>
#include <array>
#include <mutex>
#include <tuple>

#include "controlplane/history/ring.h"

namespace switchyard::controlplane::history {
namespace {

class MemoryRing final : public Ring {
 public:
  absl::Status Write(Tier tier, std::int64_t time, const std::map<std::string, Row>& rows) override {
    const std::lock_guard lock(mutex_);
    auto& moments = tiers_[static_cast<std::size_t>(tier)];
    moments[time] = rows;
    moments.erase(moments.begin(), moments.lower_bound(time - ReachOf(tier)));
    return absl::OkStatus();
  }

  absl::Status Read(Tier tier, std::string_view group, std::int64_t from, std::int64_t to, const Each& each) const override {
    const std::lock_guard lock(mutex_);
    const auto& moments = tiers_[static_cast<std::size_t>(tier)];
    for (auto it = moments.lower_bound(from); it != moments.end() && it->first <= to; ++it) {
      if (const auto row = it->second.find(std::string(group)); row != it->second.end()) each(it->first, row->second);
    }
    return absl::OkStatus();
  }

  std::uint64_t bytes() const override { return 0; }
  std::uint64_t cap_bytes() const override { return 0; }

 private:
  mutable std::mutex mutex_;
  std::array<std::map<std::int64_t, std::map<std::string, Row>>, kTierCount> tiers_;
};

}  // namespace

std::unique_ptr<Ring> OpenMemoryRing() { return std::make_unique<MemoryRing>(); }

}  // namespace switchyard::controlplane::history
