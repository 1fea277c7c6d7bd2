#include "tests/integration/h2_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "tests/harness/h2_client.h"
#include "tests/integration/request_cases.h"

namespace switchyard::integration {
namespace {

using harness::HeaderList;

constexpr std::array<std::string_view, 14> kErrors = {
    "NO_ERROR",       "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",  "STREAM_CLOSED",       "FRAME_SIZE_ERROR",
    "REFUSED_STREAM", "CANCEL",         "COMPRESSION_ERROR", "CONNECT_ERROR",   "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string_view Word(std::string_view& text) {
  text = Trim(text);
  const std::string_view word = text.substr(0, text.find(' '));
  text = Trim(text.substr(word.size()));
  return word;
}

// `|` and what follows is the rest of a frame line: fields or payload.
struct FrameLine {
  std::string_view kind;
  std::uint32_t stream = 0;
  std::uint8_t flags = 0;
  int type = -1;
  std::uint32_t times = 1;
  std::uint32_t step = 0;  // added to the stream each time
  std::string rest;
};

std::uint8_t FlagsOf(std::string_view words) {
  std::uint8_t flags = 0;
  while (!words.empty()) {
    const std::size_t comma = words.find(',');
    const std::string_view word = words.substr(0, comma);
    if (word == "ES" || word == "ACK") flags |= 0x1;
    if (word == "EH") flags |= 0x4;
    if (word == "PAD") flags |= 0x8;
    if (word == "PRIO") flags |= 0x20;
    words = comma == std::string_view::npos ? std::string_view() : words.substr(comma + 1);
  }
  return flags;
}

absl::StatusOr<FrameLine> ReadFrameLine(std::string_view text) {
  FrameLine line;
  const std::size_t bar = text.find('|');
  std::string_view head = text.substr(0, bar);
  if (bar != std::string_view::npos) {
    auto rest = Unescape(Trim(text.substr(bar + 1)));
    if (!rest.ok()) return rest.status();
    line.rest = *std::move(rest);
  }
  line.kind = Word(head);
  while (!head.empty()) {
    const std::string_view word = Word(head);
    const std::size_t equals = word.find('=');
    const std::string value(equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1));
    const auto number = static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 0));
    const std::string_view key = word.substr(0, equals);
    if (key == "stream") {
      line.stream = number;
    } else if (key == "flags") {
      line.flags = FlagsOf(value);
    } else if (key == "type") {
      line.type = static_cast<int>(number);
    } else if (key == "times") {
      line.times = number;
    } else if (key == "step") {
      line.step = number;
    } else {
      return absl::InvalidArgumentError(fmt::format("unknown word '{}'", word));
    }
  }
  return line;
}

// Fields are separated by ` ; `, name and value by `: ` behind the first character. `GET` and `POST` stand for whole sets.
HeaderList FieldsOf(std::string_view text) {
  HeaderList fields;
  while (!text.empty()) {
    const std::size_t end = text.find(" ; ");
    const std::string_view field = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 3);
    if (field == "GET" || field == "POST") {
      fields.insert(fields.end(), {{":method", std::string(field)}, {":scheme", "http"}, {":path", "/x"}, {":authority", "a"}});
      continue;
    }
    const std::size_t colon = field.find(": ", 1);
    fields.emplace_back(field.substr(0, colon), colon == std::string_view::npos ? std::string_view() : field.substr(colon + 2));
  }
  return fields;
}

