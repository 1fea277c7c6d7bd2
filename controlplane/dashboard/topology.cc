#include "controlplane/dashboard/topology.h"

#include <string_view>

#include <fmt/format.h>

#include "common/observe/json_text.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::controlplane::dashboard {
namespace {

using observe::JsonArray;
using observe::JsonObject;

template <class Texts>
std::string Array(const Texts& texts) {
  JsonArray out;
  for (const auto& text : texts) out.Add(text);
  return out.Finish();
}

std::string_view Short(const std::string& name, std::string_view prefix) {
  std::string_view out = name;
  if (out.starts_with(prefix)) out.remove_prefix(prefix.size());
  return out;
}

std::string PathOf(const v1::PathMatch& path) {
  switch (path.kind_case()) {
    case v1::PathMatch::kExact:
      return "= " + path.exact();
    case v1::PathMatch::kPrefix:
      return path.prefix();
    case v1::PathMatch::kRegex:
      return "~ " + path.regex();
    case v1::PathMatch::kTemplate:
      return path.template_();
    default:
      return "/";
  }
}

std::string_view ProtocolOf(const v1::Listener& listener) {
  const bool said = listener.protocol() != v1::LISTENER_PROTOCOL_UNSPECIFIED;
  return Short(v1::ListenerProtocol_Name(said ? listener.protocol() : v1::LISTENER_PROTOCOL_HTTP), "LISTENER_PROTOCOL_");
}

std::string ListenerJson(const v1::Resource& resource) {
  const v1::Listener& listener = resource.listener();
  JsonObject out;
  out.Add("name", resource.name());
  out.Add("address", listener.address().empty() ? fmt::format("*:{}", listener.port()) : fmt::format("{}:{}", listener.address(), listener.port()));
  out.Add("protocol", ProtocolOf(listener));
  out.Add("tls", listener.has_tls());
  out.Add("generation", resource.generation());
  return out.Finish();
}

std::string RouteJson(const v1::Resource& resource) {
  const v1::Route& route = resource.route();
  JsonArray paths, upstreams;
  for (const v1::RouteMatch& match : route.matches()) paths.Add(PathOf(match.path()));
  for (const v1::WeightedUpstream& upstream : route.forward().upstreams()) {
    JsonObject share;
    share.Add("upstream", upstream.upstream());
    share.Add("weight", upstream.has_weight() ? upstream.weight() : 1U);
    upstreams.AddRaw(share.Finish());
  }
  JsonObject out;
  out.Add("name", resource.name());
  out.AddRaw("listeners", Array(route.listeners()));
  out.AddRaw("hosts", Array(route.hosts()));
  out.AddRaw("paths", paths.Finish());
  out.AddRaw("upstreams", upstreams.Finish());
  out.Add("action", route.has_redirect() ? "redirect" : route.has_direct_response() ? "respond" : "forward");
  out.Add("generation", resource.generation());
  return out.Finish();
}

std::string UpstreamJson(const v1::Resource& resource) {
  JsonObject out;
  out.Add("name", resource.name());
  out.Add("backends", resource.upstream().backends_size());
  out.Add("generation", resource.generation());
  return out.Finish();
}

}  // namespace

std::string TopologyJson(const store::Catalog& catalog) {
  JsonArray listeners, routes, upstreams;
  std::size_t counts[3] = {};
  for (const auto& [key, resource] : catalog.resources) {
    if (key.first == v1::KIND_LISTENER && ++counts[0] <= kMaxNodes) listeners.AddRaw(ListenerJson(*resource));
    if (key.first == v1::KIND_ROUTE && ++counts[1] <= kMaxNodes) routes.AddRaw(RouteJson(*resource));
    if (key.first == v1::KIND_UPSTREAM && ++counts[2] <= kMaxNodes) upstreams.AddRaw(UpstreamJson(*resource));
  }
  JsonObject out;
  out.Add("generation", catalog.generation);
  out.AddRaw("listeners", listeners.Finish());
  out.AddRaw("routes", routes.Finish());
  out.AddRaw("upstreams", upstreams.Finish());
  out.Add("truncated", counts[0] > kMaxNodes || counts[1] > kMaxNodes || counts[2] > kMaxNodes);
  return out.Finish();
}

}  // namespace switchyard::controlplane::dashboard
