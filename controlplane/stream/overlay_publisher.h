// OverlayPublisher: the beat of the fleet's loop: every 100 ms, and soon after urgent evidence, lets the loop judge, and tells the sessions that there is news.
//
// One thread of its own, so that neither evidence nor configuration waits for the other. Urgent evidence is judged 5 ms after it came, so that what several
// agents see at the same moment is judged together, and at most every 10 ms. Sessions fetch their frames themselves (SessionHost::NextFleetFrame), each
// when its last write is done; those that are slow are told later and everything at once, so nothing queues up.
// Thread-safety: every method from any thread. Bounds: members are those of the registry. Cost: O(members) per beat with news, and every 2 s.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "controlplane/fleet/fleet_loop.h"
#include "controlplane/stream/session_handle.h"

namespace switchyard::controlplane::stream {

class OverlayPublisher {
 public:
  // Both outlive this.
  OverlayPublisher(fleet::FleetLoop* loop, const Clock* clock);
  // As Stop.
  ~OverlayPublisher();
  OverlayPublisher(const OverlayPublisher&) = delete;
  OverlayPublisher& operator=(const OverlayPublisher&) = delete;

  void Join(const std::shared_ptr<SessionHandle>& session);
  void Leave(const SessionHandle& session);
  // Something is urgent.
  void Wake();
  void Stop();

 private:
  void Run();
  void TellAll();

  fleet::FleetLoop* const loop_;
  const Clock* const clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool urgent_ = false;
  std::unordered_map<const SessionHandle*, std::weak_ptr<SessionHandle>> members_;
  std::thread thread_;
};

}  // namespace switchyard::controlplane::stream
