#include "controlplane/validation/socket_rules.h"

namespace switchyard::controlplane::validation {

void CheckSocket(Text at, const v1::SocketOptions& options, Findings& out) {
  CheckLimit(at, "user_timeout", options.has_user_timeout(), options.user_timeout(), config::kUserTimeout, out);
  const v1::TcpKeepalive& keepalive = options.keepalive();
  const std::string inner = At(at, "keepalive");
  CheckTime(inner, "idle", keepalive.has_idle(), keepalive.idle(), config::kKeepaliveIdle, out);
  CheckTime(inner, "interval", keepalive.has_interval(), keepalive.interval(), config::kKeepaliveInterval, out);
  CheckCount(inner, "count", keepalive.count(), config::kKeepaliveCount, out);
}

}  // namespace switchyard::controlplane::validation
