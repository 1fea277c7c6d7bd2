// BreakerBoard: the agents' breakers that are not simply closed, by backend and route, as each agent's newest report has them.
//
// An agent tells all of them each time, so that what it no longer tells is over. Rows that no honest agent sends (names too long, no worker or a
// thousand of them, a row twice) are not taken.
// Thread-safety: the caller's (Aggregator has the lock). Cost: Replace O(rows of the agent, old and new) log n; Tell O(agents in trouble there).
// Bounds: kMaxRows of one agent, `max_rows` of all, of about 300 bytes; kMaxRowsTold in one answer for a backend. What is beyond is left out and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "switchyard/v1/fleet.pb.h"
#include "switchyard/v1/report.pb.h"

namespace switchyard::controlplane::feedback {

class BreakerBoard {
 public:
  static constexpr int kMaxRows = 200;
  static constexpr std::size_t kMaxRowsTold = 20;
  // Upstream name, backend address.
  using Key = std::pair<std::string, std::string>;
  // Whether there is such a backend.
  using Knows = std::function<bool(const Key&)>;
  struct Taken {
    std::uint64_t malformed = 0;
    std::uint64_t dropped = 0;
  };

  explicit BreakerBoard(std::size_t max_rows) : max_rows_(max_rows) {}

  // `report` is all that `node` has to tell from now on. Rows of backends that are not known are dropped.
  Taken Replace(const std::string& node, const v1::Report& report, TimePoint now, const Knows& knows);
  void Drop(const std::string& node);
  // Of agents that were heard of at `since` or later, the worst rows first.
  std::vector<v1::BreakerRow> Tell(const Key& backend, TimePoint since) const;
  // Rows that those agents, or this board, had no room for.
  std::uint64_t left_out(TimePoint since) const;
  std::size_t rows() const { return rows_; }

 private:
  struct State {
    int level = 0;  // 0: closed, then soft, half-open, open
    bool ejected = false;
    std::string reason;
    TimePoint told;
  };
  using Nodes = std::map<std::string, State>;
  using Routes = std::map<std::string, Nodes>;
  using Places = std::map<Key, Routes>;
  struct Place {
    Places::iterator backend;
    Routes::iterator route;
    Nodes::iterator node;
  };
  struct Agent {
    std::vector<Place> places;
    std::uint64_t left_out = 0;
    TimePoint told;
  };

  static bool Honest(const v1::BreakerReport& row);
  static v1::BreakerRow Sum(const std::string& route, const Nodes& nodes, TimePoint since);
  // False: it was there already.
  bool Add(const std::string& node, Key key, const v1::BreakerReport& row, Agent& agent);

  const std::size_t max_rows_;
  Places places_;
  std::map<std::string, Agent> agents_;
  std::size_t rows_ = 0;
};

}  // namespace switchyard::controlplane::feedback
