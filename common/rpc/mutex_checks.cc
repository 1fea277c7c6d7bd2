#include "common/rpc/mutex_checks.h"

#include <absl/synchronization/mutex.h>

namespace switchyard::rpc {

void SkipMutexChecks() { absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore); }

}  // namespace switchyard::rpc
