#include "agent/loop/control_loop.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace switchyard::agent::loop {

namespace asio = boost::asio;

struct ControlLoop::Parts {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
  asio::signal_set signals{context};
  std::function<void(int)> heard;

  void WaitSignal() {
    signals.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      heard(signal);
      WaitSignal();
    });
  }
};

namespace {

// A handler that is already queued when the timer goes must not run: it looks at `alive` first.
class AsioTimer final : public Loop::Timer {
 public:
  AsioTimer(asio::io_context& context, Duration delay, std::function<void()> work)
      : timer_(context), alive_(std::make_shared<bool>(true)) {
    timer_.expires_after(std::max(delay, Duration::zero()));
    timer_.async_wait([alive = alive_, work = std::move(work)](const boost::system::error_code& error) {
      if (!error && *alive) work();
    });
  }
  AsioTimer(const AsioTimer&) = delete;
  AsioTimer& operator=(const AsioTimer&) = delete;
  ~AsioTimer() override { *alive_ = false; }

 private:
  asio::steady_timer timer_;
  std::shared_ptr<bool> alive_;
};

}  // namespace

ControlLoop::ControlLoop() : parts_(std::make_unique<Parts>()) {}

ControlLoop::~ControlLoop() = default;

void ControlLoop::Post(std::function<void()> work) { asio::post(parts_->context, std::move(work)); }

std::unique_ptr<Loop::Timer> ControlLoop::After(Duration delay, std::function<void()> work) {
  return std::make_unique<AsioTimer>(parts_->context, delay, std::move(work));
}

void ControlLoop::Run() { parts_->context.run(); }

void ControlLoop::RunUntil(const std::function<bool()>& done) {
  while (!done()) parts_->context.run_one();
}

void ControlLoop::Stop() { parts_->context.stop(); }

void ControlLoop::OnSignals(const std::vector<int>& signals, std::function<void(int)> heard) {
  parts_->heard = std::move(heard);
  for (const int signal : signals) {
    boost::system::error_code ignored;
    parts_->signals.add(signal, ignored);
  }
  parts_->WaitSignal();
}

asio::io_context& ControlLoop::context() { return parts_->context; }

}  // namespace switchyard::agent::loop
