// H2SectionRules: whether the fields of one header section make a well-formed head or trailers.
//
// What a single field may be is in its note (h2_note.h); here is what they must be together: pseudo-header fields first, once each, those that a
// request or response must have, one `host`, one `content-length`. A head that breaks the rules is malformed, an error of its stream.
// What HTTP/1 asks beyond that is h2_head.h's, which can still answer.
//
// Thread-safety: a value, one thread. Cost: a few instructions per field.
// Source: RFC 9113 sections 8.1.1, 8.2, 8.3, 8.5; RFC 9110 section 8.6; RFC 8441 section 4.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/codec/hpack_decoder.h"

namespace switchyard::agent::codec {

class H2SectionRules {
 public:
  enum class Kind : std::uint8_t { kRequest, kResponse, kTrailers };

  // `extended_connect`: we have said that requests may use :protocol.
  H2SectionRules(Kind kind, bool extended_connect) : kind_(kind), extended_connect_(extended_connect) {}

  // False: malformed; nothing more is to be asked.
  bool Take(const HpackField& field);
  // All fields have come.
  bool Complete() const;

  std::optional<std::uint64_t> length() const { return length_; }
  bool informational() const { return informational_; }
  // Of a response, once its status has come.
  bool no_content() const { return no_content_; }    // 204
  bool unmodified() const { return unmodified_; }    // 304
  bool success() const { return success_; }          // 2xx

 private:
  bool TakePseudo(H2Pseudo pseudo, std::string_view value);
  bool TakeStatus(std::string_view status);
  bool TakeLength(std::string_view value);
  bool CompleteRequest() const;
  bool seen(H2Pseudo pseudo) const { return (seen_ >> static_cast<unsigned>(pseudo) & 1U) != 0; }

  const Kind kind_;
  const bool extended_connect_;
  std::uint8_t seen_ = 0;
  bool regular_ = false;  // a field that is no pseudo-header field has come
  bool host_ = false;
  bool connect_ = false;
  bool options_ = false;
  bool of_http_ = false;  // the scheme
  bool rooted_ = false;   // the path begins with a slash
  bool asterisk_ = false;
  bool informational_ = false;
  bool no_content_ = false;
  bool unmodified_ = false;
  bool success_ = false;
  std::optional<std::uint64_t> length_;
};

}  // namespace switchyard::agent::codec
