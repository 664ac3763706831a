// The peer of H1: an HTTP server of Boost.Beast and nothing else, as Beast's own example `http_server_async` has it: one
// thread, a timeout a message, the body that was given on the command line to every request.
//
//   beast_server BODY     prints the port that it listens on, and ends with its stdin

#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <iostream>
#include <memory>

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;
using ErrorCode = boost::system::error_code;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const std::string& body) : stream_(std::move(socket)), body_(body) {}

  void Read() {
    request_ = {};
    stream_.expires_after(std::chrono::seconds(30));
    http::async_read(stream_, buffer_, request_, [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (!error) self->Answer();
    });
  }

 private:
  void Answer() {
    response_ = {http::status::ok, request_.version()};
    response_.set(http::field::content_type, "application/json");
    response_.keep_alive(request_.keep_alive());
    response_.body() = body_;
    response_.prepare_payload();
    http::async_write(stream_, response_, [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (!error && self->response_.keep_alive()) self->Read();
    });
  }

  beast::tcp_stream stream_;
  const std::string& body_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
};

void Accept(tcp::acceptor& acceptor, const std::string& body) {
  acceptor.async_accept([&](ErrorCode error, tcp::socket socket) {
    if (error) return;
    socket.set_option(tcp::no_delay(true), error);
    std::make_shared<Connection>(std::move(socket), body)->Read();
    Accept(acceptor, body);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::string body = argc > 1 ? argv[1] : "{}";
  net::io_context context(1);
  tcp::acceptor acceptor(context, {net::ip::address_v4::loopback(), 0});
  Accept(acceptor, body);
  std::cout << acceptor.local_endpoint().port() << std::endl;
  net::posix::stream_descriptor input(context, ::dup(0));
  char byte;
  input.async_read_some(net::buffer(&byte, 1), [&](ErrorCode, std::size_t) { context.stop(); });
  context.run();
}
