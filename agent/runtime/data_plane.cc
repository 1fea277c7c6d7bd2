#include "agent/runtime/data_plane.h"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "agent/access_log/press.h"
#include "agent/runtime/socket_groups.h"
#include "agent/runtime/worker.h"
#include "agent/snapshot/snapshot_builder.h"
#include "common/base/status.h"

namespace switchyard::agent::runtime {
namespace {

constexpr unsigned kMaxWorkers = 256;
// While draining, a connection that waits for a request gets this long to bring one, which is then answered with `Connection: close`.
constexpr Duration kIdleGrace = std::chrono::seconds(1);
// How often files on this host that the configuration names are looked at.
constexpr Duration kFilePoll = std::chrono::minutes(1);
constexpr Duration kDrainPoll = std::chrono::milliseconds(20);
// A gradual drain: how often a few more connections are told, and its parts.
constexpr Duration kDrainStep = std::chrono::milliseconds(100);
constexpr double kSpreadPart = 0.5;
constexpr double kIdlePart = 0.75;

class DataPlaneImpl final : public DataPlane {
 public:
  explicit DataPlaneImpl(const DataPlaneOptions& options);
  ~DataPlaneImpl() override { Stop(); }
  absl::Status StartThreads();

  void Apply(const v1::Snapshot& snapshot, std::function<void(config::ApplyOutcome)> done) override;
  void Collect(std::function<void(report::Window)> done) override;
  void CollectEvidence(std::function<void(std::vector<report::EvidenceRows>)> done) override;
  void Drain(Duration bound, std::function<void()> done) override;
  void DrainGradually(Duration bound, std::function<void()> done) override;
  void CopySockets(std::function<void(std::map<std::string, std::vector<int>>)> taken) override;
  void Stop() override;
  DataPlaneStatus Status() const override;
  void SetTicketKeys(const std::vector<std::string_view>& keys) override { tickets_->Set(keys); }

 private:
  void RunTasks();
  bool Enqueue(std::function<void()> task);
  config::ApplyOutcome ApplyNow(const v1::Snapshot& proto);
  void OpenListeners(snapshot::AgentSnapshot& next, std::vector<v1::Violation>& violations);
  void OnEveryWorker(const std::function<void(Worker&, std::size_t)>& task);
  bool BeginDraining();
  void DrainNow(Duration bound, const std::function<void()>& done);
  void DrainBitByBit(Duration bound, const std::function<void()>& done);
  // False: the data plane is to stop.
  bool Rest(Duration pause);
  std::size_t CountConnections();

