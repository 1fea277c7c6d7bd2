// The files of the dashboard's pages, as Vite built them and tools/cmake/embed_files put them into the program.
//
// Thread-safety: constants. All contents are gzip; names with a hash in them never change their content.
#pragma once

#include <span>
#include <string_view>

namespace switchyard::controlplane::dashboard {

struct Asset {
  // `/index.html`, `/assets/index-5f3c.js`.
  std::string_view path;
  std::string_view content_type;
  // In quotes.
  std::string_view etag;
  // gzip.
  std::string_view content;
};

// In order of path. Without pages (built with SWITCHYARD_DASHBOARD=OFF): empty.
std::span<const Asset> Assets();

}  // namespace switchyard::controlplane::dashboard
