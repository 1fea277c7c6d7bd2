// Field rules of RouteMatch: path, methods, headers, query, cookies, gRPC and addresses.
//
// Thread-safety: pure function. Cost: linear in the resource; regular expressions are compiled. Source: proto/switchyard/v1/route.proto.
#pragma once

#include "controlplane/validation/findings.h"
#include "switchyard/v1/route.pb.h"

namespace switchyard::controlplane::validation {

void CheckMatches(const v1::Route& route, Findings& out);
// Every match of it is one by prefix, so that a prefix can be replaced.
bool MatchesByPrefixOnly(const v1::Route& route);

// Shared with the policies:
// A path that requests have when they come to an agent or leave it; or one that a client is sent to, whose server may take more.
enum class PathUse { kHere, kElsewhere };
void CheckPathText(const std::string& field, Text path, PathUse use, Findings& out);
void CheckHeaderName(const std::string& field, Text name, Findings& out);
void CheckHeaderValue(const std::string& field, Text value, Findings& out);
void CheckNetworks(const std::string& at, Text field, const google::protobuf::RepeatedPtrField<std::string>& networks, std::size_t most,
                   Findings& out);
void CheckMethodList(const std::string& at, Text field, const google::protobuf::RepeatedPtrField<std::string>& methods, Findings& out);

}  // namespace switchyard::controlplane::validation
