// The files of a canvas's blocks: read without ever leaving the folder. Private to this folder.
#pragma once

#include <string>

#include "canvas/document.h"

namespace easel {

/// Read the source of every block below `root`; files that are missing, unreadable, not text, or outside the folder by
/// a symbolic link are problems, and so are two names of one file.
void ReadSources(const std::string& root, CanvasDocument& document, ProblemList& problems);

}  // namespace easel