absl::Status AppendFrame(const FrameLine& line, std::string& out) {
  constexpr std::pair<std::string_view, int> kKinds[] = {{"DATA", 0}, {"HEADERS", 1},  {"PRIORITY", 2},   {"RST_STREAM", 3},   {"SETTINGS", 4},
                                                         {"PUSH", 5}, {"PING", 6},     {"GOAWAY", 7},     {"WINDOW_UPDATE", 8}, {"CONTINUATION", 9},
                                                         {"FRAME", 0}, {"SECTION", 1}, {"SECTION_MORE", 9}};
  if (line.kind == "BYTES") {
    out += line.rest;
    return absl::OkStatus();
  }
  const auto at = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const auto& each) { return each.first == line.kind; });
  if (at == std::end(kKinds)) return absl::InvalidArgumentError(fmt::format("unknown frame '{}'", line.kind));
  const int type = line.type >= 0 ? line.type : at->second;
  // SECTION and SECTION_MORE carry fields without the flags that HEADERS has by default.
  const bool fields = line.kind == "HEADERS" || line.kind == "SECTION" || line.kind == "SECTION_MORE" || line.kind == "CONTINUATION";
  const std::string payload = fields ? harness::MakeSection(FieldsOf(line.rest)) : line.rest;
  const auto flags = static_cast<std::uint8_t>(line.flags | (line.kind == "HEADERS" ? 0x4 : 0));
  for (std::uint32_t i = 0; i < line.times; ++i) {
    out += harness::MakeFrame(static_cast<std::uint8_t>(type), flags, line.stream + i * line.step, payload);
  }
  return absl::OkStatus();
}

absl::StatusOr<H2Expectation> ReadExpectation(std::string_view text) {
  H2Expectation out;
  const std::string_view kind = Word(text);
  if (kind == "open") return out;
  if (kind == "closed") {
    out.kind = H2Expectation::Kind::kClosed;
    return out;
  }
  if (kind == "status" || kind == "reset") out.stream = static_cast<std::uint32_t>(std::atoi(std::string(Word(text)).c_str()));
  if (kind == "status") {
    out.kind = H2Expectation::Kind::kStatus;
    out.status = std::atoi(std::string(Word(text)).c_str());
    out.cause = Word(text);
    return out;
  }
  if (kind != "reset" && kind != "goaway") return absl::InvalidArgumentError(fmt::format("unknown expectation '{}'", kind));
  out.kind = kind == "reset" ? H2Expectation::Kind::kReset : H2Expectation::Kind::kGoaway;
  while (!text.empty()) {
    const auto at = std::find(kErrors.begin(), kErrors.end(), Word(text));
    if (at == kErrors.end()) return absl::InvalidArgumentError("unknown error code");
    out.errors.push_back(static_cast<std::uint32_t>(at - kErrors.begin()));
  }
  return out;
}

absl::Status TakeBackend(std::string_view value, H2Case& out) {
  const std::string_view kind = Word(value);
  if (kind == "nothing") {
    out.sees_nothing = true;
    return absl::OkStatus();
  }
  auto text = Unescape(value);
  if (!text.ok()) return text.status();
  if (kind == "sees") {
    out.sees.push_back(*text);
  } else if (kind == "has") {
    out.has.push_back(*text);
  } else if (kind == "lacks") {
    out.lacks.push_back(*text);
  } else {
    return absl::InvalidArgumentError(fmt::format("unknown word '{}'", kind));
  }
  return absl::OkStatus();
}

absl::Status TakeLine(std::string_view key, std::string_view value, H2Case& out) {
  if (key == "send") {
    auto frame = ReadFrameLine(value);
    return frame.ok() ? AppendFrame(*frame, out.bytes) : frame.status();
  }
  if (key == "expect") {
    auto expectation = ReadExpectation(value);
    if (!expectation.ok()) return expectation.status();
    out.expects.push_back(*std::move(expectation));
    return absl::OkStatus();
  }
  if (key == "backend") return TakeBackend(value, out);
  if (key == "counts") {
    out.counts = value;
    return absl::OkStatus();
  }
  if (key == "raw") {
    out.raw = true;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(fmt::format("unknown key '{}'", key));
}

}  // namespace

absl::StatusOr<std::vector<H2Case>> ParseH2Cases(std::string_view text) {
  std::vector<H2Case> cases;
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = Trim(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const std::size_t colon = line.find(':');
    const std::string_view key = line.substr(0, colon);
    const std::string_view value = colon == std::string_view::npos ? std::string_view() : Trim(line.substr(colon + 1));
    if (key == "case") {
      cases.push_back({.name = std::string(value), .line = number});
      continue;
    }
    const absl::Status status = cases.empty() ? absl::InvalidArgumentError("no case yet") : TakeLine(key, value, cases.back());
    if (!status.ok()) return absl::InvalidArgumentError(fmt::format("line {}: {}", number, std::string(status.message())));
  }
  return cases;
}

}  // namespace switchyard::integration
