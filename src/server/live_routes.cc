// An open canvas: its WebSocket (docs/formats/live.md) and what programs do by HTTP instead.

#include <mutex>

#include "hub/open_canvases.h"
#include "server/blocking_pool.h"
#include "server/routes.h"

namespace easel {
namespace {

/// One page's socket: what it says before its canvas is open waits here.
class LiveSocket final : public PeerLink, public std::enable_shared_from_this<LiveSocket> {
 public:
  explicit LiveSocket(std::shared_ptr<WebSocket> socket) : socket_(std::move(socket)) {}

  void Send(std::shared_ptr<const std::string> message) override { socket_->Send(std::move(message)); }
  /// 4000: of the application's own; a page reads the word before the colon.
  void End(std::string reason, std::string message) override {
    std::string text = reason + ": " + message;
    if (text.size() > 120) text.resize(120);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80) != 0) text.pop_back();
    socket_->Close(4000, text);
  }

  void Opened(std::shared_ptr<CanvasHub> hub, Visitor visitor, std::string epoch, std::int64_t after) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    hub->Join(shared_from_this(), std::move(visitor), std::move(epoch), after);
    for (std::string& message : early_) hub->Receive(this, std::move(message));
    early_.clear();
    hub_ = std::move(hub);
  }
  void Receive(std::string message) {
    const std::lock_guard lock(mutex_);
    if (hub_ != nullptr)
      hub_->Receive(this, std::move(message));
    else if (early_.size() < 1000)
      early_.push_back(std::move(message));
  }
  void Closed() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (hub_ != nullptr) hub_->Leave(this);
    hub_ = nullptr;
  }

 private:
  const std::shared_ptr<WebSocket> socket_;
  std::mutex mutex_;
  std::shared_ptr<CanvasHub> hub_;
  std::vector<std::string> early_;
  bool closed_ = false;
};

json::object UserOf(const Call& call) {
  json::object user{{"id", call.principal.user}, {"name", call.principal.name}};
  if (!call.principal.email.empty()) user["email"] = call.principal.email;
  return user;
}

/// Answers a route by a question to the canvas's hub.
template <typename Question>
LateHandler Asking(const ServerParts& parts, int status, Question question) {
  return [&parts, status, question](std::shared_ptr<const Call> call, Reply reply) {
    parts.canvases.With(
        call->canvas_root, [status, question, call, reply](Result<std::shared_ptr<CanvasHub>> hub) {
          if (!hub) return reply(ProblemResponse(hub.error()));
          const Status asked = question(**hub, *call, [reply, status](Result<json::object> answer) {
            reply(answer ? JsonResponse(*answer, status) : ProblemResponse(answer.error()));
          });
          if (!asked) reply(ProblemResponse(asked.error()));
        });
  };
}

Result<std::int64_t> CursorOf(const Call& call, std::int64_t otherwise) {
  const auto text = call.request.target.Query("cursor");
  if (!text) return otherwise;
  if (text->empty() || text->size() > 15 || text->find_first_not_of("0123456789") != std::string::npos)
    return Fail(Code::kInvalidArgument, "BAD_PARAMETER", "`cursor` is `next` of the page before");
  return std::stoll(*text);
}

std::optional<HttpResponse> OpenLive(const ServerParts& parts, const std::shared_ptr<const Call>& call,
                                     std::shared_ptr<WebSocket> socket, WebSocketEvents& events) {
  const auto after = call->QueryNumber("after", -1, -1, std::int64_t{1} << 53);
  if (!after) return ProblemResponse(after.error());
  auto live = std::make_shared<LiveSocket>(std::move(socket));
  // Held by the job below, then by the hub.
  events.on_message = [weak = std::weak_ptr(live)](WebSocket&, std::string message) {
    if (const auto there = weak.lock()) there->Receive(std::move(message));
  };
  events.on_closed = [weak = std::weak_ptr(live)] {
    if (const auto there = weak.lock()) there->Closed();
  };
  const bool taken = parts.pool.Submit([&parts, live, call, after = *after] {
    parts.canvases.With(call->canvas_root, [live, call, after](Result<std::shared_ptr<CanvasHub>> hub) {
      if (!hub) return live->End(hub.error().reason, hub.error().message);
      live->Opened(*std::move(hub),
                   {.user = UserOf(*call),
                    .canvas = call->canvas,
                    .role = std::string(RoleName(call->role)),
                    .may_edit = call->role >= Role::kEditor},
                   call->request.target.Query("epoch").value_or(""), after);
    });
  });
  if (!taken) return ProblemResponse(503, "SERVER_BUSY", "the server is busy: try again in a moment");
  return std::nullopt;
}

}  // namespace

