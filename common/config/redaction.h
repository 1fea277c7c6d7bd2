// Redaction: what people and tools may see of resources: private keys out, what the certificates say in.
//
// Every answer of the API, and every page, that shows a resource goes through here. Thread-safety: pure functions. Cost: parsing the
// certificates of a Secret, about 50 us each; nothing for other kinds.
#pragma once

#include "switchyard/v1/snapshot.pb.h"

namespace switchyard::config {

void Redact(v1::Resource& resource);
void Redact(google::protobuf::RepeatedPtrField<v1::Resource>& resources);
// What an Apply may not set: output-only fields go.
void DropFacts(v1::Resource& resource);

}  // namespace switchyard::config
