int easel_trace_dummy2;
