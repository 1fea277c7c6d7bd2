// PredecessorWatch: what the old agent tells of itself after it has handed over, until it ends.
//
// Thread-safety: the thread of the io_context. Cost: one message a second. Errors: none; a link that breaks means that it has ended.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "agent/handover/descriptor.h"

namespace boost::asio {
class io_context;
}

namespace switchyard::agent::handover {

struct Progress {
  std::uint64_t open_connections = 0;
  // At most so long from now; then the rest is cut.
  std::uint32_t ends_within_seconds = 0;
  // It is gone. The last word about it.
  bool ended = false;
};

class PredecessorWatch {
 public:
  static std::unique_ptr<PredecessorWatch> Start(boost::asio::io_context& context, Descriptor link, std::function<void(const Progress&)> told);
  virtual ~PredecessorWatch() = default;
};

}  // namespace switchyard::agent::handover
