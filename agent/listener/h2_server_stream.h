// H2ServerStream: one request of an HTTP/2 client and its exchange.
//
// The head views the stream's own copy of the header section. Body bytes that arrive while the exchange is paused wait here and count against
// the stream's window until they are taken, so a slow backend stops the client and nothing else.
// Thread-safety: its worker. Life: kept by its connection until the stream is closed and the exchange done. Bounds: one stream window of
// waiting request body, H2Stream::kHighWater of response; body_idle_timeout for the request, stall_timeout for the response.
#pragma once

#include <string>

#include "agent/codec/h2_session.h"
#include "agent/exchange/exchange.h"
#include "agent/exchange/server_stream.h"
#include "agent/listener/h2_server_connection.h"
#include "agent/loop/ref_counted.h"
#include "agent/loop/timer_wheel.h"

namespace switchyard::agent::listener {

class H2ServerStream final : public codec::FromSpareMemory,
                             public loop::RefCounted,
                             public codec::H2Stream,
                             private exchange::ServerStream,
                             private loop::Timer::Owner {
 public:
  explicit H2ServerStream(H2ServerConnection& connection);
  ~H2ServerStream() override;

  // The connection is gone; tells the exchange.
  void ConnectionClosed(Cause cause);
  // All bytes of one read have been given.
  void TurnEnded();
  std::size_t place = 0;  // among the connection's streams

 private:
  // H2Stream:
  void OnFields(codec::H2Fields& fields, bool trailers, bool ends) override;
  void OnData(std::string_view data) override;
  void OnEnd() override;
  void OnDrained() override;
  void OnSent() override;
  void OnClosed(codec::H2Error error, Cause fault) override;
  // ServerStream:
  void SendHead(const exchange::OutgoingResponse& response) override;
  bool SendBody(std::string_view data) override;
  void SendEnd(const codec::Trailers* trailers) override;
  void Flush() override;
  void PauseRequest() override;
  void ResumeRequest() override;
  void Done(const exchange::Summary& summary, bool complete) override;
  std::string_view client_ip() const override { return connection_.client_ip(); }
  exchange::ClientAddresses addresses() const override { return connection_.addresses(); }
  std::string_view scheme() const override { return connection_.scheme(); }
  std::string_view client_certificate() const override { return connection_.client_certificate(); }

  void OnTimer(loop::Timer& timer) override;
  void StartExchange(Cause refusal);
  bool over() const { return !exchange_ || exchange_->done(); }
  void TakeTrailers(codec::H2Fields& fields);
  void Deliver(std::string_view data);
  void RequestEnded();
  void RequestFailed(Cause cause);
  void Watch();
  void DropIfOver();

  H2ServerConnection& connection_;
  loop::Timer body_;   // request bytes that do not come
  loop::Timer stall_;  // response bytes that wait for the client
  codec::H2Fields fields_;
  codec::RequestHead head_;
  loop::Ref<exchange::Exchange> exchange_;
  std::string waiting_body_;
  codec::Trailers trailers_;
  TimePoint started_;
  std::uint64_t body_bytes_ = 0;
  std::uint64_t watched_ = 0;  // response bytes that had gone when `stall_` was set
  bool paused_ = true;
  bool request_ended_ = false;   // END_STREAM has come
  bool end_delivered_ = false;   // and the exchange knows
  bool failed_ = false;          // the exchange has been told that the request is broken
  bool upgraded_ = false;
  bool touched_ = false;
  bool closed_ = false;
  bool dropped_ = false;
};

}  // namespace switchyard::agent::listener
