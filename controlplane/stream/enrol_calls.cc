#include "controlplane/stream/enrol_calls.h"

#include <fmt/format.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/server_context.h>

#include <optional>
#include <utility>

#include "controlplane/stream/peer_address.h"

namespace switchyard::controlplane::stream {
namespace {

constexpr Duration kSweep = std::chrono::seconds(1);

}  // namespace

// The answer comes exactly once and before OnDone, so whoever answers may hold a plain pointer.
class EnrolCalls::Call final : public Reactor {
 public:
  Call(std::shared_ptr<EnrolCalls> calls, grpc::CallbackServerContext* context)
      : calls_(std::move(calls)), peer_(PeerAddress(context->peer())), place_(calls_->Add(context)) {
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    Leave();
    if (!ok) return Finish({grpc::StatusCode::INVALID_ARGUMENT, "the call ended before its message"});
    if (incoming_.Length() > kMaxEnrolBytes) {
      return Finish({grpc::StatusCode::RESOURCE_EXHAUSTED,
                     fmt::format("an EnrollRequest of {} bytes; at most {}", incoming_.Length(), kMaxEnrolBytes)});
    }
    v1::EnrollRequest request;
    if (!grpc::SerializationTraits<v1::EnrollRequest>::Deserialize(&incoming_, &request).ok()) {
      return Finish({grpc::StatusCode::INVALID_ARGUMENT, "a message that is not an EnrollRequest"});
    }
    calls_->decide_(std::move(request), peer_,
                    [this](const grpc::Status& status, const v1::EnrollResponse& response) { Reply(status, response); });
  }

  void OnDone() override {
    Leave();
    delete this;
  }

 private:
  void Reply(const grpc::Status& status, const v1::EnrollResponse& response) {
    if (!status.ok()) return Finish(status);
    const grpc::Slice bytes(response.SerializeAsString());
    outgoing_ = grpc::ByteBuffer(&bytes, 1);
    StartWriteAndFinish(&outgoing_, {}, grpc::Status::OK);
  }

  void Leave() {
    if (place_.has_value()) calls_->Remove(*std::exchange(place_, std::nullopt));
  }

  const std::shared_ptr<EnrolCalls> calls_;
  const std::string peer_;
  std::optional<Place> place_;
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
};

EnrolCalls::EnrolCalls(const Clock* clock, runtime::Timers* timers, Decide decide)
    : clock_(clock), timers_(timers), decide_(std::move(decide)) {}

EnrolCalls::Reactor* EnrolCalls::Begin(grpc::CallbackServerContext* context) { return new Call(shared_from_this(), context); }

EnrolCalls::Place EnrolCalls::Add(grpc::CallbackServerContext* context) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMaxWaitingEnrols) {
    for (Waiting& oldest : waiting_) {
      if (oldest.context == nullptr) continue;
      std::exchange(oldest.context, nullptr)->TryCancel();
      break;
    }
  }
  waiting_.push_back({clock_->Now() + kEnrolDeadline, context});
  if (!armed_) Arm();
  return std::prev(waiting_.end());
}

void EnrolCalls::Remove(Place place) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(place);
}

void EnrolCalls::Arm() {
  armed_ = true;
  timers_->After(kSweep, [weak = weak_from_this()] {
    if (const auto calls = weak.lock()) calls->Sweep();
  });
}

void EnrolCalls::Sweep() {
  const std::lock_guard lock(mutex_);
  armed_ = false;
  for (Waiting& call : waiting_) {
    if (call.deadline > clock_->Now()) break;
    if (call.context != nullptr) std::exchange(call.context, nullptr)->TryCancel();
  }
  if (!waiting_.empty()) Arm();
}

}  // namespace switchyard::controlplane::stream
