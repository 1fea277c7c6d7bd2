#include "controlplane/stream/delta_encoder.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/config/snapshot_delta.h"
#include "switchyard/v1/agent.pb.h"

namespace switchyard::controlplane::stream {
namespace {

Frame Serialize(const Push& push) {
  v1::ControllerMessage message;
  *message.mutable_config() = push.full() ? config::FullDelta(*push.to) : config::DiffSnapshots(*push.from, *push.to);
  message.mutable_config()->set_from_generation(push.from_generation);
  return std::make_shared<const std::string>(message.SerializeAsString());
}

}  // namespace

bool DeltaEncoder::Same(const Push& a, const Push& b) {
  return a.to == b.to && a.from == b.from && a.from_generation == b.from_generation;
}

Frame DeltaEncoder::Encode(const Push& push) {
  {
    const std::lock_guard lock(mutex_);
    const auto it = std::find_if(entries_.rbegin(), entries_.rend(), [&](const Entry& e) { return Same(e.push, push); });
    if (it != entries_.rend()) return it->frame;
    ++encodings_;
  }
  Frame frame = Serialize(push);
  Keep({push, frame});
  return frame;
}

void DeltaEncoder::Keep(Entry entry) {
  const std::lock_guard lock(mutex_);
  bytes_ += entry.frame->size();
  entries_.push_back(std::move(entry));
  while (entries_.size() > 1 && (entries_.size() > kMaxFrames || bytes_ > kMaxBytes)) {
    bytes_ -= entries_.front().frame->size();
    entries_.pop_front();
  }
}

std::uint64_t DeltaEncoder::encodings() const {
  const std::lock_guard lock(mutex_);
  return encodings_;
}

}  // namespace switchyard::controlplane::stream
