// Reading a Behaviour: strict, field by field, on protobuf's JSON parser.
#include <fmt/format.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cmath>
#include <functional>
#include <map>

#include "tools/yard-origin/behaviour.h"

namespace switchyard::tools::origin {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

absl::Status Refuse(std::string_view field, std::string_view expected) {
  return absl::InvalidArgumentError(fmt::format("{}: expected {}", field, expected));
}

absl::Status ReadNumber(const std::string& field, const Value& value, double low, double high, double& out) {
  if (value.kind_case() != Value::kNumberValue || !(value.number_value() >= low && value.number_value() <= high))
    return Refuse(field, fmt::format("a number of {}-{}", low, high));
  out = value.number_value();
  return absl::OkStatus();
}

template <class T>
absl::Status ReadInteger(const std::string& field, const Value& value, double low, double high, T& out) {
  double number = 0;
  if (absl::Status status = ReadNumber(field, value, low, high, number); !status.ok()) return status;
  if (number != std::floor(number)) return Refuse(field, "a whole number");
  out = static_cast<T>(number);
  return absl::OkStatus();
}

absl::Status ReadBool(const std::string& field, const Value& value, bool& out) {
  if (value.kind_case() != Value::kBoolValue) return Refuse(field, "true or false");
  out = value.bool_value();
  return absl::OkStatus();
}

// The code points 0-255 of a JSON string as bytes; see tools/wire/json_text.h.
bool ToBytes(const std::string& utf8, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    if (c < 0x80) {
      out += utf8[i];
    } else if ((c == 0xc2 || c == 0xc3) && i + 1 < utf8.size()) {
      out += static_cast<char>(((c & 0x03) << 6) | (static_cast<unsigned char>(utf8[++i]) & 0x3f));
    } else {
      return false;
    }
  }
  return true;
}

absl::Status ReadHeaders(const std::string& field, const Value& value, Behaviour::Headers& out) {
  if (value.kind_case() != Value::kStructValue || value.struct_value().fields_size() > 64) return Refuse(field, "an object of at most 64 strings");
  const std::map<std::string, Value> sorted(value.struct_value().fields().begin(), value.struct_value().fields().end());
  for (const auto& [name, text] : sorted) {
    std::string bytes;
    if (text.kind_case() != Value::kStringValue || !ToBytes(text.string_value(), bytes)) return Refuse(field + "." + name, "a string");
    out.emplace_back(name, std::move(bytes));
  }
  return absl::OkStatus();
}

