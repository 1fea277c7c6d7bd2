#include "agent/codec/hpack_decoder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "agent/codec/hpack_huffman.h"
#include "agent/codec/hpack_integer.h"
#include "agent/codec/hpack_static.h"
#include "agent/codec/spare_memory.h"

namespace switchyard::agent::codec {
namespace {

constexpr std::size_t kFirstScratch = 500;

struct StaticNotes {
  std::array<FieldNote, kStaticFields + 1> names;
  std::array<FieldNote, kStaticFields + 1> fields;
};

StaticNotes MakeNotes() {
  StaticNotes made;
  for (std::uint32_t i = 1; i <= kStaticFields; ++i) {
    made.names[i] = NoteName(StaticFieldAt(i).name);
    made.fields[i] = NoteValue(made.names[i], StaticFieldAt(i).value);
  }
  return made;
}
const StaticNotes kNotes = MakeNotes();

}  // namespace

HpackDecoder::~HpackDecoder() { SpareMemory::Give(scratch_); }

void HpackDecoder::Rest() {
  SpareMemory::Give(std::exchange(scratch_, nullptr));
  scratch_room_ = 0;
}

void HpackDecoder::SetLimit(std::uint32_t bytes) { limit_ = bytes; }

void HpackDecoder::Begin(std::string_view section) {
  at_ = section.data();
  end_ = at_ + section.size();
  may_change_ = true;
  moved_ = 0;
}

HpackDecoder::Step HpackDecoder::Next(HpackField& field) {
  while (at_ != end_) {
    const auto first = static_cast<unsigned char>(*at_);
    if ((first & 0xe0U) == 0x20) {
      if (!ChangeSize()) return Step::kBad;
      continue;
    }
    // RFC 7541 section 4.2: who was told to use less says so before anything else.
    if (may_change_ && table_.limit() > limit_) return Step::kBad;
    may_change_ = false;
    if ((first & 0x80U) != 0) return Indexed(field);
    if ((first & 0x40U) != 0) return Literal(field, 6, /*adds=*/true, 0);
    return Literal(field, 4, /*adds=*/false, (first & 0x10U) != 0 ? FieldNote::kNeverIndexed : std::uint8_t{0});
  }
  return Step::kEnd;
}

bool HpackDecoder::ChangeSize() {
  std::uint32_t size = 0;
  if (!may_change_ || !ReadHpackInteger(at_, end_, 5, size) || size > limit_) return false;
  table_.SetLimit(size);
  return true;
}

bool HpackDecoder::Look(std::uint32_t index, HpackField& field) const {
  if (index <= kStaticFields) {
    if (index == 0) return false;
    const StaticField& entry = StaticFieldAt(index);
    field = {entry.name, entry.value, kNotes.fields[index]};
    return true;
  }
  const std::uint32_t place = index - kStaticFields - 1;
  if (place >= table_.count()) return false;
  field = table_.At(place);
  return true;
}

HpackDecoder::Step HpackDecoder::Indexed(HpackField& field) {
  std::uint32_t index = 0;
  if (!ReadHpackInteger(at_, end_, 7, index)) return Step::kBad;
  return Look(index, field) ? Step::kField : Step::kBad;
}

bool HpackDecoder::ReadText(Text& text) {
  if (at_ == end_) return false;
  text.coded = (static_cast<unsigned char>(*at_) & 0x80U) != 0;
  std::uint32_t size = 0;
  if (!ReadHpackInteger(at_, end_, 7, size) || size > static_cast<std::size_t>(end_ - at_)) return false;
  text.bytes = {at_, size};
  at_ += size;
  return true;
}

bool HpackDecoder::Reserve(std::size_t size) {
  if (size <= scratch_room_) return true;
  SpareMemory::Give(scratch_);
  scratch_room_ = std::max(kFirstScratch, size);
  scratch_ = static_cast<char*>(SpareMemory::Take(scratch_room_));
  if (scratch_ == nullptr) scratch_room_ = 0;
  return scratch_ != nullptr;
}

bool HpackDecoder::Unpack(const Text& text, char*& to, std::string_view& out) {
  if (!text.coded || text.bytes.empty()) {
    out = text.bytes;
    return true;
  }
  char* const end = HuffmanDecode(text.bytes, to);
  if (end == nullptr) return false;
  out = {to, static_cast<std::size_t>(end - to)};
  to = end;
  return true;
}

HpackDecoder::Step HpackDecoder::Literal(HpackField& field, unsigned prefix, bool adds, std::uint8_t bits) {
  std::uint32_t index = 0;
  if (!ReadHpackInteger(at_, end_, prefix, index)) return Step::kBad;
  Text name;
  Text value;
  if (index == 0 ? !ReadText(name) : !Look(index, field)) return Step::kBad;
  if (!ReadText(value)) return Step::kBad;
  // A name of the table moves when the table takes it up again.
  const bool moves = adds && index > kStaticFields;
  const std::size_t name_room = name.coded ? HuffmanRoom(name.bytes.size()) : moves ? field.name.size() : 0;
  if (!Reserve(name_room + (value.coded ? HuffmanRoom(value.bytes.size()) : 0))) return Step::kBad;
  char* to = scratch_;
  if (index == 0) {
    if (!Unpack(name, to, field.name)) return Step::kBad;
    field.note = NoteName(field.name);
  } else {
    field.note = index <= kStaticFields ? kNotes.names[index] : field.note.OfName();
  }
  if (moves && !field.name.empty()) {
    moved_ += field.name.size();
    std::memcpy(to, field.name.data(), field.name.size());
    field.name = {to, field.name.size()};
    to += field.name.size();
  }
  if (!Unpack(value, to, field.value)) return Step::kBad;
  field.note = NoteValue(field.note, field.value);
  if (adds) table_.Add(field.name, field.value, field.note);
  field.note.bits |= bits;
  return Step::kField;
}

}  // namespace switchyard::agent::codec
