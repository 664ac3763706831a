// The folders of a canvas as a worker of isolation `strict` gets them: mounts in which the canvas's owner is the worker.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace easel {

/// Where a worker of isolation `strict` sees its canvas.
inline constexpr const char* kCanvasInSlot = "/canvas";

/// Four detached mounts for the user `slot`: the canvas read-only, its files, its staging area, and its home folder
/// (`<state_root>/home`, made if it is not there). Who owns a folder on the disk is `slot` in its mount, and the other way
/// round for what is written; other owners are nobody there. Needs root. Costs some 0.1 ms, and 1 ms for a new pair.
///
/// Errors: kFailedPrecondition SLOT_MOUNT_REFUSED naming the folder and why, e.g. a file system that cannot map owners.
/// Source: mount_setattr(2), "ID-mapped mounts". Call it on one thread.
Result<std::vector<UniqueFd>> MountsForSlot(const std::string& canvas_root, const std::string& state_root,
                                            const std::string& staging, std::uint32_t slot);

/// Find out whether MountsForSlot would work for `folder`, by making one mount and letting it go.
///
/// Errors: kFailedPrecondition SLOT_MOUNT_REFUSED. Call it on one thread, too.
Status TryMountForSlot(const std::string& folder);

/// As send(2), without waiting; `descriptors` go with the first byte. Returns what sendmsg(2) does.
ssize_t SendWithDescriptors(int socket, const char* bytes, std::size_t size,
                            const std::vector<UniqueFd>& descriptors);

}  // namespace easel
