// easel new: a folder with a small canvas in it that runs as it is.

#include <ostream>

#include "canvas/new_canvas.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"

namespace easel {

int RunNew(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  std::string folder = invocation.Word("FOLDER");
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  if (const auto made = NewCanvas(folder, invocation.Value("name")); !made) {
    const int code = ReportError(made.error(), err);
    return made.error().code == Code::kFailedPrecondition ? kExitUsage : code;
  }
  const std::string shown = EscapeValue(folder);
  out << "Made " << shown << ": a small canvas that runs as it is.\nNext: easel run " << shown << "\n";
  return kExitGood;
}

}  // namespace easel
