#include "agent/policy/redirect.h"

namespace switchyard::agent::policy {
namespace {

std::string_view PortOf(const codec::RequestHead& head) {
  const std::string_view port = head.authority.substr(std::min(head.host.size(), head.authority.size()));
  return port.starts_with(':') ? port.substr(1) : std::string_view();
}

std::string_view DefaultPort(std::string_view scheme) { return scheme == "https" ? "443" : "80"; }

std::string Url(std::string_view scheme, std::string_view host, std::string_view port, std::string_view path, std::string_view query) {
  std::string out;
  out.append(scheme).append("://").append(host);
  if (!port.empty() && port != DefaultPort(scheme)) out.append(":").append(port);
  out.append(path);
  if (!query.empty()) out.append("?").append(query);
  return out;
}

}  // namespace

std::string ReplacePrefix(std::string_view path, std::string_view matched, std::string_view replacement) {
  if (matched.ends_with('/')) matched.remove_suffix(1);
  if (replacement.ends_with('/')) replacement.remove_suffix(1);
  std::string out(replacement);
  out.append(path.substr(std::min(matched.size(), path.size())));
  return out.empty() ? std::string("/") : out;
}

std::string Redirect::Location(const Facts& facts, std::string_view matched) const {
  const codec::RequestHead& head = *facts.head;
  const std::string_view query =
      head.path_and_query.size() > head.path.size() ? head.path_and_query.substr(head.path.size() + 1) : std::string_view();
  const std::string_view to_scheme = scheme.empty() ? facts.scheme : std::string_view(scheme);
  std::string to_port = port != 0 ? std::to_string(port) : std::string();
  // A scheme of its own brings its own port; else the client stays on the port that it found us on.
  if (port == 0 && scheme.empty()) to_port = PortOf(head);
  std::string to_path(head.path);
  if (path_change == PathChange::kWhole) to_path = path;
  if (path_change == PathChange::kPrefix) to_path = ReplacePrefix(head.path, matched, path);
  const std::string_view to_host = host.empty() ? head.host : std::string_view(host);
  std::string to = Url(to_scheme, to_host, to_port, to_path, strip_query ? std::string_view() : query);
  return to == Url(facts.scheme, head.host, PortOf(head), head.path, query) ? std::string() : to;
}

}  // namespace switchyard::agent::policy
