// EvidenceSender: tells the fleet's loop what the workers saw: every 100 ms where something failed, else at the interval that the controller asks for.
//
// While the message before waits to be sent, or there is no controller, counts add up here; those of a backend that nobody asks for are forgotten after the
// stream is gone, because they are of before. Backends get numbers as they are first told on a stream.
// Thread-safety: loop thread only; the source may answer from any thread. Bounds: kMaxBackends; what is beyond is not told. kMaxRoutes of each; what is beyond
// is told as the backend's. One collection under way.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/report/evidence.h"
#include "common/base/clock.h"
#include "common/base/loop.h"
#include "switchyard/v1/overlay.pb.h"

namespace switchyard::agent::fleet {

struct EvidenceParts {
  Loop* loop = nullptr;
  const Clock* clock = nullptr;
  // Asks the workers; see DataPlane::CollectEvidence.
  std::function<void(std::function<void(std::vector<report::EvidenceRows>)>)> collect;
  // Whether a message would be taken now; and hands it over.
  std::function<bool()> may_send;
  std::function<bool(v1::Evidence)> send;
  // Between messages without failures.
  std::function<Duration()> interval;
};

class EvidenceSender {
 public:
  static constexpr std::size_t kMaxBackends = 20'000;
  // Of one backend.
  static constexpr std::size_t kMaxRoutes = 16;
  static constexpr Duration kBeat = std::chrono::milliseconds(100);

  explicit EvidenceSender(EvidenceParts parts);
  ~EvidenceSender();
  EvidenceSender(const EvidenceSender&) = delete;
  EvidenceSender& operator=(const EvidenceSender&) = delete;

  void Start();
  void Stop();
  // A stream was welcomed: numbers start anew, and every backend with requests in flight is told.
  void NewStream();

 private:
  struct Backend {
    std::uint32_t id = 0;  // 0: not told on this stream
    report::EvidenceCounts counts;
    std::map<std::uint64_t, report::EvidenceCounts> routes;  // beside `counts`
    std::vector<std::uint32_t> in_flight;  // by worker
    std::uint32_t told = 0;
    bool pending = false;
  };
  using Key = std::pair<std::string, std::string>;

  void Beat();
  void Collected(const std::vector<report::EvidenceRows>& rows);
  void Add(const report::EvidenceRow& row, Backend& backend);
  void Send();
  void Write(const Key& key, Backend& backend, v1::Evidence& evidence);

  const EvidenceParts parts_;
  std::unique_ptr<Loop::Timer> timer_;
  bool collecting_ = false;
  bool failures_ = false;
  bool fresh_ = true;
  std::uint32_t last_id_ = 0;
  std::uint64_t sequence_ = 0;
  TimePoint sent_{};
  std::map<Key, Backend> backends_;
  std::vector<std::map<Key, Backend>::value_type*> pending_;
  std::shared_ptr<bool> alive_;
};

}  // namespace switchyard::agent::fleet
