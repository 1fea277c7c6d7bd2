// OverlayTable: takes the controller's overlays, writes them into the words that the workers read, and lets what is old go.
//
// Life of a word: it holds for the overlay's ttl after the newest overlay, whatever that one said. Then verdicts and in-flight end at once: what was true of a
// backend seconds ago is no ground to keep it out. Shared health stays until the agent's own probes, which begin then, have found something. Weights hold for
// three minutes more and go back to the configured ones over ten: a fleet without its controller stays balanced, and forgets slowly. Operators' overrides end
// with the verdicts. Order: an epoch older than what is known of the same controller process is ignored. A full overlay replaces all; one of another
// controller process, which knows nothing yet, leaves weights that it does not mention to fade as if their controller were silent.
//
// Thread-safety: loop thread only; the words are read by the workers. Bounds: kMaxBackends; more are ignored and counted. Bad input: a number that was never
// given a name is ignored; weights are held to 0.1-10, shares to 0.001-1, the ttl to 1s-60s.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "agent/health/health_table.h"
#include "common/base/clock.h"
#include "common/base/loop.h"
#include "switchyard/v1/overlay.pb.h"

namespace switchyard::agent::fleet {

class OverlayTable {
 public:
  static constexpr std::size_t kMaxBackends = 20'000;
  static constexpr Duration kWeightsHold = std::chrono::minutes(3);
  static constexpr Duration kWeightsFade = std::chrono::minutes(10);

  // All must outlive this.
  OverlayTable(health::HealthTable& table, const Clock& clock) : table_(table), clock_(clock) {}

  // False: it was ignored.
  bool Apply(const v1::Overlay& overlay);
  // A new stream stands: the numbers of the last one mean nothing any more. What is held stays until the full overlay.
  void NewStream();
  // Lets go of what is old. Every second or so.
  void Tick();

  // The controller has said something within its ttl.
  bool alive() const { return alive_; }
  std::uint64_t epoch() const { return epoch_; }
  std::size_t size() const { return entries_.size(); }
  std::uint64_t ignored() const { return ignored_; }
  Duration evidence_interval() const { return evidence_interval_; }

  // One backend's word, for status pages.
  struct Row {
    std::string upstream;
    std::string address;
    v1::BackendWord word;
  };
  // Those that are not plain, in order; at most `limit`.
  std::vector<Row> NotPlain(std::size_t limit) const;

 private:
  struct Entry {
    std::string upstream;
    std::string address;
    std::shared_ptr<health::BackendHealth> health;
    v1::BackendWord word;
  };
  Entry* Find(const v1::BackendOverlay& one);
  void Replace(const v1::Overlay& overlay);
  void Take(Entry& entry, const v1::BackendWord& word);
  void Release(Entry& entry, bool keep_weight);
  void Fade(TimePoint since, const std::shared_ptr<health::BackendHealth>& backend, float held, TimePoint now) const;

  health::HealthTable& table_;
  const Clock& clock_;
  std::unordered_map<std::uint32_t, Entry> entries_;
  std::unordered_map<std::string, std::uint32_t> ids_;  // upstream and address -> number
  struct Fading {
    std::shared_ptr<health::BackendHealth> health;
    float held = 1;
    TimePoint since{};
  };
  std::unordered_map<std::string, Fading> fading_;  // of a controller that is gone
  std::string instance_;
  std::uint64_t epoch_ = 0;
  bool fresh_ = true;  // a full overlay must come first
  bool alive_ = false;
  bool faded_ = true;  // no weight is held any more
  Duration ttl_ = std::chrono::seconds(10);
  Duration evidence_interval_ = std::chrono::milliseconds(100);
  TimePoint heard_{};
  std::uint64_t ignored_ = 0;
};

}  // namespace switchyard::agent::fleet
