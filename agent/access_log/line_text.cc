#include "agent/access_log/line_text.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "common/observe/json_text.h"
#include "fmt/chrono.h"
#include "fmt/format.h"

namespace switchyard::agent::access_log {
namespace {

constexpr std::string_view kRedacted = "(redacted)";

void AppendNumber(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), number);
  out.append(digits, end);
}

// Milliseconds with three decimals.
void AppendMillis(std::string& out, Duration took) {
  const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count(), 0));
  AppendNumber(out, micros / 1000);
  const std::uint64_t rest = micros % 1000;
  const char decimals[] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10), static_cast<char>('0' + rest % 10)};
  out.append(decimals, sizeof decimals);
}

// `json` is the key with all that stands around it, e.g. `,"route":`.
void AppendText(std::string& out, std::string_view json, std::string_view value, std::size_t most = kMaxValue) {
  if (value.empty()) return;
  out += json;
  observe::AppendJsonString(out, value.substr(0, most));
}

void AppendCount(std::string& out, std::string_view json, std::uint64_t value) {
  out += json;
  AppendNumber(out, value);
}

// What both parts of a target make, in one string of JSON.
void AppendTarget(std::string& out, const Entry& entry, bool query) {
  if (entry.path.empty()) return;
  AppendText(out, R"(,"path":)", entry.path, kMaxPath);
  if (entry.query.empty()) return;
  out.pop_back();
  if (!query) {
    out += "?\"";
    return;
  }
  const std::size_t at = out.size();
  observe::AppendJsonString(out, entry.query.substr(0, kMaxPath));
  out.erase(at, 1);
}

void AppendHeaders(std::string& out, std::string_view json, std::string_view members) {
  if (members.empty()) return;
  out.append(json).append(members).append("}");
}

}  // namespace

std::string_view Stamp::Of(WallTime time) {
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::int64_t second = millis >= 0 ? millis / 1000 : 0;
  if (second != second_) {
    second_ = second;
    text_.clear();
    fmt::format_to(std::back_inserter(text_), "{:%Y-%m-%dT%H:%M:%S}.000Z", fmt::gmtime(static_cast<std::time_t>(second)));
  }
  const std::int64_t rest = millis >= 0 ? millis % 1000 : 0;
  char* decimals = text_.data() + text_.size() - 4;
  decimals[0] = static_cast<char>('0' + rest / 100);
  decimals[1] = static_cast<char>('0' + rest / 10 % 10);
  decimals[2] = static_cast<char>('0' + rest % 10);
  return text_;
}

void AppendChosen(std::string& out, const std::vector<ChosenHeader>& chosen, const std::vector<codec::Header>& headers) {
  const std::size_t start = out.size();
  for (const ChosenHeader& one : chosen) {
    std::size_t left = kMaxValue;
    bool found = false;
    for (const codec::Header& header : headers) {
      if (header.name.size() != one.name.size() || !codec::EqualsIgnoreCase(header.name, one.name)) continue;
      if (found && one.redacted) continue;
      if (!found) {
        if (out.size() > start) out += ',';
        observe::AppendJsonString(out, one.name);
        out += ':';
      } else {
        // Goes on where the value before ended: its quote gives way.
        out.back() = ',';
      }
      const std::string_view value = one.redacted ? kRedacted : header.value.substr(0, left);
      const std::size_t at = out.size();
      observe::AppendJsonString(out, value);
      if (found) out.erase(at, 1);
      left -= std::min(left, value.size());
      found = true;
    }
  }
}

void AppendLine(std::string& out, const Entry& entry, const Terms& terms, std::string_view time) {
  out.append(R"({"time":")").append(time).append("\"");
  AppendText(out, R"(,"id":)", entry.id);
  AppendText(out, R"(,"client":)", entry.client);
  AppendText(out, R"(,"listener":)", entry.listener);
  AppendText(out, R"(,"route":)", entry.route);
  AppendText(out, R"(,"upstream":)", entry.upstream);
  AppendText(out, R"(,"backend":)", entry.backend);
  AppendText(out, R"(,"method":)", entry.method);
  AppendText(out, R"(,"host":)", entry.host);
  AppendTarget(out, entry, terms.query);
  AppendText(out, R"(,"protocol":)", entry.protocol);
  if (entry.status != 0) AppendCount(out, R"(,"status":)", entry.status);
  if (entry.grpc_status >= 0) AppendCount(out, R"(,"grpc_status":)", static_cast<std::uint64_t>(entry.grpc_status));
  if (entry.cause != Cause::kNone) AppendText(out, R"(,"cause":)", Describe(entry.cause).name);
  AppendCount(out, R"(,"bytes_in":)", entry.bytes_in);
  AppendCount(out, R"(,"bytes_out":)", entry.bytes_out);
  AppendMillis(out += R"(,"duration_ms":)", entry.took);
  if (entry.upstream_took >= Duration::zero()) AppendMillis(out += R"(,"upstream_ms":)", entry.upstream_took);
  AppendCount(out, R"(,"attempts":)", entry.attempts);
  if (entry.request_headers != nullptr && !terms.request_headers.empty()) {
    constexpr std::string_view kKey = R"(,"request_headers":{)";
    const std::size_t before = out.size();
    AppendChosen(out += kKey, terms.request_headers, *entry.request_headers);
    if (out.size() == before + kKey.size()) {
      out.resize(before);
    } else {
      out += '}';
    }
  }
  AppendHeaders(out, R"(,"response_headers":{)", entry.response_headers);
  out += "}\n";
}

}  // namespace switchyard::agent::access_log
