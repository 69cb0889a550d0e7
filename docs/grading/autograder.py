#!/usr/bin/env python3
"""Classroom 50's autograder for the shop: leaves result.json in the student's checkout.

Exit code 0 means that the grading came to its end, whatever the mark; anything else, that it could not be told.
"""

import subprocess
import sys

POINTS = "host-port=1,app-port=1,constructor=1,representation=1"

done = subprocess.run(
    ["breakfix", "check", ".", "--points", POINTS, "--report", "classroom50=result.json"],
    check=False,
)
sys.exit(0 if done.returncode in (0, 1) else done.returncode)
