// The functions behind the subcommands. Each returns an exit code, prints results to
// `out` and what went wrong to `err`. Only `run`, `push`, `pull` and `gc` take a canvas's lock; with
// --json each prints one document, `run` one event a line.
#pragma once

#include <iosfwd>

#include "cli/arguments.h"

namespace easel {

int RunServe(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunSettings(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunRun(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunPlan(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunStatus(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunNew(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunCheck(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunLogs(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunOutputs(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunState(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunDiff(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunHistory(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunPush(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunPull(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunGc(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunDebug(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunDoctor(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunGcp(const Invocation& invocation, std::ostream& out, std::ostream& err);
int RunExecutorCommand(const Invocation& invocation, std::ostream& out, std::ostream& err);

}  // namespace easel
