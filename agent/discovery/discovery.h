// Discovery: stands between the stream and the data plane: fills in the backends that upstreams with `discovery` do not state, and fills them in
// anew whenever they change.
//
// Endpoints found are soft state: they change what the data plane serves and nothing else. Generation, digest, last-good file and
// acknowledgement are those of the configuration as it came. A configuration with an upstream that is not known yet waits for its first answer,
// at most kFirstAnswer, so that a switch does not serve 503 for a name that resolves.
//
// Thread-safety: loop thread only; `done` of Apply runs on any thread. Bounds: one source per upstream with discovery; changes that come together
// within kSettle are applied together. Errors: a source that fails keeps its last good list.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/config_sink.h"
#include "agent/discovery/source.h"
#include "common/base/loop.h"

namespace switchyard::agent::discovery {

// One upstream's source, as it is now.
struct DiscoveryStatus {
  std::string upstream;
  SourceStatus source;
};

class Discovery final : public config::ConfigSink {
 public:
  static constexpr Duration kFirstAnswer = std::chrono::seconds(2);
  static constexpr Duration kSettle = std::chrono::milliseconds(20);

  // Makes the source of one upstream; it is started later.
  using SourceMaker = std::function<std::unique_ptr<Source>(const v1::Discovery& terms, Found found)>;

  // All must outlive it.
  Discovery(Loop& loop, config::ConfigSink& next, SourceMaker maker);
  ~Discovery() override;

  // Told when what was found changes between two configurations: the snapshot before and now, both filled in.
  void OnFilled(std::function<void(const v1::Snapshot& before, const v1::Snapshot& now)> told) { told_ = std::move(told); }

  // Loop thread, unlike other sinks.
  void Apply(const v1::Snapshot& snapshot, std::function<void(config::ApplyOutcome)> done) override;
  // `snapshot` with the backends that are known now.
  v1::Snapshot Filled(const v1::Snapshot& snapshot) const;
  std::vector<DiscoveryStatus> Status() const;
  // Ends every source.
  void Stop();

 private:
  struct Entry {
    std::string terms;  // serialized
    std::unique_ptr<Source> source;
    Backends backends;
    bool answered = false;
  };
  struct Waiting {
    v1::Snapshot snapshot;
    std::function<void(config::ApplyOutcome)> done;
  };

  void Place(const v1::Resource& resource);
  void OnFound(const std::string& upstream, const Backends& backends, bool changed);
  bool AllAnswered() const;
  void PassOn();
  void Refill();

  Loop& loop_;
  config::ConfigSink& next_;
  const SourceMaker maker_;
  std::function<void(const v1::Snapshot&, const v1::Snapshot&)> told_;
  std::map<std::string, Entry> entries_;
  std::optional<Waiting> waiting_;
  // As it came, and as it was passed on; both empty where nothing is looked up.
  v1::Snapshot current_;
  v1::Snapshot filled_;
  std::unique_ptr<Loop::Timer> first_answer_;
  std::unique_ptr<Loop::Timer> settle_;
};

}  // namespace switchyard::agent::discovery
