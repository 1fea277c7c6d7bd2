// The static table of HPACK: 61 fields that both sides know.
//
// Thread-safety: pure functions over constant tables, made when compiled. Cost: a look-up is one hash and, as a rule, one comparison.
// Source: RFC 7541 appendix A.
#pragma once

#include <cstdint>
#include <string_view>

namespace switchyard::agent::codec {

struct StaticField {
  std::string_view name;
  std::string_view value;
};

inline constexpr std::uint32_t kStaticFields = 61;

// `index` from 1.
const StaticField& StaticFieldAt(std::uint32_t index);
// The first index with this name, in lower case; 0: none.
std::uint32_t StaticName(std::string_view name);
// The index of the whole field, given the first with its name; 0: none.
std::uint32_t StaticValue(std::uint32_t first, std::string_view value);

}  // namespace switchyard::agent::codec
