"""What runs beside user code: analysis, zygote, worker and state of Python blocks."""
