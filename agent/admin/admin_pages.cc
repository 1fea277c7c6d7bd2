#include "agent/admin/admin_pages.h"

#include <array>

#include "agent/admin/live_handler.h"
#include "agent/admin/metrics_handler.h"
#include "agent/admin/ready_handler.h"
#include "agent/admin/snapshot_handler.h"
#include "agent/admin/status_handler.h"
#include "common/base/endpoint.h"

namespace switchyard::agent::admin {
namespace {

struct Entry {
  std::string_view path;
  Page (*handle)(AgentView&);
};

constexpr std::array<Entry, 5> kPages = {{
    {"/live", HandleLive},
    {"/metrics", HandleMetrics},
    {"/ready", HandleReady},
    {"/snapshot", HandleSnapshot},
    {"/status", HandleStatus},
}};

constexpr char kIndex[] = "yard-agent admin port: /live /metrics /ready /snapshot /status\n";

std::string_view PathOf(std::string_view target) { return target.substr(0, target.find('?')); }

// `host[:port]`, where host is `localhost` or an IP literal. An empty Host (HTTP/1.0) is no browser's.
bool IsLocalName(std::string_view host) {
  if (host.empty()) return true;
  const std::string_view name = host.substr(0, host.find(':'));
  if (name == "localhost") return true;
  if (host.front() == '[') return host.find(']') != std::string_view::npos;
  return Endpoint::FromIp(name, 0).ok();
}

}  // namespace

std::string_view PageName(std::string_view target) {
  for (const Entry& entry : kPages) {
    if (PathOf(target) == entry.path) return entry.path;
  }
  return "other";
}

Page Answer(const AdminRequest& request, bool any_host, AgentView& view) {
  if (!any_host && !IsLocalName(request.host)) return {421, kTextType, "ask by IP address or as localhost\n"};
  if (request.method != "GET" && request.method != "HEAD") return {405, kTextType, "only GET and HEAD\n"};
  const std::string_view path = PathOf(request.target);
  for (const Entry& entry : kPages) {
    if (path == entry.path) return entry.handle(view);
  }
  return {path == "/" ? 200U : 404U, kTextType, kIndex};
}

}  // namespace switchyard::agent::admin
