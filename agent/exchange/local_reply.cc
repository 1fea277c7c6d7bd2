#include "agent/exchange/local_reply.h"

#include "agent/codec/h1_writer.h"

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

}  // namespace switchyard::agent::exchange
