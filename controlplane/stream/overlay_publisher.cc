#include "controlplane/stream/overlay_publisher.h"

#include <chrono>
#include <utility>

namespace switchyard::controlplane::stream {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBeat{100};
constexpr milliseconds kGather{5};
constexpr milliseconds kRest{5};
constexpr int kBeatsPerSign = 20;

}  // namespace

OverlayPublisher::OverlayPublisher(fleet::FleetLoop* loop, const Clock* clock) : loop_(loop), clock_(clock) {
  thread_ = std::thread([this] { Run(); });
}

OverlayPublisher::~OverlayPublisher() { Stop(); }

void OverlayPublisher::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void OverlayPublisher::Join(const std::shared_ptr<SessionHandle>& session) {
  const std::lock_guard lock(mutex_);
  if (!stopping_) members_[session.get()] = session;
}

void OverlayPublisher::Leave(const SessionHandle& session) {
  const std::lock_guard lock(mutex_);
  members_.erase(&session);
}

void OverlayPublisher::Wake() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(urgent_, true)) return;
  wake_.notify_all();
}

void OverlayPublisher::TellAll() {
  std::vector<std::weak_ptr<SessionHandle>> members;
  {
    const std::lock_guard lock(mutex_);
    members.reserve(members_.size());
    for (const auto& [key, session] : members_) members.push_back(session);
  }
  for (const auto& weak : members) {
    if (const auto session = weak.lock()) session->OnFleetNews();
  }
}

void OverlayPublisher::Run() {
  int beats = 0;
  TimePoint next = clock_->Now() + kBeat;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, next - clock_->Now(), [this] { return stopping_ || urgent_; });
    if (urgent_) wake_.wait_for(lock, kGather, [this] { return stopping_; });
    if (stopping_) return;
    urgent_ = false;
    const bool on_beat = clock_->Now() >= next;
    if (on_beat) next = clock_->Now() + kBeat;
    beats += on_beat ? 1 : 0;
    const bool sign = on_beat && beats % kBeatsPerSign == 0;
    lock.unlock();
    if (loop_->Tick() || sign) TellAll();
    lock.lock();
    wake_.wait_for(lock, kRest, [this] { return stopping_; });
  }
}

}  // namespace switchyard::controlplane::stream
