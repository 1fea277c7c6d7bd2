#include "agent/codec/endpoint_load.h"

#include <charconv>
#include <cmath>

namespace switchyard::agent::codec {
namespace {

constexpr double kMost = 1e9;

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

// Negative: no usable number.
double NumberOf(std::string_view text) {
  double out = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(out) || out < 0) return -1;
  return out > kMost ? kMost : out;
}

void Take(std::string_view name, std::string_view text, EndpointLoad& out) {
  double* slot = nullptr;
  if (name == "cpu_utilization") slot = &out.cpu_utilization;
  if (name == "application_utilization") slot = &out.application_utilization;
  if (name == "rps_fractional" || name == "rps") slot = &out.requests_per_second;
  if (name == "eps") slot = &out.errors_per_second;
  if (name == "named_metrics.in_flight") slot = &out.in_flight;
  if (slot != nullptr) *slot = NumberOf(text);
}

bool ReadText(std::string_view text, EndpointLoad& out) {
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view pair = Trim(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    Take(Trim(pair.substr(0, equals)), Trim(pair.substr(equals + 1)), out);
  }
  return true;
}

// An object of numbers, and of objects of numbers. Anything else is not a load report.
class JsonReader {
 public:
  JsonReader(std::string_view text, EndpointLoad& out) : text_(text), out_(out) {}

  bool Read() { return Object(/*named=*/false, /*depth=*/0) && (Skip(), at_ == text_.size()); }

 private:
  void Skip() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  bool Eat(char wanted) {
    Skip();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  // Names with escapes are nobody's here, but must be passed over.
  bool Name(std::string_view& name) {
    if (!Eat('"')) return false;
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return false;
    name = text_.substr(start, at_ - start);
    ++at_;
    return true;
  }
  bool Number(std::string_view& number) {
    Skip();
    const std::size_t start = at_;
    while (at_ < text_.size() && std::string_view("+-.0123456789eE").find(text_[at_]) != std::string_view::npos) ++at_;
    number = text_.substr(start, at_ - start);
    return !number.empty();
  }
  bool Object(bool named, int depth) {
    if (depth > 1 || !Eat('{')) return false;
    if (Eat('}')) return true;
    do {
      std::string_view name;
      if (!Name(name) || !Eat(':')) return false;
      Skip();
      if (at_ < text_.size() && text_[at_] == '{') {
        if (!Object(name == "named_metrics", depth + 1)) return false;
        continue;
      }
      std::string_view number;
      if (!Number(number)) return false;
      if (depth == 0) Take(name, number, out_);
      if (named && name == "in_flight") Take("named_metrics.in_flight", number, out_);
    } while (Eat(','));
    return Eat('}');
  }

  const std::string_view text_;
  EndpointLoad& out_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<EndpointLoad> ReadEndpointLoad(std::string_view value) {
  value = Trim(value);
  if (value.size() > kMaxEndpointLoad) return std::nullopt;
  EndpointLoad out;
  bool whole = false;
  if (value.starts_with("TEXT ")) whole = ReadText(Trim(value.substr(5)), out);
  if (value.starts_with("JSON ")) whole = JsonReader(Trim(value.substr(5)), out).Read();
  const bool says = out.utilization() >= 0 || out.requests_per_second >= 0 || out.errors_per_second >= 0 || out.in_flight >= 0;
  if (!whole || !says) return std::nullopt;
  return out;
}

}  // namespace switchyard::agent::codec
