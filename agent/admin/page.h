// Page: what an admin handler answers. One handler per file; admin_pages.cc lists them.
//
// Thread-safety: values.
#pragma once

#include <string>

namespace switchyard::agent::admin {

inline constexpr char kTextType[] = "text/plain; charset=utf-8";
inline constexpr char kJsonType[] = "application/json";

struct Page {
  unsigned status = 200;
  std::string content_type = kTextType;
  std::string body;
};

}  // namespace switchyard::agent::admin
