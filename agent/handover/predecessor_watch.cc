#include "agent/handover/predecessor_watch.h"

#include <fcntl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

#include "agent/handover/packet.h"

namespace switchyard::agent::handover {
namespace {

namespace asio = boost::asio;

class TheWatch final : public PredecessorWatch {
 public:
  TheWatch(asio::io_context& context, Descriptor link, std::function<void(const Progress&)> told)
      : link_(context, link.get()), told_(std::move(told)) {
    fcntl(link.Release(), F_SETFL, O_NONBLOCK);
    Wait();
  }
  ~TheWatch() override { *alive_ = false; }

 private:
  void Wait() {
    link_.async_wait(asio::posix::stream_descriptor::wait_read, [this, alive = alive_](const boost::system::error_code& error) {
      if (*alive && !error) Read();
    });
  }

  void Read() {
    const absl::StatusOr<Packet> packet = ReceivePacket(link_.native_handle());
    if (absl::IsDeadlineExceeded(packet.status())) return Wait();
    if (packet.ok()) {
      if (packet->message.has_progress()) {
        const v1::HandoverProgress& progress = packet->message.progress();
        told_({progress.open_connections(), progress.ends_within_seconds(), false});
      }
      return Wait();
    }
    link_.close();
    told_({0, 0, true});
  }

  asio::posix::stream_descriptor link_;
  const std::function<void(const Progress&)> told_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<PredecessorWatch> PredecessorWatch::Start(asio::io_context& context, Descriptor link, std::function<void(const Progress&)> told) {
  return std::make_unique<TheWatch>(context, std::move(link), std::move(told));
}

}  // namespace switchyard::agent::handover
