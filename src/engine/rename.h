// Names of blocks in what attempts left, which are those of the time when the attempt was opened, as they are now.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "canvas/merge.h"
#include "metadata/metadata_store.h"
#include "state/manifest.h"

namespace easel {

/// `manifest` with blocks called as they are after `renames`; null if it names none of them. Ids (of attempts, slots,
/// objects) stay: they are names of files and contain what a block was called then.
std::shared_ptr<const Manifest> WithNewNames(const Manifest& manifest, const Renames& renames);

/// All that came after the first `already` of `steps`, as one.
Renames RenamesSince(std::span<const Renames> steps, std::int64_t already);

/// How many renames had been recorded when an attempt with these inputs was opened (AttemptRecord::inputs).
std::int64_t RenamesBefore(std::string_view inputs);

/// The manifest of `attempt` with blocks called as they are now. `steps`: MetadataSnapshot::renames of the same database.
/// For who reads manifests beside an engine.
Manifest NamedAsNow(Manifest manifest, MetadataStore& metadata, std::span<const Renames> steps);

}  // namespace easel
