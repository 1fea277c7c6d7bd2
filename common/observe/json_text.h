// JSON text, written by hand: what logs and status pages need, and no more. Messages of the API go through common/config instead.
//
// Source: RFC 8259 section 7 (escaping). Bytes that are not UTF-8 are written as U+FFFD, so the result is always valid JSON.
// Thread-safety: pure functions; a JsonObject belongs to one thread. Cost: linear, appends to one string.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::observe {

// Appends `value` in quotes, escaped.
void AppendJsonString(std::string& out, std::string_view value);
// Appends a number; NaN and infinities, which JSON does not have, become null.
void AppendJsonNumber(std::string& out, double value);

// Writes one object: JsonObject object; object.Add("a", 1); object.Finish().
class JsonObject {
 public:
  JsonObject() : text_("{") {}
  void Add(std::string_view key, std::string_view value);
  void Add(std::string_view key, const char* value) { Add(key, std::string_view(value)); }
  void Add(std::string_view key, double value);
  void Add(std::string_view key, std::same_as<bool> auto value) { AddRaw(key, value ? "true" : "false"); }
  void Add(std::string_view key, std::integral auto value)
    requires(!std::same_as<decltype(value), bool>)
  {
    AddRaw(key, std::to_string(value));
  }
  // `json` is written as it is: an object, an array or a literal.
  void AddRaw(std::string_view key, std::string_view json);
  // Closes the object. REQUIRES: called once, last.
  std::string Finish();

 private:
  std::string text_;
};

// Writes one array of ready-made elements.
class JsonArray {
 public:
  JsonArray() : text_("[") {}
  void AddRaw(std::string_view json);
  void Add(std::string_view value);
  // REQUIRES: called once, last.
  std::string Finish();

 private:
  std::string text_;
};

}  // namespace switchyard::observe
