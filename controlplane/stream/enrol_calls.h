// EnrolCalls: the server's end of AgentService.Enroll, the one call that strangers may make.
//
// For the client Enroll is a unary call. Here it is a stream of one message each way (on the wire the two are the same), because gRPC hands
// a unary call over only when its message is complete: until then nobody could put an end to it, and a stranger would hold a connection and
// its descriptor for as long as it likes by never sending the message.
//
// Deadline: the message must be there `kEnrolDeadline` after the call began; then the call is cancelled. One timer looks at all of them, once
// a second while there are any.
// Bounds: kMaxWaitingEnrols calls whose message has not come yet; one more ends the oldest, so that strangers who fill the room do not
// keep out an agent, whose message comes with its call. A message is at most kMaxEnrolBytes; beyond: RESOURCE_EXHAUSTED.
// Thread-safety: every method from any thread. Lifetime: gRPC owns each call's reactor until OnDone; a reactor is cancelled only while
// it is in the list, under the lock, and leaves the list before it is deleted.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "common/base/clock.h"
#include "controlplane/runtime/timers.h"
#include "switchyard/v1/agent.pb.h"

namespace switchyard::controlplane::stream {

inline constexpr Duration kEnrolDeadline = std::chrono::seconds(10);
inline constexpr std::size_t kMaxWaitingEnrols = 256;
// A token, a name and a signing request are below 2 KiB.
inline constexpr std::size_t kMaxEnrolBytes = 64 << 10;

class EnrolCalls : public std::enable_shared_from_this<EnrolCalls> {
 public:
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;
  // Ends the call; may be called once, from any thread.
  using Answer = std::function<void(const grpc::Status&, const v1::EnrollResponse&)>;
  // Decides on a request, now or later, and must answer once. `peer`: address, for people.
  using Decide = std::function<void(v1::EnrollRequest request, const std::string& peer, Answer answer)>;

  // Both pointers outlive this and every call.
  EnrolCalls(const Clock* clock, runtime::Timers* timers, Decide decide);

  // Return it to gRPC.
  Reactor* Begin(grpc::CallbackServerContext* context);

 private:
  class Call;
  struct Waiting {
    TimePoint deadline;
    grpc::CallbackServerContext* context = nullptr;
  };
  using Place = std::list<Waiting>::iterator;

  Place Add(grpc::CallbackServerContext* context);
  void Remove(Place place);
  void Sweep();
  void Arm();

  const Clock* const clock_;
  runtime::Timers* const timers_;
  const Decide decide_;
  std::mutex mutex_;
  // In order of deadline. Those that were cancelled have no context any more.
  std::list<Waiting> waiting_;
  bool armed_ = false;
};

}  // namespace switchyard::controlplane::stream
