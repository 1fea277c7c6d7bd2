#include "controlplane/validation/route_forms.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/field_words.h"
#include "common/config/limits.h"
#include "common/config/resource_key.h"
#include "controlplane/validation/findings.h"

namespace switchyard::controlplane::validation {
namespace {

using Names = std::set<std::string_view>;

const Names kRouteFields = {"listeners", "matches", "forward", "timeouts"};
const Names kForwardFields = {"upstreams"};
const Names kTimeoutFields = {"idle"};

std::string Word(const v1::Listener& listener) {
  return config::EnumWord(*v1::ListenerProtocol_descriptor(), config::Protocol(listener));
}

// Refuses every field of `message` that is set and not in `allowed`, so that fields that come later are refused too.
void CheckOnly(std::string_view parent, const google::protobuf::Message& message, const Names& allowed, const std::string& why, Findings& out) {
  std::vector<const google::protobuf::FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const auto* field : set) {
    if (!allowed.contains(field->name())) out.Add(At(parent, field->name()), why);
  }
}

class FormCheck {
 public:
  explicit FormCheck(const store::Catalog& catalog) : catalog_(catalog) {}

  void Route(const v1::Resource& resource, config::ViolationList& out) {
    Findings findings(config::KeyOf(resource), out);
    const v1::Route& route = resource.route();
    const v1::Resource* tunnel = nullptr;
    const v1::Resource* http = nullptr;
    bool passthrough_only = true;
    for (int i = 0; i < route.listeners_size(); ++i) {
      const v1::Resource* listener = catalog_.Find(v1::KIND_LISTENER, route.listeners(i));
      if (listener == nullptr) continue;
      const bool is_tunnel = config::IsTunnel(listener->listener());
      (is_tunnel ? tunnel : http) = listener;
      const bool tcp = listener->listener().protocol() == v1::LISTENER_PROTOCOL_TCP;
      passthrough_only = passthrough_only && is_tunnel && !tcp;
      if (tcp) CheckAlone(i, *listener, resource.name(), findings);
    }
    if (tunnel != nullptr && http != nullptr) {
      return findings.Add("spec.listeners", fmt::format("names Listener \"{}\" of {} and Listener \"{}\" of {}; give each its own route",
                                                        tunnel->name(), Word(tunnel->listener()), http->name(), Word(http->listener())));
    }
    if (tunnel != nullptr) CheckTunnelRoute(route, *tunnel, passthrough_only, findings);
    if (tunnel != nullptr) CheckUpstreams(route, *tunnel, findings);
    if (http != nullptr) CheckHttpRoute(route, *http, findings);
  }

 private:
  // Routes come in order of name, so the violation is on the later one.
  void CheckAlone(int index, const v1::Resource& listener, const std::string& route, Findings& out) {
    const auto [at, first] = tcp_routes_.emplace(listener.name(), route);
    if (first || at->second == route) return;
    out.Add(At("spec.listeners", index), fmt::format("names Listener \"{}\" of TCP, which Route \"{}\" serves already; a TCP listener has one route",
                                                     listener.name(), at->second));
  }

  // Bytes go to the backend as the client sent them.
  void CheckUpstreams(const v1::Route& route, const v1::Resource& listener, Findings& out) const {
    for (int i = 0; i < route.forward().upstreams_size(); ++i) {
      const std::string& name = route.forward().upstreams(i).upstream();
      const v1::Resource* upstream = catalog_.Find(v1::KIND_UPSTREAM, name);
      if (upstream == nullptr || !upstream->upstream().has_tls()) continue;
      out.Add(At(At("spec.forward.upstreams", i), "upstream"),
              fmt::format("names Upstream \"{}\", which has `tls`, but Listener \"{}\" speaks {} and passes bytes on unread; use an upstream without",
                          name, listener.name(), Word(listener.listener())));
    }
  }

  static void CheckTunnelRoute(const v1::Route& route, const v1::Resource& listener, bool passthrough, Findings& out) {
    const std::string why = fmt::format("is for HTTP, but Listener \"{}\" speaks {} and passes bytes on unread; leave it out", listener.name(),
                                        Word(listener.listener()));
    CheckOnly("spec", route, kRouteFields, why, out);
    CheckOnly("spec.forward", route.forward(), kForwardFields, why, out);
    CheckOnly("spec.timeouts", route.timeouts(), kTimeoutFields, why, out);
    for (int i = 0; i < route.matches_size(); ++i) {
      const std::string at = At("spec.matches", i);
      CheckOnly(at, route.matches(i), {"sni"}, why, out);
      if (passthrough || route.matches(i).sni().empty()) continue;
      out.Add(At(at, "sni"), fmt::format("needs a hello to look at, but Listener \"{}\" speaks {}; use a listener of TLS_PASSTHROUGH",
                                         listener.name(), Word(listener.listener())));
    }
  }

  static void CheckHttpRoute(const v1::Route& route, const v1::Resource& listener, Findings& out) {
    for (int i = 0; i < route.matches_size(); ++i) {
      if (route.matches(i).sni().empty()) continue;
      out.Add(At(At("spec.matches", i), "sni"),
              fmt::format("is for TLS_PASSTHROUGH, but Listener \"{}\" speaks {}; use `hosts`", listener.name(), Word(listener.listener())));
    }
  }

  const store::Catalog& catalog_;
  std::map<std::string, std::string> tcp_routes_;
};

}  // namespace

void CheckRouteForms(const store::Catalog& candidate, config::ViolationList& out) {
  FormCheck check(candidate);
  for (auto it = candidate.resources.lower_bound(store::Catalog::Key(v1::KIND_ROUTE, ""));
       it != candidate.resources.end() && it->first.first == v1::KIND_ROUTE; ++it) {
    check.Route(*it->second, out);
  }
}

}  // namespace switchyard::controlplane::validation
