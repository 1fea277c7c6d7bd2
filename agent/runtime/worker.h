// Worker: one thread of the data plane with its loop, its listeners' connections and its view of the snapshot.
//
// A snapshot reaches a worker in two steps. Prepare builds the worker's view beside the present one. Then the data plane stores one number,
// `published`, and from that instant every worker that starts a request takes the prepared view: the switch is one atomic store for all.
// Commit follows to open and close acceptors.
//
// Thread-safety: Start, Stop and Run from the data plane's thread; all else on the worker's loop. Bounds: see ListenerState and
// UpstreamState.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "agent/exchange/worker_view.h"
#include "agent/l4/open_connection.h"
#include "agent/listener/acceptor.h"
#include "agent/listener/listener_state.h"
#include "agent/loop/event_loop.h"
#include "agent/report/window.h"
#include "agent/runtime/self_made_log.h"
#include "agent/snapshot/agent_snapshot.h"

namespace switchyard::agent::runtime {

class Worker final : public listener::Host {
 public:
  // `published` and `log` must outlive the worker. The loop does not run before Start.
  // `pen` may be null: no access log.
  Worker(unsigned index, std::unique_ptr<loop::EventLoop> loop, const std::atomic<std::uint64_t>& published, SelfMadeLog& log,
         std::unique_ptr<access_log::Pen> pen);
  ~Worker();

  void Start();
  void Stop();
  // Runs `task` on the worker. False after Stop.
  bool Run(std::function<void()> task) { return loop_->Post(std::move(task)); }

  // On the worker's loop:
  void Prepare(std::uint64_t epoch, std::shared_ptr<const snapshot::AgentSnapshot> snapshot);
  // `sockets`: new listening sockets by address. `serving`: listener name by address, all of them.
  void Commit(const std::map<std::string, std::vector<int>>& sockets, const std::map<std::string, std::string>& serving);
  void BeginDrain();
  // Accepts no more and leaves the queues to whoever has copies of the sockets.
  void ReleaseSockets();
  // Copies of the listening sockets, by address; the caller owns them.
  std::map<std::string, std::vector<int>> CopySockets() const;
  // Tells this share (0-1) of the connections that they carry no more requests than those under way; see ListenerState.
  void DrainShare(double share);
  void CloseIdle();
  void CloseAll();
  report::Window Collect();
  // What the fleet's loop has not been told.
  report::EvidenceRows TakeEvidence();
  std::size_t connections() const;

  // Host:
  const loop::Ref<exchange::WorkerView>& CurrentView() override;
  bool draining() const override { return draining_; }
  void OpenConnection(listener::ListenerState& listener, int fd, const Endpoint& peer, bool refuse) override;
  void OnSelfMade(const std::string& listener, const exchange::Summary& summary) override { log_.Write(listener, summary, loop_->Now()); }

 private:
  listener::ListenerState& StateOf(const std::string& name);
  void ForgetClosedListeners();

  const unsigned index_;
  // Before the loop, whose handlers may end the last requests.
  const std::unique_ptr<access_log::Pen> pen_;
  l4::SplicePipes pipes_;    // before the loop, whose handlers may be the last to hold one
  report::Window departed_;  // before the loop, whose handlers may be the last to hold a backend
  std::unique_ptr<loop::EventLoop> loop_;
  const std::atomic<std::uint64_t>& published_;
  SelfMadeLog& log_;
  const loop::Ref<exchange::MirrorSet> mirrors_{new exchange::MirrorSet()};
  loop::Ref<exchange::WorkerView> view_;
  loop::Ref<exchange::WorkerView> prepared_;
  std::uint64_t prepared_epoch_ = 0;
  std::unordered_map<std::string, loop::Ref<listener::ListenerState>> listeners_;
  std::vector<loop::Ref<listener::ListenerState>> removed_;  // still have connections
  struct Serving {
    std::vector<loop::Ref<listener::Acceptor>> acceptors;
    std::string listener;
    void Close() {
      for (const auto& acceptor : acceptors) acceptor->Close();
    }
  };
  std::map<std::string, Serving> acceptors_;  // by address
  bool draining_ = false;
  std::thread thread_;
};

}  // namespace switchyard::agent::runtime
