// FakeAgent: an agent's side of the native protocol over real gRPC with mutual TLS, and nothing else. It enrols, says Hello, applies deltas to
// a snapshot in memory and answers as the test says.
//
// Thread-safety: one thread per connected agent reads the stream; accessors are safe from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include "absl/status/statusor.h"
#include "common/rpc/admin_channel.h"
#include "switchyard/v1/agent.grpc.pb.h"

namespace switchyard::controlplane::stream {

class FakeAgent {
 public:
  // Trades `token` for a certificate.
  static absl::StatusOr<std::unique_ptr<FakeAgent>> Enrol(const std::string& address, const std::string& ca_pem, const std::string& token,
                                                          const std::string& node);
  // As Disconnect.
  ~FakeAgent();

  // What Connect says. Node and applied state are filled in.
  v1::Hello hello;
  // Looks at each delta before it is applied and may change the answer. Set before Connect.
  std::function<void(const v1::ConfigDelta&, v1::ConfigStatus&)> judge;

  void Connect();
  // Leaves without a word.
  void Disconnect();
  // How the stream ended; nothing while it lasts.
  std::optional<grpc::Status> ended() const;
  bool Send(const v1::AgentMessage& message);
  absl::StatusOr<v1::RenewResponse> Renew();

  std::uint64_t generation() const;
  v1::Snapshot snapshot() const;
  int deltas() const { return deltas_; }
  int full_deltas() const { return full_deltas_; }
  bool welcomed() const { return welcomed_; }
  const std::string& node() const { return hello.node(); }
  std::shared_ptr<grpc::Channel> channel() const { return channel_; }

 private:
  void Run();
  v1::ConfigStatus Take(const v1::ConfigDelta& delta);

  std::string key_pem_;
  std::string csr_pem_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::AgentService::Stub> stub_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AgentMessage, v1::ControllerMessage>> stream_;
  std::thread thread_;

  mutable std::mutex mutex_;
  std::mutex write_mutex_;
  v1::Snapshot snapshot_;
  std::optional<grpc::Status> ended_;
  std::atomic<int> deltas_ = 0;
  std::atomic<int> full_deltas_ = 0;
  std::atomic<bool> welcomed_ = false;
};

}  // namespace switchyard::controlplane::stream
