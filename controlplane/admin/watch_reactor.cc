#include "controlplane/admin/watch_reactor.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/rpc/grpc_status.h"
#include "controlplane/admin/watch_cursor.h"

namespace switchyard::controlplane::admin {

using Reactor = grpc::ServerWriteReactor<v1::WatchResponse>;

class WatchStream : public std::enable_shared_from_this<WatchStream> {
 public:
  WatchStream(Watchers* owner, std::uint64_t after) : owner_(owner), cursor_(owner->store_, after) {}

  // REQUIRES: called once, before gRPC gets the reactor.
  void Start(Reactor* reactor) {
    reactor_ = reactor;
    watch_ = owner_->store_->Watch([weak = weak_from_this()](const auto&, const auto&) {
      if (const auto self = weak.lock()) self->Wake();
    });
    Wake();
  }

  // There may be something to send. Any thread.
  void Wake() {
    {
      const std::lock_guard lock(mutex_);
      // The one that pumps or the write under way will look again.
      if (std::exchange(queued_, true)) return;
    }
    // A full queue means a busy controller; reading one change right here is better than losing the wake-up.
    if (!owner_->work_->Post([self = shared_from_this()] { self->Pump(); })) Pump();
  }

  void OnWritten() {
    {
      const std::lock_guard lock(mutex_);
      writing_ = false;
    }
    Wake();
  }

  void End(const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    EndLocked(status);
  }

  void OnDone() {
    {
      const std::lock_guard lock(mutex_);
      reactor_ = nullptr;
    }
    // Not under the lock: it waits for a wake-up that is under way.
    watch_.reset();
    owner_->Remove(shared_from_this());
  }

 private:
  void Pump() {
    const std::lock_guard lock(mutex_);
    queued_ = false;
    if (reactor_ == nullptr || writing_ || ended_) return;
    auto next = cursor_.Next();
    if (!next.ok()) {
      EndLocked(next.status());
    } else if (next->has_value()) {
      outgoing_ = *std::move(*next);
      writing_ = true;
      reactor_->StartWrite(&outgoing_);
    }
  }

  void EndLocked(const absl::Status& status) {
    if (reactor_ == nullptr || std::exchange(ended_, true)) return;
    reactor_->Finish(rpc::ToGrpc(status));
  }

  Watchers* owner_;
  std::unique_ptr<store::Subscription> watch_;
  std::mutex mutex_;
  Reactor* reactor_ = nullptr;
  WatchCursor cursor_;
  bool queued_ = false;
  bool writing_ = false;
  bool ended_ = false;
  v1::WatchResponse outgoing_;
};

namespace {

class WatchReactor final : public Reactor {
 public:
  explicit WatchReactor(std::shared_ptr<WatchStream> stream) : stream_(std::move(stream)) {}
  void OnWriteDone(bool ok) override {
    if (ok) stream_->OnWritten();
  }
  void OnCancel() override { stream_->End(absl::CancelledError("the watcher left")); }
  void OnDone() override {
    stream_->OnDone();
    delete this;
  }

 private:
  std::shared_ptr<WatchStream> stream_;
};

class Refusal final : public Reactor {
 public:
  explicit Refusal(const absl::Status& status) { Finish(rpc::ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

Watchers::Watchers(store::Store* store, runtime::WorkQueue* work, std::size_t limit) : store_(store), work_(work), limit_(limit) {}

Watchers::~Watchers() = default;

Reactor* Watchers::Start(const v1::WatchRequest& request) {
  auto stream = std::make_shared<WatchStream>(this, request.after_generation());
  {
    const std::lock_guard lock(mutex_);
    if (!closed_.ok()) return new Refusal(closed_);
    if (streams_.size() >= limit_) {
      return new Refusal(absl::ResourceExhaustedError(fmt::format("{} watchers are open; the controller takes no more", limit_)));
    }
    streams_.insert(stream);
  }
  auto* reactor = new WatchReactor(stream);
  stream->Start(reactor);
  return reactor;
}

void Watchers::EndAll(const absl::Status& status) {
  std::vector<std::shared_ptr<WatchStream>> streams;
  {
    const std::lock_guard lock(mutex_);
    closed_ = status;
    streams.assign(streams_.begin(), streams_.end());
  }
  for (const auto& stream : streams) stream->End(status);
}

std::size_t Watchers::size() const {
  const std::lock_guard lock(mutex_);
  return streams_.size();
}

void Watchers::Remove(const std::shared_ptr<WatchStream>& stream) {
  const std::lock_guard lock(mutex_);
  streams_.erase(stream);
}

}  // namespace switchyard::controlplane::admin
