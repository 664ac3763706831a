// What the executor knows and does: attempts, zygotes, engines' connections and canvases' events, on one loop.
//
// Life: kServing --drain--> kDraining (no socket, no new attempts) --all acknowledged, or idle for the linger time--> ends
//       kServing --stop, SIGTERM--> attempts are lost, ends       kServing --idle for the linger time--> ends
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "executor/attempt.h"
#include "executor/connection.h"
#include "executor/event_log.h"
#include "executor/event_loop.h"
#include "executor/executor.h"
#include "executor/group_tree.h"
#include "executor/object_cache.h"
#include "executor/work_pool.h"
#include "executor/zygote.h"

namespace easel {

/// Confined to the thread that calls Run.
class ExecutorService {
 public:
  ExecutorService(std::unique_ptr<EventLoop> loop, ExecutorOptions options, UniqueFd lock, UniqueFd listener);
  ~ExecutorService();

  void Run();

 private:
  struct CanvasFacts {
    explicit CanvasFacts(const std::string& id) : log(id) {}
    EventLog log;
    Connection* engine = nullptr;    ///< whom the events go to
    std::set<std::string> attempts;  ///< under way or unacknowledged
  };

  // service.cc: life
  void OnAccept();
  void OnSignal();
  void ReapChildren();
  void OnTurnEnd();
  void OnTick();
  void KillStrays();
  void StopServing();
  void Shutdown(const std::string& reason);
  bool Idle() const;
  json::object Hello() const;

  // service_requests.cc: one method per op
  void OnLine(Connection& connection, const std::string& line);
  void OnAttach(Connection& connection, const Request& request);
  Result<json::object> Handle(const Request& request);
  Result<json::object> HandleStart(const Connection& connection, const Request& request);
  Result<json::object> HandleCancel(const Request& request);
  Result<json::object> HandleWarm(const Request& request);
  Result<json::object> HandleAck(const Request& request);
  Result<json::object> HandlePending(const Request& request);
  Result<json::object> HandleStop(const Request& request);
  json::object StatusDocument() const;
  void OnClosed(Connection& connection);

  // service_attempts.cc: attempts and zygotes
  void StartAttempt(AttemptSpec spec);
  Result<Zygote*> ZygoteFor(const EnvironmentSpec& environment, const std::string& isolation, bool network);
  void Confine(std::uint64_t worker, pid_t pid);
  std::vector<std::string> MissingFor(const Zygote& zygote) const;
  void NeedWorker(Attempt& attempt);
  void ForgetWaiting(Attempt& attempt);
  void OnWorker(Zygote& zygote, std::unique_ptr<Worker> worker);
  void OnZygoteFailure(Zygote& zygote, const std::string& message);
  void OnZygoteDeath(Zygote& zygote);
  void Emit(Attempt& attempt, json::object event);
  void OnJournalGrew(Attempt& attempt);
  void SendLogEvent(Attempt& attempt);
  void SendLogEvents();
  void OnFinished(Attempt& attempt);
  CanvasFacts& CanvasOf(const std::string& id);

  std::unique_ptr<EventLoop> loop_;
  ExecutorOptions options_;
  UniqueFd lock_, listener_, signals_;
  const std::string instance_;
  const std::string build_;
  const std::int64_t started_unix_ms_;
  const std::int64_t started_ms_;
  std::string mode_ = "local";
  std::vector<std::string> missing_;
  ObjectCache objects_;
  std::map<std::string, std::unique_ptr<Attempt>> attempts_;
  std::map<std::string, std::unique_ptr<Zygote>> zygotes_;
  std::uint32_t zygotes_made_ = 0;
  std::optional<GroupTree> groups_;                      ///< once isolation `strict` was asked for
  std::map<Zygote*, std::vector<std::string>> waiting_;  ///< attempts that wait for a worker, oldest first
  std::map<std::string, CanvasFacts> canvases_;
  std::map<Connection*, std::unique_ptr<Connection>> connections_;
  std::set<std::string> grown_;  ///< attempts whose journal grew since the last `log` event
  bool draining_ = false;
  bool closing_ = false;
  std::int64_t idle_since_ms_ = 0;
  std::int64_t swept_ms_ = 0;
  WorkPool pool_, verifiers_;  ///< after what their jobs use, so that they end first
  AttemptHost host_;
};

}  // namespace easel
