#include "controlplane/store/watchers.h"

#include <utility>

namespace switchyard::controlplane::store {

struct Watchers::Watcher {
  // Held during the callback, so that ending waits for it; recursive, so that the callback may end its own subscription.
  std::recursive_mutex mutex;
  bool ended = false;
  std::uint64_t after = 0;
  Store::OnChange on_change;
};

class Watchers::Handle final : public Subscription {
 public:
  explicit Handle(std::shared_ptr<Watcher> watcher) : watcher_(std::move(watcher)) {}
  ~Handle() override {
    const std::lock_guard lock(watcher_->mutex);
    watcher_->ended = true;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

 private:
  const std::shared_ptr<Watcher> watcher_;
};

std::unique_ptr<Subscription> Watchers::Add(std::uint64_t after, Store::OnChange on_change) {
  auto watcher = std::make_shared<Watcher>();
  watcher->after = after;
  watcher->on_change = std::move(on_change);
  const std::lock_guard lock(mutex_);
  std::erase_if(watchers_, [](const std::weak_ptr<Watcher>& entry) { return entry.expired(); });
  if (watchers_.size() >= kMaxWatchers) return nullptr;
  watchers_.push_back(watcher);
  return std::make_unique<Handle>(std::move(watcher));
}

void Watchers::Deliver(const ChangeRecord& record, const std::shared_ptr<const Catalog>& catalog) {
  const std::uint64_t generation = record.entry.generation();
  std::vector<std::shared_ptr<Watcher>> told;
  {
    std::unique_lock lock(mutex_);
    turn_.wait(lock, [&] { return delivered_ + 1 == generation; });
    for (const auto& entry : watchers_) {
      if (auto watcher = entry.lock(); watcher != nullptr && watcher->after < generation) told.push_back(std::move(watcher));
    }
  }
  for (const auto& watcher : told) {
    const std::lock_guard lock(watcher->mutex);
    if (!watcher->ended) watcher->on_change(record, catalog);
  }
  {
    const std::lock_guard lock(mutex_);
    delivered_ = generation;
  }
  turn_.notify_all();
}

}  // namespace switchyard::controlplane::store
