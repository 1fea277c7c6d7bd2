// Field rules, one function per kind of resource and one for the envelope around them all. The rules are those of the .proto comments.
//
// Thread-safety: pure functions. Cost: linear in the resource. Elements beyond the bound of a list are counted, not looked at.
#pragma once

#include <string>

#include <google/protobuf/map.h>

#include "controlplane/validation/field_checks.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::controlplane::validation {

// Name and labels.
void CheckEnvelope(const v1::Resource& resource, FieldChecks& checks);
void CheckListener(const v1::Listener& listener, FieldChecks& checks);
void CheckRoute(const v1::Route& route, FieldChecks& checks);
void CheckUpstream(const v1::Upstream& upstream, FieldChecks& checks);

// A map of labels at the path `field`.
void CheckLabels(std::string_view field, const google::protobuf::Map<std::string, std::string>& labels, std::size_t most, FieldChecks& checks);

}  // namespace switchyard::controlplane::validation
