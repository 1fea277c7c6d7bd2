// WorkQueue: a few threads that carry out calls which may take long (validation of a large catalog, an fsync), so that the threads of gRPC
// never wait.
//
// Bounds: at most `capacity` tasks wait; beyond that `Post` refuses and the caller answers RESOURCE_EXHAUSTED.
// Thread-safety: every method from any thread. Tasks must not throw. Order: tasks start in the order of Post; with more than one thread they
// overlap.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace switchyard::controlplane::runtime {

class WorkQueue {
 public:
  // `name`: of its threads, as `top -H` shows them; at most 15 characters.
  WorkQueue(std::size_t threads, std::size_t capacity, const char* name = "queue");
  // As Stop.
  ~WorkQueue();

  // False: full or stopped; the task was dropped and will not run.
  [[nodiscard]] bool Post(std::function<void()> task);
  // Carries out what waits, then ends the threads. REQUIRES: not called from a task.
  void Stop();

 private:
  void Run();

  const std::size_t capacity_;
  const char* const name_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
};

}  // namespace switchyard::controlplane::runtime
