#include "server/accounts.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>
#include <utility>

#include "base/digest.h"
#include "base/file.h"
#include "base/ids.h"

namespace easel {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::int64_t kDayMs = std::int64_t{24} * 3600 * 1000;
constexpr std::size_t kKeptAnswerBytes = 1 << 20;

constexpr char kSchema[] =
    "CREATE TABLE IF NOT EXISTS about (word TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS credentials (digest TEXT PRIMARY KEY, kind INTEGER NOT NULL, id TEXT NOT "
    "NULL,"
    " user TEXT NOT NULL, name TEXT NOT NULL, scope TEXT NOT NULL, created_ms INTEGER NOT NULL,"
    " expires_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sign_in_tokens (digest TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL) "
    "WITHOUT "
    "ROWID;"
    "CREATE TABLE IF NOT EXISTS answers (user TEXT NOT NULL, key TEXT NOT NULL, route TEXT NOT NULL,"
    " status INTEGER NOT NULL, body TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (user, key, route))"
    " WITHOUT ROWID;";

}  // namespace

Principal LocalPerson() {
  Principal out{.user = "local", .name = "You"};
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  if (::getpwuid_r(::getuid(), &entry, buffer, sizeof buffer, &found) != 0 || found == nullptr) return out;
  const std::string full = found->pw_gecos != nullptr ? found->pw_gecos : "";
  const std::string name = full.substr(0, full.find(','));
  out.name = name.empty() ? found->pw_name : name;
  return out;
}

