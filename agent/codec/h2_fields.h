// H2Fields: one header section of HTTP/2 (or its trailers) as it comes out of HPACK.
//
// Keeps its own copy of the text, in one piece, so that heads can view it for as long as a request lives. Pseudo-header fields are kept
// apart. What exceeds the bounds is dropped and remembered: the section still has to be decoded to its end, or HPACK's table would differ
// from the peer's.
//
// Thread-safety: a value, one thread. Cost: one copy per field; no allocation once it has seen its largest section.
// Source: RFC 9113 sections 8.2 (fields), 8.3 (pseudo-header fields), 8.2.3 (cookies).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/codec/chunk_decoder.h"
#include "agent/codec/head.h"
#include "agent/codec/h2_note.h"
#include "agent/codec/h2_types.h"
#include "agent/codec/spare_memory.h"

namespace switchyard::agent::codec {

class H2Fields {
 public:
  enum Pseudo : std::uint8_t { kMethod, kScheme, kAuthority, kPath, kProtocol, kStatus };

  void Clear();
  void Add(std::string_view name, std::string_view value, FieldNote note, const H2Settings& bounds);
  void Add(std::string_view name, std::string_view value, const H2Settings& bounds) { Add(name, value, NoteValue(NoteName(name), value), bounds); }

  bool too_large() const { return too_large_; }
  // No field (pseudo-header fields aside) that HTTP/1 would misread or that speaks of the connection.
  bool clean() const { return clean_; }
  // Null data when absent. Views end with the next Add.
  std::string_view pseudo(Pseudo which) const;
  // Puts the fields into `out`, in order, with ids and without surrounding white space; several `cookie` fields become one.
  void ListTo(std::vector<Header>& out);
  void ListTo(Trailers& out) const;

 private:
  struct Span {
    std::uint32_t name = 0;
    std::uint32_t name_size = 0;
    std::uint32_t value = 0;
    std::uint32_t value_size = 0;
    FieldNote note;
  };
  static constexpr std::size_t kPseudos = 6;

  void JoinCookies();
  std::string_view ValueOf(const Span& span) const;
  std::string_view Text(std::uint32_t at, std::uint32_t size) const { return text_.substr(at, size); }

  SpareText text_;
  std::vector<Span, SpareAllocator<Span>> spans_;
  std::array<Span, kPseudos> pseudo_{};
  std::uint32_t counted_ = 0;
  std::uint32_t cookies_ = 0;
  std::uint8_t seen_ = 0;  // a bit per pseudo-header field
  bool too_large_ = false;
  bool clean_ = true;
};

}  // namespace switchyard::agent::codec
