// ProbePlan: which agents probe which backend: k of those that serve it, in different zones as far as there are such.
//
// Agents and backends stand on one circle by hash; a backend is probed by the first agents after it, of zones not yet taken, then of any. When an agent comes
// or goes only its own part changes, and every backend has k probers as long as there are k agents: cost is backends x k, however many agents.
//
// Pure. Thread-safety: immutable after construction. Cost: O(a log a) to make, O(log a + k) per backend. Bounds: it looks at 8 k agents per backend.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::controlplane::fleet {

struct ProbingAgent {
  std::string node;
  std::string zone;
};

class ProbePlan {
 public:
  explicit ProbePlan(std::vector<ProbingAgent> agents);

  std::size_t agents() const { return agents_.size(); }
  // Nodes, at most `k`; all when there are no more.
  std::vector<std::string> ProbersOf(std::string_view upstream, std::string_view backend, std::size_t k) const;

 private:
  struct Point {
    std::uint64_t at;
    std::uint32_t agent;
  };
  std::vector<ProbingAgent> agents_;
  std::vector<Point> circle_;
};

// The same choice among agents that are few: those that suit the backend best, of zones not yet taken, then of any. O(a log a).
std::vector<std::string> ProbersAmong(const std::vector<ProbingAgent>& agents, std::string_view upstream, std::string_view backend, std::size_t k);

}  // namespace switchyard::controlplane::fleet