Result<std::unique_ptr<Accounts>> Accounts::Open(const std::string& folder, const Clock& clock,
                                                 AccountOptions options) {
  EASEL_RETURN_IF_ERROR(MakeDirectories(folder));
  const std::string path = folder + "/server.db";
  // Made before SQLite opens it, so that nobody else can read it at any moment.
  const UniqueFd made(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  if (!made.valid()) return FailErrno("open " + path, errno);
  EASEL_TRY(auto database, SqliteConnection::Open(path, SqliteConnection::Access::kCreate));
  EASEL_RETURN_IF_ERROR(database->Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"));
  EASEL_TRY(const std::int64_t format, database->Number("PRAGMA user_version"));
  if (format > kFormat)
    return Fail(Code::kFailedPrecondition, "DATABASE_NEWER",
                path +
                    ": was written by a newer Easel; use that one, or move the file away (everybody then "
                    "has to sign in again)");
  EASEL_RETURN_IF_ERROR(database->Execute(kSchema));
  EASEL_RETURN_IF_ERROR(database->Execute("PRAGMA user_version=" + std::to_string(kFormat)));
  std::unique_ptr<Accounts> out(new Accounts(std::move(database), clock, options));
  EASEL_RETURN_IF_ERROR(out->Load());
  return out;
}

Status Accounts::Load() {
  EASEL_TRY(Query word, database_->Use("SELECT word FROM about"));
  EASEL_TRY(const bool known, word.Step());
  if (known) {
    workspace_word_ = word.TextColumn();
  } else {
    workspace_word_ = RandomBase32(8);
    EASEL_TRY(Query put, database_->Use("INSERT INTO about (word) VALUES (?)"));
    EASEL_RETURN_IF_ERROR(put.Text(workspace_word_).Run());
  }
  EASEL_TRY(Query all,
            database_->Use("SELECT digest, kind, id, user, name, scope, created_ms, expires_ms, used_ms "
                           "FROM credentials"));
  for (;;) {
    EASEL_TRY(const bool row, all.Step());
    if (!row) break;
    const std::string digest = all.TextColumn();
    Kept kept;
    kept.kind = all.IntColumn() == 0 ? Kind::kSession : Kind::kToken;
    kept.credential.id = all.TextColumn();
    kept.credential.user = all.TextColumn();
    kept.credential.name = all.TextColumn();
    kept.credential.scope = RoleNamed(all.TextColumn()).value_or(Role::kViewer);
    kept.credential.created_ms = all.IntColumn();
    kept.credential.expires_ms = all.IntColumn();
    kept.credential.used_ms = all.IntColumn();
    kept_.emplace(digest, std::move(kept));
  }
  return {};
}

Result<std::string> Accounts::NewSignInToken() {
  std::string token = RandomBase32(32);
  const std::string digest = DigestOf(token);
  const std::lock_guard lock(database_mutex_);
  EASEL_TRY(Query put, database_->Use("INSERT INTO sign_in_tokens (digest, expires_ms) VALUES (?, ?)"));
  EASEL_RETURN_IF_ERROR(put.Text(digest).Int(clock_.UnixMs() + options_.sign_in_ms).Run());
  return token;
}

Result<IssuedCredential> Accounts::SignIn(std::string_view token, std::string_view agent) {
  const std::string digest = DigestOf(token);
  {
    const std::lock_guard lock(database_mutex_);
    // One statement finds it and uses it up: of two requests at once, one gets it.
    EASEL_TRY(Query take,
              database_->Use("DELETE FROM sign_in_tokens WHERE digest = ? AND expires_ms > ? RETURNING 1"));
    EASEL_TRY(const bool good, take.Text(digest).Int(clock_.UnixMs()).Step());
    if (!good)
      return Fail(Code::kUnauthenticated, "SIGN_IN_TOKEN",
                  "this link was used already, or is too old: run `easel serve` on the workspace once more, "
                  "which prints a new one");
    EASEL_RETURN_IF_ERROR(take.Run());
  }
  (void)Tidy();  // on the occasion; what it cannot do now it does next time
  const std::int64_t now_ms = clock_.UnixMs();
  IssuedCredential out{.credential = {.id = RandomBase32(12),
                                      .user = LocalPerson().user,
                                      .name = std::string(agent.substr(0, 300)),
                                      .created_ms = now_ms,
                                      .expires_ms = now_ms + options_.session_ms,
                                      .used_ms = now_ms},
                       .secret = RandomBase32(32)};
  EASEL_RETURN_IF_ERROR(Put(Kind::kSession, DigestOf(out.secret), out.credential));
  return out;
}

Result<IssuedCredential> Accounts::NewToken(const std::string& user, const std::string& name, Role scope,
                                            std::int64_t expires_ms) {
  IssuedCredential out{.credential = {.id = RandomBase32(12),
                                      .user = user,
                                      .name = name,
                                      .scope = scope,
                                      .created_ms = clock_.UnixMs(),
                                      .expires_ms = expires_ms},
                       .secret = "easel_" + RandomBase32(32)};
  EASEL_RETURN_IF_ERROR(Put(Kind::kToken, DigestOf(out.secret), out.credential));
  return out;
}

Status Accounts::Put(Kind kind, const std::string& digest, const Credential& credential) {
  {
    const std::lock_guard lock(database_mutex_);
    EASEL_TRY(Query put,
              database_->Use("INSERT INTO credentials (digest, kind, id, user, name, scope, created_ms,"
                             " expires_ms, used_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    EASEL_RETURN_IF_ERROR(put.Text(digest)
                              .Int(kind == Kind::kSession ? 0 : 1)
                              .Text(credential.id)
                              .Text(credential.user)
                              .Text(credential.name)
                              .Text(RoleName(credential.scope))
                              .Int(credential.created_ms)
                              .Int(credential.expires_ms)
                              .Int(credential.used_ms)
                              .Run());
  }
  const std::lock_guard lock(mutex_);
  kept_.emplace(digest, Kept{credential, kind, false});
  return {};
}

Principal Accounts::Find(Kind kind, std::string_view secret) {
  if (secret.empty() || secret.size() > 200) return {};
  const std::string digest = DigestOf(secret);
  const std::int64_t now_ms = clock_.UnixMs();
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(digest);
  if (found == kept_.end() || found->second.kind != kind || found->second.credential.expires_ms <= now_ms)
    return {};
  Kept& kept = found->second;
  if (now_ms - kept.credential.used_ms > 60'000) {
    kept.credential.used_ms = now_ms;
    kept.dirty = true;
  }
  static const Principal person = LocalPerson();
  Principal out = person;
  out.means = kind == Kind::kSession ? Principal::Means::kSession : Principal::Means::kToken;
  out.credential = kept.credential.id;
  out.limit = kept.credential.scope;
  return out;
}

Principal Accounts::FindSession(std::string_view secret) { return Find(Kind::kSession, secret); }
Principal Accounts::FindToken(std::string_view secret) { return Find(Kind::kToken, secret); }

std::vector<Credential> Accounts::List(Kind kind, const std::string& user) {
  std::vector<Credential> out;
  const std::int64_t now_ms = clock_.UnixMs();
  const std::lock_guard lock(mutex_);
  for (const auto& [digest, kept] : kept_)
    if (kept.kind == kind && kept.credential.user == user && kept.credential.expires_ms > now_ms)
      out.push_back(kept.credential);
  std::ranges::sort(out, [](const Credential& a, const Credential& b) {
    return std::tie(b.created_ms, b.id) < std::tie(a.created_ms, a.id);
  });
  return out;
}

Status Accounts::End(Kind kind, const std::string& user, const std::string& id) {
  std::string digest;
  std::function<void(const std::string&)> told;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, kept] : kept_)
      if (kept.kind == kind && kept.credential.user == user && kept.credential.id == id) digest = key;
    kept_.erase(digest);  // before the disk: it must not be good for a moment longer
    told = told_;
  }
  if (digest.empty())
    return Fail(Code::kNotFound, "CREDENTIAL_UNKNOWN",
                "there is none with this id; it may have ended already");
  if (told) told(id);
  const std::lock_guard lock(database_mutex_);
  EASEL_TRY(Query remove, database_->Use("DELETE FROM credentials WHERE digest = ?"));
  return remove.Text(digest).Run();
}

