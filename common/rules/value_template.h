// ValueTemplate: a header value or a page with variables, such as `v1/%client_ip%`.
//
// Thread-safety: immutable. Cost: rendering appends to the caller's string. Errors: INVALID_ARGUMENT that names the variable and says which
// there are. Source of the words: `HeaderValue` in proto/switchyard/v1/route.proto.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace switchyard::rules {

enum class Variable : std::uint8_t {
  kNone,  // literal text
  kClientIp,
  kRequestId,
  kMethod,
  kScheme,
  kHost,
  kAuthority,
  kPath,
  kQuery,
  kProtocol,
  kListener,
  kRoute,
  kUpstream,
  kBackend,
  kStatus,
  kCause,
};

class ValueTemplate {
 public:
  // kPage: only variables whose values cannot hold markup, whatever a client sends.
  enum class Use : std::uint8_t { kHeader, kPage };
  static absl::StatusOr<ValueTemplate> Parse(std::string_view text, Use use);

  // Text without variables; then Literal() is all of it.
  bool is_literal() const { return parts_.size() <= 1 && (parts_.empty() || parts_[0].variable == Variable::kNone); }
  std::string_view Literal() const { return parts_.empty() ? std::string_view() : std::string_view(parts_[0].text); }
  bool Uses(Variable variable) const;

  // `append(variable, out)` writes the value of a variable.
  template <class Append>
  void Render(const Append& append, std::string& out) const {
    for (const Part& part : parts_) {
      if (part.variable == Variable::kNone) {
        out += part.text;
      } else {
        append(part.variable, out);
      }
    }
  }

 private:
  struct Part {
    Variable variable = Variable::kNone;
    std::string text;
  };
  void AddLiteral(std::string_view text);
  std::vector<Part> parts_;
};

}  // namespace switchyard::rules
