#include "controlplane/validation/header_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/status.h"
#include "controlplane/validation/match_rules.h"
#include "controlplane/validation/text_rules.h"

namespace switchyard::controlplane::validation {
namespace {

// What frames a message or belongs to one connection (RFC 9110 section 7.6.1), and what is ours alone to say.
constexpr Text kReserved[] = {"connection",        "content-length", "expect",  "host",         "http2-settings",    "keep-alive",        "proxy-authenticate",
                              "proxy-connection", "te",             "trailer", "transfer-encoding", "upgrade", "x-switchyard-cause"};

bool EqualsIgnoreCase(Text a, Text lower) {
  return a.size() == lower.size() && std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

void CheckWritableName(const std::string& field, Text name, Findings& out) {
  const auto* const reserved = std::find_if(std::begin(kReserved), std::end(kReserved), [&](Text each) { return EqualsIgnoreCase(name, each); });
  if (reserved == std::end(kReserved)) return CheckHeaderName(field, name, out);
  out.Add(field, *reserved == "host" ? std::string("is \"Host\", which `rewrite.host` changes")
                                     : fmt::format("is {}, which frames messages or belongs to one connection; an agent writes it itself", Quoted(name)));
}

void CheckWritableNames(const std::string& at, Text field, const google::protobuf::RepeatedPtrField<std::string>& names, Findings& out) {
  const int count = CheckSize(at, field, names.size(), config::kMaxHeaderChanges, out);
  for (int i = 0; i < count; ++i) CheckWritableName(At(At(at, field), i), names[i], out);
}

}  // namespace

void CheckTemplateText(const std::string& field, Text text, rules::ValueTemplate::Use use, std::size_t most, Findings& out) {
  if (text.size() > most) return out.Add(field, fmt::format("has {} bytes; at most {} allowed", text.size(), most));
  const auto parsed = rules::ValueTemplate::Parse(text, use);
  if (!parsed.ok()) out.Add(field, std::string(Message(parsed.status())));
}

void CheckHeaderValues(const std::string& at, Text field, const google::protobuf::RepeatedPtrField<v1::HeaderValue>& values, Findings& out) {
  const int count = CheckSize(at, field, values.size(), config::kMaxHeaderChanges, out);
  for (int i = 0; i < count; ++i) {
    const std::string entry = At(At(at, field), i);
    CheckWritableName(At(entry, "name"), values[i].name(), out);
    const std::string& value = values[i].value();
    if (!IsFieldValue(value)) {
      CheckHeaderValue(At(entry, "value"), value, out);
    } else {
      CheckTemplateText(At(entry, "value"), value, rules::ValueTemplate::Use::kHeader, config::kMaxHeaderValueLength, out);
    }
  }
}

void CheckHeaderNames(const std::string& at, Text field, const google::protobuf::RepeatedPtrField<std::string>& names, std::size_t most,
                      Findings& out) {
  const int count = CheckSize(at, field, names.size(), most, out);
  for (int i = 0; i < count; ++i) CheckHeaderName(At(At(at, field), i), names[i], out);
}

void CheckHeaderChanges(const std::string& at, const v1::HeaderChanges& changes, Findings& out) {
  CheckHeaderValues(at, "set", changes.set(), out);
  CheckHeaderValues(at, "add", changes.add(), out);
  CheckWritableNames(at, "remove", changes.remove(), out);
}

}  // namespace switchyard::controlplane::validation
