#include "agent/policy/facts.h"

#include <algorithm>

namespace switchyard::agent::policy {
namespace {

using codec::Header;
using rules::Variable;

std::string_view QueryOf(const codec::RequestHead& head) {
  return head.path_and_query.size() > head.path.size() ? head.path_and_query.substr(head.path.size() + 1) : std::string_view();
}

void AppendProtocol(const codec::RequestHead& head, std::string& out) {
  out += head.major_version == 2 ? "HTTP/2" : head.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

}  // namespace

void AppendValue(Variable variable, const Facts& facts, std::string& out) {
  const codec::RequestHead& head = *facts.head;
  switch (variable) {
    case Variable::kNone:
      return;
    case Variable::kClientIp:
      out += facts.client_ip;
      return;
    case Variable::kRequestId:
      out += facts.request_id;
      return;
    case Variable::kMethod:
      out += head.method;
      return;
    case Variable::kScheme:
      out += facts.scheme;
      return;
    case Variable::kHost:
      out += head.host;
      return;
    case Variable::kAuthority:
      out += head.authority;
      return;
    case Variable::kPath:
      out += head.path;
      return;
    case Variable::kQuery:
      out += QueryOf(head);
      return;
    case Variable::kProtocol:
      return AppendProtocol(head, out);
    case Variable::kListener:
      out += facts.listener;
      return;
    case Variable::kRoute:
      out += facts.route;
      return;
    case Variable::kUpstream:
      out += facts.upstream;
      return;
    case Variable::kBackend:
      out += facts.backend;
      return;
    case Variable::kStatus:
      if (facts.status != 0) out += std::to_string(facts.status);
      return;
    case Variable::kCause:
      if (facts.cause != Cause::kNone) out += Describe(facts.cause).name;
      return;
  }
}

std::string_view Render(const rules::ValueTemplate& value, const Facts& facts, TextStore& store) {
  if (value.is_literal()) return value.Literal();
  std::string& text = store.Make();
  value.Render([&](Variable variable, std::string& out) { AppendValue(variable, facts, out); }, text);
  return text;
}

std::string_view FindHeader(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (codec::EqualsIgnoreCase(header.name, name)) return header.value.data() == nullptr ? std::string_view("") : header.value;
  }
  return {};
}

void RemoveHeader(std::vector<Header>& headers, std::string_view name) {
  std::erase_if(headers, [&](const Header& header) { return codec::EqualsIgnoreCase(header.name, name); });
}

void AddHeader(std::vector<Header>& headers, std::string_view name, std::string_view value) {
  headers.push_back({name, value, codec::IdOf(name)});
}

void SetHeader(std::vector<Header>& headers, std::string_view name, std::string_view value) {
  RemoveHeader(headers, name);
  AddHeader(headers, name, value);
}

void AddToList(std::vector<Header>& headers, std::string_view name, std::string_view word, TextStore& store) {
  for (Header& header : headers) {
    if (!codec::EqualsIgnoreCase(header.name, name)) continue;
    if (codec::ListHas(header.value, word) || codec::ListHas(header.value, "*")) return;
    std::string& list = store.Make();
    header.value = list.append(header.value).append(header.value.empty() ? "" : ", ").append(word);
    return;
  }
  AddHeader(headers, name, word);
}

}  // namespace switchyard::agent::policy
