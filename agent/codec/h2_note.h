// What a field of HTTP/2 is and whether it may be there, found once: HPACK's tables keep the note beside the field, so that one which comes again is
// not looked at again.
//
// A field's name is a token in lower case that does not speak of a connection; its value holds no control and no white space around it;
// pseudo-header fields have rules of their own. Which of them a message must have is h2_section.h's.
//
// Thread-safety: pure functions. Cost: one look at each byte. Source: RFC 9113 sections 8.2.1, 8.2.2, 8.3.
#pragma once

#include <cstdint>
#include <string_view>

#include "agent/codec/head.h"

namespace switchyard::agent::codec {

enum class H2Pseudo : std::uint8_t { kNone, kMethod, kScheme, kAuthority, kPath, kProtocol, kStatus };

struct FieldNote {
  static constexpr std::uint8_t kBadName = 1;
  static constexpr std::uint8_t kBadValue = 2;
  static constexpr std::uint8_t kPadded = 4;   // white space around the value
  static constexpr std::uint8_t kBadHost = 8;  // a `host` that is no authority
  static constexpr std::uint8_t kCookie = 16;
  static constexpr std::uint8_t kNeverIndexed = 32;  // its sender said so (RFC 7541 section 6.2.3)

  FieldId id = FieldId::kOther;
  H2Pseudo pseudo = H2Pseudo::kNone;
  std::uint8_t bits = 0;

  // Any of them.
  bool has(std::uint8_t which) const { return (bits & which) != 0; }
  // Without what the value adds.
  FieldNote OfName() const { return {id, pseudo, static_cast<std::uint8_t>(bits & (kBadName | kCookie))}; }
};

// What the name says; the value is still to be noted.
FieldNote NoteName(std::string_view name);
// `of_name` with what `value` adds.
FieldNote NoteValue(FieldNote of_name, std::string_view value);

}  // namespace switchyard::agent::codec
