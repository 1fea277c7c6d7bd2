// AresResolver: asks DNS by c-ares over the control loop's sockets: UDP with retries over the servers, TCP when an answer was cut.
//
// Answers are parsed by dns_answer.h; c-ares does transport, identifiers and ports, which make answers hard to forge, and the hosts' list of
// servers. No search domains are tried. Thread-safety: the io_context's thread. Bounds: the timeout of a question; c-ares' own on responses.
// Errors: MakeAresResolver fails when c-ares cannot start (memory) or a server's address is wrong.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/discovery/resolver.h"
#include "common/base/clock.h"

namespace boost::asio {
class io_context;
}

namespace switchyard::agent::discovery {

// `servers`: `IP` or `IP:port`; empty: those of the host. `context` must outlive the resolver.
absl::StatusOr<std::unique_ptr<Resolver>> MakeAresResolver(boost::asio::io_context& context, const std::vector<std::string>& servers,
                                                           Duration timeout);

}  // namespace switchyard::agent::discovery
