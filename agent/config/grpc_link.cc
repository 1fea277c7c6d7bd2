#include "agent/config/grpc_link.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "common/rpc/transport_limits.h"
#include "grpcpp/grpcpp.h"
#include "switchyard/v1/agent.grpc.pb.h"

namespace switchyard::agent::config {

// Counts the calls that gRPC still holds, and keeps what they leave behind until the loop thread clears it away. The last reference to a
// channel must not fall on one of gRPC's own threads: that would make the thread wait for its own end (seen in gRPC 1.51).
class GrpcLinkFactory::Alive {
 public:
  void Enter() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  // From gRPC's threads. `remains` may hold a channel.
  void Leave(std::shared_ptr<void> remains) {
    const std::lock_guard lock(mutex_);
    remains_.push_back(std::move(remains));
    if (--count_ == 0) none_.notify_all();
  }
  // From the loop thread.
  void Clear() {
    std::vector<std::shared_ptr<void>> remains;
    const std::lock_guard lock(mutex_);
    remains.swap(remains_);
  }
  void WaitForNone() {
    {
      std::unique_lock lock(mutex_);
      none_.wait(lock, [this] { return count_ == 0; });
    }
    Clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
  // At most what ended since the last Open: one stream and one renewal.
  std::vector<std::shared_ptr<void>> remains_;
};

namespace {

// Enough for a loaded controller; a renewal is tried again anyway.
constexpr std::int64_t kRenewSeconds = 10;

absl::Status ToAbsl(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

// Where events go. `open` falls on the loop thread when the link is destroyed, and is read there only.
struct Inbox {
  Loop& loop;
  LinkEvents events;
  bool open = true;
};

// Runs `event` on the loop, if the link is still there then.
template <typename Event>
void Deliver(const std::shared_ptr<Inbox>& inbox, Event event) {
  inbox->loop.Post([inbox, event = std::move(event)] {
    if (inbox->open) event(inbox->events);
  });
}

// The stream. Keeps itself alive until gRPC's last call, OnDone. The hold lets the loop thread start writes at any time; it is given back
// once, by whichever comes first: the end of reading or the end of the link.
class Stream final : public grpc::ClientBidiReactor<v1::AgentMessage, v1::ControllerMessage> {
 public:
  Stream(std::shared_ptr<grpc::Channel> channel, std::shared_ptr<Inbox> inbox, std::shared_ptr<GrpcLinkFactory::Alive> alive)
      : channel_(std::move(channel)), stub_(v1::AgentService::NewStub(channel_)), inbox_(std::move(inbox)), alive_(std::move(alive)) {}

  static std::shared_ptr<Stream> Open(std::shared_ptr<grpc::Channel> channel, std::shared_ptr<Inbox> inbox,
                                      std::shared_ptr<GrpcLinkFactory::Alive> alive) {
    auto stream = std::make_shared<Stream>(std::move(channel), std::move(inbox), std::move(alive));
    stream->alive_->Enter();
    stream->self_ = stream;
    stream->stub_->async()->Connect(&stream->context_, stream.get());
    stream->AddHold();
    stream->StartRead(&stream->incoming_);
    stream->StartCall();
    return stream;
  }

  void Send(const v1::AgentMessage& message) {
    const std::lock_guard lock(mutex_);
    if (released_) return;
    outgoing_ = message;
    StartWrite(&outgoing_);
  }

  // From the loop thread: the link is gone.
  void Abandon() {
    context_.TryCancel();
    Release();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Release();
    Deliver(inbox_, [message = std::move(incoming_)](const LinkEvents& events) { events.on_message(message); });
    incoming_.Clear();
    StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    if (ok) Deliver(inbox_, [](const LinkEvents& events) { events.on_sent(); });
  }

  void OnDone(const grpc::Status& status) override {
    Deliver(inbox_, [why = ToAbsl(status)](const LinkEvents& events) { events.on_closed(why); });
    const std::shared_ptr<GrpcLinkFactory::Alive> alive = alive_;
    alive->Leave(std::exchange(self_, nullptr));
  }

 private:
  void Release() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(released_, true)) return;
    RemoveHold();
  }

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::AgentService::Stub> stub_;
  const std::shared_ptr<Inbox> inbox_;
  const std::shared_ptr<GrpcLinkFactory::Alive> alive_;
  std::shared_ptr<Stream> self_;
  grpc::ClientContext context_;
  v1::ControllerMessage incoming_;
  std::mutex mutex_;
  v1::AgentMessage outgoing_;
  bool released_ = false;
};

// One Renew call with all that gRPC needs until it answers.
struct Renewal {
  grpc::ClientContext context;
  v1::RenewRequest request;
  v1::RenewResponse response;
  std::unique_ptr<v1::AgentService::Stub> stub;
};

class GrpcLink final : public ControllerLink {
 public:
  GrpcLink(Loop& loop, std::shared_ptr<grpc::Channel> channel, LinkEvents events, std::shared_ptr<GrpcLinkFactory::Alive> alive)
      : inbox_(std::make_shared<Inbox>(Inbox{loop, std::move(events)})),
        channel_(std::move(channel)),
        alive_(std::move(alive)),
        stream_(Stream::Open(channel_, inbox_, alive_)) {}
  GrpcLink(const GrpcLink&) = delete;
  GrpcLink& operator=(const GrpcLink&) = delete;

