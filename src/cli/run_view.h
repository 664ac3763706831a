// What a person sees of a run: a live list on a terminal, plain lines elsewhere, JSON for programs.
#pragma once

#include <iosfwd>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "cli/escape.h"
#include "cli/live.h"
#include "cli/terminal.h"

namespace easel {

/// Shows the events of one run, in order. For one thread.
class RunView {
 public:
  /// `fd` is the descriptor behind `out`, for the live list.
  RunView(std::string canvas_as_typed, Terminal terminal, int fd, bool json, std::ostream& out);
  ~RunView();

  /// Take one event as the line it came as and as an object.
  void Show(const std::string& line, const json::object& event);
  /// Something to say beside the events: building an environment, another command owns the engine.
  void Say(const std::string& text);
  void Tick();
  int MillisecondsToTick() const;
  /// From run.finished, or -1.
  int exit_code() const { return exit_code_; }
  /// Called before the summary if text had to be left out.
  void Dropped(std::int64_t bytes);

 private:
  void Print(const std::string& text);
  void ShowOutput(const std::string& block, const json::object& event);
  void ShowFinished(const std::string& block, const json::object& event);
  void Summarize(const json::object& event);
  void Flush(const std::string& block);
  std::string Prefix(const std::string& block) const;

  std::string canvas_;
  Terminal terminal_;
  bool json_;
  std::ostream& out_;
  SystemClock clock_;
  std::unique_ptr<Live> live_;
  std::map<std::string, LiveRow> rows_;
  std::map<std::string, LineAssembler> lines_[2];
  std::map<std::string, int> displays_;
  std::string beside_;      ///< the run, if it began from an older state
  std::string began_from_;  ///< likewise: the run whose results these were
  std::string mode_;
  std::size_t name_width_ = 0;
  int exit_code_ = -1;
};

}  // namespace easel
