"""What `./dev bench` measures, one module a family of rows."""
