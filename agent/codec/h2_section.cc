#include "agent/codec/h2_section.h"

#include <charconv>

namespace switchyard::agent::codec {

bool H2SectionRules::Take(const HpackField& field) {
  if (field.note.has(FieldNote::kBadName | FieldNote::kBadValue | FieldNote::kPadded)) return false;
  if (field.note.pseudo != H2Pseudo::kNone) return TakePseudo(field.note.pseudo, field.value);
  regular_ = true;
  if (field.note.id == FieldId::kContentLength) return TakeLength(field.value);
  if (field.note.id != FieldId::kHost || kind_ != Kind::kRequest) return true;
  if (host_ || field.note.has(FieldNote::kBadHost)) return false;
  host_ = true;
  return true;
}

bool H2SectionRules::TakePseudo(H2Pseudo pseudo, std::string_view value) {
  if (regular_ || seen(pseudo) || kind_ == Kind::kTrailers || (kind_ == Kind::kResponse) != (pseudo == H2Pseudo::kStatus)) return false;
  seen_ = static_cast<std::uint8_t>(seen_ | 1U << static_cast<unsigned>(pseudo));
  switch (pseudo) {
    case H2Pseudo::kMethod:
      connect_ = value == "CONNECT";
      options_ = value == "OPTIONS";
      return true;
    case H2Pseudo::kScheme:
      of_http_ = EqualsIgnoreCase(value, "http") || EqualsIgnoreCase(value, "https");
      return true;
    case H2Pseudo::kPath:
      rooted_ = value.front() == '/';
      asterisk_ = value == "*";
      return true;
    case H2Pseudo::kProtocol:
      return extended_connect_;
    case H2Pseudo::kStatus:
      return TakeStatus(value);
    default:
      return true;
  }
}

// RFC 9113 section 8.6: there is no 101.
bool H2SectionRules::TakeStatus(std::string_view status) {
  if (status.size() != 3 || status == "101" || status.front() == '0') return false;
  informational_ = status.front() == '1';
  success_ = status.front() == '2';
  no_content_ = status == "204";
  unmodified_ = status == "304";
  return true;
}

// RFC 9110 section 8.6: not with 1xx; with 204 nothing but what some say all the same: none.
bool H2SectionRules::TakeLength(std::string_view value) {
  std::uint64_t length = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), length);
  if (length_ || informational_ || value.empty() || read.ec != std::errc() || read.ptr != value.data() + value.size()) return false;
  length_ = length;
  return kind_ != Kind::kTrailers && !(no_content_ && length > 0);
}

bool H2SectionRules::Complete() const {
  if (kind_ == Kind::kResponse) return seen(H2Pseudo::kStatus);
  return kind_ == Kind::kTrailers || CompleteRequest();
}

bool H2SectionRules::CompleteRequest() const {
  if (!seen(H2Pseudo::kMethod)) return false;
  const bool authority = seen(H2Pseudo::kAuthority);
  const bool protocol = seen(H2Pseudo::kProtocol);
  if (connect_ && !protocol) return authority && !seen(H2Pseudo::kScheme) && !seen(H2Pseudo::kPath);
  if (!seen(H2Pseudo::kScheme) || !seen(H2Pseudo::kPath) || (!authority && !host_)) return false;
  if (protocol && (!connect_ || !authority)) return false;
  return !of_http_ || rooted_ || (options_ && asterisk_);
}

}  // namespace switchyard::agent::codec
