// A directory as an object store: of this machine, or one that several share.
#pragma once

#include <memory>
#include <string>

#include "blob/object_store.h"

namespace easel {

/// `folder` is made if it is not there. An object is a file of its key's path; `.easel-store/` in the folder has the lock
/// and what is being written. Processes of one machine may share it; over a network file system conditions hold as far as
/// its flock does.
///
/// Deviations: a key and a folder cannot have the same name; no checksum is kept. A generation is the file's modification
/// time in nanoseconds, made to grow; a metageneration its time of status change.
///
/// Errors: as mkdir gives them.
Result<std::unique_ptr<ObjectStore>> OpenLocalObjectStore(std::string folder);

}  // namespace easel