  ~GrpcLink() override {
    inbox_->open = false;
    stream_->Abandon();
    if (const auto renewal = renewal_.lock()) renewal->context.TryCancel();
  }

  void Send(const v1::AgentMessage& message) override { stream_->Send(message); }

  void Renew(const v1::RenewRequest& request, std::function<void(absl::StatusOr<v1::RenewResponse>)> done) override {
    if (!renewal_.expired()) return done(absl::FailedPreconditionError("a renewal is under way"));
    auto renewal = std::make_shared<Renewal>();
    renewal_ = renewal;
    renewal->request = request;
    renewal->stub = v1::AgentService::NewStub(channel_);
    renewal->context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(kRenewSeconds, GPR_TIMESPAN)));
    alive_->Enter();
    const auto finish = [renewal, inbox = inbox_, alive = alive_, done = std::move(done)](const grpc::Status& status) {
      absl::StatusOr<v1::RenewResponse> result = absl::UnknownError("");
      if (status.ok()) {
        result = std::move(renewal->response);
      } else {
        result = ToAbsl(status);
      }
      Deliver(inbox, [done, result = std::move(result)](const LinkEvents&) { done(result); });
      alive->Leave(std::shared_ptr<v1::AgentService::Stub>(std::move(renewal->stub)));
    };
    renewal->stub->async()->Renew(&renewal->context, &renewal->request, &renewal->response, finish);
  }

 private:
  const std::shared_ptr<Inbox> inbox_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::shared_ptr<GrpcLinkFactory::Alive> alive_;
  const std::shared_ptr<Stream> stream_;
  std::weak_ptr<Renewal> renewal_;
};

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address, const Identity& identity) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = identity.ca_pem;
  tls.pem_private_key = identity.key_pem;
  tls.pem_cert_chain = identity.certificate_pem;
  grpc::ChannelArguments arguments;
  rpc::ApplyClientLimits(arguments);
  arguments.SetSslTargetNameOverride(kControllerServerName);
  // A connection of its own for each link: a renewed certificate takes effect, and gRPC's own backoff stays out of ours.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(tls), arguments);
}

}  // namespace

GrpcLinkFactory::GrpcLinkFactory(Loop& loop, const Clock& clock, std::vector<std::string> addresses)
    : loop_(loop), clock_(clock), addresses_(std::move(addresses)), alive_(std::make_shared<Alive>()) {}

GrpcLinkFactory::~GrpcLinkFactory() { alive_->WaitForNone(); }

absl::StatusOr<std::unique_ptr<ControllerLink>> GrpcLinkFactory::Open(LinkEvents events) {
  if (identity_.certificate_pem.empty()) return absl::FailedPreconditionError("the agent has no certificate yet");
  if (identity_.not_after <= clock_.WallNow()) {
    return absl::UnauthenticatedError("the agent's certificate has expired; start it again with a new join token (yardctl token create)");
  }
  const std::string& address = addresses_[next_++ % addresses_.size()];
  auto link = std::make_unique<GrpcLink>(loop_, MakeChannel(address, identity_), std::move(events), alive_);
  // After the new stream has begun, so that gRPC does not end its threads in between only to start them again.
  alive_->Clear();
  return link;
}

}  // namespace switchyard::agent::config
