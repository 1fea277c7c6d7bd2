// Field rules of headers that a resource writes or removes.
//
// Thread-safety: pure functions. Cost: linear. Source: `HeaderValue`, `HeaderChanges` in proto/switchyard/v1/route.proto.
#pragma once

#include "common/rules/value_template.h"
#include "controlplane/validation/findings.h"
#include "switchyard/v1/route.pb.h"

namespace switchyard::controlplane::validation {

void CheckHeaderChanges(const std::string& at, const v1::HeaderChanges& changes, Findings& out);
void CheckHeaderValues(const std::string& at, Text field, const google::protobuf::RepeatedPtrField<v1::HeaderValue>& values, Findings& out);
// Names that are only compared, not written.
void CheckHeaderNames(const std::string& at, Text field, const google::protobuf::RepeatedPtrField<std::string>& names, std::size_t most,
                      Findings& out);
void CheckTemplateText(const std::string& field, Text text, rules::ValueTemplate::Use use, std::size_t most, Findings& out);

}  // namespace switchyard::controlplane::validation
