#include "agent/exchange/local_reply.h"

#include "agent/codec/h1_writer.h"
#include "agent/exchange/grpc.h"

namespace switchyard::agent::exchange {

LocalReply MakeLocalReply(Cause cause) {
  const CauseInfo& info = Describe(cause);
  LocalReply reply;
  reply.status = info.status;
  reply.headers = {{"Content-Type", "text/plain; charset=utf-8", codec::FieldId::kOther},
                   {"Cache-Control", "no-store", codec::FieldId::kOther},
                   {"x-switchyard-cause", info.name, codec::FieldId::kOther}};
  reply.body.append(codec::ReasonOf(info.status)).append(": ").append(info.name).append("\n");
  return reply;
}

LocalReply MakeGrpcReply(Cause cause) {
  LocalReply reply;
  reply.status = 200;
  reply.headers = {{"content-type", "application/grpc", codec::FieldId::kContentType},
                   {"grpc-status", GrpcStatusOf(cause), codec::FieldId::kOther},
                   {"grpc-message", Describe(cause).name, codec::FieldId::kOther},
                   {"x-switchyard-cause", Describe(cause).name, codec::FieldId::kOther}};
  return reply;
}

}  // namespace switchyard::agent::exchange
