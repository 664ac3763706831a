#include "server/accounts.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/digest.h"
#include "base/ids.h"

namespace easel {
namespace {

constexpr std::int64_t kDayMs = std::int64_t{24} * 3600 * 1000;
constexpr std::size_t kKeptAnswerBytes = 1 << 20;

}  // namespace

Person LocalPerson() {
  Person out{.id = "local", .name = "You"};
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  if (::getpwuid_r(::getuid(), &entry, buffer, sizeof buffer, &found) != 0 || found == nullptr) return out;
  const std::string full = found->pw_gecos != nullptr ? found->pw_gecos : "";
  const std::string name = full.substr(0, full.find(','));
  out.name = name.empty() ? found->pw_name : name;
  return out;
}

std::optional<Person> FindLocalPerson(const std::string& id) {
  static const Person person = LocalPerson();
  return id == person.id ? std::optional(person) : std::nullopt;
}

Result<std::unique_ptr<Accounts>> Accounts::Open(ServerDatabase& database, const Clock& clock,
                                                 AccountOptions options, PersonLookup people) {
  std::unique_ptr<Accounts> out(new Accounts(database, clock, options, std::move(people)));
  EASEL_RETURN_IF_ERROR(database.Change([&](SqliteConnection& connection) { return out->Load(connection); }));
  return out;
}

Status Accounts::Load(SqliteConnection& database) {
  EASEL_TRY(Query word, database.Use("SELECT word FROM about"));
  EASEL_TRY(const bool known, word.Step());
  if (known) {
    workspace_word_ = word.TextColumn();
  } else {
    workspace_word_ = RandomBase32(8);
    EASEL_TRY(Query put, database.Use("INSERT INTO about (word) VALUES (?)"));
    EASEL_RETURN_IF_ERROR(put.Text(workspace_word_).Run());
  }
  EASEL_TRY(Query all,
            database.Use("SELECT digest, kind, id, user, name, scope, created_ms, expires_ms, used_ms "
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
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query put, database.Use("INSERT INTO sign_in_tokens (digest, expires_ms) VALUES (?, ?)"));
    return put.Text(digest).Int(clock_.UnixMs() + options_.sign_in_ms).Run();
  }));
  return token;
}

Result<IssuedCredential> Accounts::SignIn(std::string_view token, std::string_view agent) {
  const std::string digest = DigestOf(token);
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) -> Status {
    // One statement finds it and uses it up: of two requests at once, one gets it.
    EASEL_TRY(Query take,
              database.Use("DELETE FROM sign_in_tokens WHERE digest = ? AND expires_ms > ? RETURNING 1"));
    EASEL_TRY(const bool good, take.Text(digest).Int(clock_.UnixMs()).Step());
    if (!good)
      return Fail(
          Code::kUnauthenticated, "SIGN_IN_TOKEN",
          "this link was used already, or is too old: run the command that started the server once more "
          "in another terminal (`easel serve` on the workspace, or `./dev up`), which prints a new one");
    return take.Run();
  }));
  (void)Tidy();  // on the occasion; what it cannot do now it does next time
  IssuedCredential out = PrepareSession(LocalPerson().id, agent);
  EASEL_RETURN_IF_ERROR(Put(out));
  return out;
}

IssuedCredential Accounts::PrepareSession(const std::string& user, std::string_view agent) const {
  const std::int64_t now_ms = clock_.UnixMs();
  return {.credential = {.id = RandomBase32(12),
                         .user = user,
                         .name = std::string(agent.substr(0, 300)),
                         .created_ms = now_ms,
                         .expires_ms = now_ms + options_.session_ms,
                         .used_ms = now_ms},
          .kind = Kind::kSession,
          .secret = RandomBase32(32)};
}

Result<IssuedCredential> Accounts::NewToken(const std::string& user, const std::string& name, Role scope,
                                            std::int64_t expires_ms) {
  IssuedCredential out{.credential = {.id = RandomBase32(12),
                                      .user = user,
                                      .name = name,
                                      .scope = scope,
                                      .created_ms = clock_.UnixMs(),
                                      .expires_ms = expires_ms},
                       .kind = Kind::kToken,
                       .secret = "easel_" + RandomBase32(32)};
  EASEL_RETURN_IF_ERROR(Put(out));
  return out;
}

Status Accounts::Write(SqliteConnection& database, const IssuedCredential& issued) {
  const Credential& credential = issued.credential;
  const std::string digest = DigestOf(issued.secret);
  EASEL_TRY(Query put,
            database.Use("INSERT INTO credentials (digest, kind, id, user, name, scope, created_ms,"
                         " expires_ms, used_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  return put.Text(digest)
      .Int(issued.kind == Kind::kSession ? 0 : 1)
      .Text(credential.id)
      .Text(credential.user)
      .Text(credential.name)
      .Text(RoleName(credential.scope))
      .Int(credential.created_ms)
      .Int(credential.expires_ms)
      .Int(credential.used_ms)
      .Run();
}

void Accounts::Admit(const IssuedCredential& issued) {
  const std::lock_guard lock(mutex_);
  kept_.emplace(DigestOf(issued.secret), Kept{issued.credential, issued.kind, false});
}

Status Accounts::Put(const IssuedCredential& issued) {
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) { return Write(database, issued); }));
  Admit(issued);
  return {};
}

