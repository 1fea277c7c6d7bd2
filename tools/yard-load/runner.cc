#include "tools/yard-load/runner.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <thread>

#include "tools/yard-load/worker.h"

namespace switchyard::tools::load {
namespace {

using Tcp = boost::asio::ip::tcp;

absl::StatusOr<std::vector<Destination>> LookUp(const Plan& plan) {
  boost::asio::io_context io;
  Tcp::resolver resolver(io);
  std::vector<Destination> out;
  for (const Target& target : plan.targets) {
    boost::system::error_code error;
    const auto found = resolver.resolve(target.host, target.port, error);
    if (error || found.empty()) return absl::NotFoundError(fmt::format("cannot look up {}: {}", target.host, error.message()));
    out.push_back({found.begin()->endpoint(), RequestBytes(plan, target)});
  }
  return out;
}

class ThreadedRunner final : public Runner {
 public:
  ThreadedRunner(const Plan& plan, std::vector<Destination> destinations, const Clock& clock)
      : plan_(plan), destinations_(std::move(destinations)) {
    const TimePoint start = clock.Now();
    summary_.started = clock.WallNow() + plan_.warmup;
    count_from_ = start + plan_.warmup;
    for (unsigned i = 0; i < plan_.threads; ++i) workers_.push_back(std::make_unique<Worker>(plan_, destinations_, clock, start, i));
    for (const auto& worker : workers_)
      threads_.emplace_back([raw = worker.get()] { raw->Run(); });
  }

  ~ThreadedRunner() override {
    Stop();
    Join();
  }

  void Stop() override {
    for (const auto& worker : workers_) worker->Stop();
  }

  Live live() const override {
    Live live{0, 0, true};
    for (const auto& worker : workers_) {
      live.requests += worker->live_requests.load(std::memory_order_relaxed);
      live.failed += worker->live_failed.load(std::memory_order_relaxed);
      live.done = live.done && worker->done.load();
    }
    return live;
  }

  Summary Wait() override {
    Join();
    summary_.tally = Tally();
    for (const auto& worker : workers_) {
      summary_.tally.Merge(worker->tally());
      summary_.measured = std::max(summary_.measured, worker->ended() - count_from_);
    }
    return summary_;
  }

 private:
  void Join() {
    for (std::thread& thread : threads_)
      if (thread.joinable()) thread.join();
  }

  const Plan plan_;
  const std::vector<Destination> destinations_;
  TimePoint count_from_{};
  Summary summary_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Runner>> Runner::Start(const Plan& plan, const Clock& clock) {
  absl::StatusOr<std::vector<Destination>> destinations = LookUp(plan);
  if (!destinations.ok()) return destinations.status();
  return std::make_unique<ThreadedRunner>(plan, *std::move(destinations), clock);
}

}  // namespace switchyard::tools::load
