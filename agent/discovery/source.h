// Source: where the backends of one upstream come from, for as long as its discovery stays as it is.
//
// Contract: `found` runs on the loop, never within the constructor or Start, each time the list differs from the one before; lists are sorted
// by address, without doubles, of at most kMaxDiscovered. A list once given holds until the next.
// Thread-safety: loop thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "switchyard/v1/upstream.pb.h"

namespace switchyard::agent::discovery {

using Backends = std::vector<v1::Backend>;

// For status pages and metrics.
struct SourceStatus {
  // `DNS api.example.com`, `file /etc/endpoints.yaml`.
  std::string source;
  std::size_t backends = 0;
  // A first answer is there, good or not.
  bool answered = false;
  // Why the newest look failed; empty: it did not.
  std::string error;
  std::uint64_t looks = 0;
  std::uint64_t failures = 0;
};

class Source {
 public:
  virtual ~Source() = default;
  virtual void Start() = 0;
  virtual SourceStatus Status() const = 0;
};

// What a source tells. `changed` false: the first answer is there and brought nothing (it failed).
using Found = std::function<void(const Backends& backends, bool changed)>;

// Sorts, removes doubles, cuts at the bound. For every source.
void Normalize(Backends& backends);
bool SameBackends(const Backends& a, const Backends& b);

}  // namespace switchyard::agent::discovery
