// HpackDecoder: header sections as they were compressed in, fields out, one by one.
//
// Each field comes with its note (h2_note.h); for what the table holds that costs nothing. Text is a view of the section, of the table or of
// scratch memory, whichever it already is in.
//
// Thread-safety: one thread. Bounds: the table's limit; a literal is as long as the section says, decoded at most 1.6 times that. Memory: a table as
// large as what is in it; Rest gives back the scratch. Errors: kBad, after which the connection cannot go on (COMPRESSION_ERROR).
// Source: RFC 7541 sections 3, 6; RFC 9113 section 4.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/codec/h2_note.h"
#include "agent/codec/hpack_table.h"

namespace switchyard::agent::codec {

using HpackField = HpackTable::Field;

class HpackDecoder {
 public:
  enum class Step : std::uint8_t { kField, kEnd, kBad };

  // The encoder begins with a table of kHpackTableBytes; it may change to as much as `limit`.
  explicit HpackDecoder(std::uint32_t limit) : table_(kHpackTableBytes), limit_(limit) {}
  ~HpackDecoder();
  HpackDecoder(const HpackDecoder&) = delete;
  HpackDecoder& operator=(const HpackDecoder&) = delete;

  // The encoder may use so much from now on; if that is less than it uses, the next section has to begin with a change of size.
  void SetLimit(std::uint32_t bytes);

  // `section` is whole and stays until its end was reached.
  void Begin(std::string_view section);
  // Views end with the next call.
  Step Next(HpackField& field);
  // Bytes of names that the section has made the table take up again so far.
  std::size_t moved() const { return moved_; }

  void Rest();

 private:
  struct Text {
    std::string_view bytes;
    bool coded = false;
  };

  bool ChangeSize();
  Step Indexed(HpackField& field);
  Step Literal(HpackField& field, unsigned prefix, bool adds, std::uint8_t bits);
  bool ReadText(Text& text);
  bool Reserve(std::size_t size);
  bool Unpack(const Text& text, char*& to, std::string_view& out);
  bool Look(std::uint32_t index, HpackField& field) const;

  HpackTable table_;
  std::uint32_t limit_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  char* scratch_ = nullptr;
  std::size_t scratch_room_ = 0;
  bool may_change_ = false;  // no field has come yet
  std::size_t moved_ = 0;
};

}  // namespace switchyard::agent::codec
