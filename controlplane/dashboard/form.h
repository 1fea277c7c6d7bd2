// Forms: `application/x-www-form-urlencoded` texts, as queries and bodies of the dashboard are.
//
// Source: WHATWG URL standard, section 5.1. Bytes come from strangers. A field that comes twice, a broken escape, or a text beyond the bounds
// makes the whole form unreadable: the dashboard's own pages send none of these.
// Thread-safety: pure functions. Bounds: kMaxFields. Cost: linear.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard::controlplane::dashboard {

inline constexpr std::size_t kMaxFields = 32;

using Form = std::map<std::string, std::string, std::less<>>;

std::optional<Form> ParseForm(std::string_view text);
// The field's text; empty when it is not there.
std::string_view FieldOf(const Form& form, std::string_view name);

}  // namespace switchyard::controlplane::dashboard
