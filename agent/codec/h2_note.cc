#include "agent/codec/h2_note.h"

#include <array>

#include "agent/codec/h1_lines.h"

namespace switchyard::agent::codec {
namespace {

using ByteSet = std::array<bool, 256>;

constexpr ByteSet SetOf(std::string_view bytes) {
  ByteSet set{};
  for (const char c : bytes) set[static_cast<unsigned char>(c)] = true;
  return set;
}

constexpr ByteSet With(ByteSet set, unsigned from, unsigned to) {
  for (unsigned c = from; c <= to; ++c) set[c] = true;
  return set;
}

constexpr ByteSet Alphanumeric(ByteSet set) { return With(With(With(set, '0', '9'), 'a', 'z'), 'A', 'Z'); }

// RFC 9110 section 5.6.2, without the capitals.
constexpr ByteSet kName = With(With(SetOf("!#$%&'*+-.^_`|~"), '0', '9'), 'a', 'z');
// RFC 3986 sections 3.1 and 3.2, and what may be percent-encoded; h2_head.h looks closer.
constexpr ByteSet kSchemeBytes = Alphanumeric(SetOf("+-."));
constexpr ByteSet kAuthorityBytes = Alphanumeric(SetOf("!$%&'()*+,-.:;=@[]_~"));
constexpr ByteSet kPathBytes = With(With(ByteSet{}, 0x21, 0x7e), 0x80, 0xff);

bool AllIn(const ByteSet& set, std::string_view text) {
  for (const char c : text) {
    if (!set[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

H2Pseudo PseudoOf(std::string_view name) {
  switch (name.size()) {
    case 5:
      return name == ":path" ? H2Pseudo::kPath : H2Pseudo::kNone;
    case 7:
      return name == ":method" ? H2Pseudo::kMethod : name == ":scheme" ? H2Pseudo::kScheme : name == ":status" ? H2Pseudo::kStatus : H2Pseudo::kNone;
    case 9:
      return name == ":protocol" ? H2Pseudo::kProtocol : H2Pseudo::kNone;
    case 10:
      return name == ":authority" ? H2Pseudo::kAuthority : H2Pseudo::kNone;
    default:
      return H2Pseudo::kNone;
  }
}

bool ConcernsConnection(FieldId id) {
  return id == FieldId::kConnection || id == FieldId::kKeepAlive || id == FieldId::kProxyConnection || id == FieldId::kTransferEncoding ||
         id == FieldId::kUpgrade;
}

bool GoodPseudo(H2Pseudo pseudo, std::string_view value) {
  if (value.empty()) return false;
  switch (pseudo) {
    case H2Pseudo::kMethod:
    case H2Pseudo::kProtocol:
      return IsToken(value);
    case H2Pseudo::kScheme:
      return AllIn(kSchemeBytes, value);
    case H2Pseudo::kAuthority:
      return AllIn(kAuthorityBytes, value);
    case H2Pseudo::kPath:
      return AllIn(kPathBytes, value);
    default:
      return AllIn(With(ByteSet{}, '0', '9'), value);
  }
}

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

std::uint8_t FaultsOf(FieldId id, std::string_view value) {
  std::uint8_t bits = 0;
  if (!IsFieldValue(value)) bits |= FieldNote::kBadValue;
  if (!value.empty() && (IsSpace(value.front()) || IsSpace(value.back()))) bits |= FieldNote::kPadded;
  // RFC 9113 section 8.2.2: of `te` only this much may cross.
  if (id == FieldId::kTe && !EqualsIgnoreCase(value, "trailers")) bits |= FieldNote::kBadValue;
  if (id == FieldId::kHost && (value.empty() || !AllIn(kAuthorityBytes, value))) bits |= FieldNote::kBadHost;
  return bits;
}

}  // namespace

FieldNote NoteName(std::string_view name) {
  FieldNote note;
  if (name.starts_with(':')) {
    note.pseudo = PseudoOf(name);
    if (note.pseudo == H2Pseudo::kNone) note.bits = FieldNote::kBadName;
    return note;
  }
  note.id = IdOf(name);
  if (name.empty() || !AllIn(kName, name) || ConcernsConnection(note.id)) note.bits = FieldNote::kBadName;
  if (name == "cookie") note.bits |= FieldNote::kCookie;
  return note;
}

FieldNote NoteValue(FieldNote of_name, std::string_view value) {
  if (of_name.pseudo == H2Pseudo::kNone) {
    of_name.bits |= FaultsOf(of_name.id, value);
  } else if (!GoodPseudo(of_name.pseudo, value)) {
    of_name.bits |= FieldNote::kBadValue;
  }
  return of_name;
}

}  // namespace switchyard::agent::codec
