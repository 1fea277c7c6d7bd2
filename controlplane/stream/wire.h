// Wire: the sending half of one agent's stream, as its session sees it. The gRPC reactor implements it; tests do too.
//
// Contract: `Send` is called only when the previous frame was reported written; `End` at most once, and nothing after it but `Cut`.
// No call may lead back into the session on the same stack.
// Thread-safety: called under the session's lock, so never two at once.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"

namespace switchyard::controlplane::stream {

// A serialized v1.ControllerMessage. Shared: thousands of sessions may send the same bytes.
using Frame = std::shared_ptr<const std::string>;

class Wire {
 public:
  virtual ~Wire() = default;
  virtual void Send(Frame frame) = 0;
  // Ends the stream with this status, after what was sent before.
  virtual void End(const absl::Status& status) = 0;
  // Ends the stream at once, without a word: the other end does not read.
  virtual void Cut() = 0;
};

}  // namespace switchyard::controlplane::stream
