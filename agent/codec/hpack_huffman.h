// The Huffman code of HPACK, both ways.
//
// Thread-safety: pure functions over constant tables (4 KiB), made when compiled. Cost: decoding takes a look-up per character of up to nine
// bits, which is nearly all of them; encoding a look-up and a shift. Source: RFC 7541 section 5.2 and appendix B.
#pragma once

#include <cstddef>
#include <string_view>

namespace switchyard::agent::codec {

// Bytes that `text` takes when coded.
std::size_t HuffmanSize(std::string_view text);
// Writes HuffmanSize(text) bytes to `out`; returns the end.
char* HuffmanEncode(std::string_view text, char* out);

// What decoding `size` coded bytes may need: the shortest code has five bits.
constexpr std::size_t HuffmanRoom(std::size_t size) { return size * 8 / 5; }
// Writes at most HuffmanRoom(coded.size()) bytes; returns the end, null when `coded` is malformed: the end-of-string symbol, or padding that is
// longer than seven bits or not all ones.
char* HuffmanDecode(std::string_view coded, char* out);

}  // namespace switchyard::agent::codec
