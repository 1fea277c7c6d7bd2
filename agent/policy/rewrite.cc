#include "agent/policy/rewrite.h"

#include <algorithm>

#include "agent/codec/request_target.h"

namespace switchyard::agent::policy {
namespace {

constexpr std::size_t kMaxPath = 8192;

bool IsPath(std::string_view path) {
  const auto visible = [](char c) { return c > 0x20 && c != 0x7f && c != '?' && c != '#'; };
  if (path.size() > kMaxPath || !std::all_of(path.begin(), path.end(), visible)) return false;
  codec::RequestHead head;
  head.target = path;
  return path.starts_with('/') && codec::SplitTarget(head);
}

}  // namespace

bool Rewrite::Path(const codec::RequestHead& head, std::string_view matched, std::string& out) const {
  out.clear();
  if (path_change == PathChange::kNone && pattern == nullptr) return true;
  if (head.path == "*") return true;
  if (path_change == PathChange::kWhole) {
    out = path;
  } else if (path_change == PathChange::kPrefix) {
    out = ReplacePrefix(head.path, matched, path);
  } else {
    out = head.path;
    const rules::Pattern::Replaced replaced = pattern->Replace(out, substitution, kMaxPath);
    if (replaced != rules::Pattern::Replaced::kSome) {
      out.clear();
      return replaced == rules::Pattern::Replaced::kNone;  // the path stays
    }
  }
  if (!IsPath(out)) return false;
  out.append(head.path_and_query.substr(head.path.size()));
  return true;
}

}  // namespace switchyard::agent::policy
