#include "common/config/violation.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/config/resource_key.h"
#include "common/config/utf8.h"

namespace switchyard::config {

void ViolationList::Add(const v1::ResourceKey& key, std::string field, std::string reason) {
  if (full()) {
    ++total_;
    return;
  }
  v1::Violation violation;
  if (key.kind() != v1::KIND_UNSPECIFIED || !key.name().empty()) {
    violation.mutable_resource()->set_kind(key.kind());
    violation.mutable_resource()->set_name(CleanText(key.name()));
  }
  violation.set_field(CleanText(field));
  violation.set_reason(CleanText(reason));
  Add(std::move(violation));
}

void ViolationList::Add(v1::Violation violation) {
  ++total_;
  if (!full()) kept_.push_back(std::move(violation));
}

v1::Violations ViolationList::ToProto() const {
  v1::Violations out;
  for (const v1::Violation& violation : kept_) *out.add_violations() = violation;
  out.set_total(static_cast<std::uint32_t>(std::min<std::size_t>(total_, UINT32_MAX)));
  return out;
}

absl::Status ViolationList::ToStatus() const {
  if (empty()) return absl::OkStatus();
  std::string text = ToString(kept_.front());
  if (total_ > 1) text += fmt::format(" (and {} more)", total_ - 1);
  return absl::InvalidArgumentError(text);
}

std::string ToString(const v1::Violation& violation) {
  std::string out;
  if (!violation.file().empty()) {
    out += violation.file();
    if (violation.line() != 0) out += fmt::format(":{}:{}", violation.line(), violation.column());
    out += ": ";
  } else if (violation.line() != 0) {
    out += fmt::format("line {}, column {}: ", violation.line(), violation.column());
  }
  if (violation.has_resource()) out += ToString(violation.resource()) + ": ";
  if (!violation.field().empty()) out += violation.field() + ": ";
  return out + violation.reason();
}

std::string CleanText(std::string_view text, std::size_t most) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = Utf8Length(text.substr(at));
    if (out.size() + std::max<std::size_t>(length, 1) > most) return out + "...";
    if (length == 0) {
      out += '?';
      ++at;
    } else {
      out += text.substr(at, length);
      at += length;
    }
  }
  return out;
}

}  // namespace switchyard::config