void AddLiveRoutes(Router& router, const ServerParts& parts) {
  router.AddSocket<Access::kViewer>(
      "/api/v1/canvases/{canvas}/live",
      [&parts](const std::shared_ptr<const Call>& call, std::shared_ptr<WebSocket> socket,
               WebSocketEvents& events) { return OpenLive(parts, call, std::move(socket), events); });
  router.AddLate<Access::kViewer>(
      "GET", "/api/v1/canvases/{canvas}",
      Asking(parts, 200, [](CanvasHub& hub, const Call& call, CanvasHub::Answer answer) -> Status {
        hub.Snapshot(call.canvas, std::string(RoleName(call.role)), std::move(answer));
        return {};
      }));
  router.AddLate<Access::kViewer>(
      "GET", "/api/v1/canvases/{canvas}/operations",
      Asking(parts, 200, [](CanvasHub& hub, const Call& call, CanvasHub::Answer answer) -> Status {
        EASEL_TRY(const std::int64_t after, call.QueryNumber("after", 0, 0, std::int64_t{1} << 53));
        EASEL_TRY(const std::int64_t cursor, CursorOf(call, after));
        EASEL_TRY(const std::int64_t limit, call.QueryNumber("limit", 100, 1, 1000));
        hub.Operations(cursor, limit, std::move(answer));
        return {};
      }));
  router.AddLate<Access::kEditor>(
      "POST", "/api/v1/canvases/{canvas}/operations",
      Asking(parts, 200, [](CanvasHub& hub, const Call& call, CanvasHub::Answer answer) -> Status {
        EASEL_TRY(json::value body, call.Body());
        EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"token", "change"}));
        JsonReader reader(body, "body");
        const std::string token = reader.String("token");
        EASEL_RETURN_IF_ERROR(reader.status());
        if (token.empty() || token.size() > 100)
          return Fail(Code::kInvalidArgument, "BAD_FIELD", "`token` has 1 to 100 bytes");
        const json::value* change = reader.Find("change");
        hub.Change(call.principal.user, token, change == nullptr ? json::value() : *change,
                   std::move(answer));
        return {};
      }));
  router.AddLate<Access::kViewer>(
      "POST", "/api/v1/canvases/{canvas}/plan",
      Asking(parts, 200, [](CanvasHub& hub, const Call& call, CanvasHub::Answer answer) -> Status {
        EASEL_TRY(json::value body, call.Body());
        EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"mode", "blocks", "force", "jobs"}));
        hub.Plan(std::move(body), std::move(answer));
        return {};
      }));
  router.AddLate<Access::kRunner>(
      "POST", "/api/v1/canvases/{canvas}/runs",
      Asking(parts, 202,
             [](CanvasHub& hub, const Call& call, CanvasHub::Answer answer) -> Status {
               EASEL_TRY(json::value body, call.Body());
               EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"mode", "blocks", "force", "jobs"}));
               hub.Start(std::move(body), call.principal.user, std::move(answer));
               return {};
             }),
      {.idempotent = true});
  router.AddLate<Access::kRunner>(
      "POST", "/api/v1/canvases/{canvas}/runs/{run}/cancel",
      Asking(parts, 202, [](CanvasHub& hub, const Call& call, CanvasHub::Answer answer) -> Status {
        bool kill = false;
        if (!call.request.body.empty()) {
          EASEL_TRY(const json::value body, call.Body());
          EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"kill"}));
          kill = JsonReader(body, "body").BoolOr("kill", false);
        }
        hub.Cancel(call.Path("run"), kill, std::move(answer));
        return {};
      }));
  router.AddLate<Access::kViewer>(
      "GET", "/api/v1/canvases/{canvas}/blocks/{block}/revisions",
      Asking(parts, 200, [](CanvasHub& hub, const Call& call, CanvasHub::Answer answer) -> Status {
        EASEL_TRY(const std::int64_t before, CursorOf(call, std::int64_t{1} << 53));
        EASEL_TRY(const std::int64_t limit, call.QueryNumber("limit", 100, 1, 1000));
        hub.Revisions(call.Path("block"), before, limit, std::move(answer));
        return {};
      }));
  router.AddLate<Access::kViewer>(
      "GET", "/api/v1/canvases/{canvas}/blocks/{block}/revisions/{revision}",
      Asking(parts, 200, [](CanvasHub& hub, const Call& call, CanvasHub::Answer answer) -> Status {
        const std::string& number = call.Path("revision");
        if (number.empty() || number.size() > 15 ||
            number.find_first_not_of("0123456789") != std::string::npos)
          return Fail(Code::kInvalidArgument, "BAD_PARAMETER", "a revision is a whole number");
        hub.Revision(call.Path("block"), std::stoll(number), std::move(answer));
        return {};
      }));
}

void ServeOpenCanvases(ServerParts& parts) {
  OpenCanvases& canvases = parts.canvases;
  parts.block_name = [&canvases](const std::string& root,
                                 const std::string& id) -> std::optional<std::string> {
    const auto hub = canvases.Get(root);
    return hub ? (*hub)->NameOf(id) : std::nullopt;
  };
  parts.save = [&canvases](const std::string& root) -> Status {
    const auto hub = canvases.Find(root);
    return hub == nullptr ? Status{} : hub->Save();
  };
  parts.close = [&canvases](const std::string& root) -> Status {
    canvases.Close(root, "CANVAS_CLOSED", "the canvas was closed: it is moved or deleted");
    return {};
  };
}

}  // namespace easel
