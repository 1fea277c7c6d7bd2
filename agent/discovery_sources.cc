#include "agent/discovery_sources.h"

#include <string>
#include <utility>
#include <vector>

#include "agent/discovery/ares_resolver.h"
#include "agent/discovery/dns_source.h"
#include "agent/discovery/file_source.h"
#include "common/base/status.h"
#include "common/config/limits.h"

namespace switchyard::agent {

std::unique_ptr<discovery::Source> MakeDiscoverySource(const v1::Discovery& terms, discovery::Found found, loop::ControlLoop& loop,
                                                       std::uint64_t seed, observe::Log& log) {
  if (terms.has_file()) return std::make_unique<discovery::FileSource>(loop, terms.file().path(), std::move(found));
  if (!terms.has_dns()) return nullptr;
  const std::vector<std::string> servers(terms.dns().resolvers().begin(), terms.dns().resolvers().end());
  auto resolver = discovery::MakeAresResolver(loop.context(), servers, switchyard::config::DnsTimeout(terms.dns()));
  if (!resolver.ok()) {
    log.Error("DNS cannot be asked", {{"name", terms.dns().name()}, {"error", Message(resolver.status())}});
    return nullptr;
  }
  return std::make_unique<discovery::DnsSource>(loop, *std::move(resolver), terms.dns(), seed, std::move(found));
}

}  // namespace switchyard::agent
