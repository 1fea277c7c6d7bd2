#include "agent/access_log/press.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "agent/access_log/line_file.h"
#include "common/base/status.h"

namespace switchyard::agent::access_log {
namespace {

std::uint64_t LinesIn(std::string_view bytes) { return static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n')); }

std::uint64_t LinesIn(const LineRing::Parts& parts) { return LinesIn(parts.first) + LinesIn(parts.second); }

// Of the lines in `parts`, those that end within the first `bytes`.
std::uint64_t LinesWithin(const LineRing::Parts& parts, std::size_t bytes) {
  const std::size_t in_first = std::min(bytes, parts.first.size());
  return LinesIn(parts.first.substr(0, in_first)) + LinesIn(parts.second.substr(0, bytes - in_first));
}

}  // namespace

struct Press::State {
  State(LineFile where, std::unique_ptr<Bell> rings_here, const Clock& time, observe::Log& lines, std::size_t size)
      : file(std::move(where)), bell(std::move(rings_here)), clock(time), ring_bytes(size), log(&lines) {}

  void Run();
  // False: there was nothing.
  bool TakeAll();
  void Take(LineRing& ring);
  void Deliver(const LineRing::Parts& parts);
  void Failed(int error);
  void GoesOn();
  void OpenAnew();
  void RestUntilCalled(Bell::Rest rest);
  // At least `most` bytes wait somewhere.
  bool Waiting(std::size_t most);
  template <class Say>
  void ToLog(const Say& say) {
    const std::lock_guard lock(lent_mutex);
    if (log != nullptr) say(*log);
  }
  // Nothing once the press has given up on this thread, and the clock may be gone.
  std::optional<TimePoint> Now() {
    const std::lock_guard lock(lent_mutex);
    if (log == nullptr) return std::nullopt;
    return clock.Now();
  }

  // The press's thread only.
  LineFile file;
  TimePoint try_again{};
  std::uint64_t lost = 0;  // since it has been failing

  const std::unique_ptr<Bell> bell;
  const Clock& clock;
  const std::size_t ring_bytes;
  std::atomic<bool> reopen{false};
  std::atomic<bool> closing{false};
  std::atomic<bool> failing{false};
  std::atomic<std::uint64_t> written{0};
  std::atomic<std::uint64_t> failed{0};

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::unique_ptr<LineRing>> rings;
  bool ended = false;

  // What others own, and may be gone when the press has given up on its thread; then `log` is null.
  std::mutex lent_mutex;
  observe::Log* log;
};

void Press::State::Run() {
  while (true) {
    const bool last = closing.load(std::memory_order_acquire);
    if (reopen.exchange(false)) OpenAnew();
    const bool any = TakeAll();
    if (last) break;
    RestUntilCalled(any ? Bell::Rest::kNap : Bell::Rest::kSleep);
  }
  const std::lock_guard lock(mutex);
  ended = true;
  changed.notify_all();
}

// Those who put something between the look and the wait ring; see Bell.
void Press::State::RestUntilCalled(Bell::Rest rest) {
  bell->LieDown(rest);
  if (!closing && !reopen && !Waiting(rest == Bell::Rest::kNap ? ring_bytes / 4 : 1)) bell->Wait(rest, kNap);
  bell->GetUp();
}

bool Press::State::Waiting(std::size_t most) {
  const std::lock_guard lock(mutex);
  return std::any_of(rings.begin(), rings.end(), [most](const auto& ring) { return ring->used() >= most; });
}

bool Press::State::TakeAll() {
  bool any = false;
  for (std::size_t i = 0;; ++i) {
    LineRing* ring = nullptr;
    {
      const std::lock_guard lock(mutex);
      if (i >= rings.size()) return any;
      ring = rings[i].get();
    }
    if (ring->used() == 0) continue;
    any = true;
    Take(*ring);
  }
}

void Press::State::Take(LineRing& ring) {
  const LineRing::Parts parts = ring.Peek();
  Deliver(parts);
  ring.Take(parts.first.size() + parts.second.size());
}

void Press::State::Deliver(const LineRing::Parts& parts) {
  const std::uint64_t lines = LinesIn(parts);
  const std::optional<TimePoint> now = Now();
  if (!now || (failing && *now < try_again)) {
    failed += lines;
    lost += lines;
    return;
  }
  const LineFile::Result result = file.Write(parts);
  const std::uint64_t whole = result.error == 0 ? lines : LinesWithin(parts, result.bytes);
  written += whole;
  failed += lines - whole;
  lost += lines - whole;
  if (result.error != 0) {
    Failed(result.error);
  } else if (failing) {
    GoesOn();
  }
}

void Press::State::Failed(int error) {
  if (const std::optional<TimePoint> now = Now()) try_again = *now + kRetry;
  if (failing.exchange(true)) return;
  ToLog([&](observe::Log& to) {
    to.Error("the access log cannot be written; its lines are lost until it can",
             {{"to", file.target()}, {"error", std::strerror(error)}});
  });
}

void Press::State::GoesOn() {
  failing = false;
  ToLog([&](observe::Log& to) { to.Info("the access log is written again", {{"to", file.target()}, {"lines_lost", lost}}); });
  lost = 0;
}

void Press::State::OpenAnew() {
  const absl::Status opened = file.Reopen();
  try_again = {};
  ToLog([&](observe::Log& to) {
    if (opened.ok()) return to.Info("access log opened anew", {{"to", file.target()}});
    to.Error("the access log is not opened anew; the file before is written on", {{"error", Message(opened)}});
  });
}

absl::StatusOr<std::unique_ptr<Press>> Press::Open(const std::string& target, const Clock& clock, observe::Log& log, std::size_t ring_bytes) {
  absl::StatusOr<LineFile> file = LineFile::Open(target);
  if (!file.ok()) return file.status();
  absl::StatusOr<std::unique_ptr<Bell>> bell = Bell::Open();
  if (!bell.ok()) return bell.status();
  return std::unique_ptr<Press>(new Press(std::make_shared<State>(*std::move(file), *std::move(bell), clock, log, ring_bytes)));
}

Press::Press(std::shared_ptr<State> state) : state_(std::move(state)) {
  std::thread([state = state_] { state->Run(); }).detach();
}

Press::~Press() { Stop(); }

std::unique_ptr<Pen> Press::MakePen(std::uint64_t seed) {
  const std::lock_guard lock(state_->mutex);
  state_->rings.push_back(std::make_unique<LineRing>(state_->ring_bytes));
  return std::make_unique<Pen>(*state_->rings.back(), *state_->bell, state_->clock, seed);
}

void Press::Reopen() {
  state_->reopen = true;
  state_->bell->Ring();
}

void Press::Stop() {
  if (!state_->closing.exchange(true)) state_->bell->Ring();
  {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait_for(lock, kLastWords, [this] { return state_->ended; });
  }
  const std::lock_guard lock(state_->lent_mutex);
  state_->log = nullptr;
}

PressCounts Press::counts() const {
  PressCounts counts;
  counts.written = state_->written;
  counts.failed = state_->failed;
  counts.failing = state_->failing;
  const std::lock_guard lock(state_->mutex);
  for (const auto& ring : state_->rings) counts.dropped += ring->dropped();
  return counts;
}

}  // namespace switchyard::agent::access_log
