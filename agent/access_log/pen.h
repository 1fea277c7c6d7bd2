// Pen: what a worker writes its lines of the access log with. It decides which requests get one and puts the line where the press finds it.
//
// A request that failed (a cause, a status from 500, slower than the listener's `slow`) always gets its line; of the others a share, drawn.
// Thread-safety: its worker. Cost: a line is made in memory that stays, copied once; at most one system call, and only where the press sleeps. No
// lock, no allocation once the longest line has been seen. Bounds: the ring's; what does not fit is dropped and counted there.
#pragma once

#include <cstdint>
#include <string>

#include "agent/access_log/bell.h"
#include "agent/access_log/line_ring.h"
#include "agent/access_log/line_text.h"
#include "agent/access_log/terms.h"
#include "common/base/clock.h"
#include "common/base/random.h"

namespace switchyard::agent::access_log {

class Pen {
 public:
  // All outlive the pen.
  Pen(LineRing& ring, Bell& bell, const Clock& clock, std::uint64_t seed);
  void Write(const Entry& entry, const Terms& terms);

 private:
  bool Chosen(const Entry& entry, const Terms& terms);

  LineRing& ring_;
  Bell& bell_;
  const Clock& clock_;
  // Of its own, so that logging does not change which backends are picked.
  Random random_;
  Stamp stamp_;
  std::string line_;
};

}  // namespace switchyard::agent::access_log
