// What an open canvas holds, and how it changes: the authority between pages, the journal and the folder.
//
//   page ──change, text──> model ──> journal (edits.db) ──durable──> told to everybody ──a moment later──> folder
//   folder ──inotify──> difference to what was last read or written ──> operations and texts by `folder`, the same way
//
// The journal has everything before anybody is told. A file is written when nothing was typed for kQuietMs, at the latest
// after kMostMs, and never without looking whether somebody else wrote it meanwhile: then both are merged. What was last
// read or written of each file is in the journal, too (its base), so that after any end the next opening knows, file by
// file, whether the folder is behind (it is written again), or somebody edited it (it is taken over).
#pragma once

#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "hub/canvas_model.h"
#include "hub/folder.h"
#include "hub/text_change.h"
#include "hub/tick.h"
#include "metadata/edit_store.h"

namespace easel {

/// Confined to one thread. Nothing that was changed may be told before Commit() returned.
class LiveCanvas {
 public:
  static constexpr std::int64_t kQuietMs = 100;
  static constexpr std::int64_t kMostMs = 500;
  static constexpr std::int64_t kSettleMs = 40;  ///< without an event, before the folder is looked at
  static constexpr std::int64_t kMostUnsettledMs = 120;
  static constexpr std::int64_t kRevisionPauseMs = 5000;

  /// Open the folder and its journal; what the journal has and the folder has not is written by the first Work().
  ///
  /// Errors: kNotFound CANVAS_NOT_FOUND; kInvalidArgument CANVAS_INVALID for a canvas that was never open before;
  ///         kFailedPrecondition CANVAS_OPEN_ELSEWHERE; those of EditStore.
  static Result<std::unique_ptr<LiveCanvas>> Open(const std::string& folder, const Clock& clock);

  const CanvasModel& model() const { return model_; }
  const CanvasFolder& folder() const { return folder_; }
  const std::string& epoch() const { return store_->epoch(); }
  std::int64_t seq() const { return seq_; }
  const std::string& name() const { return base_canvas_.name; }
  const std::string& environment() const { return base_canvas_.environment; }
  /// `{"name", "environment"}`, as pages are told.
  json::object TitleJson() const { return {{"name", name()}, {"environment", environment()}}; }
  const std::string& problem() const { return problem_; }
  std::int64_t VersionOf(const std::string& block) const;
  const std::string& FileOf(const std::string& block) const;
  /// The canvas as the engine takes it: the sources are the texts of now.
  Canvas AsCanvas() const;

  /// Where what happens goes, to be told after the next Commit().
  Tick& news() { return *news_; }
  void SendNewsTo(Tick& tick) { news_ = &tick; }

  /// Make an operation. The same actor's token again gives the operation that it made.
  std::expected<OperationRecord, Refusal> Change(const std::string& actor, const std::string& token,
                                                 const CanvasChange& change);
  /// Take typed updates, made at `version`; false if the block is further or gone, and then nothing happened.
  ///
  /// Errors: kInvalidArgument TEXT_INVALID.
  Result<bool> Type(const std::string& actor, const std::string& block, std::int64_t version,
                    const json::array& updates);
  /// Make everything since the last call durable. After an error nothing may be told: open the canvas anew.
  Status Commit();
  bool uncommitted() const { return !batch_.empty() || !touched_.empty(); }

  /// Something happened in the folder. Now: whatever has waited settles at once.
  void FolderChanged();
  /// Look at the folder and write to it where that is due; returns when to call again, -1: when something happens.
  ///
  /// Errors: kFailedPrecondition FOLDER_GONE: the canvas is to be closed; those of EditStore.
  Result<std::int64_t> Work();
  /// Take over at once what others did in the folder.
  Status Settle();
  /// Write everything now: before a run, and before the canvas is closed.
  Status Flush();

  Result<std::vector<OperationRecord>> Operations(std::int64_t after, std::int64_t limit) {
    return store_->Operations(after, limit);
  }
  /// A message `texts` that brings a page from `version` to now; with the whole text if the updates are too many.
  Result<std::string> TextsSince(const std::string& block, std::int64_t version);
  Result<std::vector<RevisionRecord>> Revisions(const std::string& block, std::int64_t before,
                                                std::int64_t limit);
  Result<std::optional<RevisionRecord>> FindRevision(const std::string& block, std::int64_t revision);