  const DataPlaneOptions options_;
  SelfMadeLog log_;
  const std::shared_ptr<tls::TicketKeyRing> tickets_ = std::make_shared<tls::TicketKeyRing>();
  snapshot::SnapshotBuilder builder_;
  SocketGroups sockets_;
  std::atomic<std::uint64_t> published_{0};
  std::uint64_t epoch_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::shared_ptr<const snapshot::AgentSnapshot> current_;  // the data plane's thread
  v1::Snapshot last_;                                       // likewise

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  DataPlaneStatus status_;
  std::thread thread_;
};

DataPlaneImpl::DataPlaneImpl(const DataPlaneOptions& options)
    : options_(options), log_(options.log), builder_(options.workers, options.zone, *options.health, tickets_), sockets_(options.workers, options.inherited) {}

absl::Status DataPlaneImpl::StartThreads() {
  Random seeds(options_.seed);
  // Apart from the others: the same seed gives the same picks with and without a log.
  Random pen_seeds(~options_.seed);
  for (unsigned i = 0; i < options_.workers; ++i) {
    absl::StatusOr<std::unique_ptr<loop::EventLoop>> loop = loop::EventLoop::Open(*options_.clock, seeds.Next());
    if (!loop.ok()) return loop.status();
    std::unique_ptr<access_log::Pen> pen = options_.access_log == nullptr ? nullptr : options_.access_log->MakePen(pen_seeds.Next());
    workers_.push_back(std::make_unique<Worker>(i, *std::move(loop), published_, log_, std::move(pen)));
  }
  for (const auto& worker : workers_) worker->Start();
  status_.workers = options_.workers;
  thread_ = std::thread([this] { RunTasks(); });
  return absl::OkStatus();
}

bool DataPlaneImpl::Enqueue(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  tasks_.push_back(std::move(task));
  wake_.notify_one();
  return true;
}

void DataPlaneImpl::RunTasks() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto called = [this] { return stopping_ || !tasks_.empty(); };
    if (!builder_.has_files()) {
      wake_.wait(lock, called);
    } else if (!wake_.wait_for(lock, kFilePoll, called)) {
      lock.unlock();
      if (builder_.FilesChanged()) ApplyNow(v1::Snapshot(last_));
      lock.lock();
      continue;
    }
    if (tasks_.empty()) return;
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

// Runs `task` on all workers and waits for all of them.
void DataPlaneImpl::OnEveryWorker(const std::function<void(Worker&, std::size_t)>& task) {
  std::mutex done_mutex;
  std::condition_variable done;
  std::size_t left = workers_.size();
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Worker* worker = workers_[i].get();
    worker->Run([&, worker, i] {
      task(*worker, i);
      const std::lock_guard lock(done_mutex);
      if (--left == 0) done.notify_one();
    });
  }
  std::unique_lock lock(done_mutex);
  done.wait(lock, [&] { return left == 0; });
}

void DataPlaneImpl::Apply(const v1::Snapshot& snapshot, std::function<void(config::ApplyOutcome)> done) {
  auto shared_done = std::make_shared<std::function<void(config::ApplyOutcome)>>(std::move(done));
  if (!Enqueue([this, snapshot, shared_done] { (*shared_done)(ApplyNow(snapshot)); })) (*shared_done)({});
}

config::ApplyOutcome DataPlaneImpl::ApplyNow(const v1::Snapshot& proto) {
  snapshot::SnapshotBuilder::Result built = builder_.Build(proto);
  config::ApplyOutcome outcome;
  outcome.violations = std::move(built.violations);
  for (const std::string& warning : built.warnings) {
    if (options_.log != nullptr) options_.log->Warn(warning, {});
  }
  OpenListeners(*built.snapshot, outcome.violations);
  const std::shared_ptr<const snapshot::AgentSnapshot> next = built.snapshot;
  const std::uint64_t epoch = ++epoch_;
  OnEveryWorker([&](Worker& worker, std::size_t) { worker.Prepare(epoch, next); });
  published_.store(epoch, std::memory_order_release);

  std::map<std::string, std::string> serving;
  std::vector<ListenerStatus> listeners;
  for (const auto& listener : next->listeners) {
    serving[listener->endpoint.ToString()] = listener->name;
    listeners.push_back({listener->name, listener->endpoint.ToString()});
  }
  const std::map<std::string, std::vector<int>> opened = sockets_.TakeNew();
  OnEveryWorker([&](Worker& worker, std::size_t index) {
    std::map<std::string, std::vector<int>> own;
    for (const auto& [address, fds] : opened) {
      for (std::size_t i = index; i < fds.size(); i += workers_.size()) own[address].push_back(fds[i]);
    }
    worker.Commit(own, serving);
  });
  sockets_.Keep(serving);
  sockets_.DropInherited();
  current_ = next;
  // To build again when a file has changed; nothing else keeps it.
  last_ = builder_.has_files() ? proto : v1::Snapshot();
  const std::lock_guard lock(mutex_);
  status_.generation = next->generation;
  status_.listeners = std::move(listeners);
  outcome.applied = true;
  return outcome;
}

// Opens what is not open yet. A listener that cannot move to its new address goes on at the old one; one that never was open is left out.
void DataPlaneImpl::OpenListeners(snapshot::AgentSnapshot& next, std::vector<v1::Violation>& violations) {
  std::map<std::string, std::shared_ptr<const snapshot::ListenerConfig>> before;
  if (current_) {
    for (const auto& listener : current_->listeners) before[listener->name] = listener;
  }
  std::vector<std::shared_ptr<const snapshot::ListenerConfig>> usable;
  for (const auto& listener : next.listeners) {
    const absl::Status status = sockets_.Open(listener->endpoint);
    if (status.ok()) {
      usable.push_back(listener);
      continue;
    }
    v1::Violation violation;
    violation.mutable_resource()->set_kind(v1::KIND_LISTENER);
    violation.mutable_resource()->set_name(listener->name);
    violation.set_field(status.code() == absl::StatusCode::kFailedPrecondition ? "spec.address" : "spec.port");
    violation.set_reason(std::string(Message(status)));
    violations.push_back(std::move(violation));
    if (const auto at = before.find(listener->name); at != before.end()) {
      // Routes are always those of this snapshot. Where they no longer fit the listener's protocol, all but the address is new.
      const bool fits = at->second->protocol == listener->protocol;
      auto kept = std::make_shared<snapshot::ListenerConfig>(fits ? *at->second : *listener);
      kept->endpoint = at->second->endpoint;
      kept->routes = listener->routes;
      kept->tunnels = listener->tunnels;
      usable.push_back(std::move(kept));
    }
  }
  next.listeners = std::move(usable);
}

void DataPlaneImpl::Collect(std::function<void(report::Window)> done) {
  // The last worker to answer hands the sum over; nothing blocks.
  struct Gathering {
    std::mutex mutex;
    report::Window sum;
    std::size_t left = 0;
    std::function<void(report::Window)> done;
  };
  const auto gathering = std::make_shared<Gathering>();
  gathering->left = workers_.size();
  gathering->done = std::move(done);
  const auto answer = [gathering](const report::Window* window) {
    const std::lock_guard lock(gathering->mutex);
    if (window != nullptr) gathering->sum.Merge(*window);
    if (--gathering->left == 0) gathering->done(std::move(gathering->sum));
  };
  for (const auto& worker : workers_) {
    Worker* each = worker.get();
    const bool running = each->Run([each, answer] {
      const report::Window window = each->Collect();
      answer(&window);
    });
    if (!running) answer(nullptr);
  }
}

void DataPlaneImpl::CollectEvidence(std::function<void(std::vector<report::EvidenceRows>)> done) {
  struct Gathering {
    std::mutex mutex;
    std::vector<report::EvidenceRows> rows;
    std::size_t left = 0;
    std::function<void(std::vector<report::EvidenceRows>)> done;
  };
  const auto gathering = std::make_shared<Gathering>();
  gathering->left = workers_.size();
  gathering->rows.resize(workers_.size());
  gathering->done = std::move(done);
  const auto answer = [gathering](std::size_t at, report::EvidenceRows rows) {
    const std::lock_guard lock(gathering->mutex);
    gathering->rows[at] = std::move(rows);
    if (--gathering->left == 0) gathering->done(std::move(gathering->rows));
  };
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Worker* each = workers_[i].get();
    if (!each->Run([each, answer, i] { answer(i, each->TakeEvidence()); })) answer(i, {});
  }
}

