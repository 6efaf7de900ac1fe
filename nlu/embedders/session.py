"""How onnxruntime is set up for serving: one quiet thread per call."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import onnxruntime as ort

PROVIDERS = [("CPUExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"})]


def session_options() -> ort.SessionOptions:
    """Options of one session: no thread pool of its own, no spinning, exact 8-bit products."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if products_may_overflow():
        options.add_session_config_entry("session.x64quantprecision", "1")
    return options


@cache
def products_may_overflow(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether 8-bit products saturate here: x86 with AVX2 but without the VNNI instructions.

    There onnxruntime can be told to use a slower, exact kernel. With VNNI the same switch would
    only cost time (measured: 6.0 ms instead of 3.3 ms), so it is set by need. Where the processor
    cannot be asked the fast kernel is kept.
    """
    try:
        lines = cpuinfo.read_text(encoding="ascii", errors="ignore").splitlines()
    except OSError:
        return False
    flags = next((set(line.split()) for line in lines if line.startswith("flags")), set())
    return "avx2" in flags and not flags & {"avx512_vnni", "avx_vnni"}