  /// Renames since the last call, in order; for the engine.
  std::vector<std::pair<std::string, std::string>> TakeRenames() { return std::exchange(renames_, {}); }
  /// Blocks whose present name no engine has recorded yet; kept over restarts until Heard() says that one has.
  std::map<std::string, std::string> UnheardNames() const;
  void Heard(const std::map<std::string, std::string>& renamed);
  /// Grows with every change that the engine must know: code, names, edges, settings.
  std::int64_t generation() const { return generation_; }

 private:
  struct BlockState {
    std::string file;
    std::string was;  ///< its name in the canvas.yaml that was last read or written; empty: not there
    std::string
        known_as;  ///< its name for the engine, where that has not recorded the present one; else empty
    std::int64_t version = 0;  ///< of its text
    std::int64_t revision = 0;
    std::string actor;             ///< who writes the newest revision
    std::string revised_from;      ///< the text before it
    std::int64_t revised_ms = -1;  ///< when it last grew, monotonic; -1: the next change begins a new one
    bool revision_unsaved = false;
  };
  struct Gone {
    BlockState state;
    LiveBlock block;
  };
  using Before = std::map<std::string, LiveBlock>;

  LiveCanvas(CanvasFolder folder, std::unique_ptr<EditStore> store, UniqueFd lock, const Clock& clock)
      : folder_(std::move(folder)), store_(std::move(store)), lock_(std::move(lock)), clock_(clock) {}

  // live_canvas.cc
  Status Load();
  Status Import(const Canvas& canvas, const std::string& text);
  void Collect(const CanvasChange& change, Before& before) const;
  OperationRecord Record(const std::string& actor, const std::string& token, const CanvasChange& change,
                         const Before& before);
  void Begin(const std::string& actor, const LiveBlock& block, const Before& before);
  void SetKnownAs(const std::string& id, BlockState& state, std::string name);
  void NoteRenames(const CanvasChange& change, Before& now);
  std::string FreeFile(const LiveBlock& block) const;
  BlockEdits EditsOf(const std::string& id) const;
  void Touch(const std::string& id) { touched_.insert(id); }

  // live_text.cc
  void ReplaceText(const std::string& actor, const std::string& id, const std::string& before);
  void AddUpdate(const std::string& actor, const std::string& client, const std::string& id,
                 const json::array& changes);
  void Revise(const std::string& actor, const std::string& id, const std::string& before);
  void SaveRevision(const std::string& id, const std::string& code);

  // live_folder.cc
  Status Reconcile();
  Status TakeOver(const Canvas& disk, const std::string& text);
  void SetProblem(std::string problem);
  void MarkDirty();
  std::set<std::string> Files() const;
  Status WriteDirty();
  Result<std::string> CanvasYaml() const;
  bool Means(const Canvas& canvas) const;
  bool IsBase(const std::string& file, const std::string& content) const;
  void SetBase(const std::string& file, const std::string& content);
  void ForgetBase(const std::string& file);

  CanvasFolder folder_;
  std::unique_ptr<EditStore> store_;
  UniqueFd lock_;
  const Clock& clock_;

  CanvasModel model_;
  std::map<std::string, BlockState, std::less<>> states_;  ///< of blocks that are there
  std::map<std::string, Gone> gone_;                       ///< deleted ones
  std::int64_t seq_ = 0;
  std::int64_t generation_ = 0;
  std::vector<std::pair<std::string, std::string>> renames_;

  std::string base_yaml_;
  Canvas base_canvas_;                        ///< what base_yaml_ says, without sources
  std::map<std::string, std::string> bases_;  ///< by file: digest of its base
  std::string problem_;

  EditBatch batch_;
  std::set<std::string> touched_;  ///< blocks whose row is to be written with the batch
  std::set<std::string> dirty_;    ///< blocks whose file is behind
  bool dirty_yaml_ = false;
  std::set<std::string> to_remove_;  ///< files of deleted blocks
  std::int64_t dirty_since_ms_ = -1, dirty_last_ms_ = -1;
  std::int64_t stirred_since_ms_ = -1, stirred_last_ms_ = -1;  ///< events in the folder
  Tick own_news_;
  Tick* news_ = &own_news_;
};

}  // namespace easel
