#include "agent/access_log/pen.h"

namespace switchyard::agent::access_log {
namespace {

constexpr std::size_t kUsualLine = 4096;
// Of the ring, in use, above which a nap of the press should end.
constexpr std::size_t kMuchPart = 4;

}  // namespace

Pen::Pen(LineRing& ring, Bell& bell, const Clock& clock, std::uint64_t seed) : ring_(ring), bell_(bell), clock_(clock), random_(seed) {
  line_.reserve(kUsualLine);
}

bool Pen::Chosen(const Entry& entry, const Terms& terms) {
  if (entry.cause != Cause::kNone || entry.status >= 500 || entry.took > terms.slow || terms.share >= 1) return true;
  return random_.Unit() < terms.share;
}

void Pen::Write(const Entry& entry, const Terms& terms) {
  if (!Chosen(entry, terms)) return;
  line_.clear();
  AppendLine(line_, entry, terms, stamp_.Of(clock_.WallNow()));
  ring_.Put(line_);
  bell_.Tell(ring_.used() > ring_.capacity() / kMuchPart);
}

}  // namespace switchyard::agent::access_log
