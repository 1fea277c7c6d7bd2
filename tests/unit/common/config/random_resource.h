// Random messages by reflection, for property tests: every field of every kind, with awkward texts and numbers.
//
// The same seed gives the same message. Texts are valid UTF-8, durations are within what the API can write (0 to 100 years).
#pragma once

#include <google/protobuf/message.h>

#include "common/base/random.h"
#include "switchyard/v1/resource.pb.h"

namespace switchyard::tests {

// Fills about half of the fields. Numbers include the least and the largest.
void FillRandomly(Random& random, google::protobuf::Message& message);

// A resource of a random kind with a name and a spec.
v1::Resource RandomResource(Random& random);

}  // namespace switchyard::tests
