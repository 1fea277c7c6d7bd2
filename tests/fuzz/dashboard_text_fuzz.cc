// Goal: what browsers send, and what a damaged disk gives back, is read or refused, and what is read is within its bounds and can be written
// again to the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "controlplane/dashboard/form.h"
#include "controlplane/history/row_codec.h"

using namespace switchyard::controlplane;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto form = dashboard::ParseForm(text)) {
    if (form->size() > dashboard::kMaxFields) std::abort();
    std::size_t bytes = 0;
    for (const auto& [name, value] : *form) bytes += name.size() + value.size();
    if (bytes > size) std::abort();
  }
  history::Row row;
  if (history::DecodeRow(text, row)) {
    if (row.size() > history::kMaxRowSeries) std::abort();
    history::Row again;
    if (!history::DecodeRow(history::EncodeRow(row), again) || again.size() != row.size()) std::abort();
  }
  return 0;
}