absl::Status ReadLatency(const Value& value, Latency& out) {
  const auto& fields = value.struct_value().fields();
  const auto kind = fields.find("kind");
  if (value.kind_case() != Value::kStructValue || kind == fields.end()) return Refuse("latency", "an object with `kind`");
  struct Shape {
    Latency::Kind kind;
    const char* a;
    const char* b;
    double b_max;
  };
  static const std::map<std::string, Shape> kShapes = {{"none", {Latency::Kind::kNone, nullptr, nullptr, 0}},
                                                       {"constant", {Latency::Kind::kConstant, "ms", nullptr, 0}},
                                                       {"uniform", {Latency::Kind::kUniform, "min_ms", "max_ms", 600'000}},
                                                       {"exponential", {Latency::Kind::kExponential, "mean_ms", nullptr, 0}},
                                                       {"lognormal", {Latency::Kind::kLognormal, "median_ms", "sigma", 5}},
                                                       {"normal", {Latency::Kind::kNormal, "mean_ms", "sd_ms", 600'000}}};
  const auto shape = kShapes.find(kind->second.string_value());
  if (shape == kShapes.end()) return Refuse("latency.kind", "none, constant, uniform, exponential, lognormal or normal");
  out = Latency{shape->second.kind};
  std::size_t known = 1;
  const auto read = [&](const char* name, double high, double& into) -> absl::Status {
    if (name == nullptr) return absl::OkStatus();
    const auto it = fields.find(name);
    if (it == fields.end()) return Refuse(fmt::format("latency.{}", name), "a number (required for this kind)");
    ++known;
    return ReadNumber(fmt::format("latency.{}", name), it->second, 0, high, into);
  };
  if (absl::Status status = read(shape->second.a, 600'000, out.a_ms); !status.ok()) return status;
  if (absl::Status status = read(shape->second.b, shape->second.b_max, out.b); !status.ok()) return status;
  if (known != static_cast<std::size_t>(fields.size())) return Refuse("latency", "only the fields of its kind");
  if (out.kind == Latency::Kind::kUniform && out.b < out.a_ms) return Refuse("latency.max_ms", "at least min_ms");
  return absl::OkStatus();
}

absl::Status ReadRaw(const Value& value, std::string& out) {
  if (value.kind_case() != Value::kStringValue || value.string_value().size() > (1u << 20) || !ToBytes(value.string_value(), out))
    return Refuse("raw", "a string of at most 1 MiB with characters up to U+00FF");
  return absl::OkStatus();
}

using Reader = std::function<absl::Status(const std::string&, const Value&, Behaviour&)>;

Reader Rate(double Behaviour::*member) {
  return [member](const std::string& f, const Value& v, Behaviour& b) { return ReadNumber(f, v, 0, 1, b.*member); };
}
template <class T>
Reader Integer(T Behaviour::*member, double low, double high) {
  return [=](const std::string& f, const Value& v, Behaviour& b) { return ReadInteger(f, v, low, high, b.*member); };
}
Reader Bool(bool Behaviour::*member) {
  return [member](const std::string& f, const Value& v, Behaviour& b) { return ReadBool(f, v, b.*member); };
}
Reader HeaderMap(Behaviour::Headers Behaviour::*member) {
  return [member](const std::string& f, const Value& v, Behaviour& b) { return ReadHeaders(f, v, b.*member); };
}

const std::map<std::string, Reader>& Readers() {
  constexpr double kGiB = 1024.0 * 1024 * 1024;
  static const std::map<std::string, Reader> readers = {
      {"latency", [](const std::string&, const Value& v, Behaviour& b) { return ReadLatency(v, b.latency); }},
      {"slots", Integer(&Behaviour::slots, 0, 100'000)},
      {"load_header", Bool(&Behaviour::load_header)},
      {"status", Integer(&Behaviour::status, 200, 599)},
      {"error_rate", Rate(&Behaviour::error_rate)},
      {"error_status", Integer(&Behaviour::error_status, 200, 599)},
      {"reset_rate", Rate(&Behaviour::reset_rate)},
      {"hang_rate", Rate(&Behaviour::hang_rate)},
      {"truncate_rate", Rate(&Behaviour::truncate_rate)},
      {"body_size", Integer(&Behaviour::body_size, 0, kGiB)},
      {"chunked", Bool(&Behaviour::chunked)},
      {"headers", HeaderMap(&Behaviour::headers)},
      {"trailers", HeaderMap(&Behaviour::trailers)},
      {"length_offset", Integer(&Behaviour::length_offset, -kGiB, kGiB)},
      {"early_hints", Bool(&Behaviour::early_hints)},
      {"close", Bool(&Behaviour::close)},
      {"close_after", Integer(&Behaviour::close_after, 0, 1e9)},
      {"keep_alive_ms", Integer(&Behaviour::keep_alive_ms, 0, 3.6e6)},
      {"health_status", Integer(&Behaviour::health_status, 200, 599)},
      {"raw", [](const std::string&, const Value& v, Behaviour& b) { return ReadRaw(v, b.raw); }},
  };
  return readers;
}

}  // namespace

absl::StatusOr<Behaviour> ParseBehaviour(std::string_view json) {
  Struct root;
  const auto parsed = google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, &root);
  if (!parsed.ok()) return absl::InvalidArgumentError(fmt::format("not a JSON object: {}", parsed.ToString()));
  Behaviour behaviour;
  const std::map<std::string, Value> sorted(root.fields().begin(), root.fields().end());
  for (const auto& [field, value] : sorted) {
    const auto reader = Readers().find(field);
    if (reader == Readers().end()) return absl::InvalidArgumentError(fmt::format("{}: unknown field", field));
    if (absl::Status status = reader->second(field, value, behaviour); !status.ok()) return status;
  }
  return behaviour;
}

}  // namespace switchyard::tools::origin
