#include "tools/yardctl/commands/resource_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/config/resource_key.h"
#include "tools/yardctl/table.h"
#include "tools/yardctl/words.h"

namespace switchyard::tools::yardctl {
namespace {

constexpr std::size_t kMaxCell = 60;

// `a, b, c, +4` when there is more than fits a table.
std::string ListText(const google::protobuf::RepeatedPtrField<std::string>& items, const std::string& none) {
  std::string out;
  for (int i = 0; i < items.size(); ++i) {
    if (out.size() + items[i].size() > kMaxCell && i > 0) return out + fmt::format(", +{}", items.size() - i);
    out += (i > 0 ? ", " : "") + items[i];
  }
  return out.empty() ? none : out;
}

std::string Split(const v1::Forward& forward) {
  google::protobuf::RepeatedPtrField<std::string> parts;
  for (const v1::WeightedUpstream& share : forward.upstreams())
    *parts.Add() = fmt::format("{}:{}", share.upstream(), share.has_weight() ? share.weight() : 1);
  return ListText(parts, "-");
}

std::string Action(const v1::Route& route) {
  if (route.has_redirect()) return fmt::format("redirect {}", route.redirect().status() == 0 ? 302 : route.redirect().status());
  if (route.has_direct_response()) return fmt::format("answer {}", route.direct_response().status());
  return Split(route.forward());
}

std::string Backends(const v1::Upstream& upstream) {
  const v1::Discovery& discovery = upstream.discovery();
  if (discovery.has_dns()) return "by DNS " + discovery.dns().name();
  if (discovery.has_file()) return "by file " + discovery.file().path();
  if (discovery.has_kubernetes()) {
    const v1::KubernetesDiscovery& service = discovery.kubernetes();
    return fmt::format("by Kubernetes {}/{}", service.namespace_().empty() ? "default" : service.namespace_(), service.service());
  }
  const auto active = std::count_if(upstream.backends().begin(), upstream.backends().end(), [](const v1::Backend& backend) {
    return backend.state() == v1::BACKEND_STATE_UNSPECIFIED || backend.state() == v1::BACKEND_STATE_ACTIVE;
  });
  return fmt::format("{} active of {}", active, upstream.backends_size());
}

std::string Probe(const v1::Upstream& upstream) {
  if (!upstream.has_health_check()) return "none";
  if (upstream.health_check().has_tcp()) return "tcp";
  const std::string& path = upstream.health_check().http().path();
  return "http " + (path.empty() ? "/" : path);
}

// Subject and end of the leaf, or of the CA that ends first.
std::vector<std::string> SecretRow(const v1::Resource& resource, WallTime now) {
  const auto& facts = resource.secret().facts();
  const auto soonest = std::min_element(facts.begin(), facts.end(), [](const auto& a, const auto& b) {
    return a.not_after().seconds() < b.not_after().seconds();
  });
  return {resource.name(),
          resource.secret().has_ca() ? "ca" : "certificate",
          facts.empty() ? "-" : facts[0].subject(),
          facts.empty() ? "-" : ListText(facts[0].names(), "-"),
          soonest == facts.end() ? "-" : RelativeTime(soonest->not_after(), now),
          std::to_string(resource.generation()),
          RelativeTime(resource.updated(), now)};
}

std::vector<std::string> Row(const v1::Resource& resource, WallTime now) {
  const std::string generation = std::to_string(resource.generation());
  const std::string updated = RelativeTime(resource.updated(), now);
  if (resource.has_listener()) {
    const v1::Listener& listener = resource.listener();
    const std::string agents = Labels(listener.agents().match_labels());
    return {resource.name(), fmt::format("{}:{}", listener.address().empty() ? "0.0.0.0" : listener.address(), listener.port()),
            agents.empty() ? "every agent" : agents, generation, updated};
  }
  if (resource.has_secret()) return SecretRow(resource, now);
  if (resource.has_route()) {
    const v1::Route& route = resource.route();
    return {resource.name(), ListText(route.listeners(), "-"), ListText(route.hosts(), "*"), std::to_string(route.matches_size()),
            Action(route), generation, updated};
  }
  const v1::Upstream& upstream = resource.upstream();
  return {resource.name(), Backends(upstream), upstream.balancer() == v1::BALANCER_ROUND_ROBIN ? "round_robin" : "least_request",
          Probe(upstream), generation, updated};
}

std::vector<std::string> Heading(v1::Kind kind) {
  if (kind == v1::KIND_LISTENER) return {"LISTENER", "ADDRESS", "AGENTS", ">GENERATION", "UPDATED"};
  if (kind == v1::KIND_ROUTE) return {"ROUTE", "LISTENERS", "HOSTS", ">MATCHES", "ACTION", ">GENERATION", "UPDATED"};
  if (kind == v1::KIND_SECRET) return {"SECRET", "HOLDS", "SUBJECT", "NAMES", "ENDS", ">GENERATION", "UPDATED"};
  return {"UPSTREAM", "BACKENDS", "BALANCER", "PROBE", ">GENERATION", "UPDATED"};
}

}  // namespace

std::string ResourceTables(const google::protobuf::RepeatedPtrField<v1::Resource>& resources, WallTime now) {
  std::string out;
  for (const v1::Kind kind : {v1::KIND_LISTENER, v1::KIND_ROUTE, v1::KIND_UPSTREAM, v1::KIND_SECRET}) {
    Table table(Heading(kind));
    for (const v1::Resource& resource : resources)
      if (config::KindOf(resource) == kind) table.Add(Row(resource, now));
    if (table.empty()) continue;
    if (!out.empty()) out += '\n';
    out += table.Text();
  }
  return out;
}

}  // namespace switchyard::tools::yardctl
