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
  TheWatch(asio::io_context& context, Descriptor link, v1::Predecessor who, std::function<void(const v1::Predecessor&)> told)
      : link_(context, link.get()), who_(std::move(who)), told_(std::move(told)) {
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
        who_.set_open_connections(packet->message.progress().open_connections());
        who_.mutable_ends_within()->set_seconds(packet->message.progress().ends_within_seconds());
        told_(who_);
      }
      return Wait();
    }
    who_.set_open_connections(0);
    who_.clear_ends_within();
    who_.set_ended(true);
    link_.close();
    told_(who_);
  }

  asio::posix::stream_descriptor link_;
  v1::Predecessor who_;
  const std::function<void(const v1::Predecessor&)> told_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<PredecessorWatch> PredecessorWatch::Start(asio::io_context& context, Descriptor link, v1::Predecessor who,
                                                          std::function<void(const v1::Predecessor&)> told) {
  return std::make_unique<TheWatch>(context, std::move(link), std::move(who), std::move(told));
}

}  // namespace switchyard::agent::handover