Status Accounts::Erase(SqliteConnection& database, const std::string& user, const std::string& except,
                       bool tokens) {
  EASEL_TRY(Query remove,
            database.Use("DELETE FROM credentials WHERE user = ? AND id != ? AND (kind = 0 OR ? = 1)"));
  return remove.Text(user).Text(except).Int(tokens ? 1 : 0).Run();
}

void Accounts::Forget(const std::string& user, const std::string& except, bool tokens) {
  std::vector<std::string> ended;
  std::function<void(const std::string&)> told;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(kept_, [&](const auto& entry) {
      const Kept& kept = entry.second;
      if (kept.credential.user != user || kept.credential.id == except) return false;
      if (kept.kind == Kind::kToken && !tokens) return false;
      ended.push_back(kept.credential.id);
      return true;
    });
    told = told_;
  }
  if (!told) return;
  for (const std::string& id : ended) told(id);
}

Principal Accounts::Find(Kind kind, std::string_view secret) {
  if (secret.empty() || secret.size() > 200) return {};
  const std::string digest = DigestOf(secret);
  const std::int64_t now_ms = clock_.UnixMs();
  Credential credential;
  {
    const std::lock_guard lock(mutex_);
    const auto found = kept_.find(digest);
    if (found == kept_.end() || found->second.kind != kind || found->second.credential.expires_ms <= now_ms)
      return {};
    Kept& kept = found->second;
    if (now_ms - kept.credential.used_ms > 60'000) {
      kept.credential.used_ms = now_ms;
      kept.dirty = true;
    }
    credential = kept.credential;
  }
  auto person = people_(credential.user);
  if (!person) return {};
  return {.means = kind == Kind::kSession ? Principal::Means::kSession : Principal::Means::kToken,
          .user = std::move(person->id),
          .name = std::move(person->name),
          .email = std::move(person->email),
          .role = person->role,
          .granted = std::move(person->granted),
          .credential = std::move(credential.id),
          .limit = credential.scope,
          .expires_ms = credential.expires_ms};
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

std::unordered_map<std::string, std::int64_t> Accounts::LastSeen() {
  std::unordered_map<std::string, std::int64_t> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [digest, kept] : kept_)
    if (kept.credential.used_ms != 0) {
      std::int64_t& newest = out[kept.credential.user];
      newest = std::max(newest, kept.credential.used_ms);
    }
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
  return database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query remove, database.Use("DELETE FROM credentials WHERE digest = ?"));
    return remove.Text(digest).Run();
  });
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
  return database_.Change([&](SqliteConnection& database) -> Status {
    for (const auto& [digest, at_ms] : used) {
      EASEL_TRY(Query put, database.Use("UPDATE credentials SET used_ms = ? WHERE digest = ?"));
      EASEL_RETURN_IF_ERROR(put.Int(at_ms).Text(digest).Run());
    }
    for (const char* old :
         {"DELETE FROM credentials WHERE expires_ms <= ?", "DELETE FROM sign_in_tokens WHERE expires_ms <= ?",
          "DELETE FROM setup_tokens WHERE expires_ms <= ?", "DELETE FROM invitations WHERE expires_ms <= ?",
          "DELETE FROM password_resets WHERE expires_ms <= ?"}) {
      EASEL_TRY(Query remove, database.Use(old));
      EASEL_RETURN_IF_ERROR(remove.Int(now_ms).Run());
    }
    EASEL_TRY(Query answers, database.Use("DELETE FROM answers WHERE at_ms <= ?"));
    return answers.Int(now_ms - kDayMs).Run();
  });
}

Result<std::optional<KeptAnswer>> Accounts::FindAnswer(const std::string& user, const std::string& key,
                                                       const std::string& route) {
  std::optional<KeptAnswer> out;
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query find,
              database.Use("SELECT status, body FROM answers WHERE user = ? AND key = ? AND route = ? "
                           "AND at_ms > ?"));
    EASEL_TRY(const bool found, find.Text(user).Text(key).Text(route).Int(clock_.UnixMs() - kDayMs).Step());
    if (!found) return {};
    out.emplace();
    out->status = find.IntColumn();
    out->body = find.TextColumn();
    return {};
  }));
  return out;
}

Status Accounts::KeepAnswer(const std::string& user, const std::string& key, const std::string& route,
                            const KeptAnswer& answer) {
  if (answer.body.size() > kKeptAnswerBytes) return {};
  return database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query put,
              database.Use("INSERT OR REPLACE INTO answers (user, key, route, status, body, at_ms) "
                           "VALUES (?, ?, ?, ?, ?, ?)"));
    return put.Text(user)
        .Text(key)
        .Text(route)
        .Int(answer.status)
        .Text(answer.body)
        .Int(clock_.UnixMs())
        .Run();
  });
}

}  // namespace easel
