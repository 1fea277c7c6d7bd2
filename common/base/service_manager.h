// ServiceManager: tells systemd (or what speaks its protocol) how this process is doing.
//
// Thread-safety: any thread. Cost: one datagram; nothing where NOTIFY_SOCKET is not set. Errors: none; who does not listen misses it.
// Source: sd_notify(3).
#pragma once

#include <string_view>

namespace switchyard {

// `state` as in sd_notify(3), e.g. `READY=1`.
void NotifyServiceManager(std::string_view state);

}  // namespace switchyard
