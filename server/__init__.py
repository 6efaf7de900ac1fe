"""The composition root: HTTP, sockets, worker and command line. The only place that knows everybody."""
