// PredecessorWatch: what the old agent tells of itself after it has handed over, until it ends.
//
// Thread-safety: the thread of the io_context. Cost: one message a second. Errors: none; a link that breaks means that it has ended.
#pragma once

#include <functional>
#include <memory>

#include "agent/handover/descriptor.h"
#include "switchyard/v1/agent.pb.h"

namespace boost::asio {
class io_context;
}

namespace switchyard::agent::handover {

class PredecessorWatch {
 public:
  // `told` gets each message; the last one has `ended` set.
  static std::unique_ptr<PredecessorWatch> Start(boost::asio::io_context& context, Descriptor link, v1::Predecessor who,
                                                 std::function<void(const v1::Predecessor&)> told);
  virtual ~PredecessorWatch() = default;
};

}  // namespace switchyard::agent::handover
