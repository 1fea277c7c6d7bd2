#include "tests/integration/request_cases.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "common/base/status.h"

namespace switchyard::integration {
namespace {

absl::Status Bad(std::string_view what, std::string_view where) { return absl::InvalidArgumentError(fmt::format("{}: {}", what, where)); }

// Takes one escape from the front of `text`.
absl::Status TakeEscape(std::string_view& text, std::string& out) {
  if (text.size() < 2) return Bad("escape cut short", text);
  const char kind = text[1];
  text.remove_prefix(2);
  switch (kind) {
    case 'r': out += '\r'; return absl::OkStatus();
    case 'n': out += '\n'; return absl::OkStatus();
    case 't': out += '\t'; return absl::OkStatus();
    case '0': out += '\0'; return absl::OkStatus();
    case '\\': out += '\\'; return absl::OkStatus();
    case 'x': break;
    default: return Bad("unknown escape", text);
  }
  unsigned byte = 0;
  if (text.size() < 2 || std::from_chars(text.data(), text.data() + 2, byte, 16).ptr != text.data() + 2) return Bad("two hex digits", text);
  out += static_cast<char>(byte);
  text.remove_prefix(2);
  return absl::OkStatus();
}

// Takes one `{N*TEXT}` from the front of `text`; a brace that opens none stands for itself.
absl::Status TakeRepeat(std::string_view& text, std::string& out) {
  const std::size_t star = text.find('*');
  const std::size_t end = text.find('}');
  std::size_t count = 0;
  if (star == std::string_view::npos || end == std::string_view::npos || star > end ||
      std::from_chars(text.data() + 1, text.data() + star, count).ptr != text.data() + star) {
    return Bad("repeat is {N*TEXT}", text);
  }
  auto piece = Unescape(text.substr(star + 1, end - star - 1));
  if (!piece.ok()) return piece.status();
  for (std::size_t i = 0; i < count; ++i) out += *piece;
  text.remove_prefix(end + 1);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ExpectedResponse>> ParseExpected(std::string_view text) {
  std::vector<ExpectedResponse> out;
  while (!text.empty()) {
    const std::size_t end = text.find(" or ");
    std::string_view one = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 4);
    ExpectedResponse expected;
    if (std::from_chars(one.data(), one.data() + one.size(), expected.status).ptr != one.data() + 3) return Bad("status", one);
    if (one.size() > 4) expected.cause = one.substr(4);
    if (expected.cause == "head") {
      expected.cause.clear();
      expected.to_head = true;
    }
    out.push_back(expected);
  }
  return out;
}

absl::Status TakeBackend(std::string_view value, RequestCase& into) {
  if (value == "any") {
    into.saw = BackendSaw::kAny;
  } else if (value == "nothing") {
    into.saw = BackendSaw::kNothing;
  } else if (value == "partial") {
    into.saw = BackendSaw::kPartial;
  } else {
    auto line = Unescape(value);
    if (!line.ok()) return line.status();
    into.saw = BackendSaw::kRequests;
    into.requests.push_back(*std::move(line));
  }
  return absl::OkStatus();
}

absl::Status TakeText(std::string_view value, std::vector<std::string>& into) {
  auto text = Unescape(value);
  if (text.ok()) into.push_back(*std::move(text));
  return text.status();
}

absl::Status TakeField(std::string_view key, std::string_view value, RequestCase& into) {
  if (key == "send") {
    auto bytes = Unescape(value);
    if (bytes.ok()) into.bytes += *bytes;
    return bytes.status();
  }
  if (key == "expect") {
    auto expected = ParseExpected(value);
    if (expected.ok()) into.responses.push_back(*std::move(expected));
    return expected.status();
  }
  if (key == "end") {
    into.closes = value == "close";
    return absl::OkStatus();
  }
  if (key == "backend") return TakeBackend(value, into);
  if (key == "has") return TakeText(value, into.has);
  if (key == "lacks") return TakeText(value, into.lacks);
  return Bad("unknown field", key);
}

// Collects the cases as their lines come by.
class Collector {
 public:
  absl::Status Line(std::string_view line, int number) {
    if (line.starts_with("#")) return absl::OkStatus();
    if (line.empty()) return End();
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) return Bad("not `field: value`", line);
    const std::string_view key = line.substr(0, colon);
    const std::string_view value = line.substr(line.find_first_not_of(' ', colon + 1));
    if (key == "case") {
      if (const absl::Status status = End(); !status.ok()) return status;
      open_ = RequestCase();
      open_->name = value;
      open_->line = number;
      return absl::OkStatus();
    }
    if (!open_) return Bad("before the first case", line);
    return TakeField(key, value, *open_);
  }

  absl::Status End() {
    if (!open_) return absl::OkStatus();
    if (open_->bytes.empty() || open_->responses.empty()) return Bad("a case needs send and expect", open_->name);
    cases_.push_back(*std::move(open_));
    open_.reset();
    return absl::OkStatus();
  }

  std::vector<RequestCase> Take() { return std::move(cases_); }

 private:
  std::vector<RequestCase> cases_;
  std::optional<RequestCase> open_;
};

}  // namespace

absl::StatusOr<std::string> Unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    absl::Status status;
    if (text.front() == '\\') {
      status = TakeEscape(text, out);
    } else if (text.front() == '{') {
      status = TakeRepeat(text, out);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
    if (!status.ok()) return status;
  }
  return out;
}

absl::StatusOr<std::vector<RequestCase>> ParseRequestCases(std::string_view text) {
  Collector collector;
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    ++number;
    const absl::Status status = collector.Line(text.substr(0, end), number);
    if (!status.ok()) return Annotate(status, fmt::format("line {}", number));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  if (const absl::Status status = collector.End(); !status.ok()) return status;
  return collector.Take();
}

}  // namespace switchyard::integration
