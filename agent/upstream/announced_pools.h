// AnnouncedPools: the connections to one backend that tells backends whose connection they get (PROXY protocol): a small pool per client.
//
// A connection says at its start who the client is, so it may serve that client's connection only. Each client connection therefore has a
// pool of its own, found by the header that its connections start with. An idle connection is kept for kLongestIdle at most, because a
// client that left does not come back.
//
// Thread-safety: its worker. Bounds: at most `max_connections` over all pools when a new client comes; then idle ones of other clients are
// closed, and when that does not help there is no pool for it. Pools without connections go when a new one is made.
// Cost: a look-up; a new client costs O(pools).
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "agent/report/window.h"
#include "agent/upstream/connection_pool.h"

namespace switchyard::agent::upstream {

class AnnouncedPools {
 public:
  static constexpr Duration kLongestIdle = std::chrono::seconds(10);

  AnnouncedPools(loop::EventLoop& loop, const Endpoint& backend) : loop_(loop), backend_(backend) {}

  // The pool whose connections start with `header`; null when every place is taken.
  loop::Ref<ConnectionPool> Get(std::string_view header);
  void Configure(const PoolLimits& limits);
  void CloseIdle();
  void Close();
  std::uint32_t connections() const;
  // Added to `window`: connections of each kind, and who waits for one.
  void AddTo(report::BackendWindow& window) const;

 private:
  void Sweep();

  loop::EventLoop& loop_;
  const Endpoint backend_;
  PoolLimits limits_;
  std::unordered_map<std::string, loop::Ref<ConnectionPool>> pools_;
};

}  // namespace switchyard::agent::upstream