std::size_t DataPlaneImpl::CountConnections() {
  std::atomic<std::size_t> sum{0};
  OnEveryWorker([&](Worker& worker, std::size_t) { sum += worker.connections(); });
  return sum;
}

bool DataPlaneImpl::BeginDraining() {
  const std::lock_guard lock(mutex_);
  return !std::exchange(status_.draining, true);
}

void DataPlaneImpl::Drain(Duration bound, std::function<void()> done) {
  if (BeginDraining()) Enqueue([this, bound, done = std::move(done)] { DrainNow(bound, done); });
}

void DataPlaneImpl::DrainGradually(Duration bound, std::function<void()> done) {
  if (BeginDraining()) Enqueue([this, bound, done = std::move(done)] { DrainBitByBit(bound, done); });
}

void DataPlaneImpl::CopySockets(std::function<void(std::map<std::string, std::vector<int>>)> taken) {
  auto shared = std::make_shared<std::function<void(std::map<std::string, std::vector<int>>)>>(std::move(taken));
  const bool running = Enqueue([this, shared] {
    std::mutex mutex;
    std::map<std::string, std::vector<int>> all;
    OnEveryWorker([&](Worker& worker, std::size_t) {
      const std::lock_guard lock(mutex);
      for (const auto& [address, fds] : worker.CopySockets()) all[address].insert(all[address].end(), fds.begin(), fds.end());
    });
    (*shared)(std::move(all));
  });
  if (!running) (*shared)({});
}

bool DataPlaneImpl::Rest(Duration pause) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, pause, [this] { return stopping_; });
}

void DataPlaneImpl::DrainBitByBit(Duration bound, const std::function<void()>& done) {
  const TimePoint start = options_.clock->Now();
  OnEveryWorker([](Worker& worker, std::size_t) { worker.ReleaseSockets(); });
  bool last_part = false;
  while (CountConnections() > 0 && options_.clock->Now() - start < bound) {
    const double part = static_cast<double>((options_.clock->Now() - start).count()) / static_cast<double>(bound.count());
    if (!last_part) OnEveryWorker([&](Worker& worker, std::size_t) { worker.DrainShare(part / kSpreadPart); });
    if (part >= kIdlePart) {
      // From here on also connections that came late (out of a handshake) are told at once.
      if (!std::exchange(last_part, true)) OnEveryWorker([](Worker& worker, std::size_t) { worker.BeginDrain(); });
      OnEveryWorker([](Worker& worker, std::size_t) { worker.CloseIdle(); });
    }
    if (!Rest(std::min(kDrainStep, bound / 20))) return;
  }
  OnEveryWorker([](Worker& worker, std::size_t) { worker.CloseAll(); });
  done();
}

void DataPlaneImpl::DrainNow(Duration bound, const std::function<void()>& done) {
  const TimePoint start = options_.clock->Now();
  OnEveryWorker([](Worker& worker, std::size_t) { worker.BeginDrain(); });
  const Duration grace = std::min(kIdleGrace, bound / 2);
  while (CountConnections() > 0 && options_.clock->Now() - start < bound) {
    if (options_.clock->Now() - start >= grace) OnEveryWorker([](Worker& worker, std::size_t) { worker.CloseIdle(); });
    if (!Rest(kDrainPoll)) return;
  }
  OnEveryWorker([](Worker& worker, std::size_t) { worker.CloseAll(); });
  done();
}

void DataPlaneImpl::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  for (const auto& worker : workers_) worker->Stop();
}

DataPlaneStatus DataPlaneImpl::Status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataPlane>> DataPlane::Start(const DataPlaneOptions& options) {
  if (options.workers < 1 || options.workers > kMaxWorkers) {
    return absl::InvalidArgumentError(fmt::format("workers is {}; expected 1 to {}", options.workers, kMaxWorkers));
  }
  auto plane = std::make_unique<DataPlaneImpl>(options);
  const absl::Status status = plane->StartThreads();
  if (!status.ok()) return status;
  return plane;
}

}  // namespace switchyard::agent::runtime
