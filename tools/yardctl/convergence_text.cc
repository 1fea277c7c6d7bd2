#include "tools/yardctl/convergence_text.h"

#include <fmt/format.h>

#include "common/base/duration.h"
#include "common/config/violation.h"
#include "common/rpc/proto_time.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

std::string LaggardWord(const v1::Laggard& laggard) {
  switch (laggard.state()) {
    case v1::Laggard::STATE_PENDING: return fmt::format("pending: no answer yet, serves generation {}", laggard.applied_generation());
    case v1::Laggard::STATE_QUARANTINED: return "quarantined";
    case v1::Laggard::STATE_REJECTED: return fmt::format("rejected, serves generation {}", laggard.applied_generation());
    case v1::Laggard::STATE_DISCONNECTED:
      if (laggard.applied_generation() == 0) return "disconnected: not heard of since the controller started";
      return fmt::format("disconnected: serves generation {}, gets this one when it returns", laggard.applied_generation());
    default: return "?";
  }
}

std::string HowFar(const v1::Convergence& convergence) {
  if (convergence.total() == 0) return "no agent is connected";
  return fmt::format("live on {} of {} connected agents", convergence.applied(), convergence.total());
}

}  // namespace

std::string ConvergenceText(const v1::Convergence& convergence) {
  std::string out = fmt::format("generation {}: {}", convergence.generation(), HowFar(convergence));
  // Zero: the controller that knows it has ended since.
  if (rpc::ToDuration(convergence.took()).count() > 0) out += fmt::format(" after {}", FormatDurationRounded(rpc::ToDuration(convergence.took())));
  out += '\n';
  for (const v1::Laggard& laggard : convergence.laggards()) {
    const std::string start = fmt::format("  {}: {}", Printable(laggard.node()), LaggardWord(laggard));
    if (laggard.violations().empty()) out += start + '\n';
    for (const v1::Violation& violation : laggard.violations()) out += start + ": " + Printable(config::ToString(violation)) + '\n';
  }
  return out;
}

ExitCode ConvergenceExit(const v1::Convergence& convergence) { return convergence.complete() ? ExitCode::kOk : ExitCode::kNotConverged; }

}  // namespace switchyard::tools::yardctl
