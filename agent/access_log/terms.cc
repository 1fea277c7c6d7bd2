#include "agent/access_log/terms.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string_view>

#include "common/config/limits.h"

namespace switchyard::agent::access_log {
namespace {

constexpr std::array<std::string_view, 4> kCredentials = {"authorization", "proxy-authorization", "cookie", "set-cookie"};

std::string Small(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

template <class Names>
std::vector<ChosenHeader> Chosen(const Names& names, const std::set<std::string>& redacted) {
  std::vector<ChosenHeader> out;
  for (const std::string& name : names) {
    if (out.size() >= config::kMaxLoggedHeaders) break;
    std::string small = Small(name);
    const bool secret = redacted.contains(small) || std::find(kCredentials.begin(), kCredentials.end(), small) != kCredentials.end();
    const bool twice = std::any_of(out.begin(), out.end(), [&](const ChosenHeader& header) { return header.name == small; });
    if (!twice) out.push_back({std::move(small), secret});
  }
  return out;
}

}  // namespace

Terms TermsOf(const v1::AccessLog& log) {
  std::set<std::string> redacted;
  for (const std::string& name : log.redacted_headers()) redacted.insert(Small(name));
  Terms terms;
  terms.share = config::AccessLogPercent(log) / config::kMaxPercent;
  if (log.has_slow()) terms.slow = config::AccessLogSlow(log);
  terms.request_headers = Chosen(log.request_headers(), redacted);
  terms.response_headers = Chosen(log.response_headers(), redacted);
  terms.query = log.query();
  return terms;
}

}  // namespace switchyard::agent::access_log
