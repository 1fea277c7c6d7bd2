// ControlLoop: the event loop of everything that is not the request path: probes, admin port, controller stream, reports, signals.
//
// One per agent, run by the main thread. Unlike a worker's EventLoop its io_context is shared safely, because gRPC's threads post to it.
//
// Thread-safety: `Post` and `Stop` from any thread; all else from the thread that runs it, or before it runs. Bounds: those of its users.
// Errors: none; work that throws ends the program (nothing here is expected to).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "common/base/loop.h"

namespace boost::asio {
class io_context;
}

namespace switchyard::agent::loop {

class ControlLoop final : public Loop {
 public:
  ControlLoop();
  // Work and timers that have not run are dropped. REQUIRES: Run has returned.
  ~ControlLoop() override;
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  void Post(std::function<void()> work) override;
  std::unique_ptr<Timer> After(Duration delay, std::function<void()> work) override;

  // Runs until Stop.
  void Run();
  // Runs what is ready until `done` says true, checked after each piece of work. REQUIRES: Run is not under way.
  void RunUntil(const std::function<bool()>& done);
  void Stop();
  // `heard` is told of each arrival of these signals. Called at most once.
  void OnSignals(const std::vector<int>& signals, std::function<void(int)> heard);

  // For sockets of the admin port and of probes.
  boost::asio::io_context& context();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace switchyard::agent::loop
