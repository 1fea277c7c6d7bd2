#include "agent/codec/h2_fields.h"

#include <algorithm>

namespace switchyard::agent::codec {
namespace {

// What RFC 9113 section 6.5.2 adds to each field.
constexpr std::uint32_t kFieldCost = 32;
// Room for what most requests have, taken at once.
constexpr std::uint32_t kFirstText = 500;
constexpr std::size_t kFirstSpans = 16;

std::string_view TrimSpace(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

void H2Fields::Clear() {
  text_.clear();
  spans_.clear();
  pseudo_ = {};
  counted_ = cookies_ = 0;
  seen_ = 0;
  too_large_ = false;
  clean_ = true;
}

void H2Fields::Add(std::string_view name, std::string_view value, FieldNote note, const H2Settings& bounds) {
  if (too_large_) return;
  const std::size_t cost = name.size() + value.size() + kFieldCost;
  if (cost > bounds.max_field_bytes - std::min(bounds.max_field_bytes, counted_) || spans_.size() >= bounds.max_fields) {
    too_large_ = true;
    return;
  }
  counted_ += static_cast<std::uint32_t>(cost);
  if (counted_ == cost) {
    text_.reserve(kFirstText);
    spans_.reserve(kFirstSpans);
  }
  const std::uint32_t at = text_.size();
  const auto name_size = static_cast<std::uint32_t>(name.size());
  const Span span{at, name_size, at + name_size, static_cast<std::uint32_t>(value.size()), note};
  text_.append(name);
  text_.append(value);
  if (note.pseudo != H2Pseudo::kNone) {
    const auto which = static_cast<std::size_t>(note.pseudo) - 1;
    pseudo_[which] = span;
    seen_ = static_cast<std::uint8_t>(seen_ | 1U << which);
    return;
  }
  if (note.has(FieldNote::kCookie)) ++cookies_;
  if (note.has(FieldNote::kBadName | FieldNote::kBadValue)) clean_ = false;
  spans_.push_back(span);
}

std::string_view H2Fields::pseudo(Pseudo which) const {
  if ((seen_ >> which & 1U) == 0) return {};
  return Text(pseudo_[which].value, pseudo_[which].value_size);
}

// RFC 9113 section 8.2.3: what leaves HTTP/2 has one cookie field.
void H2Fields::JoinCookies() {
  std::string joined;
  std::size_t kept = 0;
  std::size_t first = spans_.size();
  for (const Span span : spans_) {
    if (span.note.has(FieldNote::kCookie)) {
      joined.append(joined.empty() ? "" : "; ").append(Text(span.value, span.value_size));
      if (first != spans_.size()) continue;
      first = kept;
    }
    spans_[kept++] = span;
  }
  spans_.resize(kept);
  spans_[first].value = text_.size();
  spans_[first].value_size = static_cast<std::uint32_t>(joined.size());
  text_.append(joined);
  cookies_ = 1;
}

std::string_view H2Fields::ValueOf(const Span& span) const {
  const std::string_view value = Text(span.value, span.value_size);
  return span.note.has(FieldNote::kPadded) ? TrimSpace(value) : value;
}

void H2Fields::ListTo(std::vector<Header>& out) {
  if (cookies_ > 1) JoinCookies();
  out.clear();
  for (const Span& span : spans_) {
    out.push_back({Text(span.name, span.name_size), ValueOf(span), span.note.id, span.note.has(FieldNote::kNeverIndexed)});
  }
}

void H2Fields::ListTo(Trailers& out) const {
  out.clear();
  out.reserve(spans_.size());
  for (const Span& span : spans_) out.emplace_back(Text(span.name, span.name_size), ValueOf(span));
}

}  // namespace switchyard::agent::codec
