// Goal: a status means the same on both ends, and its violations always fit the answer. Method: round trips, and more than fits.
#include "common/rpc/grpc_status.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/rpc/transport_limits.h"

namespace switchyard::rpc {
namespace {

v1::Violations MakeViolations(int count, std::size_t text) {
  v1::Violations violations;
  for (int i = 0; i < count; ++i) violations.add_violations()->set_reason(std::string(text, 'x'));
  violations.set_total(static_cast<unsigned>(count));
  return violations;
}

TEST(GrpcStatus, KeepsCodeAndMessageBothWays) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "why");
    const grpc::Status wire = ToGrpc(status);
    EXPECT_EQ(static_cast<int>(wire.error_code()), code);
    EXPECT_EQ(FromGrpc(wire), status);
  }
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

TEST(GrpcStatus, CarriesViolationsInItsDetails) {
  const auto status = WithViolations(absl::InvalidArgumentError("no"), MakeViolations(3, 10));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ViolationsOf(status).violations_size(), 3);
}

TEST(GrpcStatus, CutsViolationsThatDoNotFitAndStillCountsThem) {
  const auto status = WithViolations(absl::InvalidArgumentError("no"), MakeViolations(1000, 2000));
  EXPECT_LE(status.error_details().size(), kMaxDetailBytes);
  const auto violations = ViolationsOf(status);
  EXPECT_EQ(violations.total(), 1000u);
  EXPECT_GE(violations.violations_size(), 100);
}

TEST(GrpcStatus, CutsALongMessage) { EXPECT_LT(ToGrpc(absl::InternalError(std::string(1 << 20, 'x'))).error_message().size(), 5000u); }

TEST(GrpcStatus, ReadsForeignDetailsAsNone) {
  EXPECT_EQ(ViolationsOf(grpc::Status(grpc::StatusCode::INTERNAL, "x", "\xff\xff not a message")).violations_size(), 0);
}

}  // namespace
}  // namespace switchyard::rpc
