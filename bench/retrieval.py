"""What memory search costs: one index of generated conversations, one thread, CPU time.

    uv run bench/retrieval.py [--quick] [--memories N] [--vectors 384 1536]

No store and no server: bench/README.md tells the method.
"""

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np

from corpus import Corpus
from figures import aligned, quantile, shown
from machine import resident
from smriti.retrieval.index import Index
from smriti.retrieval.snapshot import load, save

_HEADER: Final = ("", "p50", "p95", "target")
