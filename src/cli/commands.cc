// All subcommands in one table: their words, flags, help and examples.

#include "cli/commands.h"

#include <algorithm>

#include "cli/cli.h"
#include "cli/gcp_options.h"
#include "server/settings.h"

namespace easel {
namespace {

const Positional kCanvas{.name = "CANVAS", .help = "the folder of a canvas, e.g. `.`"};
const Positional kBlock{.name = "BLOCK", .help = "a block's name; all blocks if left out", .required = false};
const Flag kAt{
    .name = "at", .value = "RUN", .help = "as it was when this run ended: its id, `last~1` or a date"};
const Flag kJson{.name = "json", .help = "print one JSON document"};

const std::vector<Flag> kModes{
    {.name = "only",
     .value = "BLOCK",
     .help = "just this block (a comma or a second --only adds another)",
     .repeated = true},
    {.name = "to", .value = "BLOCK", .help = "this block and all above it", .repeated = true},
    {.name = "from", .value = "BLOCK", .help = "this block and all below it", .repeated = true},
    {.name = "changed", .help = "what has run before and is stale now, with what it needs"},
    {.name = "force", .help = "run even what is up to date"},
    {.name = "at",
     .value = "RUN",
     .help = "begin from the results of an older run: its id, `last~1` or a date; what is published stays"}};

const std::vector<Flag> kStore{
    {.name = "store",
     .value = "URL",
     .help = "a bucket, or a folder in it: gs://BUCKET or gs://BUCKET/FOLDER; or a path (/a/folder)"},
    {.name = "access-token-file",
     .value = "FILE",
     .help = "a file with an access token for the bucket, instead of the usual credentials"},
    {.name = "gcp-impersonate",
     .value = "ACCOUNT",
     .help = "ask the bucket with the rights of this service account, by a token of the usual credentials"},
    {.name = "gcp-endpoints",
     .value = "LIST",
     .help = "other addresses of Google's services, e.g. storage=https://storage.example.com"}};

std::vector<Flag> With(std::vector<Flag> flags, const std::vector<Flag>& more) {
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

/// Every setting of the server as a flag, but for those that have one of another form.
std::vector<Flag> SettingFlags() {
  std::vector<Flag> out{{.name = "config",
                         .value = "FILE",
                         .help = "read settings from here, not from WORKSPACE/.easel/settings.yaml"}};
  for (const SettingSpec& spec : SettingTable()) {
    if (spec.name == "open_browser" || spec.name == "metrics") continue;
    const bool is_switch = spec.type == SettingType::kSwitch;
    const std::string unit = spec.otherwise.empty() ? "" : " (" + std::string(spec.otherwise) + ")";
    out.push_back(
        {.name = SettingFlag(spec.name),
         .value = is_switch                           ? ""
                  : spec.type == SettingType::kNumber ? "N"
                                                      : "WORDS",
         .help = std::string(spec.doc.substr(0, std::min(spec.doc.find(". "), spec.doc.size() - 1))) +
                 (is_switch ? "" : unit)});
  }
  return out;
}

std::vector<CommandSpec> MakeCommands() {
  return {
      {.name = "serve",
       .group = "Work in the browser",
       .summary = "serve the canvases of a folder as a web app",
       .details =
           "WORKSPACE is a folder whose folders with a canvas.yaml are the canvases, or one canvas. "
           "Prints a link that signs one browser in. Ctrl-C or SIGTERM ends it; blocks that run go on.",
       .positionals = {{.name = "WORKSPACE",
                        .help = "a folder of canvases; the current one if left out",
                        .required = false}},
       .flags = With({{.name = "no-open", .help = "do not open a browser"},
                      {.name = "json", .help = "print one line when ready: url, token, pid, workspace"},
                      {.name = "password-link",
                       .value = "EMAIL",
                       .help = "of a team: print a link for this member to set a new password"}},
                     SettingFlags()),
       .examples = {{"easel serve ~/canvases", ""},
                    {"easel serve . --port 0 --no-open", "print the link only"},
                    {"easel serve . --host 0.0.0.0 --proxy --public-url https://easel.example.org",
                     "behind a proxy"},
                    {"easel serve /srv/canvases --team --host 0.0.0.0 --proxy --public-url "
                     "https://easel.example.org",
                     "for several people; as root"},
                    {"easel serve /srv/canvases --team --password-link ada@example.org",
                     "when an owner has forgotten it"}},
       .run = RunServe},
      {.name = "settings",
       .group = "Work in the browser",
       .summary = "the settings of `easel serve`, and where each value comes from",
       .positionals = {{.name = "WORKSPACE", .help = "as for `easel serve`", .required = false}},
       .flags = With({kJson, {.name = "docs", .help = "print docs/user/settings.md"}}, SettingFlags()),
       .examples = {{"easel settings ~/canvases", ""}},
       .run = RunSettings},
      {.name = "run",
       .group = "Run",
       .summary = "bring a canvas up to date: run what is new, stale or failed, and nothing else",
       .details = "Exit code 0: all good; 1: a block failed; 2: wrong words or canvas; 3: the machine "
                  "failed; 130: cancelled. Ctrl-C "
                  "cancels and keeps the last good results; twice kills.",
       .positionals = {kCanvas},
       .flags =
           With(kModes, {{.name = "dry-run", .help = "only say what would run, and why (as `easel plan`)"},
                         {.name = "jobs",
                          .value = "N",
                          .help = "blocks at once (as many as there are cores)",
                          .letter = 'j'},
                         {.name = "env",
                          .value = "NAME",
                          .help = "pass a variable of your environment to blocks; NAME=VALUE sets it",
                          .repeated = true},
                         {.name = "isolation",
                          .value = "MODE",
                          .help = "local (default), strict (as root: one user a block), pod or none",
                          .choices = {"local", "strict", "pod", "none"}},
                         {.name = "no-network", .help = "blocks cannot reach the network"},
                         {.name = "reach",
                          .value = "HOST:PORT",
                          .help = "with isolation strict: a host that blocks may reach, and no other",
                          .repeated = true},
                         {.name = "disk",
                          .value = "SIZE",
                          .help = "most that files/ and what a block leaves may take (20GiB)"},
                         {.name = "store",
                          .value = "URL",
                          .help = "keep the state in a bucket, too: gs://BUCKET or gs://BUCKET/FOLDER"},
                         kStore[1],
                         kStore[2],
                         kStore[3],
                         {.name = "json", .help = "print one event a line"}}),
       .examples = {{"easel run .", "everything that is not up to date"},
                    {"easel run . --store gs://acme-easel", "the same, from and to what a bucket has"},
                    {"easel run . --to train", "the block `train` and what it needs"},
                    {"easel run . --only plot --force", "run one block again, whatever changed"},
                    {"easel run . --changed --dry-run", "what an edit would cause to run"},
                    {"easel run . --only train --at last~1", "`train` on what its parents had left before"}},
       .run = RunRun},
      {.name = "plan",
       .group = "Run",
       .summary = "say what a run would do, and why, without running anything",
       .positionals = {kCanvas},
       .flags =
           With(kModes, {{.name = "jobs", .value = "N", .help = "as in `easel run`", .letter = 'j'}, kJson}),
       .examples = {{"easel plan .", ""},
                    {"easel plan . --from clean", "what a run of `clean` and all below it would do"}},
       .run = RunPlan},
      {.name = "status",
       .group = "Run",
       .summary = "how every block stands, and why",
       .positionals = {kCanvas},
       .flags = {kJson},
       .examples = {{"easel status .", ""}},
       .run = RunStatus},
      {.name = "new",
       .group = "Make and check",
       .summary = "make a folder with a small canvas in it",
       .positionals = {{.name = "FOLDER", .help = "the folder to make"}},
       .flags = {{.name = "name", .value = "NAME", .help = "the canvas's name; the folder's if left out"}},
       .examples = {{"easel new churn", "then: easel run churn"},
                    {"easel new churn --name \"Churn 2026\"", ""}},
       .run = RunNew},
      {.name = "check",
       .group = "Make and check",
       .summary = "say whether a canvas is good, and what is wrong where",
       .positionals = {kCanvas},
       .flags = {kJson},
       .examples = {{"easel check .", "exit code 2 if something is wrong"}},
       .run = RunCheck},
      {.name = "logs",
       .group = "Look at results",
       .summary = "what blocks printed and showed, in order",
       .positionals = {kCanvas, kBlock},
       .flags = {{.name = "follow", .help = "go on while attempts run", .letter = 'f'},
                 {.name = "attempt",
                  .value = "A",
                  .help = "an older attempt: its id or its number (easel history)"},
                 kAt,
                 kJson},
       .examples = {{"easel logs .", "the newest attempt of every block"},
                    {"easel logs . train -f", "watch a block that runs"},
                    {"easel logs . train --attempt 3", "its third attempt"}},
       .run = RunLogs},
      {.name = "outputs",
       .group = "Look at results",
       .summary = "tables, plots and texts that blocks showed",
       .positionals = {kCanvas, kBlock},
       .flags = {{.name = "save", .value = "DIR", .help = "write them as files: images, tables, pages"},
                 kAt,
                 kJson},
       .examples = {{"easel outputs . plot", "as text, with a line for each image"},
                    {"easel outputs . --save out", "every block's, as files"}},
       .run = RunOutputs},
      {.name = "state",
       .group = "Look at results",
       .summary = "the variables that blocks left, without running anything",
       .details = "With NAME one variable; a frame is shown as a table.",
       .positionals = {kCanvas, kBlock, {.name = "NAME", .help = "a variable", .required = false}},
       .flags = {{.name = "head", .value = "N", .help = "rows of a frame to show (10)"}, kAt, kJson},
       .examples = {{"easel state .", "every block's own variables"},
                    {"easel state . clean", "all that a block hands on, with origins"},
                    {"easel state . clean df --head 20", "the first 20 rows of a frame"},
                    {"easel state . clean --at 2026-11-20", "what it had left at the end of that day"}},
       .run = RunState},
      {.name = "diff",
       .group = "Look at results",
       .summary = "what differs between the states that two runs left",
       .details =
           "A run is its id, the beginning or end of one, `last`, `last~1`, or a time (2026-11-20, "
           "\"2026-11-20 09:15\"): the newest run that had ended by then. Two attempts of one block can be "
           "compared as well. Each difference is shown at the block that made it; with BLOCK all that "
           "differs "
           "in what this block hands on.",
       .positionals = {kCanvas,
                       {.name = "BEFORE", .help = "a run or an attempt"},
                       {.name = "AFTER", .help = "a run or an attempt"},
                       kBlock},
       .flags = {kJson},
       .examples = {{"easel diff . last~1 last", "what the newest run changed"},
                    {"easel diff . 2026-11-20 last clean", "how `clean` differs from that day"},
                    {"easel diff . clean.3 clean.5", "two of its attempts"}},
       .run = RunDiff},
      {.name = "history",
       .group = "Look at results",
       .summary = "attempts, newest first, and what became of them",
       .positionals = {kCanvas, kBlock},
       .flags = {{.name = "runs", .help = "runs instead of attempts: what --at and `easel diff` name"},
                 {.name = "limit", .value = "N", .help = "at most this many (30)"},
                 kJson},
       .examples = {{"easel history . train", ""}, {"easel history . --runs", "runs, newest first"}},
       .run = RunHistory},
      {.name = "push",
       .group = "Keep",
       .summary = "put what has run here into a store, for other machines",
       .details = "What the store has of others stays. The store is remembered: later it need not be named.",
       .positionals = {kCanvas},
       .flags = With(kStore, {kJson}),
       .examples = {{"easel push . --store gs://acme-easel", ""}},
       .run = RunPush},
      {.name = "pull",
       .group = "Keep",
       .summary = "bring what a store has of this canvas into its folder",
       .details = "What ran here and is not in the store stays, too: of two results of a block the later one "
                  "stands. Files "
                  "that a person made are never replaced.",
       .positionals = {kCanvas},
       .flags =
           With(kStore,
                {{.name = "id",
                  .value = "ID",
                  .help = "which canvas, for a folder in which nothing ran yet (the one of the same name)"},
                 {.name = "all", .help = "with the state of earlier attempts, not only of those that stand"},
                 kJson}),
       .examples = {{"easel pull . --store gs://acme-easel",
                     "on another machine, in a copy of the canvas's folder"}},
       .run = RunPull},
      {.name = "gc",
       .group = "Look after",
       .summary = "remove old attempts and what only they used",
       .details =
           "Published results always stay. An attempt that is removed can no longer be restored: its "
           "block would run again. A run does the same at its end when a block has twice as many attempts, "
           "or the canvas more bytes; EASEL_KEEP_ATTEMPTS and EASEL_KEEP_BYTES change both limits.",
       .positionals = {kCanvas},
       .flags = {{.name = "keep", .value = "N", .help = "attempts to keep for each block (10)"},
                 {.name = "max-bytes",
                  .value = "SIZE",
                  .help = "let older attempts go until what stays is this small (20GiB)"},
                 {.name = "dry-run", .help = "only say what would go"},
                 kStore[0],
                 kStore[1],
                 kStore[2],
                 kStore[3],
                 {.name = "unused-days",
                  .value = "N",
                  .help = "with --store: remove there what nothing has named or used for so long (7)"},
                 kJson},
       .examples = {{"easel gc . --dry-run", "how much would be freed"},
                    {"easel gc . --store gs://acme-easel", "here, and then what is unused in the bucket"},
                    {"easel gc . --keep 2", ""},
                    {"easel gc . --max-bytes 5GiB", ""}},
       .run = RunGc},
      {.name = "doctor",
       .group = "Look after",
       .summary = "what this machine offers: isolation, disk, uv, Python, environments",
       .positionals = {{.name = "CANVAS",
                        .help = "also look at this canvas's environments",
                        .required = false}},
       .flags = {kJson},
       .examples = {{"easel doctor", ""}},
       .run = RunDoctor},
      {.name = "debug",
       .group = "Look after",
       .summary = "look into files of .easel: a state object or a manifest",
       .details = "Prints what a file says of itself, component by component. Nothing is unpickled.",
       .positionals = {{.name = "WHAT", .help = "object or manifest", .choices = {"object", "manifest"}},
                       {.name = "FILE", .help = "an object file, or a manifest.json"}},
       .flags = {{.name = "verify", .help = "read all of it and compare every digest"}, kJson},
       .examples = {{"easel debug object .easel/objects/ab/ab12…", "heads, members, extents and their runs"},
                    {"easel debug object FILE --verify", "exit code 3 if a bit is wrong"},
                    {"easel debug manifest .easel/attempts/r0…/load.1/manifest.json", ""}},
       .run = RunDebug},
      {.name = "executor",
       .group = "Look after",
       .summary = "the process that runs blocks and stays warm between runs",
       .details = "`status` says what it does, `stop` ends it, `serve` is how runs start it.",
       .positionals = {{.name = "ACTION",
                        .help = "status, stop or serve",
                        .choices = {"status", "stop", "serve"}}},
       .flags = {{.name = "force", .help = "with stop: end attempts that are running, too"}, kJson},
       .examples = {{"easel executor status", ""},
                    {"easel executor stop", "frees the memory of warm workers"}},
       .run = RunExecutorCommand},
      {.name = "gcp",
       .group = "Host it yourself",
       .summary = "set up, check and remove an organization's place on Google Cloud",
       .details =
           "`init` writes a file of options; `plan` says what would be done, reading only; `apply` does it "
           "after asking, and can "
           "be run again at any time; `verify` checks the outcome as each identity would use it; `status` "
           "shows what there is; "
           "`destroy` removes what `apply` made; `guide` prints the same as gcloud and helm commands.\n"
           "Options come from flags, EASEL_GCP_<NAME>, the file of --config, or questions. Exit code of "
           "plan: 0 nothing to do, "
           "4 changes pending, 3 it cannot be done yet.",
       .positionals = {{.name = "ACTION",
                        .help = "init, plan, apply, verify, destroy, status or guide",
                        .choices = {"init", "plan", "apply", "verify", "destroy", "status", "guide"}}},
       .flags = With(
           With({{.name = "config",
                  .value = "FILE",
                  .help = "read options from here (YAML); with init: write them there (easel-gcp.yaml)"}},
                ProvisionFlags()),
           {{.name = "helm", .help = "our Helm chart makes what is in the namespace; its values are printed"},
            {.name = "yes", .help = "with apply and destroy: do not ask", .letter = 'y'},
            {.name = "brief", .help = "with plan: leave out what stays as it is"},
            {.name = "confirm-bucket",
             .value = "NAME",
             .help = "with destroy --yes: the bucket's name, because all in it goes"},
            {.name = "deadline",
             .value = "SECONDS",
             .help = "with verify: how long to wait for grants to act (420)"},
            {.name = "endpoint",
             .value = "URL",
             .help = "with verify: the DNS endpoint of the cluster, if you may not read it"},
            {.name = "access-token-file",
             .value = "FILE",
             .help = "a file with an access token, instead of application default credentials"},
            {.name = "ca-bundle",
             .value = "FILE",
             .help = "trust these authorities (PEM), e.g. that of a proxy, instead of the system's"},
            {.name = "record",
             .value = "FILE",
             .help = "where to keep what was made (~/.local/state/easel/gcp/BUCKET.json)"},
            kJson}),
       .examples = {{"easel gcp init", "writes easel-gcp.yaml"},
                    {"easel gcp plan --config easel-gcp.yaml", "what would be done"},
                    {"easel gcp apply --config easel-gcp.yaml", "asks, then does it"},
                    {"easel gcp verify --config easel-gcp.yaml", "does it work?"}},
       .run = RunGcp},
  };
}

}  // namespace

std::span<const CommandSpec> Commands() {
  static const std::vector<CommandSpec> commands = MakeCommands();
  return commands;
}

}  // namespace easel
