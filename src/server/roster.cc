#include "server/roster.h"

#include <algorithm>
#include <mutex>
#include <tuple>

namespace easel {

Status Roster::Load(SqliteConnection& database) {
  const std::unique_lock lock(mutex_);
  members_.clear();
  EASEL_TRY(Query all, database.Use("SELECT id, email, name, role, password, created_ms FROM members"));
  for (;;) {
    EASEL_TRY(const bool row, all.Step());
    if (!row) break;
    Member one;
    one.id = all.TextColumn();
    one.email = all.TextColumn();
    one.name = all.TextColumn();
    one.role = RoleNamed(all.TextColumn()).value_or(Role::kViewer);
    one.password = all.TextColumn();
    one.created_ms = all.IntColumn();
    std::string id = one.id;
    members_.emplace(std::move(id), Entry{.member = std::move(one)});
  }
  std::map<std::string, GrantedRoles> granted;
  EASEL_TRY(Query roles, database.Use("SELECT member, canvas, role FROM canvas_roles"));
  for (;;) {
    EASEL_TRY(const bool row, roles.Step());
    if (!row) break;
    const std::string member = roles.TextColumn();
    const std::string canvas = roles.TextColumn();
    if (const auto role = RoleNamed(roles.TextColumn())) granted[member][canvas] = *role;
  }
  for (auto& [member, canvases] : granted)
    if (const auto found = members_.find(member); found != members_.end())
      found->second.granted = std::make_shared<const GrantedRoles>(std::move(canvases));
  return {};
}

bool Roster::empty() const { return size() == 0; }

std::size_t Roster::size() const {
  const std::shared_lock lock(mutex_);
  return members_.size();
}

std::size_t Roster::owners() const {
  const std::shared_lock lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(
      members_, [](const auto& one) { return one.second.member.role == Role::kOwner; }));
}

std::optional<Person> Roster::FindPerson(const std::string& id) const {
  const std::shared_lock lock(mutex_);
  const auto found = members_.find(id);
  if (found == members_.end()) return std::nullopt;
  const Member& member = found->second.member;
  return Person{.id = member.id,
                .name = member.name,
                .email = member.email,
                .role = member.role,
                .granted = found->second.granted};
}

std::optional<Member> Roster::Find(const std::string& id) const {
  const std::shared_lock lock(mutex_);
  const auto found = members_.find(id);
  return found == members_.end() ? std::nullopt : std::optional(found->second.member);
}

std::optional<Member> Roster::FindByEmail(const std::string& email) const {
  const std::shared_lock lock(mutex_);
  for (const auto& [id, entry] : members_)
    if (entry.member.email == email) return entry.member;
  return std::nullopt;
}

std::vector<Member> Roster::All() const {
  std::vector<Member> out;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [id, entry] : members_) out.push_back(entry.member);
  }
  std::ranges::sort(
      out, [](const Member& a, const Member& b) { return std::tie(a.name, a.id) < std::tie(b.name, b.id); });
  return out;
}

std::optional<Role> Roster::Granted(const std::string& canvas, const std::string& member) const {
  const std::shared_lock lock(mutex_);
  const auto found = members_.find(member);
  if (found == members_.end()) return std::nullopt;
  const auto role = found->second.granted->find(canvas);
  return role == found->second.granted->end() ? std::nullopt : std::optional(role->second);
}

void Roster::Put(Member member) {
  const std::unique_lock lock(mutex_);
  const std::string id = member.id;
  members_[id].member = std::move(member);
}

void Roster::Remove(const std::string& id) {
  const std::unique_lock lock(mutex_);
  members_.erase(id);
}

void Roster::Grant(const std::string& canvas, const std::string& member, std::optional<Role> role) {
  const std::unique_lock lock(mutex_);
  const auto found = members_.find(member);
  if (found == members_.end()) return;
  auto granted = std::make_shared<GrantedRoles>(*found->second.granted);
  if (role)
    (*granted)[canvas] = *role;
  else
    granted->erase(canvas);
  found->second.granted = std::move(granted);
}

void Roster::MoveCanvas(const std::string& from, const std::string& to) {
  const std::unique_lock lock(mutex_);
  for (auto& [id, entry] : members_) {
    if (!entry.granted->contains(from) && !entry.granted->contains(to)) continue;
    auto granted = std::make_shared<GrantedRoles>(*entry.granted);
    auto moved = granted->extract(from);
    granted->erase(to);
    if (!moved.empty() && !to.empty()) {
      moved.key() = to;
      granted->insert(std::move(moved));
    }
    entry.granted = std::move(granted);
  }
}

}  // namespace easel