void Accounts::OnEnd(std::function<void(const std::string& credential)> told) {
  const std::lock_guard lock(mutex_);
  told_ = std::move(told);
}

Status Accounts::Tidy() {
  const std::int64_t now_ms = clock_.UnixMs();
  std::vector<std::pair<std::string, std::int64_t>> used;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [digest, kept] : kept_)
      if (std::exchange(kept.dirty, false)) used.emplace_back(digest, kept.credential.used_ms);
    std::erase_if(kept_, [&](const auto& entry) { return entry.second.credential.expires_ms <= now_ms; });
  }
  const std::lock_guard lock(database_mutex_);
  EASEL_RETURN_IF_ERROR(database_->Execute("BEGIN IMMEDIATE"));
  const auto work = [&]() -> Status {
    for (const auto& [digest, at_ms] : used) {
      EASEL_TRY(Query put, database_->Use("UPDATE credentials SET used_ms = ? WHERE digest = ?"));
      EASEL_RETURN_IF_ERROR(put.Int(at_ms).Text(digest).Run());
    }
    EASEL_TRY(Query old, database_->Use("DELETE FROM credentials WHERE expires_ms <= ?"));
    EASEL_RETURN_IF_ERROR(old.Int(now_ms).Run());
    EASEL_TRY(Query tokens, database_->Use("DELETE FROM sign_in_tokens WHERE expires_ms <= ?"));
    EASEL_RETURN_IF_ERROR(tokens.Int(now_ms).Run());
    EASEL_TRY(Query answers, database_->Use("DELETE FROM answers WHERE at_ms <= ?"));
    return answers.Int(now_ms - kDayMs).Run();
  };
  const Status done = work();
  EASEL_RETURN_IF_ERROR(database_->Execute(done ? "COMMIT" : "ROLLBACK"));
  return done;
}

Result<std::optional<KeptAnswer>> Accounts::FindAnswer(const std::string& user, const std::string& key,
                                                       const std::string& route) {
  const std::lock_guard lock(database_mutex_);
  EASEL_TRY(Query find,
            database_->Use("SELECT status, body FROM answers WHERE user = ? AND key = ? AND route = ? "
                           "AND at_ms > ?"));
  EASEL_TRY(const bool found, find.Text(user).Text(key).Text(route).Int(clock_.UnixMs() - kDayMs).Step());
  if (!found) return std::nullopt;
  KeptAnswer out;
  out.status = find.IntColumn();
  out.body = find.TextColumn();
  return out;
}

Status Accounts::KeepAnswer(const std::string& user, const std::string& key, const std::string& route,
                            const KeptAnswer& answer) {
  if (answer.body.size() > kKeptAnswerBytes) return {};
  const std::lock_guard lock(database_mutex_);
  EASEL_TRY(Query put,
            database_->Use("INSERT OR REPLACE INTO answers (user, key, route, status, body, at_ms) "
                           "VALUES (?, ?, ?, ?, ?, ?)"));
  return put.Text(user).Text(key).Text(route).Int(answer.status).Text(answer.body).Int(clock_.UnixMs()).Run();
}

}  // namespace easel
