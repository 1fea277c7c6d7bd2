// ControllerLink: one connection to the controller with one stream on it, as the client sees it. No gRPC in here, so that the client's rules
// are tested without a network.
//
// Contract: events run on the loop that the link was made for, one at a time, and never after the link's destructor. `on_closed` is the last
// event. A link may be destroyed by its own event. Destroying a link cancels its stream and any Renew under way (whose `done` then never runs).
// Thread-safety: loop thread only. Bounds: one message under way; `Send` only after the `on_sent` of the one before.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "switchyard/v1/agent.pb.h"

namespace switchyard::agent::config {

struct LinkEvents {
  std::function<void(const v1::ControllerMessage&)> on_message;
  // The message given to Send is on its way; the next may come.
  std::function<void()> on_sent;
  // The stream is over; why.
  std::function<void(const absl::Status&)> on_closed;
};

class ControllerLink {
 public:
  virtual ~ControllerLink() = default;
  virtual void Send(const v1::AgentMessage& message) = 0;
  // Asks for a new certificate, beside the stream on the same connection.
  virtual void Renew(const v1::RenewRequest& request, std::function<void(absl::StatusOr<v1::RenewResponse>)> done) = 0;
};

class ControllerLinkFactory {
 public:
  virtual ~ControllerLinkFactory() = default;
  // Starts to connect. An error means that it makes no sense to try just now (no usable certificate, say).
  virtual absl::StatusOr<std::unique_ptr<ControllerLink>> Open(LinkEvents events) = 0;
};

}  // namespace switchyard::agent::config
